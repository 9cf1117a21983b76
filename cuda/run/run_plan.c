/* run_plan.c - what the runner is told on its command line. */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool bad(const char *arg)
{
    fprintf(stderr, "ogpu: the runner does not understand '%s'\n", arg);
    return false;
}

static bool number(const char **s, uint64_t max, uint64_t *out)
{
    char *end;
    if (**s < '0' || **s > '9')
        return false;
    errno = 0;
    *out = strtoull(*s, &end, 10);
    *s = end;
    return errno == 0 && *out <= max;
}

static bool triple(const char *s, uint32_t out[3])
{
    for (int i = 0; i < 3; i++) {
        uint64_t v;
        if (!number(&s, UINT32_MAX, &v) || v == 0 || *s != (i < 2 ? ',' : '\0'))
            return false;
        out[i] = (uint32_t)v;
        s++;
    }
    return true;
}

static bool list(const char *s, struct og_run_plan *p)
{
    p->only = calloc(OG_RUN_PARTS_MAX, sizeof *p->only);
    while (p->only && *s) {
        uint64_t a, b;
        if (!number(&s, UINT32_MAX, &a))
            return false;
        b = a;
        if (*s == '-' && (s++, !number(&s, UINT32_MAX, &b)))
            return false;
        for (uint64_t i = a; i <= b; i++) {
            if (p->n_only == OG_RUN_PARTS_MAX)
                return false;
            p->only[p->n_only++] = i;
        }
        if (*s && *s++ != ',')
            return false;
    }
    return p->only && p->n_only > 0;
}

