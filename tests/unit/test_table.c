/* The table model: order, trees, folding, what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/filter.h"
#include "tui/table.h"

enum {
	NAME,
	COST,
	COLS
};

static const struct column cols[COLS] = {
	[NAME] = {.name = "name",
		  .title = "name",
		  .help = "",
		  .kind = CELL_TEXT},
	[COST] = {.name = "cost_usd",
		  .title = "cost",
		  .help = "",
		  .kind = CELL_MONEY},
};

static int add(struct table *t, const char *name, int cost, int parent)
{
	int r = table_add(t, name, strlen(name), parent);

	table_text(t, r, NAME, str_from(name));
	if (cost >= 0)
		table_money(t, r, COST, cost);
	return r;
}

/* The names shown, joined. */
static const char *shown(const struct table *t)
{
	static char out[256];
	size_t n = 0;

	out[0] = '\0';
	for (int i = 0; i < t->n_shown; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s",
				      i ? " " : "",
				      table_get(t, t->shown[i], NAME)->v.text);
	return out;
}

static void sorting(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, cols, COLS);
	add(&t, "b", 2, -1);
	add(&t, "none", -1, -1);
	add(&t, "A", 3, -1);
	add(&t, "c", 2, -1);
	table_arrange(&t, &(struct table_order){.col = -1});
	assert_string_equal(shown(&t), "b none A c");
	table_arrange(&t, &(struct table_order){.col = NAME});
	assert_string_equal(shown(&t), "A b c none");
	table_arrange(&t, &(struct table_order){.col = NAME, .desc = true});
	assert_string_equal(shown(&t), "none c b A");
	/* Unknown last in both directions, ties as they came. */
	table_arrange(&t, &(struct table_order){.col = COST});
	assert_string_equal(shown(&t), "b c A none");
	table_arrange(&t, &(struct table_order){.col = COST, .desc = true});
	assert_string_equal(shown(&t), "A b c none");
	table_release(&t);
}

static void large_sums_compare(void **state)
{
	struct table t;
	int a, b;

	(void)state;
	table_init(&t, cols, COLS);
	a = add(&t, "a", 0, -1);
	b = add(&t, "b", 0, -1);
	table_money(&t, a, COST, (__int128)INT64_MAX * 1000 + 1);
	table_money(&t, b, COST, (__int128)INT64_MAX * 1000);
	table_arrange(&t, &(struct table_order){.col = COST});
	assert_string_equal(shown(&t), "b a");
	table_release(&t);
}

static void fill_tree(struct table *t)
{
	int one, two;

	table_init(t, cols, COLS);
	one = add(t, "one", 1, -1);
	add(t, "one.x", 5, one);
	add(t, "one.y", 9, one);
	two = add(t, "two", 2, -1);
	add(t, "two.x", 1, two);
	add(t, "three", 3, -1);
}

static void trees_sort(void **state)
{
	struct table t;

	(void)state;
	fill_tree(&t);
	table_arrange(&t, &(struct table_order){.col = COST, .desc = true});
	assert_string_equal(shown(&t), "three two two.x one one.y one.x");
	table_arrange(&t, &(struct table_order){.col = COST});
	assert_string_equal(shown(&t), "one one.x one.y two two.x three");
	assert_int_equal(t.rows[0].children, 2);
	table_release(&t);
}

static bool fold_one(const void *arg, const struct table *t, int row)
{
	(void)arg;
	return strcmp(table_get(t, row, NAME)->v.text, "one") == 0;
}

static void trees_fold_and_filter(void **state)
{
	struct table t;
	struct filter f;
	struct err e;

	(void)state;
	fill_tree(&t);
	table_arrange(&t, &(struct table_order){.col = -1, .folded = fold_one});
	assert_string_equal(shown(&t), "one two two.x three");
	assert_int_equal(t.matched, 6);

	/* A child brings its parent, a parent its children. */
	assert_int_equal(filter_parse(&f, "two.x", cols, COLS, &e), RC_OK);
	table_arrange(&t, &(struct table_order){
				  .col = -1,
				  .match = filter_match,
				  .match_arg = &f,
			  });
	assert_string_equal(shown(&t), "two two.x");
	assert_int_equal(filter_parse(&f, "name=one", cols, COLS, &e), RC_OK);
	table_arrange(&t, &(struct table_order){
				  .col = -1,
				  .match = filter_match,
				  .match_arg = &f,
			  });
	assert_string_equal(shown(&t), "one one.x one.y");
	/* One sibling that matches does not bring the other. */
	assert_int_equal(filter_parse(&f, "one.y", cols, COLS, &e), RC_OK);
	table_arrange(&t, &(struct table_order){
				  .col = -1,
				  .match = filter_match,
				  .match_arg = &f,
			  });
	assert_string_equal(shown(&t), "one one.y");
	table_release(&t);
}

static void keys_survive(void **state)
{
	struct table t;
	uint64_t key;

	(void)state;
	fill_tree(&t);
	key = t.rows[3].key;
	table_clear(&t);
	assert_int_equal(table_find(&t, key), -1);
	add(&t, "new", 1, -1);
	add(&t, "two", 2, -1);
	assert_int_equal(table_find(&t, key), 1);
	assert_false(table_get(&t, 0, NAME)->alt);
	table_release(&t);
}

static void series(void **state)
{
	static const struct column spark[] = {{.name = "spend",
					       .title = "trend",
					       .help = "",
					       .kind = CELL_SPARK}};
	struct table t;
	struct series *s;
	int r;

	(void)state;
	table_init(&t, spark, 1);
	r = table_add(&t, "x", 1, -1);
	s = table_series(&t, r, 0, SPARK_MAX + 5);
	assert_non_null(s);
	assert_int_equal(s->n, SPARK_MAX);
	s->v[3] = 7;
	assert_ptr_equal(table_series(&t, r, 0, SPARK_MAX), s);
	table_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorting),
		cmocka_unit_test(large_sums_compare),
		cmocka_unit_test(trees_sort),
		cmocka_unit_test(trees_fold_and_filter),
		cmocka_unit_test(keys_survive),
		cmocka_unit_test(series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
