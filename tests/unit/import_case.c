#include "tests/unit/import_case.h"

#include "ledger/base/json.h"
#include "tests/unit/event_copy.h"

static void case_watch(void *arg, const struct ev_task *t,
		       const struct ev_attempt *a, const struct ev_outcome *o,
		       const struct ev_trial *trial)
{
	struct import_case *c = arg;
	struct case_event *e;

	assert_true(c->n < CASE_MAX);
	e = &c->v[c->n++];
	memset(e, 0, sizeof(*e));
	e->is_outcome = o != NULL;
	e->is_trial = trial != NULL;
	if (t)
		e->task = copy_task(&c->arena, t);
	if (a)
		e->a = copy_attempt(&c->arena, a);
	if (o)
		e->o = copy_outcome(&c->arena, o);
	if (trial)
		e->t = copy_trial(&c->arena, trial);
}

struct import_case *case_new(const struct import_opts *opts)
{
	const struct import_opts quiet = {.quiet = true};
	struct import_case *c = xcalloc(1, sizeof(*c));

	clock_fix(CASE_NOW);
	arena_init(&c->arena, (size_t)64 << 20);
	c->run = import_run_new(opts ? opts : &quiet, NULL, NULL);
	import_run_watch(c->run, case_watch, c);
	return c;
}

void case_free(struct import_case *c)
{
	import_run_free(c->run);
	arena_release(&c->arena);
	free(c);
	clock_fix(TIME_NONE);
}

void case_text(struct import_case *c, const char *kind, const char *path,
	       struct str text)
{
	const struct import_kind *k = import_kind_find(kind);
	struct err e;

	assert_non_null(k);
	assert_int_equal(import_run_text(c->run, k, path, text, &e), RC_OK);
}

struct import_case *case_of(const char *kind, const char *path,
			    const char *text)
{
	struct import_case *c = case_new(NULL);

	case_text(c, kind, path, str_from(text));
	return c;
}

struct import_case *case_file(const char *kind, const char *path)
{
	struct import_case *c = case_new(NULL);
	const struct import_kind *k = import_kind_find(kind);
	struct err e;

	assert_non_null(k);
	assert_int_equal(import_run_file(c->run, k, path, &e), RC_OK);
	assert_int_equal(import_run_totals(c->run)->files_read, 1);
	return c;
}

int64_t case_skipped(const struct import_case *c, const char *reason)
{
	const struct import_totals *t = import_run_totals(c->run);

	for (int i = 0; i < t->n_reasons; i++) {
		if (!strcmp(t->reasons[i].text, reason))
			return t->reasons[i].n;
	}
	return 0;
}

bool case_share_key(const struct case_event *x, const struct case_event *y)
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

void case_expected(const struct import_case *c, const char *key)
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
