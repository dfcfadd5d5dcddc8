/* The loop's side: when a batch is cut, where it goes, who hears of it. */
#include "ingest/intake.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ingest/intake_int.h"
#include "ingest/journal.h"
#include "ingest/stats.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/conf.h"
#include "ledger/base/log.h"
#include "ledger/daemon.h"
#include "ledger/spool.h"

/* A batch of large events is cut here, though it has few rows. */
#define CUT_BYTES     ((size_t)8 << 20)
#define SEGMENT_BYTES (INT64_C(64) << 20)
#define TICK_US       US_PER_SEC
#define JOURNAL_BYTES ((size_t)8 << 20)
/* How long a batch lingers for which nobody waits: replies were answered when
 * they were in the journal. Transactions cost as much as some hundred rows, so
 * that few of them leave the machine to the calls. */
#define REPLY_LINGER_US INT64_C(100000)

static void step(struct intake *in);

/* ---- what collects ---- */

/* Whether whoever takes batches has nothing to do. While it is busy, events
 * collect: fewer and larger transactions. */
static bool idle(struct intake *in)
{
	bool yes;

	pthread_mutex_lock(&in->mu);
	yes = in->away ? !in->to_spool.head && !in->spool_busy
		       : !in->live.head && !in->writing;
	pthread_mutex_unlock(&in->mu);
	return yes;
}

static bool empty(const struct batch *b)
{
	return batch_rows(b) == 0 && b->n_tasks == 0;
}

void intake_hand_over(struct intake *in)
{
	struct work *w = in->open;
	bool nothing;

	if (!w)
		return;
	in->open = NULL;
	nothing = empty(w->batch);
	w->bytes = work_memory(w);
	atomic_fetch_add(&in->queue_bytes, w->bytes);
	pthread_mutex_lock(&in->mu);
	in->works++;
	in->made++;
	if (nothing) /* all was refused: there is nothing to wait for */
		work_set(in, w, WORK_SAFE);
	else
		work_set(in, w, in->away ? WORK_SPOOLING : WORK_QUEUED);
	pthread_mutex_unlock(&in->mu);
	if (nothing)
		loop_post(in->inbox);
	else
		intake_wake_writer(in);
}

struct work *intake_room(struct intake *in)
{
	struct work *w = in->open;

	if (in->closed)
		return NULL;
	if (w && ((int64_t)batch_rows(w->batch) >= in->batch_rows ||
		  w->bytes >= CUT_BYTES))
		intake_hand_over(in);
	w = in->open;
	if (w)
		w->bytes = work_memory(w);
	if (atomic_load(&in->queue_bytes) + (w ? w->bytes : 0) >= in->queue_max)
		return NULL;
	if (!w) {
		w = in->open = work_new(++in->serial);
		w->first_us = clock_mono_us();
	}
	return w;
}

/* ---- time ---- */

static void arm_at(struct intake *in, int64_t at_us)
{
	int64_t in_us;

	if (at_us >= in->armed_us)
		return;
	in_us = at_us - clock_mono_us();
	in->armed_us = at_us;
	loop_timer_set(in->timer, in_us > 0 ? in_us : 0);
}

/* When the open batch is to be handed over. */
static int64_t open_until(const struct intake *in)
{
	const struct work *w = in->open;

	if (in->draining)
		return 0;
	return w->first_us + (w->awaited || in->linger_us > REPLY_LINGER_US
				      ? in->linger_us
				      : REPLY_LINGER_US);
}

void intake_arm(struct intake *in)
{
	arm_at(in, open_until(in));
}

void intake_arm_awaited(struct intake *in)
{
	in->open->awaited = true;
	intake_arm(in);
}

/* When the oldest batch that is not safe had its first event; INT64_MAX. */
static int64_t oldest(struct intake *in, bool spooling)
{
	int64_t us = INT64_MAX;

	if (in->live.head)
		us = in->live.head->first_us;
	if (in->writing && in->writing->state == WORK_WRITING &&
	    in->writing->first_us < us)
		us = in->writing->first_us;
	if (spooling && in->to_spool.head && in->to_spool.head->first_us < us)
		us = in->to_spool.head->first_us;
	return us;
}

/* Who has waited too long, or must not wait any longer, goes to the spool. */
static void lose_patience(struct intake *in, int64_t now)
{
	int64_t first;

	pthread_mutex_lock(&in->mu);
	first = oldest(in, false);
	if (first != INT64_MAX &&
	    (now - first >= in->patience_us ||
	     (in->draining && now >= in->drain_spool_us))) {
		if (!in->away)
			log_line(LOG_WARN, "intake",
				 "the database is slow, batches are spooled",
				 "waited_ms=%lld",
				 (long long)((now - first) / 1000));
		works_to_spool(in);
		first = INT64_MAX;
	}
	pthread_mutex_unlock(&in->mu);
	if (first != INT64_MAX)
		arm_at(in, first + in->patience_us);
}

