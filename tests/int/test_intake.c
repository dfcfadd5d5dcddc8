/* Acknowledged means safe: with the database there, away, slow, read-only,
 * restarting, and out of its mind. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ingest/stats.h"
#include "ledger/base/alloc.h"
#include "ledger/spool.h"
#include "tests/int/harness.h"
#include "tests/int/intake_help.h"
#include "tests/int/ledger_help.h"

static struct world w;
static struct client c;

static int64_t stat_of(enum stats_id s)
{
	return __atomic_load_n(&stats_self->v[s], __ATOMIC_RELAXED);
}

static int setup(void **state)
{
	(void)state;
	memset(stats_self, 0, sizeof(*stats_self));
	world_init(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_release(&w); /* answers what is left */
	client_release(&c);
	return 0;
}

static void server_down(void)
{
	db_close(w.db);
	w.db = NULL;
	harness_stop();
}

static void server_up(void)
{
	harness_start();
	w.db = harness_open(w.url);
}

static bool connected(void *arg)
{
	return world_look(arg).connected;
}

static void wait_connected(void)
{
	world_run(&w, connected, &w, 20000, "a connection");
}

static bool some(void *arg)
{
	return *(int *)arg > 0;
}

/* ---- the database is well ---- */

static void acknowledged_is_in_the_ledger(void **state)
{
	struct ticket *t;

	(void)state;
	w.conf.patience_ms = 60000; /* however slow the machine is */
	world_open(&w);
	wait_connected();
	client_init(&c, &w, "plain", 300, 10, 16);
	client_finish(&c);
	client_check(&c); /* with nothing settled: it is committed */
	assert_int_equal(stat_of(STAT_ROWS_NEW), 3000);
	assert_int_equal(stat_of(STAT_BATCHES_SPOOLED), 0);
	assert_true(stat_of(STAT_BATCHES) > 0);
	assert_int_equal(stats_self->ack.count, 300);
	/* A request without events is answered at once. */
	t = intake_begin(w.in);
	assert_non_null(t);
	c.n_acked = 0;
	ticket_cancel(t);
	world_settle(&w);
}

static void a_ticket_across_several_batches(void **state)
{
	(void)state;
	w.conf.batch_rows = 7;
	w.conf.patience_ms = 60000;
	world_open(&w);
	wait_connected();
	client_init(&c, &w, "long", 5, 100, 3);
	client_finish(&c);
	client_check(&c);
	assert_true(stat_of(STAT_BATCHES) >= 70);
}

static void nothing_done(void *arg, enum rc rc, const struct err *e)
{
	(void)e;
	assert_int_equal(rc, RC_OK);
	*(int *)arg += 1;
}

static void refused_events_do_not_hold_a_ticket(void **state)
{
	struct ev_task t = {.sender = STR("test"), .ext_id = STR("x")};
	struct ev_attempt a = call(0, "name");
	struct err e = {0};
	struct ticket *k;
	int done = 0;

	(void)state;
	world_open(&w);
	wait_connected();
	k = intake_begin(w.in);
	ticket_commit(k, nothing_done, &done);
	assert_int_equal(done, 1);
	k = intake_begin(w.in);
	t.sender = STR_NONE;
	assert_int_equal(
		ticket_sink(k)->attempt(ticket_sink(k)->arg, &t, &a, &e),
		RC_BAD);
	ticket_commit(k, nothing_done, &done);
	done = 0;
	world_run(&w, some, &done, 2000, "the answer");
	/* Nobody waits any more: the events are recorded all the same. */
	k = intake_begin(w.in);
	t.sender = STR("test");
	assert_int_equal(
		ticket_sink(k)->attempt(ticket_sink(k)->arg, &t, &a, &e),
		RC_OK);
	ticket_cancel(k);
	world_settle(&w);
	assert_int_equal(harness_sql_i64(w.db, "SELECT count(*) FROM attempt"),
			 1);
	client_init(&c, &w, "none", 1, 1, 1);
}

static void prices_are_seen_by_a_running_daemon(void **state)
{
	(void)state;
	w.conf.patience_ms = 60000;
	world_open(&w);
	wait_connected();
	client_init(&c, &w, "before", 1, 1, 1);
	c.model = "exotic-1";
	client_finish(&c);
	client_release(&c);
	assert_int_equal(stat_of(STAT_UNPRICED), 1);
	harness_sql(w.db, "INSERT INTO price (source, provider, model, mode,"
			  " input_fusd, output_fusd, cache_read_fusd,"
			  " cache_write_5m_fusd, cache_write_1h_fusd) VALUES"
			  " ('test', 'anthropic', 'exotic-1', 'chat',"
			  "  1000, 2000, 100, 100, 100)");
	intake_reload(w.in, &w.conf);
	client_init(&c, &w, "after", 1, 1, 1);
	c.model = "exotic-1";
	client_finish(&c);
	client_check(&c);
	assert_int_equal(stat_of(STAT_UNPRICED), 1);
}

