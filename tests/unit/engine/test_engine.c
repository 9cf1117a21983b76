/* test_engine.c - the embedded engine: blocks sealed and chained, rounds, lost races, who waits. */
#include "chainkit.h"

#include "engine/engine_audit.h"

#include <sys/wait.h>

static char *keys_of(const char *name, unsigned from, unsigned to)
{
    char *keys = og_io_join(kit_dir, name);
    OK(og_io_mkdirs(keys, 0700, &kit_err));
    for (unsigned i = from; i < to; i++)
        kit_save_keys(keys, i);
    return keys;
}

static void seal(struct og_engine *e)
{
    bool sealed;
    OK(og_engine_seal(e, true, &sealed, &kit_err));
    assert_true(sealed);
}

static void check_chain(struct og_store *st, uint64_t from, uint64_t to, unsigned nodes)
{
    struct og_header h;
    struct og_hash parent;
    uint64_t time = 0;
    for (uint64_t height = from; height <= to; height++) {
        kit_header(st, height, &h);
        assert_int_equal(h.open.height, height);
        if (height > from)
            assert_memory_equal(&h.parent, &parent, OG_HASH_LEN);
        else if (from == 1)
            assert_memory_equal(&h.parent, &h.chain, OG_HASH_LEN);
        assert_true(h.open.time_ms > time);
        time = h.open.time_ms;
        struct og_hash *leaf;
        size_t n;
        OK(og_block_leaves(st, height, false, &leaf, &n, &kit_err));
        assert_int_equal(n, h.n_tx);
        struct og_hash root = og_merkle_root(leaf, n);
        assert_memory_equal(&root, &h.tx_root, OG_HASH_LEN);
        free(leaf);
        if (nodes) {
            assert_true(h.open.proposer >= 1 && h.open.proposer <= nodes && h.open.has_pi);
            struct og_key *k = kit_key("consensus", (unsigned)h.open.proposer - 1);
            struct og_pub *p;
            OK(og_key_pub(k, &p, &kit_err));
            assert_true(og_header_verify(&h, p));
            og_pub_free(p);
            og_key_free(k);
        }
        parent = h.hash;
        og_header_release(&h);
    }
}

static uint64_t balance(struct og_engine *e, unsigned i)
{
    struct og_key *k = kit_key("account", i);
    struct og_account a = {.addr = og_key_addr(k)};
    OK(og_row_need(og_engine_store(e), OG_F_ACCOUNT, &a, &kit_err));
    og_key_free(k);
    return a.balance;
}

static uint64_t height_of(struct og_engine *e)
{
    uint64_t h;
    uint64_t t;
    OK(og_engine_head(e, &h, &t, &kit_err));
    return h;
}

static void blocks_are_chained_and_signed(void **state)
{
    (void)state;
    char *dir = kit_state("chained", "{}", KIT_NODES);
    char *keys = keys_of("keys-all", 0, KIT_NODES);
    struct og_engine *e = kit_engine(dir, keys);
    struct og_key *k = kit_key("account", 5);
    struct og_sent sent;
    bool sealed = true;
    assert_true(og_engine_can_seal(e));
    OK(og_engine_seal(e, true, &sealed, &kit_err));
    assert_false(sealed); /* nothing to seal: an idle chain stands still */
    uint64_t before = balance(e, 6);
    for (unsigned i = 1; i <= 5; i++) {
        OK(kit_transfer(e, k, 6, i, &sent));
        assert_int_equal(sent.rc, OG_OK);
        assert_true(sent.in_block);
        seal(e);
        assert_int_equal(height_of(e), i);
    }
    assert_int_equal(balance(e, 6), before + 15);
    check_chain(og_engine_store(e), 1, 5, KIT_NODES);
    uint64_t counted;
    uint64_t genesis;
    OK(og_ledger_supply(og_engine_ledger(e), &counted, &genesis, &kit_err));
    assert_true(counted == genesis);
    og_engine_close(e);
    og_key_free(k);
    free(keys);
    free(dir);
}

