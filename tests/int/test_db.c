/* The gate to PostgreSQL, against a real one: values there and back, errors
 * and what they advise, COPY, rows one by one, lost connections. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tests/int/harness.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

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

static void session(void **state)
{
	(void)state;
	assert_string_equal(harness_sql_text(db, "SHOW timezone"), "UTC");
	assert_string_equal(harness_sql_text(db, "SHOW application_name"),
			    "aco test");
	assert_string_equal(harness_sql_text(db, "SHOW statement_timeout"),
			    "0");
	/* A default that would lose commits does not hold for us. */
	harness_sql(db, "ALTER DATABASE db SET synchronous_commit = off");
	db_close(db);
	db = harness_open(harness_url("db"));
	assert_string_equal(harness_sql_text(db, "SHOW synchronous_commit"),
			    "on");
}

/* ---- errors ---- */

static void errors(void **state)
{
	static const struct {
		const char *sql, *sqlstate;
		enum rc rc;
		const char *msg, *hint;
	} cases[] = {
		{"SELECT 1/0", "22012", RC_BAD, "division by zero", ""},
		{"INSERT INTO t VALUES (1)", "23505", RC_BUSY,
		 "Key (a)=(1) already exists", ""},
		{"INSERT INTO t VALUES (NULL)", "23502", RC_BAD, "null value",
		 ""},
		{"INSERT INTO t VALUES (-1)", "23514", RC_BAD, "t_a_check", ""},
		{"SELECT * FROM nowhere", "42P01", RC_BUG, "nowhere", "aco up"},
		{"CREATE DATABASE x; SELECT 1", "42601", RC_BUG, "multiple",
		 ""},
		{"", "", RC_BUG, "EMPTY_QUERY", ""},
		{"COPY t FROM STDIN", "57014", RC_BUG, "wants rows", ""},
	};

	(void)state;
	harness_sql(db, "CREATE TABLE t (a int PRIMARY KEY CHECK (a > 0));"
			"INSERT INTO t VALUES (1)");
	for (size_t i = 0; i < N(cases); i++) {
		struct sql_stmt stmt = {"case", cases[i].sql, "", true};
		struct db_status st;
		struct err e;

		assert_int_equal(db_run(db, &stmt, NULL, NULL, &st, &e),
				 cases[i].rc);
		if (cases[i].rc != RC_BUG)
			assert_string_equal(st.sqlstate, cases[i].sqlstate);
		ASSERT_CONTAINS(e.msg, cases[i].msg);
		ASSERT_CONTAINS(e.msg, "case: ");
		ASSERT_CONTAINS(e.hint, cases[i].hint);
		assert_string_equal(e.msg, st.err.msg);
		assert_string_equal(st.constraint, i == 1   ? "t_pkey"
						   : i == 3 ? "t_a_check"
							    : "");
		/* The connection is as good as before. */
		assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM t"),
				 1);
	}
}

/* The same statement that failed to prepare may be tried again. */
static void prepare_fails(void **state)
{
	static const struct sql_stmt stmt = {"later", "SELECT a FROM later", "",
					     false};
	struct db_result *r;
	struct err e;

	(void)state;
	assert_int_equal(db_run(db, &stmt, NULL, NULL, NULL, &e), RC_BUG);
	ASSERT_CONTAINS(e.hint, "aco up");
	harness_sql(db, "CREATE TABLE later AS SELECT 5 AS a");
	r = harness_ask(db, &stmt, NULL);
	assert_int_equal(db_i64(r, 0, 0), 5);
	db_result_free(r);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM "
					     "pg_prepared_statements"),
			 1);
}

/* A prepared statement whose result has changed makes the connection useless:
 * it says so, and a new one works. */
