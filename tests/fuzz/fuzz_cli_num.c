/* fuzz_cli_num.c - numbers with units: no text is taken that is not digits, one point, a unit; a
 * number that is shown can be read back. */
#include "base/base_num.h"
#include "cli/cli_opts.h"
#include "cli/cli_table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int good)
{
    if (!good)
        abort(); /* allowed: a finding */
}

static void check(enum og_rc rc, const char *s, uint64_t v, const struct og_err *err)
{
    if (rc == OG_OK) {
        require(s[0] >= '0' && s[0] <= '9');
        require(strspn(s, "0123456789.adhimnswkKMGTPBiOUrgp%") == strlen(s));
    } else {
        require(rc == OG_E_USAGE && v == 0 && err->msg[0]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char s[128];
    if (size >= sizeof s)
        return 0;
    memcpy(s, data, size);
    s[size] = '\0';
    struct og_err err = {0};
    uint64_t v = 1;
    enum og_rc rc = og_cli_bytes(s, &v, &err);
    check(rc, s, v, &err);
    rc = og_cli_duration_ms(s, &v, &err);
    check(rc, s, v, &err);
    rc = og_cli_ppm(s, &v, &err);
    check(rc, s, v, &err);
    rc = og_cli_amount(s, &v, &err);
    check(rc, s, v, &err);
    if (rc == OG_OK) {
        char shown[64];
        uint64_t back = 0;
        og_fmt_amount(v, shown, sizeof shown);
        require(og_cli_amount(shown, &back, &err) == OG_OK && back == v);
    }
    if (og_parse_u64(s, UINT64_MAX, &v)) {
        uint64_t as_bytes = 0;
        require(og_cli_bytes(s, &as_bytes, &err) == OG_OK && as_bytes == v);
    }
    return 0;
}
