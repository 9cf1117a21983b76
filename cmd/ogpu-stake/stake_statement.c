/* stake_statement.c - --statement: every movement of an account, and the balance they add up to. */
#include "stake.h"

#include "base/base_num.h"
#include "base/base_time.h"
#include "cli/cli_table.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 512

struct statement {
    struct stake *s;
    struct og_addr addr;
    uint64_t from, to; /* Unix ms */
    int64_t balance;   /* running */
    uint64_t opening, lines;
    struct og_table *table;
};

static uint64_t days_before(uint64_t y, uint64_t m, uint64_t d)
{
    /* days from 1970-01-01 in the proleptic Gregorian calendar, March first */
    y -= m <= 2;
    uint64_t era = y / 400;
    uint64_t yoe = y - era * 400;
    uint64_t doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    uint64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

/* "2026-11-22" (end: its last millisecond) or Unix milliseconds. */
static enum og_rc parse_time(const char *text, bool end, uint64_t *out, struct og_err *err)
{
    static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t y;
    uint64_t m;
    uint64_t d;
    if (og_parse_u64(text, INT64_MAX, out))
        return OG_OK;
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || strspn(text, "0123456789-") != 10)
        return og_err_set(err, OG_E_USAGE, "'%.40s' is neither YYYY-MM-DD nor Unix milliseconds",
                          text);
    y = (uint64_t)strtoul(text, NULL, 10);
    m = (uint64_t)strtoul(text + 5, NULL, 10);
    d = (uint64_t)strtoul(text + 8, NULL, 10);
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (y < 1970 || m < 1 || m > 12 || d < 1 || d > days[m - 1] || (m == 2 && d == 29 && !leap))
        return og_err_set(err, OG_E_USAGE, "there is no day '%s'", text);
    *out = days_before(y, m, d) * 86400000 + (end ? 86399999 : 0);
    return OG_OK;
}

static json_t *signed_dec(int64_t v)
{
    return json_sprintf("%" PRId64, v);
}

static void fmt_signed(int64_t v, char *out, size_t cap)
{
    char abs[64];
    og_fmt_amount(v < 0 ? 0 - (uint64_t)v : (uint64_t)v, abs, sizeof abs);
    snprintf(out, cap, "%s%s", v < 0 ? "-" : "", abs);
}

static void add_row(struct statement *st, const struct og_move *m, const char *other)
{
    char when[25];
    char money[2][72];
    og_time_format(m->time_ms, when);
    fmt_signed(m->delta, money[0], sizeof money[0]);
    fmt_signed(st->balance, money[1], sizeof money[1]);
    og_table_cell(st->table, when);
    og_table_cellf(st->table, "%" PRIu64, m->height);
    og_table_cell(st->table, m->why);
    og_table_cellf(st->table, "%" PRIu64, m->ref);
    og_table_cell(st->table, money[0]);
    og_table_cell(st->table, money[1]);
    og_table_cell(st->table, other);
}

static enum og_rc print_move(struct statement *st, const struct og_move *m, struct og_err *err)
{
    static const struct og_addr none;
    char other[OG_ADDR_TEXT] = "";
    if (!og_addr_eq(&m->other, &none))
        og_addr_format(&m->other, other);
    if (st->table) {
        add_row(st, m, other);
        return OG_OK;
    }
    json_t *rec = json_pack(
        "{s:o, s:o, s:I, s:s, s:s, s:I, s:I, s:i, s:s}", "balance", signed_dec(st->balance),
        "delta", signed_dec(m->delta), "height", (json_int_t)m->height, "kind", "move", "other",
        other, "ref", (json_int_t)m->ref, "time_ms", (json_int_t)m->time_ms, "v", 1, "why", m->why);
    enum og_rc rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

static enum og_rc take_move(struct statement *st, const struct og_move *m, struct og_err *err)
{
    if (m->time_ms > st->to)
        return OG_OK;
    st->balance += m->delta;
    if (m->time_ms < st->from) {
        st->opening = (uint64_t)st->balance;
        return OG_OK;
    }
    st->lines++;
    return print_move(st, m, err);
}

/* The lines, then what they come to; at the end of time that is the account's balance. */
static enum og_rc print_balance(struct statement *st, struct og_err *err)
{
    struct og_account a = {.addr = st->addr};
    char addr[OG_ADDR_TEXT];
    bool found;
    OG_TRY(og_row_get(st->s->store, OG_F_ACCOUNT, &a, &found, err));
    og_addr_format(&st->addr, addr);
    if (st->table) {
        char text[72];
        og_table_print(st->table, og_table_width(stdout), stdout);
        fmt_signed(st->balance, text, sizeof text);
        printf("balance of %s: %s OGPU\n", addr, text);
        return OG_OK;
    }
    json_t *rec =
        json_pack("{s:s, s:o, s:s, s:I, s:o, s:o, s:i}", "account", addr, "balance",
                  signed_dec(st->balance), "kind", "balance", "lines", (json_int_t)st->lines, "now",
                  og_json_new_dec(a.balance), "opening", og_json_new_dec(st->opening), "v", 1);
    enum og_rc rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

static enum og_rc print_lines(struct statement *st, struct og_err *err)
{
    struct og_move *m = calloc(PAGE, sizeof *m);
    uint64_t after = 0;
    size_t n = 0;
    enum og_rc rc = m ? OG_OK : og_err_set(err, OG_E_INTERNAL, "out of memory");
    do {
        if (rc == OG_OK)
            rc = og_move_page(st->s->store, &st->addr, after, m, PAGE, &n, err);
        for (size_t i = 0; rc == OG_OK && i < n; i++)
            rc = take_move(st, &m[i], err);
        if (rc == OG_OK && n)
            after = m[n - 1].id;
    } while (rc == OG_OK && n == PAGE);
    free(m);
    return rc == OG_OK ? print_balance(st, err) : rc;
}

enum og_rc stake_statement(const struct stake_options *o, int argc, char **argv, struct og_err *err)
{
    static const char *const head[] = {"TIME", "BLOCK", "WHY", "REF", "OGPU", "BALANCE", "OTHER"};
    struct stake s;
    struct statement st = {.s = &s, .to = INT64_MAX};
    if (argc > 0)
        OG_TRY(parse_time(argv[0], false, &st.from, err));
    if (argc > 1)
        OG_TRY(parse_time(argv[1], true, &st.to, err));
    if (o->common.human)
        st.table = og_table_new(7);
    for (size_t i = 0; st.table && i < 7; i++)
        og_table_head(st.table, i, head[i], i == 1 || (i >= 3 && i <= 5));
    enum og_rc rc = stake_open(o, false, &s, err);
    if (rc == OG_OK)
        rc = stake_addr(&s, o->account ? o->account : o->key, &st.addr, err);
    if (rc == OG_OK)
        rc = print_lines(&st, err);
    stake_close(&s);
    og_table_free(st.table);
    return rc;
}
