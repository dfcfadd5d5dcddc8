/* Prices in the database: what is shipped, what is imported, and what a
 * recalculation does to the past. */
#include <stdlib.h>
#include <string.h>

#include "ledger/cost.h"
#include "ledger/price_store.h"
#include "tests/int/harness.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static struct price_book *load(struct db *db)
{
	struct price_book *b = NULL;
	struct err e;

	ASSERT_OK(price_book_load(&b, db, &e), &e);
	return b;
}

static bool same_row(const struct price_row *a, const struct price_row *b)
{
	return str_eq(a->provider, b->provider) && str_eq(a->model, b->model) &&
	       str_eq(a->mode, b->mode) &&
	       str_eq(a->deprecated, b->deprecated) &&
	       str_eq(a->utc_window, b->utc_window) &&
	       a->valid_from == b->valid_from &&
	       !memcmp(a->v, b->v, sizeof(a->v));
}

static void same_rows(const struct price_book *a, const struct price_book *b)
{
	size_t na, nb;
	const struct price_row *x = price_book_rows(a, &na);
	const struct price_row *y = price_book_rows(b, &nb);

	assert_int_equal(na, nb);
	for (size_t i = 0; i < na; i++) {
		assert_int_equal(x[i].id, y[i].id);
		assert_int_equal(x[i].older, y[i].older);
		assert_int_equal(x[i].source_date, y[i].source_date);
		assert_int_equal(x[i].window_from, y[i].window_from);
		assert_int_equal(x[i].window_to, y[i].window_to);
		assert_true(str_eq(x[i].source, y[i].source));
		assert_true(same_row(&x[i], &y[i]));
	}
}

static void a_fresh_database_has_the_shipped_prices(void **state)
{
	struct db *db = harness_open(harness_db("seed"));
	struct price_book *shipped = NULL, *now = load(db);
	struct err e;

	(void)state;
	ASSERT_OK(price_book_builtin(&shipped, &e), &e);
	same_rows(shipped, now);
	price_book_free(now);
	/* Again: nothing new, and what is there is not touched. */
	harness_sql(db, "UPDATE price SET imported_at = '2026-01-01Z'");
	ASSERT_OK(price_seed(db, &e), &e);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM price WHERE "
					     "imported_at = '2026-01-01Z'"),
			 543);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM price"),
			 543);
	/* What is missing comes back, behind what is there. */
	harness_sql(db, "DELETE FROM price WHERE model = 'o3' AND "
			"provider = 'openai' AND valid_from IS NULL");
	ASSERT_OK(price_seed(db, &e), &e);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM price"),
			 543);
	assert_int_equal(
		harness_sql_i64(db, "SELECT max(id) FROM price WHERE model = "
				    "'o3' AND provider = 'openai'"),
		544);
	price_book_free(shipped);
	db_close(db);
}

static void what_was_imported_is_not_overruled(void **state)
{
	struct db *db = harness_open(harness_db("contract"));
	struct err e;

	(void)state;
	/* As if the table had been shipped anew: o3 has a contract, o3-mini
	 * has only an older shipped price. */
	harness_sql(db, "UPDATE price SET source = 'genai-prices@0.1.7' "
			"WHERE model IN ('o3', 'o3-mini') AND "
			"provider = 'openai'");
	harness_sql(db, "INSERT INTO price (source, provider, model, "
			"input_fusd) VALUES ('contract', 'openai', 'o3', 1)");
	ASSERT_OK(price_seed(db, &e), &e);
	assert_string_equal(
		harness_sql_text(db, "SELECT string_agg(model || ' ' || source,"
				     " ', ' ORDER BY id) FROM price "
				     "WHERE id > 543"),
		"o3 contract, o3-mini genai-prices@0.1.8");
	db_close(db);
}

static void a_strange_window_is_told(void **state)
{
	struct db *db = harness_open(harness_db("window"));
	struct price_book *b = NULL;
	struct err e;

	(void)state;
	harness_sql(db, "INSERT INTO price (source, provider, model, "
			"utc_window) VALUES ('s', 'x', 'm', 'at night')");
	assert_int_equal(price_book_load(&b, db, &e), RC_BAD);
	assert_string_equal(e.msg,
			    "price row 544: utc_window is no time of day");
	/* The connection is still good. */
	assert_int_equal(harness_sql_i64(db, "SELECT 7"), 7);
	db_close(db);
}

static void a_failed_seed_leaves_nothing(void **state)
{
	struct db *db = harness_open(harness_db("failed"));
	struct err e;

	(void)state;
	harness_sql(db, "DELETE FROM price");
	harness_sql(db, "ALTER TABLE price ADD CHECK (model <> 'sonar-pro')");
	assert_int_equal(price_seed(db, &e), RC_BAD);
	ASSERT_CONTAINS(e.msg, "shipped prices: ");
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM price"), 0);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_database_has_the_shipped_prices),
		cmocka_unit_test(what_was_imported_is_not_overruled),
		cmocka_unit_test(a_strange_window_is_told),
		cmocka_unit_test(a_failed_seed_leaves_nothing),
	};

	return harness_main("price", tests, N(tests));
}
