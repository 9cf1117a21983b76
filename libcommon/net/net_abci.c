/* net_abci.c - ABCI messages from and to bytes. */
#include "net/net_abci.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define TXS_MAX (1u << 20)

void og_abci_release(struct og_abci_req *r)
{
    free(r->txs);
    free(r->votes);
    free(r->faults);
    *r = (struct og_abci_req){0};
}

uint64_t og_abci_time_ms(const struct og_abci_req *r)
{
    if (r->time_s < 0 || r->time_s > INT64_MAX / 2000)
        return 0;
    uint32_t ns = r->time_ns > 0 && r->time_ns < 1000000000 ? (uint32_t)r->time_ns : 0;
    return (uint64_t)r->time_s * 1000 + ns / 1000000;
}

/* One message while it is read. */
struct reading {
    struct og_abci_req *r;
    size_t txs_cap, votes_cap, faults_cap;
    bool bad;
};

typedef void (*take_fn)(struct reading *g, const struct og_pb_field *f);

static void each(struct reading *g, struct og_span s, take_fn take)
{
    struct og_pb_in in;
    struct og_pb_field f;
    og_pb_open(&in, s);
    while (!g->bad && og_pb_next(&in, &f))
        take(g, &f);
    g->bad = g->bad || in.bad;
}

static struct og_span bytes_of(struct reading *g, const struct og_pb_field *f)
{
    if (f->wire != OG_PB_BYTES)
        g->bad = true;
    return f->bytes;
}

static uint64_t number_of(struct reading *g, const struct og_pb_field *f)
{
    if (f->wire != OG_PB_VARINT)
        g->bad = true;
    return f->v;
}

static void addr_of(struct reading *g, const struct og_pb_field *f, uint8_t out[OG_ABCI_ADDR_LEN])
{
    struct og_span s = bytes_of(g, f);
    if (s.n == OG_ABCI_ADDR_LEN)
        memcpy(out, s.p, OG_ABCI_ADDR_LEN);
    else
        g->bad = true;
}

static void add_tx(struct reading *g, const struct og_pb_field *f)
{
    struct og_span s = bytes_of(g, f);
    if (g->r->n_txs >= TXS_MAX)
        g->bad = true;
    if (g->bad)
        return;
    g->r->txs = og_xgrow(g->r->txs, &g->txs_cap, g->r->n_txs + 1, sizeof *g->r->txs);
    g->r->txs[g->r->n_txs++] = s;
}

static void take_time(struct reading *g, const struct og_pb_field *f)
{
    if (f->no == 1)
        g->r->time_s = (int64_t)number_of(g, f);
    else if (f->no == 2)
        g->r->time_ns = (int32_t)number_of(g, f);
}

static void vote_validator(struct reading *g, const struct og_pb_field *f)
{
    struct og_abci_vote *v = &g->r->votes[g->r->n_votes - 1];
    if (f->no == 1)
        addr_of(g, f, v->addr);
    else if (f->no == 3)
        v->power = (int64_t)number_of(g, f);
}

/* VoteInfo {1 validator, 3 flag}; ExtendedVoteInfo {1 validator, 5 flag}. */
static void take_vote(struct reading *g, const struct og_pb_field *f)
{
    if (f->no == 1)
        each(g, bytes_of(g, f), vote_validator);
    else if (f->wire == OG_PB_VARINT && (f->no == 3 || f->no == 5))
        g->r->votes[g->r->n_votes - 1].flag = f->v;
}

static void take_commit(struct reading *g, const struct og_pb_field *f)
{
    struct og_abci_req *r = g->r;
    if (f->no == 1)
        r->round = number_of(g, f) & 0x7fffffff;
    if (f->no != 2)
        return;
    struct og_span s = bytes_of(g, f);
    if (r->n_votes >= OG_ABCI_VOTES_MAX)
        g->bad = true;
    if (g->bad)
        return;
    r->votes = og_xgrow(r->votes, &g->votes_cap, r->n_votes + 1, sizeof *r->votes);
    r->votes[r->n_votes++] = (struct og_abci_vote){0};
    each(g, s, take_vote);
}

static void fault_validator(struct reading *g, const struct og_pb_field *f)
{
    if (f->no == 1)
        addr_of(g, f, g->r->faults[g->r->n_faults - 1].addr);
}

static void fault_member(struct reading *g, const struct og_pb_field *f)
{
    struct og_abci_fault *m = &g->r->faults[g->r->n_faults - 1];
    if (f->no == 1)
        m->type = number_of(g, f);
    else if (f->no == 2)
        each(g, bytes_of(g, f), fault_validator);
    else if (f->no == 3)
        m->height = (int64_t)number_of(g, f);
}

