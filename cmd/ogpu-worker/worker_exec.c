/* worker_exec.c - --exec: a node of the cluster runs what lies in a folder; needs no state. */
#include "worker.h"

#include "base/base_num.h"
#include "work/work_folder_step.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A number that Slurm put into the environment. */
static bool number(const char *name, uint64_t *out)
{
    const char *s = getenv(name);
    return s && og_parse_u64(s, UINT32_MAX, out);
}

enum og_rc worker_exec(const struct worker_options *o, struct og_err *err)
{
    char self[PATH_MAX];
    uint64_t index, rank, ranks;
    char *dir = realpath(o->exec, NULL);
    if (!dir)
        return og_err_set(err, OG_E_NOINPUT, "cannot use '%s': %s", o->exec, strerror(errno));
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n < 0 ? 0 : n] = '\0';
    const char *who = getenv("SLURM_JOB_ID");
    enum og_rc rc;
    if (getenv(OG_FOLDER_STEP))
        rc = number(OG_FOLDER_STEP, &index) && number("SLURM_PROCID", &rank) &&
                     number("SLURM_NTASKS", &ranks)
                 ? og_folder_rank(dir, index, rank, ranks, &og_cli_stop, err)
                 : og_err_set(err, OG_E_USAGE, "a step without its rank");
    else
        rc = og_folder_exec(dir, who ? who : "by hand", self, &og_cli_stop, err);
    free(dir);
    return rc;
}
