/* base_err.c - sets and wraps error sentences. */
#include "base/base_err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum og_rc og_err_set(struct og_err *err, enum og_rc rc, const char *fmt, ...)
{
    if (!err)
        return rc;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    err->rc = rc;
    return rc;
}

enum og_rc og_err_wrap(struct og_err *err, enum og_rc rc, const char *fmt, ...)
{
    if (!err)
        return rc;
    char inner[OG_ERR_MAX];
    memcpy(inner, err->msg, sizeof inner);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof err->msg)
        snprintf(err->msg + n, sizeof err->msg - (size_t)n, ": %.*s",
                 (int)(sizeof err->msg - (size_t)n - 3), inner);
    err->rc = rc;
    return rc;
}
