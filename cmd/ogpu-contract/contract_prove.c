/* contract_prove.c - `ogpu-contract prove`: assertions, invariants and arithmetic, by Z3. */
#include "contract_look.h"

#include "analyze/analyze_prove.h"
#include "base/base_mem.h"
#include "json/json_line.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct options {
    struct og_opts_common common;
    bool creation, overflow;
    uint64_t loops, transactions, arrays, rlimit;
};

static const struct og_opt opts[] = {
    {.name = "creation",
     .letter = 'c',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, creation),
     .help = "hex digits are creation code, not runtime code"},
    {.name = "overflow",
     .letter = 'o',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, overflow),
     .help = "also prove that arithmetic on what is stored or sent keeps its bounds"},
    {.name = "loops",
     .letter = 'l',
     .kind = OG_OPT_U64,
     .at = offsetof(struct options, loops),
     .arg = "N",
     .min = 1,
     .max = 256,
     .help = "follow a branch of a loop up to N times on a path (default 10)"},
    {.name = "transactions",
     .letter = 'k',
     .kind = OG_OPT_U64,
     .at = offsetof(struct options, transactions),
     .arg = "N",
     .min = 1,
     .max = 6,
     .help = "look for refutations of up to N transactions from deployment (default 3)"},
    {.name = "arrays",
     .letter = 'a',
     .kind = OG_OPT_U64,
     .at = offsetof(struct options, arrays),
     .arg = "N",
     .max = 8,
     .help = "arrays in arguments have up to N elements, bytes up to 32 N (default 2)"},
    {.name = "rlimit",
     .letter = 'r',
     .kind = OG_OPT_U64,
     .at = offsetof(struct options, rlimit),
     .arg = "N",
     .min = 1,
     .max = 4000000000,
     .help = "resource units of Z3 for a question (default 1500000)"},
};

static const struct og_tool tool = {
    .name = "ogpu-contract prove",
    .summary = "prove assertions and invariants of a contract, or refute them",
    .synopsis = "[OPTIONS] FILE ...",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .has_human = true,
    .mixed = true,
};

static void say(const struct og_proof *p, const struct og_prove_opts *o)
{
    printf("  %-8s %s: %s\n           bounds: %u forks at a branch%s, arrays of %u",
           og_verdict_name(p->verdict), p->property, p->message, o->loops,
           p->loops_met ? " (met)" : " (not met)", o->arrays);
    if (p->transactions)
        printf(", %u transactions", p->transactions);
    printf("; %zu questions\n", p->questions);
}

static enum og_rc write_proof(const struct og_proof *p, const struct og_prove_opts *o,
                              const struct og_contract *c, const struct og_deployed *d,
                              const struct look *l, struct og_err *err)
{
    if (l->human) {
        say(p, o);
        return OG_OK;
    }
    json_t *r = og_proof_json(p, o, c->has_abi ? &c->abi : NULL, d, c->name);
    json_object_set_new(r, "file", json_string(l->file));
    enum og_rc rc = og_jsonl_write(stdout, r, err);
    json_decref(r);
    return rc;
}

/* A refutation is a finding too. */
static void add_finding(const struct og_proof *p, const struct og_contract *c,
                        const struct og_deployed *d, struct og_findings *out)
{
    const struct og_seq_tx *t = &p->witness.v[p->witness.n - 1];
    const struct og_abi *abi = c->has_abi ? &c->abi : NULL;
    bool named = t->n >= 4;
    uint32_t sel = named ? (uint32_t)og_u256_from_be(t->data, 4).w[0] : 0;
    char *fn = og_function_name(abi, named, sel);
    struct og_finding f = {.flaw = p->flaw,
                           .severity = OG_SEVERITY_HIGH,
                           .tool = "prove",
                           .pc = p->pc,
                           .function = fn,
                           .message = p->message};
    f.witness = og_seq_json(&p->witness, abi, d, NULL);
    og_findings_add(out, &f);
    free(f.witness);
    free(fn);
}

static enum og_rc prove_one(void *ctx, const struct og_contract *c, const struct look *l,
                            struct og_findings *out, struct og_err *err)
{
    const struct options *o = ctx;
    struct og_prove_opts po = OG_PROVE_OPTS;
    struct og_proofs proofs;
    struct og_deployed d;
    po.overflow = o->overflow;
    po.loops = (uint32_t)o->loops;
    po.transactions = (uint32_t)o->transactions;
    po.arrays = (uint32_t)o->arrays;
    po.rlimit = (unsigned)o->rlimit;
    OG_TRY(og_deploy(c, &d, err));
    enum og_rc rc = og_prove(c, &d, &po, &proofs, err);
    if (rc == OG_OK && l->human)
        look_title(c, l);
    for (size_t i = 0; i < proofs.n && rc == OG_OK; i++) {
        rc = write_proof(&proofs.v[i], &po, c, &d, l, err);
        if (proofs.v[i].verdict == OG_REFUTED)
            add_finding(&proofs.v[i], c, &d, out);
    }
    og_proofs_release(&proofs);
    og_deployed_release(&d);
    return rc;
}

int contract_prove(int argc, char **argv)
{
    const struct og_prove_opts po = OG_PROVE_OPTS;
    struct options o = {.loops = po.loops,
                        .transactions = po.transactions,
                        .arrays = po.arrays,
                        .rlimit = po.rlimit};
    struct og_err err = {0};
    int first;
    bool done, found = false;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done) {
        struct look l = {.human = o.common.human, .creation = o.creation};
        rc = look_at_all(argc - first, argv + first, &l, prove_one, &o, &found, &err);
        if (rc == OG_OK && found)
            rc = OG_NO;
    }
    return og_cli_exit(&tool, rc, &err);
}
