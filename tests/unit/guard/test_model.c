/* test_model.c - tables into models: columns, members, bytes, seals, JSON rows. */
#include "base/base_num.h"
#include "guard/guard_jsonrow.h"
#include "guard/guard_model.h"
#include "guard/guard_seal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 2600

static uint64_t state = 1;

static double unit(void)
{
    return (double)(og_splitmix64(state++) >> 11) * 0x1p-53;
}

static double normal(void)
{
    return sqrt(-2 * log(1 - unit())) * cos(6.283185307179586 * unit());
}

/* Two features that go together, a heavy tail, a name; every 20th row is odd: the two do not go
 * together, or the name is rare and a is large. */
static void write_table(struct og_buf *b, bool header)
{
    static const char *const names[] = {"tcp", "udp", "icmp"};
    if (header)
        og_buf_adds(b, "a,b,bytes,proto,id,label\n");
    for (unsigned i = 0; i < ROWS; i++) {
        bool odd = i % 20 == 7;
        double a = odd && i % 40 == 7 ? 15 + normal() : 3 * normal();
        double c = odd ? -a + 4 * (a < 0 ? -1 : 1) : a + 0.1 * normal();
        og_buf_addf(b, "%.5f,%.5f,%.0f,%s,u%u,%s\n", a, c, exp(4 * normal()),
                    names[odd && i % 40 == 7 ? 2 : i % 2], i, odd ? "attack" : "normal");
    }
}

static void fit(struct og_model *m, struct og_frame *f, const struct og_buf *text,
                const struct og_schema_opts *o)
{
    struct og_buf left_out = OG_BUF_INIT;
    struct og_err err;
    *m = (struct og_model){0};
    assert_int_equal(og_schema_learn(text->p, text->len, "t", o, &m->schema, f, &left_out, &err),
                     OG_OK);
    assert_true(o->n_ignore > 0 || strcmp(left_out.p, " id") == 0);
    og_buf_release(&left_out);
    og_schema_fit(&m->schema, f);
    og_model_fit(m, f, true, 1, 0.05f);
}

static void test_columns(void **ctx)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_model m;
    struct og_frame f;
    (void)ctx;
    write_table(&text, true);
    fit(&m, &f, &text, &(struct og_schema_opts){.label = "label"});
    assert_int_equal(m.schema.n, 4);
    assert_int_equal(m.schema.width, 3 + 4);
    assert_true(m.schema.col[2].log && !m.schema.col[0].log);
    assert_true(m.schema.col[3].categorical && m.schema.col[3].n_levels == 3);
    assert_string_equal(m.schema.col[3].level[0], "icmp");
    size_t odd = 0, bad;
    for (size_t i = 0; i < f.n; i++)
        odd += f.y[i];
    assert_int_equal(odd, ROWS / 20);
    float x[7], z[7];
    og_schema_encode(&m.schema, (const char *const[]){"1", "", "x", "gre"}, x, &bad);
    assert_int_equal(bad, 2);
    assert_true(x[0] == 1 && isnan(x[1]) && isnan(x[2]) && x[3] == 0 && x[4] == 0 && x[5] == 0 &&
                x[6] == 1);
    og_schema_scale(&m.schema, x, z);
    assert_true(z[1] == 0 && fabsf(z[6]) <= OG_SCHEMA_Z_MAX);
    og_frame_release(&f);
    og_model_release(&m);
    og_buf_release(&text);
}

/* AUC of the score over the table's own rows. */
static double auc(const struct og_model *m, const struct og_frame *f, enum og_member k)
{
    float *s = malloc(f->n * sizeof *s), z[64];
    double above = 0, pairs = 0;
    for (size_t i = 0; i < f->n; i++) {
        struct og_verdict v;
        og_model_score(m, f->x + i * f->width, z, &v);
        assert_true(v.p > 0 && v.p <= 1 && isfinite(v.score) && v.alert == (v.p <= m->alpha));
        s[i] = k == OG_MEMBERS ? v.score : v.raw[k];
    }
    for (size_t i = 0; i < f->n; i++)
        for (size_t j = 0; f->y[i] && j < f->n; j++)
            if (!f->y[j]) {
                above += s[i] > s[j] ? 1 : s[i] == s[j] ? 0.5 : 0;
                pairs++;
            }
    free(s);
    return above / pairs;
}

static void test_members(void **ctx)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_model m;
    struct og_frame f;
    (void)ctx;
    write_table(&text, true);
    fit(&m, &f, &text, &(struct og_schema_opts){.label = "label"});
    assert_true(auc(&m, &f, OG_MEMBERS) > 0.9);
    assert_true(auc(&m, &f, OG_MEMBER_NEAR) > 0.85);
    assert_true(auc(&m, &f, OG_MEMBER_PCA) > 0.9);
    assert_true(auc(&m, &f, OG_MEMBER_IFOREST) > 0.6);
    assert_true(auc(&m, &f, OG_MEMBER_HST) > 0.55);
    assert_true(auc(&m, &f, OG_MEMBER_HIST) > 0.5);
    og_frame_release(&f);
    og_model_release(&m);
    og_buf_release(&text);
}

