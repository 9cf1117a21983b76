/* fuzz_contracts.c - contracts in hex and JSON, their ABI: any text gives contracts or a sentence;
 * what was read encodes to calldata within its bounds. */
#include "analyze/analyze_args.h"
#include "analyze/analyze_input.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static struct og_u256 word(void *ctx, const struct og_abi_type *t)
{
    (void)t;
    return og_u256_sub(OG_U256_ZERO, og_u256_of(++*(uint64_t *)ctx));
}
static uint32_t length(void *ctx, const struct og_abi_type *t)
{
    (void)t;
    return (uint32_t)(++*(uint64_t *)ctx % 4);
}
static uint8_t byte(void *ctx)
{
    return (uint8_t)++ * (uint64_t *)ctx;
}

static void encode(const struct og_abi_fn *f)
{
    uint64_t n = 0;
    const struct og_args_source src = {&n, word, length, byte};
    struct og_buf b = OG_BUF_INIT;
    og_args_encode(f->in, f->n_in, &src, &b);
    check(b.len % 32 == 0);
    og_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_contracts c;
    struct og_err err = {0};
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (og_contracts_read(text, size, "text", &c, &err) != OG_OK) {
        check(err.msg[0] && !c.n);
        free(text);
        return 0;
    }
    check(c.n > 0);
    for (size_t i = 0; i < c.n; i++) {
        const struct og_contract *k = &c.v[i];
        check(k->runtime.len || k->creation.len);
        check(og_contract_code_size((const uint8_t *)k->runtime.p, k->runtime.len) <=
              k->runtime.len);
        for (size_t f = 0; f < k->abi.n && f < 8; f++)
            encode(&k->abi.fn[f]);
    }
    og_contracts_release(&c);
    free(text);
    return 0;
}
