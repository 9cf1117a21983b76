/* test_tree.c - the app hash: kept trees equal one scan, order does not matter, proofs hold and
 * every corruption of one fails. */
#include "storekit.h"

#include "store/store_bucket.h"
#include "store/store_tree.h"

static struct og_hash flush(struct og_store *st)
{
    struct og_hash h;
    uint64_t n;
    OK(og_tree_flush(st, &h, &kit_err));
    OK(og_tree_pending(st, &n, &kit_err));
    assert_int_equal(n, 0);
    return h;
}

static struct og_hash scan(struct og_store *st)
{
    struct og_hash h;
    OK(og_tree_recompute(st, &h, &kit_err));
    return h;
}

static void same(const struct og_hash *a, const struct og_hash *b)
{
    assert_memory_equal(a, b, sizeof *a);
}

/* Random edits of all families; after each batch the kept trees equal the scan. */
static void flush_equals_recompute(void **state)
{
    (void)state;
    enum { POOL = 6, BATCHES = 12, EDITS = 25 };
    struct og_store *st = kit_memory();
    void *pool[OG_FAMILIES][POOL];
    for (int f = 0; f < OG_FAMILIES; f++)
        for (int i = 0; i < POOL; i++) {
            pool[f][i] = og_xcalloc(1, og_families[f].size);
            kit_rec(&og_families[f], pool[f][i]);
        }
    struct og_hash last = flush(st);
    struct og_hash want = scan(st);
    same(&last, &want);
    for (int b = 0; b < BATCHES; b++) {
        OK(og_store_begin(st, &kit_err));
        for (int e = 0; e < EDITS; e++) {
            int f = (int)(kit_random() % OG_FAMILIES);
            void *rec = pool[f][kit_random() % POOL];
            if (kit_random() % 3 == 0)
                OK(og_row_del(st, (enum og_family_index)f, rec, &kit_err));
            else
                OK(og_row_put(st, (enum og_family_index)f, rec, &kit_err));
        }
        struct og_hash kept = flush(st);
        OK(og_store_commit(st, &kit_err));
        want = scan(st);
        same(&kept, &want);
        last = flush(st); /* nothing changed */
        same(&kept, &last);
    }
    for (int f = 0; f < OG_FAMILIES; f++)
        for (int i = 0; i < POOL; i++) {
            og_row_release(&og_families[f], pool[f][i]);
            free(pool[f][i]);
        }
    og_store_close(st);
}

/* Many rows share buckets: 3000 keys in 65536. Inserted in two orders, with detours in one. */
static void order_does_not_matter(void **state)
{
    (void)state;
    enum { N = 3000 };
    struct og_store *a = kit_memory();
    struct og_store *b = kit_memory();
    OK(og_store_begin(a, &kit_err));
    OK(og_store_begin(b, &kit_err));
    for (uint64_t i = 1; i <= N; i++) {
        struct og_unbond u = {.id = i, .grains = i * i};
        OK(og_row_put(a, OG_F_UNBOND, &u, &kit_err));
    }
    for (uint64_t i = N; i >= 1; i--) {
        struct og_unbond u = {.id = i, .grains = 1};
        struct og_unbond other = {.id = i + N};
        OK(og_row_put(b, OG_F_UNBOND, &u, &kit_err));
        OK(og_row_put(b, OG_F_UNBOND, &other, &kit_err));
        if (i % 500 == 0)
            flush(b);
    }
    for (uint64_t i = 1; i <= N; i++) {
        struct og_unbond u = {.id = i, .grains = i * i};
        struct og_unbond other = {.id = i + N};
        OK(og_row_put(b, OG_F_UNBOND, &u, &kit_err));
        OK(og_row_del(b, OG_F_UNBOND, &other, &kit_err));
    }
    struct og_hash ha = flush(a);
    struct og_hash hb = flush(b);
    same(&ha, &hb);
    hb = scan(b);
    same(&ha, &hb);
    og_store_rollback(a);
    og_store_rollback(b);
    og_store_close(a);
    og_store_close(b);
}

static void every_column_counts(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    for (int i = 0; i < OG_FAMILIES; i++) {
        const struct og_family *f = &og_families[i];
        void *rec = og_xcalloc(1, f->size);
        kit_rec(f, rec);
        OK(og_row_put(st, (enum og_family_index)i, rec, &kit_err));
        struct og_hash before = flush(st);
        for (size_t c = f->n_key; c < f->n_cols; c++) {
            void *at = (char *)rec + f->cols[c].at;
            switch (f->cols[c].kind) {
            case OG_COL_NUM:
            case OG_COL_DEC: *(uint64_t *)at ^= 1; break;
            case OG_COL_ENUM: *(uint64_t *)at = (*(uint64_t *)at + 1) % 3; break;
            case OG_COL_HASH:
            case OG_COL_ADDR: ++*(uint8_t *)at; break;
            case OG_COL_TEXT: og_row_set_text(at, "changed"); break;
            case OG_COL_BLOB: og_row_set_blob(at, "\x01", 1); break;
            }
            OK(og_row_put(st, (enum og_family_index)i, rec, &kit_err));
            struct og_hash after = flush(st);
            if (memcmp(&before, &after, sizeof before) == 0)
                fail_msg("%s.%s does not count", f->name, f->cols[c].name);
            before = after;
        }
        og_row_release(f, rec);
        free(rec);
    }
    og_store_close(st);
}

