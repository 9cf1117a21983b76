/* submit_result.c - results of a task in order: manifests read, their roots checked. */
#include "submit.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "check/check_result.h"
#include "crypto/crypto_merkle.h"
#include "ledger/ledger_view.h"
#include "model/model_records.h"
#include "store/store_blob.h"
#include "store/store_row.h"
#include "store/store_want.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANIFEST_MAX (1u << 30)
#define SPEC_MAX     (1u << 28)
#define PAGE         64

/* A result counts from its reveal on: one may look before one accepts. */
static enum og_rc may_read(struct og_submit *s, const struct og_manifest *m, bool *yes,
                           struct og_err *err)
{
    struct og_lease ls = {.id = m->lease};
    bool found;
    OG_TRY(og_row_get(s->store, OG_F_LEASE, &ls, &found, err));
    *yes = found &&
           (ls.state == OG_LEASE_REVEALED || ls.state == OG_LEASE_ACCEPTED ||
            ls.state == OG_LEASE_PAID) &&
           memcmp(ls.root.b, m->root.b, OG_HASH_LEN) == 0;
    og_row_release(&og_families[OG_F_LEASE], &ls);
    return OG_OK;
}

/* The first readable manifest that holds element `from`, among those that start in [at, from]. */
static enum og_rc search(struct og_submit *s, uint64_t task, uint64_t at, uint64_t from,
                         struct og_manifest *out, bool *found, struct og_err *err)
{
    struct og_manifest page[PAGE];
    size_t n;
    *found = false;
    do {
        OG_TRY(og_manifest_page(s->store, task, at, page, PAGE, &n, err));
        for (size_t i = 0; i < n; i++) {
            if (page[i].first > from)
                return OG_OK;
            if (page[i].first + page[i].count <= from)
                continue;
            OG_TRY(may_read(s, &page[i], found, err));
            *out = page[i];
            if (*found)
                return OG_OK;
        }
        at = n ? page[n - 1].first + 1 : at;
    } while (n == PAGE);
    return OG_OK;
}

/* Nearly always one starts at the element; a lease holds at most CHUNK_MAX. */
static enum og_rc manifest_at(struct og_submit *s, uint64_t task, uint64_t from,
                              struct og_manifest *out, bool *found, struct og_err *err)
{
    OG_TRY(search(s, task, from, from, out, found, err));
    if (*found || from == 0)
        return OG_OK;
    uint64_t at = from > OG_TASKREC_CHUNK_MAX ? from - OG_TASKREC_CHUNK_MAX : 0;
    return search(s, task, at, from, out, found, err);
}

/* Of a result that another node holds, its ogpu-node can say. */
static enum og_rc manifest_from(struct og_submit *s, uint64_t task, uint64_t from,
                                struct og_manifest *out, bool *found, struct og_err *err)
{
    OG_TRY(manifest_at(s, task, from, out, found, err));
    if (*found || !og_want_manifest_at(s->state_dir, task, from))
        return OG_OK;
    return manifest_at(s, task, from, out, found, err);
}

/* Lines of a manifest as elements; each with the hash of its leaf. */
struct lines {
    struct og_result_element *e;
    struct og_hash *leaf;
    size_t n, cap, leaf_cap;
};

static void release_lines(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        og_result_release(&l->e[i]);
    free(l->e);
    free(l->leaf);
}

static enum og_rc parse_lines(const struct og_buf *text, struct lines *l, struct og_err *err)
{
    for (size_t at = 0; at < text->len;) {
        const char *line = text->p + at;
        const char *nl = memchr(line, '\n', text->len - at);
        size_t n = nl ? (size_t)(nl - line) : text->len - at;
        l->e = og_xgrow(l->e, &l->cap, l->n + 1, sizeof *l->e);
        l->leaf = og_xgrow(l->leaf, &l->leaf_cap, l->n + 1, sizeof *l->leaf);
        OG_TRY(og_result_parse(line, n, &l->e[l->n], err));
        l->leaf[l->n++] = og_result_leaf_hash(line, n);
        at += n + 1;
    }
    return OG_OK;
}

