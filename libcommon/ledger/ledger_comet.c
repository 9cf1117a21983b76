/* ledger_comet.c - what a network's block.open tells of the last block: signers, double signers. */
#include "ledger/ledger_int.h"

/* Shares of the treasury follow the blocks a node signed. */
static enum og_rc signed_last(struct og_ledger *l, uint64_t id, struct og_err *err)
{
    struct og_node n = {.id = id};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_NODE, &n, &found, err));
    if (!found)
        return OG_REFUSE(err, "block %llu: there is no node %llu that could have signed",
                         (unsigned long long)l->height, (unsigned long long)id);
    n.epoch_sealed++;
    enum og_rc rc = og_row_put(l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

enum og_rc og_led_votes(struct og_ledger *l, const struct og_block_open *open, struct og_err *err)
{
    for (size_t i = 0; i < open->n_votes; i++)
        OG_TRY(signed_last(l, open->votes[i], err));
    for (size_t i = 0; i < open->n_faults; i++)
        OG_TRY(og_led_fault(l, &open->fault[i], err));
    return OG_OK;
}
