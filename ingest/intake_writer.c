/* The writer thread: it owns the ledger's connection and may wait for it.
 *
 * Nothing that it fails to write is lost: a batch stays where it is until it
 * is committed, or goes to the spool, and a record of the spool stays there.
 * After each failure it waits, longer each time until something succeeds. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "ingest/intake_int.h"
#include "ingest/stats.h"
#include "ledger/base/clock.h"
#include "ledger/base/conf.h"
#include "ledger/base/log.h"
#include "ledger/ledger.h"

#define BACK_OFF_MIN_MS 50
#define BACK_OFF_MAX_MS 5000
#define REFRESH_US      (60 * US_PER_SEC)
#define TRIM_US         (4 * US_PER_SEC)
#define SAY_AGAIN_US    (60 * US_PER_SEC)
/* A statement that takes longer than this is given up, with its connection;
 * each time later, in case that it is just so slow. */
#define ANSWER_US     (30 * US_PER_SEC)
#define ANSWER_MAX_US (960 * US_PER_SEC)
/* A connection that lived so long was a good one. */
#define GOOD_US (30 * US_PER_SEC)
/* Of the time, live batches get at most so many times what replays get. */
#define LIVE_SHARE 3
/* A record that makes our own statements fail so often is at fault itself. */
#define BUGS_MAX 3

struct writer {
	struct intake *in;
	struct ledger *ledger;
	struct conf conf; /* what the ledger reads of it */
	int64_t back_off_ms;
	int64_t answer_us;
	int64_t connected_us; /* since when */
	int64_t refresh_us;   /* when prices are looked at again */
	int64_t trim_us;      /* when to give memory back; 0: not */
	uint64_t random;

	/* the last failure that was said */
	char said[sizeof(((struct err *)0)->msg)];
	int64_t said_us;

	/* time since the last replay, and what that took */
	int64_t live_us, replay_us;
	int bugs; /* of the record that is being replayed */

	/* the append in flight */
	bool done;
	enum rc rc;
	struct err err;
	struct ledger_counts counts;
};

static bool stopped(struct writer *w)
{
	bool stop;

	pthread_mutex_lock(&w->in->mu);
	stop = w->in->stop;
	pthread_mutex_unlock(&w->in->mu);
	return stop;
}

/* ---- waiting ---- */

/* Until the ledger's connection has something, the writer is woken or told to
 * stop, or the time is over. True: the connection had something. */
static bool await(struct writer *w, int64_t us)
{
	struct pollfd p[3] = {
		{.fd = w->in->stop_fd, .events = POLLIN},
		{.fd = w->in->wake_fd, .events = POLLIN},
		{.fd = ledger_connected(w->ledger) ? ledger_fd(w->ledger) : -1,
		 .events = ledger_want(w->ledger)}};
	eventfd_t n;

	if (us < 0)
		us = 0;
	if (poll(p, 3, (int)((us + 999) / 1000)) <= 0)
		return false;
	if (p[1].revents)
		(void)eventfd_read(w->in->wake_fd, &n);
	if (!p[2].revents)
		return false;
	ledger_io(w->ledger, p[2].revents);
	return true;
}

/* Not in step with other writers: they lost the same server. */
static uint64_t jitter(struct writer *w, uint64_t below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random % below;
}

static void back_off(struct writer *w)
{
	int64_t half = w->back_off_ms / 2;
	int64_t ms = half + (int64_t)jitter(w, (uint64_t)half);
	struct pollfd p = {.fd = w->in->stop_fd, .events = POLLIN};

	(void)poll(&p, 1, (int)ms);
	w->back_off_ms *= 2;
	if (w->back_off_ms > BACK_OFF_MAX_MS)
		w->back_off_ms = BACK_OFF_MAX_MS;
}

/* ---- failure and success ---- */

static void say(struct writer *w, enum rc rc, const struct err *e)
{
	int64_t now = clock_mono_us();
	bool ours = rc == RC_BUG || rc == RC_BAD;

	if (!strcmp(w->said, e->msg) && now < w->said_us + SAY_AGAIN_US)
		return;
	memcpy(w->said, e->msg, sizeof(w->said));
	w->said_us = now;
	log_line(ours ? LOG_ERROR : LOG_WARN, "intake",
		 "the ledger cannot be written", "reason=%s hint=%s",
		 log_quote(e->msg), log_quote(e->hint));
}

/* The connection is gone: what waits for it goes to the spool. */
static void lost(struct writer *w)
{
	struct intake *in = w->in;

	pthread_mutex_lock(&in->mu);
	in->connected = false;
	works_to_spool(in);
	pthread_mutex_unlock(&in->mu);
	stat_set(STAT_G_DB_UP, 0);
	loop_post(in->inbox);
	if (clock_mono_us() - w->connected_us > GOOD_US)
		w->back_off_ms = BACK_OFF_MIN_MS;
}

