/* analyze_abi.h - the functions of a contract as its ABI JSON names them (Solidity's Contract ABI
 * Specification): selectors, types of arguments, what they may do. */
#ifndef OG_ANALYZE_ABI_H
#define OG_ANALYZE_ABI_H

#include "base/base_err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum og_abi_kind {
    OG_ABI_UINT,
    OG_ABI_INT,
    OG_ABI_ADDRESS,
    OG_ABI_BOOL,
    OG_ABI_FIXED_BYTES, /* bytes1 … bytes32; function is bytes24 */
    OG_ABI_BYTES,       /* bytes, string */
    OG_ABI_ARRAY,
    OG_ABI_TUPLE
};

struct og_abi_type {
    enum og_abi_kind kind;
    unsigned bits;           /* of numbers; of bytesN 8 N */
    bool sized;              /* array: of `len` elements */
    uint32_t len;            /* array: elements; tuple: components */
    struct og_abi_type *sub; /* array: one; tuple: len */
    bool dynamic;
    uint32_t head_words; /* of a static type: words it takes */
};

struct og_abi_fn {
    char *name, *signature; /* "f", "f(uint256,address)" */
    uint32_t selector;
    bool payable, view; /* view: view or pure */
    struct og_abi_type *in;
    size_t n_in;
    bool returns_bool; /* the first result is a bool */
};

struct og_abi {
    struct og_abi_fn *fn;
    size_t n;
    struct og_abi_fn constructor; /* name NULL: none in the ABI */
    bool has_fallback, has_receive;
};

#define OG_ABI_ENTRIES_MAX 4096
#define OG_ABI_DEEP        8
#define OG_ABI_ARRAY_MAX   4096 /* elements of a sized array */
#define OG_ABI_ARGS_MAX    64

/* From the array of entries; what is no function, constructor, fallback or receive is passed over.
 * OG_E_DATA names the entry. */
enum og_rc og_abi_read(const json_t *entries, struct og_abi *out, struct og_err *err) OG_MUST_CHECK;
void og_abi_release(struct og_abi *abi);
const struct og_abi_fn *og_abi_find(const struct og_abi *abi, uint32_t selector);

#endif
