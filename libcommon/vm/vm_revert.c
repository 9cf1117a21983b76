/* vm_revert.c - revert data in words. */
#include "vm/vm_revert.h"

#include "vm/vm_u256.h"

#include <string.h>

#define WORDS_MAX 160
#define HEX_MAX   36

/* Codes of Panic(uint256), the Solidity manual, "Panic via assert and Error via require". */
static const char *panic_words(uint64_t code)
{
    switch (code) {
    case 0x00: return "generic";
    case 0x01: return "assertion failed";
    case 0x11: return "arithmetic overflow";
    case 0x12: return "division by zero";
    case 0x21: return "no such enum value";
    case 0x22: return "badly encoded storage array";
    case 0x31: return "pop of an empty array";
    case 0x32: return "index out of bounds";
    case 0x41: return "too much memory";
    case 0x51: return "call of an uninitialised function";
    default: return "unknown";
    }
}

static void add_printable(const uint8_t *p, size_t n, struct og_buf *out)
{
    for (size_t i = 0; i < n && i < WORDS_MAX; i++)
        og_buf_addc(out, p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '?');
}

static bool error_string(const uint8_t *data, size_t n, struct og_buf *out)
{
    static const uint8_t selector[4] = {0x08, 0xc3, 0x79, 0xa0};
    if (n < 68 || memcmp(data, selector, 4) != 0)
        return false;
    struct og_u256 at = og_u256_load(data + 4);
    if (!og_u256_fits_u64(&at) || at.w[0] > n - 36)
        return false;
    struct og_u256 len = og_u256_load(data + 4 + at.w[0]);
    if (!og_u256_fits_u64(&len) || len.w[0] > n - 36 - at.w[0])
        return false;
    add_printable(data + 36 + at.w[0], len.w[0], out);
    return true;
}

void og_vm_revert_text(const uint8_t *data, size_t n, struct og_buf *out)
{
    static const uint8_t panic[4] = {0x4e, 0x48, 0x7b, 0x71};
    if (n == 0 || error_string(data, n, out))
        return;
    if (n == 36 && memcmp(data, panic, 4) == 0) {
        struct og_u256 code = og_u256_load(data + 4);
        uint64_t c = og_u256_fits_u64(&code) ? code.w[0] : UINT64_MAX;
        og_buf_addf(out, "panic 0x%02llx (%s)", (unsigned long long)c, panic_words(c));
        return;
    }
    og_buf_adds(out, "0x");
    og_buf_add_hex(out, data, n < HEX_MAX ? n : HEX_MAX);
    if (n > HEX_MAX)
        og_buf_adds(out, "...");
}
