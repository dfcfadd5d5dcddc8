#include "tests/unit/meaning_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "tests/unit/otlp_case.h"

/* ---- a sink that is a batch ---- */

static enum rc take_attempt(void *arg, const struct ev_task *t,
			    const struct ev_attempt *a, struct err *e)
{
	struct mcase *c = arg;
	struct ev_attempt copy = *a;
	enum rc rc;

	if (c->sink_rc)
		return err_set(e, c->sink_rc, "full");
	rc = batch_task(c->b, t, &copy.task, e);
	return rc ? rc : batch_attempt(c->b, &copy, e);
}

static enum rc take_outcome(void *arg, const struct ev_task *t,
			    const struct ev_outcome *o, struct err *e)
{
	struct mcase *c = arg;
	struct ev_outcome copy = *o;
	enum rc rc = batch_task(c->b, t, &copy.task, e);

	return rc ? rc : batch_outcome(c->b, &copy, e);
}

static enum rc take_claim(void *arg, const struct ev_task *t,
			  const struct ev_claim *cl, struct err *e)
{
	struct mcase *c = arg;
	struct ev_claim copy = *cl;
	enum rc rc = batch_task(c->b, t, &copy.sum.task, e);

	return rc ? rc : batch_claim(c->b, &copy, e);
}

static enum rc take_task(void *arg, const struct ev_task *t, struct err *e)
{
	struct mcase *c = arg;
	uint32_t index;

	return batch_task(c->b, t, &index, e);
}

static enum rc take_dead(void *arg, const struct ev_dead *d, struct err *e)
{
	struct mcase *c = arg;

	return batch_dead(c->b, d, e);
}

/* ---- life ---- */

void mcase_init(struct mcase *c, const char *class_rules)
{
	memset(c, 0, sizeof(*c));
	clock_fix(INT64_C(1795500000) * US_PER_SEC); /* 2026-11-24 */
	c->conf.claim_seconds = 60;
	c->conf.class_rules = xstrdup(class_rules);
	c->m = meaning_new(&c->conf);
	c->b = batch_new((size_t)64 << 20);
	arena_init(&c->scratch, (size_t)8 << 20);
	c->sink = (struct sink){take_attempt, take_outcome, take_claim, NULL,
				take_task,    take_dead,    c};
}

void mcase_release(struct mcase *c)
{
	meaning_free(c->m);
	batch_free(c->b);
	arena_release(&c->scratch);
	free(c->conf.class_rules);
	free(c->calls);
}

void mcase_forget(struct mcase *c)
{
	meaning_free(c->m);
	c->m = meaning_new(&c->conf);
}

/* ---- bodies ---- */

void mcase_body(struct mcase *c, enum otlp_signal signal,
		enum otlp_encoding enc, struct str body, const char *path)
{
	struct origin o = {.source = STR("otlp"),
			   .peer = STR("test"),
			   .path = str_from(path),
			   .received_us = clock_now_us()};
	struct meaning_counts n = {0};
	struct otlp_result res;
	struct err e = {{0}, {0}};

	meaning_begin(c->m, &o);
	if (otlp_decode(signal, enc, body, &c->scratch, meaning_visitor(c->m),
			&res, &e) != RC_OK)
		fail_msg("%s", e.msg);
	if (meaning_end(c->m, &c->sink, &n, &e) != c->sink_rc)
		fail_msg("%s", e.msg);
	c->counts.calls += n.calls;
	c->counts.outcomes += n.outcomes;
	c->counts.claims += n.claims;
	c->counts.tasks += n.tasks;
	c->counts.dead += n.dead;
	c->counts.ignored += n.ignored;
	c->counts.warnings += n.warnings;
}

void mcase_file(struct mcase *c, const char *path, bool as_pb)
{
	enum otlp_encoding enc = otlp_file_encoding(path);
	enum otlp_signal signal = otlp_file_signal(path);
	struct buf body, pb;

	otlp_file(&body, path);
	buf_init(&pb, (size_t)64 << 20);
	if (as_pb && enc == OTLP_JSON) {
		otlp_encode(&pb, signal,
			    (struct str){buf_str(&body), body.len});
		mcase_body(c, signal, OTLP_PROTOBUF,
			   (struct str){buf_str(&pb), pb.len}, path);
	} else {
		mcase_body(c, signal, enc,
			   (struct str){buf_str(&body), body.len}, path);
	}
	buf_release(&pb);
	buf_release(&body);
}

static void one(struct mcase *c, enum otlp_signal signal, const char *scope,
		const char *json)
{
	static const char *const frame[2][3] = {
		{"resourceSpans", "scopeSpans", "spans"},
		{"resourceLogs", "scopeLogs", "logRecords"},
	};
	const char *const *f = frame[signal == OTLP_LOGS];
	char *body = xasprintf(
		"{\"%s\":[{\"resource\":{\"attributes\":["
		"{\"key\":\"service.name\",\"value\":{\"stringValue\":\"svc\"}}"
		"]},\"%s\":[{\"scope\":{\"name\":\"%s\"},\"%s\":[%s]}]}]}",
		f[0], f[1], scope, f[2], json);

	mcase_body(c, signal, OTLP_JSON, str_from(body), "/v1/x");
	free(body);
}

