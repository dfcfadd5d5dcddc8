/* A private PostgreSQL for one test program, and running aco against it.
 *
 *	int main(void)
 *	{
 *		const struct CMUnitTest tests[] = { cmocka_unit_test(...) };
 *		return harness_main("ledger", tests, N(tests));
 *	}
 *
 * The cluster lives in a folder under /tmp, listens on a Unix socket in it
 * only, runs as the postgres user when we are root, and is removed when the
 * test program ends, however it ends. Its log is printed when a test failed.
 * Every helper fails the running test when it cannot do what it says. */
#ifndef ACO_HARNESS_H
#define ACO_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "ledger/base/err.h"
#include "ledger/db.h"

/* Starts the cluster, runs the tests, stops the cluster; main's result. */
int harness_main(const char *group, const struct CMUnitTest *tests, size_t n);
/* The same without a cluster. */
int harness_main_bare(const char *group, const struct CMUnitTest *tests,
		      size_t n);

/* ---- databases ---- */
/* A fresh database with the current schema, a copy of a template: its URL,
 * which lives until the program ends. A database of that name is dropped. */
const char *harness_db(const char *name);
/* A fresh, empty database. */
const char *harness_db_empty(const char *name);
/* The URL of a database by name, whether it is there or not. */
const char *harness_url(const char *name);
struct db *harness_open(const char *url); /* db_open that must succeed */
/* Run SQL given as text. Of the others: the first field of the first row. */
void harness_sql(struct db *db, const char *sql);
int64_t harness_sql_i64(struct db *db, const char *sql);
/* As text, "" when NULL or when there is no row; lives until the next call. */
const char *harness_sql_text(struct db *db, const char *sql);

/* The rows of a statement; its arguments stay the caller's. */
struct db_result *harness_ask(struct db *db, const struct sql_stmt *stmt,
			      const struct db_args *a);
/* harness_db() with what tests/data/tui_seed.sql writes. */
struct db *harness_seeded(const char *name);

/* ---- the cluster ---- */
void harness_stop(void);  /* pg_ctl stop -m fast */
void harness_start(void); /* again */
void harness_kill(void);  /* kill -9 of all of it; waits until it is gone */
/* Add a line to postgresql.conf; takes effect at a start or reload. */
void harness_conf(const char *line);
void harness_reload(void);
const char *harness_log(void);    /* path of the server's log */
const char *harness_socket(void); /* folder of its socket */

/* ---- folders and files ---- */
/* A new empty folder (mode 0755) that is removed at the end, together with
 * any PostgreSQL that runs from inside it. */
const char *harness_dir(void);
void harness_write(const char *path, const char *text);
char *harness_read(const char *path); /* to be freed */

/* ---- processes ---- */
struct harness_run {
	const char *const *env; /* "NAME=value" or "NAME" (unset), then NULL */
	const char *input;      /* standard input, or NULL */
	const char *user;       /* run as, or NULL */
	const char *cwd;
	int timeout_ms; /* 0: 60 s */
};
struct harness_end {
	int code; /* exit code, or 128 + signal */
	char *out, *err;
};
/* $ACO_BIN, or the aco that was built with this test program. */
const char *harness_aco_path(void);
/* Run `aco ARGS...` and wait; `how` may be NULL. ACO_* of our own environment
 * are not passed on; ACO_HOME is a folder of this test program and
 * ACO_DATABASE_URL is unset unless given. */
struct harness_end harness_aco(const struct harness_run *how,
			       const char *const args[]);
#define HARNESS_ACO(how, ...)                                                  \
	harness_aco((how), (const char *const[]){__VA_ARGS__, NULL})
void harness_end_free(struct harness_end *end);
/* Run and demand exit code 0, or fail printing what it wrote. */
void harness_aco_ok(const struct harness_run *how, const char *const args[]);
#define HARNESS_ACO_OK(how, ...)                                               \
	harness_aco_ok((how), (const char *const[]){__VA_ARGS__, NULL})
/* Start without waiting (how->input and timeout_ms are not used); its output
 * is appended to files. It is killed at the latest when we end. */
pid_t harness_aco_start(const struct harness_run *how, const char *const args[],
			const char *out_path, const char *err_path);
int harness_wait(pid_t pid, int timeout_ms); /* its code, as above */
/* kill -9 of any process of this test; waits until it is gone. */
void harness_kill_pid(pid_t pid);

/* ---- waiting: never sleep ---- */
/* Call cond(arg) until it is true; fails the test after timeout_ms. */
typedef bool harness_cond(void *arg);
void poll_until(harness_cond *cond, void *arg, int timeout_ms,
		const char *what);

/* Until the first field of the first row is `want` ("" when NULL or when there
 * is no row); fails the test after 10 s, showing what it is instead. */
void harness_sql_until(struct db *db, const char *sql, const char *want);

/* ---- assertions that say more ---- */
#define ASSERT_OK(rc, e) harness_assert_ok((rc), (e), __FILE__, __LINE__)
void harness_assert_ok(enum rc rc, const struct err *e, const char *file,
		       int line);
#define ASSERT_CONTAINS(hay, needle)                                           \
	harness_assert_contains((hay), (needle), __FILE__, __LINE__)
void harness_assert_contains(const char *hay, const char *needle,
			     const char *file, int line);

#endif
