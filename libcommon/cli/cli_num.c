/* cli_num.c - numbers with units as people write them, checked to the last byte. */
#include "cli/cli_opts.h"

#include "base/base_num.h"

#include <string.h>

/* A decimal number whole + frac / 10^digits. */
struct decimal {
    uint64_t whole;
    uint64_t frac;
    unsigned digits;
};

static uint64_t pow10_u64(unsigned n)
{
    uint64_t v = 1;
    while (n--)
        v *= 10;
    return v;
}

/* Reads digits, with at most 18 more behind a point; false when there is none or it is too long. */
static bool take_decimal(const char **s, struct decimal *d)
{
    const char *p = *s;
    *d = (struct decimal){0};
    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++)
        if (!og_mul_u64(d->whole, 10, &d->whole) ||
            !og_add_u64(d->whole, (uint64_t)(*p - '0'), &d->whole))
            return false;
    if (*p == '.') {
        p++;
        if (*p < '0' || *p > '9')
            return false;
        for (; *p >= '0' && *p <= '9'; p++) {
            if (++d->digits > 18)
                return false;
            d->frac = d->frac * 10 + (uint64_t)(*p - '0');
        }
    }
    *s = p;
    return true;
}

/* The number times mult, when that is whole and fits. */
static bool scale(const struct decimal *d, uint64_t mult, uint64_t *out)
{
    *out = 0;
    og_u128 part = (og_u128)d->frac * mult;
    uint64_t unit = pow10_u64(d->digits);
    if (part % unit != 0)
        return false;
    uint64_t whole;
    return og_mul_u64(d->whole, mult, &whole) && og_add_u64(whole, (uint64_t)(part / unit), out);
}

struct unit {
    const char *name;
    uint64_t mult;
};

static const struct unit *find_unit(const struct unit *u, const char *name, size_t n)
{
    for (; u->name; u++)
        if (strlen(u->name) == n && memcmp(u->name, name, n) == 0)
            return u;
    return NULL;
}

/* One number and one unit that ends the text. */
static bool one_number(const char *s, const struct unit *units, uint64_t *out)
{
    struct decimal d;
    *out = 0;
    if (!take_decimal(&s, &d))
        return false;
    const struct unit *u = find_unit(units, s, strlen(s));
    if (u && scale(&d, u->mult, out))
        return true;
    *out = 0;
    return false;
}

enum og_rc og_cli_bytes(const char *s, uint64_t *out, struct og_err *err)
{
    static const struct unit units[] = {
        {"", 1},
        {"B", 1},
        {"k", 1u << 10},
        {"K", 1u << 10},
        {"M", 1u << 20},
        {"G", 1u << 30},
        {"T", 1ull << 40},
        {"P", 1ull << 50},
        {"KiB", 1u << 10},
        {"MiB", 1u << 20},
        {"GiB", 1u << 30},
        {"TiB", 1ull << 40},
        {"PiB", 1ull << 50},
        {"kB", 1000},
        {"KB", 1000},
        {"MB", 1000000},
        {"GB", 1000000000},
        {"TB", 1000000000000},
        {"PB", 1000000000000000},
        {NULL, 0},
    };
    if (one_number(s, units, out))
        return OG_OK;
    return og_err_set(err, OG_E_USAGE, "'%.64s' is not a size such as 4096, 512k or 8GiB", s);
}

enum og_rc og_cli_duration_ms(const char *s, uint64_t *out, struct og_err *err)
{
    static const struct unit units[] = {
        {"ms", 1},      {"s", 1000},     {"m", 60000},     {"min", 60000},
        {"h", 3600000}, {"d", 86400000}, {"w", 604800000}, {NULL, 0},
    };
    static const struct unit bare[] = {{"", 1000}, {NULL, 0}};
    if (one_number(s, bare, out))
        return OG_OK;
    /* 1h30m: each unit smaller than the one before */
    uint64_t total = 0;
    uint64_t last = UINT64_MAX;
    const char *p = s;
    bool good = *p != '\0';
    while (good && *p) {
        struct decimal d;
        uint64_t v;
        if (!take_decimal(&p, &d)) {
            good = false;
            break;
        }
        size_t n = strspn(p, "dhimnsw");
        const struct unit *u = find_unit(units, p, n);
        good = u && u->mult < last && scale(&d, u->mult, &v) && og_add_u64(total, v, &total);
        last = u ? u->mult : 0;
        p += n;
    }
    if (!good) {
        *out = 0;
        return og_err_set(err, OG_E_USAGE, "'%.64s' is not a duration such as 250ms, 5s, 10m or 2h",
                          s);
    }
    *out = total;
    return OG_OK;
}

enum og_rc og_cli_ppm(const char *s, uint64_t *out, struct og_err *err)
{
    static const struct unit units[] = {{"", OG_PPM}, {"%", OG_PPM / 100}, {"ppm", 1}, {NULL, 0}};
    if (one_number(s, units, out))
        return OG_OK;
    return og_err_set(err, OG_E_USAGE,
                      "'%.64s' is not a ratio such as 0.25 or 25%% with at most 6 decimals", s);
}

enum og_rc og_cli_amount(const char *s, uint64_t *out, struct og_err *err)
{
    static const struct unit units[] = {
        {"", 1000000000}, {"OGPU", 1000000000}, {"gr", 1}, {NULL, 0}};
    if (one_number(s, units, out))
        return OG_OK;
    return og_err_set(err, OG_E_USAGE,
                      "'%.64s' is not an amount such as 1.5 (OGPU, at most 9 decimals) or 1500gr",
                      s);
}
