/* node_status.c - `ogpu-node status`: where this member stands. */
#include "node.h"

#include "base/base_io.h"
#include "base/base_num.h"
#include "ledger/ledger.h"
#include "net/net_rpc.h"
#include "store/store_block.h"
#include "store/store_row.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct status_options {
    struct og_opts_common common;
};

static const struct og_tool tool = {
    .name = "ogpu-node status",
    .summary = "say where this member stands: block, app hash, peers, processes",
    .synopsis = "[OPTIONS]",
    .has_human = true,
};

/* The process of a pid file; 0: none runs. */
static json_int_t pid_of(const char *home, const char *name)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_err ignored;
    uint64_t pid = 0;
    char *path = og_io_join(home, name);
    if (og_io_read_file(path, 32, &text, &ignored) != OG_OK ||
        !og_parse_u64n(text.p, text.len ? text.len - 1 : 0, INT32_MAX, &pid) ||
        kill((pid_t)pid, 0) < 0)
        pid = 0;
    og_buf_release(&text);
    free(path);
    return (json_int_t)pid;
}

static enum og_rc add_state(json_t *o, struct og_store *st, struct og_err *err)
{
    struct og_ledger *l;
    struct og_buf hash = OG_BUF_INIT;
    uint64_t height = 0;
    uint64_t n = 0;
    bool found;
    OG_TRY(og_ledger_open(st, &l, err));
    json_object_set_new(o, "chain", og_json_new_hex(og_ledger_chain(l)->b, OG_HASH_LEN));
    og_ledger_close(l);
    enum og_rc rc = og_block_last(st, &height, NULL, err);
    if (rc == OG_OK)
        rc = og_store_meta_get(st, "app_hash", &hash, &found, err);
    if (rc == OG_OK)
        rc = og_row_count(st, OG_F_VALIDATOR, &n, err);
    json_object_set_new(o, "height", json_integer((json_int_t)height));
    json_object_set_new(o, "app_hash", og_json_new_hex(hash.p ? hash.p : "", hash.len));
    json_object_set_new(o, "validators", json_integer((json_int_t)n));
    og_buf_release(&hash);
    return rc;
}

/* What the engine says; without an answer it is not running. */
static void add_engine(json_t *o, const char *url)
{
    struct og_rpc *rpc;
    struct og_rpc_status s = {0};
    struct og_err why;
    bool up = og_rpc_open(url, &rpc, &why) == OG_OK && og_rpc_get_status(rpc, &s, &why) == OG_OK;
    og_rpc_close(rpc);
    json_object_set_new(o, "rpc", json_string(url));
    json_object_set_new(o, "running", json_boolean(up));
    if (!up)
        return;
    json_object_set_new(o, "network", json_string(s.network));
    json_object_set_new(o, "engine_height", json_integer((json_int_t)s.height));
    json_object_set_new(o, "catching_up", json_boolean(s.catching_up));
    json_object_set_new(o, "peers", json_integer((json_int_t)s.peers));
}

static void print_human(const json_t *o)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)o, key, v)
    {
        char *text = json_is_string(v) ? NULL : json_dumps(v, JSON_ENCODE_ANY);
        if (strcmp(key, "kind") != 0 && strcmp(key, "v") != 0)
            printf("%-14s %s\n", key, text ? text : json_string_value(v));
        free(text);
    }
}

static enum og_rc report(const struct status_options *o, const char *home, struct og_err *err)
{
    struct og_store *st;
    struct og_buf url = OG_BUF_INIT;
    bool found = false;
    OG_TRY(og_store_open(home, OG_STORE_READ, &st, err));
    json_t *rec = json_pack("{s:s, s:s, s:i}", "kind", "node-status", "state", home, "v", 1);
    enum og_rc rc = og_store_meta_get(st, "comet_rpc", &url, &found, err);
    if (rc == OG_OK && !found)
        rc = og_err_set(err, OG_E_CONFIG, "'%s' is no member of a network", home);
    if (rc == OG_OK)
        rc = add_state(rec, st, err);
    og_store_close(st);
    if (rc == OG_OK) {
        add_engine(rec, url.p);
        json_object_set_new(rec, "app_pid", json_integer(pid_of(home, "run/app.pid")));
        json_object_set_new(rec, "engine_pid", json_integer(pid_of(home, "run/engine.pid")));
        if (o->common.human)
            print_human(rec);
        else
            rc = og_jsonl_write(stdout, rec, err);
        if (rc == OG_OK && !json_is_true(json_object_get(rec, "running")))
            rc = OG_NO;
    }
    json_decref(rec);
    og_buf_release(&url);
    return rc;
}

int node_status(int argc, char **argv)
{
    struct status_options o = {0};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "'%.64s' is one operand too many", argv[first]);
    if (rc == OG_OK && !done) {
        char *home = og_cli_state_dir(&o.common);
        rc = report(&o, home, &err);
        free(home);
    }
    og_cli_release(&tool, &o);
    return og_cli_exit(&tool, rc, &err);
}
