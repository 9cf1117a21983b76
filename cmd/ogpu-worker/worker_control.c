/* worker_control.c - pause, resume and give back: said in one shell, heard by a worker in another,
 * and kept in a file, so that a worker that is killed and started again still knows. */
#include "worker.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "json/json_get.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES 65536
#define LOOK_MS    50

static char *path_of(const char *run_dir, const char *what, uint64_t node)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/%s-%" PRIu64, run_dir, what, node);
    return og_buf_detach(&b);
}

/* "pause", "give-back", each perhaps with " gpu N". */
static void read_word(struct worker_control *c, const char *s, size_t n)
{
    bool back = n >= 9 && strncmp(s, "give-back", 9) == 0;
    size_t word = back ? 9 : 5;
    uint64_t gpu;
    if (!back && (n < 5 || strncmp(s, "pause", 5) != 0))
        return;
    if (n == word) {
        c->paused = true;
        c->give_back = c->give_back || back;
    } else if (n > word + 5 && strncmp(s + word, " gpu ", 5) == 0 &&
               og_parse_u64n(s + word + 5, n - word - 5, 63, &gpu)) {
        c->gpu_paused |= (uint64_t)1 << gpu;
        c->gpu_back |= (uint64_t)back << gpu;
    }
}

void worker_control_read(const char *run_dir, uint64_t node, struct worker_control *out)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_err ignored;
    char *path = path_of(run_dir, "control", node);
    *out = (struct worker_control){.paused = false};
    if (og_io_exists(path) && og_io_read_file(path, FILE_BYTES, &text, &ignored) == OG_OK)
        for (size_t at = 0; at < text.len;) {
            size_t n = strcspn(text.p + at, "\n");
            read_word(out, text.p + at, n);
            at += n + 1;
        }
    og_buf_release(&text);
    free(path);
}

static enum og_rc control_write(const char *run_dir, uint64_t node, const struct worker_control *c,
                                struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    char *path = path_of(run_dir, "control", node);
    enum og_rc rc = OG_OK;
    if (c->paused)
        og_buf_adds(&b, c->give_back ? "give-back\n" : "pause\n");
    for (unsigned i = 0; i < 64; i++)
        if (c->gpu_paused >> i & 1)
            og_buf_addf(&b, "%s gpu %u\n", c->gpu_back >> i & 1 ? "give-back" : "pause", i);
    if (b.len)
        rc = og_io_write_atomic(path, b.p, b.len, 0600, OG_IO_REPLACE, err);
    else if (unlink(path) < 0 && errno != ENOENT)
        rc = og_err_set(err, OG_E_IO, "cannot remove '%s': %s", path, strerror(errno));
    og_buf_release(&b);
    free(path);
    return rc;
}

static void change(const struct worker_options *o, struct worker_control *c)
{
    bool back = o->give_back;
    if (o->gpu == WORKER_NO_GPU) {
        c->paused = !o->resume;
        c->give_back = back;
        if (o->resume)
            c->gpu_paused = c->gpu_back = 0;
        return;
    }
    uint64_t bit = (uint64_t)1 << o->gpu;
    c->gpu_paused = o->resume ? c->gpu_paused & ~bit : c->gpu_paused | bit;
    c->gpu_back = back ? c->gpu_back | bit : c->gpu_back & ~bit;
}

/* How many leases the node's worker still runs; 0 when there is no worker. */
static uint64_t still_running(const struct worker *w, uint64_t node)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_err ignored;
    char *path = path_of(w->run_dir, "owner", node);
    uint64_t runs = 1, on_gpu = 0;
    json_t *o = NULL;
    if (!worker_node_owned(w, node))
        runs = 0;
    else if (og_io_read_file(path, FILE_BYTES, &text, &ignored) == OG_OK)
        o = json_loadb(text.p ? text.p : "", text.len, 0, NULL);
    const json_t *gpu = json_array_get(json_object_get(o, "gpus"), w->o->gpu);
    struct og_err e;
    bool open = json_is_true(json_object_get(w->o->gpu == WORKER_NO_GPU ? o : gpu, "open"));
    if (o && w->o->gpu == WORKER_NO_GPU &&
        og_json_u64(o, "runs", UINT64_MAX >> 1, &runs, &e) != OG_OK)
        runs = 1;
    if (o && w->o->gpu != WORKER_NO_GPU) {
        bool known = gpu && og_json_u64(gpu, "runs", UINT64_MAX >> 1, &on_gpu, &e) == OG_OK;
        runs = known ? on_gpu : 0;
        open = known && open;
    }
    if (o && open) /* it has not heard yet */
        runs = runs ? runs : 1;
    json_decref(o);
    og_buf_release(&text);
    free(path);
    return runs;
}

enum og_rc worker_control(const struct worker_options *o, struct worker *w, struct og_err *err)
{
    for (size_t i = 0; i < w->n_nodes; i++) {
        struct worker_control c;
        uint64_t node = w->node[i].id;
        worker_control_read(w->run_dir, node, &c);
        change(o, &c);
        OG_TRY(control_write(w->run_dir, node, &c, err));
        og_log(OG_LOG_INFO, "node %" PRIu64 ": %s", node,
               o->resume      ? "resumed"
               : o->give_back ? "gives back"
                              : "paused");
    }
    for (size_t i = 0; o->give_back && i < w->n_nodes; i++)
        while (still_running(w, w->node[i].id)) {
            if (og_cli_stop)
                return og_err_set(err, OG_E_TEMPFAIL, "stopped before all was given back");
            og_time_sleep_ms(LOOK_MS);
        }
    return OG_OK;
}

char *worker_owner_path(const struct worker *w, const char *what, uint64_t node)
{
    return path_of(w->run_dir, what, node);
}
