/* test_window.c - capacity windows: what is shown counts, what is not shown is nothing, the median
 * of five; everything that does not fit is refused. */
#include "ledgerkit.h"

#include "exec/exec_window.h"

#define PARAMS "{'capacity_ms':'300','epoch_blocks':'12','epoch_ms':'60000'}"

struct game {
    struct kit *k;
    struct sim *s;
    unsigned who; /* account of node 1 */
    struct og_window_run *run;
    uint64_t epoch, height;
};

static uint64_t global(struct sim *s, const char *name)
{
    struct og_value v = {.name = og_xstrdup(name)};
    bool found;
    SIM_OK(s, og_row_get(s->st, OG_F_GLOBAL, &v, &found, SIM_ERR));
    uint64_t value = found ? v.value : 0;
    OG_RELEASE(OG_F_GLOBAL, &v);
    return value;
}

static struct og_window row(struct sim *s)
{
    struct og_window w = {.node = 1};
    sim_row(s, OG_F_WINDOW, &w);
    return w;
}

static uint64_t measured(struct sim *s)
{
    struct og_node n = {.id = 1};
    sim_row(s, OG_F_NODE, &n);
    uint64_t v = n.measured;
    assert_int_equal(n.c_eff, og_min_u64(n.offered, v));
    OG_RELEASE(OG_F_NODE, &n);
    return v;
}

static struct game begin(void)
{
    struct game g = {.k = kit_new(1, PARAMS)};
    g.s = g.k->s;
    g.who = g.s->node[0].acct;
    return g;
}

static void end(struct game *g)
{
    og_window_run_free(g->run);
    kit_free(g->k);
}

/* A block with a beacon, and a run from it. */
static void seed(struct game *g)
{
    struct sim *s = g->s;
    struct og_err err;
    sim_open(s, 1);
    assert_int_equal(sim_send(s, g->who, OG_TX_NODE_UPDATE, json_object()), OG_OK);
    sim_seal(s);
    g->height = s->height;
    g->epoch = global(s, "epoch");
    struct og_roots r = {.height = g->height};
    sim_row(s, OG_F_ROOTS, &r);
    struct og_hash h = og_cap_seed(&r.beacon, 1);
    og_window_run_free(g->run);
    assert_int_equal(og_window_run(&h, 1, 1, 40000, NULL, &g->run, &err), OG_OK);
}

static enum og_rc commit(struct game *g, uint64_t ms)
{
    sim_open(g->s, ms);
    return sim_send(g->s, g->who, OG_TX_CAPACITY_COMMIT,
                    og_window_commit(g->run, g->epoch, g->height));
}

/* Seals up to the beacon that draws; a block is open then. */
static json_t *opened(struct game *g)
{
    struct sim *s = g->s;
    struct og_roots r = {.height = s->height + 1};
    sim_seal(s);
    sim_open(s, 1);
    sim_seal(s);
    sim_row(s, OG_F_ROOTS, &r);
    sim_open(s, 1);
    return og_window_reveal(g->run, g->epoch, 1, &r.beacon);
}

static uint64_t show(struct game *g, uint64_t ms)
{
    seed(g);
    assert_int_equal(commit(g, ms), OG_OK);
    assert_int_equal(sim_send(g->s, g->who, OG_TX_CAPACITY_REVEAL, opened(g)), OG_OK);
    sim_seal(g->s);
    return og_window_steps(g->run) * OG_CAP_FLOP / (1000 * ms);
}

static void next_epoch(struct game *g)
{
    uint64_t was = global(g->s, "epoch");
    while (global(g->s, "epoch") == was) {
        sim_open(g->s, 20000);
        assert_int_equal(sim_send(g->s, g->who, OG_TX_NODE_UPDATE, json_object()), OG_OK);
        sim_seal(g->s);
    }
}

