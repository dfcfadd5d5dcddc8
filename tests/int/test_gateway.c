/* The gateway, end to end: a real daemon, a provider that does as it is told,
 * a client of plain sockets. What the client gets, what the provider got, and
 * what the ledger says of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/int/gw_help.h"

static struct gw_world w;

#define CHAT(model, more)                                                      \
	"{\"model\":\"" model "\",\"messages\":[{\"role\":\"user\","           \
	"\"content\":\"Say hello\"}]" more "}"
#define MESSAGE(model, more)                                                   \
	"{\"model\":\"" model "\",\"max_tokens\":99,\"messages\":"             \
	"[{\"role\":\"user\",\"content\":\"Say hello\"}]" more "}"
#define RESPONSE(model, more)                                                  \
	"{\"model\":\"" model "\",\"input\":\"Say hello\"" more "}"

static void it_starts(void **state)
{
	(void)state;
	gw_world_init(&w, "gateway");
	gw_world_set(&w, "ACO_READ_ON_SECONDS", "2");
	gw_world_set(&w, "ACO_FIRST_BYTE_SECONDS", "2");
	gw_world_serve(&w);
}

static void it_stops(void **state)
{
	(void)state;
	gw_world_stop(&w);
	gw_world_release(&w);
}

static char headers[1024];
/* The task that rows are looked for, and what the provider shall do. */
static const char *task(const char *name, const char *fake)
{
	snprintf(headers, sizeof(headers), "x-aco-task: %s\r\nx-fake: %s\r\n",
		 name, fake);
	return headers;
}

/* A line a row, in the order of attempts:
 * model,in,cached,out,cost,status,quality,error */
static char *rows_sql(const char *name)
{
	static char sql[1024];

	snprintf(sql, sizeof(sql),
		 "SELECT string_agg(concat_ws(',', model, uncached_in,"
		 " cache_read, output, cost_usd, status, usage_quality,"
		 " error_class), ' ' ORDER BY attempt_no) FROM v_attempt"
		 " WHERE task_ext_id = '%s'",
		 name);
	return sql;
}

static void assert_rows(const char *name, const char *want)
{
	harness_sql_until(w.db, rows_sql(name), want);
}

static bool has_row(void *sql)
{
	return *harness_sql_text(w.db, sql);
}

/* The rows, once there is one. */
static const char *rows_soon(const char *name)
{
	char *sql = rows_sql(name);

	poll_until(has_row, sql, 10000, name);
	return harness_sql_text(w.db, sql);
}

static void ends_as_sent(const struct gw_got *g)
{
	char *sent = fake_answer(w.fake);

	assert_true(g->whole);
	assert_string_equal(buf_str(&g->body), sent);
	free(sent);
}

/* ---- whole answers ---- */

#define CHAT_ROW "gpt-5-mini,60,40,20,0.000056,ok,exact"

static void chat_passes_byte_for_byte(void **state)
{
	const char *body = CHAT("gpt-5-mini", ",  \"odd\":[1 , 2],\"x\":1e2");
	struct gw_got g = gw_post(&w, "/v1/chat/completions?a=b",
				  task("whole", ""), body);
	char *seen = fake_last(w.fake);

	(void)state;
	assert_int_equal(g.status, 200);
	ends_as_sent(&g);
	assert_string_equal(gw_got_header(&g, "x-unknown"), "kept as it is");
	assert_string_equal(gw_got_header(&g, "content-type"),
			    "application/json");
	assert_string_equal(gw_got_header(&g, "x-aco-model"), "gpt-5-mini");
	assert_string_equal(gw_got_header(&g, "x-aco-attempts"), "1");
	assert_string_equal(gw_got_header(&g, "x-aco-cost-usd"), "0.000056");
	ASSERT_CONTAINS(seen, "POST /v1/chat/completions?a=b HTTP/1.1");
	assert_string_equal(strstr(seen, "\r\n\r\n") + 4, body);
	assert_rows("whole", CHAT_ROW);
	free(seen);
	gw_got_free(&g);
}

