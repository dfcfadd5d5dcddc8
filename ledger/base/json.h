/* JSON: a bounded zero-copy reader and a writer.
 *
 * The reader parses one document of at most `max_nodes` values nested at most
 * JSON_MAX_DEPTH deep into a flat array of nodes that point into the text;
 * the text must outlive the document. It is strict RFC 8259: UTF-8 checked,
 * no trailing bytes, no comments, no NaN. Numbers keep their exact text, so
 * that money never passes through a float. Of duplicate keys the last wins.
 *
 * A look-up on an absent value gives NULL, and every accessor takes NULL and
 * answers "absent": json_i64(json_get(json_get(doc, "usage"), "input")) needs
 * no checks in between. */
#ifndef ACO_JSON_H
#define ACO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/base/arena.h"
#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"

#define JSON_MAX_DEPTH 64

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_type type;
	bool escaped; /* string: text holds backslash escapes */
	bool key_escaped;
	uint32_t span;   /* nodes of this value, itself included */
	uint32_t count;  /* members of an array or object */
	struct str key;  /* raw text between the quotes; none in arrays */
	struct str text; /* number: its text; string: raw between quotes;
			    others: the whole source text */
};

struct json_doc {
	struct json *nodes; /* nodes[0] is the document */
	size_t n, cap, max;
};

void json_doc_init(struct json_doc *d, size_t max_nodes);
void json_doc_release(struct json_doc *d);

/* Parse; the document's nodes are reused from call to call. RC_BAD with the
 * byte offset and the reason. */
enum rc json_parse(struct json_doc *d, struct str text,
		   struct err *e) MUST_CHECK;

const struct json *json_get(const struct json *obj, const char *key);
/* Path of keys separated by '.', no escapes: "message.usage.input_tokens". */
const struct json *json_path(const struct json *obj, const char *path);
const struct json *json_first(const struct json *parent); /* NULL: empty */
const struct json *json_next(const struct json *parent,
			     const struct json *child); /* NULL: last */

bool json_is(const struct json *v, enum json_type type); /* NULL: false */
bool json_present(const struct json *v); /* there and not null */
bool json_true(const struct json *v);

/* Whole-number value: a number without fraction (1, 1.0, 1e3) or, as some
 * senders do, a string of digits. False when absent, fractional, or outside
 * int64. */
bool json_i64(const struct json *v, int64_t *out);
/* For what is not money. False when absent or not a number. */
bool json_double(const struct json *v, double *out);
/* String value, unescaped into the arena only when it has escapes; numbers
 * give their text. Absent for everything else. Lone surrogates become U+FFFD;
 * the result may hold NUL (from \u0000): check str_utf8_ok before storing. */
struct str json_str(const struct json *v, struct arena *a);
bool json_str_is(const struct json *v, const char *lit); /* no escapes */

/* ---- pieces of text that the reader or jpull.h has checked ---- */
/* A number's text as a whole number (1, 1.0, 1e3), exactly; false when it has
 * a fraction or is outside int64. */
bool json_text_i64(struct str number, int64_t *out);
double json_text_double(struct str number); /* may be infinite */
/* The text between a string's quotes, unescaped into out, which has room for
 * raw.len bytes; returns the length. \u0000 stays NUL if `nul`, else it
 * becomes U+FFFD. */
size_t json_unescape(struct str raw, bool nul, char *out);

/* ---- writer: appends to a buf; commas and nesting are kept track of ---- */
struct json_out {
	struct buf *b;
	uint32_t depth;
	uint64_t some; /* bit per depth: a member was written */
};
void json_out_init(struct json_out *o, struct buf *b);
void json_out_obj(struct json_out *o, const char *key); /* key NULL in arrays */
void json_out_arr(struct json_out *o, const char *key);
void json_out_end(struct json_out *o, char close); /* '}' or ']' */
void json_out_str(struct json_out *o, const char *key, struct str s);
/* absent: null; bad UTF-8 becomes U+FFFD */
void json_out_i64(struct json_out *o, const char *key, int64_t v);
/* In so many digits that the same float is read again; null unless finite. */
void json_out_float(struct json_out *o, const char *key, float v);
/* In so many significant digits (1..17: with 17 the same number is read again);
 * null unless finite. */
void json_out_double(struct json_out *o, const char *key, double v, int digits);
/* As clock_format() writes it; null for TIME_NONE. */
void json_out_time(struct json_out *o, const char *key, int64_t us);
void json_out_bool(struct json_out *o, const char *key, bool v);
void json_out_null(struct json_out *o, const char *key);
void json_out_raw(struct json_out *o, const char *key, struct str json);

#endif
