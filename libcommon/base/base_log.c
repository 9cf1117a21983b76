/* base_log.c - one line on stderr per message. */
#include "base/base_log.h"

#include "base/base_time.h"
#include "base/base_utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *log_tool = "ogpu";
static enum og_log_level log_level = OG_LOG_WARNING;
static bool log_json;

void og_log_setup(const char *tool, enum og_log_level level, bool json)
{
    log_tool = tool;
    log_level = level;
    log_json = json;
}

enum og_log_level og_log_get_level(void)
{
    return log_level;
}

bool og_log_get_json(void)
{
    return log_json;
}

static const char *level_name(enum og_log_level level)
{
    switch (level) {
    case OG_LOG_ERROR: return "error";
    case OG_LOG_WARNING: return "warning";
    case OG_LOG_INFO: return "info";
    case OG_LOG_DEBUG: return "debug";
    }
    return "?";
}

/* Escapes a tame text as JSON wants it: only quotes and backslashes are left to do. */
static void json_escape(const char *s, char *out, size_t cap)
{
    size_t n = 0;
    for (; *s && n + 3 < cap; s++) {
        if (*s == '"' || *s == '\\')
            out[n++] = '\\';
        out[n++] = *s;
    }
    out[n] = '\0';
}

void og_log(enum og_log_level level, const char *fmt, ...)
{
    if (level > log_level)
        return;
    char raw[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    char *msg =
        og_utf8_tame(raw, NULL); /* names in it come from others: no line breaks, no escapes */
    char line[5120];
    int n;
    if (log_json) {
        char esc[4200];
        char ts[25];
        json_escape(msg, esc, sizeof esc);
        og_time_format(og_time_unix_ms(), ts);
        n = snprintf(line, sizeof line,
                     "{\"level\":\"%s\",\"msg\":\"%s\",\"tool\":\"%s\",\"ts\":\"%s\"}\n",
                     level_name(level), esc, log_tool, ts);
    } else if (level == OG_LOG_ERROR) {
        n = snprintf(line, sizeof line, "%s: %s\n", log_tool, msg);
    } else {
        n = snprintf(line, sizeof line, "%s: %s: %s\n", log_tool, level_name(level), msg);
    }
    if (n > 0) {
        ssize_t w =
            write(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
        (void)w;
    }
    free(msg);
}
