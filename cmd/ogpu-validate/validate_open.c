/* validate_open.c - the validator opened and closed. */
#include "validate.h"

#include "base/base_io.h"
#include "exec/exec_spawn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum og_rc validate_open(const struct validate_options *o, bool nodes, struct validate *v,
                         struct og_err *err)
{
    v->o = o;
    v->wake_fd = -1;
    v->is_filter = !o->once && !o->watch;
    pthread_mutex_init(&v->lock, NULL);
    og_filter_open(&v->filter, STDIN_FILENO);
    og_spawn_init();
    v->state_dir = og_work_state_dir(og_cli_state_dir(&o->common));
    v->keys_dir = og_cli_keys_dir();
    OG_TRY(og_engine_open(v->state_dir, v->keys_dir, &v->engine, err));
    v->store = og_engine_store(v->engine);
    v->specs = og_spec_cache_new(v->state_dir);
    v->run_dir = og_io_join(v->state_dir, "run");
    OG_TRY(og_io_mkdirs(v->run_dir, 0700, err));
    v->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (v->wake_fd < 0)
        return og_err_set(err, OG_E_IO, "no eventfd: %s", strerror(errno));
    if (!nodes)
        return OG_OK;
    return og_work_nodes_open(v->store, v->keys_dir, o->keys.v, o->keys.n, o->passphrase_file,
                              &v->node, &v->n_nodes, err);
}

void validate_close(struct validate *v)
{
    for (struct duty *d = v->duties; d; d = d->next)
        d->stop = 1;
    while (v->duties)
        validate_drop_duty(v->duties);
    if (v->wake_fd >= 0)
        close(v->wake_fd);
    og_work_nodes_free(v->node, v->n_nodes);
    og_spec_cache_free(v->specs);
    og_filter_release(&v->filter);
    og_key_free(v->owner_key);
    og_engine_close(v->engine);
    free(v->receipt);
    free(v->state_dir);
    free(v->keys_dir);
    free(v->run_dir);
    pthread_mutex_destroy(&v->lock);
}
