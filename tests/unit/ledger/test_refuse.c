/* test_refuse.c - each bad body is refused with the sentence that says why, and changes nothing. */
#include "ledgerkit.h"

#define H "'20f65c28671b40937c5bf23acc7c6f37e5a5ec0622e347b57685725df5ba9e50'"

struct bad {
    enum og_tx_kind kind;
    const char *body, *why;
};

enum { ME, NODE, OWNER, TWIN }; /* submitter, node 1's account, its owner, node 2's account */

static unsigned who_is(const struct kit *k, int who)
{
    switch (who) {
    case NODE: return kit_acct(k, 0);
    case OWNER: return k->s->node[0].owner;
    case TWIN: return kit_acct(k, 1);
    default: return k->me;
    }
}

/* The state but for fee and sequence number: its tree would say more, too slowly. */
static struct og_hash counts(struct kit *k)
{
    struct og_buf b = OG_BUF_INIT;
    struct money m;
    kit_money(k, &m);
    og_buf_add(&b, &m, sizeof m);
    for (int f = 0; f < OG_FAMILIES; f++) {
        uint64_t n = 0;
        if (f != OG_F_ACCKEY && f != OG_F_GLOBAL) /* a first transaction's key; fees */
            SIM_OK(k->s, og_row_count(k->s->st, (enum og_family_index)f, &n, SIM_ERR));
        og_buf_add_be64(&b, n);
    }
    struct og_hash h = og_sha256(b.p, b.len);
    og_buf_release(&b);
    return h;
}

static void all_refused(struct kit *k, int who, const struct bad *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!k->s->open)
            sim_open(k->s, 1);
        struct og_hash before = counts(k);
        enum og_rc rc = sim_send(k->s, who_is(k, who), b[i].kind, kit_json(b[i].body));
        if (rc != OG_E_DATA || !k->s->last.in_block)
            fail_msg("%s %s: %d %s", og_tx_kind_name(b[i].kind), b[i].body, (int)rc,
                     k->s->last.msg);
        if (!strstr(k->s->last.msg, b[i].why))
            fail_msg("%s %s: '%s' does not say '%s'", og_tx_kind_name(b[i].kind), b[i].body,
                     k->s->last.msg, b[i].why);
        struct og_hash after = counts(k);
        assert_memory_equal(before.b, after.b, OG_HASH_LEN);
    }
}

#define ALL_REFUSED(k, who, list) all_refused(k, who, list, sizeof(list) / sizeof *(list))
#define SUBMIT(task)              "{'spec':" H ",'tasks':[" task "]}"
#define BASE                      "'line':0,'limit_ms':1000,'max_price':'10'"