static bool plan_word(const char *arg, struct og_run_plan *p)
{
    static const struct {
        const char *name;
        size_t at;
    } numbers[] = {{"shared=", offsetof(struct og_run_plan, shared)},
                   {"parts=", offsetof(struct og_run_plan, parts)},
                   {"limit_ms=", offsetof(struct og_run_plan, limit_ms)},
                   {"jobs=", offsetof(struct og_run_plan, jobs)},
                   {"index=", offsetof(struct og_run_plan, index)},
                   {"device=", offsetof(struct og_run_plan, device)}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        size_t n = strlen(numbers[i].name);
        const char *s = arg + n;
        uint64_t v = 0;
        if (strncmp(arg, numbers[i].name, n) != 0)
            continue;
        if (!number(&s, UINT64_MAX, &v) || *s)
            return false;
        memcpy((char *)p + numbers[i].at, &v, sizeof v);
        return true;
    }
    if (strncmp(arg, "grid=", 5) == 0)
        return triple(arg + 5, p->grid);
    if (strncmp(arg, "block=", 6) == 0)
        return triple(arg + 6, p->block);
    if (strncmp(arg, "entry=", 6) == 0) {
        p->entry = arg + 6;
        return *p->entry != '\0';
    }
    if (strncmp(arg, "only=", 5) == 0)
        return list(arg + 5, p);
    return false;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool value(const char *s, struct og_run_param *q)
{
    size_t n = strlen(s) / 2;
    if (n == 0 || n > 8 || strlen(s) % 2)
        return false;
    for (size_t i = 0; i < n; i++) {
        int a = hex(s[2 * i]), b = hex(s[2 * i + 1]);
        if (a < 0 || b < 0)
            return false;
        q->value[i] = (uint8_t)(a << 4 | b);
    }
    q->value_bytes = (uint32_t)n;
    return true;
}

/* "SIZE:" at *s. */
static bool size_of(const char **s, struct og_run_param *q)
{
    uint64_t v;
    if (!number(s, 16, &v) || v == 0 || (v & (v - 1)) || *(*s)++ != ':')
        return false;
    q->size = (uint32_t)v;
    return true;
}

static bool count_of(const char **s, struct og_run_param *q)
{
    uint64_t v;
    if (!number(s, (uint64_t)1 << 48, &v))
        return false;
    q->bytes = v * q->size;
    return true;
}

/* Cuts a copy at its first ':'. */
static bool two_texts(const char *s, const char **a, const char **b)
{
    char *copy = strdup(s);
    char *colon = copy ? strchr(copy, ':') : NULL;
    if (!colon || colon == copy || !colon[1])
        return false;
    *colon = '\0';
    *a = copy;
    *b = colon + 1;
    return true;
}

static bool param(const char *arg, struct og_run_plan *p)
{
    struct og_run_param *q = &p->param[p->n_param];
    const char *s = strchr(arg, ':');
    if (!s || p->n_param == OG_RUN_PARAMS_MAX)
        return false;
    size_t n = (size_t)(s++ - arg);
    p->n_param++;
    if (n == 2 && strncmp(arg, "in", n) == 0) {
        q->kind = RUN_IN;
        q->path = size_of(&s, q) ? s : NULL;
        return q->path && *q->path;
    }
    if (n == 3 && strncmp(arg, "out", n) == 0) {
        q->kind = RUN_OUT;
        q->out = size_of(&s, q) && count_of(&s, q) && *s == ':' ? s + 1 : NULL;
        return q->out && *q->out;
    }
    if (n == 5 && strncmp(arg, "inout", n) == 0) {
        q->kind = RUN_INOUT;
        return size_of(&s, q) && two_texts(s, &q->path, &q->out);
    }
    if (n == 3 && strncmp(arg, "tmp", n) == 0) {
        q->kind = RUN_TMP;
        return size_of(&s, q) && count_of(&s, q) && !*s;
    }
    if (n == 3 && strncmp(arg, "idx", n) == 0) {
        uint64_t v;
        q->kind = RUN_VALUE;
        q->index = number(&s, 8, &v) && !*s && v > 0;
        q->value_bytes = q->index ? (uint32_t)v : 0;
        return q->index;
    }
    if (n == 3 && strncmp(arg, "val", n) == 0) {
        q->kind = RUN_VALUE;
        return value(s, q);
    }
    q->kind = RUN_CONST;
    return n == 5 && strncmp(arg, "const", n) == 0 && two_texts(s, &q->name, &q->path);
}

bool og_run_plan_read(int argc, char **argv, struct og_run_plan *out)
{
    *out = (struct og_run_plan){.grid = {1, 1, 1}, .block = {1, 1, 1}, .jobs = 1};
    if (argc < 1)
        return bad("");
    out->module = argv[0];
    for (int i = 1; i < argc; i++) {
        const char *stop = strpbrk(argv[i], "=:");
        bool word = stop && *stop == '=';
        if (!(word ? plan_word(argv[i], out) : param(argv[i], out)))
            return bad(argv[i]);
        bool last = out->n_param && out->param[out->n_param - 1].kind == RUN_CONST;
        if (!word && !last && out->n_args + 1 != out->n_param)
            return bad(argv[i]); /* constants stand at the end */
        out->n_args += !word && !last;
    }
    uint64_t threads = (uint64_t)out->block[0] * out->block[1];
    if (threads > OG_RUN_THREADS || threads * out->block[2] > OG_RUN_THREADS)
        return bad("block");
    uint64_t plane = (uint64_t)out->grid[0] * out->grid[1];
    if (plane > OG_RUN_BLOCKS_MAX || plane * out->grid[2] > OG_RUN_BLOCKS_MAX ||
        out->parts > OG_RUN_PARTS_MAX)
        return bad("grid");
    for (size_t i = 0; i < out->n_only; i++)
        if (out->only[i] >= out->parts)
            return bad("only");
    return true;
}

void og_run_set_index(struct og_run_plan *p, uint64_t part)
{
    uint64_t v = p->parts ? part : p->index;
    for (size_t i = 0; i < p->n_param; i++)
        for (uint32_t k = 0; p->param[i].index && k < p->param[i].value_bytes; k++)
            p->param[i].value[k] = (uint8_t)(v >> 8 * k);
}

void og_run_part_blocks(const struct og_run_plan *p, uint64_t part, uint64_t *first, uint64_t *end)
{
    uint64_t all = (uint64_t)p->grid[0] * p->grid[1] * p->grid[2];
    uint64_t parts = p->parts ? p->parts : 1;
    *first = all * part / parts; /* at most 2^47 * 2^16 */
    *end = all * (part + 1) / parts;
}
