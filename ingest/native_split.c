/* Where one value of a body ends and the next begins. What is inside is the
 * reader's business. */
#include <string.h>
#include <strings.h>

#include "ingest/native.h"

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* Past the closing quote; NULL: there is none. */
static const char *string_end(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			return p + 1;
	}
	return NULL;
}

/* Past the value at p; NULL: it does not end. */
static const char *value_end(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		char c = *p;

		if (c == '"') {
			p = string_end(p, end);
			if (!p)
				return NULL;
			if (!depth)
				return p;
			continue;
		}
		if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (!depth)
				return p; /* the end of what is around */
			if (--depth == 0)
				return p + 1;
		} else if (!depth && (c == ',' || c == ' ' || c == '\t' ||
				      c == '\n' || c == '\r')) {
			return p;
		}
		p++;
	}
	return depth ? NULL : p;
}

static bool says_lines(struct str ctype)
{
	static const char *const names[] = {
		"application/x-ndjson", "application/ndjson",
		"application/jsonl", "application/x-jsonlines",
		"application/jsonlines"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (ctype.len == strlen(names[i]) &&
		    !strncasecmp(ctype.p, names[i], ctype.len))
			return true;
	}
	return false;
}

void native_split_init(struct native_split *s, struct str body,
		       struct str ctype)
{
	*s = (struct native_split){.p = body.p ? body.p : "",
				   .start = body.p ? body.p : ""};
	s->end = s->p + body.len;
	if (body.len >= 3 && !memcmp(body.p, "\xef\xbb\xbf", 3))
		s->p += 3;
	s->p = skip_space(s->p, s->end);
	if (s->p < s->end && *s->p == '[') {
		s->array = true;
		s->p++;
	} else {
		s->lines = says_lines(ctype);
	}
}

static enum native_next broken(const struct native_split *s, struct err *e,
			       const char *what)
{
	err_set(e, RC_BAD, "byte %zu: %s", (size_t)(s->p - s->start), what);
	return NATIVE_BROKEN;
}

static enum native_next next_line(struct native_split *s, struct str *value)
{
	const char *nl;

	s->p = skip_space(s->p, s->end);
	if (s->p == s->end)
		return NATIVE_END;
	nl = memchr(s->p, '\n', (size_t)(s->end - s->p));
	*value = str_trim(
		(struct str){s->p, (size_t)((nl ? nl : s->end) - s->p)});
	s->p = nl ? nl + 1 : s->end;
	return NATIVE_VALUE;
}

static enum native_next next_value(struct native_split *s, struct str *value,
				   struct err *e)
{
	const char *stop;

	if (s->p == s->end)
		return broken(s, e, "the body ends in the middle");
	stop = value_end(s->p, s->end);
	if (!stop)
		return broken(s, e, "the event that begins here has no end");
	if (stop == s->p)
		return broken(s, e, "an event is expected here");
	*value = (struct str){s->p, (size_t)(stop - s->p)};
	s->p = stop;
	s->some = true;
	return NATIVE_VALUE;
}

static enum native_next next_element(struct native_split *s, struct str *value,
				     struct err *e)
{
	s->p = skip_space(s->p, s->end);
	if (s->closed) {
		if (s->p == s->end)
			return NATIVE_END;
		return broken(s, e, "something follows the array");
	}
	if (s->p < s->end && *s->p == ']') {
		s->p++;
		s->closed = true;
		return next_element(s, value, e);
	}
	if (s->some) {
		if (s->p < s->end && *s->p != ',')
			return broken(s, e, "a comma or ']' is expected here");
		if (s->p < s->end)
			s->p++;
		s->p = skip_space(s->p, s->end);
	}
	return next_value(s, value, e);
}

enum native_next native_split_next(struct native_split *s, struct str *value,
				   struct err *e)
{
	*value = STR_NONE;
	if (s->array)
		return next_element(s, value, e);
	if (s->lines)
		return next_line(s, value);
	s->p = skip_space(s->p, s->end);
	return s->p == s->end ? NATIVE_END : next_value(s, value, e);
}