/* Each output whole, in the kernel's order; false: the element lacks one, or it has another size.
 */
static bool outputs_of(const struct og_kernel *k, const json_t *named, const struct lines *l,
                       const struct og_result_blob **out)
{
    for (size_t i = 0; i < k->shape.n_out; i++) {
        const char *name = json_string_value(json_array_get(named, i));
        name = name ? name : k->def->out_name[i];
        out[i] = NULL;
        for (size_t j = 0; l->n == 1 && j < l->e[0].out_n; j++)
            if (strcmp(l->e[0].out[j].path, name) == 0)
                out[i] = &l->e[0].out[j].blob;
        if (!out[i] || out[i]->bytes != k->shape.out_bytes[i])
            return false;
    }
    return true;
}

/* A kernel's root stands over the pieces of its outputs. */
static enum og_rc kernel_root(struct og_submit *s, const struct og_task *t, const struct lines *l,
                              struct og_hash *root, struct og_err *err)
{
    struct og_kernel k;
    const struct og_result_blob *blob[OG_KERNEL_FILES_MAX];
    struct og_buf c[OG_KERNEL_FILES_MAX] = {OG_BUF_INIT};
    const void *p[OG_KERNEL_FILES_MAX];
    json_t *kernel = json_loads(t->kernel, 0, NULL);
    json_t *line = NULL;
    enum og_rc rc = og_view_kernel(kernel, &k, err);
    json_decref(kernel);
    if (rc == OG_OK)
        rc = og_task_spec(s->state_dir, &t->spec, t->line, &line, err);
    bool there = rc == OG_OK && outputs_of(&k, json_object_get(line, "out"), l, blob);
    json_decref(line);
    if (!there)
        return rc;
    for (size_t i = 0; i < k.shape.n_out && rc == OG_OK; i++) {
        rc = og_blob_get(s->state_dir, &blob[i]->sha256, k.shape.out_bytes[i], &c[i], err);
        p[i] = c[i].p;
    }
    if (rc == OG_OK) {
        size_t leaves = (size_t)og_kernel_leaves(&k);
        struct og_hash *leaf = og_xcalloc(leaves, sizeof *leaf);
        og_kernel_hash(&k, p, leaf);
        *root = og_merkle_root(leaf, leaves);
        free(leaf);
    }
    for (size_t i = 0; i < k.shape.n_out; i++)
        og_buf_release(&c[i]);
    return rc;
}

static enum og_rc check_root(struct og_submit *s, const struct og_manifest *m,
                             const struct lines *l, struct og_err *err)
{
    struct og_hash root = og_merkle_root(l->leaf, l->n);
    if (memcmp(root.b, m->root.b, OG_HASH_LEN) == 0)
        return OG_OK;
    struct og_task t = {.id = m->task};
    OG_TRY(og_row_need(s->store, OG_F_TASK, &t, err));
    enum og_rc rc = t.kernel && t.kernel[0] ? kernel_root(s, &t, l, &root, err) : OG_OK;
    og_row_release(&og_families[OG_F_TASK], &t);
    if (rc == OG_OK && memcmp(root.b, m->root.b, OG_HASH_LEN) != 0)
        rc = og_err_set(err, OG_E_DATA, "the result of lease %llu is not what its root says",
                        (unsigned long long)m->lease);
    return rc;
}

/* fn over the manifest's elements at and after *next, as long as they follow each other. */
static enum og_rc walk(struct og_submit *s, const struct og_manifest *m, uint64_t *next,
                       og_element_fn fn, void *ctx, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    struct lines l = {0};
    enum og_rc rc = og_blob_get(s->state_dir, &m->sha256, MANIFEST_MAX, &text, err);
    if (rc == OG_OK)
        rc = parse_lines(&text, &l, err);
    og_buf_release(&text);
    if (rc == OG_OK)
        rc = check_root(s, m, &l, err);
    uint64_t before = *next;
    for (size_t i = 0; i < l.n && rc == OG_OK; i++) {
        if (l.e[i].index < *next)
            continue;
        if (l.e[i].index > *next)
            break;
        rc = fn(ctx, m->lease, &l.e[i], err);
        if (rc == OG_OK)
            ++*next;
    }
    if (rc == OG_OK && *next == before)
        rc = og_err_set(err, OG_E_DATA, "the result of lease %llu lacks element %llu",
                        (unsigned long long)m->lease, (unsigned long long)before);
    release_lines(&l);
    return rc;
}

