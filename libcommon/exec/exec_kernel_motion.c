/* exec_kernel_motion.c - the kernel motion: segments of a clip, each a leaf, by exec_motion.h. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_kernel_defs.h"
#include "exec/exec_kernel_int.h"
#include "exec/exec_motion.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 64 /* frames whose rows are held at once */

/* cuda/motion.cu */
#define GPU_BLOCKS  1024
#define GPU_THREADS 256
#define GPU_BATCH   32

struct clip {
    const struct og_kernel *k;
    uint32_t w, h;
    size_t pixels;
    uint64_t frames, segment, warm;
    const uint8_t *y;
    const uint8_t *state; /* NULL: the clip starts by itself */
};

/* A background on its way through the clip. */
struct walk {
    struct og_motion *m;
    uint64_t next; /* frame */
};

static struct clip clip_of(const struct og_kernel *k, const void *const *in)
{
    const uint64_t *a = k->arg;
    return (struct clip){
        .k = k,
        .w = (uint32_t)a[OG_MOTION_WIDTH],
        .h = (uint32_t)a[OG_MOTION_HEIGHT],
        .pixels = (size_t)(a[OG_MOTION_WIDTH] * a[OG_MOTION_HEIGHT]),
        .frames = a[OG_MOTION_FRAMES],
        .segment = a[OG_MOTION_SEGMENT],
        .warm = a[OG_MOTION_WARM],
        .y = in[0],
        .state = a[OG_MOTION_RESUME] ? in[1] : NULL,
    };
}

static void put_le(uint8_t *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++, v >>= 8)
        p[i] = (uint8_t)v;
}

static void put_row(uint8_t *p, const struct og_motion_row *r)
{
    put_le(p, r->diff_count, 8);
    put_le(p + 8, r->mask_count, 8);
    put_le(p + 16, (uint32_t)r->x0, 4);
    put_le(p + 20, (uint32_t)r->y0, 4);
    put_le(p + 24, (uint32_t)r->x1, 4);
    put_le(p + 28, (uint32_t)r->y1, 4);
    put_le(p + 32, r->fnv1a64, 8);
}

static enum og_rc begin(const struct clip *c, uint64_t frame, struct walk *w, struct og_err *err)
{
    w->next = frame;
    OG_TRY(og_motion_new(c->w, c->h, &w->m, err));
    if (!c->state || frame)
        return OG_OK;
    uint16_t *bg = og_xmalloc(c->pixels * sizeof *bg);
    for (size_t i = 0; i < c->pixels; i++)
        bg[i] = (uint16_t)(c->state[2 * i] | c->state[2 * i + 1] << 8);
    enum og_rc rc = og_motion_resume(w->m, bg, err);
    free(bg);
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "kernel 'motion'");
}

/* Frames up to `end`; rows of those from `from` on go to `to`. */
static void advance(const struct clip *c, struct walk *w, uint64_t from, uint64_t end, uint8_t *to)
{
    struct og_motion_row row[BATCH];
    while (w->next < end) {
        uint64_t stop = w->next < from ? og_min_u64(from, end) : end;
        size_t n = (size_t)og_min_u64(stop - w->next, BATCH);
        const uint8_t *y = c->y + w->next * c->pixels;
        const uint8_t *before = w->next    ? y - c->pixels
                                : c->state ? c->state + 2 * c->pixels
                                           : NULL;
        og_motion_frames(w->m, y, before, n, row);
        for (size_t i = 0; w->next >= from && i < n; i++)
            put_row(to + (w->next - from + i) * OG_MOTION_ROW_BYTES, &row[i]);
        w->next += n;
    }
}

static void put_state(const struct clip *c, const struct og_motion *m, uint8_t *to)
{
    const uint16_t *bg = og_motion_background(m);
    for (size_t i = 0; i < c->pixels; i++)
        put_le(to + 2 * i, bg[i], 2);
    memcpy(to + 2 * c->pixels, c->y + (c->frames - 1) * c->pixels, c->pixels);
}

/* A segment with a background of its own. */
static enum og_rc segment_alone(const struct clip *c, uint64_t i, uint8_t *to, struct og_err *err)
{
    struct walk w = {NULL, 0};
    uint64_t from = i * c->segment;
    enum og_rc rc = begin(c, from - og_min_u64(from, c->warm), &w, err);
    if (rc == OG_OK)
        advance(c, &w, from, og_min_u64(from + c->segment, c->frames), to);
    og_motion_free(w.m);
    return rc;
}

/* Segments t, t + n, … of a clip. */
struct part {
    const struct clip *c;
    uint8_t *to;
    uint64_t first, step;
    enum og_rc rc;
    struct og_err err;
};

