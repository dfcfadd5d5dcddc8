/* Answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ingest/http_int.h"

/* ---- words ---- */

static const struct {
	int status;
	const char *text;
} reasons[] = {
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{206, "Partial Content"},
	{207, "Multi-Status"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{402, "Payment Required"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{411, "Length Required"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{417, "Expectation Failed"},
	{422, "Unprocessable Content"},
	{424, "Failed Dependency"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{499, "Client Closed Request"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
	{505, "HTTP Version Not Supported"},
	{529, "Overloaded"},
};

static const char *reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Status";
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", made once a second. */
static const char *date(struct http_server *s)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = time(NULL);
	struct tm t;

	if (now == s->date_s)
		return s->date;
	s->date_s = now;
	gmtime_r(&now, &t);
	snprintf(s->date, sizeof(s->date),
		 "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
		 days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon,
		 t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
	return s->date;
}

/* ---- header fields ---- */

static bool is_ours(const char *name)
{
	static const char *const names[] = {"content-length",
					    "transfer-encoding", "connection",
					    "date", "content-type"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcasecmp(name, names[i]))
			return true;
	return false;
}

static bool is_clean(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '\r' || s.p[i] == '\n' || !s.p[i])
			return false;
	return true;
}

void http_reply_header(struct http_req *r, const char *name, struct str value)
{
	struct str n = str_from(name);

	if (!n.len || !is_clean(n) || strpbrk(name, ": \t") || is_ours(name) ||
	    !is_clean(value) ||
	    r->extra.len + n.len + value.len + 4 > HTTP_EXTRA_MAX)
		return;
	r->retry = r->retry || !strcasecmp(name, "retry-after");
	buf_add(&r->extra, n.p, n.len);
	buf_add(&r->extra, ": ", 2);
	buf_add(&r->extra, value.p, value.len);
	buf_add(&r->extra, "\r\n", 2);
}

/* ---- the head of an answer ---- */

struct head {
	char *at;
	char text[1024];
};

static void add(struct head *h, const char *p, size_t n)
{
	memcpy(h->at, p, n);
	h->at += n;
}

static void adds(struct head *h, const char *s)
{
	add(h, s, strlen(s));
}

static void add_number(struct head *h, uint64_t v)
{
	char digits[20];
	size_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + v % 10);
	while (v /= 10);
	add(h, digits + n, sizeof(digits) - n);
}

static bool has_body(const struct http_req *r, int status)
{
	return !r->is_head && status >= 200 && status != 204 && status != 304;
}

static bool will_close(const struct http_req *r)
{
	return r->close || !r->body_done || r->s->draining;
}

static void begin(struct head *h, struct http_req *r, int status,
		  const char *ctype)
{
	h->at = h->text;
	adds(h, "HTTP/1.1 ");
	add_number(h, (uint64_t)status);
	adds(h, " ");
	adds(h, reason(status));
	adds(h, "\r\nDate: ");
	adds(h, date(r->s));
	if (ctype && strlen(ctype) < 512 && is_clean(str_from(ctype))) {
		adds(h, "\r\nContent-Type: ");
		adds(h, ctype);
	}
	if (will_close(r))
		adds(h, "\r\nConnection: close");
	else if (r->head.http10)
		adds(h, "\r\nConnection: keep-alive");
	adds(h, "\r\n");
	r->begun = true;
}

static void counted(struct http_req *r, int status)
{
	int first = status / 100;

	if (r->s && first >= 0 && first < 6)
		r->s->counts.answers[first]++;
}

/* The request is over; its connection goes on. */
static void over(struct http_req *r)
{
	struct http_conn *hc = r->hc;
	bool close = hc && will_close(r);

	http_req_free(r);
	if (hc)
		http_conn_answered(hc, close);
}

/* ---- whole answers ---- */

void http_reply(struct http_req *r, int status, const char *ctype,
		struct str body)
{
	struct head h;
	struct iovec v[3];
	int n = 0;

	counted(r, status);
	if (!r->hc) {
		over(r);
		return;
	}
	begin(&h, r, status, ctype);
	if (status >= 200 && status != 204 && status != 304) {
		adds(&h, "Content-Length: ");
		add_number(&h, body.len);
		adds(&h, "\r\n");
	}
	if (r->extra.len && r->extra.len < 256) {
		add(&h, r->extra.p, r->extra.len);
		buf_clear(&r->extra);
	}
	if (!r->extra.len)
		adds(&h, "\r\n");
	v[n++] = (struct iovec){h.text, (size_t)(h.at - h.text)};
	if (r->extra.len) {
		buf_add(&r->extra, "\r\n", 2);
		v[n++] = (struct iovec){r->extra.p, r->extra.len};
	}
	if (has_body(r, status) && body.len)
		v[n++] = (struct iovec){(void *)(uintptr_t)body.p, body.len};
	conn_writev(r->hc->c, v, n);
	over(r);
}

static void plain_error(const struct err *e, struct buf *body)
{
	buf_addf(body, "%s\n", e->msg);
	if (e->hint[0])
		buf_addf(body, "%s\n", e->hint);
}

void http_reply_err(struct http_req *r, int status, const struct err *e)
{
	const char *ctype = "text/plain; charset=utf-8";
	struct buf body;

	if ((status == 429 || status == 503) && !r->retry)
		http_reply_header(r, "Retry-After", STR("1"));
	buf_init(&body, HTTP_ERROR_MAX);
	if (r->like && r->like->error)
		r->like->error(r, status, e, &body, &ctype);
	else
		plain_error(e, &body);
	http_reply(r, status, ctype, (struct str){buf_str(&body), body.len});
	buf_release(&body);
}

/* ---- streamed answers ---- */

void http_reply_begin(struct http_req *r, int status, const char *ctype)
{
	struct head h;

	counted(r, status);
	if (!r->hc)
		return;
	r->chunked = has_body(r, status) && !r->head.http10;
	r->close = r->close || r->head.http10;
	begin(&h, r, status, ctype);
	if (r->chunked)
		adds(&h, "Transfer-Encoding: chunked\r\n");
	/* With the first piece, if that comes at once. */
	conn_put(r->hc->c, h.text, (size_t)(h.at - h.text));
	conn_put(r->hc->c, r->extra.p, r->extra.len);
	conn_put(r->hc->c, "\r\n", 2);
	http_conn_state(r->hc, HTTP_STREAM);
}

bool http_reply_chunk(struct http_req *r, const void *p, size_t n)
{
	struct iovec v[3];
	char size[24];
	int len;

	if (!r->hc || r->is_head || !n)
		return true;
	if (!r->chunked)
		return conn_write(r->hc->c, p, n);
	len = snprintf(size, sizeof(size), "%zx\r\n", n);
	v[0] = (struct iovec){size, (size_t)len};
	v[1] = (struct iovec){(void *)(uintptr_t)p, n};
	v[2] = (struct iovec){(void *)(uintptr_t) "\r\n", 2};
	return conn_writev(r->hc->c, v, 3);
}

void http_reply_end(struct http_req *r)
{
	if (r->hc && r->chunked)
		conn_write(r->hc->c, "0\r\n\r\n", 5);
	over(r);
}

void http_drop(struct http_req *r)
{
	if (r->hc)
		http_conn_free(r->hc); /* leaves it to us */
	http_req_free(r);
}
