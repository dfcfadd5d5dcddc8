/* Providers that answer what no good one does: nothing of it reaches a client
 * as if it were an answer, the next answer is nobody else's, and the ledger
 * has a row that says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/int/gw_help.h"
#include "tests/int/gw_raw.h"

#define BODY "{\"model\":\"gpt-5-mini\",\"messages\":[]}"
#define OK   "HTTP/1.1 200 OK\r\n"
#define JSON "Content-Type: application/json\r\n"
#define GOOD "{\"id\":\"evil-1\"}"
#define LEN  "Content-Length: 15\r\n"

static struct gw_world w;
static struct raw *raw;

static void it_starts(void **state)
{
	char text[64];

	(void)state;
	raw = raw_start();
	gw_world_init(&w, "gateway_evil");
	snprintf(text, sizeof(text), "http://127.0.0.1:%d/v1", raw_port(raw));
	gw_world_set(&w, "ACO_OPENAI_BASE_URL", text);
	snprintf(text, sizeof(text), "http://127.0.0.1:%d", raw_port(raw));
	gw_world_set(&w, "ACO_ANTHROPIC_BASE_URL", text);
	gw_world_set(&w, "ACO_GATEWAY_RETRIES", "0");
	gw_world_serve(&w);
}

static void it_stops(void **state)
{
	(void)state;
	gw_world_stop(&w);
	gw_world_release(&w);
	raw_stop(raw);
}

static bool has_evil(const struct gw_got *g)
{
	return strstr(buf_str(&g->body), "evil") ||
	       strcasestr(buf_str(&g->head), "evil");
}

static void next_is_good(const char *path, const char *after)
{
	struct gw_got g = gw_post(&w, path, "x-aco-task: good\r\n", BODY);

	if (g.status != 200 || !strstr(buf_str(&g.body), "\"good\"") ||
	    has_evil(&g))
		fail_msg("%s\nis followed by %d %s", after, g.status,
			 buf_str(&g.body));
	gw_got_free(&g);
}

/* ---- answers that are refused: 502, in the client's words ---- */

#define CHUNKED "Transfer-Encoding: chunked\r\n"

static const char *const refused[] = {
	/* Two who say how long it is. */
	OK JSON LEN "Content-Length: 16\r\n\r\n" GOOD,
	OK JSON "Content-Length: 15, 16\r\n\r\n" GOOD,
	OK JSON LEN CHUNKED "\r\nf\r\n" GOOD "\r\n0\r\n\r\n",
	OK JSON CHUNKED LEN "\r\nf\r\n" GOOD "\r\n0\r\n\r\n",
	OK JSON CHUNKED CHUNKED "\r\nf\r\n" GOOD "\r\n0\r\n\r\n",
	"HTTP/1.0 200 OK\r\n" JSON CHUNKED "\r\nf\r\n" GOOD "\r\n0\r\n\r\n",
	/* Lengths and codings that are none. */
	OK JSON "Content-Length: -15\r\n\r\n" GOOD,
	OK JSON "Content-Length: +15\r\n\r\n" GOOD,
	OK JSON "Content-Length: 0xf\r\n\r\n" GOOD,
	OK JSON "Content-Length: 15 evil\r\n\r\n" GOOD,
	OK JSON "Content-Length:\r\n\r\n" GOOD,
	OK JSON "Content-Length: 18446744073709551631\r\n\r\n" GOOD,
	OK JSON "Transfer-Encoding: xchunked\r\n\r\nf\r\n" GOOD "\r\n0\r\n\r\n",
	OK JSON "Transfer-Encoding: gzip, chunked\r\n\r\nf\r\n" GOOD
		"\r\n0\r\n\r\n",
	OK JSON "Transfer-Encoding: identity\r\n\r\n" GOOD,
	OK JSON "Transfer-Encoding : chunked\r\n\r\nf\r\n" GOOD "\r\n0\r\n\r\n",
	/* Heads. */
	"HTTP/1.1 200 OK\n" JSON LEN "\r\n" GOOD, OK JSON LEN "\n" GOOD,
	OK JSON "X: a\r\n evil: b\r\n" LEN "\r\n" GOOD,
	OK JSON "X: a\revil: b\r\n" LEN "\r\n" GOOD,
	OK JSON "X: a\nevil: b\r\n" LEN "\r\n" GOOD,
	OK JSON "X: \x01\r\n" LEN "\r\n" GOOD,
	OK JSON "evil\r\n" LEN "\r\n" GOOD,
	OK JSON ": evil\r\n" LEN "\r\n" GOOD,
	"HTTP/2 200 OK\r\n" JSON LEN "\r\n" GOOD,
	"HTTP/1.1 99 evil\r\n" JSON LEN "\r\n" GOOD,
	"HTTP/1.1 600 evil\r\n" JSON LEN "\r\n" GOOD,
	"HTTP/1.1 2000 evil\r\n" JSON LEN "\r\n" GOOD,
	"HTTP/1.1 20\r\n" JSON LEN "\r\n" GOOD,
	"HTTP/1.1  200 OK\r\n" JSON LEN "\r\n" GOOD,
	"ICY 200 OK\r\n" JSON LEN "\r\n" GOOD, "evil\r\n\r\n" GOOD,
	"HTTP/1.1 101 evil\r\nUpgrade: evil\r\n\r\n" GOOD,
	/* Chunks. */
	OK JSON CHUNKED "\r\n0xf\r\n" GOOD "\r\n0\r\n\r\n",
	OK JSON CHUNKED "\r\n-f\r\n" GOOD "\r\n0\r\n\r\n",
	OK JSON CHUNKED "\r\n f\r\n" GOOD "\r\n0\r\n\r\n",
	OK JSON CHUNKED "\r\nf\n" GOOD "\r\n0\r\n\r\n",
	OK JSON CHUNKED "\r\nf\r\n" GOOD "evil",
	OK JSON CHUNKED "\r\nf\r\n" GOOD "\r\n0\r\nevil\r\n\r\n",
	OK JSON CHUNKED "\r\n10000000000000000f\r\n" GOOD "\r\n0\r\n\r\n",
	/* Ends before its end. */
	OK JSON "Content-Length: 16\r\n\r\n" GOOD,
	OK JSON CHUNKED "\r\nf\r\n" GOOD "\r\n",
	OK JSON CHUNKED "\r\nff\r\n" GOOD, OK JSON LEN, "HTTP/1.1 2",
	/* (Without a byte, on a connection that was kept, it is asked again on
	 * a fresh one: the provider had given that one up.) */
};

