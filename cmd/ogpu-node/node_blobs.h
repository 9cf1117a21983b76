/* node_blobs.h - blobs between nodes: HOME/blobs.conf, the process that serves and fetches. */
#ifndef OG_NODE_BLOBS_H
#define OG_NODE_BLOBS_H

#include "node.h"

#include "net/net_fetch.h"
#include "net/net_share.h"
#include "store/store_blob.h"
#include "store/store_row.h"

#include <pthread.h>
#include <signal.h>

#define BLOBS_PORT   26658
#define METRICS_PORT 26660

struct node_blobs_conf {
    char *listen, *metrics, *key;
    char *holder[OG_FETCH_HOLDERS];
    size_t n;
    uint64_t quota, rate, max;
};

struct node_blobs {
    const char *home;
    char *dir;
    struct node_blobs_conf conf;
    struct og_buf cert, key;
    struct og_share *share;
    pthread_mutex_t lock; /* pins, wants, fetched, failed */
    char *pins;
    size_t wants;
    uint64_t fetched, failed, version;
    int want_fd;
};

/* node_blobs_conf.c. Lines "word value": listen, metrics, key, holder (many), quota, rate, max. */
enum og_rc node_blobs_read(const char *home, struct node_blobs_conf *out,
                           struct og_err *err) OG_MUST_CHECK;
/* A first blobs.conf for a member: where others reach it, and the hosts of its peers. One that is
 * there stays. */
enum og_rc node_blobs_write(const struct node_files *f, struct og_err *err) OG_MUST_CHECK;
/* node_blobs_want.c. A line of a tool (store_want.h), done or refused. */
enum og_rc node_blobs_want(struct node_blobs *b, const char *line,
                           struct og_err *err) OG_MUST_CHECK;
/* /manifest/…, /metrics, /health. */
enum og_rc node_blobs_text(void *ctx, const char *path, struct og_buf *out, struct og_err *err);
/* The process; returns its exit status. */
int node_blobs_run(const char *home, const char *keys_dir, const volatile sig_atomic_t *stop);

#endif
