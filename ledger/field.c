#include "ledger/field.h"

#include "ledger/base/clock.h"
#include "ledger/cost.h"
#include "ledger/money.h"

int64_t field_count(const struct json *v, bool *bad)
{
	int64_t n;

	if (!json_present(v))
		return USAGE_NONE;
	if (json_is(v, JSON_NUMBER) && json_i64(v, &n) && n >= 0)
		return n;
	*bad = true;
	return USAGE_NONE;
}

/* Seconds, or finer units: today is about 1.8e9 s, 1.8e12 ms and so on. The
 * bounds lie between the years 1973 and 5138 of the coarser unit. */
static int64_t from_epoch(double t)
{
	double us;

	if (!(t > 0))
		return TIME_NONE;
	if (t < 1e11)
		us = t * 1e6;
	else if (t < 1e14)
		us = t * 1e3;
	else if (t < 1e17)
		us = t;
	else
		us = t / 1e3;
	return us < 9e18 ? (int64_t)us : TIME_NONE;
}

int64_t field_time(const struct json *v, struct arena *a)
{
	int64_t us;
	double t;

	if (json_is(v, JSON_STRING)) {
		struct str s = json_str(v, a);

		if (s.p && clock_parse(s, &us))
			return us;
		return str_i64(s, &us) ? from_epoch((double)us) : TIME_NONE;
	}
	return json_double(v, &t) ? from_epoch(t) : TIME_NONE;
}

int64_t field_usd(const struct json *v)
{
	int64_t pusd;

	if (!json_is(v, JSON_NUMBER) &&
	    !(json_is(v, JSON_STRING) && !v->escaped))
		return MONEY_NONE;
	return money_parse_pusd(v->text, &pusd) ? pusd : MONEY_NONE;
}