static void test_bytes(void **ctx)
{
    struct og_buf text = OG_BUF_INIT, b = OG_BUF_INIT, file = OG_BUF_INIT, twice = OG_BUF_INIT;
    struct og_model m, again;
    struct og_frame f;
    struct og_err err;
    struct og_sealed s;
    struct og_key *key;
    (void)ctx;
    write_table(&text, true);
    fit(&m, &f, &text, &(struct og_schema_opts){.label = "label"});
    og_model_encode(&m, &b);
    assert_int_equal(og_model_decode(b.p, b.len, &again, &err), OG_OK);
    og_model_encode(&again, &twice);
    assert_int_equal(twice.len, b.len);
    assert_memory_equal(twice.p, b.p, b.len);
    for (size_t i = 0; i < f.n; i += 7) {
        struct og_verdict v, w;
        float z[7];
        og_model_score(&m, f.x + i * f.width, z, &v);
        og_model_score(&again, f.x + i * f.width, z, &w);
        assert_true(v.score == w.score && v.p == w.p);
    }
    og_model_release(&again);
    for (size_t cut = 0; cut < b.len; cut += 1 + b.len / 300)
        assert_int_equal(og_model_decode(b.p, cut, &again, &err), OG_E_DATA);

    uint8_t seed[32] = {7};
    assert_int_equal(og_key_generate("ed25519", seed, &key, &err), OG_OK);
    assert_int_equal(og_seal_write(b.p, b.len, key, &file, &err), OG_OK);
    assert_int_equal(og_seal_open(file.p, file.len, &s, &err), OG_OK);
    struct og_addr mine = og_key_addr(key), signer = og_pub_addr(s.signer);
    assert_true(s.n == b.len && memcmp(s.body, b.p, b.len) == 0 && og_addr_eq(&mine, &signer));
    og_pub_free(s.signer);
    for (size_t i = 0; i < file.len; i += 1 + file.len / 200) {
        file.p[i] ^= 1; /* any byte changed: another hash, or a signature that is not good */
        assert_int_not_equal(og_seal_open(file.p, file.len, &s, &err), OG_OK);
        assert_null(s.signer);
        file.p[i] ^= 1;
    }
    assert_int_equal(og_seal_open(file.p, file.len - 1, &s, &err), OG_E_DATA);
    og_key_free(key);
    og_frame_release(&f);
    og_model_release(&m);
    og_buf_release(&text);
    og_buf_release(&b);
    og_buf_release(&twice);
    og_buf_release(&file);
}

static void row(const struct og_schema *s, const char *line, enum og_rc want, bool ours, float a,
                float b, int level)
{
    struct og_err err;
    float x[7];
    bool is_row;
    assert_int_equal(og_jsonrow_read(s, line, strlen(line), x, &is_row, &err), want);
    if (want != OG_OK)
        return;
    assert_int_equal(is_row, ours);
    if (!ours)
        return;
    assert_true((isnan(a) && isnan(x[0])) || x[0] == a);
    assert_true((isnan(b) && isnan(x[1])) || x[1] == b);
    assert_true(x[3 + level] == 1);
}

static void test_json(void **ctx)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_model m;
    struct og_frame f;
    (void)ctx;
    write_table(&text, true);
    fit(&m, &f, &text, &(struct og_schema_opts){.label = "label"});
    const struct og_schema *s = &m.schema;
    row(s, "{\"a\":1,\"b\":-2.5,\"bytes\":3e2,\"proto\":\"tcp\"}", OG_OK, true, 1, -2.5f, 1);
    row(s, " { \"proto\" : \"udp\" , \"b\" : null , \"a\" : true } ", OG_OK, true, 1, NAN, 2);
    row(s, "{}", OG_OK, true, NAN, NAN, 3);
    row(s, "{\"kind\":\"row\",\"a\":2,\"deep\":{\"a\":[1,{}]}}", OG_OK, true, 2, NAN, 3);
    row(s, "{\"a\":2,\"proto\":\"t\\u0063p\"}", OG_OK, true, 2, NAN, 1);
    row(s, "{\"kind\":\"task\",\"a\":\"x\"}", OG_OK, false, 0, 0, 0);
    row(s, "{\"a\":\"x\",\"kind\":\"task\"}", OG_OK, false, 0, 0, 0);
    row(s, "{\"a\":\"x\"}", OG_E_DATA, false, 0, 0, 0);
    row(s, "{\"a\":1", OG_E_DATA, false, 0, 0, 0);
    row(s, "[1]", OG_E_DATA, false, 0, 0, 0);
    row(s, "{\"a\":1}x", OG_E_DATA, false, 0, 0, 0);
    row(s, "{\"a\":1,\"a\":2}", OG_OK, true, 2, NAN, 3);
    og_frame_release(&f);
    og_model_release(&m);
    og_buf_release(&text);
}

static void refused(const char *text, const struct og_schema_opts *o, const char *why)
{
    struct og_schema s;
    struct og_frame f;
    struct og_buf left_out = OG_BUF_INIT;
    struct og_err err;
    assert_int_not_equal(og_schema_learn(text, strlen(text), "t", o, &s, &f, &left_out, &err),
                         OG_OK);
    assert_string_equal(err.msg, why);
    assert_null(s.col);
    og_buf_release(&left_out);
}

static void test_refused(void **ctx)
{
    const char *const name[] = {"c"};
    (void)ctx;
    refused("", &(struct og_schema_opts){0}, "t: no rows");
    refused("a,b\n", &(struct og_schema_opts){0}, "t: no rows");
    refused("a,b\n1\n", &(struct og_schema_opts){0}, "t:2: 1 fields, not 2");
    refused("a,a\n1,2\n", &(struct og_schema_opts){0}, "t:1: two columns are called 'a'");
    refused("a,b\n1,2\n", &(struct og_schema_opts){.label = "c"}, "t: no column 'c'");
    refused("a,b\n1,2\n", &(struct og_schema_opts){.categorical = name, .n_categorical = 1},
            "t: no column 'c'");
    refused("a,l\n1,x\n", &(struct og_schema_opts){.label = "l"},
            "t: no row is normal: say --normal VALUE of column 'l'");
    refused("l\nnormal\n", &(struct og_schema_opts){.label = "l"}, "t: no column to learn from");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns), cmocka_unit_test(test_members),
        cmocka_unit_test(test_bytes),   cmocka_unit_test(test_json),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