static void headers_pass_and_ours_do_not(void **state)
{
	struct gw_got g;
	char *seen;

	(void)state;
	task("headers", "");
	snprintf(headers + strlen(headers), sizeof(headers) - strlen(headers),
		 "%s",
		 "OpenAI-Beta: x=y\r\nX-Odd:  a b \r\n"
		 "Authorization: Bearer sk-somebody\r\n"
		 "Accept-Encoding: br, zstd\r\nTE: trailers\r\n"
		 "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
		 "x-aco-class: coding\r\nx-aco-agent: worker\r\n");
	g = gw_post(&w, "/v1/chat/completions", headers,
		    CHAT("gpt-5-mini", ""));
	seen = fake_last(w.fake);
	assert_int_equal(g.status, 200);
	ASSERT_CONTAINS(seen, "OpenAI-Beta: x=y\r\n");
	ASSERT_CONTAINS(seen, "X-Odd: a b\r\n");
	assert_non_null(strcasestr(seen, "authorization: Bearer sk-ours\r\n"));
	assert_null(strstr(seen, "sk-somebody"));
	assert_null(strcasestr(seen, "zstd"));
	assert_null(strcasestr(seen, "trailers"));
	assert_null(strcasestr(seen, "x-hop"));
	assert_null(strcasestr(seen, "x-aco"));
	assert_rows("headers", CHAT_ROW);
	assert_string_equal(
		harness_sql_text(w.db, "SELECT task_class || ' ' || agent FROM"
				       " v_attempt WHERE task_ext_id ="
				       " 'headers'"),
		"coding worker");
	free(seen);
	gw_got_free(&g);
}

static void messages_responses_embeddings(void **state)
{
	struct gw_got g;
	char *seen;

	(void)state;
	g = gw_post(&w, "/v1/messages?beta=true", task("msg", ""),
		    MESSAGE("claude-sonnet-4-5", ""));
	assert_int_equal(g.status, 200);
	ends_as_sent(&g);
	seen = fake_last(w.fake);
	ASSERT_CONTAINS(seen, "POST /v1/messages?beta=true ");
	assert_non_null(strcasestr(seen, "x-api-key: sk-ant-ours\r\n"));
	free(seen);
	gw_got_free(&g);
	assert_rows("msg", "claude-sonnet-4-5,60,40,20,0.000492,ok,exact");
	g = gw_post(&w, "/v1/responses", task("resp", ""),
		    RESPONSE("gpt-5-mini", ""));
	assert_int_equal(g.status, 200);
	ends_as_sent(&g);
	gw_got_free(&g);
	assert_rows("resp", CHAT_ROW);
	g = gw_post(&w, "/v1/embeddings", task("embed", ""),
		    "{\"model\":\"text-embedding-3-small\",\"input\":\"x\"}");
	assert_int_equal(g.status, 200);
	ends_as_sent(&g);
	gw_got_free(&g);
	g = gw_post(&w, "/v1/messages/count_tokens", task("count", ""),
		    MESSAGE("claude-sonnet-4-5", ""));
	assert_string_equal(buf_str(&g.body), "{\"input_tokens\":77}");
	gw_got_free(&g);
	assert_string_equal(harness_sql_text(w.db, rows_sql("count")), "");
}

static void the_rest_passes(void **state)
{
	struct gw_got g = gw_post(&w, "/v1/files?purpose=x", "X-A: b\r\n", "?");
	char *seen = fake_last(w.fake);

	(void)state;
	assert_int_equal(g.status, 200);
	ASSERT_CONTAINS(seen, "POST /v1/files?purpose=x ");
	assert_string_equal(strstr(seen, "\r\n\r\n") + 4, "?");
	gw_got_free(&g);
	free(seen);
	g = gw_post(&w, "/v1/models/org%2Fname", "", "");
	seen = fake_last(w.fake);
	ASSERT_CONTAINS(seen, "POST /v1/models/org%2Fname ");
	gw_got_free(&g);
	free(seen);
	g = gw_post(&w, "/v1/analytics/codex/turn-costs", "",
		    "{\"turn_ids\":[]}");
	assert_string_equal(buf_str(&g.body), "{\"turns\":[]}");
	gw_got_free(&g);
}

