/* Budgets of workers on loops: what they reserve and settle, while budgets
 * change, processes die and the database goes away. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingest/budgets.h"
#include "tests/int/budget_help.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"

static const char account[] =
	"SELECT concat_ws(' ', base_pusd, settled_pusd, leased_pusd)"
	" FROM budget_account";

static void a_cap_below_one_request_refuses_all(void **state)
{
	struct bworld w;

	(void)state;
	bworld_init(&w, "small");
	budget_add(w.db, "key", "new", "day", 999, true);
	bworld_open(&w);
	for (int i = 0; i < 64; i++)
		bworld_ask(&w, "new", 1000);
	bworld_answers(&w, 64);
	assert_int_equal(w.granted, 0);
	assert_int_equal(w.refused, 64);
	assert_int_equal(w.last.rc, RC_DENIED);
	assert_string_equal(w.last.scope, "key");
	assert_true(str_is(w.last.subject, "new"));
	assert_int_equal(w.last.limit_pusd, 999);
	assert_int_equal(w.last.spent_pusd, 0);
	assert_true(w.last.resets_us > clock_now_us());
	/* A key without a budget is free, as soon as that is known. */
	bworld_ask(&w, "other", 1000);
	bworld_answers(&w, 65);
	assert_int_equal(w.granted, 1);
	bworld_ask(&w, "other", 1000);
	assert_int_equal(w.granted, 2);
	assert_string_equal(harness_sql_text(w.db, account), "0 0 0");
	bworld_settle_all(&w, 0);
	bworld_close(&w);
	db_close(w.db);
}

static void what_is_settled_comes_to_the_account(void **state)
{
	struct bworld w;

	(void)state;
	bworld_init(&w, "settle");
	budget_add(w.db, "key", "k", "day", 1000, true);
	budget_add(w.db, "key", "*", "total", 100000, true);
	budget_add(w.db, "team", "red", "week", 50, false);
	bworld_open(&w);
	w.team = "red";
	bworld_ask(&w, "k", 600);
	bworld_answers(&w, 1);
	assert_int_equal(w.granted, 1);
	/* What is reserved is not free. */
	bworld_ask(&w, "k", 600);
	bworld_answers(&w, 2);
	assert_int_equal(w.refused, 1);
	assert_int_equal(bworld_left(&w, "k"), 1000);
	assert_int_equal(bworld_left(&w, "nobody"), -1);
	budget_settle(w.tickets[0], 70);
	assert_int_equal(bworld_left(&w, "k"), 930);
	bworld_ask(&w, "k", 600);
	bworld_answers(&w, 3);
	assert_int_equal(w.granted, 2);
	budget_release(w.tickets[1]);
	/* The soft one is over, and says so. */
	bworld_until(&w,
		     "SELECT settled_pusd FROM budget_account"
		     " WHERE subject = 'red'",
		     70);
	bworld_run_for(&w, 1300);
	bworld_ask(&w, "k", 10);
	bworld_answers(&w, 4);
	bworld_run_for(&w, 300);
	bworld_ask(&w, "k", 10);
	bworld_answers(&w, 5);
	assert_true(w.last.soft_over);
	assert_string_equal(w.last.scope, "team");
	assert_int_equal(w.last.spent_pusd, 70);
	budget_settle(w.tickets[2], 10);
	budget_settle(w.tickets[3], 10);
	bworld_close(&w); /* which gives back what is left */
	assert_string_equal(
		harness_sql_text(w.db,
				 "SELECT string_agg(concat_ws(' ', subject,"
				 " settled_pusd, leased_pusd), ', ' ORDER BY"
				 " budget_id, subject) FROM budget_account"),
		"k 90 0, k 90 0, red 90 0");
	db_close(w.db);
}

/* A budget that changes while it is used. */
static void budgets_change_while_they_are_used(void **state)
{
	struct bworld w;

	(void)state;
	bworld_init(&w, "change");
	budget_add(w.db, "key", "k", "day", 100, true);
	bworld_open(&w);
	bworld_ask(&w, "k", 100);
	bworld_answers(&w, 1);
	assert_int_equal(w.granted, 1);
	harness_sql(w.db, "UPDATE budget SET limit_pusd = 150");
	bworld_until_granted(&w, "k", 50);
	harness_sql(w.db, "UPDATE budget SET hard = false");
	bworld_until_granted(&w, "k", 5000);
	budget_settle(w.tickets[0], 100);
	w.tickets[0] = NULL;
	harness_sql(w.db, "UPDATE budget SET hard = true,"
			  " timezone = 'Pacific/Kiritimati'");
	bworld_until_granted(&w, "k", 150);
	harness_sql(w.db, "DELETE FROM budget");
	bworld_until_granted(&w, "k", 100000);
	bworld_settle_all(&w, 1);
	bworld_close(&w);
	db_close(w.db);
}

/* ---- processes ---- */

