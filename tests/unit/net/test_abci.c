/* test_abci.c - requests of the engine read, answers framed, a server that keeps the order. */
#include "net/net_abci.h"
#include "net/net_serve.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct og_span span(const struct og_buf *b)
{
    return (struct og_span){(const uint8_t *)(b->p ? b->p : ""), b->len};
}

/* A request: the call's number around its members. */
static void request(struct og_buf *out, uint32_t call, const struct og_buf *members)
{
    og_pb_put_item(out, call, members->p ? members->p : "", members->len);
}

static void frame(struct og_buf *out, uint32_t call, const struct og_buf *members)
{
    struct og_buf msg = OG_BUF_INIT;
    request(&msg, call, members);
    og_pb_put_varint(out, msg.len);
    og_buf_add(out, msg.p, msg.len);
    og_buf_release(&msg);
}

static void put_vote(struct og_buf *commit, char who, uint64_t flag, uint32_t flag_no)
{
    char addr[20];
    struct og_buf val = OG_BUF_INIT;
    struct og_buf vote = OG_BUF_INIT;
    memset(addr, who, sizeof addr);
    og_pb_put_bytes(&val, 1, addr, sizeof addr);
    og_pb_put_u64(&val, 3, 10);
    og_pb_put_item(&vote, 1, val.p, val.len);
    og_pb_put_u64(&vote, flag_no, flag);
    og_pb_put_item(commit, 2, vote.p, vote.len);
    og_buf_release(&val);
    og_buf_release(&vote);
}

static void put_fault(struct og_buf *m, uint32_t no, char who)
{
    char addr[20];
    struct og_buf val = OG_BUF_INIT;
    struct og_buf fault = OG_BUF_INIT;
    memset(addr, who, sizeof addr);
    og_pb_put_bytes(&val, 1, addr, sizeof addr);
    og_pb_put_u64(&fault, 1, OG_ABCI_DUPLICATE_VOTE);
    og_pb_put_item(&fault, 2, val.p, val.len);
    og_pb_put_u64(&fault, 3, 41);
    og_pb_put_item(m, no, fault.p, fault.len);
    og_buf_release(&val);
    og_buf_release(&fault);
}

static void finalize_has_all_its_members(void **state)
{
    (void)state;
    struct og_abci_req r;
    struct og_err err;
    struct og_buf m = OG_BUF_INIT;
    struct og_buf commit = OG_BUF_INIT;
    struct og_buf time = OG_BUF_INIT;
    struct og_buf msg = OG_BUF_INIT;
    og_pb_put_item(&m, 1, "first", 5);
    og_pb_put_item(&m, 1, "", 0);
    og_pb_put_item(&m, 1, "third", 5);
    og_pb_put_u64(&commit, 1, 2);
    put_vote(&commit, 'a', OG_ABCI_FLAG_COMMIT, 3);
    put_vote(&commit, 'b', OG_ABCI_FLAG_ABSENT, 3);
    og_pb_put_item(&m, 2, commit.p, commit.len);
    put_fault(&m, 3, 'b');
    og_pb_put_bytes(&m, 4, "hash", 4);
    og_pb_put_u64(&m, 5, 42);
    og_pb_put_u64(&time, 1, 1700000000);
    og_pb_put_u64(&time, 2, 123456789);
    og_pb_put_item(&m, 6, time.p, time.len);
    og_pb_put_bytes(&m, 8, "aaaaaaaaaaaaaaaaaaaa", 20);
    request(&msg, OG_ABCI_FINALIZE, &m);
    assert_int_equal(og_abci_read(span(&msg), &r, &err), OG_OK);
    assert_int_equal(r.call, OG_ABCI_FINALIZE);
    assert_int_equal(r.n_txs, 3);
    assert_int_equal(r.txs[1].n, 0);
    assert_memory_equal(r.txs[2].p, "third", 5);
    assert_int_equal(r.round, 2);
    assert_int_equal(r.n_votes, 2);
    assert_int_equal(r.votes[0].addr[19], 'a');
    assert_int_equal(r.votes[0].power, 10);
    assert_int_equal(r.votes[0].flag, OG_ABCI_FLAG_COMMIT);
    assert_int_equal(r.votes[1].flag, OG_ABCI_FLAG_ABSENT);
    assert_int_equal(r.n_faults, 1);
    assert_int_equal(r.faults[0].height, 41);
    assert_int_equal(r.faults[0].addr[0], 'b');
    assert_int_equal(r.height, 42);
    assert_true(og_abci_time_ms(&r) == 1700000000123u);
    assert_int_equal(r.proposer.n, 20);
    og_abci_release(&r);
    for (size_t cut = 1; cut < msg.len; cut++) { /* no beginning of it is a request */
        struct og_span part = {(const uint8_t *)msg.p, cut};
        assert_int_equal(og_abci_read(part, &r, &err), OG_E_DATA);
        og_abci_release(&r);
    }
    og_buf_release(&m);
    og_buf_release(&commit);
    og_buf_release(&time);
    og_buf_release(&msg);
}

