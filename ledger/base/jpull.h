/* JSON, read value by value without a document: no allocation, no copies,
 * strict RFC 8259 (the same texts as json.h, which builds a document).
 *
 * The reader stands at a value. Its caller asks for the type and then reads,
 * enters or skips it; each does exactly one value:
 *
 *	jpull_init(&j, text);
 *	if (jpull_enter(&j, '{')) {
 *		while (jpull_key(&j, &key))
 *			... one value is read or skipped ...
 *	}
 *	rc = jpull_end(&j, e);
 *
 * A mistake in the text ends everything: from then on there are no values,
 * keys or items, so loops end by themselves and one look at the end is
 * enough. A copy of the struct is a bookmark. */
#ifndef ACO_JPULL_H
#define ACO_JPULL_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/arena.h"
#include "ledger/base/err.h"
#include "ledger/base/json_lex.h"
#include "ledger/base/str.h"

#define JPULL_MAX_DEPTH 192

enum jpull_type {
	JPULL_NONE, /* no value: a mistake, or the end */
	JPULL_NULL,
	JPULL_BOOL,
	JPULL_NUMBER,
	JPULL_STRING,
	JPULL_ARRAY,
	JPULL_OBJECT
};

struct jpull {
	struct json_lex x;
	const char *start;
	int depth;
	bool first;   /* of a container: no comma wanted */
	bool checked; /* jpull_check() has passed the text */
};

/* A string as it stands between its quotes. */
struct jpull_text {
	struct str raw;
	bool escaped;
};

/* Read over the whole text: one value, nested at most `depth` deep (at most
 * JPULL_MAX_DEPTH), nothing behind it. RC_BAD with the byte offset and the
 * reason. */
enum rc jpull_check(struct str text, int depth, struct err *e) MUST_CHECK;

void jpull_init(struct jpull *j, struct str text);
/* The same for a text that jpull_check() took: strings are not looked at
 * twice. */
void jpull_init_checked(struct jpull *j, struct str text);
/* After the outermost value: RC_BAD if there was a mistake, or if anything
 * but white space follows. */
enum rc jpull_end(struct jpull *j, struct err *e) MUST_CHECK;

enum jpull_type jpull_type(struct jpull *j);
/* Into the value, if it begins with `open` ('{' or '['); otherwise skips it,
 * false. */
bool jpull_enter(struct jpull *j, char open);
/* The next member's key, and on to its value; false behind the object. */
bool jpull_key(struct jpull *j, struct jpull_text *key);
/* On to the next element; false behind the array. */
bool jpull_item(struct jpull *j);
/* Past the rest of the container whose last member was just read; `close` is
 * how it ends. */
void jpull_leave(struct jpull *j, char close);
/* The value, if it is one; otherwise skips it, false. */
bool jpull_string(struct jpull *j, struct jpull_text *out);
bool jpull_number(struct jpull *j, struct str *out); /* its exact text */
bool jpull_bool(struct jpull *j, bool *out);
void jpull_skip(struct jpull *j);

/* Unescaped, into the arena only when it has escapes. Absent: the arena is
 * full. Lone surrogates and \u0000 become U+FFFD: PostgreSQL takes neither. */
struct str jpull_text(struct jpull_text t, struct arena *a);

#endif
