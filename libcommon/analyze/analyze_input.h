/* analyze_input.h - contracts to look at, from what people have: hex, what solc prints, corpora. */
#ifndef OG_ANALYZE_INPUT_H
#define OG_ANALYZE_INPUT_H

#include "analyze/analyze_abi.h"
#include "base/base_buf.h"

struct og_contract {
    char *name;                      /* NULL: none was given */
    struct og_buf runtime, creation; /* either may be empty */
    struct og_abi abi;
    bool has_abi;
};

struct og_contracts {
    struct og_contract *v;
    size_t n, cap;
};

#define OG_CONTRACTS_MAX  1024
#define OG_CONTRACT_BYTES ((size_t)1 << 20) /* of one code */

/* The text is hex digits (runtime code); or JSON: an object with "runtime", "creation", "abi"; one
 * with "contracts" of such; solc's standard output, its --combined-json, or an artifact with
 * "bytecode", "deployedBytecode". Interfaces without code are passed over. Library places that are
 * not linked yet count as zeros. `what` names the text in errors, which are OG_E_DATA; a file
 * without any code is one. */
enum og_rc og_contracts_read(const char *text, size_t n, const char *what, struct og_contracts *out,
                             struct og_err *err) OG_MUST_CHECK;
void og_contracts_release(struct og_contracts *c);

/* Code without the metadata that solc puts behind it (CBOR with its length in two bytes). */
size_t og_contract_code_size(const uint8_t *p, size_t n);

#endif
