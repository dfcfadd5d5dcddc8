/* The framework behind import.h: the current file, the batch, the counts. A
 * failure of the ledger is sticky in r->rc and ends reading; everything that
 * concerns one line or one event is counted and goes on. */
#include "ingest/import_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

#define BATCH_BYTES ((size_t)64 << 20)
#define SCRATCH_MAX ((size_t)256 << 20)
#define LINE_NODES  ((size_t)2 << 20) /* JSON values in one line */
#define WHOLE_NODES ((size_t)16 << 20)

struct import_run *import_run_new(const struct import_opts *o,
				  import_flush_fn *flush, void *arg)
{
	struct import_run *r = xcalloc(1, sizeof(*r));

	r->o = *o;
	r->flush = flush;
	r->flush_arg = arg;
	if (r->o.batch_rows <= 0)
		r->o.batch_rows = 10000;
	if (!r->o.batch_bytes)
		r->o.batch_bytes = BATCH_BYTES;
	r->batch = batch_new(r->o.batch_bytes);
	arena_init(&r->known_arena, IMPORT_ARENA_MAX);
	arena_init(&r->arena, IMPORT_ARENA_MAX);
	arena_init(&r->scratch, SCRATCH_MAX);
	json_doc_init(&r->doc, LINE_NODES);
	json_doc_init(&r->inner, WHOLE_NODES);
	return r;
}

void import_run_free(struct import_run *r)
{
	if (!r)
		return;
	batch_free(r->batch);
	import_map_release(&r->known_by_path);
	import_map_release(&r->task_by_name);
	import_map_release(&r->kept);
	free(r->kept_strs);
	free(r->tasks);
	free(r->known);
	arena_release(&r->known_arena);
	arena_release(&r->arena);
	arena_release(&r->scratch);
	json_doc_release(&r->doc);
	json_doc_release(&r->inner);
	free(r);
}

void import_run_watch(struct import_run *r, import_watch_fn *watch, void *arg)
{
	r->watch = watch;
	r->watch_arg = arg;
}

void import_run_progress(struct import_run *r, struct progress *p)
{
	r->progress = p;
}

void import_run_stop(struct import_run *r)
{
	r->stop = 1;
}

bool import_run_stopped(const struct import_run *r)
{
	return r->stop != 0;
}

const struct import_totals *import_run_totals(const struct import_run *r)
{
	return &r->totals;
}

static struct uuid path_name(const char *kind, const char *path)
{
	return ev_key("file", str_from(kind), str_from(path));
}

void import_run_known(struct import_run *r, const struct ev_cursor *c)
{
	struct ev_cursor copy = *c;
	bool added;
	int64_t *at;

	copy.kind = arena_str(&r->known_arena, c->kind);
	copy.path = arena_str(&r->known_arena, c->path);
	if (!arena_ok(&r->known_arena))
		return; /* that file is read again: no harm */
	at = import_map_put(&r->known_by_path,
			    path_name(copy.kind.p, copy.path.p),
			    (int64_t)r->n_known, &added);
	if (!added) {
		r->known[*at] = copy;
		return;
	}
	xgrow(&r->known, &r->cap_known, r->n_known + 1, sizeof(*r->known));
	r->known[r->n_known++] = copy;
}

/* ---- messages and counts ---- */

