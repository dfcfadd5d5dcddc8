/* Where the private PostgreSQL is, who may use it, and what it needs: paths,
 * versions, users, a full disk. */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/cluster.h"
#include "tests/int/harness_int.h"
#include "tests/int/home.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* ---- where it is ---- */

/* Nothing in a path is special to anyone. */
static void odd_path(void **state)
{
	struct home h;

	(void)state;
	home_at(&h, harness_keep(xasprintf("%s/a 'b' \"c\" $(d) %%41,é\\",
					   harness_dir())));
	home_says(&h, "up", "made");
	home_down(&h);
}

static void long_path(void **state)
{
	char name[151];
	struct home h;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	home_at(&h, harness_keep(xasprintf("%s/%s", harness_dir(), name)));
	home_says(&h, "up", "made");
	db_close(home_open(&h));
	home_down(&h);
}

static void other_version(void **state)
{
	struct home h;
	char *was;

	(void)state;
	home_made(&h);
	was = harness_read(home_in(&h, "pg/data/PG_VERSION"));
	harness_write(home_in(&h, "pg/data/PG_VERSION"), "13\n");
	home_refuses(&h, "up", "made by PostgreSQL 13", "postgresql-13");
	harness_write(home_in(&h, "pg/data/PG_VERSION"), was);
	free(was);
	h.env[1] = "ACO_PG_BIN=/nowhere";
	home_refuses(&h, "up", "not installed", "hint: ");
	h.env[1] = NULL;
	home_says(&h, "up", "started");
	home_down(&h);
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
	home_up(&h);
	home_new(&other);
	run = home_in(&h, "pg/run");
	other.how.user = "nobody";
	other.env[1] = harness_keep(xasprintf(
		"ACO_DATABASE_URL=postgresql://aco@/aco?host=%s", run));
	home_refuses(&other, "up", "Permission denied", "hint: ");
	assert_int_equal(chmod(home_in(&h, "pg"), 0755), 0);
	assert_int_equal(chmod(run, 0755), 0);
	assert_int_equal(chmod(home_in(&h, "pg/run/.s.PGSQL.5432"), 0777), 0);
	home_refuses(&other, "up", "Peer authentication failed", "hint: ");
	/* The next start shuts what was open. */
	home_down(&h);
	home_up(&h);
	assert_mode(home_in(&h, "pg"), 0700, home_owner());
	assert_mode(run, 0700, home_owner());
	/* Another user's home is left alone. */
	other.env[0] = h.env[0];
	other.env[1] = NULL;
	home_refuses(&other, "up", "another user", "ACO_HOME");
	home_refuses(&other, "down", "another user", "ACO_HOME");
	home_down(&h);
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
	home_says(&h, "up", "made");
	assert_mode(home_in(&h, "pg/data"), 0700, u->uid);
	home_says(&as_root, "up", "running");
	db_close(home_open(&as_root));
	home_says(&as_root, "down", "stopped");
	home_says(&as_root, "up", "started");
	assert_mode(home_in(&h, "pg/run/.s.PGSQL.5432"), 0700, u->uid);
	home_says(&h, "up", "running");
	home_says(&h, "down", "stopped");
	/* A third one's is refused. */
	h.how.user = "postgres";
	home_refuses(&h, "up", "another user", "ACO_HOME");
}

/* A home that the postgres user cannot enter: the cluster goes where it can,
 * and is found there again. */
static struct home shut;

static void closed_home(void **state)
{
	struct conf c;
	struct err e = {"", ""};
	enum cluster_state s;

	(void)state;
	need_root();
	home_new(&shut);
	assert_int_equal(mkdir(shut.path, 0700), 0);
	home_says(&shut, "up", "/var/lib/aco/");
	home_says(&shut, "up", "running");
	/* Where it was made it stays, whatever becomes of the home. */
	assert_int_equal(chmod(shut.path, 0755), 0);
	home_says(&shut, "up", "running");
	c = home_conf(&shut);
	ASSERT_OK(cluster_look(&c, &s, NULL, &e), &e);
	assert_int_equal(s, CLUSTER_RUNNING);
	home_down(&shut);
}

/* It lies outside of the folder that is cleaned up for us. */
static int remove_closed(void **state)
{
	enum cluster_state s;
	struct harness_end end;
	struct conf c;
	struct buf where;

	(void)state;
	if (!shut.path)
		return 0;
	end = HARNESS_ACO(&shut.how, "down");
	harness_end_free(&end);
	c = home_conf(&shut);
	buf_init(&where, 8192);
	if (!cluster_look(&c, &s, &where, NULL) && s == CLUSTER_STOPPED &&
	    strstr(buf_str(&where), "/var/lib/aco/")) {
		const char *argv[] = {"rm", "-r", "--", where.p, NULL};
		const struct proc rm = {.argv = argv};

		where.len -= strlen("/pg");
		where.p[where.len] = 0;
		if (proc_must(&rm, NULL))
			print_message("%s stays behind\n", where.p);
		rmdir("/var/lib/aco");
	}
	buf_release(&where);
	return 0;
}

static void data_of_root(void **state)
{
	struct home h;

	(void)state;
	need_root();
	home_made(&h);
	assert_int_equal(chown(home_in(&h, "pg/data"), 0, 0), 0);
	home_refuses(&h, "up", "belongs to root", "chown");
	assert_int_equal(chown(home_in(&h, "pg/data"), home_owner(), (gid_t)-1),
			 0);
	home_says(&h, "up", "started");
	home_down(&h);
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
	home_refuses(&h, "up", "No space left", "free some space");
	/* What was half made is gone; with room it works. */
	assert_int_equal(access(home_in(&h, "pg/data"), F_OK), -1);
	if (mount("tmpfs", h.path, "tmpfs", MS_REMOUNT, "size=400m"))
		fail_msg("remount: %s", strerror(errno));
	home_says(&h, "up", "made");
	home_down(&h);
	if (umount(h.path))
		fail_msg("umount: %s", strerror(errno));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_path),
		cmocka_unit_test(long_path),
		cmocka_unit_test(other_version),
		cmocka_unit_test(strangers),
		cmocka_unit_test(ordinary_user),
		cmocka_unit_test_teardown(closed_home, remove_closed),
		cmocka_unit_test(data_of_root),
		cmocka_unit_test(full_disk),
	};

	return harness_main_bare("cluster_place", tests, N(tests));
}
