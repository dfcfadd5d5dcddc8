/* The private PostgreSQL through `aco up` and `aco down`: made, kept, crashed,
 * shared and refused. */
#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/cluster.h"
#include "tests/int/harness.h"
#include "tests/int/harness_int.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* ---- one home, and aco in it ---- */

struct home {
	const char *path;
	char *var; /* "ACO_HOME=..." */
	const char *env[4];
	struct harness_run how;
};

static void home_at(struct home *h, const char *path)
{
	*h = (struct home){.path = path};
	h->var = xasprintf("ACO_HOME=%s", path);
	h->env[0] = harness_keep(h->var);
	h->how.env = h->env;
}

static void home_new(struct home *h)
{
	home_at(h, harness_keep(xasprintf("%s/home", harness_dir())));
}

static void up(const struct home *h)
{
	HARNESS_ACO_OK(&h->how, "up");
}

static void down(const struct home *h)
{
	HARNESS_ACO_OK(&h->how, "down");
}

/* `aco COMMAND` prints all of these words on standard output. */
static void says(const struct home *h, const char *command, const char *word)
{
	struct harness_end end = HARNESS_ACO(&h->how, command);

	if (end.code)
		fail_msg("aco %s: %d: %s", command, end.code, end.err);
	ASSERT_CONTAINS(end.out, word);
	harness_end_free(&end);
}

/* `aco COMMAND` fails, and says why and what to do. */
static void refuses(const struct home *h, const char *command, const char *why,
		    const char *advice)
{
	struct harness_end end = HARNESS_ACO(&h->how, command);

	assert_int_equal(end.code, 1);
	assert_string_equal(end.out, "");
	ASSERT_CONTAINS(end.err, why);
	ASSERT_CONTAINS(end.err, advice);
	harness_end_free(&end);
}

/* A home that is made already and down; whoever uses it leaves it so. Making
 * one takes seconds. */
static void home_made(struct home *h)
{
	static const char *path;

	if (!path) {
		home_new(h);
		path = h->path;
		up(h);
		down(h);
	}
	home_at(h, path);
}

/* A path in the home; lives until the end. */
static const char *in(const struct home *h, const char *name)
{
	return harness_keep(xasprintf("%s/%s", h->path, name));
}

static struct conf conf_of(const struct home *h)
{
	static char empty[] = "";
	struct conf c = {.database_url = empty, .pg_bin = empty};

	c.home = h->var + strlen("ACO_HOME=");
	return c;
}

static struct db *open_home(const struct home *h)
{
	struct conf c = conf_of(h);
	struct buf url;
	struct err e = {"", ""};
	struct db *db;

	buf_init(&url, 8192);
	ASSERT_OK(cluster_url(&c, &url, &e), &e);
	db = harness_open(buf_str(&url));
	buf_release(&url);
	return db;
}

static pid_t postmaster(const struct home *h)
{
	char *text = harness_read(in(h, "pg/data/postmaster.pid"));
	pid_t pid = (pid_t)strtol(text, NULL, 10);

	free(text);
	assert_true(pid > 1);
	return pid;
}

static void assert_mode(const char *path, mode_t mode, uid_t uid)
{
	struct stat st;

	if (lstat(path, &st))
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(st.st_mode & 0777, mode);
	assert_int_equal(st.st_uid, uid);
}

static bool is_root(void)
{
	return geteuid() == 0;
}

static uid_t owner(void)
{
	return is_root() ? harness_user("postgres").uid : geteuid();
}

/* ---- made and kept ---- */

static void twice(void **state)
{
	struct home h;
	struct db *db;

	(void)state;
	home_new(&h);
	says(&h, "down", "was never made");
	says(&h, "up", "made");
	assert_mode(in(&h, "pg"), 0700, owner());
	assert_mode(in(&h, "pg/data"), 0700, owner());
	assert_mode(in(&h, "pg/run"), 0700, owner());
	db = open_home(&h);
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
	says(&h, "up", "running");
	says(&h, "down", "stopped");
	says(&h, "down", "was not running");
	says(&h, "up", "started");
	db = open_home(&h);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM dict WHERE "
					     "name = 'kept'"),
			 1);
	db_close(db);
	down(&h);
}