enum og_rc og_results_from(struct og_submit *s, uint64_t task, uint64_t from, og_element_fn fn,
                           void *ctx, uint64_t *next, struct og_err *err)
{
    *next = from;
    for (;;) {
        struct og_manifest m;
        bool found;
        OG_TRY(manifest_from(s, task, *next, &m, &found, err));
        if (!found)
            return OG_OK;
        OG_TRY(walk(s, &m, next, fn, ctx, err));
    }
}

/* All bytes are hashed; those from `skip` on are written. */
static enum og_rc stream(int from, uint64_t skip, int to, struct og_hash *h, struct og_err *err)
{
    char buf[65536];
    struct og_hasher hasher;
    uint64_t at = 0;
    og_hasher_init(&hasher);
    for (;;) {
        ssize_t r = read(from, buf, sizeof buf);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return og_err_set(err, OG_E_IO, "read failed: %s", strerror(errno));
        if (r == 0)
            break;
        size_t n = (size_t)r;
        og_hasher_add(&hasher, buf, n);
        size_t cut = at >= skip ? 0 : skip - at < n ? (size_t)(skip - at) : n;
        at += n;
        if (cut < n)
            OG_TRY(og_io_write_fd(to, buf + cut, n - cut, err));
    }
    *h = og_hasher_final(&hasher);
    return OG_OK;
}

enum og_rc og_blob_stream(const char *state_dir, const struct og_hash *h, uint64_t bytes,
                          uint64_t skip, int fd, struct og_err *err)
{
    if (bytes == 0)
        return OG_OK;
    char *path = og_blob_path(state_dir, h);
    og_want_blob(state_dir, h);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    struct og_hash got = {0};
    enum og_rc rc;
    if (from < 0)
        rc = og_err_set(err, OG_E_UNAVAILABLE, "cannot open blob '%s': %s", path, strerror(errno));
    else
        rc = stream(from, skip, fd, &got, err);
    if (rc == OG_OK && memcmp(got.b, h->b, OG_HASH_LEN) != 0)
        rc = og_err_set(err, OG_E_DATA, "blob '%s' is damaged", path);
    if (from >= 0)
        close(from);
    free(path);
    return rc;
}

/* Start of line number `line` of text, NULL: it has fewer. */
static const char *line_at(const struct og_buf *text, uint64_t line)
{
    const char *p = text->p;
    const char *end = text->p + text->len;
    while (line-- > 0) {
        p = memchr(p, '\n', (size_t)(end - p));
        if (!p || ++p == end)
            return NULL;
    }
    return p;
}

enum og_rc og_task_spec(const char *state_dir, const struct og_hash *spec, uint64_t line,
                        json_t **out, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    *out = NULL;
    enum og_rc rc = og_blob_get(state_dir, spec, SPEC_MAX, &text, err);
    const char *p = rc == OG_OK && text.len ? line_at(&text, line) : NULL;
    const char *nl = p ? memchr(p, '\n', (size_t)(text.p + text.len - p)) : NULL;
    if (nl)
        *out = json_loadb(p, (size_t)(nl - p), JSON_REJECT_DUPLICATES, NULL);
    og_buf_release(&text);
    if (rc != OG_OK)
        return og_err_wrap(err, OG_E_UNAVAILABLE, "the spec of the task is not held here");
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        return og_err_set(err, OG_E_DATA, "the spec blob has no line %llu",
                          (unsigned long long)line);
    }
    return OG_OK;
}
