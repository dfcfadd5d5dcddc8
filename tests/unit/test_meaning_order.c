/* The same calls come out however spans and records arrive: one a request, in
 * any order, children first or last, twice, at workers that know nothing of
 * each other. And the hostile bodies of tests/data/edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "tests/unit/meaning_case.h"
#include "tests/unit/otlp_case.h"

struct piece {
	char *body;
	enum otlp_signal signal;
	const char *path;
};
struct pieces {
	struct piece v[256];
	size_t n;
};

static void split_scope(struct pieces *p, const char *path,
			enum otlp_signal signal, const struct json *resource,
			const struct json *scope)
{
	bool logs = signal == OTLP_LOGS;
	const struct json *list =
		json_get(scope, logs ? "logRecords" : "spans");
	struct str r = resource ? resource->text : STR("{}");
	struct str s = json_get(scope, "scope") ? json_get(scope, "scope")->text
						: STR("{}");

	for (const struct json *v = json_first(list); v;
	     v = json_next(list, v)) {
		assert_true(p->n < 256);
		p->v[p->n++] = (struct piece){
			xasprintf("{\"%s\":[{\"resource\":%.*s,\"%s\":[{"
				  "\"scope\":%.*s,\"%s\":[%.*s]}]}]}",
				  logs ? "resourceLogs" : "resourceSpans",
				  STR_ARG(r), logs ? "scopeLogs" : "scopeSpans",
				  STR_ARG(s), logs ? "logRecords" : "spans",
				  STR_ARG(v->text)),
			signal, path};
	}
}

static void split(struct pieces *p, const char *path)
{
	enum otlp_signal signal = otlp_file_signal(path);
	bool logs = signal == OTLP_LOGS;
	const struct json *list;
	struct json_doc doc;
	struct buf text;
	struct err e;

	otlp_file(&text, path);
	json_doc_init(&doc, 1 << 20);
	assert_int_equal(
		json_parse(&doc, (struct str){buf_str(&text), text.len}, &e),
		RC_OK);
	list = json_get(&doc.nodes[0], logs ? "resourceLogs" : "resourceSpans");
	for (const struct json *r = json_first(list); r;
	     r = json_next(list, r)) {
		const struct json *scopes =
			json_get(r, logs ? "scopeLogs" : "scopeSpans");

		for (const struct json *s = json_first(scopes); s;
		     s = json_next(scopes, s))
			split_scope(p, path, signal, json_get(r, "resource"),
				    s);
	}
	json_doc_release(&doc);
	buf_release(&text);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void give(struct mcase *c, const struct piece *p)
{
	mcase_body(c, p->signal, OTLP_JSON, str_from(p->body), p->path);
}

/* round 0: as sent; 1: backwards; others: shuffled, some twice, and from round
 * 6 on at a worker that forgets now and then. */
static void deliver(struct mcase *c, struct pieces *p, uint32_t round)
{
	uint32_t seed = round * 77 + 1;

	for (size_t i = 0; round >= 2 && i + 1 < p->n; i++) {
		size_t k = i + next_random(&seed) % (p->n - i);
		struct piece t = p->v[i];

		p->v[i] = p->v[k];
		p->v[k] = t;
	}
	for (size_t i = 0; i < p->n; i++) {
		give(c, &p->v[round == 1 ? p->n - 1 - i : i]);
		if (round >= 2 && next_random(&seed) % 4 == 0)
			give(c, &p->v[next_random(&seed) % (i + 1)]);
		if (round >= 6 && next_random(&seed) % 3 == 0)
			mcase_forget(c);
	}
}

static void same_in_any_order(const char *const *files)
{
	struct pieces *p = xcalloc(1, sizeof(*p));
	struct mcase whole;
	struct buf want;

	mcase_init(&whole, "");
	for (int i = 0; files[i]; i++) {
		mcase_file(&whole, files[i], false);
		split(p, files[i]);
	}
	mcase_text(&whole, &want);
	assert_true(want.len > 0);
	for (uint32_t round = 0; round < 12; round++) {
		struct mcase c;
		struct buf have;

		mcase_init(&c, "");
		deliver(&c, p, round);
		mcase_text(&c, &have);
		if (strcmp(buf_str(&want), buf_str(&have)) != 0)
			fail_msg("%s, round %u:\n%s\nnot\n%s", files[0], round,
				 buf_str(&have), buf_str(&want));
		assert_int_equal(c.b->n_dead, 0);
		buf_release(&have);
		mcase_release(&c);
	}
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].body);
	free(p);
	buf_release(&want);
	mcase_release(&whole);
}
#define ANY_ORDER(...)                                                         \
	same_in_any_order((const char *const[]){__VA_ARGS__, NULL})

static void orders(void **state)
{
	static const char *const names[] = {
		"sdkjs_json",
		"vercel_ai4",
		"vercel_ai5",
		"vercel_ai7",
		"vercel_ai7_legacy",
		"instr_traceloop",
		"instr_openinference",
		"synth_openinference_agent",
		"synth_openllmetry_py_old",
		"synth_otel_genai_2026",
		"synth_pydantic_ai",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path),
			 "tests/data/otlp/%s.01.traces.json", names[i]);
		ANY_ORDER(path);
	}
	ANY_ORDER("tests/data/otlp/"
		  "langfuse.01._api_public_otel_v1_traces.json");
	ANY_ORDER("tests/data/claude_code/claude.01.traces.json",
		  "tests/data/claude_code/claude.02.logs.json");
	ANY_ORDER("tests/data/codex/codex.03.logs.json",
		  "tests/data/codex/codex.01.traces.trimmed.json");
	ANY_ORDER("tests/data/gemini_cli/gemini.02.logs.json",
		  "tests/data/gemini_cli/gemini.01.traces.json");
}

