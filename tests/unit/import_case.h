/* Runs a kind of import over a text and keeps what came out, for the tests of
 * the kinds. A header, since only some of the unit tests need it. */
#ifndef ACO_IMPORT_CASE_H
#define ACO_IMPORT_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/import_run.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"

#define CASE_MAX 4096

struct case_event {
	struct ev_task task;
	struct ev_attempt a;
	struct ev_outcome o;
	struct ev_trial t;
	bool is_outcome, is_trial;
};

struct import_case {
	struct import_run *run;
	struct arena arena;
	struct case_event v[CASE_MAX];
	size_t n;
};

/* The clock of all these tests: a little after the fixtures were captured. */
#define CASE_NOW INT64_C(1795500000000000)

static void case_copy(struct arena *a, struct str *s)
{
	if (s->p)
		*s = arena_str(a, *s);
}

static void case_watch(void *arg, const struct ev_task *t,
		       const struct ev_attempt *a, const struct ev_outcome *o,
		       const struct ev_trial *trial)
{
	struct import_case *c = arg;
	struct case_event *e;

	assert_true(c->n < CASE_MAX);
	e = &c->v[c->n++];
	memset(e, 0, sizeof(*e));
	if (t) {
		e->task = *t;
		case_copy(&c->arena, &e->task.sender);
		case_copy(&c->arena, &e->task.ext_id);
		case_copy(&c->arena, &e->task.parent_ext_id);
		case_copy(&c->arena, &e->task.team);
		case_copy(&c->arena, &e->task.agent);
		case_copy(&c->arena, &e->task.class_name);
		case_copy(&c->arena, &e->task.attrs);
	}
	if (a) {
		e->a = *a;
		case_copy(&c->arena, &e->a.tool);
		case_copy(&c->arena, &e->a.step_key);
		case_copy(&c->arena, &e->a.provider);
		case_copy(&c->arena, &e->a.requested_model);
		case_copy(&c->arena, &e->a.model);
		case_copy(&c->arena, &e->a.service_tier);
		case_copy(&c->arena, &e->a.finish_reason);
		case_copy(&c->arena, &e->a.error_class);
		case_copy(&c->arena, &e->a.source);
		case_copy(&c->arena, &e->a.origin);
	}
	if (o) {
		e->is_outcome = true;
		e->o = *o;
		case_copy(&c->arena, &e->o.step_key);
		case_copy(&c->arena, &e->o.source);
		case_copy(&c->arena, &e->o.key);
		case_copy(&c->arena, &e->o.label);
	}
	if (trial) {
		e->is_trial = true;
		e->t = *trial;
		case_copy(&c->arena, &e->t.source);
		case_copy(&c->arena, &e->t.task_ext_id);
		case_copy(&c->arena, &e->t.task_class);
		case_copy(&c->arena, &e->t.model);
		case_copy(&c->arena, &e->t.agent);
		case_copy(&c->arena, &e->t.run);
		case_copy(&c->arena, &e->t.attrs);
		case_copy(&c->arena, &e->t.origin);
	}
}

/* A run without a ledger; opts NULL: quiet. To be freed with case_free. */
static struct import_case *case_new(const struct import_opts *opts)
{
	const struct import_opts quiet = {.quiet = true};
	struct import_case *c = xcalloc(1, sizeof(*c));

	clock_fix(CASE_NOW);
	arena_init(&c->arena, (size_t)64 << 20);
	c->run = import_run_new(opts ? opts : &quiet, NULL, NULL);
	import_run_watch(c->run, case_watch, c);
	return c;
}

static void case_free(struct import_case *c)
{
	import_run_free(c->run);
	arena_release(&c->arena);
	free(c);
	clock_fix(TIME_NONE);
}

/* Import a text, as if it were the file `path`. */
static void case_text(struct import_case *c, const char *kind, const char *path,
		      struct str text)
{
	const struct import_kind *k = import_kind_find(kind);
	struct err e;

	assert_non_null(k);
	assert_int_equal(import_run_text(c->run, k, path, text, &e), RC_OK);
}

__attribute__((unused)) static struct import_case *
case_of(const char *kind, const char *path, const char *text)
{
	struct import_case *c = case_new(NULL);

	case_text(c, kind, path, str_from(text));
	return c;
}

/* Import a file of tests/data. */
__attribute__((unused)) static struct import_case *case_file(const char *kind,
							     const char *path)
{
	struct import_case *c = case_new(NULL);
	const struct import_kind *k = import_kind_find(kind);
	struct err e;

	assert_non_null(k);
	assert_int_equal(import_run_file(c->run, k, path, &e), RC_OK);
	assert_int_equal(import_run_totals(c->run)->files_read, 1);
	return c;
}