static void result_changes(void **state)
{
	static const struct sql_stmt stmt = {"star", "SELECT * FROM star", "",
					     false};
	struct db_result *r;
	struct err e;

	(void)state;
	harness_sql(db, "CREATE TABLE star AS SELECT 5 AS a");
	db_result_free(harness_ask(db, &stmt, NULL));
	harness_sql(db, "ALTER TABLE star ADD COLUMN b int DEFAULT 6");
	assert_int_equal(db_run(db, &stmt, NULL, NULL, NULL, &e), RC_DOWN);
	ASSERT_CONTAINS(e.hint, "schema changed");
	assert_true(db_broken(db));
	db_close(db);
	db = harness_open(harness_url("db"));
	r = harness_ask(db, &stmt, NULL);
	assert_int_equal(db_i64(r, 0, 1), 6);
	db_result_free(r);
}

static void read_only(void **state)
{
	struct sql_stmt stmt = {"write", "CREATE TABLE w (a int)", "", true};
	struct db_status st;
	struct err e;

	(void)state;
	harness_sql(db, "SET default_transaction_read_only = on");
	assert_int_equal(db_run(db, &stmt, NULL, NULL, &st, &e), RC_DOWN);
	assert_string_equal(st.sqlstate, "25006");
	ASSERT_CONTAINS(e.hint, "primary");
}

static void lock_timeout(void **state)
{
	struct sql_stmt stmt = {"wait", "LOCK TABLE l", "", true};
	struct db *other = harness_open(harness_url("db"));
	struct db_status st;
	struct err e;

	(void)state;
	harness_sql(db, "CREATE TABLE l (a int)");
	harness_sql(db, "BEGIN; LOCK TABLE l");
	harness_sql(other, "SET lock_timeout = '20ms'");
	harness_sql(other, "BEGIN");
	assert_int_equal(db_run(other, &stmt, NULL, NULL, &st, &e), RC_DOWN);
	assert_string_equal(st.sqlstate, "55P03");
	ASSERT_CONTAINS(e.hint, "lock");
	db_close(other);
}

/* What a connection that cannot be made says and advises. */
static void cannot_connect(void **state)
{
	const struct {
		const char *url;
		enum rc rc;
		const char *msg, *hint;
	} cases[] = {
		{harness_url("absent"), RC_DOWN, "\"absent\" does not exist",
		 "aco up"},
		{"postgresql:///x?host=/nowhere", RC_DOWN, "cannot connect",
		 "aco up"},
		{"postgresql://127.0.0.1:1/x", RC_DOWN, "refused", "aco up"},
		{"postgresql://u:se:cr@et/p@h/x?nonsense=1", RC_BAD,
		 "cannot be understood", "%XX"},
		{"mydatabase", RC_BAD, "cannot be understood", "postgresql://"},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct db *none = NULL;
		struct err e;

		assert_int_equal(db_open(&none, cases[i].url, "test", &e),
				 cases[i].rc);
		assert_null(none);
		ASSERT_CONTAINS(e.msg, cases[i].msg);
		ASSERT_CONTAINS(e.hint, cases[i].hint);
		assert_null(strstr(e.msg, "cr@et")); /* no passwords */
	}
}

static void too_many_connections(void **state)
{
	struct db *none = NULL;
	struct err e;

	(void)state;
	harness_sql(db, "CREATE ROLE one LOGIN CONNECTION LIMIT 0");
	char *url = strdup(harness_url("db"));
	char *user = strstr(url, "user=");

	snprintf(user, strlen(user) + 1, "user=one");
	assert_int_equal(db_open(&none, url, "test", &e), RC_DOWN);
	ASSERT_CONTAINS(e.msg, "too many connections");
	ASSERT_CONTAINS(e.hint, "max_connections");
	free(url);
	harness_sql(db, "DROP ROLE one");
}

/* ---- one at a time ---- */

struct seen {
	int calls;
	struct db_status st;
	int64_t value;
	struct db *chain; /* start another statement from the callback */
};

static const struct sql_stmt three = {"three", "SELECT 3", "", false};

static void note(void *arg, const struct db_status *st,
		 const struct db_result *res)
{
	struct seen *s = arg;
	struct err e;

	s->calls++;
	s->st = *st;
	if (res)
		s->value += db_i64(res, 0, 0);
	if (s->chain && s->calls < 50)
		ASSERT_OK(db_start(s->chain, &three, NULL, note, s, &e), &e);
}

