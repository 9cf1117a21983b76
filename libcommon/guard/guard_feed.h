/* guard_feed.h - threat-intelligence feeds read into indicators; formats as people publish them. */
#ifndef OG_GUARD_FEED_H
#define OG_GUARD_FEED_H

#include "base/base_err.h"
#include "guard/guard_ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum og_feed_format {
    OG_FEED_PLAIN,     /* addresses, prefixes, ranges a-b; "#" and ";" comment */
    OG_FEED_DROP,      /* Spamhaus DROP, text */
    OG_FEED_DROP_JSON, /* Spamhaus DROP, JSON lines */
    OG_FEED_NETSET,    /* FireHOL */
    OG_FEED_FEODO,     /* abuse.ch Feodo Tracker CSV */
    OG_FEED_THREATFOX, /* abuse.ch ThreatFox CSV */
    OG_FEED_STIX,      /* STIX 2.1 bundle */
    OG_FEED_TAXII,     /* TAXII 2.1 envelope */
    OG_FEED_MISP,      /* MISP event */
    OG_FEED_CROWDSEC,  /* CrowdSec decisions stream */
    OG_FEED_ZEEK,      /* Zeek intelligence file */
    OG_FEED_IPREP,     /* Suricata reputation list */
    OG_FEED_OGPU,      /* our own JSON lines */
    OG_FEED_FORMATS
};
/* "plain", "drop", ...; false: no such name. */
const char *og_feed_name(enum og_feed_format f);
bool og_feed_by_name(const char *name, enum og_feed_format *out);
/* What text looks like. */
enum og_feed_format og_feed_guess(const char *text, size_t len);

enum og_intel_type {
    OG_INTEL_IP,
    OG_INTEL_CIDR,
    OG_INTEL_RANGE,
    OG_INTEL_IP_PORT,
    OG_INTEL_AS,
    OG_INTEL_DOMAIN,
    OG_INTEL_URL,
    OG_INTEL_MD5,
    OG_INTEL_SHA1,
    OG_INTEL_SHA256,
    OG_INTEL_NODE_ID,
    OG_INTEL_WALLET,
    OG_INTEL_IMAGE_DIGEST,
    OG_INTEL_TYPES
};
const char *og_intel_type_name(enum og_intel_type t);

#define OG_INTEL_TEXT_MAX   2048
#define OG_INTEL_REASON_MAX 255

struct og_indicator {
    enum og_intel_type type;
    struct og_ip from, to; /* IP, CIDR, RANGE, IP_PORT: first and last address */
    unsigned plen;         /* CIDR: of 128 bits */
    uint16_t port;         /* IP_PORT */
    const char *text;      /* the others: lower case; as it stood for URL and WALLET;
                          NUL-terminated */
    size_t len;
    double score;       /* 0..1: how sure the feed is */
    uint64_t expires;   /* Unix seconds; 0: not by itself */
    const char *reason; /* may be NULL */
    bool removed;       /* CrowdSec: was in force, is no more */
};
/* Pointers of the indicator live during the call only. */
typedef void og_feed_sink(void *ctx, const struct og_indicator *i);

struct og_feed_counts {
    uint64_t type[OG_INTEL_TYPES];
    uint64_t v6[OG_INTEL_TYPES]; /* of those, IPv6 */
    uint64_t bad_lines, metadata_lines, revoked, expired, unsupported_pattern_type,
        skipped_to_ids_false, skipped, deleted;
};

/* Reads text; asof, in Unix seconds, is the time that indicators expire by and durations begin at.
 * sink may be NULL. A line or object that cannot be understood is counted, not an error; OG_E_DATA
 * is for what is not the format at all. */
enum og_rc og_feed_parse(enum og_feed_format f, const char *text, size_t len, uint64_t asof,
                         og_feed_sink *sink, void *ctx, struct og_feed_counts *counts,
                         struct og_err *err) OG_MUST_CHECK;

/* "2026-11-22T19:00:00Z" in Unix seconds; fractions are cut, other zones refused. */
bool og_feed_time(const char *s, uint64_t *out);

#endif
