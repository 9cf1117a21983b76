/* analyze_find.c - findings kept, sorted, written. */
#include "analyze/analyze_find.h"

#include "base/base_mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *class_, *swc, *title;
} flaws[OG_N_FLAWS] = {
#define OG_FLAW_ROW(name, class_, swc, title) {class_, swc, title},
    OG_FLAWS(OG_FLAW_ROW)
#undef OG_FLAW_ROW
};

const char *og_flaw_class(enum og_flaw f)
{
    return flaws[f].class_;
}

const char *og_flaw_swc(enum og_flaw f)
{
    return flaws[f].swc;
}

const char *og_flaw_title(enum og_flaw f)
{
    return flaws[f].title;
}

const char *og_severity_name(enum og_severity s)
{
    switch (s) {
    case OG_SEVERITY_LOW: return "low";
    case OG_SEVERITY_MEDIUM: return "medium";
    case OG_SEVERITY_HIGH: return "high";
    }
    return "low";
}

bool og_findings_add(struct og_findings *f, const struct og_finding *one)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct og_finding *o = &f->v[i];
        if (o->flaw == one->flaw && o->pc == one->pc && strcmp(o->tool, one->tool) == 0 &&
            strcmp(o->function, one->function) == 0)
            return false;
    }
    if (f->n >= OG_FINDINGS_MAX)
        return false;
    f->v = og_xgrow(f->v, &f->cap, f->n + 1, sizeof *f->v);
    struct og_finding *n = &f->v[f->n++];
    *n = *one;
    n->function = og_xstrdup(one->function);
    n->message = og_xstrdup(one->message);
    n->witness = one->witness ? og_xstrdup(one->witness) : NULL;
    return true;
}

void og_findings_release(struct og_findings *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->v[i].function);
        free(f->v[i].message);
        free(f->v[i].witness);
    }
    free(f->v);
    *f = (struct og_findings){0};
}

static int order(const void *x, const void *y)
{
    const struct og_finding *a = x, *b = y;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    if (a->flaw != b->flaw)
        return a->flaw < b->flaw ? -1 : 1;
    if (a->pc != b->pc)
        return a->pc < b->pc ? -1 : 1;
    int c = strcmp(a->function, b->function);
    return c ? c : strcmp(a->tool, b->tool);
}

void og_findings_sort(struct og_findings *f)
{
    if (f->n > 1)
        qsort(f->v, f->n, sizeof *f->v, order);
}

json_t *og_finding_json(const struct og_finding *f, const char *contract)
{
    json_t *o = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "kind", "finding", "v",
                          1, "tool", f->tool, "class", og_flaw_class(f->flaw), "swc",
                          og_flaw_swc(f->flaw), "severity", og_severity_name(f->severity), "pc",
                          (json_int_t)f->pc, "function", f->function, "message", f->message);
    json_t *w = f->witness ? json_loads(f->witness, 0, NULL) : NULL;
    json_object_set_new(o, "witness", w ? w : json_null());
    if (contract)
        json_object_set_new(o, "contract", json_string(contract));
    return o;
}

char *og_function_name(const struct og_abi *abi, bool has, uint32_t selector)
{
    char text[16];
    if (!has)
        return og_xstrdup("fallback");
    const struct og_abi_fn *f = abi ? og_abi_find(abi, selector) : NULL;
    if (f)
        return og_xstrdup(f->signature);
    snprintf(text, sizeof text, "0x%08" PRIx32, selector);
    return og_xstrdup(text);
}
