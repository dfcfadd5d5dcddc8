/* Compressed answers: asked for where the client takes them, passed as they
 * are, read all the same; what cannot be read costs an estimate, no more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/inflate.h"
#include "ledger/base/alloc.h"
#include "tests/int/gw_help.h"

static struct gw_world w, held;

#define CHAT(more)                                                             \
	"{\"model\":\"gpt-5-mini\",\"messages\":[{\"role\":\"user\","          \
	"\"content\":\"Say hello\"}]" more "}"
#define MESSAGE(more)                                                          \
	"{\"model\":\"claude-haiku-4-5\",\"max_tokens\":99,\"messages\":"      \
	"[{\"role\":\"user\",\"content\":\"Say hello\"}]" more "}"
#define TAKES "Accept-Encoding: gzip, deflate, br\r\n"

static char headers[1024];
static const char *task(const char *name, const char *fake, const char *takes)
{
	snprintf(headers, sizeof(headers), "x-aco-task: %s\r\nx-fake: %s\r\n%s",
		 name, fake, takes);
	return headers;
}

static void assert_rows(const char *name, const char *want)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		 "SELECT string_agg(concat_ws(',', model, uncached_in,"
		 " cache_read, output, status, usage_quality, error_class),"
		 " ' ' ORDER BY attempt_no) FROM v_attempt WHERE"
		 " task_ext_id = '%s'",
		 name);
	harness_sql_until(w.db, sql, want);
}

static void asked_for(const char *encoding)
{
	char *seen = fake_last(w.fake), line[128];

	snprintf(line, sizeof(line), "Accept-Encoding: %s\r\n", encoding);
	ASSERT_CONTAINS(seen, line);
	free(seen);
}

/* As the provider sent it, and what that says. */
static void says(const struct gw_got *g, const char *words)
{
	struct inflate *z = inflate_new();
	size_t in = g->body.len, out = 1 << 20;
	char *text = xcalloc(1, out + 1);

	assert_int_equal(g->status, 200);
	assert_true(g->whole);
	assert_string_equal(gw_got_header(g, "content-encoding"), "gzip");
	assert_true(fake_answer_is(w.fake, g->body.p, g->body.len));
	assert_int_equal(inflate_step(z, g->body.p, &in, text, &out),
			 INFLATE_IN);
	assert_true(inflate_done(z));
	ASSERT_CONTAINS(text, words);
	free(text);
	inflate_free(z);
}

static void it_starts(void **state)
{
	(void)state;
	gw_world_init(&w, "gateway_gzip");
	gw_world_beside(&held, &w);
	gw_world_set(&held, "ACO_ROUTE_STREAMS", "held");
	gw_world_serve(&w);
}

static void who_takes_it_gets_it(void **state)
{
	struct gw_got g = gw_post(&w, "/v1/chat/completions",
				  task("whole", "gzip", TAKES), CHAT(""));

	(void)state;
	asked_for("gzip, identity");
	says(&g, "\"content\":\"Hello\"");
	assert_string_equal(gw_got_header(&g, "x-aco-cost-usd"), "0.000056");
	gw_got_free(&g);
	assert_rows("whole", "gpt-5-mini,60,40,20,ok,exact");
}

static void who_does_not_is_not_asked_for(void **state)
{
	static const char *const refuse[] = {
		"", "Accept-Encoding: identity\r\n",
		"Accept-Encoding: br, gzip;q=0\r\n",
		"Accept-Encoding: gzip;q=0.0, *\r\n"};
	static const char *const take[] = {
		"Accept-Encoding: GZIP\r\n", "Accept-Encoding: *\r\n",
		"Accept-Encoding: br;q=1.0, gzip; q=0.5\r\n"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct gw_got g = gw_post(&w, "/v1/chat/completions",
					  task("not", "", refuse[i]), CHAT(""));

		assert_int_equal(g.status, 200);
		asked_for("identity");
		gw_got_free(&g);
	}
	for (int i = 0; i < 3; i++) {
		struct gw_got g = gw_post(&w, "/v1/chat/completions",
					  task("takes", "", take[i]), CHAT(""));

		assert_int_equal(g.status, 200);
		asked_for("gzip, identity");
		gw_got_free(&g);
	}
}

static void streams_are_read_as_they_pass(void **state)
{
	struct gw_got g =
		gw_post(&w, "/v1/messages", task("stream", "gzip", TAKES),
			MESSAGE(",\"stream\":true"));

	(void)state;
	asked_for("gzip, identity");
	says(&g, "event: message_stop");
	gw_got_free(&g);
	assert_rows("stream", "claude-haiku-4-5,60,40,20,ok,exact");
	assert_int_equal(harness_sql_i64(w.db,
					 "SELECT count(*) FROM v_attempt WHERE"
					 " task_ext_id = 'stream' AND"
					 " first_token_at >= started_at"),
			 1);
	g = gw_post(&w, "/v1/chat/completions", task("usage", "gzip", TAKES),
		    CHAT(",\"stream\":true,\"stream_options\":"
			 "{\"include_usage\":true}"));
	asked_for("gzip, identity");
	says(&g, "\"choices\":[],\"usage\":");
	gw_got_free(&g);
	assert_rows("usage", "gpt-5-mini,60,40,20,ok,exact");
}