static void some_segments(void *arg)
{
    struct part *p = arg;
    const struct clip *c = p->c;
    for (uint64_t i = p->first; i * c->segment < c->frames && p->rc == OG_OK; i += p->step)
        p->rc = segment_alone(c, i, p->to + i * c->segment * OG_MOTION_ROW_BYTES, &p->err);
}

static enum og_rc run_segments(const struct clip *c, uint8_t *to, unsigned threads,
                               struct og_err *err)
{
    uint64_t n = (c->frames + c->segment - 1) / c->segment;
    unsigned used = (unsigned)og_min_u64(threads, n);
    struct part *p = og_xcalloc(used, sizeof *p);
    for (unsigned t = 0; t < used; t++)
        p[t] = (struct part){.c = c, .to = to, .first = t, .step = used, .rc = OG_OK};
    og_kernel_threads(some_segments, p, sizeof *p, used);
    enum og_rc rc = OG_OK;
    for (unsigned t = 0; t < used && rc == OG_OK; t++) {
        rc = p[t].rc;
        *err = p[t].err;
    }
    free(p);
    return rc;
}

static enum og_rc run(const struct og_kernel *k, const void *const *in, void *const *out,
                      unsigned threads, struct og_err *err)
{
    const struct clip c = clip_of(k, in);
    if (c.warm)
        return run_segments(&c, out[0], threads, err);
    struct walk w = {NULL, 0};
    enum og_rc rc = begin(&c, 0, &w, err);
    if (rc == OG_OK)
        advance(&c, &w, 0, c.frames, out[0]);
    if (rc == OG_OK && k->shape.n_out > 1)
        put_state(&c, w.m, out[1]);
    og_motion_free(w.m);
    return rc;
}

static void forget(void *memo)
{
    struct walk *w = memo;
    og_motion_free(w->m);
    free(w);
}

/* Without a warm-up a leaf needs all frames before it; leaves in their order share them. */
static enum og_rc leaf(const struct og_kernel *k, const void *const *in, uint64_t i, void *to,
                       void **memo, struct og_err *err)
{
    const struct clip c = clip_of(k, in);
    const struct og_kernel_leaf l = og_kernel_leaf_at(k, i);
    if (c.warm)
        return segment_alone(&c, i, to, err);
    if (!*memo) {
        *memo = og_xcalloc(1, sizeof(struct walk));
        OG_TRY(begin(&c, 0, *memo, err));
    }
    struct walk *w = *memo;
    if (l.out == 1) {
        advance(&c, w, c.frames, c.frames, NULL);
        put_state(&c, w->m, to);
        return OG_OK;
    }
    uint64_t from = i * c.segment;
    advance(&c, w, from, og_min_u64(from + c.segment, c.frames), to);
    return OG_OK;
}

static const char *backend(void)
{
    return og_motion_has_avx2() ? "avx2" : "portable";
}

/* A block takes a segment after the other, so that its space stays bounded. */
static bool plan(const struct og_kernel *k, struct og_cuda *c)
{
    const uint64_t *a = k->arg;
    uint64_t pixels = a[OG_MOTION_WIDTH] * a[OG_MOTION_HEIGHT], bytes = (pixels + 7) / 8;
    uint64_t segments = (a[OG_MOTION_FRAMES] + a[OG_MOTION_SEGMENT] - 1) / a[OG_MOTION_SEGMENT];
    uint64_t blocks = a[OG_MOTION_WARM] ? og_min_u64(segments, GPU_BLOCKS) : 1;
    og_plan_open(c, "motion", blocks, 1, GPU_THREADS);
    og_plan_in(c, 0, 1);
    if (a[OG_MOTION_RESUME])
        og_plan_in(c, 1, 1);
    else
        og_plan_tmp(c, 1, 1);
    og_plan_out(c, k, 0, 1);
    if (a[OG_MOTION_STATE])
        og_plan_out(c, k, 1, 1);
    else
        og_plan_tmp(c, 1, 1);
    og_plan_tmp(c, 2, blocks * pixels);
    og_plan_tmp(c, 1, blocks * GPU_BATCH * bytes);
    og_plan_tmp(c, 1, blocks * GPU_BATCH * bytes);
    og_plan_u64(c, a[OG_MOTION_FRAMES]);
    for (int i = OG_MOTION_WIDTH; i <= OG_MOTION_STATE; i++)
        if (i != OG_MOTION_FRAMES)
            og_plan_u32(c, a[i]);
    return a[OG_MOTION_WARM] || segments < 2; /* one background is one block's work */
}

const struct og_kernel_ops og_kernel_ops_motion = {
    .def = &og_kernel_motion,
    .run = run,
    .leaf = leaf,
    .forget = forget,
    .backend = backend,
    .ptx = OG_CUDA_RES_MOTION,
    .plan = plan,
};
