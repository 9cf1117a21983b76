/* fuzz_row.c - hostile buckets in proofs of the app hash: nothing is read beyond the bytes, no row
 * is both there and absent, no two rows are there under one key.
 * Input: a byte that tells how long the key is (0..31), the key, the bucket. */
#include "base/base_buf.h"
#include "store/store_bucket.h"
#include "store/store_tree.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* A proof whose hashes all fit the bucket: only its content can refuse it. */
static struct og_hash fit(struct og_tree_proof *p, const struct og_buf *key)
{
    struct og_hash at = og_merkle_leaf(p->bucket.p ? p->bucket.p : "", p->bucket.len);
    p->in_store.total = OG_BUCKETS;
    p->in_store.index = og_bucket_of(key->p, key->len);
    p->in_store.n = 16;
    for (unsigned i = 0; i < 16; i++) {
        const struct og_hash *aunt = &p->in_store.aunt[i];
        at = p->in_store.index >> i & 1 ? og_merkle_inner(aunt, &at) : og_merkle_inner(&at, aunt);
    }
    p->store_root = at;
    p->in_app.total = 1;
    return og_merkle_map_leaf("unbond", 6, at.b, sizeof at.b);
}

static size_t count(const struct og_buf *bucket, const struct og_buf *key)
{
    size_t n = 0;
    for (size_t at = 0; at < bucket->len;) {
        size_t e = og_bucket_entry(bucket->p + at, bucket->len - at);
        if (!e)
            break;
        check(e <= bucket->len - at && e >= 36);
        n += og_bucket_key_cmp(bucket->p + at + 4, e - 36, key->p, key->len) == 0;
        at += e;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct og_hash no_row;
    if (size < 1 || size < 1 + (size_t)(data[0] & 31))
        return 0;
    struct og_tree_proof p;
    struct og_buf key = OG_BUF_INIT;
    struct og_buf row = OG_BUF_INIT;
    struct og_buf edited = OG_BUF_INIT;
    memset(&p, 0, sizeof p);
    size_t kn = data[0] & 31;
    og_buf_add(&key, data + 1, kn);
    og_buf_add(&p.bucket, data + 1 + kn, size - 1 - kn);
    og_buf_adds(&row, "row");
    struct og_hash app = fit(&p, &key);
    bool absent = og_tree_verify(&p, "unbond", &key, NULL, &app);
    bool there = og_tree_verify(&p, "unbond", &key, &row, &app);
    check(!(absent && there));
    check(!absent || count(&p.bucket, &key) == 0);
    check(!there || count(&p.bucket, &key) >= 1);
    /* put the row in, take it out: the proofs follow */
    struct og_hash h = og_sha256(row.p, row.len);
    og_bucket_edit(&p.bucket, key.p, key.len, &h, &edited);
    check(count(&edited, &key) == 1);
    struct og_buf was = p.bucket;
    p.bucket = edited;
    app = fit(&p, &key);
    check(og_tree_verify(&p, "unbond", &key, &row, &app));
    check(!og_tree_verify(&p, "unbond", &key, NULL, &app));
    p.bucket = was;
    struct og_buf out = OG_BUF_INIT;
    og_bucket_edit(&edited, key.p, key.len, NULL, &out);
    check(count(&out, &key) == 0);
    check(memcmp(&no_row, &h, sizeof h) != 0);
    og_tree_proof_release(&p);
    og_buf_release(&key);
    og_buf_release(&row);
    og_buf_release(&edited);
    og_buf_release(&out);
    return 0;
}
