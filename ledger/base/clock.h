/* Time. Wall-clock times are microseconds since 1970-01-01 UTC in int64;
 * TIME_NONE means "not known". Days are days since 1970-01-01 UTC in int32;
 * day 0 holds what has no date. Tests fix the clock with clock_fix(). */
#ifndef ACO_CLOCK_H
#define ACO_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/base/str.h"

#define TIME_NONE   INT64_MIN
#define US_PER_SEC  INT64_C(1000000)
#define US_PER_DAY  (INT64_C(86400) * US_PER_SEC)
#define DAY_UNDATED 0

int64_t clock_now_us(void); /* wall clock, or the fixed one */
/* Whether this machine knows a time zone of that name ("UTC",
 * "Europe/Berlin"); without any zones, whatever could be one. */
bool clock_zone_known(const char *zone);
int64_t clock_mono_us(void);    /* monotonic, for durations; never fixed */
void clock_fix(int64_t now_us); /* TIME_NONE: run again. ACO_NOW in the
				   environment does the same at start */

/* UTC day of a time; DAY_UNDATED for TIME_NONE. */
int32_t clock_day(int64_t us);

/* ISO 8601 / RFC 3339: date, or date and time with 'T' or ' ', any number of
 * fraction digits (cut to microseconds), 'Z', an offset, or nothing (UTC).
 * False on anything else, impossible dates included. */
bool clock_parse(struct str s, int64_t *us);

/* "2026-11-24T01:02:03.000004Z"; "" for TIME_NONE. size >= 32. Returns buf. */
char *clock_format(int64_t us, char *buf, size_t size);
/* To the second, for people: "2026-11-24T01:02:03Z"; "" for TIME_NONE. */
char *clock_format_sec(int64_t us, char *buf, size_t size);
/* "2026-11-24". size >= 16. */
char *clock_format_day(int32_t day, char *buf, size_t size);

#endif
