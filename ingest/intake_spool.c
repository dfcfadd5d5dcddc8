/* The spooler thread: it owns the spool. It writes what the ledger cannot
 * take, with one fsync for all that wait, and reads it back, record by record,
 * for the writer to replay. Writing comes first: someone waits for it. */
#include <malloc.h>
#include <stdlib.h>
#include <time.h>

#include "ingest/intake_int.h"
#include "ingest/stats.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/event_json.h"
#include "ledger/spool.h"

/* How long a spool is left alone that cannot be read. */
#define RETRY_US (5 * US_PER_SEC)
/* How often to look whether memory can be given back. */
#define TRIM_SECONDS 5
#define KEEP_BYTES   ((size_t)1 << 20)
/* Records that are replayed in one transaction: each has its price, and after
 * an outage there are many. */
#define REPLAY_BYTES ((size_t)2 << 20)

struct spooler {
	struct intake *in;
	struct buf text;
	struct work **taken; /* what is being written */
	size_t n_taken, cap_taken;
	struct record *record; /* what is being replayed */
	int64_t retry_us;      /* the spool cannot be read until then */
	uint64_t made;         /* in->made at the last look */
	bool trimmed;
};

/* ---- writing ---- */

static void say_failed(const struct err *e)
{
	log_line(LOG_ERROR, "spool", "batches cannot be spooled",
		 "reason=%s hint=%s", log_quote(e->msg), log_quote(e->hint));
}

static enum rc put(struct spooler *s, struct work *w)
{
	int64_t waited = clock_mono_us() - w->first_us;
	enum rc rc;

	buf_clear(&s->text);
	event_json_batch(&s->text, w->batch);
	if (!buf_ok(&s->text))
		return err_set(&w->err, RC_BUSY, "the batch is too large");
	rc = spool_put(s->in->spool,
		       (struct str){buf_str(&s->text), s->text.len},
		       clock_now_us() - waited, &w->err);
	if (rc != RC_OK)
		say_failed(&w->err);
	return rc;
}

/* What waits now; more may come while it is written. */
static void take(struct spooler *s)
{
	s->n_taken = 0;
	for (struct work *w = s->in->to_spool.head; w; w = w->next) {
		xgrow(&s->taken, &s->cap_taken, s->n_taken + 1,
		      sizeof(struct work *));
		s->taken[s->n_taken++] = w;
	}
}

static void write_taken(struct spooler *s)
{
	struct err e = {0};
	size_t n = 0;
	enum rc rc;

	for (size_t i = 0; i < s->n_taken; i++) {
		struct work *w = s->taken[i];

		w->rc = put(s, w);
		n += w->rc == RC_OK;
	}
	rc = n ? spool_sync(s->in->spool, &e) : RC_OK;
	if (rc == RC_OK)
		return;
	say_failed(&e);
	for (size_t i = 0; i < s->n_taken; i++) {
		if (s->taken[i]->rc != RC_OK)
			continue;
		s->taken[i]->rc = rc;
		s->taken[i]->err = e;
	}
}

/* With mu held, as is whatever follows the writing; not while it writes. */
static void spool_all(struct spooler *s)
{
	struct intake *in = s->in;
	bool ok = true;

	take(s);
	in->spool_busy = true;
	pthread_mutex_unlock(&in->mu);
	write_taken(s);
	pthread_mutex_lock(&in->mu);
	for (size_t i = 0; i < s->n_taken; i++) {
		struct work *w = s->taken[i];

		if (w->rc == RC_OK) {
			stat_add(STAT_BATCHES_SPOOLED, 1);
			in->spool_empty = false;
		} else {
			ok = false;
		}
		if (w->committed)
			w->rc = RC_OK;
		work_set(in, w, w->rc == RC_OK ? WORK_SAFE : WORK_FAILED);
	}
	in->spool_ok = ok;
	in->spool_busy = false;
	loop_post(in->inbox);
	intake_wake_writer(in);
}

/* ---- reading ---- */