/* ---- it is away ---- */

static void away_from_the_start(void **state)
{
	(void)state;
	server_down();
	world_open(&w);
	client_init(&c, &w, "away", 200, 10, 16);
	client_finish(&c);
	assert_true(world_look(&w).spool_bytes > 0);
	assert_false(world_look(&w).connected);
	server_up();
	world_settle(&w);
	client_check(&c);
	assert_int_equal(stat_of(STAT_BATCHES), 0);
	assert_int_equal(stat_of(STAT_ROWS_NEW), 2000);
}

static bool half(void *arg)
{
	struct client *k = arg;

	client_pump(k);
	return k->n_acked >= k->total / 2;
}

static void stopped_in_the_middle(void **state)
{
	(void)state;
	world_open(&w);
	wait_connected();
	client_init(&c, &w, "stop", 2000, 10, 16);
	world_run(&w, half, &c, 60000, "half of the tickets");
	server_down();
	client_finish(&c);
	assert_true(stat_of(STAT_BATCHES_SPOOLED) > 0);
	server_up();
	world_settle(&w);
	client_check(&c);
}

static void killed_in_the_middle(void **state)
{
	(void)state;
	world_open(&w);
	wait_connected();
	client_init(&c, &w, "kill", 2000, 10, 16);
	world_run(&w, half, &c, 60000, "half of the tickets");
	db_close(w.db);
	w.db = NULL;
	harness_kill();
	server_up();
	client_finish(&c);
	world_settle(&w);
	client_check(&c);
}

struct killer {
	atomic_bool stop;
	int killed;
	struct db *db;
};

static void *kill_backends(void *arg)
{
	struct killer *k = arg;

	while (!k->stop) {
		struct timespec t = {0, 60000000};

		nanosleep(&t, NULL);
		k->killed += (int)harness_sql_i64(
			k->db, "SELECT count(pg_terminate_backend(pid)) FROM"
			       " pg_stat_activity WHERE"
			       " application_name = 'aco writer'");
	}
	return NULL;
}

static void connections_that_are_killed(void **state)
{
	struct killer k = {.db = harness_open(w.url)};
	pthread_t t;

	(void)state;
	world_open(&w);
	wait_connected();
	client_init(&c, &w, "cut", 3000, 10, 16);
	assert_int_equal(pthread_create(&t, NULL, kill_backends, &k), 0);
	client_finish(&c);
	world_run_for(&w, 500);
	k.stop = true;
	pthread_join(t, NULL);
	assert_true(k.killed > 2);
	world_settle(&w);
	client_check(&c);
	db_close(k.db);
}

/* ---- it is slow, or unwilling ---- */

static void slow_goes_to_the_spool(void **state)
{
	(void)state;
	world_open(&w);
	wait_connected();
	harness_sql(w.db, "BEGIN; LOCK TABLE task");
	client_init(&c, &w, "slow", 50, 10, 16);
	client_finish(&c); /* while the table is locked */
	assert_true(world_look(&w).connected);
	assert_true(stat_of(STAT_BATCHES_SPOOLED) > 0);
	harness_sql(w.db, "ROLLBACK");
	world_settle(&w);
	client_check(&c);
	/* What was both in flight and spooled is there once. */
	assert_int_equal(stat_of(STAT_ROWS_NEW), 500);
	assert_true(stat_of(STAT_ROWS_SAME) > 0);
	/* And the ledger is asked first again. */
	client_release(&c);
	stat_set(STAT_BATCHES, 0);
	client_init(&c, &w, "quick", 50, 10, 16);
	client_finish(&c);
	assert_true(stat_of(STAT_BATCHES) > 0);
}

static void a_frozen_backend(void **state)
{
	pid_t pid;

	(void)state;
	world_open(&w);
	wait_connected();
	pid = (pid_t)harness_sql_i64(w.db, "SELECT pid FROM pg_stat_activity"
					   " WHERE application_name ="
					   " 'aco writer'");
	assert_int_equal(kill(pid, SIGSTOP), 0);
	client_init(&c, &w, "ice", 50, 10, 16);
	client_finish(&c);
	assert_true(stat_of(STAT_BATCHES_SPOOLED) > 0);
	assert_int_equal(kill(pid, SIGCONT), 0);
	world_settle(&w);
	client_check(&c);
}

