/* run.c - `ogpu run`: the pipeline of the four tools around one program. */
#include "run.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "check/check_kernel.h"
#include "model/model_cuda.h"
#include "ogpu.h"
#include "store/store_row.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS      20
#define CANCEL_GRACE 3000 /* ms for the pipeline to end by itself after a cancel */
#define KILL_GRACE   5000

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
    caught = sig;
}

struct run {
    const struct run_options *o;
    struct run_pipe pipe;
    struct run_out out;
    struct og_jsonl_in in;
    int signal;         /* that ended it; 0: none */
    uint64_t cancel_at; /* mono ms of the cancel; 0: none */
    bool termed;
};

static void catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* The nodes' keys may be under the passphrase, too. */
static size_t secret_words(const struct run_options *o, const char **argv)
{
    if (!o->passphrase_file)
        return 0;
    argv[0] = "--passphrase-file";
    argv[1] = o->passphrase_file;
    return 2;
}

/* The tools' own words: options that all of them take. */
static size_t common_words(const struct run_options *o, const char *tool, const char **argv)
{
    size_t n = 0;
    argv[n++] = tool;
    if (o->common.quiet)
        argv[n++] = "-q";
    for (uint64_t i = 0; i < o->common.verbose && i < 2; i++)
        argv[n++] = "-v";
    return n;
}

/* extra: one more word, or NULL. */
static enum og_rc add_tool(struct run *r, const char *tool, const char *extra, struct og_err *err)
{
    const char *argv[9] = {0};
    size_t n = common_words(r->o, tool, argv);
    n += secret_words(r->o, argv + n);
    argv[n] = extra;
    return run_pipe_add(&r->pipe, argv, err);
}

/* One worker for the nodes that were named, else for all whose keys lie here. */
static enum og_rc add_worker(struct run *r, struct og_err *err)
{
    const char **argv = og_xcalloc(2 * r->o->nodes.n + 12, sizeof *argv);
    char slots[24];
    size_t n = common_words(r->o, "ogpu-worker", argv);
    n += secret_words(r->o, argv + n);
    if (r->o->slots) {
        snprintf(slots, sizeof slots, "%" PRIu64, r->o->slots);
        argv[n++] = "--slots";
        argv[n++] = slots;
    }
    for (size_t i = 0; i < r->o->nodes.n; i++) {
        argv[n++] = "--key";
        argv[n++] = r->o->nodes.v[i];
    }
    enum og_rc rc = run_pipe_add(&r->pipe, argv, err);
    free((void *)argv);
    return rc;
}

static int vrf_keys(const struct dirent *d)
{
    static const char tail[] = ".vrf.pem";
    size_t n = strlen(d->d_name);
    return n >= sizeof tail && strcmp(d->d_name + n - (sizeof tail - 1), tail) == 0;
}

/* Keys of nodes lie here; else the work is left to workers elsewhere. */
static bool holds_nodes(void)
{
    char *dir = og_cli_keys_dir();
    struct dirent **found;
    int n = scandir(dir, &found, vrf_keys, alphasort);
    for (int i = 0; i < n; i++)
        free(found[i]);
    if (n >= 0)
        free(found);
    free(dir);
    return n > 0;
}

static enum og_rc start(struct run *r, const char *const *submit, struct og_err *err)
{
    OG_TRY(run_pipe_add(&r->pipe, submit, err));
    OG_TRY(add_tool(r, "ogpu-match", NULL, err));
    if (r->o->nodes.n || holds_nodes())
        OG_TRY(add_worker(r, err));
    return add_tool(r, "ogpu-validate", "--no-accept", err); /* run says it itself */
}

/* ogpu-submit with `option ID` for every task that `which` picks, signed by the submitter. */
static void tell(struct run *r, const char *option,
                 bool (*which)(const struct run *r, const struct run_task *t))
{
    const char **argv = og_xcalloc(2 * r->out.n + 16, sizeof *argv);
    char(*id)[24] = og_xcalloc(r->out.n + 1, sizeof *id);
    size_t n = common_words(r->o, "ogpu-submit", argv);
    size_t k = 0;
    struct og_err err = {0};
    int status = 0;
    if (r->o->key) {
        argv[n++] = "--key";
        argv[n++] = r->o->key;
    }
    n += secret_words(r->o, argv + n);
    for (size_t i = 0; i < r->out.n; i++) {
        if (!which(r, &r->out.task[i]))
            continue;
        snprintf(id[k], sizeof id[k], "%" PRIu64, r->out.task[i].id);
        argv[n++] = option;
        argv[n++] = id[k++];
    }
    if (k && run_alone(argv, &status, &err) != OG_OK)
        og_log(OG_LOG_WARNING, "%s", err.msg);
    else if (status != 0)
        og_log(OG_LOG_WARNING, "ogpu-submit %s ended with status %d", option, status);
    free(id);
    free((void *)argv);
}

