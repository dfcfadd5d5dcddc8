/* Parts of the kind claude-code: a transcript's state and its calls. */
#ifndef ACO_IMPORT_CLAUDE_H
#define ACO_IMPORT_CLAUDE_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/import.h"
#include "ingest/import_turn.h"

#define CLAUDE_SENDER "claude-code"
#define CLAUDE_LINES  64 /* recent lines that are known as parents */

/* A recent line, as a possible parent. */
struct line_time {
	char id[48];
	size_t len;
	int64_t at_us;
};

struct claude {
	struct import_run *r;
	struct import_turns turns;
	struct line_time lines[CLAUDE_LINES]; /* ring */
	size_t n_lines;
	struct str file_agent; /* of agent-ID.jsonl, or absent */
	struct str agent_type; /* of its .meta.json, or absent */
	/* The task of the last call, which the next one mostly shares. */
	struct str session, agent;
	uint32_t task;
	struct str model; /* last one that served, for failed requests */
};

/* One message with usage, wherever the line holds it. */
struct claude_call {
	const struct json *root, *owner, *message;
	struct import_at at;
	struct str session, agent, id, request, model;
	bool sidechain;
	struct ev_attempt a;
	bool has_speed;
};

/* A string that is there and not empty, or absent. */
struct str claude_text(struct claude *c, const struct json *v);

/* Add a call, or what its line adds to a call that was seen. k->a has all but
 * its keys; k->message may be NULL, for requests that failed. */
void claude_put_call(struct claude *c, struct claude_call *k);

#endif