static void read_only_and_back(void **state)
{
	(void)state;
	world_open(&w);
	wait_connected();
	harness_sql(w.db, "ALTER DATABASE intake SET"
			  " default_transaction_read_only = on");
	harness_sql(w.db, "SELECT pg_terminate_backend(pid) FROM"
			  " pg_stat_activity WHERE"
			  " application_name = 'aco writer'");
	client_init(&c, &w, "ro", 50, 10, 16);
	client_finish(&c);
	wait_connected();
	world_run_for(&w, 300);
	assert_true(world_look(&w).spool_bytes > 0);
	assert_true(stat_of(STAT_DB_ERRORS) > 0);
	harness_sql(w.db, "SET default_transaction_read_only = off;"
			  "ALTER DATABASE intake RESET"
			  " default_transaction_read_only");
	harness_sql(w.db, "SELECT pg_terminate_backend(pid) FROM"
			  " pg_stat_activity WHERE"
			  " application_name = 'aco writer'");
	world_settle(&w);
	client_check(&c);
}

/* Our statements and the schema disagree: nothing is lost, nothing spins. */
static void a_schema_that_went_wrong(void **state)
{
	(void)state;
	world_open(&w);
	wait_connected();
	harness_sql(w.db, "ALTER TABLE attempt_key RENAME TO gone");
	client_init(&c, &w, "bug", 20, 10, 4);
	client_finish(&c);
	world_run_for(&w, 500);
	assert_true(stat_of(STAT_DB_ERRORS) < 5);
	assert_true(world_look(&w).spool_bytes > 0);
	harness_sql(w.db, "ALTER TABLE gone RENAME TO attempt_key");
	world_settle(&w);
	client_check(&c);
	assert_int_equal(
		harness_sql_i64(w.db, "SELECT count(*) FROM dead_letter"), 0);
}

/* ---- limits ---- */

static void a_full_spool_is_said(void **state)
{
	(void)state;
	w.conf.spool_bytes = 1 << 20;
	server_down();
	world_open(&w);
	client_init(&c, &w, "full", 500, 20, 4);
	c.give_up = true;
	client_finish(&c);
	assert_true(c.n_acked > 0);
	assert_true(c.n_refused > 0);
	assert_int_equal(c.n_acked + c.n_refused, 500);
	assert_false(world_look(&w).spool_ok);
	server_up();
	world_settle(&w);
	client_check(&c);
	/* And it works again. */
	client_release(&c);
	client_init(&c, &w, "then", 50, 20, 4);
	client_finish(&c);
	client_check(&c);
}

static void a_full_queue_is_said(void **state)
{
	(void)state;
	w.conf.queue_bytes = 1 << 20;
	w.conf.patience_ms = 60000;
	world_open(&w);
	wait_connected();
	harness_sql(w.db, "BEGIN; LOCK TABLE task");
	client_init(&c, &w, "queue", 500, 20, 500);
	c.give_up = true;
	client_pump(&c);
	world_run_for(&w, 100);
	assert_true(c.n_refused > 0);
	assert_int_equal(c.n_acked, 0);
	assert_true(world_look(&w).queue_bytes < 2 << 20);
	assert_true(world_look(&w).oldest_us > 0);
	harness_sql(w.db, "ROLLBACK");
	client_finish(&c);
	assert_true(c.n_acked > 0);
	client_check(&c);
	assert_int_equal(world_look(&w).queue_bytes, 0);
}

/* ---- stopping ---- */

static void drained_into_the_ledger(void **state)
{
	(void)state;
	w.conf.patience_ms = 60000;
	world_open(&w);
	wait_connected();
	client_init(&c, &w, "drain", 100, 20, 100);
	client_pump(&c);
	world_drain(&w, 10000);
	assert_int_equal(c.n_acked, 100);
	world_close(&w);
	client_check(&c);
	assert_int_equal(stat_of(STAT_BATCHES_SPOOLED), 0);
}

static void drained_into_the_spool(void **state)
{
	(void)state;
	world_open(&w);
	wait_connected();
	server_down();
	client_init(&c, &w, "drain", 100, 20, 100);
	client_pump(&c);
	world_drain(&w, 10000);
	assert_int_equal(c.n_acked, 100);
	world_close(&w);
	server_up();
	world_open(&w);
	world_settle(&w);
	client_check(&c);
}

