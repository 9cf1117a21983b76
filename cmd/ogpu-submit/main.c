/* main.c - ogpu-submit: signs and submits tasks; waits, follows, fetches, cancels, prunes. */
#include "submit.h"

#include "base/base_mem.h"
#include "model/model_cuda.h"
#include "model/model_records.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const methods[] = {"own", "exact", "vote", "cmd", "accept", "auto", NULL};
static const char *const sandboxes[] = {"bwrap", "none", NULL};

#define AT(m) offsetof(struct og_submit_options, m)
#define FLAG(nm, m, text)                                                                          \
    {                                                                                              \
        .name = nm, .kind = OG_OPT_FLAG, .at = AT(m), .help = text                                 \
    }
#define VALUE(nm, k, m, a, text)                                                                   \
    {                                                                                              \
        .name = nm, .kind = OG_OPT_##k, .at = AT(m), .arg = a, .help = text                        \
    }
#define BOUND(nm, k, m, a, lo, hi, text)                                                           \
    {                                                                                              \
        .name = nm, .kind = OG_OPT_##k, .at = AT(m), .arg = a, .help = text, .min = lo, .max = hi  \
    }

static const struct og_opt table[] = {
    VALUE("accept", LIST, accept, "ID", "accept the result of task ID (ID:A-B: of elements)"),
    VALUE("after", LIST, after, "TASK", "start when TASK (number or name, :ok|:any|:fail) ended"),
    VALUE("amount", AMOUNT, amount, "OGPU", "what --transfer sends"),
    VALUE("arg", LIST, arg, "K=V", "an argument of the kernel"),
    VALUE("array", STR, array, "A-B", "one element for each number, seen as OGPU_INDEX"),
    VALUE("block", STR, block, "X,Y,Z", "threads of a block of --cuda"),
    VALUE("cancel", LIST, cancel, "ID", "cancel task ID (ID:A-B: its elements)"),
    VALUE("check", STR, check, "CMD", "verify results by this shell command over the outputs"),
    BOUND("check-limit", DURATION, check_limit_ms, "TIME", 1, OG_TASKREC_CHECK_MAX,
          "time the check may take"),
    BOUND("chunk", U64, chunk, "N", 1, OG_TASKREC_CHUNK_MAX, "elements that go to a node at once"),
    BOUND("cores", U64, cores, "N", 0, 65536, "processor cores an element needs"),
    {.name = "cuda",
     .kind = OG_OPT_STR,
     .at = AT(cuda),
     .arg = "FILE",
     .complete = "file",
     .help = "run a kernel of this CUDA source instead of a program"},
    BOUND("deadline", DURATION, deadline_ms, "TIME", 1, OG_TASKREC_TIME_MAX,
          "from now; a wish that moves the task forward"),
    {.name = "dir",
     .kind = OG_OPT_STR,
     .at = AT(dir),
     .arg = "DIR",
     .complete = "dir",
     .help = "where --fetch writes; the current folder by default"},
    VALUE("dispute", LIST, dispute, "ID", "refuse the result of task ID (ID:A-B: of elements)"),
    FLAG("dry-run", dry_run, "print what would be sent and the escrow; send nothing"),
    VALUE("entry", STR, entry, "NAME", "the kernel of --cuda"),
    VALUE("env", LIST, env, "K=V", "an environment variable of the job"),
    BOUND("expires", DURATION, expires_ms, "TIME", 1, OG_TASKREC_TIME_MAX,
          "give up when not matched by then; 7d by default"),
    VALUE("fetch", STR, fetch, "ID", "write the outputs of task ID"),
    FLAG("follow", follow, "wait, and print what the elements print as it comes"),
    FLAG("force", force, "let --fetch replace files"),
    BOUND("gpu", PPM, gpu, "SHARE", 0, OG_TASKREC_GPU_MAX, "share of a GPU an element needs"),
    VALUE("grid", STR, grid, "X,Y,Z", "blocks of the grid of --cuda"),
    {.name = "in",
     .kind = OG_OPT_LIST,
     .at = AT(in),
     .arg = "FILE",
     .complete = "file",
     .help = "an input file, or PATH=URL with --sha256"},
    VALUE("kernel", STR, kernel, "NAME", "run a built-in kernel instead of a program"),
    VALUE("key", STR, key, "NAME", "sign with this key; \"default\" by default"),
    BOUND("limit", DURATION, limit_ms, "TIME", 1, OG_TASKREC_TIME_MAX,
          "time an element may take; 10m by default"),
    VALUE("mem", BYTES, mem, "SIZE", "memory an element needs"),
    VALUE("name", STR, name, "NAME", "name of the task"),
    BOUND("nodes", U64, nodes, "N", 1, OG_TASKREC_NODES_MAX,
          "run the program on N nodes of a cluster at once, MPI for one"),
    VALUE("older", DURATION, older_ms, "TIME", "--prune only what ended that long ago"),
    VALUE("out", LIST, out, "PATH", "an output file of the job"),
    VALUE("param", LIST, param, "PARAM", "a parameter of the kernel of --cuda, in their order"),
    FLAG("network", network, "the program needs the network; only nodes that allow it"),
    BOUND("parts", U64, parts, "N", 1, OG_CUDA_PARTS_MAX,
          "the blocks are independent: each Nth of the grid is an element"),
    {.name = "passphrase-file",
     .kind = OG_OPT_STR,
     .at = AT(passphrase_file),
     .arg = "FILE",
     .complete = "file",
     .help = "first line is the key's passphrase"},
    VALUE("price", AMOUNT, price, "OGPU", "most that an element may cost"),
    FLAG("prune", prune, "remove files and local rows of ended tasks"),
    BOUND("retry", U64, retry, "N", 0, 8, "attempts after the first; 2 by default"),
    {.name = "root",
     .kind = OG_OPT_STR,
     .at = AT(root),
     .arg = "IMAGE",
     .complete = "file",
     .help = "a folder or tar archive that the program sees as its system"},
    BOUND("samples", U64, samples, "N", 0, 64, "elements an exact check repeats; 0: all"),
    {.name = "sandbox",
     .kind = OG_OPT_ENUM,
     .at = AT(sandbox),
     .arg = "KIND",
     .choices = sandboxes,
     .help = "bwrap, or none on one's own node"},
    VALUE("sha256", LIST, sha256, "HEX", "hash of the input by URL, in the order of these"),
    BOUND("shared", BYTES, shared, "SIZE", 0, OG_CUDA_SHARED_MAX,
          "dynamic shared memory of a block of --cuda"),
    FLAG("stdout", to_stdout, "--fetch prints what the elements printed instead of files"),
    VALUE("transfer", STR, transfer, "ADDR", "send --amount to an account"),
    FLAG("tx", tx, "apply signed transactions from stdin, one a line"),
    BOUND("urgency", U64, urgency, "N", 1, 64, "1 to 64; costs a surcharge"),
    {.name = "verify",
     .kind = OG_OPT_ENUM,
     .at = AT(verify),
     .arg = "METHOD",
     .choices = methods,
     .help = "own, exact, vote, cmd, accept or auto"},
    VALUE("vram", BYTES, vram, "SIZE", "GPU memory an element needs"),
    FLAG("wait", wait, "wait for the end, with progress; 1 unless all were paid"),
};

