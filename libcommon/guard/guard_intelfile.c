/* guard_intelfile.c - a built set as bytes (og_intel_encode, _decode). */
#include "guard/guard_intel.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "guard/guard_bytes.h"

#include <stdlib.h>
#include <string.h>

static const char magic[8] = {'O', 'G', 'P', 'U', 'I', 'N', 'T', '1'};

static void put_lpm(const struct og_lpm *l, struct og_buf *out)
{
    og_buf_reserve(out, 8 * l->n4 + 20 * l->n6 + 8);
    og_buf_add_be32(out, (uint32_t)l->n4);
    for (size_t i = 0; i < l->n4; i++) {
        og_buf_add_be32(out, l->start4[i]);
        og_buf_add_be32(out, l->data4[i]);
    }
    og_buf_add_be32(out, (uint32_t)l->n6);
    for (size_t i = 0; i < l->n6; i++) {
        og_buf_add_be64(out, l->start6[i].hi);
        og_buf_add_be64(out, l->start6[i].lo);
        og_buf_add_be32(out, l->data6[i]);
    }
}

void og_intel_encode(const struct og_intel *s, struct og_buf *out)
{
    og_buf_add(out, magic, sizeof magic);
    og_buf_add_be32(out, (uint32_t)s->n_feeds);
    for (size_t i = 0; i < s->n_feeds; i++)
        og_bytes_put_text(out, s->feed[i]);
    og_buf_add_be32(out, (uint32_t)s->n_classes);
    for (size_t i = 0; i < s->n_classes; i++) {
        og_buf_add_be64(out, s->class[i].expires);
        og_buf_add_be32(out, (uint32_t)s->class[i].score << 16 | (uint32_t)s->class[i].type << 8 |
                                 s->class[i].feed);
    }
    put_lpm(&s->block, out);
    put_lpm(&s->allow, out);
    og_buf_add_be32(out, (uint32_t)s->n_texts);
    for (size_t i = 0; i < s->n_texts; i++) {
        const struct og_intel_text *t = &s->text[i];
        og_buf_addc(out, (char)t->type);
        og_buf_add_be32(out, t->class);
        og_buf_addc(out, (char)(t->len >> 8));
        og_buf_addc(out, (char)t->len);
        og_buf_add(out, s->bytes.p + t->at, t->len);
    }
}

static bool get_lpm(struct og_bytes *b, size_t classes, struct og_lpm *l)
{
    uint32_t n;
    if (!og_bytes_u32(b, UINT32_MAX, &n) || n == 0 || n > (b->n - b->at) / 8)
        return false;
    l->start4 = og_xcalloc(n, sizeof *l->start4);
    l->data4 = og_xcalloc(n, sizeof *l->data4);
    for (l->n4 = 0; l->n4 < n; l->n4++) {
        uint32_t *start = &l->start4[l->n4], *data = &l->data4[l->n4];
        if (!og_bytes_u32(b, UINT32_MAX, start) || !og_bytes_u32(b, UINT32_MAX, data) ||
            (l->n4 ? *start <= start[-1] : *start != 0) ||
            (*data >= classes && *data != OG_LPM_NONE))
            return false;
    }
    if (!og_bytes_u32(b, UINT32_MAX, &n) || n == 0 || n > (b->n - b->at) / 20)
        return false;
    l->start6 = og_xcalloc(n, sizeof *l->start6);
    l->data6 = og_xcalloc(n, sizeof *l->data6);
    for (l->n6 = 0; l->n6 < n; l->n6++) {
        struct og_ip *start = &l->start6[l->n6];
        const uint8_t *p = b->p + b->at;
        *start = og_ip_of16(p);
        b->at += 16;
        if (!og_bytes_u32(b, UINT32_MAX, &l->data6[l->n6]) ||
            (l->n6 ? og_ip_cmp(start[-1], *start) >= 0 : start->hi != 0 || start->lo != 0) ||
            (l->data6[l->n6] >= classes && l->data6[l->n6] != OG_LPM_NONE))
            return false;
    }
    return true;
}

static bool get_text(struct og_bytes *b, struct og_intel *s)
{
    uint8_t type, hi, lo;
    uint32_t class;
    if (!og_bytes_u8(b, &type) || type >= OG_INTEL_TYPES || !og_bytes_u32(b, UINT32_MAX, &class) ||
        class >= s->n_classes || !og_bytes_u8(b, &hi) || !og_bytes_u8(b, &lo))
        return false;
    size_t n = (size_t)hi << 8 | lo;
    if (n > b->n - b->at)
        return false;
    s->text = og_xgrow(s->text, &s->cap_texts, s->n_texts + 1, sizeof *s->text);
    s->text[s->n_texts++] =
        (struct og_intel_text){(uint32_t)s->bytes.len, class, (uint16_t)n, type};
    og_buf_add(&s->bytes, b->p + b->at, n);
    b->at += n;
    return true;
}

static bool decode(struct og_bytes *b, struct og_intel *s)
{
    uint32_t n, hi, lo, rest;
    if (b->n < sizeof magic || b->n > UINT32_MAX || memcmp(b->p, magic, sizeof magic) != 0)
        return false;
    b->at = sizeof magic;
    if (!og_bytes_u32(b, OG_INTEL_FEEDS_MAX, &n))
        return false;
    for (uint32_t i = 0; i < n; i++, s->n_feeds++)
        if (!og_bytes_text(b, OG_INTEL_NAME_MAX, &s->feed[i]))
            return false;
    if (!og_bytes_u32(b, UINT32_MAX, &n) || n > (b->n - b->at) / 12)
        return false;
    s->class = og_xcalloc(n, sizeof *s->class);
    for (uint32_t i = 0; i < n; i++, s->n_classes++) {
        if (!og_bytes_u32(b, UINT32_MAX, &hi) || !og_bytes_u32(b, UINT32_MAX, &lo) ||
            !og_bytes_u32(b, UINT32_MAX, &rest) || (rest & 0xff) >= s->n_feeds ||
            (rest >> 8 & 0xff) >= OG_INTEL_TYPES)
            return false;
        s->class[i] = (struct og_intel_class){(uint64_t)hi << 32 | lo, (uint16_t)(rest >> 16),
                                              (uint8_t)(rest >> 8), (uint8_t)rest};
    }
    if (!get_lpm(b, n, &s->block) || !get_lpm(b, n > 0 ? n : 1, &s->allow) ||
        !og_bytes_u32(b, UINT32_MAX, &n))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!get_text(b, s))
            return false;
    return b->at == b->n;
}

enum og_rc og_intel_decode(const void *p, size_t n, struct og_intel *out, struct og_err *err)
{
    struct og_bytes b = {p, n, 0};
    *out = (struct og_intel){0};
    if (!decode(&b, out)) {
        og_intel_release(out);
        return og_err_set(err, OG_E_DATA, "malformed set of indicators");
    }
    og_lpm_index(&out->block);
    og_lpm_index(&out->allow);
    og_intel_index(out);
    return OG_OK;
}
