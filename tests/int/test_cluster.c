/* The private PostgreSQL through `aco up` and `aco down`: made, kept, crashed
 * and set. Where it lies and whom it refuses: test_cluster_place.c. */
#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "tests/int/harness_int.h"
#include "tests/int/home.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* ---- made and kept ---- */

static void twice(void **state)
{
	struct home h;
	struct db *db;

	(void)state;
	home_new(&h);
	home_says(&h, "down", "was never made");
	home_says(&h, "up", "made");
	assert_mode(home_in(&h, "pg"), 0700, home_owner());
	assert_mode(home_in(&h, "pg/data"), 0700, home_owner());
	assert_mode(home_in(&h, "pg/run"), 0700, home_owner());
	db = home_open(&h);
	assert_string_equal(harness_sql_text(db, "SELECT current_user::text"),
			    "aco");
	assert_string_equal(harness_sql_text(db,
					     "SELECT rolsuper FROM pg_roles "
					     "WHERE rolname = 'aco'"),
			    "false");
	assert_string_equal(harness_sql_text(db, "SHOW listen_addresses"), "");
	assert_string_equal(harness_sql_text(db, "SHOW data_checksums"), "on");
	assert_string_equal(harness_sql_text(db, "SHOW fsync"), "on");
	assert_true(harness_sql_i64(db, "SELECT count(*) FROM price") > 100);
	harness_sql(db,
		    "INSERT INTO dict (kind, name) VALUES ('team', 'kept')");
	db_close(db);
	home_says(&h, "up", "running");
	home_says(&h, "down", "stopped");
	home_says(&h, "down", "was not running");
	home_says(&h, "up", "started");
	db = home_open(&h);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM dict WHERE "
					     "name = 'kept'"),
			 1);
	db_close(db);
	home_down(&h);
}

static void json(void **state)
{
	struct harness_end end;
	struct home h;
	char *all;

	(void)state;
	home_new(&h);
	end = HARNESS_ACO(&h.how, "up", "--json");
	assert_int_equal(end.code, 0);
	ASSERT_CONTAINS(end.out, "\"cluster\":\"made\"");
	all = xasprintf("\"migrations\":%d,", (int)sql_migration_count);
	ASSERT_CONTAINS(end.out, all);
	free(all);
	ASSERT_CONTAINS(end.out, "\"days_made\":4");
	harness_end_free(&end);
	end = HARNESS_ACO(&h.how, "down", "--json");
	assert_string_equal(end.out, "{\"cluster\":\"stopped\","
				     "\"daemon\":\"absent\"}\n");
	harness_end_free(&end);
	end = HARNESS_ACO(&h.how, "up", "nonsense");
	assert_int_equal(end.code, 2);
	harness_end_free(&end);
}

/* Two at once on nothing: one makes it, the other waits for that. */
static void at_once(void **state)
{
	const char *const args[] = {"up", NULL};
	const char *dir = harness_dir();
	const char *out = harness_keep(xasprintf("%s/out", dir));
	const char *errors = harness_keep(xasprintf("%s/err", dir));
	struct home h;
	pid_t pid[3];
	char *err;
	glob_t g;

	(void)state;
	home_new(&h);
	for (size_t i = 0; i < N(pid); i++)
		pid[i] = harness_aco_start(&h.how, args, out, errors);
	for (size_t i = 0; i < N(pid); i++)
		assert_int_equal(harness_wait(pid[i], 60000), 0);
	err = harness_read(errors);
	ASSERT_CONTAINS(err, "waiting for another");
	free(err);
	assert_int_equal(glob(home_in(&h, "pg/data.new-*"), 0, NULL, &g),
			 GLOB_NOMATCH);
	home_says(&h, "up", "running");
	home_down(&h);
}

/* ---- crashes ---- */

static void killed(void **state)
{
	struct home h;
	struct db *db;

	(void)state;
	home_made(&h);
	home_up(&h);
	db = home_open(&h);
	harness_sql(db,
		    "INSERT INTO dict (kind, name) VALUES ('team', 'kept')");
	db_close(db);
	harness_kill_pid(home_postmaster(&h));
	home_says(&h, "up", "started");
	db = home_open(&h);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM dict WHERE "
					     "name = 'kept'"),
			 1);
	db_close(db);
	home_down(&h);
}

static void ignore(void *arg, const struct db_status *st,
		   const struct db_result *res)
{
	(void)arg;
	(void)st;
	(void)res;
}

/* A session that is at work does not see that its postmaster died. */
static void killed_at_work(void **state)
{
	static const struct sql_stmt slow = {
		"slow", "SELECT 1 FROM pg_sleep(120)", "", true};
	struct home h;
	struct db *db;
	struct err e;

	(void)state;
	home_made(&h);
	home_up(&h);
	db = home_open(&h);
	ASSERT_OK(db_start(db, &slow, NULL, ignore, NULL, &e), &e);
	assert_int_equal(db_wait(db, 100, &e), RC_BUSY);
	/* Its memory is still attached when the next server comes. */
	kill(home_postmaster(&h), SIGKILL);
	home_up(&h);
	db_close(db);
	db = home_open(&h);
	assert_int_equal(harness_sql_i64(db, "SELECT 1"), 1);
	db_close(db);
	home_down(&h);
}