static void set_gauges(struct intake *in)
{
	struct intake_state s;

	intake_look(in, &s);
	stat_set(STAT_G_QUEUE, (int64_t)s.queue_bytes);
	stat_set(STAT_G_QUEUE_AGE, s.oldest_us);
	stat_set(STAT_G_SPOOL, s.spool_bytes);
	stat_set(STAT_G_SPOOL_AGE, s.spool_oldest_us);
	stat_set(STAT_G_DB_UP, s.connected);
}

/* ---- answers ---- */

static void answer(struct intake *in)
{
	struct work *list, *next;

	pthread_mutex_lock(&in->mu);
	list = in->ended.head;
	in->ended.head = NULL;
	pthread_mutex_unlock(&in->mu);
	for (; list; list = next) {
		bool last;

		next = list->next;
		tickets_answer(list);
		pthread_mutex_lock(&in->mu);
		last = work_drop(in, list);
		pthread_mutex_unlock(&in->mu);
		if (last)
			work_free(list);
	}
}

static void end_drain(struct intake *in)
{
	void (*drained)(void *) = in->drained;

	in->closed = true;
	in->drained = NULL;
	if (drained)
		drained(in->drained_arg);
}

static bool nothing_left(struct intake *in)
{
	bool none;

	pthread_mutex_lock(&in->mu);
	none = !in->works && !in->ended.head;
	pthread_mutex_unlock(&in->mu);
	return none && !in->open;
}

static void drain_on(struct intake *in, int64_t now)
{
	if (nothing_left(in) || now >= in->drain_until_us)
		end_drain(in);
	else if (now < in->drain_spool_us)
		arm_at(in, in->drain_spool_us);
	else
		arm_at(in, in->drain_until_us);
}

/* After anything happened: what is due is done. */
static void step(struct intake *in)
{
	int64_t now = clock_mono_us(), due;

	answer(in);
	due = in->open ? open_until(in) : 0;
	if (in->open && (in->draining || (now >= due && idle(in))))
		intake_hand_over(in);
	else if (in->open && now < due)
		arm_at(in, due);
	lose_patience(in, now);
	if (now >= in->tick_us) {
		in->tick_us = now + TICK_US;
		set_gauges(in);
	}
	arm_at(in, in->tick_us);
	if (in->draining && in->drained)
		drain_on(in, now);
}

static void on_inbox(void *arg)
{
	step(arg);
}

static void on_timer(void *arg)
{
	struct intake *in = arg;

	in->armed_us = INT64_MAX;
	step(in);
}

/* ---- opening and closing ---- */

/* What a process that was killed had told its clients. */
static enum rc on_found(void *arg, struct str record, struct err *e)
{
	struct intake *in = arg;

	return record.p ? spool_put(in->spool, record, clock_now_us(), e)
			: spool_sync(in->spool, e);
}

static enum rc open_spool(struct intake *in, const struct conf *conf,
			  struct err *e)
{
	char *all = daemon_spool(conf);
	char *dir = xasprintf("%s/%d", all, in->worker);
	enum rc rc = spool_open(&in->spool, dir, conf->spool_bytes,
				conf->spool_bytes / 4 < SEGMENT_BYTES
					? conf->spool_bytes / 4
					: SEGMENT_BYTES,
				e);

	if (rc == RC_OK)
		rc = journal_open(&in->journal, dir, JOURNAL_BYTES, on_found,
				  in, e);
	if (rc != RC_OK) {
		err_prefix(e, "spool %s", dir);
		rc = RC_BAD;
	}
	free(dir);
	free(all);
	return rc;
}

static int make_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		BUG("no descriptor left for the intake");
	return fd;
}

/* Signals are the loop's: the threads take none. */
static void start_threads(struct intake *in)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&in->writer, NULL, writer_main, in) ||
	    pthread_create(&in->spooler, NULL, spooler_main, in))
		BUG("a thread cannot be made");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	in->threads = true;
}

enum rc intake_open(struct intake **out, struct loop *loop,
		    const struct conf *conf, const char *url, int worker,
		    struct err *e)
{
	struct intake *in = xcalloc(1, sizeof(*in));
	struct spool_state spooled;
	enum rc rc;

