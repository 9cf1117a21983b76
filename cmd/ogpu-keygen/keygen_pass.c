/* keygen_pass.c - passphrases from a file, a descriptor or the terminal; never from arguments. */
#include "keygen.h"

#include "base/base_io.h"
#include "crypto/crypto_sig.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PASS_MAX_LEN 1024

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
    caught = sig;
}

/* One line without its newline; a passphrase has no other control over what it holds. */
static enum og_rc take_line(struct og_buf *pass, struct og_err *err)
{
    char *nl = pass->len ? memchr(pass->p, '\n', pass->len) : NULL;
    if (nl) {
        pass->len = (size_t)(nl - pass->p);
        *nl = '\0';
    }
    if (pass->len == 0)
        return og_err_set(err, OG_E_USAGE, "the passphrase is empty");
    if (pass->len > PASS_MAX_LEN)
        return og_err_set(err, OG_E_USAGE, "the passphrase is longer than %d bytes", PASS_MAX_LEN);
    if (memchr(pass->p, '\0', pass->len))
        return og_err_set(err, OG_E_USAGE, "the passphrase holds a NUL byte");
    return OG_OK;
}

static enum og_rc read_tty_line(int tty, struct og_buf *pass, struct og_err *err)
{
    for (;;) {
        char c;
        ssize_t n = read(tty, &c, 1);
        if (n < 0 && errno == EINTR && !caught)
            continue;
        if (n <= 0)
            return og_err_set(err, OG_E_NOPERM, "no passphrase was entered");
        if (c == '\n')
            return OG_OK;
        if (pass->len < PASS_MAX_LEN + 1)
            og_buf_addc(pass, c);
    }
}

/* Echo comes back whatever happens: signals wait until it has. */
static enum og_rc ask_tty(int tty, const char *prompt, struct og_buf *pass, struct og_err *err)
{
    static const int sigs[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    struct sigaction old[sizeof sigs / sizeof sigs[0]];
    struct sigaction sa = {.sa_handler = on_signal};
    struct termios before, quiet;
    if (tcgetattr(tty, &before) != 0)
        return og_err_set(err, OG_E_NOPERM, "cannot ask for a passphrase: %s", strerror(errno));
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    sigemptyset(&sa.sa_mask);
    caught = 0;
    for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++)
        sigaction(sigs[i], &sa, &old[i]);
    og_buf_reserve(pass, PASS_MAX_LEN + 2); /* growing would leave copies behind */
    enum og_rc rc = tcsetattr(tty, TCSAFLUSH, &quiet) == 0 ? OG_OK : OG_E_NOPERM;
    if (rc != OG_OK)
        og_err_set(err, rc, "cannot ask for a passphrase: %s", strerror(errno));
    else
        rc = og_io_write_fd(tty, prompt, strlen(prompt), err);
    if (rc == OG_OK)
        rc = read_tty_line(tty, pass, err);
    tcsetattr(tty, TCSAFLUSH, &before);
    (void)!write(tty, "\n", 1);
    for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++)
        sigaction(sigs[i], &old[i], NULL);
    if (caught) {
        og_buf_cleanse(pass);
        raise(caught);
    }
    return rc == OG_OK ? take_line(pass, err) : rc;
}

static enum og_rc ask(const char *what, bool twice, struct og_buf *pass, struct og_err *err)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0)
        return og_err_set(
            err, OG_E_NOPERM,
            "there is no terminal to ask on; give the passphrase by file or descriptor");
    struct og_buf prompt = OG_BUF_INIT, again = OG_BUF_INIT;
    og_buf_addf(&prompt, "%s: ", what);
    enum og_rc rc = ask_tty(tty, prompt.p, pass, err);
    if (rc == OG_OK && twice) {
        og_buf_reset(&prompt);
        og_buf_addf(&prompt, "%s, again: ", what);
        rc = ask_tty(tty, prompt.p, &again, err);
        if (rc == OG_OK && strcmp(pass->p, again.p) != 0)
            rc = og_err_set(err, OG_E_USAGE, "the two passphrases differ");
    }
    close(tty);
    og_buf_release(&prompt);
    og_buf_cleanse(&again);
    return rc;
}

enum og_rc keygen_passphrase(const char *what, const char *file, uint64_t fd, bool want_ask,
                             bool twice, struct og_buf *pass, bool *got, struct og_err *err)
{
    *got = file || fd != KEYGEN_NO_FD || want_ask;
    if (!*got)
        return OG_OK;
    if ((file != NULL) + (fd != KEYGEN_NO_FD) + want_ask > 1)
        return og_err_set(err, OG_E_USAGE, "%s: name one place to take it from, not two", what);
    if (want_ask)
        return ask(what, twice, pass, err);
    og_buf_reserve(pass, PASS_MAX_LEN + 2);
    enum og_rc rc = file ? og_io_read_secret(file, PASS_MAX_LEN + 1, pass, err)
                         : og_io_read_fd((int)fd, PASS_MAX_LEN + 1, pass, err);
    if (rc == OG_OK)
        rc = take_line(pass, err);
    return rc == OG_OK ? OG_OK : og_err_wrap(err, rc, "%s", what);
}
