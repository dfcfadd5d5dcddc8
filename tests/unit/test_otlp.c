#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>

#include "ledger/base/json.h"
#include "tests/unit/otlp_case.h"

static struct str str_of(const struct buf *b)
{
	return (struct str){buf_str(b), b->len};
}

static void same(const char *what, const struct buf *a, const struct buf *b)
{
	size_t i = 0;

	while (i < a->len && i < b->len && a->p[i] == b->p[i])
		i++;
	if (a->len == b->len && i == a->len)
		return;
	i = i > 200 ? i - 200 : 0;
	fail_msg("%s: at %zu:\n%.600s\n---- but\n%.600s", what, i,
		 buf_str(a) + i, buf_str(b) + i);
}

static enum rc dump(struct buf *out, enum otlp_signal signal,
		    enum otlp_encoding enc, struct str body,
		    struct otlp_result *res)
{
	struct err e;

	return otlp_dump(out, signal, enc, body, NULL, res, &e);
}

/* ---- fixtures ---- */

/* As JSON, as protobuf, and each through gzip: the same views. */
static void check_twins(const char *path)
{
	enum otlp_signal signal = otlp_file_signal(path);
	struct buf file, pb, gz, again, json_view, pb_view;
	struct otlp_result a, b;

	otlp_file(&file, path);
	otlp_encode(&pb, signal, str_of(&file));
	assert_int_equal(dump(&json_view, signal, OTLP_JSON, str_of(&file), &a),
			 RC_OK);
	assert_int_equal(dump(&pb_view, signal, OTLP_PROTOBUF, str_of(&pb), &b),
			 RC_OK);
	same(path, &json_view, &pb_view);
	assert_int_equal(a.visited, b.visited);
	assert_int_equal(a.rejected, b.rejected);
	assert_string_equal(a.why, b.why);
	otlp_gzip(&gz, str_of(&pb));
	otlp_gunzip(&again, str_of(&gz));
	same(path, &pb, &again);
	buf_release(&file);
	buf_release(&pb);
	buf_release(&gz);
	buf_release(&again);
	buf_release(&json_view);
	buf_release(&pb_view);
}

static void test_json_and_protobuf_alike(void **state)
{
	static const char *const patterns[] = {
		"tests/data/otlp/*.json", "tests/data/claude_code/*.json",
		"tests/data/codex/*.json", "tests/data/gemini_cli/*.json",
		"tests/data/edge/[01]*.json"};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		glob_t g;

		assert_int_equal(glob(patterns[i], 0, NULL, &g), 0);
		for (size_t k = 0; k < g.gl_pathc; k++, n++) {
			/* Enum names have no protobuf. */
			if (!strstr(g.gl_pathv[k], "05_enum"))
				check_twins(g.gl_pathv[k]);
		}
		globfree(&g);
	}
	assert_int_equal(n, 40);
}

