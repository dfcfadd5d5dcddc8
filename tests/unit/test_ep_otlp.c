/* The endpoint, with the server and the intake played by this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "ingest/serve.h"

/* ---- the request ---- */

struct http_req {
	struct str type, body, path, origin;
	const struct auth_key *key;
	char headers[1024]; /* of the answer */
	int status, answers;
	const char *ctype;
	char reply[1024];
	_Alignas(16) unsigned char scratch[64];
	bool released;
};

struct str http_content_type(const struct http_req *r)
{
	return r->type;
}
struct str http_body(const struct http_req *r)
{
	assert_false(r->released);
	return r->body;
}
void http_body_release(struct http_req *r)
{
	r->released = true;
}
struct str http_path(const struct http_req *r)
{
	return r->path;
}
struct str http_peer(const struct http_req *r)
{
	(void)r;
	return STR("127.0.0.1:5");
}
struct str http_header(const struct http_req *r, const char *name)
{
	return !strcmp(name, "origin") ? r->origin : STR_NONE;
}
void *http_get(const struct http_req *r)
{
	return (void *)(uintptr_t)r->key;
}
void *http_scratch(struct http_req *r)
{
	return r->scratch;
}
void http_reply_header(struct http_req *r, const char *name, struct str value)
{
	size_t at = strlen(r->headers);

	assert_int_equal(r->answers, 0);
	snprintf(r->headers + at, sizeof(r->headers) - at, "%s: %.*s\n", name,
		 STR_ARG(value));
}
void http_reply(struct http_req *r, int status, const char *ctype,
		struct str body)
{
	r->answers++;
	r->status = status;
	r->ctype = ctype;
	snprintf(r->reply, sizeof(r->reply), "%.*s", STR_ARG(body));
	memset(r->scratch, 0xdb, sizeof(r->scratch));
}
void http_reply_err(struct http_req *r, int status, const struct err *e)
{
	const char *ctype = NULL;
	struct buf b;

	buf_init(&b, 4096);
	ep_otlp[0].error(r, status, e, &b, &ctype);
	http_reply(r, status, ctype, (struct str){buf_str(&b), b.len});
	buf_release(&b);
}

/* ---- the intake ---- */

struct play {
	bool full;       /* no ticket */
	enum rc end;     /* of handing an attempt over */
	enum rc safe;    /* of the commit */
	bool later;      /* commits are answered by hand */
	int open;        /* tickets */
	int cancelled;   /* of them */
	int calls, dead; /* that were handed over */
	bool team;       /* of a key, on their task */
	ticket_done_fn *done;
	void *arg;
};
static struct play play;

static enum rc take_attempt(void *arg, const struct ev_task *t,
			    const struct ev_attempt *a, struct err *e)
{
	(void)arg;
	assert_true(a->source.len > 0);
	play.calls++;
	play.team = str_is(t->team, "payments");
	return play.end == RC_OK ? RC_OK : err_set(e, play.end, "played");
}
static enum rc take_dead(void *arg, const struct ev_dead *d, struct err *e)
{
	(void)arg;
	(void)d;
	(void)e;
	play.dead++;
	return RC_OK;
}
static enum rc take_outcome(void *arg, const struct ev_task *t,
			    const struct ev_outcome *o, struct err *e)
{
	(void)arg;
	(void)t;
	(void)o;
	(void)e;
	return RC_OK;
}
static enum rc take_claim(void *arg, const struct ev_task *t,
			  const struct ev_claim *c, struct err *e)
{
	(void)arg;
	(void)t;
	(void)c;
	(void)e;
	return RC_OK;
}
static enum rc take_task(void *arg, const struct ev_task *t, struct err *e)
{
	(void)arg;
	(void)t;
	(void)e;
	return RC_OK;
}

struct ticket *intake_begin(struct intake *in)
{
	(void)in;
	play.open += !play.full;
	return play.full ? NULL : (struct ticket *)(void *)&play;
}
const struct sink *ticket_sink(struct ticket *t)
{
	static const struct sink sink = {take_attempt, take_outcome, take_claim,
					 NULL,         take_task,    take_dead,
					 NULL};

	(void)t;
	return &sink;
}
void ticket_cancel(struct ticket *t)
{
	(void)t;
	play.open--;
	play.cancelled++;
}
static void answer_ticket(void)
{
	struct err e;

	err_set(&e, play.safe, "played");
	play.open--;
	play.done(play.arg, play.safe, &e);
}
void ticket_commit(struct ticket *t, ticket_done_fn *done, void *arg)
{
	(void)t;
	play.done = done;
	play.arg = arg;
	if (!play.later)
		answer_ticket();
}
/* ---- the tests ---- */