/* PrepareProposal numbers the same members otherwise. */
static void prepare_has_all_its_members(void **state)
{
    (void)state;
    struct og_abci_req r;
    struct og_err err;
    struct og_buf m = OG_BUF_INIT;
    struct og_buf commit = OG_BUF_INIT;
    struct og_buf msg = OG_BUF_INIT;
    og_pb_put_u64(&m, 1, 1000);
    og_pb_put_item(&m, 2, "tx", 2);
    put_vote(&commit, 'c', OG_ABCI_FLAG_COMMIT, 5);
    og_pb_put_item(&m, 3, commit.p, commit.len);
    put_fault(&m, 4, 'd');
    og_pb_put_u64(&m, 5, 7);
    request(&msg, OG_ABCI_PREPARE, &m);
    assert_int_equal(og_abci_read(span(&msg), &r, &err), OG_OK);
    assert_int_equal(r.max_tx_bytes, 1000);
    assert_int_equal(r.n_txs, 1);
    assert_int_equal(r.votes[0].flag, OG_ABCI_FLAG_COMMIT);
    assert_int_equal(r.n_faults, 1);
    assert_int_equal(r.height, 7);
    og_abci_release(&r);
    og_buf_release(&m);
    og_buf_release(&commit);
    og_buf_release(&msg);
}

static void what_is_not_known_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        {"", 0},
        {"\x22\x00", 2},                     /* call 4, an old one */
        {"\x0a\x00\x12\x00", 4},             /* two calls in one */
        {"\x08\x01", 2},                     /* no message */
        {"\x42\x02\x08\x01", 4},             /* CheckTx whose tx is a number */
        {"\xa2\x01\x04\x12\x02\x12\x07", 7}, /* FinalizeBlock with a torn commit */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct og_abci_req r;
        struct og_err err = {0};
        struct og_span s = {(const uint8_t *)bad[i].bytes, bad[i].n};
        assert_int_equal(og_abci_read(s, &r, &err), OG_E_DATA);
        assert_true(err.msg[0]);
        og_abci_release(&r);
    }
}

static void frames_are_as_the_engine_wants_them(void **state)
{
    (void)state;
    struct og_buf out = OG_BUF_INIT;
    struct og_buf none = OG_BUF_INIT;
    og_abci_frame(&out, OG_ABCI_FLUSH, &none);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.p, "\x02\x1a\x00", 3); /* an empty member is there all the same */
    og_buf_reset(&out);
    og_abci_frame(&out, OG_ABCI_FINALIZE, &none); /* field 21: two bytes of tag */
    assert_int_equal(out.len, 4);
    assert_memory_equal(out.p, "\x03\xaa\x01\x00", 4);
    og_buf_reset(&out);
    og_abci_exception(&out, "no");
    assert_memory_equal(out.p, "\x06\x0a\x04\x0a\x02no", 7);
    og_buf_release(&out);
}

/* ---- the server ---- */

static volatile sig_atomic_t stop_serving;

static enum og_rc echo(void *ctx, const struct og_abci_req *r, struct og_buf *out,
                       struct og_err *err)
{
    struct og_buf body = OG_BUF_INIT;
    (void)ctx;
    if (r->call == OG_ABCI_COMMIT)
        return og_err_set(err, OG_E_IO, "the disk is full");
    og_pb_put_bytes(&body, 1, r->message.p, r->message.n);
    og_abci_frame(out, r->call, &body);
    og_buf_release(&body);
    return OG_OK;
}

struct serving {
    char path[64];
    pthread_t thread;
    enum og_rc rc;
    struct og_err err;
};

static void *serve(void *ctx)
{
    struct serving *s = ctx;
    struct og_abci_serve want = {.path = s->path, .fn = echo, .stop = &stop_serving};
    s->rc = og_abci_serve(&want, &s->err);
    return NULL;
}

