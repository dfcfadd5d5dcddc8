/* Every statement of sql/queries against the current schema: those that can
 * be prepared are, and the server's idea of their parameters is compared with
 * the header of the file; the others are executed. */
#include <ctype.h>
#include <string.h>

#include "ledger/sql_stmt.h"
#include "tests/int/harness.h"

static struct db *db;

static int setup(void **state)
{
	(void)state;
	db = harness_open(harness_db("sql"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	return 0;
}

/* The statement's first word, after comments and white space. */
static bool first_word_is(const struct sql_stmt *s, const char *word)
{
	const char *p = s->text;
	size_t n = strlen(word);

	for (;;) {
		while (isspace((unsigned char)*p))
			p++;
		if (strncmp(p, "--", 2) != 0)
			break;
		p += strcspn(p, "\n");
	}
	return !strncasecmp(p, word, n) && !isalnum((unsigned char)p[n]);
}

static int count_params(const struct sql_stmt *s)
{
	int n = s->params[0] != 0;
	int depth = 0;

	for (const char *p = s->params; *p; p++) {
		depth += (*p == '(') - (*p == ')');
		n += *p == ',' && !depth;
	}
	return n;
}

/* ---- prepare ---- */

/* The header's types in the server's spelling, "?" where it has none. */
static void spell(const char *params, char *out, size_t size)
{
	static const struct sql_stmt stmt = {
		"spell",
		"SELECT array_to_string(ARRAY(SELECT "
		"coalesce(to_regtype(trim(t))::text, '?' || t) "
		"FROM unnest(string_to_array($1::text, ',')) AS u (t)), ', ')",
		"text", false};
	struct db_result *r = NULL;
	struct db_args a;
	struct err e = {"", ""};

	db_args_init(&a, 4096);
	db_arg_text(&a, str_from(params));
	ASSERT_OK(db_run(db, &stmt, &a, &r, NULL, &e), &e);
	snprintf(out, size, "%.*s", STR_ARG(db_text(r, 0, 0)));
	db_result_free(r);
	db_args_release(&a);
}

static int prepare(const struct sql_stmt *s)
{
	char want[1024];
	const char *got;
	struct buf text;
	struct err e;
	int bad = 0;

	buf_init(&text, 1 << 20);
	buf_addf(&text, "PREPARE probe AS %s", s->text);
	if (db_script(db, buf_str(&text), &e)) {
		print_error("%s: %s\n", s->name, e.msg);
		bad = 1;
	} else {
		spell(s->params, want, sizeof(want));
		got = harness_sql_text(
			db, "SELECT array_to_string(parameter_types, ', ') "
			    "FROM pg_prepared_statements WHERE name = "
			    "'probe'");
		if (strcmp(got, want) != 0) {
			print_error("%s: has (%s), its header says (%s)\n",
				    s->name, got, want);
			bad = 1;
		}
		harness_sql(db, "DEALLOCATE probe");
	}
	buf_release(&text);
	return bad;
}

/* ---- execute ---- */

/* No rows at all are a fine COPY. */
static enum rc copy_nothing(const struct sql_stmt *s, struct err *e)
{
	struct buf b;
	enum rc rc;

	buf_init(&b, 64);
	db_copy_header(&b);
	db_copy_trailer(&b);
	rc = db_run_copy(db, s, &b, NULL, e);
	buf_release(&b);
	return rc;
}

static enum rc execute(const struct sql_stmt *s, struct err *e)
{
	struct db_status st;
	struct db_args a;
	enum rc rc;

	if (first_word_is(s, "COPY"))
		return copy_nothing(s, e);
	db_args_init(&a, 64);
	for (int i = 0; i < count_params(s); i++)
		db_arg_null(&a);
	rc = db_run(db, s, &a, NULL, &st, e);
	db_args_release(&a);
	/* What NULL parameters break is not the statement's fault. */
	if (rc == RC_BAD && a.n)
		return RC_OK;
	return rc;
}

/* Some statements need a transaction, some refuse one. Whatever happened, the
 * connection is outside of one afterwards. */
static enum rc execute_either(const struct sql_stmt *s, struct err *e)
{
	enum rc rc = execute(s, e);
	struct err ignored;

	if (rc) {
		harness_sql(db, "BEGIN");
		rc = execute(s, &ignored);
	}
	/* Without a transaction this is a warning. */
	harness_sql(db, "ROLLBACK");
	return rc;
}

#define RUN_MAX 128

/* Some need what others make (temporary tables, roles): as long as one more
 * of them succeeds, the rest is tried again. */
static int execute_all(void)
{
	const struct sql_stmt *left[RUN_MAX];
	struct err why[RUN_MAX];
	size_t n = 0, before;

	for (size_t i = 0; sql_all[i]; i++) {
		if (!sql_all[i]->run)
			continue;
		assert_true(n < RUN_MAX);
		left[n++] = sql_all[i];
	}
	do {
		size_t k = 0;

		before = n;
		for (size_t i = 0; i < n; i++) {
			struct err e;

			if (!execute_either(left[i], &e))
				continue;
			left[k] = left[i];
			why[k++] = e;
		}
		n = k;
	} while (n && n < before);
	for (size_t i = 0; i < n; i++)
		print_error("%s: %s\n", left[i]->name, why[i].msg);
	return (int)n;
}

static void statements(void **state)
{
	int bad, n = 0;

	(void)state;
	/* First, since it makes the temporary tables that others name. */
	bad = execute_all();
	for (size_t i = 0; sql_all[i]; i++) {
		if (sql_all[i]->run)
			continue;
		bad += prepare(sql_all[i]);
		n++;
	}
	assert_true(n > 20);
	assert_int_equal(bad, 0);
}

/* The test itself sees what is wrong. */
static void sees_mistakes(void **state)
{
	const struct sql_stmt wrong[] = {
		{"wrong_type", "SELECT $1::int", "bigint", false},
		{"wrong_count", "SELECT $1::int", "", false},
		{"wrong_table", "SELECT 1 FROM nowhere", "", false},
		{"wrong_word", "SELECT $1::int", "integer, nonsense", false},
	};
	const struct sql_stmt right = {
		"right", "-- a comment\nSELECT $1::int[], $2::timestamptz",
		"int[], timestamptz", false};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(prepare(&wrong[i]), 1);
	assert_int_equal(prepare(&right), 0);
	assert_true(first_word_is(&right, "select"));
	assert_int_equal(count_params(&right), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sees_mistakes, setup, teardown),
		cmocka_unit_test_setup_teardown(statements, setup, teardown),
	};

	return harness_main("sql", tests, sizeof(tests) / sizeof(tests[0]));
}
