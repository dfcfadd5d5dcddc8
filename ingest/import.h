/* Importing files: transcripts, trajectories, result files, exports.
 *
 * A *kind* knows one format. It is one file, import_NAME.c, that exports one
 * `const struct import_kind`, named in the table of import_kinds.c. Its parse
 * function is given a run that is positioned on one file; it reads through the
 * run (line by line or whole) and hands what it finds back to the run. The run
 * does all the rest: walking folders, inflating, cursors, batches, the ledger,
 * dead letters, counts, messages, progress, interruption.
 *
 * To add a kind:
 *   1. write ingest/import_NAME.c with a `const struct import_kind`;
 *   2. name it in import_kinds.c;
 *   3. put a small real file into tests/data/NAME/, and tests into
 *      tests/unit/test_import_NAME.c and tests/fuzz/fuzz_import_NAME.c.
 * test_import fails if a kind has no test file or an incomplete entry.
 *
 * Rules that hold for every kind:
 *   - A bad line or record is skipped, counted and said; it never ends the
 *     file. A file that is not of the kind at all is RC_BAD.
 *   - The same file again gives the same events with the same keys. Keys come
 *     from the content (callname.h), never from the path or the clock.
 *   - What the source does not say stays absent (USAGE_NONE, MONEY_NONE,
 *     TIME_NONE, STR_NONE); it is never 0.
 *   - No prompt, completion or tool output is handed over, only small facts.
 *   - Memory is bounded by what is pending, not by the size of the file. */
#ifndef ACO_IMPORT_H
#define ACO_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/arena.h"
#include "ledger/base/err.h"
#include "ledger/base/json.h"
#include "ledger/base/str.h"
#include "ledger/event.h"
#include "ledger/field.h"

#define IMPORT_LINE_MAX  ((size_t)64 << 20)   /* bytes in one line */
#define IMPORT_WHOLE_MAX ((size_t)512 << 20)  /* bytes in one document */
#define IMPORT_ARENA_MAX ((size_t)1024 << 20) /* what one file may pend */

struct conf;
struct import_run;
struct import_paths;

struct import_kind {
	const char *name;      /* of the command: "claude-code" */
	const char *summary;   /* one line, no full stop */
	const char *sender;    /* ev_task.sender: who numbers its tasks */
	enum source_rank rank; /* how far its figures are trusted */
	/* Whether a file that was met while walking a folder is of this kind.
	 * `path` is the whole path; ".gz" at its end is already cut off. A
	 * file that the user named is read whatever its name. */
	bool (*match)(struct str path);
	/* Where the tool itself keeps such files, for `aco import KIND`
	 * without a path. NULL: the path must be given. */
	void (*places)(struct import_paths *out);
	/* Read the run's current file to its end. RC_BAD with the reason:
	 * this file is not of the kind. What was handed over until then
	 * stands. */
	enum rc (*parse)(struct import_run *r, struct err *e);
};
extern const struct import_kind *const import_kinds[]; /* ends with NULL */
const struct import_kind *import_kind_find(const char *name); /* NULL: none */

/* Add a place; only those that exist are looked at. */
void import_paths_add(struct import_paths *p, const char *fmt, ...)
	PRINTF_LIKE(2, 3);

/* ---- the current file ---- */
struct str import_path(const struct import_run *r); /* as in messages */
struct str import_name(const struct import_run *r); /* its last part, no .gz */
/* Memory until the end of this file; checked by the run, so a NULL from it
 * may simply end the parse function with RC_OK. */
struct arena *import_arena(struct import_run *r);
/* A copy of s until the end of this file; the same bytes again give the same
 * copy, so names of models and tools may be kept for every call. Absent stays
 * absent; absent too when the arena is full. */
struct str import_keep(struct import_run *r, struct str s);
/* Memory until the next import_next_line(), for json_str(). */
struct arena *import_scratch(struct import_run *r);

/* Where something was found: for messages, and to tell what an earlier import
 * has already handed over. */
