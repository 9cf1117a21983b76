/* init_genesis.c - the genesis of a new chain as canonical JSON, and the record that reports it. */
#include "init.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

/* "name=value" of --param; *name is the caller's to free. */
static enum og_rc split_param(const char *s, char **name, uint64_t *value, struct og_err *err)
{
    const char *eq = strchr(s, '=');
    *name = og_xstrndup(s, eq ? (size_t)(eq - s) : strlen(s));
    const struct og_param_info *info = og_param_find(*name);
    enum og_rc rc = OG_OK;
    if (!eq)
        rc = og_err_set(err, OG_E_USAGE, "--param: '%.64s' is not NAME=VALUE", s);
    else if (!info)
        rc = og_err_set(err, OG_E_USAGE, "--param: there is no parameter '%.64s'", *name);
    else if (!og_parse_u64(eq + 1, UINT64_MAX, value) || *value < info->min || *value > info->max)
        rc = og_err_set(err, OG_E_USAGE, "--param %s: '%.40s' is not within %llu to %llu", *name,
                        eq + 1, (unsigned long long)info->min, (unsigned long long)info->max);
    return rc;
}

enum og_rc init_params_check(const struct init_options *o, const struct init_people *p,
                             struct og_err *err)
{
    struct og_params params;
    og_params_defaults(&params);
    for (size_t i = 0; i < o->params.n; i++) {
        char *name;
        uint64_t value = 0;
        enum og_rc rc = split_param(o->params.v[i], &name, &value, err);
        if (rc == OG_OK && !og_params_set(&params, name, value))
            rc = og_err_set(err, OG_E_USAGE, "--param: '%s' refused", name);
        free(name);
        OG_TRY(rc);
    }
    for (size_t i = 0; i < p->n; i++)
        if (p->v[i].node && p->v[i].bond < params.min_bond)
            return og_err_set(err, OG_E_USAGE,
                              "the bond of '%s' is less than min_bond, %llu.%09llu OGPU",
                              p->v[i].name, (unsigned long long)(params.min_bond / 1000000000),
                              (unsigned long long)(params.min_bond % 1000000000));
    return OG_OK;
}

static json_t *addr_json(const struct og_addr *a)
{
    char text[OG_ADDR_TEXT];
    og_addr_format(a, text);
    return json_string(text);
}

static json_t *node_json(const struct init_person *w)
{
    json_t *o = og_node_body(&w->limits, w->mflops_per_s, 0, &w->keys);
    json_object_set_new(o, "addr", addr_json(&w->addr));
    json_object_set_new(o, "owner", addr_json(&w->addr));
    json_object_set_new(o, "bond", og_json_new_dec(w->bond));
    return o;
}

static enum og_rc params_json(const struct init_options *o, json_t **out, struct og_err *err)
{
    *out = json_pack("{s:o}", "protocol", og_json_new_dec(OG_PROTOCOL));
    if (o->engine == INIT_COMET) { /* protocol.md section 2: nobody weighs too much, draws wait for
                                    * two proposers */
        json_object_set_new(*out, "cap_ppm", og_json_new_dec(250000));
        json_object_set_new(*out, "draw_delay", og_json_new_dec(2));
    }
    for (size_t i = 0; i < o->params.n; i++) {
        char *name;
        uint64_t value = 0;
        enum og_rc rc = split_param(o->params.v[i], &name, &value, err);
        if (rc == OG_OK)
            json_object_set_new(*out, name, og_json_new_dec(value));
        free(name);
        OG_TRY(rc);
    }
    const char *protocol = json_string_value(json_object_get(*out, "protocol"));
    /* windows came with protocol 2; a chain of one's own needs short ones only */
    if (o->engine != INIT_COMET && strcmp(protocol, "1") != 0 &&
        !json_object_get(*out, "capacity_ms"))
        json_object_set_new(*out, "capacity_ms", og_json_new_dec(300));
    return OG_OK;
}

enum og_rc init_genesis(const struct init_options *o, const struct init_people *p,
                        const uint8_t random[32], uint64_t time_ms, struct og_buf *out,
                        struct og_err *err)
{
    json_t *accounts = json_array();
    json_t *nodes = json_array();
    json_t *params;
    enum og_rc rc = params_json(o, &params, err);
    for (size_t i = 0; i < p->n; i++) {
        const struct init_person *w = &p->v[i];
        json_array_append_new(accounts, json_pack("{s:o, s:o}", "addr", addr_json(&w->addr),
                                                  "amount", og_json_new_dec(w->amount)));
        if (w->node)
            json_array_append_new(nodes, node_json(w));
    }
    json_t *g =
        json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:I, s:i}", "accounts", accounts, "engine",
                  init_engines[o->engine], "kind", "genesis", "nodes", nodes, "params", params,
                  "random", og_json_new_hex(random, 32), "time_ms", (json_int_t)time_ms, "v", 1);
    if (rc == OG_OK)
        rc = og_json_canon(g, out, err);
    json_decref(g);
    return rc;
}

json_t *init_record(const struct init_people *p, const char *state_dir, const struct og_hash *chain)
{
    json_t *accounts = json_array();
    json_t *nodes = json_array();
    uint64_t number = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct init_person *w = &p->v[i];
        json_array_append_new(accounts,
                              json_pack("{s:o, s:o, s:s}", "addr", addr_json(&w->addr), "amount",
                                        og_json_new_dec(w->amount), "name", w->name));
        if (!w->node)
            continue;
        json_array_append_new(
            nodes,
            json_pack("{s:o, s:o, s:I, s:I, s:s, s:I, s:I, s:I}", "addr", addr_json(&w->addr),
                      "bond", og_json_new_dec(w->bond), "id", (json_int_t)++number,
                      "measured_mflops_per_s", (json_int_t)w->mflops_per_s, "name", w->name,
                      "offered_mflops_per_s",
                      (json_int_t)og_node_offered(&w->limits, w->mflops_per_s), "slots",
                      (json_int_t)w->limits.slots, "threads", (json_int_t)w->limits.threads));
    }
    return json_pack("{s:o, s:o, s:s, s:o, s:s, s:i}", "accounts", accounts, "chain",
                     og_json_new_hex(chain->b, OG_HASH_LEN), "kind", "init", "nodes", nodes,
                     "state", state_dir, "v", 1);
}
