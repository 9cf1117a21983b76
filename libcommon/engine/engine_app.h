/* engine_app.h - the application of a CometBFT network: the ledger behind ABCI 2.0. It owns the
 * state file of its node; one SQLite transaction a block, committed in Commit. */
#ifndef OG_ENGINE_APP_H
#define OG_ENGINE_APP_H

#include "base/base_err.h"
#include "net/net_abci.h"

#include <stdbool.h>
#include <stdint.h>

struct og_app;
struct og_store;

/* state_dir: a state with a genesis. keys_dir: where the node's VRF key lies; without it the node
 * proposes nothing that needs a beacon proof. */
enum og_rc og_app_open(const char *state_dir, const char *keys_dir, struct og_app **out,
                       struct og_err *err) OG_MUST_CHECK;
void og_app_close(struct og_app *a);
/* A snapshot for others every so many blocks (0: none, as at first). */
void og_app_snapshots(struct og_app *a, uint64_t every);
/* Answers one request (an og_abci_fn; ctx is the og_app). A failure means that the node must halt:
 * disk trouble, a genesis of another chain, a block that honest nodes cannot have agreed on. */
enum og_rc og_app_call(void *ctx, const struct og_abci_req *r, struct og_buf *out,
                       struct og_err *err) OG_MUST_CHECK;

/* The app_state member of a CometBFT genesis: {"genesis": our genesis as text, "replay": false}.
 * replay: a test network that is fed the blocks of a local chain; block.open is then what the
 * recorded headers say, not what the engine says (design section 2.2). */
enum og_rc og_app_state_json(const char *genesis, size_t n, bool replay, struct og_buf *out,
                             struct og_err *err) OG_MUST_CHECK;
/* A block of a local chain as one transaction of a replay network: header and lines. */
enum og_rc og_app_bundle(const char *const *line, const size_t *len, size_t n, struct og_buf *out,
                         struct og_err *err) OG_MUST_CHECK;

/* Validators of a CometBFT genesis, from the state: a JSON list of {address, name, power, pub_key}.
 */
struct og_store;
enum og_rc og_app_validators_json(struct og_store *st, struct og_buf *out,
                                  struct og_err *err) OG_MUST_CHECK;

#endif
