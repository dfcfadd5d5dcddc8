/* The stretch of time that the screens look at: one of a few lengths that end
 * now and move with the clock, or two fixed ends from the command line. */
#ifndef ACO_TUI_RANGE_H
#define ACO_TUI_RANGE_H

#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "ledger/query_spend.h"

struct range {
	int preset;                 /* of ranges[], or RANGE_FIXED */
	int64_t since_us, until_us; /* RANGE_FIXED; until TIME_NONE: now */
};

enum {
	RANGE_15M,
	RANGE_1H,
	RANGE_24H,
	RANGE_7D,
	RANGE_30D,
	RANGE_ALL,
	RANGE_N,
	RANGE_FIXED = -1
};

/* "24h", "all", or "2026-11-01 to 2026-11-24" (FMT_TEXT bytes); returns buf. */
char *range_name(const struct range *r, char *buf);
/* The preset after this one, or before it (step -1); round. */
struct range range_step(const struct range *r, int step);

/* The preset of that name; false: none, *out is untouched. */
bool range_preset(struct str name, struct range *out);
/* From the midnight before the last one to the last, in the zone shown. */
struct range range_yesterday(int64_t now);
/* The stretch of the same length just before, for comparison; false where
 * there is none (everything). */
bool range_before(const struct query_span *s, struct query_span *out);

/* A moment: a time or a date as clock_parse() takes them, or a length of time
 * ago: "90m", "36h", "7d", "2w"; "all" is TIME_NONE. */
enum rc range_parse_time(struct str s, int64_t now, int64_t *us,
			 struct err *e) MUST_CHECK;
/* From --since and --until, NULL where not given (not both NULL). --since with
 * the name of a preset alone is that preset. */
enum rc range_parse(const char *since, const char *until, int64_t now,
		    struct range *out, struct err *e) MUST_CHECK;

/* The span to read now. A range that ends now takes in the minute that has
 * just begun. */
struct query_span range_span(const struct range *r, int64_t now);

/* How a sparkline over the range is read. */
struct range_spark {
	enum query_grain grain;
	int64_t since_us, until_us;
	int slots; /* 1..SPARK_MAX */
};
/* oldest_us: of the first row there is, or TIME_NONE; bounds "all". */
struct range_spark range_spark(const struct range *r, int64_t now,
			       int64_t oldest_us);

#endif
