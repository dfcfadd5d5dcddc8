/* What a client must not send: each is answered with an error in the words of
 * the client's protocol, and not a byte of it reaches the provider. What is
 * odd but lawful arrives there in plain form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "tests/int/gw_help.h"

#define HOST  "Host: localhost\r\n"
#define CHAT  "POST /v1/chat/completions HTTP/1.1\r\n" HOST
#define SMALL "{\"model\":\"gpt-5-mini\",\"messages\":[]}"
#define SMUGGLED                                                               \
	"POST /v1/chat/completions HTTP/1.1\r\n" HOST                          \
	"X-Smuggled: yes\r\nContent-Length: 36\r\n\r\n" SMALL

static struct gw_world w, strict;

static void it_starts(void **state)
{
	(void)state;
	gw_world_init(&w, "gateway_bad");
	gw_world_beside(&strict, &w);
	gw_world_set(&strict, "ACO_UNPRICED", "refuse");
	gw_world_serve(&w);
	gw_world_serve(&strict);
}

static void it_stops(void **state)
{
	(void)state;
	gw_world_stop(&strict);
	gw_world_release(&strict);
	gw_world_stop(&w);
	gw_world_release(&w);
}

/* ---- a client that says bytes ---- */

static void say(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k <= 0) /* the answer may come before all is read */
			return;
		p += k;
		n -= (size_t)k;
	}
}

/* All that is answered until the gateway closes. */
static char *talk(const char *p, size_t n)
{
	int fd = gw_connect(&w);
	struct buf in;
	char *text;

	buf_init(&in, 1 << 24);
	say(fd, p, n);
	for (;;) {
		char *to = buf_reserve(&in, 65536);
		ssize_t k = to ? recv(fd, to, 65536, 0) : -1;

		if (k <= 0)
			break;
		buf_advance(&in, (size_t)k);
	}
	close(fd);
	text = xstrdup(buf_str(&in));
	buf_release(&in);
	return text;
}

static int answers(const char *text)
{
	int n = 0;

	while ((text = strstr(text, "HTTP/1.1 "))) {
		text++;
		n++;
	}
	return n;
}

static bool is_shape(const char *path, const char *body)
{
	if (strstr(path, "/messages"))
		return strstr(body, "{\"type\":\"error\",\"error\":{\"type\":");
	return strstr(body, "{\"error\":{\"message\":");
}

/* ---- framing ---- */

/* "@" is the path. Behind each comes another request, which must not be
 * read as one. */
#define AT       "POST @ HTTP/1.1\r\n" HOST
#define CHUNKED  "Transfer-Encoding: chunked\r\n"
#define CHUNK_OK "24\r\n" SMALL "\r\n0\r\n\r\n"

