/* engine_keys.c - validator keys in the keys folder: NAME.consensus.pem with NAME.vrf.pem. */
#include "engine/engine_int.h"

#include "base/base_io.h"
#include "base/base_mem.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define PEM_MAX 65536

static enum og_rc load_pair(const char *dir, const char *name, struct og_sealer *s,
                            struct og_err *err)
{
    struct og_buf pem = OG_BUF_INIT;
    struct og_buf path = OG_BUF_INIT;
    struct og_pub *pub = NULL;
    og_buf_addf(&path, "%s/%s.consensus.pem", dir, name);
    enum og_rc rc = og_io_read_secret(path.p, PEM_MAX, &pem, err);
    if (rc == OG_OK)
        rc = og_key_from_pem(pem.p, pem.len, NULL, &s->consensus, err);
    if (rc == OG_OK)
        rc = og_key_pub(s->consensus, &pub, err);
    og_buf_cleanse(&pem);
    og_buf_reset(&path);
    og_buf_addf(&path, "%s/%s.vrf.pem", dir, name);
    if (rc == OG_OK)
        rc = og_io_read_secret(path.p, PEM_MAX, &pem, err);
    if (rc == OG_OK)
        rc = og_vrf_from_pem(pem.p, pem.len, NULL, &s->vrf, err);
    if (rc == OG_OK) {
        size_t n;
        const uint8_t *der = og_pub_der(pub, &n);
        og_buf_add(&s->cons_der, der, n);
        og_vrf_pub(s->vrf, s->vrf_pub);
    }
    og_pub_free(pub);
    og_buf_cleanse(&pem);
    og_buf_release(&pem);
    og_buf_release(&path);
    return rc;
}

static void release_sealer(struct og_sealer *s)
{
    og_key_free(s->consensus);
    og_vrf_free(s->vrf);
    og_buf_release(&s->cons_der);
}

/* Pairs that cannot be read are passed over: they may be another member's. */
enum og_rc og_engine_load_keys(struct og_engine *e, struct og_err *err)
{
    static const char suffix[] = ".consensus.pem";
    (void)err;
    if (e->keys_loaded || !e->keys_dir)
        return OG_OK;
    e->keys_loaded = true;
    DIR *d = opendir(e->keys_dir);
    if (!d)
        return OG_OK;
    size_t cap = 0;
    for (struct dirent *f = readdir(d); f; f = readdir(d)) {
        size_t n = strlen(f->d_name);
        struct og_err ignored;
        if (n < sizeof suffix || strcmp(f->d_name + n - (sizeof suffix - 1), suffix) != 0)
            continue;
        char *name = og_xstrndup(f->d_name, n - (sizeof suffix - 1));
        e->sealer = og_xgrow(e->sealer, &cap, e->n_sealers + 1, sizeof *e->sealer);
        struct og_sealer *s = &e->sealer[e->n_sealers];
        memset(s, 0, sizeof *s);
        if (load_pair(e->keys_dir, name, s, &ignored) == OG_OK)
            e->n_sealers++;
        else
            release_sealer(s);
        free(name);
    }
    closedir(d);
    return OG_OK;
}

void og_engine_free_keys(struct og_engine *e)
{
    for (size_t i = 0; i < e->n_sealers; i++)
        release_sealer(&e->sealer[i]);
    free(e->sealer);
    e->sealer = NULL;
    e->n_sealers = 0;
}