static void a_slow_database_does_not_hold_the_drain(void **state)
{
	int64_t from;

	(void)state;
	w.conf.patience_ms = 60000;
	world_open(&w);
	wait_connected();
	harness_sql(w.db, "BEGIN; LOCK TABLE task");
	client_init(&c, &w, "held", 100, 20, 100);
	client_pump(&c);
	from = clock_mono_us();
	world_drain(&w, 3000);
	assert_int_equal(c.n_acked, 100);
	world_close(&w);
	assert_true(clock_mono_us() - from < 5 * US_PER_SEC);
	harness_sql(w.db, "ROLLBACK");
	world_open(&w);
	world_settle(&w);
	client_check(&c);
}

/* Closed without a drain, tickets are told that they are not safe. */
static void closed_at_once(void **state)
{
	(void)state;
	world_open(&w);
	wait_connected();
	harness_sql(w.db, "BEGIN; LOCK TABLE task");
	client_init(&c, &w, "left", 100, 20, 100);
	c.give_up = true;
	client_pump(&c);
	world_run_for(&w, 50);
	world_close(&w);
	assert_int_equal(c.n_refused, 100);
	harness_sql(w.db, "ROLLBACK");
	world_open(&w);
	world_settle(&w);
}

/* ---- replies ---- */

static void not_called(void *arg, enum rc rc, const struct err *e)
{
	(void)arg;
	(void)rc;
	(void)e;
	fail_msg("a reply that was told heard again");
}

static void reply(const char *name)
{
	struct ev_task t = {.sender = STR("test"), .ext_id = STR("reply")};
	struct ticket *k = intake_begin_reply(w.in);
	struct ev_attempt a = call(0, name);
	struct err e = {0};

	assert_non_null(k);
	ASSERT_OK(ticket_sink(k)->attempt(ticket_sink(k)->arg, &t, &a, &e), &e);
	assert_true(ticket_commit_reply(k, not_called, NULL));
}

/* A reply does not wait for the database, and what it told is there after the
 * end of the process as if by kill -9: nothing is written after the telling. */
static void a_reply_does_not_wait(void **state)
{
	(void)state;
	world_open(&w);
	wait_connected();
	server_down();
	reply("one");
	reply("two");
	world_close(&w);
	server_up();
	world_open(&w);
	wait_connected();
	reply("two");
	reply("three");
	world_settle(&w);
	assert_int_equal(harness_sql_i64(w.db, "SELECT count(*) FROM attempt"),
			 3);
	/* Nothing of it is left to be told again. */
	world_close(&w);
	world_open(&w);
	assert_int_equal(world_look(&w).spool_bytes, 0);
}

/* ---- records that cannot be taken ---- */

static void spooled(const char *text)
{
	char *dir = xasprintf("%s/0", w.conf.spool);
	struct spool *s = NULL;
	struct err e = {0};

	ASSERT_OK(spool_open(&s, dir, 1 << 30, 1 << 20, &e), &e);
	ASSERT_OK(spool_put(s, str_from(text), NOW, &e), &e);
	ASSERT_OK(spool_sync(s, &e), &e);
	spool_close(s);
	free(dir);
}

static void a_bad_record_does_not_block(void **state)
{
	(void)state;
	spooled("{\"type\":\"attempt\"}\nno json at all\n");
	world_open(&w);
	client_init(&c, &w, "good", 10, 10, 4);
	client_finish(&c);
	world_settle(&w);
	client_check(&c);
	assert_int_equal(harness_sql_i64(w.db, "SELECT count(*) FROM"
					       " dead_letter WHERE"
					       " source = 'spool'"),
			 2);
	assert_true(stat_of(STAT_REPLAYED) >= 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(acknowledged_is_in_the_ledger),
		CASE(a_ticket_across_several_batches),
		CASE(refused_events_do_not_hold_a_ticket),
		CASE(prices_are_seen_by_a_running_daemon),
		CASE(away_from_the_start),
		CASE(stopped_in_the_middle),
		CASE(killed_in_the_middle),
		CASE(connections_that_are_killed),
		CASE(slow_goes_to_the_spool),
		CASE(a_frozen_backend),
		CASE(read_only_and_back),
		CASE(a_schema_that_went_wrong),
		CASE(a_full_spool_is_said),
		CASE(a_full_queue_is_said),
		CASE(drained_into_the_ledger),
		CASE(drained_into_the_spool),
		CASE(a_slow_database_does_not_hold_the_drain),
		CASE(closed_at_once),
		CASE(a_reply_does_not_wait),
		CASE(a_bad_record_does_not_block),
	};

	return harness_main("intake", tests, sizeof(tests) / sizeof(tests[0]));
}
