/* Figures as people read them on a screen, and the exact decimals that go to
 * programs. Each function writes into buf, FMT_TEXT bytes, and returns it.
 * Times are shown in the zone set by fmt_set_zone(). */
#ifndef ACO_TUI_FMT_H
#define ACO_TUI_FMT_H

#include <stdbool.h>
#include <stdint.h>

#define FMT_TEXT 64

/* Show times in `zone`, a name of the time zone database or "UTC"; false if
 * there is no such zone. Changes TZ of the process: call before threads. */
bool fmt_set_zone(const char *zone);
/* "UTC", or the short name of the zone at `us`: "CET". */
char *fmt_zone(int64_t us, char *buf);
/* The last midnight in the zone at or before `us`. */
int64_t fmt_midnight(int64_t us);

/* How people here write figures: what stands before a fraction and between
 * thousands, UTF-8 of at most four bytes each; else "." and ",". Of the
 * functions below those that are exact do not heed it. */
void fmt_set_digits(const char *point, const char *thousands);

/* "999", "9,876", "12.3k", "4.56M", "1.20G": at most six columns. */
char *fmt_count(int64_t n, char *buf);
/* All digits with separators: "1,234,567". */
char *fmt_digits(int64_t n, char *buf);
/* Millionths of one: 0.8333 -> "83%", "99.9%", "0.4%", "100%". What is not
 * quite all or nothing never reads "100%" or "0%". */
char *fmt_percent(int64_t micro, char *buf);
/* Against what was before: "+12%", "-3.4%", "0%", "x12" from ten-fold on. */
char *fmt_change(int64_t micro, char *buf);
/* A duration: "850us", "12ms", "1.2s", "2m05s", "1h02m", "3d04h". */
char *fmt_span(int64_t us, char *buf);
/* "2026-11-24 12:03:04"; without the year in the year of `now`, where it only
 * takes room. "-" for TIME_NONE. */
char *fmt_time(int64_t us, char *buf);
char *fmt_time_near(int64_t us, int64_t now, char *buf);

/* Sums of pico-dollars: for screens as money_format_short() does, and beyond
 * it, in whole dollars. */
char *fmt_money(__int128 pusd, char *buf);
/* Exact decimal USD without trailing zeros. */
char *fmt_money_exact(__int128 pusd, char *buf);
/* Millionths as an exact decimal: "0.833333", "1". */
char *fmt_micro_exact(int64_t micro, char *buf);

#endif
