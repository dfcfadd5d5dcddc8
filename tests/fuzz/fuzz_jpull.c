/* The pull reader against the reader of documents: both must agree on what is
 * JSON, whether it is skipped at once or read value by value, and on where it
 * goes wrong. What was checked must be read the same without checking. */
#include <stdlib.h>

#include "ledger/base/jpull.h"
#include "ledger/base/json.h"
#include "tests/fuzz/fuzz.h"

static void same_text(struct jpull_text t, struct str raw, bool escaped)
{
	check(t.raw.p == raw.p && t.raw.len == raw.len, "another text");
	check(t.escaped == escaped, "another mark");
}

/* The value at hand is v, and everything in it. */
static void walk(struct jpull *j, const struct json *v, struct arena *a)
{
	const struct json *m = json_first(v);
	struct jpull_text t;
	struct str s;
	bool b;

	switch (v->type) {
	case JSON_OBJECT:
		check(jpull_type(j) == JPULL_OBJECT, "no object");
		check(jpull_enter(j, '{'), "not entered");
		for (; m; m = json_next(v, m)) {
			check(jpull_key(j, &t), "a member is missing");
			same_text(t, m->key, m->key_escaped);
			walk(j, m, a);
		}
		check(!jpull_key(j, &t), "a member too many");
		break;
	case JSON_ARRAY:
		check(jpull_type(j) == JPULL_ARRAY, "no array");
		check(jpull_enter(j, '['), "not entered");
		for (; m; m = json_next(v, m)) {
			check(jpull_item(j), "an element is missing");
			walk(j, m, a);
		}
		check(!jpull_item(j), "an element too many");
		break;
	case JSON_STRING:
		check(jpull_string(j, &t), "no string");
		same_text(t, v->text, v->escaped);
		s = jpull_text(t, a);
		check(str_utf8_ok(s), "text that cannot be stored");
		if (!memchr(json_str(v, a).p, 0, json_str(v, a).len))
			check(str_eq(s, json_str(v, a)), "unescaped otherwise");
		break;
	case JSON_NUMBER:
		check(jpull_number(j, &s) && s.p == v->text.p &&
			      s.len == v->text.len,
		      "another number");
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		check(jpull_bool(j, &b) && b == json_true(v), "another bool");
		break;
	case JSON_NULL:
		check(jpull_type(j) == JPULL_NULL, "no null");
		jpull_skip(j);
		break;
	}
}

/* Any text, value by value: ends, and fails where the check fails. */
static void blind(struct jpull *j)
{
	struct jpull_text t;

	if (jpull_type(j) == JPULL_OBJECT && jpull_enter(j, '{')) {
		while (jpull_key(j, &t))
			blind(j);
	} else if (jpull_type(j) == JPULL_ARRAY && jpull_enter(j, '[')) {
		while (jpull_item(j))
			blind(j);
	} else {
		jpull_skip(j);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct err e, f;
	struct json_doc d;
	struct jpull j;
	struct arena a;
	enum rc rc;

	json_doc_init(&d, 1 << 22);
	rc = json_parse(&d, text, &e);
	check(jpull_check(text, JSON_MAX_DEPTH, &f) == rc, "another verdict");
	check(rc == RC_OK || !strcmp(e.msg, f.msg), "another reason");
	if (rc == RC_OK) {
		for (int checked = 0; checked < 2; checked++) {
			arena_init(&a, 1 << 28);
			if (checked)
				jpull_init_checked(&j, text);
			else
				jpull_init(&j, text);
			walk(&j, d.nodes, &a);
			check(jpull_end(&j, &f) == RC_OK, "not at the end");
			if (checked)
				jpull_init_checked(&j, text);
			else
				jpull_init(&j, text);
			jpull_skip(&j);
			check(jpull_end(&j, &f) == RC_OK, "not skipped");
			arena_release(&a);
		}
	}
	rc = jpull_check(text, JPULL_MAX_DEPTH, &e);
	jpull_init(&j, text);
	blind(&j);
	check(jpull_end(&j, &f) == rc, "another verdict by value");
	/* Garbage that is said to be checked must end as well. */
	jpull_init_checked(&j, text);
	blind(&j);
	json_doc_release(&d);
	return 0;
}
