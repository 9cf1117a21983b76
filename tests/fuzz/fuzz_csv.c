/* fuzz_csv.c - tables: rows are bounded, read the same when written again, and can be learned from.
 */
#include "base/base_buf.h"
#include "guard/guard_csv.h"
#include "guard/guard_schema.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void write_again(const struct og_csv *c, struct og_buf *out)
{
    for (size_t i = 0; i < c->n; i++) {
        og_buf_adds(out, i ? ",\"" : "\"");
        for (const char *p = c->field[i]; *p; p++) {
            if (*p == '"')
                og_buf_addc(out, '"');
            og_buf_addc(out, *p);
        }
        og_buf_addc(out, '"');
    }
    og_buf_addc(out, '\n');
}

static void rows(const char *text, size_t len)
{
    struct og_csv c, again;
    struct og_err err = {0};
    struct og_buf b = OG_BUF_INIT;
    bool more = true;
    og_csv_open(&c, text, len, "t");
    while (og_csv_next(&c, &more, &err) == OG_OK && more) {
        check(c.n > 0 && c.n <= OG_CSV_FIELDS_MAX);
        og_buf_reset(&b);
        write_again(&c, &b);
        og_csv_open(&again, b.p, b.len, "t");
        check(og_csv_next(&again, &more, &err) == OG_OK && more && again.n == c.n);
        for (size_t i = 0; i < c.n; i++)
            check(strcmp(again.field[i], c.field[i]) == 0);
        og_csv_release(&again);
    }
    og_csv_release(&c);
    og_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct og_schema_opts o = {.label = size % 2 ? "label" : NULL};
    struct og_schema s;
    struct og_frame f;
    struct og_buf left_out = OG_BUF_INIT;
    struct og_err err = {0};
    rows((const char *)data, size);
    if (og_schema_learn((const char *)data, size, "t", &o, &s, &f, &left_out, &err) == OG_OK) {
        check(s.n > 0 && f.n > 0 && f.width == s.width);
        og_schema_fit(&s, &f);
        float *z = malloc(s.width * sizeof *z);
        for (size_t i = 0; i < f.n; i++) {
            og_schema_scale(&s, f.x + i * f.width, z);
            for (size_t j = 0; j < s.width; j++)
                check(z[j] >= -OG_SCHEMA_Z_MAX && z[j] <= OG_SCHEMA_Z_MAX);
        }
        free(z);
        og_frame_release(&f);
        og_schema_release(&s);
    } else {
        check(err.msg[0] != '\0' && s.col == NULL && f.x == NULL);
    }
    og_buf_release(&left_out);
    return 0;
}
