/* Connections that are lost, at work and idle. */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/clock.h"

#include "tests/int/harness.h"

static struct db *db;

static int setup(void **state)
{
	(void)state;
	db = harness_open(harness_db_empty("db"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	db = NULL;
	return 0;
}

struct seen {
	int calls;
	struct db_status st;
};

static const struct sql_stmt three = {"three", "SELECT 3", "", false};

static void note(void *arg, const struct db_status *st,
		 const struct db_result *res)
{
	struct seen *s = arg;

	(void)res;
	s->calls++;
	s->st = *st;
}

static const struct sql_stmt copy_t = {
	"copy_t", "COPY c (id, body) FROM STDIN (FORMAT binary)", "", true};

static void fill(struct buf *b, int64_t rows, size_t body)
{
	char *text = malloc(body + 1);

	memset(text, 'x', body);
	db_copy_header(b);
	for (int64_t i = 0; i < rows; i++) {
		db_copy_row(b, 2);
		db_field_i64(b, i);
		db_field_text(b, (struct str){text, body});
	}
	db_copy_trailer(b);
	free(text);
	assert_true(buf_ok(b));
}

static int64_t backend(struct db *d)
{
	return harness_sql_i64(d, "SELECT pg_backend_pid()");
}

static void terminate(struct db *by, int64_t pid)
{
	char sql[96];

	snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%" PRId64 ")",
		 pid);
	assert_string_equal(harness_sql_text(by, sql), "true");
}

static void lost(void **state)
{
	static const struct sql_stmt slow = {
		"slow", "SELECT 1 FROM pg_sleep(30)", "", false};
	struct db *other = harness_open(harness_url("db"));
	struct seen s = {0};
	struct err e;
	int64_t pid = backend(db);

	(void)state;
	ASSERT_OK(db_start(db, &slow, NULL, note, &s, &e), &e);
	assert_int_equal(db_wait(db, 50, &e), RC_BUSY); /* it runs */
	terminate(other, pid);
	ASSERT_OK(db_wait(db, 10000, &e), &e);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.st.rc, RC_DOWN);
	assert_string_equal(s.st.sqlstate, "57P01");
	assert_true(db_broken(db));
	assert_false(db_busy(db));
	assert_int_equal(db_start(db, &three, NULL, note, &s, &e), RC_DOWN);
	db_close(other);
}

/* Lost while idle: seen by whoever polls, and by the next statement. */
static void lost_idle(void **state)
{
	struct db *other = harness_open(harness_url("db"));
	struct db *second = harness_open(harness_url("db"));
	struct err e;

	(void)state;
	terminate(other, backend(db));
	while (!db_broken(db)) {
		struct pollfd p = {.fd = db_fd(db), .events = db_want(db)};

		assert_true(poll(&p, 1, 5000) > 0);
		db_io(db, p.revents);
	}
	terminate(other, backend(second));
	assert_int_equal(db_run(second, &three, NULL, NULL, NULL, &e), RC_DOWN);
	assert_true(db_broken(second));
	db_close(second);
	db_close(other);
}

/* kill -9 of the whole server in the middle of a COPY. */
static void server_killed(void **state)
{
	struct db *other = harness_open(harness_url("db"));
	struct seen s = {0};
	struct buf b;
	struct err e;

	(void)state;
	harness_sql(db, "CREATE TABLE c (id bigint, body text)");
	harness_sql(other, "BEGIN; LOCK TABLE c");
	buf_init(&b, 64 << 20);
	fill(&b, 1000, 32 * 1024);
	ASSERT_OK(db_start_copy(db, &copy_t, &b, note, &s, &e), &e);
	assert_int_equal(db_wait(db, 20, &e), RC_BUSY);
	harness_kill();
	ASSERT_OK(db_wait(db, 10000, &e), &e);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.st.rc, RC_DOWN);
	assert_string_equal(s.st.sqlstate, "");
	ASSERT_CONTAINS(s.st.err.hint, "PostgreSQL");
	assert_true(db_broken(db));
	db_close(other);
	db_close(db);
	db = NULL;
	assert_int_equal(db_open(&db, harness_url("db"), "test", &e), RC_DOWN);
	ASSERT_CONTAINS(e.hint, "aco up");
	harness_start();
	db = harness_open(harness_url("db"));
	assert_int_equal(harness_sql_i64(db, "SELECT 1"), 1);
	buf_release(&b);
}

/* A server that does not answer is given up, at once when told to stop. */
static void limited(void **state)
{
	static const struct sql_stmt slow = {
		"slow", "SELECT 1 FROM pg_sleep(30)", "", false};
	struct err e = {0};
	int64_t from = clock_mono_us();
	int fds[2];

	(void)state;
	db_limit(db, 100, -1);
	assert_int_equal(harness_sql_i64(db, "SELECT 1"), 1);
	assert_int_equal(db_run(db, &slow, NULL, NULL, NULL, &e), RC_DOWN);
	ASSERT_CONTAINS(e.msg, "no answer in time");
	assert_true(db_broken(db));
	db_close(db);

	db = harness_open(harness_url("db"));
	assert_int_equal(pipe(fds), 0);
	db_limit(db, 20000, fds[0]);
	assert_int_equal(harness_sql_i64(db, "SELECT 1"), 1);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(db_run(db, &slow, NULL, NULL, NULL, &e), RC_DOWN);
	ASSERT_CONTAINS(e.msg, "told to stop");
	assert_true(clock_mono_us() - from < 10 * US_PER_SEC);
	close(fds[0]);
	close(fds[1]);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(lost),
		CASE(lost_idle),
		CASE(server_killed),
		CASE(limited),
	};

	return harness_main("db_lost", tests, sizeof(tests) / sizeof(tests[0]));
}
