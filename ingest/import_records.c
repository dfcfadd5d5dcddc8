#include "ingest/import_records.h"

struct records {
	struct import_run *r;
	import_record_fn *fn;
	void *arg;
	int64_t n;
};

static void give(struct records *s, const struct json *v, struct import_at at)
{
	if (!json_is(v, JSON_OBJECT)) {
		import_bad(s->r, at, "records", "a record is not an object");
		return;
	}
	s->n++;
	s->fn(s->arg, v, at);
}

/* An array of records, a page of them, or one. */
static void give_document(struct records *s, const struct json *doc,
			  struct import_at at)
{
	const struct json *list = doc;
	const struct json *v;

	if (json_is(json_get(doc, "data"), JSON_ARRAY))
		list = json_get(doc, "data");
	if (!json_is(list, JSON_ARRAY)) {
		give(s, doc, at);
		return;
	}
	for (v = json_first(list); v; v = json_next(list, v))
		give(s, v, at);
	s->n++; /* an empty page is a page */
}

static void by_lines(struct records *s)
{
	struct import_line l;

	while (import_next_line(s->r, &l)) {
		const struct json *doc = import_line_json(s->r, &l);

		if (doc)
			give_document(s, doc, l.at);
	}
}

/* The lines of a text that is in memory; false: the first one is not JSON. */
static bool by_text_lines(struct records *s, struct str text)
{
	struct import_at at = {.offset = 0, .line = 0};
	const char *p = text.p, *end = text.p + text.len;

	for (; p < end; at.offset = p - text.p) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct str line = {p, (size_t)((nl ? nl : end) - p)};
		const struct json *doc;
		struct err e;

		at.line++;
		p = nl ? nl + 1 : end;
		if (!str_trim(line).len)
			continue;
		doc = import_json(s->r, line, &e);
		if (doc)
			give_document(s, doc, at);
		else if (!s->n)
			return false;
		else
			import_bad(s->r, at, "lines", "%s", e.msg);
	}
	return true;
}

enum rc import_records(struct import_run *r, import_record_fn *fn, void *arg,
		       struct err *e)
{
	struct records s = {.r = r, .fn = fn, .arg = arg};
	struct str name = import_name(r);
	const struct json *doc;
	struct str text;

	if (str_ends(name, ".jsonl") || str_ends(name, ".ndjson")) {
		by_lines(&s);
		return RC_OK;
	}
	if (!import_whole(r, &text))
		return RC_OK;
	doc = import_json(r, text, e);
	if (doc)
		give_document(&s, doc, IMPORT_NOWHERE);
	else if (!by_text_lines(&s, text))
		return RC_BAD;
	return RC_OK;
}
