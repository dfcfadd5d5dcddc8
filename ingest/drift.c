#include "ingest/drift.h"

#include <math.h>
#include <stdio.h>

#include "gen/sql.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/money.h"
#include "ledger/price.h"
#include "router/router.h"

#define SPAN_US US_PER_DAY /* that requests must span: nights are not days */

/* ---- probabilities ---- */

bool drift_of_means(int64_t judged, double expected, double came, double se)
{
	double gap = fabs(expected - came);

	return judged >= DRIFT_MIN && gap > DRIFT_GAP && gap > DRIFT_Z * se;
}

static enum rc look_means(struct db *db, int32_t id, int64_t now_us,
			  struct drift *d, struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 64);
	db_arg_i32(&a, id);
	db_arg_time(&a, now_us - DRIFT_DAYS * US_PER_DAY);
	rc = db_run(db, &sql_night_drift, &a, &r, NULL, e);
	if (!rc) {
		d->judged = db_i64(r, 0, 0);
		d->expected = db_f64(r, 0, 1);
		d->came = db_f64(r, 0, 2);
		d->se = db_f64(r, 0, 3);
	}
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

/* ---- features ---- */

struct requests {
	struct spread_watch watch;
	int64_t first_us, last_us;
};

static bool on_request(void *arg, const struct db_result *r, int row)
{
	struct requests *q = arg;
	int64_t at = db_time(r, row, 1);
	float x[FEATURE_MAX];

	if (db_f32s(r, row, 0, x, FEATURE_MAX) != q->watch.n)
		return true;
	spread_watch_add(&q->watch, x);
	if (q->watch.rows == 1 || at < q->first_us)
		q->first_us = at;
	if (q->watch.rows == 1 || at > q->last_us)
		q->last_us = at;
	return true;
}

static enum rc look_features(struct db *db, int32_t id, const struct bundle *b,
			     int64_t now_us, struct drift *d, struct err *e)
{
	struct requests q = {0};
	const struct spread *s;
	struct db_args a;
	int n = bundle_spreads(b, &s);
	enum rc rc;

	spread_watch_init(&q.watch, s, n);
	db_args_init(&a, 256);
	db_arg_i32(&a, id);
	db_arg_time(&a, now_us - DRIFT_DAYS * US_PER_DAY);
	db_arg_time(&a, now_us);
	db_arg_uuid(&a, bundle_schema(b));
	rc = n ? db_stream(db, &sql_night_features, &a, on_request, &q, e)
	       : RC_OK;
	spread_watch_tell(&q.watch, &d->features);
	d->requests = q.watch.rows;
	if (q.last_us - q.first_us < SPAN_US)
		d->features.enough = d->features.drifted = false;
	db_args_release(&a);
	spread_watch_release(&q.watch);
	return rc;
}

/* ---- prices ---- */

struct prices {
	const struct bundle_arm *arms;
	int n;
	const struct price_book *book;
	struct drift *d;
};

/* Live price over that then; 1: not both are known. */
static double factor_of(const struct prices *p, struct str provider,
			struct str name, double then)
{
	struct price_found f;
	double now;

	if (!price_find(p->book, provider, name, TIME_NONE, &f) ||
	    f.row->v[PRICE_INPUT] == MONEY_NONE ||
	    f.row->v[PRICE_OUTPUT] == MONEY_NONE)
		return 1;
	now = route_price_unit(f.row->v[PRICE_INPUT], f.row->v[PRICE_OUTPUT]);
	return now > 0 && then > 0 ? now / then : 1;
}

static bool on_model(void *arg, const struct db_result *r, int row)
{
	struct prices *p = arg;
	struct str name = db_text(r, row, 1);

	for (int i = 0; i < p->n; i++) {
		const struct bundle_arm *a = &p->arms[i];
		double f;

		if (!str_eq(a->name, name))
			continue;
		f = factor_of(p, db_text(r, row, 0), name,
			      (double)a->price_unit);
		if (fabs(log(f)) <= fabs(log(p->d->factor)))
			continue;
		p->d->factor = f;
		snprintf(p->d->model, sizeof(p->d->model), "%.*s",
			 STR_ARG(name));
	}
	return true;
}

static enum rc look_prices(struct db *db, const struct bundle *b,
			   struct drift *d, struct err *e)
{
	struct price_book *book = NULL;
	struct prices p = {.d = d};
	enum rc rc = price_book_load(&book, db, e);

	d->factor = 1;
	p.book = book;
	p.n = bundle_arms(b, &p.arms);
	if (!rc)
		rc = db_stream(db, &sql_night_models, NULL, on_model, &p, e);
	price_book_free(book);
	return rc;
}

/* ---- the verdict ---- */

static void tell(struct drift *d)
{
	char feature[FEATURE_NAME];
	bool means = drift_of_means(d->judged, d->expected, d->came, d->se);
	bool price = fabs(log(d->factor)) > log(DRIFT_PRICE);

	d->drifted = means || d->features.drifted || price;
	d->why[0] = 0;
	if (means)
		snprintf(d->why, sizeof(d->why),
			 "probabilities do not hold (expected %.3f, came "
			 "%.3f): static policies serve",
			 d->expected, d->came);
	else if (d->features.drifted)
		snprintf(d->why, sizeof(d->why),
			 "requests are not what it learnt from (%d of %d "
			 "features moved, %s most): static policies serve",
			 d->features.moved, d->features.vary,
			 feature_name(d->features.worst, feature));
	else if (price)
		snprintf(d->why, sizeof(d->why),
			 "%s costs %.2f times what it did: static policies "
			 "serve",
			 d->model, d->factor);
}

enum rc drift_look(struct db *db, int32_t id, const struct bundle *b,
		   int64_t now_us, struct drift *out, struct err *e)
{
	enum rc rc;

	*out = (struct drift){.factor = 1};
	rc = look_means(db, id, now_us, out, e);
	if (!rc)
		rc = look_features(db, id, b, now_us, out, e);
	if (!rc)
		rc = look_prices(db, b, out, e);
	if (!rc)
		tell(out);
	return rc;
}

static void put(struct json_out *o, const char *key, bool known, double v)
{
	char text[32];

	if (!known || !isfinite(v)) {
		json_out_null(o, key);
		return;
	}
	snprintf(text, sizeof(text), "%.4f", v);
	json_out_raw(o, key, str_from(text));
}

void drift_json(const struct drift *d, struct buf *out)
{
	bool requests = d->features.vary && d->requests;
	char feature[FEATURE_NAME];
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_obj(&o, "drift");
	json_out_str(&o, "state", d->drifted ? STR("drifted") : STR("ok"));
	json_out_str(&o, "why", str_from(d->why));
	json_out_i64(&o, "judged", d->judged);
	put(&o, "expected", d->judged, d->expected);
	put(&o, "came", d->judged, d->came);
	json_out_i64(&o, "requests", d->requests);
	put(&o, "psi", requests, (double)d->features.mean);
	json_out_i64(&o, "features_moved", d->features.moved);
	json_out_i64(&o, "features", d->features.vary);
	json_out_str(
		&o, "feature",
		requests && d->features.worst >= 0
			? str_from(feature_name(d->features.worst, feature))
			: STR_NONE);
	put(&o, "feature_psi", requests, (double)d->features.worst_index);
	json_out_str(&o, "model", d->model[0] ? str_from(d->model) : STR_NONE);
	put(&o, "price_factor", d->model[0], d->factor);
	json_out_end(&o, '}');
	json_out_end(&o, '}');
}
