/* guard_event.c - events of nodes, from and to JSON lines. */
#include "guard/guard_event.h"

#include "base/base_num.h"
#include "json/json_get.h"

#include <string.h>

#define MEMBER_MAX 24

static const struct {
    const char *word, *members;
} events[OG_GE_COUNT] = {
#define X(name, word, members) [OG_GE_##name] = {word, members},
    OG_GUARD_EVENTS(X)
#undef X
};

const char *og_guard_word(enum og_guard_what w)
{
    return events[w].word;
}

/* The members of an event, one after the other. */
struct walk {
    const char *at;
    bool optional, is_hash;
    char name[MEMBER_MAX];
};

static bool next(struct walk *w)
{
    while (*w->at == ' ' || *w->at == ';') {
        w->optional |= *w->at == ';';
        w->at++;
    }
    size_t n = strcspn(w->at, " ;");
    if (n == 0 || n >= MEMBER_MAX)
        return false;
    memcpy(w->name, w->at, n);
    w->name[n] = '\0';
    w->at += n;
    w->is_hash = strcmp(w->name, "hash") == 0;
    return true;
}

static enum og_rc read_detail(const json_t *detail, struct og_guard_event *out, struct og_err *err)
{
    struct walk w = {.at = events[out->what].members};
    OG_TRY(og_json_u64(detail, "node", OG_GUARD_NUM_MAX, &out->node, err));
    for (size_t i = 0; next(&w);) {
        if (w.is_hash) {
            out->has_hash = json_object_get(detail, w.name) != NULL;
            if (out->has_hash || !w.optional)
                OG_TRY(og_json_hex(detail, w.name, out->hash.b, OG_HASH_LEN, err));
            continue;
        }
        if (w.optional)
            OG_TRY(og_json_u64_or(detail, w.name, OG_GUARD_NUM_MAX, 0, &out->v[i], err));
        else
            OG_TRY(og_json_u64(detail, w.name, OG_GUARD_NUM_MAX, &out->v[i], err));
        i++;
    }
    return OG_OK;
}

static bool find_word(const json_t *o, enum og_guard_what *out)
{
    const char *word = json_string_value(json_object_get(o, "what"));
    for (int i = 0; word && i < OG_GE_COUNT; i++)
        if (strcmp(events[i].word, word) == 0) {
            *out = (enum og_guard_what)i;
            return true;
        }
    return false;
}

static enum og_rc read_object(const json_t *o, struct og_guard_event *out, bool *ours,
                              struct og_err *err)
{
    const char *kind = json_string_value(json_object_get(o, "kind"));
    const json_t *detail = json_object_get(o, "detail");
    if (!json_is_object(o))
        return og_err_set(err, OG_E_DATA, "not a JSON object");
    if (!kind || strcmp(kind, "event") != 0 || !find_word(o, &out->what) ||
        !json_object_get(detail, "node"))
        return OG_OK;
    *ours = true;
    OG_TRY(og_json_u64_or(o, "id", OG_GUARD_NUM_MAX, 0, &out->id, err));
    OG_TRY(og_json_u64(o, "time_ms", OG_GUARD_NUM_MAX, &out->time_ms, err));
    return read_detail(detail, out, err);
}

enum og_rc og_guard_event_read(const char *line, size_t len, struct og_guard_event *out, bool *ours,
                               struct og_err *err)
{
    json_error_t je;
    *out = (struct og_guard_event){0};
    *ours = false;
    if (len > OG_GUARD_LINE_MAX)
        return og_err_set(err, OG_E_DATA, "a line of more than %zu bytes", OG_GUARD_LINE_MAX);
    json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, &je);
    if (!o)
        return og_err_set(err, OG_E_DATA, "not a JSON object: %.120s", je.text);
    enum og_rc rc = read_object(o, out, ours, err);
    json_decref(o);
    return rc;
}

void og_guard_event_write(const struct og_guard_event *e, struct og_buf *out)
{
    static const char order[] = "node";
    struct walk w = {.at = events[e->what].members};
    /* members are sorted within their half: required and optional ones are merged with `node` */
    struct {
        char name[MEMBER_MAX];
        uint64_t v;
        bool hash;
    } m[OG_GUARD_FIELDS + 2];
    size_t n = 0;
    memcpy(m[n].name, order, sizeof order);
    m[n].hash = false;
    m[n++].v = e->node;
    for (size_t i = 0; next(&w);) {
        bool skip = w.is_hash ? !e->has_hash : w.optional && e->v[i] == 0;
        if (!skip) {
            size_t at = n++;
            for (; at > 0 && strcmp(m[at - 1].name, w.name) > 0; at--)
                m[at] = m[at - 1];
            memcpy(m[at].name, w.name, MEMBER_MAX);
            m[at].hash = w.is_hash;
            m[at].v = w.is_hash ? 0 : e->v[i];
        }
        i += !w.is_hash;
    }
    og_buf_adds(out, "{\"detail\":{");
    for (size_t i = 0; i < n; i++) {
        og_buf_addc(out, i ? ',' : '"');
        if (i)
            og_buf_addc(out, '"');
        og_buf_adds(out, m[i].name);
        og_buf_adds(out, "\":");
        if (m[i].hash) {
            og_buf_addc(out, '"');
            og_buf_add_hex(out, e->hash.b, OG_HASH_LEN);
            og_buf_addc(out, '"');
        } else {
            og_buf_addu(out, m[i].v);
        }
    }
    og_buf_adds(out, "},");
    if (e->id) {
        og_buf_adds(out, "\"id\":");
        og_buf_addu(out, e->id);
        og_buf_addc(out, ',');
    }
    og_buf_adds(out, "\"kind\":\"event\",\"time_ms\":");
    og_buf_addu(out, e->time_ms);
    og_buf_adds(out, ",\"v\":1,\"what\":\"");
    og_buf_adds(out, events[e->what].word);
    og_buf_adds(out, "\"}");
}