static void busy(void **state)
{
	static const struct sql_stmt slow = {
		"slow", "SELECT 1 FROM pg_sleep(30)", "", false};
	struct seen s = {0};
	struct err e;

	(void)state;
	ASSERT_OK(db_start(db, &slow, NULL, note, &s, &e), &e);
	assert_true(db_busy(db));
	assert_int_equal(db_start(db, &three, NULL, note, &s, &e), RC_BUG);
	assert_int_equal(db_wait(db, 20, &e), RC_BUSY);
	db_cancel(db);
	/* A cancel may come before the statement: then once more. */
	while (db_wait(db, 500, &e))
		db_cancel(db);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.st.rc, RC_DOWN);
	assert_string_equal(s.st.sqlstate, "57014");
	assert_false(db_busy(db));
}

static void chained(void **state)
{
	struct seen s = {.chain = db};
	struct err e;

	(void)state;
	ASSERT_OK(db_start(db, &three, NULL, note, &s, &e), &e);
	ASSERT_OK(db_wait(db, -1, &e), &e);
	assert_int_equal(s.calls, 50);
	assert_int_equal(s.value, 150);
}

static void close_it(void *arg, const struct db_status *st,
		     const struct db_result *res)
{
	struct db **d = arg;

	assert_int_equal(st->rc, RC_OK);
	assert_int_equal(db_i64(res, 0, 0), 3);
	db_close(*d);
	*d = NULL;
}

/* A callback may close the connection. */
static void close_in_callback(void **state)
{
	struct db *d = harness_open(harness_url("db"));
	struct err e;

	(void)state;
	ASSERT_OK(db_start(d, &three, NULL, close_it, &d, &e), &e);
	while (d) {
		struct pollfd p = {.fd = db_fd(d), .events = db_want(d)};

		assert_true(poll(&p, 1, 5000) > 0);
		db_io(d, p.revents);
	}
}

/* ---- COPY ---- */

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

static void copy(void **state)
{
	struct buf b;
	struct db_status st;
	struct err e;

	(void)state;
	harness_sql(db, "CREATE TABLE c (id bigint PRIMARY KEY, body text)");
	buf_init(&b, 64 << 20);
	fill(&b, 1000, 32 * 1024); /* 32 MB: many times the socket's buffer */
	ASSERT_OK(db_run_copy(db, &copy_t, &b, &st, &e), &e);
	assert_int_equal(st.rows, 1000);
	assert_int_equal(harness_sql_i64(db, "SELECT sum(length(body)) FROM "
					     "c"),
			 1000 * 32 * 1024);
	/* Again: a duplicate is seen, and the connection goes on. */
	assert_int_equal(db_run_copy(db, &copy_t, &b, &st, &e), RC_BUSY);
	assert_string_equal(st.sqlstate, "23505");
	assert_string_equal(st.constraint, "c_pkey");
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM c"), 1000);
	buf_release(&b);
}

static void copy_bad(void **state)
{
	static const struct sql_stmt no_copy = {"no_copy", "SELECT 1", "",
						true};
	struct buf b;
	struct db_status st;
	struct err e;

	(void)state;
	harness_sql(db, "CREATE TABLE c (id bigint, body text)");
	buf_init(&b, 1 << 20);
	assert_int_equal(db_run_copy(db, &copy_t, &b, &st, &e), RC_BAD);
	assert_string_equal(st.sqlstate, "22P04"); /* nothing is no COPY */
	fill(&b, 10, 10);
	assert_int_equal(db_run_copy(db, &no_copy, &b, &st, &e), RC_BUG);
	ASSERT_OK(db_run_copy(db, &copy_t, &b, &st, &e), &e);
	b.len /= 2; /* cut in the middle of a row */
	assert_int_equal(db_run_copy(db, &copy_t, &b, &st, &e), RC_BAD);
	buf_release(&b);
	buf_init(&b, 8);
	db_copy_header(&b); /* too small a buffer */
	assert_int_equal(db_run_copy(db, &copy_t, &b, &st, &e), RC_BAD);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM c"), 10);
	buf_release(&b);
}

/* While the server does not read, rows wait for the socket: libpq is not
 * given everything at once. */
