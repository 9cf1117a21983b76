/* submit_lines.c - --tx: transactions that are signed already, from stdin, in batches of what is
 * there to read. */
#include "submit.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "json/json_canon.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE (256u * 1024)
#define BATCH_MAX 4096 /* lines of one engine call */

struct lines {
    struct og_submit *s;
    struct og_buf in;
    size_t scanned; /* bytes of `in` known to hold the lines below and no further newline */
    bool eof;
    size_t *start, *len; /* whole lines at the front of `in` */
    size_t n, max;
    size_t used; /* bytes of them */
    struct og_sent *sent;
    const char **line;
    struct og_buf out;
    size_t refused;
};

static bool can_read(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

static enum og_rc fill(struct lines *l, struct og_err *err)
{
    og_buf_reserve(&l->in, READ_SIZE);
    ssize_t r;
    do {
        r = read(STDIN_FILENO, l->in.p + l->in.len, READ_SIZE);
    } while (r < 0 && errno == EINTR);
    if (r < 0)
        return og_err_set(err, OG_E_IO, "stdin: read failed: %s", strerror(errno));
    l->eof = r == 0;
    l->in.len += (size_t)r;
    if (l->eof && l->in.len && l->in.p[l->in.len - 1] != '\n')
        og_buf_addc(&l->in, '\n');
    return OG_OK;
}

static void split(struct lines *l)
{
    while (l->n < l->max) {
        char *at = l->in.p + l->scanned;
        char *nl = l->in.len > l->scanned ? memchr(at, '\n', l->in.len - l->scanned) : NULL;
        if (!nl)
            break;
        size_t end = (size_t)(nl - l->in.p);
        size_t start = l->used;
        l->used = end + 1;
        l->scanned = end + 1;
        if (end == start)
            continue;
        l->start[l->n] = start;
        l->len[l->n++] = end - start;
    }
    if (l->n < l->max)
        l->scanned = l->in.len;
}

/* At least one line unless stdin has ended; then on while more is there. */
static enum og_rc gather(struct lines *l, struct og_err *err)
{
    split(l);
    while (l->n < l->max && !l->eof && (l->n == 0 || can_read(STDIN_FILENO))) {
        if (l->n == 0 && l->in.len - l->used > OG_TX_MATCH_MAX)
            return og_err_set(err, OG_E_DATA, "stdin: a line is longer than %d bytes",
                              OG_TX_MATCH_MAX);
        OG_TRY(fill(l, err));
        split(l);
    }
    return OG_OK;
}

static void put_records(struct lines *l)
{
    og_buf_reset(&l->out);
    for (size_t i = 0; i < l->n; i++) {
        const struct og_sent *s = &l->sent[i];
        bool ok = s->rc == OG_OK;
        og_buf_addc(&l->out, '{');
        if (!ok) {
            og_buf_adds(&l->out, "\"error\":");
            og_json_canon_string(s->msg, strlen(s->msg), &l->out);
            og_buf_addc(&l->out, ',');
            l->refused++;
        }
        og_buf_addf(&l->out, "\"kind\":\"tx\",\"ok\":%s,\"txid\":\"", ok ? "true" : "false");
        og_buf_add_hex(&l->out, s->id.b, OG_HASH_LEN);
        og_buf_adds(&l->out, "\",\"v\":1}\n");
    }
}

static enum og_rc send_batch(struct lines *l, struct og_err *err)
{
    for (size_t i = 0; i < l->n; i++)
        l->line[i] = l->in.p + l->start[i];
    memset(l->sent, 0, l->n * sizeof *l->sent);
    OG_TRY(og_engine_send_lines(l->s->engine, l->line, l->len, l->n, l->sent, err));
    put_records(l);
    if (fwrite(l->out.p, 1, l->out.len, stdout) != l->out.len || fflush(stdout) != 0)
        return og_err_set(err, OG_E_IO, "cannot write the records");
    memmove(l->in.p, l->in.p + l->used, l->in.len - l->used);
    l->in.len -= l->used;
    l->scanned -= l->used;
    l->used = 0;
    l->n = 0;
    return OG_OK;
}

enum og_rc og_submit_lines(const struct og_submit_options *o, struct og_err *err)
{
    struct og_submit s;
    OG_TRY(og_submit_open(o, OG_NEED_ENGINE, &s, err));
    struct lines l = {.s = &s, .in = OG_BUF_INIT, .out = OG_BUF_INIT};
    l.max = (size_t)og_min_u64(og_ledger_params(s.ledger)->block_max, BATCH_MAX);
    l.start = og_xcalloc(l.max, sizeof *l.start);
    l.len = og_xcalloc(l.max, sizeof *l.len);
    l.sent = og_xcalloc(l.max, sizeof *l.sent);
    l.line = og_xcalloc(l.max, sizeof *l.line);
    enum og_rc rc;
    do {
        rc = gather(&l, err);
        if (rc == OG_OK && l.n)
            rc = send_batch(&l, err);
    } while (rc == OG_OK && (!l.eof || l.in.len > l.used));
    if (rc == OG_OK && l.refused)
        rc = og_err_set(err, OG_NO, "%zu transactions were refused", l.refused);
    free(l.start);
    free(l.len);
    free(l.sent);
    free(l.line);
    og_buf_release(&l.in);
    og_buf_release(&l.out);
    og_submit_close(&s);
    return rc;
}