static void test_submit(void **st)
{
    static const struct bad list[] = {
        {OG_TX_TASK_SUBMIT, "{}", "'spec' is missing"},
        {OG_TX_TASK_SUBMIT, "{'spec':'ab','tasks':[]}", "'spec' must be"},
        {OG_TX_TASK_SUBMIT, "{'spec':" H ",'tasks':[]}", "'tasks' is empty"},
        {OG_TX_TASK_SUBMIT, "{'spec':" H ",'tasks':{}}", "'tasks' must be"},
        {OG_TX_TASK_SUBMIT, "{'spec':" H ",'tasks':[],'x':1}", "'x'"},
        {OG_TX_TASK_SUBMIT, SUBMIT("7"), "task 0: "},
        {OG_TX_TASK_SUBMIT, SUBMIT("{'limit_ms':1,'max_price':'1'}"), "'line' is missing"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{'line':0,'max_price':'1'}"), "'limit_ms' is missing"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{'line':0,'limit_ms':1}"), "'max_price' is missing"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{'line':0,'limit_ms':1,'max_price':1}"), "'max_price' must be"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'argv':[]}"), "'argv'"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'count':0}"), "must be above 0"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'count':4294967296}"), "'count' must be"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'chunk':0}"), "must be above 0"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'chunk':1025}"), "'chunk' must be"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'urgency':0}"), "must be above 0"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'urgency':65}"), "'urgency' must be"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'retry':9}"), "'retry' must be"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'count':-1}"), "'count' must be"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'samples':65}"), "'samples' must be"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'verify':'trust'}"), "'verify' must be own, exact"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'verify':'cmd'}"), "belong together"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'check':{'sha256':" H ",'limit_ms':1}}"),
         "belong together"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'verify':'cmd','check':{'sha256':" H "}}"),
         "'limit_ms' is missing"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'private':true}"), "private tasks need"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'needs':{'gpus':1}}"), "'gpus'"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'kernel':{'name':'fft','args':{}}}"),
         "'fft' is no built-in kernel"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'kernel':{'name':'gemm','args':{'m':1,'n':1}}}"),
         "'k' is missing"},
        {OG_TX_TASK_SUBMIT,
         SUBMIT("{" BASE ",'kernel':{'name':'gemm','args':{'m':0,'n':1,'k':1}}}"),
         "'m' must be a whole number from 1 to 65536"},
        {OG_TX_TASK_SUBMIT,
         SUBMIT("{" BASE ",'kernel':{'name':'gemm','args':{'m':1,'n':1,'k':1,'type':'f64'}}}"),
         "'type' must be f32, i32 or tf32"},
        {OG_TX_TASK_SUBMIT,
         SUBMIT("{" BASE ",'count':2,'kernel':{'name':'gemm','args':{'m':1,'n':1,'k':1}}}"),
         "a kernel's 'count' must be 1"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'work_mflop':'1152921504606846976'}"), "2^60"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'after':[{'task':1}]}"), "names an earlier"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'after':[{'at':0}]}"), "earlier task"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'after':[{'task':0}]}"), "is no task of the sender"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'after':[{'when':'ok'}]}"), "'task' is missing"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE "},{" BASE ",'after':[{'at':0,'when':'late'}]}"),
         "task 1: 'when' must be ok, any or fail"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE "},{" BASE ",'after':[{'at':0},{'at':0}]}"), "twice"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{'line':0,'limit_ms':1000,'max_price':'4611686018427387905'}"),
         "2^62"},
        {OG_TX_TASK_SUBMIT, SUBMIT("{'line':0,'limit_ms':1000,'max_price':'4611686018427387904'}"),
         "2^62"},
        {OG_TX_TASK_SUBMIT,
         SUBMIT("{'line':0,'limit_ms':1000,'count':4294967295,'max_price':'99999999999'}"), "2^62"},
        {OG_TX_TASK_SUBMIT,
         SUBMIT("{'line':0,'limit_ms':1000,'verify':'own','max_price':'2000000000000'}"),
         "the balance is 1000000000000 grains, 2100000000000 are needed"},
    };
    struct kit *k = kit_new(2, NULL);
    (void)st;
    struct bad copy[sizeof list / sizeof *list];
    memcpy(copy, list, sizeof list);
    for (size_t i = 0; i < sizeof copy / sizeof *copy; i++)
        if (strcmp(copy[i].why, "names an earlier") == 0)
            copy[i].why = "must name an earlier task";
    ALL_REFUSED(k, ME, copy);
    kit_free(k);
}

/* Another's task is no task to wait for; one that ended otherwise is refused at once. */
static void test_after(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    kit_submit(k, "{'needs':{'cores':99}}");
    static const struct bad other[] = {
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'after':[{'task':1}]}"), "is no task of the sender"}};
    ALL_REFUSED(k, OWNER, other);
    kit_do(k, k->me, OG_TX_TASK_CANCEL, kit_json("{'task':1}"));
    static const struct bad mine[] = {
        {OG_TX_TASK_SUBMIT, SUBMIT("{" BASE ",'after':[{'task':1}]}"), "has ended otherwise"}};
    ALL_REFUSED(k, ME, mine);
    kit_free(k);
}

