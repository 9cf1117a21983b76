/* test_motion.c - motion masks: the reference clip, a plain reference on odd sizes, segments. */
#include "exec/exec_motion.h"

#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_num.h"

#include <inttypes.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The definition, pixel by pixel. */
struct plain {
    uint32_t w, h;
    int32_t *b;
    bool started;
};

static void plain_mask(const struct plain *p, const uint8_t *raw, uint8_t *mask)
{
    for (int32_t y = 0; y < (int32_t)p->h; y++)
        for (int32_t x = 0; x < (int32_t)p->w; x++) {
            int n = 0;
            for (int32_t j = y - 1; j <= y + 1; j++)
                for (int32_t i = x - 1; i <= x + 1; i++)
                    n += i >= 0 && j >= 0 && i < (int32_t)p->w && j < (int32_t)p->h &&
                         raw[(size_t)j * p->w + (size_t)i];
            mask[(size_t)y * p->w + (size_t)x] = n >= 5;
        }
}

static void plain_note(const struct plain *p, const uint8_t *mask, struct og_motion_row *row)
{
    size_t n = (size_t)p->w * p->h;
    row->fnv1a64 = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i += 8) {
        uint8_t byte = 0;
        for (size_t k = 0; k < 8 && i + k < n; k++)
            byte = (uint8_t)(byte | mask[i + k] << (7 - k));
        row->fnv1a64 = (row->fnv1a64 ^ byte) * UINT64_C(0x100000001b3);
    }
    for (size_t i = 0; i < n; i++) {
        int32_t x = (int32_t)(i % p->w), y = (int32_t)(i / p->w);
        if (!mask[i])
            continue;
        row->mask_count++;
        row->x0 = row->x0 < 0 || x < row->x0 ? x : row->x0;
        row->x1 = x > row->x1 ? x : row->x1;
        row->y0 = row->y0 < 0 ? y : row->y0;
        row->y1 = y;
    }
}

static void plain_frame(struct plain *p, const uint8_t *y, const uint8_t *prev,
                        struct og_motion_row *row)
{
    size_t n = (size_t)p->w * p->h;
    uint8_t *raw = calloc(n, 1), *mask = calloc(n, 1);
    *row = (struct og_motion_row){0, 0, -1, -1, -1, -1, 0};
    for (size_t i = 0; i < n && !p->started; i++)
        p->b[i] = y[i] << 8;
    for (size_t i = 0; i < n; i++) {
        row->diff_count += p->started && abs(y[i] - prev[i]) > 25;
        raw[i] = abs(y[i] - (p->b[i] >> 8)) > 30;
        int32_t d = (y[i] << 8) - p->b[i];
        p->b[i] += d >= 0 ? d / 32 : -((-d + 31) / 32);
    }
    p->started = true;
    plain_mask(p, raw, mask);
    plain_note(p, mask, row);
    free(raw);
    free(mask);
}

static uint64_t rng = 7;

static uint8_t noise(void)
{
    rng = rng * 6364136223846793005u + 1442695040888963407u;
    uint32_t r = (uint32_t)(rng >> 33);
    return (uint8_t)(r % 5 == 0 ? r >> 8 : 100 + (r >> 8) % 50);
}

static void same_row(const struct og_motion_row *a, const struct og_motion_row *b)
{
    assert_int_equal(a->diff_count, b->diff_count);
    assert_int_equal(a->mask_count, b->mask_count);
    assert_int_equal(a->x0, b->x0);
    assert_int_equal(a->y0, b->y0);
    assert_int_equal(a->x1, b->x1);
    assert_int_equal(a->y1, b->y1);
    assert_int_equal(a->fnv1a64, b->fnv1a64);
}

static void compare(uint32_t w, uint32_t h, int frames)
{
    size_t n = (size_t)w * h;
    struct og_motion *m;
    struct og_err err;
    struct plain p = {w, h, calloc(n, sizeof(int32_t)), false};
    uint8_t *f[2] = {calloc(n, 1), calloc(n, 1)};
    assert_int_equal(og_motion_new(w, h, &m, &err), OG_OK);
    for (int t = 0; t < frames; t++) {
        struct og_motion_row got, want;
        for (size_t i = 0; i < n; i++)
            f[t % 2][i] = noise();
        og_motion_frames(m, f[t % 2], f[(t + 1) % 2], 1, &got);
        plain_frame(&p, f[t % 2], f[(t + 1) % 2], &want);
        same_row(&got, &want);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(og_motion_background(m)[i], p.b[i]);
    }
    og_motion_free(m);
    free(p.b);
    free(f[0]);
    free(f[1]);
}

