/* base_time.h - the only place that reads a clock. */
#ifndef OG_BASE_TIME_H
#define OG_BASE_TIME_H

#include <stdint.h>

uint64_t og_time_unix_ms(void); /* wall clock, ms since the Unix epoch; see og_time_set_now */
uint64_t og_time_mono_ms(void); /* monotonic, ms */
uint64_t og_time_mono_us(void); /* monotonic, µs */
void og_time_sleep_ms(uint64_t ms);

/* --now: og_time_unix_ms() starts from this value and runs on from there. 0 = the real clock. */
void og_time_set_now(uint64_t unix_ms);

/* "2026-11-22T21:08:00.123Z" into out[25]; what lies beyond the year 9999 shows as its end. */
void og_time_format(uint64_t unix_ms, char out[25]);

#endif