static void is_refused(const char *bytes, size_t n, const char *path)
{
	bool claude = strstr(path, "messages");
	struct gw_got g;

	raw_say(raw, bytes, n, true);
	g = gw_post(&w, path, "x-aco-task: evil\r\n", BODY);
	if (g.status != 502 || has_evil(&g) ||
	    !strstr(buf_str(&g.body),
		    claude ? "{\"type\":\"error\",\"error\":{\"type\":"
			   : "{\"error\":{\"message\":"))
		fail_msg("%s: %s\ngives %d %s%s", path, bytes, g.status,
			 buf_str(&g.head), buf_str(&g.body));
	gw_got_free(&g);
	next_is_good(path, bytes);
}

static void bad_answers_are_none(void **state)
{
	int n = (int)(sizeof(refused) / sizeof(refused[0]));

	(void)state;
	for (int i = 0; i < n; i++) {
		is_refused(refused[i], strlen(refused[i]),
			   "/v1/chat/completions");
		is_refused(refused[i], strlen(refused[i]), "/v1/messages");
	}
	/* Each of them is a row, and each that was good. */
	gw_wait_rows(&w, 4 * n);
	assert_int_equal(
		harness_sql_i64(w.db,
				"SELECT count(*) FROM v_attempt WHERE"
				" task_ext_id = 'evil' AND status = 'error' AND"
				" error_class IN ('bad_answer', 'truncated')"),
		2 * n);
	assert_int_equal(harness_sql_i64(w.db,
					 "SELECT count(*) FROM v_attempt WHERE"
					 " task_ext_id = 'good' AND"
					 " status = 'ok'"),
			 2 * n);
}

/* ---- floods ---- */

static void floods_of_headers(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8 << 20);
	buf_adds(&b, OK JSON LEN);
	for (int i = 0; i < 300; i++)
		buf_addf(&b, "X-Evil-%d: evil\r\n", i);
	buf_adds(&b, "\r\n" GOOD);
	is_refused(buf_str(&b), b.len, "/v1/chat/completions");
	buf_clear(&b);
	buf_adds(&b, OK JSON LEN "X-Evil: ");
	for (int i = 0; i < 400000; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\r\n\r\n" GOOD);
	is_refused(buf_str(&b), b.len, "/v1/chat/completions");
	buf_clear(&b);
	for (int i = 0; i < 1000; i++)
		buf_adds(&b, "HTTP/1.1 100 Continue\r\nX: evil\r\n\r\n");
	is_refused(buf_str(&b), b.len, "/v1/messages");
	buf_clear(&b);
	for (int i = 0; i < 100000; i++)
		buf_adds(&b, "\r\n");
	is_refused(buf_str(&b), b.len, "/v1/messages");
	buf_release(&b);
}