/* Its receipt may still be under way to us when it has ended. */
static bool is_live(const struct run *r, const struct run_task *t)
{
    struct og_task row = {.id = t->id};
    struct og_err err;
    bool found = false;
    if (t->ended || og_row_get(r->out.st, OG_F_TASK, &row, &found, &err) != OG_OK)
        return !t->ended;
    bool live = !found || row.state == OG_TASK_WAITING || row.state == OG_TASK_OPEN;
    og_row_release(&og_families[OG_F_TASK], &row);
    return live;
}

static bool waits_for_word(const struct run *r, const struct run_task *t)
{
    (void)r;
    return t->accept;
}

/* Cancels the tasks that have not ended. */
static void cancel(struct run *r)
{
    tell(r, "--cancel", is_live);
}

/* Results that nobody else checks are accepted as they arrive. */
static void accept_results(struct run *r)
{
    bool any = false;
    for (size_t i = r->out.at; i < r->out.n; i++)
        any |= r->out.task[i].accept;
    if (!any)
        return;
    tell(r, "--accept", waits_for_word);
    for (size_t i = r->out.at; i < r->out.n; i++)
        r->out.task[i].accept = false;
}

/* After a cancel the pipeline ends by itself; what does not is ended. */
static void hurry(struct run *r)
{
    uint64_t since = og_time_mono_ms() - r->cancel_at;
    if (since > CANCEL_GRACE && !r->termed) {
        r->termed = true;
        run_pipe_kill(&r->pipe, SIGTERM);
    } else if (since > CANCEL_GRACE + KILL_GRACE) {
        run_pipe_kill(&r->pipe, SIGKILL);
    }
}

static void check_stop(struct run *r)
{
    int sig = caught ? (int)caught : r->out.broken ? SIGPIPE : 0;
    caught = 0;
    if (sig && !r->cancel_at) {
        r->signal = sig;
        r->cancel_at = og_time_mono_ms();
        cancel(r);
    } else if (sig && sig != SIGPIPE) { /* a second Ctrl-C: now */
        r->cancel_at -= og_min_u64(r->cancel_at - 1, CANCEL_GRACE + KILL_GRACE);
    }
    if (r->cancel_at)
        hurry(r);
}

static enum og_rc take_receipt(struct run *r, const json_t *rec, uint64_t task, struct og_err *err)
{
    struct run_task *t = run_out_find(&r->out, task);
    const char *state;
    const char *why;
    uint64_t status;
    if (!t)
        return OG_OK;
    OG_TRY(og_json_str(rec, "state", 64, &state, err));
    OG_TRY(og_json_u64_or(rec, "exit", 255, 0, &status, err));
    snprintf(t->state, sizeof t->state, "%s", state);
    OG_TRY(og_json_str_opt(rec, "why", 64, &why, err));
    snprintf(t->why, sizeof t->why, "%s%s", why ? ": " : "", why ? why : "");
    t->exit = status;
    t->ended = true;
    return OG_OK;
}

static enum og_rc take_record(struct run *r, const json_t *rec, struct og_err *err)
{
    const char *kind = json_string_value(json_object_get(rec, "kind"));
    uint64_t id;
    if (strcmp(kind, "task") == 0) {
        OG_TRY(og_json_u64(rec, "id", INT64_MAX, &id, err));
        return run_out_task(&r->out, id, err);
    }
    if (strcmp(kind, "receipt") == 0) {
        OG_TRY(og_json_u64(rec, "task", INT64_MAX, &id, err));
        return take_receipt(r, rec, id, err);
    }
    return OG_OK;
}

/* Everything that can be read without waiting; *eof at the end. */
static enum og_rc read_records(struct run *r, bool *eof, struct og_err *err)
{
    do {
        const char *line;
        size_t n;
        json_t *rec;
        OG_TRY(og_jsonl_next(&r->in, &line, &n, &rec, err));
        *eof = rec == NULL;
        enum og_rc rc = rec ? take_record(r, rec, err) : OG_OK;
        json_decref(rec);
        OG_TRY(rc);
    } while (!*eof && og_jsonl_ready(&r->in));
    return OG_OK;
}