/* Header H + 1 carries the state after block H. */
static void headers_carry_the_app_hash(void **state)
{
    (void)state;
    char *dir = kit_state("app", "{}", KIT_NODES);
    char *keys = keys_of("keys-all", 0, KIT_NODES);
    struct og_engine *e = kit_engine(dir, keys);
    struct og_key *k = kit_key("account", 5);
    struct og_sent sent;
    struct og_hash app;
    OK(og_tree_recompute(og_engine_store(e), &app, &kit_err));
    for (unsigned i = 1; i <= 3; i++) {
        struct og_header h;
        OK(kit_transfer(e, k, 6, i, &sent));
        seal(e);
        kit_header(og_engine_store(e), i, &h);
        assert_memory_equal(&h.app_hash, &app, OG_HASH_LEN);
        og_header_release(&h);
        OK(og_tree_recompute(og_engine_store(e), &app, &kit_err));
    }
    og_engine_close(e);
    og_key_free(k);
    free(keys);
    free(dir);
}

/* One of three keys is here: it seals every block, in the first round drawn to it. */
static void missing_keys_skip_rounds(void **state)
{
    (void)state;
    char *dir = kit_state("rounds", "{}", KIT_NODES);
    char *keys = keys_of("keys-1", 1, 2);
    struct og_engine *e = kit_engine(dir, keys);
    struct og_key *k = kit_key("account", 5);
    struct og_sent sent;
    uint64_t skipped = 0;
    for (uint64_t i = 1; i <= 12; i++) {
        struct og_header h;
        OK(kit_transfer(e, k, 6, 1, &sent));
        seal(e);
        kit_header(og_engine_store(e), i, &h);
        assert_int_equal(h.open.proposer, 2);
        for (uint64_t r = 0; r < h.open.round; r++) { /* the earlier ones belonged to others */
            uint64_t node;
            OK(og_ledger_proposer(og_engine_ledger(e), i, r, &node, &kit_err));
            assert_int_not_equal(node, 2);
            skipped++;
        }
        og_header_release(&h);
    }
    assert_true(skipped > 0);
    check_chain(og_engine_store(e), 1, 12, KIT_NODES);
    og_engine_close(e);
    og_key_free(k);
    free(keys);
    free(dir);
}

static void a_chain_without_validators_seals_unsigned(void **state)
{
    (void)state;
    char *dir = kit_state("nobody", "{}", 0);
    struct og_engine *e = kit_engine(dir, NULL);
    struct og_key *k = kit_key("account", 5);
    struct og_sent sent;
    OK(kit_transfer(e, k, 6, 1, &sent));
    seal(e);
    check_chain(og_engine_store(e), 1, 1, 0);
    og_engine_close(e);
    og_key_free(k);
    free(dir);
}

static void refusals_cost_nothing_failures_a_fee(void **state)
{
    (void)state;
    char *dir = kit_state("refused", "{}", KIT_NODES);
    struct og_engine *e = kit_engine(dir, NULL);
    struct og_key *k = kit_key("account", 5);
    struct og_key *stranger = kit_key("stranger", 0);
    struct og_sent sent;
    uint64_t before = balance(e, 5);
    assert_int_equal(kit_transfer(e, stranger, 6, 1, &sent), OG_E_DATA);
    assert_non_null(strstr(kit_err.msg, "is not on this chain"));
    assert_int_equal(kit_transfer(e, k, 6, 1000 * 10000ull * KIT_OGPU, &sent), OG_E_DATA);
    assert_true(sent.in_block);
    uint64_t after = balance(e, 5);
    assert_true(after < before && before - after < 100000); /* the fee alone */
    static const char *const lines[] = {"", "{}", "not json", "{\"a\":1}"};
    size_t len[4];
    struct og_sent out[4];
    for (size_t i = 0; i < 4; i++)
        len[i] = strlen(lines[i]);
    OK(og_engine_send_lines(e, lines, len, 4, out, &kit_err));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(out[i].rc, OG_E_DATA);
        assert_false(out[i].in_block);
        assert_true(out[i].msg[0] != '\0');
    }
    assert_int_equal(balance(e, 5), after);
    og_engine_close(e);
    og_key_free(k);
    og_key_free(stranger);
    free(dir);
}

