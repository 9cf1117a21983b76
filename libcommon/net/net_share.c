/* net_share.c - listens, one thread a connection, who may speak. */
#include "net/net_share_int.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "net/net_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define QUIET_S 30 /* a peer that neither sends nor reads for so long is left */

enum og_rc og_share_listen(const char *place, int *fd, struct og_err *err)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    const char *colon = strrchr(place, ':');
    char host[64] = "";
    uint64_t port = 0;
    int on = 1;
    *fd = -1;
    if (colon && (size_t)(colon - place) < sizeof host)
        memcpy(host, place, (size_t)(colon - place));
    if (!colon || !og_parse_u64(colon + 1, 65535, &port) ||
        inet_pton(AF_INET, host, &a.sin_addr) != 1)
        return og_err_set(err, OG_E_CONFIG, "'%.80s' is not ADDRESS:PORT", place);
    a.sin_port = htons((uint16_t)port);
    int f = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (f >= 0)
        setsockopt(f, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (f < 0 || bind(f, (const struct sockaddr *)&a, sizeof a) < 0 || listen(f, 64) < 0) {
        int e = errno;
        if (f >= 0)
            close(f);
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot listen on %s: %s", place, strerror(e));
    }
    *fd = f;
    return OG_OK;
}

long share_read(struct share_conn *c, void *p, size_t n)
{
    if (c->ssl) {
        int got = SSL_read(c->ssl, p, n > 65536 ? 65536 : (int)n);
        return got > 0 ? got : -1;
    }
    ssize_t got;
    do
        got = recv(c->fd, p, n, 0);
    while (got < 0 && errno == EINTR);
    return got > 0 ? (long)got : -1;
}

bool share_write(struct share_conn *c, const void *p, size_t n)
{
    const char *s = p;
    while (n) {
        long put = c->ssl ? SSL_write(c->ssl, s, n > 65536 ? 65536 : (int)n)
                          : (long)send(c->fd, s, n, MSG_NOSIGNAL);
        if (put <= 0)
            return false;
        s += put;
        n -= (size_t)put;
    }
    return true;
}

static bool allowed(const struct og_share *s, const struct og_hash *spki)
{
    for (size_t i = 0; i < s->n_allowed; i++)
        if (memcmp(s->allowed[i].b, spki->b, OG_HASH_LEN) == 0)
            return true;
    return false;
}

bool share_may(struct share_conn *c)
{
    struct og_share *s = c->s;
    if (!c->ssl)
        return true;
    pthread_mutex_lock(&s->lock);
    bool yes = c->known && allowed(s, &c->spki);
    if (!yes)
        s->count.refused++;
    pthread_mutex_unlock(&s->lock);
    return yes;
}

static bool greet(struct share_conn *c)
{
    struct og_hash spki;
    if (!c->ssl)
        return true;
    if (SSL_accept(c->ssl) != 1 || !og_tls_peer(c->ssl, &spki))
        return false;
    pthread_mutex_lock(&c->s->lock);
    c->spki = spki;
    c->known = true;
    pthread_mutex_unlock(&c->s->lock);
    return share_may(c);
}

/* One head at the start of buf; false: none came. */
static bool next_head(struct share_conn *c, struct og_http_req *r)
{
    struct og_err err;
    size_t end;
    while (!(end = og_http_head_end(c->buf, c->have))) {
        long n =
            c->have < sizeof c->buf ? share_read(c, c->buf + c->have, sizeof c->buf - c->have) : -1;
        if (n < 0)
            return false;
        c->have += (size_t)n;
    }
    bool ok = og_http_parse(c->buf, end, r, &err) == OG_OK;
    static const char bad[] =
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    if (!ok)
        share_write(c, bad, sizeof bad - 1);
    memmove(c->buf, c->buf + end, c->have - end);
    c->have -= end;
    return ok;
}

