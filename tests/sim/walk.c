/* walk.c - random histories of honest and hostile members; every invariant after every block. */
#include "invariants.h"
#include "people.h"
#include "windows.h"
#include "workers.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HISTORIES     3000
#define SECONDS       50 /* enough is enough; SIM_HISTORIES or an argument: all of them */
#define SILENT_BLOCKS (60 + 6 * 240 + 3 * 200 + 120 + 18)

struct totals {
    uint64_t histories, blocks, sent, refused, failed, replays, windows;
    uint64_t tasks[OG_TASK_STATES], leases[OG_LEASE_STATES];
};

static struct sim_cfg random_cfg(uint64_t seed)
{
    uint64_t r = og_splitmix64(seed ^ 0x5eed);
    json_t *params = json_object();
    struct sim_cfg c = {.owners = 2 + r % 5,
                        .spare = 2,
                        .slots = 1 + (r >> 8) % 3,
                        .validators = (r >> 12) % 8 == 0,
                        .hw_classes = (r >> 16) % 3,
                        .params = params};
    c.nodes = c.owners + (r >> 20) % 3;
    c.bond = (r >> 24) % 3 ? 400 * SIM_OGPU : 30 * SIM_OGPU;
    if ((r >> 28) % 2) { /* quick epochs, certain checks */
        json_object_set_new(params, "epoch_blocks", json_string("7"));
        json_object_set_new(params, "epoch_ms", json_string("5000"));
    }
    if ((r >> 30) % 2)
        json_object_set_new(params, "q_min_ppm", json_string("700000"));
    if ((r >> 32) % 4 == 0) {
        json_object_set_new(params, "settle_max", json_string("1"));
        json_object_set_new(params, "round_grace", json_string("1"));
    }
    if ((r >> 34) % 2) {
        json_object_set_new(params, "unbond_blocks", json_string("20"));
        json_object_set_new(params, "unbond_ms", json_string("60000"));
    }
    if ((r >> 36) % 2)
        json_object_set_new(params, "cap_ppm", json_string("250000"));
    if ((r >> 38) % 2)
        json_object_set_new(params, "referee_ppm", json_string("500000"));
    json_object_set_new(params, "capacity_ms", json_string((r >> 40) % 2 ? "300" : "3000"));
    return c;
}

static void cast_roles(struct sim *s, struct crew *c)
{
    bool peaceful = sim_one_in(s, 4);
    for (size_t i = 0; i < SIM_NODES; i++) {
        bool honest = peaceful || sim_one_in(s, 2);
        c->work[i] = honest ? WORK_HONEST : (enum work_trait)sim_below(s, WORK_TRAITS);
        honest = peaceful || sim_one_in(s, 2);
        c->check[i] = honest ? CHECK_HONEST : (enum check_trait)sim_below(s, CHECK_TRAITS);
    }
    c->nondet_mask = sim_one_in(s, 3) ? 1 + sim_below(s, 15) : 0;
    for (size_t i = 0; i < s->accts; i++)
        if (sim_one_in(s, 4))
            s->acct[i].cold = 3000 + (unsigned)i;
}

static void one_act(struct people *p, const struct sim_cfg *cfg)
{
    struct sim *s = p->s;
    unsigned who = (unsigned)sim_below(s, cfg->owners + cfg->spare);
    uint64_t dice = sim_below(s, 100);
    if (dice < 35)
        people_submit(p, who);
    else if (dice < 60)
        people_range(p, who);
    else if (dice < 64)
        people_transfer(p, who);
    else if (dice < 68)
        people_contract(p, who);
    else if (dice < 71)
        people_order(p, who);
    else if (dice < 74)
        people_hostile(p, who);
    else if (dice < 94)
        people_node(p, (unsigned)sim_below(s, s->nodes));
    else if (dice < 96)
        people_rotate(p, (unsigned)sim_below(s, s->accts));
    else if (dice < 98)
        people_join(p, cfg, cfg->owners + (unsigned)sim_below(s, cfg->spare));
    else if (sim_one_in(s, 4))
        people_evidence(p, who);
    else if (cfg->validators)
        people_params(p, who);
    else
        crew_match(s, (unsigned)sim_below(s, s->nodes), false);
}

static uint64_t step_ms(struct sim *s)
{
    switch (sim_below(s, 10)) {
    case 0: return 1;
    case 1: return 30000 + sim_below(s, 30000);
    case 2: return 10000;
    default: return 1 + sim_below(s, 3000);
    }
}

static void seal(struct sim *s, struct inv *v, bool trees)
{
    sim_seal_in(s, sim_one_in(s, 8) ? sim_below(s, 4) : 0);
    inv_check(v, trees);
    sim_check_vm(s);
}

