/* The reader. One pass over the text, no recursion: `open` holds the nodes of
 * the arrays and objects that are not closed yet. A node is written when its
 * value begins, so that children follow their parent in the array, and `span`
 * is filled in when it ends. The accessors are in json_value.c, the writer in
 * json_out.c. */
#include "ledger/base/json.h"

#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/json_lex.h"

struct parse {
	struct json_doc *d;
	struct json_lex x;
	const char *start;
	size_t open[JSON_MAX_DEPTH];
	size_t depth;
	struct str key; /* of the member whose value comes next */
	bool key_escaped;
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

static struct json *add_node(struct parse *s, enum json_type type)
{
	struct json_doc *d = s->d;
	struct json *v;

	if (d->n >= d->max) {
		json_lex_fail(&s->x, "too many values");
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
		return json_lex_fail(&s->x, "nested too deep");
	v = add_node(s, type);
	if (!v)
		return false;
	v->text.p = s->x.p++;
	s->open[s->depth++] = s->d->n - 1;
	return true;
}

static void close_container(struct parse *s)
{
	size_t at = s->open[--s->depth];
	struct json *v = &s->d->nodes[at];

	s->x.p++;
	v->span = (uint32_t)(s->d->n - at);
	v->text.len = (size_t)(s->x.p - v->text.p);
}

static bool read_scalar(struct parse *s)
{
	const char *from = s->x.p;
	enum json_type type;
	struct str text;
	struct json *v;
	bool escaped = false, ok;

	switch (*from) {
	case '"':
		type = JSON_STRING;
		ok = json_lex_string(&s->x, false, &text, &escaped);
		break;
	case 't':
		type = JSON_TRUE;
		ok = json_lex_word(&s->x, "true");
		break;
	case 'f':
		type = JSON_FALSE;
		ok = json_lex_word(&s->x, "false");
		break;
	case 'n':
		type = JSON_NULL;
		ok = json_lex_word(&s->x, "null");
		break;
	default:
		if (*from != '-' && (*from < '0' || *from > '9'))
			return json_lex_fail(&s->x, "expected a value");
		type = JSON_NUMBER;
		ok = json_lex_number(&s->x);
	}
	if (!ok)
		return false;
	if (type != JSON_STRING)
		text = (struct str){from, (size_t)(s->x.p - from)};
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
	if (json_lex_peek(&s->x) != '"')
		return json_lex_fail(&s->x, "expected a key");
	if (!json_lex_string(&s->x, false, &s->key, &s->key_escaped))
		return false;
	json_lex_space(&s->x);
	if (json_lex_peek(&s->x) != ':')
		return json_lex_fail(&s->x, "expected ':'");
	s->x.p++;
	json_lex_space(&s->x);
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

		json_lex_space(&s->x);
		if (!s->depth)
			return true;
		close = in_object(s) ? '}' : ']';
		if (json_lex_peek(&s->x) == ',') {
			s->x.p++;
			json_lex_space(&s->x);
			return !in_object(s) || read_key(s);
		}
		if (json_lex_peek(&s->x) != close)
			return json_lex_fail(
				&s->x, close == '}' ? "expected ',' or '}'"
						    : "expected ',' or ']'");
		close_container(s);
	}
}

static bool read_document(struct parse *s)
{
	json_lex_space(&s->x);
	do {
		char c = json_lex_peek(&s->x);

		if (s->x.p == s->x.end)
			return json_lex_fail(&s->x, "expected a value");
		if (c == '{' || c == '[') {
			if (!open_container(s, c == '{' ? JSON_OBJECT
							: JSON_ARRAY))
				return false;
			json_lex_space(&s->x);
			if (json_lex_peek(&s->x) != (c == '{' ? '}' : ']')) {
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
	if (s->x.p != s->x.end)
		return json_lex_fail(&s->x, "bytes after the document");
	return true;
}

enum rc json_parse(struct json_doc *d, struct str text, struct err *e)
{
	struct parse s = {.d = d};

	d->n = 0;
	if (!text.p)
		text = STR("");
	s.start = s.x.p = text.p;
	s.x.end = text.p + text.len;
	if (d->max > UINT32_MAX)
		d->max = UINT32_MAX;
	if (read_document(&s))
		return RC_OK;
	d->n = 0;
	return err_set(e, RC_BAD, "invalid JSON at byte %zu: %s",
		       (size_t)(s.x.p - s.start), s.x.why);
}
