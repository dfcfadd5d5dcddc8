/* The driver's side of importing: what `aco import`, the tests and the fuzzers
 * use, and what the parts of the framework (import_run.c, import_read.c,
 * import_walk.c) share. Kinds need import.h only. */
#ifndef ACO_IMPORT_RUN_H
#define ACO_IMPORT_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/import.h"
#include "ledger/base/progress.h"

#define IMPORT_REASONS_MAX  32
#define IMPORT_MESSAGES_MAX 20 /* said on standard error; all are counted */

struct conf;
struct import_opts {
	struct str team;       /* --team, else the configuration's; or absent */
	struct str agent;      /* --agent, or absent */
	struct str class_name; /* --class, or absent */
	bool quiet;            /* no messages about lines */
	bool refeature;        /* read unchanged files too */
	int64_t batch_rows;    /* rows of one transaction */
	size_t batch_bytes;    /* 0: 64 MiB */
	const struct conf *conf; /* borrowed; NULL: the defaults */
};

struct import_reason {
	const char *text;
	int64_t n;
};

struct import_totals {
	int64_t files_read, files_unchanged, files_failed;
	int64_t bytes;    /* of content read, inflated */
	int64_t attempts; /* handed over by the kind and taken */
	int64_t outcomes, trials, tasks;
	int64_t known;    /* dropped: an earlier import handed them over */
	int64_t dead;     /* refused by the batch */
	int64_t messages; /* about lines; not all were printed */
	struct import_reason reasons[IMPORT_REASONS_MAX];
	int n_reasons;
};

/* Commit the batch; the caller clears it. */
typedef enum rc import_flush_fn(void *arg, const struct batch *b,
				struct err *e);
/* Sees every event that the batch took, before it is flushed: for tests. The
 * task is the one that the event belongs to (NULL for trials). */
typedef void import_watch_fn(void *arg, const struct ev_task *t,
			     const struct ev_attempt *a,
			     const struct ev_outcome *o,
			     const struct ev_trial *trial);

/* flush NULL: nothing is committed (--dry-run). */
struct import_run *import_run_new(const struct import_opts *o,
				  import_flush_fn *flush, void *arg);
void import_run_free(struct import_run *r);
void import_run_watch(struct import_run *r, import_watch_fn *watch, void *arg);
/* Draw progress on `p` (borrowed), whose total is in bytes of files. */
void import_run_progress(struct import_run *r, struct progress *p);
/* Ask for a stop at the next opportunity; safe in a signal handler. */
void import_run_stop(struct import_run *r);
bool import_run_stopped(const struct import_run *r);
/* Whether a cursor may be written: false for standard input and --dry-run. */
const struct import_totals *import_run_totals(const struct import_run *r);

/* What an earlier import left about a file. */
void import_run_known(struct import_run *r, const struct ev_cursor *c);

/* Import one file, "-" being standard input. RC_OK also when the file failed
 * or was unchanged (counted); RC_BAD, RC_DOWN, RC_BUG: the ledger failed and
 * the run is over; RC_BUSY: interrupted. */
enum rc import_run_file(struct import_run *r, const struct import_kind *k,
			const char *path, struct err *e) MUST_CHECK;
/* The same for content in memory, which is named `path`. */
enum rc import_run_text(struct import_run *r, const struct import_kind *k,
			const char *path, struct str text,
			struct err *e) MUST_CHECK;
/* Commit what is left. */
enum rc import_run_finish(struct import_run *r, struct err *e) MUST_CHECK;

/* ---- import_walk.c ---- */
struct import_item {
	char *path; /* absolute and without symbolic links; "-" */
	int64_t size;
};
struct import_paths {
	struct import_item *v;
	size_t n, cap;
};
void import_paths_release(struct import_paths *p);
/* Append the files that `path` stands for: itself, or those of a folder that
 * the kind matches, recursively and sorted. Each file once, however many links
 * lead to it. RC_BAD: not there or not readable. */
enum rc import_walk(struct import_paths *out, const struct import_kind *k,
		    const char *path, struct err *e) MUST_CHECK;
/* Sort and drop what was named twice. */
void import_paths_sort(struct import_paths *p);

/* ---- import_read.c ---- */
struct import_reader;
/* RC_BAD: cannot be opened. Text is borrowed. */
enum rc import_reader_open(struct import_reader **out, const char *path,
			   struct err *e) MUST_CHECK;
struct import_reader *import_reader_text(struct str text);
void import_reader_close(struct import_reader *rd);
int64_t import_reader_size(const struct import_reader *rd); /* at opening */
int64_t import_reader_mtime_us(const struct import_reader *rd);
int64_t import_reader_raw(const struct import_reader *rd); /* read, deflated */
enum import_read {
	READ_LINE,
	READ_LONG,
	READ_END,
	READ_FAILED
};
/* READ_LONG: a line beyond the limit was passed over; `at` says where. */
enum import_read import_reader_line(struct import_reader *rd,
				    struct import_line *l);
/* `raw`: as it is; else without white space around it and byte order mark. */
enum rc import_reader_whole(struct import_reader *rd, bool raw,
			    struct str *text, struct err *e) MUST_CHECK;
const char *import_reader_error(const struct import_reader *rd);
/* Where the last line that was given out ended, or, after import_reader_keep,
 * began: the next import sees that line again. */
void import_reader_keep(struct import_reader *rd);
int64_t import_reader_done(const struct import_reader *rd);
struct uuid import_reader_hash(struct import_reader *rd); /* up to there */
/* Whether the first `bytes` of the content still have this hash. Reads them;
 * to be asked of a reader of its own. */
bool import_reader_begins(struct import_reader *rd, int64_t bytes,
			  struct uuid hash);

#endif
