/* fuzz_owner.c - worker.conf: any bytes are taken with bounded values or refused with their line.
 */
#include "cli/cli_owner.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int good)
{
    if (!good)
        abort(); /* allowed: a finding */
}

static void check_gate(const struct og_owner_gate *g)
{
    require(g->n_spans <= OG_OWNER_SPANS);
    require(g->share_ppm == OG_OWNER_UNSET || (g->share_ppm > 0 && g->share_ppm <= 1000000));
    for (size_t i = 0; i < g->n_spans; i++)
        require(g->span[i].from < g->span[i].to && g->span[i].from < OG_WEEK_MINUTES &&
                g->span[i].to - g->span[i].from <= 24 * 60);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_owner *o = malloc(sizeof *o);
    struct og_err err = {0};
    struct og_owner_gate g;
    require(o != NULL);
    og_owner_init(o);
    enum og_rc rc = og_owner_parse(o, "f", (const char *)data, size, &err);
    require(rc == OG_OK || (rc == OG_E_CONFIG && strncmp(err.msg, "f:", 2) == 0));
    check_gate(&o->all);
    og_owner_gpu_gate(o, 0, "GPU-0", &g);
    check_gate(&g);
    for (uint32_t m = 0; m < OG_WEEK_MINUTES; m += 61)
        (void)og_owner_hours(&g, m);
    og_owner_release(o);
    free(o);
    return 0;
}