static void what_is_shown_counts(void **state)
{
    (void)state;
    struct game g = begin();
    assert_int_equal(measured(g.s), 100000);
    uint64_t value = show(&g, 400);
    assert_int_equal(measured(g.s), value);
    assert_int_equal(row(g.s).value, value);
    assert_int_equal(row(g.s).state, 2);
    /* what is said by node.update changes it no more */
    sim_open(g.s, 1);
    assert_int_equal(sim_send(g.s, g.who, OG_TX_NODE_UPDATE,
                              kit_json("{'measured':{'height':1,'mflops_per_s':77}}")),
                     OG_OK);
    sim_seal(g.s);
    assert_int_equal(measured(g.s), value);
    end(&g);
}

static void the_median_of_five_and_silence_is_nothing(void **state)
{
    (void)state;
    struct game g = begin();
    uint64_t v[OG_CAP_KEPT] = {0};
    for (uint64_t i = 0; i < 7; i++) {
        bool silent = i == 1 || i == 4;
        v[i % OG_CAP_KEPT] = silent ? 0 : show(&g, 300 + 100 * i);
        if (!silent)
            assert_int_equal(measured(g.s), og_cap_median(v, i + 1));
        next_epoch(&g);
        assert_int_equal(measured(g.s), og_cap_median(v, i + 1));
        assert_int_equal(row(g.s).shown, i + 1);
    }
    end(&g);
}

static void committed_and_never_opened_is_nothing(void **state)
{
    (void)state;
    struct game g = begin();
    seed(&g);
    assert_int_equal(commit(&g, 300), OG_OK);
    bool pending;
    SIM_OK(g.s, og_ledger_pending(g.s->l, &pending, SIM_ERR));
    assert_true(pending);
    sim_seal(g.s);
    assert_int_equal(measured(g.s), 100000);
    next_epoch(&g);
    assert_int_equal(measured(g.s), 0);
    end(&g);
}

static void refused(struct game *g, json_t *body, enum og_tx_kind kind, const char *why)
{
    assert_int_equal(sim_send(g->s, g->who, kind, body), OG_E_DATA);
    kit_says(g->k, why);
}

static json_t *changed(struct game *g, const char *key, json_t *value)
{
    json_t *o = og_window_commit(g->run, g->epoch, g->height);
    json_object_set_new(o, key, value);
    return o;
}

static void commits_that_do_not_fit(void **state)
{
    (void)state;
    struct game g = begin();
    const enum og_tx_kind kind = OG_TX_CAPACITY_COMMIT;
    seed(&g);
    sim_open(g.s, 299);
    refused(&g, og_window_commit(g.run, g.epoch, g.height), kind, "shorter than the window's 300");
    sim_seal(g.s);
    sim_open(g.s, 1);
    refused(&g, changed(&g, "round", json_integer(7)), kind, "'round' must be this epoch");
    refused(&g, changed(&g, "lanes", json_integer(0)), kind, "must be above 0");
    refused(&g, changed(&g, "height", json_integer(99)), kind, "must be a block of this epoch");
    refused(&g, changed(&g, "roots", json_array()), kind, "'roots' must be two hex hashes");
    assert_int_equal(sim_send(g.s, g.k->me, kind, og_window_commit(g.run, g.epoch, g.height)),
                     OG_E_DATA);
    assert_int_equal(
        sim_send(g.s, g.who, OG_TX_NODE_UPDATE, kit_json("{'hw_class':'cpu-x86-64-v3'}")), OG_OK);
    refused(&g, changed(&g, "steps", json_integer(1000000)), kind, "cores of cpu-x86-64-v3 can do");
    assert_int_equal(sim_send(g.s, g.who, kind, og_window_commit(g.run, g.epoch, g.height)), OG_OK);
    refused(&g, og_window_commit(g.run, g.epoch, g.height), kind, "has committed in this window");
    sim_seal(g.s);
    next_epoch(&g);
    seed(&g);
    sim_open(g.s, 7000);
    assert_int_equal(sim_send(g.s, g.who, OG_TX_NODE_UPDATE, json_object()), OG_OK);
    sim_seal(g.s);
    g.height = g.s->height;
    sim_open(g.s, 400);
    refused(&g, og_window_commit(g.run, g.epoch, g.height), kind, "is over");
    end(&g);
}

