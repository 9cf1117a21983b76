/* stake_open.c - opens state and key, names accounts, sends transactions. */
#include "stake.h"

#include "base/base_io.h"
#include "crypto/crypto_keyfile.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum og_rc stake_key(const struct stake *s, const char *name, struct og_key **out,
                     struct og_err *err)
{
    struct og_buf pass = OG_BUF_INIT;
    enum og_rc rc = OG_OK;
    *out = NULL;
    if (s->o->passphrase_file) {
        rc = og_io_read_secret(s->o->passphrase_file, 4096, &pass, err);
        og_buf_addc(&pass, '\n');
        pass.p[strcspn(pass.p, "\n")] = '\0';
    }
    if (rc == OG_OK)
        rc = og_keyfile_load(s->keys_dir, name, s->o->passphrase_file ? pass.p : NULL, out, err);
    og_buf_cleanse(&pass);
    return rc;
}

enum og_rc stake_open(const struct stake_options *o, bool write, struct stake *s,
                      struct og_err *err)
{
    *s = (struct stake){.o = o};
    s->state_dir = og_cli_state_dir(&o->common);
    s->keys_dir = og_cli_keys_dir();
    if (!write)
        return og_store_open(s->state_dir, OG_STORE_READ, &s->store, err);
    OG_TRY(og_engine_open(s->state_dir, s->keys_dir, &s->engine, err));
    s->store = og_engine_store(s->engine);
    OG_TRY(stake_key(s, o->key, &s->key, err));
    s->addr = og_key_addr(s->key);
    return OG_OK;
}

void stake_close(struct stake *s)
{
    if (!s->engine)
        og_store_close(s->store);
    og_engine_close(s->engine);
    og_key_free(s->key);
    free(s->state_dir);
    free(s->keys_dir);
    *s = (struct stake){0};
}

enum og_rc stake_addr(const struct stake *s, const char *text, struct og_addr *out,
                      struct og_err *err)
{
    struct og_pub *pub;
    bool encrypted;
    if (strcmp(text, "treasury") == 0) {
        *out = og_addr_of_key("treasury", "", 0);
        return OG_OK;
    }
    if (strncmp(text, "ogpu1", 5) == 0)
        return og_addr_parse(text, out, err);
    OG_TRY(og_keyfile_load_pub(s->keys_dir, text, &pub, &encrypted, err));
    *out = og_pub_addr(pub);
    og_pub_free(pub);
    return OG_OK;
}

enum og_rc stake_send(struct stake *s, enum og_tx_kind kind, json_t *body, uint64_t *first_id,
                      struct og_err *err)
{
    const struct og_draft d = {.kind = kind, .body = body};
    struct og_sent sent = {0};
    enum og_rc rc = og_engine_send1(s->engine, s->key, &d, &sent, err);
    json_decref(body);
    if (first_id)
        *first_id = sent.first_id;
    if (rc != OG_OK)
        return rc;
    char from[OG_ADDR_TEXT];
    og_addr_format(&s->addr, from);
    json_t *rec = json_pack("{s:s, s:o, s:s, s:s, s:i}", "from", from, "id",
                            og_json_new_hex(sent.id.b, OG_HASH_LEN), "kind", "sent", "tx",
                            og_tx_kind_name(kind), "v", 1);
    if (sent.first_id)
        json_object_set_new(rec, "number", json_integer((json_int_t)sent.first_id));
    if (s->o->common.human)
        printf("%s sent\n", og_tx_kind_name(kind));
    else
        rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

enum og_rc stake_node(struct stake *s, uint64_t id, struct og_node *n, struct og_err *err)
{
    bool found;
    *n = (struct og_node){.id = id};
    OG_TRY(og_row_get(s->store, OG_F_NODE, n, &found, err));
    return found ? OG_OK : og_err_set(err, OG_NO, "there is no node %" PRIu64, id);
}

enum og_rc stake_own_node(struct stake *s, uint64_t *id, struct og_err *err)
{
    struct og_node n;
    OG_TRY(og_query_node_of(s->store, &s->addr, id, err));
    if (!*id)
        return og_err_set(err, OG_NO, "the key '%s' is no node", s->o->key);
    OG_TRY(stake_node(s, *id, &n, err));
    bool left = n.state == OG_NODE_LEFT;
    og_row_release(&og_families[OG_F_NODE], &n);
    return left ? og_err_set(err, OG_NO, "node %" PRIu64 " has left", *id) : OG_OK;
}
