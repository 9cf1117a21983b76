/* work_fetch.c - inputs by content: a check of what is here, libcurl for the rest. */
#include "work/work_fetch.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "store/store_blob.h"
#include "store/store_want.h"
#include "work/work_intel.h"

#include <curl/curl.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECT_S   10L
#define STALL_S     30L
#define REDIRECTS   5L
#define SEEN_MAX    256
#define FETCH_BYTES ((uint64_t)1 << 40)

/* Files whose content was right and that did not change since: not hashed again. */
struct seen {
    struct og_hash hash;
    struct timespec changed;
    ino_t ino;
    off_t size;
};
static struct seen seen[SEEN_MAX];
static size_t seen_next;
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_start(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool same_file(const struct seen *s, const struct og_hash *h, const struct stat *st)
{
    return memcmp(s->hash.b, h->b, OG_HASH_LEN) == 0 && s->ino == st->st_ino &&
           s->size == st->st_size && s->changed.tv_sec == st->st_ctim.tv_sec &&
           s->changed.tv_nsec == st->st_ctim.tv_nsec;
}

static bool was_seen(const struct og_hash *h, const struct stat *st)
{
    bool found = false;
    pthread_mutex_lock(&seen_lock);
    for (size_t i = 0; i < SEEN_MAX && !found; i++)
        found = same_file(&seen[i], h, st);
    pthread_mutex_unlock(&seen_lock);
    return found;
}

static void remember(const struct og_hash *h, const struct stat *st)
{
    pthread_mutex_lock(&seen_lock);
    seen[seen_next++ % SEEN_MAX] = (struct seen){*h, st->st_ctim, st->st_ino, st->st_size};
    pthread_mutex_unlock(&seen_lock);
}

/* *here: the blob lies in the store and holds what its name says. */
static enum og_rc look(const char *path, const struct og_spec_in *in, bool *here,
                       struct og_err *err)
{
    struct stat st;
    struct og_hash h;
    uint64_t bytes;
    *here = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return OG_OK;
    if (fd < 0 || fstat(fd, &st) < 0) {
        if (fd >= 0)
            close(fd);
        return og_err_set(err, OG_E_IO, "cannot open '%s': %s", path, strerror(errno));
    }
    enum og_rc rc = OG_OK;
    if (!was_seen(&in->sha256, &st)) {
        rc = og_sha256_fd(fd, &h, &bytes, err);
        if (rc == OG_OK && memcmp(h.b, in->sha256.b, OG_HASH_LEN) != 0)
            rc = og_err_set(err, OG_E_IO, "blob '%s' is damaged", path);
        else if (rc == OG_OK)
            remember(&in->sha256, &st);
    }
    close(fd);
    if (rc == OG_OK && in->bytes != UINT64_MAX && in->bytes != (uint64_t)st.st_size)
        rc = og_err_set(err, OG_E_DATA, "input '%s' does not have the promised %llu bytes",
                        in->path, (unsigned long long)in->bytes);
    *here = rc == OG_OK;
    return rc;
}

struct transfer {
    int fd;
    uint64_t left;
    const volatile sig_atomic_t *stop;
    const char *state_dir;
    bool private_net;
    char feed[OG_WORK_FEED_MAX]; /* that knows the address; else empty */
};

static size_t on_data(char *p, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    struct og_err ignored;
    size_t bytes = size * n;
    if (bytes > t->left || og_io_write_fd(t->fd, p, bytes, &ignored) != OG_OK)
        return 0;
    t->left -= bytes;
    return bytes;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct transfer *t = ctx;
    (void)a, (void)b, (void)c, (void)d;
    return t->stop && *t->stop;
}

static bool public_v4(uint32_t a)
{
    static const struct {
        uint32_t net, mask;
    } closed[] = {
        {0x00000000, 0xff000000}, {0x0a000000, 0xff000000}, {0x64400000, 0xffc00000},
        {0x7f000000, 0xff000000}, {0xa9fe0000, 0xffff0000}, {0xac100000, 0xfff00000},
        {0xc0000000, 0xffffff00}, {0xc0a80000, 0xffff0000}, {0xe0000000, 0xe0000000},
    };
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        if ((a & closed[i].mask) == closed[i].net)
            return false;
    return true;
}

static bool public_v6(const struct in6_addr *a)
{
    const uint8_t *b = a->s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(a))
        return public_v4((uint32_t)b[12] << 24 | (uint32_t)b[13] << 16 | (uint32_t)b[14] << 8 |
                         b[15]);
    return (b[0] & 0xe0) == 0x20; /* global unicast */
}

