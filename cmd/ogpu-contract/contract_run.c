/* contract_run.c - `ogpu-contract run`: code in an otherwise empty world, one line for its end. */
#include "contract.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_time.h"
#include "crypto/crypto_hash.h"
#include "vm/vm_trace.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 101 /* of --bench */
#define BENCH_US 1000000
#define GAS      UINT64_C(10000000000)
#define GAS_MAX  ((uint64_t)INT64_MAX)

struct options {
    struct og_opts_common common;
    uint64_t gas;
    bool bench, trace;
};

static const struct og_opt opts[] = {
    {.name = "gas",
     .letter = 'g',
     .kind = OG_OPT_U64,
     .at = offsetof(struct options, gas),
     .arg = "N",
     .max = GAS_MAX,
     .help = "stop after this much gas (default 10000000000)"},
    {.name = "bench",
     .letter = 'b',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, bench),
     .help = "run it again for a second and give the shortest time"},
    {.name = "trace",
     .letter = 't',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, trace),
     .help = "write every step to stderr, as EIP-3155 says"},
};

static const struct og_tool tool = {
    .name = "ogpu-contract run",
    .summary = "run contract code",
    .synopsis = "[OPTIONS] CODE [INPUT]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .mixed = true,
};

/* Where the code stands and who calls it. */
static const struct og_addr contract = {
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0xde}};
static const struct og_addr sender = {
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x5e, 0x4d}};

static struct og_vm_state *new_world(const struct contract_code *c)
{
    uint64_t seed;
    og_random_bytes(&seed, sizeof seed);
    struct og_vm_state *st = og_vm_state_new(NULL, seed);
    og_vm_state_set_code(st, og_vm_state_acct(st, &contract), c->code.p, c->code.len);
    og_vm_state_set_balance(st, og_vm_state_acct(st, &sender), og_u256_of(UINT64_MAX));
    og_vm_state_begin_tx(st);
    og_vm_state_warm_acct(st, og_vm_state_acct(st, &contract));
    og_vm_state_warm_acct(st, og_vm_state_acct(st, &sender));
    return st;
}

/* One run; its time in µs. The result's output lasts as long as the machine. */
static uint64_t run_once(struct og_vm *vm, const struct options *o, const struct contract_code *c,
                         struct og_vm_result *r)
{
    const struct og_vm_env env = {
        .number = 1, .gas_limit = o->gas, .chain_id = 1, .origin = sender};
    struct og_vm_state *st = new_world(c);
    const struct og_vm_msg msg = {.kind = OG_VM_CALL,
                                  .from = sender,
                                  .to = contract,
                                  .gas = (int64_t)o->gas,
                                  .input = (const uint8_t *)c->input.p,
                                  .input_len = c->input.len};
    og_vm_begin(vm, st, &env);
    uint64_t start = og_time_mono_us();
    og_vm_run(vm, &msg, r);
    uint64_t us = og_time_mono_us() - start;
    og_vm_state_free(st);
    return us;
}

static json_t *hex_of(const void *p, size_t n)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_adds(&b, "0x");
    og_buf_add_hex(&b, p, n);
    json_t *v = json_stringn(b.p, b.len);
    og_buf_release(&b);
    return v;
}

static enum og_rc report(const struct contract_code *c, const struct options *o,
                         const struct og_vm_result *r, uint64_t us, size_t runs, struct og_err *err)
{
    json_t *rec = json_pack("{s:s, s:o, s:o, s:f, s:s, s:i}", "kind", "run", "gas_used",
                            og_json_new_dec(o->gas - (uint64_t)r->gas_left), "output",
                            hex_of(r->out, r->out_len), "seconds", (double)us / 1e6, "status",
                            og_vm_status_name(r->status), "v", 1);
    if (c->name)
        json_object_set_new(rec, "name", json_string(c->name));
    if (o->bench)
        json_object_set_new(rec, "runs", json_integer((json_int_t)runs));
    enum og_rc rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

static enum og_rc run_code(const struct options *o, const struct contract_code *c,
                           struct og_vm_tracer *tracer, bool *all_well, struct og_err *err)
{
    uint64_t least = UINT64_MAX, sum = 0;
    size_t n = 0;
    struct og_vm_result r;
    struct og_vm *vm = og_vm_new();
    og_vm_set_tracer(vm, tracer);
    if (o->bench)
        run_once(vm, o, c, &r); /* to warm up */
    do {
        uint64_t us = run_once(vm, o, c, &r);
        least = us < least ? us : least;
        sum += us;
        n++;
    } while (o->bench && n < RUNS_MAX && (sum < BENCH_US || n < 3));
    *all_well &= r.status == OG_VM_OK;
    enum og_rc rc = report(c, o, &r, least, n, err);
    og_vm_free(vm);
    return rc;
}

static enum og_rc run(const struct options *o, int argc, char **argv, struct og_err *err)
{
    struct contract_codes codes;
    struct og_vm_tracer tracer;
    bool all_well = true;
    if (argc < 1 || argc > 2)
        return og_err_set(err, OG_E_USAGE, "wanted: CODE and perhaps INPUT");
    if (o->bench && o->trace)
        return og_err_set(err, OG_E_USAGE, "--bench and --trace do not go together");
    OG_TRY(contract_load(argv[0], &codes, err));
    og_vm_tracer_init(&tracer, contract_trace_line, NULL);
    enum og_rc rc = OG_OK;
    for (size_t i = 0; i < codes.n && rc == OG_OK; i++) {
        if (argc == 2) {
            og_buf_reset(&codes.v[i].input);
            rc = contract_hex(argv[1], "INPUT", &codes.v[i].input, err);
        }
        if (rc == OG_OK)
            rc = run_code(o, &codes.v[i], o->trace ? &tracer : NULL, &all_well, err);
    }
    og_vm_tracer_release(&tracer);
    contract_release(&codes);
    return rc == OG_OK && !all_well ? OG_NO : rc;
}

int contract_run(int argc, char **argv)
{
    struct options o = {.gas = GAS};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = run(&o, argc - first, argv + first, &err);
    return og_cli_exit(&tool, rc, &err);
}
