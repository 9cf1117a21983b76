/* work_intel.h - what the threat feeds know (guard/intel of the state, written by `ogpu-guard
 * feeds`), asked before a worker fetches anything. Without that file nothing is known. */
#ifndef OG_WORK_INTEL_H
#define OG_WORK_INTEL_H

#include "crypto/crypto_hash.h"
#include "guard/guard_feed.h"

#include <stdbool.h>
#include <sys/socket.h>

#define OG_WORK_FEED_MAX 65

/* True: known, and `feed` gets the name of the feed that said so. The file is read again when it
 * was replaced; one that is damaged is as none. All thread-safe. */
bool og_work_known_hash(const char *state_dir, const struct og_hash *h,
                        char feed[OG_WORK_FEED_MAX]);
/* The URL itself, its host's name or address. */
bool og_work_known_url(const char *state_dir, const char *url, char feed[OG_WORK_FEED_MAX]);
bool og_work_known_addr(const char *state_dir, const struct sockaddr *a, socklen_t len,
                        char feed[OG_WORK_FEED_MAX]);

#endif