/* How often something was skipped for a reason. */
__attribute__((unused)) static int64_t case_skipped(const struct import_case *c,
						    const char *reason)
{
	const struct import_totals *t = import_run_totals(c->run);

	for (int i = 0; i < t->n_reasons; i++) {
		if (!strcmp(t->reasons[i].text, reason))
			return t->reasons[i].n;
	}
	return 0;
}

/* Compare the disjoint buckets: uncached, read, 5m, 1h, output, reasoning. */
#define assert_usage(event, in, read, w5, w1, out, think)                      \
	do {                                                                   \
		const int64_t *n_ = (event)->a.usage.n;                        \
		assert_int_equal(n_[USAGE_UNCACHED_IN], (in));                 \
		assert_int_equal(n_[USAGE_CACHE_READ], (read));                \
		assert_int_equal(n_[USAGE_CACHE_WRITE_5M], (w5));              \
		assert_int_equal(n_[USAGE_CACHE_WRITE_1H], (w1));              \
		assert_int_equal(n_[USAGE_OUTPUT], (out));                     \
		assert_int_equal(n_[USAGE_REASONING], (think));                \
	} while (0)

#define assert_str(have, want)                                                 \
	do {                                                                   \
		struct str s_ = (have);                                        \
		if (!str_is(s_, (want)))                                       \
			fail_msg("'%.*s', expected '%s'", STR_ARG(s_), want);  \
	} while (0)

__attribute__((unused)) static bool case_share_key(const struct case_event *x,
						   const struct case_event *y)
{
	for (int i = 0; i < x->a.n_keys; i++) {
		for (int k = 0; k < y->a.n_keys; k++) {
			if (uuid_eq(x->a.keys[i], y->a.keys[k]))
				return true;
		}
	}
	return false;
}

/* ---- expected.json: what every reader of the fixtures must find ---- */

static void case_count(const struct json *want, const char *key, int64_t have)
{
	const struct json *v = json_get(want, key);
	int64_t n = USAGE_NONE;

	if (!v)
		return; /* not said */
	if (json_present(v))
		assert_true(json_i64(v, &n));
	if (n != have)
		fail_msg("%s: %lld, expected %lld", key, (long long)have,
			 (long long)n);
}

/* NONE only when both are; the fixtures' cache_write is the sum. */
static int64_t case_sum(int64_t a, int64_t b)
{
	if (a == USAGE_NONE && b == USAGE_NONE)
		return USAGE_NONE;
	return (a > 0 ? a : 0) + (b > 0 ? b : 0);
}

/* Check that the attempts are the calls of entry `key` of expected.json. */
__attribute__((unused)) static void case_expected(const struct import_case *c,
						  const char *key)
{
	static char text[1 << 20];
	FILE *f = fopen("tests/data/expected.json", "rb");
	const struct json *calls, *call;
	struct json_doc d;
	size_t i = 0, n;
	struct err e;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	json_doc_init(&d, 100000);
	assert_int_equal(json_parse(&d, (struct str){text, n}, &e), RC_OK);
	calls = json_get(json_get(d.nodes, key), "calls");
	assert_non_null(calls);
	for (call = json_first(calls); call; call = json_next(calls, call)) {
		const struct case_event *v = &c->v[i++];
		const int64_t *u = v->a.usage.n;

		assert_true(i <= c->n);
		assert_true(str_eq(v->a.model, json_get(call, "model")->text));
		assert_true(str_is(json_get(call, "quality")->text,
				   usage_quality_names[v->a.quality]));
		if (v->a.provider.p)
			assert_true(str_eq(v->a.provider,
					   json_get(call, "provider")->text));
		case_count(call, "uncached", u[USAGE_UNCACHED_IN]);
		case_count(call, "cache_read", u[USAGE_CACHE_READ]);
		case_count(call, "cache_write",
			   case_sum(u[USAGE_CACHE_WRITE_5M],
				    u[USAGE_CACHE_WRITE_1H]));
		case_count(call, "cache_write_5m", u[USAGE_CACHE_WRITE_5M]);
		case_count(call, "cache_write_1h", u[USAGE_CACHE_WRITE_1H]);
		case_count(call, "output", u[USAGE_OUTPUT]);
		case_count(call, "reasoning", u[USAGE_REASONING]);
		case_count(call, "web_search", u[USAGE_WEB_SEARCH]);
	}
	assert_int_equal(i, c->n);
	json_doc_release(&d);
}

#endif
