/* exec_slurm_text.c - what squeue, sinfo and sbatch say, read field by field. */
#include "exec/exec_slurm.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 9
#define COUNT_MAX  1000000000u

struct field {
    const char *s;
    size_t n;
};

/* A line of exactly `want` fields; '|' in the last one is its own. */
static bool split(const char *s, size_t n, struct field *f, size_t want)
{
    for (size_t i = 0; i < want; i++) {
        const char *bar = i + 1 < want ? memchr(s, '|', n) : NULL;
        if (i + 1 < want && !bar)
            return false;
        f[i] = (struct field){s, bar ? (size_t)(bar - s) : n};
        size_t step = f[i].n + (bar != NULL);
        s += step;
        n -= step;
    }
    return true;
}

static bool is(struct field f, const char *word)
{
    return f.n == strlen(word) && memcmp(f.s, word, f.n) == 0;
}

static size_t digits(struct field f)
{
    size_t n = 0;
    while (n < f.n && f.s[n] >= '0' && f.s[n] <= '9')
        n++;
    return n;
}

/* Printable ASCII up to the end, cut to the room there is. */
static bool copy(struct field f, char *out, size_t max, bool may_cut)
{
    size_t n = f.n < max - 1 ? f.n : max - 1;
    for (size_t i = 0; i < f.n; i++)
        if (f.s[i] < 0x20 || f.s[i] > 0x7e)
            return false;
    memcpy(out, f.s, n);
    out[n] = '\0';
    return may_cut || n == f.n;
}

bool og_slurm_state_parse(const char *s, size_t n, enum og_slurm_state *out)
{
    static const struct {
        const char *word;
        enum og_slurm_state state;
    } known[] = {
        {"PENDING", OG_SLURM_QUEUED},       {"CONFIGURING", OG_SLURM_QUEUED},
        {"REQUEUED", OG_SLURM_QUEUED},      {"REQUEUE_HOLD", OG_SLURM_QUEUED},
        {"REQUEUE_FED", OG_SLURM_QUEUED},   {"SPECIAL_EXIT", OG_SLURM_QUEUED},
        {"RESV_DEL_HOLD", OG_SLURM_QUEUED}, {"RUNNING", OG_SLURM_RUNNING},
        {"COMPLETING", OG_SLURM_RUNNING},   {"SUSPENDED", OG_SLURM_RUNNING},
        {"RESIZING", OG_SLURM_RUNNING},     {"SIGNALING", OG_SLURM_RUNNING},
        {"STAGE_OUT", OG_SLURM_RUNNING},    {"STOPPED", OG_SLURM_RUNNING},
        {"COMPLETED", OG_SLURM_ENDED},      {"FAILED", OG_SLURM_BROKEN},
        {"NODE_FAIL", OG_SLURM_BROKEN},     {"BOOT_FAIL", OG_SLURM_BROKEN},
        {"LAUNCH_FAILED", OG_SLURM_BROKEN}, {"PREEMPTED", OG_SLURM_BROKEN},
        {"REVOKED", OG_SLURM_BROKEN},       {"TIMEOUT", OG_SLURM_TIME},
        {"DEADLINE", OG_SLURM_TIME},        {"OUT_OF_MEMORY", OG_SLURM_MEMORY},
        {"CANCELLED", OG_SLURM_CANCELLED},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is((struct field){s, n}, known[i].word)) {
            *out = known[i].state;
            return true;
        }
    return false;
}

/* "17", and "17_3", "17_[1-9]", "17+1", which are no jobs of ours. */
static bool read_id(struct field f, uint64_t *id, bool *part)
{
    size_t n = digits(f);
    *part = n < f.n && (f.s[n] == '_' || f.s[n] == '+');
    return (n == f.n || *part) && og_parse_u64n(f.s, n, UINT32_MAX, id) && *id > 0;
}

static bool job_line(const char *s, size_t n, struct og_slurm_job *out, bool *part)
{
    struct field f[4];
    return n <= OG_SLURM_LINE_MAX && split(s, n, f, 4) && read_id(f[0], &out->id, part) &&
           og_slurm_state_parse(f[1].s, f[1].n, &out->state) &&
           copy(f[2], out->reason, sizeof out->reason, true) &&
           copy(f[3], out->mark, sizeof out->mark, true);
}

/* The next line of [*at, n): false at the end. */
static bool next_line(const char *s, size_t n, size_t *at, struct field *out)
{
    if (*at >= n)
        return false;
    const char *nl = memchr(s + *at, '\n', n - *at);
    *out = (struct field){s + *at, nl ? (size_t)(nl - s) - *at : n - *at};
    *at += out->n + 1;
    return true;
}

