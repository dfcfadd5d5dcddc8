#include "tests/int/budget_help.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ingest/loop.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/budget.h"
#include "tests/int/harness.h"

#define PATIENCE_US INT64_C(60000000)

/* What two processes share. */
struct shared {
	pthread_barrier_t barrier;
	int granted[2][1000];
};

void budget_add(struct db *db, const char *scope, const char *subject,
		const char *period, long long limit_pusd, bool hard)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO budget (scope, subject, period, limit_pusd, hard)"
		 " VALUES ('%s', '%s', '%s', %lld, %s)",
		 scope, subject, period, limit_pusd, hard ? "true" : "false");
	harness_sql(db, sql);
}

struct dead {
	struct db *db;
	int32_t holder;
};

static bool found_dead(void *arg)
{
	struct dead *d = arg;
	struct err e = {0};
	int64_t n;

	ASSERT_OK(budget_reclaim(d->db, d->holder, 0, &n, &e), &e);
	return n > 0;
}

void budget_wait_dead(struct db *db, int32_t holder)
{
	struct dead d = {db, holder};

	poll_until(found_dead, &d, 10000, "a holder to be found dead");
}

/* ---- the world ---- */

void bworld_init(struct bworld *w, const char *name)
{
	pthread_barrierattr_t attr;

	*w = (struct bworld){.url = harness_db(name)};
	w->conf.home = xstrdup(harness_dir());
	w->db = harness_open(w->url);
	w->shared = mmap(NULL, sizeof(*w->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(w->shared != MAP_FAILED);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&w->shared->barrier, &attr, 2);
	pthread_barrierattr_destroy(&attr);
}

static void stop(void *arg)
{
	struct bworld *w = arg;

	loop_stop(w->loop);
}

void bworld_open(struct bworld *w)
{
	w->loop = loop_new();
	w->timer = loop_timer_new(w->loop, stop, w);
	w->b = budgets_open(w->loop, &w->conf, w->url);
}

void bworld_end(struct bworld *w)
{
	if (!w->loop)
		return;
	budgets_close(w->b);
	loop_timer_free(w->timer);
	loop_free(w->loop);
	w->loop = NULL;
}

void bworld_close(struct bworld *w)
{
	bworld_end(w);
	munmap(w->shared, sizeof(*w->shared));
	free(w->conf.home);
}

/* ---- requests ---- */

struct request {
	struct bworld *w;
	struct budget_ticket *t;
};

static void answered(struct bworld *w, enum budget_reply r,
		     struct budget_ticket *t, const struct budget_answer *a)
{
	static char subject[64];

	w->last = *a;
	snprintf(subject, sizeof(subject), "%.*s", STR_ARG(a->subject));
	w->last.subject = str_from(subject);
	if (r == BUDGET_GRANTED) {
		assert_true(w->granted < BW_MAX);
		w->tickets[w->granted++] = t;
	} else {
		w->refused++;
	}
}

static void on_done(void *arg, enum budget_reply r,
		    const struct budget_answer *a)
{
	struct request *q = arg;

	answered(q->w, r, q->t, a);
	loop_stop(q->w->loop);
	free(q);
}

void bworld_ask(struct bworld *w, const char *key, int64_t worst_pusd)
{
	struct budget_subject s = {.key = str_from(key),
				   .team = str_from(w->team)};
	struct request *q = xcalloc(1, sizeof(*q));
	struct budget_answer a;
	enum budget_reply r;

	q->w = w;
	r = budget_reserve(w->b, &s, worst_pusd, on_done, q, &q->t, &a);
	if (r == BUDGET_WAIT)
		return;
	answered(w, r, q->t, &a);
	free(q);
}

int64_t bworld_left(struct bworld *w, const char *key)
{
	struct budget_subject s = {.key = str_from(key)};

	return budget_left(w->b, &s);
}

static void run_once(struct bworld *w, int ms)
{
	loop_timer_set(w->timer, (int64_t)ms * 1000);
	loop_run(w->loop);
	loop_timer_set(w->timer, -1);
}

void bworld_answers(struct bworld *w, int n)
{
	int64_t until_us = clock_mono_us() + PATIENCE_US;

	while (w->granted + w->refused < n) {
		if (clock_mono_us() > until_us)
			fail_msg("%d of %d requests are answered",
				 w->granted + w->refused, n);
		run_once(w, 100);
	}
}

void bworld_run_for(struct bworld *w, int ms)
{
	int64_t until_us = clock_mono_us() + (int64_t)ms * 1000;
	int64_t left;

	while ((left = until_us - clock_mono_us()) > 0)
		run_once(w, (int)(left / 1000) + 1);
}

void bworld_until(struct bworld *w, const char *sql, int64_t want)
{
	int64_t until_us = clock_mono_us() + PATIENCE_US;

	while (harness_sql_i64(w->db, sql) != want) {
		if (clock_mono_us() > until_us)
			fail_msg("%s is not %lld", sql, (long long)want);
		run_once(w, 50);
	}
}

void bworld_until_granted(struct bworld *w, const char *key, int64_t worst)
{
	int64_t until_us = clock_mono_us() + PATIENCE_US;
	int had = w->granted;

	for (;;) {
		int answers = w->granted + w->refused;

		bworld_ask(w, key, worst);
		bworld_answers(w, answers + 1);
		if (w->granted > had)
			return;
		if (clock_mono_us() > until_us)
			fail_msg("%s is never granted %lld", key,
				 (long long)worst);
		bworld_run_for(w, 100);
	}
}

void bworld_until_down(struct bworld *w)
{
	int64_t until_us = clock_mono_us() + PATIENCE_US;
	struct budgets_state s;

	for (;;) {
		budgets_look(w->b, &s);
		if (!s.connected)
			return;
		if (clock_mono_us() > until_us)
			fail_msg("the ledger is away and nobody sees it");
		bworld_run_for(w, 100);
	}
}

void bworld_settle_all(struct bworld *w, int64_t actual_pusd)
{
	for (int i = 0; i < w->granted; i++) {
		budget_settle(w->tickets[i], actual_pusd);
		w->tickets[i] = NULL;
	}
}

/* ---- two processes ---- */

int bworld_strain(struct bworld *w, int process, int rounds, int each,
		  int64_t worst)
{
	char key[24];

	bworld_open(w);
	for (int r = 0; r < rounds; r++) {
		snprintf(key, sizeof(key), "k%d", r);
		w->granted = w->refused = 0;
		pthread_barrier_wait(&w->shared->barrier);
		for (int i = 0; i < each; i++)
			bworld_ask(w, key, worst);
		bworld_answers(w, each);
		w->shared->granted[process][r] = w->granted;
		pthread_barrier_wait(&w->shared->barrier);
		bworld_settle_all(w, worst);
	}
	bworld_end(w);
	return 0;
}

void bworld_shared_check(struct bworld *w, int rounds, int most)
{
	for (int r = 0; r < rounds; r++) {
		int sum = w->shared->granted[0][r] + w->shared->granted[1][r];

		if (sum > most)
			fail_msg("round %d: %d requests were granted", r, sum);
	}
}
