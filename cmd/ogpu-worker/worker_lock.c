/* worker_lock.c - who may run a lease and work in its folder: one process, also while it goes. */
#include "worker.h"

#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_time.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES      1000
#define WAIT_TRIES 40 /* of a millisecond: as long as a cleaner may hold it */

static char *lease_dir(const struct worker *w, uint64_t lease)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/%" PRIu64, w->run_dir, lease);
    return og_buf_detach(&b);
}

static bool set_claim(const struct worker *w, uint64_t lease, short how)
{
    struct flock l = {.l_type = how, .l_whence = SEEK_SET, .l_start = (off_t)lease, .l_len = 1};
    return fcntl(w->claim_fd, F_OFD_SETLK, &l) == 0;
}

enum og_rc worker_claim_open(struct worker *w, struct og_err *err)
{
    char *path = og_io_join(w->run_dir, "leases");
    enum og_rc rc = OG_OK;
    w->claim_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (w->claim_fd < 0)
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", path, strerror(errno));
    free(path);
    return rc;
}

bool worker_claim(const struct worker *w, uint64_t lease)
{
    return set_claim(w, lease, F_WRLCK);
}

void worker_unclaim(const struct worker *w, uint64_t lease)
{
    (void)set_claim(w, lease, F_UNLCK);
}

/* Is what fd locks still what the path names? A folder that was taken away in between is not. */
static bool still_there(const char *path, int fd)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* One try: 1 held, 0 another has it, -1 the folder went between two steps, or errno. */
static int try_hold(const char *path, int *fd)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0)
        return -1;
    int got = flock(*fd, LOCK_EX | LOCK_NB) < 0 ? 0 : still_there(path, *fd) ? 1 : -1;
    if (got == 1)
        return 1;
    close(*fd);
    *fd = -1;
    if (got < 0)
        errno = ENOENT;
    return got;
}

enum og_rc worker_hold(const struct worker *w, uint64_t lease, bool wait, char **dir, int *fd,
                       struct og_err *err)
{
    enum og_rc rc = OG_OK;
    int waits = 0, got = -1;
    *dir = lease_dir(w, lease);
    *fd = -1;
    char *path = og_io_join(*dir, "lock");
    for (int i = 0; i < TRIES && rc == OG_OK && got != 1; i++) {
        if (mkdir(*dir, 0700) < 0 && errno != EEXIST)
            rc = og_io_mkdirs(*dir, 0700, err);
        got = rc == OG_OK ? try_hold(path, fd) : -1;
        if (got == 0 && (!wait || waits++ == WAIT_TRIES))
            break;
        if (got == 0)
            og_time_sleep_ms(1);
        else if (rc == OG_OK && got < 0 && errno != ENOENT)
            break;
    }
    if (rc == OG_OK && got < 0)
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", path, strerror(errno));
    free(path);
    return rc;
}

/* The folder gets another name first: nobody can hold a lock in a folder that is half gone. */
void worker_let_go(char *dir, int fd)
{
    struct og_err err;
    if (dir && fd >= 0) {
        struct og_buf b = OG_BUF_INIT;
        og_buf_addf(&b, "%s.%ld.%d.gone", dir, (long)getpid(), fd);
        char *gone = og_buf_detach(&b);
        if (rename(dir, gone) < 0 && errno != ENOENT)
            og_log(OG_LOG_DEBUG, "cannot rename '%s': %s", dir, strerror(errno));
        else if (og_io_remove_tree(gone, &err) != OG_OK)
            og_log(OG_LOG_DEBUG, "%s", err.msg);
        free(gone);
    }
    if (fd >= 0)
        close(fd);
    free(dir);
}
