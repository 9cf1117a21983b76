/* contract_vet.c - static analysis before a deployment: its report's hash goes onto the chain, and
 * what it finds severe is not deployed unless told otherwise. */
#include "chain.h"

#include "analyze/analyze_check.h"
#include "analyze/analyze_input.h"
#include "analyze/analyze_world.h"
#include "base/base_log.h"
#include "store/store_blob.h"
#include "json/json_canon.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANALYSER "ogpu-contract check " OG_VERSION

static enum og_rc read_contract(const struct og_buf *creation, const json_t *abi,
                                struct og_contracts *out, struct og_err *err)
{
    struct og_buf hex = OG_BUF_INIT;
    og_buf_add_hex(&hex, creation->p, creation->len);
    json_t *o = json_pack("{s:s#}", "creation", hex.p, (int)hex.len);
    if (abi)
        json_object_set(o, "abi", (json_t *)(uintptr_t)abi);
    char *text = json_dumps(o, JSON_COMPACT);
    enum og_rc rc = og_contracts_read(text, strlen(text), "the code", out, err);
    free(text);
    json_decref(o);
    og_buf_release(&hex);
    return rc;
}

/* A line of canonical JSON for each finding; how many are severe. */
static enum og_rc write_report(const struct og_findings *f, struct og_buf *out, size_t *severe,
                               struct og_err *err)
{
    enum og_rc rc = OG_OK;
    *severe = 0;
    for (size_t i = 0; rc == OG_OK && i < f->n; i++) {
        json_t *o = og_finding_json(&f->v[i], NULL);
        rc = og_json_canon(o, out, err);
        og_buf_addc(out, '\n');
        json_decref(o);
        *severe += f->v[i].severity == OG_SEVERITY_HIGH;
    }
    return rc;
}

static enum og_rc look(const struct og_contracts *c, struct og_buf *report, size_t *severe,
                       struct og_err *err)
{
    const struct og_check_opts opts = OG_CHECK_OPTS;
    struct og_check_stats stats;
    struct og_findings found = {.n = 0};
    struct og_deployed d;
    OG_TRY(og_deploy(&c->v[0], &d, err));
    og_check((const uint8_t *)d.code.p, d.code.len, c->v[0].has_abi ? &c->v[0].abi : NULL, &opts,
             &found, &stats);
    og_deployed_release(&d);
    og_findings_sort(&found);
    enum og_rc rc = write_report(&found, report, severe, err);
    og_findings_release(&found);
    return rc;
}

/* The report is kept among the blobs under the hash that the chain has. */
static enum og_rc note(const struct chain *c, const struct og_buf *report, json_t *body,
                       struct og_err *err)
{
    struct og_hash hash;
    OG_TRY(og_blob_put(c->state_dir, report->p ? report->p : "", report->len, false, &hash, err));
    json_object_set_new(body, "report", og_json_new_hex(hash.b, OG_HASH_LEN));
    json_object_set_new(body, "analyser", json_string(ANALYSER));
    return OG_OK;
}

enum og_rc contract_vet(const struct chain *c, const struct og_buf *creation, const json_t *abi,
                        json_t *body, struct og_err *err)
{
    struct og_contracts all = {.n = 0};
    struct og_buf report = OG_BUF_INIT;
    struct og_err why;
    size_t severe = 0;
    enum og_rc rc = read_contract(creation, abi, &all, &why);
    if (rc == OG_OK)
        rc = look(&all, &report, &severe, &why);
    og_contracts_release(&all);
    if (rc != OG_OK) { /* as when its constructor wants what cannot be guessed */
        og_log(OG_LOG_WARNING, "not checked: %s", why.msg);
        og_buf_release(&report);
        return OG_OK;
    }
    if (severe && !c->o->force) {
        rc = og_jsonl_write_raw(stdout, report.p, report.len - 1, err);
        if (rc == OG_OK)
            rc = og_err_set(err, OG_NO,
                            "not deployed: %zu severe finding%s; --force deploys it all the same",
                            severe, severe == 1 ? "" : "s");
    } else {
        rc = note(c, &report, body, err);
    }
    og_buf_release(&report);
    return rc;
}
