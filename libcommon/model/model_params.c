/* model_params.c - genesis parameters: names, defaults, bounds. */
#include "model/model_params.h"

#include <string.h>

const struct og_param_info og_param_infos[] = {
#define X(name, dflt, min, max, since)                                                             \
    {#name, dflt, min, max, since, offsetof(struct og_params, name)},
    OG_PARAMS(X)
#undef X
};
const size_t og_param_count = sizeof og_param_infos / sizeof *og_param_infos;

static uint64_t *member(struct og_params *p, const struct og_param_info *i)
{
    return (uint64_t *)(void *)((char *)p + i->at);
}

void og_params_defaults(struct og_params *p)
{
    for (size_t i = 0; i < og_param_count; i++)
        *member(p, &og_param_infos[i]) = og_param_infos[i].dflt;
}

const struct og_param_info *og_param_find(const char *name)
{
    for (size_t i = 0; i < og_param_count; i++)
        if (strcmp(og_param_infos[i].name, name) == 0)
            return &og_param_infos[i];
    return NULL;
}

bool og_params_set(struct og_params *p, const char *name, uint64_t value)
{
    const struct og_param_info *i = og_param_find(name);
    if (!i || value < i->min || value > i->max)
        return false;
    *member(p, i) = value;
    return true;
}
