#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

static void test_calloc_is_zero_and_never_null(void **state)
{
	unsigned char *p = xcalloc(100, 3);

	(void)state;
	for (int i = 0; i < 300; i++)
		assert_int_equal(p[i], 0);
	free(p);
	p = xcalloc(0, 8);
	assert_non_null(p);
	free(p);
}

static void test_realloc_array_keeps_content(void **state)
{
	int *p = xrealloc_array(NULL, 2, sizeof(*p));

	(void)state;
	p[0] = 11;
	p[1] = 22;
	p = xrealloc_array(p, 1000, sizeof(*p));
	assert_int_equal(p[0], 11);
	assert_int_equal(p[1], 22);
	p = xrealloc_array(p, 0, sizeof(*p));
	assert_non_null(p);
	free(p);
}

static void test_strings(void **state)
{
	char *s = xstrndup("abcdef", 3);

	(void)state;
	assert_string_equal(s, "abc");
	free(s);
	s = xstrndup("ab", 100);
	assert_string_equal(s, "ab");
	free(s);
	s = xstrdup("");
	assert_string_equal(s, "");
	free(s);
	s = xasprintf("%s-%d", "x", 42);
	assert_string_equal(s, "x-42");
	free(s);
}

static void test_grow_doubles(void **state)
{
	uint64_t *array = NULL;
	size_t cap = 0, changes = 0, last = 0;

	(void)state;
	for (size_t n = 1; n <= 1000; n++) {
		xgrow(&array, &cap, n, sizeof(*array));
		assert_true(cap >= n);
		changes += cap != last;
		last = cap;
		array[n - 1] = n;
	}
	assert_true(changes <= 9);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(array[i], i + 1);
	xgrow(&array, &cap, 5, sizeof(*array));
	assert_int_equal(cap, last); /* never shrinks */
	free(array);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calloc_is_zero_and_never_null),
		cmocka_unit_test(test_realloc_array_keeps_content),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_grow_doubles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