/* A telemetry client's slash too many is no reason to tell the provider. */
static void what_is_ours_stays_here(void **state)
{
	static const char *const paths[] = {"/v1/traces/",   "/v1/logs/",
					    "/v1/metrics/",  "/v1/events//",
					    "/v1/outcomes/", "/v1/route/"};
	int before = fake_count(w.fake);

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct gw_got g = gw_post(&w, paths[i], "", "{}");

		assert_int_equal(g.status, 404);
		ASSERT_CONTAINS(buf_str(&g.body), "aco's own");
		gw_got_free(&g);
	}
	assert_int_equal(fake_count(w.fake), before);
}

/* What a provider could take for a path that is metered, or for one that is
 * not below /v1/. */
static void paths_in_disguise_go_nowhere(void **state)
{
	static const char *const paths[] = {
		"/v1/../admin",
		"/v1/x/../chat/completions",
		"/v1/./chat/completions",
		"/v1/%2e%2e/admin",
		"/v1/chat%2fcompletions",
		"/v1/chat/%63ompletions",
		"/v1//chat/completions",
		"/v1/models/..%2F..%2Fadmin",
		"/v1/x\\..\\admin",
		"/v1/x%00",
		"/v1/x%zz",
	};
	int before = fake_count(w.fake);

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct gw_got g =
			gw_post(&w, paths[i], "", CHAT("gpt-5-mini", ""));

		if (g.status != 400)
			print_message("%s: %d\n", paths[i], g.status);
		assert_int_equal(g.status, 400);
		gw_got_free(&g);
	}
	assert_int_equal(fake_count(w.fake), before);
}

#define ROUTE_ASK                                                              \
	"{\"class\":\"coding\",\"text\":\"Fix it\",\"pinned\":\"gpt-5-mini\"," \
	"\"models\":[{\"name\":\"gpt-5-mini\",\"tier\":2},"                    \
	"{\"name\":\"gpt-5\",\"tier\":4}]}"

/* The answer is the router's own; nothing is called. */
static void a_route_is_asked_for(void **state)
{
	int before = fake_count(w.fake);
	struct gw_got g = gw_post(&w, "/v1/route", "", "{\"model\":");

	(void)state;
	assert_int_equal(g.status, 400);
	ASSERT_CONTAINS(buf_str(&g.body), "invalid JSON");
	gw_got_free(&g);
	g = gw_post(&w, "/v1/route", "",
		    "{\"class\":\"coding\",\"text\":\"Fix it\",\"models\":[]}");
	assert_int_equal(g.status, 400);
	assert_string_equal(buf_str(&g.body),
			    "{\"error\":\"models names none\"}");
	gw_got_free(&g);
	g = gw_post(&w, "/v1/route?explain", "", ROUTE_ASK);
	assert_int_equal(g.status, 200);
	assert_string_equal(gw_got_header(&g, "content-type"),
			    "application/json");
	assert_string_equal(gw_got_header(&g, "cache-control"), "no-store");
	/* A pin leaves no choice; prices are the table's. */
	ASSERT_CONTAINS(buf_str(&g.body), "{\"model\":\"gpt-5-mini\",");
	ASSERT_CONTAINS(buf_str(&g.body), "\"class\":\"coding\"");
	ASSERT_CONTAINS(buf_str(&g.body), "\"reasons\":");
	gw_got_free(&g);
	assert_int_equal(fake_count(w.fake), before);
}