static void copy_back_pressure(void **state)
{
	struct db *other = harness_open(harness_url("db"));
	struct seen s = {0};
	struct buf b;
	struct err e;
	int waits = 0;

	(void)state;
	harness_sql(db, "CREATE TABLE c (id bigint, body text)");
	harness_sql(other, "BEGIN; LOCK TABLE c");
	buf_init(&b, 64 << 20);
	fill(&b, 1000, 32 * 1024);
	ASSERT_OK(db_start_copy(db, &copy_t, &b, note, &s, &e), &e);
	assert_int_equal(db_wait(db, 50, &e), RC_BUSY);
	harness_sql(other, "COMMIT");
	while (db_busy(db)) {
		struct pollfd p = {.fd = db_fd(db), .events = db_want(db)};

		waits += (p.events & POLLOUT) != 0;
		assert_true(poll(&p, 1, 10000) > 0);
		db_io(db, p.revents);
	}
	assert_true(waits > 10);
	ASSERT_OK(s.st.rc, &s.st.err);
	assert_int_equal(s.st.rows, 1000);
	buf_release(&b);
	db_close(other);
}

/* ---- rows one by one ---- */

struct stream {
	int64_t rows, sum, stop_at;
};

static bool add_row(void *arg, const struct db_result *res, int row)
{
	struct stream *s = arg;

	s->rows++;
	s->sum += db_i64(res, row, 0);
	return s->rows != s->stop_at;
}

static void stream(void **state)
{
	static const struct sql_stmt many = {
		"many", "SELECT generate_series(1, $1::bigint)", "bigint",
		false};
	static const struct sql_stmt breaks = {
		"breaks", "SELECT 10 / (5 - g) FROM generate_series(1, 10) g",
		"", false};
	struct stream s = {0};
	struct db_args a;
	struct err e;

	(void)state;
	db_args_init(&a, 64);
	db_arg_i64(&a, 100000);
	ASSERT_OK(db_stream(db, &many, &a, add_row, &s, &e), &e);
	assert_int_equal(s.rows, 100000);
	assert_true(s.sum == INT64_C(5000050000));
	/* Stopping early is no error, however much would follow. */
	s = (struct stream){.stop_at = 3};
	db_args_clear(&a);
	db_arg_i64(&a, INT64_C(1000000000));
	ASSERT_OK(db_stream(db, &many, &a, add_row, &s, &e), &e);
	assert_int_equal(s.rows, 3);
	/* An error half way is one, and rows before it were seen. */
	s = (struct stream){0};
	assert_int_equal(db_stream(db, &breaks, NULL, add_row, &s, &e), RC_BAD);
	assert_int_equal(s.rows, 4);
	assert_int_equal(harness_sql_i64(db, "SELECT 1"), 1);
	db_args_release(&a);
}

static void script(void **state)
{
	struct err e;

	(void)state;
	ASSERT_OK(db_script(db,
			    "CREATE TABLE s (a int); SELECT 1; "
			    "INSERT INTO s VALUES (1), (2)",
			    &e),
		  &e);
	assert_int_equal(db_script(db,
				   "INSERT INTO s VALUES (3); "
				   "SELECT 1/0; "
				   "INSERT INTO s VALUES (4)",
				   &e),
			 RC_BAD);
	ASSERT_CONTAINS(e.msg, "division by zero");
	assert_int_equal(harness_sql_i64(db, "SELECT sum(a) FROM s"), 3);
	/* A script that would send us rows cannot go on. */
	assert_int_equal(db_script(db, "COPY s TO STDOUT", &e), RC_BUG);
	assert_true(db_broken(db));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(session),
		CASE(errors),
		CASE(prepare_fails),
		CASE(result_changes),
		CASE(read_only),
		CASE(lock_timeout),
		CASE(cannot_connect),
		CASE(too_many_connections),
		CASE(busy),
		CASE(chained),
		CASE(close_in_callback),
		CASE(copy),
		CASE(copy_bad),
		CASE(copy_back_pressure),
		CASE(stream),
		CASE(script),
	};

	return harness_main("db", tests, N(tests));
}
