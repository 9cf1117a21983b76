/* net_serve.c - a poll loop over the engine's connections. */
#include "net/net_serve.h"

#include "base/base_log.h"
#include "base/base_mem.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PEERS_MAX 16
#define READ_MAX  (256u << 10)
#define OUT_MAX   (64u << 20) /* a peer that asks and does not read is not asked on */
#define KEEP_MAX  (1u << 20)  /* memory that a quiet connection keeps */

struct peer {
    int fd;
    struct og_buf in, out;
    size_t in_at, out_at;
};

struct server {
    const struct og_abci_serve *s;
    int fd;
    struct peer peer[PEERS_MAX];
    size_t n;
};

static enum og_rc listen_on(const char *path, int *out, struct og_err *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    *out = -1;
    if (strlen(path) >= sizeof a.sun_path)
        return og_err_set(err, OG_E_USAGE, "'%s' is too long for a socket", path);
    memcpy(a.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t old = umask(077);
    if (fd >= 0)
        unlink(path);
    bool ok = fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 8) == 0;
    int e = errno;
    umask(old);
    if (!ok) {
        if (fd >= 0)
            close(fd);
        return og_err_set(err, OG_E_CANTCREATE, "cannot listen on '%s': %s", path, strerror(e));
    }
    *out = fd;
    return OG_OK;
}

static void drop(struct server *v, size_t i)
{
    struct peer *p = &v->peer[i];
    close(p->fd);
    og_buf_release(&p->in);
    og_buf_release(&p->out);
    v->peer[i] = v->peer[--v->n];
    if (v->s->on_peers)
        v->s->on_peers(v->s->ctx, v->n);
}

static void admit(struct server *v)
{
    int fd = accept4(v->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (v->n == PEERS_MAX) {
        close(fd);
        return;
    }
    v->peer[v->n++] = (struct peer){.fd = fd};
    if (v->s->on_peers)
        v->s->on_peers(v->s->ctx, v->n);
}

/* 0: no whole frame is there yet; -1: what is there is none. */
static int next_frame(const struct peer *p, struct og_span *msg, size_t *used)
{
    const uint8_t *at = (const uint8_t *)p->in.p + p->in_at;
    size_t have = p->in.len - p->in_at;
    uint64_t len;
    size_t head;
    int r = have ? og_pb_varint(at, have, &len, &head) : 0;
    if (r <= 0)
        return r;
    if (len > OG_ABCI_FRAME_MAX)
        return -1;
    if (len > have - head)
        return 0;
    *msg = (struct og_span){at + head, (size_t)len};
    *used = head + (size_t)len;
    return 1;
}

static bool flush_out(struct peer *p)
{
    while (p->out_at < p->out.len) {
        ssize_t n = send(p->fd, p->out.p + p->out_at, p->out.len - p->out_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        p->out_at += (size_t)n;
    }
    if (p->out.cap > KEEP_MAX)
        og_buf_release(&p->out);
    og_buf_reset(&p->out);
    p->out_at = 0;
    return true;
}

/* Answers the frames that are there. *keep false: the peer speaks another language. */
static enum og_rc answer(struct server *v, struct peer *p, bool *keep, struct og_err *err)
{
    struct og_span msg;
    size_t used;
    int got = 0;
    *keep = true;
    while (p->out.len - p->out_at < OUT_MAX && (got = next_frame(p, &msg, &used)) > 0) {
        struct og_abci_req req;
        struct og_err why;
        enum og_rc rc = og_abci_read(msg, &req, &why);
        if (rc != OG_OK) {
            og_log(OG_LOG_DEBUG, "abci: %s", why.msg);
            og_abci_exception(&p->out, why.msg);
            og_abci_release(&req);
            flush_out(p);
            *keep = false;
            return OG_OK;
        }
        rc = v->s->fn(v->s->ctx, &req, &p->out, err);
        og_abci_release(&req);
        if (rc != OG_OK) {
            og_abci_exception(&p->out, err->msg);
            flush_out(p);
            return rc;
        }
        p->in_at += used;
    }
    *keep = got >= 0;
    if (p->in_at == p->in.len) {
        if (p->in.cap > KEEP_MAX)
            og_buf_release(&p->in);
        og_buf_reset(&p->in);
        p->in_at = 0;
    } else if (p->in_at > READ_MAX) {
        memmove(p->in.p, p->in.p + p->in_at, p->in.len - p->in_at);
        p->in.len -= p->in_at;
        p->in_at = 0;
    }
    return OG_OK;
}

/* *end: the peer has left. */
static void read_some(struct peer *p, bool *end)
{
    char bytes[65536];
    size_t sum = 0;
    *end = false;
    while (sum < READ_MAX) {
        ssize_t n = recv(p->fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        *end = n == 0 || (n < 0 && errno != EAGAIN);
        if (n <= 0)
            return;
        og_buf_add(&p->in, bytes, (size_t)n);
        sum += (size_t)n;
    }
}

static enum og_rc serve_peer(struct server *v, size_t i, short events, bool *gone,
                             struct og_err *err)
{
    struct peer *p = &v->peer[i];
    bool keep = true;
    *gone = false;
    if (events & (POLLIN | POLLHUP | POLLERR))
        read_some(p, gone);
    enum og_rc rc = answer(v, p, &keep, err);
    if (rc != OG_OK)
        return rc;
    *gone = *gone || !keep || !flush_out(p);
    return OG_OK;
}

static enum og_rc turn(struct server *v, struct og_err *err)
{
    struct pollfd fd[PEERS_MAX + 1] = {{.fd = v->fd, .events = POLLIN}};
    size_t n = v->n;
    for (size_t i = 0; i < n; i++) {
        const struct peer *p = &v->peer[i];
        bool full = p->out.len - p->out_at >= OUT_MAX;
        fd[i + 1].fd = p->fd;
        fd[i + 1].events = (short)((full ? 0 : POLLIN) | (p->out.len > p->out_at ? POLLOUT : 0));
    }
    int got = poll(fd, n + 1, 500);
    if (got < 0 && errno != EINTR)
        return og_err_set(err, OG_E_IO, "poll failed: %s", strerror(errno));
    for (size_t i = n; got > 0 && i > 0; i--) {
        bool gone;
        if (!fd[i].revents)
            continue;
        OG_TRY(serve_peer(v, i - 1, fd[i].revents, &gone, err));
        if (gone)
            drop(v, i - 1);
    }
    if (got > 0 && fd[0].revents)
        admit(v);
    return OG_OK;
}

enum og_rc og_abci_serve(const struct og_abci_serve *s, struct og_err *err)
{
    struct server v = {.s = s};
    enum og_rc rc = listen_on(s->path, &v.fd, err);
    while (rc == OG_OK && !*s->stop)
        rc = turn(&v, err);
    while (v.n)
        drop(&v, v.n - 1);
    if (v.fd >= 0) {
        close(v.fd);
        unlink(s->path);
    }
    return rc;
}
