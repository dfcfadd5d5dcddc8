/* The matrix of what a ledger knows. */
#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/learn.h"
#include "ledger/money.h"
#include "ledger/price.h"
#include "router/matrix_int.h"
#include "router/router.h"

#define FACTOR_MAX 1e4  /* between two prices of a model; more is damage */
#define COST_MAX   9e18 /* of a row, pico-dollars, which int64 holds */

/* What a model costs today. */
struct today {
	struct str name; /* of the matrix's arena */
	double unit;
};

struct reading {
	struct mx_build *b;
	struct matrix *m;
	const struct price_book *book; /* NULL: costs stay as they were paid */
	struct today *today;
	size_t n, cap;
};

static double unit_at(const struct reading *r, struct str provider,
		      struct str model, int64_t at_us)
{
	struct price_found f;

	if (!price_find(r->book, provider, model, at_us, &f) ||
	    f.row->v[PRICE_INPUT] == MONEY_NONE ||
	    f.row->v[PRICE_OUTPUT] == MONEY_NONE)
		return 0;
	return route_price_unit(f.row->v[PRICE_INPUT], f.row->v[PRICE_OUTPUT]);
}

static double unit_today(struct reading *r, struct str provider,
			 struct str model)
{
	for (size_t i = 0; i < r->n; i++) {
		if (str_eq(r->today[i].name, model))
			return r->today[i].unit;
	}
	xgrow(&r->today, &r->cap, r->n + 1, sizeof(*r->today));
	r->today[r->n] = (struct today){
		arena_str(&r->m->arena, model),
		unit_at(r, provider, model, TIME_NONE),
	};
	return r->today[r->n++].unit;
}

int64_t mx_cost_at(int64_t cost_pusd, double now, double then)
{
	double cost;

	if (cost_pusd == MONEY_NONE || !(then > 0) || !(now > 0) ||
	    now == then || now > then * FACTOR_MAX)
		return cost_pusd;
	cost = (double)cost_pusd * now / then;
	return cost < COST_MAX ? llround(cost) : cost_pusd;
}

/* What a row cost, at today's price: an arm's costs then follow its price
 * however often that has changed. */
static int64_t cost_today(struct reading *r, const struct learn_row *row)
{
	struct str provider = row->provider, model = row->t.model;
	double now = unit_today(r, provider, model);

	if (row->t.at_us == TIME_NONE)
		return row->t.cost_pusd;
	return mx_cost_at(row->t.cost_pusd, now,
			  unit_at(r, provider, model, row->t.at_us));
}

static enum rc add(void *arg, const struct learn_row *r, struct err *e)
{
	struct reading *rd = arg;
	struct ev_trial t = r->t;
	struct mx_line l = {
		.t = &t,
		.repo = r->repo,
		.evidence = r->evidence,
		.propensity = r->propensity,
	};

	if (rd->book)
		t.cost_pusd = cost_today(rd, r);
	return mx_add(rd->b, &l, e);
}

/* Arms that stand for a tier have no price of their own. */
static void set_units(const struct reading *r)
{
	for (int a = 0; a < r->m->n_arms; a++) {
		for (size_t i = 0; i < r->n; i++) {
			if (str_eq(r->m->arms[a].name, r->today[i].name))
				r->m->arms[a].price_unit = r->today[i].unit;
		}
	}
}

enum rc matrix_ledger(struct matrix *m, struct db *db,
		      const struct learn_opts *from, const struct mx_opts *o,
		      struct err *e)
{
	struct reading r = {.b = mx_build_new(m, o), .m = m, .book = o->prices};
	enum rc rc = learn_read(db, from, add, &r, e);

	if (!rc)
		rc = mx_build_end(r.b, e);
	else
		mx_build_free(r.b);
	if (!rc)
		set_units(&r);
	free(r.today);
	return rc;
}
