/* contract_look.h - what check, fuzz and prove share: operands in, findings out. */
#ifndef OG_CONTRACT_LOOK_H
#define OG_CONTRACT_LOOK_H

#include "contract.h"

#include "analyze/analyze_find.h"
#include "analyze/analyze_input.h"

struct look {
    bool human, creation;
    const char *file; /* of the contract under way */
    size_t n;         /* contracts in it */
};

/* Looks at one contract and adds what it finds. */
typedef enum og_rc (*look_fn)(void *ctx, const struct og_contract *c, const struct look *l,
                              struct og_findings *out, struct og_err *err);

/* Every contract of every operand: a file, "-" or hex digits. Findings are written after each
 * contract. */
enum og_rc look_at_all(int n, char **operands, struct look *l, look_fn fn, void *ctx, bool *found,
                       struct og_err *err) OG_MUST_CHECK;

/* The heading of a contract in the report for people. */
void look_title(const struct og_contract *c, const struct look *l);

#endif