/* ---- streams ---- */

static void a_stream_hides_what_we_asked_for(void **state)
{
	struct gw_got g =
		gw_post(&w, "/v1/chat/completions", task("stream", ""),
			CHAT("gpt-5-mini", ",\"stream\":true"));
	char *sent = fake_answer(w.fake), *seen = fake_last(w.fake);
	const char *extra = strstr(sent, "\"choices\":[],\"usage\":{");

	(void)state;
	assert_true(g.whole);
	ASSERT_CONTAINS(seen, "\"include_usage\":true");
	assert_non_null(extra);
	assert_null(strstr(buf_str(&g.body), "\"choices\":[]"));
	/* All but that event is as it was sent. */
	while (strncmp(extra, "data:", 5) != 0)
		extra--;
	assert_int_equal(
		strncmp(buf_str(&g.body), sent, (size_t)(extra - sent)), 0);
	ASSERT_CONTAINS(buf_str(&g.body), "data: [DONE]\n\n");
	assert_rows("stream", CHAT_ROW);
	assert_int_equal(
		harness_sql_i64(w.db, "SELECT count(*) FROM v_attempt WHERE"
				      " task_ext_id = 'stream' AND"
				      " first_token_at BETWEEN started_at AND"
				      " ended_at"),
		1);
	free(sent);
	free(seen);
	gw_got_free(&g);
}

static void streams_pass_byte_for_byte(void **state)
{
	struct gw_got g;

	(void)state;
	g = gw_post(&w, "/v1/chat/completions", task("asked", ""),
		    CHAT("gpt-5-mini", ",\"stream\":true,\"stream_options\":"
				       "{\"include_usage\":true}"));
	ends_as_sent(&g);
	gw_got_free(&g);
	assert_rows("asked", CHAT_ROW);
	g = gw_post(&w, "/v1/messages", task("msgs", ""),
		    MESSAGE("claude-sonnet-4-5", ",\"stream\":true"));
	ends_as_sent(&g);
	assert_string_equal(gw_got_header(&g, "content-type"),
			    "text/event-stream; charset=utf-8");
	gw_got_free(&g);
	assert_rows("msgs", "claude-sonnet-4-5,60,40,20,0.000492,ok,exact");
	g = gw_post(&w, "/v1/responses", task("resps", ""),
		    RESPONSE("gpt-5-mini", ",\"stream\":true"));
	ends_as_sent(&g);
	gw_got_free(&g);
	assert_rows("resps", CHAT_ROW);
}

/* ---- failures: each is one row ---- */

static void errors_are_passed_and_cost_nothing(void **state)
{
	struct gw_got g =
		gw_post(&w, "/v1/chat/completions", task("bad", "status=400"),
			CHAT("gpt-5-mini", ""));

	(void)state;
	assert_int_equal(g.status, 400);
	ends_as_sent(&g);
	gw_got_free(&g);
	assert_rows("bad", "gpt-5-mini,0,0,0,0,error,exact,server_error");
}

static void retries_are_rows(void **state)
{
	struct gw_got g = gw_post(&w, "/v1/chat/completions",
				  task("again", "status=503 first=2 after=5"),
				  CHAT("gpt-5-mini", ""));

	(void)state;
	assert_int_equal(g.status, 200);
	assert_string_equal(gw_got_header(&g, "x-aco-attempts"), "3");
	gw_got_free(&g);
	assert_rows("again",
		    "gpt-5-mini,0,0,0,0,error,exact,server_error "
		    "gpt-5-mini,0,0,0,0,error,exact,server_error " CHAT_ROW);
	assert_int_equal(harness_sql_i64(w.db,
					 "SELECT count(DISTINCT step_id) FROM"
					 " v_attempt WHERE task_ext_id ="
					 " 'again'"),
			 1);
	g = gw_post(&w, "/v1/chat/completions",
		    task("never", "status=503 never"), CHAT("gpt-5-mini", ""));
	assert_int_equal(g.status, 503);
	gw_got_free(&g);
	assert_rows("never", "gpt-5-mini,0,0,0,0,error,exact,server_error");
}

