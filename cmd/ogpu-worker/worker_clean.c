/* worker_clean.c - what workers that were killed left behind: folders, run rows. */
#include "worker.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "store/store_blob.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 1024

static void drop_lease(const struct worker *w, uint64_t lease)
{
    struct og_err err;
    int fd;
    char *dir;
    if (worker_hold(w, lease, false, &dir, &fd, &err) != OG_OK)
        og_log(OG_LOG_DEBUG, "%s", err.msg);
    if (fd >= 0) {
        char *scratch = worker_scratch_path(w, lease);
        if (og_exec_scratch_drop(scratch, &err) != OG_OK ||
            og_run_del(w->store, lease, &err) != OG_OK)
            og_log(OG_LOG_DEBUG, "%s", err.msg);
        free(scratch);
    }
    worker_let_go(dir, fd);
}

/* What a worker renamed to remove it, and could not any more. */
static bool drop_gone(const char *folder, const char *name)
{
    size_t n = strlen(name);
    if (n < 5 || strcmp(name + n - 5, ".gone") != 0)
        return false;
    struct og_err err;
    char *path = og_io_join(folder, name);
    if (og_io_remove_tree(path, &err) != OG_OK)
        og_log(OG_LOG_DEBUG, "%s", err.msg);
    free(path);
    return true;
}

/* Entries "17" and "17.in" of a folder stand for lease 17. */
static void drop_all(const struct worker *w, const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        uint64_t lease;
        if (!drop_gone(path, e->d_name) &&
            og_parse_u64n(e->d_name, strcspn(e->d_name, "."), UINT64_MAX >> 1, &lease) && lease)
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
