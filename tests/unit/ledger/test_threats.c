/* test_threats.c - attacks of the threat model that one machine can play, and the rule that answers
 * each: the number is the attack's. Played elsewhere: 5 test_verify.c test_exact_no_reveal,
 * 6 test_exact_nondeterministic and test_exact_soft, 9 the replays of tests/sim/walk.c,
 * 11 test_epoch.c test_cap, 12 test_task.c test_dispute and test_no_cancel_after_commit,
 * 13 test_verify.c test_cmd_second, 20 test_refuse.c. */
#include "ledgerkit.h"

static json_t *task_of(const struct kit *k)
{
    return json_pack("{s:I}", "task", (json_int_t)k->t.id);
}

/* Another node's slots cannot be had: one worker is sure. */
static void only_worker(struct kit *k, unsigned worker)
{
    for (unsigned i = 0; i < k->s->nodes; i++)
        if (i != worker)
            KIT_NODE(k, i, n->min_rate = OG_VALUE_MAX);
}

/* Node 0's bond; node 1 has the rest, so that the supply stays. */
static void set_bond(struct kit *k, uint64_t bond)
{
    KIT_NODE(k, 0, n->bond = bond);
    KIT_NODE(k, 1, n->bond = 2 * KIT_BOND - bond);
}

static uint64_t q_of(struct kit *k, uint64_t streak, uint64_t bond, uint64_t amount, uint64_t *lock)
{
    char task[128];
    set_bond(k, bond);
    KIT_NODE(k, 0, n->streak = streak);
    snprintf(task, sizeof task, "{'verify':'exact','max_price':'%llu','limit_ms':1000000}",
             (unsigned long long)amount);
    kit_submit(k, task);
    kit_match(k);
    *lock = k->ls.lock;
    uint64_t q = k->ls.q_ppm;
    kit_do(k, k->me, OG_TX_TASK_CANCEL, task_of(k));
    kit_seal(k);
    return q;
}

/* 1: ten cheap jobs buy no trust for a dear one; who is poor is checked more; L = 3A/q. */
static void test_01_cheap_trust(void **st)
{
    struct kit *k = kit_new(5, NULL);
    uint64_t lock;
    (void)st;
    only_worker(k, 0);
    assert_int_equal(q_of(k, 0, KIT_BOND, 1000, &lock), 1000000);
    assert_int_equal(lock, 3000);
    assert_int_equal(q_of(k, 99999, KIT_BOND, 1000, &lock), 100000); /* 10·A/(streak+1) */
    assert_int_equal(lock, 30000);
    assert_int_equal(q_of(k, 99999, KIT_BOND, 1000000, &lock), 1000000);
    assert_int_equal(q_of(k, 1000000000, KIT_BOND, 1000, &lock), 50000); /* q_min */
    assert_int_equal(lock, 60000);
    assert_int_equal(q_of(k, OG_VALUE_MAX, 10000, 1000, &lock), 300000); /* 3A / free bond */
    assert_int_equal(lock, 10000);
    set_bond(k, 2999);
    kit_submit(k, "{'verify':'exact','max_price':'1000'}");
    kit_seal(k);
    kit_pass(k, 6, 100);
    kit_look(k);
    assert_int_equal(k->t.live, 0); /* 3A above the bond: infeasible */
    kit_free(k);
}

/* 3: a lease is never paid more time than passed, and no slot-millisecond is sold twice. */
static void test_03_run_ms(void **st)
{
    struct kit *k = kit_new(1, NULL);
    uint64_t sold = 0;
    (void)st;
    for (int i = 0; i < 3; i++) {
        struct og_slot s = {.node = 1};
        kit_submit(k, "{'max_price':'99999999','limit_ms':1000000}");
        kit_match(k);
        kit_start(k);
        kit_commit(k, 700, 1, 86400000, 0);
        assert_int_equal(k->ls.credited_ms, 700);
        assert_int_equal(k->ls.pay, 70000);
        sim_row(k->s, OG_F_SLOT, &s);
        assert_true(s.sold_ms > sold && s.sold_ms <= k->s->now_ms);
        sold = s.sold_ms;
    }
    kit_free(k);
}