#define JSON     "application/json"
#define PROTOBUF "application/x-protobuf"
#define IDS                                                                    \
	"\"traceId\":\"0102030405060708090a0B0c0d0E0f10\","                    \
	"\"spanId\":\"0102030405060708\""
#define TEXT(key, text)                                                        \
	"{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" text "\"}}"
#define CALL                                                                   \
	"{" IDS ",\"startTimeUnixNano\":\"1758800000000000000\","              \
	"\"attributes\":[" TEXT("gen_ai.operation.name", "chat") "," TEXT(     \
		"gen_ai.provider.name",                                        \
		"openai") "," TEXT("gen_ai.request.model",                     \
				   "gpt-4o") ",{\"key\":\"gen_ai.usage."       \
					     "input_tokens\",\"value\":{"      \
					     "\"intValue\":7}}]}"
#define SPANS(list)                                                            \
	"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" list "]}]}]}"
#define ONE_SPAN SPANS(CALL)
#define BAD_SPAN SPANS(CALL ",{\"name\":\"x\"}")
#define ONE_LOG  "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{}]}]}]}"

static char no_text[] = "", keys_auto[] = "auto", keys_required[] = "required";
static struct conf conf = {.class_rules = no_text, .keys = keys_auto};
static struct worker w = {.conf = &conf};

static struct http_req request(const char *method, const char *path,
			       const char *type, struct str body)
{
	struct http_req r = {
		.type = str_from(type), .path = str_from(path), .body = body};

	for (const struct http_route *t = ep_otlp; t->method; t++) {
		if (strcmp(t->method, method) || strcmp(t->path, path))
			continue;
		t->handle(&r, &w);
		return r;
	}
	fail_msg("no route for %s %s", method, path);
	return r;
}

static struct http_req post(const char *path, const char *type,
			    const char *body)
{
	return request("POST", path, type, str_from(body));
}

static int reset(void **state)
{
	(void)state;
	play = (struct play){0};
	*stats_self = (struct stats_block){0};
	if (!w.meaning)
		w.meaning = meaning_new(&conf);
	return 0;
}

static void test_success(void **state)
{
	static const char *const paths[] = {"/v1/traces", "/",
					    "/api/public/otel/v1/traces"};
	struct http_req r;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		r = post(paths[i], JSON, ONE_SPAN);
		assert_int_equal(r.status, 200);
		assert_string_equal(r.ctype, JSON);
		assert_string_equal(r.reply, "{}");
		assert_true(r.released);
	}
	assert_int_equal(play.calls, 3);
	r = post("/v1/logs", JSON, ONE_LOG);
	assert_int_equal(r.status, 200);
	r = post("/v1/metrics", JSON, "{\"resourceMetrics\":[]}");
	assert_int_equal(r.status, 200);
	r = request("POST", "/v1/traces", PROTOBUF, STR("\x0a\x00"));
	assert_int_equal(r.status, 200);
	assert_string_equal(r.ctype, PROTOBUF);
	assert_string_equal(r.reply, "");
	assert_int_equal(play.open, 0);
	assert_int_equal(play.cancelled, 0);
	assert_true(stats_self->v[STAT_CALLS_TRACES] > 0);
}

static void test_empty(void **state)
{
	struct http_req r = post("/v1/traces", PROTOBUF, "");

	(void)state;
	assert_int_equal(r.status, 200);
	assert_string_equal(r.ctype, PROTOBUF);
	r = post("/v1/logs", JSON, "");
	assert_int_equal(r.status, 200);
	assert_string_equal(r.reply, "{}");
	r = post("/v1/logs", "", "");
	assert_int_equal(r.status, 200);
}

static void test_partial(void **state)
{
	struct http_req r = post("/v1/traces", JSON, BAD_SPAN);

	(void)state;
	assert_int_equal(r.status, 200);
	assert_string_equal(r.reply,
			    "{\"partialSuccess\":{\"rejectedSpans\":\"1\","
			    "\"errorMessage\":\"span 2: traceId is not 16 "
			    "bytes, or zero\"}}");
	assert_int_equal(play.calls, 1);
	assert_int_equal(stats_self->v[STAT_REJECTED], 1);
	play.end = RC_BAD;
	r = post("/v1/traces", JSON, ONE_SPAN);
	assert_string_equal(r.reply,
			    "{\"partialSuccess\":{\"errorMessage\":\"1 events "
			    "were refused and kept as dead letters\"}}");
}

