/* vm_abi_num.c - 256-bit words in decimal. */
#include "vm/vm_abi.h"

#include <string.h>

void og_u256_to_dec(const struct og_u256 *a, char out[79])
{
    static const struct og_u256 chunk = {{UINT64_C(10000000000000000000), 0, 0, 0}};
    struct og_u256 v = *a;
    char text[80];
    size_t at = sizeof text;
    do {
        struct og_u256 rest = og_u256_mod(&v, &chunk);
        v = og_u256_div(&v, &chunk);
        uint64_t r = rest.w[0];
        bool last = og_u256_is_zero(&v);
        for (int i = 0; i < 19 && (!last || r || i == 0); i++, r /= 10)
            text[--at] = (char)('0' + r % 10);
    } while (!og_u256_is_zero(&v));
    memcpy(out, text + at, sizeof text - at);
    out[sizeof text - at] = '\0';
}

bool og_u256_from_dec(const char *s, size_t n, struct og_u256 *out)
{
    static const struct og_u256 ten = {{10, 0, 0, 0}};
    /* (2^256 − 1) / 10 */
    const struct og_u256 all = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    const struct og_u256 most = og_u256_div(&all, &ten);
    *out = OG_U256_ZERO;
    for (size_t i = 0; i < n; i++) {
        struct og_u256 d = og_u256_of((uint64_t)(s[i] - '0'));
        if (s[i] < '0' || s[i] > '9' || og_u256_lt(&most, out))
            return false;
        *out = og_u256_mul(out, &ten);
        if (og_u256_addc(out, &d, out))
            return false;
    }
    return n > 0;
}
