/* model_row.c - records by their column descriptions: bytes, JSON, release. */
#include "model/model_row.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_addr.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define ENUM_MAX 256

static const void *field(const void *rec, const struct og_col *c)
{
    return (const char *)rec + c->at;
}

void og_row_set_text(char **slot, const char *s)
{
    char *t = s ? og_xstrdup(s) : NULL;
    free(*slot);
    *slot = t;
}

void og_row_set_blob(struct og_blob *slot, const void *p, size_t n)
{
    uint8_t *t = n ? og_xmemdup(p, n) : NULL;
    free(slot->p);
    *slot = (struct og_blob){t, n};
}

void og_row_release(const struct og_family *f, void *rec)
{
    if (!rec)
        return;
    for (size_t i = 0; i < f->n_cols; i++) {
        char *at = (char *)rec + f->cols[i].at;
        if (f->cols[i].kind == OG_COL_TEXT)
            free(*(char **)(void *)at);
        else if (f->cols[i].kind == OG_COL_BLOB)
            free(((struct og_blob *)(void *)at)->p);
    }
    memset(rec, 0, f->size);
}

void og_col_bytes_num(enum og_col_kind kind, uint64_t v, struct og_buf *out)
{
    og_buf_addc(out, (char)kind);
    og_buf_add_be64(out, v);
}

void og_col_bytes_data(enum og_col_kind kind, const void *p, size_t n, struct og_buf *out)
{
    og_buf_addc(out, (char)kind);
    if (kind == OG_COL_TEXT || kind == OG_COL_BLOB)
        og_buf_add_be32(out, (uint32_t)n);
    og_buf_add(out, p, n);
}

static void add_col(const struct og_col *c, const void *rec, struct og_buf *out)
{
    const void *at = field(rec, c);
    switch (c->kind) {
    case OG_COL_NUM:
    case OG_COL_DEC:
    case OG_COL_ENUM: og_col_bytes_num(c->kind, *(const uint64_t *)at, out); return;
    case OG_COL_HASH: og_col_bytes_data(c->kind, at, OG_HASH_LEN, out); return;
    case OG_COL_ADDR: og_col_bytes_data(c->kind, at, OG_ADDR_LEN, out); return;
    case OG_COL_TEXT: {
        const char *s = *(char *const *)at;
        og_col_bytes_data(c->kind, s ? s : "", s ? strlen(s) : 0, out);
        return;
    }
    case OG_COL_BLOB: {
        const struct og_blob *b = at;
        og_col_bytes_data(c->kind, b->p, b->n, out);
        return;
    }
    }
}

void og_row_key_bytes(const struct og_family *f, const void *rec, struct og_buf *out)
{
    for (size_t i = 0; i < f->n_key; i++)
        add_col(&f->cols[i], rec, out);
}

void og_row_bytes(const struct og_family *f, const void *rec, struct og_buf *out)
{
    for (size_t i = 0; i < f->n_cols; i++)
        add_col(&f->cols[i], rec, out);
}

/* One column's data of n bytes at p, into the record. */
static bool set_data(const struct og_col *c, const uint8_t *p, size_t n, void *rec)
{
    char *at = (char *)rec + c->at;
    if (c->kind == OG_COL_TEXT) {
        if (memchr(p, 0, n))
            return false;
        *(char **)(void *)at = n ? og_xstrndup((const char *)p, n) : NULL;
        return true;
    }
    if (c->kind == OG_COL_BLOB)
        og_row_set_blob((struct og_blob *)(void *)at, p, n);
    else
        memcpy(at, p, n);
    return true;
}

static bool parse_col(const struct og_col *c, const uint8_t *p, size_t n, void *rec, size_t *used)
{
    bool counted = c->kind == OG_COL_TEXT || c->kind == OG_COL_BLOB;
    size_t head = counted ? 5 : 1;
    size_t len = c->kind == OG_COL_HASH ? OG_HASH_LEN : c->kind == OG_COL_ADDR ? OG_ADDR_LEN : 8;
    if (n < head || p[0] != (uint8_t)c->kind)
        return false;
    if (counted)
        len = og_get_be32(p + 1);
    if (len > n - head)
        return false;
    *used = head + len;
    if (counted || c->kind == OG_COL_HASH || c->kind == OG_COL_ADDR)
        return set_data(c, p + head, len, rec);
    uint64_t v = og_get_be64(p + 1);
    memcpy((char *)rec + c->at, &v, sizeof v);
    return v <= INT64_MAX && (c->kind != OG_COL_ENUM || v < ENUM_MAX);
}

bool og_row_parse(const struct og_family *f, const uint8_t *p, size_t n, void *rec, size_t *used)
{
    *used = 0;
    for (size_t i = 0; i < f->n_cols; i++) {
        size_t k;
        if (!parse_col(&f->cols[i], p + *used, n - *used, rec, &k)) {
            og_row_release(f, rec);
            return false;
        }
        *used += k;
    }
    return true;
}

static json_t *col_json(const struct og_col *c, const void *rec)
{
    const void *at = field(rec, c);
    switch (c->kind) {
    case OG_COL_NUM: return json_integer((json_int_t) * (const uint64_t *)at);
    case OG_COL_DEC: return og_json_new_dec(*(const uint64_t *)at);
    case OG_COL_ENUM: return json_string(c->names[*(const uint64_t *)at]);
    case OG_COL_HASH: return og_json_new_hex(at, OG_HASH_LEN);
    case OG_COL_ADDR: {
        char text[OG_ADDR_TEXT];
        og_addr_format(at, text);
        return json_string(text);
    }
    case OG_COL_TEXT: {
        const char *s = *(char *const *)at;
        return json_string(s ? s : "");
    }
    case OG_COL_BLOB: {
        const struct og_blob *b = at;
        return og_json_new_hex(b->p, b->n);
    }
    }
    return NULL;
}

json_t *og_row_json(const struct og_family *f, const void *rec, const char *kind)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string(kind));
    json_object_set_new(o, "v", json_integer(1));
    for (size_t i = 0; i < f->n_cols; i++)
        json_object_set_new(o, f->cols[i].name, col_json(&f->cols[i], rec));
    return o;
}