/* 3: known work bounds U by 5/4 of it, whatever time was taken. */
static void test_03_known_work(void **st)
{
    struct kit *k = kit_new(1, NULL);
    (void)st;
    kit_submit(k, "{'max_price':'99999999','work_mflop':'4000'}");
    kit_match(k);
    kit_start(k);
    kit_commit(k, 9000, 1, 9000, 0);
    assert_int_equal(k->ls.units, 5000);
    assert_int_equal(k->ls.pay, 5000);
    kit_free(k);
}

/* 4: a solver that is wrong pays a grain a cell and is out for 16 rounds. */
static void test_04_wrong_certificate(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 3, .nodes = 3}, "{'round_grace':'9'}");
    (void)st;
    kit_submit(k, "{}");
    kit_submit(k, "{}");
    kit_seal(k);
    kit_mark(k);
    sim_open(k->s, 1);
    assert_int_equal(crew_match(k->s, 0, true), OG_E_DATA);
    kit_node(k, 0, -12, 0); /* 2 rows of 3 slots with 2 places */
    kit_moved(k, 0, 12);
    assert_int_equal(crew_match(k->s, 0, false), OG_E_DATA);
    kit_says(k, "it may again from round 17");
    kit_node(k, 0, -12, 0);
    assert_int_equal(crew_match(k->s, 1, false), OG_OK);
    kit_node(k, 1, 12, 0); /* 400 grains for two rows, but the treasury has twelve */
    kit_seal(k);
    kit_look(k);
    assert_int_equal(k->t.live, 1);
    kit_free(k);
}

/* 4: a certificate of another round, or a second one, changes nothing. */
static void test_04_stale_certificate(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 2, .nodes = 2}, "{'round_grace':'9'}");
    json_t *stale = kit_json("{'round':1,'x':[0],'u':[0],'v':[0,0]}");
    (void)st;
    kit_submit(k, "{}");
    kit_seal(k);
    sim_open(k->s, 1);
    assert_int_equal(crew_match(k->s, 1, false), OG_OK);
    kit_mark(k);
    kit_refused(k, kit_acct(k, 0), OG_TX_MATCH_COMMIT, stale, "does not wait for a matching");
    kit_node(k, 0, 0, 0);
    KIT_NODE(k, 0, assert_int_equal(n->barred_round, 0));
    kit_free(k);
}

/* 7: a lease matched, running, committed, revealed survives a week in one block; test_task.c. */
static void test_07_clock_jump(void **st)
{
    struct kit *k = kit_new(1, NULL);
    (void)st;
    kit_submit(k, "{}");
    kit_match(k);
    kit_pass(k, 1, 604800000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_MATCHED);
    kit_start(k);
    kit_pass(k, 1, 604800000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_RUNNING);
    kit_commit(k, 604800000, 1, 5, 0);
    kit_pass(k, 1, 604800000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_COMMITTED);
    kit_reveal(k, 0);
    kit_pass(k, 1, 604800000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_REVEALED);
    kit_free(k);
}

/* 8: the draw waits for a proposer of neither owner, after 16 blocks takes any. */
static void test_08_interested_proposer(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 5, .nodes = 5, .validators = true}, NULL);
    unsigned waited = 0;
    (void)st;
    for (int round = 0; round < 6; round++) {
        kit_submit(k, "{'verify':'exact'}");
        kit_to_commit(k, 0);
        for (int b = 0; k->ls.checked == 0 && b < 17; b++) {
            sim_open(k->s, 1);
            sim_seal(k->s);
            kit_look(k);
            uint64_t proposer = sim_block(k->s)->open.proposer;
            bool party = proposer == k->ls.node;
            waited += party;
            if (party != (k->ls.checked == 0))
                fail_msg("the proposer is %sthe worker and the draw is %s", party ? "" : "not ",
                         k->ls.checked ? "made" : "not made");
        }
        assert_int_equal(k->ls.checked, 2);
    }
    assert_true(waited > 0);
    kit_free(k);
    k = kit_of(&(struct sim_cfg){.owners = 1, .nodes = 1, .validators = true}, NULL);
    kit_submit(k, "{'verify':'exact'}");
    kit_to_commit(k, 0);
    uint64_t at = k->ls.commit_h;
    while (k->ls.method == OG_VERIFY_EXACT && k->s->height < at + 30) {
        kit_pass(k, 1, 1);
        kit_look(k);
    }
    assert_int_equal(k->s->height, at + 16);
    kit_free(k);
}

