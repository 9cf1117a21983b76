/* validate_accept.c - the submitter's side: accepts results of its own tasks that are here and
 * whole. */
#include "validate.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "check/check_method.h"
#include "crypto/crypto_keyfile.h"
#include "store/store_blob.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "work/work_job.h"
#include "work/work_reveal.h"

#include <stdlib.h>
#include <string.h>

#define SOME 256 /* revealed leases looked at in one go */

/* The key of an account among the unprotected ones of the keys folder; NULL when it is not there.
 */
static struct og_key *key_of(struct validate *v, const struct og_addr *a)
{
    char **names;
    size_t n;
    struct og_err ignored;
    struct og_key *found = NULL;
    if (og_keyfile_list(v->keys_dir, &names, &n, &ignored) != OG_OK)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct og_key *k = NULL;
        if (!found && og_keyfile_load(v->keys_dir, names[i], NULL, &k, &ignored) == OG_OK) {
            struct og_addr at = og_key_addr(k);
            if (og_addr_eq(&at, a))
                found = k;
            else
                og_key_free(k);
        }
        free(names[i]);
    }
    free(names);
    return found;
}

static struct og_key *owner_key(struct validate *v, const struct og_addr *a)
{
    if (v->owner_known && og_addr_eq(&v->owner, a))
        return v->owner_key;
    og_key_free(v->owner_key);
    v->owner = *a;
    v->owner_known = true;
    v->owner_key = key_of(v, a);
    return v->owner_key;
}

/* Every leaf and every file that it names is here and hashes to the revealed root. */
static bool is_whole(struct validate *v, struct og_work_job *job)
{
    struct og_manifest m;
    struct og_hash root;
    struct og_hash *leaf = NULL;
    struct og_err why;
    size_t n;
    bool found;
    if (og_work_manifest_of(v->store, &job->lease, &m, &found, &why) != OG_OK || !found ||
        og_work_job_spec(job, v->specs, &why) != OG_OK)
        return false;
    enum og_rc rc = og_work_reread(job, &m.sha256, &leaf, &n, &root, NULL, &why);
    free(leaf);
    return rc == OG_OK && memcmp(root.b, job->lease.root.b, OG_HASH_LEN) == 0;
}

static enum og_rc accept_lease(struct validate *v, const struct og_lease *ls, struct og_key *key,
                               struct og_err *err)
{
    struct og_sent sent;
    json_t *body = json_pack("{s:I,s:I,s:I}", "task", (json_int_t)ls->task, "first",
                             (json_int_t)ls->first, "count", (json_int_t)ls->count);
    struct og_draft d = {.kind = OG_TX_TASK_ACCEPT, .body = body};
    enum og_rc rc = og_engine_send(v->engine, key, &d, 1, &sent, err);
    json_decref(body);
    if (rc == OG_OK && sent.rc != OG_OK)
        og_log(OG_LOG_WARNING, "lease %llu: not accepted: %s", (unsigned long long)ls->id,
               sent.msg);
    v->changed = v->changed || (rc == OG_OK && sent.rc == OG_OK);
    return rc;
}

static enum og_rc look_at(struct validate *v, uint64_t lease, struct og_err *err)
{
    struct og_work_job job;
    OG_TRY(og_work_job_load(v->store, lease, &job, err));
    enum og_rc rc = OG_OK;
    bool ours = job.lease.state == OG_LEASE_REVEALED && job.lease.method == OG_VERIFY_ACCEPT &&
                (!v->is_filter || og_filter_has(&v->filter, job.lease.task));
    struct og_key *key = ours ? owner_key(v, &job.task.owner) : NULL;
    if (key && is_whole(v, &job))
        rc = accept_lease(v, &job.lease, key, err);
    og_work_job_release(&job);
    return rc;
}

enum og_rc validate_accept_own(struct validate *v, struct og_err *err)
{
    uint64_t after = 0;
    if (!(v->is_filter ? !v->o->no_accept : v->o->accept))
        return OG_OK;
    for (;;) {
        uint64_t id[SOME];
        size_t n;
        OG_TRY(og_query(v->store, OG_Q_LEASES_IN, (uint64_t[]){OG_LEASE_REVEALED, after}, 2, id, 1,
                        SOME, &n, err));
        for (size_t i = 0; i < n; i++)
            OG_TRY(look_at(v, id[i], err));
        if (n < SOME)
            return OG_OK;
        after = id[n - 1];
    }
}
