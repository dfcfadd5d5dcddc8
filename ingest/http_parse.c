#include "ingest/http_parse.h"

#include <strings.h>

/* Character classes (RFC 9110 5.6.2, 5.5). */
enum {
	TOKEN = 1,  /* tchar: names and methods */
	TARGET = 2, /* what a request target may hold: no '#', no non-ASCII */
	VALUE = 4,  /* field-vchar, obs-text, blank and tab */
	HOST = 8    /* a host and a port, without a comma */
};

static unsigned char classes[256];

static void class_set(const char *chars, unsigned char bit)
{
	for (; *chars; chars++)
		classes[(unsigned char)*chars] |= bit;
}

__attribute__((constructor)) static void classes_fill(void)
{
	static const char alnum[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	class_set(alnum, TOKEN | HOST);
	class_set("!#$%&'*+-.^_`|~", TOKEN);
	class_set("-._~!$&'()*+;=:[]%", HOST);
	for (int c = 0; c < 256; c++) {
		if (c > ' ' && c < 127 && c != '#')
			classes[c] |= TARGET;
		if ((c >= ' ' && c != 127) || c == '\t')
			classes[c] |= VALUE;
	}
}

static bool is(char c, unsigned char class)
{
	return classes[(unsigned char)c] & class;
}

static size_t run(const char *p, size_t n, unsigned char class)
{
	size_t i = 0;

	while (i < n && is(p[i], class))
		i++;
	return i;
}

static bool all(const char *p, size_t n, unsigned char class)
{
	return run(p, n, class) == n;
}

/* ---- the end of a head ---- */

int http_head_scan(struct http_scan *s, const char *p, size_t n, size_t max,
		   size_t *len)
{
	while (s->at < n) {
		const char *lf = memchr(p + s->at, '\n', n - s->at);
		size_t end;

		if (!lf) {
			s->at = n;
			break;
		}
		end = (size_t)(lf - p);
		if (end >= max)
			return s->request_line ? 431 : 414;
		if (end == 0 || p[end - 1] != '\r')
			return 400;
		/* Nothing but CR before this LF in its line: an empty one. */
		if (end == 1 || p[end - 2] == '\n') {
			if (s->begun) {
				*len = end + 1;
				return 200;
			}
		} else {
			s->begun = s->request_line = true;
		}
		s->at = end + 1;
	}
	if (n >= max)
		return s->request_line ? 431 : 414;
	return 0;
}

/* ---- the request line ---- */

static int bad(struct err *e, const char *what)
{
	err_set(e, RC_BAD, "the request is not plain HTTP/1.1: %s", what);
	return 400;
}

static struct http_span span(const char *base, const char *p, size_t n)
{
	return (struct http_span){(uint32_t)(p - base), (uint32_t)n};
}

/* http://host[:port]/path?query: who forwards may say it all. The authority
 * is looked at and left alone: the Host field has to be there anyway. */
static size_t absolute_form(const char *p, size_t n)
{
	size_t at, host;

	if (n > 7 && strncasecmp(p, "http://", 7) == 0)
		at = 7;
	else if (n > 8 && strncasecmp(p, "https://", 8) == 0)
		at = 8;
	else
		return 0;
	host = run(p + at, n - at, HOST);
	return host ? at + host : 0;
}

static int read_target(struct http_head *h, const char *base, const char *p,
		       size_t n, struct err *e)
{
	size_t skip = 0;
	const char *q;

	if (n == 0 || !all(p, n, TARGET))
		return bad(e, "a request target with other characters");
	if (n == 1 && p[0] == '*') {
		h->star = true;
		h->path = span(base, p, 1);
		return 200;
	}
	if (p[0] != '/')
		skip = absolute_form(p, n);
	if (p[skip] != '/' && !(skip && (skip == n || p[skip] == '?')))
		return bad(e, "a request target that is no path");
	q = memchr(p + skip, '?', n - skip);
	h->path = span(base, p + skip, (q ? (size_t)(q - p) : n) - skip);
	if (q) {
		h->has_query = true;
		h->query = span(base, q + 1, n - (size_t)(q + 1 - p));
	}
	return 200;
}

static int read_version(struct http_head *h, const char *p, size_t n,
			struct err *e)
{
	if (n != 8 || memcmp(p, "HTTP/", 5) != 0 || p[5] < '0' || p[5] > '9' ||
	    p[6] != '.' || p[7] < '0' || p[7] > '9')
		return bad(e, "the request line names no version");
	if (p[5] != '1' || p[7] > '1') {
		err_set(e, RC_BAD, "HTTP/%c.%c is not spoken here", p[5], p[7]);
		return 505;
	}
	h->http10 = p[7] == '0';
	return 200;
}

static int read_request_line(struct http_head *h, const char *base,
			     const char *p, size_t n, struct err *e)
{
	size_t method = run(p, n, TOKEN);
	const char *target = p + method + 1, *blank;
	int status;

	if (method == 0 || method >= n || p[method] != ' ')
		return bad(e, "the request line has no method");
	h->method = span(base, p, method);
	n -= method + 1;
	blank = memchr(target, ' ', n);
	if (!blank)
		return bad(e, "the request line names no version");
	status =
		read_version(h, blank + 1, n - (size_t)(blank + 1 - target), e);
	if (status == 200)
		status = read_target(h, base, target, (size_t)(blank - target),
				     e);
	if (status == 200 && h->star &&
	    !(method == 7 && memcmp(p, "OPTIONS", 7) == 0))
		return bad(e, "only OPTIONS may ask for *");
	return status;
}

/* ---- fields ---- */

static bool span_is(const char *base, struct http_span s, const char *lit)
{
	return s.len == strlen(lit) &&
	       strncasecmp(base + s.at, lit, s.len) == 0;
}

/* What framing needs of the fields; each of them at most once. */
struct framing {
	int host, length, coding;
	bool keep_alive;
};

/* A value that does not fit is as good as the largest: over every limit. */
static int read_length(struct http_head *h, const char *p, size_t n,
		       struct err *e)
{
	int64_t v = 0;
	bool beyond = false;

	if (n == 0)
		return bad(e, "an empty Content-Length");
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return bad(e, "a Content-Length that is no number");
		beyond = beyond || __builtin_mul_overflow(v, 10, &v) ||
			 __builtin_add_overflow(v, p[i] - '0', &v);
	}
	h->content_length = beyond ? INT64_MAX : v;
	return 200;
}