static void take_fault(struct reading *g, const struct og_pb_field *f)
{
    struct og_abci_req *r = g->r;
    struct og_span s = bytes_of(g, f);
    if (r->n_faults >= OG_ABCI_FAULTS_MAX)
        g->bad = true;
    if (g->bad)
        return;
    r->faults = og_xgrow(r->faults, &g->faults_cap, r->n_faults + 1, sizeof *r->faults);
    r->faults[r->n_faults++] = (struct og_abci_fault){0};
    each(g, s, fault_member);
}

static void take_snapshot(struct reading *g, const struct og_pb_field *f)
{
    struct og_abci_snapshot *s = &g->r->snapshot;
    switch (f->no) {
    case 1: s->height = number_of(g, f); break;
    case 2: s->format = (uint32_t)number_of(g, f); break;
    case 3: s->chunks = (uint32_t)number_of(g, f); break;
    case 4: s->hash = bytes_of(g, f); break;
    case 5: s->metadata = bytes_of(g, f); break;
    default: break;
    }
}

static void echo_member(struct reading *g, const struct og_pb_field *f)
{
    if (f->no == 1)
        g->r->message = bytes_of(g, f);
}

static void info_member(struct reading *g, const struct og_pb_field *f)
{
    if (f->no == 4)
        g->r->abci_version = bytes_of(g, f);
}

static void init_member(struct reading *g, const struct og_pb_field *f)
{
    switch (f->no) {
    case 1: each(g, bytes_of(g, f), take_time); break;
    case 2: g->r->chain_id = bytes_of(g, f); break;
    case 5: g->r->app_state = bytes_of(g, f); break;
    case 6: g->r->height = (int64_t)number_of(g, f); break;
    default: break;
    }
}

static void query_member(struct reading *g, const struct og_pb_field *f)
{
    switch (f->no) {
    case 1: g->r->data = bytes_of(g, f); break;
    case 2: g->r->path = bytes_of(g, f); break;
    case 3: g->r->height = (int64_t)number_of(g, f); break;
    case 4: g->r->prove = number_of(g, f) != 0; break;
    default: break;
    }
}

static void check_member(struct reading *g, const struct og_pb_field *f)
{
    if (f->no == 1)
        g->r->tx = bytes_of(g, f);
    else if (f->no == 2)
        g->r->recheck = number_of(g, f) != 0;
}

static void prepare_member(struct reading *g, const struct og_pb_field *f)
{
    switch (f->no) {
    case 1: g->r->max_tx_bytes = (int64_t)number_of(g, f); break;
    case 2: add_tx(g, f); break;
    case 3: each(g, bytes_of(g, f), take_commit); break;
    case 4: take_fault(g, f); break;
    case 5: g->r->height = (int64_t)number_of(g, f); break;
    case 6: each(g, bytes_of(g, f), take_time); break;
    case 8: g->r->proposer = bytes_of(g, f); break;
    default: break;
    }
}

/* ProcessProposal and FinalizeBlock have the same fields. */
static void block_member(struct reading *g, const struct og_pb_field *f)
{
    switch (f->no) {
    case 1: add_tx(g, f); break;
    case 2: each(g, bytes_of(g, f), take_commit); break;
    case 3: take_fault(g, f); break;
    case 4: g->r->hash = bytes_of(g, f); break;
    case 5: g->r->height = (int64_t)number_of(g, f); break;
    case 6: each(g, bytes_of(g, f), take_time); break;
    case 8: g->r->proposer = bytes_of(g, f); break;
    default: break;
    }
}

static void offer_member(struct reading *g, const struct og_pb_field *f)
{
    if (f->no == 1)
        each(g, bytes_of(g, f), take_snapshot);
    else if (f->no == 2)
        g->r->app_hash = bytes_of(g, f);
}

static void load_member(struct reading *g, const struct og_pb_field *f)
{
    switch (f->no) {
    case 1: g->r->chunk_height = number_of(g, f); break;
    case 2: g->r->chunk_format = (uint32_t)number_of(g, f); break;
    case 3: g->r->chunk = (uint32_t)number_of(g, f); break;
    default: break;
    }
}

static void apply_member(struct reading *g, const struct og_pb_field *f)
{
    switch (f->no) {
    case 1: g->r->chunk = (uint32_t)number_of(g, f); break;
    case 2: g->r->chunk_data = bytes_of(g, f); break;
    case 3: g->r->sender = bytes_of(g, f); break;
    default: break;
    }
}

