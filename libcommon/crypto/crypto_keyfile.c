/* crypto_keyfile.c - identities on disk. */
#include "crypto/crypto_keyfile.h"

#include "base/base_io.h"
#include "base/base_mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_LEN 64
#define FILE_MAX     (1u << 20)
#define NEXT         ".next.pem"

bool og_keyfile_name_ok(const char *name)
{
    size_t n = strnlen(name, NAME_MAX_LEN + 1);
    return n > 0 && n <= NAME_MAX_LEN && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == n;
}

static char *path_of(const char *dir, const char *name, const char *suffix)
{
    struct og_buf file = OG_BUF_INIT;
    og_buf_adds(&file, name);
    og_buf_adds(&file, suffix);
    char *path = og_io_join(dir, file.p);
    og_buf_release(&file);
    return path;
}

char *og_keyfile_path(const char *dir, const char *name)
{
    return path_of(dir, name, ".pem");
}

static enum og_rc check_name(const char *name, struct og_err *err)
{
    if (og_keyfile_name_ok(name))
        return OG_OK;
    return og_err_set(err, OG_E_USAGE,
                      "'%.80s' cannot name a key: 1 to %d letters, digits, '_' or '-'", name,
                      NAME_MAX_LEN);
}

/* NAME.pub can always be made again from NAME.pem, so it follows and is simply replaced. */
static enum og_rc save_pub(const char *dir, const char *name, const struct og_key *k,
                           struct og_err *err)
{
    struct og_pub *pub;
    struct og_buf pem = OG_BUF_INIT;
    enum og_rc rc = og_key_pub(k, &pub, err);
    if (rc == OG_OK)
        rc = og_pub_to_pem(pub, &pem, err);
    if (rc == OG_OK) {
        char *path = path_of(dir, name, ".pub");
        rc = og_io_write_atomic(path, pem.p, pem.len, 0644, OG_IO_REPLACE, err);
        free(path);
    }
    og_buf_release(&pem);
    og_pub_free(pub);
    return rc;
}

enum og_rc og_keyfile_save(const char *dir, const char *name, const struct og_key *k,
                           const char *pass, bool replace, struct og_err *err)
{
    enum og_rc rc = check_name(name, err);
    if (rc == OG_OK)
        rc = og_io_mkdirs(dir, 0700, err);
    if (rc != OG_OK)
        return rc;
    char *path = og_keyfile_path(dir, name);
    struct og_buf pem = OG_BUF_INIT;
    if (!replace && og_io_exists(path)) /* before the slow derivation; the write checks again */
        rc = og_err_set(err, OG_E_CANTCREATE, "'%s' exists; keys are never overwritten", path);
    if (rc == OG_OK)
        rc = og_key_to_pem(k, pass, &pem, err);
    if (rc == OG_OK)
        rc = og_io_write_atomic(path, pem.p, pem.len, 0600,
                                replace ? OG_IO_REPLACE : OG_IO_NOCLOBBER, err);
    if (rc == OG_OK)
        rc = save_pub(dir, name, k, err);
    og_buf_cleanse(&pem);
    free(path);
    return rc;
}

/* The bytes of NAME.pem, or with another suffix. */
static enum og_rc read_pem(const char *dir, const char *name, const char *suffix,
                           struct og_buf *pem, struct og_err *err)
{
    enum og_rc rc = check_name(name, err);
    if (rc != OG_OK)
        return rc;
    char *path = path_of(dir, name, suffix);
    rc = og_io_exists(path) ? og_io_read_secret(path, FILE_MAX, pem, err)
                            : og_err_set(err, OG_E_NOINPUT, "no key '%s' in '%s'", name, dir);
    free(path);
    return rc;
}

/* NAME.addr; *there false: none, the address is that of the key. */
static enum og_rc read_addr(const char *dir, const char *name, struct og_addr *a, bool *there,
                            struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    char *path = path_of(dir, name, ".addr");
    *there = og_io_exists(path);
    enum og_rc rc = *there ? og_io_read_file(path, OG_ADDR_TEXT, &text, err) : OG_OK;
    if (rc == OG_OK && *there) {
        text.p[strcspn(text.p, "\n")] = '\0';
        rc = og_addr_parse(text.p, a, err);
    }
    if (rc != OG_OK)
        og_err_wrap(err, rc, "'%s'", path);
    og_buf_release(&text);
    free(path);
    return rc;
}

