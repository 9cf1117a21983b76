/* guard_learn.c - the columns of a table learned from its rows (og_schema_learn). */
#include "guard/guard_csv.h"
#include "guard/guard_schema.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_VALUES_MAX 1024  /* of a column that nobody called categorical */
#define VALUES_MAX      65536 /* that are counted */
#define CELLS_MAX       ((size_t)1 << 28)

struct value {
    char *s;
    size_t rows;
};

struct column {
    char *name;
    bool used, named; /* named: --categorical */
    bool text;        /* holds other than numbers */
    struct value *v;  /* sorted; of columns that are or may become categorical */
    size_t n, cap;
};

struct learner {
    const struct og_schema_opts *o;
    const char *text, *name;
    size_t len;
    struct column *col;
    size_t n, rows;
    size_t label, owner;  /* SIZE_MAX: none */
    struct column owners; /* rows of each value */
    bool *exclude;
};

static bool listed(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static enum og_rc check_names(const struct learner *l, const char *const *list, size_t n,
                              struct og_err *err)
{
    for (size_t i = 0; i < n; i++) {
        size_t c = 0;
        while (c < l->n && strcmp(l->col[c].name, list[i]) != 0)
            c++;
        if (c == l->n)
            return og_err_set(err, OG_E_USAGE, "%s: no column '%.64s'", l->name, list[i]);
    }
    return OG_OK;
}

static enum og_rc take_header(struct learner *l, const struct og_csv *c, struct og_err *err)
{
    l->n = c->n;
    l->col = og_xcalloc(c->n, sizeof *l->col);
    for (size_t i = 0; i < c->n; i++) {
        struct og_buf b = OG_BUF_INIT;
        if (l->o->no_header)
            og_buf_addu(&b, i + 1);
        else
            og_buf_adds(&b, c->field[i]);
        size_t len = b.len;
        l->col[i].name = og_buf_detach(&b);
        if (len == 0 || len > OG_SCHEMA_NAME_MAX)
            return og_err_set(err, OG_E_DATA, "%s:%lu: the name of column %zu has %zu bytes",
                              l->name, c->line, i + 1, len);
        for (size_t k = 0; k < i; k++)
            if (strcmp(l->col[k].name, l->col[i].name) == 0)
                return og_err_set(err, OG_E_DATA, "%s:%lu: two columns are called '%.64s'", l->name,
                                  c->line, l->col[i].name);
    }
    OG_TRY(check_names(l, l->o->categorical, l->o->n_categorical, err));
    OG_TRY(check_names(l, l->o->ignore, l->o->n_ignore, err));
    OG_TRY(check_names(l, l->o->exclude, l->o->n_exclude, err));
    if (l->o->label)
        OG_TRY(check_names(l, &l->o->label, 1, err));
    if (l->o->owner)
        OG_TRY(check_names(l, &l->o->owner, 1, err));
    l->label = l->owner = SIZE_MAX;
    l->owners.named = true;
    l->exclude = og_xcalloc(l->n, sizeof *l->exclude);
    for (size_t i = 0; i < l->n; i++) {
        struct column *k = &l->col[i];
        if (l->o->label && strcmp(k->name, l->o->label) == 0)
            l->label = i;
        if (l->o->owner && strcmp(k->name, l->o->owner) == 0)
            l->owner = i;
        l->exclude[i] = listed(l->o->exclude, l->o->n_exclude, k->name);
        k->used = i != l->label && i != l->owner && !l->exclude[i] &&
                  !listed(l->o->ignore, l->o->n_ignore, k->name);
        k->named = listed(l->o->categorical, l->o->n_categorical, k->name);
    }
    return OG_OK;
}

static void count_value(struct column *k, const char *s)
{
    size_t lo = 0, hi = k->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int d = strcmp(s, k->v[mid].s);
        if (d == 0) {
            k->v[mid].rows++;
            return;
        }
        if (d < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    if (k->n == (k->named ? VALUES_MAX : TEXT_VALUES_MAX + 1))
        return;
    k->v = og_xgrow(k->v, &k->cap, k->n + 1, sizeof *k->v);
    memmove(k->v + lo + 1, k->v + lo, (k->n - lo) * sizeof *k->v);
    k->v[lo] = (struct value){og_xstrndup(s, OG_SCHEMA_NAME_MAX), 1};
    k->n++;
}

/* First pass: which columns hold text, and the values of all that may be categorical. */
static void look_at_row(struct learner *l, const struct og_csv *c)
{
    double v;
    for (size_t i = 0; i < l->n; i++) {
        struct column *k = &l->col[i];
        if (!k->used)
            continue;
        k->text = k->text || !og_csv_number(c->field[i], &v);
        if (k->text || k->named)
            count_value(k, c->field[i]);
    }
}

/* A row that --exclude leaves out. */
static bool excluded(const struct learner *l, const struct og_csv *c)
{
    double v;
    for (size_t i = 0; i < l->n; i++)
        if (l->exclude[i] && c->field[i][0] &&
            !(og_csv_number(c->field[i], &v) && !(v < 0 || v > 0)))
            return true;
    return false;
}

typedef enum og_rc row_fn(struct learner *l, const struct og_csv *c, void *ctx, struct og_err *err);

static enum og_rc each_row(struct learner *l, row_fn *fn, void *ctx, struct og_err *err)
{
    struct og_csv c;
    bool more;
    bool header = !l->o->no_header;
    og_csv_open(&c, l->text, l->len, l->name);
    enum og_rc rc = OG_OK;
    while (rc == OG_OK) {
        rc = og_csv_next(&c, &more, err);
        if (rc != OG_OK || !more)
            break;
        if (!l->col)
            rc = take_header(l, &c, err);
        if (rc == OG_OK && c.n != l->n)
            rc = og_err_set(err, OG_E_DATA, "%s:%lu: %zu fields, not %zu", l->name, c.line, c.n,
                            l->n);
        if (rc == OG_OK && !header && !excluded(l, &c))
            rc = fn(l, &c, ctx, err);
        header = false;
    }
    og_csv_release(&c);
    return rc;
}

static enum og_rc first_pass(struct learner *l, const struct og_csv *c, void *ctx,
                             struct og_err *err)
{
    (void)ctx, (void)err;
    look_at_row(l, c);
    if (l->owner != SIZE_MAX)
        count_value(&l->owners, c->field[l->owner]);
    l->rows++;
    return OG_OK;
}

/* A column that turned out to be text after numbers: its earlier values were not counted. */
static enum og_rc recount(struct learner *l, const struct og_csv *c, void *ctx, struct og_err *err)
{
    (void)ctx, (void)err;
    for (size_t i = 0; i < l->n; i++)
        if (l->col[i].used && l->col[i].text && !l->col[i].named)
            count_value(&l->col[i], c->field[i]);
    return OG_OK;
}

static void forget_values(struct column *k)
{
    for (size_t i = 0; i < k->n; i++)
        free(k->v[i].s);
    k->n = 0;
}

static int by_rows(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    return x->rows != y->rows ? (x->rows < y->rows) - (x->rows > y->rows) : strcmp(x->s, y->s);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct value *)a)->s, ((const struct value *)b)->s);
}

