/* The janitor: a child with one blocking connection that does what nobody
 * waits for. Days ahead are made hourly, days that retention has outlived are
 * dropped nightly, each after a random delay and by one janitor at a time,
 * however many machines share the ledger. It holds nothing that must be saved:
 * SIGTERM ends it where it stands. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "gen/sql.h"
#include "ingest/child.h"
#include "ingest/serve_conf.h"
#include "ingest/stats.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/db.h"
#include "ledger/migrate.h"
#include "ledger/partition.h"

#define HOUR_US      (3600 * US_PER_SEC)
#define DELAY_US     (600 * US_PER_SEC) /* at most, at random */
#define AGAIN_MIN_US US_PER_SEC
#define AGAIN_MAX_US (60 * US_PER_SEC)

struct janitor {
	const struct conf *conf;
	struct conf *own; /* the reloaded one that conf points to, or NULL */
	const char *url;
	struct db *db;
	bool lost;        /* and said so */
	int64_t again_us; /* how long to wait before the next try */
	int64_t next_us;  /* monotonic: when there is work */
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
	if (!j->lost)
		log_line(LOG_WARN, "janitor", "the database cannot be used",
			 "err=%s hint=%s", log_quote(e->msg),
			 log_quote(e->hint));
	j->lost = true;
	db_close(j->db);
	j->db = NULL;
	j->again_us =
		j->again_us * 2 > AGAIN_MAX_US ? AGAIN_MAX_US : j->again_us * 2;
	if (j->again_us < AGAIN_MIN_US)
		j->again_us = AGAIN_MIN_US;
	j->next_us = clock_mono_us() + j->again_us + random_us(AGAIN_MIN_US);
}

static enum rc connect_db(struct janitor *j, struct err *e)
{
	enum rc rc = RC_OK;

	if (j->db && !db_broken(j->db))
		return RC_OK;
	db_close(j->db);
	j->db = NULL;
	rc = db_open(&j->db, j->url, "janitor", e);
	if (!rc)
		rc = migrate_check(j->db, e);
	if (!rc && j->lost)
		log_line(LOG_INFO, "janitor", "the database is back", "url=%s",
			 j->conf->database_url[0] ? "configured" : "private");
	if (!rc) {
		j->lost = false;
		j->again_us = 0;
	}
	return rc;
}

/* ---- days ---- */

static enum rc look_after_days(struct janitor *j, struct err *e)
{
	int32_t today = clock_day(clock_now_us());
	int64_t made = 0, dropped = 0;
	enum rc rc =
		partition_ahead(j->db, j->conf->partitions_ahead, &made, e);

	if (!rc && j->retained != today)
		rc = partition_retain(j->db, j->conf->retention_days, &dropped,
				      e);
	if (!rc)
		j->retained = today;
	if (made || dropped)
		log_line(LOG_INFO, "janitor", "days looked after",
			 "made=%lld dropped=%lld", (long long)made,
			 (long long)dropped);
	return rc;
}

/* Another janitor at it is as good as ours. */
static enum rc days(struct janitor *j, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = db_run(j->db, &sql_janitor_try_lock, NULL, &r, NULL, e);
	bool mine = !rc && db_bool(r, 0, 0);

	db_result_free(r);
	if (!mine)
		return rc;
	rc = look_after_days(j, e);
	if (!db_broken(j->db) &&
	    db_run(j->db, &sql_janitor_unlock, NULL, NULL, NULL, NULL) && !rc)
		rc = err_set(e, RC_DOWN, "the janitor's lock is not let go");
	return rc;
}

static void work(struct janitor *j)
{
	struct err e = {"", ""};

	if (connect_db(j, &e) || days(j, &e)) {
		give_up(j, &e);
		return;
	}
	/* A connection is not held for an hour's sleep. */
	db_close(j->db);
	j->db = NULL;
	j->next_us = clock_mono_us() + HOUR_US + random_us(DELAY_US);
}

/* ---- the process ---- */

static void reload(struct janitor *j)
{
	struct err e = {"", ""};
	struct conf *next;
	struct buf kept;

	buf_init(&kept, 4096);
	if (!serve_reload(j->conf, &next, &kept, &e)) {
		serve_conf_free(j->own);
		j->conf = j->own = next;
		serve_log_level(next);
		/* A shorter retention holds from now on. */
		j->retained = 0;
		j->next_us = 0;
	}
	buf_release(&kept);
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
	struct janitor j = {.conf = s->conf, .url = s->url};
	sigset_t hup;

	(void)e;
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	/* One that is ignored is not kept for sigtimedwait() either. */
	sigprocmask(SIG_BLOCK, &hup, NULL);
	signal(SIGHUP, SIG_DFL);
	child_ready(s);
	for (;;) {
		if (clock_mono_us() >= j.next_us)
			work(&j);
		if (sleep_until(&hup, j.next_us))
			reload(&j);
	}
}
