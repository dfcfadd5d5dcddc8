#include "tui/range.h"

#include <stdio.h>

#include "ledger/base/clock.h"
#include "tui/fmt.h"
#include "tui/spark.h"

#define US_PER_MIN  (60 * US_PER_SEC)
#define US_PER_HOUR (60 * US_PER_MIN)

static const struct {
	const char *name;
	int64_t len_us; /* 0: everything */
} presets[RANGE_N] = {
	[RANGE_15M] = {"15m", 15 * US_PER_MIN},
	[RANGE_1H] = {"1h", US_PER_HOUR},
	[RANGE_24H] = {"24h", US_PER_DAY},
	[RANGE_7D] = {"7d", 7 * US_PER_DAY},
	[RANGE_30D] = {"30d", 30 * US_PER_DAY},
	[RANGE_ALL] = {"all", 0},
};

/* A date alone where the time is midnight. */
static char *moment(int64_t us, char *buf)
{
	fmt_time(us, buf);
	if (fmt_midnight(us) == us)
		buf[10] = '\0';
	else
		buf[16] = '\0';
	return buf;
}

char *range_name(const struct range *r, char *buf)
{
	char since[FMT_TEXT], until[FMT_TEXT];

	if (r->preset != RANGE_FIXED)
		snprintf(buf, FMT_TEXT, "%s", presets[r->preset].name);
	else if (r->until_us == TIME_NONE)
		snprintf(buf, FMT_TEXT, "since %.16s",
			 moment(r->since_us, since));
	else
		snprintf(buf, FMT_TEXT, "%.16s to %.16s",
			 moment(r->since_us, since),
			 moment(r->until_us, until));
	return buf;
}

struct range range_step(const struct range *r, int step)
{
	int at = r->preset == RANGE_FIXED ? RANGE_ALL : r->preset;

	return (struct range){.preset = (at + step + RANGE_N) % RANGE_N};
}

bool range_preset(struct str name, struct range *out)
{
	for (int i = 0; i < RANGE_N; i++) {
		if (!str_is(name, presets[i].name))
			continue;
		*out = (struct range){.preset = i};
		return true;
	}
	return false;
}

struct range range_yesterday(int64_t now)
{
	int64_t today = fmt_midnight(now);

	return (struct range){RANGE_FIXED, fmt_midnight(today - 1), today};
}

bool range_before(const struct query_span *s, struct query_span *out)
{
	int64_t len = s->until_us - s->since_us;

	if (s->all || s->since_us - len < US_PER_DAY)
		return false;
	*out = query_span_cut(
		(struct query_span){s->since_us - len, s->since_us, false});
	return true;
}

enum rc range_parse_time(struct str s, int64_t now, int64_t *us, struct err *e)
{
	static const struct {
		char unit;
		int64_t us;
	} units[] = {{'m', US_PER_MIN},
		     {'h', US_PER_HOUR},
		     {'d', US_PER_DAY},
		     {'w', 7 * US_PER_DAY}};
	int64_t n, len;

	if (str_is(s, "all")) {
		*us = TIME_NONE;
		return RC_OK;
	}
	if (clock_parse(s, us))
		return RC_OK;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (s.len < 2 || s.p[s.len - 1] != units[i].unit)
			continue;
		if (str_i64((struct str){s.p, s.len - 1}, &n) && n > 0 &&
		    !__builtin_mul_overflow(n, units[i].us, &len)) {
			*us = len < now ? now - len : 0;
			return RC_OK;
		}
	}
	err_set(e, RC_BAD, "'%.*s' is no time", STR_ARG(s));
	err_hint(e, "a date, a time, or how long ago: 2026-11-01, "
		    "2026-11-01T08:00Z, 90m, 36h, 7d, all");
	return RC_BAD;
}

static int find_preset(const char *name)
{
	for (int i = 0; i < RANGE_N; i++)
		if (strcmp(presets[i].name, name) == 0)
			return i;
	return RANGE_FIXED;
}

enum rc range_parse(const char *since, const char *until, int64_t now,
		    struct range *out, struct err *e)
{
	enum rc rc;

	*out = (struct range){RANGE_FIXED, US_PER_DAY, TIME_NONE};
	if (since && !until) {
		out->preset = find_preset(since);
		if (out->preset != RANGE_FIXED)
			return RC_OK;
	}
	if (since) {
		rc = range_parse_time(str_from(since), now, &out->since_us, e);
		if (rc != RC_OK)
			return rc;
		if (out->since_us == TIME_NONE)
			out->since_us = US_PER_DAY;
	}
	if (until) {
		rc = range_parse_time(str_from(until), now, &out->until_us, e);
		if (rc != RC_OK)
			return rc;
		if (out->until_us != TIME_NONE &&
		    out->until_us <= out->since_us) {
			err_set(e, RC_BAD, "until is not later than since");
			err_hint(e, "swap the two");
			return RC_BAD;
		}
	}
	return RC_OK;
}

struct query_span range_span(const struct range *r, int64_t now)
{
	int64_t end = now - now % US_PER_MIN + US_PER_MIN;
	struct query_span s = {0};

	if (r->preset == RANGE_ALL) {
		s.all = true;
	} else if (r->preset == RANGE_FIXED) {
		s.since_us = r->since_us;
		s.until_us = r->until_us == TIME_NONE ? end : r->until_us;
	} else {
		s.since_us = end - presets[r->preset].len_us;
		s.until_us = end;
	}
	return query_span_cut(s);
}

struct range_spark range_spark(const struct range *r, int64_t now,
			       int64_t oldest_us)
{
	struct query_span span = range_span(r, now);
	struct range_spark s = {QUERY_DAY, span.since_us, span.until_us, 0};
	int64_t len, unit, n;

	if (span.all) {
		s.until_us = now;
		s.since_us = oldest_us == TIME_NONE ? now : oldest_us;
	} else if (oldest_us != TIME_NONE && s.since_us < oldest_us &&
		   r->preset == RANGE_FIXED) {
		s.since_us = oldest_us < s.until_us ? oldest_us : s.since_us;
	}
	len = s.until_us - s.since_us;
	if (len <= 3 * US_PER_HOUR)
		s.grain = QUERY_MINUTE;
	else if (len <= 8 * US_PER_DAY)
		s.grain = QUERY_HOUR;
	/* Whole stretches of the grain, the last one in full. */
	unit = query_grain_us(s.grain);
	s.since_us -= s.since_us % unit;
	s.until_us += (unit - s.until_us % unit) % unit;
	n = (s.until_us - s.since_us) / unit;
	if (n < 1) {
		s.until_us = s.since_us + unit;
		n = 1;
	}
	s.slots = n < 30 ? (int)n : 30;
	return s;
}