static const struct {
	const char *text;
	int status;
} framing[] = {
	/* Two who say how long it is. */
	{AT "Content-Length: 36\r\n" CHUNKED "\r\n" CHUNK_OK, 400},
	{AT CHUNKED "Content-Length: 36\r\n\r\n" CHUNK_OK, 400},
	{AT "Content-Length: 36\r\nContent-Length: 36\r\n\r\n" SMALL, 400},
	{AT "Content-Length: 36\r\nContent-Length: 0\r\n\r\n" SMALL, 400},
	{AT "Content-Length: 36, 36\r\n\r\n" SMALL, 400},
	{AT "Content-Length: 36,0\r\n\r\n" SMALL, 400},
	{AT CHUNKED CHUNKED "\r\n" CHUNK_OK, 400},
	/* Lengths that are none. */
	{AT "Content-Length: +36\r\n\r\n" SMALL, 400},
	{AT "Content-Length: 0x24\r\n\r\n" SMALL, 400},
	{AT "Content-Length: 36.\r\n\r\n" SMALL, 400},
	{AT "Content-Length: 3 6\r\n\r\n" SMALL, 400},
	{AT "Content-Length:\r\n\r\n" SMALL, 400},
	{AT "Content-Length: -1\r\n\r\n" SMALL, 400},
	{AT "Content-Length: 18446744073709551652\r\n\r\n" SMALL, 413},
	{AT "Content-Length: 99999999999\r\n\r\n" SMALL, 413},
	/* Codings in odd spellings. */
	{AT "Transfer-Encoding: xchunked\r\n\r\n" CHUNK_OK, 400},
	{AT "Transfer-Encoding: chunked, identity\r\n\r\n" CHUNK_OK, 400},
	{AT "Transfer-Encoding: identity, chunked\r\n\r\n" CHUNK_OK, 400},
	{AT "Transfer-Encoding: gzip, chunked\r\n\r\n" CHUNK_OK, 400},
	{AT "Transfer-Encoding: \"chunked\"\r\n\r\n" CHUNK_OK, 400},
	{AT "Transfer-Encoding: chunked;q=1\r\n\r\n" CHUNK_OK, 400},
	{AT "Transfer-Encoding: \x0b"
	    "chunked\r\n\r\n" CHUNK_OK,
	 400},
	{AT "Transfer-Encoding:\r\n\r\n" CHUNK_OK, 400},
	{AT "Transfer-Encoding : chunked\r\n\r\n" CHUNK_OK, 400},
	{AT "Transfer-Encoding\t: chunked\r\n\r\n" CHUNK_OK, 400},
	{AT " Transfer-Encoding: chunked\r\n\r\n" CHUNK_OK, 400},
	{AT "Transfer-Encoding:\r\n chunked\r\n\r\n" CHUNK_OK, 400},
	{AT "X: a\r\n Transfer-Encoding: chunked\r\n\r\n" CHUNK_OK, 400},
	{AT "X: a\rTransfer-Encoding: chunked\r\n\r\n" CHUNK_OK, 400},
	{AT "X: a\nTransfer-Encoding: chunked\r\n\r\n" CHUNK_OK, 400},
	{AT "Transfer-Encoding: chunked\n\r\n" CHUNK_OK, 400},
	{"POST @ HTTP/1.0\r\n" HOST CHUNKED "\r\n" CHUNK_OK, 400},
	/* Chunks. */
	{AT CHUNKED "\r\n0x24\r\n" SMALL "\r\n0\r\n\r\n", 400},
	{AT CHUNKED "\r\n+24\r\n" SMALL "\r\n0\r\n\r\n", 400},
	{AT CHUNKED "\r\n 24\r\n" SMALL "\r\n0\r\n\r\n", 400},
	{AT CHUNKED "\r\n24 \r\n" SMALL "\r\n0\r\n\r\n", 400},
	{AT CHUNKED "\r\n24\n" SMALL "\r\n0\r\n\r\n", 400},
	{AT CHUNKED "\r\n24;a\nb\r\n" SMALL "\r\n0\r\n\r\n", 400},
	{AT CHUNKED "\r\n24;a\rb\r\n" SMALL "\r\n0\r\n\r\n", 400},
	{AT CHUNKED "\r\n24\r\n" SMALL "XX0\r\n\r\n", 400},
	{AT CHUNKED "\r\n24\r\n" SMALL "\n0\r\n\r\n", 400},
	{AT CHUNKED "\r\n24\r\n" SMALL "\r\n0\r\nnot a field\r\n\r\n", 400},
	{AT CHUNKED "\r\n24\r\n" SMALL "\r\n0\n\n", 400},
	{AT CHUNKED "\r\n10000000000000024\r\n" SMALL "\r\n0\r\n\r\n", 400},
	{AT CHUNKED "\r\nfffffffffffffff\r\n" SMALL "\r\n0\r\n\r\n", 413},
	/* Heads. */
	{"POST @ HTTP/1.1\n" HOST "Content-Length: 36\r\n\r\n" SMALL, 400},
	{AT "Content-Length: 36\r\n\n" SMALL, 400},
	{AT HOST "Content-Length: 36\r\n\r\n" SMALL, 400},
	{"POST @ HTTP/1.1\r\nContent-Length: 36\r\n\r\n" SMALL, 400},
	{"POST @ HTTP/1.1\r\nHost: a, b\r\nContent-Length: 36\r\n\r\n" SMALL,
	 400},
	{"POST  @ HTTP/1.1\r\n" HOST "Content-Length: 36\r\n\r\n" SMALL, 400},
	{"POST @\tHTTP/1.1\r\n" HOST "Content-Length: 36\r\n\r\n" SMALL, 400},
	{"POST @ HTTP/1.1 HTTP/1.1\r\n" HOST "Content-Length: 36\r\n\r\n" SMALL,
	 400},
	{"POST @ HTTP/1.2\r\n" HOST "Content-Length: 36\r\n\r\n" SMALL, 505},
	{"POST @ HTTP/2.0\r\n" HOST "Content-Length: 36\r\n\r\n" SMALL, 505},
	{"PO ST @ HTTP/1.1\r\n" HOST "Content-Length: 36\r\n\r\n" SMALL, 400},
	{"POST\x01 @ HTTP/1.1\r\n" HOST "Content-Length: 36\r\n\r\n" SMALL,
	 400},
	{AT "X\x01: y\r\nContent-Length: 36\r\n\r\n" SMALL, 400},
	{AT "X: \x7f\r\nContent-Length: 36\r\n\r\n" SMALL, 400},
	{AT "X\r\nContent-Length: 36\r\n\r\n" SMALL, 400},
	{AT ": x\r\nContent-Length: 36\r\n\r\n" SMALL, 400},
	{AT "Content-Length: 36\r\nExpect: wonders\r\n\r\n" SMALL, 417},
	{AT "Content-Length: 36\r\nContent-Encoding: br\r\n\r\n" SMALL, 415},
	{AT "Content-Length: 36\r\nContent-Encoding: gzip\r\n\r\n" SMALL, 400},
	/* Nobody asks a model so, and providers would tell our keys. */
	{"TRACE @ HTTP/1.1\r\n" HOST "\r\n", 405},
	{"TRACE /v1/files HTTP/1.1\r\n" HOST "\r\n", 405},
	{"CONNECT /v1/files HTTP/1.1\r\n" HOST "\r\n", 405},
	{"CONNECT localhost:443 HTTP/1.1\r\n" HOST "\r\n", 400},
};