static void a_killed_holder_gives_back(void **state)
{
	struct bworld w;
	pid_t child;
	int fds[2];
	char c;

	(void)state;
	bworld_init(&w, "killed");
	budget_add(w.db, "key", "k", "day", 1000, true);
	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		bworld_open(&w);
		bworld_ask(&w, "k", 1000);
		bworld_answers(&w, 1);
		if (w.granted == 1 && write(fds[1], "g", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	close(fds[0]);
	close(fds[1]);
	bworld_open(&w);
	bworld_ask(&w, "k", 1000);
	bworld_answers(&w, 1);
	assert_int_equal(w.refused, 1);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	bworld_until_granted(&w, "k", 1000);
	bworld_settle_all(&w, 5);
	bworld_close(&w);
	assert_string_equal(harness_sql_text(w.db, account), "0 5 0");
	db_close(w.db);
}

static void two_processes_never_pass_a_cap(void **state)
{
	const int rounds = 100, each = 64;
	struct bworld w;
	pid_t child[2];
	char sql[200];

	(void)state;
	bworld_init(&w, "shared");
	harness_sql(w.db, "INSERT INTO budget (scope, subject, period,"
			  " limit_pusd) SELECT 'key', 'k' || i, 'total', 10000"
			  " FROM generate_series(0, 99) AS i");
	for (int p = 0; p < 2; p++) {
		child[p] = fork();
		if (child[p] == 0)
			_exit(bworld_strain(&w, p, rounds, each, 1000));
	}
	for (int p = 0; p < 2; p++) {
		int status = -1;

		assert_int_equal(waitpid(child[p], &status, 0), child[p]);
		assert_int_equal(status, 0);
	}
	/* Never above; and what there was has been used. */
	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM budget_account WHERE"
		 " settled_pusd <= 10000 AND settled_pusd >= 8000"
		 " AND leased_pusd = 0");
	assert_int_equal(harness_sql_i64(w.db, sql), rounds);
	bworld_shared_check(&w, rounds, 10);
	bworld_close(&w);
	db_close(w.db);
}

/* ---- the database away ---- */

static void without_the_ledger_hard_ones_refuse(void **state)
{
	struct bworld w;
	struct budgets_state s;

	(void)state;
	bworld_init(&w, "away");
	budget_add(w.db, "key", "hard", "day", 1000, true);
	budget_add(w.db, "key", "soft", "day", 1000, false);
	bworld_open(&w);
	bworld_ask(&w, "hard", 100);
	bworld_answers(&w, 1);
	assert_int_equal(w.granted, 1);
	harness_kill();
	bworld_until_down(&w);
	bworld_ask(&w, "hard", 1);
	bworld_answers(&w, 2);
	assert_int_equal(w.refused, 1);
	assert_int_equal(w.last.rc, RC_DOWN);
	bworld_ask(&w, "soft", 1);
	bworld_answers(&w, 3);
	assert_int_equal(w.granted, 2);
	assert_true(w.last.unchecked);
	/* A start in that state knows that there are hard budgets. */
	bworld_settle_all(&w, 30);
	bworld_end(&w);
	bworld_open(&w);
	bworld_ask(&w, "hard", 1);
	bworld_answers(&w, 4);
	assert_int_equal(w.refused, 2);
	harness_start();
	db_close(w.db);
	w.db = harness_open(w.url);
	bworld_until_granted(&w, "hard", 1);
	budgets_look(w.b, &s);
	assert_true(s.connected);
	assert_int_equal(s.budgets, 2);
	bworld_settle_all(&w, 0);
	bworld_close(&w);
	db_close(w.db);
}

/* A lost connection is not a death: what was leased stays ours. */
static void a_lost_connection_loses_nothing(void **state)
{
	struct bworld w;

	(void)state;
	bworld_init(&w, "lost");
	budget_add(w.db, "key", "k", "day", 1000, true);
	bworld_open(&w);
	bworld_ask(&w, "k", 400);
	bworld_answers(&w, 1);
	for (int i = 0; i < 3; i++) {
		harness_sql(w.db, "SELECT pg_terminate_backend(pid) FROM"
				  " pg_stat_activity WHERE application_name ="
				  " 'aco budget'");
		bworld_run_for(&w, 1200);
	}
	bworld_ask(&w, "k", 600);
	bworld_answers(&w, 2);
	assert_int_equal(w.granted, 2);
	assert_int_equal(
		harness_sql_i64(w.db, "SELECT count(*) FROM budget_holder"), 1);
	bworld_settle_all(&w, 500);
	bworld_close(&w);
	assert_string_equal(harness_sql_text(w.db, account), "0 1000 0");
	db_close(w.db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cap_below_one_request_refuses_all),
		cmocka_unit_test(what_is_settled_comes_to_the_account),
		cmocka_unit_test(budgets_change_while_they_are_used),
		cmocka_unit_test(a_killed_holder_gives_back),
		cmocka_unit_test(two_processes_never_pass_a_cap),
		cmocka_unit_test(a_lost_connection_loses_nothing),
		cmocka_unit_test(without_the_ledger_hard_ones_refuse),
	};

	conf.retry_seconds = 10;
	return harness_main("budgets", tests, sizeof(tests) / sizeof(tests[0]));
}
