/* net_curl.c - loads libcurl: 3 ms and 30 libraries that short tools shall not pay for. */
#include "net/net_curl.h"

#include <dlfcn.h>
#include <string.h>

/* A pointer to data that dlsym gives, as the function it is. */
static bool get(void *lib, const char *name, void *fn)
{
    void *p = dlsym(lib, name);
    memcpy(fn, &p, sizeof p);
    return p != NULL;
}

enum og_rc og_curl_load(const struct og_curl **out, struct og_err *err)
{
    static struct og_curl c;
    static bool loaded;
    *out = &c;
    if (loaded)
        return OG_OK;
    void *lib = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!lib)
        lib = dlopen("libcurl.so", RTLD_NOW | RTLD_LOCAL);
    if (!lib)
        return og_err_set(err, OG_E_UNAVAILABLE, "libcurl is not installed: %s", dlerror());
    bool ok = get(lib, "curl_easy_init", &c.easy_init) &&
              get(lib, "curl_easy_setopt", &c.easy_setopt) &&
              get(lib, "curl_easy_perform", &c.easy_perform) &&
              get(lib, "curl_easy_cleanup", &c.easy_cleanup) &&
              get(lib, "curl_easy_strerror", &c.easy_strerror) &&
              get(lib, "curl_easy_getinfo", &c.easy_getinfo) &&
              get(lib, "curl_slist_append", &c.slist_append) &&
              get(lib, "curl_slist_free_all", &c.slist_free_all) &&
              get(lib, "curl_global_init", &c.global_init) &&
              c.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!ok)
        return og_err_set(err, OG_E_UNAVAILABLE, "libcurl cannot be used");
    loaded = true;
    return OG_OK;
}
