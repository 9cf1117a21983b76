/* worker_clean.c - what workers that were killed left behind: folders, run rows. */
#include "worker.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "store/store_blob.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define RUNS_MAX 1024

static char *lease_dir(const struct worker *w, uint64_t lease)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/%" PRIu64, w->run_dir, lease);
    return og_buf_detach(&b);
}

/* The descriptor of the lease's lock, or -1 when a worker holds it. *gone: there is no lock file.
 */
static int take_lock(const char *dir, bool *gone)
{
    char *path = og_io_join(dir, "lock");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    free(path);
    *gone = fd < 0;
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void drop_lease(const struct worker *w, uint64_t lease)
{
    struct og_err err;
    bool gone;
    char *dir = lease_dir(w, lease);
    char *scratch = worker_scratch_path(w, lease);
    int fd = take_lock(dir, &gone);
    if (fd >= 0 || gone) {
        if (og_exec_scratch_drop(scratch, &err) != OG_OK || og_io_remove_tree(dir, &err) != OG_OK ||
            og_run_del(w->store, lease, &err) != OG_OK)
            og_log(OG_LOG_DEBUG, "%s", err.msg);
    }
    if (fd >= 0)
        close(fd);
    free(scratch);
    free(dir);
}

/* Entries "17" and "17.in" of a folder stand for lease 17. */
static void drop_all(const struct worker *w, const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        uint64_t lease;
        if (og_parse_u64n(e->d_name, strcspn(e->d_name, "."), UINT64_MAX >> 1, &lease) && lease)
            drop_lease(w, lease);
    }
    if (d)
        closedir(d);
}

enum og_rc worker_clean(struct worker *w, struct og_err *err)
{
    struct og_run *row = og_xcalloc(RUNS_MAX, sizeof *row);
    size_t n = 0;
    drop_all(w, w->run_dir);
    drop_all(w, w->scratch_dir);
    enum og_rc rc = og_run_list(w->store, row, RUNS_MAX, &n, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++)
        drop_lease(w, row[i].lease);
    free(row);
    return rc;
}