/* A stranger's URL must not reach what only this machine can reach. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct transfer *t = ctx;
    (void)purpose;
    struct sockaddr_storage ss = {0};
    memcpy(&ss, &a->addr, a->addrlen < sizeof ss ? a->addrlen : sizeof ss);
    if (og_work_known_addr(t->state_dir, (struct sockaddr *)&ss, sizeof ss, t->feed))
        return CURL_SOCKET_BAD;
    bool open_net = t->private_net;
    if (a->family == AF_INET && !open_net)
        open_net = public_v4(ntohl(((struct sockaddr_in *)(void *)&ss)->sin_addr.s_addr));
    else if (a->family == AF_INET6 && !open_net)
        open_net = public_v6(&((struct sockaddr_in6 *)(void *)&ss)->sin6_addr);
    if (!open_net)
        return CURL_SOCKET_BAD;
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void set_up(CURL *c, const char *url, struct transfer *t, bool private_net)
{
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, STALL_S);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    if (!private_net)
        curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
}

static enum og_rc download(const char *state_dir, const char *url, const struct og_spec_in *in,
                           int fd, bool private_net, const volatile sig_atomic_t *stop,
                           struct og_err *err)
{
    struct transfer t = {.fd = fd,
                         .left = in->bytes == UINT64_MAX ? FETCH_BYTES : in->bytes,
                         .stop = stop,
                         .state_dir = state_dir,
                         .private_net = private_net};
    if (og_work_known_url(state_dir, url, t.feed))
        return og_err_set(err, OG_E_NOINPUT, "input '%s': the feed '%s' knows its URL", in->path,
                          t.feed);
    pthread_once(&curl_once, curl_start);
    CURL *c = curl_easy_init();
    if (!c)
        return og_err_set(err, OG_E_UNAVAILABLE, "libcurl does not start");
    set_up(c, url, &t, private_net);
    CURLcode code = curl_easy_perform(c);
    curl_easy_cleanup(c);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return og_err_set(err, OG_E_TEMPFAIL, "stopped while input '%s' came in", in->path);
    if (code != CURLE_OK && t.feed[0])
        return og_err_set(err, OG_E_NOINPUT, "input '%s': the feed '%s' knows the server's address",
                          in->path, t.feed);
    if (code == CURLE_WRITE_ERROR && t.left == 0)
        return og_err_set(err, OG_E_DATA, "input '%s' is longer than promised", in->path);
    if (code != CURLE_OK)
        return og_err_set(err, OG_E_NOINPUT, "input '%s': %s", in->path, curl_easy_strerror(code));
    return OG_OK;
}

static enum og_rc from_url(const char *state_dir, const char *url, const struct og_spec_in *in,
                           bool private_net, const volatile sig_atomic_t *stop, struct og_err *err)
{
    struct og_io_temp t = {-1, NULL};
    struct og_hash h;
    uint64_t bytes = 0;
    char *dir = og_blob_dir(state_dir);
    enum og_rc rc = og_io_temp_open(dir, 0400, &t, err);
    free(dir);
    if (rc != OG_OK)
        return rc;
    rc = download(state_dir, url, in, t.fd, private_net, stop, err);
    if (rc == OG_OK && lseek(t.fd, 0, SEEK_SET) < 0)
        rc = og_err_set(err, OG_E_IO, "cannot rewind: %s", strerror(errno));
    if (rc == OG_OK)
        rc = og_sha256_fd(t.fd, &h, &bytes, err);
    if (rc == OG_OK && memcmp(h.b, in->sha256.b, OG_HASH_LEN) != 0)
        rc = og_err_set(err, OG_E_DATA, "input '%s' from its URL has other content", in->path);
    if (rc != OG_OK) {
        og_io_temp_discard(&t);
        return rc;
    }
    char *path = og_blob_path(state_dir, &h);
    char *folder = og_xstrndup(path, (size_t)(strrchr(path, '/') - path));
    rc = og_io_mkdirs(folder, 0700, err);
    if (rc == OG_OK)
        rc = og_io_temp_commit(&t, path, OG_IO_NOSYNC, err);
    else
        og_io_temp_discard(&t);
    free(folder);
    free(path);
    return rc;
}

static enum og_rc fetch_one(const char *state_dir, const struct og_spec_in *in, bool private_net,
                            const volatile sig_atomic_t *stop, struct og_err *err)
{
    bool here;
    char feed[OG_WORK_FEED_MAX];
    if (og_work_known_hash(state_dir, &in->sha256, feed))
        return og_err_set(err, OG_E_DATA, "input '%s': the feed '%s' knows its content", in->path,
                          feed);
    char *path = og_blob_path(state_dir, &in->sha256);
    if (in->n_urls == 0)
        og_want_blob(state_dir, &in->sha256);
    enum og_rc rc = look(path, in, &here, err);
    free(path);
    if (rc != OG_OK || here)
        return rc;
    if (in->n_urls == 0)
        return og_err_set(err, OG_E_NOINPUT, "input '%s' is not here and has no URL", in->path);
    for (size_t i = 0; i < in->n_urls; i++) {
        rc = from_url(state_dir, in->urls[i], in, private_net, stop, err);
        if (rc == OG_OK || (stop && *stop))
            return rc;
    }
    return rc;
}

enum og_rc og_work_fetch(const char *state_dir, const struct og_spec_in *in, size_t n,
                         bool private_net, const volatile sig_atomic_t *stop, struct og_err *err)
{
    for (size_t i = 0; i < n; i++)
        OG_TRY(fetch_one(state_dir, &in[i], private_net, stop, err));
    return OG_OK;
}