/* A tool that failed leaves a gap in the pipeline: what it should have done would wait for ever. */
static void check_tools(struct run *r)
{
    run_pipe_reap(&r->pipe, false);
    for (size_t i = 0; i < r->pipe.n && !r->cancel_at; i++) {
        if (r->pipe.stage[i].status <= 1)
            continue;
        r->cancel_at = og_time_mono_ms();
        cancel(r);
    }
}

static enum og_rc follow(struct run *r, struct og_err *err)
{
    bool eof = false;
    uint64_t seen = 0;
    while (!eof) {
        struct pollfd p = {.fd = r->pipe.out, .events = POLLIN};
        int n = poll(&p, 1, TICK_MS);
        if (n < 0 && errno != EINTR)
            return og_err_set(err, OG_E_IO, "cannot wait for the tools: %s", strerror(errno));
        if (n > 0)
            OG_TRY(read_records(r, &eof, err));
        uint64_t version = og_store_version(r->out.st);
        if (n > 0 || version != seen || r->out.live_lease)
            OG_TRY(run_out_step(&r->out, false, err));
        seen = version;
        if (!r->cancel_at)
            accept_results(r);
        check_stop(r);
        check_tools(r);
    }
    while (run_pipe_running(&r->pipe) && r->cancel_at) {
        check_stop(r);
        og_time_sleep_ms(TICK_MS);
        run_pipe_reap(&r->pipe, false);
    }
    run_pipe_reap(&r->pipe, true);
    return run_out_step(&r->out, true, err);
}

/* What the tools left open is not to run later, unseen. */
static int no_end(struct run *r, const struct run_task *t)
{
    if (t && t->ended)
        og_log(OG_LOG_ERROR, "task %" PRIu64 " ended as '%s'%s: the program did not run to its end",
               t->id, t->state, t->why);
    for (size_t i = 0; !(t && t->ended) && i < r->pipe.n; i++)
        if (r->pipe.stage[i].status > 0)
            og_log(OG_LOG_ERROR, "%s ended with status %d%s", r->pipe.stage[i].tool,
                   r->pipe.stage[i].status,
                   r->pipe.stage[i].status == 1 ? ": it could do no more" : "");
    if (t && !t->ended) {
        og_log(OG_LOG_ERROR,
               "task %" PRIu64 " did not end and is cancelled; 'ogpu show %" PRIu64 "' tells more",
               t->id, t->id);
        cancel(r);
    }
    return RUN_NO_END;
}

static int verdict(struct run *r)
{
    int worst = 0;
    if (r->signal)
        return 128 + r->signal;
    if (r->out.n == 0)
        return r->pipe.stage[0].status == 0 ? 0 : no_end(r, NULL);
    for (size_t i = 0; i < r->out.n; i++) {
        const struct run_task *t = &r->out.task[i];
        if (!t->ended || strcmp(t->state, "paid") != 0)
            return no_end(r, t);
        if ((int)t->exit > worst)
            worst = (int)t->exit;
    }
    return worst;
}

/* Brings the outputs that --out named. */
static enum og_rc fetch(struct run *r, struct og_err *err)
{
    for (size_t i = 0; i < r->out.n; i++) {
        const char *argv[16] = {0};
        char id[24];
        int status;
        size_t n = common_words(r->o, "ogpu-submit", argv);
        snprintf(id, sizeof id, "%" PRIu64, r->out.task[i].id);
        argv[n++] = "--fetch";
        argv[n++] = id;
        if (r->o->dir) {
            argv[n++] = "--dir";
            argv[n++] = r->o->dir;
        }
        if (r->o->force)
            argv[n++] = "--force";
        OG_TRY(run_alone(argv, &status, err));
        if (status > 1)
            return og_err_set(err, OG_E_CANTCREATE, "the outputs of task %s were not fetched", id);
    }
    return OG_OK;
}

/* We cannot go on: what the tools do is cancelled, and they are ended. */
static void give_up(struct run *r)
{
    if (!r->cancel_at) {
        r->cancel_at = og_time_mono_ms();
        cancel(r);
    }
    for (run_pipe_reap(&r->pipe, false); run_pipe_running(&r->pipe);
         run_pipe_reap(&r->pipe, false)) {
        hurry(r);
        og_time_sleep_ms(TICK_MS);
    }
}

