/* test_base64.c - RFC 4648 vectors; texts that are not the one form are refused. */
#include "crypto/crypto_sig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void rfc4648(void **state)
{
    (void)state;
    static const char *const pair[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof pair / sizeof pair[0]; i++) {
        struct og_buf text = OG_BUF_INIT, bytes = OG_BUF_INIT;
        og_base64_encode(pair[i][0], strlen(pair[i][0]), &text);
        assert_string_equal(text.p, pair[i][1]);
        assert_int_equal(og_base64_decode(text.p, text.len, 100, &bytes, NULL), OG_OK);
        assert_string_equal(bytes.p, pair[i][0]);
        og_buf_release(&text);
        og_buf_release(&bytes);
    }
}

static void all_bytes_round_trip(void **state)
{
    (void)state;
    uint8_t in[256];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(255 - i);
    for (size_t n = 0; n <= sizeof in; n++) {
        struct og_buf text = OG_BUF_INIT, bytes = OG_BUF_INIT;
        og_buf_adds(&text, "x"); /* both append */
        og_base64_encode(in, n, &text);
        assert_int_equal(og_base64_decode(text.p + 1, text.len - 1, n, &bytes, NULL), OG_OK);
        assert_int_equal(bytes.len, n);
        assert_memory_equal(bytes.p, in, n);
        if (n)
            assert_int_equal(og_base64_decode(text.p + 1, text.len - 1, n - 1, &bytes, NULL),
                             OG_E_DATA);
        assert_int_equal(bytes.len, n); /* untouched by the failure */
        og_buf_release(&text);
        og_buf_release(&bytes);
    }
}

static void other_forms_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",          "Zg",    "Zg=",  "Zg===", "====", "Zh==", "Zm9=",     "Zg==Zg==", "Z=g=",
        "Zm9v\nZm9v", "Zm9v ", " Zm9", "Zm-v",  "Zm_v", "=Zm9", "Zm9v====", "Zm9vY===", "\x80m9v"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct og_buf bytes = OG_BUF_INIT;
        struct og_err err;
        assert_int_equal(og_base64_decode(bad[i], strlen(bad[i]), 100, &bytes, &err), OG_E_DATA);
        assert_int_equal(bytes.len, 0);
        og_buf_release(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc4648),
        cmocka_unit_test(all_bytes_round_trip),
        cmocka_unit_test(other_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