static void read_connection(struct http_head *h, struct framing *f,
			    const char *p, size_t n)
{
	while (n > 0) {
		const char *comma = memchr(p, ',', n);
		size_t len = comma ? (size_t)(comma - p) : n;
		struct str t = str_trim((struct str){p, len});

		if (t.len == 5 && strncasecmp(t.p, "close", 5) == 0)
			h->close = true;
		else if (t.len == 10 && strncasecmp(t.p, "keep-alive", 10) == 0)
			f->keep_alive = true;
		else if (t.len > 0)
			h->hops = true;
		len += comma ? 1 : 0;
		p += len;
		n -= len;
	}
}

static int read_meaning(struct http_head *h, struct framing *f,
			const char *base, const struct http_field *field,
			struct err *e)
{
	const char *v = base + field->value.at;
	size_t n = field->value.len;

	if (span_is(base, field->name, "host")) {
		if (f->host++)
			return bad(e, "two Host fields");
		if (!all(v, n, HOST))
			return bad(e, "a Host that is none");
	} else if (span_is(base, field->name, "content-length")) {
		if (f->length++)
			return bad(e, "two Content-Length fields");
		return read_length(h, v, n, e);
	} else if (span_is(base, field->name, "transfer-encoding")) {
		if (f->coding++ || !span_is(base, field->value, "chunked"))
			return bad(e, "a Transfer-Encoding that is not just "
				      "chunked");
		h->chunked = true;
	} else if (span_is(base, field->name, "connection")) {
		read_connection(h, f, v, n);
	} else if (span_is(base, field->name, "expect")) {
		if (!span_is(base, field->value, "100-continue")) {
			err_set(e, RC_BAD,
				"an expectation that is not "
				"100-continue");
			return 417;
		}
		h->expect = true;
	}
	return 200;
}

