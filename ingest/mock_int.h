/* Inside the mock provider: what a request wants, what it gets, and how each
 * protocol says it. */
#ifndef ACO_MOCK_INT_H
#define ACO_MOCK_INT_H

#include <stdio.h>

#include "ingest/loop.h"
#include "ingest/meter.h"
#include "ingest/mock.h"
#include "ingest/mock_script.h"

/* ---- chance (mock_chance.c) ---- */

uint64_t mock_hash(uint64_t seed, const void *p, size_t n);
uint64_t mock_mix(uint64_t a, uint64_t b);
double mock_unit(uint64_t h); /* [0, 1) */

/* ---- behaviour (mock_behaviour.c) ---- */

enum mock_act {
	MOCK_OK,
	MOCK_STATUS,      /* an error, by `status` */
	MOCK_STALL,       /* nothing comes, until the client goes */
	MOCK_STALL_MID,   /* nothing more comes */
	MOCK_CUT,         /* a stream ends in the middle, whole bodies too */
	MOCK_RESET,       /* the connection breaks in the middle */
	MOCK_RESET_EARLY, /* ... before the first byte */
	MOCK_GARBAGE,     /* under 200, no JSON, no events */
	MOCK_HTML,        /* a page for people, under 200 */
	MOCK_ERROR_MID,   /* an error event in a stream */
	MOCK_ERROR_200,   /* an error's body under 200 */
	MOCK_EMPTY        /* 200 and no body */
};

struct mock_behaviour {
	enum mock_act act;
	int status;
	const char *type; /* of the error; NULL: by the status */
	bool refuse, filter, length, bad_json, loop, tool, no_usage;
	int after; /* chunks before it goes wrong */
	int once;  /* so many times for each body, then well; 0: always */
	int64_t retry_ms; /* -1: not said */
	bool say_ms;      /* as retry-after-ms */
	int should_retry; /* 1, 0; -1: not said */
	int64_t delay_us; /* more, before the first byte */
};
void mock_behaviour_init(struct mock_behaviour *b);
/* Words and key=value, divided by blanks, commas and semicolons; the rest of
 * an unknown word is left out. False: no word was known. */
bool mock_behaviour_read(struct mock_behaviour *b, struct str text);

/* ---- a reply ---- */

struct mock_reply {
	struct mock *m;
	struct http_req *req;
	enum wire wire;
	struct arena arena;
	struct model_request r;
	struct str body;
	struct mock_behaviour b;
	uint64_t key; /* of the body */
	char id[40];
	int64_t created;

	struct str task;
	bool has_task, pass;
	double difficulty, p;
	const struct mock_line *line; /* of the script; NULL: none */

	struct str call_name, call_args; /* absent: text */
	bool thinking, encrypted, wants_json;
	int top; /* log-probabilities beside the chosen one */
	struct str tier, family;
	int64_t in, cached, w5, w1, out, reasoning;
	bool cache_told;
	const char *finish; /* the protocol's word */

	int words;    /* tokens of text */
	int step;     /* of the stream */
	int sequence; /* of its events */
	struct loop_timer *timer;
	int64_t due_us; /* when the timer was to fire; monotonic */
	struct mock_reply *prev, *next;
};

/* Token i of the text, and its log-probability. */
void mock_token(const struct mock_reply *r, int i, struct buf *out);
double mock_logprob(const struct mock_reply *r, int i, int alternative);
/* Reads what the request wants and decides everything. RC_BAD: 400. */
enum rc mock_plan(struct mock_reply *r, struct err *e) MUST_CHECK;

/* A whole body. */
void mock_chat_body(struct mock_reply *r, struct buf *out);
void mock_responses_body(struct mock_reply *r, struct buf *out);
void mock_messages_body(struct mock_reply *r, struct buf *out);
void mock_embeddings_body(struct mock_reply *r, struct buf *out);
/* The next event or events of the stream; false: that was all. */
bool mock_chat_step(struct mock_reply *r, struct buf *out);
bool mock_responses_step(struct mock_reply *r, struct buf *out);
bool mock_messages_step(struct mock_reply *r, struct buf *out);

/* ---- mock_fixed.c ---- */

void mock_fixed_make(struct mock *m);
void mock_fixed_release(struct mock *m);
void mock_fixed_reply(struct mock *m, struct http_req *req, enum wire wire);
/* A whole body, a step of a stream, by the reply's wire. */
void mock_whole(struct mock_reply *r, struct buf *out);
bool mock_step(struct mock_reply *r, struct buf *out);

/* ---- mock_tell.c ---- */

void mock_on_verdict(struct http_req *req, void *arg);
void mock_on_stats(struct http_req *req, void *arg);
void mock_on_count(struct http_req *req, void *arg);
void mock_on_models(struct http_req *req, void *arg);
void mock_on_nothing(struct http_req *req, void *arg);

/* ---- the whole ---- */

enum {
	MOCK_SEEN = 1 << 16, /* blocks of prompts, a power of two */
	MOCK_TRIES = 1 << 12
};

/* A reply that is always the same but for its id. */
struct mock_fixed {
	struct buf b;
	size_t *at; /* where the id's digits stand */
	size_t n, cap;
};

struct mock_counts {
	uint64_t requests, streams, errors, cut;
	int64_t in, cached, written, out;
	int open, open_most;
};

struct mock {
	struct loop *loop;
	const struct mock_conf *conf;
	struct mock_script script;
	FILE *log;
	uint64_t numbered; /* replies so far */
	uint64_t seen[MOCK_SEEN];
	struct {
		uint64_t key;
		int n;
	} tries[MOCK_TRIES];
	double tokens_left; /* of the limit per second */
	int64_t filled_us;
	struct mock_counts counts;
	struct mock_reply *open;
	/* Chat, its stream, messages, theirs. */
	struct mock_fixed fixed[4];
};

#endif
