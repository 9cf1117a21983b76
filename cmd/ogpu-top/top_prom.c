/* top_prom.c - Prometheus text, for a file that node_exporter reads. */
#include "top.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void head(const char *name, const char *type, const char *help)
{
    printf("# HELP ogpu_%s %s\n# TYPE ogpu_%s %s\n", name, help, name, type);
}

static void one(const char *name, const char *type, uint64_t v, const char *help)
{
    head(name, type, help);
    printf("ogpu_%s %" PRIu64 "\n", name, v);
}

static void by_state(const char *name, const char *const *states, size_t n, const uint64_t *v,
                     const char *help)
{
    head(name, "gauge", help);
    for (size_t i = 0; i < n; i++)
        printf("ogpu_%s{state=\"%s\"} %" PRIu64 "\n", name, states[i], v[i]);
}

static void ppm(uint64_t v)
{
    printf("%" PRIu64 ".%06" PRIu64 "\n", v / 1000000, v % 1000000);
}

static void chain(const struct top_head *h)
{
    one("height", "counter", h->height, "Height of the last block.");
    one("transactions_total", "counter", h->txs, "Transactions in the chain.");
    one("block_time_seconds", "gauge", h->block_ms / 1000, "Unix time of the last block.");
    one("pending", "gauge", h->pending, "1 when a block has to be made.");
    one("queued_tasks", "gauge", h->queued, "Open tasks with elements that wait for a slot.");
    one("ended_tasks_last_minute", "gauge", h->ended_min, "Tasks that ended in the last minute.");
    one("validators", "gauge", h->validators, "Validators of this epoch.");
    one("validators_active", "gauge", h->validators_up, "Of which active.");
    one("capacity_mflops", "gauge", h->capacity, "Effective capacity of the active nodes.");
    by_state("nodes", og_node_state_names, OG_NODE_STATES, h->node, "Nodes by state.");
    by_state("tasks", og_task_state_names, OG_TASK_STATES, h->task, "Tasks by state.");
    by_state("leases", og_lease_state_names, OG_LEASE_STATES, h->lease, "Leases by state.");
    head("lambda", "gauge", "Price factor.");
    fputs("ogpu_lambda ", stdout);
    ppm(h->lambda_ppm);
    one("balances_grains", "gauge", h->balance, "Sum of all balances.");
    one("bonds_grains", "gauge", h->bond, "Sum of all bonds.");
    one("escrows_grains", "gauge", h->escrow, "Sum of all escrows.");
    one("unbonding_grains", "gauge", h->unbonding, "Sum of what is unbonding.");
    one("disk_free_bytes", "gauge", h->disk_free_bytes, "Free on the disk of the state.");
}

static void nodes(const struct top_data *d)
{
    head("node_capacity_mflops", "gauge", "Effective capacity of a node.");
    for (size_t i = 0; i < d->nodes; i++)
        printf("ogpu_node_capacity_mflops{node=\"%" PRIu64 "\"} %" PRIu64 "\n", d->node[i].id,
               d->node[i].c_eff);
    head("node_bond_grains", "gauge", "Bond of a node.");
    for (size_t i = 0; i < d->nodes; i++)
        printf("ogpu_node_bond_grains{node=\"%" PRIu64 "\"} %" PRIu64 "\n", d->node[i].id,
               d->node[i].bond);
    head("node_reliability", "gauge", "Reliability of a node, 0 to 1.");
    for (size_t i = 0; i < d->nodes; i++) {
        printf("ogpu_node_reliability{node=\"%" PRIu64 "\"} ", d->node[i].id);
        ppm(og_view_reliability(&d->node[i]));
    }
    head("slot_busy", "gauge", "1 when the slot has a lease.");
    for (size_t i = 0; i < d->slots; i++)
        printf("ogpu_slot_busy{node=\"%" PRIu64 "\",slot=\"%" PRIu64 "\"} %d\n",
               d->slot[i].slot.node, d->slot[i].slot.idx, d->slot[i].slot.lease > 0);
}

enum og_rc top_print_prom(const struct top_data *d, struct og_err *err)
{
    static const char *const what[] = {"supply",   "stuck", "late",      "failed",
                                       "unsealed", "disk",  "quarantine"};
    chain(&d->head);
    nodes(d);
    head("alert", "gauge", "1 while there is an alert of this kind.");
    for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
        int on = 0;
        for (size_t k = 0; k < d->alerts; k++)
            on |= strcmp(d->alert[k].what, what[i]) == 0;
        printf("ogpu_alert{what=\"%s\"} %d\n", what[i], on);
    }
    if (ferror(stdout))
        return og_err_set(err, OG_E_IO, "cannot write to standard output: %s", strerror(errno));
    return OG_OK;
}