static void verify_member(struct reading *g, const struct og_pb_field *f)
{
    if (f->no == 4)
        g->r->extension = bytes_of(g, f);
}

static void no_member(struct reading *g, const struct og_pb_field *f)
{
    (void)g;
    (void)f;
}

static take_fn members_of(uint32_t call)
{
    switch (call) {
    case OG_ABCI_ECHO: return echo_member;
    case OG_ABCI_INFO: return info_member;
    case OG_ABCI_INIT_CHAIN: return init_member;
    case OG_ABCI_QUERY: return query_member;
    case OG_ABCI_CHECK_TX:
    case OG_ABCI_INSERT_TX: return check_member;
    case OG_ABCI_OFFER_SNAPSHOT: return offer_member;
    case OG_ABCI_LOAD_CHUNK: return load_member;
    case OG_ABCI_APPLY_CHUNK: return apply_member;
    case OG_ABCI_PREPARE: return prepare_member;
    case OG_ABCI_PROCESS:
    case OG_ABCI_FINALIZE: return block_member;
    case OG_ABCI_VERIFY_VOTE: return verify_member;
    case OG_ABCI_FLUSH:
    case OG_ABCI_COMMIT:
    case OG_ABCI_LIST_SNAPSHOTS:
    case OG_ABCI_EXTEND_VOTE:
    case OG_ABCI_REAP_TXS: return no_member;
    default: return NULL;
    }
}

enum og_rc og_abci_read(struct og_span msg, struct og_abci_req *out, struct og_err *err)
{
    struct og_pb_in in;
    struct og_pb_field f;
    *out = (struct og_abci_req){0};
    struct reading g = {.r = out};
    og_pb_open(&in, msg);
    if (!og_pb_next(&in, &f) || f.wire != OG_PB_BYTES || in.p != in.end)
        return og_err_set(err, OG_E_DATA, "a request of the engine is malformed");
    take_fn take = members_of(f.no);
    if (!take)
        return og_err_set(err, OG_E_DATA, "the engine asks for call %u, which is not known", f.no);
    out->call = (enum og_abci_call)f.no;
    each(&g, f.bytes, take);
    if (g.bad)
        return og_err_set(err, OG_E_DATA, "call %u of the engine is malformed", f.no);
    return OG_OK;
}

static void put_frame(struct og_buf *out, uint32_t no, const void *p, size_t n)
{
    size_t tag = no < 16 ? 0 : 1; /* the tag's second byte */
    og_pb_put_varint(out, og_pb_item_size(n) + tag);
    og_pb_put_item(out, no, p, n);
}

void og_abci_frame(struct og_buf *out, enum og_abci_call call, const struct og_buf *body)
{
    put_frame(out, (uint32_t)call + 1, body->p ? body->p : "", body->len);
}

void og_abci_exception(struct og_buf *out, const char *why)
{
    struct og_buf body = OG_BUF_INIT;
    og_pb_put_bytes(&body, 1, why, strlen(why));
    put_frame(out, 1, body.p ? body.p : "", body.len);
    og_buf_release(&body);
}

void og_abci_put_validator(struct og_buf *out, uint32_t no, uint32_t key_type, struct og_span key,
                           int64_t power)
{
    struct og_buf pub = OG_BUF_INIT;
    struct og_buf v = OG_BUF_INIT;
    og_pb_put_item(&pub, key_type, key.p, key.n);
    og_pb_put_item(&v, 1, pub.p, pub.len);
    og_pb_put_i64(&v, 2, power);
    og_pb_put_item(out, no, v.p, v.len);
    og_buf_release(&pub);
    og_buf_release(&v);
}

void og_abci_put_result(struct og_buf *out, uint32_t no, uint32_t code, const char *log)
{
    struct og_buf b = OG_BUF_INIT;
    og_pb_put_u64(&b, 1, code);
    og_pb_put_bytes(&b, 3, log, strlen(log));
    og_pb_put_item(out, no, b.p ? b.p : "", b.len);
    og_buf_release(&b);
}

void og_abci_put_snapshot(struct og_buf *out, uint32_t no, const struct og_abci_snapshot *s)
{
    struct og_buf b = OG_BUF_INIT;
    og_pb_put_u64(&b, 1, s->height);
    og_pb_put_u64(&b, 2, s->format);
    og_pb_put_u64(&b, 3, s->chunks);
    og_pb_put_bytes(&b, 4, s->hash.p, s->hash.n);
    og_pb_put_bytes(&b, 5, s->metadata.p, s->metadata.n);
    og_pb_put_item(out, no, b.p ? b.p : "", b.len);
    og_buf_release(&b);
}
