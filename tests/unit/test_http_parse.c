/* What the reader of heads and chunks takes and what it refuses, each case in
 * one piece and byte by byte. */
#include "ingest/http_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/base/buf.h"

enum {
	MAX = 400,
	FIELDS = 8
};

/* Scans and parses; *len is where the head ends. */
static int read_head(struct http_head *h, const char *p, size_t n, size_t step,
		     size_t *len)
{
	struct http_scan s = {0};
	struct err e;
	int status = 0;

	for (size_t have = step; status == 0; have += step) {
		if (have > n)
			have = n;
		status = http_head_scan(&s, p, have, MAX, len);
		if (have == n)
			break;
	}
	return status == 200 ? http_head_parse(h, p, *len, &e) : status;
}

static int status_of(const char *p, size_t n)
{
	struct http_field fields[FIELDS];
	struct http_head h = {.fields = fields, .cap = FIELDS};
	int status[3];
	const size_t steps[3] = {n, 1, 7};

	for (int i = 0; i < 3; i++) {
		size_t len = 0;

		status[i] = read_head(&h, p, n, steps[i], &len);
		if (status[i] != status[0])
			fail_msg("in pieces of %zu: %d, not %d: %s", steps[i],
				 status[i], status[0], p);
	}
	return status[0];
}

#define HOST "Host: a\r\n"

