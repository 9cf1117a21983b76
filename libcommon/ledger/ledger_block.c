/* ledger_block.c - the end of a block: beacon, draws, deadlines, money, rounds, epochs, app hash.
 */
#include "ledger/ledger_int.h"

#include "check/check_draw.h"
#include "crypto/crypto_merkle.h"
#include "crypto/crypto_vrf.h"
#include "store/store_tree.h"

#include <stdlib.h>
#include <string.h>

static enum og_rc last_roots(struct og_ledger *l, uint64_t before, struct og_roots *r,
                             struct og_err *err)
{
    uint64_t h;
    OG_TRY(og_led_get(l, "beacon_h", &h, err));
    memset(r, 0, sizeof *r);
    r->height = before ? og_min_u64(h, before - 1) : 0;
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_ROOTS, r, &found, err));
    return found ? OG_OK
                 : og_err_set(err, OG_E_INTERNAL, "the beacon before block %llu is missing",
                              (unsigned long long)before);
}

enum og_rc og_ledger_beacon(struct og_ledger *l, uint64_t height, struct og_hash *out,
                            struct og_err *err)
{
    struct og_roots r;
    OG_TRY(last_roots(l, height, &r, err));
    *out = r.beacon;
    return OG_OK;
}

/* "ogpu-beacon" ‖ chain ‖ height ‖ R_{h−1} */
enum og_rc og_ledger_alpha(struct og_ledger *l, uint64_t height, struct og_buf *alpha,
                           struct og_err *err)
{
    struct og_hash r;
    OG_TRY(og_ledger_beacon(l, height, &r, err));
    og_buf_reset(alpha);
    og_buf_add(alpha, "ogpu-beacon", 12);
    og_buf_add(alpha, l->chain.b, OG_HASH_LEN);
    og_buf_add_be64(alpha, height);
    og_buf_add(alpha, r.b, OG_HASH_LEN);
    return OG_OK;
}

struct validators {
    uint64_t node[4096], weight[4096];
    size_t n;
};

static enum og_rc add_validator(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    struct validators *v = ctx;
    const struct og_validator *r = rec;
    if (v->n < 4096) {
        v->node[v->n] = r->node;
        v->weight[v->n++] = r->weight;
    }
    return OG_OK;
}

enum og_rc og_ledger_proposer(struct og_ledger *l, uint64_t height, uint64_t round, uint64_t *node,
                              struct og_err *err)
{
    struct validators *v = calloc(1, sizeof *v);
    struct og_hasher h;
    struct og_hash r = {{0}};
    size_t pick = 0;
    size_t drawn = 0;
    *node = 0;
    if (!v)
        return og_err_set(err, OG_E_INTERNAL, "out of memory");
    enum og_rc rc = og_row_walk(l->st, OG_F_VALIDATOR, add_validator, v, err);
    if (rc == OG_OK)
        rc = og_ledger_beacon(l, height, &r, err);
    og_hasher_init(&h);
    og_hasher_tag(&h, "ogpu-proposer");
    og_hasher_hash(&h, &r);
    og_hasher_u64(&h, height);
    og_hasher_u64(&h, round);
    struct og_hash seed = og_hasher_final(&h);
    if (rc == OG_OK)
        rc = og_draw_weighted(&seed, "proposer", v->weight, v->n, 1, &pick, &drawn, err);
    if (rc == OG_OK && drawn)
        *node = v->node[pick];
    free(v);
    return rc;
}

enum og_rc og_ledger_pending(struct og_ledger *l, bool *pending, struct og_err *err)
{
    uint64_t one;
    size_t n;
    OG_TRY(og_query(l->st, OG_Q_PENDING, NULL, 0, &one, 1, 1, &n, err));
    *pending = n > 0;
    return OG_OK;
}

/* R_h = SHA-256(R_{h−1} ‖ beta); without validators there is no proof and R_h = SHA-256(R_{h−1}).
 */
static enum og_rc next_beacon(struct og_ledger *l, const struct og_block_open *open,
                              struct og_hash *out, struct og_err *err)
{
    struct og_hash prev;
    struct og_hash beta;
    struct og_node n;
    struct og_buf alpha = OG_BUF_INIT;
    OG_TRY(og_ledger_beacon(l, open->height, &prev, err));
    if (!open->proposer) {
        *out = og_sha256(prev.b, OG_HASH_LEN);
        return OG_OK;
    }
    if (open->has_beta) {
        *out = og_sha256_2(prev.b, OG_HASH_LEN, open->beta.b, OG_HASH_LEN);
        return OG_OK;
    }
    OG_TRY(og_led_node(l, open->proposer, &n, err));
    enum og_rc rc = og_ledger_alpha(l, open->height, &alpha, err);
    bool ok = rc == OG_OK && open->has_pi && n.vrf.n == OG_VRF_PUB_LEN &&
              og_vrf_verify(n.vrf.p, alpha.p, alpha.len, open->pi, &beta);
    OG_RELEASE(OG_F_NODE, &n);
    og_buf_release(&alpha);
    OG_TRY(rc);
    if (!ok)
        return OG_REFUSE(err, "block %llu: the beacon proof is wrong",
                         (unsigned long long)open->height);
    *out = og_sha256_2(prev.b, OG_HASH_LEN, beta.b, OG_HASH_LEN);
    return OG_OK;
}