static void *serve(void *arg)
{
    struct share_conn *c = arg;
    struct og_share *s = c->s;
    struct og_http_req r;
    if (greet(c))
        while (next_head(c, &r) && share_may(c) && share_answer(c, &r) && !r.close)
            continue;
    if (c->ssl)
        SSL_shutdown(c->ssl);
    pthread_mutex_lock(&s->lock);
    SSL_free(c->ssl);
    close(c->fd);
    *c = (struct share_conn){.fd = -1};
    s->live--;
    pthread_cond_broadcast(&s->idle);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* Under the lock; false: no room, the caller closes. */
static bool start(struct og_share *s, int fd, bool tls)
{
    struct timeval quiet = {.tv_sec = QUIET_S};
    pthread_attr_t attr;
    pthread_t id;
    size_t i = 0;
    while (i < SHARE_PEERS && s->conn[i].busy)
        i++;
    if (i == SHARE_PEERS)
        return false;
    struct share_conn *c = &s->conn[i];
    *c = (struct share_conn){.s = s, .fd = fd, .busy = true};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &quiet, sizeof quiet);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &quiet, sizeof quiet);
    if (tls && (!(c->ssl = SSL_new(s->tls)) || !SSL_set_fd(c->ssl, fd))) {
        SSL_free(c->ssl);
        c->busy = false;
        return false;
    }
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    bool ok = pthread_create(&id, &attr, serve, c) == 0;
    pthread_attr_destroy(&attr);
    if (!ok) {
        SSL_free(c->ssl);
        c->busy = false;
    }
    s->live += ok;
    s->count.peers += ok;
    return ok;
}

void og_share_turn(struct og_share *s, int ms)
{
    struct pollfd p[2] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->metrics_fd, .events = POLLIN}};
    if (poll(p, 2, ms) <= 0)
        return;
    for (int i = 0; i < 2; i++) {
        int fd = p[i].revents ? accept4(p[i].fd, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd < 0)
            continue;
        pthread_mutex_lock(&s->lock);
        if (!start(s, fd, i == 0))
            close(fd);
        pthread_mutex_unlock(&s->lock);
    }
}

void og_share_allow(struct og_share *s, const struct og_hash *spki, size_t n)
{
    pthread_mutex_lock(&s->lock);
    s->allowed = og_xrealloc(s->allowed, (n + 1) * sizeof *spki);
    if (n)
        memcpy(s->allowed, spki, n * sizeof *spki);
    s->n_allowed = n;
    for (size_t i = 0; i < SHARE_PEERS; i++)
        if (s->conn[i].busy && s->conn[i].known && !allowed(s, &s->conn[i].spki))
            shutdown(s->conn[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
}

void og_share_counts(struct og_share *s, struct og_share_count *out)
{
    pthread_mutex_lock(&s->lock);
    *out = s->count;
    pthread_mutex_unlock(&s->lock);
}

enum og_rc og_share_open(const struct og_share_set *set, struct og_share **out, struct og_err *err)
{
    struct og_buf cert = OG_BUF_INIT;
    struct og_buf key = OG_BUF_INIT;
    struct og_share *s = og_xcalloc(1, sizeof *s);
    s->set = *set;
    s->fd = s->metrics_fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->idle, NULL);
    signal(SIGPIPE, SIG_IGN);
    enum og_rc rc = og_tls_pem(set->key, &cert, &key, err);
    if (rc == OG_OK)
        rc = og_tls_server(&cert, &key, &s->tls, err);
    if (rc == OG_OK)
        rc = og_share_listen(set->listen, &s->fd, err);
    if (rc == OG_OK && set->metrics)
        rc = og_share_listen(set->metrics, &s->metrics_fd, err);
    og_buf_release(&cert);
    og_buf_cleanse(&key);
    *out = s;
    if (rc != OG_OK) {
        og_share_close(s);
        *out = NULL;
    }
    return rc;
}

void og_share_close(struct og_share *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    if (s->metrics_fd >= 0)
        close(s->metrics_fd);
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < SHARE_PEERS; i++)
        if (s->conn[i].busy)
            shutdown(s->conn[i].fd, SHUT_RDWR);
    while (s->live)
        pthread_cond_wait(&s->idle, &s->lock);
    pthread_mutex_unlock(&s->lock);
    SSL_CTX_free(s->tls);
    free(s->allowed);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->idle);
    free(s);
}
