#include "ingest/drift.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/money.h"
#include "ledger/price.h"
#include "router/router.h"

#define SPAN_US US_PER_DAY /* that requests must span: nights are not days */

/* ---- probabilities ---- */

bool drift_of_means(const struct drift_means *m, double z)
{
	double gap = fabs(m->expected - m->came);

	return m->judged >= DRIFT_MIN && gap > DRIFT_GAP && gap > z * m->se;
}

struct sums {
	double n, p, s, square; /* of s - p */
};

static void add(struct sums *to, const struct sums *s, double sign)
{
	to->n += sign * s->n;
	to->p += sign * s->p;
	to->s += sign * s->s;
	to->square += sign * s->square;
}

static struct drift_means means_of(const struct sums *s)
{
	struct drift_means m = {(int64_t)s->n, 0, 0, 0};
	double gap;

	if (m.judged < 1)
		return m;
	m.expected = s->p / s->n;
	m.came = s->s / s->n;
	gap = m.came - m.expected;
	if (m.judged > 1)
		m.se = sqrt(fmax(0, s->square - s->n * gap * gap) / (s->n - 1) /
			    s->n);
	return m;
}

struct judged {
	const struct bundle *b;
	const struct bundle_class *all;
	struct sums of[BUNDLE_CLASSES_MAX], sum;
};

static bool on_class(void *arg, const struct db_result *r, int row)
{
	struct judged *j = arg;
	const struct bundle_class *c = bundle_class_asked(
		j->b, db_text(r, row, 0), db_bool(r, row, 1));
	struct sums s = {(double)db_i64(r, row, 2), db_f64(r, row, 3),
			 db_f64(r, row, 4), db_f64(r, row, 5)};

	add(&j->of[c - j->all], &s, 1);
	add(&j->sum, &s, 1);
	return true;
}

/* Whether anything that was learned serves a class. */
static bool learned(const struct policy *p)
{
	bool yes = p->kind == POLICY_LEARNED;

	for (int g = 0; g < POLICY_RUNGS; g++)
		yes |= p->mode[g] != 0;
	return yes;
}

static bool listed(const char *list, int at)
{
	char *end;

	for (; *list; list = *end == '.' ? end + 1 : end) {
		if (strtol(list, &end, 10) == at && end != list)
			return true;
		if (end == list)
			break;
	}
	return false;
}

/* Classes that drift by themselves; then, whether the others do together. */
static void tell_classes(struct judged *j, int n, const char *before,
			 struct drift *d)
{
	struct sums rest = j->sum;
	int found = 0, served = 0;

	for (int i = 0; i < n; i++) {
		struct drift_means m = means_of(&j->of[i]);
		bool was = listed(before, i);

		served += learned(&j->all[i].policy);
		if (!was && (!learned(&j->all[i].policy) ||
			     !drift_of_means(&m, DRIFT_Z_ONE)))
			continue;
		add(&rest, &j->of[i], -1);
		if (found < DRIFT_CLASSES)
			d->classes[found] =
				(struct drift_class){i, j->all[i].name, m};
		found++;
	}
	d->means = means_of(&j->sum);
	d->n_classes = found < DRIFT_CLASSES ? found : DRIFT_CLASSES;
	if (found) {
		struct drift_means left = means_of(&rest);

		d->rest_drifted = found > DRIFT_CLASSES || found == served ||
				  drift_of_means(&left, DRIFT_Z);
	} else {
		d->rest_drifted = drift_of_means(&d->means, DRIFT_Z);
	}
}

static enum rc look_means(struct db *db, int32_t id, const struct bundle *b,
			  const char *before, int64_t now_us, struct drift *d,
			  struct err *e)
{
	struct judged *j = xcalloc(1, sizeof(*j));
	int n = bundle_classes(b, &j->all);
	struct db_args a;
	enum rc rc;