/* 10: nine passes for one submitter in an epoch count as eight. */
static void test_10_wash_jobs(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 5, .nodes = 5}, NULL);
    (void)st;
    only_worker(k, 0);
    for (int i = 1; i <= 9; i++) {
        kit_submit(k, "{'verify':'vote','max_price':'1000'}");
        kit_to_commit(k, 0);
        kit_pass(k, 1, 1);
        kit_look(k);
        if (k->ls.checked == 2) {
            unsigned v = kit_index(k, og_get_be64(k->ls.drawn.p));
            kit_reveal(k, 0);
            KIT_NODE(k, 0, n->streak = 0); /* so that each is drawn */
            kit_do(k, kit_acct(k, v), OG_TX_VERDICT,
                   crew_verdict(k->s, k->ls.id, v, NULL, "ok", 0));
            kit_look(k);
            if (k->ls.state == OG_LEASE_REVEALED) /* a referee's turn */
                for (unsigned r = 1; r < 3; r++) {
                    v = kit_index(k, og_get_be64(k->ls.drawn.p + (size_t)8 * r));
                    kit_do(k, kit_acct(k, v), OG_TX_VERDICT,
                           crew_verdict(k->s, k->ls.id, v, NULL, "ok", 0));
                }
            kit_seal(k);
        }
        KIT_NODE(k, 0, n->streak = 0;
                 assert_int_equal(n->rel_a, (uint64_t)(1 + (i < 8 ? i : 8)) * OG_PPM));
    }
    kit_free(k);
}

/* 14: squatting, failing and giving back: over 8 and over an eighth bars for an epoch. */
static void test_14_releases(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 1, .nodes = 1},
                           "{'epoch_blocks':'60','epoch_ms':'1000'}");
    (void)st;
    for (int i = 0; i < 9; i++) {
        kit_submit(k, "{}");
        kit_match(k);
        kit_do(k, kit_acct(k, 0), OG_TX_LEASE_RELEASE, crew_leases(k->ls.id));
    }
    uint64_t epoch;
    SIM_OK(k->s, og_led_get(k->s->l, "epoch", &epoch, SIM_ERR));
    KIT_NODE(k, 0, assert_int_equal(n->barred_epoch, epoch + 1));
    kit_submit(k, "{}");
    for (uint64_t e = epoch; e <= epoch + 1;) { /* this epoch's rest and the next */
        kit_pass(k, 1, 100);
        SIM_OK(k->s, og_led_get(k->s->l, "epoch", &e, SIM_ERR));
        kit_look(k);
        if (e <= epoch + 1)
            assert_int_equal(k->t.live, 0);
    }
    kit_pass(k, 3, 100);
    kit_look(k);
    assert_int_equal(k->t.live, 1);
    kit_free(k);
}

