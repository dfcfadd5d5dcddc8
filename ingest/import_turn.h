/* The calls of a transcript on their way to the ledger. A call is spread over
 * several lines: the same usage is repeated for each block of content, a later
 * line may say more, and the result of its tools comes after it. So a call
 * waits here until IMPORT_TURNS further ones have been seen, or the file ends.
 * A line that repeats a call which is gone already is told apart from a new
 * one by the names seen so far; the ledger merges what it adds. */
#ifndef ACO_IMPORT_TURN_H
#define ACO_IMPORT_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/import.h"
#include "ingest/import_map.h"

#define IMPORT_TURNS 1024 /* calls that wait at a time */
#define IMPORT_TOOLS 8    /* tool calls of one turn whose results count */

struct import_turn {
	struct uuid name;    /* by which repeats are recognised */
	struct ev_attempt a; /* strings last: import_keep() */
	struct import_at at; /* of the last part that was found */
	int64_t total;       /* tokens: of two reports the larger wins */
	bool sidechain;
	uint64_t tools[IMPORT_TOOLS]; /* hashes of tool call ids */
	int n_tools;
};

struct import_turns {
	struct import_run *run;
	struct import_turn *v; /* ring */
	size_t first, n;
	struct import_map seen; /* name to number, counted from the start */
	int64_t *totals;        /* by number, of those that are gone */
	size_t cap_totals;
	int64_t gone; /* handed over already */
	int32_t *seq; /* last step_seq of each task */
	size_t cap_seq;
};

void import_turns_init(struct import_turns *ts, struct import_run *r);
/* Hand over what waits, in order, and free all. */
void import_turns_finish(struct import_turns *ts);

/* The call of that name, if it still waits; else NULL. */
struct import_turn *import_turns_find(struct import_turns *ts,
				      struct uuid name);
/* Whether a call of that name was seen, waiting or gone, and its tokens. */
bool import_turns_seen(struct import_turns *ts, struct uuid name,
		       int64_t *total);
/* The latest call that waits, or NULL. */
struct import_turn *import_turns_last(struct import_turns *ts);
/* Add a call: *a with a step_seq of its own unless it has one. The turn is
 * good until the next one is added. */
struct import_turn *import_turns_add(struct import_turns *ts, struct uuid name,
				     const struct ev_attempt *a,
				     struct import_at at);
/* Another name for a call that was added. */
void import_turns_alias(struct import_turns *ts, const struct import_turn *t,
			struct uuid name);

/* A tool call of the turn: its id (or absent), the tool's name and, for a
 * shell, the command line. Of several the one that changes most is the step:
 * edit, verify, execute, search, read, plan, communicate, other. */
void import_turn_tool(struct import_turn *t, struct import_run *r,
		      struct str id, struct str tool, struct str command);
bool import_turn_has(const struct import_turn *t, struct str tool_id);
/* The result of a tool call: a turn failed when one of its tools did. */
void import_turns_result(struct import_turns *ts, struct str id, bool failed,
			 struct import_at at);

#endif