static void keep_levels(struct column *k, struct og_schema_col *out)
{
    qsort(k->v, k->n, sizeof *k->v, by_rows);
    size_t n = k->n < OG_SCHEMA_LEVELS_MAX ? k->n : OG_SCHEMA_LEVELS_MAX;
    qsort(k->v, n, sizeof *k->v, by_name);
    out->level = og_xcalloc(n, sizeof *out->level);
    out->n_levels = (uint32_t)n;
    for (size_t i = 0; i < n; i++)
        out->level[i] = og_xstrdup(k->v[i].s);
}

static enum og_rc make_schema(struct learner *l, struct og_schema *s, struct og_buf *left_out,
                              struct og_err *err)
{
    s->col = og_xcalloc(l->n, sizeof *s->col);
    for (size_t i = 0; i < l->n; i++) {
        struct column *k = &l->col[i];
        if (k->used && k->text && !k->named && k->n > TEXT_VALUES_MAX) {
            k->used = false;
            og_buf_addf(left_out, " %s", k->name);
        }
        if (!k->used)
            continue;
        struct og_schema_col *out = &s->col[s->n++];
        *out = (struct og_schema_col){.name = og_xstrdup(k->name), .at = (uint32_t)s->width};
        out->categorical = k->text || k->named;
        if (out->categorical)
            keep_levels(k, out);
        s->width += out->categorical ? out->n_levels + 1 : 1;
        if (s->width > OG_SCHEMA_WIDTH_MAX)
            return og_err_set(err, OG_E_DATA, "%s: more than %d features", l->name,
                              OG_SCHEMA_WIDTH_MAX);
    }
    if (s->n == 0)
        return og_err_set(err, OG_E_DATA, "%s: no column to learn from", l->name);
    if (l->rows > CELLS_MAX / s->width)
        return og_err_set(err, OG_E_DATA, "%s: %zu rows of %zu features are too much", l->name,
                          l->rows, s->width);
    return OG_OK;
}

