/* engine_app_snapshot.c - snapshots behind ABCI: made aside, offered, loaded, applied. */
#include "engine/engine_app_int.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LISTED 16
/* Answers of OfferSnapshot and ApplySnapshotChunk, by CometBFT's numbers. */
enum { OFFER_ACCEPT = 1, OFFER_REJECT = 3, OFFER_REJECT_FORMAT = 4 };
enum { APPLY_ACCEPT = 1, APPLY_ABORT = 2, APPLY_RETRY = 3, APPLY_REJECT = 5 };

void og_app_snapshots(struct og_app *a, uint64_t every)
{
    a->snapshot_every = every;
}

/* In a process of its own: blocks do not wait for it, and its connection is its own. */
static void begin(struct og_app *a)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct og_err ignored;
        bool made = false;
        bool ok = og_snapshot_make(og_store_dir(a->rst), &made, &ignored) == OG_OK;
        _exit(ok && made ? 0 : 1);
    }
    a->snapshot_pid = pid > 0 ? pid : 0;
}

void og_app_snapshot(struct og_app *a)
{
    int status;
    if (a->snapshot_pid && waitpid(a->snapshot_pid, &status, WNOHANG) == a->snapshot_pid) {
        a->snapshot_pid = 0;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            a->snapshot_due = true; /* that block would not do */
    }
    if (!a->snapshot_every || a->replay)
        return;
    a->snapshot_due = a->snapshot_due || a->height % a->snapshot_every == 0;
    if (!a->snapshot_due || a->snapshot_pid)
        return;
    a->snapshot_due = false;
    begin(a);
}

enum og_rc og_app_list(struct og_app *a, struct og_buf *body, struct og_err *err)
{
    struct og_snapshot s[LISTED];
    size_t n;
    enum og_rc rc = og_snapshot_list(og_store_dir(a->rst), s, LISTED, &n, err);
    for (size_t i = 0; i < n; i++) {
        struct og_abci_snapshot one = {.height = s[i].height,
                                       .format = OG_SNAPSHOT_FORMAT,
                                       .chunks = s[i].chunks,
                                       .hash = {s[i].hash.b, OG_HASH_LEN},
                                       .metadata = {(const uint8_t *)s[i].meta.p, s[i].meta.len}};
        og_abci_put_snapshot(body, 1, &one);
        og_buf_release(&s[i].meta);
    }
    return rc;
}

/* The app hash is the one that the engine's light client verified. */
void og_app_offer(struct og_app *a, const struct og_abci_req *r, struct og_buf *body)
{
    struct og_snapshot s = {.height = r->snapshot.height, .chunks = r->snapshot.chunks};
    struct og_hash app;
    struct og_err ignored;
    uint64_t say = OFFER_REJECT;
    if (r->snapshot.format != OG_SNAPSHOT_FORMAT) {
        say = OFFER_REJECT_FORMAT;
    } else if (!a->height && !a->replay && r->app_hash.n == OG_HASH_LEN &&
               r->snapshot.hash.n == OG_HASH_LEN) {
        memcpy(app.b, r->app_hash.p, OG_HASH_LEN);
        memcpy(s.hash.b, r->snapshot.hash.p, OG_HASH_LEN);
        og_buf_add(&s.meta, r->snapshot.metadata.p, r->snapshot.metadata.n);
        if (og_restore_begin(&a->restore, a->e.st, &s, &app, &ignored) == OG_OK)
            say = OFFER_ACCEPT;
        else
            og_restore_end(&a->restore);
        og_buf_release(&s.meta);
    }
    og_pb_put_u64(body, 1, say);
}

void og_app_load(struct og_app *a, const struct og_abci_req *r, struct og_buf *body)
{
    struct og_buf chunk = OG_BUF_INIT;
    struct og_err ignored; /* an empty answer says that there is none */
    if (r->chunk_format == OG_SNAPSHOT_FORMAT &&
        og_snapshot_chunk(og_store_dir(a->rst), r->chunk_height, r->chunk, &chunk, &ignored) ==
            OG_OK)
        og_pb_put_bytes(body, 1, chunk.p, chunk.len);
    og_buf_release(&chunk);
}

enum og_rc og_app_apply(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                        bool *changed, struct og_err *err)
{
    bool done = false;
    *changed = false;
    if (!a->restore.st || r->chunk != a->restore.next) {
        og_pb_put_u64(body, 1, APPLY_ABORT);
        return OG_OK;
    }
    enum og_rc rc = og_restore_chunk(&a->restore, r->chunk_data.p, r->chunk_data.n, &done, err);
    if (rc == OG_OK) {
        og_pb_put_u64(body, 1, APPLY_ACCEPT);
        *changed = done;
    } else if (rc == OG_E_DATA) { /* from somebody else, please */
        og_pb_put_u64(body, 1, APPLY_RETRY);
        struct og_buf list = OG_BUF_INIT;
        og_pb_put_varint(&list, r->chunk);
        og_pb_put_bytes(body, 2, list.p, list.len);
        og_pb_put_bytes(body, 3, r->sender.p, r->sender.n);
        og_buf_release(&list);
        return OG_OK;
    } else if (rc == OG_NO) {
        og_pb_put_u64(body, 1, APPLY_REJECT);
    } else {
        return rc;
    }
    if (done || rc == OG_NO)
        og_restore_end(&a->restore);
    return OG_OK;
}
