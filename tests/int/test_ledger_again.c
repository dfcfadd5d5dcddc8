/* A writer that outlives its connections, and what changes meanwhile. */
#include <poll.h>
#include <stdlib.h>

#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"
#include "tests/int/sums.h"

static struct ledger *l;
static struct db *db;
static struct batch *b;

static int setup(void **state)
{
	const char *url = harness_db("again");

	(void)state;
	l = ledger_new(&conf, url);
	db = harness_open(url);
	b = batch_new(4 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ledger_close(l);
	db_close(db);
	batch_free(b);
	return 0;
}

/* A batch of one call of a model that nobody prices yet. */
static const struct batch *exotic(const char *name)
{
	struct ev_attempt a;

	batch_clear(b);
	a = call(add_task(b, "t", NULL), name);
	a.model = STR("exotic-1");
	a.provider = STR("openai");
	a.usage.n[USAGE_CACHE_WRITE_5M] = USAGE_NONE;
	a.usage.n[USAGE_CACHE_WRITE_1H] = USAGE_NONE;
	add(b, &a);
	return b;
}

static void no_done(void *arg, enum rc rc, const struct err *e,
		    const struct ledger_counts *counts)
{
	(void)rc;
	(void)e;
	(void)counts;
	*(bool *)arg = true;
}

static void prices_that_come_later_are_seen(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(ledger_refresh(l, &e), RC_DOWN);
	ASSERT_OK(ledger_reconnect(l, -1, &e), &e);
	assert_int_equal(append(l, exotic("one")).unpriced, 1);
	harness_sql(db, "INSERT INTO price (source, provider, model, mode,"
			" input_fusd, output_fusd, cache_read_fusd)"
			" VALUES ('test', 'openai', 'exotic-1', 'chat',"
			" 1000, 2000, 100)");
	assert_int_equal(append(l, exotic("two")).unpriced, 1);
	ASSERT_OK(ledger_refresh(l, &e), &e);
	assert_int_equal(append(l, exotic("three")).unpriced, 0);
	ASSERT_OK(ledger_refresh(l, &e), &e);
	assert_int_equal(append(l, exotic("three")).attempts_same, 1);
	check_sums(db);
}

static void a_batch_in_flight_is_dropped(void **state)
{
	struct err e = {0};
	bool done = false;

	(void)state;
	ASSERT_OK(ledger_reconnect(l, -1, &e), &e);
	harness_sql(db, "BEGIN; LOCK TABLE task");
	ASSERT_OK(ledger_append(l, exotic("one"), no_done, &done, &e), &e);
	for (int i = 0; i < 20; i++) {
		struct pollfd p = {.fd = ledger_fd(l),
				   .events = ledger_want(l)};

		if (poll(&p, 1, 20) > 0)
			ledger_io(l, p.revents);
	}
	assert_false(done);
	assert_int_equal(ledger_refresh(l, &e), RC_BUSY);
	ledger_trim(l); /* not while a batch is in flight */
	harness_sql(db, "ROLLBACK");
	ASSERT_OK(ledger_reconnect(l, -1, &e), &e);
	assert_true(ledger_connected(l));
	append(l, exotic("one"));
	assert_false(done);
	ledger_trim(l);
	append(l, exotic("two"));
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 2);
	check_sums(db);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(prices_that_come_later_are_seen),
		CASE(a_batch_in_flight_is_dropped),
	};

	return harness_main("ledger_again", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
