/* node_blobs.c - the third process of a home: serves its blobs to other nodes, fetches theirs for
 * the tools of this one, and answers /metrics and /health. */
#include "node_blobs.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_nodekey.h"
#include "net/net_fetch.h"
#include "net/net_share.h"
#include "net/net_tls.h"
#include "store/store_query.h"
#include "store/store_want.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TURN_MS 50
#define NODES   256 /* rows of nodes at a time */
#define WANTS   16  /* tools that are served at once */

static enum og_rc listen_here(const char *home, int *out, struct og_err *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)home; /* the process stands in its home */
    memcpy(a.sun_path, OG_WANT_SOCKET, sizeof OG_WANT_SOCKET);
    unlink(OG_WANT_SOCKET);
    mode_t old = umask(077);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok =
        fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 16) == 0;
    int e = errno;
    umask(old);
    if (!ok && fd >= 0)
        close(fd);
    *out = ok ? fd : -1;
    return ok ? OG_OK
              : og_err_set(err, OG_E_CANTCREATE, "cannot listen on '%s': %s", OG_WANT_SOCKET,
                           strerror(e));
}

/* The keys of all nodes that the chain knows now; a key.revoke empties its node's. */
static enum og_rc read_keys(struct og_store *st, struct og_hash **out, size_t *n,
                            struct og_err *err)
{
    uint64_t id[NODES];
    size_t got;
    size_t cap = 0;
    uint64_t after = 0;
    *n = 0;
    do {
        OG_TRY(og_query(st, OG_Q_NODES, &after, 1, id, 1, NODES, &got, err));
        for (size_t i = 0; i < got; i++) {
            struct og_node node = {.id = id[i]};
            OG_TRY(og_row_need(st, OG_F_NODE, &node, err));
            if (node.tls.n == OG_HASH_LEN) {
                *out = og_xgrow(*out, &cap, *n + 1, sizeof **out);
                memcpy((*out)[(*n)++].b, node.tls.p, OG_HASH_LEN);
            }
            og_row_release(&og_families[OG_F_NODE], &node);
            after = id[i];
        }
    } while (got == NODES);
    return OG_OK;
}

static enum og_rc look(struct node_blobs *b, struct og_store *st, struct og_err *err)
{
    struct og_hash *keys = NULL;
    struct og_buf pins = OG_BUF_INIT;
    size_t n;
    uint64_t v = og_store_version(st);
    if (v && v == b->version)
        return OG_OK;
    enum og_rc rc = read_keys(st, &keys, &n, err);
    if (rc == OG_OK) {
        b->version = v;
        og_share_allow(b->share, keys, n);
        og_fetch_pins(keys, n, &pins);
        pthread_mutex_lock(&b->lock);
        free(b->pins);
        b->pins = n ? og_buf_detach(&pins) : NULL;
        pthread_mutex_unlock(&b->lock);
    }
    og_buf_release(&pins);
    free(keys);
    return rc;
}

struct want {
    struct node_blobs *b;
    int fd;
};

static void *serve_want(void *arg)
{
    struct want *w = arg;
    char line[200];
    size_t n = 0;
    struct og_err err = {0};
    struct og_buf back = OG_BUF_INIT;
    while (n < sizeof line - 1 && !memchr(line, '\n', n)) {
        ssize_t r = recv(w->fd, line + n, sizeof line - 1 - n, 0);
        if (r <= 0 && !(r < 0 && errno == EINTR))
            break;
        n += r > 0 ? (size_t)r : 0;
    }
    line[n] = '\0';
    line[strcspn(line, "\n")] = '\0';
    enum og_rc rc = node_blobs_want(w->b, line, &err);
    if (rc == OG_OK)
        og_buf_adds(&back, "ok\n");
    else
        og_buf_addf(&back, "no: %s\n", err.msg);
    if (send(w->fd, back.p, back.len, MSG_NOSIGNAL) < 0)
        og_log(OG_LOG_DEBUG, "want: %s", strerror(errno));
    og_buf_release(&back);
    close(w->fd);
    pthread_mutex_lock(&w->b->lock);
    w->b->wants--;
    pthread_mutex_unlock(&w->b->lock);
    free(w);
    return NULL;
}

static void admit(struct node_blobs *b)
{
    struct timeval quiet = {.tv_sec = 10};
    pthread_attr_t attr;
    pthread_t id;
    struct pollfd p = {.fd = b->want_fd, .events = POLLIN};
    int fd = poll(&p, 1, 0) > 0 ? accept4(b->want_fd, NULL, NULL, SOCK_CLOEXEC) : -1;
    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &quiet, sizeof quiet);
    struct want *w = og_xcalloc(1, sizeof *w);
    *w = (struct want){b, fd};
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_mutex_lock(&b->lock);
    bool ok = b->wants < WANTS && pthread_create(&id, &attr, serve_want, w) == 0;
    b->wants += ok;
    pthread_mutex_unlock(&b->lock);
    pthread_attr_destroy(&attr);
    if (!ok) {
        close(fd);
        free(w);
    }
}

static enum og_rc open_all(struct node_blobs *b, const char *keys_dir, struct og_store **st,
                           struct og_err *err)
{
    struct og_key *key = NULL;
    enum og_rc rc = og_nodekey_tls(keys_dir, b->conf.key, &key, err);
    if (rc == OG_OK)
        rc = og_tls_pem(key, &b->cert, &b->key, err);
    if (rc == OG_OK)
        rc = og_store_open(b->home, OG_STORE_READ, st, err);
    if (rc == OG_OK) {
        struct og_share_set set = {.dir = b->dir,
                                   .listen = b->conf.listen,
                                   .metrics = b->conf.metrics,
                                   .key = key,
                                   .quota = b->conf.quota,
                                   .rate = b->conf.rate,
                                   .on_text = node_blobs_text,
                                   .ctx = b};
        rc = og_share_open(&set, &b->share, err);
    }
    og_key_free(key);
    if (rc == OG_OK)
        rc = look(b, *st, err);
    return rc == OG_OK ? listen_here(b->home, &b->want_fd, err) : rc;
}

int node_blobs_run(const char *home, const char *keys_dir, const volatile sig_atomic_t *stop)
{
    struct node_blobs b = {.home = home, .want_fd = -1, .dir = og_io_join(home, "blobs")};
    struct og_store *st = NULL;
    struct og_err err = {0};
    pthread_mutex_init(&b.lock, NULL);
    enum og_rc rc = node_blobs_read(home, &b.conf, &err);
    if (rc == OG_OK)
        rc = og_io_mkdirs(b.dir, 0700, &err);
    if (rc == OG_OK)
        rc = open_all(&b, keys_dir, &st, &err);
    while (rc == OG_OK && !*stop) {
        og_share_turn(b.share, TURN_MS);
        admit(&b);
        rc = look(&b, st, &err);
        if (rc == OG_E_TEMPFAIL)
            rc = OG_OK;
    }
    if (b.want_fd >= 0)
        unlink(OG_WANT_SOCKET);
    if (rc != OG_OK)
        og_log(OG_LOG_ERROR, "blobs: %s", err.msg);
    og_share_close(b.share);
    og_store_close(st);
    return (int)rc; /* the process ends: wants that are under way end with it */
}
