/* The reader. One pass over the text, no recursion: `open` holds the nodes of
 * the arrays and objects that are not closed yet. A node is written when its
 * value begins, so that children follow their parent in the array, and `span`
 * is filled in when it ends. The accessors are in json_value.c, the writer in
 * json_out.c. */
#include "ledger/base/json.h"

#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/utf8.h"

struct parse {
	struct json_doc *d;
	const char *start, *p, *end;
	size_t open[JSON_MAX_DEPTH];
	size_t depth;
	struct str key; /* of the member whose value comes next */
	bool key_escaped;
	const char *why; /* what is wrong at p */
};

void json_doc_init(struct json_doc *d, size_t max_nodes)
{
	*d = (struct json_doc){.max = max_nodes};
}

void json_doc_release(struct json_doc *d)
{
	free(d->nodes);
	json_doc_init(d, d->max);
}

static bool fail(struct parse *s, const char *why)
{
	s->why = why;
	return false;
}

static void skip_space(struct parse *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' ||
				 *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

/* The next byte, 0 at the end. */
static char peek(const struct parse *s)
{
	return s->p < s->end ? *s->p : 0;
}

/* Whether one of 8 bytes is a control byte, '"', '\\' or not ASCII: the ends
 * of a run that needs no closer look. A byte above 0x7f shows in its own high
 * bit; the others by the classic "has a byte below n" and "has a zero". The
 * borrow of these may mark a byte too many, never too few. */
static bool special8(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t w, quote, slash;

	memcpy(&w, p, sizeof(w));
	quote = w ^ ones * '"';
	slash = w ^ ones * '\\';
	return ((w | (w - ones * 0x20) | (quote - ones) | (slash - ones)) &
		high) != 0;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	       (c >= 'A' && c <= 'F');
}

/* p is behind a backslash. */
static bool read_escape(struct parse *s)
{
	char c = peek(s);

	if (c == 'u') {
		for (int i = 1; i <= 4; i++) {
			if (s->end - s->p <= i || !is_hex(s->p[i]))
				return fail(s, "expected four hex digits");
		}
		s->p += 5;
		return true;
	}
	if (!c || !strchr("\"\\/bfnrt", c))
		return fail(s, "unknown escape");
	s->p++;
	return true;
}

/* p is at the opening quote. The text between the quotes goes to *out. */
static bool read_string(struct parse *s, struct str *out, bool *escaped)
{
	const char *from = ++s->p;

	*escaped = false;
	for (;;) {
		uint8_t c;

		while (s->end - s->p >= 8 && !special8(s->p))
			s->p += 8;
		if (s->p >= s->end)
			return fail(s, "string without end");
		c = (uint8_t)*s->p;
		if (c == '"') {
			break;
		} else if (c == '\\') {
			*escaped = true;
			s->p++;
			if (!read_escape(s))
				return false;
		} else if (c < 0x20) {
			return fail(s, "control byte in a string");
		} else {
			size_t n = utf8_len((const uint8_t *)s->p,
					    (size_t)(s->end - s->p));

			if (n == 0)
				return fail(s, "bytes that are not UTF-8");
			s->p += n;
		}
	}
	*out = (struct str){from, (size_t)(s->p - from)};
	s->p++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool skip_digits(struct parse *s)
{
	if (!is_digit(peek(s)))
		return fail(s, "expected a digit");
	while (is_digit(peek(s)))
		s->p++;
	return true;
}

static bool read_number(struct parse *s)
{
	if (*s->p == '-')
		s->p++;
	if (peek(s) == '0')
		s->p++;
	else if (!skip_digits(s))
		return false;
	if (peek(s) == '.') {
		s->p++;
		if (!skip_digits(s))
			return false;
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->p++;
		if (peek(s) == '+' || peek(s) == '-')
			s->p++;
		if (!skip_digits(s))
			return false;
	}
	return true;
}

static bool read_word(struct parse *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return fail(s, "expected a value");
	s->p += n;
	return true;
}

static struct json *add_node(struct parse *s, enum json_type type)
{
	struct json_doc *d = s->d;
	struct json *v;

	if (d->n >= d->max) {
		fail(s, "too many values");
		return NULL;
	}
	if (d->n == d->cap)
		xgrow(&d->nodes, &d->cap, d->n + 1, sizeof(*d->nodes));
	v = &d->nodes[d->n];
	*v = (struct json){.type = type,
			   .span = 1,
			   .key = s->key,
			   .key_escaped = s->key_escaped};
	d->n++;
	s->key = STR_NONE;
	s->key_escaped = false;
	if (s->depth)
		d->nodes[s->open[s->depth - 1]].count++;
	return v;
}

static bool open_container(struct parse *s, enum json_type type)
{
	struct json *v;

	if (s->depth == JSON_MAX_DEPTH)
		return fail(s, "nested too deep");
	v = add_node(s, type);
	if (!v)
		return false;
	v->text.p = s->p++;
	s->open[s->depth++] = s->d->n - 1;
	return true;
}

static void close_container(struct parse *s)
{
	size_t at = s->open[--s->depth];
	struct json *v = &s->d->nodes[at];

	s->p++;
	v->span = (uint32_t)(s->d->n - at);
	v->text.len = (size_t)(s->p - v->text.p);
}

static bool read_scalar(struct parse *s)
{
	const char *from = s->p;
	enum json_type type;
	struct str text;
	struct json *v;
	bool escaped = false, ok;

	switch (*from) {
	case '"':
		type = JSON_STRING;
		ok = read_string(s, &text, &escaped);
		break;
	case 't':
		type = JSON_TRUE;
		ok = read_word(s, "true");
		break;
	case 'f':
		type = JSON_FALSE;
		ok = read_word(s, "false");
		break;
	case 'n':
		type = JSON_NULL;
		ok = read_word(s, "null");
		break;
	default:
		if (*from != '-' && !is_digit(*from))
			return fail(s, "expected a value");
		type = JSON_NUMBER;
		ok = read_number(s);
	}
	if (!ok)
		return false;
	if (type != JSON_STRING)
		text = (struct str){from, (size_t)(s->p - from)};
	v = add_node(s, type);
	if (!v)
		return false;
	v->text = text;
	v->escaped = escaped;
	return true;
}

/* p is where a member of the open object begins: its key and colon. */
static bool read_key(struct parse *s)
{
	if (peek(s) != '"')
		return fail(s, "expected a key");
	if (!read_string(s, &s->key, &s->key_escaped))
		return false;
	skip_space(s);
	if (peek(s) != ':')
		return fail(s, "expected ':'");
	s->p++;
	skip_space(s);
	return true;
}

static bool in_object(const struct parse *s)
{
	return s->d->nodes[s->open[s->depth - 1]].type == JSON_OBJECT;
}

/* A value ended: close what ends with it, up to the next member's beginning.
 * With depth 0 the document is complete. */
static bool after_value(struct parse *s)
{
	for (;;) {
		char close;

		skip_space(s);
		if (!s->depth)
			return true;
		close = in_object(s) ? '}' : ']';
		if (peek(s) == ',') {
			s->p++;
			skip_space(s);
			return !in_object(s) || read_key(s);
		}
		if (peek(s) != close)
			return fail(s, close == '}' ? "expected ',' or '}'"
						    : "expected ',' or ']'");
		close_container(s);
	}
}

static bool read_document(struct parse *s)
{
	skip_space(s);
	do {
		char c = peek(s);

		if (s->p == s->end)
			return fail(s, "expected a value");
		if (c == '{' || c == '[') {
			if (!open_container(s, c == '{' ? JSON_OBJECT
							: JSON_ARRAY))
				return false;
			skip_space(s);
			if (peek(s) != (c == '{' ? '}' : ']')) {
				if (c == '{' && !read_key(s))
					return false;
				continue;
			}
			close_container(s);
		} else if (!read_scalar(s)) {
			return false;
		}
		if (!after_value(s))
			return false;
	} while (s->depth);
	if (s->p != s->end)
		return fail(s, "bytes after the document");
	return true;
}

enum rc json_parse(struct json_doc *d, struct str text, struct err *e)
{
	struct parse s = {.d = d};

	d->n = 0;
	if (!text.p)
		text = STR("");
	s.start = s.p = text.p;
	s.end = text.p + text.len;
	if (d->max > UINT32_MAX)
		d->max = UINT32_MAX;
	if (read_document(&s))
		return RC_OK;
	d->n = 0;
	return err_set(e, RC_BAD, "invalid JSON at byte %zu: %s",
		       (size_t)(s.p - s.start), s.why);
}
