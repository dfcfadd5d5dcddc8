/* What the files of the framework share; nobody else includes this. */
#ifndef ACO_IMPORT_INSIDE_H
#define ACO_IMPORT_INSIDE_H

#include <signal.h>

#include "ingest/import_map.h"
#include "ingest/import_run.h"

/* A task of the current file. The batch forgets its tasks when it is flushed;
 * `flushes` says whether `index` still holds. */
struct task_slot {
	struct ev_task t;
	uint64_t flushes;
	uint32_t index;
	bool counted;
};

struct import_run {
	struct import_opts o;
	import_flush_fn *flush;
	void *flush_arg;
	import_watch_fn *watch;
	void *watch_arg;
	struct progress *progress;
	int64_t progress_done; /* bytes of the files before this one */

	struct batch *batch;
	uint64_t flushes;
	int64_t cursors; /* in the batch, which does not count them as rows */
	enum rc rc;      /* why the run is over; RC_OK while it is not */
	struct err err;
	volatile sig_atomic_t stop;
	struct import_totals totals;
	struct ev_cursor *known;
	size_t n_known, cap_known;
	struct arena known_arena;
	struct import_map known_by_path;

	/* the current file */
	const struct import_kind *kind;
	const char *path;
	struct import_reader *rd;
	struct arena arena, scratch;
	struct json_doc doc, inner;
	struct task_slot *tasks;
	size_t n_tasks, cap_tasks;
	struct import_map task_by_name, kept;
	struct str *kept_strs;
	size_t n_kept, cap_kept;
	int64_t known_bytes; /* events before this offset are known */
	bool partial;        /* the line given out last is unfinished */
	bool read_failed;
	char source[64];
	char where[4200]; /* "FILE:LINE" */
};

/* "aco: ..." on standard error, for the first IMPORT_MESSAGES_MAX; counted. */
void import_say(struct import_run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "FILE:LINE", until the next call. */
const char *import_where(struct import_run *r, struct import_at at);
/* Commit the batch and clear it; the failure of the ledger ends the run. */
enum rc import_flush(struct import_run *r);
void import_flush_if_large(struct import_run *r);

#endif