struct proven {
    struct og_tree_proof p;
    struct og_buf key, row;
    struct og_hash app;
};

static bool holds(const struct proven *v, const struct og_buf *row)
{
    return og_tree_verify(&v->p, "unbond", &v->key, row, &v->app);
}

static void prove(struct og_store *st, const struct og_unbond *u, struct proven *v)
{
    memset(v, 0, sizeof *v);
    OK(og_tree_flush(st, &v->app, &kit_err));
    OK(og_tree_prove(st, OG_F_UNBOND, u, &v->p, &kit_err));
    assert_memory_equal(&v->p.app_hash, &v->app, sizeof v->app);
    og_row_key_bytes(&og_families[OG_F_UNBOND], u, &v->key);
    og_row_bytes(&og_families[OG_F_UNBOND], u, &v->row);
}

static void release(struct proven *v)
{
    og_tree_proof_release(&v->p);
    og_buf_release(&v->key);
    og_buf_release(&v->row);
}

static struct og_store *two_hundred(void)
{
    struct og_store *st = kit_memory();
    OK(og_store_begin(st, &kit_err));
    for (uint64_t i = 1; i <= 200; i++) {
        struct og_unbond u = {.id = i, .node = i % 7, .grains = i * 1000};
        OK(og_row_put(st, OG_F_UNBOND, &u, &kit_err));
    }
    OK(og_store_commit(st, &kit_err));
    return st;
}

static void rows_are_proven(void **state)
{
    (void)state;
    struct og_store *st = two_hundred();
    for (uint64_t i = 1; i <= 200; i += 13) {
        struct og_unbond u = {.id = i, .node = i % 7, .grains = i * 1000};
        struct proven v;
        prove(st, &u, &v);
        assert_true(holds(&v, &v.row));
        assert_false(holds(&v, NULL)); /* it is there */
        assert_false(og_tree_verify(&v.p, "task", &v.key, &v.row, &v.app));
        v.row.p[v.row.len - 1]++;
        assert_false(holds(&v, &v.row));
        release(&v);
    }
    og_store_close(st);
}

static void absence_is_proven(void **state)
{
    (void)state;
    struct og_store *st = two_hundred();
    for (uint64_t i = 201; i <= 400; i += 17) {
        struct og_unbond u = {.id = i};
        struct proven v;
        prove(st, &u, &v);
        assert_true(holds(&v, NULL));
        assert_false(holds(&v, &v.row));
        release(&v);
    }
    og_store_close(st);
}