/* ---- what is behind an answer is no answer ---- */

#define BEHIND OK "Content-Length: 4\r\n\r\nevil"

static void what_comes_behind_is_nobodys(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{OK JSON "Content-Length: 2\r\n\r\n{}" BEHIND, 200},
		{OK JSON CHUNKED "\r\n2\r\n{}\r\n0\r\n\r\n" BEHIND, 200},
		{"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil" BEHIND,
		 204},
		{"HTTP/1.1 304 Not Modified\r\n" CHUNKED
		 "\r\n4\r\nevil\r\n0\r\n\r\n" BEHIND,
		 304},
		{"HTTP/1.1 400 Bad\r\n" JSON
		 "Content-Length: 2\r\n\r\n{}" BEHIND,
		 400},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gw_got g;

		raw_say(raw, cases[i].text, strlen(cases[i].text), false);
		g = gw_post(&w, "/v1/chat/completions", "", BODY);
		if (g.status != cases[i].status || has_evil(&g))
			fail_msg("%s\ngives %d %s", cases[i].text, g.status,
				 buf_str(&g.body));
		gw_got_free(&g);
		for (int k = 0; k < 3; k++)
			next_is_good("/v1/chat/completions", cases[i].text);
	}
}

/* ---- headers that are not the provider's to say ---- */

static void headers_that_stay_behind(void **state)
{
	static const char text[] =
		OK JSON "Connection: keep-alive, X-Hop\r\nX-Hop: evil\r\n"
			"Connection: X-Hop2\r\nx-hop2: evil\r\n"
			"Keep-Alive: evil\r\nTrailer: evil\r\nUpgrade: evil\r\n"
			"Proxy-Authenticate: evil\r\nTE: evil\r\n"
			"X-Aco-Model: evil\r\nx-aco-cost-usd: evil\r\n"
			"Date: evil\r\n"
			"X-Kept: yes\r\nContent-Length: 2\r\n\r\n{}";
	struct gw_got g;

	(void)state;
	raw_say(raw, text, strlen(text), false);
	g = gw_post(&w, "/v1/chat/completions", "", BODY);
	assert_int_equal(g.status, 200);
	assert_string_equal(gw_got_header(&g, "x-kept"), "yes");
	assert_string_equal(gw_got_header(&g, "x-aco-model"), "gpt-5-mini");
	if (has_evil(&g))
		fail_msg("%s", buf_str(&g.head));
	gw_got_free(&g);
}

/* ---- streams ---- */

#define EVENTS "Content-Type: text/event-stream\r\n"
#define EVENT                                                                  \
	"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\","           \
	"\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n"

/* The client has a beginning; it must not take it for the whole. */
static void broken_streams_are_not_whole(void **state)
{
	static const char *const cases[] = {
		OK EVENTS CHUNKED "\r\n65\r\n" EVENT "\r\nxx\r\nevil",
		OK EVENTS CHUNKED "\r\n65\r\n" EVENT "evil",
		OK EVENTS CHUNKED "\r\n65\r\n" EVENT "\r\n0\r\nevil\r\n\r\n",
		OK EVENTS "Content-Length: 500\r\n\r\n" EVENT,
	};

	(void)state;
	assert_int_equal(sizeof(EVENT) - 1, 0x65);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gw_got g;

		raw_say(raw, cases[i], strlen(cases[i]), true);
		g = gw_post(&w, "/v1/chat/completions", "x-aco-task: s\r\n",
			    "{\"model\":\"gpt-5-mini\",\"stream\":true,"
			    "\"messages\":[]}");
		assert_int_equal(g.status, 200);
		if (g.whole || has_evil(&g))
			fail_msg("%s\ngives\n%s", cases[i], buf_str(&g.body));
		gw_got_free(&g);
		next_is_good("/v1/chat/completions", cases[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts),
		cmocka_unit_test(bad_answers_are_none),
		cmocka_unit_test(floods_of_headers),
		cmocka_unit_test(what_comes_behind_is_nobodys),
		cmocka_unit_test(headers_that_stay_behind),
		cmocka_unit_test(broken_streams_are_not_whole),
		cmocka_unit_test(it_stops),
	};

	return harness_main("gateway_evil", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
