/* node_pair.c - application and engine as a pair: neither lives on without the other. */
#include "node.h"
#include "node_blobs.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_time.h"
#include "engine/engine_app.h"
#include "net/net_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET      "run/abci.sock"
#define READY_MS    60000
#define STOP_MS     8000
#define WAIT_MIN_MS 200
#define WAIT_MAX_MS 10000
#define SETTLED_MS  3000 /* a pair that ran so long is restarted at once again */

static enum og_rc lock_home(struct node_pair *p, struct og_err *err)
{
    char *path = og_io_join(p->home, "run/node.lock");
    p->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    enum og_rc rc = OG_OK;
    if (p->lock_fd < 0)
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", path, strerror(errno));
    else if (flock(p->lock_fd, LOCK_EX | LOCK_NB) < 0)
        rc = og_err_set(err, OG_E_TEMPFAIL, "another ogpu-node runs in '%s'", p->home);
    free(path);
    return rc;
}

enum og_rc node_pair_open(struct node_pair *p, const char *home, const char *keys_dir,
                          const char *comet, struct og_err *err)
{
    *p = (struct node_pair){.home = og_xstrdup(home),
                            .keys_dir = og_xstrdup(keys_dir),
                            .comet = og_xstrdup(comet),
                            .log_fd = -1,
                            .lock_fd = -1,
                            .wait_ms = WAIT_MIN_MS};
    char *genesis = og_io_join(home, "comet/config/genesis.json");
    bool there = og_io_exists(genesis);
    free(genesis);
    if (!there)
        return og_err_set(err, OG_E_CONFIG,
                          "'%s' is no member of a network; run 'ogpu-node init' or 'join' first",
                          home);
    return lock_home(p, err);
}

void node_pair_close(struct node_pair *p)
{
    if (p->lock_fd >= 0 && p->home)
        close(p->lock_fd);
    if (p->log_fd > 2)
        close(p->log_fd);
    free(p->home);
    free(p->keys_dir);
    free(p->comet);
    *p = (struct node_pair){.lock_fd = -1, .log_fd = -1};
}

static void note_pid(const struct node_pair *p, const char *name, pid_t pid)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_err ignored;
    char *path = og_io_join(p->home, name);
    og_buf_addf(&text, "%ld\n", (long)pid);
    if (pid <= 0)
        unlink(path);
    else if (og_io_write_atomic(path, text.p, text.len, 0600, OG_IO_NOSYNC, &ignored) != OG_OK)
        og_log(OG_LOG_WARNING, "%s", ignored.msg);
    og_buf_release(&text);
    free(path);
}

/* In a child: ends when the supervisor ends, however that comes; speaks where it shall. */
static void settle_child(const struct node_pair *p, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent || chdir(p->home) != 0)
        _exit(71);
    setpgid(0, 0); /* a terminal's Ctrl-C reaches the supervisor, which ends them in order */
    if (p->log_fd >= 0 && (dup2(p->log_fd, 1) < 0 || dup2(p->log_fd, 2) < 0))
        _exit(71);
}

static int run_app(const struct node_pair *p)
{
    struct og_app *app;
    struct og_err err = {0};
    enum og_rc rc = og_app_open(p->home, p->keys_dir, &app, &err);
    if (rc == OG_OK) {
        og_app_snapshots(app, p->snapshot_every);
        struct og_abci_serve s = {
            .path = SOCKET, .fn = og_app_call, .ctx = app, .stop = &og_cli_stop};
        rc = og_abci_serve(&s, &err);
    }
    og_app_close(app);
    if (rc != OG_OK)
        og_log(OG_LOG_ERROR, "application: %s", err.msg);
    return (int)rc;
}

static enum og_rc start_app(struct node_pair *p, struct og_err *err)
{
    pid_t parent = getpid();
    char *sock = og_io_join(p->home, SOCKET);
    unlink(sock);
    p->app = fork();
    if (p->app == 0) {
        og_cli_stop = 0;
        og_cli_stop_signals();
        settle_child(p, parent);
        _exit(run_app(p));
    }
    enum og_rc rc = OG_OK;
    if (p->app < 0)
        rc = og_err_set(err, OG_E_UNAVAILABLE, "cannot fork: %s", strerror(errno));
    uint64_t end = og_time_mono_ms() + READY_MS;
    while (rc == OG_OK && !og_io_exists(sock)) {
        int status;
        if (waitpid(p->app, &status, WNOHANG) == p->app) {
            int code = WIFEXITED(status) ? WEXITSTATUS(status) : 70;
            p->app = 0;
            rc = og_err_set(err, code == OG_E_CONFIG ? OG_E_CONFIG : OG_E_UNAVAILABLE,
                            "the application of '%s' did not start", p->home);
        } else if (og_time_mono_ms() > end) {
            rc = og_err_set(err, OG_E_UNAVAILABLE, "the application of '%s' does not listen",
                            p->home);
        } else {
            og_time_sleep_ms(3);
        }
    }
    free(sock);
    note_pid(p, "run/app.pid", p->app);
    return rc;
}