	j->b = b;
	db_args_init(&a, 64);
	db_arg_i32(&a, id);
	db_arg_time(&a, now_us - DRIFT_DAYS * US_PER_DAY);
	rc = db_stream(db, &sql_night_drift, &a, on_class, j, e);
	if (!rc)
		tell_classes(j, n, before, d);
	db_args_release(&a);
	free(j);
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

__attribute__((format(printf, 3, 4))) static void
why(struct drift *d, const char *by, const char *format, ...)
{
	va_list ap;

	d->by = by;
	va_start(ap, format);
	vsnprintf(d->why, sizeof(d->why), format, ap);
	va_end(ap);
}

/* Where each class that drifted fits into the list; false: they do not. */
static bool list_classes(struct drift *d)
{
	size_t at = 0;

	for (int i = 0; i < d->n_classes; i++) {
		int n = snprintf(d->parts + at, sizeof(d->parts) - at, "%s%d",
				 i ? "." : "", d->classes[i].at);

		if (n < 0 || (size_t)n >= sizeof(d->parts) - at)
			return false;
		at += (size_t)n;
	}
	return true;
}

static void tell_parts(struct drift *d)
{
	const struct drift_class *c = d->classes;

	/* The one that differs most, of those that were judged now. */
	for (int i = 1; i < d->n_classes; i++) {
		const struct drift_class *x = &d->classes[i];

		if (fabs(x->means.expected - x->means.came) >
		    fabs(c->means.expected - c->means.came))
			c = x;
	}
	why(d, "means",
	    "probabilities do not hold in %.*s (expected %.3f, came %.3f)%s: "
	    "static policies serve %s",
	    (int)(c->name.len < 40 ? c->name.len : 40), c->name.p,
	    c->means.expected, c->means.came,
	    d->n_classes > 1 ? " and other classes" : "",
	    d->n_classes > 1 ? "them" : "it");
}

static void tell(struct drift *d)
{
	char feature[FEATURE_NAME];
	bool price = fabs(log(d->factor)) > log(DRIFT_PRICE);
	bool all = d->rest_drifted || d->features.drifted || price;

	d->by = "";
	if (!all && !d->n_classes)
		return;
	if (!all && list_classes(d)) {
		tell_parts(d);
		return;
	}
	snprintf(d->parts, sizeof(d->parts), "all");
	if (d->features.drifted)
		why(d, "features",
		    "requests are not what it learnt from (%d of %d features "
		    "moved, %s most): static policies serve",
		    d->features.moved, d->features.vary,
		    feature_name(d->features.worst, feature));
	else if (price)
		why(d, "prices",
		    "%s costs %.2f times what it did: static policies serve",
		    d->model, d->factor);
	else
		why(d, "means",
		    "probabilities do not hold (expected %.3f, came %.3f): "
		    "static policies serve",
		    d->means.expected, d->means.came);
}

enum rc drift_look(struct db *db, int32_t id, const struct bundle *b,
		   const char *before, int64_t now_us, struct drift *out,
		   struct err *e)
{
	enum rc rc;

	*out = (struct drift){.factor = 1, .by = ""};
	rc = look_means(db, id, b, before, now_us, out, e);
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

static void put_means(struct json_out *o, const struct drift_means *m)
{
	json_out_i64(o, "judged", m->judged);
	put(o, "expected", m->judged, m->expected);
	put(o, "came", m->judged, m->came);
}

static void put_classes(struct json_out *o, const struct drift *d)
{
	json_out_arr(o, "classes");
	for (int i = 0; i < d->n_classes; i++) {
		json_out_obj(o, NULL);
		json_out_str(o, "name", d->classes[i].name);
		put_means(o, &d->classes[i].means);
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
}

/* Of all classes, of some, of none. */
static struct str state_of(const struct drift *d)
{
	if (!d->parts[0])
		return STR("ok");
	return strcmp(d->parts, "all") != 0 ? STR("part") : STR("drifted");
}

void drift_json(const struct drift *d, struct buf *out)
{
	bool requests = d->features.vary && d->requests;
	char feature[FEATURE_NAME];
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_obj(&o, "drift");
	json_out_str(&o, "state", state_of(d));
	json_out_str(&o, "why", str_from(d->why));
	json_out_str(&o, "by", str_from(d->by));
	json_out_str(&o, "parts", str_from(d->parts));
	put_classes(&o, d);
	put_means(&o, &d->means);
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
