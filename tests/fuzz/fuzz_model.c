/* fuzz_model.c - model files and model bodies: what is accepted is written back the same and scores
 * any row; rows as JSON lines. */
#include "guard/guard_jsonrow.h"
#include "guard/guard_model.h"
#include "guard/guard_seal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void use(const struct og_model *m, const uint8_t *data, size_t size)
{
    float *x = calloc(m->schema.width, sizeof *x), *z = calloc(m->schema.width, sizeof *z);
    double *share = calloc(m->schema.n, sizeof *share);
    struct og_verdict v;
    struct og_err err = {0};
    bool row;
    for (size_t c = 0; c < m->schema.n; c++)
        og_schema_put(&m->schema, c, size % (c + 2) == 0 ? NAN : (double)size, x);
    og_model_score(m, x, z, &v);
    check(v.p >= 0 && v.p <= 1);
    og_model_explain(m, x, z, &v, share);
    size_t n = size < 64 ? size : 64;
    if (og_jsonrow_read(&m->schema, (const char *)data + size - n, n, x, &row, &err) == OG_OK &&
        row)
        og_model_score(m, x, z, &v);
    free(x);
    free(z);
    free(share);
}

static void model(const uint8_t *data, size_t size)
{
    struct og_model m, again;
    struct og_err err = {0};
    struct og_buf b = OG_BUF_INIT, twice = OG_BUF_INIT;
    if (og_model_decode(data, size, &m, &err) != OG_OK) {
        check(m.schema.col == NULL && err.msg[0] != '\0');
        return;
    }
    og_model_encode(&m, &b);
    check(og_model_decode(b.p, b.len, &again, &err) == OG_OK);
    og_model_encode(&again, &twice);
    check(twice.len == b.len && memcmp(twice.p, b.p, b.len) == 0);
    use(&m, data, size);
    og_model_release(&m);
    og_model_release(&again);
    og_buf_release(&b);
    og_buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_sealed s;
    struct og_err err = {0};
    if (size == 0)
        return 0;
    model(data, size);
    if (og_seal_open(data, size, &s, &err) == OG_OK)
        model(s.body, s.n);
    og_pub_free(s.signer);
    return 0;
}
