/* show_find.c - from what a person types to a row, transaction, receipt or block. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "read.h"
#include "show.h"
#include "store/store_query.h"
#include "store/store_row.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    enum og_family_index family;
} aliases[] = {
    {"epoch", OG_F_EPOCH},
    {"global", OG_F_GLOBAL},
    {"param", OG_F_PARAM},
    {"validator", OG_F_VALIDATOR},
};

void show_target_release(struct show_target *t)
{
    if (t->rec)
        og_row_release(&og_families[t->family], t->rec);
    free(t->rec);
    og_txrow_release(&t->tx);
    memset(t, 0, sizeof *t);
}

static bool family_of(const char *word, size_t n, enum og_family_index *out)
{
    for (int i = 0; i < OG_FAMILIES; i++)
        if (strlen(og_families[i].name) == n && memcmp(og_families[i].name, word, n) == 0) {
            *out = (enum og_family_index)i;
            return true;
        }
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strlen(aliases[i].word) == n && memcmp(aliases[i].word, word, n) == 0) {
            *out = aliases[i].family;
            return true;
        }
    return false;
}

static bool key_column(const struct og_col *c, const char *s, size_t n, void *rec)
{
    void *at = (char *)rec + c->at;
    struct og_err ignored;
    switch (c->kind) {
    case OG_COL_NUM:
    case OG_COL_DEC:
    case OG_COL_ENUM: return og_parse_u64n(s, n, INT64_MAX, at);
    case OG_COL_HASH: return og_hex_decode(s, n, at, OG_HASH_LEN);
    case OG_COL_ADDR: {
        char *text = og_xstrndup(s, n);
        bool ok = og_addr_parse(text, at, &ignored) == OG_OK;
        free(text);
        return ok;
    }
    case OG_COL_TEXT: *(char **)at = og_xstrndup(s, n); return true;
    case OG_COL_BLOB: break;
    }
    return false;
}

/* "7" or "7:0": the key columns of a family, each between colons. */
static bool key_columns(const struct og_family *f, const char *s, void *rec)
{
    for (size_t i = 0; i < f->n_key; i++) {
        size_t n = strcspn(s, ":");
        if (n == 0 || !key_column(&f->cols[i], s, n, rec))
            return false;
        s += n;
        if (i + 1 < f->n_key && *s++ != ':')
            return false;
    }
    return *s == '\0';
}

static enum og_rc absent(const char *id, struct og_err *err)
{
    return og_err_set(err, OG_NO, "there is no '%.100s'", id);
}

static enum og_rc load(struct og_store *st, const char *id, struct show_target *t,
                       struct og_err *err)
{
    bool found;
    t->what = SHOW_ROW;
    OG_TRY(og_row_get(st, t->family, t->rec, &found, err));
    return found ? OG_OK : absent(id, err);
}

static enum og_rc find_row(struct og_store *st, enum og_family_index f, const char *key,
                           const char *id, struct show_target *t, struct og_err *err)
{
    t->family = f;
    t->rec = og_xcalloc(1, og_families[f].size);
    if (!key_columns(&og_families[f], key, t->rec))
        return og_err_set(err, OG_E_USAGE, "'%.100s': '%s' is not the key of %s", id, key,
                          og_families[f].name);
    return load(st, id, t, err);
}

/* The row of an integer-keyed family with the greatest key. */
static enum og_rc find_last(struct og_store *st, enum og_family_index f, uint64_t key,
                            const char *id, struct show_target *t, struct og_err *err)
{
    t->family = f;
    t->rec = og_xcalloc(1, og_families[f].size);
    *(uint64_t *)(void *)((char *)t->rec + og_families[f].cols[0].at) = key;
    return load(st, id, t, err);
}

