/* exec_cuda_source.c - one pass over the words of a CUDA source; everything else is copied. */
#include "exec/exec_cuda_source.h"

#include <string.h>

#define DECL_MAX 32 /* words between "extern" and ';' */

struct word {
    const char *s;
    size_t n; /* 0: the end */
};

struct scan {
    const char *at, *end;
};

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
}

/* Past a string or character constant that starts at s. */
static const char *past_string(const char *s, const char *end)
{
    char quote = *s++;
    while (s < end && *s != quote && *s != '\n')
        s += *s == '\\' && s + 1 < end ? 2 : 1;
    return s >= end ? end : *s == '\n' ? s : s + 1;
}

/* Past blanks and comments. */
static const char *past_space(const char *s, const char *end)
{
    while (s < end) {
        if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r') {
            s++;
        } else if (end - s > 1 && s[0] == '/' && s[1] == '/') {
            const char *nl = memchr(s, '\n', (size_t)(end - s));
            s = nl ? nl : end;
        } else if (end - s > 1 && s[0] == '/' && s[1] == '*') {
            for (s += 2; end - s > 1 && (s[0] != '*' || s[1] != '/'); s++)
                continue;
            s = end - s > 1 ? s + 2 : end;
        } else {
            break;
        }
    }
    return s;
}

/* The next word, string or sign. */
static struct word next(struct scan *c)
{
    const char *s = past_space(c->at, c->end);
    const char *e = s;
    if (s < c->end && letter(*s))
        while (e < c->end && letter(*e))
            e++;
    else if (s < c->end && (*s == '"' || *s == '\''))
        e = past_string(s, c->end);
    else if (s < c->end)
        e++;
    c->at = e;
    return (struct word){s, (size_t)(e - s)};
}

static bool is(struct word w, const char *s)
{
    return w.n == strlen(s) && memcmp(w.s, s, w.n) == 0;
}

static bool starts(struct word w, const char *s)
{
    return w.n >= strlen(s) && memcmp(w.s, s, strlen(s)) == 0;
}

/* Does the word make threads of a block wait for each other? */
static bool joins(struct word w)
{
    static const char *const heads[] = {
        "__syncthreads", "__syncwarp",  "__shfl_",      "__ballot_sync", "__any_sync",
        "__all_sync",    "__match_any", "__activemask", "__reduce_",     "cooperative_groups"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (starts(w, heads[i]))
            return true;
    return false;
}

/* Newlines of the text from s to e, so that line numbers stay. */
static void keep_lines(const char *s, const char *e, struct og_buf *out)
{
    for (; s < e; s++)
        if (*s == '\n')
            og_buf_addc(out, '\n');
}

/* After "extern": "... __shared__ ... TYPE NAME [ ] ;" into w (without __shared__ and alignment),
 * *end behind it. 0: it is something else. */
static size_t find_decl(const struct scan *c, struct word w[DECL_MAX], const char **end)
{
    struct scan look = *c;
    size_t n = 0;
    bool shared = false;
    for (;;) {
        struct word x = next(&look);
        if (x.n == 0 || n == DECL_MAX || is(x, "{") || is(x, "}") || x.s[0] == '"' ||
            x.s[0] == '\'')
            return 0;
        if (is(x, ";"))
            break;
        if (is(x, "__shared__")) {
            shared = true;
        } else if (is(x, "__align__") || is(x, "alignas")) { /* ( expression ) */
            for (int i = 0; i < DECL_MAX && x.n && !is(x, ")"); i++)
                x = next(&look);
        } else {
            w[n++] = x;
        }
    }
    *end = look.at;
    bool array = n >= 4 && is(w[n - 1], "]") && is(w[n - 2], "[") && letter(w[n - 3].s[0]);
    return shared && array ? n : 0;
}

/* "TYPE *const NAME = (TYPE *)ogpu_rt_shared();" */
static void put_decl(const struct word *w, size_t n, struct og_buf *out)
{
    for (int pass = 0; pass < 2; pass++) {
        if (pass) {
            og_buf_adds(out, "*const ");
            og_buf_add(out, w[n - 3].s, w[n - 3].n);
            og_buf_adds(out, " = (");
        }
        for (size_t i = 0; i + 3 < n; i++) {
            og_buf_add(out, w[i].s, w[i].n);
            og_buf_addc(out, ' ');
        }
    }
    og_buf_adds(out, "*)ogpu_rt_shared();");
}

/* A line "#include <cuda...>" that names one of CUDA's headers; its end, or NULL. */
static const char *cuda_include(const char *s, const char *end)
{
    static const char *const names[] = {
        "cuda.h",        "cuda_runtime.h", "cuda_runtime_api.h", "device_launch_parameters.h",
        "cuda_fp16.h",   "cuda_bf16.h",    "math_constants.h",   "device_functions.h",
        "vector_types.h"};
    struct scan c = {s, end};
    if (!is(next(&c), "#") || !is(next(&c), "include"))
        return NULL;
    const char *nl = memchr(s, '\n', (size_t)(end - s));
    const char *stop = nl ? nl : end;
    const char *a = past_space(c.at, stop);
    if (a >= stop || (*a != '<' && *a != '"'))
        return NULL;
    const char *z = memchr(a + 1, *a == '<' ? '>' : '"', (size_t)(stop - a - 1));
    for (size_t i = 0; z && i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == (size_t)(z - a - 1) &&
            memcmp(names[i], a + 1, strlen(names[i])) == 0)
            return stop;
    return NULL;
}

void og_cuda_source(const char *text, size_t n, struct og_buf *out, bool *fibers)
{
    struct scan c = {text, text + n};
    const char *done = text; /* copied up to here */
    *fibers = false;
    for (;;) {
        struct word w = next(&c);
        if (w.n == 0)
            break;
        bool directive = is(w, "#");
        const char *stop = directive ? cuda_include(w.s, c.end) : NULL;
        if (stop) {
            og_buf_add(out, done, (size_t)(w.s - done));
            done = c.at = stop;
            continue;
        }
        if (joins(w))
            *fibers = true;
        struct word decl[DECL_MAX];
        const char *end;
        size_t k = is(w, "extern") ? find_decl(&c, decl, &end) : 0;
        if (k == 0)
            continue;
        og_buf_add(out, done, (size_t)(w.s - done));
        put_decl(decl, k, out);
        keep_lines(w.s, end, out);
        done = c.at = end;
    }
    og_buf_add(out, done, (size_t)(c.end - done));
}