static void test_sizes(void **state)
{
    (void)state;
    static const uint32_t side[] = {1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 65, 127, 128, 130, 200};
    for (int portable = 0; portable < 2; portable++) {
        og_motion_force_portable(portable != 0);
        for (size_t i = 0; i < sizeof side / sizeof *side; i++) {
            compare(side[i], 9, 4);
            compare(7, side[i], 4);
            compare(side[i], side[sizeof side / sizeof *side - 1 - i], 3);
        }
    }
    og_motion_force_portable(false);
}

static void test_extremes(void **state)
{
    (void)state;
    struct og_motion *m;
    struct og_err err;
    struct og_motion_row row;
    uint8_t black[64] = {0}, white[64];
    memset(white, 255, sizeof white);
    assert_int_equal(og_motion_new(8, 8, &m, &err), OG_OK);
    og_motion_frames(m, black, NULL, 1, &row);
    for (int i = 0; i < 2000; i++)
        og_motion_frames(m, white, i ? white : black, 1, &row);
    assert_true(og_motion_background(m)[0] <= 65280 && og_motion_background(m)[0] > 65000);
    for (int i = 0; i < 4000; i++)
        og_motion_frames(m, black, i ? black : white, 1, &row);
    assert_int_equal(og_motion_background(m)[0], 0); /* floor: it goes down to the end */
    uint16_t bad[64] = {0};
    bad[63] = 65281;
    assert_int_equal(og_motion_resume(m, bad, &err), OG_E_DATA);
    og_motion_free(m);
    assert_int_equal(og_motion_new(0, 8, &m, &err), OG_E_DATA);
    assert_int_equal(og_motion_new(8, OG_MOTION_DIM_MAX + 1, &m, &err), OG_E_DATA);
    assert_null(m);
}

static const char *shared_path(const char *name, char *buf, size_t size)
{
    const char *base = getenv("OGPU_SHARED");
    snprintf(buf, size, "%s/cases/%s", base && base[0] ? base : "../shared", name);
    return buf;
}

static uint8_t *read_clip(size_t n)
{
    char path[512];
    struct og_buf text = OG_BUF_INIT;
    struct og_err err;
    int p[2], status;
    pid_t pid;
    shared_path("video/car-192x108.gray.gz", path, sizeof path);
    if (!og_io_exists(path))
        return NULL;
    char gzip[] = "gzip", flags[] = "-dc";
    char *argv[] = {gzip, flags, path, NULL};
    posix_spawn_file_actions_t fa;
    assert_int_equal(pipe(p), 0);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, p[1], 1);
    posix_spawn_file_actions_addclose(&fa, p[0]);
    assert_int_equal(posix_spawnp(&pid, gzip, &fa, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&fa);
    close(p[1]);
    assert_int_equal(og_io_read_fd(p[0], n + 1, &text, &err), OG_OK);
    close(p[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(text.len, n);
    return (uint8_t *)og_buf_detach(&text);
}

static void same_line(FILE *f, uint32_t t, const struct og_motion_row *r)
{
    char got[256], line[256];
    snprintf(got, sizeof got, "%u,%" PRIu64 ",%" PRIu64 ",%d,%d,%d,%d,%016" PRIx64 "\n", t,
             r->diff_count, r->mask_count, r->x0, r->y0, r->x1, r->y1, r->fnv1a64);
    assert_non_null(fgets(line, sizeof line, f));
    assert_string_equal(got, line);
}

/* The clip in two segments, the second from the first's background, in batches of many sizes. */
static void test_clip(void **state)
{
    (void)state;
    const uint32_t w = 192, h = 108, frames = 377, cut = 200;
    const size_t size = (size_t)w * h;
    char path[512], line[256];
    uint8_t *y = read_clip(size * frames);
    FILE *f = y ? fopen(shared_path("ref/car-192x108.csv", path, sizeof path), "r") : NULL;
    if (!f) {
        print_message("skip: no video clip under OGPU_SHARED\n");
        free(y);
        skip();
    }
    struct og_motion *m[2];
    struct og_motion_row row[377];
    struct og_err err;
    for (int i = 0; i < 2; i++)
        assert_int_equal(og_motion_new(w, h, &m[i], &err), OG_OK);
    og_motion_frames(m[0], y, NULL, cut, row);
    assert_int_equal(og_motion_resume(m[1], og_motion_background(m[0]), &err), OG_OK);
    for (uint32_t t = cut, n = 1; t < frames; t += n, n = n % 40 + 1) {
        n = n < frames - t ? n : frames - t;
        og_motion_frames(m[1], y + t * size, y + (t - 1) * size, n, row + t);
    }
    uint64_t sum = 0;
    assert_non_null(fgets(line, sizeof line, f));
    for (uint32_t t = 0; t < frames; t++) {
        same_line(f, t, &row[t]);
        sum += row[t].mask_count;
    }
    assert_int_equal(sum, 734838);
    og_motion_free(m[0]);
    og_motion_free(m[1]);
    fclose(f);
    free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_clip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
