/* model_tasknames.c - members of a task record that nobody knows, and what was meant by them. */
#include "model/model_taskrec.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 24 /* longer names are like none of ours */

static const char *const members[] = {
    "after",         "args",  "argv",    "array",       "check",      "check_limit_ms", "chunk",
    "cores",         "count", "env",     "deadline_ms", "expires_ms", "cuda",           "gpu_ppm",
    "gpu_mem_bytes", "in",    "kernel",  "kind",        "limit_ms",   "max_price",      "mem_bytes",
    "name",          "out",   "retry",   "samples",     "sandbox",    "urgency",        "v",
    "verify",        "root",  "network", "nodes",
};
static const char *const in_members[] = {"bytes", "path", "sha256", "url", "urls"};

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Letters to change, add or drop on the way from a to b; both at most NAME_MAX_LEN long. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[NAME_MAX_LEN + 1];
    size_t n = strlen(b);
    for (size_t j = 0; j <= n; j++)
        row[j] = (unsigned)j;
    for (size_t i = 0; a[i]; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < n; j++) {
            unsigned change = corner + (a[i] != b[j]);
            corner = row[j + 1];
            row[j + 1] = least(change, least(row[j], corner) + 1);
        }
    }
    return row[n];
}

static bool is_one(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

/* 'mem' for 'mem_bytes', 'price' for 'max_price': what people forget, coming from the options. */
static bool is_part(const char *name, const char *member)
{
    size_t n = strlen(name);
    size_t all = strlen(member);
    return n > 1 && n < all &&
           ((strncmp(name, member, n) == 0 && member[n] == '_') ||
            (strcmp(member + all - n, name) == 0 && member[all - n - 1] == '_'));
}

static const char *meant_by(const char *name, const char *const *list, size_t n)
{
    const char *best = NULL;
    unsigned near = 3; /* two slips at most, and fewer than half of the letters */
    size_t len = strlen(name);
    if (len > NAME_MAX_LEN)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        unsigned d = is_part(name, list[i]) ? 0 : distance(name, list[i]);
        if (d < near && 2 * d < len) {
            near = d;
            best = list[i];
        }
    }
    return best;
}

static void look(const json_t *o, const char *const *list, size_t n, og_taskrec_say_fn say,
                 void *ctx)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)o, key, v)
    {
        if (!is_one(key, list, n))
            say(ctx, key, meant_by(key, list, n));
    }
}

void og_taskrec_unknown(const json_t *o, og_taskrec_say_fn say, void *ctx)
{
    look(o, members, sizeof members / sizeof *members, say, ctx);
    const json_t *in = json_object_get(o, "in");
    for (size_t i = 0; i < json_array_size(in); i++)
        look(json_array_get(in, i), in_members, sizeof in_members / sizeof *in_members, say, ctx);
}