/* Who was drawn in an earlier round and did not propose: b + 1. The proposer's block counts. */
static enum og_rc count_proposal(struct og_ledger *l, const struct og_block_open *open,
                                 struct og_err *err)
{
    struct og_node n;
    uint64_t drawn;
    if (l->comet)
        return og_led_votes(l, open, err);
    if (!open->proposer)
        return OG_OK;
    OG_TRY(og_ledger_proposer(l, open->height, open->round, &drawn, err));
    if (drawn != open->proposer)
        return OG_REFUSE(err, "block %llu: node %llu was not drawn in round %llu",
                         (unsigned long long)open->height, (unsigned long long)open->proposer,
                         (unsigned long long)open->round);
    for (uint64_t r = 0; r < open->round; r++) {
        uint64_t missed;
        OG_TRY(og_ledger_proposer(l, open->height, r, &missed, err));
        if (missed && missed != open->proposer)
            OG_TRY(og_led_blame(l, missed, 1, err));
    }
    OG_TRY(og_led_node(l, open->proposer, &n, err));
    n.epoch_sealed++;
    enum og_rc rc = og_row_put(l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

static enum og_rc collect_fees(struct og_ledger *l, struct og_err *err)
{
    uint64_t fees;
    uint64_t gas;
    OG_TRY(og_led_get(l, "block_gas", &gas, err));
    if (gas)
        OG_TRY(og_led_set(l, "block_gas", 0, err));
    OG_TRY(og_led_get(l, "block_fees", &fees, err));
    if (!fees)
        return OG_OK;
    OG_TRY(og_led_set(l, "block_fees", 0, err));
    return og_led_to_treasury(l, fees, "fees", l->height, err);
}

static enum og_rc check_supply(struct og_ledger *l, struct og_err *err)
{
    static const char *const parts[] = {"balance", "bond", "escrow", "unbonding"};
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint64_t n;
        OG_TRY(og_store_counter(l->st, parts[i], &n, err));
        sum += n;
    }
    if (sum != l->genesis_supply)
        return og_err_set(err, OG_E_INTERNAL, "block %llu: the supply is %llu grains, not %llu",
                          (unsigned long long)l->height, (unsigned long long)sum,
                          (unsigned long long)l->genesis_supply);
    return OG_OK;
}

static enum og_rc write_roots(struct og_ledger *l, const struct og_block_open *open,
                              const struct og_hash *tx_root, const struct og_hash *beacon,
                              struct og_err *err)
{
    struct og_roots r = {.height = l->height,
                         .time_ms = l->now_ms,
                         .proposer = open->proposer,
                         .tx_root = *tx_root,
                         .beacon = *beacon};
    struct og_hash *leaf;
    size_t n;
    OG_TRY(og_block_leaves(l->st, l->height, true, &leaf, &n, err));
    r.receipt_root = og_merkle_root(leaf, n);
    free(leaf);
    OG_TRY(og_led_set(l, "beacon_h", l->height, err));
    return og_row_put(l->st, OG_F_ROOTS, &r, err);
}

static enum og_rc settle_and_release(struct og_ledger *l, struct og_err *err)
{
    OG_TRY(og_led_lease_deadlines(l, err));
    OG_TRY(og_led_check_deadlines(l, err));
    OG_TRY(og_led_tasks_due(l, err));
    OG_TRY(og_led_settle_accepted(l, err));
    OG_TRY(og_led_cascade(l, err));
    OG_TRY(og_led_net_callbacks(l, err));
    OG_TRY(og_led_rotations(l, err));
    return og_led_unbondings(l, err);
}

enum og_rc og_ledger_end_block(struct og_ledger *l, const struct og_block_open *open,
                               const struct og_hash *tx_root, bool has_txs,
                               struct og_hash *app_hash, struct og_err *err)
{
    struct og_hash beacon;
    bool pending;
    OG_TRY(og_ledger_pending(l, &pending, err));
    if (has_txs || pending) { /* any other block changes no hashed row */
        OG_TRY(next_beacon(l, open, &beacon, err));
        OG_TRY(count_proposal(l, open, err));
        OG_TRY(og_led_draws(l, open->proposer, &beacon, err));
        OG_TRY(settle_and_release(l, err));
        OG_TRY(collect_fees(l, err));
        OG_TRY(og_led_rounds(l, &beacon, err));
        OG_TRY(og_led_epoch_end(l, &beacon, err));
        OG_TRY(write_roots(l, open, tx_root, &beacon, err));
        OG_TRY(og_led_upgrade(l, err));
    }
    OG_TRY(check_supply(l, err));
    OG_TRY(og_tree_flush(l->st, app_hash, err));
    return og_store_meta_put(l->st, "app_hash", app_hash->b, OG_HASH_LEN, err);
}