/* Something failed that a retry may mend, or that is nobody's batch's fault. */
static void trouble(struct writer *w, enum rc rc, const struct err *e)
{
	stat_add(STAT_DB_ERRORS, 1);
	say(w, rc, e);
	if (rc == RC_BUG || rc == RC_BAD || rc == RC_DENIED) {
		/* Not mended soon: nobody shall wait for it. */
		w->back_off_ms = BACK_OFF_MAX_MS;
		pthread_mutex_lock(&w->in->mu);
		works_to_spool(w->in);
		pthread_mutex_unlock(&w->in->mu);
	}
	if (!ledger_connected(w->ledger))
		lost(w);
	back_off(w);
}

static void count(const struct writer *w)
{
	const struct ledger_counts *c = &w->counts;

	stat_add(STAT_ROWS_NEW, c->attempts_new);
	stat_add(STAT_ROWS_MERGED, c->attempts_merged);
	stat_add(STAT_ROWS_SAME, c->attempts_same);
	stat_add(STAT_UNPRICED, c->unpriced);
	stat_add(STAT_COST_PUSD, c->cost_new_pusd);
	stat_add(STAT_DEAD, c->dead);
}

static void went_well(struct writer *w)
{
	if (w->said[0]) {
		w->said[0] = '\0';
		log_line(LOG_INFO, "intake", "the ledger takes rows again",
			 "%s", "");
	}
	w->back_off_ms = BACK_OFF_MIN_MS;
	w->answer_us = ANSWER_US;
	count(w);
}

/* ---- the connection ---- */

static void connect_ledger(struct writer *w)
{
	struct intake *in = w->in;
	struct err e = {0};
	enum rc rc = ledger_reconnect(w->ledger, in->stop_fd, &e);

	if (rc != RC_OK) {
		if (!stopped(w))
			trouble(w, rc, &e);
		return;
	}
	w->connected_us = clock_mono_us();
	w->refresh_us = w->connected_us + REFRESH_US;
	pthread_mutex_lock(&in->mu);
	in->connected = true;
	/* With a spool, a record of it tries whether rows are taken. */
	if (in->spool_empty && !in->to_spool.head)
		in->away = false;
	pthread_cond_signal(&in->spool_cond);
	pthread_mutex_unlock(&in->mu);
	stat_set(STAT_G_DB_UP, 1);
	loop_post(in->inbox);
	log_line(LOG_INFO, "intake", "connected to the ledger", "worker=%d",
		 in->worker);
}

static void refresh(struct writer *w)
{
	struct err e = {0};
	enum rc rc = ledger_refresh(w->ledger, &e);

	w->refresh_us = clock_mono_us() + REFRESH_US;
	if (rc != RC_OK && !stopped(w))
		trouble(w, rc, &e);
}

/* ---- one append ---- */

static void on_done(void *arg, enum rc rc, const struct err *e,
		    const struct ledger_counts *counts)
{
	struct writer *w = arg;

	w->done = true;
	w->rc = rc;
	w->err = *e;
	w->counts = *counts;
}

static enum rc append(struct writer *w, const struct batch *b)
{
	int64_t heard = clock_mono_us();
	enum rc rc;

	w->done = false;
	rc = ledger_append(w->ledger, b, on_done, w, &w->err);
	if (rc != RC_OK)
		return rc;
	while (!w->done) {
		int64_t left = heard + w->answer_us - clock_mono_us();

		if (left <= 0 || stopped(w)) {
			/* Nothing is known of it: the next connection tells. */
			ledger_cut(w->ledger);
			if (left <= 0 && w->answer_us < ANSWER_MAX_US)
				w->answer_us *= 2;
			return err_set(&w->err, RC_DOWN,
				       left <= 0 ? "the database has not "
						   "answered in time"
						 : "stopped");
		}
		if (await(w, left < US_PER_SEC ? left : US_PER_SEC))
			heard = clock_mono_us();
	}
	return w->rc;
}

/* ---- live batches ---- */

/* Let go of the batch that was being written. */
static void release(struct writer *w, struct work *k)
{
	struct intake *in = w->in;
	bool last;

	pthread_mutex_lock(&in->mu);
	last = false;
	/* Told to stop before it was safe: intake_free() finds it there. */
	if (k->state != WORK_WRITING) {
		in->writing = NULL;
		last = work_drop(in, k);
	}
	pthread_mutex_unlock(&in->mu);
	if (last)
		work_free(k);
	loop_post(in->inbox);
}

static void committed(struct writer *w, struct work *k)
{
	struct intake *in = w->in;

	went_well(w);
	stat_add(STAT_BATCHES, 1);
	stat_set(STAT_G_LAG, clock_mono_us() - k->first_us);
	pthread_mutex_lock(&in->mu);
	in->away = false;
	if (k->state == WORK_WRITING)
		work_set(in, k, WORK_SAFE);
	else
		k->committed = true;
	pthread_mutex_unlock(&in->mu);
}

