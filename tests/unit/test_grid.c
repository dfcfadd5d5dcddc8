/* Tables for people: widths, sides, and what must not reach a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/grid.h"

static const struct grid_col cols[] = {
	{"NAME", false}, {"N", true}, {"LAST", false}, {NULL, false}};

static void test_empty(void **state)
{
	struct grid g;
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	grid_init(&g, cols);
	grid_print(&g, &b);
	assert_string_equal(buf_str(&b), "");
	grid_release(&g);
	buf_release(&b);
}

static void test_widths(void **state)
{
	struct grid g;
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	grid_init(&g, cols);
	grid_cells(&g, "\xc3\xa4\xc3\xb6");
	grid_cells(&g, "1234");
	grid_cells(&g, "x");
	grid_cell(&g, STR("a longer one"));
	grid_cell(&g, STR("5"));
	grid_cell(&g, STR_NONE);
	grid_cell(&g, STR("\x1b[2J\x7f"));
	grid_cell(&g, STR(""));
	grid_cell(&g, STR("end"));
	grid_print(&g, &b);
	assert_string_equal(buf_str(&b), "NAME             N  LAST\n"
					 "\xc3\xa4\xc3\xb6            1234  x\n"
					 "a longer one     5  \n"
					 "?[2J?               end\n");
	grid_release(&g);
	buf_release(&b);
}

static void test_narrow(void **state)
{
	struct grid g;
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	grid_init(&g, cols);
	grid_cells(&g, "a");
	grid_cells(&g, "1234");
	grid_cells(&g, "x");
	grid_print_within(&g, 1, 16, &b);
	assert_string_equal(buf_str(&b), "NAME     N  LAST\n"
					 "a     1234  x\n");
	buf_clear(&b);
	grid_print_within(&g, 1, 15, &b);
	assert_string_equal(buf_str(&b), "NAME     N\n"
					 "a     1234\n"
					 "\n"
					 "NAME  LAST\n"
					 "a     x\n");
	buf_clear(&b);
	grid_print_within(&g, 2, 1, &b);
	assert_string_equal(buf_str(&b), "NAME     N  LAST\n"
					 "a     1234  x\n");
	grid_release(&g);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
