/* match_filter.c - the three ways of running: as a filter, once, and for ever. */
#include "match.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_time.h"
#include "store/store_notice.h"
#include "store/store_query.h"
#include "json/json_get.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MIN_MS 1
#define WAIT_MAX_MS 20
#define JUDGE_MS    250  /* how often a quiet filter asks whether it can still go on */
#define QUIET_MS    5000 /* assigned, and no worker comes: nothing more to do here */
#define TICK_MS     1000 /* a quiet filter lets the chain's clock run */
#define PULL_MS     500  /* between two looks for what idle slots would do sooner */
#define FRUITLESS   24   /* blocks sealed in a row without any new lease */
#define HOLD_OFF_MS 1000

enum og_rc match_open(struct matcher *m, const struct match_opts *opts, struct og_err *err)
{
    memset(m, 0, sizeof *m);
    m->opts = opts;
    char *state = og_cli_state_dir(&opts->common);
    char *keys = og_cli_keys_dir();
    enum og_rc rc = og_engine_open(state, keys, &m->engine, err);
    free(state);
    free(keys);
    OG_TRY(rc);
    m->st = og_engine_store(m->engine);
    OG_TRY(og_ledger_open(m->st, &m->ledger, err));
    OG_TRY(match_find_key(m, err));
    size_t n;
    return og_query(m->st, OG_Q_LEASE_LAST, NULL, 0, &m->last_lease, 1, 1, &n, err);
}

enum og_rc match_refresh(struct matcher *m, struct og_err *err)
{
    struct og_ledger *l;
    OG_TRY(og_ledger_open(m->st, &l, err));
    og_ledger_close(m->ledger);
    m->ledger = l;
    return OG_OK;
}

void match_close(struct matcher *m)
{
    match_watch_release(&m->watch);
    match_solution_release(&m->solved);
    og_adapt_free(m->adapt);
    og_key_free(m->key);
    og_ledger_close(m->ledger);
    og_engine_close(m->engine);
}

static enum og_rc flush(struct og_err *err)
{
    if (fflush(stdout) != 0)
        return og_err_set(err, OG_E_IO, "cannot write to standard output: %s", strerror(errno));
    return OG_OK;
}

/* Between two looks at the state. */
struct pace {
    uint64_t version;  /* of the state when it was last looked at */
    uint64_t quiet_ms; /* monotonic time of the last thing that happened */
    uint64_t judged_ms, ticked_ms, held_until_ms, pulled_ms;
    enum match_state state; /* and why: what was judged last; it holds until something changes */
    struct og_err why;
    bool judged;
    unsigned fruitless; /* steps in a row that made no lease */
    uint64_t wait_ms;
    bool look; /* something may have changed since the last step */
    bool blocked, soon;
};

/* Assigns and reports until there is nothing to do now. */
static enum og_rc drive(struct matcher *m, struct pace *p, struct og_err *err)
{
    if (p->held_until_ms) { /* and a look for certain when the time is over */
        p->look = og_time_mono_ms() >= p->held_until_ms;
        p->held_until_ms = p->look ? 0 : p->held_until_ms;
    }
    while (p->look && !og_cli_stop) {
        enum match_did did;
        bool any;
        OG_TRY(match_step(m, &did, err));
        OG_TRY(match_report(m, &any, err));
        if (any)
            OG_TRY(flush(err));
        p->blocked = did == MATCH_BLOCKED;
        p->look = did == MATCH_DID;
        p->soon = did == MATCH_SOON;
        p->fruitless = any ? 0 : p->fruitless + (did == MATCH_DID);
        if (any || did == MATCH_DID) {
            p->quiet_ms = og_time_mono_ms();
            p->judged = false;
        }
        if (p->fruitless > FRUITLESS + og_ledger_params(m->ledger)->round_blocks) {
            p->fruitless = 0;
            p->held_until_ms = og_time_mono_ms() + HOLD_OFF_MS;
            p->look = false;
        }
    }
    return OG_OK;
}

/* Did somebody else commit since the last look? */
static void notice(struct matcher *m, struct pace *p)
{
    uint64_t v = og_store_version(m->st);
    if (v == p->version)
        return;
    p->version = v;
    p->quiet_ms = m->moved_ms = og_time_mono_ms();
    p->wait_ms = WAIT_MIN_MS;
    p->look = true;
    p->judged = false;
}

static void pace_start(struct matcher *m, struct pace *p)
{
    *p = (struct pace){.version = og_store_version(m->st),
                       .quiet_ms = og_time_mono_ms(),
                       .wait_ms = WAIT_MIN_MS,
                       .look = true};
}

