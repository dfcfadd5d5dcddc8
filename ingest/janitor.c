/* The janitor: a child with one blocking connection that does what nobody
 * waits for. Claims that are due are settled, tasks take their place by cost,
 * alerts are raised and told, days ahead are made and the oracle of classes is
 * brought up to date hourly, days that retention has outlived are dropped
 * nightly, each after a random delay and by one janitor at a time, however many
 * machines share the ledger; the router is trained and its versions are brought
 * here (night.h). It holds nothing that must be saved: SIGTERM ends it where it
 * stands. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "gen/sql.h"
#include "ingest/child.h"
#include "ingest/night.h"
#include "ingest/oracle_day.h"
#include "ingest/serve_conf.h"
#include "ingest/stats.h"
#include "ingest/webhook.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/budget.h"
#include "ledger/claim.h"
#include "ledger/db.h"
#include "ledger/ledger.h"
#include "ledger/partition.h"

#define HOUR_US      (3600 * US_PER_SEC)
#define DELAY_US     (600 * US_PER_SEC) /* at most, at random */
#define CLAIMS_US    (20 * US_PER_SEC)
#define ALERTS_US    (30 * US_PER_SEC)
#define ORACLE_LIMIT 100               /* class-days at a time */
#define ORACLE_US    (60 * US_PER_SEC) /* until the next of them */
#define CLAIMS_LIMIT 1000 /* at a time: a reload need not wait for all */
#define SETTLE_US    (20 * US_PER_SEC)
#define SETTLE_LIMIT 5000               /* tasks at a time */
#define QUIET_US     (120 * US_PER_SEC) /* that long nothing of a task */
#define AGAIN_MIN_US US_PER_SEC
#define AGAIN_MAX_US (60 * US_PER_SEC)

struct janitor {
	struct conf conf; /* the ledger reads it between batches */
	bool own;         /* what it points to is ours */
	struct ledger *ledger;
	bool lost;         /* and said so */
	int64_t again_us;  /* how long to wait before the next try */
	int64_t days_us;   /* monotonic: when days are looked after */
	int64_t claims_us; /* when claims are settled */
	int64_t alerts_us; /* when alerts are raised and told */
	int64_t settle_us; /* when tasks get their place by cost */
	struct night night;
	const char *url;
	int32_t retained; /* the day on which retention was looked at */
};

static int64_t random_us(int64_t most)
{
	uint64_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != (ssize_t)sizeof(r))
		r = (uint64_t)clock_mono_us();
	return (int64_t)(r % (uint64_t)most);
}

/* ---- the connection ---- */

static void give_up(struct janitor *j, const struct err *e)
{
	int64_t at;

	if (!j->lost)
		log_line(LOG_WARN, "janitor", "the database cannot be used",
			 "err=%s hint=%s", log_quote(e->msg),
			 log_quote(e->hint));
	j->lost = true;
	j->again_us =
		j->again_us * 2 > AGAIN_MAX_US ? AGAIN_MAX_US : j->again_us * 2;
	if (j->again_us < AGAIN_MIN_US)
		j->again_us = AGAIN_MIN_US;
	at = clock_mono_us() + j->again_us + random_us(AGAIN_MIN_US);
	if (j->days_us < at)
		j->days_us = at;
	j->claims_us = at;
	if (j->alerts_us < at)
		j->alerts_us = at;
	j->settle_us = at;
	j->night.look_us = at;
	night_lost(&j->night);
}

static enum rc connect_db(struct janitor *j, struct err *e)
{
	enum rc rc;

	if (ledger_connected(j->ledger))
		return RC_OK;
	rc = ledger_reconnect(j->ledger, -1, e);
	if (!rc && j->lost)
		log_line(LOG_INFO, "janitor", "the database is back", "pid=%ld",
			 (long)getpid());
	return rc;
}

/* ---- days ---- */

static enum rc look_after_days(struct janitor *j, struct err *e)
{
	struct db *db = ledger_db(j->ledger);
	int32_t today = clock_day(clock_now_us());
	int64_t made = 0, dropped = 0, gone = 0;
	enum rc rc = partition_ahead(db, j->conf.partitions_ahead, &made, e);

	if (!rc && j->retained != today)
		rc = partition_retain(db, j->conf.retention_days, &dropped, e);
	if (!rc)
		rc = budget_purge(db, US_PER_DAY, &gone, e);
	if (!rc)
		j->retained = today;
	if (made || dropped)
		log_line(LOG_INFO, "janitor", "days looked after",
			 "made=%lld dropped=%lld", (long long)made,
			 (long long)dropped);
	return rc;
}

/* What is lately judged is computed anew each hour, and whatever changed. */
static enum rc look_after_oracle(struct janitor *j, int64_t *wait_us,
				 struct err *e)
{
	struct oracle_day_counts n;
	enum rc rc =
		oracle_days(ledger_db(j->ledger), clock_day(clock_now_us()) - 1,
			    ORACLE_LIMIT, &n, e);

	if (n.written || n.dropped)
		log_line(LOG_INFO, "janitor", "oracle of class-days",
			 "written=%lld dropped=%lld", (long long)n.written,
			 (long long)n.dropped);
	*wait_us = n.changed < ORACLE_LIMIT ? HOUR_US : ORACLE_US;
	return rc;
}

/* Another janitor at it is as good as ours. */
static enum rc days(struct janitor *j, struct err *e)
{
	struct db *db = ledger_db(j->ledger);
	struct db_result *r = NULL;
	enum rc rc = db_run(db, &sql_janitor_try_lock, NULL, &r, NULL, e);
	bool mine = !rc && db_bool(r, 0, 0);
	int64_t wait_us = HOUR_US;