static void a_reset_before_the_first_byte(void **state)
{
	struct gw_got g =
		gw_post(&w, "/v1/chat/completions",
			task("reset", "reset first=2"), CHAT("gpt-5-mini", ""));

	(void)state;
	assert_int_equal(g.status, 200);
	gw_got_free(&g);
}

static void a_stream_that_is_cut(void **state)
{
	struct gw_got g =
		gw_post(&w, "/v1/chat/completions", task("cut", "cut=400"),
			CHAT("gpt-5-mini", ",\"stream\":true"));

	(void)state;
	assert_int_equal(g.status, 200);
	assert_false(g.whole);
	gw_got_free(&g);
	ASSERT_CONTAINS(rows_soon("cut"), "error,estimated,truncated");
	assert_int_equal(harness_sql_i64(w.db,
					 "SELECT count(*) FROM v_attempt WHERE"
					 " task_ext_id = 'cut'"),
			 1);
}

static void an_error_in_the_middle(void **state)
{
	struct gw_got g =
		gw_post(&w, "/v1/messages", task("middle", "error"),
			MESSAGE("claude-sonnet-4-5", ",\"stream\":true"));

	(void)state;
	assert_int_equal(g.status, 200);
	ends_as_sent(&g);
	gw_got_free(&g);
	ASSERT_CONTAINS(rows_soon("middle"), "error,");
	ASSERT_CONTAINS(rows_soon("middle"), "overloaded_error");
}

static void a_provider_that_is_silent(void **state)
{
	struct gw_got g = gw_post(&w, "/v1/chat/completions",
				  task("silent", "pause=60000 never"),
				  CHAT("gpt-5-mini", ""));

	(void)state;
	assert_int_equal(g.status, 504);
	ASSERT_CONTAINS(buf_str(&g.body), "\"error\":{");
	gw_got_free(&g);
	ASSERT_CONTAINS(rows_soon("silent"), "error,missing,timeout");
}

/* ---- the client leaves ---- */

static void a_client_that_leaves(void **state)
{
	int fd = gw_connect(&w);
	char c;

	(void)state;
	gw_send(fd, "/v1/chat/completions", task("left", "pause=100"),
		str_from(CHAT("gpt-5-mini", ",\"stream\":true")));
	assert_int_equal(read(fd, &c, 1), 1);
	close(fd);
	/* The answer is read on: what it cost is known. */
	assert_rows("left", CHAT_ROW);
	fd = gw_connect(&w);
	gw_send(fd, "/v1/chat/completions", task("gone", "pause=1500"),
		str_from(CHAT("gpt-5-mini", ",\"stream\":true")));
	assert_int_equal(read(fd, &c, 1), 1);
	close(fd);
	ASSERT_CONTAINS(rows_soon("gone"), "aborted,estimated,client_gone");
}

/* ---- bad requests: nothing is forwarded ---- */

static void refused(const char *path, const char *body, int status,
		    const char *why)
{
	int before = fake_count(w.fake);
	struct gw_got g = gw_post(&w, path, "", body);

	assert_int_equal(g.status, status);
	ASSERT_CONTAINS(buf_str(&g.body), why);
	assert_int_equal(fake_count(w.fake), before);
	gw_got_free(&g);
}

static void bad_requests_go_nowhere(void **state)
{
	(void)state;
	refused("/v1/chat/completions", "{\"model\":", 400, "\"error\":{");
	refused("/v1/chat/completions", "{}", 400, "model");
	refused("/v1/chat/completions", "[]", 400, "\"error\":{");
	refused("/v1/messages", "{\"model\":\"x\xff\"}", 400,
		"{\"type\":\"error\"");
	refused("/v1/responses", "", 400, "\"error\":{");
	refused("/v1/chat/completions", CHAT("auto", ""), 400,
		"no model may serve");
}