static enum og_rc run(const struct run_options *o, const char *const *submit, int in, int *status,
                      struct og_err *err)
{
    struct run r = {.o = o};
    char *dir = og_cli_state_dir(&o->common);
    struct og_store *st;
    enum og_rc rc = og_store_open(dir, OG_STORE_READ, &st, err);
    if (rc == OG_OK && setenv("OGPU_HOME", dir, 1) < 0)
        rc = og_err_set(err, OG_E_INTERNAL, "cannot set OGPU_HOME");
    free(dir);
    if (rc != OG_OK) {
        og_store_close(st);
        return rc;
    }
    catch_signals();
    run_out_init(&r.out, st);
    run_pipe_init(&r.pipe, in);
    rc = start(&r, submit, err);
    if (rc == OG_OK) {
        og_jsonl_open(&r.in, r.pipe.out, "the tools");
        rc = follow(&r, err);
        og_jsonl_release(&r.in);
    }
    run_pipe_release(&r.pipe);
    if (rc != OG_OK)
        give_up(&r);
    run_pipe_reap(&r.pipe, true);
    if (rc == OG_OK)
        *status = verdict(&r);
    if (rc == OG_OK && *status != RUN_NO_END && !r.signal && (o->out.n || o->kernel || o->cuda))
        rc = fetch(&r, err);
    run_out_release(&r.out);
    og_store_close(st);
    return rc;
}

/* What a kernel's parameter writes; a parameter that is none is ogpu-submit's to refuse. */
static enum og_rc check_param(const struct run_options *o, const char *text, struct og_err *err)
{
    struct og_cuda_param p;
    struct og_err ignored;
    enum og_rc rc = OG_OK;
    if (og_cuda_param_parse(text, &p, &ignored) == OG_OK && p.out) {
        char *path = og_io_join(o->dir ? o->dir : ".", p.out);
        if (og_io_exists(path))
            rc = og_err_set(err, OG_E_CANTCREATE, "'%s' is there already; --force replaces it",
                            p.out);
        free(path);
    }
    og_cuda_param_release(&p);
    return rc;
}

/* A single task's outputs must have a free place, before anything is paid. */
static enum og_rc check_outputs(const struct run_options *o, struct og_err *err)
{
    const struct og_kernel_def *kernel = o->kernel ? og_kernel_find(o->kernel) : NULL;
    const char *const *v = o->out.n || !kernel ? o->out.v : kernel->out_name;
    size_t n = o->out.n;
    while (!o->out.n && kernel && n < OG_KERNEL_FILES_MAX && v[n])
        n++;
    for (size_t i = 0; i < o->param.n && !o->force && !o->array; i++)
        OG_TRY(check_param(o, o->param.v[i], err));
    for (size_t i = 0; i < n && !o->force && !o->array; i++) {
        char *path = og_io_join(o->dir ? o->dir : ".", v[i]);
        bool there = og_io_taken(path);
        enum og_rc rc = there ? og_err_set(err, OG_E_CANTCREATE,
                                           "'%s' is there already; --force replaces it", v[i])
                              : OG_OK;
        free(path);
        OG_TRY(rc);
    }
    return OG_OK;
}

static enum og_rc run_with(const struct run_options *o, int argc, char **argv, int first,
                           int *status, struct og_err *err)
{
    const char **submit;
    size_t n;
    bool bulk = first == argc && !o->kernel && !o->cuda;
    if (o->dry_run) {
        run_submit_args(argc, argv, first, &submit, &n);
        enum og_rc rc = ogpu_exec("submit", (int)n, (char **)(uintptr_t)submit, err);
        free((void *)submit);
        return rc;
    }
    if (bulk && isatty(STDIN_FILENO))
        return og_err_set(err, OG_E_USAGE, "a program is missing; see 'ogpu run --help'");
    OG_TRY(check_outputs(o, err));
    int in = bulk ? STDIN_FILENO : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return og_err_set(err, OG_E_IO, "cannot open '/dev/null': %s", strerror(errno));
    run_submit_args(argc, argv, first, &submit, &n);
    enum og_rc rc = run(o, submit, in, status, err);
    free((void *)submit);
    return rc;
}

int ogpu_run(int argc, char **argv)
{
    struct run_options o = {0};
    struct og_err err = {0};
    int first;
    int status = 0;
    bool done;
    enum og_rc rc = og_cli_parse(&run_tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = run_with(&o, argc, argv, first, &status, &err);
    og_cli_release(&run_tool, &o);
    if (rc == OG_OK && done)
        return og_cli_exit(&run_tool, rc, &err);
    return rc == OG_OK ? status : og_cli_exit(&run_tool, rc, &err);
}