static void test_ranges(void **st)
{
    static const struct bad list[] = {
        {OG_TX_TASK_CANCEL, "{}", "'task' is missing"},
        {OG_TX_TASK_CANCEL, "{'task':9}", "there is no task 9"},
        {OG_TX_TASK_CANCEL, "{'task':1,'first':5}", "the range is not of task 1"},
        {OG_TX_TASK_CANCEL, "{'task':1,'first':3,'count':3}", "the range is not of task 1"},
        {OG_TX_TASK_CANCEL, "{'task':1,'first':1,'count':2}", "must reach one end"},
        {OG_TX_TASK_CANCEL, "{'task':1,'all':1}", "'all'"},
        {OG_TX_TASK_ACCEPT, "{'task':1}", "nothing there waits for acceptance"},
        {OG_TX_TASK_DISPUTE, "{'task':1}", "nothing there can be disputed"},
    };
    static const struct bad other[] = {
        {OG_TX_TASK_CANCEL, "{'task':1}", "is not the sender's"},
        {OG_TX_TASK_ACCEPT, "{'task':1}", "is not the sender's"},
        {OG_TX_TASK_DISPUTE, "{'task':1}", "is not the sender's"},
    };
    struct kit *k = kit_new(2, NULL);
    (void)st;
    kit_submit(k, "{'count':5,'needs':{'cores':99}}");
    ALL_REFUSED(k, ME, list);
    ALL_REFUSED(k, OWNER, other);
    kit_free(k);
}

static void test_leases(void **st)
{
    static const struct bad list[] = {
        {OG_TX_LEASE_START, "{}", "'leases' is missing"},
        {OG_TX_LEASE_START, "{'leases':[]}", "'leases' is empty"},
        {OG_TX_LEASE_START, "{'leases':['1']}", "must be a list of numbers"},
        {OG_TX_LEASE_START, "{'leases':[0]}", "must be a list of numbers"},
        {OG_TX_LEASE_START, "{'leases':[9]}", "there is no lease 9"},
        {OG_TX_LEASE_RENEW, "{'leases':[1]}", "lease 1 is matched"},
        {OG_TX_RESULT_COMMIT, "{'results':[]}", "'results' is empty"},
        {OG_TX_RESULT_COMMIT, "{'results':[1]}", "must be a list of objects"},
        {OG_TX_RESULT_COMMIT, "{'results':[{'lease':1,'count':1,'hash':" H ",'run_ms':1}]}",
         "lease 1 is matched"},
        {OG_TX_RESULT_REVEAL,
         "{'reveals':[{'lease':1,'nonce':" H ",'root':" H ",'exits':0,'paths':[]}]}",
         "lease 1 is matched"},
        {OG_TX_RESULT_FAIL, "{'lease':1,'why':'boredom'}", "'why' must be input, time, memory"},
        {OG_TX_RESULT_FAIL, "{'lease':1}", "'why' is missing"},
        {OG_TX_RESULT_FAIL, "{'lease':1,'why':'memory'}", "lease 1 is matched"},
        {OG_TX_VERDICT, "{'verdicts':[{'lease':1,'nonce':" H ",'vote':'ok'}]}", "has no such duty"},
        {OG_TX_VERDICT_COMMIT, "{'hashes':[{'lease':1,'hash':" H "}]}", "has no such duty"},
    };
    static const struct bad running[] = {
        {OG_TX_LEASE_START, "{'leases':[1]}", "lease 1 is running"},
        {OG_TX_LEASE_RENEW, "{'leases':[1,7]}", "there is no lease 7"},
        {OG_TX_RESULT_FAIL, "{'lease':1,'why':'input'}", "lease 1 is running"},
        {OG_TX_NODE_UPDATE, "{'slots':[]}", "slot 0 works; it cannot go now"},
        {OG_TX_NODE_UPDATE, "{'slots':[{'share_ppm':500000},{'share_ppm':500000}]}",
         "slot 0 works; its share cannot change now"},
        {OG_TX_RESULT_COMMIT, "{'results':[{'lease':1,'count':0,'hash':" H ",'run_ms':1}]}",
         "'count' must be above 0"},
        {OG_TX_RESULT_COMMIT, "{'results':[{'lease':1,'count':2,'hash':" H ",'run_ms':1}]}",
         "'count' must be"},
        {OG_TX_RESULT_COMMIT, "{'results':[{'lease':1,'count':1,'hash':'00','run_ms':1}]}",
         "'hash' must be"},
        {OG_TX_RESULT_COMMIT, "{'results':[{'lease':1,'count':1,'hash':" H "}]}",
         "'run_ms' is missing"},
        {OG_TX_RESULT_COMMIT,
         "{'results':[{'lease':1,'count':1,'hash':" H ",'run_ms':1},"
         "{'lease':1,'count':1,'hash':" H ",'run_ms':1}]}",
         "lease 1 is committed"},
    };
    static const struct bad committed[] = {
        {OG_TX_RESULT_REVEAL,
         "{'reveals':[{'lease':1,'nonce':" H ",'root':" H ",'exits':0,'paths':[]}]}",
         "not what was committed"},
        {OG_TX_RESULT_REVEAL,
         "{'reveals':[{'lease':1,'nonce':" H ",'root':" H ",'exits':256,'paths':[]}]}",
         "'exits' must be"},
        {OG_TX_LEASE_RELEASE, "{'leases':[1]}", "lease 1 is committed"},
    };
    static const struct bad other[] = {
        {OG_TX_LEASE_START, "{'leases':[1]}", "lease 1 is not of the sender"},
        {OG_TX_RESULT_FAIL, "{'lease':1,'why':'input'}", "lease 1 is not of the sender"},
    };
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 2, .nodes = 2}, NULL);
    (void)st;
    KIT_NODE(k, 1, n->min_rate = OG_VALUE_MAX);
    kit_submit(k, "{}");
    kit_match(k);
    assert_int_equal(k->worker, 0);
    ALL_REFUSED(k, NODE, list);
    ALL_REFUSED(k, TWIN, other);
    kit_start(k);
    ALL_REFUSED(k, NODE, running);
    kit_seal(k);
    kit_commit(k, 100, 1, 50, 0);
    ALL_REFUSED(k, NODE, committed);
    kit_free(k);
}