static void json(void **state)
{
	struct harness_end end;
	struct home h;

	(void)state;
	home_new(&h);
	end = HARNESS_ACO(&h.how, "up", "--json");
	assert_int_equal(end.code, 0);
	ASSERT_CONTAINS(end.out, "\"cluster\":\"made\"");
	ASSERT_CONTAINS(end.out, "\"migrations\":1");
	ASSERT_CONTAINS(end.out, "\"days_made\":4");
	harness_end_free(&end);
	end = HARNESS_ACO(&h.how, "down", "--json");
	assert_string_equal(end.out, "{\"cluster\":\"stopped\"}\n");
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
	assert_int_equal(glob(in(&h, "pg/data.new-*"), 0, NULL, &g),
			 GLOB_NOMATCH);
	says(&h, "up", "running");
	down(&h);
}

/* ---- crashes ---- */

static void killed(void **state)
{
	struct home h;
	struct db *db;

	(void)state;
	home_made(&h);
	up(&h);
	db = open_home(&h);
	harness_sql(db,
		    "INSERT INTO dict (kind, name) VALUES ('team', 'kept')");
	db_close(db);
	harness_kill_pid(postmaster(&h));
	says(&h, "up", "started");
	db = open_home(&h);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM dict WHERE "
					     "name = 'kept'"),
			 1);
	db_close(db);
	down(&h);
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
	up(&h);
	db = open_home(&h);
	ASSERT_OK(db_start(db, &slow, NULL, ignore, NULL, &e), &e);
	assert_int_equal(db_wait(db, 100, &e), RC_BUSY);
	/* Its memory is still attached when the next server comes. */
	kill(postmaster(&h), SIGKILL);
	up(&h);
	db_close(db);
	db = open_home(&h);
	assert_int_equal(harness_sql_i64(db, "SELECT 1"), 1);
	db_close(db);
	down(&h);
}

/* The pid file names a process that lives and is not PostgreSQL. */
static void stale_pid_file(void **state)
{
	struct home h;
	char text[64];

	(void)state;
	home_made(&h);
	snprintf(text, sizeof(text), "%d\n/nowhere\n", (int)getpid());
	harness_write(in(&h, "pg/data/postmaster.pid"), text);
	harness_write(in(&h, "pg/run/.s.PGSQL.5432.lock"), text);
	if (is_root() &&
	    (chown(in(&h, "pg/data/postmaster.pid"), owner(), (gid_t)-1) ||
	     chown(in(&h, "pg/run/.s.PGSQL.5432.lock"), owner(), (gid_t)-1)))
		fail_msg("chown: %s", strerror(errno));
	says(&h, "down", "was not running");
	says(&h, "up", "started");
	down(&h);
}

/* initdb was killed half way: its folder is no cluster, and goes. */
static void half_made(void **state)
{
	struct home h;
	glob_t g;

	(void)state;
	home_new(&h);
	up(&h);
	down(&h);
	/* A whole one under the name of an unfinished one, and none else. */
	assert_int_equal(rename(in(&h, "pg/data"), in(&h, "pg/data.new-77")),
			 0);
	assert_int_equal(mkdir(in(&h, "pg/data"), 0700), 0);
	if (is_root())
		assert_int_equal(chown(in(&h, "pg/data"), owner(), (gid_t)-1),
				 0);
	says(&h, "up", "made");
	assert_int_equal(glob(in(&h, "pg/data.new-*"), 0, NULL, &g),
			 GLOB_NOMATCH);
	down(&h);
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
	up(&h);
	/* What we wrote comes back, the user's own wins over it, and a server
	 * that runs hears of both. */
	harness_write(in(&h, "pg/data/aco.conf"), "work_mem = 1MB\n");
	harness_write(in(&h, "pg/local.conf"), "work_mem = '77MB'\n");
	assert_int_equal(chmod(in(&h, "pg/local.conf"), 0644), 0);
	up(&h);
	mine.db = ours.db = open_home(&h);
	poll_until(shows, &mine, 5000, mine.sql);
	poll_until(shows, &ours, 5000, ours.sql);
	db_close(mine.db);
	down(&h);
	/* A mistake in it is told, with the place where to look. */
	harness_write(in(&h, "pg/local.conf"), "nonsense = on\n");
	refuses(&h, "up", "local.conf", "hint: see ");
	assert_int_equal(unlink(in(&h, "pg/local.conf")), 0);
	says(&h, "up", "started");
	down(&h);
}

