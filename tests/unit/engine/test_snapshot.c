/* test_snapshot.c - a state as chunks: made, offered, loaded, applied, compared. */
#include "appkit.h"

static uint64_t offer(struct og_app *app, const struct og_snapshot *s, const uint8_t *app_hash)
{
    struct answer a;
    struct og_abci_req r = {.call = OG_ABCI_OFFER_SNAPSHOT,
                            .snapshot = {.height = s->height,
                                         .format = OG_SNAPSHOT_FORMAT,
                                         .chunks = s->chunks,
                                         .hash = {s->hash.b, OG_HASH_LEN},
                                         .metadata = {(const uint8_t *)s->meta.p, s->meta.len}},
                            .app_hash = {app_hash, OG_HASH_LEN}};
    ask(app, &r, &a);
    uint64_t said = number(&a, 1);
    og_buf_release(&a.bytes);
    return said;
}

/* What a peer loads is what the fresh one applies; flip: one bit is wrong on the way. */
static uint64_t apply(struct og_app *from, struct og_app *to, uint64_t height, uint32_t chunk,
                      bool flip)
{
    struct answer got;
    struct answer a;
    struct og_pb_field f;
    struct og_abci_req load = {.call = OG_ABCI_LOAD_CHUNK,
                               .chunk_height = height,
                               .chunk_format = OG_SNAPSHOT_FORMAT,
                               .chunk = chunk};
    ask(from, &load, &got);
    assert_true(member(&got, 1, 0, &f));
    char *bytes = og_xmemdup(f.bytes.p, f.bytes.n);
    bytes[f.bytes.n / 2] ^= flip;
    struct og_abci_req r = {.call = OG_ABCI_APPLY_CHUNK,
                            .chunk = chunk,
                            .chunk_data = {(const uint8_t *)bytes, f.bytes.n},
                            .sender = {(const uint8_t *)"peer", 4}};
    ask(to, &r, &a);
    uint64_t said = number(&a, 1);
    free(bytes);
    og_buf_release(&got.bytes);
    og_buf_release(&a.bytes);
    return said;
}

static void a_fresh_node_takes_a_snapshot(void **state)
{
    (void)state;
    struct net t;
    struct og_snapshot s[4];
    struct og_buf g = OG_BUF_INIT;
    struct answer a;
    size_t n;
    bool made;
    uint8_t hash[OG_HASH_LEN];
    net_open(&t, "{}");
    block(&t, 0, NULL, 0, NULL);
    OK(og_snapshot_make(t.dir[0], &made, &kit_err));
    assert_false(made); /* an empty block has no roots */
    char *line[2] = {transfer(&t, 5, 6, 0), transfer(&t, 6, 5, 0)};
    block(&t, 1, line, 2, NULL);
    OK(og_snapshot_make(t.dir[0], &made, &kit_err));
    assert_true(made);
    OK(og_snapshot_list(t.dir[0], s, 4, &n, &kit_err));
    assert_int_equal(n, 1);
    assert_int_equal(s[0].height, 2);
    struct og_abci_req info = {.call = OG_ABCI_INFO};
    ask(t.app[0], &info, &a);
    hash_of(&a, hash);
    og_buf_release(&a.bytes);

    comet_genesis("{}", &g); /* the second node begins anew */
    og_app_close(t.app[1]);
    OK(og_io_remove_tree(t.dir[1], &kit_err));
    make_state(t.dir[1], &g);
    open_app(&t, 1);
    uint8_t other[OG_HASH_LEN] = {1};
    assert_int_equal(offer(t.app[1], &s[0], other), 1);         /* accepted: nothing is known yet */
    assert_int_equal(apply(t.app[0], t.app[1], 2, 0, true), 3); /* a chunk that is another: again */
    assert_int_equal(apply(t.app[0], t.app[1], 2, 0, false), 5); /* the state is another: no */
    ask(t.app[1], &info, &a);
    assert_int_equal(number(&a, 4), 0);
    og_buf_release(&a.bytes);
    assert_int_equal(offer(t.app[1], &s[0], hash), 1);
    for (uint32_t i = 0; i < s[0].chunks; i++)
        assert_int_equal(apply(t.app[0], t.app[1], 2, i, false), 1);
    ask(t.app[1], &info, &a);
    uint8_t got[OG_HASH_LEN];
    hash_of(&a, got);
    assert_int_equal(number(&a, 4), 2);
    assert_memory_equal(got, hash, OG_HASH_LEN);
    og_buf_release(&a.bytes);
    char *more[1] = {transfer(&t, 6, 7, 0)};
    block(&t, 2, more, 1, NULL); /* and it goes on like the others */
    for (unsigned k = 0; k < 3; k++) {
        char *next[1] = {transfer(&t, 5, 6, 0)};
        block(&t, k % KIT_NODES, next, 1, NULL);
        OK(og_snapshot_make(t.dir[0], &made, &kit_err));
        free(next[0]);
    }
    og_buf_release(&s[0].meta);
    OK(og_snapshot_list(t.dir[0], s, 4, &n, &kit_err));
    assert_int_equal(n, OG_SNAPSHOT_KEEP);
    assert_int_equal(s[1].height, t.height);
    for (size_t i = 0; i < n; i++)
        og_buf_release(&s[i].meta);
    og_buf_release(&g);
    free_lines(line, 2);
    free_lines(more, 1);
    net_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_node_takes_a_snapshot),
    };
    return cmocka_run_group_tests(tests, kit_open, kit_close);
}