/* 15: absent is in test_verify.c; here: a path that leads elsewhere does not open the commit. */
static void test_15_forged_path(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 5, .nodes = 5}, NULL);
    (void)st;
    kit_submit(k, "{'verify':'exact','count':9,'chunk':9,'samples':3}");
    kit_to_commit(k, 0);
    kit_pass(k, 1, 1);
    kit_look(k);
    unsigned v = kit_index(k, og_get_be64(k->ls.drawn.p));
    struct og_hash value = crew_value(k->s, &k->ls, &k->t, 0);
    kit_do(k, kit_acct(k, v), OG_TX_VERDICT_COMMIT, crew_verdict_commit(k->s, k->ls.id, v, &value));
    kit_look(k);
    json_t *good = crew_reveal(k->s, &k->ls, &k->t, 0, 0);
    json_t *bad = crew_reveal(k->s, &k->ls, &k->t, 1, 0);
    json_t *forged = json_deep_copy(good);
    json_t *in = json_array_get(json_object_get(forged, "reveals"), 0);
    json_object_set(in, "paths",
                    json_object_get(json_array_get(json_object_get(bad, "reveals"), 0), "paths"));
    kit_refused(k, kit_acct(k, k->worker), OG_TX_RESULT_REVEAL, forged,
                "does not lead to the root");
    forged = json_deep_copy(good);
    in = json_array_get(json_object_get(forged, "reveals"), 0);
    json_array_remove(json_object_get(in, "paths"), 0);
    kit_refused(k, kit_acct(k, k->worker), OG_TX_RESULT_REVEAL, forged, "the 3 drawn leaves");
    kit_refused(k, kit_acct(k, k->worker), OG_TX_RESULT_REVEAL, bad, "not what was committed");
    forged = json_deep_copy(good);
    in = json_array_get(json_object_get(forged, "reveals"), 0);
    json_array_set_new(json_object_get(in, "paths"), 0, json_integer(3));
    kit_refused(k, kit_acct(k, k->worker), OG_TX_RESULT_REVEAL, forged, "");
    kit_do(k, kit_acct(k, k->worker), OG_TX_RESULT_REVEAL, good);
    kit_free(k);
}

/* 2: a verifier cannot open before the worker revealed, nor another value than it committed to. */
static void test_02_blind_verifier(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 5, .nodes = 5}, NULL);
    struct og_hash copied;
    (void)st;
    kit_submit(k, "{'verify':'exact'}");
    kit_to_commit(k, 0);
    kit_pass(k, 1, 1);
    kit_look(k);
    unsigned v = kit_index(k, og_get_be64(k->ls.drawn.p));
    struct og_hash guess = og_sha256("guess", 5);
    kit_do(k, kit_acct(k, v), OG_TX_VERDICT_COMMIT, crew_verdict_commit(k->s, k->ls.id, v, &guess));
    kit_refused(k, kit_acct(k, v), OG_TX_VERDICT, crew_verdict(k->s, k->ls.id, v, &guess, NULL, 0),
                "not revealed yet");
    kit_reveal(k, 0);
    copied = k->ls.value;
    kit_refused(k, kit_acct(k, v), OG_TX_VERDICT, crew_verdict(k->s, k->ls.id, v, &copied, NULL, 0),
                "not what was committed");
    kit_refused(k, kit_acct(k, v), OG_TX_VERDICT, crew_verdict(k->s, k->ls.id, v, NULL, "ok", 0),
                "a 'value' or is absent");
    kit_free(k);
}

static json_t *header(struct kit *k, unsigned node, uint8_t salt, uint8_t chain, uint64_t ms)
{
    struct og_header h;
    struct og_err err;
    memset(&h, 0, sizeof h);
    h.chain = k->s->chain;
    h.chain.b[0] ^= chain;
    h.open.height = 1;
    h.open.time_ms = ms;
    h.open.proposer = k->s->node[node].id;
    h.app_hash.b[0] = salt;
    assert_int_equal(og_header_sign(&h, sim_key(2048 + k->s->node[node].keys), &err), OG_OK);
    json_t *o = json_loadb(h.line.p, h.line.len, 0, NULL);
    og_header_release(&h);
    return o;
}

static json_t *proof(json_t *a, json_t *b)
{
    return json_pack("{s:s,s:i,s:{s:o,s:o}}", "type", "double-sign", "height", 1, "proof", "a", a,
                     "b", b);
}

/* 16: what the same keys signed on another chain is no evidence; a double signer loses 5 % of bond
 * and of what it unbonds, its power for good, once. */