static bool pending(struct sim *s)
{
    uint64_t one;
    size_t n;
    SIM_OK(s, og_query(s->st, OG_Q_TASKS_IN, (uint64_t[]){OG_TASK_OPEN, 0}, 2, &one, 1, 1, &n,
                       SIM_ERR));
    if (!n)
        SIM_OK(s, og_query(s->st, OG_Q_TASKS_IN, (uint64_t[]){OG_TASK_WAITING, 0}, 2, &one, 1, 1,
                           &n, SIM_ERR));
    return n > 0;
}

/* Silence lasts long: most of its blocks are only sealed. */
static void idle(struct sim *s, struct inv *v, uint64_t ms, bool look)
{
    sim_open(s, ms);
    sim_seal(s);
    if (look)
        inv_check(v, false);
}

/* 4: everybody falls silent; what lives ends within its bound. Tasks of the walk run at most 10
 * elements of 1,000 s; windows are one of 60, six of 240, three of 200 and one of 120 blocks. */
static void silence(struct sim *s, struct inv *v)
{
    struct og_task t = {.id = 0};
    uint64_t until = s->now_ms;
    uint64_t id[1];
    size_t n = 1;
    while (n) { /* the last to expire */
        SIM_OK(s, og_query(s->st, OG_Q_TASKS_FROM, (uint64_t[]){t.id}, 1, id, 1, 1, &n, SIM_ERR));
        if (!n)
            break;
        t.id = id[0];
        sim_row(s, OG_F_TASK, &t);
        uint64_t expires = t.expires_ms;
        OG_RELEASE(OG_F_TASK, &t);
        t.id = id[0];
        until = og_max_u64(until, expires);
    }
    until += 130000 + 10 * 1250000 + 600000 + 6 * (10 * 1250000 + 200000) + 86400000;
    for (unsigned blocks = 0; pending(s); blocks++) {
        idle(s, v, blocks > 200 && blocks % 8 == 0 ? 7200000 : 150000, blocks % 16 == 15);
        if (s->now_ms > until && blocks > SILENT_BLOCKS)
            sim_fail(s, "a task does not end though its bound has passed");
    }
}

/* The same lines into a second state: the same app hash at every block. */
static void replay(const struct sim *s)
{
    struct sim *r = og_xcalloc(1, sizeof *r);
    r->seed = s->seed;
    og_buf_add(&r->genesis, s->genesis.p, s->genesis.len);
    sim_start(r);
    for (size_t i = 0; i < s->blocks; i++) {
        const struct sim_block *b = &s->block[i];
        sim_open(r, b->open.time_ms - r->now_ms);
        const char *p = b->lines.p;
        for (size_t k = 0; k < b->n; k++) {
            const char *e = strchr(p, '\n');
            sim_line(r, p, (size_t)(e - p));
            if (!r->last.in_block)
                sim_fail(r, "a line of the block is refused in the replay: %s", r->last.msg);
            p = e + 1;
        }
        sim_block(r)->open = b->open;
        sim_end(r, sim_block(r));
        if (memcmp(sim_block(r)->app.b, b->app.b, OG_HASH_LEN) != 0)
            sim_fail(r, "the replay has another app hash");
    }
    sim_free(r);
}

/* An account's statement adds up to its balance. */
static void statements(struct sim *s)
{
    for (size_t i = 0; i < s->accts; i++) {
        struct og_move m[64];
        uint64_t after = 0;
        int64_t sum = 0;
        size_t n = 64;
        while (n == 64) {
            SIM_OK(s, og_move_page(s->st, &s->acct[i].addr, after, m, 64, &n, SIM_ERR));
            for (size_t k = 0; k < n; k++) {
                sum += m[k].delta;
                after = m[k].id;
            }
        }
        if (sum != (int64_t)sim_balance(s, &s->acct[i].addr))
            sim_fail(s, "the statement of account %zu adds up to %lld", i, (long long)sum);
    }
}

static void count_ends(struct inv *v, struct totals *t)
{
    for (size_t i = 0; i < v->task.n; i++)
        t->tasks[INV_AT(v, task, og_task, i)->state]++;
    for (size_t i = 0; i < v->lease.n; i++)
        t->leases[INV_AT(v, lease, og_lease, i)->state]++;
    t->histories++;
    t->blocks += v->s->blocks;
    t->sent += v->s->sent;
    t->refused += v->s->refused;
    t->failed += v->s->failed;
}

