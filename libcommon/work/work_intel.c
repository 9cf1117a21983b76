/* work_intel.c - the set of indicators, read once and again when its file changes. */
#include "work/work_intel.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "guard/guard_intel.h"

#include <ctype.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SET_MAX ((size_t)1 << 30)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char *path;
    struct stat st;
    struct og_intel set;
    bool there;
} held;

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* With the lock: the set of state_dir, NULL when there is none. */
static const struct og_intel *set_of(const char *state_dir)
{
    struct stat st;
    struct og_buf b = OG_BUF_INIT;
    struct og_err ignored;
    char *path = og_io_join(state_dir, "guard/intel");
    bool here = stat(path, &st) == 0;
    bool same = held.path && strcmp(held.path, path) == 0;
    if (!here || !same || !same_file(&st, &held.st)) {
        if (held.there)
            og_intel_release(&held.set);
        held.there = here && og_io_read_file(path, SET_MAX, &b, &ignored) == OG_OK &&
                     og_intel_decode(b.p ? b.p : "", b.len, &held.set, &ignored) == OG_OK;
        if (here)
            held.st = st;
        free(held.path);
        held.path = here ? og_xstrdup(path) : NULL;
        og_buf_release(&b);
    }
    free(path);
    return held.there ? &held.set : NULL;
}

static void name_feed(const struct og_intel_hit *hit, char feed[OG_WORK_FEED_MAX])
{
    size_t n = strnlen(hit->feed, OG_WORK_FEED_MAX - 1);
    memcpy(feed, hit->feed, n);
    feed[n] = '\0';
}

bool og_work_known_hash(const char *state_dir, const struct og_hash *h, char feed[OG_WORK_FEED_MAX])
{
    char text[7 + 2 * OG_HASH_LEN + 1] = "sha256:";
    struct og_intel_hit hit;
    uint64_t now = og_time_unix_ms() / 1000;
    og_hex_encode(h->b, OG_HASH_LEN, text + 7);
    pthread_mutex_lock(&lock);
    const struct og_intel *s = set_of(state_dir);
    bool known =
        s && (og_intel_match_text(s, OG_INTEL_SHA256, text + 7, sizeof text - 8, now, &hit) ||
              og_intel_match_text(s, OG_INTEL_IMAGE_DIGEST, text, sizeof text - 1, now, &hit));
    if (known)
        name_feed(&hit, feed);
    pthread_mutex_unlock(&lock);
    return known;
}

/* The host of scheme://[user@]host[:port]/..., lower case, and its port. */
static bool host_of(const char *url, char *host, size_t cap, uint64_t *port)
{
    const char *s = strstr(url, "://");
    *port = strncmp(url, "https", 5) == 0 ? 443 : 80;
    if (!s)
        return false;
    s += 3;
    size_t n = strcspn(s, "/?#");
    const char *at = memrchr(s, '@', n);
    if (at) {
        n -= (size_t)(at + 1 - s);
        s = at + 1;
    }
    const char *close = n && *s == '[' ? memchr(s, ']', n) : NULL;
    size_t len = close ? (size_t)(close - s) - 1 : 0;
    const char *colon = memchr(close ? close : s, ':', n - (size_t)((close ? close : s) - s));
    if (colon && !og_parse_u64n(colon + 1, n - (size_t)(colon + 1 - s), 65535, port))
        return false;
    if (!close)
        len = colon ? (size_t)(colon - s) : n;
    if (len == 0 || len >= cap)
        return false;
    for (size_t i = 0; i < len; i++)
        host[i] = (char)tolower((unsigned char)s[i + (close != NULL)]);
    host[len] = '\0';
    return true;
}

bool og_work_known_url(const char *state_dir, const char *url, char feed[OG_WORK_FEED_MAX])
{
    char host[256];
    uint64_t port, now = og_time_unix_ms() / 1000;
    struct og_intel_hit hit;
    struct og_ip a;
    pthread_mutex_lock(&lock);
    const struct og_intel *s = set_of(state_dir);
    bool known = s && og_intel_match_text(s, OG_INTEL_URL, url, strlen(url), now, &hit);
    if (s && !known && host_of(url, host, sizeof host, &port))
        known = og_ip_parse(host, strlen(host), &a)
                    ? og_intel_match_ip(s, a, (uint16_t)port, now, &hit)
                    : og_intel_match_text(s, OG_INTEL_DOMAIN, host, strlen(host), now, &hit);
    if (known)
        name_feed(&hit, feed);
    pthread_mutex_unlock(&lock);
    return known;
}

bool og_work_known_addr(const char *state_dir, const struct sockaddr *a, socklen_t len,
                        char feed[OG_WORK_FEED_MAX])
{
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    struct og_intel_hit hit;
    struct og_ip ip;
    uint16_t port;
    if (a->sa_family == AF_INET && len >= sizeof v4) {
        memcpy(&v4, a, sizeof v4);
        ip = og_ip_of4(ntohl(v4.sin_addr.s_addr));
        port = ntohs(v4.sin_port);
    } else if (a->sa_family == AF_INET6 && len >= sizeof v6) {
        memcpy(&v6, a, sizeof v6);
        ip = og_ip_of16(v6.sin6_addr.s6_addr);
        port = ntohs(v6.sin6_port);
    } else {
        return false;
    }
    pthread_mutex_lock(&lock);
    const struct og_intel *s = set_of(state_dir);
    bool known = s && og_intel_match_ip(s, ip, port, og_time_unix_ms() / 1000, &hit);
    if (known)
        name_feed(&hit, feed);
    pthread_mutex_unlock(&lock);
    return known;
}
