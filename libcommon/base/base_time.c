/* base_time.c - the only place that reads a clock. */
#include "base/base_time.h"

#include <stdio.h>
#include <time.h>

#define LAST_MS 253402300799999u /* the end of the year 9999 */

static int64_t shift_ms;

static uint64_t read_ms(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t og_time_unix_ms(void)
{
    return read_ms(CLOCK_REALTIME) + (uint64_t)shift_ms;
}

uint64_t og_time_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

uint64_t og_time_mono_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void og_time_sleep_ms(uint64_t ms)
{
    struct timespec ts = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&ts, NULL);
}

void og_time_set_now(uint64_t unix_ms)
{
    shift_ms = unix_ms ? (int64_t)(unix_ms - read_ms(CLOCK_REALTIME)) : 0;
}

void og_time_format(uint64_t unix_ms, char out[25])
{
    if (unix_ms > LAST_MS)
        unix_ms = LAST_MS;
    time_t s = (time_t)(unix_ms / 1000);
    struct tm tm = {0};
    gmtime_r(&s, &tm);
    char day[20];
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, 25, "%.19s.%03uZ", day, (unsigned)(unix_ms % 1000) % 1000u);
}