void mcase_span(struct mcase *c, const char *scope, const char *json)
{
	one(c, OTLP_TRACES, scope, json);
}

void mcase_log(struct mcase *c, const char *scope, const char *json)
{
	one(c, OTLP_LOGS, scope, json);
}

/* ---- calls ---- */

static bool share(const struct ev_attempt *a, const struct ev_attempt *b)
{
	for (int i = 0; i < a->n_keys; i++) {
		for (int k = 0; k < b->n_keys; k++) {
			if (uuid_eq(a->keys[i], b->keys[k]))
				return true;
		}
	}
	return false;
}

static void into(struct merged *d, const struct ev_attempt *a)
{
	bool usage = !usage_missing(&a->usage);

	if (usage && (a->rank < d->usage_rank ||
		      (a->rank == d->usage_rank &&
		       usage_total(&a->usage) > usage_total(&d->a.usage)))) {
		d->a.usage = a->usage;
		d->a.quality = a->quality;
		d->usage_rank = a->rank;
	}
	if (a->rank < d->model_rank) {
		d->a.model = a->model;
		d->a.provider = a->provider;
		d->model_rank = a->rank;
	}
	if (a->reported_cost_pusd != MONEY_NONE && a->rank < d->cost_rank) {
		d->a.reported_cost_pusd = a->reported_cost_pusd;
		d->cost_rank = a->rank;
	}
	if (a->rank < d->result_rank) {
		d->a.status = a->status;
		d->a.error_class = a->error_class;
		d->result_rank = a->rank;
	}
	if (a->step_kind < d->a.step_kind) {
		d->a.step_kind = a->step_kind;
		d->a.tool = a->tool.len ? a->tool : d->a.tool;
	}
	if (a->step_failed > d->a.step_failed)
		d->a.step_failed = a->step_failed;
	d->reports++;
}

/* Groups of rows that are linked by names, however long the way. */
void mcase_merge(struct mcase *c)
{
	size_t n = c->b->n_attempts;
	size_t *group = xcalloc(n + 1, sizeof(*group));
	bool more = true;

	for (size_t i = 0; i < n; i++)
		group[i] = i;
	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			for (size_t k = 0; k < i; k++) {
				if (group[i] == group[k] ||
				    !share(&c->b->attempts[i].e,
					   &c->b->attempts[k].e))
					continue;
				if (group[k] < group[i])
					group[i] = group[k];
				else
					group[k] = group[i];
				more = true;
			}
		}
	}
	free(c->calls);
	c->calls = xcalloc(n + 1, sizeof(*c->calls));
	c->n_calls = 0;
	for (size_t i = 0; i < n; i++) {
		struct merged *d;

		if (group[i] != i)
			continue;
		d = &c->calls[c->n_calls++];
		d->usage_rank = d->model_rank = d->cost_rank = RANK_NONE;
		d->result_rank = RANK_NONE;
		d->a = c->b->attempts[i].e;
		if (usage_missing(&d->a.usage))
			d->a.quality = QUALITY_MISSING;
		d->task = c->b->tasks[d->a.task].id;
		for (size_t k = i; k < n; k++) {
			if (group[k] == i)
				into(d, &c->b->attempts[k].e);
		}
	}
	free(group);
}

const struct bt_task *mcase_task(const struct mcase *c, struct uuid id)
{
	for (size_t i = 0; i < c->b->n_tasks; i++) {
		if (uuid_eq(c->b->tasks[i].id, id))
			return &c->b->tasks[i];
	}
	return NULL;
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

void mcase_text(struct mcase *c, struct buf *out)
{
	char **lines;

	mcase_merge(c);
	lines = xcalloc(c->n_calls + 1, sizeof(*lines));
	for (size_t i = 0; i < c->n_calls; i++) {
		const struct ev_attempt *a = &c->calls[i].a;

		lines[i] =
			xasprintf("%.*s %lld %lld %lld %lld %lld %s %s %lld\n",
				  STR_ARG(a->model),
				  (long long)a->usage.n[USAGE_UNCACHED_IN],
				  (long long)a->usage.n[USAGE_CACHE_READ],
				  (long long)a->usage.n[USAGE_CACHE_WRITE_5M],
				  (long long)a->usage.n[USAGE_CACHE_WRITE_1H],
				  (long long)a->usage.n[USAGE_OUTPUT],
				  usage_quality_names[a->quality],
				  attempt_status_names[a->status],
				  (long long)a->reported_cost_pusd);
	}
	qsort(lines, c->n_calls, sizeof(*lines), by_text);
	buf_init(out, (size_t)1 << 20);
	for (size_t i = 0; i < c->n_calls; i++) {
		buf_adds(out, lines[i]);
		free(lines[i]);
	}
	free(lines);
}