static void test_16_evidence(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 3, .nodes = 3, .validators = true},
                           "{'epoch_blocks':'3','epoch_ms':'1'}");
    uint64_t ms = k->s->now_ms;
    (void)st;
    kit_do(k, k->s->node[0].owner, OG_TX_STAKE_UNBOND,
           kit_json("{'node':1,'amount':'200000000000'}"));
    kit_refused(k, k->me, OG_TX_EVIDENCE, proof(header(k, 0, 1, 0, ms), header(k, 0, 2, 1, ms)),
                "of another chain");
    kit_refused(k, k->me, OG_TX_EVIDENCE, proof(header(k, 0, 1, 0, ms), header(k, 0, 1, 0, ms)),
                "do not conflict");
    kit_refused(k, k->me, OG_TX_EVIDENCE, proof(header(k, 0, 1, 0, ms), header(k, 1, 2, 0, ms)),
                "do not conflict");
    KIT_NODE(k, 0, n->locked = n->bond); /* as if all of it were at work */
    kit_mark(k);
    kit_do(k, k->me, OG_TX_EVIDENCE, proof(header(k, 0, 1, 0, ms), header(k, 0, 2, 0, ms)));
    kit_node(k, 0, 0, -40000000000);
    kit_moved(k, 0, 50000000000);
    KIT_NODE(k, 0, n->locked = 0);
    kit_refused(k, k->me, OG_TX_EVIDENCE, proof(header(k, 0, 1, 0, ms), header(k, 0, 2, 0, ms)),
                "known already");
    kit_refused(k, kit_acct(k, 0), OG_TX_NODE_UPDATE, json_pack("{s:o}", "keys", sim_keys(9)),
                "gone for good");
    for (int i = 0; i < 8; i++)
        kit_pass(k, 1, 1000);
    KIT_NODE(k, 0, assert_int_equal(n->weight, 0));
    kit_do(k, kit_acct(k, 0), OG_TX_NODE_LEAVE, kit_json("{'node':1}"));
    struct sim_cfg again = {.validators = true};
    kit_refused(k, kit_acct(k, 0), OG_TX_NODE_JOIN, sim_node_body(&again, 0), "joins no more");
    kit_free(k);
}

/* 16: a line counts once, on its chain, until its height. */
static void test_16_replay(void **st)
{
    struct kit *k = kit_new(2, NULL);
    struct og_buf line = OG_BUF_INIT;
    (void)st;
    sim_open(k->s, 1);
    sim_sign(k->s, k->me, OG_TX_TRANSFER, json_object(), &k->s->acct[0].addr, 5, &line);
    assert_int_equal(sim_apply(k->s, k->me, &line), OG_OK);
    assert_int_not_equal(sim_line(k->s, line.p, line.len), OG_OK);
    assert_false(k->s->last.in_block);
    kit_seal(k);
    sim_open(k->s, 1);
    assert_int_not_equal(sim_line(k->s, line.p, line.len), OG_OK);
    assert_false(k->s->last.in_block);
    og_buf_reset(&line);
    k->s->chain.b[0] ^= 1;
    sim_sign(k->s, k->me, OG_TX_TRANSFER, json_object(), &k->s->acct[0].addr, 5, &line);
    k->s->chain.b[0] ^= 1;
    assert_int_equal(sim_line(k->s, line.p, line.len), OG_E_DATA);
    kit_says(k, "of another chain");
    og_buf_release(&line);
    kit_free(k);
}

static json_t *rotation(struct kit *k, unsigned who, unsigned key)
{
    struct og_buf msg = OG_BUF_INIT;
    struct og_buf sig = OG_BUF_INIT;
    struct og_buf text = OG_BUF_INIT;
    og_buf_add(&msg, "ogpu-rotate", 12);
    og_buf_add(&msg, k->s->chain.b, OG_HASH_LEN);
    og_buf_add(&msg, k->s->acct[who].addr.b, OG_ADDR_LEN);
    SIM_OK(k->s, og_key_sign(sim_key(key), msg.p, msg.len, &sig, SIM_ERR));
    og_base64_encode(sig.p, sig.len, &text);
    json_t *o = json_pack("{s:o,s:s}", "key", sim_pub(key), "sig_new", text.p);
    og_buf_release(&msg);
    og_buf_release(&sig);
    og_buf_release(&text);
    return o;
}

