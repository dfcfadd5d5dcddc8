/* Parts of the kind codex: counts, replayed history, tools. */
#ifndef ACO_IMPORT_CODEX_H
#define ACO_IMPORT_CODEX_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/import.h"

/* ---- counts, as a rollout writes them; USAGE_NONE: not said ---- */
struct codex_usage {
	int64_t in, cached, write, out, reasoning;
};
/* False: no object. *bad: a count is negative or no whole number. */
bool codex_usage_read(const struct json *v, struct codex_usage *u, bool *bad);
bool codex_usage_zero(const struct codex_usage *u);
/* What was added since `before` (NULL: nothing yet); a total that shrank began
 * anew. */
void codex_usage_less(const struct codex_usage *total,
		      const struct codex_usage *before,
		      struct codex_usage *out);
/* Into disjoint buckets: input without the cache, output with reasoning. */
enum usage_quality codex_usage_split(const struct codex_usage *v,
				     struct usage *u);

/* ---- replayed history ----
 * A thread that was forked or spawned may begin with its parent's lines, times
 * old or new, token counts included. They are told from its own, in order:
 * turn ids are UUIDs of version 7, whose time lies before the thread's own
 * id's; a time before the thread began; and, where neither speaks, two or more
 * counts at the beginning that share one second. */
struct codex_replay {
	struct str thread;
	int64_t thread_ms; /* of its id; -1: not known */
	int64_t turn_ms;   /* of the turn under way; -1: not known */
	int64_t began_us;  /* as its first line says */
	int64_t first_s;   /* second of the first doubtful count */
	bool possible;     /* it has a parent */
	bool over;         /* its own work has begun */
	bool leading;      /* within the first second */
	bool copied_meta;  /* the parent's session_meta was seen */
};
enum codex_origin {
	CODEX_OWN,
	CODEX_REPLAY,
	CODEX_PERHAPS, /* a replay if the next one is, too: hold it */
};
void codex_replay_init(struct codex_replay *p, struct str thread,
		       bool has_parent, int64_t began_us);
/* A further session_meta. True: the thread's own again, so that what came
 * before was a copy and what comes is not. */
bool codex_replay_meta(struct codex_replay *p, struct str id);
void codex_replay_turn(struct codex_replay *p, struct str turn_id);
/* `certain`: the call has an id of its own, so sharing a second says
 * nothing. */
enum codex_origin codex_replay_judge(struct codex_replay *p, int64_t at_us,
				     bool certain);

/* ---- tools ---- */
/* The tool that a response item calls and, for shells, its command. */
void codex_tool(struct import_run *r, const struct json *item, struct str *tool,
		struct str *command);
/* Whether a tool's output says that it failed: 1, 0, or -1 for not said. */
int codex_output_failed(struct import_run *r, const struct json *item);

#endif