static void test_bad(void **state)
{
	struct http_req r = post("/v1/traces", JSON, "{\"a\":");

	(void)state;
	assert_int_equal(r.status, 400);
	assert_string_equal(r.ctype, JSON);
	assert_string_equal(r.reply,
			    "{\"code\":3,\"message\":\"invalid JSON at byte 5: "
			    "expected a value\"}");
	r = post("/v1/traces", PROTOBUF, "\x0a\x05");
	assert_int_equal(r.status, 400);
	assert_string_equal(r.ctype, PROTOBUF);
	assert_memory_equal(r.reply, "\x08\x03\x12", 3);
	r = post("/v1/traces", "text/plain", ONE_SPAN);
	assert_int_equal(r.status, 415);
	assert_string_equal(r.ctype, JSON);
	r = post("/v1/traces", NULL, ONE_SPAN);
	assert_int_equal(r.status, 415);
	assert_int_equal(play.open, 0);
	assert_int_equal(play.calls, 0);
	assert_null(strstr(r.headers, "Retry-After"));
}

/* Whatever may pass is 503 with Retry-After: clients drop on anything else. */
static void test_later(void **state)
{
	static const enum rc later[] = {RC_BUSY, RC_DOWN};
	struct http_req r;

	(void)state;
	play.full = true;
	r = post("/v1/traces", JSON, ONE_SPAN);
	assert_int_equal(r.status, 503);
	assert_non_null(strstr(r.headers, "Retry-After: 1\n"));
	for (size_t i = 0; i < 2; i++) {
		play = (struct play){.end = later[i]};
		r = post("/v1/traces", JSON, ONE_SPAN);
		assert_int_equal(r.status, 503);
		assert_int_equal(play.cancelled, 1);
		assert_non_null(strstr(r.headers, "Retry-After: 1\n"));
		play = (struct play){.safe = later[i]};
		r = post("/v1/traces", JSON, BAD_SPAN);
		assert_int_equal(r.status, 503);
		assert_string_equal(r.reply,
				    "{\"code\":14,\"message\":\"played\"}");
		assert_non_null(strstr(r.headers, "Retry-After: 1\n"));
	}
	play = (struct play){.safe = RC_BUG};
	r = post("/v1/traces", JSON, ONE_SPAN);
	assert_int_equal(r.status, 503);
}

/* No answer before the events are safe. */
static void test_waits(void **state)
{
	struct http_req r = {.type = STR(JSON), .body = STR(BAD_SPAN)};

	(void)state;
	play.later = true;
	ep_otlp[0].handle(&r, &w);
	assert_int_equal(r.answers, 0);
	answer_ticket();
	assert_int_equal(r.answers, 1);
	assert_int_equal(r.status, 200);
	assert_non_null(strstr(r.reply, "rejectedSpans"));
}

static void test_key(void **state)
{
	struct auth_key key = {.team = STR("payments")};
	struct http_req r = {
		.type = STR(JSON), .body = STR(ONE_SPAN), .key = &key};

	(void)state;
	ep_otlp[0].handle(&r, &w);
	assert_int_equal(r.status, 200);
	assert_true(play.team);
}

static struct http_req preflight(const char *origin, char *keys)
{
	struct http_req r = {.origin = str_from(origin)};

	conf.keys = keys;
	for (const struct http_route *t = ep_otlp; t->method; t++) {
		if (!strcmp(t->method, "OPTIONS")) {
			assert_int_equal(t->need, HTTP_OPEN);
			t->handle(&r, &w);
			break;
		}
	}
	return r;
}

static void test_cors(void **state)
{
	static const struct {
		const char *origin;
		bool local;
	} cases[] = {
		{"http://localhost", true},
		{"http://localhost:3000", true},
		{"https://127.0.0.1:8443", true},
		{"http://[::1]:80", true},
		{"http://localhost.evil.example", false},
		{"https://example.org", false},
		{"null", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_req r = preflight(cases[i].origin, keys_auto);

		assert_int_equal(r.status, 204);
		assert_int_equal(!!strstr(r.headers, "Allow-Origin"),
				 cases[i].local);
		assert_int_equal(!!strstr(r.headers, "Allow-Methods"),
				 cases[i].local);
		r = preflight(cases[i].origin, keys_required);
		assert_non_null(strstr(r.headers, cases[i].origin));
	}
	assert_null(strstr(preflight(NULL, keys_required).headers, "Access"));
}

static int teardown(void **state)
{
	(void)state;
	meaning_free(w.meaning);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_success, reset),
		cmocka_unit_test_setup(test_empty, reset),
		cmocka_unit_test_setup(test_partial, reset),
		cmocka_unit_test_setup(test_bad, reset),
		cmocka_unit_test_setup(test_later, reset),
		cmocka_unit_test_setup(test_waits, reset),
		cmocka_unit_test_setup(test_key, reset),
		cmocka_unit_test_setup(test_cors, reset),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