static enum og_rc read_cold(const char *dir, const char *name, struct og_key *k, struct og_err *err)
{
    struct og_buf pem = OG_BUF_INIT;
    struct og_pub *cold = NULL;
    char *path = path_of(dir, name, ".cold.pub");
    enum og_rc rc = OG_OK;
    if (og_io_exists(path)) {
        rc = og_io_read_file(path, FILE_MAX, &pem, err);
        if (rc == OG_OK)
            rc = og_pub_from_pem(pem.p, pem.len, &cold, err);
        if (rc == OG_OK)
            og_key_set_cold(k, cold);
        else
            og_err_wrap(err, rc, "'%s'", path);
    }
    og_buf_release(&pem);
    free(path);
    return rc;
}

static enum og_rc load(const char *dir, const char *name, const char *suffix, const char *pass,
                       struct og_key **out, struct og_err *err)
{
    *out = NULL;
    struct og_buf pem = OG_BUF_INIT;
    enum og_rc rc = read_pem(dir, name, suffix, &pem, err);
    if (rc == OG_OK) {
        rc = og_key_from_pem(pem.p, pem.len, pass, out, err);
        if (rc != OG_OK)
            og_err_wrap(err, rc, "key '%s'", name);
    }
    og_buf_cleanse(&pem);
    return rc;
}

enum og_rc og_keyfile_load(const char *dir, const char *name, const char *pass, struct og_key **out,
                           struct og_err *err)
{
    struct og_addr a;
    bool moved = false;
    enum og_rc rc = load(dir, name, ".pem", pass, out, err);
    if (rc == OG_OK)
        rc = read_addr(dir, name, &a, &moved, err);
    if (rc == OG_OK && moved)
        og_key_set_addr(*out, &a);
    if (rc == OG_OK)
        rc = read_cold(dir, name, *out, err);
    if (rc != OG_OK) {
        og_key_free(*out);
        *out = NULL;
    }
    return rc;
}

static enum og_rc load_sidecar(const char *dir, const char *name, struct og_pub **out,
                               struct og_err *err)
{
    struct og_buf pem = OG_BUF_INIT;
    char *path = path_of(dir, name, ".pub");
    enum og_rc rc = og_io_read_file(path, FILE_MAX, &pem, err);
    if (rc == OG_OK)
        rc = og_pub_from_pem(pem.p, pem.len, out, err);
    if (rc != OG_OK)
        og_err_wrap(err, rc, "key '%s' is encrypted and its public part '%s' does not help", name,
                    path);
    free(path);
    og_buf_release(&pem);
    return rc;
}

enum og_rc og_keyfile_load_pub(const char *dir, const char *name, struct og_pub **out,
                               bool *encrypted, struct og_err *err)
{
    *out = NULL;
    *encrypted = false;
    struct og_buf pem = OG_BUF_INIT;
    struct og_key *k = NULL;
    struct og_addr a;
    bool moved = false;
    enum og_rc rc = read_pem(dir, name, ".pem", &pem, err);
    if (rc != OG_OK)
        goto out;
    rc = og_key_from_pem(pem.p, pem.len, NULL, &k, err);
    *encrypted = rc == OG_E_NOPERM;
    if (rc == OG_OK)
        rc = og_key_pub(k, out, err);
    else if (*encrypted)
        rc = load_sidecar(dir, name, out, err);
    else
        og_err_wrap(err, rc, "key '%s'", name);
    if (rc == OG_OK)
        rc = read_addr(dir, name, &a, &moved, err);
    if (rc == OG_OK && moved)
        og_pub_set_addr(*out, &a);
    if (rc != OG_OK) {
        og_pub_free(*out);
        *out = NULL;
    }
out:
    og_key_free(k);
    og_buf_cleanse(&pem);
    return rc;
}

enum og_rc og_keyfile_put_addr(const char *dir, const char *name, const struct og_addr *a,
                               struct og_err *err)
{
    char text[OG_ADDR_TEXT];
    struct og_buf line = OG_BUF_INIT;
    char *path = path_of(dir, name, ".addr");
    og_addr_format(a, text);
    og_buf_addf(&line, "%s\n", text);
    enum og_rc rc = og_io_write_atomic(path, line.p, line.len, 0644, OG_IO_REPLACE, err);
    og_buf_release(&line);
    free(path);
    return rc;
}

enum og_rc og_keyfile_put_cold(const char *dir, const char *name, const struct og_pub *cold,
                               struct og_err *err)
{
    struct og_buf pem = OG_BUF_INIT;
    char *path = path_of(dir, name, ".cold.pub");
    enum og_rc rc = og_pub_to_pem(cold, &pem, err);
    if (rc == OG_OK)
        rc = og_io_write_atomic(path, pem.p, pem.len, 0644, OG_IO_NOCLOBBER, err);
    og_buf_release(&pem);
    free(path);
    return rc;
}

