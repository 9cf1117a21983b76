/* test_pb.c - protobuf fields: written, read back, refused when they are malformed. */
#include "net/net_pb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct og_span span(const struct og_buf *b)
{
    return (struct og_span){(const uint8_t *)b->p, b->len};
}

static void varints_of_every_length(void **state)
{
    (void)state;
    static const uint64_t values[] = {
        0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX / 2, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct og_buf b = OG_BUF_INIT;
        uint64_t v;
        size_t n;
        og_pb_put_varint(&b, values[i]);
        assert_int_equal(og_pb_varint((const uint8_t *)b.p, b.len, &v, &n), 1);
        assert_true(v == values[i]);
        assert_int_equal(n, b.len);
        for (size_t cut = 0; cut < b.len; cut++)
            assert_int_equal(og_pb_varint((const uint8_t *)b.p, cut, &v, &n), 0);
        og_buf_release(&b);
    }
    static const uint8_t eleven[11] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                       0x80, 0x80, 0x80, 0x80, 0x01};
    static const uint8_t over[10] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    uint64_t v;
    size_t n;
    assert_int_equal(og_pb_varint(eleven, sizeof eleven, &v, &n), -1);
    assert_int_equal(og_pb_varint(over, sizeof over, &v, &n), -1);
}

static void fields_come_back(void **state)
{
    (void)state;
    struct og_buf b = OG_BUF_INIT;
    struct og_pb_in in;
    struct og_pb_field f;
    og_pb_put_u64(&b, 1, 300);
    og_pb_put_u64(&b, 2, 0); /* left out */
    og_pb_put_i64(&b, 3, -1);
    og_pb_put_bytes(&b, 4, "abc", 3);
    og_pb_put_bytes(&b, 5, "", 0); /* left out */
    og_pb_put_item(&b, 6, "", 0);
    og_buf_add(&b, "\x3d\x01\x02\x03\x04", 5);   /* 7: fixed32 */
    og_buf_add(&b, "\x41\x01\0\0\0\0\0\0\0", 9); /* 8: fixed64 */
    og_pb_open(&in, span(&b));
    assert_true(og_pb_next(&in, &f) && f.no == 1 && f.v == 300);
    assert_true(og_pb_next(&in, &f) && f.no == 3 && (int64_t)f.v == -1);
    assert_true(og_pb_next(&in, &f) && f.no == 4 && f.wire == OG_PB_BYTES && f.bytes.n == 3);
    assert_memory_equal(f.bytes.p, "abc", 3);
    assert_true(og_pb_next(&in, &f) && f.no == 6 && f.bytes.n == 0);
    assert_true(og_pb_next(&in, &f) && f.no == 7 && f.v == 0x04030201);
    assert_true(og_pb_next(&in, &f) && f.no == 8 && f.v == 1);
    assert_false(og_pb_next(&in, &f));
    assert_false(in.bad);
    og_buf_release(&b);
}

static void malformed_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        {"\x08", 1}, /* no value */
        {"\x0a\x05"
         "ab",
         4},                                                  /* longer than what is there */
        {"\x00\x01", 2},                                      /* field 0 */
        {"\x0b", 1},                                          /* a group */
        {"\x0d\x01\x02", 3},                                  /* half a fixed32 */
        {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}, /* a length beyond all */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct og_pb_in in;
        struct og_pb_field f;
        og_pb_open(&in, (struct og_span){(const uint8_t *)bad[i].bytes, bad[i].n});
        assert_false(og_pb_next(&in, &f));
        assert_true(in.bad);
        assert_false(og_pb_next(&in, &f));
    }
}

static void an_item_takes_what_is_said(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 127, 128, 16383, 16384, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct og_buf b = OG_BUF_INIT;
        struct og_buf content = OG_BUF_INIT;
        og_buf_reserve(&content, sizes[i] + 1);
        memset(content.p, 'x', sizes[i]);
        og_pb_put_item(&b, 1, content.p, sizes[i]);
        assert_int_equal(b.len, og_pb_item_size(sizes[i]));
        og_buf_release(&b);
        og_buf_release(&content);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_of_every_length),
        cmocka_unit_test(fields_come_back),
        cmocka_unit_test(malformed_is_refused),
        cmocka_unit_test(an_item_takes_what_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
