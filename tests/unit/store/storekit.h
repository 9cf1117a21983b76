/* storekit.h - what the tests of the store share: a folder of their own, open, random records. */
#ifndef OG_TEST_STOREKIT_H
#define OG_TEST_STOREKIT_H

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "model/model_records.h"
#include "store/store_open.h"
#include "store/store_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char kit_dir[64];
static struct og_err kit_err;

#define OK(expr)                                                                                   \
    do {                                                                                           \
        enum og_rc ok_rc_ = (expr);                                                                \
        if (ok_rc_ != OG_OK)                                                                       \
            fail_msg("%s: %d, %s", #expr, (int)ok_rc_, kit_err.msg);                               \
    } while (0)

static inline int kit_open(void **state)
{
    (void)state;
    snprintf(kit_dir, sizeof kit_dir, "/tmp/ogpu-test-XXXXXX");
    return mkdtemp(kit_dir) ? 0 : -1;
}

static inline int kit_close(void **state)
{
    (void)state;
    return og_io_remove_tree(kit_dir, &kit_err) == OG_OK ? 0 : -1;
}

static inline struct og_store *kit_memory(void)
{
    struct og_store *st;
    OK(og_store_open("", OG_STORE_MEMORY | OG_STORE_WRITE, &st, &kit_err));
    return st;
}

static inline struct og_store *kit_create(const char *dir)
{
    struct og_store *st;
    OK(og_store_open(dir, OG_STORE_CREATE | OG_STORE_WRITE | OG_STORE_NOSYNC, &st, &kit_err));
    return st;
}

/* splitmix64: the tests' only randomness; the seed is fixed. */
static uint64_t kit_seed = 1;
static inline uint64_t kit_random(void)
{
    uint64_t z = (kit_seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline void kit_fill(void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)p)[i] = (uint8_t)kit_random();
}

static inline uint64_t kit_names(const char *const *names)
{
    /* the shortest list has 3 names */
    return names == og_vote_names ? 5 : 3;
}

/* A random value in every column; owned texts and blobs, to be released. Every column of every
 * family takes it: numbers below 2^53. */
static inline void kit_rec(const struct og_family *f, void *rec)
{
    memset(rec, 0, f->size);
    for (size_t i = 0; i < f->n_cols; i++) {
        void *at = (char *)rec + f->cols[i].at;
        char text[32];
        uint8_t bytes[48];
        switch (f->cols[i].kind) {
        case OG_COL_NUM:
            *(uint64_t *)at =
                strcmp(f->cols[i].name, "state") == 0 ? kit_random() % 3 : kit_random() >> 11;
            break;
        case OG_COL_DEC: *(uint64_t *)at = kit_random() >> 3; break;
        case OG_COL_ENUM: *(uint64_t *)at = kit_random() % kit_names(f->cols[i].names); break;
        case OG_COL_HASH: kit_fill(at, OG_HASH_LEN); break;
        case OG_COL_ADDR: kit_fill(at, OG_ADDR_LEN); break;
        case OG_COL_TEXT:
            snprintf(text, sizeof text, "t%llu", (unsigned long long)kit_random());
            og_row_set_text(at, text);
            break;
        case OG_COL_BLOB:
            kit_fill(bytes, sizeof bytes);
            og_row_set_blob(at, bytes, 1 + kit_random() % sizeof bytes);
            break;
        }
    }
}

/* True when both have the same canonical bytes. */
static inline bool kit_same(const struct og_family *f, const void *a, const void *b)
{
    struct og_buf x = OG_BUF_INIT;
    struct og_buf y = OG_BUF_INIT;
    og_row_bytes(f, a, &x);
    og_row_bytes(f, b, &y);
    bool same = x.len == y.len && memcmp(x.p, y.p, x.len) == 0;
    og_buf_release(&x);
    og_buf_release(&y);
    return same;
}

/* A copy of rec's key columns alone; texts are owned. */
static inline void kit_key(const struct og_family *f, const void *rec, void *out)
{
    memset(out, 0, f->size);
    for (size_t i = 0; i < f->n_key; i++) {
        const char *from = (const char *)rec + f->cols[i].at;
        char *to = (char *)out + f->cols[i].at;
        switch (f->cols[i].kind) {
        case OG_COL_NUM:
        case OG_COL_DEC:
        case OG_COL_ENUM: memcpy(to, from, sizeof(uint64_t)); break;
        case OG_COL_HASH: memcpy(to, from, OG_HASH_LEN); break;
        case OG_COL_ADDR: memcpy(to, from, OG_ADDR_LEN); break;
        case OG_COL_TEXT: og_row_set_text((void *)to, *(char *const *)(const void *)from); break;
        case OG_COL_BLOB: fail_msg("a blob is no key"); break;
        }
    }
}

#endif
