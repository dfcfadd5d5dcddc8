#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ledger/base/buf.h"

static void test_append(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_null(b.p);
	assert_string_equal(buf_str(&b), "");
	buf_adds(&b, "ab");
	buf_addc(&b, 'c');
	buf_add(&b, "d\0e", 3);
	buf_addf(&b, "%05d", 42);
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, 11);
	assert_memory_equal(b.p, "abcd\0e00042", 12); /* with its NUL */
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_str(&b), "");
	buf_release(&b);
	assert_null(b.p);
}

/* Exactly `max` bytes fit, one more fails, whichever way they come. */
static void test_maximum_is_exact(void **state)
{
	(void)state;
	for (size_t max = 0; max < 200; max++) {
		struct buf b;

		buf_init(&b, max);
		for (size_t i = 0; i < max; i++)
			buf_addc(&b, 'x');
		assert_true(buf_ok(&b));
		assert_int_equal(b.len, max);
		buf_addc(&b, 'y');
		assert_false(buf_ok(&b));
		assert_string_equal(buf_str(&b), "");
		buf_release(&b);

		buf_init(&b, max);
		buf_addf(&b, "%*s", (int)max, "");
		assert_true(buf_ok(&b));
		buf_addf(&b, "%s", "z");
		assert_false(buf_ok(&b));
		buf_release(&b);
	}
}

static void test_failure_is_sticky(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_adds(&b, "12345");
	assert_false(buf_ok(&b));
	buf_adds(&b, "1");
	buf_addf(&b, "%d", 1);
	buf_be32(&b, 1);
	assert_null(buf_reserve(&b, 1));
	buf_advance(&b, 1);
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	buf_adds(&b, "1234");
	assert_true(buf_ok(&b));
	assert_string_equal(buf_str(&b), "1234");
	buf_release(&b);
}

static void test_huge_requests(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX / 4);
	buf_adds(&b, "x");
	assert_null(buf_reserve(&b, SIZE_MAX - 1));
	assert_false(buf_ok(&b));
	buf_release(&b);
}

static void test_big_endian(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_be16(&b, 0x0102);
	buf_be32(&b, 0x83040506);
	buf_be64(&b, 0xf708090a0b0c0d0e);
	assert_int_equal(b.len, 14);
	assert_memory_equal(
		b.p, "\x01\x02\x83\x04\x05\x06\xf7\x08\x09\x0a\x0b\x0c\x0d\x0e",
		14);
	buf_release(&b);
}

static void test_reserve_advance(void **state)
{
	struct buf b;
	char *p;

	(void)state;
	buf_init(&b, 5000);
	for (int i = 0; i < 1000; i++) {
		p = buf_reserve(&b, 5);
		assert_non_null(p);
		memcpy(p, "abcde", 5);
		buf_advance(&b, 3);
	}
	assert_int_equal(b.len, 3000);
	assert_string_equal(buf_str(&b) + 2994, "abcabc");
	buf_release(&b);
}

static void test_format_into_a_full_buffer_grows(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (int i = 0; i < 10000; i++)
		buf_addf(&b, "%d,", i % 10);
	assert_int_equal(b.len, 20000);
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(b.p[2 * i], '0' + (int)(i % 10));
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_maximum_is_exact),
		cmocka_unit_test(test_failure_is_sticky),
		cmocka_unit_test(test_huge_requests),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_reserve_advance),
		cmocka_unit_test(test_format_into_a_full_buffer_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