static void flip_each_bit_of(struct proven *v, void *p, size_t n, const struct og_buf *row)
{
    for (size_t i = 0; i < n * 8; i++) {
        ((uint8_t *)p)[i / 8] ^= (uint8_t)(1u << (i % 8));
        if (holds(v, row))
            fail_msg("a proof with bit %zu turned holds", i);
        ((uint8_t *)p)[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
}

static void corrupt(struct proven *v, const struct og_buf *row)
{
    assert_true(holds(v, row));
    flip_each_bit_of(v, v->p.bucket.p, v->p.bucket.len, row);
    flip_each_bit_of(v, v->p.in_store.aunt, v->p.in_store.n * OG_HASH_LEN, row);
    flip_each_bit_of(v, v->p.in_app.aunt, v->p.in_app.n * OG_HASH_LEN, row);
    flip_each_bit_of(v, &v->p.store_root, OG_HASH_LEN, row);
    flip_each_bit_of(v, &v->app, OG_HASH_LEN, row);
    flip_each_bit_of(v, &v->p.in_store.total, sizeof v->p.in_store.total, row);
    flip_each_bit_of(v, &v->p.in_store.index, sizeof v->p.in_store.index, row);
    flip_each_bit_of(v, &v->p.in_app.total, 2, row);
    flip_each_bit_of(v, &v->p.in_app.index, sizeof v->p.in_app.index, row);
    for (size_t n = 0; n <= OG_MERKLE_PATH_MAX; n++) {
        size_t was = v->p.in_store.n;
        v->p.in_store.n = n;
        if (n != was)
            assert_false(holds(v, row));
        v->p.in_store.n = was;
        was = v->p.in_app.n;
        v->p.in_app.n = n;
        if (n != was)
            assert_false(holds(v, row));
        v->p.in_app.n = was;
    }
    for (size_t n = 0; n < v->p.bucket.len; n++) {
        size_t was = v->p.bucket.len;
        v->p.bucket.len = n;
        assert_false(holds(v, row));
        v->p.bucket.len = was;
    }
    assert_true(holds(v, row));
}

static void every_corruption_fails(void **state)
{
    (void)state;
    struct og_store *st = two_hundred();
    struct og_unbond there = {.id = 14, .node = 0, .grains = 14000};
    struct og_unbond gone = {.id = 1014};
    struct proven v;
    prove(st, &there, &v);
    corrupt(&v, &v.row);
    release(&v);
    prove(st, &gone, &v);
    corrupt(&v, NULL);
    release(&v);
    /* an absence proof from a bucket that holds another row */
    for (uint64_t i = 1000;; i++) {
        struct og_unbond u = {.id = i};
        prove(st, &u, &v);
        if (v.p.bucket.len)
            break;
        release(&v);
    }
    corrupt(&v, NULL);
    release(&v);
    og_store_close(st);
}

static struct og_store *with_epochs(uint64_t n)
{
    struct og_store *st = kit_memory();
    OK(og_store_begin(st, &kit_err));
    for (uint64_t i = 1; i <= n; i++) {
        struct og_epoch e = {.id = i, .first_h = 10 * i};
        OK(og_row_put(st, OG_F_EPOCH, &e, &kit_err));
    }
    OK(og_store_commit(st, &kit_err));
    return st;
}

static void entries_of_maps_are_proven(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 20; n += 19) { /* "10" stands before "2" */
        struct og_store *st = with_epochs(n);
        for (uint64_t i = 1; i <= n; i++) {
            struct og_epoch e = {.id = i, .first_h = 10 * i};
            struct proven v = {0};
            OK(og_tree_flush(st, &v.app, &kit_err));
            OK(og_tree_prove(st, OG_F_EPOCH, &e, &v.p, &kit_err));
            OK(og_tree_bytes(OG_F_EPOCH, &e, &v.key, &v.row, &kit_err));
            assert_true(og_tree_verify(&v.p, "epochs", &v.key, &v.row, &v.app));
            assert_false(og_tree_verify(&v.p, "epochs", &v.key, NULL, &v.app));
            assert_false(og_tree_verify(&v.p, "params", &v.key, &v.row, &v.app));
            assert_false(og_tree_verify(&v.p, "task", &v.key, &v.row, &v.app));
            for (size_t at = 0; at < v.row.len; at++) {
                v.row.p[at] ^= 1;
                assert_false(og_tree_verify(&v.p, "epochs", &v.key, &v.row, &v.app));
                v.row.p[at] ^= 1;
            }
            v.key.p[0]++;
            assert_false(og_tree_verify(&v.p, "epochs", &v.key, &v.row, &v.app));
            release(&v);
        }
        struct og_epoch none = {.id = n + 1};
        struct og_tree_proof p;
        assert_int_equal(og_tree_prove(st, OG_F_EPOCH, &none, &p, &kit_err), OG_E_USAGE);
        og_store_close(st);
    }
}

/* Entries stay sorted whatever is added and taken away. */
static void buckets_stay_sorted(void **state)
{
    (void)state;
    struct og_buf a = OG_BUF_INIT;
    struct og_buf b = OG_BUF_INIT;
    for (int step = 0; step < 3000; step++) {
        uint8_t key[3] = {(uint8_t)(kit_random() % 5), (uint8_t)(kit_random() % 5), 7};
        size_t n = 1 + kit_random() % 3;
        struct og_hash h;
        kit_fill(&h, sizeof h);
        og_bucket_edit(&a, key, n, kit_random() % 3 ? &h : NULL, &b);
        struct og_buf swap = a;
        a = b;
        b = swap;
        const char *last = NULL;
        size_t last_n = 0;
        for (size_t at = 0; at < a.len;) {
            size_t e = og_bucket_entry(a.p + at, a.len - at);
            assert_true(e > 0);
            if (last)
                assert_true(og_bucket_key_cmp(last, last_n, a.p + at + 4, e - 36) < 0);
            last = a.p + at + 4;
            last_n = e - 36;
            at += e;
        }
    }
    og_buf_release(&a);
    og_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flush_equals_recompute),     cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(every_column_counts),        cmocka_unit_test(rows_are_proven),
        cmocka_unit_test(absence_is_proven),          cmocka_unit_test(every_corruption_fails),
        cmocka_unit_test(entries_of_maps_are_proven), cmocka_unit_test(buckets_stay_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
