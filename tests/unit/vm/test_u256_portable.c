/* test_u256_portable.c - words against OpenSSL's BIGNUMs without the carry intrinsics. */
#define OG_PORTABLE
#include "u256kit.h"

_Static_assert(!OG_U256_INTRINSICS, "the portable path");

int main(void)
{
    return cmocka_run_group_tests(kit_tests, open_kit, close_kit);
}