static enum og_rc nonsense(struct og_err *err, const char *who, struct field line)
{
    char seen[64];
    size_t n = line.n < sizeof seen - 1 ? line.n : sizeof seen - 1;
    for (size_t i = 0; i < n; i++)
        seen[i] = line.s[i] >= 0x20 && line.s[i] <= 0x7e ? line.s[i] : '?';
    seen[n] = '\0';
    return og_err_set(err, OG_E_DATA, "%s answers with what is not understood: '%s'", who, seen);
}

enum og_rc og_slurm_jobs_parse(const char *s, size_t n, struct og_slurm_job **out, size_t *count,
                               struct og_err *err)
{
    struct og_slurm_job *v = NULL;
    size_t cap = 0;
    size_t k = 0;
    struct field line;
    *out = NULL;
    *count = 0;
    for (size_t at = 0; next_line(s, n, &at, &line);) {
        bool part = false;
        v = og_xgrow(v, &cap, k + 1, sizeof *v);
        memset(&v[k], 0, sizeof *v);
        if (k == OG_SLURM_ROWS_MAX || !job_line(line.s, line.n, &v[k], &part)) {
            free(v);
            return nonsense(err, "squeue", line);
        }
        k += !part;
    }
    *out = v;
    *count = k;
    return OG_OK;
}

enum og_rc og_slurm_id_parse(const char *s, size_t n, uint64_t *id, struct og_err *err)
{
    struct field line = {s, n};
    *id = 0;
    if (n && s[n - 1] == '\n')
        line.n--;
    size_t d = digits(line);
    bool ok = d == line.n || (s[d] == ';' && !memchr(s, '\n', line.n));
    if (!ok || !og_parse_u64n(s, d, UINT32_MAX, id) || !*id) {
        *id = 0;
        return nonsense(err, "sbatch", line);
    }
    return OG_OK;
}

/* "4" or "4+", in units of `unit`. */
static bool amount(struct field f, uint64_t unit, uint64_t *out)
{
    size_t n = digits(f);
    if (n + 1 == f.n && f.s[n] == '+')
        f.n = n;
    if (n != f.n || !og_parse_u64n(f.s, n, COUNT_MAX, out))
        return false;
    *out *= unit;
    return true;
}

/* "gpu:2", "gpu:a100:4(S:0-1)", with others between commas; a comma in brackets divides nothing.
 * "(null)": none. */
static bool gpus(struct field f, uint64_t *out)
{
    *out = 0;
    if (is(f, "(null)") || is(f, ""))
        return true;
    for (size_t at = 0; at < f.n;) {
        size_t end = at;
        for (int deep = 0; end < f.n && (deep || f.s[end] != ','); end++)
            deep += (f.s[end] == '(') - (f.s[end] == ')' && deep);
        const char *open = memchr(f.s + at, '(', end - at);
        struct field one = {f.s + at, open ? (size_t)(open - f.s) - at : end - at};
        if (one.n > 4 && memcmp(one.s, "gpu:", 4) == 0) {
            size_t last = one.n;
            uint64_t got;
            while (one.s[last - 1] != ':')
                last--;
            if (!og_parse_u64n(one.s + last, one.n - last, 1024, &got))
                return false;
            *out = og_min_u64(*out + got, 1024);
        } else if (is(one, "gpu")) {
            *out = og_min_u64(*out + 1, 1024);
        }
        at = end + 1;
    }
    return true;
}

/* "infinite", or [[days-]hours:]minutes:seconds. */
static bool time_limit(struct field f, uint64_t *out)
{
    uint64_t part[3] = {0};
    uint64_t days = 0;
    *out = UINT64_MAX;
    if (is(f, "infinite") || is(f, "n/a"))
        return true;
    const char *dash = memchr(f.s, '-', f.n);
    if (dash) {
        if (!og_parse_u64n(f.s, (size_t)(dash - f.s), 100000, &days))
            return false;
        f = (struct field){dash + 1, f.n - (size_t)(dash - f.s) - 1};
    }
    size_t n = 0;
    for (size_t at = 0; at <= f.n;) {
        const char *colon = memchr(f.s + at, ':', f.n - at);
        size_t len = colon ? (size_t)(colon - f.s) - at : f.n - at;
        size_t zeros = 0;
        while (zeros + 1 < len && f.s[at + zeros] == '0')
            zeros++;
        if (n == 3 || !og_parse_u64n(f.s + at + zeros, len - zeros, 100000, &part[n]))
            return false;
        n++;
        at += len + 1;
    }
    uint64_t hours = n == 3 ? part[0] : 0;
    uint64_t minutes = n == 3 ? part[1] : n == 2 ? part[0] : 0;
    *out = (((days * 24 + hours) * 60 + minutes) * 60 + part[n - 1]) * 1000;
    return true;
}

