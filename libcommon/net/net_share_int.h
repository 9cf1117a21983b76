/* net_share_int.h - inside net_share*.c: connections. */
#ifndef OG_NET_SHARE_INT_H
#define OG_NET_SHARE_INT_H

#include "net/net_http.h"
#include "net/net_share.h"

#include <openssl/ssl.h>
#include <pthread.h>

#define SHARE_PEERS 64

struct share_conn {
    struct og_share *s;
    int fd;
    SSL *ssl; /* NULL: the plain place */
    bool busy, known;
    struct og_hash spki;
    char buf[OG_HTTP_HEAD_MAX];
    size_t have;
};

struct og_share {
    struct og_share_set set;
    int fd, metrics_fd;
    SSL_CTX *tls;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    struct og_hash *allowed;
    size_t n_allowed, live;
    struct og_share_count count;
    uint64_t used; /* bytes of quota */
    struct share_conn conn[SHARE_PEERS];
};

/* -1: the peer has gone. */
long share_read(struct share_conn *c, void *p, size_t n);
bool share_write(struct share_conn *c, const void *p, size_t n);
/* May this peer still speak? */
bool share_may(struct share_conn *c);
/* Answers one request; false: the connection ends. */
bool share_answer(struct share_conn *c, const struct og_http_req *r);

#endif
