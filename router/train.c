#include "router/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "router/accept.h"
#include "router/bundle_build.h"
#include "router/bundle_plain.h"
#include "router/train_int.h"

#define PACKED_MAX ((size_t)64 << 20)

void train_defaults(struct train_opts *o)
{
	*o = (struct train_opts){
		.seed = 1,
		.trees = 300,
		.depth = 5,
		.threads = 1,
		.protos = 1000,
		.under_weight = 1,
		.min_arm_rows = 60,
		.min_class_tasks = 100,
		.quality = 1,
		.shrink = 10,
		.false_accept = 0.05,
		.confidence = 0.95,
		.now_us = TIME_NONE,
		.since_us = TIME_NONE,
		.until_us = TIME_NONE,
		.fitted_us = TIME_NONE,
	};
}

void fit_progress(struct fit *f, const char *what, double done)
{
	f->done += done;
	if (f->o->progress)
		f->o->progress(f->o->arg, what,
			       f->todo > 0 ? fmin(f->done / f->todo, 1) : 0);
}

/* ---- writing ---- */

/* The library's JSON with `shift` added to what it starts from: the text
 * "base_score":"1.2E1" is what forest_pack() reads it from. */
static enum rc shifted(const struct buf *json, float shift, struct buf *out,
		       struct err *e)
{
	static const char key[] = "\"base_score\":\"";
	const char *at = strstr(buf_str(json), key), *end;

	if (at)
		at += sizeof(key) - 1;
	end = at ? strchr(at, '"') : NULL;
	if (!end)
		return err_set(e, RC_BUG, "a model without base_score");
	buf_add(out, json->p, (size_t)(at - json->p));
	buf_addf(out, "%.9g", strtod(at, NULL) + (double)shift);
	buf_add(out, end, json->len - (size_t)(end - json->p));
	return buf_ok(out) ? RC_OK : err_set(e, RC_BAD, "the model is too big");
}

/* *index: of the forest, -1 when there is none. */
static enum rc write_model(struct bundle_build *b, const struct fit_model *m,
			   int columns, int *index, struct err *e)
{
	struct buf json, packed;
	enum rc rc = RC_OK;

	*index = -1;
	if (!m->json.len)
		return RC_OK;
	buf_init(&json, m->json.max);
	buf_init(&packed, PACKED_MAX);
	if (m->shift != 0)
		rc = shifted(&m->json, m->shift, &json, e);
	else
		buf_add(&json, m->json.p, m->json.len);
	if (!rc)
		rc = forest_pack(&packed, (struct str){json.p, json.len},
				 columns, e);
	if (!rc)
		*index = bundle_build_forest(
			b, (struct str){packed.p, packed.len});
	buf_release(&json);
	buf_release(&packed);
	return rc;
}

static enum rc write_arms(const struct fit *f, struct bundle_build *b,
			  struct err *e)
{
	int *success = xcalloc((size_t)f->arms, sizeof(*success));
	int *cost = xcalloc((size_t)f->arms, sizeof(*cost));
	enum rc rc = RC_OK;

	for (int a = 0; a < f->arms && !rc; a++) {
		rc = write_model(b, &f->arm[a].success, f->columns, &success[a],
				 e);
		if (!rc)
			rc = write_model(b, &f->arm[a].cost, f->columns,
					 &cost[a], e);
	}
	for (int a = 0; a < f->arms && !rc; a++) {
		const struct fit_arm *from = &f->arm[a];
		int lender = from->lender < 0 ? a : from->lender;
		struct bundle_arm arm = {
			.name = f->m->arms[a].name,
			.tier = arm_tier(f, a) + 1,
			.own = from->own,
			.lender = lender,
			.success = success[lender],
			.cost = cost[a],
			.cal = f->arm[lender].cal,
			.spread = f->arm[lender].spread,
			.price_unit = (float)from->unit,
		};

		bundle_build_arm(b, &arm);
	}
	free(success);
	free(cost);
	return rc;
}

static double seen_of(const struct fit *f, int node, int arm)
{
	double n = 0;

	for (int k = 0; k < f->folds; k++)
		n += f->tally[((size_t)node * (size_t)f->folds + (size_t)k) *
				      (size_t)f->arms +
			      (size_t)arm]
			     .n;
	return n;
}