/* States in which nodes take jobs now or soon; "*": does not answer, "$": maintenance... */
static bool usable(struct field f)
{
    static const char *const good[] = {"idle",   "mixed", "allocated",  "completing", "idle~",
                                       "mixed~", "idle#", "allocated#", "mixed#",     "planned"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (is(f, good[i]))
            return true;
    return false;
}

static bool part_line(const char *s, size_t n, struct og_slurm_part *out)
{
    struct field f[FIELDS_MAX];
    if (n > OG_SLURM_LINE_MAX || !split(s, n, f, FIELDS_MAX) || !f[0].n)
        return false;
    out->is_default = f[0].s[f[0].n - 1] == '*';
    f[0].n -= out->is_default;
    out->up = is(f[1], "up") && usable(f[3]);
    if (memchr(f[8].s, '[', f[8].n) || memchr(f[8].s, ',', f[8].n))
        f[8].n = 0; /* a list of nodes, of no use here */
    return f[0].n && copy(f[0], out->name, sizeof out->name, false) &&
           amount(f[2], 1, &out->nodes) && amount(f[4], 1, &out->cores) &&
           amount(f[5], (uint64_t)1 << 20, &out->mem_bytes) && gpus(f[6], &out->gpus) &&
           time_limit(f[7], &out->limit_ms) && copy(f[8], out->node, sizeof out->node, false);
}

enum og_rc og_slurm_parts_parse(const char *s, size_t n, struct og_slurm_part **out, size_t *count,
                                struct og_err *err)
{
    struct og_slurm_part *v = NULL;
    size_t cap = 0;
    size_t k = 0;
    struct field line;
    *out = NULL;
    *count = 0;
    for (size_t at = 0; next_line(s, n, &at, &line);) {
        v = og_xgrow(v, &cap, k + 1, sizeof *v);
        memset(&v[k], 0, sizeof *v);
        if (k == OG_SLURM_ROWS_MAX || !part_line(line.s, line.n, &v[k])) {
            free(v);
            return nonsense(err, "sinfo", line);
        }
        k++;
    }
    *out = v;
    *count = k;
    return OG_OK;
}

/* Places of the partition that fit; in *most what its largest node lacks, in words. */
static uint64_t places(const struct og_slurm_part *part, size_t n, const char *name,
                       const struct og_slurm_need *need, const struct og_slurm_part **first)
{
    uint64_t sum = 0;
    *first = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct og_slurm_part *p = &part[i];
        if (strcmp(p->name, name) != 0 || !p->up || p->cores < need->cores ||
            p->mem_bytes < need->mem_bytes || p->gpus < need->gpus || p->limit_ms < need->limit_ms)
            continue;
        if (!*first)
            *first = p;
        sum += p->nodes;
    }
    return sum;
}

static bool try_part(const struct og_slurm_part *part, size_t n, const char *name,
                     const struct og_slurm_need *need, const struct og_slurm_part **out)
{
    const struct og_slurm_part *first;
    if (places(part, n, name, need, &first) < og_max_u64(1, need->nodes))
        return false;
    *out = first;
    return true;
}

enum og_rc og_slurm_choose(const struct og_slurm_part *part, size_t n, const char *const *wish,
                           size_t n_wish, const struct og_slurm_need *need,
                           const struct og_slurm_part **out, struct og_err *err)
{
    *out = NULL;
    for (size_t i = 0; i < n_wish; i++)
        if (try_part(part, n, wish[i], need, out))
            return OG_OK;
    for (int turn = 0; !n_wish && turn < 2; turn++)
        for (size_t i = 0; i < n; i++)
            if (part[i].is_default == (turn == 0) && try_part(part, n, part[i].name, need, out))
                return OG_OK;
    return og_err_set(err, OG_NO,
                      "no partition has %" PRIu64 " nodes with %" PRIu64 " cores, %" PRIu64
                      " MiB, %" PRIu64 " GPUs for %" PRIu64 " s",
                      og_max_u64(1, need->nodes), need->cores, need->mem_bytes >> 20, need->gpus,
                      need->limit_ms / 1000);
}