static bool is_normal(const struct learner *l, const char *s)
{
    static const char *const usual[] = {"0", "normal", "benign", "false", "ok"};
    double a, b;
    if (l->o->normal)
        return strcmp(s, l->o->normal) == 0 ||
               (og_csv_number(s, &a) && og_csv_number(l->o->normal, &b) && a == b);
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (strcasecmp(s, usual[i]) == 0)
            return true;
    return og_csv_number(s, &a) && a == 0;
}

struct filling {
    const struct og_schema *s;
    struct og_frame *f;
    const char **field;
    size_t at, normals, row;
};

/* Of an owner's rows a random part no larger than its share stays. */
static bool stays(const struct learner *l, const struct og_csv *c, size_t row)
{
    struct value key, *v;
    if (l->owner == SIZE_MAX)
        return true;
    key.s = og_xstrndup(c->field[l->owner], OG_SCHEMA_NAME_MAX);
    v = bsearch(&key, l->owners.v, l->owners.n, sizeof *v, by_name);
    free(key.s);
    double cap = l->o->max_share * (double)l->rows;
    if (!v) /* one of the owners beyond those that are counted: few rows each */
        return true;
    return (double)(og_splitmix64(l->o->seed ^ og_splitmix64(row)) % v->rows) < cap;
}

static enum og_rc fill_row(struct learner *l, const struct og_csv *c, void *ctx, struct og_err *err)
{
    struct filling *to = ctx;
    size_t bad;
    (void)err;
    if (!stays(l, c, to->row++))
        return OG_OK;
    for (size_t i = 0, k = 0; i < l->n; i++)
        if (l->col[i].used)
            to->field[k++] = c->field[i];
    og_schema_encode(to->s, to->field, to->f->x + to->at * to->f->width, &bad);
    bool normal = l->label == SIZE_MAX || is_normal(l, c->field[l->label]);
    to->f->y[to->at++] = !normal;
    to->normals += normal;
    return OG_OK;
}

static enum og_rc learn(struct learner *l, struct og_schema *s, struct og_frame *f,
                        struct og_buf *left_out, struct og_err *err)
{
    OG_TRY(each_row(l, first_pass, NULL, err));
    if (l->rows == 0)
        return og_err_set(err, OG_E_DATA, "%s: no rows", l->name);
    bool again = false;
    for (size_t i = 0; i < l->n; i++)
        if (l->col[i].used && l->col[i].text && !l->col[i].named) {
            forget_values(&l->col[i]);
            again = true;
        }
    if (again)
        OG_TRY(each_row(l, recount, NULL, err));
    OG_TRY(make_schema(l, s, left_out, err));
    f->n = l->rows;
    f->width = s->width;
    f->x = og_xcalloc(f->n * f->width, sizeof *f->x);
    f->y = og_xcalloc(f->n, 1);
    struct filling to = {.s = s, .f = f, .field = og_xcalloc(s->n, sizeof *to.field)};
    enum og_rc rc = each_row(l, fill_row, &to, err);
    free(to.field);
    f->n = to.at;
    if (rc == OG_OK && f->n == 0)
        return og_err_set(err, OG_E_DATA, "%s: no rows", l->name);
    if (rc == OG_OK && to.normals == 0)
        return og_err_set(err, OG_E_DATA, "%s: no row is normal: say --normal VALUE of column '%s'",
                          l->name, l->o->label);
    return rc;
}

