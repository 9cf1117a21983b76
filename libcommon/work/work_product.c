/* work_product.c - checks of matrix products over mapped blobs. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_gemm.h"
#include "check/check_result.h"
#include "exec/exec_kernel.h"
#include "store/store_blob.h"
#include "work/work_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct mapped {
    void *p;
    size_t n;
};

static enum og_rc map(const char *state_dir, const struct og_hash *blob, uint64_t want,
                      struct mapped *out, struct og_err *err)
{
    struct stat st;
    char *path = og_blob_path(state_dir, blob);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum og_rc rc = OG_OK;
    *out = (struct mapped){MAP_FAILED, (size_t)want};
    if (fd < 0 || fstat(fd, &st) < 0)
        rc = og_err_set(err, errno == ENOENT ? OG_E_NOINPUT : OG_E_IO, "cannot open '%s': %s", path,
                        strerror(errno));
    else if ((uint64_t)st.st_size != want)
        rc = og_err_set(err, OG_E_DATA, "'%s' holds %llu bytes instead of %llu", path,
                        (unsigned long long)st.st_size, (unsigned long long)want);
    else
        out->p = mmap(NULL, out->n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (rc == OG_OK && out->p == MAP_FAILED)
        rc = og_err_set(err, OG_E_IO, "cannot map '%s': %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(path);
    return rc;
}

static void unmap(struct mapped *m)
{
    if (m->p != MAP_FAILED)
        munmap(m->p, m->n);
}

static enum og_rc map_inputs(const struct og_work_job *w, struct og_kernel *k, struct mapped *a,
                             struct mapped *b, struct og_err *err)
{
    a->p = b->p = MAP_FAILED;
    OG_TRY(og_kernel_parse(w->spec.kernel, w->spec.args, k, err));
    OG_TRY(map(w->state_dir, &w->spec.in[0].sha256, og_kernel_a_bytes(k), a, err));
    enum og_rc rc = map(w->state_dir, &w->spec.in[1].sha256, og_kernel_b_bytes(k), b, err);
    if (rc == OG_OK && k->type == OG_KERNEL_I32 && !og_gemm_i32_fits(a->p, b->p, k->m, k->n, k->k))
        rc = og_err_set(err, OG_E_DATA, "the sums could pass 2^60");
    return rc;
}

enum og_rc og_work_product_leaves(const struct og_work_job *w, const uint64_t *block, size_t n,
                                  struct og_hash *leaf, struct og_err *err)
{
    struct og_kernel k;
    struct mapped a;
    struct mapped b;
    enum og_rc rc = map_inputs(w, &k, &a, &b, err);
    size_t row_bytes = rc == OG_OK ? (size_t)(og_kernel_c_bytes(&k) / k.m) : 1;
    void *c = og_xmalloc(row_bytes * OG_RESULT_ROWS_LEAF);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        uint64_t first = block[i] * OG_RESULT_ROWS_LEAF;
        uint64_t rows = og_min_u64(k.m - first, OG_RESULT_ROWS_LEAF);
        rc = og_kernel_rows(&k, a.p, b.p, first, rows, c, err);
        leaf[i] = og_result_leaf_hash(c, rows * row_bytes);
    }
    free(c);
    unmap(&a);
    unmap(&b);
    return rc;
}

enum og_rc og_work_product_vote(const struct og_work_job *w, const struct og_hash *c,
                                const struct og_hash *seed, enum og_vote *out, struct og_err *err)
{
    struct og_kernel k;
    struct mapped a;
    struct mapped b;
    struct mapped m = {MAP_FAILED, 0};
    enum og_rc rc = map_inputs(w, &k, &a, &b, err);
    if (rc == OG_OK)
        rc = map(w->state_dir, c, og_kernel_c_bytes(&k), &m, err);
    if (rc == OG_OK && k.type == OG_KERNEL_I32)
        rc = og_gemm_i32_check(a.p, b.p, m.p, k.m, k.n, k.k, seed, out, err);
    else if (rc == OG_OK)
        rc = og_gemm_f32_check(a.p, b.p, m.p, k.m, k.n, k.k, seed, out, NULL, err);
    unmap(&a);
    unmap(&b);
    unmap(&m);
    return rc;
}
