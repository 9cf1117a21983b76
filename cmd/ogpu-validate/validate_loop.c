/* validate_loop.c - filter, once and watch: duties, receipts, sealing, and when to stop. */
#include "validate.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_time.h"
#include "check/check_method.h"
#include "store/store_block.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "work/work_pace.h"
#include "json/json_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOME       64 /* committed leases looked at for one that waits for a draw */
#define TROUBLE_MS 50 /* after the state was busy */

static enum og_rc wait_for(struct validate *v, const struct og_pace *p, struct og_err *err)
{
    bool reads = v->is_filter && !v->filter.eof && !v->draining;
    bool woken;
    bool readable;
    OG_TRY(og_pace_wait(p, v->store, v->wake_fd, reads ? STDIN_FILENO : -1, v->changed ? 0 : -1,
                        &woken, &readable, err));
    v->changed = v->changed || woken || readable;
    enum og_rc rc = readable ? og_filter_read(&v->filter, err) : OG_OK;
    if (rc != OG_E_IO || !og_pace_reader_left())
        return rc;
    v->out_broken = v->draining = true;
    return OG_OK;
}

static enum og_rc on_ended(void *ctx, struct og_store *st, uint64_t task, uint64_t state,
                           struct og_err *err)
{
    struct validate *v = ctx;
    (void)st, (void)state, (void)err;
    v->receipt = og_xgrow(v->receipt, &v->cap_receipt, v->n_receipt + 1, sizeof *v->receipt);
    v->receipt[v->n_receipt++] = task;
    return OG_OK;
}

/* Receipts come at the end of a block, some time after the task's own end. */
static enum og_rc put_receipts(struct validate *v, struct og_err *err)
{
    struct og_buf line = OG_BUF_INIT;
    size_t kept = 0;
    enum og_rc rc = OG_OK;
    for (size_t i = 0; i < v->n_receipt; i++) {
        uint64_t pos;
        bool found = false;
        og_buf_reset(&line);
        if (rc == OG_OK)
            rc = og_receipt_get(v->store, v->receipt[i], &pos, &line, &found, err);
        if (rc == OG_OK && found && !v->out_broken)
            rc = og_jsonl_write_raw(stdout, line.p, line.len, err);
        if (!found)
            v->receipt[kept++] = v->receipt[i];
    }
    bool some = kept < v->n_receipt;
    v->n_receipt = kept;
    og_buf_release(&line);
    if (rc == OG_OK && some && !v->out_broken && fflush(stdout) != 0)
        rc = og_err_set(err, OG_E_IO, "cannot write a record: %s", strerror(errno));
    if (rc == OG_E_IO && og_pace_reader_left()) {
        v->out_broken = v->draining = true;
        rc = OG_OK;
    }
    return rc;
}

/* Does anything wait for the end of a block? */
static enum og_rc see_need(struct validate *v, struct og_err *err)
{
    uint64_t accepted;
    uint64_t ids[SOME];
    size_t n;
    OG_TRY(og_store_counter(v->store, "lease.accepted", &accepted, err));
    v->want_seal = accepted > 0 || v->n_receipt > 0;
    OG_TRY(og_query(v->store, OG_Q_LEASES_IN, (uint64_t[]){OG_LEASE_COMMITTED, 0}, 2, ids, 1, SOME,
                    &n, err));
    for (size_t i = 0; i < n && i < SOME && !v->want_seal; i++) {
        struct og_lease ls = {.id = ids[i]};
        OG_TRY(og_row_need(v->store, OG_F_LEASE, &ls, err));
        v->want_seal = ls.checked == 0 && ls.method != OG_VERIFY_OWN &&
                       ls.method != OG_VERIFY_ACCEPT && ls.method != OG_VERIFY_AUTO;
        og_row_release(&og_families[OG_F_LEASE], &ls);
    }
    v->pending = v->pending || v->want_seal;
    return OG_OK;
}

static void refresh_keys(struct validate *v)
{
    char *dir = og_cli_keys_dir();
    og_work_nodes_refresh(v->store, dir, v->o->passphrase_file, v->node, v->n_nodes);
    free(dir);
}

static enum og_rc step(struct validate *v, struct og_pace *p, struct og_err *err)
{
    bool sealed = false;
    if (og_pace_look(p, v->store, v->changed)) {
        v->changed = false;
        if (v->n_running == 0)
            refresh_keys(v);
        OG_TRY(validate_duties(v, err));
        OG_TRY(validate_accept_own(v, err));
        if (v->is_filter)
            OG_TRY(og_filter_look(&v->filter, v->store, on_ended, v, err));
        OG_TRY(put_receipts(v, err));
        OG_TRY(see_need(v, err));
    }
    enum og_rc rc =
        og_pace_seal(p, v->engine, v->want_seal && !v->changed, v->o->watch, &sealed, err);
    v->changed = v->changed || sealed;
    return rc;
}

static enum og_rc ended(struct validate *v, bool *end, struct og_err *err)
{
    bool stuck = false;
    *end = false;
    if (v->n_running || v->changed)
        return OG_OK;
    if (v->draining)
        *end = true;
    else if (v->o->once)
        *end = !v->pending || (v->want_seal && !og_engine_can_seal(v->engine));
    else if (v->is_filter)
        *end = og_filter_done(&v->filter) && v->n_receipt == 0;
    if (*end || !v->is_filter)
        return OG_OK;
    OG_TRY(og_filter_stuck(&v->filter, v->store, &stuck, err));
    *end = stuck;
    return stuck ? og_err_set(err, OG_NO, "%zu of %zu tasks do not move",
                              v->filter.n - v->filter.ended, v->filter.n)
                 : OG_OK;
}

static enum og_rc forgive(struct validate *v, enum og_rc rc, const struct og_err *err)
{
    if (rc != OG_E_TEMPFAIL || !v->o->watch)
        return rc;
    og_log(OG_LOG_WARNING, "%s", err->msg);
    og_time_sleep_ms(TROUBLE_MS);
    v->changed = true;
    return OG_OK;
}

enum og_rc validate_loop(struct validate *v, struct og_err *err)
{
    struct og_pace p;
    og_pace_init(&p);
    enum og_rc rc = OG_OK;
    bool end = false;
    v->changed = true;
    while (rc == OG_OK && !end) {
        if (og_cli_stop && !v->draining)
            v->draining = v->changed = true;
        rc = wait_for(v, &p, err);
        if (rc == OG_OK)
            rc = forgive(v, step(v, &p, err), err);
        if (rc == OG_OK)
            rc = ended(v, &end, err);
    }
    if (rc == OG_OK && v->fatal != OG_OK) {
        *err = v->fatal_err;
        return v->fatal;
    }
    if (rc == OG_OK && v->is_filter && v->filter.unpaid)
        return og_err_set(err, OG_NO, "%zu of %zu tasks were not paid", v->filter.unpaid,
                          v->filter.n);
    return rc;
}