struct import_at {
	int64_t offset; /* of the first byte; -1: no place, always new */
	int64_t line;   /* from 1; 0: no line */
};
#define IMPORT_NOWHERE ((struct import_at){.offset = -1})

/* The configuration that is in force; NULL in tests. */
const struct conf *import_conf(const struct import_run *r);

/* ---- reading by lines ---- */
struct import_line {
	struct str text; /* without its newline; until the next call */
	struct import_at at;
	bool partial; /* the last one, without a newline */
};
/* The next line that is not empty; false at the end, on a read error, and when
 * the run was interrupted (the run knows which). A line beyond IMPORT_LINE_MAX
 * is skipped and counted. Offsets are of the inflated content. */
bool import_next_line(struct import_run *r, struct import_line *l);
/* The line as JSON, until the next line. NULL: it is not, which the run has
 * counted and said; or it is the unfinished end of a file that is still being
 * written, which the next import will see. */
const struct json *import_line_json(struct import_run *r,
				    const struct import_line *l);
/* JSON inside the line or file, such as a tool's arguments. It has a document
 * of its own, which the next import_json() replaces. NULL with e (which may be
 * NULL): not JSON; nothing is counted. */
const struct json *import_json(struct import_run *r, struct str text,
			       struct err *e);

/* ---- reading whole ---- */
/* All of the file, until its end; false: unreadable or beyond
 * IMPORT_WHOLE_MAX, which the run has said. Not to be mixed with lines. */
bool import_whole(struct import_run *r, struct str *text);
/* The same, with the white space around it: what is not text. */
bool import_bytes(struct import_run *r, struct str *bytes);
/* The same, parsed; NULL with e: not JSON. */
const struct json *import_whole_json(struct import_run *r, struct err *e);

/* ---- handing over ----
 * Nothing here fails as far as a kind is concerned: an event that the batch
 * refuses becomes a dead letter and a message; when the ledger fails the run
 * stops, import_next_line() says false, and further events are dropped.
 *
 * `at` is where the last part of the event was found. In a file that has only
 * grown since the last import, events whose `at` lies before the old end are
 * known to the ledger and dropped here: parse from the start, for context, and
 * hand everything over. */

/* Absent, with the run's team and the kind's sender. */
void import_task_init(struct import_run *r, struct ev_task *t);
/* A number for ev_attempt.task and ev_outcome.task, good until the end of the
 * file. The same ext_id again gives the same number and fills in what was
 * absent. The options --team, --agent and --class win over what the kind says.
 * A task of which nothing is handed over is not recorded. */
uint32_t import_task(struct import_run *r, const struct ev_task *t);

/* ev_attempt_init with the run's source and the kind's rank. */
void import_attempt_init(struct import_run *r, struct ev_attempt *a);
void import_attempt(struct import_run *r, const struct ev_attempt *a,
		    struct import_at at);
void import_outcome(struct import_run *r, const struct ev_outcome *o,
		    struct import_at at);
void import_claim(struct import_run *r, const struct ev_claim *c,
		  struct import_at at);
/* What a kind refuses by itself. */
void import_dead(struct import_run *r, const struct ev_dead *d,
		 struct import_at at);
/* source and origin are filled in when absent. */
void import_trial(struct import_run *r, const struct ev_trial *t,
		  struct import_at at);

/* Count something that is not handed over. `reason` is a literal that reads
 * well after a number: "synthetic messages", "calls without usage". At most 32
 * different reasons. */
void import_skip(struct import_run *r, const char *reason);
/* The same, and say "FILE:LINE: MESSAGE" (the first ones; all are counted). */
void import_bad(struct import_run *r, struct import_at at, const char *reason,
		const char *fmt, ...) PRINTF_LIKE(4, 5);

/* ---- small helpers that several kinds need ---- */
/* A JSON object of those of the n (name, value) pairs whose value is present
 * and at most 256 bytes; absent when none is. For ev_task.attrs. */
struct import_fact {
	const char *name;
	struct str value;
};
struct str import_facts(struct import_run *r, const struct import_fact *f,
			int n);

#endif
