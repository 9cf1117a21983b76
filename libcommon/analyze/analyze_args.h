/* analyze_args.h - calldata from types: who asks says what each word, length and byte is. */
#ifndef OG_ANALYZE_ARGS_H
#define OG_ANALYZE_ARGS_H

#include "analyze/analyze_abi.h"
#include "base/base_buf.h"
#include "vm/vm_u256.h"

/* Asked in the order of the arguments, parts of an argument in turn. What does not fit its type is
 * cut to it. */
struct og_args_source {
    void *ctx;
    struct og_u256 (*word)(void *ctx, const struct og_abi_type *t);
    uint32_t (*length)(void *ctx, const struct og_abi_type *t); /* of arrays and bytes */
    uint8_t (*byte)(void *ctx);
};

#define OG_ARGS_BYTES_MAX 65536

/* Appends the encoding of n values (Contract ABI Specification, "Formal Specification of the
 * Encoding"); at most OG_ARGS_BYTES_MAX bytes: lengths beyond it become 0. */
void og_args_encode(const struct og_abi_type *t, size_t n, const struct og_args_source *src,
                    struct og_buf *out);
/* Cuts a word to what its type can hold, as Solidity encodes it. */
struct og_u256 og_args_fit(const struct og_abi_type *t, struct og_u256 w);

#endif
