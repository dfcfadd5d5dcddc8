#include "router/retrain.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/learn.h"
#include "ledger/price.h"
#include "ledger/shelf.h"
#include "router/bundle_build.h"

#define CERTIFICATE_MAX ((size_t)8 << 20)
#define LATER_SHARE     4 /* one in so many is later */
#define AN_HOUR_US      (3600 * US_PER_SEC)
#define TIER_BANDS      5

void retrain_defaults(struct retrain_opts *o)
{
	*o = (struct retrain_opts){
		.window_days = 90,
		.max_rows = 200000,
		.min_tasks = 100,
		.now_us = TIME_NONE,
	};
	train_defaults(&o->train);
	gate_defaults(&o->gate);
	recal_defaults(&o->recal);
}

void retrain_result_init(struct retrain_result *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->bundle, BUNDLE_BYTES_MAX);
	buf_init(&r->certificate, CERTIFICATE_MAX);
}

void retrain_result_release(struct retrain_result *r)
{
	buf_release(&r->bundle);
	buf_release(&r->certificate);
}

/* ---- earlier and later ---- */

static int ascending(const void *pa, const void *pb)
{
	int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;

	return a < b ? -1 : a > b;
}

void retrain_sides(const struct matrix *m, uint64_t seed, enum mx_side *side)
{
	size_t n = (size_t)m->n_tasks;
	int64_t *at = xcalloc(n + 1, sizeof(*at)), cut, first;

	for (size_t i = 0; i < n; i++)
		at[i] = m->tasks[i].at_us;
	qsort(at, n, sizeof(*at), ascending);
	cut = at[n - 1 - n / LATER_SHARE];
	first = at[n / LATER_SHARE];
	free(at);
	if (first == TIME_NONE || cut - first < AN_HOUR_US) {
		matrix_split(m, LATER_SHARE, 0, seed, side);
		return;
	}
	for (size_t i = 0; i < n; i++)
		side[i] = m->tasks[i].at_us > cut ? MX_JUDGE : MX_FIT;
}

static int by_task(const void *pa, const void *pb)
{
	const struct mx_task *a = *(const struct mx_task *const *)pa;
	const struct mx_task *b = *(const struct mx_task *const *)pb;
	int cmp = str_cmp(a->source, b->source);

	return cmp ? cmp : str_cmp(a->id, b->id);
}

void retrain_file_sides(const struct matrix *files, const struct matrix *own,
			const enum mx_side *side, enum mx_side *out)
{
	const struct mx_task **judged =
		xcalloc((size_t)own->n_tasks + 1, sizeof(*judged));
	size_t n = 0;

	for (int i = 0; i < own->n_tasks; i++) {
		if (side[i] == MX_JUDGE)
			judged[n++] = &own->tasks[i];
	}
	qsort(judged, n, sizeof(*judged), by_task);
	for (int i = 0; i < files->n_tasks; i++) {
		const struct mx_task *t = &files->tasks[i];

		out[i] = bsearch(&t, judged, n, sizeof(*judged), by_task)
				 ? MX_OUT
				 : MX_FIT;
	}
	free(judged);
}

/* ---- reading ---- */

static void matrix_opts(const struct retrain_opts *o, struct mx_opts *mx)
{
	*mx = (struct mx_opts){0};
	if (o->by_tier) {
		mx->by_tier = true;
		mx->tiers = TIER_BANDS;
	}
}

static enum rc read_ledger(const struct retrain_opts *o, struct matrix *m,
			   struct err *e)
{
	struct price_book *book = NULL;
	struct mx_opts mx;
	enum rc rc;
	struct learn_opts from = {
		.since_us = TIME_NONE,
		.until_us = TIME_NONE,
		.max_trials = o->max_rows,
		.max_tasks = o->max_rows,
	};

	matrix_opts(o, &mx);
	if (o->window_days > 0 && o->now_us != TIME_NONE)
		from.since_us = o->now_us - o->window_days * US_PER_DAY;
	rc = price_book_load(&book, o->db, e);
	mx.prices = book;
	if (!rc)
		rc = matrix_ledger(m, o->db, &from, &mx, e);
	price_book_free(book);
	return rc;
}

static enum rc read_files(const struct retrain_opts *o, struct matrix *m,
			  struct err *e)
{
	struct mx_opts mx;

	matrix_opts(o, &mx);
	return matrix_read(m, o->files, o->n_files, &mx, e);
}

/* ---- the bundle that serves ---- */

struct serving {
	int32_t id; /* 0: the shipped one */
	struct buf bytes;
	struct bundle *b;         /* as it serves: without what drifted */
	struct shelf_drift drift; /* what was said of that */
};

static enum rc serving_open(struct db *db, struct serving *s, struct err *e)
{
	enum rc rc;

