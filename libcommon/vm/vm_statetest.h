/* vm_statetest.h - state tests in the format of ethereum/tests (GeneralStateTests), fork Cancun. */
#ifndef OG_VM_STATETEST_H
#define OG_VM_STATETEST_H

#include "base/base_err.h"
#include "vm/vm_trace.h"

#include <jansson.h>

/* One (data, gas, value) index of one test. */
struct og_statetest_result {
    const char *name; /* of the test; borrowed from the document */
    uint64_t data, gas, value;
    bool pass;
    const char *skipped; /* NULL, or what is out of scope: it neither passed nor failed */
    struct og_hash root; /* of the state afterwards */
    char error[160];     /* what differs; "" when passed */
};

/* Runs every sub-test of the document, calling on_result for each in the order of the file. A
 * document that is no state test: OG_E_DATA naming the test and member, with the results before it
 * given. tracer: NULL, or the steps of all of them. */
enum og_rc og_statetest_run(const json_t *doc, struct og_vm_tracer *tracer,
                            void (*on_result)(void *ctx, const struct og_statetest_result *r),
                            void *ctx, struct og_err *err) OG_MUST_CHECK;

#endif