static void start(struct serving *s)
{
    memset(s, 0, sizeof *s);
    snprintf(s->path, sizeof s->path, "/tmp/ogpu-abci-%ld.sock", (long)getpid());
    stop_serving = 0;
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    while (!og_io_exists(s->path))
        og_time_sleep_ms(1);
}

static void stop(struct serving *s)
{
    stop_serving = 1;
    pthread_join(s->thread, NULL);
    assert_false(og_io_exists(s->path));
}

static int dial(const struct serving *s)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    memcpy(a.sun_path, s->path, sizeof s->path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void read_exactly(int fd, char *out, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t k = recv(fd, out + at, n - at, 0);
        assert_true(k > 0);
        at += (size_t)k;
    }
}

/* Thousands of requests sent before one answer is read, in pieces of every size. */
static void answers_keep_the_order(void **state)
{
    (void)state;
    struct serving s;
    struct og_buf out = OG_BUF_INIT;
    struct og_buf want = OG_BUF_INIT;
    start(&s);
    int fd = dial(&s);
    for (unsigned i = 0; i < 3000; i++) {
        struct og_buf m = OG_BUF_INIT;
        struct og_buf text = OG_BUF_INIT;
        og_buf_addf(&text, "message %u of many", i);
        og_pb_put_bytes(&m, 1, text.p, text.len);
        frame(&out, OG_ABCI_ECHO, &m);
        og_abci_frame(&want, OG_ABCI_ECHO, &m);
        og_buf_release(&m);
        og_buf_release(&text);
    }
    for (size_t at = 0, piece = 1; at < out.len; piece = piece * 7 % 5003 + 1) {
        size_t n = out.len - at < piece ? out.len - at : piece;
        assert_int_equal(send(fd, out.p + at, n, 0), n);
        at += n;
    }
    char *got = og_xmalloc(want.len);
    read_exactly(fd, got, want.len);
    assert_memory_equal(got, want.p, want.len);
    free(got);
    close(fd);
    stop(&s);
    assert_int_equal(s.rc, OG_OK);
    og_buf_release(&out);
    og_buf_release(&want);
}

/* One that speaks nonsense loses its connection; another is not disturbed. */
static void nonsense_ends_one_connection(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        {"\x02\x22\x00", 3},                                  /* an old call */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11}, /* no varint */
        {"\xff\xff\xff\xff\x7f", 5},                          /* 32 GiB are announced */
    };
    struct serving s;
    struct og_buf m = OG_BUF_INIT;
    struct og_buf out = OG_BUF_INIT;
    char got[64];
    start(&s);
    int good = dial(&s);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int fd = dial(&s);
        assert_int_equal(send(fd, bad[i].bytes, bad[i].n, 0), bad[i].n);
        while (recv(fd, got, sizeof got, 0) > 0) /* an exception may come first */
            continue;
        close(fd);
    }
    og_pb_put_bytes(&m, 1, "still here", 10);
    frame(&out, OG_ABCI_ECHO, &m);
    assert_int_equal(send(good, out.p, out.len, 0), out.len);
    og_buf_reset(&out);
    og_abci_frame(&out, OG_ABCI_ECHO, &m);
    read_exactly(good, got, out.len);
    assert_memory_equal(got, out.p, out.len);
    close(good);
    stop(&s);
    og_buf_release(&m);
    og_buf_release(&out);
}

static void trouble_of_the_machine_is_an_exception(void **state)
{
    (void)state;
    struct serving s;
    struct og_buf none = OG_BUF_INIT;
    struct og_buf out = OG_BUF_INIT;
    char got[64];
    start(&s);
    int fd = dial(&s);
    frame(&out, OG_ABCI_COMMIT, &none);
    assert_int_equal(send(fd, out.p, out.len, 0), out.len);
    og_buf_reset(&out);
    og_abci_exception(&out, "the disk is full");
    read_exactly(fd, got, out.len);
    assert_memory_equal(got, out.p, out.len);
    pthread_join(s.thread, NULL);
    assert_int_equal(s.rc, OG_E_IO);
    close(fd);
    og_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finalize_has_all_its_members),
        cmocka_unit_test(prepare_has_all_its_members),
        cmocka_unit_test(what_is_not_known_is_refused),
        cmocka_unit_test(frames_are_as_the_engine_wants_them),
        cmocka_unit_test(answers_keep_the_order),
        cmocka_unit_test(nonsense_ends_one_connection),
        cmocka_unit_test(trouble_of_the_machine_is_an_exception),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
