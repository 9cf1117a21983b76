/* analyze_seq_json.c - sequences as JSON, both ways. */
#include "analyze/analyze_seq.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdlib.h>
#include <string.h>

static json_t *hex_json(const void *p, size_t n)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_adds(&b, "0x");
    og_buf_add_hex(&b, p, n);
    json_t *v = json_stringn(b.p, b.len);
    og_buf_release(&b);
    return v;
}

static json_t *word_json(const struct og_u256 *w)
{
    char s[67];
    og_u256_to_hex(w, s);
    return json_string(s);
}

static void set_call(json_t *o, const char *key, const struct og_abi *abi, const uint8_t *p,
                     uint32_t n)
{
    char *name = og_function_name(abi, n >= 4, n >= 4 ? og_get_be32(p) : 0);
    json_object_set_new(o, key, json_string(name));
    free(name);
}

static json_t *tx_json(const struct og_seq_tx *t, const struct og_abi *abi)
{
    json_t *o = json_object();
    json_object_set_new(o, "from", json_string(og_world_name(t->who)));
    json_object_set_new(o, "value", word_json(&t->value));
    json_object_set_new(o, "data", hex_json(t->data, t->n));
    set_call(o, "call", abi, t->data, t->n);
    if (t->wait_s)
        json_object_set_new(o, "wait_s", json_integer(t->wait_s));
    if (t->lured)
        json_object_set_new(o, "origin", json_string("owner"));
    if (t->again) {
        json_object_set_new(o, "again", json_integer(t->again));
        json_object_set_new(o, "back", hex_json(t->back, t->n_back));
        set_call(o, "back_call", abi, t->back, t->n_back);
    }
    return o;
}

char *og_seq_json(const struct og_seq *s, const struct og_abi *abi, const struct og_deployed *d,
                  const struct og_seen *seen)
{
    json_t *o = json_object(), *list = json_array(), *who = json_object();
    for (int i = 0; i < OG_N_WHO; i++)
        json_object_set_new(who, og_world_name((enum og_who)i),
                            hex_json(og_world_addr((enum og_who)i)->b, OG_ADDR_LEN));
    for (size_t i = 0; i < s->n; i++)
        json_array_append_new(list, tx_json(&s->v[i], abi));
    json_object_set_new(o, "accounts", who);
    json_object_set_new(o, "transactions", list);
    if (d->args && d->args[0])
        json_object_set_new(o, "constructor_args", json_string(d->args));
    if (seen && !og_u256_is_zero(&seen->gain))
        json_object_set_new(o, "gain_wei", word_json(&seen->gain));
    char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(o);
    return text;
}

static bool read_hex(const json_t *o, const char *key, uint8_t **p, uint32_t *n)
{
    const char *s = json_string_value(json_object_get(o, key));
    size_t len = s ? strlen(s) : 0;
    *p = NULL;
    *n = 0;
    if (!s)
        return true;
    if (len < 2 || s[0] != '0' || s[1] != 'x' || len % 2 || len / 2 > OG_SEQ_DATA_MAX)
        return false;
    *n = (uint32_t)(len / 2 - 1);
    *p = og_xmalloc(*n + 1);
    return og_hex_decode(s + 2, len - 2, *p, *n);
}

static bool read_small(const json_t *o, const char *key, json_int_t max, json_int_t *out)
{
    const json_t *v = json_object_get(o, key);
    *out = v ? json_integer_value(v) : 0;
    return !v || (json_is_integer(v) && *out >= 0 && *out <= max);
}

static bool read_tx(const json_t *o, struct og_seq_tx *t)
{
    const char *from = json_string_value(json_object_get(o, "from"));
    const char *value = json_string_value(json_object_get(o, "value"));
    const char *origin = json_string_value(json_object_get(o, "origin"));
    json_int_t wait, again;
    int who = 0;
    while (from && who < OG_WHO_CONTRACT && strcmp(from, og_world_name((enum og_who)who)) != 0)
        who++;
    t->who = (enum og_who)who;
    bool ok = from && who < OG_WHO_CONTRACT && read_hex(o, "data", &t->data, &t->n) &&
              read_hex(o, "back", &t->back, &t->n_back) &&
              (!value || og_u256_from_hex(value, &t->value)) &&
              read_small(o, "wait_s", UINT32_MAX, &wait) && read_small(o, "again", 255, &again);
    if (!ok)
        return false;
    t->lured = origin && strcmp(origin, "owner") == 0;
    t->wait_s = (uint32_t)wait;
    t->again = (uint8_t)again;
    return true;
}

enum og_rc og_seq_read(const json_t *o, struct og_seq *out, struct og_err *err)
{
    const json_t *w = json_object_get(o, "witness"), *list;
    *out = (struct og_seq){0};
    list = json_object_get(w ? w : o, "transactions");
    if (!json_is_array(list) || json_array_size(list) > 64)
        return og_err_set(err, OG_E_DATA, "'transactions' must be a list of at most 64");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!read_tx(json_array_get(list, i), og_seq_add(out))) {
            og_seq_release(out);
            return og_err_set(err, OG_E_DATA, "transaction %zu is malformed", i);
        }
    return OG_OK;
}