/* A line that entered the chain is not taken twice, nor one for another chain. */
static void no_replays(void **state)
{
    (void)state;
    char *dir = kit_state("replay", "{}", KIT_NODES);
    struct og_engine *e = kit_engine(dir, NULL);
    struct og_key *k = kit_key("account", 5);
    struct og_key *t = kit_key("account", 6);
    struct og_addr to = og_key_addr(t);
    struct og_buf line = OG_BUF_INIT;
    json_t *body = json_object();
    struct og_draft d = {.kind = OG_TX_TRANSFER, .body = body, .to = &to, .value = 5};
    struct og_sent out;
    OK(og_tx_sign(&d, k, og_engine_chain(e), 1, 1000, 100000, true, &line, &kit_err));
    const char *text = line.p;
    OK(og_engine_send_lines(e, &text, &line.len, 1, &out, &kit_err));
    assert_int_equal(out.rc, OG_OK);
    uint64_t after = balance(e, 5);
    OK(og_engine_send_lines(e, &text, &line.len, 1, &out, &kit_err));
    assert_int_equal(out.rc, OG_E_TEMPFAIL);
    assert_false(out.in_block);
    og_buf_reset(&line);
    struct og_hash other = kit_seed("another chain", 0);
    OK(og_tx_sign(&d, k, &other, 2, 1000, 100000, false, &line, &kit_err));
    text = line.p;
    OK(og_engine_send_lines(e, &text, &line.len, 1, &out, &kit_err));
    assert_int_equal(out.rc, OG_E_DATA);
    assert_non_null(strstr(out.msg, "another chain"));
    assert_int_equal(balance(e, 5), after);
    json_decref(body);
    og_buf_release(&line);
    og_engine_close(e);
    og_key_free(k);
    og_key_free(t);
    free(dir);
}

/* Two processes, one account, each 60 transactions in batches: all land, in order, once. */
static void lost_sequence_races_are_signed_again(void **state)
{
    (void)state;
    enum { EACH = 60, BATCH = 6 };
    char *dir = kit_state("race", "{}", KIT_NODES);
    char *keys = keys_of("keys-all", 0, KIT_NODES);
    pid_t pid[2];
    for (int p = 0; p < 2; p++) {
        pid[p] = fork();
        assert_true(pid[p] >= 0);
        if (pid[p])
            continue;
        struct og_engine *e;
        struct og_key *k = kit_key("account", 5);
        struct og_key *t = kit_key("account", 6);
        struct og_addr to = og_key_addr(t);
        struct og_draft d[BATCH];
        struct og_sent out[BATCH];
        json_t *body = json_object();
        if (og_engine_open(dir, keys, &e, &kit_err) != OG_OK)
            _exit(2);
        for (int i = 0; i < EACH / BATCH; i++) {
            for (int j = 0; j < BATCH; j++)
                d[j] =
                    (struct og_draft){.kind = OG_TX_TRANSFER, .body = body, .to = &to, .value = 1};
            if (og_engine_send(e, k, d, BATCH, out, &kit_err) != OG_OK) {
                fprintf(stderr, "# sender %d: %s\n", p, kit_err.msg);
                _exit(1);
            }
            for (int j = 0; j < BATCH; j++)
                if (out[j].rc != OG_OK) {
                    fprintf(stderr, "# sender %d: %s\n", p, out[j].msg);
                    _exit(1);
                }
        }
        _exit(0);
    }
    for (int p = 0; p < 2; p++) {
        int status;
        assert_int_equal(waitpid(pid[p], &status, 0), pid[p]);
        assert_int_equal(status, 0);
    }
    struct og_engine *e = kit_engine(dir, keys);
    struct og_key *k = kit_key("account", 5);
    struct og_account a = {.addr = og_key_addr(k)};
    OK(og_row_need(og_engine_store(e), OG_F_ACCOUNT, &a, &kit_err));
    assert_int_equal(a.seq, 2 * EACH);
    assert_int_equal(balance(e, 6), 10000ull * KIT_OGPU + 2 * EACH);
    og_key_free(k);
    og_engine_close(e);
    free(keys);
    free(dir);
}

/* Between a refusal in the middle and the rest no number is left out. */
static void a_failure_in_a_batch_spares_the_rest(void **state)
{
    (void)state;
    enum { N = 9 };
    char *dir = kit_state("middle", "{}", KIT_NODES);
    struct og_engine *e = kit_engine(dir, NULL);
    struct og_key *k = kit_key("account", 5);
    struct og_key *t = kit_key("account", 6);
    struct og_addr to = og_key_addr(t);
    struct og_draft d[N];
    struct og_sent out[N];
    json_t *good = json_object();
    json_t *bad = json_pack("{s:i}", "surprise", 1);
    json_t *huge = json_object();
    struct og_buf x = OG_BUF_INIT;
    for (int i = 0; i < OG_TX_MAX; i++)
        og_buf_addc(&x, 'x');
    json_object_set_new(huge, "a", json_string(x.p));
    og_buf_release(&x);
    for (int i = 0; i < N; i++) {
        json_t *body = i == 3 ? bad : i == 6 ? huge : good;
        d[i] = (struct og_draft){.kind = OG_TX_TRANSFER, .body = body, .to = &to, .value = 1};
    }
    OK(og_engine_send(e, k, d, N, out, &kit_err));
    for (int i = 0; i < N; i++) {
        assert_int_equal(out[i].rc, i == 3 || i == 6 ? OG_E_DATA : OG_OK);
        assert_int_equal(out[i].in_block, i != 6); /* too long: it enters no block */
    }
    assert_int_equal(balance(e, 6), 10000ull * KIT_OGPU + N - 2);
    json_decref(good);
    json_decref(bad);
    json_decref(huge);
    og_key_free(k);
    og_key_free(t);
    og_engine_close(e);
    free(dir);
}