/* While nothing else happens blocks go on, so that deadlines pass. */
static enum og_rc tick(struct matcher *m, struct pace *p, struct og_err *err)
{
    uint64_t now = og_time_mono_ms();
    bool sealed;
    if (now - p->quiet_ms < TICK_MS || now - p->ticked_ms < TICK_MS)
        return OG_OK;
    p->ticked_ms = now;
    OG_TRY(og_engine_seal(m->engine, true, &sealed, err));
    p->look = p->look || sealed;
    p->judged = p->judged && !sealed;
    return OG_OK;
}

/* Waits a little for input or for a change; ends like any filter when nobody reads the output. */
static void rest(struct matcher *m, struct pace *p, int in_fd)
{
    int told = og_store_notice_fd(m->st);
    struct pollfd fd[3] = {{.fd = STDOUT_FILENO, .events = 0},
                           {.fd = in_fd, .events = POLLIN},
                           {.fd = told, .events = POLLIN}};
    poll(fd, 3, p->soon ? WAIT_MIN_MS : told >= 0 ? WAIT_MAX_MS : (int)p->wait_ms);
    p->look = p->look || p->soon;
    if (fd[2].revents)
        og_store_notice_clear(m->st);
    if (fd[0].revents & POLLERR) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    p->wait_ms = 2 * p->wait_ms > WAIT_MAX_MS ? WAIT_MAX_MS : 2 * p->wait_ms;
}

static enum og_rc take_task(struct matcher *m, const struct og_jsonl_in *in, const json_t *rec,
                            struct og_err *err)
{
    struct og_task t = {0};
    uint64_t v;
    bool found;
    enum og_rc rc = og_json_u64(rec, "v", UINT32_MAX, &v, err);
    if (rc == OG_OK && v != 1)
        rc = og_err_set(err, OG_E_DATA, "task records of version %llu are not known",
                        (unsigned long long)v);
    if (rc == OG_OK)
        rc = og_json_u64(rec, "id", (uint64_t)1 << 53, &t.id, err);
    if (rc != OG_OK)
        return og_err_wrap(err, rc, "%s:%lu", in->name, in->line_no);
    OG_TRY(og_row_get(m->st, OG_F_TASK, &t, &found, err));
    if (!found)
        return og_err_set(err, OG_E_DATA, "%s:%lu: no task %llu in this state", in->name,
                          in->line_no, (unsigned long long)t.id);
    bool added = match_watch_add(&m->watch, t.id);
    enum og_rc done = added && t.live > 0 ? match_report_task(m, t.id, err) : OG_OK;
    og_row_release(&og_families[OG_F_TASK], &t);
    return done;
}

static bool can_read(const struct og_jsonl_in *in)
{
    struct pollfd fd = {.fd = in->fd, .events = POLLIN};
    return og_jsonl_ready(in) || poll(&fd, 1, 0) > 0;
}

/* Takes what has come; every record goes on as it is, before anything is said of it. */
static enum og_rc take_input(struct matcher *m, struct og_jsonl_in *in, struct pace *p, bool *end,
                             struct og_err *err)
{
    bool some = false;
    while (!*end && can_read(in)) {
        const char *line;
        size_t len;
        json_t *rec;
        OG_TRY(og_jsonl_next(in, &line, &len, &rec, err));
        if (!line) {
            *end = some = true;
            break;
        }
        enum og_rc rc = OG_OK;
        if (!m->opts->common.human)
            rc = og_jsonl_write_raw(stdout, line, len, err);
        if (rc == OG_OK && strcmp(json_string_value(json_object_get(rec, "kind")), "task") == 0)
            rc = take_task(m, in, rec, err);
        json_decref(rec);
        OG_TRY(rc);
        some = true;
    }
    if (!some)
        return OG_OK;
    p->look = true;
    p->judged = false;
    p->quiet_ms = og_time_mono_ms();
    return flush(err);
}

