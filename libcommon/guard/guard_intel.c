/* guard_intel.c - classes, prefixes, texts. */
#include "guard/guard_intel.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_V4 (96 + 8)
#define LEAST_V6 16

void og_intel_init(struct og_intel *s)
{
    static const char *const closed[] = {"0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10",
                                         "127.0.0.0/8",    "169.254.0.0/16", "172.16.0.0/12",
                                         "192.168.0.0/16", "224.0.0.0/3",    "::/127",
                                         "fc00::/7",       "fe80::/10",      "ff00::/8"};
    *s = (struct og_intel){.weight = 1, .last_class = UINT32_MAX};
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
        struct og_ip a;
        unsigned plen;
        bool has;
        if (og_ip_parse_net(closed[i], strlen(closed[i]), &a, &plen, &has))
            og_lpm_add(&s->allow, a, plen, 0);
    }
}

void og_intel_release(struct og_intel *s)
{
    for (size_t i = 0; i < s->n_feeds; i++)
        free(s->feed[i]);
    free(s->class);
    free(s->class_slot);
    free(s->text);
    free(s->text_slot);
    og_lpm_release(&s->block);
    og_lpm_release(&s->allow);
    og_buf_release(&s->bytes);
    *s = (struct og_intel){0};
}

bool og_intel_feed(struct og_intel *s, const char *name, double weight)
{
    if (s->n_feeds == OG_INTEL_FEEDS_MAX)
        return false;
    s->feed[s->n_feeds++] = og_xstrndup(name, OG_INTEL_NAME_MAX);
    s->weight = weight < 0 ? 0 : weight > 1 ? 1 : weight;
    s->last_class = UINT32_MAX;
    return true;
}

void og_intel_allow(struct og_intel *s, struct og_ip from, unsigned plen)
{
    og_lpm_add(&s->allow, from, plen, 0);
}

static uint64_t class_key(const struct og_intel_class *c)
{
    return og_splitmix64(c->expires ^ (uint64_t)c->score << 40 ^ (uint64_t)c->type << 56 ^
                         (uint64_t)c->feed << 32);
}

static bool same_class(const struct og_intel_class *a, const struct og_intel_class *b)
{
    return a->expires == b->expires && a->score == b->score && a->type == b->type &&
           a->feed == b->feed;
}

static void rehash_classes(struct og_intel *s)
{
    s->n_class_slots = s->n_class_slots ? 2 * s->n_class_slots : 64;
    free(s->class_slot);
    s->class_slot = og_xmalloc(s->n_class_slots * sizeof *s->class_slot);
    memset(s->class_slot, 0xff, s->n_class_slots * sizeof *s->class_slot);
    for (uint32_t i = 0; i < s->n_classes; i++) {
        size_t at = class_key(&s->class[i]) & (s->n_class_slots - 1);
        while (s->class_slot[at] != UINT32_MAX)
            at = (at + 1) & (s->n_class_slots - 1);
        s->class_slot[at] = i;
    }
}

static uint32_t class_of(struct og_intel *s, const struct og_indicator *i)
{
    const struct og_intel_class c = {i->expires, (uint16_t)(i->score * s->weight * 1000 + 0.5),
                                     (uint8_t)i->type, (uint8_t)(s->n_feeds - 1)};
    if (s->last_class != UINT32_MAX && same_class(&s->class[s->last_class], &c))
        return s->last_class;
    if (2 * (s->n_classes + 1) > s->n_class_slots)
        rehash_classes(s);
    size_t at = class_key(&c) & (s->n_class_slots - 1);
    while (s->class_slot[at] != UINT32_MAX && !same_class(&s->class[s->class_slot[at]], &c))
        at = (at + 1) & (s->n_class_slots - 1);
    if (s->class_slot[at] == UINT32_MAX) {
        s->class = og_xgrow(s->class, &s->cap_classes, s->n_classes + 1, sizeof *s->class);
        s->class_slot[at] = (uint32_t)s->n_classes;
        s->class[s->n_classes++] = c;
    }
    return s->last_class = s->class_slot[at];
}

static void add_text(struct og_intel *s, enum og_intel_type t, const void *p, size_t n,
                     uint32_t class)
{
    if (s->bytes.len + n > UINT32_MAX || n > UINT16_MAX)
        return;
    s->text = og_xgrow(s->text, &s->cap_texts, s->n_texts + 1, sizeof *s->text);
    s->text[s->n_texts++] =
        (struct og_intel_text){(uint32_t)s->bytes.len, class, (uint16_t)n, (uint8_t)t};
    og_buf_add(&s->bytes, p, n);
}

/* An address with its port as 18 bytes. */
static void endpoint(uint8_t out[18], struct og_ip a, uint16_t port)
{
    og_put_be64(out, a.hi);
    og_put_be64(out + 8, a.lo);
    out[16] = (uint8_t)(port >> 8);
    out[17] = (uint8_t)port;
}

