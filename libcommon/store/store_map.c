/* store_map.c - the tables of the app hash that are simple Merkle maps. */
#include "store/store_map.h"

#include "base/base_mem.h"
#include "store/store_row.h"
#include "json/json_canon.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct og_buf key;
    struct og_hash leaf;
};

struct entries {
    const struct og_family *f;
    struct entry *e;
    size_t n, cap;
};

bool og_map_is(enum og_family_index f)
{
    return f == OG_F_PARAM || f == OG_F_VALIDATOR || f == OG_F_EPOCH;
}

void og_map_key(const struct og_family *f, const void *rec, struct og_buf *key)
{
    const void *k = (const char *)rec + f->cols[0].at;
    if (f->cols[0].kind == OG_COL_TEXT)
        og_buf_adds(key, *(char *const *)k);
    else
        og_buf_addf(key, "%llu", (unsigned long long)*(const uint64_t *)k);
}

enum og_rc og_map_value(const struct og_family *f, const void *rec, struct og_buf *value,
                        struct og_err *err)
{
    json_t *o = og_row_json(f, rec, f->name);
    enum og_rc rc = og_json_canon(o, value, err);
    json_decref(o);
    return rc;
}

static enum og_rc add(void *ctx, const void *rec, struct og_err *err)
{
    struct entries *m = ctx;
    struct og_buf v = OG_BUF_INIT;
    m->e = og_xgrow(m->e, &m->cap, m->n + 1, sizeof *m->e);
    struct entry *e = &m->e[m->n++];
    *e = (struct entry){.key = OG_BUF_INIT};
    og_map_key(m->f, rec, &e->key);
    enum og_rc rc = og_map_value(m->f, rec, &v, err);
    if (rc == OG_OK)
        e->leaf = og_merkle_map_leaf(e->key.p, e->key.len, v.p, v.len);
    og_buf_release(&v);
    return rc;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->key.p, ((const struct entry *)b)->key.p);
}

enum og_rc og_map_leaves(struct og_store *st, enum og_family_index f, const struct og_buf *key,
                         struct og_hash **leaf, size_t *n, size_t *at, struct og_err *err)
{
    struct entries m = {.f = &og_families[f]};
    *leaf = NULL;
    *n = *at = 0;
    enum og_rc rc = og_row_walk(st, f, add, &m, err);
    if (rc == OG_OK) {
        if (m.n)
            qsort(m.e, m.n, sizeof *m.e, by_key);
        *leaf = og_xcalloc(m.n, sizeof **leaf);
        *n = *at = m.n;
        for (size_t i = 0; i < m.n; i++) {
            (*leaf)[i] = m.e[i].leaf;
            if (key && strcmp(m.e[i].key.p, key->p) == 0)
                *at = i;
        }
    }
    for (size_t i = 0; i < m.n; i++)
        og_buf_release(&m.e[i].key);
    free(m.e);
    return rc;
}