/* The whole file again and again is the same rows, and hands over the same
 * events. */
static void repeats(void **state)
{
	const char *path = "tests/data/otlp/vercel_ai7.01.traces.json";
	struct mcase c;
	size_t once;

	(void)state;
	mcase_init(&c, "");
	mcase_file(&c, path, false);
	once = c.b->n_attempts;
	mcase_file(&c, path, true);
	mcase_file(&c, path, false);
	assert_int_equal(c.b->n_attempts, 3 * once);
	mcase_merge(&c);
	assert_int_equal(c.n_calls, once);
	for (size_t i = 0; i < once; i++)
		assert_memory_equal(c.b->attempts[i].e.keys,
				    c.b->attempts[once + i].e.keys,
				    sizeof(c.b->attempts[i].e.keys));
	mcase_release(&c);
}

/* ---- hostile and odd bodies ---- */

static const struct ev_attempt *edge(struct mcase *c, const char *name)
{
	char path[128];

	mcase_init(c, "");
	snprintf(path, sizeof(path), "tests/data/edge/%s", name);
	mcase_file(c, path, false);
	return c->b->n_attempts == 1 ? &c->b->attempts[0].e : NULL;
}

#define IN(a)  (a)->usage.n[USAGE_UNCACHED_IN]
#define OUT(a) (a)->usage.n[USAGE_OUTPUT]

static void edge_accepted(void **state)
{
	static const char *const plain[] = {
		"01_uppercase_hex_ids.json", "02_int64_as_number.json",
		"03_unknown_fields.json",    "05_enum_name.json",
		"08_tokens_as_strings.json", "15_bytes_value.json",
		"18_surrogates_and_nul.json"};
	const struct ev_attempt *a;
	struct mcase c;

	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		a = edge(&c, plain[i]);
		if (!a || IN(a) != 1000 || OUT(a) != 100)
			fail_msg("%s", plain[i]);
		mcase_release(&c);
	}
	a = edge(&c, "06_bad_trace_id_partial.json");
	assert_non_null(a);
	mcase_release(&c);
	assert_null(edge(&c, "04_snake_case_ignored.json"));
	assert_int_equal(c.b->n_attempts, 0);
	mcase_release(&c);
	assert_null(edge(&c, "19_legacy_instrumentationLibrarySpans.json"));
	assert_int_equal(c.b->n_attempts, 0);
	mcase_release(&c);
	assert_null(edge(&c, "23_unknown_fields.pb"));
	assert_int_equal(c.b->n_attempts, 3);
	mcase_release(&c);
}

static void edge_counts(void **state)
{
	const struct ev_attempt *a;
	struct mcase c;

	(void)state;
	a = edge(&c, "07_null_and_nan.json");
	assert_non_null(a);
	assert_int_equal(a->quality, QUALITY_MISSING);
	assert_int_equal(IN(a), USAGE_NONE);
	mcase_release(&c);
	a = edge(&c, "09_duplicate_key.json");
	assert_non_null(a);
	assert_int_equal(IN(a), 7);
	assert_int_equal(OUT(a), 100);
	assert_int_equal(c.counts.warnings, 1);
	mcase_release(&c);
	a = edge(&c, "13_negative_tokens.json");
	assert_non_null(a);
	assert_int_equal(a->quality, QUALITY_MISSING);
	assert_int_equal(IN(a), USAGE_NONE);
	assert_int_equal(OUT(a), USAGE_NONE);
	assert_true(c.counts.warnings >= 2);
	mcase_release(&c);
	a = edge(&c, "14_cached_exceeds_input.json");
	assert_non_null(a);
	assert_int_equal(IN(a), 350);
	assert_int_equal(a->usage.n[USAGE_CACHE_READ], 10000);
	assert_int_equal(a->usage.n[USAGE_CACHE_WRITE_5M], 2000);
	assert_int_equal(a->quality, QUALITY_INFERRED);
	mcase_release(&c);
}

static void edge_times(void **state)
{
	const struct ev_attempt *a;
	struct mcase c;

	(void)state;
	a = edge(&c, "10_end_before_start.json");
	assert_non_null(a);
	assert_int_equal(a->ended_us, a->started_us);
	assert_int_equal(c.counts.warnings, 1);
	mcase_release(&c);
	a = edge(&c, "11_zero_end_time.json");
	assert_non_null(a);
	assert_true(a->ended_us == TIME_NONE);
	mcase_release(&c);
	/* A clock beyond belief: one dead letter, nothing is dated anew. */
	assert_null(edge(&c, "12_future_time.json"));
	assert_int_equal(c.b->n_attempts, 0);
	assert_int_equal(c.b->n_dead, 1);
	assert_int_equal(c.counts.dead, 1);
	assert_int_equal(c.counts.calls, 0);
	assert_true(str_contains(c.b->dead[0].e.reason, "future"));
	assert_true(str_contains(c.b->dead[0].e.body, "gpt-4o"));
	mcase_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),        cmocka_unit_test(repeats),
		cmocka_unit_test(edge_accepted), cmocka_unit_test(edge_counts),
		cmocka_unit_test(edge_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