static void tell(struct buf *out, const char *text, const char *path)
{
	const char *at = strchr(text, '@');

	if (!at) {
		buf_adds(out, text);
		return;
	}
	buf_add(out, text, (size_t)(at - text));
	buf_adds(out, path);
	buf_adds(out, at + 1);
}

static void frame_one(size_t i, const char *path)
{
	long long before = fake_received(w.fake);
	bool named = strchr(framing[i].text, '@');
	struct buf b;
	char *got;

	buf_init(&b, 65536);
	tell(&b, framing[i].text, path);
	/* A good connection ends with the answer to this. */
	buf_adds(&b, "HEAD / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	got = talk(buf_str(&b), b.len);
	if (framing[i].status != 405 && answers(got) != 1)
		fail_msg("%zu: %s\nis answered\n%s", i, buf_str(&b), got);
	if (strtol(got + 9, NULL, 10) != framing[i].status ||
	    (named && !is_shape(path, got)))
		fail_msg("%zu: %s\nis answered\n%s", i, buf_str(&b), got);
	assert_int_equal(fake_received(w.fake), before);
	free(got);
	buf_release(&b);
}

static void framing_is_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(framing) / sizeof(framing[0]); i++) {
		frame_one(i, "/v1/chat/completions");
		frame_one(i, "/v1/messages");
	}
	frame_one(0, "/v1/responses");
	frame_one(0, "/v1/embeddings");
	frame_one(0, "/v1/files");
}

/* What is refused before its body was read: the body is no request. */
static void bodies_of_the_refused_are_no_requests(void **state)
{
	static const char *const heads[] = {
		CHAT "Content-Length: 99999999999\r\n\r\n",
		CHAT
		"Authorization: Bearer "
		"aco_gateway_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
		"Content-Length: 1000\r\n\r\n",
		"GET /v1/chat/completions/../x HTTP/1.1\r\n" HOST
		"Content-Length: 99999999999\r\n\r\n",
		"DELETE /healthz HTTP/1.1\r\n" HOST
		"Content-Length: 1000\r\n\r\n",
	};
	long long before = fake_received(w.fake);

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		char *text = xasprintf("%s%s%s", heads[i], SMUGGLED, SMUGGLED);
		char *got = talk(text, strlen(text));

		if (answers(got) != 1 || strtol(got + 9, NULL, 10) < 400)
			fail_msg("%s\nis answered\n%s", heads[i], got);
		free(text);
		free(got);
	}
	assert_int_equal(fake_received(w.fake), before);
}

/* Behind an error that is no error of framing the next request is served, and
 * nothing else is. */
static void requests_behind_an_error(void **state)
{
	static const char text[] =
		CHAT "Content-Length: 9\r\n\r\n{\"model\":" CHAT
		     "Content-Length: 36\r\n\r\n" SMALL CHAT
		     "Content-Length: 2\r\n\r\n{}" CHAT
		     "Connection: close\r\nContent-Length: 36\r\n\r\n" SMALL
			     SMUGGLED;
	int before = fake_count(w.fake);
	char *got = talk(text, sizeof(text) - 1), *at = got;

	(void)state;
	assert_int_equal(answers(got), 4);
	for (int i = 0; i < 4; i++) {
		at = strstr(at, "HTTP/1.1 ") + 9;
		assert_int_equal(strtol(at, NULL, 10), i % 2 ? 200 : 400);
	}
	assert_int_equal(fake_count(w.fake), before + 2);
	free(got);
}