static int read_field(struct http_head *h, struct framing *f, const char *base,
		      const char *p, size_t n, struct err *e)
{
	size_t name = run(p, n, TOKEN);
	struct http_field *field = &h->fields[h->n];
	const char *v = p + name + 1;

	if (p[0] == ' ' || p[0] == '\t')
		return bad(e, "a field that goes on in the next line");
	if (name == 0 || name >= n || p[name] != ':')
		return bad(e, "a field without a name and a colon");
	if (h->n == h->cap) {
		err_set(e, RC_BAD, "more than %d header fields", h->cap);
		return 431;
	}
	n -= name + 1;
	if (!all(v, n, VALUE))
		return bad(e, "control characters in a field");
	while (n > 0 && (*v == ' ' || *v == '\t')) {
		v++;
		n--;
	}
	while (n > 0 && (v[n - 1] == ' ' || v[n - 1] == '\t'))
		n--;
	h->n++;
	field->name = span(base, p, name);
	field->value = span(base, v, n);
	return read_meaning(h, f, base, field, e);
}

static int check_framing(struct http_head *h, const struct framing *f,
			 struct err *e)
{
	if (!f->host && !h->http10)
		return bad(e, "no Host field");
	if (f->coding && f->length)
		return bad(e, "a Content-Length beside a Transfer-Encoding");
	if (f->coding && h->http10)
		return bad(e, "a Transfer-Encoding in HTTP/1.0");
	if (h->http10 && !f->keep_alive)
		h->close = true;
	if (h->http10)
		h->expect = false;
	return 200;
}

int http_head_parse(struct http_head *h, const char *p, size_t n, struct err *e)
{
	const char *line = p, *end = p + n;
	struct framing f = {0};
	bool first = true;

	*h = (struct http_head){
		.content_length = -1, .fields = h->fields, .cap = h->cap};
	while (line < end) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		size_t len;
		int status = 200;

		if (!lf || lf == line || lf[-1] != '\r')
			return bad(e, "a line that does not end in CR LF");
		len = (size_t)(lf - 1 - line);
		if (len > 0 && first)
			status = read_request_line(h, p, line, len, e);
		else if (len > 0)
			status = read_field(h, &f, p, line, len, e);
		else if (!first)
			break;
		if (status != 200)
			return status;
		first = first && len == 0;
		line = lf + 1;
	}
	return first ? bad(e, "no request line") : check_framing(h, &f, e);
}

static bool is_listed(struct str list, struct str name)
{
	while (list.len > 0) {
		const char *comma = memchr(list.p, ',', list.len);
		size_t len = comma ? (size_t)(comma - list.p) : list.len;
		struct str t = str_trim((struct str){list.p, len});

		if (t.len == name.len && !strncasecmp(t.p, name.p, name.len))
			return true;
		len += comma ? 1 : 0;
		list = (struct str){list.p + len, list.len - len};
	}
	return false;
}

bool http_head_hops(const struct http_head *h, const char *p, struct str name)
{
	for (int i = 0; h->hops && name.len && i < h->n; i++) {
		struct http_span v = h->fields[i].value;

		if (span_is(p, h->fields[i].name, "connection") &&
		    is_listed((struct str){p + v.at, v.len}, name))
			return true;
	}
	return false;
}

int http_head_find(const struct http_head *h, const char *p, const char *name)
{
	size_t n = strlen(name);

	for (int i = 0; i < h->n; i++)
		if (h->fields[i].name.len == n &&
		    strncasecmp(p + h->fields[i].name.at, name, n) == 0)
			return i;
	return -1;
}