	*s = (struct serving){0};
	buf_init(&s->bytes, BUNDLE_BYTES_MAX);
	rc = shelf_serving(db, &s->id, e);
	if (!rc && s->id)
		rc = shelf_body(db, s->id, &s->bytes, e);
	/* One that cannot be read any more (its features are of another
	 * program) serves nobody: the shipped one does. */
	if (!rc && s->id && bundle_view(&s->b, s->bytes.p, s->bytes.len, e)) {
		s->b = NULL;
		s->id = 0;
	}
	if (!rc && s->id)
		rc = shelf_drift(db, s->id, &s->drift, e);
	if (!rc && s->b)
		bundle_demote(s->b, s->drift.parts);
	return rc;
}

static void serving_close(struct serving *s)
{
	bundle_drop(s->b);
	shelf_drift_release(&s->drift);
	buf_release(&s->bytes);
}

static enum rc judge(const struct retrain_opts *o, const struct serving *s,
		     const struct matrix *m, const enum mx_side *side,
		     struct retrain_result *out, struct err *e)
{
	struct bundle *next = NULL;
	enum rc rc = bundle_view(&next, out->bundle.p, out->bundle.len, e);

	if (!rc) {
		gate_compare(s->b ? s->b : bundle_shipped(), next, m, side,
			     &o->gate, &out->gate);
		out->judged = true;
	}
	bundle_drop(next);
	return rc;
}

/* ---- certificate ---- */

static double tasks_a_day(const struct matrix *m)
{
	int64_t first = INT64_MAX, last = INT64_MIN;
	double n = 0, days;

	for (int t = 0; t < m->n_tasks; t++) {
		int64_t at = m->tasks[t].at_us;

		if (at == TIME_NONE || !str_is(m->tasks[t].source, "ledger"))
			continue;
		first = at < first ? at : first;
		last = at > last ? at : last;
		n++;
	}
	if (n < 2)
		return n;
	days = (double)(last - first) / (double)US_PER_DAY;
	return n / (days > 1 ? days : 1);
}

/* The bundle's own certificate with what the gate said. */
static void certify(struct retrain_result *out, const struct matrix *judged)
{
	struct bundle *b;
	struct str own;
	struct json_out o;
	struct buf extra;
	struct err e;

	if (bundle_view(&b, out->bundle.p, out->bundle.len, &e))
		return;
	own = bundle_certificate(b);
	buf_add(&out->certificate, own.p, own.len);
	if (out->judged && own.len > 1 && own.p[own.len - 1] == '}') {
		buf_init(&extra, 65536);
		json_out_init(&o, &extra);
		json_out_obj(&o, NULL);
		gate_json(&out->gate, tasks_a_day(judged), &o);
		json_out_end(&o, '}');
		out->certificate.len--;
		buf_addc(&out->certificate, ',');
		buf_add(&out->certificate, extra.p + 1, extra.len - 1);
		buf_release(&extra);
	}
	bundle_drop(b);
}

/* ---- all of it ---- */

static void window(const struct matrix *m, const enum mx_side *side,
		   struct train_opts *t)
{
	for (int i = 0; i < m->n_tasks; i++) {
		int64_t at = m->tasks[i].at_us;

		if (at == TIME_NONE)
			continue;
		if (t->since_us == TIME_NONE || at < t->since_us)
			t->since_us = at;
		if (t->until_us == TIME_NONE || at > t->until_us)
			t->until_us = at;
		if (side && side[i] != MX_FIT)
			continue;
		if (t->fitted_us == TIME_NONE || at > t->fitted_us)
			t->fitted_us = at;
	}
}

static enum rc fit(const struct retrain_opts *o, const struct matrix *m,
		   const enum mx_side *side, struct retrain_result *out,
		   struct err *e)
{
	struct train_opts t = o->train;
	int64_t from = clock_mono_us();
	enum rc rc;

	if (m->n_tasks < o->min_tasks) {
		err_set(e, RC_BAD, "%d judged tasks are too few to learn from",
			m->n_tasks);
		err_hint(e, "record outcomes with aco outcome add, or import "
			    "them");
		return RC_BAD;
	}
	t.now_us = o->now_us;
	window(m, side, &t);
	/* What ships must not depend on what shipped before. */
	if (!t.prior && !o->by_tier)
		t.prior = bundle_shipped();
	rc = train_fit(&out->bundle, m, side, &t, e);
	out->fit_us = clock_mono_us() - from;
	out->tasks = m->n_tasks;
	out->arms = m->n_arms;
	return rc;
}

static enum rc publish(const struct retrain_opts *o, struct retrain_result *out,
		       struct err *e)
{
	struct buf *c = &out->certificate, *b = &out->bundle;
	enum rc rc = shelf_add(
		o->db, feature_schema(), (struct str){c->p, c->len},
		(struct str){b->p, b->len}, out->gate.passed, &out->id, e);

