/* submit_open.c - opens state and key; finds tasks by number or name. */
#include "submit.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_keyfile.h"
#include "model/model_records.h"
#include "store/store_blob.h"
#include "store/store_query.h"
#include "store/store_row.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PAGE 1024

/* The first line of the file, or nothing when no file is named. */
static enum og_rc read_passphrase(const char *path, struct og_buf *out, struct og_err *err)
{
    if (!path)
        return OG_OK;
    OG_TRY(og_io_read_secret(path, 4096, out, err));
    og_buf_addc(out, '\n');
    out->p[strcspn(out->p, "\n")] = '\0';
    return OG_OK;
}

static enum og_rc load_key(struct og_submit *s, const char *keys_dir, struct og_err *err)
{
    const struct og_submit_options *o = s->o;
    struct og_buf pass = OG_BUF_INIT;
    if (!og_keyfile_name_ok(o->key))
        return og_err_set(err, OG_E_USAGE, "--key: '%.64s' is not the name of a key", o->key);
    enum og_rc rc = read_passphrase(o->passphrase_file, &pass, err);
    if (rc == OG_OK)
        rc = og_keyfile_load(keys_dir, o->key, pass.p, &s->key, err);
    if (rc == OG_OK)
        s->addr = og_key_addr(s->key);
    og_buf_cleanse(&pass);
    return rc;
}

static enum og_rc open_state(struct og_submit *s, enum og_submit_need need, const char *keys_dir,
                             struct og_err *err)
{
    if (need == OG_NEED_READ || need == OG_NEED_WRITE) {
        s->own_store = true;
        return og_store_open(s->state_dir, need == OG_NEED_READ ? OG_STORE_READ : OG_STORE_WRITE,
                             &s->store, err);
    }
    OG_TRY(og_engine_open(s->state_dir, keys_dir, &s->engine, err));
    s->store = og_engine_store(s->engine);
    return og_ledger_open(s->store, &s->ledger, err);
}

enum og_rc og_submit_open(const struct og_submit_options *o, enum og_submit_need need,
                          struct og_submit *out, struct og_err *err)
{
    *out = (struct og_submit){.o = o};
    char *keys_dir = og_cli_keys_dir();
    out->state_dir = og_cli_state_dir(&o->common);
    enum og_rc rc = open_state(out, need, keys_dir, err);
    if (rc == OG_OK && need == OG_NEED_KEY)
        rc = load_key(out, keys_dir, err);
    free(keys_dir);
    if (rc != OG_OK)
        og_submit_close(out);
    return rc;
}

void og_submit_close(struct og_submit *s)
{
    og_ledger_close(s->ledger);
    og_engine_close(s->engine);
    if (s->own_store)
        og_store_close(s->store);
    og_key_free(s->key);
    free(s->state_dir);
    *s = (struct og_submit){0};
}

enum og_rc og_submit_lock(const char *state_dir, bool exclusive, int *fd, struct og_err *err)
{
    char *dir = og_blob_dir(state_dir);
    *fd = -1;
    enum og_rc rc = og_io_mkdirs(dir, 0700, err);
    if (rc == OG_OK) {
        *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r = *fd < 0 ? -1 : 0;
        while (*fd >= 0 && (r = flock(*fd, exclusive ? LOCK_EX : LOCK_SH)) < 0 && errno == EINTR)
            ;
        if (r < 0)
            rc = og_err_set(err, OG_E_IO, "cannot lock '%s': %s", dir, strerror(errno));
    }
    free(dir);
    return rc;
}

static enum og_rc bears_name(struct og_submit *s, uint64_t id, const char *text, size_t n,
                             bool *yes, struct og_err *err)
{
    struct og_task t = {.id = id};
    bool found;
    OG_TRY(og_row_get(s->store, OG_F_TASK, &t, &found, err));
    *yes = found && t.name && strlen(t.name) == n && memcmp(t.name, text, n) == 0;
    og_row_release(&og_families[OG_F_TASK], &t);
    return OG_OK;
}

static enum og_rc newest_named(struct og_submit *s, const char *text, size_t n, uint64_t *id,
                               struct og_err *err)
{
    uint64_t *ids = NULL;
    size_t count = 0;
    size_t cap = 0;
    size_t got;
    enum og_rc rc;
    do {
        ids = og_xgrow(ids, &cap, count + PAGE, sizeof *ids);
        rc = og_query_tasks_of_owner(s->store, &s->addr, count ? ids[count - 1] : 0, ids + count,
                                     PAGE, &got, err);
        count += rc == OG_OK ? got : 0;
    } while (rc == OG_OK && got == PAGE);
    *id = 0;
    while (rc == OG_OK && *id == 0 && count > 0) {
        bool yes = false;
        rc = bears_name(s, ids[--count], text, n, &yes, err);
        if (rc == OG_OK && yes)
            *id = ids[count];
    }
    free(ids);
    return rc;
}

enum og_rc og_submit_check_task(struct og_submit *s, uint64_t id, struct og_err *err)
{
    struct og_task t = {.id = id};
    bool found;
    OG_TRY(og_row_get(s->store, OG_F_TASK, &t, &found, err));
    bool own = found && (!s->key || og_addr_eq(&t.owner, &s->addr));
    og_row_release(&og_families[OG_F_TASK], &t);
    if (!found)
        return og_err_set(err, OG_E_DATA, "there is no task %llu", (unsigned long long)id);
    return own ? OG_OK
               : og_err_set(err, OG_E_DATA, "task %llu is another account's",
                            (unsigned long long)id);
}

enum og_rc og_submit_find_task(struct og_submit *s, const char *text, size_t n, uint64_t *id,
                               struct og_err *err)
{
    if (og_parse_u64n(text, n, INT64_MAX, id))
        return og_submit_check_task(s, *id, err);
    OG_TRY(newest_named(s, text, n, id, err));
    if (*id == 0)
        return og_err_set(err, OG_E_DATA, "no task of this account is named '%.*s'", (int)n, text);
    return OG_OK;
}
