#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ledger/base/arena.h"

static void test_zeroed_and_aligned(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t n = 0; n < 300; n++) {
		unsigned char *p = arena_alloc(&a, n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xaa, n);
	}
	assert_true(arena_ok(&a));
	arena_clear(&a);
	for (size_t n = 0; n < 300; n++) {
		unsigned char *p = arena_alloc(&a, n);

		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0); /* also when reused */
	}
	arena_release(&a);
}

static void test_allocations_do_not_overlap(void **state)
{
	unsigned char *p[500];
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 22);
	for (size_t i = 0; i < 500; i++) {
		p[i] = arena_alloc(&a, 1 + i * 13 % 5000);
		assert_non_null(p[i]);
		memset(p[i], (int)(i & 0xff), 1 + i * 13 % 5000);
	}
	for (size_t i = 0; i < 500; i++) {
		for (size_t k = 0; k < 1 + i * 13 % 5000; k++)
			assert_int_equal(p[i][k], i & 0xff);
	}
	arena_release(&a);
}

static void test_bounded_and_sticky(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 100);
	assert_non_null(arena_alloc(&a, 60));
	assert_null(arena_alloc(&a, 60));
	assert_false(arena_ok(&a));
	assert_null(arena_alloc(&a, 1));
	assert_null(arena_strdup(&a, "x", 1));
	assert_null(arena_str(&a, STR("x")).p);
	assert_null(arena_strf(&a, "x").p);
	arena_clear(&a);
	assert_true(arena_ok(&a));
	assert_non_null(arena_alloc(&a, 100)); /* exactly the maximum */
	assert_null(arena_alloc(&a, 1));
	arena_release(&a);

	arena_init(&a, SIZE_MAX);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 20));
	arena_release(&a);
}

static void test_strings(void **state)
{
	struct arena a;
	struct str s;

	(void)state;
	arena_init(&a, 1 << 20);
	assert_string_equal(arena_strdup(&a, "hello", 4), "hell");
	assert_string_equal(arena_strdup(&a, NULL, 0), "");
	s = arena_str(&a, (struct str){"ab\0c", 4});
	assert_int_equal(s.len, 4);
	assert_memory_equal(s.p, "ab\0c", 5);
	assert_null(arena_str(&a, STR_NONE).p);
	assert_non_null(arena_str(&a, STR("")).p);
	s = arena_strf(&a, "%s/%d", "x", 7);
	assert_int_equal(s.len, 3);
	assert_string_equal(s.p, "x/7");
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeroed_and_aligned),
		cmocka_unit_test(test_allocations_do_not_overlap),
		cmocka_unit_test(test_bounded_and_sticky),
		cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