/* Give the writer a batch; NULL: the record is done with. */
static void offer(struct spooler *s, struct batch *b, bool letter)
{
	struct replay *r = &s->in->replay;

	r->state = b ? REPLAY_READY : REPLAY_NONE;
	r->batch = b;
	r->letter = letter;
	if (b)
		intake_wake_writer(s->in);
}

static void unreadable(struct spooler *s, const struct err *e)
{
	s->retry_us = clock_mono_us() + RETRY_US;
	log_line(LOG_ERROR, "spool", "the spool cannot be read", "reason=%s",
		 log_quote(e->msg));
}

/* mu is let go while files are read. */
static void load(struct spooler *s)
{
	struct intake *in = s->in;
	struct str text = STR_NONE;
	struct batch *b = NULL;
	struct err e = {0};
	int64_t at;
	enum rc rc;

	pthread_mutex_unlock(&in->mu);
	rc = spool_get(in->spool, REPLAY_BYTES, &text, &at, &e);
	if (rc != RC_OK)
		unreadable(s, &e);
	else if (text.p)
		b = record_read(s->record, text);
	pthread_mutex_lock(&in->mu);
	if (!b) {
		/* Or as good as empty: there is nothing to replay. */
		in->spool_empty = true;
		intake_wake_writer(in);
	}
	offer(s, b, false);
}

static void finish_record(struct spooler *s)
{
	struct err e = {0};

	record_clear(s->record);
	stat_add(STAT_REPLAYED, 1);
	if (spool_done(s->in->spool, &e) != RC_OK)
		unreadable(s, &e);
}

/* The writer said what became of the batch. */
static void settle(struct spooler *s)
{
	struct intake *in = s->in;
	bool refused = in->replay.state == REPLAY_REFUSED, letter = false;
	struct err why = in->replay.err;
	struct batch *b;

	pthread_mutex_unlock(&in->mu);
	b = refused ? record_refused(s->record, &why, &letter)
		    : record_next(s->record, &letter);
	if (!b)
		finish_record(s);
	pthread_mutex_lock(&in->mu);
	offer(s, b, letter);
}

static bool readable(const struct spooler *s)
{
	const struct intake *in = s->in;

	return in->connected && !in->spool_empty && !in->hold_replay &&
	       in->replay.state == REPLAY_NONE &&
	       clock_mono_us() >= s->retry_us;
}

/* ---- the thread ---- */

/* A while without work: what a burst took goes back. */
static void trim(struct spooler *s)
{
	struct intake *in = s->in;
	bool quiet = !in->works && s->made == in->made &&
		     in->replay.state == REPLAY_NONE;

	s->made = in->made;
	if (!quiet) {
		s->trimmed = false;
		return;
	}
	if (s->trimmed)
		return;
	s->trimmed = true;
	pthread_mutex_unlock(&in->mu);
	if (s->text.cap > KEEP_BYTES)
		buf_release(&s->text);
	malloc_trim(0);
	pthread_mutex_lock(&in->mu);
}

static void rest(struct spooler *s)
{
	struct intake *in = s->in;
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += TRIM_SECONDS;
	if (pthread_cond_timedwait(&in->spool_cond, &in->mu, &t) == 0)
		return;
	trim(s);
	/* What could not be read is tried again. */
	if (s->retry_us && clock_mono_us() >= s->retry_us) {
		s->retry_us = 0;
		in->spool_empty = false;
	}
}

void *spooler_main(void *arg)
{
	struct intake *in = arg;
	struct spooler s = {.in = in, .record = record_new()};

	buf_init(&s.text, SPOOL_RECORD_MAX);
	pthread_mutex_lock(&in->mu);
	while (!in->stop || in->to_spool.head) {
		enum replay_state r = in->replay.state;

		if (in->to_spool.head)
			spool_all(&s);
		else if (r == REPLAY_COMMITTED || r == REPLAY_REFUSED)
			settle(&s);
		else if (readable(&s))
			load(&s);
		else
			rest(&s);
	}
	pthread_mutex_unlock(&in->mu);
	free(s.taken);
	buf_release(&s.text);
	record_free(s.record);
	return NULL;
}
