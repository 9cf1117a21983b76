/* match_braun.c - words, numbers, sizes, and one scale for all. */
#include "match/match_braun.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_makespan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_MAX 8 /* numbers in a header */
#define EXP_MAX    64
#define DIGITS_MAX 60 /* of a word, those that count */

/* A word as digits · 10^-decimals. Zeros are not cut: they say how precise the file is. */
struct number {
    og_u128 digits; /* at most 38 of them */
    int decimals;   /* may be negative: 1e9 */
    bool none;      /* inf */
};

struct text {
    const char *s;
    size_t len, at;
    size_t words;
    size_t lines;       /* that hold words */
    size_t first_words; /* words of the first such line */
    size_t each;        /* words of every such line, 0: they differ */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

/* The next word; false at the end. *fresh: it is the first of its line. */
static bool next_word(struct text *t, const char **word, size_t *n, bool *fresh)
{
    size_t i = t->at;
    *fresh = i == 0;
    for (;;) {
        while (i < t->len && is_blank(t->s[i])) {
            *fresh = *fresh || t->s[i] == '\n' || t->s[i] == '\r';
            i++;
        }
        if (i == t->len || !*fresh || t->s[i] != '#')
            break;
        while (i < t->len && t->s[i] != '\n')
            i++;
    }
    *word = t->s + i;
    for (*n = 0; i < t->len && !is_blank(t->s[i]); i++)
        ++*n;
    t->at = i;
    return *n > 0;
}

static void survey(struct text *t)
{
    const char *word;
    size_t n, line = 0;
    bool fresh, same = true;
    while (next_word(t, &word, &n, &fresh)) {
        if (fresh) {
            if (t->lines == 1)
                t->first_words = line;
            same = same && (t->lines < 2 || line == t->first_words);
            t->lines++;
            line = 0;
        }
        line++;
        t->words++;
    }
    if (t->lines <= 1)
        t->first_words = line;
    same = same && line == t->first_words;
    t->each = same ? t->first_words : 0;
    t->at = 0;
}

static bool is_inf(const char *s, size_t n)
{
    static const char inf[] = "infinity";
    if (n != 3 && n != 8)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((s[i] | 32) != inf[i])
            return false;
    return true;
}

static bool parse_exponent(const char *s, size_t n, int *out)
{
    uint64_t v;
    bool minus = n > 0 && s[0] == '-';
    if (n > 0 && (s[0] == '-' || s[0] == '+')) {
        s++;
        n--;
    }
    while (n > 1 && s[0] == '0') {
        s++;
        n--;
    }
    if (!og_parse_u64n(s, n, EXP_MAX, &v))
        return false;
    *out = minus ? -(int)v : (int)v;
    return true;
}

static bool parse_number(const char *s, size_t n, struct number *out)
{
    size_t i = 0, digits = 0, seen = 0;
    bool point = false;
    int exponent = 0;
    *out = (struct number){0, 0, false};
    if (n > 0 && s[0] == '+')
        i = 1;
    if (is_inf(s + i, n - i)) {
        out->none = true;
        return true;
    }
    for (; i < n; i++) {
        if (s[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (s[i] < '0' || s[i] > '9')
            break;
        digits++;
        out->digits = out->digits * 10 + (unsigned)(s[i] - '0');
        out->decimals += point;
        seen += out->digits > 0;
        if (seen > 38 || out->decimals > DIGITS_MAX)
            return false;
    }
    if (digits == 0)
        return false;
    if (i < n && ((s[i] | 32) != 'e' || !parse_exponent(s + i + 1, n - i - 1, &exponent)))
        return false;
    out->decimals -= exponent;
    return true;
}

static enum og_rc bad_word(const char *word, size_t n, size_t at, struct og_err *err)
{
    char shown[41];
    size_t k = 0;
    for (; k < n && k < sizeof shown - 1; k++)
        shown[k] = word[k] >= 32 && word[k] < 127 ? word[k] : '?';
    shown[k] = '\0';
    return og_err_set(err, OG_E_DATA, "word %zu: '%s' is not a time", at + 1, shown);
}

static enum og_rc parse_words(struct text *t, struct number *v, struct og_err *err)
{
    const char *word;
    size_t n;
    bool fresh;
    for (size_t k = 0; next_word(t, &word, &n, &fresh); k++)
        if (!parse_number(word, n, &v[k]))
            return bad_word(word, n, k, err);
    return OG_OK;
}

static bool is_size(const struct number *v, uint64_t *out)
{
    if (v->none || v->decimals != 0 || v->digits == 0 || v->digits > OG_BRAUN_WORDS_MAX)
        return false;
    *out = (uint64_t)v->digits;
    return true;
}

/* Where the times begin; SIZE_MAX when the count fits nothing. */
static size_t find_sizes(const struct text *t, const struct number *v, struct og_braun *out)
{
    uint64_t n = 0, m = 0;
    bool sizes = t->words >= 2 && is_size(&v[0], &n) && is_size(&v[1], &m);
    bool one_line = t->lines == 1 || t->first_words == 1;
    size_t least = one_line ? 2 : t->first_words, most = one_line ? 3 : t->first_words;
    for (size_t head = least; sizes && head <= most && head <= HEADER_MAX && head <= t->words;
         head++)
        if (n * m == t->words - head) {
            out->n = (size_t)n;
            out->m = (size_t)m;
            return head;
        }
    /* two or three whole numbers are a header whose file is cut short */
    if (t->lines > 1 && t->each > (sizes ? 3 : 1)) {
        out->n = t->lines;
        out->m = t->each;
        return 0;
    }
    if (t->words == 512 * 16) {
        out->n = 512;
        out->m = 16;
        return 0;
    }
    return SIZE_MAX;
}

/* v in units of 10^-decimals, rounded where it has more; false: beyond int64. */
static bool scale(const struct number *v, int decimals, int64_t *out)
{
    og_u128 x = v->digits;
    int shift = decimals - v->decimals;
    unsigned dropped = 0;
    for (; shift < 0 && x > 0; shift++) {
        dropped = (unsigned)(x % 10);
        x /= 10;
    }
    if (shift < 0)
        dropped = 0;
    x += dropped >= 5;
    for (; shift > 0 && x > 0; shift--) {
        if (x > (og_u128)OG_MAKESPAN_P_MAX)
            return false;
        x *= 10;
    }
    *out = (int64_t)x;
    return x <= (og_u128)OG_MAKESPAN_P_MAX;
}

/* All times with this many decimals; false when they do not fit. */
static bool fill(const struct number *v, int decimals, struct og_braun *out)
{
    og_u128 sum = 0;
    for (size_t i = 0; i < out->n; i++) {
        int64_t most = 0;
        for (size_t j = 0; j < out->m; j++) {
            const struct number *from = &v[i * out->m + j];
            int64_t *to = &out->p[i * out->m + j];
            *to = OG_COST_NONE;
            if (from->none)
                continue;
            if (!scale(from, decimals, to))
                return false;
            most = *to > most ? *to : most;
        }
        sum += (og_u128)most;
    }
    return sum < (og_u128)1 << 62;
}

static enum og_rc take(const struct number *v, struct og_braun *out, struct og_err *err)
{
    int want = 0;
    for (size_t i = 0; i < out->n; i++) {
        bool any = false;
        for (size_t j = 0; j < out->m; j++) {
            const struct number *x = &v[i * out->m + j];
            any = any || !x->none;
            want = x->decimals > want ? x->decimals : want;
        }
        if (!any)
            return og_err_set(err, OG_E_DATA, "no machine takes task %zu", i);
    }
    out->p = og_xmalloc(out->n * out->m * sizeof *out->p);
    int decimals = want > OG_BRAUN_DECIMALS_MAX ? OG_BRAUN_DECIMALS_MAX : want;
    while (decimals >= 0 && !fill(v, decimals, out))
        decimals--;
    if (decimals < 0)
        return og_err_set(err, OG_E_DATA, "the times are too great: their sum passes 2^62");
    out->decimals = (unsigned)decimals;
    out->rounded = decimals < want;
    return OG_OK;
}

enum og_rc og_braun_parse(const char *s, size_t len, struct og_braun *out, struct og_err *err)
{
    struct text t = {.s = s, .len = len};
    *out = (struct og_braun){0};
    if (len > OG_BRAUN_BYTES_MAX)
        return og_err_set(err, OG_E_DATA, "longer than %zu bytes", OG_BRAUN_BYTES_MAX);
    survey(&t);
    if (t.words == 0)
        return og_err_set(err, OG_E_DATA, "holds no numbers");
    if (t.words > OG_BRAUN_WORDS_MAX)
        return og_err_set(err, OG_E_DATA, "%zu numbers are more than %zu", t.words,
                          OG_BRAUN_WORDS_MAX);
    struct number *v = og_xmalloc(t.words * sizeof *v);
    enum og_rc rc = parse_words(&t, v, err);
    size_t first = rc == OG_OK ? find_sizes(&t, v, out) : 0;
    if (rc == OG_OK && first == SIZE_MAX)
        rc = og_err_set(err, OG_E_DATA,
                        "%zu numbers are not 'tasks machines' and tasks x machines times", t.words);
    if (rc == OG_OK && out->m > OG_MAKESPAN_MACHS_MAX)
        rc = og_err_set(err, OG_E_DATA, "%zu machines are too many", out->m);
    if (rc == OG_OK)
        rc = take(v + first, out, err);
    free(v);
    if (rc != OG_OK)
        og_braun_release(out);
    return rc;
}

void og_braun_release(struct og_braun *b)
{
    free(b->p);
    *b = (struct og_braun){0};
}

void og_braun_format(int64_t v, unsigned decimals, struct og_buf *out)
{
    uint64_t unit = 1;
    for (unsigned k = 0; k < decimals; k++)
        unit *= 10;
    og_buf_addu(out, (uint64_t)v / unit);
    if (decimals > 0)
        og_buf_addf(out, ".%0*" PRIu64, (int)decimals, (uint64_t)v % unit);
}