static void test_nodes(void **st)
{
    static const struct bad me[] = {
        {OG_TX_LEASE_START, "{'leases':[1]}", "there is no lease 1"},
        {OG_TX_VERDICT_COMMIT, "{'hashes':[{'lease':1,'hash':" H "}]}", "the sender is no node"},
        {OG_TX_NODE_UPDATE, "{}", "the sender is no node"},
        {OG_TX_NODE_LEAVE, "{'node':1}", "neither the sender nor owned by it"},
        {OG_TX_NODE_LEAVE, "{'node':99}", "there is no node 99"},
        {OG_TX_STAKE_BOND, "{'node':99,'amount':'1'}", "there is no node 99"},
        {OG_TX_STAKE_BOND, "{'node':1,'amount':'0'}", "'amount' must be above 0"},
        {OG_TX_STAKE_BOND, "{'node':1,'amount':1}", "'amount' must be"},
        {OG_TX_STAKE_BOND, "{'node':1,'amount':'4611686018427387905'}", "at most 2^62"},
        {OG_TX_STAKE_BOND, "{'node':1,'amount':'4611686018427387904'}", "are needed"},
        {OG_TX_STAKE_UNBOND, "{'node':1,'amount':'1'}", "only the owner unbonds"},
        {OG_TX_LINK_REPORT, "{'peer':1,'latency_us':1,'bytes_per_s':1}", "the sender is no node"},
        {OG_TX_MATCH_COMMIT, "{'round':1,'x':[],'u':[],'v':[]}", "the sender is no node"},
        {OG_TX_KEY_REVOKE, "{'what':'vrf','spki':" H "}", "the sender is no node"},
        {OG_TX_NODE_JOIN, "{}", "'measured' is missing"},
        {OG_TX_NODE_JOIN, "{'measured':{'mflops_per_s':1,'height':0}}", "'slots' is missing"},
        {OG_TX_NODE_JOIN,
         "{'measured':{'mflops_per_s':1,'height':99},'offered':1,'slots':[{'share_ppm':1}]}",
         "'height' must be"},
        {OG_TX_NODE_JOIN,
         "{'measured':{'mflops_per_s':1,'height':0},'offered':1,'slots':[{'share_ppm':600000},"
         "{'share_ppm':600000}]}",
         "sum to at most 10^6"},
        {OG_TX_NODE_JOIN,
         "{'measured':{'mflops_per_s':1,'height':0},'offered':1,'slots':[{'share_ppm':0}]}",
         "above 0"},
        {OG_TX_NODE_JOIN,
         "{'measured':{'mflops_per_s':1,'height':0},'offered':1,'slots':[],'classes':['magic']}",
         "'classes' must be of"},
        {OG_TX_NODE_JOIN,
         "{'measured':{'mflops_per_s':1,'height':0},'offered':1,'slots':[],'submitters':['x']}",
         "'submitters' must be a list of addresses"},
        {OG_TX_NODE_JOIN,
         "{'measured':{'mflops_per_s':1,'height':0},'offered':1,'slots':[],'owner':'x'}",
         "'owner'"},
        {OG_TX_NODE_JOIN,
         "{'measured':{'mflops_per_s':1,'height':0},'offered':1,'slots':[],'keys':{'vrf':"
         "'000000000000000000000000000000000000000000000000000000000000000000'}}",
         "'vrf' is no point"},
    };
    static const struct bad node[] = {
        {OG_TX_NODE_JOIN, "{'measured':{'mflops_per_s':1,'height':0}}", "is node 1 already"},
        {OG_TX_LINK_REPORT, "{'peer':1,'latency_us':1,'bytes_per_s':1}", "the sender itself"},
        {OG_TX_LINK_REPORT, "{'peer':9,'latency_us':1,'bytes_per_s':1}", "there is no node 9"},
        {OG_TX_KEY_REVOKE, "{'what':'door','spki':" H "}", "'what' must be tls, vrf"},
        {OG_TX_KEY_REVOKE, "{'what':'vrf','spki':" H "}", "has no such key"},
        {OG_TX_MATCH_COMMIT, "{'round':7,'x':[],'u':[],'v':[]}", "does not wait for a matching"},
        {OG_TX_STAKE_UNBOND, "{'node':1,'amount':'1'}", "only the owner unbonds"},
    };
    static const struct bad owner[] = {
        {OG_TX_STAKE_UNBOND, "{'node':1,'amount':'1000000000001'}",
         "1000000000000 grains of the bond are free"},
        {OG_TX_STAKE_UNBOND, "{'node':2,'amount':'1'}", "only the owner unbonds"},
    };
    struct kit *k = kit_new(2, NULL);
    (void)st;
    ALL_REFUSED(k, ME, me);
    ALL_REFUSED(k, NODE, node);
    ALL_REFUSED(k, OWNER, owner);
    kit_free(k);
}