static void blocks_end_at_block_max(void **state)
{
    (void)state;
    enum { N = 25 };
    char *dir = kit_state("max", "{\"block_max\":\"10\",\"block_ms\":\"3600000\"}", KIT_NODES);
    char *keys = keys_of("keys-all", 0, KIT_NODES);
    struct og_engine *e = kit_engine(dir, keys);
    struct og_key *k = kit_key("account", 5);
    struct og_sent sent;
    for (int i = 0; i < N; i++)
        OK(kit_transfer(e, k, 6, 1, &sent));
    assert_int_equal(height_of(e), 2);
    struct og_header h;
    kit_header(og_engine_store(e), 1, &h);
    assert_int_equal(h.n_tx, 11); /* with block.open */
    og_header_release(&h);
    og_engine_close(e);
    og_key_free(k);
    free(keys);
    free(dir);
}

static void blocks_end_at_block_ms(void **state)
{
    (void)state;
    char *dir = kit_state("ms", "{\"block_ms\":\"50\"}", KIT_NODES);
    char *keys = keys_of("keys-all", 0, KIT_NODES);
    struct og_engine *e = kit_engine(dir, keys);
    struct og_key *k = kit_key("account", 5);
    struct og_sent sent;
    bool sealed;
    OK(kit_transfer(e, k, 6, 1, &sent));
    og_time_set_now(KIT_TIME + 5000);
    OK(kit_transfer(e, k, 6, 1, &sent));
    assert_int_equal(height_of(e), 1);
    OK(og_engine_seal(e, false, &sealed, &kit_err)); /* it is young */
    og_time_set_now(KIT_TIME + 6000);
    OK(og_engine_seal(e, false, &sealed, &kit_err));
    assert_true(sealed);
    assert_int_equal(height_of(e), 2);
    check_chain(og_engine_store(e), 1, 2, KIT_NODES);
    og_engine_close(e);
    og_key_free(k);
    free(keys);
    free(dir);
}

/* Refused lines leave an open block without content; it does not keep their time. */
static void a_block_of_refusals_begins_anew(void **state)
{
    (void)state;
    char *dir = kit_state("anew", "{}", KIT_NODES);
    char *keys = keys_of("keys-all", 0, KIT_NODES);
    struct og_engine *e = kit_engine(dir, keys);
    struct og_key *k = kit_key("account", 5);
    const char *line = "{}";
    size_t len = 2;
    struct og_sent sent;
    struct og_header h;
    OK(og_engine_send_lines(e, &line, &len, 1, &sent, &kit_err));
    og_time_set_now(KIT_TIME + 600000);
    OK(kit_transfer(e, k, 6, 1, &sent));
    seal(e);
    kit_header(og_engine_store(e), 1, &h);
    assert_true(h.open.time_ms >= KIT_TIME + 600000);
    og_header_release(&h);
    og_engine_close(e);
    og_key_free(k);
    free(keys);
    free(dir);
}

static void a_clock_that_jumps_is_refused(void **state)
{
    (void)state;
    const uint64_t week = 7ull * 86400 * 1000;
    char *dir = kit_state("clock", "{}", KIT_NODES);
    char *keys = keys_of("keys-all", 0, KIT_NODES);
    struct og_engine *e = kit_engine(dir, keys);
    struct og_key *k = kit_key("account", 5);
    struct og_sent sent;
    og_time_set_now(KIT_TIME + week + 60000);
    assert_int_equal(kit_transfer(e, k, 6, 1, &sent), OG_E_CONFIG);
    assert_non_null(strstr(kit_err.msg, "more than 7 days"));
    assert_int_equal(height_of(e), 0);
    og_engine_allow_clock(e);
    OK(kit_transfer(e, k, 6, 1, &sent));
    seal(e);
    /* a clock that went back: time goes on by 1 ms a block */
    og_time_set_now(KIT_TIME);
    OK(kit_transfer(e, k, 6, 1, &sent));
    seal(e);
    struct og_header a;
    struct og_header b;
    kit_header(og_engine_store(e), 1, &a);
    kit_header(og_engine_store(e), 2, &b);
    assert_true(b.open.time_ms == a.open.time_ms + 1);
    og_header_release(&a);
    og_header_release(&b);
    og_engine_close(e);
    og_key_free(k);
    free(keys);
    free(dir);
}