/* Serves blobs for as long as the pair is meant to run; a node without blobs.conf has none. */
static void start_blobs(struct node_pair *p)
{
    pid_t parent = getpid();
    char *conf = og_io_join(p->home, "blobs.conf");
    bool wanted = og_io_exists(conf);
    free(conf);
    p->blobs_ms = og_time_mono_ms();
    if (!wanted || p->blobs > 0)
        return;
    p->blobs = fork();
    if (p->blobs == 0) {
        og_cli_stop = 0;
        og_cli_stop_signals();
        settle_child(p, parent);
        _exit(node_blobs_run(p->home, p->keys_dir, &og_cli_stop));
    }
    note_pid(p, "run/blobs.pid", p->blobs);
}

static enum og_rc start_engine(struct node_pair *p, struct og_err *err)
{
    pid_t parent = getpid();
    const char *argv[] = {"cometbft", "start", "--home", "comet", NULL};
    p->engine = fork();
    if (p->engine == 0) {
        signal(SIGPIPE, SIG_DFL);
        settle_child(p, parent);
        if (p->log_fd < 0)
            dup2(2, 1);
        execv(p->comet, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (p->engine < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot fork: %s", strerror(errno));
    note_pid(p, "run/engine.pid", p->engine);
    return OG_OK;
}

enum og_rc node_pair_start(struct node_pair *p, struct og_err *err)
{
    p->again_ms = 0;
    p->started_ms = og_time_mono_ms();
    OG_TRY(start_app(p, err));
    start_blobs(p);
    return start_engine(p, err);
}

/* True when the process has ended; *pid becomes 0. */
static bool reap(struct node_pair *p, pid_t *pid, const char *what)
{
    int status;
    if (*pid <= 0 || waitpid(*pid, &status, WNOHANG) != *pid)
        return *pid <= 0;
    if (!p->stopping)
        og_log(OG_LOG_WARNING, "'%s': the %s ended (%s %d)", p->home, what,
               WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    *pid = 0;
    return true;
}

static void end_child(struct node_pair *p, pid_t *pid, const char *what)
{
    uint64_t end = og_time_mono_ms() + STOP_MS;
    if (*pid <= 0)
        return;
    kill(*pid, SIGTERM);
    kill(*pid, SIGCONT);
    while (!reap(p, pid, what)) {
        if (og_time_mono_ms() > end)
            kill(*pid, SIGKILL);
        og_time_sleep_ms(3);
    }
}

static void stop_one(struct node_pair *p)
{
    bool was = p->stopping;
    if (!p->home)
        return;
    p->stopping = true;
    end_child(p, &p->engine, "engine");
    end_child(p, &p->app, "application");
    if (was)
        end_child(p, &p->blobs, "server of blobs");
    note_pid(p, "run/engine.pid", 0);
    note_pid(p, "run/app.pid", 0);
    p->stopping = was;
}

/* One that ended alone takes the other with it; both come back after a wait that doubles. */
static enum og_rc tend(struct node_pair *p, struct og_err *err)
{
    uint64_t now = og_time_mono_ms();
    if (p->again_ms) {
        if (now < p->again_ms)
            return OG_OK;
        enum og_rc rc = node_pair_start(p, err);
        if (rc != OG_E_UNAVAILABLE)
            return rc;
    } else {
        bool app = reap(p, &p->app, "application");
        bool engine = reap(p, &p->engine, "engine");
        if (p->blobs > 0)
            reap(p, &p->blobs, "server of blobs");
        if (p->blobs <= 0 && now - p->blobs_ms > SETTLED_MS)
            start_blobs(p);
        if (!app && !engine)
            return OG_OK;
    }
    stop_one(p);
    if (now - p->started_ms > SETTLED_MS)
        p->wait_ms = WAIT_MIN_MS;
    p->again_ms = og_time_mono_ms() + p->wait_ms;
    p->wait_ms = 2 * p->wait_ms > WAIT_MAX_MS ? WAIT_MAX_MS : 2 * p->wait_ms;
    return OG_OK;
}

enum og_rc node_pair_tend(struct node_pair *p, size_t n, struct og_err *err)
{
    for (size_t i = 0; i < n; i++)
        OG_TRY(tend(&p[i], err));
    return OG_OK;
}

void node_pair_stop(struct node_pair *p, size_t n)
{
    for (size_t i = 0; i < n; i++) { /* all at once, then one after the other */
        p[i].stopping = true;
        if (p[i].engine > 0)
            kill(p[i].engine, SIGTERM);
    }
    for (size_t i = 0; i < n; i++)
        stop_one(&p[i]);
}