static void test_accounts(void **st)
{
    static const struct bad list[] = {
        {OG_TX_TRANSFER, "{}", "'to' is missing"},
        {OG_TX_TRANSFER, "{'to':'x'}", "'to'"},
        {OG_TX_ACCOUNT_NEW, "{'addr':'x','amount':'1'}", "'addr'"},
        {OG_TX_ACCOUNT_NEW, "{'amount':'1'}", "'addr' is missing"},
        {OG_TX_KEY_ROTATE, "{}", "'key' is missing"},
        {OG_TX_KEY_ROTATE, "{'key':{'alg':'rot13','key':'AA=='},'sig_new':''}", "rot13"},
        {OG_TX_PARAMS_SET, "{'values':{'rate':'1'},'votes':[]}", "below two thirds"},
        {OG_TX_PARAMS_SET, "{'values':{'rate':'1'},'votes':[{'node':1,'sig':''}]}",
         "is no validator"},
        {OG_TX_EVIDENCE, "{'type':'double-sign','height':1}", "'proof' is missing"},
        {OG_TX_EVIDENCE, "{'type':'rumour','height':1,'proof':{'a':{},'b':{}}}",
         "'type' must be double-sign"},
        {OG_TX_EVIDENCE, "{'type':'double-sign','height':1,'proof':{'a':{},'b':{}}}",
         "'chain' is missing"},
    };
    struct kit *k = kit_new(2, NULL);
    (void)st;
    ALL_REFUSED(k, ME, list);
    json_t *o = json_pack("{s:o,s:s}", "addr", sim_addr(&k->s->acct[0].addr), "amount", "1");
    kit_refused(k, k->me, OG_TX_ACCOUNT_NEW, o, "exists already");
    struct og_addr other = og_addr_of_key("nobody", "", 0);
    o = json_pack("{s:o,s:s}", "addr", sim_addr(&other), "amount", "9000000000000000000");
    kit_refused(k, k->me, OG_TX_ACCOUNT_NEW, o, "are needed");
    assert_int_not_equal(sim_pay(k->s, k->me, &other, 2000 * SIM_OGPU), OG_OK);
    kit_says(k, "are needed");
    kit_free(k);
}