static enum og_rc find_tx(struct og_store *st, const char *hex, size_t n, const char *id,
                          struct show_target *t, struct og_err *err)
{
    struct og_hash h;
    bool found;
    if (!og_hex_decode(hex, n, h.b, OG_HASH_LEN))
        return og_err_set(err, OG_E_USAGE, "'%.100s': not 64 lower-case hex digits", id);
    OG_TRY(og_txrow_get(st, 0, &h, &t->tx, &found, err));
    t->what = SHOW_TX;
    if (found)
        return OG_OK;
    uint64_t task;
    OG_TRY(og_query_task_by_hash(st, &h, &task, err));
    if (!task)
        return absent(id, err);
    t->family = OG_F_TASK;
    t->rec = og_xcalloc(1, sizeof(struct og_task));
    ((struct og_task *)t->rec)->id = task;
    return load(st, id, t, err);
}

static enum og_rc find_word(struct og_store *st, const char *id, struct show_target *t,
                            struct og_err *err)
{
    uint64_t n;
    if (strcmp(id, "param") == 0 || strcmp(id, "params") == 0) {
        t->what = SHOW_PARAMS;
        return OG_OK;
    }
    if (strcmp(id, "treasury") == 0) {
        t->family = OG_F_ACCOUNT;
        struct og_account *a = t->rec = og_xcalloc(1, sizeof *a);
        a->addr = og_addr_of_key("treasury", "", 0);
        return load(st, id, t, err);
    }
    if (strcmp(id, "epoch") == 0) {
        OG_TRY(ogpu_global(st, "epoch", &n, err));
        return find_last(st, OG_F_EPOCH, n, id, t, err);
    }
    if (strcmp(id, "round") == 0) {
        OG_TRY(ogpu_global(st, "round_open", &n, err));
        return n ? find_last(st, OG_F_ROUND, n, id, t, err) : absent(id, err);
    }
    if (strcmp(id, "block") == 0) {
        t->what = SHOW_BLOCK;
        OG_TRY(og_block_last(st, &t->number, NULL, err));
        return t->number ? OG_OK : absent(id, err);
    }
    return og_err_set(err, OG_E_USAGE, "'%.100s' is not an ID; see ogpu(1)", id);
}

/* "tx:", "receipt:" and "block:", which are no rows of the state. */
static enum og_rc find_block_part(struct og_store *st, const char *id, struct show_target *t,
                                  bool *is, struct og_err *err)
{
    *is = true;
    if (strncmp(id, "tx:", 3) == 0)
        return find_tx(st, id + 3, strlen(id + 3), id, t, err);
    bool receipt = strncmp(id, "receipt:", 8) == 0;
    bool block = strncmp(id, "block:", 6) == 0;
    *is = receipt || block;
    if (!*is)
        return OG_OK;
    if (receipt && strlen(id + 8) == 2 * OG_HASH_LEN) {
        OG_TRY(find_tx(st, id + 8, 2 * OG_HASH_LEN, id, t, err));
        bool is_tx = t->what == SHOW_TX;
        t->what = is_tx ? SHOW_RECEIPT : t->what;
        return is_tx ? OG_OK : absent(id, err);
    }
    t->what = receipt ? SHOW_RECEIPT : SHOW_BLOCK;
    if (!og_parse_u64(strchr(id, ':') + 1, INT64_MAX >> 20, &t->number))
        return og_err_set(err, OG_E_USAGE, "'%.100s': not a number", id);
    return OG_OK;
}

enum og_rc show_find(struct og_store *st, const char *id, struct show_target *out,
                     struct og_err *err)
{
    memset(out, 0, sizeof *out);
    size_t n = strlen(id);
    bool is;
    enum og_family_index f;
    OG_TRY(find_block_part(st, id, out, &is, err));
    if (is)
        return OG_OK;
    const char *colon = strchr(id, ':');
    if (colon && family_of(id, (size_t)(colon - id), &f))
        return find_row(st, f, colon + 1, id, out, err);
    if (n > 0 && strspn(id, "0123456789") == n && n < 20)
        return find_row(st, OG_F_TASK, id, id, out, err);
    if (n == 2 * OG_HASH_LEN && strspn(id, "0123456789abcdef") == n)
        return find_tx(st, id, n, id, out, err);
    if (strncmp(id, "ogpu1", 5) == 0)
        return find_row(st, OG_F_ACCOUNT, id, id, out, err);
    return find_word(st, id, out, err);
}
