/* fuzz_slurm.c - what Slurm's commands and a cluster's nodes say; the first byte chooses which.
 * What is taken stays within its bounds. */
#include "exec/exec_slurm.h"
#include "work/work_folder.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort(); /* allowed: how a fuzz target reports */
}

static void jobs(const char *s, size_t n)
{
    struct og_slurm_job *job;
    size_t count;
    struct og_err err;
    if (og_slurm_jobs_parse(s, n, &job, &count, &err) != OG_OK)
        must(!job && !count);
    for (size_t i = 0; i < count; i++)
        must(job[i].id > 0 && memchr(job[i].mark, 0, sizeof job[i].mark) &&
             memchr(job[i].reason, 0, sizeof job[i].reason));
    free(job);
}

static void parts(const char *s, size_t n)
{
    struct og_slurm_part *part;
    const struct og_slurm_part *got;
    size_t count;
    struct og_err err;
    const struct og_slurm_need need = {1, 2, 1u << 20, 0, 60000};
    if (og_slurm_parts_parse(s, n, &part, &count, &err) != OG_OK)
        must(!part && !count);
    for (size_t i = 0; i < count; i++)
        must(part[i].name[0] && part[i].gpus <= 1024);
    if (og_slurm_choose(part, count, NULL, 0, &need, &got, &err) == OG_OK)
        must(got->up && got->cores >= 2);
    free(part);
}

static void status(const char *s, size_t n)
{
    struct og_folder_status st;
    struct og_err err;
    if (og_folder_status_parse(s, n, &st, &err) == OG_OK)
        must(st.exits <= 255 && memchr(st.sentence, 0, sizeof st.sentence));
}

static void job(const char *s, size_t n)
{
    struct og_folder_job j;
    struct og_err err;
    if (og_folder_job_parse(s, n, &j, &err) != OG_OK)
        return;
    must(j.is_bench || (j.work.loaded && j.nodes >= 1));
    og_work_job_release(&j.work);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t id;
    struct og_err err;
    const char *s = (const char *)data + 1;
    if (!size)
        return 0;
    switch (data[0]) {
    case 'q': jobs(s, size - 1); break;
    case 'i': parts(s, size - 1); break;
    case 's': status(s, size - 1); break;
    case 'j': job(s, size - 1); break;
    case 'b':
        if (og_slurm_id_parse(s, size - 1, &id, &err) == OG_OK)
            must(id > 0);
        break;
    }
    return 0;
}
