#include "ledger/base/jpull.h"

#include "ledger/base/json.h"

/* Nothing more is read; the place of the mistake stays in p. */
static bool stop(struct jpull *j, const char *why)
{
	j->x.end = j->x.p;
	return json_lex_fail(&j->x, why);
}

static bool lexed(struct jpull *j, bool ok)
{
	return ok || stop(j, j->x.why);
}

/* Most texts have no white space: one look. */
static inline char next(struct json_lex *x)
{
	if (x->p < x->end && (uint8_t)*x->p <= ' ')
		json_lex_space(x);
	return json_lex_peek(x);
}

void jpull_init(struct jpull *j, struct str text)
{
	if (!text.p)
		text = STR("");
	*j = (struct jpull){.x = {.p = text.p, .end = text.p + text.len},
			    .start = text.p};
}

void jpull_init_checked(struct jpull *j, struct str text)
{
	jpull_init(j, text);
	j->checked = true;
}

static enum rc bad(const struct jpull *j, struct err *e)
{
	return err_set(e, RC_BAD, "invalid JSON at byte %zu: %s",
		       (size_t)(j->x.p - j->start), j->x.why);
}

enum rc jpull_end(struct jpull *j, struct err *e)
{
	if (!j->x.why) {
		next(&j->x);
		if (j->x.p == j->x.end && !j->depth)
			return RC_OK;
		stop(j, j->depth ? "a container without end"
				 : "bytes after the document");
	}
	return bad(j, e);
}

/* ---- over a whole value ---- */

static bool skip_scalar(struct jpull *j, bool checked)
{
	struct json_lex *x = &j->x;
	struct str text;
	bool escaped;

	switch (json_lex_peek(x)) {
	case '"':
		return json_lex_string(x, checked, &text, &escaped);
	case 't':
		return json_lex_word(x, "true");
	case 'f':
		return json_lex_word(x, "false");
	case 'n':
		return json_lex_word(x, "null");
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return json_lex_number(x);
	default:
		return json_lex_fail(x, "expected a value");
	}
}

static bool skip_key(struct jpull *j)
{
	struct str text;
	bool escaped;

	if (next(&j->x) != '"')
		return json_lex_fail(&j->x, "expected a key");
	if (!json_lex_string(&j->x, false, &text, &escaped))
		return false;
	if (next(&j->x) != ':')
		return json_lex_fail(&j->x, "expected ':'");
	j->x.p++;
	return true;
}

/* The containers that are open: a bit each, set for objects. */
struct nest {
	uint64_t bits[JPULL_MAX_DEPTH / 64];
	int depth;
};

static bool in_object(const struct nest *n)
{
	return n->bits[(n->depth - 1) / 64] >> ((n->depth - 1) % 64) & 1;
}

static void nest_push(struct nest *n, bool object)
{
	uint64_t bit = UINT64_C(1) << (n->depth % 64);

	if (object)
		n->bits[n->depth / 64] |= bit;
	else
		n->bits[n->depth / 64] &= ~bit;
	n->depth++;
}

/* Behind a value: over what ends with it, up to the next value. */
static bool after_value(struct jpull *j, struct nest *n)
{
	while (n->depth) {
		bool object = in_object(n);
		char c = next(&j->x);

		if (c == ',') {
			j->x.p++;
			return !object || skip_key(j);
		}
		if (c != (object ? '}' : ']'))
			return json_lex_fail(&j->x,
					     object ? "expected ',' or '}'"
						    : "expected ',' or ']'");
		j->x.p++;
		n->depth--;
	}
	return true;
}

/* Strictly, at most `max` deep. */
static bool skip_strict(struct jpull *j, int max)
{
	struct nest n;

	n.depth = 0;
	do {
		char c = next(&j->x);

		if (c == '{' || c == '[') {
			if (n.depth >= max)
				return json_lex_fail(&j->x, "nested too deep");
			nest_push(&n, c == '{');
			j->x.p++;
			if (next(&j->x) != (c == '{' ? '}' : ']')) {
				if (c == '{' && !skip_key(j))
					return false;
				continue;
			}
			j->x.p++;
			n.depth--;
		} else if (!skip_scalar(j, false)) {
			return false;
		}
		if (!after_value(j, &n))
			return false;
	} while (n.depth);
	return true;
}

/* In a checked text only strings hide brackets. To the end of the outermost of
 * `depth` open containers, or of the one that begins here. */