static const struct og_tool tool = {
    .name = "ogpu-submit",
    .summary = "submit tasks to the network, wait for them, fetch their outputs",
    .synopsis = "[OPTIONS] [-- PROGRAM [ARG ...]] [< TASKS]",
    .opts = table,
    .n_opts = sizeof table / sizeof table[0],
    .has_human = true,
    .has_now = true,
};

static const uint64_t unset = OG_SUBMIT_UNSET;

static void set_defaults(struct og_submit_options *o)
{
    o->key = "default";
    o->verify = o->sandbox = -1;
    o->urgency = o->deadline_ms = o->limit_ms = o->price = o->cores = o->mem = unset;
    o->gpu = o->vram = o->samples = o->check_limit_ms = o->retry = o->expires_ms = unset;
    o->nodes = o->chunk = o->amount = o->shared = o->parts = unset;
}

/* Things to do besides submitting: at most one. */
static enum og_rc check_modes(const struct og_submit_options *o, int operands, int *modes,
                              struct og_err *err)
{
    bool listed = o->cancel.n || o->accept.n || o->dispute.n;
    *modes = (o->fetch != NULL) + (o->transfer != NULL) + o->tx + o->prune + (o->cancel.n > 0) +
             (o->accept.n > 0) + (o->dispute.n > 0);
    if (*modes > 1)
        return og_err_set(err, OG_E_USAGE,
                          "--accept, --cancel, --dispute, --fetch, --prune, --transfer and --tx "
                          "exclude each other");
    if (*modes && operands && !listed)
        return og_err_set(err, OG_E_USAGE, "operands go with a submission only");
    if (*modes && (o->wait || o->follow || o->dry_run))
        return og_err_set(err, OG_E_USAGE, "--wait, --follow and --dry-run go with a submission");
    if ((o->dir || o->to_stdout || o->force) && !o->fetch)
        return og_err_set(err, OG_E_USAGE, "--dir, --stdout and --force go with --fetch");
    if (o->older_ms && !o->prune)
        return og_err_set(err, OG_E_USAGE, "--older goes with --prune");
    if (o->amount != OG_SUBMIT_UNSET && !o->transfer)
        return og_err_set(err, OG_E_USAGE, "--amount goes with --transfer");
    return OG_OK;
}