static void foreign(void **state)
{
	struct home h;

	(void)state;
	home_new(&h);
	h.env[1] = harness_keep(
		xasprintf("ACO_DATABASE_URL=%s", harness_db_empty("foreign")));
	says(&h, "up", "1 migration applied");
	says(&h, "up", "up to date");
	says(&h, "down", "left alone");
	assert_int_equal(access(h.path, F_OK), -1);
	harness_stop();
	refuses(&h, "up", "cannot connect", "hint: ");
}

/* ---- where it is ---- */

/* Nothing in a path is special to anyone. */
static void odd_path(void **state)
{
	struct home h;

	(void)state;
	home_at(&h, harness_keep(xasprintf("%s/a 'b' \"c\" $(d) %%41,é\\",
					   harness_dir())));
	says(&h, "up", "made");
	down(&h);
}

static void long_path(void **state)
{
	char name[151];
	struct home h;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	home_at(&h, harness_keep(xasprintf("%s/%s", harness_dir(), name)));
	says(&h, "up", "made");
	db_close(open_home(&h));
	down(&h);
}

static void other_version(void **state)
{
	struct home h;
	char *was;

	(void)state;
	home_made(&h);
	was = harness_read(in(&h, "pg/data/PG_VERSION"));
	harness_write(in(&h, "pg/data/PG_VERSION"), "13\n");
	refuses(&h, "up", "made by PostgreSQL 13", "postgresql-13");
	harness_write(in(&h, "pg/data/PG_VERSION"), was);
	free(was);
	h.env[1] = "ACO_PG_BIN=/nowhere";
	refuses(&h, "up", "not installed", "hint: ");
	h.env[1] = NULL;
	says(&h, "up", "started");
	down(&h);
}

/* ---- who may ---- */

static void need_root(void)
{
	if (!is_root()) {
		print_message("only root can be other users\n");
		skip();
	}
}

/* Two walls: the folder, and peer authentication behind it. */
static void strangers(void **state)
{
	struct home h, other;
	const char *run;

	(void)state;
	need_root();
	home_made(&h);
	up(&h);
	home_new(&other);
	run = in(&h, "pg/run");
	other.how.user = "nobody";
	other.env[1] = harness_keep(xasprintf(
		"ACO_DATABASE_URL=postgresql://aco@/aco?host=%s", run));
	refuses(&other, "up", "Permission denied", "hint: ");
	assert_int_equal(chmod(in(&h, "pg"), 0755), 0);
	assert_int_equal(chmod(run, 0755), 0);
	assert_int_equal(chmod(in(&h, "pg/run/.s.PGSQL.5432"), 0777), 0);
	refuses(&other, "up", "Peer authentication failed", "hint: ");
	/* The next start shuts what was open. */
	down(&h);
	up(&h);
	assert_mode(in(&h, "pg"), 0700, owner());
	assert_mode(run, 0700, owner());
	/* Another user's home is left alone. */
	other.env[0] = h.env[0];
	other.env[1] = NULL;
	refuses(&other, "up", "another user", "ACO_HOME");
	refuses(&other, "down", "another user", "ACO_HOME");
	down(&h);
}

/* An ordinary user has a cluster of his own; root can use and run it, as him.
 */