/* Whether the batch still waits for us. */
static bool ours(struct writer *w, const struct work *k)
{
	bool yes;

	pthread_mutex_lock(&w->in->mu);
	yes = k->state == WORK_WRITING && !w->in->stop;
	pthread_mutex_unlock(&w->in->mu);
	return yes;
}

static void write_live(struct writer *w, struct work *k)
{
	int64_t from = clock_mono_us();
	enum rc rc = RC_DOWN;

	while (rc != RC_OK && ours(w, k)) {
		rc = append(w, k->batch);
		if (rc == RC_OK) {
			committed(w, k);
		} else if (rc == RC_BAD) {
			/* Replayed, it comes to pieces of which the good ones
			 * are taken. */
			say(w, rc, &w->err);
			stat_add(STAT_DB_ERRORS, 1);
			pthread_mutex_lock(&w->in->mu);
			if (k->state == WORK_WRITING)
				work_set(w->in, k, WORK_SPOOLING);
			pthread_mutex_unlock(&w->in->mu);
		} else if (!stopped(w)) {
			trouble(w, rc, &w->err);
		}
	}
	w->live_us += clock_mono_us() - from;
	release(w, k);
}

/* ---- replay ---- */

static void replayed(struct writer *w, enum replay_state how)
{
	struct intake *in = w->in;

	w->bugs = 0;
	pthread_mutex_lock(&in->mu);
	in->replay.state = how;
	if (how == REPLAY_COMMITTED)
		in->away = false;
	else
		in->replay.err = w->err;
	pthread_cond_signal(&in->spool_cond);
	pthread_mutex_unlock(&in->mu);
	loop_post(in->inbox);
}

static void write_replay(struct writer *w, const struct batch *b, bool letter)
{
	int64_t from = clock_mono_us();
	enum rc rc = append(w, b);

	if (rc == RC_OK) {
		went_well(w);
		replayed(w, REPLAY_COMMITTED);
	} else if (!letter &&
		   (rc == RC_BAD || (rc == RC_BUG && ++w->bugs >= BUGS_MAX))) {
		say(w, rc, &w->err);
		stat_add(STAT_DB_ERRORS, 1);
		replayed(w, REPLAY_REFUSED);
	} else if (!stopped(w)) {
		trouble(w, rc, &w->err);
	}
	w->replay_us = clock_mono_us() - from;
	w->live_us = 0;
}

/* ---- what next ---- */

struct job {
	struct work *live;
	const struct batch *replay; /* or this */
	bool letter;
	bool refresh;
};

static struct job next_job(struct writer *w)
{
	struct intake *in = w->in;
	struct job j = {0};
	bool ready, post = false;

	pthread_mutex_lock(&in->mu);
	w->conf.retention_days = in->retention_days;
	j.refresh = in->refresh;
	in->refresh = false;
	ready = in->replay.state == REPLAY_READY && !in->hold_replay;
	if (in->live.head &&
	    !(ready && w->live_us >= LIVE_SHARE * w->replay_us)) {
		j.live = in->writing = in->live.head;
		j.live->holds++;
		work_set(in, j.live, WORK_WRITING);
	} else if (ready) {
		j.replay = in->replay.batch;
		j.letter = in->replay.letter;
	} else if (in->away && in->spool_empty && !in->to_spool.head &&
		   in->replay.state == REPLAY_NONE) {
		/* Nothing to try the ledger with but what comes next. */
		in->away = false;
		post = true;
	}
	pthread_mutex_unlock(&in->mu);
	if (post)
		loop_post(in->inbox);
	return j;
}

/* Nothing to do: until something comes, or the connection breaks. */
static void rest(struct writer *w)
{
	int64_t now = clock_mono_us();
	int64_t until = w->refresh_us;

	if (w->trim_us && now >= w->trim_us) {
		ledger_trim(w->ledger);
		w->trim_us = 0;
	}
	if (w->trim_us && w->trim_us < until)
		until = w->trim_us;
	await(w, until - now);
	if (!ledger_connected(w->ledger))
		lost(w);
}

static void work_once(struct writer *w)
{
	struct job j;

	if (!ledger_connected(w->ledger)) {
		connect_ledger(w);
		return;
	}
	j = next_job(w);
	if (j.refresh || clock_mono_us() >= w->refresh_us)
		refresh(w);
	if (j.live)
		write_live(w, j.live);
	else if (j.replay)
		write_replay(w, j.replay, j.letter);
	else
		rest(w);
	if (j.live || j.replay)
		w->trim_us = clock_mono_us() + TRIM_US;
}

void *writer_main(void *arg)
{
	struct intake *in = arg;
	struct writer w = {.in = in,
			   .back_off_ms = BACK_OFF_MIN_MS,
			   .answer_us = ANSWER_US,
			   .random = (uint64_t)clock_now_us() * 2654435761u +
				     (uint64_t)in->worker + 1};

	w.ledger = ledger_new(&w.conf, in->url);
	while (!stopped(&w))
		work_once(&w);
	ledger_close(w.ledger);
	return NULL;
}
