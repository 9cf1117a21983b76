/* bench_lap.c - assignment instances: makes one, solves it, solves it again after changes.
 *
 *   bench_lap make KIND N M SEED FILE   writes a LAP1 file
 *   bench_lap solve FILE RUNS           "SOLVE_S CERTIFICATE_S MATCHED COST", processor time,
 * medians bench_lap warm FILE ROWS RUNS       "WARM_S COLD_S": after ROWS rows took another's costs
 */
#include "../tests/unit/match/lap_gen.h"

#include "base/base_buf.h"
#include "base/base_io.h"
#include "match/match_lap.h"
#include "match/match_lapcert.h"
#include "match/match_lapfile.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX 99
#define PIECE    65536

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
    return v[n / 2];
}

static int fail(const struct og_err *err)
{
    fprintf(stderr, "bench_lap: %s\n", err->msg);
    return err->rc;
}

static int make(char **arg)
{
    size_t n = strtoul(arg[1], NULL, 10), m = strtoul(arg[2], NULL, 10);
    int64_t *c = og_xmalloc(n * m * sizeof *c);
    struct og_buf b = OG_BUF_INIT;
    struct og_err err = {0};
    lap_gen(strtoull(arg[3], NULL, 10), arg[0], c, n, m);
    og_buf_adds(&b, "LAP1");
    for (size_t k = 0; k < n * m + 2; k++) {
        uint32_t v = (uint32_t)(k == 0 ? (int64_t)n : k == 1 ? (int64_t)m : c[k - 2]);
        char le[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};
        og_buf_add(&b, le, sizeof le);
    }
    enum og_rc rc = og_io_write_atomic(arg[4], b.p, b.len, 0644, OG_IO_NOSYNC, &err);
    og_buf_release(&b);
    free(c);
    return rc == OG_OK ? 0 : fail(&err);
}

static enum og_rc load(const char *path, struct og_lapfile *f, struct og_lap_problem *p,
                       struct og_err *err)
{
    char buf[PIECE];
    enum og_rc rc = OG_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s'", path);
    for (ssize_t k = 1; rc == OG_OK && k > 0;) {
        k = read(fd, buf, sizeof buf);
        if (k > 0)
            rc = og_lapfile_feed(f, buf, (size_t)k, err);
    }
    close(fd);
    return rc == OG_OK ? og_lapfile_end(f, &p->n, &p->m, &p->c32, err) : rc;
}

static enum og_rc solve(const struct og_lap_problem *p, size_t runs, struct og_err *err)
{
    double solved[RUNS_MAX], checked[RUNS_MAX];
    for (size_t k = 0; k < runs; k++) {
        struct og_lap_result r;
        double start = cpu_s(), mid;
        OG_TRY(og_lap_solve(p, &r, err));
        mid = cpu_s();
        OG_TRY(og_lapcert_check(p, r.x, r.u, r.v, err));
        checked[k] = cpu_s() - mid;
        solved[k] = mid - start;
        if (k + 1 == runs)
            printf("%.6f %.6f %zu %" PRId64 "\n", median(solved, runs), median(checked, runs),
                   r.matched, r.cost);
        og_lap_result_release(&r);
    }
    return OG_OK;
}

/* Every row that changes takes the costs of another one, a little dearer. */
static enum og_rc change(const struct og_lap_problem *p, struct og_lap *l, size_t rows,
                         uint64_t *draw, int64_t *cells, struct og_err *err)
{
    for (size_t k = 0; k < rows; k++) {
        size_t i = og_splitmix64((*draw)++) % p->n, from = og_splitmix64((*draw)++) % p->n;
        for (size_t j = 0; j < p->m; j++)
            cells[j] = p->c32[from * p->m + j] + (int64_t)(og_splitmix64((*draw)++) % 500);
        OG_TRY(og_lap_set_row(l, i, cells, 0, err));
    }
    return OG_OK;
}

static enum og_rc warm(const struct og_lap_problem *p, size_t rows, size_t runs, struct og_err *err)
{
    double again[RUNS_MAX], cold;
    struct og_lap *l;
    const struct og_lap_result *r;
    int64_t *cells = og_xmalloc(p->m * sizeof *cells);
    uint64_t draw = 1;
    OG_TRY(og_lap_new(p, &l, err));
    cold = cpu_s();
    enum og_rc rc = og_lap_resolve(l, NULL, NULL, &r, err);
    cold = cpu_s() - cold;
    for (size_t k = 0; rc == OG_OK && k < runs; k++) {
        rc = change(p, l, rows, &draw, cells, err);
        double start = cpu_s();
        if (rc == OG_OK)
            rc = og_lap_resolve(l, NULL, NULL, &r, err);
        again[k] = cpu_s() - start;
        if (rc == OG_OK)
            rc = og_lapcert_check(og_lap_problem_of(l), r->x, r->u, r->v, err);
    }
    if (rc == OG_OK)
        printf("%.6f %.6f\n", median(again, runs), cold);
    og_lap_free(l);
    free(cells);
    return rc;
}

int main(int argc, char **argv)
{
    struct og_lap_problem p = {0};
    struct og_err err = {0};
    if (argc == 7 && strcmp(argv[1], "make") == 0)
        return make(argv + 2);
    bool is_warm = argc == 5 && strcmp(argv[1], "warm") == 0;
    size_t runs = argc > 3 ? strtoul(argv[argc - 1], NULL, 10) : 0;
    if ((!is_warm && (argc != 4 || strcmp(argv[1], "solve") != 0)) || runs < 1 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: bench_lap make|solve|warm ...\n");
        return 64;
    }
    struct og_lapfile *f = og_lapfile_new();
    enum og_rc rc = load(argv[2], f, &p, &err);
    if (rc == OG_OK)
        rc = is_warm ? warm(&p, strtoul(argv[3], NULL, 10), runs, &err) : solve(&p, runs, &err);
    og_lapfile_free(f);
    return rc == OG_OK ? 0 : fail(&err);
}
