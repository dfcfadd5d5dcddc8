/* Requests of OTLP/HTTP with spans of model calls, made once and stamped anew
 * for each request, so that making them costs next to nothing. */
#ifndef ACO_OTLP_BODY_H
#define ACO_OTLP_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/buf.h"

/* What differs from request to request, and where it stands in the body. */
enum stamp_kind {
	STAMP_TRACE,    /* of 16 bytes */
	STAMP_SPAN,     /* of 8 bytes */
	STAMP_RESPONSE, /* the digits of a response id */
	STAMP_SESSION,  /* the digits of a conversation id */
	STAMP_START,    /* times in nanoseconds */
	STAMP_END
};
struct stamp {
	enum stamp_kind kind;
	uint32_t at;   /* offset in the body */
	uint32_t call; /* of which span */
};

struct body {
	bool json;
	int calls; /* spans in it */
	struct buf data;
	struct stamp *stamps;
	size_t n_stamps, cap_stamps;
};

/* A body of `calls` spans of model calls with the attributes of the GenAI
 * conventions; prompts are not in it. */
void body_init(struct body *b, int calls, bool json);
void body_release(struct body *b);

/* Ids that no other run and no other connection has. */
struct body_ids {
	uint64_t run;     /* of all */
	uint64_t next;    /* call; each connection has a range of its own */
	uint64_t session; /* conversations, in the same way */
	int round;        /* requests that these conversations have had */
};
/* Conversations that take turns in a body, and requests until others begin:
 * BODY_SESSIONS divides the calls of a body. */
#define BODY_SESSIONS 20
#define BODY_ROUNDS   4

/* New ids and times: the call began `now_us` - 3 s and ended at `now_us`. */
void body_stamp(struct body *b, struct body_ids *ids, int64_t now_us);

#endif