/* ---- odd but lawful ---- */

static void arrives_plain(const char *text)
{
	int before = fake_count(w.fake);
	char *got = talk(text, strlen(text)), *seen = fake_last(w.fake);

	if (answers(got) != 1 || strncmp(got + 9, "200", 3) != 0)
		fail_msg("%s\nis answered\n%s", text, got);
	assert_int_equal(fake_count(w.fake), before + 1);
	assert_int_equal(
		strncmp(seen, "POST /v1/chat/completions HTTP/1.1\r\n", 36), 0);
	ASSERT_CONTAINS(seen, "\r\nContent-Length: 36\r\n");
	assert_string_equal(strstr(seen, "\r\n\r\n") + 4, SMALL);
	assert_null(strcasestr(seen, "evil"));
	assert_null(strcasestr(seen, "chunked"));
	free(seen);
	free(got);
}

static void the_odd_arrives_plain(void **state)
{
	(void)state;
	arrives_plain("POST http://evil.example/v1/chat/completions HTTP/1.1"
		      "\r\n" HOST "Connection: close\r\n"
		      "Content-Length: 36\r\n\r\n" SMALL);
	arrives_plain(CHAT "Transfer-Encoding: \t Chunked \r\n"
			   "Connection: close\r\n\r\n24;evil=\"1\"\r\n" SMALL
			   "\r\n0;evil\r\nX-Evil: 1\r\n\r\n");
	arrives_plain(CHAT "Connection: close\r\nConnection: X-Evil\r\n"
			   "X-Evil: 1\r\nContent-Length: 36\r\n\r\n" SMALL);
	arrives_plain(CHAT "Connection: close, x-evil\r\nX-Evil: 1\r\n"
			   "Proxy-Authorization: evil\r\nUpgrade: evil\r\n"
			   "TE: evil\r\nTrailer: evil\r\nKeep-Alive: evil\r\n"
			   "Content-Length: 36\r\n\r\n" SMALL);
	arrives_plain("\r\n\r\n" CHAT "Connection: close\r\n"
		      "Content-Length: 0000000036\r\n\r\n" SMALL);
}

/* ---- floods ---- */