static void release(struct learner *l)
{
    for (size_t i = 0; l->col && i < l->n; i++) {
        forget_values(&l->col[i]);
        free(l->col[i].v);
        free(l->col[i].name);
    }
    forget_values(&l->owners);
    free(l->owners.v);
    free(l->exclude);
    free(l->col);
}

enum og_rc og_schema_learn(const char *text, size_t len, const char *name,
                           const struct og_schema_opts *o, struct og_schema *s, struct og_frame *f,
                           struct og_buf *left_out, struct og_err *err)
{
    struct learner l = {.o = o, .text = text, .len = len, .name = name};
    *s = (struct og_schema){0};
    *f = (struct og_frame){0};
    enum og_rc rc = learn(&l, s, f, left_out, err);
    release(&l);
    if (rc != OG_OK) {
        og_schema_release(s);
        og_frame_release(f);
    }
    return rc;
}

struct reading {
    const struct og_schema *s;
    struct og_frame *f;
    size_t *map, cap, cap_y;
    const char **field;
};

static enum og_rc read_row(struct learner *l, const struct og_csv *c, void *ctx, struct og_err *err)
{
    struct reading *to = ctx;
    size_t bad, at = to->f->n;
    if (at >= CELLS_MAX / to->f->width)
        return og_err_set(err, OG_E_DATA, "%s: too many rows", l->name);
    to->f->x = og_xgrow(to->f->x, &to->cap, (at + 1) * to->f->width, sizeof *to->f->x);
    to->f->y = og_xgrow(to->f->y, &to->cap_y, at + 1, 1);
    for (size_t k = 0; k < to->s->n; k++)
        to->field[k] = c->field[to->map[k]];
    og_schema_encode(to->s, to->field, to->f->x + at * to->f->width, &bad);
    to->f->y[at] = l->label != SIZE_MAX && !is_normal(l, c->field[l->label]);
    to->f->n++;
    return OG_OK;
}

/* The names of the header, before the first row. */
static enum og_rc map_names(struct learner *l, struct reading *to, struct og_err *err)
{
    const char **names = og_xcalloc(l->n, sizeof *names);
    for (size_t i = 0; i < l->n; i++)
        names[i] = l->col[i].name;
    enum og_rc rc = og_schema_map(to->s, names, l->n, to->map, err);
    free(names);
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "%s", l->name);
}

static enum og_rc no_row(struct learner *l, const struct og_csv *c, void *ctx, struct og_err *err)
{
    (void)l, (void)c, (void)ctx, (void)err;
    return OG_OK;
}

enum og_rc og_schema_read(const char *text, size_t len, const char *name,
                          const struct og_schema_opts *o, const struct og_schema *s,
                          struct og_frame *f, struct og_err *err)
{
    const struct og_schema_opts plain = {
        .label = o->label, .normal = o->normal, .no_header = o->no_header};
    struct learner l = {.o = &plain, .text = text, .len = len, .name = name};
    *f = (struct og_frame){.width = s->width};
    struct reading to = {.s = s,
                         .f = f,
                         .map = og_xcalloc(s->n, sizeof *to.map),
                         .field = og_xcalloc(s->n, sizeof *to.field)};
    enum og_rc rc = each_row(&l, no_row, NULL, err);
    if (rc == OG_OK && l.n > 0)
        rc = map_names(&l, &to, err);
    if (rc == OG_OK)
        rc = each_row(&l, read_row, &to, err);
    if (rc == OG_OK && f->n == 0)
        rc = og_err_set(err, OG_E_DATA, "%s: no rows", name);
    release(&l);
    free(to.map);
    free(to.field);
    if (rc != OG_OK)
        og_frame_release(f);
    return rc;
}