void og_intel_take(void *ctx, const struct og_indicator *i)
{
    struct og_intel *s = ctx;
    uint8_t key[18];
    if (i->removed || s->n_feeds == 0)
        return;
    if (i->type == OG_INTEL_CIDR && i->plen < (og_ip_is4(i->from) ? LEAST_V4 : LEAST_V6)) {
        s->too_wide++;
        return;
    }
    uint32_t class = class_of(s, i);
    s->taken++;
    switch (i->type) {
    case OG_INTEL_IP: og_lpm_add(&s->block, i->from, 128, class); break;
    case OG_INTEL_CIDR: og_lpm_add(&s->block, i->from, i->plen, class); break;
    case OG_INTEL_RANGE: og_lpm_add_range(&s->block, i->from, i->to, class); break;
    case OG_INTEL_IP_PORT:
        endpoint(key, i->from, i->port);
        add_text(s, i->type, key, sizeof key, class);
        break;
    case OG_INTEL_AS:
    case OG_INTEL_DOMAIN:
    case OG_INTEL_URL:
    case OG_INTEL_MD5:
    case OG_INTEL_SHA1:
    case OG_INTEL_SHA256:
    case OG_INTEL_NODE_ID:
    case OG_INTEL_WALLET:
    case OG_INTEL_IMAGE_DIGEST: add_text(s, i->type, i->text, i->len, class); break;
    case OG_INTEL_TYPES: break;
    }
}

static uint64_t text_key(enum og_intel_type t, const char *p, size_t n)
{
    uint64_t h = og_splitmix64((uint64_t)t << 32 | n);
    for (; n >= 8; p += 8, n -= 8)
        h = og_splitmix64(h ^ og_get_be64((const uint8_t *)p));
    for (; n > 0; p++, n--)
        h = og_splitmix64(h ^ (uint8_t)*p);
    return h;
}

void og_intel_index(struct og_intel *s)
{
    s->n_text_slots = 16;
    while (s->n_text_slots < 2 * s->n_texts)
        s->n_text_slots *= 2;
    s->text_slot = og_xmalloc(s->n_text_slots * sizeof *s->text_slot);
    memset(s->text_slot, 0xff, s->n_text_slots * sizeof *s->text_slot);
    for (uint32_t i = 0; i < s->n_texts; i++) {
        const struct og_intel_text *t = &s->text[i];
        size_t at = text_key((enum og_intel_type)t->type, s->bytes.p + t->at, t->len) &
                    (s->n_text_slots - 1);
        while (s->text_slot[at] != UINT32_MAX)
            at = (at + 1) & (s->n_text_slots - 1);
        s->text_slot[at] = i;
    }
}

void og_intel_build(struct og_intel *s)
{
    og_lpm_build(&s->block);
    og_lpm_build(&s->allow);
    og_intel_index(s);
}

static bool tell(const struct og_intel *s, uint32_t class, uint64_t now, struct og_intel_hit *hit)
{
    const struct og_intel_class *c = &s->class[class];
    if (c->expires && c->expires <= now)
        return false;
    *hit = (struct og_intel_hit){s->feed[c->feed], (enum og_intel_type)c->type,
                                 (double)c->score / 1000, c->expires};
    return true;
}

static bool find_text(const struct og_intel *s, enum og_intel_type t, const char *p, size_t n,
                      uint64_t now, struct og_intel_hit *hit)
{
    size_t at = text_key(t, p, n) & (s->n_text_slots - 1);
    for (; s->text_slot[at] != UINT32_MAX; at = (at + 1) & (s->n_text_slots - 1)) {
        const struct og_intel_text *e = &s->text[s->text_slot[at]];
        if (e->type == t && e->len == n && memcmp(s->bytes.p + e->at, p, n) == 0 &&
            tell(s, e->class, now, hit))
            return true;
    }
    return false;
}

bool og_intel_match_ip(const struct og_intel *s, struct og_ip a, uint16_t port, uint64_t now,
                       struct og_intel_hit *hit)
{
    uint8_t key[18];
    uint32_t class = og_lpm_find(&s->block, a);
    bool found = class != OG_LPM_NONE && tell(s, class, now, hit);
    if (!found && port && s->n_texts) {
        endpoint(key, a, port);
        found = find_text(s, OG_INTEL_IP_PORT, (const char *)key, sizeof key, now, hit);
    }
    return found && og_lpm_find(&s->allow, a) == OG_LPM_NONE;
}

bool og_intel_match_text(const struct og_intel *s, enum og_intel_type t, const char *text,
                         size_t len, uint64_t now, struct og_intel_hit *hit)
{
    for (;;) {
        if (find_text(s, t, text, len, now, hit))
            return true;
        const char *dot = t == OG_INTEL_DOMAIN ? memchr(text, '.', len) : NULL;
        if (!dot)
            return false;
        len -= (size_t)(dot + 1 - text);
        text = dot + 1;
    }
}
