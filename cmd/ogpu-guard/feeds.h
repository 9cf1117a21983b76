/* feeds.h - what the files of `ogpu-guard feeds` share. */
#ifndef OG_CMD_FEEDS_H
#define OG_CMD_FEEDS_H

#include "cmd.h"

#define FEED_HEADERS_MAX 8
#define FEED_PAGES_MAX   1000
#define FEED_URL_MAX     4096

/* A line of the configuration. */
struct feed {
    char *name, *url;
    enum og_feed_format format;
    uint64_t min_poll_s, max_bytes, timeout_ms, ttl_s;
    double weight;
    char *header[FEED_HEADERS_MAX + 1];
};

/* What is kept of a feed beside its last good copy. */
struct feed_meta {
    char etag[256], modified[64], added_after[64];
    uint64_t fetched_s; /* last time that an answer came */
};

/* feeds_config.c. JSON lines; *feeds is the caller's to release. {"allow":PREFIX} lines go to
 * allow. */
struct feed_config {
    struct feed *feed;
    size_t n, cap;
    char **allow;
    size_t n_allow, cap_allow;
};
enum og_rc feed_config_read(const char *path, struct feed_config *out,
                            struct og_err *err) OG_MUST_CHECK;
void feed_config_release(struct feed_config *c);

/* feeds_get.c. Fetches what a feed has now. *fresh: `body` is the new last good copy; else nothing
 * changed. old: the last good copy. pages: how many answers it took. */
enum og_rc feed_get(const struct feed *f, struct feed_meta *meta, const struct og_buf *old,
                    uint64_t now_s, struct og_buf *body, bool *fresh, unsigned *pages,
                    struct og_err *err) OG_MUST_CHECK;
/* The format of the copy that is kept: CrowdSec's deltas are kept as our own lines. */
enum og_feed_format feed_kept_format(const struct feed *f);

#endif
