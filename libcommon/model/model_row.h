/* model_row.h - one description of a record's columns serves SQL, hashing and JSON alike. */
#ifndef OG_MODEL_ROW_H
#define OG_MODEL_ROW_H

#include "base/base_buf.h"
#include "crypto/crypto_hash.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum og_col_kind {
    OG_COL_NUM,  /* uint64_t, a JSON number (< 2^53) */
    OG_COL_DEC,  /* uint64_t, a decimal string in JSON: grains, work */
    OG_COL_HASH, /* struct og_hash, hex */
    OG_COL_ADDR, /* struct og_addr, bech32m */
    OG_COL_TEXT, /* char *, owned by the record, NULL = "" */
    OG_COL_BLOB, /* struct og_blob, owned by the record, hex */
    OG_COL_ENUM  /* uint64_t, a name from .names in JSON */
};

struct og_blob {
    uint8_t *p;
    size_t n;
};

struct og_col {
    const char *name;
    enum og_col_kind kind;
    size_t at; /* offset in the record */
    const char *const *names;
};

/* A family of records: one table, one store of the app hash when hashed. */
struct og_family {
    const char *name; /* table and store name */
    const struct og_col *cols;
    size_t n_cols, n_key; /* the first n_key columns are the primary key */
    size_t size;          /* of the record struct */
    int index;            /* position in og_families */
    bool late;            /* not of protocol 1: no part of the app hash while it has no row */
};

/* Frees texts and blobs; the record is zeroed. */
void og_row_release(const struct og_family *f, void *rec);
/* Canonical bytes of the key columns / of all columns: per column a kind byte, then be64, or be32
 * length and bytes. These are what the app hash covers (ogpu-state(5)). */
void og_row_key_bytes(const struct og_family *f, const void *rec, struct og_buf *out);
void og_row_bytes(const struct og_family *f, const void *rec, struct og_buf *out);
/* A record (zeroed) from the bytes of og_row_bytes at p[0..n); *used how many. False, and the
 * record released, when they are none of this family. */
bool og_row_parse(const struct og_family *f, const uint8_t *p, size_t n, void *rec, size_t *used);
/* The canonical bytes of one column: a number's, or n bytes of any other kind. */
void og_col_bytes_num(enum og_col_kind kind, uint64_t v, struct og_buf *out);
void og_col_bytes_data(enum og_col_kind kind, const void *p, size_t n, struct og_buf *out);
/* A new object with the columns by name, "kind" = kind and "v" 1. */
json_t *og_row_json(const struct og_family *f, const void *rec, const char *kind);
/* Sets an owned text or blob, freeing what was there. */
void og_row_set_text(char **slot, const char *s);
void og_row_set_blob(struct og_blob *slot, const void *p, size_t n);

#endif