static const struct {
	const char *why, *head;
	int status;
} heads[] = {
	{"plain", "GET / HTTP/1.1\r\n" HOST "\r\n", 200},
	{"empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 200},
	{"1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 200},
	{"a port", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200},
	{"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 200},
	{"lower case method", "get / HTTP/1.1\r\n" HOST "\r\n", 200},
	{"percent", "GET /a%2Fb%00%zz HTTP/1.1\r\n" HOST "\r\n", 200},
	{"absolute form", "GET http://a:1/b?c HTTP/1.1\r\n" HOST "\r\n", 200},
	{"absolute, no path", "GET HTTP://a HTTP/1.1\r\n" HOST "\r\n", 200},
	{"absolute, query", "GET https://a?b HTTP/1.1\r\n" HOST "\r\n", 200},
	{"star", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 200},
	{"no blank", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", 200},
	{"tabs", "GET / HTTP/1.1\r\nHost:\t a \t\r\n\r\n", 200},
	{"obs-text", "GET / HTTP/1.1\r\n" HOST "A: \xe4\r\n\r\n", 200},
	{"length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 12\r\n\r\n",
	 200},
	{"16 digits",
	 "POST / HTTP/1.1\r\n" HOST "Content-Length: 9999999999999999\r\n\r\n",
	 200},
	{"30 digits",
	 "POST / HTTP/1.1\r\n" HOST
	 "Content-Length: 999999999999999999999999999999\r\n\r\n",
	 200},
	{"chunked",
	 "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", 200},
	{"expect", "POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\n\r\n",
	 200},
	{"eight fields",
	 "GET / HTTP/1.1\r\n" HOST
	 "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n",
	 200},

	{"unfinished", "GET / HTTP/1.1\r\n" HOST, 0},
	{"unfinished line", "GET / HT", 0},
	{"two lengths",
	 "POST / HTTP/1.1\r\n" HOST
	 "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
	 400},
	{"a list", "POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n",
	 400},
	{"+2", "POST / HTTP/1.1\r\n" HOST "Content-Length: +2\r\n\r\n", 400},
	{"-2", "POST / HTTP/1.1\r\n" HOST "Content-Length: -2\r\n\r\n", 400},
	{"0x2", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x2\r\n\r\n", 400},
	{"no length", "POST / HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n",
	 400},
	{"blank before colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
	{"length, blank",
	 "POST / HTTP/1.1\r\n" HOST "Content-Length : 1\r\n\r\n", 400},
	{"no Host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400},
	{"two Hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
	{"list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
	{"path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
	{"xchunked",
	 "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n", 400},
	{"gzip, chunked",
	 "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
	 400},
	{"chunked twice",
	 "POST / HTTP/1.1\r\n" HOST
	 "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	 400},
	{"CL and TE",
	 "POST / HTTP/1.1\r\n" HOST
	 "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	 400},
	{"TE and CL",
	 "POST / HTTP/1.1\r\n" HOST
	 "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
	 400},
	{"TE in 1.0",
	 "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400},
	{"bare LF", "GET / HTTP/1.1\n" HOST "\r\n", 400},
	{"bare LF at the end", "GET / HTTP/1.1\r\n" HOST "\n", 400},
	{"bare LF in a field", "GET / HTTP/1.1\r\n" HOST "a: b\nc: d\r\n\r\n",
	 400},
	{"bare CR in a field", "GET / HTTP/1.1\r\n" HOST "a: b\rc: d\r\n\r\n",
	 400},
	{"obs-fold", "GET / HTTP/1.1\r\n" HOST "a: b\r\n c\r\n\r\n", 400},
	{"fold at once", "GET / HTTP/1.1\r\n a: b\r\n" HOST "\r\n", 400},
	{"no colon", "GET / HTTP/1.1\r\n" HOST "abc\r\n\r\n", 400},
	{"no name", "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", 400},
	{"DEL", "GET / HTTP/1.1\r\n" HOST "a: \x7f\r\n\r\n", 400},
	{"no version", "GET /\r\n" HOST "\r\n", 400},
	{"no target", "GET HTTP/1.1\r\n" HOST "\r\n", 400},
	{"two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"blank in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400},
	{"blank behind", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
	{"blank before", " GET / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"lower case version", "GET / http/1.1\r\n" HOST "\r\n", 400},
	{"version 01", "GET / HTTP/1.01\r\n" HOST "\r\n", 400},
	{"fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400},
	{"not ASCII", "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400},
	{"relative", "GET a HTTP/1.1\r\n" HOST "\r\n", 400},
	{"authority form", "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 400},
	{"no host in it", "GET http:///a HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a user", "GET http://u@a/ HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET *", "GET * HTTP/1.1\r\n" HOST "\r\n", 400},
	{"method", "GE(T / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"HTTP/2", "PRI * HTTP/2.0\r\n\r\n", 505},
	{"HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 505},
	{"expect more", "POST / HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n", 417},
	{"nine fields",
	 "GET / HTTP/1.1\r\n" HOST
	 "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n",
	 431},
};

static void test_heads(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		int status = status_of(heads[i].head, strlen(heads[i].head));

		if (status != heads[i].status)
			fail_msg("%s: %d, not %d", heads[i].why, status,
				 heads[i].status);
	}
}

static void test_nul(void **state)
{
	static const char in_field[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
	static const char in_name[] =
		"GET / HTTP/1.1\r\nHost: a\r\na\0: b\r\n\r\n";
	static const char in_path[] = "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n";

	(void)state;
	assert_int_equal(status_of(in_field, sizeof(in_field) - 1), 400);
	assert_int_equal(status_of(in_name, sizeof(in_name) - 1), 400);
	assert_int_equal(status_of(in_path, sizeof(in_path) - 1), 400);
}

/* A head of exactly the limit passes, one byte more does not, finished or
 * not; the status says which part is too long. */
static void test_limit(void **state)
{
	char text[MAX + 100];

	(void)state;
	for (size_t n = MAX - 1; n <= MAX + 1; n++) {
		int pad = (int)n - 27;

		snprintf(text, sizeof(text),
			 "GET / HTTP/1.1\r\nHost: %0*d\r\n\r\n", pad + 1, 0);
		assert_int_equal(strlen(text), n);
		assert_int_equal(status_of(text, n), n <= MAX ? 200 : 431);
		snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\n\r\n",
			 (int)n, 0);
		assert_int_equal(status_of(text, n), n < MAX ? 0 : 414);
		assert_int_equal(status_of(text, strlen(text)), 414);
	}
}

static void assert_span(const char *p, struct http_span s, const char *want)
{
	assert_int_equal(s.len, strlen(want));
	assert_memory_equal(p + s.at, want, s.len);
}

static void test_what_it_says(void **state)
{
	static const char p[] =
		"\r\nPOST http://u:1/a%20b?c=d?e HTTP/1.1\r\n"
		"hOST: x\r\n"
		"Content-Type: \t application/json ; charset=utf-8 \r\n"
		"X: 1\r\nx: 2\r\nEmpty:\r\n"
		"connection: foo ,CLOSE\r\n"
		"Content-Length: 007\r\n\r\nGET";
	struct http_field fields[FIELDS];
	struct http_head h = {.fields = fields, .cap = FIELDS};
	size_t len;

	(void)state;
	assert_int_equal(read_head(&h, p, sizeof(p) - 1, 5, &len), 200);
	assert_int_equal(len, sizeof(p) - 1 - 3);
	assert_span(p, h.method, "POST");
	assert_span(p, h.path, "/a%20b");
	assert_true(h.has_query);
	assert_span(p, h.query, "c=d?e");
	assert_true(h.close);
	assert_false(h.chunked || h.expect || h.http10 || h.star);
	assert_int_equal(h.content_length, 7);
	assert_int_equal(h.n, 7);
	assert_span(p, fields[http_head_find(&h, p, "content-type")].value,
		    "application/json ; charset=utf-8");
	assert_span(p, fields[http_head_find(&h, p, "X")].value, "1");
	assert_span(p, fields[http_head_find(&h, p, "EMPTY")].value, "");
	assert_int_equal(http_head_find(&h, p, "Host2"), -1);
}

static struct http_head parsed(const char *p)
{
	static struct http_field fields[FIELDS];
	struct http_head h = {.fields = fields, .cap = FIELDS};
	size_t len;

	assert_int_equal(read_head(&h, p, strlen(p), 100, &len), 200);
	return h;
}

static void test_keep_alive(void **state)
{
	(void)state;
	assert_false(parsed("GET / HTTP/1.1\r\n" HOST "\r\n").close);
	assert_true(parsed("GET / HTTP/1.0\r\n\r\n").close);
	assert_false(parsed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
			     .close);
	assert_false(parsed("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n")
			     .expect);
	assert_true(parsed("GET / HTTP/1.1\r\n" HOST
			   "Connection: a\r\nConnection: keep-alive, close\r\n"
			   "\r\n")
			    .close);
	assert_false(parsed("GET / HTTP/1.1\r\n" HOST
			    "Connection: closed, , xclose\r\n\r\n")
			     .close);
	assert_int_equal(parsed("GET / HTTP/1.1\r\n" HOST
				"Content-Length: 99999999999999999999\r\n\r\n")
				 .content_length,
			 INT64_MAX);
	assert_int_equal(
		parsed("GET / HTTP/1.1\r\n" HOST "\r\n").content_length, -1);
}

/* ---- chunks ---- */

/* The body behind a '!', or "bad", or "more": what came so far. */
static void read_chunks(const char *p, size_t n, size_t step, struct buf *out)
{
	struct http_chunks c = {0};
	size_t at = 0, have = 0;
	enum http_chunk what = HTTP_CHUNK_MORE;

	while (what == HTTP_CHUNK_DATA ||
	       (what == HTTP_CHUNK_MORE && have < n)) {
		size_t used = 0;
		struct str data;

		if (at == have)
			have = have + step < n ? have + step : n;
		what = http_chunks_next(&c, p + at, have - at, &used, &data);
		at += used;
		if (what == HTTP_CHUNK_DATA)
			buf_add(out, data.p, data.len);
		if (what == HTTP_CHUNK_DATA && at == have && have == n)
			break;
	}
	buf_adds(out, what == HTTP_CHUNK_END   ? "!"
		      : what == HTTP_CHUNK_BAD ? "bad"
					       : "more");
	if (what == HTTP_CHUNK_END)
		buf_add(out, p + at, n - at);
}

static const struct {
	const char *body, *result;
} chunks[] = {
	{"0\r\n\r\n", "!"},
	{"3\r\nabc\r\n0\r\n\r\n", "abc!"},
	{"3\r\nabc\r\n0\r\n\r\nGET /", "abc!GET /"},
	{"003\r\nabc\r\nA\r\n0123456789\r\n000\r\n\r\n", "abc0123456789!"},
	{"a\r\n0123\r\n6789\r\n0\r\n\r\n", "0123\r\n6789!"},
	{"1;a=b;c=\"d\"\r\nx\r\n0;e\r\n\r\n", "x!"},
	{"0\r\nA: b\r\nC:\td\r\n\r\n", "!"},
	{"3\r\nab", "abmore"},
	{"3\r\nabc\r\n", "abcmore"},
	{"0\r\n", "more"},
	{"0\r\nA: b\r\n", "more"},
	{"\r\n", "bad"},
	{"3\nabc\r\n0\r\n\r\n", "bad"},
	{"3\r\nabc\n0\r\n\r\n", "abcbad"},
	{"3\r\nabcd\r\n0\r\n\r\n", "abcbad"},
	{"3\r\r\nabc", "bad"},
	{"+3\r\nabc\r\n0\r\n\r\n", "bad"},
	{"-3\r\nabc", "bad"},
	{"0x3\r\nabc", "bad"},
	{" 3\r\nabc", "bad"},
	{"3 \r\nabc", "bad"},
	{"3 ;a\r\nabc", "bad"},
	{"g\r\n", "bad"},
	{"fffffffffffffff\r\nab", "abmore"}, /* 15 digits, but it is huge */
	{"ffffffffffffffff\r\nab", "bad"},
	{"0000000000000001\r\na", "bad"},
	{"1;a\nb\r\nx", "bad"},
	{"1;\x01\r\nx", "bad"},
	{"0\r\nA: b\n\r\n", "bad"},
	{"0\r\n A: b\r\n\r\n", "bad"},
	{"0\r\nA : b\r\n\r\n", "bad"},
	{"0\r\nAB\r\n\r\n", "bad"},
	{"0\r\n: b\r\n\r\n", "bad"},
	{"0\r\nA: b\r\n c\r\n\r\n", "bad"},
	{"0\r\n\r\r\n", "bad"},
	{"0\r\n\n", "bad"},
};

static void test_chunks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++)
		for (size_t step = 1; step < 40; step++) {
			struct buf b;

			buf_init(&b, 1000);
			read_chunks(chunks[i].body, strlen(chunks[i].body),
				    step, &b);
			assert_string_equal(buf_str(&b), chunks[i].result);
			buf_release(&b);
		}
}

/* Extensions and trailers cost a peer its connection, not us our memory. */
static void test_chunk_overhead(void **state)
{
	static const char *const parts[] = {"1;abcdefg\r\nx\r\n", "A: b\r\n"};
	static const char *const before[] = {"", "0\r\n"};

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct http_chunks c = {0};
		enum http_chunk what = HTTP_CHUNK_MORE;
		size_t total = 0, used;
		struct str data;

		http_chunks_next(&c, before[k], strlen(before[k]), &used,
				 &data);
		while (what != HTTP_CHUNK_BAD && total < 100000) {
			const char *p = parts[k];

			for (; *p && what != HTTP_CHUNK_BAD; p += used)
				what = http_chunks_next(&c, p, strlen(p), &used,
							&data);
			total += strlen(parts[k]);
		}
		assert_int_equal(what, HTTP_CHUNK_BAD);
		assert_in_range(total, HTTP_CHUNK_OVERHEAD,
				3 * HTTP_CHUNK_OVERHEAD);
	}
}

/* A size is known before its data: a limit can be kept in time. */
static void test_chunk_left(void **state)
{
	struct http_chunks c = {0};
	struct str data;
	size_t used;

	(void)state;
	assert_int_equal(http_chunks_next(&c, "10000000\r\n", 10, &used, &data),
			 HTTP_CHUNK_MORE);
	assert_int_equal(http_chunks_left(&c), 0x10000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_what_it_says),
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_chunk_overhead),
		cmocka_unit_test(test_chunk_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