/* A chunk is to be hidden: it must come plain. */
static void hidden_usage_wants_it_plain(void **state)
{
	struct gw_got g =
		gw_post(&w, "/v1/chat/completions", task("hidden", "", TAKES),
			CHAT(",\"stream\":true"));

	(void)state;
	assert_int_equal(g.status, 200);
	asked_for("identity");
	assert_null(strstr(buf_str(&g.body), "\"choices\":[],\"usage\":"));
	gw_got_free(&g);
	assert_rows("hidden", "gpt-5-mini,60,40,20,ok,exact");
}

/* Errors are read, too: this one may be tried again. */
static void errors_are_read(void **state)
{
	struct gw_got g =
		gw_post(&w, "/v1/chat/completions",
			task("error", "status=500 first=1 gzip after=1", TAKES),
			CHAT(""));

	(void)state;
	assert_int_equal(g.status, 200);
	assert_string_equal(gw_got_header(&g, "x-aco-attempts"), "2");
	gw_got_free(&g);
	assert_rows("error", "gpt-5-mini,0,0,0,error,exact,server_error "
			     "gpt-5-mini,60,40,20,ok,exact");
}

static void what_is_damaged_is_estimated(void **state)
{
	struct gw_got g = gw_post(&w, "/v1/chat/completions",
				  task("bad", "gzip-bad", TAKES), CHAT(""));

	(void)state;
	assert_int_equal(g.status, 200);
	assert_true(fake_answer_is(w.fake, g.body.p, g.body.len));
	gw_got_free(&g);
	g = gw_post(&w, "/v1/messages", task("bad2", "gzip-bad", TAKES),
		    MESSAGE(",\"stream\":true"));
	assert_int_equal(g.status, 200);
	assert_true(fake_answer_is(w.fake, g.body.p, g.body.len));
	gw_got_free(&g);
	harness_sql_until(
		w.db,
		"SELECT string_agg(concat_ws(',', status,"
		" usage_quality, (output > 0)::text), ' ')"
		" FROM v_attempt WHERE task_ext_id IN ('bad', 'bad2')",
		"ok,estimated,true ok,estimated,true");
}

/* 100 MB in 100 kB: the copy is given up early, the client gets it all. */
static void a_bomb_is_passed_on(void **state)
{
	long before = gw_world_rss_kb(&w);
	struct gw_got g = gw_post(&w, "/v1/chat/completions",
				  task("bomb", "gzip-bomb", TAKES), CHAT(""));

	(void)state;
	assert_int_equal(g.status, 200);
	assert_true(fake_answer_is(w.fake, g.body.p, g.body.len));
	gw_got_free(&g);
	assert_true(gw_world_rss_kb(&w) - before < 48 << 10);
	harness_sql_until(w.db,
			  "SELECT usage_quality FROM v_attempt"
			  " WHERE task_ext_id = 'bomb'",
			  "estimated");
}

/* Held streams are judged by the copy. */
static bool held_serves(void *arg)
{
	struct gw_got g = gw_post(arg, "/v1/messages", task("held", "", TAKES),
				  "{\"model\":\"auto\",\"max_tokens\":9,"
				  "\"messages\":[{\"role\":\"user\","
				  "\"content\":\"x\"}]}");
	bool yes = g.status == 200;

	gw_got_free(&g);
	return yes;
}

static void held_streams_are_judged(void **state)
{
	struct gw_got g;

	(void)state;
	gw_world_set(&held, "ACO_ROUTE_MODE", "live");
	gw_world_serve(&held);
	GW_ACO(&w, "model", "set", "claude-haiku-4-5", "--tier", "2",
	       "--enable");
	GW_ACO(&w, "model", "set", "claude-opus-4-5", "--tier", "5",
	       "--enable");
	poll_until(held_serves, &held, 10000, "a model for auto");
	g = gw_post(&held, "/v1/messages", task("held2", "gzip", TAKES),
		    "{\"model\":\"auto\",\"max_tokens\":9,\"stream\":true,"
		    "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}");
	asked_for("gzip, identity");
	says(&g, "event: message_stop");
	gw_got_free(&g);
}

static void it_stops(void **state)
{
	(void)state;
	gw_world_stop(&held);
	gw_world_release(&held);
	gw_world_stop(&w);
	gw_world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts),
		cmocka_unit_test(who_takes_it_gets_it),
		cmocka_unit_test(who_does_not_is_not_asked_for),
		cmocka_unit_test(streams_are_read_as_they_pass),
		cmocka_unit_test(hidden_usage_wants_it_plain),
		cmocka_unit_test(errors_are_read),
		cmocka_unit_test(what_is_damaged_is_estimated),
		cmocka_unit_test(a_bomb_is_passed_on),
		cmocka_unit_test(held_streams_are_judged),
		cmocka_unit_test(it_stops),
	};

	return harness_main("gateway_gzip", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