static void many_tools_and_a_large_prompt(void **state)
{
	struct gw_got g;
	struct buf b;
	int fd;

	(void)state;
	buf_init(&b, (size_t)64 << 20);
	buf_adds(&b, "{\"model\":\"gpt-5-mini\",\"tools\":[");
	for (int i = 0; i < 10000; i++)
		buf_addf(&b,
			 "%s{\"type\":\"function\",\"function\":{\"name\":"
			 "\"t%d\"}}",
			 i ? "," : "", i);
	buf_adds(&b, "],\"messages\":[{\"role\":\"user\",\"content\":\"");
	for (int i = 0; i < 50; i++) {
		char *p = buf_reserve(&b, 1 << 20);

		memset(p, 'a', 1 << 20);
		buf_advance(&b, 1 << 20);
	}
	buf_adds(&b, "\"}]}");
	fd = gw_connect(&w);
	gw_send(fd, "/v1/chat/completions", task("large", ""),
		(struct str){b.p, b.len});
	g = gw_receive(fd);
	assert_int_equal(g.status, 200);
	gw_got_free(&g);
	close(fd);
	buf_release(&b);
	assert_rows("large", CHAT_ROW);
}

/* ---- memory ---- */

struct stuck {
	long long sent;
	int same;
};
static bool is_stuck(void *arg)
{
	struct stuck *s = arg;
	long long now = fake_sent(w.fake);

	s->same = now == s->sent && now > (1 << 20) ? s->same + 1 : 0;
	s->sent = now;
	usleep(20000);
	return s->same > 20;
}

/* A client that does not read holds up the provider, not our memory. */
static void a_slow_client_on_a_large_stream(void **state)
{
	long before = gw_world_rss_kb(&w), during;
	struct stuck s = {0};
	int fd = gw_connect(&w);
	struct gw_got g;

	(void)state;
	gw_send(fd, "/v1/chat/completions", task("slow", "big=104857600"),
		str_from(CHAT("gpt-5-mini", ",\"stream\":true")));
	poll_until(is_stuck, &s, 20000, "a provider that is held up");
	during = gw_world_rss_kb(&w);
	assert_true(during - before < 16 * 1024);
	g = gw_receive(fd);
	assert_true(g.whole);
	assert_true(g.body.len > 100 << 20);
	gw_got_free(&g);
	close(fd);
	assert_rows("slow", CHAT_ROW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts),
		cmocka_unit_test(chat_passes_byte_for_byte),
		cmocka_unit_test(headers_pass_and_ours_do_not),
		cmocka_unit_test(messages_responses_embeddings),
		cmocka_unit_test(the_rest_passes),
		cmocka_unit_test(paths_in_disguise_go_nowhere),
		cmocka_unit_test(what_is_ours_stays_here),
		cmocka_unit_test(a_route_is_asked_for),
		cmocka_unit_test(a_stream_hides_what_we_asked_for),
		cmocka_unit_test(streams_pass_byte_for_byte),
		cmocka_unit_test(errors_are_passed_and_cost_nothing),
		cmocka_unit_test(retries_are_rows),
		cmocka_unit_test(a_reset_before_the_first_byte),
		cmocka_unit_test(a_stream_that_is_cut),
		cmocka_unit_test(an_error_in_the_middle),
		cmocka_unit_test(a_provider_that_is_silent),
		cmocka_unit_test(a_client_that_leaves),
		cmocka_unit_test(bad_requests_go_nowhere),
		cmocka_unit_test(many_tools_and_a_large_prompt),
		cmocka_unit_test(a_slow_client_on_a_large_stream),
		cmocka_unit_test(it_stops),
	};

	return harness_main("gateway", tests, sizeof(tests) / sizeof(tests[0]));
}
