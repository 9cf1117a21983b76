/* cli_exit.c - from a code to an exit status; signals; where state and keys are. */
#include "cli/cli_opts.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

int og_cli_exit(const struct og_tool *tool, enum og_rc rc, const struct og_err *err)
{
    struct og_err close_err = {0};
    enum og_rc closed = og_io_close_stdout(&close_err);
    if (rc == OG_OK || (rc == OG_NO && (closed != OG_OK || !err || !err->msg[0]))) {
        if (closed == OG_OK)
            return (int)rc;
        rc = closed;
        err = &close_err;
    }
    og_log_setup(tool->name, og_log_get_level(), og_log_get_json());
    og_log(OG_LOG_ERROR, "%s", err && err->msg[0] ? err->msg : "failed without a reason");
    return (int)rc;
}

volatile sig_atomic_t og_cli_stop;

static void on_stop(int sig)
{
    (void)sig;
    og_cli_stop = 1;
}

void og_cli_pipe_signals(void)
{
    signal(SIGPIPE, SIG_DFL);
}

void og_cli_stop_signals(void)
{
    struct sigaction sa = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* The folder a variable names; relative ones do not count where the XDG rules say so. */
static const char *folder_from(const char *var, bool absolute)
{
    const char *v = getenv(var);
    if (!v || !v[0] || (absolute && v[0] != '/'))
        return NULL;
    return v;
}

static char *under_home(const char *rest)
{
    const char *home = folder_from("HOME", true);
    if (home)
        return og_io_join(home, rest);
    struct passwd pw;
    struct passwd *found = NULL;
    char buf[4096];
    if (getpwuid_r(getuid(), &pw, buf, sizeof buf, &found) == 0 && found && found->pw_dir[0] == '/')
        return og_io_join(found->pw_dir, rest);
    return og_io_join("/nonexistent", rest);
}

char *og_cli_state_dir(const struct og_opts_common *c)
{
    if (c && c->state)
        return og_xstrdup(c->state);
    const char *dir = folder_from("OGPU_HOME", false);
    if (dir)
        return og_xstrdup(dir);
    dir = folder_from("XDG_STATE_HOME", true);
    return dir ? og_io_join(dir, "ogpu") : under_home(".local/state/ogpu");
}

char *og_cli_keys_dir(void)
{
    const char *dir = folder_from("OGPU_KEYS", false);
    if (dir)
        return og_xstrdup(dir);
    dir = folder_from("XDG_CONFIG_HOME", true);
    return dir ? og_io_join(dir, "ogpu/keys") : under_home(".config/ogpu/keys");
}

char *og_cli_config_file(const char *name)
{
    const char *dir = folder_from("XDG_CONFIG_HOME", true);
    char *at = dir ? og_io_join(dir, "ogpu") : under_home(".config/ogpu");
    char *path = og_io_join(at, name);
    free(at);
    return path;
}
