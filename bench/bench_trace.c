/* bench_trace.c - policies on the same seeded days of a pool: JSON lines, one a policy and seed.
 *   bench_trace LOAD_PCT SEEDS [curve]   load in percent of what the pool could do in two hours
 * curve: our knobs instead of the policies. */
#include "trace_policy.h"

struct policy {
    const char *name;
    void (*go)(struct bench *b);
    struct knobs k;
};

static void go_ours(struct bench *b)
{
    p_ours(b, false);
}
static void go_fallback(struct bench *b)
{
    p_ours(b, true);
}
static void go_first_come(struct bench *b)
{
    p_first_come(b, false);
}
static void go_random(struct bench *b)
{
    p_first_come(b, true);
}

static const struct policy policies[] = {{"ours", go_ours, {OG_PLACES_MAX, 1}},
                                         {"ours, greedy fallback", go_fallback, {OG_PLACES_MAX, 1}},
                                         {"first come", go_first_come, {0, 0}},
                                         {"Min-Min", p_minmin, {0, 0}},
                                         {"random", go_random, {0, 0}}};
static const struct policy curve[] = {
    {"free slots only", go_ours, {0, 1}}, {"1 place", go_ours, {1, 1}},
    {"2 places", go_ours, {2, 1}},        {"4 places", go_ours, {4, 1}},
    {"kappa 0", go_ours, {8, 0}},         {"kappa x 1", go_ours, {8, 1}},
    {"kappa x 4", go_ours, {8, 4}},       {"kappa x 16", go_ours, {8, 16}},
    {"kappa x 64", go_ours, {8, 64}}};

static const struct world *sorted; /* qsort has no context */

static int by_turn(const void *a, const void *b)
{
    const struct task *p = &sorted->task[*(const int64_t *)a];
    const struct task *q = &sorted->task[*(const int64_t *)b];
    if (p->urgency != q->urgency)
        return p->urgency > q->urgency ? -1 : 1;
    return p < q ? -1 : p > q;
}

static void epoch(struct world *w)
{
    for (size_t i = 0; i < NODES; i++) {
        struct node *n = &w->node[i];
        n->recv /= 2;
        n->pace = 1 + (n->pace - 1) / 2;
        n->ok = 1 + (n->ok - 1) * 63 / 64;
        n->bad = 1 + (n->bad - 1) * 63 / 64;
    }
}

static void ended_well(struct world *w, struct slot *o, struct node *n)
{
    struct task *t = &w->task[o->task];
    double took = (double)(o->end_ms - o->start_ms);
    t->done_ms = o->end_ms;
    n->ok += 1;
    n->recv += t->mflop;
    n->total += t->mflop;
    if (took >= 1000) {
        double ratio = took / (double)(o->expect_ms + 1) * n->pace;
        n->pace = (3 * n->pace + fmin(fmax(ratio, 1), 4)) / 4;
    }
}

/* What ends until now; lost and wrong runs wait again. */
static size_t end_runs(struct bench *b)
{
    struct world *w = &b->w;
    size_t done = 0;
    for (size_t s = 0; s < w->slots; s++) {
        struct slot *o = &w->slot[s];
        struct node *n = &w->node[o->node];
        bool lost = o->lost_ms != UINT64_MAX;
        if (o->task < 0 || w->now_ms < (lost ? o->lost_ms + NOTICE_MS : o->end_ms))
            continue;
        if (!lost && o->right) {
            ended_well(w, o, n);
            done++;
        } else {
            struct task *t = &w->task[o->task];
            n->bad += lost ? 2 : 1;
            if (!lost && ++t->attempts < 3)
                t->tried |= 1u << o->node;
            b->wait[b->waits++] = o->task;
        }
        o->task = -1;
    }
    return done;
}

static bool play(struct bench *b, const struct policy *p)
{
    struct world *w = &b->w;
    size_t next = 0, done = 0;
    b->wait = og_xcalloc(w->tasks + 1, sizeof *b->wait);
    b->k = p->k;
    for (; done < w->tasks && w->now_ms < 100 * (uint64_t)TRACE_MS; w->now_ms += TICK_MS) {
        if (w->now_ms % 600000 == 0)
            epoch(w);
        done += end_runs(b);
        while (next < w->tasks && w->task[next].submit_ms <= w->now_ms)
            b->wait[b->waits++] = (int64_t)next++;
        sorted = w;
        qsort(b->wait, b->waits, sizeof *b->wait, by_turn);
        p->go(b);
        size_t k = 0;
        for (size_t q = 0; q < b->waits; q++)
            if (b->wait[q] >= 0)
                b->wait[k++] = b->wait[q];
        b->waits = k;
    }
    free(b->wait);
    return done == w->tasks;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Jain's index of work received over capacity, by node. */
static double jain(const struct world *w)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < NODES; i++) {
        double x = w->node[i].total / (double)w->node[i].c_mflops;
        sum += x;
        squares += x * x;
    }
    return sum * sum / (NODES * squares);
}

static void say(const struct world *w, const char *name, int load, int seed)
{
    double *v = og_xcalloc(w->tasks, sizeof *v), sum = 0, urgent = 0, last = 0;
    size_t urgents = 0, deadlines = 0, late = 0;
    for (size_t i = 0; i < w->tasks; i++) {
        const struct task *t = &w->task[i];
        v[i] = (double)(t->done_ms - t->submit_ms) / 1000;
        sum += v[i];
        last = fmax(last, (double)t->done_ms / 1000);
        urgent += t->urgency > 1 ? v[i] : 0;
        urgents += t->urgency > 1;
        deadlines += t->deadline_ms > 0;
        late += t->deadline_ms > 0 && t->done_ms > t->deadline_ms;
    }
    qsort(v, w->tasks, sizeof *v, by_value);
    printf(
        "{\"jain\":%.4f,\"kind\":\"trace\",\"late_pct\":%.2f,\"load_pct\":%d,\"makespan_s\":%.0f,"
        "\"mean_s\":%.2f,\"p95_s\":%.2f,\"policy\":\"%s\",\"seed\":%d,\"tasks\":%zu,"
        "\"urgent_mean_s\":%.2f,\"v\":1}\n",
        jain(w), deadlines ? 100.0 * (double)late / (double)deadlines : 0, load, last,
        sum / (double)w->tasks, v[w->tasks * 95 / 100], name, seed, w->tasks,
        urgents ? urgent / (double)urgents : 0);
    fflush(stdout);
    free(v);
}

int main(int argc, char **argv)
{
    uint64_t load, seeds;
    if (argc < 3 || !og_parse_u64(argv[1], 1000, &load) || !og_parse_u64(argv[2], 1000, &seeds)) {
        fputs("usage: bench_trace LOAD_PCT SEEDS [curve]\n", stderr);
        return 64;
    }
    const struct policy *p = argc > 3 ? curve : policies;
    size_t n = argc > 3 ? sizeof curve / sizeof *curve : sizeof policies / sizeof *policies;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        for (size_t i = 0; i < n; i++) {
            static struct bench b;
            memset(&b, 0, sizeof b);
            world_init(&b.w, seed, (double)load / 100);
            b.w.rng = seed * 77777; /* what happens while it runs */
            bool all = play(&b, &p[i]);
            if (all)
                say(&b.w, p[i].name, (int)load, (int)seed);
            else
                fprintf(stderr, "bench_trace: %s: tasks are left\n", p[i].name);
            world_release(&b.w);
            if (!all)
                return 70;
        }
    return 0;
}
