/* vm_abi.h - the contract ABI of Solidity: from an ABI in JSON and values in JSON to calldata, and
 * from return data, logs and errors back.
 *
 * Source: Solidity documentation, "Contract ABI Specification". All its types: uint, int, address,
 * bool, fixed, bytesN, function, bytes, string, arrays of fixed and of any length, tuples.
 *
 * Values in JSON: whole numbers are decimal strings (read: numbers, too, and 0x hex); fixed ones
 * decimal strings with a point; bytes are 0x hex; addresses ogpu1… (read: 0x hex, too); tuples are
 * lists, or objects by the names of their components. */
#ifndef OG_VM_ABI_H
#define OG_VM_ABI_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "crypto/crypto_hash.h"
#include "vm/vm_u256.h"

#include <jansson.h>

#define OG_VM_ABI_DEPTH  16    /* arrays and tuples within each other */
#define OG_VM_ABI_ITEMS  4096  /* of one ABI, of one tuple */
#define OG_VM_ABI_VALUES 65536 /* of one decoded message */

enum og_vm_abi_kind {
    OG_VM_ABI_UINT,
    OG_VM_ABI_INT,
    OG_VM_ABI_BOOL,
    OG_VM_ABI_ADDRESS,
    OG_VM_ABI_FIXED, /* signed; _UFIXED not */
    OG_VM_ABI_UFIXED,
    OG_VM_ABI_BYTES_N, /* function: 24 */
    OG_VM_ABI_BYTES,
    OG_VM_ABI_STRING,
    OG_VM_ABI_LIST,  /* T[] */
    OG_VM_ABI_ARRAY, /* T[k] */
    OG_VM_ABI_TUPLE
};

struct og_vm_abi_type {
    enum og_vm_abi_kind kind;
    unsigned size;             /* bits of numbers, bytes of BYTES_N */
    unsigned digits;           /* of fixed: behind the point; of BYTES_N: 1 when it is a function */
    size_t n;                  /* elements of ARRAY, components of TUPLE */
    struct og_vm_abi_type *of; /* LIST and ARRAY: one; TUPLE: n; owned */
    char **name;               /* TUPLE: n, "" for none; owned */
    bool *indexed;             /* TUPLE of an event's inputs: n; owned */
    bool dynamic;
    uint64_t head; /* bytes in the head: 32 when dynamic */
};

enum og_vm_abi_item_kind {
    OG_VM_ABI_FUNCTION,
    OG_VM_ABI_CONSTRUCTOR,
    OG_VM_ABI_EVENT,
    OG_VM_ABI_ERROR,
    OG_VM_ABI_FALLBACK,
    OG_VM_ABI_RECEIVE
};

struct og_vm_abi_item {
    enum og_vm_abi_item_kind kind;
    char *name, *signature;         /* "transfer(address,uint256)" */
    struct og_hash hash;            /* Keccak-256 of it: the selector is its first 4 bytes */
    struct og_vm_abi_type in, out;  /* tuples */
    bool anonymous, payable, reads; /* reads: view or pure */
};

struct og_vm_abi {
    struct og_vm_abi_item *item;
    size_t n, cap;
};

/* The array that a compiler prints. On failure *out is empty. */
enum og_rc og_vm_abi_parse(const json_t *abi, struct og_vm_abi *out,
                           struct og_err *err) OG_MUST_CHECK;
void og_vm_abi_release(struct og_vm_abi *abi);
/* By name, or by signature where names repeat; n_args: how many values come with it, −1 any. */
enum og_rc og_vm_abi_find(const struct og_vm_abi *abi, enum og_vm_abi_item_kind kind,
                          const char *name, int n_args, const struct og_vm_abi_item **out,
                          struct og_err *err) OG_MUST_CHECK;
/* By the first 4 bytes (functions, errors) or all 32 (events); NULL: none. */
const struct og_vm_abi_item *og_vm_abi_by_hash(const struct og_vm_abi *abi,
                                               enum og_vm_abi_item_kind kind, const uint8_t *hash,
                                               size_t n);

void og_vm_abi_type_release(struct og_vm_abi_type *t);
/* The canonical name, appended. */
void og_vm_abi_type_name(const struct og_vm_abi_type *t, struct og_buf *out);

/* Appends the encoding of a tuple's values; OG_E_DATA names the value that does not fit. */
enum og_rc og_vm_abi_encode(const struct og_vm_abi_type *tuple, const json_t *values,
                            struct og_buf *out, struct og_err *err) OG_MUST_CHECK;
/* A new list with the values of a tuple; named: an object where every component has a name of its
 * own. Refuses what no encoder writes: values beyond their type, data that ends too early. */
enum og_rc og_vm_abi_decode(const struct og_vm_abi_type *tuple, const uint8_t *p, size_t n,
                            bool named, json_t **out, struct og_err *err) OG_MUST_CHECK;
/* The values of a log's event, indexed ones from its topics (of those with a dynamic type only the
 * hash is there): {name: value} as far as names go, "0", "1" … for the others. */
enum og_rc og_vm_abi_decode_log(const struct og_vm_abi_item *event, const struct og_u256 *topic,
                                size_t n_topics, const uint8_t *p, size_t n, json_t **out,
                                struct og_err *err) OG_MUST_CHECK;
/* A value as it is typed on a command line: JSON for arrays and tuples, else the text itself. */
enum og_rc og_vm_abi_from_text(const struct og_vm_abi_type *t, const char *text, json_t **out,
                               struct og_err *err) OG_MUST_CHECK;

/* vm_abi_num.c: decimal digits; out holds 79 bytes. */
void og_u256_to_dec(const struct og_u256 *a, char out[79]);
/* Digits only, below 2^256. */
bool og_u256_from_dec(const char *s, size_t n, struct og_u256 *out);

#endif