	in->loop = loop;
	in->worker = worker;
	in->wake_fd = in->stop_fd = -1;
	buf_init(&in->lines, 0);
	ticket_pool_init(&in->spare);
	pthread_mutex_init(&in->mu, NULL);
	pthread_cond_init(&in->spool_cond, NULL);
	if ((rc = open_spool(in, conf, e))) {
		intake_free(in);
		return rc;
	}
	in->url = xstrdup(url);
	in->queue_max = (size_t)conf->queue_bytes;
	in->away = true; /* until the first connection */
	spool_look(in->spool, &spooled);
	in->spool_empty = spooled.records == 0;
	in->spool_ok = true;
	in->armed_us = INT64_MAX;
	in->wake_fd = make_eventfd();
	in->stop_fd = make_eventfd();
	in->inbox = loop_inbox_new(loop, on_inbox, in);
	in->timer = loop_timer_new(loop, on_timer, in);
	intake_reload(in, conf);
	start_threads(in);
	arm_at(in, 0);
	*out = in;
	return RC_OK;
}

void intake_reload(struct intake *in, const struct conf *conf)
{
	in->linger_us = conf->linger_ms * 1000;
	in->patience_us = conf->patience_ms * 1000;
	in->batch_rows = conf->batch_rows;
	pthread_mutex_lock(&in->mu);
	in->retention_days = conf->retention_days;
	in->refresh = true;
	pthread_mutex_unlock(&in->mu);
	intake_wake_writer(in);
}

void intake_drain(struct intake *in, int64_t until_us, void (*done)(void *arg),
		  void *arg)
{
	int64_t now = clock_mono_us();

	in->draining = true;
	in->drain_until_us = until_us;
	/* The last quarter of the time is for the spool. */
	in->drain_spool_us =
		until_us > now ? now + (until_us - now) / 4 * 3 : now;
	in->drained = done;
	in->drained_arg = arg;
	pthread_mutex_lock(&in->mu);
	in->hold_replay = true;
	pthread_mutex_unlock(&in->mu);
	/* Not from within: the caller may not be ready to be called. */
	loop_post(in->inbox);
}

/* The writer may sit in a look-up of a host's name, which nothing ends. Then
 * it keeps what it stands on; the process ends soon. */
static bool join_threads(struct intake *in)
{
	struct timespec t;

	pthread_mutex_lock(&in->mu);
	in->stop = true;
	pthread_cond_signal(&in->spool_cond);
	pthread_mutex_unlock(&in->mu);
	if (eventfd_write(in->stop_fd, 1))
		BUG("an eventfd that cannot be written");
	pthread_join(in->spooler, NULL);
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 2;
	return pthread_timedjoin_np(in->writer, NULL, &t) == 0;
}

static void free_works(struct work *w)
{
	while (w) {
		struct work *next = w->next;

		work_free(w);
		w = next;
	}
}

void intake_free(struct intake *in)
{
	if (!in)
		return;
	in->closed = true;
	if (in->threads && !join_threads(in)) {
		log_line(LOG_WARN, "intake", "the writer does not stop", "%s",
			 "");
		tickets_end(in);
		loop_timer_free(in->timer);
		journal_close(in->journal);
		spool_close(in->spool);
		return;
	}
	if (in->threads)
		answer(in); /* what became safe at the last moment */
	tickets_end(in);
	work_free(in->writing);
	free_works(in->live.head);
	free_works(in->to_spool.head);
	work_free(in->open);
	loop_timer_free(in->timer);
	loop_inbox_free(in->inbox);
	journal_close(in->journal);
	spool_close(in->spool);
	if (in->wake_fd >= 0)
		close(in->wake_fd);
	if (in->stop_fd >= 0)
		close(in->stop_fd);
	pthread_cond_destroy(&in->spool_cond);
	pthread_mutex_destroy(&in->mu);
	pool_release(&in->spare);
	buf_release(&in->lines);
	free(in->url);
	free(in);
}

void intake_wake_writer(struct intake *in)
{
	if (eventfd_write(in->wake_fd, 1) && errno != EAGAIN)
		BUG("an eventfd that cannot be written");
}

void intake_look(const struct intake *cin, struct intake_state *out)
{
	struct intake *in = (struct intake *)(uintptr_t)cin;
	struct spool_state s = {.oldest_us = TIME_NONE};
	int64_t first, now = clock_mono_us();

	pthread_mutex_lock(&in->mu);
	first = oldest(in, true);
	out->connected = in->connected;
	out->spool_ok = in->spool_ok;
	pthread_mutex_unlock(&in->mu);
	spool_look(in->spool, &s);
	if (in->open && in->open->first_us < first)
		first = in->open->first_us;
	out->queue_bytes = atomic_load(&in->queue_bytes) +
			   (in->open ? work_memory(in->open) : 0);
	out->oldest_us = first == INT64_MAX ? 0 : now - first;
	out->spool_bytes = s.bytes;
	out->spool_oldest_us =
		s.oldest_us == TIME_NONE ? 0 : clock_now_us() - s.oldest_us;
}
