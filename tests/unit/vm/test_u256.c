/* test_u256.c - words against OpenSSL's BIGNUMs, the way this processor does them. */
#include "u256kit.h"

int main(void)
{
    return cmocka_run_group_tests(kit_tests, open_kit, close_kit);
}
