/* fuzz_analyze.c - bytecode through the static check: it ends within its bounds, says the same
 * twice, and every place it names lies in the code. */
#include "analyze/analyze_check.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct og_check_opts o = {.loops = 2, .steps = 20000, .paths = 200};
    struct og_findings a = {0}, b = {0};
    struct og_check_stats s, t;
    if (size > 2048)
        return 0;
    og_check(data, size, NULL, &o, &a, &s);
    og_check(data, size, NULL, &o, &b, &t);
    check(a.n == b.n && s.steps == t.steps && s.paths == t.paths);
    check(s.seen_ops <= s.all_ops || s.code_bytes < size);
    for (size_t i = 0; i < a.n; i++) {
        check(a.v[i].pc <= size && a.v[i].flaw < OG_N_FLAWS && a.v[i].message[0]);
        check(a.v[i].pc == b.v[i].pc && a.v[i].flaw == b.v[i].flaw);
    }
    og_findings_release(&a);
    og_findings_release(&b);
    return 0;
}