static void ordinary_user(void **state)
{
	const struct proc_user *u;
	struct proc_user nobody;
	const char *parent;
	struct home h, as_root;

	(void)state;
	need_root();
	nobody = harness_user("nobody");
	u = &nobody;
	parent = harness_dir();
	assert_int_equal(chown(parent, u->uid, u->gid), 0);
	home_at(&h, harness_keep(xasprintf("%s/home", parent)));
	as_root = h;
	as_root.how.env = as_root.env;
	h.how.env = h.env;
	h.how.user = "nobody";
	says(&h, "up", "made");
	assert_mode(in(&h, "pg/data"), 0700, u->uid);
	says(&as_root, "up", "running");
	db_close(open_home(&as_root));
	says(&as_root, "down", "stopped");
	says(&as_root, "up", "started");
	assert_mode(in(&h, "pg/run/.s.PGSQL.5432"), 0700, u->uid);
	says(&h, "up", "running");
	says(&h, "down", "stopped");
	/* A third one's is refused. */
	h.how.user = "postgres";
	refuses(&h, "up", "another user", "ACO_HOME");
}

/* A home that the postgres user cannot enter: the cluster goes where it can,
 * and is found there again. */
static void closed_home(void **state)
{
	struct conf c;
	struct home h;
	struct buf where;
	struct err e = {"", ""};
	enum cluster_state s;

	(void)state;
	need_root();
	home_new(&h);
	assert_int_equal(mkdir(h.path, 0700), 0);
	says(&h, "up", "/var/lib/aco/");
	says(&h, "up", "running");
	/* Where it was made it stays, whatever becomes of the home. */
	assert_int_equal(chmod(h.path, 0755), 0);
	says(&h, "up", "running");
	c = conf_of(&h);
	buf_init(&where, 8192);
	ASSERT_OK(cluster_look(&c, &s, &where, &e), &e);
	assert_int_equal(s, CLUSTER_RUNNING);
	down(&h);
	/* It lies outside of the folder that is cleaned up for us. */
	where.len -= strlen("/pg");
	where.p[where.len] = 0;
	ASSERT_CONTAINS(where.p, "/var/lib/aco/");
	const char *argv[] = {"rm", "-r", "--", where.p, NULL};
	const struct proc rm = {.argv = argv};

	ASSERT_OK(proc_must(&rm, &e), &e);
	buf_release(&where);
	rmdir("/var/lib/aco");
}

static void data_of_root(void **state)
{
	struct home h;

	(void)state;
	need_root();
	home_made(&h);
	assert_int_equal(chown(in(&h, "pg/data"), 0, 0), 0);
	refuses(&h, "up", "belongs to root", "chown");
	assert_int_equal(chown(in(&h, "pg/data"), owner(), (gid_t)-1), 0);
	says(&h, "up", "started");
	down(&h);
}

static void full_disk(void **state)
{
	struct home h;

	(void)state;
	need_root();
	home_new(&h);
	assert_int_equal(mkdir(h.path, 0755), 0);
	if (mount("tmpfs", h.path, "tmpfs", 0, "size=24m,mode=755")) {
		print_message("mount: %s\n", strerror(errno));
		skip();
	}
	refuses(&h, "up", "No space left", "free some space");
	/* What was half made is gone; with room it works. */
	assert_int_equal(access(in(&h, "pg/data"), F_OK), -1);
	if (mount("tmpfs", h.path, "tmpfs", MS_REMOUNT, "size=400m"))
		fail_msg("remount: %s", strerror(errno));
	says(&h, "up", "made");
	down(&h);
	if (umount(h.path))
		fail_msg("umount: %s", strerror(errno));
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
		cmocka_unit_test(settings),
		cmocka_unit_test(odd_path),
		cmocka_unit_test(long_path),
		cmocka_unit_test(other_version),
		cmocka_unit_test(strangers),
		cmocka_unit_test(ordinary_user),
		cmocka_unit_test(closed_home),
		cmocka_unit_test(data_of_root),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(foreign),
	};

	return harness_main("cluster", tests, N(tests));
}