/* The new key's consent is another's. */
static json_t *forged_rotation(struct kit *k, unsigned who)
{
    json_t *o = rotation(k, who, 70);
    json_t *other = rotation(k, who, 71);
    json_object_set(o, "sig_new", json_object_get(other, "sig_new"));
    json_decref(other);
    return o;
}

static enum og_rc sim_send_closed(struct kit *k, unsigned who)
{
    sim_open(k->s, 1);
    return sim_pay(k->s, who, &k->s->acct[0].addr, 0);
}

/* 17: a thief of the hot key rotates; the cold key objects and rotates at once. The new key signs
 * the reveal of what the old one committed. */
static void test_17_rotation(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 1, .nodes = 1},
                           "{'epoch_blocks':'20','epoch_ms':'1000'}");
    struct og_buf line = OG_BUF_INIT;
    unsigned who = kit_acct(k, 0);
    struct sim_acct *a = &k->s->acct[who];
    (void)st;
    a->cold = 50;
    kit_submit(k, "{}");
    kit_to_commit(k, 0);
    kit_do(k, who, OG_TX_KEY_ROTATE, rotation(k, who, 60)); /* the thief's: acts in an epoch */
    a->key = 60;
    assert_int_equal(sim_send(k->s, who, OG_TX_LEASE_RENEW, crew_leases(1)), OG_E_DATA);
    kit_says(k, "the signature is wrong");
    kit_pass(k, 15, 2000);
    sim_open(k->s, 1);
    sim_sign_by(k->s, who, 50, OG_TX_KEY_ROTATE, rotation(k, who, 61), NULL, 0, &line);
    assert_int_equal(sim_apply(k->s, who, &line), OG_OK);
    kit_pass(k, 30, 60000);
    assert_int_equal(sim_send_closed(k, who), OG_E_DATA); /* the thief's never acts */
    a->key = 61;
    kit_reveal(k, 0);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_REVEALED);
    sim_seal(k->s);
    sim_open(k->s, 1);
    kit_do(k, who, OG_TX_KEY_ROTATE, rotation(k, who, 62)); /* the owner's own, by the hot key */
    kit_pass(k, 19, 5000);
    sim_open(k->s, 1);
    assert_int_equal(sim_pay(k->s, who, &a->addr, 0), OG_OK);
    sim_seal(k->s);
    kit_pass(k, 2, 1000);
    a->key = 62;
    sim_open(k->s, 1);
    assert_int_equal(sim_pay(k->s, who, &a->addr, 0), OG_OK);
    kit_refused(k, who, OG_TX_KEY_ROTATE, forged_rotation(k, who), "not of the new key");
    og_buf_release(&line);
    kit_free(k);
}

/* 19: an element is paid once: commits of a lease that is not live are refused, prefixes of a range
 * that failed before carry their part of the claim only. */
static void test_19_split_claims(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 3, .nodes = 3}, NULL);
    struct og_requeue r;
    (void)st;
    kit_mark(k);
    kit_submit(k, "{'count':8,'chunk':8,'limit_ms':1000,'max_price':'100000'}");
    kit_match(k);
    kit_start(k);
    unsigned first = k->worker;
    sim_open(k->s, 8000);
    kit_do(k, kit_acct(k, first), OG_TX_RESULT_FAIL,
           json_pack("{s:I,s:s}", "lease", (json_int_t)k->ls.id, "why", "time"));
    assert_true(kit_requeued(k, 0, &r));
    assert_int_equal(r.fail_pay, 800000);
    kit_match(k);
    kit_start(k);
    kit_commit(k, 8000, 6, 6000, 0);
    assert_true(kit_requeued(k, 6, &r));
    assert_int_equal(k->ls.fail_pay, 600000);
    assert_int_equal(r.fail_pay, 200000);
    kit_reveal(k, 0);
    kit_do(k, k->me, OG_TX_TASK_ACCEPT, task_of(k));
    kit_match(k);
    kit_start(k);
    sim_open(k->s, 2000);
    kit_do(k, kit_acct(k, k->worker), OG_TX_RESULT_FAIL,
           json_pack("{s:I,s:s}", "lease", (json_int_t)k->ls.id, "why", "time"));
    kit_seal(k);
    kit_state(k, OG_TASK_FAILED, OG_LEASE_FAILED);
    int64_t claim = 600000 + 30000 + (k->worker == first ? 0 : 100000);
    assert_int_equal(k->t.escrow, 0);
    kit_moved(k, -claim - 100000, 30000);
    kit_free(k);
}

