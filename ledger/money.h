/* Exact money. Prices are femto-dollars (1e-15 USD) a token in int64: USD per
 * million tokens times 1e9. Costs are pico-dollars (1e-12 USD) in int64,
 * rounded half-even once from an exact __int128. No float touches money. */
#ifndef ACO_MONEY_H
#define ACO_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/str.h"

#define MONEY_NONE   INT64_MIN /* not known; never the same as 0 */
#define PUSD_PER_USD INT64_C(1000000000000)
#define MONEY_TEXT   48 /* room for any formatted amount */

/* "0.030355", "1e-7", "12" (USD) to pico-dollars, rounded half-even at the
 * 12th decimal. The text is a number as JSON writes it. False on anything
 * else, on any '-' sign, and above int64 ($9,223,372.036854775807). */
bool money_parse_pusd(struct str usd, int64_t *pusd);
/* USD per million tokens, at most 9 decimals, to femto-dollars a token,
 * exact or false. "" gives MONEY_NONE and true. */
bool money_parse_fusd(struct str usd_per_mtok, int64_t *fusd);

/* Exact decimal USD without trailing zeros: "0.030355", "0", "-1.5". buf has
 * MONEY_TEXT bytes, here and below; all return buf. MONEY_NONE gives "". The
 * sum of many rows may not fit int64; a numeric from PostgreSQL comes through
 * db_numeric_i128(). */
char *money_format(int64_t pusd, char *buf);
char *money_format_sum(__int128 pusd, char *buf);
char *money_format_fusd_mtok(int64_t fusd, char *buf); /* "3.75" per Mtok */
/* v / 10^places (0..30), exact, without trailing zeros. */
char *money_format_scaled(__int128 v, int places, char *buf);
/* For screens: "$0.0304", "$12.34", "$1,234", "$123.5k", three to five
 * significant figures (below a millionth "$1.00e-9"), "$0.00" only for zero;
 * at most 12 bytes. "-" for MONEY_NONE. */
char *money_format_short(int64_t pusd, char *buf);
char *money_format_sum_short(__int128 pusd, char *buf);

/* fusd * n to pusd: an exact sum in __int128 femto-dollars, rounded half-even;
 * false when it does not fit. */
bool money_round_fusd(__int128 fusd, int64_t *pusd);
/* n / den (den > 0), rounded half-even; false when it does not fit int64 or
 * is MONEY_NONE. */
bool money_round(__int128 n, int64_t den, int64_t *out);

#endif