bool og_keyfile_next_exists(const char *dir, const char *name)
{
    char *path = path_of(dir, name, NEXT);
    bool there = og_io_exists(path);
    free(path);
    return there;
}

enum og_rc og_keyfile_next_save(const char *dir, const char *name, const struct og_key *k,
                                const char *pass, struct og_err *err)
{
    struct og_buf pem = OG_BUF_INIT;
    char *path = path_of(dir, name, NEXT);
    enum og_rc rc = og_key_to_pem(k, pass, &pem, err);
    if (rc == OG_OK)
        rc = og_io_write_atomic(path, pem.p, pem.len, 0600, OG_IO_NOCLOBBER, err);
    og_buf_cleanse(&pem);
    free(path);
    return rc;
}

enum og_rc og_keyfile_next_load(const char *dir, const char *name, const char *pass,
                                struct og_key **out, struct og_err *err)
{
    return load(dir, name, NEXT, pass, out, err);
}

/* A second name for the file at path: NAME.old-N.pem. After a crash it may have it already. */
static enum og_rc keep_old(const char *dir, const char *name, const char *path, char **old,
                           struct og_err *err)
{
    struct stat present, other;
    enum og_rc rc = OG_OK;
    if (stat(path, &present) < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", path, strerror(errno));
    for (unsigned n = 1; rc == OG_OK; n++) {
        char suffix[32];
        snprintf(suffix, sizeof suffix, ".old-%u.pem", n);
        *old = path_of(dir, name, suffix);
        if (link(path, *old) == 0)
            return OG_OK;
        if (errno != EEXIST)
            rc = og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", *old, strerror(errno));
        else if (stat(*old, &other) == 0 && other.st_ino == present.st_ino &&
                 other.st_dev == present.st_dev)
            return OG_OK;
        free(*old);
        *old = NULL;
    }
    return rc;
}

static enum og_rc sync_dir(const char *dir, struct og_err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum og_rc rc = OG_OK;
    if (fd < 0 || fsync(fd) < 0)
        rc = og_err_set(err, OG_E_IO, "cannot sync '%s': %s", dir, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

enum og_rc og_keyfile_next_take(const char *dir, const char *name, const struct og_key *next,
                                const struct og_addr *a, char **old_path, struct og_err *err)
{
    char *path = og_keyfile_path(dir, name);
    char *from = path_of(dir, name, NEXT);
    *old_path = NULL;
    /* the address first: it is right for the old key as well */
    enum og_rc rc = og_keyfile_put_addr(dir, name, a, err);
    if (rc == OG_OK)
        rc = keep_old(dir, name, path, old_path, err);
    if (rc == OG_OK)
        rc = save_pub(dir, name, next, err);
    if (rc == OG_OK && rename(from, path) < 0)
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot rename '%s': %s", from, strerror(errno));
    if (rc == OG_OK)
        rc = sync_dir(dir, err);
    free(from);
    free(path);
    return rc;
}

enum og_rc og_keyfile_lock(const char *dir, int *fd, struct og_err *err)
{
    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", dir, strerror(errno));
    while (flock(*fd, LOCK_EX) < 0) {
        if (errno == EINTR)
            continue;
        enum og_rc rc = og_err_set(err, OG_E_IO, "cannot lock '%s': %s", dir, strerror(errno));
        close(*fd);
        *fd = -1;
        return rc;
    }
    return OG_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum og_rc og_keyfile_list(const char *dir, char ***names, size_t *n, struct og_err *err)
{
    *names = NULL;
    *n = 0;
    DIR *d = opendir(dir);
    if (!d && errno == ENOENT)
        return OG_OK;
    if (!d)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", dir, strerror(errno));
    size_t cap = 0;
    const struct dirent *e;
    while ((e = readdir(d))) {
        size_t len = strlen(e->d_name);
        if (len <= 4 || strcmp(e->d_name + len - 4, ".pem") != 0)
            continue;
        char *name = og_xstrndup(e->d_name, len - 4);
        if (!og_keyfile_name_ok(name)) {
            free(name);
            continue;
        }
        *names = og_xgrow(*names, &cap, *n + 1, sizeof **names);
        (*names)[(*n)++] = name;
    }
    closedir(d);
    if (*n)
        qsort(*names, *n, sizeof **names, by_text);
    return OG_OK;
}