/* Nothing happens: is this the end? */
static enum og_rc ended(struct matcher *m, struct pace *p, bool *stop, struct og_err *err)
{
    uint64_t now = og_time_mono_ms();
    *stop = false;
    if (m->watch.lo < m->watch.n && now - p->judged_ms < JUDGE_MS) {
        struct og_task t = {.id = m->watch.id[m->watch.lo]};
        OG_TRY(og_row_need(m->st, OG_F_TASK, &t, err));
        bool open = t.state <= OG_TASK_OPEN;
        og_row_release(&og_families[OG_F_TASK], &t);
        if (open)
            return OG_OK;
    }
    p->judged_ms = now;
    if (!p->judged)
        OG_TRY(match_judge(m, &p->state, &p->why, err));
    p->judged = p->state != MATCH_MOVING;
    switch (p->state) {
    case MATCH_ENDED: *stop = true; return OG_OK;
    case MATCH_STUCK:
        *stop = now - p->quiet_ms >= JUDGE_MS;
        return *stop ? og_err_set(err, OG_NO, "%s", p->why.msg) : OG_OK;
    case MATCH_ASSIGNED:
        *stop = now - p->quiet_ms >= QUIET_MS;
        return *stop && p->why.msg[0] ? og_err_set(err, OG_NO, "%s", p->why.msg) : OG_OK;
    case MATCH_MOVING:
        if (p->blocked && now - p->quiet_ms >= OG_STORE_BUSY_MS)
            return og_err_set(err, OG_E_TEMPFAIL,
                              "nobody seals the block that the next round needs, and no key of a "
                              "validator is held here");
        return OG_OK;
    }
    return OG_OK;
}

enum og_rc match_filter(struct matcher *m, struct og_err *err)
{
    struct og_jsonl_in in;
    struct pace p;
    bool end = false, stop = false;
    enum og_rc rc = OG_OK;
    og_jsonl_open(&in, STDIN_FILENO, "stdin");
    in.known = "task";
    pace_start(m, &p);
    while (rc == OG_OK && !stop) {
        rc = take_input(m, &in, &p, &end, err);
        notice(m, &p);
        bool any = false;
        if (rc == OG_OK && p.look)
            rc = match_report(m, &any, err);
        if (rc == OG_OK && any)
            rc = flush(err);
        bool busy = m->watch.lo < m->watch.n;
        if (rc == OG_OK && busy)
            rc = drive(m, &p, err);
        if (rc == OG_OK && end)
            rc = ended(m, &p, &stop, err);
        if (rc == OG_OK && !stop && busy)
            rc = tick(m, &p, err);
        if (rc == OG_OK && !stop && (!p.look || !busy))
            rest(m, &p, end ? -1 : STDIN_FILENO);
    }
    og_jsonl_release(&in);
    return rc;
}

/* When nothing is left to assign, what is assigned may still be better off elsewhere. */
static enum og_rc pull(struct matcher *m, struct pace *p, struct og_err *err)
{
    uint64_t now = og_time_mono_ms();
    bool any;
    if (!m->opts->pull || p->look || now - p->pulled_ms < PULL_MS)
        return OG_OK;
    p->pulled_ms = now;
    OG_TRY(match_pull(m, &any, err));
    p->look = any;
    return OG_OK;
}

enum og_rc match_forever(struct matcher *m, struct og_err *err)
{
    struct pace p;
    bool any;
    m->every = true;
    og_cli_stop_signals();
    pace_start(m, &p);
    while (!og_cli_stop) {
        notice(m, &p);
        if (p.look) {
            OG_TRY(match_report(m, &any, err));
            if (any)
                OG_TRY(flush(err));
        }
        OG_TRY(drive(m, &p, err));
        OG_TRY(tick(m, &p, err));
        OG_TRY(pull(m, &p, err));
        if (!p.look)
            rest(m, &p, -1);
    }
    return OG_OK;
}

enum og_rc match_once(struct matcher *m, struct og_err *err)
{
    struct pace p;
    bool wanted, runs = false;
    uint64_t queued, n;
    size_t rows;
    m->every = true;
    pace_start(m, &p);
    OG_TRY(drive(m, &p, err));
    if (p.blocked)
        return og_err_set(err, OG_E_TEMPFAIL,
                          "the next round needs a block sealed, and no key of a validator is held "
                          "here");
    if (m->reported > 0)
        return OG_OK;
    OG_TRY(og_query(m->st, OG_Q_TASKS_QUEUED, NULL, 0, &queued, 1, 1, &rows, err));
    static const char *const live[] = {"lease.matched", "lease.running", "lease.committed",
                                       "lease.revealed", "lease.accepted"};
    for (size_t i = 0; i < sizeof live / sizeof *live; i++) {
        OG_TRY(og_store_counter(m->st, live[i], &n, err));
        runs = runs || n > 0;
    }
    OG_TRY(match_wanted(m, false, &wanted, err));
    if (queued == 0 || runs || wanted)
        return OG_OK;
    return og_err_set(err, OG_NO, "%llu waiting tasks, and no node can take any of them",
                      (unsigned long long)queued);
}