static bool skip_container(struct json_lex *x, int depth)
{
	while (x->p < x->end) {
		char c = *x->p;
		struct str text;
		bool escaped;

		if (c == '"') {
			if (!json_lex_string(x, true, &text, &escaped))
				return false;
			continue;
		}
		x->p++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return true;
	}
	return json_lex_fail(x, "a container without end");
}

void jpull_skip(struct jpull *j)
{
	char c = next(&j->x);

	if (j->x.why)
		return;
	if (!j->checked)
		lexed(j, skip_strict(j, JPULL_MAX_DEPTH - j->depth));
	else if (c == '{' || c == '[')
		lexed(j, skip_container(&j->x, 0));
	else
		lexed(j, skip_scalar(j, true));
}

enum rc jpull_check(struct str text, int depth, struct err *e)
{
	struct jpull j;

	jpull_init(&j, text);
	if (depth > JPULL_MAX_DEPTH)
		depth = JPULL_MAX_DEPTH;
	if (!lexed(&j, skip_strict(&j, depth)))
		return bad(&j, e);
	return jpull_end(&j, e);
}

/* ---- value by value ---- */

enum jpull_type jpull_type(struct jpull *j)
{
	char c = next(&j->x);

	switch (c) {
	case '{':
		return JPULL_OBJECT;
	case '[':
		return JPULL_ARRAY;
	case '"':
		return JPULL_STRING;
	case 't':
	case 'f':
		return JPULL_BOOL;
	case 'n':
		return JPULL_NULL;
	default:
		if (c == '-' || (c >= '0' && c <= '9'))
			return JPULL_NUMBER;
		return JPULL_NONE;
	}
}

bool jpull_enter(struct jpull *j, char open)
{
	if (next(&j->x) != open) {
		jpull_skip(j);
		return false;
	}
	if (j->depth >= JPULL_MAX_DEPTH)
		return stop(j, "nested too deep");
	j->x.p++;
	j->depth++;
	j->first = true;
	return true;
}

/* To the next member of a container that ends with `close`. */
static bool member(struct jpull *j, char close)
{
	char c = next(&j->x);

	if (j->x.why)
		return false;
	if (c == close) {
		j->x.p++;
		j->depth--;
		j->first = false;
		return false;
	}
	if (j->first) {
		j->first = false;
		return true;
	}
	if (c != ',')
		return stop(j, close == '}' ? "expected ',' or '}'"
					    : "expected ',' or ']'");
	j->x.p++;
	return true;
}

bool jpull_key(struct jpull *j, struct jpull_text *key)
{
	if (!member(j, '}'))
		return false;
	if (next(&j->x) != '"')
		return stop(j, "expected a key");
	if (!lexed(j, json_lex_string(&j->x, j->checked, &key->raw,
				      &key->escaped)))
		return false;
	if (next(&j->x) != ':')
		return stop(j, "expected ':'");
	j->x.p++;
	return true;
}

bool jpull_item(struct jpull *j)
{
	return member(j, ']');
}

void jpull_leave(struct jpull *j, char close)
{
	if (j->checked && !j->x.why) {
		if (lexed(j, skip_container(&j->x, 1))) {
			j->depth--;
			j->first = false;
		}
		return;
	}
	if (close == '}') {
		struct jpull_text key;

		while (jpull_key(j, &key))
			jpull_skip(j);
	} else {
		while (jpull_item(j))
			jpull_skip(j);
	}
}

bool jpull_string(struct jpull *j, struct jpull_text *out)
{
	if (next(&j->x) == '"')
		return lexed(j, json_lex_string(&j->x, j->checked, &out->raw,
						&out->escaped));
	jpull_skip(j);
	return false;
}

bool jpull_number(struct jpull *j, struct str *out)
{
	const char *from;

	if (jpull_type(j) != JPULL_NUMBER) {
		jpull_skip(j);
		return false;
	}
	from = j->x.p;
	if (!lexed(j, json_lex_number(&j->x)))
		return false;
	*out = (struct str){from, (size_t)(j->x.p - from)};
	return true;
}

bool jpull_bool(struct jpull *j, bool *out)
{
	char c = next(&j->x);
	bool is = c == 't' || c == 'f';

	jpull_skip(j);
	if (!is || j->x.why)
		return false;
	*out = c == 't';
	return true;
}

struct str jpull_text(struct jpull_text t, struct arena *a)
{
	char *out;

	if (!t.escaped)
		return t.raw;
	/* What an escape stands for is never longer than the escape. */
	out = arena_alloc(a, t.raw.len + 1);
	if (!out)
		return STR_NONE;
	return (struct str){out, json_unescape(t.raw, false, out)};
}
