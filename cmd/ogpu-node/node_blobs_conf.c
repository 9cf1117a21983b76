/* node_blobs_conf.c - HOME/blobs.conf. */
#include "node_blobs.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdlib.h>
#include <string.h>

#define CONF_MAX 65536u
#define QUOTA    (10ull << 30)
#define BLOB_MAX (64ull << 30)

static enum og_rc put(struct node_blobs_conf *c, const char *word, const char *value,
                      struct og_err *err)
{
    const struct {
        const char *word;
        char **text;
        uint64_t *number;
    } words[] = {{"listen", &c->listen, NULL}, {"metrics", &c->metrics, NULL},
                 {"key", &c->key, NULL},       {"quota", NULL, &c->quota},
                 {"rate", NULL, &c->rate},     {"max", NULL, &c->max}};
    if (strcmp(word, "holder") == 0) {
        if (c->n == OG_FETCH_HOLDERS)
            return og_err_set(err, OG_E_CONFIG, "more than %d holders", OG_FETCH_HOLDERS);
        c->holder[c->n++] = og_xstrdup(value);
        return OG_OK;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].word, word) != 0)
            continue;
        if (words[i].number && !og_parse_u64(value, UINT64_MAX / 2, words[i].number))
            return og_err_set(err, OG_E_CONFIG, "'%s' must be a whole number", word);
        if (words[i].text) {
            free(*words[i].text);
            *words[i].text = og_xstrdup(value);
        }
        return OG_OK;
    }
    return og_err_set(err, OG_E_CONFIG, "'%.32s' is no word of this file", word);
}

static enum og_rc line(struct node_blobs_conf *c, char *s, struct og_err *err)
{
    s[strcspn(s, "#")] = '\0';
    s += strspn(s, " \t");
    size_t n = strcspn(s, " \t");
    if (!*s)
        return OG_OK;
    char *value = s + n + strspn(s + n, " \t");
    size_t end = strlen(value);
    while (end && (value[end - 1] == ' ' || value[end - 1] == '\t'))
        value[--end] = '\0';
    s[n] = '\0';
    return end ? put(c, s, value, err) : og_err_set(err, OG_E_CONFIG, "'%.32s' has no value", s);
}

enum og_rc node_blobs_read(const char *home, struct node_blobs_conf *out, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    char *path = og_io_join(home, "blobs.conf");
    *out = (struct node_blobs_conf){.quota = QUOTA, .max = BLOB_MAX};
    enum og_rc rc = og_io_read_file(path, CONF_MAX, &text, err);
    og_buf_add(&text, "\n", 1);
    char *s = text.p;
    for (size_t n = 1; rc == OG_OK && *s; n++) {
        char *end = s + strcspn(s, "\n");
        bool last = *end == '\0';
        *end = '\0';
        rc = line(out, s, err);
        if (rc != OG_OK)
            og_err_wrap(err, rc, "%s:%zu", path, n);
        s = last ? end : end + 1;
    }
    if (rc == OG_OK && (!out->listen || !out->key))
        rc = og_err_set(err, OG_E_CONFIG, "%s: 'listen' and 'key' are wanted", path);
    og_buf_release(&text);
    free(path);
    return rc;
}

/* Length of the host in HOST:PORT. */
static int host_of(const char *place)
{
    const char *colon = strrchr(place, ':');
    return colon ? (int)(colon - place) : (int)strlen(place);
}

static void add_holders(const struct node_files *f, struct og_buf *out)
{
    int own = host_of(f->p2p);
    for (const char *p = f->peers; *p;) {
        size_t n = strcspn(p, ",");
        const char *at = memchr(p, '@', n);
        char *one = og_xstrndup(at ? at + 1 : p, at ? n - (size_t)(at + 1 - p) : n);
        int len = host_of(one);
        if (len && (len != own || strncmp(one, f->p2p, (size_t)len) != 0))
            og_buf_addf(out, "holder %.*s:%d\n", len, one, BLOBS_PORT);
        free(one);
        p += n + (p[n] == ',');
    }
}

enum og_rc node_blobs_write(const struct node_files *f, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    char *path = og_io_join(f->home, "blobs.conf");
    int n = host_of(f->p2p);
    enum og_rc rc = OG_OK;
    if (!og_io_exists(path)) {
        og_buf_addf(&b, "# Blobs between nodes: see ogpu-node(1).\nlisten %.*s:%d\nkey %s\n", n,
                    f->p2p, BLOBS_PORT, f->name);
        og_buf_addf(&b, "metrics %.*s:%d\n", host_of(f->rpc), f->rpc, METRICS_PORT);
        add_holders(f, &b);
        rc = og_io_write_atomic(path, b.p, b.len, 0600, OG_IO_REPLACE, err);
    }
    og_buf_release(&b);
    free(path);
    return rc;
}
