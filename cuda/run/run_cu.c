/* run_cu.c - dlopen of driver, NVRTC and NVML by the tables of exec_cu.h. */
#include "run_cu.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    const char *symbol;
    size_t at;
    bool needed;
};

/* The first of the names that can be opened; $variable, when set, is the only one. */
static void *open_first(const char *variable, const char *const *names, char why[OG_CU_WHY_MAX])
{
    const char *asked = variable ? getenv(variable) : NULL;
    void *h = NULL;
    if (asked && *asked) {
        h = dlopen(asked, RTLD_NOW | RTLD_LOCAL);
        if (!h)
            snprintf(why, OG_CU_WHY_MAX, "'%.120s' ($%s) cannot be loaded", asked, variable);
        return h;
    }
    for (size_t i = 0; names[i] && !h; i++)
        h = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!h)
        snprintf(why, OG_CU_WHY_MAX, "'%s' is not installed", names[0]);
    return h;
}

static bool fill(void *h, const struct entry *e, size_t n, void *out, char why[OG_CU_WHY_MAX])
{
    for (size_t i = 0; i < n; i++) {
        void *f = dlsym(h, e[i].symbol);
        memcpy((char *)out + e[i].at, &f, sizeof f);
        if (!f && e[i].needed) {
            snprintf(why, OG_CU_WHY_MAX, "the library lacks '%s'", e[i].symbol);
            return false;
        }
    }
    return true;
}

#define ENTRY_OF(type, needed, symbol, member) {symbol, offsetof(struct type, member), needed},
#define DRIVER(needed, symbol, member, args)   ENTRY_OF(og_cu_driver, needed, symbol, member)
#define NVRTC(needed, symbol, member, args)    ENTRY_OF(og_cu_nvrtc, needed, symbol, member)
#define NVML(needed, symbol, member, args)     ENTRY_OF(og_cu_nvml, needed, symbol, member)
#define COUNT(table)                           (sizeof(table) / sizeof *(table))

bool og_cu_open_driver(struct og_cu_driver *out, char why[OG_CU_WHY_MAX])
{
    static const struct entry table[] = {OG_CU_DRIVER(DRIVER)};
    static const char *const names[] = {"libcuda.so.1", NULL};
    void *h = open_first("OGPU_LIBCUDA", names, why);
    return h && fill(h, table, COUNT(table), out, why);
}

bool og_cu_open_nvrtc(const char *path, struct og_cu_nvrtc *out, char *real, size_t max,
                      char why[OG_CU_WHY_MAX])
{
    static const struct entry table[] = {OG_CU_NVRTC(NVRTC)};
    static const char *const names[] = {"libnvrtc.so.13",   "libnvrtc.so.12", "libnvrtc.so.11.2",
                                        "libnvrtc.so.11.1", "libnvrtc.so",    NULL};
    const char *const one[] = {path, NULL};
    void *h = open_first(path ? NULL : "OGPU_LIBNVRTC", path ? one : names, why);
    if (!h || !fill(h, table, COUNT(table), out, why))
        return false;
    struct link_map *map = NULL;
    if (real && dlinfo(h, RTLD_DI_LINKMAP, &map) == 0 && map) {
        char *full = realpath(map->l_name, NULL);
        snprintf(real, max, "%s", full ? full : map->l_name);
        free(full);
    }
    return true;
}

bool og_cu_open_nvml(struct og_cu_nvml *out, char why[OG_CU_WHY_MAX])
{
    static const struct entry table[] = {OG_CU_NVML(NVML)};
    static const char *const names[] = {"libnvidia-ml.so.1", "libnvidia-ml.so", NULL};
    void *h = open_first("OGPU_LIBNVML", names, why);
    return h && fill(h, table, COUNT(table), out, why);
}
