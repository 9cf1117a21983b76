/* check_method.c - the table of methods. */
#include "check/check_method.h"

#include "base/base_num.h"
#include "model/model_records.h"

#include <string.h>

#define EXACT_BASE_PPM 20000u
#define VOTE_PPM       150000u
#define CMD_PPM        250000u

#define METHODS (OG_VERIFY_AUTO + 1)

const char *og_verify_name(enum og_verify method)
{
    return (size_t)method < METHODS ? og_method_names[method] : "?";
}

bool og_verify_parse(const char *s, enum og_verify *out)
{
    *out = OG_VERIFY_AUTO;
    for (size_t i = 0; i < METHODS; i++)
        if (strcmp(s, og_method_names[i]) == 0) {
            *out = (enum og_verify)i;
            return true;
        }
    return false;
}

enum og_verify og_check_resolve(enum og_verify method, bool own_node, enum og_verify automatic)
{
    if (method != OG_VERIFY_AUTO)
        return method;
    return own_node ? OG_VERIFY_OWN : automatic;
}

uint64_t og_check_leaves(enum og_verify method, uint32_t samples, uint64_t all)
{
    switch (method) {
    case OG_VERIFY_EXACT:
    case OG_VERIFY_AUTO:
        if (samples == 0 || samples >= all)
            return all;
        return og_min_u64(samples, OG_CHECK_PATHS_MAX);
    case OG_VERIFY_VOTE:
    case OG_VERIFY_CMD: return all;
    case OG_VERIFY_OWN:
    case OG_VERIFY_ACCEPT: break;
    }
    return 0;
}

uint32_t og_check_ppm(enum og_verify method, uint64_t leaves, uint64_t all)
{
    uint64_t part = og_muldiv(og_min_u64(leaves, all), OG_PPM, og_max_u64(all, 1));
    uint32_t exact = (uint32_t)og_min_u64(part + EXACT_BASE_PPM, OG_PPM);
    switch (method) {
    case OG_VERIFY_EXACT: return exact;
    case OG_VERIFY_VOTE: return VOTE_PPM;
    case OG_VERIFY_CMD: return CMD_PPM;
    case OG_VERIFY_AUTO: return exact > VOTE_PPM ? exact : VOTE_PPM;
    case OG_VERIFY_OWN:
    case OG_VERIFY_ACCEPT: break;
    }
    return 0;
}

uint32_t og_check_checks(enum og_verify method)
{
    switch (method) {
    case OG_VERIFY_EXACT:
    case OG_VERIFY_VOTE:
    case OG_VERIFY_AUTO: return 1;
    case OG_VERIFY_CMD: return 2;
    case OG_VERIFY_OWN:
    case OG_VERIFY_ACCEPT: break;
    }
    return 0;
}
