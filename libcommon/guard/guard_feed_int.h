/* guard_feed_int.h - what the readers of feeds share. */
#ifndef OG_GUARD_FEED_INT_H
#define OG_GUARD_FEED_INT_H

#include "guard/guard_feed.h"

#include <jansson.h>

struct og_feed_reader {
    const char *text;
    size_t len;
    uint64_t asof;
    og_feed_sink *sink;
    void *ctx;
    struct og_feed_counts *counts;
    double score; /* of what follows */
    uint64_t expires;
    const char *reason;
    bool removed;
};

/* Give an indicator to the sink and count it; false: the text is none of its type. og_feed_put_ip
 * takes an address, a prefix, a range a-b, address:port or address|port. */
bool og_feed_put_ip(struct og_feed_reader *r, const char *s, size_t n);
bool og_feed_put_text(struct og_feed_reader *r, enum og_intel_type t, const char *s, size_t n);

/* The JSON formats. */
enum og_rc og_feed_read_stix(struct og_feed_reader *r, const json_t *doc, struct og_err *err);
enum og_rc og_feed_read_misp(struct og_feed_reader *r, const json_t *doc, struct og_err *err);
enum og_rc og_feed_read_crowdsec(struct og_feed_reader *r, const json_t *doc, struct og_err *err);
/* A pattern: its comparisons as indicators; false: not understood. */
bool og_feed_read_pattern(struct og_feed_reader *r, const char *pattern);

#endif
