/* Values in PostgreSQL's binary formats, byte by byte. What the server makes
 * of them is tested in tests/int/test_db.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "ledger/db.h"

#define I128_MAX ((__int128)(~(unsigned __int128)0 >> 1))

static void assert_bytes(const struct buf *b, const char *want, size_t n)
{
	assert_true(buf_ok(b));
	assert_int_equal(b->len, n);
	assert_memory_equal(b->p, want, n);
}
#define ASSERT_BYTES(b, lit) assert_bytes((b), (lit), sizeof(lit) - 1)

static void numerics(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	db_field_numeric(&b, 0);
	ASSERT_BYTES(&b, "\0\0\0\10"
			 "\0\0\0\0\0\0\0\0");
	buf_clear(&b);
	db_field_numeric(&b, 1);
	ASSERT_BYTES(&b, "\0\0\0\12"
			 "\0\1\0\0\0\0\0\0\0\1");
	buf_clear(&b);
	db_field_numeric(&b, -10000); /* one digit, weight 1 */
	ASSERT_BYTES(&b, "\0\0\0\12"
			 "\0\1\0\1\100\0\0\0\0\1");
	buf_clear(&b);
	db_field_numeric(&b, 12345678);
	ASSERT_BYTES(&b, "\0\0\0\14"
			 "\0\2\0\1\0\0\0\0\4\322\26\56");
	buf_clear(&b);
	db_field_numeric(&b, -I128_MAX - 1);
	assert_int_equal(b.len, 4 + 8 + 20); /* 39 decimal digits */
	assert_int_equal(b.p[3], 28);
	buf_release(&b);
}

static void times(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	db_field_time(&b, TIME_NONE);
	ASSERT_BYTES(&b, "\377\377\377\377");
	buf_clear(&b);
	db_field_time(&b, INT64_C(946684800000001)); /* 2000, and 1 us */
	ASSERT_BYTES(&b, "\0\0\0\10\0\0\0\0\0\0\0\1");
	buf_clear(&b);
	/* Beyond what PostgreSQL can hold is not its -infinity. */
	db_field_time(&b, INT64_MIN + 5);
	ASSERT_BYTES(&b, "\0\0\0\10\200\0\0\0\0\0\0\1");
	buf_clear(&b);
	db_field_day(&b, 10958);
	ASSERT_BYTES(&b, "\0\0\0\4\0\0\0\1");
	buf_release(&b);
}

static void texts(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	db_field_text(&b, STR_NONE);
	db_field_text(&b, STR(""));
	db_field_text(&b, STR("ab"));
	db_field_jsonb(&b, STR("{}"));
	db_field_jsonb(&b, STR_NONE);
	ASSERT_BYTES(&b, "\377\377\377\377"
			 "\0\0\0\0"
			 "\0\0\0\2ab"
			 "\0\0\0\3\1{}"
			 "\377\377\377\377");
	buf_release(&b);
}

static void args(void **state)
{
	struct db_args a;

	(void)state;
	db_args_init(&a, 256);
	db_arg_i32(&a, -2);
	db_arg_text(&a, STR_NONE);
	db_arg_text(&a, STR(""));
	db_arr_begin(&a, DB_INT2);
	db_field_i16(&a.data, 7);
	db_arr_count(&a);
	db_field_null(&a.data);
	db_arr_count(&a);
	db_arr_end(&a);
	assert_int_equal(a.n, 4);
	assert_int_equal(a.v[0].len, 4);
	assert_int_equal(a.v[1].len, -1);
	assert_int_equal(a.v[2].len, 0);
	assert_int_equal(a.v[3].off, 4);
	assert_int_equal(a.v[3].len, 20 + 6 + 4);
	assert_memory_equal(a.data.p + a.v[3].off,
			    "\0\0\0\1\0\0\0\0\0\0\0\25\0\0\0\2\0\0\0\1"
			    "\0\0\0\2\0\7\377\377\377\377",
			    30);
	db_args_clear(&a);
	assert_int_equal(a.n, 0);
	assert_int_equal(a.data.len, 0);
	db_args_release(&a);
}

/* Values beyond the maximum fail as a whole and softly. */
static void too_big(void **state)
{
	struct db_args a;

	(void)state;
	db_args_init(&a, 16);
	db_arr_begin(&a, DB_INT8);
	db_field_i64(&a.data, 1);
	db_arr_count(&a);
	db_arr_end(&a);
	db_arg_i64(&a, 1);
	assert_false(buf_ok(&a.data));
	db_args_clear(&a);
	db_arg_i64(&a, 1);
	assert_true(buf_ok(&a.data));
	db_args_release(&a);
}

static void copy_frame(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	db_copy_header(&b);
	db_copy_row(&b, 1);
	db_field_bool(&b, true);
	db_copy_trailer(&b);
	ASSERT_BYTES(&b, "PGCOPY\n\377\r\n\0"
			 "\0\0\0\0\0\0\0\0"
			 "\0\1\0\0\0\1\1"
			 "\377\377");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numerics), cmocka_unit_test(times),
		cmocka_unit_test(texts),    cmocka_unit_test(args),
		cmocka_unit_test(too_big),  cmocka_unit_test(copy_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
