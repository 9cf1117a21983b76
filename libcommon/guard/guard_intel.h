/* guard_intel.h - all feeds in one set: is this address, name, hash or node known, by whom, how
 * surely?
 *
 * Filled, built once, then only asked; a new one takes its place whole. What an own or private
 * range holds never matches, and prefixes wider than /8 (IPv6: /16) are not taken in. */
#ifndef OG_GUARD_INTEL_H
#define OG_GUARD_INTEL_H

#include "base/base_buf.h"
#include "guard/guard_feed.h"
#include "guard/guard_lpm.h"

#define OG_INTEL_FEEDS_MAX 256
#define OG_INTEL_NAME_MAX  64

/* What indicators have in common: many have all of it. */
struct og_intel_class {
    uint64_t expires; /* Unix seconds; 0: never */
    uint16_t score;   /* thousandths of the feed's score by its weight */
    uint8_t type, feed;
};

struct og_intel_text {
    uint32_t at, class; /* at: in bytes */
    uint16_t len;
    uint8_t type;
};

struct og_intel {
    char *feed[OG_INTEL_FEEDS_MAX];
    double weight;
    size_t n_feeds;
    struct og_intel_class *class;
    uint32_t *class_slot; /* hash table of classes */
    size_t n_classes, cap_classes, n_class_slots;
    uint32_t last_class;
    struct og_lpm block, allow;
    struct og_intel_text *text;
    uint32_t *text_slot; /* hash table of texts, once built */
    size_t n_texts, cap_texts, n_text_slots;
    struct og_buf bytes;
    uint64_t taken, too_wide;
};

void og_intel_init(struct og_intel *s);
void og_intel_release(struct og_intel *s);
/* What follows is of this feed, whose word counts weight (0..1). False: too many feeds. */
bool og_intel_feed(struct og_intel *s, const char *name, double weight);
/* An og_feed_sink; ctx is the set. Indicators that a feed took back are passed over. */
void og_intel_take(void *ctx, const struct og_indicator *i);
/* Addresses of one's own; private ranges are there already. */
void og_intel_allow(struct og_intel *s, struct og_ip from, unsigned plen);
void og_intel_build(struct og_intel *s);
void og_intel_index(struct og_intel *s); /* of texts; part of og_intel_build */

struct og_intel_hit {
    const char *feed;
    enum og_intel_type type;
    double score;
    uint64_t expires;
};
/* port 0: none known. False: not known, or no longer at `now` (Unix seconds). Thread-safe. */
bool og_intel_match_ip(const struct og_intel *s, struct og_ip a, uint16_t port, uint64_t now,
                       struct og_intel_hit *hit);
/* Lower case but for URL and WALLET. A domain matches those above it, too. */
bool og_intel_match_text(const struct og_intel *s, enum og_intel_type t, const char *text,
                         size_t len, uint64_t now, struct og_intel_hit *hit);

/* A built set as bytes, and back. OG_E_DATA: malformed. */
void og_intel_encode(const struct og_intel *s, struct og_buf *out);
enum og_rc og_intel_decode(const void *p, size_t n, struct og_intel *out,
                           struct og_err *err) OG_MUST_CHECK;

#endif