/* Member `key` of the last opening replaced by another of its members. */
static json_t *mixed(const json_t *body, const char *key, const char *by)
{
    json_t *o = json_deep_copy(body);
    json_t *e = json_array_get(json_object_get(o, "opened"), OG_CAP_DRAWN - 1);
    json_object_set(e, key, json_object_get(e, by));
    return o;
}

static void openings_that_do_not_fit(void **state)
{
    (void)state;
    struct game g = begin();
    const enum og_tx_kind kind = OG_TX_CAPACITY_REVEAL;
    seed(&g);
    assert_int_equal(commit(&g, 300), OG_OK);
    refused(&g, kit_json("{'round':1,'opened':[]}"), kind, "the beacon that draws is not there");
    json_t *o = opened(&g);
    refused(&g, kit_json("{'round':1,'opened':[]}"), kind, "must hold 3 steps");
    refused(&g, kit_json("{'round':9,'opened':[]}"), kind, "nothing to open in window 9");
    refused(&g, mixed(o, "from", "to"), kind, "'from' is not in the committed tree");
    refused(&g, mixed(o, "to", "from"), kind, "'to' is not in the committed tree");
    refused(&g, mixed(o, "to_aunts", "from_aunts"), kind, "'to' is not in the committed tree");
    assert_int_equal(measured(g.s), 100000);
    assert_int_equal(sim_send(g.s, g.who, kind, json_incref(o)), OG_OK);
    refused(&g, o, kind, "nothing to open");
    end(&g);
}

/* A lane that leaves products out: its states are in the tree, and are no products. */
static void a_chain_without_products(void **state)
{
    (void)state;
    struct game g = begin();
    struct og_hash leaf[65];
    uint8_t packed[OG_CAP_BYTES];
    uint16_t m[OG_CAP_CELLS];
    struct og_hash other = og_sha256("other", 5);
    seed(&g);
    for (uint64_t i = 0; i < 65; i++) {
        og_cap_d(&other, 0, i, m);
        og_cap_pack(m, packed);
        leaf[i] = og_cap_leaf(packed);
    }
    struct og_hash root = og_merkle_root(leaf, 65);
    json_t *c = og_window_commit(g.run, g.epoch, g.height);
    json_object_set_new(c, "lanes", json_integer(1));
    json_object_set_new(c, "steps", json_integer(64));
    json_array_set_new(json_object_get(c, "roots"), 0, og_json_new_hex(root.b, OG_HASH_LEN));
    sim_open(g.s, 300);
    assert_int_equal(sim_send(g.s, g.who, OG_TX_CAPACITY_COMMIT, c), OG_OK);
    struct og_roots r = {.height = g.s->height + 1};
    json_t *o = opened(&g);
    sim_row(g.s, OG_F_ROOTS, &r);
    for (uint64_t k = 0; k < OG_CAP_DRAWN; k++) {
        uint64_t lane, step;
        og_cap_draw(&r.beacon, 1, k, 1, 64, &lane, &step);
        for (uint64_t i = 0; i < 2; i++) {
            struct og_buf text = OG_BUF_INIT;
            struct og_merkle_path p;
            json_t *aunts = json_array();
            og_cap_d(&other, 0, step + i, m);
            og_cap_pack(m, packed);
            og_base64_encode(packed, sizeof packed, &text);
            og_merkle_prove(leaf, 65, step + i, &p);
            for (size_t j = 0; j < p.n; j++)
                json_array_append_new(aunts, og_json_new_hex(p.aunt[j].b, OG_HASH_LEN));
            json_t *e = json_array_get(json_object_get(o, "opened"), k);
            json_object_set_new(e, i ? "to" : "from", json_stringn(text.p, text.len));
            json_object_set_new(e, i ? "to_aunts" : "from_aunts", aunts);
            og_buf_release(&text);
        }
    }
    refused(&g, o, OG_TX_CAPACITY_REVEAL, "is no product");
    end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shown_counts),
        cmocka_unit_test(the_median_of_five_and_silence_is_nothing),
        cmocka_unit_test(committed_and_never_opened_is_nothing),
        cmocka_unit_test(commits_that_do_not_fit),
        cmocka_unit_test(openings_that_do_not_fit),
        cmocka_unit_test(a_chain_without_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
