/* work_kernel.c - leaves and checks of built-in kernels over mapped blobs. */
#include "work/work_kernel.h"

#include "base/base_mem.h"
#include "exec/exec_kernel.h"
#include "store/store_blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Inputs, or outputs, in the kernel's order. */
struct mapped {
    void *p[OG_KERNEL_FILES_MAX];
    size_t n[OG_KERNEL_FILES_MAX];
};

static enum og_rc map(const char *state_dir, const struct og_hash *blob, uint64_t want, void **p,
                      struct og_err *err)
{
    struct stat st;
    char *path = og_blob_path(state_dir, blob);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum og_rc rc = OG_OK;
    *p = MAP_FAILED;
    if (fd < 0 || fstat(fd, &st) < 0)
        rc = og_err_set(err, errno == ENOENT ? OG_E_NOINPUT : OG_E_IO, "cannot open '%s': %s", path,
                        strerror(errno));
    else if ((uint64_t)st.st_size != want)
        rc = og_err_set(err, OG_E_DATA, "'%s' holds %llu bytes instead of %llu", path,
                        (unsigned long long)st.st_size, (unsigned long long)want);
    else
        *p = mmap(NULL, (size_t)want, PROT_READ, MAP_PRIVATE, fd, 0);
    if (rc == OG_OK && *p == MAP_FAILED)
        rc = og_err_set(err, OG_E_IO, "cannot map '%s': %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(path);
    return rc;
}

static struct mapped nothing(void)
{
    struct mapped m;
    for (size_t i = 0; i < OG_KERNEL_FILES_MAX; i++) {
        m.p[i] = MAP_FAILED;
        m.n[i] = 0;
    }
    return m;
}

static void unmap(struct mapped *m)
{
    for (size_t i = 0; i < OG_KERNEL_FILES_MAX; i++)
        if (m->p[i] != MAP_FAILED)
            munmap(m->p[i], m->n[i]);
}

static enum og_rc map_inputs(const struct og_work_job *w, const struct og_kernel *k,
                             struct mapped *m, struct og_err *err)
{
    for (size_t i = 0; i < k->shape.n_in; i++) {
        m->n[i] = (size_t)k->shape.in_bytes[i];
        OG_TRY(map(w->state_dir, &w->spec.in[i].sha256, k->shape.in_bytes[i], &m->p[i], err));
    }
    return OG_OK;
}

/* The outputs of e by their names, which stand there in another order. */
static enum og_rc map_outputs(const struct og_work_job *w, const struct og_kernel *k,
                              const struct og_result_element *e, struct mapped *m,
                              struct og_err *err)
{
    for (size_t i = 0; i < k->shape.n_out; i++) {
        const char *name = i < w->spec.n_out ? w->spec.out[i] : k->def->out_name[i];
        size_t at = 0;
        while (at < e->out_n && strcmp(e->out[at].path, name) != 0)
            at++;
        if (at == e->out_n || e->out_n != k->shape.n_out)
            return og_err_set(err, OG_E_DATA, "the kernel's result lacks '%s'", name);
        m->n[i] = (size_t)k->shape.out_bytes[i];
        OG_TRY(map(w->state_dir, &e->out[at].blob.sha256, k->shape.out_bytes[i], &m->p[i], err));
    }
    return OG_OK;
}

enum og_rc og_work_kernel(const struct og_work_job *w, struct og_kernel *out, struct og_err *err)
{
    OG_TRY(og_kernel_parse(w->spec.kernel, w->spec.args, out, err));
    if (w->spec.n_in != out->shape.n_in)
        return og_err_set(err, OG_E_DATA, "kernel '%s' takes %zu inputs, not %zu", out->def->name,
                          out->shape.n_in, w->spec.n_in);
    if (w->spec.n_out && w->spec.n_out != out->shape.n_out)
        return og_err_set(err, OG_E_DATA, "kernel '%s' writes %zu outputs, not %zu", out->def->name,
                          out->shape.n_out, w->spec.n_out);
    return OG_OK;
}

enum og_rc og_work_kernel_hash(const struct og_work_job *w, const struct og_kernel *k,
                               const struct og_result_element *e, struct og_hash **hash,
                               struct og_err *err)
{
    struct mapped m = nothing();
    *hash = NULL;
    enum og_rc rc = map_outputs(w, k, e, &m, err);
    if (rc == OG_OK) {
        *hash = og_xcalloc((size_t)og_kernel_leaves(k) + 1, sizeof **hash);
        og_kernel_hash(k, (const void *const *)m.p, *hash);
    }
    unmap(&m);
    return rc;
}

enum og_rc og_work_kernel_again(const struct og_work_job *w, const uint64_t *leaf, size_t n,
                                struct og_hash *hash, struct og_err *err)
{
    struct og_kernel k;
    struct mapped in = nothing();
    OG_TRY(og_work_kernel(w, &k, err));
    enum og_rc rc = map_inputs(w, &k, &in, err);
    if (rc == OG_OK)
        rc = og_kernel_again(&k, (const void *const *)in.p, leaf, n, hash, err);
    unmap(&in);
    return rc;
}

enum og_rc og_work_kernel_vote(const struct og_work_job *w, const struct og_result_element *e,
                               const struct og_hash *seed, enum og_vote *out, struct og_err *err)
{
    struct og_kernel k;
    struct mapped in = nothing();
    struct mapped m = nothing();
    OG_TRY(og_work_kernel(w, &k, err));
    enum og_rc rc = map_inputs(w, &k, &in, err);
    if (rc == OG_OK)
        rc = map_outputs(w, &k, e, &m, err);
    if (rc == OG_OK)
        rc = og_kernel_vote(&k, (const void *const *)in.p, (const void *const *)m.p, seed,
                            w->task.samples, out, err);
    unmap(&in);
    unmap(&m);
    return rc;
}
