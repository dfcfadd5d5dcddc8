/* Figures as foreign JSON states them: counts, times and money, each absent
 * when it is not there. For importers and for outcome files. */
#ifndef ACO_FIELD_H
#define ACO_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/arena.h"
#include "ledger/base/json.h"

/* A whole number from 0 on; USAGE_NONE when absent or null. What is there and
 * is no such number sets *bad. */
int64_t field_count(const struct json *v, bool *bad);
/* A date as text (clock_parse), or a number or text of seconds, milli-, micro-
 * or nanoseconds since 1970, told apart by size; TIME_NONE when it is none. */
int64_t field_time(const struct json *v, struct arena *a);
/* Dollars as number or text, exactly, in pico-dollars; MONEY_NONE when absent
 * or no amount. */
int64_t field_usd(const struct json *v);

#endif