/* 19: only what is final and well releases dependants. */
static void test_19_dependants(void **st)
{
    static const struct {
        const char *when;
        int exits;
        enum og_task_state then;
    } c[] = {{"ok", 0, OG_TASK_OPEN},
             {"ok", 3, OG_TASK_CANCELLED},
             {"any", 3, OG_TASK_OPEN},
             {"fail", 0, OG_TASK_CANCELLED},
             {"fail", 3, OG_TASK_OPEN}};
    (void)st;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct kit *k = kit_new(1, NULL);
        char after[96];
        uint64_t first = kit_submit(k, "{}");
        snprintf(after, sizeof after, "{'needs':{'cores':99},'after':[{'task':%d,'when':'%s'}]}",
                 (int)first, c[i].when);
        uint64_t second = kit_submit(k, after);
        snprintf(after, sizeof after, "{'after':[{'task':%d}]}", (int)second);
        uint64_t third = kit_submit(k, after);
        k->t.id = first;
        kit_to_commit(k, 0);
        kit_do(k, kit_acct(k, 0), OG_TX_RESULT_REVEAL,
               crew_reveal(k->s, &k->ls, &k->t, 0, (unsigned)c[i].exits));
        k->t.id = second;
        kit_look(k);
        assert_int_equal(k->t.state, OG_TASK_WAITING);
        k->t.id = first;
        kit_do(k, k->me, OG_TX_TASK_ACCEPT, task_of(k));
        kit_seal(k);
        k->t.id = second;
        kit_look(k);
        assert_int_equal(k->t.state, c[i].then);
        k->t.id = third;
        kit_look(k);
        assert_int_equal(k->t.state,
                         c[i].then == OG_TASK_OPEN ? OG_TASK_WAITING : OG_TASK_CANCELLED);
        kit_free(k);
    }
}

/* 18: a cascade takes settle_max rows a block, and the rest in the next ones. */
static void test_18_cascade(void **st)
{
    struct kit *k = kit_new(1, "{'settle_max':'2'}");
    (void)st;
    uint64_t first = kit_submit(k, "{'needs':{'cores':99}}");
    for (int i = 0; i < 7; i++)
        kit_submit(k, "{'after':[{'task':1}]}");
    k->t.id = first;
    kit_do(k, k->me, OG_TX_TASK_CANCEL, task_of(k));
    for (uint64_t b = 1; b <= 4; b++) {
        uint64_t n;
        kit_seal(k);
        SIM_OK(k->s, og_store_counter(k->s->st, "task.cancelled", &n, SIM_ERR));
        assert_int_equal(n, 1 + og_min_u64(7, 2 * b));
    }
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_01_cheap_trust),
        cmocka_unit_test(test_02_blind_verifier),
        cmocka_unit_test(test_03_run_ms),
        cmocka_unit_test(test_03_known_work),
        cmocka_unit_test(test_04_wrong_certificate),
        cmocka_unit_test(test_04_stale_certificate),
        cmocka_unit_test(test_07_clock_jump),
        cmocka_unit_test(test_08_interested_proposer),
        cmocka_unit_test(test_10_wash_jobs),
        cmocka_unit_test(test_14_releases),
        cmocka_unit_test(test_15_forged_path),
        cmocka_unit_test(test_16_evidence),
        cmocka_unit_test(test_16_replay),
        cmocka_unit_test(test_17_rotation),
        cmocka_unit_test(test_18_cascade),
        cmocka_unit_test(test_19_split_claims),
        cmocka_unit_test(test_19_dependants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
