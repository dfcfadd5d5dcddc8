#include "ledger/query_spend.h"

#include <math.h>

#include "ledger/base/clock.h"
#include "ledger/query_read.h"

#define US_PER_MIN  (60 * US_PER_SEC)
#define US_PER_HOUR (60 * US_PER_MIN)

static const char *const dims[] = {"class", "agent", "team", "model", "tier"};

static void arg_only(struct db_args *a, const struct query_only *only)
{
	query_arg_id(a, only->class_id);
	query_arg_id(a, only->agent_id);
	query_arg_id(a, only->team_id);
	query_arg_id(a, only->model_id);
	query_arg_id(a, only->tier);
}

/* ---- sums ---- */

void query_group_args(struct db_args *a, const struct query_span *span,
		      enum query_dim dim, const struct query_only *only)
{
	query_edges_args(a, span);
	db_arg_text(a, str_from(dims[dim]));
	arg_only(a, only);
}

void query_group_row(const struct db_result *r, int row,
		     struct query_group *out)
{
	struct reader x = {r, row, 0};

	out->id = i32(&x);
	out->name = text(&x);
	out->provider = text(&x);
	out->tier = i32(&x);
	out->tasks = i64(&x);
	out->judged = i64(&x);
	out->success_micro = i64(&x);
	out->routed = i64(&x);
	out->escalated = i64(&x);
	out->escalated_routed = i64(&x);
	out->paid_pusd = sum(&x);
	out->paid_judged_pusd = sum(&x);
	out->attempts = i64(&x);
	out->errors = i64(&x);
	out->unpriced = i64(&x);
	out->escalations = i64(&x);
	out->uncached_in = i64(&x);
	out->cache_read = i64(&x);
	out->cache_write_5m = i64(&x);
	out->cache_write_1h = i64(&x);
	out->output = i64(&x);
	out->reasoning = i64(&x);
	out->cost_pusd = sum(&x);
}

__int128 query_ratio(__int128 a, __int128 b)
{
	return (a + b / 2) / b;
}

bool query_cost_per_success(const struct query_group *g, __int128 *pusd)
{
	if (g->success_micro <= 0 || g->paid_judged_pusd < 0)
		return false;
	*pusd = query_ratio(g->paid_judged_pusd * 1000000, g->success_micro);
	return true;
}

/* E. B. Wilson, Probable inference, JASA 22 (1927), 209-212. */
void query_wilson(int64_t good_micro, int64_t n, int64_t *low, int64_t *high)
{
	const double z = 1.959964;
	double m = (double)n, p = (double)good_micro / 1e6 / m;
	double middle = p + z * z / (2 * m);
	double half = z * sqrt(p * (1 - p) / m + z * z / (4 * m * m));
	double den = 1 + z * z / m;

	*low = (int64_t)llround((middle - half) / den * 1e6);
	*high = (int64_t)llround((middle + half) / den * 1e6);
	*low = *low < 0 ? 0 : *low;
	*high = *high > 1000000 ? 1000000 : *high;
}

/* ---- over time ---- */

int64_t query_grain_us(enum query_grain g)
{
	static const int64_t us[] = {US_PER_MIN, US_PER_HOUR, US_PER_DAY};

	return us[g];
}

void query_spark_args(struct db_args *a, enum query_grain grain,
		      int64_t since_us, int64_t until_us, int slots,
		      enum query_dim dim, const struct query_only *only)
{
	static const char *const names[] = {"minute", "hour", "day"};

	db_arg_text(a, str_from(names[grain]));
	db_arg_time(a, since_us);
	db_arg_time(a, until_us);
	db_arg_i32(a, slots);
	db_arg_text(a, str_from(dims[dim]));
	arg_only(a, only);
}

void query_spark_row(const struct db_result *r, int row,
		     struct query_spark *out)
{
	struct reader x = {r, row, 0};

	out->id = i32(&x);
	out->slot = i32(&x);
	out->cost_pusd = sum(&x);
}

void query_heat_args(struct db_args *a, int64_t since_us, int64_t until_us,
		     const struct query_only *only)
{
	db_arg_time(a, since_us);
	db_arg_time(a, until_us);
	query_arg_id(a, only->class_id);
	query_arg_id(a, only->agent_id);
	query_arg_id(a, only->team_id);
}

void query_heat_row(const struct db_result *r, int row, int64_t *bucket_us,
		    __int128 *cost_pusd)
{
	struct reader x = {r, row, 0};

	*bucket_us = when(&x);
	*cost_pusd = sum(&x);
}

void query_histogram_args(struct db_args *a, const struct query_span *span,
			  const struct query_only *only)
{
	struct query_span s = query_span_cut(*span);

	query_arg_id(a, only->class_id);
	query_arg_id(a, only->agent_id);
	query_arg_id(a, only->team_id);
	db_arg_time(a, s.since_us);
	db_arg_time(a, s.until_us);
	db_arg_bool(a, s.all);
}

void query_histogram_row(const struct db_result *r, int row, int *bin,
			 int64_t *tasks)
{
	struct reader x = {r, row, 0};

	*bin = i32(&x);
	*tasks = i64(&x);
}

/* ---- the oracle ---- */

struct query_span query_oracle_span(const struct query_span *span)
{
	struct query_span s = query_span_cut(*span);

	s.since_us = s.all ? 0 : clock_day(s.since_us) * US_PER_DAY;
	s.until_us = (clock_day(s.until_us - 1) + 1) * US_PER_DAY;
	return s;
}

void query_oracle_args(struct db_args *a, const struct query_span *span)
{
	struct query_span s = query_oracle_span(span);

	db_arg_day(a, clock_day(s.since_us));
	db_arg_day(a, clock_day(s.until_us));
}

/* A sum that may not be known. */
static bool known_sum(struct reader *x, __int128 *out)
{
	bool known = !db_null(x->r, x->row, x->col);

	*out = sum(x);
	return known;
}

void query_oracle_row(const struct db_result *r, int row,
		      struct query_oracle *out)
{
	struct reader x = {r, row, 0};
	bool low, high;

	out->class_id = i32(&x);
	out->judged = i64(&x);
	out->observed = i64(&x);
	out->paid_pusd = sum(&x);
	out->oracle_pusd = sum(&x);
	low = known_sum(&x, &out->low_pusd);
	high = known_sum(&x, &out->high_pusd);
	out->has_interval = low && high;
	out->success_micro = i64(&x);
	out->oracle_success_micro = i64(&x);
	out->has_strongest = known_sum(&x, &out->strongest_pusd);
	out->has_cheapest = known_sum(&x, &out->cheapest_pusd);
}

bool query_capture(const struct query_oracle *o, int64_t *micro)
{
	__int128 possible = o->strongest_pusd - o->oracle_pusd;

	if (!o->has_strongest || possible <= 0)
		return false;
	*micro = (int64_t)((o->strongest_pusd - o->paid_pusd) * 1000000 /
			   possible);
	return true;
}