	out->published = !rc && out->gate.passed;
	return rc;
}

/* ---- only its calibrations ---- */

/* New calibrations mend probabilities that do not hold in general, if what is
 * decided by them is no worse than what static policies did. They mend neither
 * what a class alone has, nor requests and prices that moved, nor does a
 * person's word end with them. */
static bool keeps_drift(const struct shelf_drift *d, const struct recal *r)
{
	return d->ignored ||
	       (d->parts[0] && (strcmp(d->parts, "all") != 0 ||
				strcmp(d->by, "means") != 0 || !r->returns));
}

/* The old certificate, members of which later ones replace. */
static void certify_refreshed(const struct retrain_opts *o,
			      const struct serving *s, double a_day,
			      const struct retrain_result *out, struct buf *to)
{
	struct str own = bundle_certificate(s->b);
	struct json_out json;
	struct buf members;

	buf_init(&members, (size_t)1 << 20);
	json_out_init(&json, &members);
	json_out_obj(&json, NULL);
	recal_json(&out->recal, s->id, o->now_us, a_day, &json);
	if (keeps_drift(&s->drift, &out->recal))
		json_out_raw(&json, "drift",
			     (struct str){s->drift.all.p, s->drift.all.len});
	json_out_end(&json, '}');
	if (own.len > 2 && own.p[own.len - 1] == '}') {
		buf_add(to, own.p, own.len - 1);
		buf_addc(to, ',');
		buf_add(to, members.p + 1, members.len - 1);
	} else {
		buf_add(to, members.p, members.len);
	}
	buf_release(&members);
}

static enum rc publish_refreshed(const struct retrain_opts *o,
				 const struct serving *s, double a_day,
				 const struct buf *bytes,
				 struct retrain_result *out, struct err *e)
{
	struct buf certificate;
	enum rc rc;

	buf_init(&certificate, CERTIFICATE_MAX);
	certify_refreshed(o, s, a_day, out, &certificate);
	rc = shelf_add(o->db, feature_schema(),
		       (struct str){certificate.p, certificate.len},
		       (struct str){bytes->p, bytes->len}, true, &out->recal_id,
		       e);
	buf_release(&certificate);
	return rc;
}

static enum rc refresh(const struct retrain_opts *o, const struct serving *s,
		       const struct matrix *m, struct retrain_result *out,
		       struct err *e)
{
	struct recal_opts by = o->recal;
	struct buf bytes;
	enum rc rc;

	if (!s->id)
		return RC_OK;
	by.serving = s->b;
	buf_init(&bytes, BUNDLE_BYTES_MAX);
	rc = recalibrate((struct str){s->bytes.p, s->bytes.len}, m, &by, &bytes,
			 &out->recal, e);
	out->looked = !rc;
	if (!rc && out->recal.passed && o->publish)
		rc = publish_refreshed(o, s, tasks_a_day(m), &bytes, out, e);
	buf_release(&bytes);
	return rc;
}

enum rc retrain(const struct retrain_opts *o, struct retrain_result *out,
		struct err *e)
{
	struct matrix own, files, *m = o->n_files ? &files : &own;
	struct serving s = {0};
	enum mx_side *side = NULL, *fitted = NULL;
	int64_t from = clock_mono_us();
	enum rc rc = RC_OK;

	matrix_init(&own);
	matrix_init(&files);
	if (o->n_files)
		rc = read_files(o, &files, e);
	if (!rc && o->db)
		rc = read_ledger(o, &own, e);
	out->read_us = clock_mono_us() - from;
	if (!rc && o->db) {
		side = xcalloc((size_t)own.n_tasks + 1, sizeof(*side));
		retrain_sides(&own, o->train.seed, side);
		for (int i = 0; i < own.n_tasks; i++)
			out->judge_tasks += side[i] == MX_JUDGE;
	}
	/* Of files every row is fitted on but those that judge: the ledger's
	 * later ones, which a file may hold, too. */
	if (!rc && side && m == &files) {
		fitted = xcalloc((size_t)files.n_tasks + 1, sizeof(*fitted));
		retrain_file_sides(&files, &own, side, fitted);
	}
	if (!rc)
		rc = fit(o, m, m == &own ? side : fitted, out, e);
	if (!rc && o->db)
		rc = serving_open(o->db, &s, e);
	if (!rc && o->db)
		rc = judge(o, &s, &own, side, out, e);
	if (!rc)
		certify(out, &own);
	if (!rc && o->publish && out->judged)
		rc = publish(o, out, e);
	if (!rc && out->judged && !out->gate.passed)
		rc = refresh(o, &s, &own, out, e);
	serving_close(&s);
	free(side);
	free(fitted);
	matrix_release(&own);
	matrix_release(&files);
	return rc;
}
