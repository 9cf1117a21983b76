/* read.c - small questions about the state. */
#include "read.h"

#include "base/base_mem.h"
#include "store/store_row.h"

enum og_rc ogpu_global(struct og_store *st, const char *name, uint64_t *out, struct og_err *err)
{
    struct og_value v = {.name = og_xstrdup(name)};
    bool found;
    enum og_rc rc = og_row_get(st, OG_F_GLOBAL, &v, &found, err);
    *out = rc == OG_OK && found ? v.value : 0;
    og_row_release(&og_families[OG_F_GLOBAL], &v);
    return rc;
}