/* One task by options. Its mistakes are the caller's, not a record's. */
static enum og_rc add_described(struct og_batch *b, int argc, char **argv, struct og_err *err)
{
    json_t *rec;
    OG_TRY(og_submit_record(b->s->o, argc, argv, &rec, err));
    enum og_rc rc = og_batch_add(b, rec, 0, err);
    json_decref(rec);
    return rc == OG_E_DATA ? OG_E_USAGE : rc;
}

static enum og_rc wait_for_batch(struct og_batch *b, struct og_err *err)
{
    uint64_t *ids = og_xcalloc(b->n + 1, sizeof *ids);
    for (size_t i = 0; i < b->n; i++)
        ids[i] = b->v[i].id;
    enum og_rc rc = og_submit_wait(b->s, ids, b->n, err);
    free(ids);
    return rc;
}

/* Options that describe one task; with records on stdin they would go unheard. */
static bool describes(const struct og_submit_options *o)
{
    return o->name || o->array || o->check || o->after.n || o->in.n || o->out.n || o->env.n ||
           o->arg.n || o->sha256.n || o->urgency != unset || o->deadline_ms != unset ||
           o->limit_ms != unset || o->price != unset || o->cores != unset || o->mem != unset ||
           o->gpu != unset || o->vram != unset || o->samples != unset ||
           o->check_limit_ms != unset || o->retry != unset || o->expires_ms != unset ||
           o->chunk != unset || o->nodes != unset || o->verify >= 0 || o->sandbox >= 0 || o->root ||
           o->network;
}

static enum og_rc submit(const struct og_submit_options *o, int argc, char **argv,
                         struct og_err *err)
{
    struct og_submit s;
    struct og_batch b;
    bool from_stdin = argc == 0 && !o->kernel && !o->cuda;
    if (from_stdin && describes(o))
        return og_err_set(err, OG_E_USAGE, "there is no program: give one after '--', or --kernel");
    if (from_stdin && isatty(STDIN_FILENO) == 1)
        return og_err_set(err, OG_E_USAGE,
                          "nothing to submit: give a program after '--', --kernel, or records on "
                          "stdin");
    OG_TRY(og_submit_open(o, OG_NEED_KEY, &s, err));
    og_batch_init(&b, &s);
    enum og_rc rc =
        from_stdin ? og_batch_read(&b, STDIN_FILENO, err) : add_described(&b, argc, argv, err);
    if (rc == OG_OK)
        rc = o->dry_run ? og_batch_show(&b, err) : og_batch_send(&b, err);
    if (rc == OG_OK && (o->wait || o->follow) && !o->dry_run)
        rc = wait_for_batch(&b, err);
    og_batch_release(&b);
    og_submit_close(&s);
    return rc;
}

static enum og_rc run(const struct og_submit_options *o, int argc, char **argv, struct og_err *err)
{
    int modes;
    OG_TRY(check_modes(o, argc, &modes, err));
    if (o->fetch)
        return og_submit_fetch(o, err);
    if (o->transfer)
        return og_submit_transfer(o, err);
    if (o->tx)
        return og_submit_lines(o, err);
    if (o->prune)
        return og_submit_prune(o, err);
    return modes ? og_submit_change(o, argc, argv, err) : submit(o, argc, argv, err);
}

int main(int argc, char **argv)
{
    struct og_submit_options o = {0};
    struct og_err err = {0};
    int first = argc;
    bool done = false;
    og_cli_pipe_signals();
    set_defaults(&o);
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = run(&o, argc - first, argv + first, &err);
    og_cli_release(&tool, &o);
    return og_cli_exit(&tool, rc, &err);
}
