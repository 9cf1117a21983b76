/* store_want.h - asks the ogpu-node of a state, over HOME/run/want.sock, for what other nodes hold.
 * Where no ogpu-node runs nothing is asked and nothing waits: a local chain has it all. */
#ifndef OG_STORE_WANT_H
#define OG_STORE_WANT_H

#include "base/base_err.h"
#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stdint.h>

#define OG_WANT_SOCKET "run/want.sock"

/* True when the blob is here, before or after the node has fetched it. */
bool og_want_blob(const char *state_dir, const struct og_hash *h);
/* The row of a result list, by its root / that holds an element of a task; true: it was found, the
 * manifest table holds it now. */
bool og_want_manifest(const char *state_dir, const struct og_hash *root);
bool og_want_manifest_at(const char *state_dir, uint64_t task, uint64_t element);

#endif
