/* Several statements in one way to the server and back: answers in order, none
 * after one that fails, a connection that serves others afterwards. */
#include <poll.h>
#include <string.h>

#include "tests/int/harness.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static struct db *db;

static int setup(void **state)
{
	(void)state;
	db = harness_open(harness_db_empty("many"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	db = NULL;
	return 0;
}

static const struct sql_stmt one = {.name = "one", .text = "SELECT 1::bigint"};
static const struct sql_stmt twice = {.name = "twice",
				      .text = "SELECT 2 * $1::bigint"};
static const struct sql_stmt put = {
	.name = "put", .text = "INSERT INTO t VALUES ($1::bigint)"};
static const struct sql_stmt none = {.name = "none",
				     .text = "SELECT 1::bigint WHERE false"};
static const struct sql_stmt wrong = {.name = "wrong",
				      .text = "SELECT nowhere"};
static const struct sql_stmt zero = {.name = "zero",
				     .text = "SELECT 1 / $1::bigint"};
static const struct sql_stmt slow = {.name = "slow",
				     .text = "SELECT pg_sleep(60)"};

struct seen {
	char text[256]; /* "INDEX:VALUE " for each answer */
	int done;
	struct db_status st;
};

static void on_each(void *arg, int i, const struct db_result *res)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	assert_int_equal(s->done, 0);
	assert_true(db_busy(db));
	snprintf(s->text + n, sizeof(s->text) - n, "%d:%s%.0lld ", i,
		 !res               ? "-"
		 : db_rows(res) > 0 ? "="
				    : "0",
		 (long long)(res && db_rows(res) > 0 ? db_i64(res, 0, 0) : 0));
}

static void on_done(void *arg, const struct db_status *st,
		    const struct db_result *res)
{
	struct seen *s = arg;

	assert_null(res);
	s->done++;
	s->st = *st;
}

/* Start them, each with the number of its turn, and wait. */
static struct seen run(const struct sql_stmt *const *stmts, int n)
{
	struct db_call calls[DB_CALLS_MAX] = {{NULL, NULL}};
	struct db_args args[DB_CALLS_MAX];
	struct seen s = {.text = ""};
	struct err e = {"", ""};

	for (int i = 0; i < n; i++) {
		db_args_init(&args[i], 64);
		if (strchr(stmts[i]->text, '$'))
			db_arg_i64(&args[i], i);
		calls[i] = (struct db_call){stmts[i], &args[i]};
	}
	ASSERT_OK(db_start_many(db, calls, n, on_each, on_done, &s, &e), &e);
	for (int i = 0; i < n; i++)
		db_args_release(&args[i]);
	assert_true(db_busy(db));
	ASSERT_OK(db_wait(db, 20000, &e), &e);
	assert_int_equal(s.done, 1);
	return s;
}
#define RUN(...)                                                               \
	run((const struct sql_stmt *const[]){__VA_ARGS__},                     \
	    N(((const struct sql_stmt *const[]){__VA_ARGS__})))

static void answers_come_in_order(void **state)
{
	struct seen s;

	(void)state;
	harness_sql(db, "CREATE TABLE t (n bigint UNIQUE)");
	/* The second time all are prepared. */
	for (int i = 0; i < 2; i++) {
		s = RUN(&one, &twice, &put, &none, &twice, &one);
		assert_int_equal(s.st.rc, RC_OK);
		assert_string_equal(s.text, "0:=1 1:=2 2:- 3:0 4:=8 5:=1 ");
		harness_sql(db, "TRUNCATE t");
	}
	/* Afterwards COPY is possible, and whatever else. */
	harness_sql(db, "CREATE TABLE u AS TABLE t");
}

static void none_after_one_that_fails(void **state)
{
	struct seen s;

	(void)state;
	harness_sql(db, "CREATE TABLE t (n bigint UNIQUE)");
	s = RUN(&put, &zero, &one);
	assert_int_equal(s.st.rc, RC_OK); /* 1 / 1 */
	s = RUN(&zero, &put, &one);
	assert_int_equal(s.st.rc, RC_BAD);
	assert_string_equal(s.st.sqlstate, "22012");
	assert_non_null(strstr(s.st.err.msg, "zero: division by zero"));
	assert_string_equal(s.text, "");
	s = RUN(&one, &put, &wrong, &twice);
	assert_int_equal(s.st.rc, RC_BUG);
	assert_string_equal(s.st.sqlstate, "42703");
	assert_string_equal(s.text, "0:=1 1:- ");
	/* What came before went back with it. */
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM t"), 1);
	/* What was not prepared then is now. */
	s = RUN(&twice, &one);
	assert_int_equal(s.st.rc, RC_OK);
	assert_string_equal(s.text, "0:= 1:=1 ");
}

static void many_can_be_stopped(void **state)
{
	struct db_call calls[] = {{&one, NULL}, {&slow, NULL}, {&one, NULL}};
	struct seen s = {.text = ""};
	struct err e = {"", ""};

	(void)state;
	ASSERT_OK(db_start_many(db, calls, 3, on_each, on_done, &s, &e), &e);
	assert_int_equal(db_start_many(db, calls, 1, on_each, on_done, &s, &e),
			 RC_BUG);
	while (s.done == 0) {
		struct pollfd p = {.fd = db_fd(db), .events = db_want(db)};

		/* One that comes too early stops nothing. */
		db_cancel(db);
		if (poll(&p, 1, 50) > 0)
			db_io(db, p.revents);
	}
	assert_string_equal(s.st.sqlstate, "57014");
	assert_false(db_broken(db));
	assert_int_equal(harness_sql_i64(db, "SELECT 5"), 5);
}

static void many_and_a_server_that_dies(void **state)
{
	struct db_call calls[] = {{&one, NULL}, {&slow, NULL}};
	struct seen s = {.text = ""};
	struct err e = {"", ""};

	(void)state;
	ASSERT_OK(db_start_many(db, calls, 2, on_each, on_done, &s, &e), &e);
	harness_kill();
	ASSERT_OK(db_wait(db, 20000, &e), &e);
	assert_int_equal(s.done, 1);
	assert_int_equal(s.st.rc, RC_DOWN);
	assert_true(db_broken(db));
	harness_start();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_come_in_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(none_after_one_that_fails,
						setup, teardown),
		cmocka_unit_test_setup_teardown(many_can_be_stopped, setup,
						teardown),
		cmocka_unit_test_setup_teardown(many_and_a_server_that_dies,
						setup, teardown),
	};

	return harness_main("db_many", tests, N(tests));
}
