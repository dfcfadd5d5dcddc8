#include "tests/int/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/log.h"
#include "ledger/migrate.h"
#include "tests/int/harness_int.h"

#define TEMPLATE "aco_template"

static struct {
	char *bin; /* folder of initdb, pg_ctl, ... */
	char *dir; /* socket, log and data; only its owner may enter */
	char *data;
	char *log;
	bool root;
	struct proc_user user; /* postgres, when root */
	bool running;
	bool have_template;
} pg;

static const char conf_text[] = "listen_addresses = ''\n"
				"unix_socket_permissions = 0700\n"
				"fsync = off\n"
				"full_page_writes = off\n"
				"max_connections = 60\n"
				"shared_buffers = 64MB\n"
				"max_wal_size = 2GB\n"
				"wal_level = minimal\n"
				"max_wal_senders = 0\n"
				"timezone = UTC\n"
				"log_timezone = UTC\n"
				"log_line_prefix = '%m [%p] %a: '\n"
				"log_checkpoints = off\n";

/* ---- the server's programs ---- */

static char *find_bin(void)
{
	const char *given = getenv("ACO_PG_BIN");
	char *best = NULL;
	long newest = 0;
	glob_t g;

	if (given)
		return xstrdup(given);
	if (!glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &g)) {
		for (size_t i = 0; i < g.gl_pathc; i++) {
			const char *p = g.gl_pathv[i];
			long v = strtol(p + strlen("/usr/lib/postgresql/"),
					NULL, 10);

			if (v <= newest)
				continue;
			newest = v;
			free(best);
			best = xstrndup(p, strlen(p) - strlen("/initdb"));
		}
		globfree(&g);
	}
	return best ? best : xstrdup("/usr/bin");
}

static enum rc run_tool(const char *tool, const char *const args[],
			struct err *e)
{
	char *path = xasprintf("%s/%s", pg.bin, tool);
	const char *argv[32] = {path};
	static const char *const env[] = {"LC_ALL=C", "PGOPTIONS", "PGDATA",
					  NULL};
	struct proc p = {
		.argv = argv,
		.env = env,
		.user = pg.root ? &pg.user : NULL,
		.cwd = "/",
		.timeout_ms = 90000,
	};
	enum rc rc;

	for (size_t i = 0; args[i]; i++)
		argv[i + 1] = args[i];
	rc = proc_must(&p, e);
	free(path);
	return rc;
}
#define TOOL(tool, e, ...)                                                     \
	run_tool((tool), (const char *const[]){__VA_ARGS__, NULL}, (e))

/* ---- the cluster ---- */

static void make_cluster(void)
{
	struct err e;

	pg.root = geteuid() == 0;
	pg.bin = find_bin();
	pg.dir = xasprintf("%s/pg", harness_root());
	pg.data = xasprintf("%s/data", pg.dir);
	pg.log = xasprintf("%s/log", pg.dir);
	if (mkdir(pg.dir, 0700))
		fail_msg("mkdir %s: %s", pg.dir, strerror(errno));
	if (pg.root) {
		pg.user = harness_user("postgres");
		if (chown(pg.dir, pg.user.uid, pg.user.gid))
			fail_msg("chown %s: %s", pg.dir, strerror(errno));
	}
	ASSERT_OK(TOOL("initdb", &e, "-D", pg.data, "-U", "postgres", "-A",
		       "trust", "-E", "UTF8", "--locale=C", "--no-sync",
		       "--no-instructions"),
		  &e);
	harness_conf(conf_text);
}

void harness_start(void)
{
	char *options = xasprintf("-k %s", pg.dir);
	struct err e;

	ASSERT_OK(TOOL("pg_ctl", &e, "start", "-w", "-s", "-t", "60", "-D",
		       pg.data, "-l", pg.log, "-o", options),
		  &e);
	free(options);
	pg.running = true;
}

void harness_stop(void)
{
	struct err e;

	ASSERT_OK(TOOL("pg_ctl", &e, "stop", "-w", "-s", "-m", "fast", "-D",
		       pg.data),
		  &e);
	pg.running = false;
}

void harness_reload(void)
{
	struct err e;

	ASSERT_OK(TOOL("pg_ctl", &e, "reload", "-s", "-D", pg.data), &e);
}

/* Children of a process, by /proc; how many were written to `out`. */
static size_t children(pid_t parent, pid_t *out, size_t max)
{
	glob_t g;
	size_t n = 0;

	if (glob("/proc/[0-9]*/stat", 0, NULL, &g))
		return 0;
	for (size_t i = 0; i < g.gl_pathc && n < max; i++) {
		char text[512] = "";
		int fd = open(g.gl_pathv[i], O_RDONLY | O_CLOEXEC);
		const char *p;

		if (fd < 0)
			continue;
		if (read(fd, text, sizeof(text) - 1) <= 0)
			text[0] = 0;
		close(fd);
		p = strrchr(text, ')'); /* "PID (NAME) STATE PPID ..." */
		if (p && strtol(p + 4, NULL, 10) == (long)parent)
			out[n++] = (pid_t)strtol(text, NULL, 10);
	}
	globfree(&g);
	return n;
}

void harness_kill(void)
{
	char *path = xasprintf("%s/postmaster.pid", pg.data);
	char *text = harness_read(path);
	pid_t all[256];
	size_t n;

	all[0] = (pid_t)strtol(text, NULL, 10);
	assert_true(all[0] > 1);
	/* Stopped, it makes no new children while we look. */
	kill(all[0], SIGSTOP);
	n = 1 + children(all[0], all + 1, 255);
	for (size_t i = 0; i < n; i++)
		kill(all[i], SIGKILL);
	for (size_t i = 0; i < n; i++)
		harness_kill_pid(all[i]);
	free(text);
	free(path);
	pg.running = false;
}