static void write_class(const struct fit *f, struct bundle_build *b, int node,
			const float *together, struct rates *r)
{
	float *seen = xcalloc((size_t)f->arms, sizeof(*seen));
	struct bundle_class c = {
		.name = f->node[node].name,
		.parent = f->node[node].parent,
		.tasks = f->node[node].tasks,
		.floor = bundle_plain_floor(f->node[node].name),
		.policy = f->policy[node].policy,
		.accept = f->accepts[node].cal,
		.bonus = f->policy[node].bonus,
	};

	fit_rates(f, node, NO_FOLD, NO_FOLD, r);
	for (int a = 0; a < f->arms; a++) {
		seen[a] = (float)seen_of(f, node, a);
		if (f->arm[a].unit > 0)
			r->cost[a] = (float)((double)r->cost[a] * 1000 /
					     f->arm[a].unit);
	}
	c.rate = r->rate;
	c.cost = r->cost;
	c.seen = seen;
	memcpy(c.tier_rate, r->tier, sizeof(c.tier_rate));
	memcpy(c.together, together, sizeof(c.together));
	bundle_build_focus(b, f->focus[node]);
	bundle_build_class(b, &c);
	free(seen);
}

static enum rc write_accept(const struct fit *f, struct bundle_build *b,
			    struct err *e)
{
	struct fit_model m = {.json = f->accept};
	int index;
	enum rc rc = write_model(b, &m, ACCEPT_COLUMNS, &index, e);

	if (!rc && index >= 0)
		bundle_build_accept(b, index);
	return rc;
}

/* How the features lie over the tasks that a learned policy serves. */
static void write_spreads(const struct fit *f, struct bundle_build *b)
{
	size_t features = (size_t)f->features, n = 0;
	struct spread *s = xcalloc(features + 1, sizeof(*s));
	float *v = xcalloc((size_t)f->n + 1, sizeof(*v));

	for (size_t j = 0; j < features; j++) {
		n = 0;
		for (int i = 0; i < f->n; i++) {
			const float *x = fit_vector(f, i);

			if (x && f->policy[f->row[i].node].policy.kind ==
					 POLICY_LEARNED)
				v[n++] = x[j];
		}
		spread_make(&s[j], v, n);
	}
	if (n && f->features == feature_count())
		bundle_build_spreads(b, s);
	free(s);
	free(v);
}

static enum rc write_bundle(struct fit *f, struct buf *out, struct err *e)
{
	struct bundle_build *b = bundle_build_new();
	float *together = xcalloc((size_t)f->nodes * TIERS, sizeof(float));
	struct buf cert;
	struct rates r;
	enum rc rc = write_arms(f, b, e);

	buf_init(&cert, 4 << 20);
	rates_init(&r, f);
	if (!rc)
		rc = write_accept(f, b, e);
	fit_repeats(f, together);
	for (int c = 0; c < f->nodes && !rc; c++)
		write_class(f, b, c, together + (size_t)c * TIERS, &r);
	if (!rc) {
		fit_space_rates(f, NO_FOLD, NO_FOLD);
		bundle_build_derive(b, &f->space);
		write_spreads(f, b);
		fit_certificate(f, &cert);
		bundle_build_certificate(b, (struct str){cert.p, cert.len});
		rc = bundle_build_write(b, out, e);
	}
	rates_release(&r);
	free(together);
	buf_release(&cert);
	bundle_build_free(b);
	return rc;
}

/* By task of the matrix, as fit_accept() found them. */
static void tell_post(const struct fit *f)
{
	size_t arms = (size_t)f->arms, all = (size_t)f->m->n_tasks * arms;
	float *to = f->o->post;

	for (size_t i = 0; to && i < all; i++)
		to[i] = NAN;
	for (int i = 0; to && i < f->n; i++)
		memcpy(to + (size_t)f->row[i].task * arms,
		       f->post + (size_t)i * arms, arms * sizeof(*to));
}

enum rc train_fit(struct buf *out, const struct matrix *m,
		  const enum mx_side *side, const struct train_opts *o,
		  struct err *e)
{
	struct fit f = {
		.m = m,
		.o = o,
		.arms = m->n_arms,
		.features = m->n_features,
		.columns = m->n_features + FEATURE_DERIVED,
	};
	enum rc rc = fit_rows(&f, side, e);

	if (!rc) {
		fit_tally(&f);
		fit_space(&f);
		rc = fit_arms(&f, e);
	}
	if (!rc) {
		fit_lots(&f);
		fit_focus(&f);
		rc = fit_accept(&f, e);
	}
	if (!rc) {
		fit_policies(&f);
		fit_rungs(&f);
		rc = write_bundle(&f, out, e);
		tell_post(&f);
	}
	buf_release(&f.accept);
	for (int i = 0; f.policy && i < f.nodes; i++)
		free(f.policy[i].bonus);
	free(f.focus);
	free(f.accepts);
	free(f.policy);
	free(f.post);
	free(f.lots);
	fit_arms_release(&f);
	fit_space_release(&f);
	fit_rows_release(&f);
	return rc;
}
