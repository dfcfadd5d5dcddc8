/* The head of an HTTP/1.x answer (RFC 9112), read strictly: what two readers
 * could understand in two ways is refused. */
#ifndef ACO_HTTP_ANSWER_H
#define ACO_HTTP_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"

enum http_answer_body {
	ANSWER_NONE,    /* 1xx, 204, 304, or to a HEAD */
	ANSWER_LENGTH,  /* `length` bytes */
	ANSWER_CHUNKED, /* http_parse.h has the reader */
	ANSWER_CLOSE    /* until the connection ends */
};

enum {
	ANSWER_FIELDS = 128
};

struct http_answer_field {
	struct str name, value; /* the value without white space around it */
};

struct http_answer {
	int status; /* 100..599 */
	bool keep;  /* the connection may be used again */
	enum http_answer_body body;
	int64_t length;
	/* Without those that belong to the connection alone (Connection and
	 * what it names, Keep-Alive, Transfer-Encoding, Trailer, Upgrade,
	 * ...). */
	struct http_answer_field field[ANSWER_FIELDS];
	int n;
};

/* A whole head, with its empty line (http_head_scan() finds it). `to_head`:
 * the request was a HEAD. RC_BAD: *e says what is wrong. Borrows from p. */
enum rc http_answer_parse(struct http_answer *a, struct str head, bool to_head,
			  struct err *e) MUST_CHECK;

#endif