void import_say(struct import_run *r, const char *fmt, ...)
{
	va_list ap;

	r->totals.messages++;
	if (r->o.quiet || r->totals.messages > IMPORT_MESSAGES_MAX + 1)
		return;
	if (r->progress)
		progress_clear(r->progress);
	if (r->totals.messages == IMPORT_MESSAGES_MAX + 1) {
		fputs("aco: further messages about lines are only counted\n",
		      stderr);
		return;
	}
	fputs("aco: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void import_skip(struct import_run *r, const char *reason)
{
	struct import_totals *t = &r->totals;

	for (int i = 0; i < t->n_reasons; i++) {
		if (!strcmp(t->reasons[i].text, reason)) {
			t->reasons[i].n++;
			return;
		}
	}
	if (t->n_reasons == IMPORT_REASONS_MAX)
		BUG("too many reasons to skip");
	t->reasons[t->n_reasons++] = (struct import_reason){reason, 1};
}

const char *import_where(struct import_run *r, struct import_at at)
{
	if (!at.line)
		return r->path;
	snprintf(r->where, sizeof(r->where), "%s:%lld", r->path,
		 (long long)at.line);
	return r->where;
}

void import_bad(struct import_run *r, struct import_at at, const char *reason,
		const char *fmt, ...)
{
	char text[512];
	va_list ap;

	import_skip(r, reason);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	import_say(r, "%s: %s", import_where(r, at), text);
}

/* ---- the current file, as the kinds see it ---- */

struct str import_path(const struct import_run *r)
{
	return str_from(r->path);
}

struct str import_name(const struct import_run *r)
{
	const char *slash = strrchr(r->path, '/');
	struct str s = str_from(slash ? slash + 1 : r->path);

	if (str_ends(s, ".gz"))
		s.len -= 3;
	return s;
}

struct arena *import_arena(struct import_run *r)
{
	return &r->arena;
}

struct arena *import_scratch(struct import_run *r)
{
	return &r->scratch;
}

/* Not a secure hash: the string itself is compared, and one that has the hash
 * of another is simply copied again. */
static struct uuid quick_name(struct str s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325), n = s.len;
	struct uuid u;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	memcpy(u.b, &n, sizeof(n));
	memcpy(u.b + 8, &h, sizeof(h));
	return u;
}

struct str import_keep(struct import_run *r, struct str s)
{
	bool added;
	int64_t *at;

	if (!s.p)
		return s;
	at = import_map_put(&r->kept, quick_name(s), (int64_t)r->n_kept,
			    &added);
	if (!added && str_eq(r->kept_strs[*at], s))
		return r->kept_strs[*at];
	if (!added)
		return arena_str(&r->arena, s);
	xgrow(&r->kept_strs, &r->cap_kept, r->n_kept + 1,
	      sizeof(*r->kept_strs));
	r->kept_strs[r->n_kept] = arena_str(&r->arena, s);
	return r->kept_strs[r->n_kept++];
}

static void draw_progress(struct import_run *r)
{
	if (r->progress)
		progress_update(r->progress,
				r->progress_done + import_reader_raw(r->rd),
				r->totals.attempts + r->totals.trials +
					r->totals.outcomes);
}

bool import_next_line(struct import_run *r, struct import_line *l)
{
	for (;;) {
		enum import_read got;

		arena_clear(&r->scratch);
		if (r->rc || r->stop || !arena_ok(&r->arena))
			return false;
		got = import_reader_line(r->rd, l);
		if (r->progress && (l->at.line & 255) == 0)
			draw_progress(r);
		if (got == READ_LINE) {
			r->partial = l->partial;
			return true;
		}
		r->read_failed = got == READ_FAILED;
		if (got != READ_LONG)
			return false;
		import_bad(r, l->at, "lines that are too long",
			   "line of more than %zu MiB", IMPORT_LINE_MAX >> 20);
	}
}

const struct json *import_line_json(struct import_run *r,
				    const struct import_line *l)
{
	struct err e;

	r->doc.max = LINE_NODES;
	if (json_parse(&r->doc, l->text, &e) == RC_OK) {
		r->partial = false;
		return r->doc.nodes;
	}
	if (l->partial)
		import_skip(r, "unfinished last lines");
	else
		import_bad(r, l->at, "lines that are not JSON", "%s", e.msg);
	return NULL;
}

const struct json *import_json(struct import_run *r, struct str text,
			       struct err *e)
{
	struct err mine;

	if (json_parse(&r->inner, text, e ? e : &mine))
		return NULL;
	return r->inner.nodes;
}

static enum rc read_whole(struct import_run *r, bool raw, struct str *text,
			  struct err *e)
{
	enum rc rc = import_reader_whole(r->rd, raw, text, e);

	/* A changed document is handed over whole. */
	r->known_bytes = 0;
	r->read_failed = rc != RC_OK;
	return rc;
}

static bool whole(struct import_run *r, bool raw, struct str *text)
{
	struct err e;

	*text = STR_NONE;
	if (read_whole(r, raw, text, &e) == RC_OK)
		return true;
	import_say(r, "%s: %s", r->path, e.msg);
	return false;
}

bool import_whole(struct import_run *r, struct str *text)
{
	return whole(r, false, text);
}

bool import_bytes(struct import_run *r, struct str *bytes)
{
	return whole(r, true, bytes);
}

const struct json *import_whole_json(struct import_run *r, struct err *e)
{
	struct str text;

	r->doc.max = WHOLE_NODES;
	if (read_whole(r, false, &text, e) || json_parse(&r->doc, text, e))
		return NULL;
	return r->doc.nodes;
}

/* ---- a file from beginning to end ---- */

static void file_begin(struct import_run *r, const struct import_kind *k,
		       const char *path, struct import_reader *rd)
{
	r->kind = k;
	r->path = path;
	r->rd = rd;
	r->n_tasks = 0;
	r->n_kept = 0;
	r->known_bytes = 0;
	r->partial = false;
	r->read_failed = false;
	import_map_clear(&r->task_by_name);
	import_map_clear(&r->kept);
	snprintf(r->source, sizeof(r->source), "import:%s", k->name);
}

static void file_end(struct import_run *r)
{
	if (r->rd)
		r->progress_done += import_reader_size(r->rd);
	import_reader_close(r->rd);
	r->rd = NULL;
	arena_clear(&r->arena);
	arena_clear(&r->scratch);
}

static void put_cursor(struct import_run *r)
{
	struct ev_cursor c = {
		.kind = str_from(r->kind->name),
		.path = str_from(r->path),
		.size = import_reader_size(r->rd),
		.mtime_us = import_reader_mtime_us(r->rd),
	};
	struct err e;
	enum rc rc;

	if (!r->flush || c.mtime_us == TIME_NONE)
		return;
	if (r->partial)
		import_reader_keep(r->rd);
	c.done_bytes = import_reader_done(r->rd);
	c.done_hash = import_reader_hash(r->rd);
	rc = batch_cursor(r->batch, &c, &e);
	if (rc == RC_BUSY && !import_flush(r))
		rc = batch_cursor(r->batch, &c, &e);
	r->cursors += rc == RC_OK;
	if (rc && !r->rc)
		import_say(r, "%s: read again next time: %s", r->path, e.msg);
	import_flush_if_large(r);
}

/* Parse the file that file_begin() has set up, and judge how it went. */
static void parse_file(struct import_run *r)
{
	struct err e;
	enum rc rc = r->kind->parse(r, &e);

	r->totals.bytes += import_reader_done(r->rd);
	if (r->rc || r->stop)
		return;
	if (rc) {
		import_say(r, "%s: %s", r->path, e.msg);
	} else if (r->read_failed) {
		if (*import_reader_error(r->rd))
			import_say(r, "%s: %s", r->path,
				   import_reader_error(r->rd));
	} else if (!arena_ok(&r->arena)) {
		import_say(r, "%s: needs too much memory", r->path);
	} else {
		r->totals.files_read++;
		put_cursor(r);
		return;
	}
	r->totals.files_failed++;
}

/* What an earlier import left to do of the file that is open. */
enum todo {
	TODO_NOTHING,
	TODO_REST,
	TODO_ALL
};
static enum todo compare(struct import_run *r)
{
	int64_t *at = import_map_get(&r->known_by_path,
				     path_name(r->kind->name, r->path));
	const struct ev_cursor *c = at ? &r->known[*at] : NULL;
	struct import_reader *again;
	bool same;

	if (!c || r->o.refeature || import_reader_mtime_us(r->rd) == TIME_NONE)
		return TODO_ALL;
	if (c->size == import_reader_size(r->rd) &&
	    c->mtime_us == import_reader_mtime_us(r->rd))
		return TODO_NOTHING;
	if (c->done_bytes <= 0 ||
	    import_reader_open(&again, r->path, NULL) != RC_OK)
		return TODO_ALL;
	same = import_reader_begins(again, c->done_bytes, c->done_hash);
	import_reader_close(again);
	r->known_bytes = same ? c->done_bytes : 0;
	return same ? TODO_REST : TODO_ALL;
}

static enum rc verdict(struct import_run *r, struct err *e)
{
	if (r->rc) {
		if (e)
			*e = r->err;
		return r->rc;
	}
	return r->stop ? err_set(e, RC_BUSY, "interrupted") : RC_OK;
}

enum rc import_run_file(struct import_run *r, const struct import_kind *k,
			const char *path, struct err *e)
{
	struct import_reader *rd;

	if (r->rc || r->stop)
		return verdict(r, e);
	if (import_reader_open(&rd, path, e)) {
		if (r->stop)
			return verdict(r, e);
		import_say(r, "%s", e->msg);
		r->totals.files_failed++;
		return RC_OK;
	}
	file_begin(r, k, path, rd);
	if (compare(r) == TODO_NOTHING)
		r->totals.files_unchanged++;
	else
		parse_file(r);
	draw_progress(r);
	file_end(r);
	return verdict(r, e);
}

enum rc import_run_text(struct import_run *r, const struct import_kind *k,
			const char *path, struct str text, struct err *e)
{
	if (r->rc || r->stop)
		return verdict(r, e);
	file_begin(r, k, path, import_reader_text(text));
	parse_file(r);
	file_end(r);
	return verdict(r, e);
}

enum rc import_run_finish(struct import_run *r, struct err *e)
{
	enum rc rc = import_flush(r);

	if (rc && e)
		*e = r->err;
	return rc;
}
