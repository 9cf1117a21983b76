/* analyze_find.h - findings: what is wrong with a contract, where, how bad, and how to see it. */
#ifndef OG_ANALYZE_FIND_H
#define OG_ANALYZE_FIND_H

#include "analyze/analyze_abi.h"
#include "base/base_buf.h"

/* X(name, class, SWC, title) */
#define OG_FLAWS(X)                                                                                \
    X(ASSERTION, "assertion_violation", "SWC-110", "an assertion can fail")                        \
    X(OVERFLOW, "integer_overflow", "SWC-101", "arithmetic can pass its bounds")                   \
    X(REENTRANCY, "reentrancy", "SWC-107", "state changes after a call that may come back")        \
    X(SELFDESTRUCT, "unprotected_selfdestruct", "SWC-106", "anyone can destroy the contract")      \
    X(WITHDRAWAL, "unprotected_ether_withdrawal", "SWC-105", "anyone can take ether")              \
    X(OWNER, "unprotected_owner", "SWC-105", "anyone can change who is allowed what")              \
    X(DELEGATECALL, "delegatecall_user_input", "SWC-112", "the caller chooses code to run")        \
    X(UNCHECKED_CALL, "unchecked_call", "SWC-104", "the result of a call is not looked at")        \
    X(TX_ORIGIN, "tx_origin", "SWC-115", "authorization by tx.origin")                             \
    X(INFINITE_LOOP, "infinite_loop", "SWC-128", "a loop takes more gas than a block has")         \
    X(STORAGE_WRITE, "arbitrary_storage_write", "SWC-124", "the caller chooses what is written")   \
    X(JUMP, "arbitrary_jump", "SWC-127", "the caller chooses where to jump")                       \
    X(TIMESTAMP, "timestamp_dependence", "SWC-116", "the proposer's clock decides")                \
    X(RANDOMNESS, "weak_randomness", "SWC-120", "chance that the proposer knows")                  \
    X(SENDS, "denial_of_service", "SWC-113", "one receiver can stop others' payments")             \
    X(EXTERNAL_CALL, "external_call", "", "a call to where the caller says")                       \
    X(INVARIANT, "invariant_violation", "SWC-123", "an invariant does not hold")

enum og_flaw {
#define OG_FLAW_NAME(name, class_, swc, title) OG_FLAW_##name,
    OG_FLAWS(OG_FLAW_NAME)
#undef OG_FLAW_NAME
        OG_N_FLAWS
};

enum og_severity { OG_SEVERITY_LOW, OG_SEVERITY_MEDIUM, OG_SEVERITY_HIGH };

struct og_finding {
    enum og_flaw flaw;
    enum og_severity severity;
    const char *tool; /* "check", "fuzz", "prove" */
    uint32_t pc;
    char *function; /* its signature, its selector, "constructor" or "fallback" */
    char *message;
    char *witness; /* JSON, or NULL */
};

struct og_findings {
    struct og_finding *v;
    size_t n, cap;
};

#define OG_FINDINGS_MAX 1000

/* Copies the strings. One that says the same of the same place in the same function is not added
 * again; false then. */
bool og_findings_add(struct og_findings *f, const struct og_finding *one);
void og_findings_release(struct og_findings *f);
/* By severity, the worst first, then class, place and function. */
void og_findings_sort(struct og_findings *f);

const char *og_flaw_class(enum og_flaw f);
const char *og_flaw_swc(enum og_flaw f);
const char *og_flaw_title(enum og_flaw f);
const char *og_severity_name(enum og_severity s);

/* {"kind":"finding",…}; contract: its name or NULL. The caller decrefs. */
json_t *og_finding_json(const struct og_finding *f, const char *contract);

/* How a function is called in findings; has false: no selector was compared. */
char *og_function_name(const struct og_abi *abi, bool has, uint32_t selector);

#endif