/* What the real senders of protobuf and of gzip sent. */
static void test_captures(void **state)
{
	static const struct {
		const char *path;
		int64_t n;
	} cases[] = {
		{"tests/data/otlp/sdkjs_json.01.traces.json", 7},
		{"tests/data/otlp/sdkjs_json_gzip.01.traces.json.gz", 7},
		{"tests/data/otlp/sdkjs_proto.01.traces.pb", 7},
		{"tests/data/otlp/sdkjs_proto_gzip.01.traces.pb.gz", 7},
		{"tests/data/claude_code_pb/claude.01.traces.pb", 2},
		{"tests/data/claude_code_pb/claude.02.logs.pb", 3},
		{"tests/data/claude_code_pb/claude.03.metrics.pb", 7},
		{"tests/data/claude_code/claude.01.traces.json", 2},
		{"tests/data/claude_code/claude.02.logs.json", 3},
		{"tests/data/claude_code/claude.03.metrics.json", 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct otlp_result res;
		struct buf file, view;

		otlp_file(&file, cases[i].path);
		assert_int_equal(dump(&view, otlp_file_signal(cases[i].path),
				      otlp_file_encoding(cases[i].path),
				      str_of(&file), &res),
				 RC_OK);
		if (res.visited != cases[i].n || res.rejected)
			fail_msg("%s: %d visited, %d rejected", cases[i].path,
				 (int)res.visited, (int)res.rejected);
		buf_release(&file);
		buf_release(&view);
	}
}

static void test_edge(void **state)
{
	struct json_doc doc;
	struct buf manifest;
	int n = 0;

	(void)state;
	otlp_file(&manifest, "tests/data/edge/manifest.json");
	json_doc_init(&doc, 1000);
	assert_int_equal(json_parse(&doc, str_of(&manifest), NULL), RC_OK);
	for (const struct json *c = json_first(doc.nodes); c;
	     c = json_next(doc.nodes, c), n++) {
		int64_t http, stored, rejected;
		struct otlp_result res;
		struct buf file, view;
		char path[128];
		enum rc rc;

		snprintf(path, sizeof(path), "tests/data/edge/%.*s",
			 STR_ARG(json_get(c, "file")->text));
		assert_true(json_i64(json_get(c, "http"), &http));
		assert_true(json_i64(json_get(c, "stored"), &stored));
		assert_true(json_i64(json_get(c, "rejected"), &rejected));
		otlp_file(&file, path);
		rc = dump(&view, OTLP_TRACES, otlp_file_encoding(path),
			  str_of(&file), &res);
		if ((rc == RC_OK) != (http == 200) || res.visited != stored ||
		    res.rejected != rejected)
			fail_msg("%s: rc %d, %d visited, %d rejected", path, rc,
				 (int)res.visited, (int)res.rejected);
		if (rc != RC_OK)
			assert_int_equal(rc, RC_BAD);
		assert_int_equal(rejected > 0, res.why[0] != 0);
		buf_release(&file);
		buf_release(&view);
	}
	assert_int_equal(n, 23);
	json_doc_release(&doc);
	buf_release(&manifest);
}

/* ---- what the views hold ---- */

struct seen {
	int n;
	char facts[4096];
};

static void on_span(void *arg, const struct otlp_span *s)
{
	struct seen *seen = arg;
	size_t at = strlen(seen->facts);

	seen->n++;
	snprintf(seen->facts + at, sizeof(seen->facts) - at,
		 "%.*s/%.*s %.*s attrs %zu events %zu from %llu;",
		 STR_ARG(otlp_str(otlp_get(&s->source->resource, "r"))),
		 STR_ARG(s->source->scope), STR_ARG(s->name), s->attrs.n,
		 s->n_events, (unsigned long long)s->start_ns);
	for (size_t i = 0; i < s->attrs.n; i++) {
		const struct otlp_value *v = &s->attrs.p[i].v;

		at = strlen(seen->facts);
		snprintf(seen->facts + at, sizeof(seen->facts) - at,
			 " %.*s:%d:%lld:%g:%.*s", STR_ARG(s->attrs.p[i].key),
			 v->type, (long long)v->i, v->d, STR_ARG(v->s));
	}
}

static bool only_k(void *arg, struct str key)
{
	(void)arg;
	return str_is(key, "k");
}

static struct otlp_result see(const char *json, struct seen *seen, bool filter,
			      size_t memory)
{
	struct otlp_visitor v = {
		.span = on_span, .wants = filter ? only_k : NULL, .arg = seen};
	struct otlp_result res;
	struct arena scratch;
	struct err e;

	*seen = (struct seen){0};
	arena_init(&scratch, memory);
	if (otlp_decode(OTLP_TRACES, OTLP_JSON, str_from(json), &scratch, &v,
			&res, &e) != RC_OK)
		fail_msg("%s: %s", json, e.msg);
	arena_release(&scratch);
	return res;
}

#define IDS                                                                    \
	"\"traceId\":\"0102030405060708090a0B0c0d0E0f10\","                    \
	"\"spanId\":\"0102030405060708\""

static void test_any_order(void **state)
{
	struct seen seen;

	(void)state;
	see("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{"
	    "\"attributes\":[{\"value\":{\"intValue\":\"7\"},\"key\":\"k\"}],"
	    "\"na\\u006de\":\"n\"," IDS "}],\"scope\":{\"name\":\"s\"}},null],"
	    "\"resource\":{\"attributes\":[{\"key\":\"r\",\"value\":"
	    "{\"stringValue\":\"\\u0072\"}}]}}]}",
	    &seen, false, 1 << 16);
	assert_string_equal(seen.facts,
			    "r/s n attrs 1 events 0 from 0; k:3:7:0:");
}

static void test_filter(void **state)
{
	struct seen seen;

	(void)state;
	see("{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"r\","
	    "\"value\":{\"stringValue\":\"x\"}}]},\"scopeSpans\":[{\"spans\":"
	    "[{" IDS ",\"attributes\":["
	    "{\"key\":\"no\",\"value\":{\"intValue\":1}},"
	    "{\"key\":\"k\",\"value\":{\"intValue\":2}},"
	    "{\"value\":{\"intValue\":3},\"key\":\"no\"},"
	    "{\"value\":{\"intValue\":4},\"key\":\"k\"}]}]}]}]}",
	    &seen, true, 1 << 16);
	assert_string_equal(seen.facts, "x/  attrs 2 events 0 from 0;"
					" k:3:2:0: k:3:4:0:");
}

/* A value in the frame of a span's attribute "k". */
static void see_value(const char *value, const char *expected)
{
	struct seen seen;
	char json[4096];

	snprintf(json, sizeof(json),
		 "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" IDS
		 ",\"attributes\":[{\"key\":\"k\",\"value\":%s}]}]}]}]}",
		 value);
	see(json, &seen, false, 1 << 16);
	if (strcmp(strchr(seen.facts, ';') + 1, expected))
		fail_msg("%s: %s", value, seen.facts);
}

static void test_values(void **state)
{
	(void)state;
	see_value("{\"intValue\":\"-9223372036854775808\"}",
		  " k:3:-9223372036854775808:0:");
	see_value("{\"intValue\":9223372036854775807}",
		  " k:3:9223372036854775807:0:");
	see_value("{\"intValue\":9223372036854775808}", " k:0:0:0:");
	see_value("{\"intValue\":1e3}", " k:3:1000:0:");
	see_value("{\"intValue\":1.5}", " k:0:0:0:");
	see_value("{\"intValue\":true}", " k:0:0:0:");
	see_value("{\"intValue\":{\"a\":[1]}}", " k:0:0:0:");
	see_value("{\"doubleValue\":0.25}", " k:4:0:0.25:");
	see_value("{\"doubleValue\":\"-2.5e-1\"}", " k:4:0:-0.25:");
	see_value("{\"doubleValue\":\"NaN\"}", " k:0:0:0:");
	see_value("{\"doubleValue\":\"Infinity\"}", " k:4:0:inf:");
	see_value("{\"doubleValue\":\"-Infinity\"}", " k:4:0:-inf:");
	see_value("{\"doubleValue\":1e999}", " k:4:0:inf:");
	see_value("{\"doubleValue\":null}", " k:0:0:0:");
	see_value("{\"boolValue\":true}", " k:2:0:0:");
	see_value("{\"bytesValue\":\"AAEC/w==\"}", " k:5:0:0:AAEC/w==");
	see_value("{\"stringValue\":\"a\\u0000\\ud83d\\ude00\\ud800\"}",
		  " k:1:0:0:a\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd");
	see_value("{\"stringValue\":\"\"}", " k:1:0:0:");
	see_value("{\"arrayValue\":null}", " k:0:0:0:");
	see_value("{\"arrayValue\":{}}", " k:6:0:0:");
	see_value("{\"kvlistValue\":{\"values\":null}}", " k:7:0:0:");
	see_value("{\"string_value\":\"x\"}", " k:0:0:0:");
	see_value("{\"intValue\":1,\"stringValue\":\"x\"}", " k:1:0:0:x");
	see_value("{}", " k:0:0:0:");
	see_value("null", " k:0:0:0:");
	see_value("7", " k:0:0:0:");
}

static void test_nulls_and_wrong_types(void **state)
{
	struct otlp_result r;
	struct seen seen;

	(void)state;
	r = see("{\"resourceSpans\":[null,{\"resource\":null,\"scopeSpans\":"
		"[{\"scope\":null,\"spans\":[null,{" IDS
		",\"attributes\":null,\"events\":null,\"status\":null,"
		"\"parentSpanId\":null,\"name\":null,\"kind\":null,"
		"\"startTimeUnixNano\":null}]}]}]}",
		&seen, false, 1 << 16);
	assert_int_equal(r.rejected, 0);
	assert_string_equal(seen.facts, "/  attrs 0 events 0 from 0;");
	r = see("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":{\"a\":[]}},"
		"{\"spans\":[7,{" IDS "}]}]},\"x\"]}",
		&seen, false, 1 << 16);
	assert_int_equal(r.rejected, 3);
	assert_int_equal(r.visited, 1);
	assert_string_equal(r.why, "span 1: expected an array");
}

static void test_times(void **state)
{
	static const struct {
		const char *sent;
		const char *read;
	} cases[] = {{"\"1758800000000000001\"", "1758800000000000001"},
		     {"1758800000000000001", "1758800000000000001"},
		     {"18446744073709551615", "18446744073709551615"},
		     {"18446744073709551616", "0"},
		     {"-1", "0"},
		     {"1.5e18", "1500000000000000000"},
		     {"\"soon\"", "0"},
		     {"\"\"", "0"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char json[512], want[64];
		struct seen seen;

		snprintf(json, sizeof(json),
			 "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":"
			 "[{" IDS ",\"startTimeUnixNano\":%s}]}]}]}",
			 cases[i].sent);
		snprintf(want, sizeof(want), "from %s;", cases[i].read);
		see(json, &seen, false, 1 << 16);
		if (!strstr(seen.facts, want))
			fail_msg("%s: %s", cases[i].sent, seen.facts);
	}
}

/* What one span needs is bounded; the span after it is taken. */
static void test_too_large(void **state)
{
	struct otlp_result r;
	struct seen seen;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_adds(&b, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" IDS
		     ",\"attributes\":[{}");
	for (int i = 0; i < 1000; i++)
		buf_adds(&b, ",{\"key\":\"\"}");
	buf_adds(&b, "]},{" IDS ",\"name\":\"after\"}]}]}]}");
	r = see(buf_str(&b), &seen, false, 1 << 14);
	assert_int_equal(r.visited, 1);
	assert_int_equal(r.rejected, 1);
	assert_string_equal(r.why, "span 1: too large");
	assert_non_null(strstr(seen.facts, "after"));
	buf_release(&b);
}

static void depth_json(struct buf *b, int lists)
{
	buf_init(b, 1 << 20);
	buf_adds(b, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" IDS
		    ",\"attributes\":[{\"value\":");
	for (int i = 0; i < lists; i++)
		buf_adds(b, "{\"kvlistValue\":{\"values\":[{\"value\":");
	buf_adds(b, "{\"intValue\":77}");
	for (int i = 0; i < lists; i++)
		buf_adds(b, "}]}}");
	buf_adds(b, "}]}]}]}]}");
}

/* The message `b` as field `no` of another, which replaces it. */
static void wrap(struct buf *b, char no, const char *before)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	buf_adds(&out, before);
	buf_addc(&out, (char)(no << 3 | 2));
	if (b->len >= 0x80)
		buf_addc(&out, (char)(b->len | 0x80));
	buf_addc(&out, (char)(b->len >> (b->len < 0x80 ? 0 : 7)));
	buf_add(&out, b->p, b->len);
	buf_release(b);
	*b = out;
}

static void depth_pb(struct buf *b, int lists)
{
	buf_init(b, 1 << 20);
	buf_adds(b, "\x18\x4d"); /* int_value 77 */
	for (int i = 0; i < lists; i++) {
		wrap(b, 2, "");
		wrap(b, 1, "");
		wrap(b, 6, "");
	}
	wrap(b, 2, "");
	wrap(b, 9,
	     "\x0a\x10"
	     "0123456789abcdef"
	     "\x12\x08"
	     "01234567");
	wrap(b, 2, "");
	wrap(b, 2, "");
	wrap(b, 1, "");
}

/* 32 values in one another are read; a 33rd is absent in JSON, an error in
 * protobuf; JSON that is nested for no such reason is an error too. */
static void test_depth(void **state)
{
	(void)state;
	for (int lists = 30; lists <= 34; lists++) {
		struct otlp_result res;
		struct buf b, view;
		enum rc rc;

		depth_json(&b, lists);
		rc = dump(&view, OTLP_TRACES, OTLP_JSON, str_of(&b), &res);
		assert_int_equal(rc, lists <= 32 ? RC_OK : RC_BAD);
		assert_int_equal(!!strstr(buf_str(&view), "i 77"), lists < 32);
		buf_release(&b);
		buf_release(&view);
		depth_pb(&b, lists);
		rc = dump(&view, OTLP_TRACES, OTLP_PROTOBUF, str_of(&b), &res);
		assert_int_equal(rc, lists < 32 ? RC_OK : RC_BAD);
		assert_int_equal(!!strstr(buf_str(&view), "i 77"), lists < 32);
		buf_release(&b);
		buf_release(&view);
	}
}

static void test_not_an_object(void **state)
{
	static const char *const cases[] = {"[]",
					    "1",
					    "null",
					    " ",
					    "\"\"",
					    "{\"a\":1} x",
					    "{\"a\":\"\xff\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct otlp_result res;
		struct buf view;

		assert_int_equal(dump(&view, OTLP_TRACES, OTLP_JSON,
				      str_from(cases[i]), &res),
				 RC_BAD);
		buf_release(&view);
	}
}

static void test_readers(void **state)
{
	struct otlp_value v = {.type = OTLP_STRING, .s = STR("1e3")};
	int64_t i;
	double d;

	(void)state;
	assert_true(otlp_i64(&v, &i) && i == 1000);
	v.s = STR("12x");
	assert_false(otlp_i64(&v, &i));
	v.s = STR("");
	assert_false(otlp_i64(&v, &i) || otlp_f64(&v, &d));
	v = (struct otlp_value){.type = OTLP_DOUBLE, .d = 2.0};
	assert_true(otlp_i64(&v, &i) && i == 2);
	v.d = 2.5;
	assert_false(otlp_i64(&v, &i));
	assert_true(otlp_f64(&v, &d) && d > 2.4);
	v.d = 0x1p63;
	assert_false(otlp_i64(&v, &i));
	v.d = -0x1p63;
	assert_true(otlp_i64(&v, &i) && i == INT64_MIN);
	v.d = 1e308 * 10;
	assert_false(otlp_i64(&v, &i) || otlp_f64(&v, &d));
	assert_false(otlp_i64(NULL, &i) || otlp_f64(NULL, &d));
	assert_null(otlp_str(NULL).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_and_protobuf_alike),
		cmocka_unit_test(test_captures),
		cmocka_unit_test(test_edge),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_nulls_and_wrong_types),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_not_an_object),
		cmocka_unit_test(test_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