static void flood(const char *path, int fields, size_t bytes, size_t url,
		  int status)
{
	long long before = fake_received(w.fake);
	struct buf b;
	char *got;

	buf_init(&b, 4 << 20);
	buf_addf(&b, "POST %s", path);
	for (size_t i = 0; i < url; i++)
		buf_addc(&b, i ? 'x' : '?');
	buf_adds(&b, " HTTP/1.1\r\n" HOST);
	for (int i = 0; i < fields; i++)
		buf_addf(&b, "X-%d: y\r\n", i);
	buf_adds(&b, "X-Long: ");
	for (size_t i = 0; i < bytes; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\r\nContent-Length: 36\r\n\r\n" SMALL SMUGGLED);
	got = talk(buf_str(&b), b.len);
	assert_int_equal(answers(got), 1);
	if (strtol(got + 9, NULL, 10) != status || !is_shape(path, got))
		fail_msg("%s: %s", path, got);
	assert_int_equal(fake_received(w.fake), before);
	free(got);
	buf_release(&b);
}

static void floods_of_headers(void **state)
{
	static const char *const paths[] = {"/v1/chat/completions",
					    "/v1/responses", "/v1/messages"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		flood(paths[i], 200, 1, 0, 431);
		flood(paths[i], 30000, 1, 0, 431);
		flood(paths[i], 0, 70000, 0, 431);
		flood(paths[i], 0, 1 << 20, 0, 431);
		flood(paths[i], 0, 1, 70000, 414);
	}
	/* All that fit arrive, and the credential with them. */
	struct buf b;
	char *got, *seen;

	buf_init(&b, 1 << 20);
	buf_adds(&b, CHAT "Content-Length: 36\r\nConnection: close\r\n");
	for (int i = 0; i < 124; i++)
		buf_addf(&b, "X-%d: y\r\n", i);
	buf_adds(&b, "X-Last: here\r\n\r\n" SMALL);
	got = talk(buf_str(&b), b.len);
	assert_int_equal(strtol(got + 9, NULL, 10), 200);
	seen = fake_last(w.fake);
	ASSERT_CONTAINS(seen, "X-123: y\r\n");
	ASSERT_CONTAINS(seen, "X-Last: here\r\n");
	assert_non_null(strcasestr(seen, "authorization: Bearer sk-ours\r\n"));
	free(seen);
	free(got);
	buf_release(&b);
}

/* ---- bodies ---- */

#define DEEP 20000

static void body_refused(struct gw_world *x, const char *path, struct str body,
			 int status, const char *why)
{
	long long before = fake_received(w.fake);
	int fd = gw_connect(x);
	struct gw_got g;

	gw_send(fd, path, "", body);
	g = gw_receive(fd);
	close(fd);
	if (g.status != status || !is_shape(path, buf_str(&g.body)) ||
	    !strstr(buf_str(&g.body), why))
		fail_msg("%s %.*s: %d %s", path,
			 body.len > 200 ? 200 : (int)body.len, body.p, g.status,
			 buf_str(&g.body));
	assert_string_equal(gw_got_header(&g, "content-type"),
			    "application/json");
	assert_int_equal(fake_received(w.fake), before);
	gw_got_free(&g);
}

#define M "\"model\":\"gpt-5-mini\""

#define LIT(s)                                                                 \
	{                                                                      \
		(s), sizeof(s) - 1                                             \
	}
static const struct str bodies[] = {
	LIT(""),
	LIT(" "),
	LIT("{"),
	LIT("{" M),
	LIT("{" M ",}"),
	LIT("{" M "}}"),
	LIT("{" M "} {" M "}"),
	LIT("\xef\xbb\xbf{" M "}"),
	LIT("[{" M "}]"),
	LIT("\"gpt-5-mini\""),
	LIT("null"),
	LIT("{'model':'gpt-5-mini'}"),
	LIT("{model:\"gpt-5-mini\"}"),
	LIT("{" M "/**/}"),
	LIT("{" M ",\"a\":NaN}"),
	LIT("{" M ",\"a\":01}"),
	LIT("{" M ",\"a\":\"\x01\"}"),
	LIT("{" M ",\"a\":\"\\x\"}"),
	LIT("{" M "}\0"),
	LIT("{\0" M "}"),
	/* Not UTF-8: a byte alone, too long a form, half a pair, beyond the
	 * end. */
	LIT("{" M ",\"a\":\"\xff\"}"),
	LIT("{" M ",\"a\":\"\xc3\"}"),
	LIT("{" M ",\"a\":\"\xc0\xaf\"}"),
	LIT("{" M ",\"a\":\"\xed\xa0\x80\"}"),
	LIT("{" M ",\"a\":\"\xf4\x90\x80\x80\"}"),
	/* What decides about money, twice. */
	LIT("{" M ",\"model\":\"gpt-5\"}"),
	LIT("{" M ",\"mod\\u0065l\":\"gpt-5\"}"),
	LIT("{" M ",\"max_tokens\":1,\"max_tokens\":100000}"),
	LIT("{" M ",\"n\":1,\"\\u006e\":100}"),
	LIT("{" M ",\"Model\":\"gpt-5\"}"),
	LIT("{" M ",\"N\":100}"),
	LIT("{" M ",\"MAX_TOKENS\":100000}"),
	LIT("{" M ",\"stream\":false,\"stream\":true}"),
	/* No model. */
	LIT("{}"),
	LIT("{\"model\":null}"),
	LIT("{\"model\":7}"),
	LIT("{\"model\":\"\"}"),
	LIT("{\"model\":[\"gpt-5-mini\"]}"),
	LIT("{\"messages\":[{" M "}]}"),
};

static void nested(struct buf *b, char open)
{
	buf_clear(b);
	buf_adds(b, "{" M ",\"a\":");
	for (int i = 0; i < DEEP; i++)
		buf_addc(b, open);
	buf_adds(b, "}");
}

/* Names of members in escapes, more than the gateway keeps, and behind them
 * the model that is meant. */
static void hidden_model(struct buf *b)
{
	buf_clear(b);
	buf_adds(b, "{" M ",\"messages\":[]");
	for (int i = 0; i < 2000; i++) {
		buf_adds(b, ",\"\\u0061");
		for (int k = 0; k < 1000; k++)
			buf_addc(b, 'a');
		buf_addf(b, "%d\":1", i);
	}
	buf_adds(b, ",\"mod\\u0065l\":\"gpt-5-pro\"}");
}

static void bad_bodies_go_nowhere(void **state)
{
	static const char *const paths[] = {
		"/v1/chat/completions", "/v1/responses", "/v1/embeddings",
		"/v1/messages", "/v1/messages/count_tokens"};
	struct buf b;

	(void)state;
	buf_init(&b, 8 << 20);
	for (size_t p = 0; p < sizeof(paths) / sizeof(paths[0]); p++) {
		for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
			body_refused(&w, paths[p], bodies[i], 400, "message");
		nested(&b, '[');
		body_refused(&w, paths[p], (struct str){b.p, b.len}, 400,
			     "deep");
		hidden_model(&b);
		body_refused(&w, paths[p], (struct str){b.p, b.len}, 400,
			     "message");
		buf_clear(&b);
		buf_adds(&b, "{\"model\":\"");
		for (int i = 0; i < 2000; i++)
			buf_addc(&b, 'm');
		buf_adds(&b, "\"}");
		body_refused(&w, paths[p], (struct str){b.p, b.len}, 400,
			     "longer");
	}
	buf_release(&b);
}

/* A body beyond the limit is refused before it is read. */
static void too_large_a_body(void **state)
{
	static const char *const paths[] = {"/v1/chat/completions",
					    "/v1/responses", "/v1/messages"};
	long long before = fake_received(w.fake);

	(void)state;
	for (int i = 0; i < 3; i++) {
		char *head = xasprintf("POST %s HTTP/1.1\r\n" HOST
				       "Content-Length: 1073741824\r\n\r\n"
				       "{",
				       paths[i]);
		char *got = talk(head, strlen(head));

		assert_int_equal(answers(got), 1);
		assert_int_equal(strtol(got + 9, NULL, 10), 413);
		assert_true(is_shape(paths[i], got));
		free(head);
		free(got);
	}
	assert_int_equal(fake_received(w.fake), before);
}

/* ---- models that nobody knows ---- */

static void unknown_models(void **state)
{
	struct gw_got g;
	int before;

	(void)state;
	/* Where models without a price are refused, nothing is forwarded. */
	body_refused(&strict, "/v1/chat/completions",
		     STR("{\"model\":\"nobody-knows\",\"messages\":[]}"), 403,
		     "nobody-knows");
	body_refused(&strict, "/v1/messages",
		     STR("{\"model\":\"nobody-knows\",\"max_tokens\":9}"), 403,
		     "nobody-knows");
	body_refused(&strict, "/v1/responses",
		     STR("{\"model\":\"gpt\\r\\nX-Evil: 1\"}"), 403,
		     "no price");
	body_refused(&w, "/v1/chat/completions", STR("{\"model\":\"auto:\"}"),
		     400, "no model may serve");
	body_refused(&w, "/v1/messages", STR("{\"model\":\"auto:coding\"}"),
		     400, "no model may serve");
	/* Elsewhere the provider says what it thinks of them, and the ledger
	 * says that nobody knows what they cost. */
	before = fake_count(w.fake);
	g = gw_post(&w, "/v1/chat/completions", "x-fake: status=404\r\n",
		    "{\"model\":\"nobody-knows\",\"messages\":[]}");
	assert_int_equal(g.status, 404);
	assert_string_equal(gw_got_header(&g, "x-aco-unpriced"), "yes");
	gw_got_free(&g);
	/* A name is no header. */
	g = gw_post(&w, "/v1/chat/completions", "",
		    "{\"model\":\"gpt\\r\\nX-Evil: 1\",\"messages\":[]}");
	assert_int_equal(g.status, 200);
	assert_string_equal(gw_got_header(&g, "x-evil"), "");
	gw_got_free(&g);
	assert_int_equal(fake_count(w.fake), before + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts),
		cmocka_unit_test(framing_is_strict),
		cmocka_unit_test(bodies_of_the_refused_are_no_requests),
		cmocka_unit_test(requests_behind_an_error),
		cmocka_unit_test(the_odd_arrives_plain),
		cmocka_unit_test(floods_of_headers),
		cmocka_unit_test(bad_bodies_go_nowhere),
		cmocka_unit_test(too_large_a_body),
		cmocka_unit_test(unknown_models),
		cmocka_unit_test(it_stops),
	};

	return harness_main("gateway_bad", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