/* The pid file names a process that lives and is not PostgreSQL. */
static void stale_pid_file(void **state)
{
	struct home h;
	char text[64];

	(void)state;
	home_made(&h);
	snprintf(text, sizeof(text), "%d\n/nowhere\n", (int)getpid());
	harness_write(home_in(&h, "pg/data/postmaster.pid"), text);
	harness_write(home_in(&h, "pg/run/.s.PGSQL.5432.lock"), text);
	if (is_root() && (chown(home_in(&h, "pg/data/postmaster.pid"),
				home_owner(), (gid_t)-1) ||
			  chown(home_in(&h, "pg/run/.s.PGSQL.5432.lock"),
				home_owner(), (gid_t)-1)))
		fail_msg("chown: %s", strerror(errno));
	home_says(&h, "down", "was not running");
	home_says(&h, "up", "started");
	home_down(&h);
}

/* initdb was killed half way: its folder is no cluster, and goes. */
static void half_made(void **state)
{
	struct home h;
	glob_t g;

	(void)state;
	home_new(&h);
	home_up(&h);
	home_down(&h);
	/* A whole one under the name of an unfinished one, and none else. */
	assert_int_equal(
		rename(home_in(&h, "pg/data"), home_in(&h, "pg/data.new-77")),
		0);
	assert_int_equal(mkdir(home_in(&h, "pg/data"), 0700), 0);
	if (is_root())
		assert_int_equal(
			chown(home_in(&h, "pg/data"), home_owner(), (gid_t)-1),
			0);
	home_says(&h, "up", "made");
	assert_int_equal(glob(home_in(&h, "pg/data.new-*"), 0, NULL, &g),
			 GLOB_NOMATCH);
	home_down(&h);
}

static bool half_there(void *arg)
{
	const struct home *h = arg;
	glob_t g;
	bool there = !glob(home_in(h, "pg/data.new-*/PG_VERSION"), 0, NULL, &g);

	if (there)
		globfree(&g);
	return there;
}

/* The same for real: aco is killed while initdb works. */
static void killed_while_making(void **state)
{
	const char *const args[] = {"up", NULL};
	const char *dir = harness_dir();
	const char *out = harness_keep(xasprintf("%s/out", dir));
	struct home h;
	pid_t pid;

	(void)state;
	home_new(&h);
	pid = harness_aco_start(&h.how, args, out, out);
	poll_until(half_there, &h, 30000, "initdb has begun");
	harness_kill_pid(pid);
	home_says(&h, "up", "made");
	db_close(home_open(&h));
	home_down(&h);
}

/* ---- settings ---- */

struct shown {
	struct db *db;
	const char *sql, *value;
};

static bool shows(void *arg)
{
	const struct shown *s = arg;

	return !strcmp(harness_sql_text(s->db, s->sql), s->value);
}

static void settings(void **state)
{
	struct shown mine = {NULL, "SHOW work_mem", "77MB"};
	struct shown ours = {NULL, "SHOW log_min_duration_statement", "2s"};
	struct home h;

	(void)state;
	home_made(&h);
	home_up(&h);
	/* What we wrote comes back, the user's own wins over it, and a server
	 * that runs hears of both. */
	harness_write(home_in(&h, "pg/data/aco.conf"), "work_mem = 1MB\n");
	harness_write(home_in(&h, "pg/local.conf"), "work_mem = '77MB'\n");
	assert_int_equal(chmod(home_in(&h, "pg/local.conf"), 0644), 0);
	home_up(&h);
	mine.db = ours.db = home_open(&h);
	poll_until(shows, &mine, 5000, mine.sql);
	poll_until(shows, &ours, 5000, ours.sql);
	db_close(mine.db);
	home_down(&h);
	/* A mistake in it is told, with the place where to look. */
	harness_write(home_in(&h, "pg/local.conf"), "nonsense = on\n");
	home_refuses(&h, "up", "local.conf", "hint: see ");
	assert_int_equal(unlink(home_in(&h, "pg/local.conf")), 0);
	home_says(&h, "up", "started");
	home_down(&h);
}

static void foreign(void **state)
{
	struct home h;
	char *all;

	(void)state;
	home_new(&h);
	h.env[1] = harness_keep(
		xasprintf("ACO_DATABASE_URL=%s", harness_db_empty("foreign")));
	all = xasprintf("schema     %d migrations applied",
			(int)sql_migration_count);
	home_says(&h, "up", all);
	free(all);
	home_says(&h, "up", "up to date");
	home_says(&h, "down", "left alone");
	assert_int_equal(access(h.path, F_OK), -1);
	harness_stop();
	home_refuses(&h, "up", "cannot connect", "hint: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twice),
		cmocka_unit_test(json),
		cmocka_unit_test(at_once),
		cmocka_unit_test(killed),
		cmocka_unit_test(killed_at_work),
		cmocka_unit_test(stale_pid_file),
		cmocka_unit_test(half_made),
		cmocka_unit_test(killed_while_making),
		cmocka_unit_test(settings),
		cmocka_unit_test(foreign),
	};

	return harness_main("cluster", tests, N(tests));
}