void harness_conf(const char *line)
{
	char *path = xasprintf("%s/postgresql.conf", pg.data);
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "%s\n", line) < 0)
		fail_msg("writing %s: %s", path, strerror(errno));
	close(fd);
	free(path);
}

const char *harness_log(void)
{
	return pg.log;
}

const char *harness_socket(void)
{
	return pg.dir;
}

/* ---- databases ---- */

const char *harness_url(const char *name)
{
	return harness_keep(xasprintf("postgresql:///%s?host=%s&user=postgres",
				      name, pg.dir));
}

struct db *harness_open(const char *url)
{
	struct db *db = NULL;
	struct err e = {"", ""};

	ASSERT_OK(db_open(&db, url, "test", &e), &e);
	return db;
}

static void admin(const char *fmt, const char *name)
{
	struct db *db = harness_open(harness_url("postgres"));
	struct buf sql;

	buf_init(&sql, 4096);
	buf_adds(&sql, fmt);
	buf_addf(&sql, " \"%s\"", name);
	if (strstr(fmt, "CREATE") && pg.have_template)
		buf_adds(&sql, " TEMPLATE " TEMPLATE);
	harness_sql(db, buf_str(&sql));
	buf_release(&sql);
	db_close(db);
}

static void create(const char *name, bool from_template)
{
	bool have = pg.have_template;

	admin("DROP DATABASE IF EXISTS", name);
	pg.have_template = from_template;
	admin("CREATE DATABASE", name);
	pg.have_template = have;
}

static void make_template(void)
{
	struct err e = {"", ""};
	struct db *db;

	create(TEMPLATE, false);
	db = harness_open(harness_url(TEMPLATE));
	ASSERT_OK(migrate_up(db, NULL, &e), &e);
	db_close(db);
	pg.have_template = true;
}

const char *harness_db(const char *name)
{
	if (!pg.have_template)
		make_template();
	create(name, true);
	return harness_url(name);
}

const char *harness_db_empty(const char *name)
{
	create(name, false);
	return harness_url(name);
}

/* ---- SQL as text ---- */

void harness_sql(struct db *db, const char *sql)
{
	struct err e = {"", ""};

	ASSERT_OK(db_script(db, sql, &e), &e);
}

static struct db_result *query(struct db *db, const char *sql)
{
	const struct sql_stmt stmt = {"test", sql, "", true};
	struct db_result *r = NULL;
	struct err e = {"", ""};

	ASSERT_OK(db_run(db, &stmt, NULL, &r, NULL, &e), &e);
	return r;
}

int64_t harness_sql_i64(struct db *db, const char *sql)
{
	struct db_result *r = query(db, sql);
	__int128 v = 0;

	if (db_rows(r) < 1 || !db_numeric_i128(r, 0, 0, &v))
		fail_msg("no whole number: %s", sql);
	db_result_free(r);
	return (int64_t)v;
}

const char *harness_sql_text(struct db *db, const char *sql)
{
	static char text[65536];
	struct db_result *r = query(db, sql);
	uint32_t type = r && db_cols(r) ? db_col_type(r, 0) : 0;
	char uuid[UUID_TEXT];

	text[0] = 0;
	if (db_rows(r) < 1 || db_null(r, 0, 0))
		;
	else if (type == DB_BOOL)
		snprintf(text, sizeof(text), "%s",
			 db_bool(r, 0, 0) ? "true" : "false");
	else if (type == DB_INT2 || type == DB_INT4 || type == DB_INT8 ||
		 type == DB_NUMERIC)
		db_numeric(r, 0, 0, text, sizeof(text));
	else if (type == DB_UUID)
		snprintf(text, sizeof(text), "%s",
			 uuid_format(db_uuid(r, 0, 0), uuid));
	else
		snprintf(text, sizeof(text), "%.*s", STR_ARG(db_text(r, 0, 0)));
	db_result_free(r);
	return text;
}

struct db_result *harness_ask(struct db *db, const struct sql_stmt *stmt,
			      const struct db_args *a)
{
	struct db_result *r = NULL;
	struct err e = {"", ""};

	ASSERT_OK(db_run(db, stmt, a, &r, NULL, &e), &e);
	assert_non_null(r);
	return r;
}

struct db *harness_seeded(const char *name)
{
	struct db *db = harness_open(harness_db(name));
	char *sql = harness_read("tests/data/tui_seed.sql");

	harness_sql(db, sql);
	free(sql);
	return db;
}

/* ---- main ---- */

static void print_log(void)
{
	char *text =
		pg.log && !access(pg.log, R_OK) ? harness_read(pg.log) : NULL;
	size_t n = text ? strlen(text) : 0;

	if (n)
		fprintf(stderr, "---- server log (its end) ----\n%s\n",
			text + (n > 8192 ? n - 8192 : 0));
	free(text);
}

static int group_setup(void **state)
{
	(void)state;
	make_cluster();
	harness_start();
	return 0;
}

static int run(const char *group, const struct CMUnitTest *tests, size_t n,
	       CMFixtureFunction setup)
{
	int failed;

	/* What our children leave behind is ours to reap: a server that was
	 * killed is then gone at once, whatever process 1 is. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_WARN);
	guard_start();
	failed = _cmocka_run_group_tests(group, tests, n, setup, NULL);
	if (failed)
		print_log();
	guard_end();
	return failed;
}

int harness_main(const char *group, const struct CMUnitTest *tests, size_t n)
{
	return run(group, tests, n, group_setup);
}

int harness_main_bare(const char *group, const struct CMUnitTest *tests,
		      size_t n)
{
	return run(group, tests, n, NULL);
}
