#include "ingest/http_answer.h"

#include <strings.h>

enum {
	HOPS = 16
};

struct framing {
	bool length, chunked, close, keep_alive, http10;
	struct str hops[HOPS]; /* fields that Connection names */
	int n_hops;
};

static bool is(struct str s, const char *lit)
{
	return s.len == strlen(lit) && !strncasecmp(s.p, lit, s.len);
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* HTTP/1.1 200 OK: of the phrase, even the blank before it may be missing. */
static enum rc read_status(struct http_answer *a, struct framing *f,
			   struct str line, struct err *e)
{
	const char *p = line.p;

	if (line.len < 12 || memcmp(p, "HTTP/1.", 7) != 0 || !digit(p[7]) ||
	    p[8] != ' ' || !digit(p[9]) || !digit(p[10]) || !digit(p[11]) ||
	    (line.len > 12 && p[12] != ' '))
		return err_set(e, RC_BAD, "the answer is not HTTP/1");
	f->http10 = p[7] == '0';
	a->status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + p[11] - '0';
	if (a->status < 100 || a->status > 599)
		return err_set(e, RC_BAD, "the answer has the status %d",
			       a->status);
	return RC_OK;
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      digit(c) || (c && strchr("!#$%&'*+-.^_`|~", c))))
			return false;
	}
	return s.len > 0;
}

static bool is_value(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < ' ' && c != '\t') || c == 127)
			return false;
	}
	return true;
}

/* Each word of a list that commas divide. */
static enum rc read_connection(struct framing *f, struct str v, struct err *e)
{
	while (v.len > 0) {
		const char *comma = memchr(v.p, ',', v.len);
		size_t n = comma ? (size_t)(comma - v.p) : v.len;
		struct str word = str_trim((struct str){v.p, n});

		n += comma != NULL;
		v = (struct str){v.p + n, v.len - n};
		if (is(word, "close"))
			f->close = true;
		else if (is(word, "keep-alive"))
			f->keep_alive = true;
		else if (word.len && f->n_hops == HOPS)
			return err_set(e, RC_BAD,
				       "a Connection with more than %d words",
				       HOPS);
		else if (word.len)
			f->hops[f->n_hops++] = word;
	}
	return RC_OK;
}

/* What a Connection field named, wherever it stood, stays here. */
static void leave_hops(struct http_answer *a, const struct framing *f)
{
	int n = 0;

	for (int i = 0; i < a->n && f->n_hops; i++) {
		struct str name = a->field[i].name;
		bool named = false;

		for (int k = 0; k < f->n_hops; k++)
			named |= name.len == f->hops[k].len &&
				 !strncasecmp(name.p, f->hops[k].p, name.len);
		if (!named)
			a->field[n++] = a->field[i];
	}
	if (f->n_hops)
		a->n = n;
}

static enum rc read_length(struct http_answer *a, struct framing *f,
			   struct str v, struct err *e)
{
	int64_t n;

	if (!v.len || !digit(v.p[0]) || !str_i64(v, &n))
		return err_set(e, RC_BAD, "a Content-Length that is no number");
	if (f->length && n != a->length)
		return err_set(e, RC_BAD, "two values of Content-Length");
	f->length = true;
	a->length = n;
	return RC_OK;
}

static bool connections_own(struct str name)
{
	static const char *const names[] = {"connection",
					    "keep-alive",
					    "transfer-encoding",
					    "te",
					    "trailer",
					    "upgrade",
					    "proxy-authenticate",
					    "proxy-connection"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is(name, names[i]))
			return true;
	return false;
}

static enum rc read_field(struct http_answer *a, struct framing *f,
			  struct str line, struct err *e)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct http_answer_field h;

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return err_set(e, RC_BAD,
			       "a field that goes on in the next line");
	if (!colon)
		return err_set(e, RC_BAD, "a field without a colon");
	h.name = (struct str){line.p, (size_t)(colon - line.p)};
	h.value = str_trim((struct str){colon + 1, line.len - h.name.len - 1});
	if (!is_name(h.name) || !is_value(h.value))
		return err_set(e, RC_BAD, "a field with bytes that none has");
	if (is(h.name, "content-length")) {
		enum rc rc = read_length(a, f, h.value, e);

		if (rc != RC_OK)
			return rc;
	} else if (is(h.name, "transfer-encoding")) {
		if (f->chunked || !is(h.value, "chunked"))
			return err_set(e, RC_BAD,
				       "a Transfer-Encoding that is not just "
				       "chunked");
		f->chunked = true;
	} else if (is(h.name, "connection")) {
		return read_connection(f, h.value, e);
	}
	if (connections_own(h.name))
		return RC_OK;
	if (a->n == ANSWER_FIELDS)
		return err_set(e, RC_BAD, "more than %d fields", ANSWER_FIELDS);
	a->field[a->n++] = h;
	return RC_OK;
}

static enum rc frame(struct http_answer *a, const struct framing *f,
		     bool to_head, struct err *e)
{
	if (f->chunked && f->length)
		return err_set(e, RC_BAD,
			       "a Content-Length beside a Transfer-Encoding");
	if (f->chunked && f->http10)
		return err_set(e, RC_BAD, "a Transfer-Encoding in HTTP/1.0");
	leave_hops(a, f);
	a->keep = !f->close && (!f->http10 || f->keep_alive);
	if (a->status < 200 || a->status == 204 || a->status == 304 || to_head)
		a->body = ANSWER_NONE;
	else if (f->chunked)
		a->body = ANSWER_CHUNKED;
	else if (f->length)
		a->body = ANSWER_LENGTH;
	else
		a->body = ANSWER_CLOSE;
	a->keep = a->keep && a->body != ANSWER_CLOSE;
	return RC_OK;
}

enum rc http_answer_parse(struct http_answer *a, struct str head, bool to_head,
			  struct err *e)
{
	struct framing f = {0};
	const char *p = head.p, *end = head.p + head.len;
	enum rc rc = RC_OK;

	a->status = 0;
	a->length = 0;
	a->n = 0;
	while (rc == RC_OK && p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		struct str line;

		if (!lf || lf == p || lf[-1] != '\r')
			return err_set(e, RC_BAD,
				       "a line that does not end in CR LF");
		line = (struct str){p, (size_t)(lf - 1 - p)};
		p = lf + 1;
		if (line.len > 0 && a->status == 0)
			rc = read_status(a, &f, line, e);
		else if (line.len > 0)
			rc = read_field(a, &f, line, e);
		else if (a->status != 0)
			break;
	}
	if (rc == RC_OK && a->status == 0)
		rc = err_set(e, RC_BAD, "the answer has no status line");
	return rc == RC_OK ? frame(a, &f, to_head, e) : rc;
}
