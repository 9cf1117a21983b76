/* base_log.h - one line on stderr per message; the library itself uses only debug. */
#ifndef OG_BASE_LOG_H
#define OG_BASE_LOG_H

#include "base/base_err.h"

#include <stdbool.h>

enum og_log_level { OG_LOG_ERROR, OG_LOG_WARNING, OG_LOG_INFO, OG_LOG_DEBUG };

/* Set once by cli/. tool must outlive the process. json: {"level":…,"msg":…,"ts":…} lines. */
void og_log_setup(const char *tool, enum og_log_level level, bool json);
enum og_log_level og_log_get_level(void);
bool og_log_get_json(void);
void og_log(enum og_log_level level, const char *fmt, ...) OG_PRINTF(2, 3);

#endif
