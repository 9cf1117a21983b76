/* net_curl.h - inside net/ only: libcurl, loaded when it is needed. */
#ifndef OG_NET_CURL_H
#define OG_NET_CURL_H

#include "base/base_err.h"

#include <curl/curl.h>

#include <stdbool.h>

struct og_curl {
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
    CURLcode (*easy_perform)(CURL *);
    void (*easy_cleanup)(CURL *);
    const char *(*easy_strerror)(CURLcode);
    CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
    struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
    void (*slist_free_all)(struct curl_slist *);
    CURLcode (*global_init)(long);
};
/* The same table each time. OG_E_UNAVAILABLE: no libcurl on this machine. Not for two threads at
 * once. */
enum og_rc og_curl_load(const struct og_curl **out, struct og_err *err) OG_MUST_CHECK;

#endif
