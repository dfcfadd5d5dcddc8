/* Values to PostgreSQL and back. */
#include <math.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "tests/int/harness.h"

#define N(a)     (sizeof(a) / sizeof((a)[0]))
#define I128_MAX ((__int128)(~(unsigned __int128)0 >> 1))
#define I128_MIN (-I128_MAX - 1)

static struct db *db;

static int setup(void **state)
{
	(void)state;
	db = harness_open(harness_db_empty("value"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	return 0;
}

static void numerics(void **state)
{
	static const struct sql_stmt echo = {"echo_numeric",
					     "SELECT $1::numeric, $1::text",
					     "numeric", false};
	const __int128 values[] = {
		0,
		1,
		-1,
		9999,
		10000,
		-10000,
		10001,
		100000000,
		99999999,
		123456789,
		INT64_MAX,
		INT64_MIN,
		I128_MAX,
		I128_MIN,
		I128_MAX / 10000 * 10000,
		(__int128)INT64_MAX * 10000,
	};

	(void)state;
	for (size_t i = 0; i < N(values); i++) {
		struct db_args a;
		struct db_result *r;
		char text[64];
		__int128 back = 0;

		db_args_init(&a, 64);
		db_arg_numeric(&a, values[i]);
		r = harness_ask(db, &echo, &a);
		assert_true(db_numeric_i128(r, 0, 0, &back));
		assert_true(back == values[i]);
		/* Our text is the server's own. */
		db_numeric(r, 0, 0, text, sizeof(text));
		assert_int_equal(db_text(r, 0, 1).len, strlen(text));
		assert_memory_equal(db_text(r, 0, 1).p, text, strlen(text));
		db_result_free(r);
		db_args_release(&a);
	}
}

static void fractions(void **state)
{
	static const char *const values[] = {
		"0.1",       "-0.00012", "12345.678901234567890123",
		"0.00",      "1.50",     "10000.0001",
		"0.99999",   "1e20",     "1e-12",
		"-1.5",      "NaN",      "Infinity",
		"-Infinity",
	};
	__int128 whole;
	char sql[128], text[64];

	(void)state;
	for (size_t i = 0; i < N(values); i++) {
		struct sql_stmt stmt = {"test", sql, "", true};
		struct db_result *r;

		snprintf(sql, sizeof(sql),
			 "SELECT '%s'::numeric, '%s'::numeric::text", values[i],
			 values[i]);
		r = harness_ask(db, &stmt, NULL);
		db_numeric(r, 0, 0, text, sizeof(text));
		assert_int_equal(db_text(r, 0, 1).len, strlen(text));
		assert_memory_equal(db_text(r, 0, 1).p, text, strlen(text));
		assert_int_equal(db_numeric_i128(r, 0, 0, &whole),
				 !strcmp(values[i], "0.00") ||
					 !strcmp(values[i], "1e20"));
		db_result_free(r);
	}
	/* Beyond __int128, and beyond the buffer: never a part of it. */
	struct sql_stmt big = {"test", "SELECT 10::numeric ^ 60", "", true};
	struct db_result *r = harness_ask(db, &big, NULL);

	assert_false(db_numeric_i128(r, 0, 0, &whole));
	assert_string_equal(db_numeric(r, 0, 0, text, 20), "NaN");
	db_result_free(r);
}

static const struct sql_stmt echo_all = {
	"echo_all",
	"SELECT $1::bool, $2::smallint, $3::int, $4::bigint, $5::float8, "
	"$6::text, $7::bytea, $8::uuid, $9::timestamptz, $10::date, "
	"$11::bigint[], $12::text, $13::jsonb, $14::real, "
	"extract(epoch FROM $9)::bigint, $10::date::text, "
	"array_to_string($11, ',', 'null')",
	"", false};

static void values(void **state)
{
	const int64_t when = INT64_C(1795482123000004);
	struct db_args a;
	struct db_result *r;
	char uuid[UUID_TEXT];
	struct uuid u;

	(void)state;
	assert_true(
		uuid_parse(STR("01234567-89ab-cdef-0123-456789abcdef"), &u));
	db_args_init(&a, 4096);
	db_arg_bool(&a, true);
	db_arg_i16(&a, INT16_MIN);
	db_arg_i32(&a, INT32_MAX);
	db_arg_i64(&a, INT64_MIN);
	db_arg_f64(&a, -0.1);
	db_arg_text(&a, STR("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"));
	db_arg_bytea(&a, "a\0b", 3);
	db_arg_uuid(&a, u);
	db_arg_time(&a, when);
	db_arg_day(&a, 20781);
	db_arr_begin(&a, DB_INT8);
	db_field_i64(&a.data, -5);
	db_arr_count(&a);
	db_field_null(&a.data);
	db_arr_count(&a);
	db_arr_end(&a);
	db_arg_text(&a, STR_NONE);
	db_arg_bytea(&a, "\1{\"a\": 1}", 9);
	a.v[a.n].off = a.data.len; /* a float4 has no setter of its own */
	buf_be32(&a.data, 0x40200000);
	a.v[a.n++].len = 4;

	r = harness_ask(db, &echo_all, &a);
	assert_int_equal(db_rows(r), 1);
	assert_int_equal(db_cols(r), 17);
	assert_string_equal(db_col_name(r, 0), "bool");
	assert_true(db_bool(r, 0, 0));
	assert_int_equal(db_i64(r, 0, 1), INT16_MIN);
	assert_int_equal(db_i64(r, 0, 2), INT32_MAX);
	assert_true(db_i64(r, 0, 3) == INT64_MIN);
	assert_true(db_f64(r, 0, 4) == -0.1);
	assert_true(str_is(db_text(r, 0, 5), "gr\xc3\xbc\xc3\x9f "
					     "\xf0\x9f\x98\x80"));
	assert_int_equal(db_text(r, 0, 6).len, 3);
	assert_memory_equal(db_text(r, 0, 6).p, "a\0b", 3);
	assert_string_equal(uuid_format(db_uuid(r, 0, 7), uuid),
			    "01234567-89ab-cdef-0123-456789abcdef");
	assert_true(db_time(r, 0, 8) == when);
	assert_int_equal(db_i64(r, 0, 14), when / US_PER_SEC);
	assert_int_equal(db_day(r, 0, 9), 20781);
	assert_true(str_is(db_text(r, 0, 15), "2026-11-24"));
	assert_true(str_is(db_text(r, 0, 16), "-5,null"));
	assert_true(db_null(r, 0, 11));
	assert_null(db_text(r, 0, 11).p);
	assert_true(str_is(db_text(r, 0, 12), "{\"a\": 1}"));
	assert_true(db_f64(r, 0, 13) == 2.5);
	db_result_free(r);
	db_args_release(&a);
}

static void nulls(void **state)
{
	struct db_args a;
	struct db_result *r;
	__int128 v;
	char text[64];
	static const struct sql_stmt stmt = {
		"test",
		"SELECT NULL::bigint, NULL::numeric, NULL::timestamptz, "
		"NULL::uuid, NULL::float8, 'infinity'::timestamptz, "
		"'{}'::int[], $1::int[], ''::text",
		"", false};

	(void)state;
	db_args_init(&a, 64);
	db_arr_begin(&a, DB_INT4); /* an empty array */
	db_arr_end(&a);
	r = harness_ask(db, &stmt, &a);
	assert_int_equal(db_i64(r, 0, 0), 0);
	assert_false(db_numeric_i128(r, 0, 1, &v));
	assert_string_equal(db_numeric(r, 0, 1, text, sizeof(text)), "");
	assert_true(db_time(r, 0, 2) == TIME_NONE);
	assert_true(uuid_is_nil(db_uuid(r, 0, 3)));
	assert_true(isnan(db_f64(r, 0, 4)));
	assert_true(db_time(r, 0, 5) == TIME_NONE);
	assert_true(str_eq(db_text(r, 0, 6), db_text(r, 0, 7)));
	assert_non_null(db_text(r, 0, 8).p);
	assert_int_equal(db_text(r, 0, 8).len, 0);
	db_result_free(r);
	db_args_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(numerics, setup, teardown),
		cmocka_unit_test_setup_teardown(fractions, setup, teardown),
		cmocka_unit_test_setup_teardown(values, setup, teardown),
		cmocka_unit_test_setup_teardown(nulls, setup, teardown),
	};

	return harness_main("db_value", tests, N(tests));
}
