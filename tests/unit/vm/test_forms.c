/* test_forms.c - the interpreter's forms agree: fused or traced, for any processor or for new ones;
 * on seeded random code that is mostly pairs which vm_code.c fuses. */
#include "vmkit.h"

#include "vm/vm_int.h"

#define PROGRAMS 4000

static uint64_t state = 99;

static uint64_t draw(uint64_t n)
{
    return og_splitmix64(state++) % n;
}

static size_t make_code(uint8_t *code)
{
    static const uint8_t pieces[][12] = {{2, 0x60, 1},
                                         {3, 0x60, 3, 0x01},
                                         {3, 0x60, 7, 0x1b},
                                         {3, 0x60, 9, 0x1c},
                                         {2, 0x90, 0x50},
                                         {2, 0x91, 0x50},
                                         {2, 0x50, 0x50},
                                         {1, 0x5b},
                                         {1, 0x80},
                                         {1, 0x5f},
                                         {1, 0x15},
                                         {1, 0x03},
                                         {3, 0x60, 20, 0x56},
                                         {3, 0x60, 30, 0x57},
                                         {4, 0x61, 0, 40, 0x56},
                                         {4, 0x61, 0, 50, 0x57},
                                         {5, 0x15, 0x61, 0, 25, 0x57},
                                         {1, 0x54},
                                         {1, 0x55},
                                         {11, 0x80, 0x63, 0, 0, 0, 1, 0x14, 0x61, 0, 35, 0x57},
                                         {2, 0x60, 0x5b},
                                         {1, 0xb1},
                                         {1, 0x5a},
                                         {1, 0x52}};
    static const uint8_t targets[] = {20, 25, 30, 35, 40, 50};
    size_t n = 12;
    memset(code, 0x59, n); /* MSIZE: words to work on */
    while (n < 70) {
        const uint8_t *p = pieces[draw(sizeof pieces / sizeof *pieces)];
        memcpy(code + n, p + 1, p[0]);
        n += p[0];
    }
    for (size_t i = 0; i < sizeof targets; i++)
        if (draw(2))
            code[targets[i]] = 0x5b;
    return n;
}

static void ignore(void *ctx, const char *json, size_t n)
{
    (void)json;
    assert_true(n > 2);
    ++*(size_t *)ctx;
}

struct seen {
    enum og_vm_status status;
    int64_t gas_left;
    struct og_hash root;
};

static struct seen run(struct og_vm *vm, bool modern, struct og_vm_tracer *t, const uint8_t *code,
                       size_t n, int64_t gas)
{
    struct og_vm_state *st = kit_world(NULL, NULL);
    og_vm_state_set_code(st, og_vm_state_acct(st, &kit_contract), code, n);
    og_vm_state_begin_tx(st);
    vm->modern = modern;
    og_vm_set_tracer(vm, t);
    struct og_vm_result r = kit_call(vm, st, gas);
    struct seen s = {r.status, r.gas_left, og_vm_state_root(st)};
    og_vm_state_free(st);
    return s;
}

static void test_agree(void **st)
{
    (void)st;
    struct og_vm *vm = og_vm_new();
    bool modern = vm->modern;
    size_t steps = 0, well = 0;
    struct og_vm_tracer t;
    og_vm_tracer_init(&t, ignore, &steps);
    for (int i = 0; i < PROGRAMS; i++) {
        uint8_t code[128];
        size_t n = make_code(code);
        int64_t gas = (int64_t)draw(i % 2 ? 300 : 6000);
        struct seen plain = run(vm, false, NULL, code, n, gas);
        struct seen traced = run(vm, false, &t, code, n, gas);
        struct seen v3 = run(vm, modern, NULL, code, n, gas);
        well += plain.status == OG_VM_OK;
        assert_int_equal(plain.gas_left, traced.gas_left);
        assert_int_equal(plain.status == OG_VM_OK, traced.status == OG_VM_OK);
        assert_memory_equal(plain.root.b, traced.root.b, sizeof plain.root.b);
        assert_int_equal(plain.gas_left, v3.gas_left);
        assert_int_equal(plain.status, v3.status);
        assert_memory_equal(plain.root.b, v3.root.b, sizeof plain.root.b);
    }
    assert_true(steps > PROGRAMS && well > PROGRAMS / 100);
    og_vm_tracer_release(&t);
    og_vm_free(vm);
}

/* One stack word too many or too few in any fused pair fails in both forms. */
static void test_limits(void **st)
{
    static const char *const tails[] = {"600456",
                                        "61040256",
                                        "600101",
                                        "9050",
                                        "5050",
                                        "6001600457",
                                        "15610402"
                                        "57",
                                        "9150",
                                        "80630000000114610402"
                                        "57"};
    (void)st;
    struct og_vm *vm = og_vm_new();
    size_t steps = 0;
    struct og_vm_tracer t;
    og_vm_tracer_init(&t, ignore, &steps);
    for (size_t k = 0; k < sizeof tails / sizeof *tails; k++)
        for (size_t height = 0; height <= 1024; height = height == 4 ? 1020 : height + 1) {
            uint8_t code[1100];
            memset(code, 0x5f, sizeof code);
            size_t n = height + kit_hex(tails[k], code + height);
            struct seen plain = run(vm, vm->modern, NULL, code, n, 100000);
            struct seen traced = run(vm, vm->modern, &t, code, n, 100000);
            assert_int_equal(plain.gas_left, traced.gas_left);
            assert_int_equal(plain.status == OG_VM_OK, traced.status == OG_VM_OK);
        }
    og_vm_tracer_release(&t);
    og_vm_free(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agree),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