/* Refused before a block: no fee, no sequence number. */
static void test_outside(void **st)
{
    struct sim_cfg cfg = {.owners = 2, .nodes = 2, .spare = 2};
    struct sim *s = sim_new(1, &cfg);
    struct og_buf line = OG_BUF_INIT;
    uint64_t was = sim_balance(s, &s->acct[2].addr);
    (void)st;
    sim_open(s, 1);
    sim_sign(s, 2, OG_TX_TRANSFER, json_object(), &s->acct[0].addr, 1, &line);
    line.p[line.len - 3] = line.p[line.len - 3] == '1' ? '2' : '1'; /* valid_until */
    assert_int_not_equal(sim_line(s, line.p, line.len), OG_OK);
    assert_false(s->last.in_block);
    og_buf_reset(&line);
    s->acct[2].known = true; /* no 'pub' in the first */
    assert_int_equal(sim_pay(s, 2, &s->acct[0].addr, 1), OG_E_DATA);
    assert_non_null(strstr(s->last.msg, "has no key yet"));
    s->acct[2].known = false;
    s->acct[2].seq = 1;
    assert_int_equal(sim_pay(s, 2, &s->acct[0].addr, 1), OG_E_TEMPFAIL);
    assert_non_null(strstr(s->last.msg, "'seq' is 2, 1 comes next"));
    s->acct[2].seq = 0;
    s->tip = (uint64_t)-900;
    assert_int_equal(sim_pay(s, 2, &s->acct[0].addr, 1), OG_E_DATA);
    assert_non_null(strstr(s->last.msg, "the fee is"));
    s->tip = 2000 * SIM_OGPU;
    assert_int_equal(sim_pay(s, 2, &s->acct[0].addr, 1), OG_E_DATA);
    assert_non_null(strstr(s->last.msg, "the balance is"));
    s->tip = 0;
    s->acct[2].key = 3; /* another's key */
    assert_int_equal(sim_pay(s, 2, &s->acct[0].addr, 1), OG_E_DATA);
    assert_non_null(strstr(s->last.msg, "'pub' is not the key of 'from'"));
    s->acct[2].key = 2;
    assert_int_equal(sim_balance(s, &s->acct[2].addr), was);
    assert_int_equal(sim_pay(s, 2, &s->acct[0].addr, 1), OG_OK);
    s->acct[2].known = false;
    assert_int_equal(sim_pay(s, 2, &s->acct[0].addr, 1), OG_E_DATA);
    assert_non_null(strstr(s->last.msg, "only in an account's first transaction"));
    s->acct[2].known = true;
    s->height -= 1005;
    assert_int_equal(sim_pay(s, 2, &s->acct[0].addr, 1), OG_E_DATA);
    s->height += 1005;
    sim_seal(s);
    og_buf_release(&line);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submit),  cmocka_unit_test(test_after),
        cmocka_unit_test(test_ranges),  cmocka_unit_test(test_leases),
        cmocka_unit_test(test_nodes),   cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