/* Who holds no key fills the open block; when that is due, another must seal it. */
static void without_a_sealer_it_waits_then_75(void **state)
{
    (void)state;
    char *dir = kit_state("alone", "{\"block_max\":\"1\"}", KIT_NODES);
    char *keys = keys_of("keys-all", 0, KIT_NODES);
    struct og_engine *e = kit_engine(dir, NULL);
    struct og_key *k = kit_key("account", 5);
    struct og_sent sent;
    bool sealed = true;
    assert_false(og_engine_can_seal(e));
    OK(kit_transfer(e, k, 6, 1, &sent));
    OK(og_engine_seal(e, true, &sealed, &kit_err));
    assert_false(sealed);
    pid_t pid = fork(); /* somebody who may seal comes by half a second later */
    assert_true(pid >= 0);
    if (pid == 0) {
        struct og_engine *s;
        og_time_sleep_ms(500);
        if (og_engine_open(dir, keys, &s, &kit_err) != OG_OK ||
            og_engine_seal(s, true, &sealed, &kit_err) != OG_OK || !sealed)
            _exit(1);
        _exit(0);
    }
    OK(kit_transfer(e, k, 6, 1, &sent));
    assert_int_equal(height_of(e), 1);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    uint64_t start = og_time_mono_ms();
    og_engine_set_wait(e, 700);
    assert_int_equal(kit_transfer(e, k, 6, 1, &sent), OG_E_TEMPFAIL);
    uint64_t took = og_time_mono_ms() - start;
    assert_true(took >= 700 && took < OG_STORE_BUSY_MS);
    assert_non_null(strstr(kit_err.msg, "nobody who may seal"));
    og_engine_close(e);
    og_key_free(k);
    free(keys);
    free(dir);
}

static void the_audit_replays_it(void **state)
{
    (void)state;
    char *dir = kit_state("audit", "{\"block_max\":\"3\"}", KIT_NODES);
    char *keys = keys_of("keys-1", 1, 2);
    char *scratch = og_io_join(kit_dir, "scratch");
    struct og_engine *e = kit_engine(dir, keys);
    struct og_key *k = kit_key("account", 5);
    struct og_sent sent;
    struct og_audit audit;
    for (int i = 0; i < 10; i++)
        OK(kit_transfer(e, k, 6, 1, &sent));
    OK(og_io_mkdirs(scratch, 0700, &kit_err));
    struct og_audit_want want = {.scratch_dir = scratch};
    OK(og_audit_run(og_engine_store(e), &want, &audit, &kit_err));
    if (!audit.ok)
        fail_msg("block %llu: %s", (unsigned long long)audit.bad_height, audit.what);
    assert_int_equal(audit.blocks, 3);
    assert_true(audit.skipped > 0);
    og_engine_close(e);
    og_key_free(k);
    free(scratch);
    free(keys);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_chained_and_signed),
        cmocka_unit_test(headers_carry_the_app_hash),
        cmocka_unit_test(missing_keys_skip_rounds),
        cmocka_unit_test(a_chain_without_validators_seals_unsigned),
        cmocka_unit_test(refusals_cost_nothing_failures_a_fee),
        cmocka_unit_test(no_replays),
        cmocka_unit_test(lost_sequence_races_are_signed_again),
        cmocka_unit_test(a_failure_in_a_batch_spares_the_rest),
        cmocka_unit_test(blocks_end_at_block_max),
        cmocka_unit_test(blocks_end_at_block_ms),
        cmocka_unit_test(a_block_of_refusals_begins_anew),
        cmocka_unit_test(a_clock_that_jumps_is_refused),
        cmocka_unit_test(without_a_sealer_it_waits_then_75),
        cmocka_unit_test(the_audit_replays_it),
    };
    return cmocka_run_group_tests(tests, kit_open, kit_close);
}