static void history(uint64_t seed, struct totals *t)
{
    struct sim_cfg cfg = random_cfg(seed);
    struct sim *s = sim_new(seed, &cfg);
    struct crew crew = {.s = s};
    struct people people = {.s = s, .c = &crew};
    struct windows windows = {.on = seed % 4 == 0};
    struct inv v = {.s = s};
    cast_roles(s, &crew);
    uint64_t blocks = 8 + sim_below(s, sim_one_in(s, 12) ? 120 : 16);
    for (uint64_t b = 0; b < blocks; b++) {
        people_rotated(s);
        sim_open(s, step_ms(s));
        if (b == 0 && sim_one_in(s, 3)) { /* contracts from the start */
            people_contract(&people, 0);
            people_order(&people, 0);
        }
        for (uint64_t k = sim_below(s, b < 4 ? 4 : 2); k > 0; k--)
            one_act(&people, &cfg);
        if (people.ordering && sim_one_in(s, 3))
            people_order(&people, (unsigned)sim_below(s, cfg.owners));
        if (people.ordering && people.contracts && sim_one_in(s, 3))
            people_contract(&people, (unsigned)sim_below(s, cfg.owners));
        windows_go_on(&windows, s);
        for (unsigned k = 0; k < s->nodes; k++)
            if (sim_below(s, 3))
                crew_node(&crew, k);
        seal(s, &v, false);
        if (sim_one_in(s, 40)) /* a long while in which nobody does anything */
            for (uint64_t k = sim_below(s, 150); k > 0 && pending(s); k--)
                idle(s, &v, 1 + sim_below(s, 5000), k % 8 == 0);
    }
    if (sim_one_in(s, cfg.validators ? 60 : 16))
        silence(s, &v);
    inv_check(&v, sim_one_in(s, 8));
    statements(s);
    if (sim_one_in(s, 8)) {
        replay(s);
        t->replays++;
    }
    count_ends(&v, t);
    inv_release(&v);
    crew_release(&crew);
    t->windows += windows.shown;
    windows_release(&windows);
    og_buf_release(&people.old);
    sim_free(s);
}

static uint64_t from_env(const char *name, uint64_t absent)
{
    const char *s = getenv(name);
    uint64_t v;
    return s && og_parse_u64(s, UINT64_MAX, &v) ? v : absent;
}

static uint64_t seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec;
}

static int child(uint64_t first, uint64_t n, uint64_t step, bool hurry, int fd)
{
    struct totals t = {0};
    uint64_t start = seconds();
    for (uint64_t i = 0; i < n && !(hurry && seconds() - start > SECONDS); i += step)
        history(first + i, &t);
    return write(fd, &t, sizeof t) == (ssize_t)sizeof t ? 0 : 1;
}

static void print_totals(const struct totals *t)
{
    printf("%llu histories, %llu blocks, %llu transactions (%llu refused, %llu failed), %llu "
           "replays, %llu capacity windows\n  tasks:",
           (unsigned long long)t->histories, (unsigned long long)t->blocks,
           (unsigned long long)t->sent, (unsigned long long)t->refused,
           (unsigned long long)t->failed, (unsigned long long)t->replays,
           (unsigned long long)t->windows);
    for (size_t i = 0; i < OG_TASK_STATES; i++)
        printf(" %s %llu", og_task_state_names[i], (unsigned long long)t->tasks[i]);
    printf("\n  leases:");
    for (size_t i = 0; i < OG_LEASE_STATES; i++)
        printf(" %s %llu", og_lease_state_names[i], (unsigned long long)t->leases[i]);
    printf("\n");
}

/* walk [HISTORIES [SEED]]: environment SIM_HISTORIES, SIM_SEED. Two processes. */
int main(int argc, char **argv)
{
    uint64_t n = from_env("SIM_HISTORIES", HISTORIES);
    uint64_t seed = from_env("SIM_SEED", 1);
    struct totals sum = {0};
    bool bad = false;
    bool hurry = argc < 2 && !getenv("SIM_HISTORIES");
    int fd[2];
    if (argc > 1 && !og_parse_u64(argv[1], UINT64_MAX, &n))
        return 64;
    if (argc > 2 && !og_parse_u64(argv[2], UINT64_MAX, &seed))
        return 64;
    if (pipe(fd) != 0)
        return 70;
    fflush(stdout);
    uint64_t workers = n > 1 ? 2 : 1;
    for (uint64_t i = 0; i < workers; i++)
        if (fork() == 0)
            _exit(child(seed + i, n - i, workers, hurry, fd[1]));
    close(fd[1]);
    for (uint64_t i = 0; i < workers; i++) {
        int status;
        if (wait(&status) < 0 || status != 0) {
            fprintf(stderr, "walk: a process ended with status %x\n", (unsigned)status);
            bad = true;
        }
    }
    for (struct totals t; read(fd[0], &t, sizeof t) == (ssize_t)sizeof t;)
        for (size_t i = 0; i < sizeof t / sizeof(uint64_t); i++)
            ((uint64_t *)(void *)&sum)[i] += ((uint64_t *)(void *)&t)[i];
    print_totals(&sum);
    return bad ? 1 : 0;
}
