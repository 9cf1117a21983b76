/* guard_event.h - what happened to a node: the events that suspicion and proofs are made of.
 *
 * An event is a record {"detail":{"node":N,...},"kind":"event","time_ms":T,"what":WORD}; `id` and
 * `height` are those of the state, or absent. OG_GUARD_EVENTS has the words and the members of
 * `detail`: whole numbers below 2^53, and `hash`, 64 hexadecimal digits. Those behind a ';' may be
 * absent and are 0 then. Ratios are ppm (1000000: as expected); flags 0 or 1. */
#ifndef OG_GUARD_EVENT_H
#define OG_GUARD_EVENT_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_GUARD_FIELDS   9
#define OG_GUARD_LINE_MAX ((size_t)64 << 10)
#define OG_GUARD_NUM_MAX  (((uint64_t)1 << 53) - 1)

/* name, word, members. The order of members is that of og_guard_event.v. */
#define OG_GUARD_EVENTS(X)                                                                         \
    X(SETTLED, "task settled", "checked ok peer;grains kin late slack_ppm time_ppm turns")         \
    X(OFFERED, "task offered", "taken")                                                            \
    X(CANARY, "canary", "ok")                                                                      \
    X(CAPACITY, "capacity", "claimed measured;driver hw vram_claimed vram_measured")               \
    X(STAKE, "stake", "change_ppm")                                                                \
    X(JOINED, "joined", ";asn funder hw net region")                                               \
    X(COMMIT, "commit", "lease;behind_ms group hash")                                              \
    X(VOTE, "vote", "cast;majority")                                                               \
    X(PRICE, "price", "market_ppm;raised")                                                         \
    X(TRAFFIC, "traffic",                                                                          \
      ";asn conns half_open handshakes_failed malformed region rtt_us sent served")                \
    X(TELEMETRY, "telemetry", "progress_ppm util_ppm")                                             \
    X(DISPUTE, "dispute", "lost")                                                                  \
    X(INTEL, "intel", "weight_ppm")                                                                \
    X(SIGNED, "signed", "hash height;round")                                                       \
    X(RECEIPT, "receipt", "hash lease")                                                            \
    X(CLAIM, "claim", "lease passed_ms run_ms;signature_bad")                                      \
    X(WRONG, "wrong", "lease")                                                                     \
    X(LATE, "late", "lease")

enum og_guard_what {
#define X(name, word, members) OG_GE_##name,
    OG_GUARD_EVENTS(X)
#undef X
        OG_GE_COUNT
};

/* Positions in v; the same name has its own in every event. */
enum {
    OG_GE_SETTLED_CHECKED,
    OG_GE_SETTLED_OK,
    OG_GE_SETTLED_PEER,
    OG_GE_SETTLED_GRAINS,
    OG_GE_SETTLED_KIN,
    OG_GE_SETTLED_LATE,
    OG_GE_SETTLED_SLACK,
    OG_GE_SETTLED_TIME,
    OG_GE_SETTLED_TURNS
};
enum {
    OG_GE_CAP_CLAIMED,
    OG_GE_CAP_MEASURED,
    OG_GE_CAP_DRIVER,
    OG_GE_CAP_HW,
    OG_GE_CAP_VRAM_CLAIMED,
    OG_GE_CAP_VRAM_MEASURED
};
enum {
    OG_GE_JOINED_ASN,
    OG_GE_JOINED_FUNDER,
    OG_GE_JOINED_HW,
    OG_GE_JOINED_NET,
    OG_GE_JOINED_REGION
};
enum { OG_GE_COMMIT_LEASE, OG_GE_COMMIT_BEHIND, OG_GE_COMMIT_GROUP };
enum {
    OG_GE_TRAFFIC_ASN,
    OG_GE_TRAFFIC_CONNS,
    OG_GE_TRAFFIC_HALF_OPEN,
    OG_GE_TRAFFIC_FAILED,
    OG_GE_TRAFFIC_MALFORMED,
    OG_GE_TRAFFIC_REGION,
    OG_GE_TRAFFIC_RTT,
    OG_GE_TRAFFIC_SENT,
    OG_GE_TRAFFIC_SERVED
};
enum { OG_GE_SIGNED_HEIGHT, OG_GE_SIGNED_ROUND };
enum { OG_GE_CLAIM_LEASE, OG_GE_CLAIM_PASSED, OG_GE_CLAIM_RUN, OG_GE_CLAIM_BAD };

struct og_guard_event {
    uint64_t id, time_ms, node;
    enum og_guard_what what;
    uint64_t v[OG_GUARD_FIELDS]; /* without `hash` */
    bool has_hash;
    struct og_hash hash;
};

const char *og_guard_word(enum og_guard_what w);

/* A line into an event. *ours false: a record of another kind, or an event of another word or
 * without a node: none of ours, and no fault. OG_E_DATA: no object, or a member of ours that is
 * malformed or missing; the sentence names it. */
enum og_rc og_guard_event_read(const char *line, size_t len, struct og_guard_event *out, bool *ours,
                               struct og_err *err) OG_MUST_CHECK;
/* The record, keys sorted, without a newline; id 0 is left out, members that are 0 and may be
 * absent too. */
void og_guard_event_write(const struct og_guard_event *e, struct og_buf *out);

#endif