	db_result_free(r);
	if (!mine)
		return rc;
	rc = look_after_days(j, e);
	if (!rc)
		rc = look_after_oracle(j, &wait_us, e);
	if (!db_broken(db) &&
	    db_run(db, &sql_janitor_unlock, NULL, NULL, NULL, NULL) && !rc)
		rc = err_set(e, RC_DOWN, "the janitor's lock is not let go");
	if (!rc)
		j->days_us = clock_mono_us() + wait_us + random_us(DELAY_US);
	return rc;
}

/* ---- claims ---- */

static enum rc claims(struct janitor *j, struct err *e)
{
	struct claim_counts n = {0};
	enum rc rc = ledger_refresh(j->ledger, e);

	if (!rc)
		rc = claim_settle(j->ledger, clock_now_us(), CLAIMS_LIMIT, &n,
				  e);
	stat_add(STAT_CLAIMS_BILLED, n.billed);
	stat_add(STAT_CLAIMS_DROPPED, n.dropped);
	stat_add(STAT_CLAIMS_BAD, n.bad);
	if (!rc)
		j->claims_us = clock_mono_us();
	if (!rc && n.billed + n.dropped + n.bad < CLAIMS_LIMIT)
		j->claims_us += CLAIMS_US / 2 + random_us(CLAIMS_US);
	return rc;
}

/* ---- alerts ---- */

static enum rc alerts(struct janitor *j, struct err *e)
{
	struct alert_counts n;
	enum rc rc =
		alerts_look(ledger_db(j->ledger), &j->conf, TIME_NONE, &n, e);

	if (n.raised || n.delivered)
		log_line(LOG_INFO, "janitor", "alerts",
			 "raised=%lld delivered=%lld", (long long)n.raised,
			 (long long)n.delivered);
	if (!rc)
		j->alerts_us =
			clock_mono_us() + ALERTS_US / 2 + random_us(ALERTS_US);
	return rc;
}

/* ---- tasks by cost ---- */

static enum rc settle(struct janitor *j, struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	int64_t n = 0;
	enum rc rc;

	db_args_init(&a, 1024);
	db_arg_time(&a, clock_now_us() - QUIET_US);
	db_arg_i64(&a, SETTLE_LIMIT);
	rc = db_run(ledger_db(j->ledger), &sql_janitor_settle_tasks, &a, &r,
		    NULL, e);
	if (!rc)
		n = db_i64(r, 0, 0);
	db_result_free(r);
	db_args_release(&a);
	if (!rc) {
		j->settle_us = clock_mono_us();
		if (n < SETTLE_LIMIT)
			j->settle_us += SETTLE_US / 2 + random_us(SETTLE_US);
	}
	return rc;
}

static void work(struct janitor *j)
{
	struct err e = {"", ""};
	enum rc rc = connect_db(j, &e);

	if (!rc && clock_mono_us() >= j->days_us)
		rc = days(j, &e);
	if (!rc && clock_mono_us() >= j->claims_us)
		rc = claims(j, &e);
	if (!rc && clock_mono_us() >= j->alerts_us)
		rc = alerts(j, &e);
	if (!rc && clock_mono_us() >= j->settle_us)
		rc = settle(j, &e);
	if (!rc && clock_mono_us() >= night_next(&j->night))
		rc = night_work(&j->night, &j->conf, ledger_db(j->ledger),
				j->url, &e);
	if (rc) {
		give_up(j, &e);
		return;
	}
	j->lost = false;
	j->again_us = 0;
}

/* ---- the process ---- */

static void reload(struct janitor *j)
{
	struct err e = {"", ""};
	struct conf *next;
	struct buf kept;

	buf_init(&kept, 4096);
	if (!serve_reload(&j->conf, &next, &kept, &e)) {
		if (j->own)
			conf_release(&j->conf);
		j->conf = *next;
		j->own = true;
		free(next);
		serve_log_level(&j->conf);
		/* A shorter retention holds from now on. */
		j->retained = 0;
		j->days_us = 0;
		j->alerts_us = 0;
	}
	buf_release(&kept);
}

static int64_t next_us(const struct janitor *j)
{
	int64_t next = j->days_us < j->claims_us ? j->days_us : j->claims_us;

	next = next < j->alerts_us ? next : j->alerts_us;
	next = next < j->settle_us ? next : j->settle_us;
	return night_next(&j->night) < next ? night_next(&j->night) : next;
}

/* True: a SIGHUP came before `until_us`. */
static bool sleep_until(const sigset_t *hup, int64_t until_us)
{
	int64_t us = until_us - clock_mono_us();
	struct timespec t = {.tv_sec = us / US_PER_SEC,
			     .tv_nsec = us % US_PER_SEC * 1000};

	return us > 0 && sigtimedwait(hup, NULL, &t) == SIGHUP;
}

enum rc janitor_main(const struct child_start *s, struct err *e)
{
	struct janitor j = {.conf = *s->conf};
	sigset_t hup;

	(void)e;
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	/* One that is ignored is not kept for sigtimedwait() either. */
	sigprocmask(SIG_BLOCK, &hup, NULL);
	signal(SIGHUP, SIG_DFL);
	j.ledger = ledger_new(&j.conf, s->url);
	j.url = s->url;
	night_init(&j.night);
	child_ready(s);
	for (;;) {
		int64_t next = next_us(&j);

		if (clock_mono_us() >= next)
			work(&j);
		else if (sleep_until(&hup, next))
			reload(&j);
	}
}
