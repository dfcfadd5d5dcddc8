/* How a table lies on the screen, and what a person did to it over a refresh:
 * columns that fit, the cursor that stays on its row, folds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>

#include "tui/layout.h"
#include "tui/page.h"
#include "tui/text.h"

enum {
	NAME,
	COST,
	CALLS,
	NOTE,
	HIDDEN,
	COLS
};

static const struct column cols[COLS] = {
	[NAME] = {.name = "name", .title = "NAME", .help = ""},
	[COST] = {.name = "cost_usd",
		  .title = "COST",
		  .help = "",
		  .kind = CELL_MONEY},
	[CALLS] = {.name = "calls",
		   .title = "CALLS",
		   .help = "",
		   .kind = CELL_INT,
		   .drop = 1},
	[NOTE] = {.name = "note", .title = "NOTE", .help = "", .drop = 2},
	[HIDDEN] = {.name = "hidden", .kind = CELL_INT},
};
static const struct view list = {.name = "list",
				 .title = "list",
				 .cols = cols,
				 .n_cols = COLS,
				 .sort = COST,
				 .desc = true};
static const struct view tree = {.name = "tree",
				 .title = "tree",
				 .layout = VIEW_TREE,
				 .cols = cols,
				 .n_cols = COLS,
				 .sort = -1};
static const struct place nowhere;
static const struct show how;

static int add(struct table *t, const char *name, int cost, int parent)
{
	int r = table_add(t, name, strlen(name), parent);

	table_text(t, r, NAME, str_from(name));
	table_money(t, r, COST, (__int128)cost * 1000000000000);
	table_int(t, r, CALLS, cost * 10);
	table_text(t, r, NOTE, STR("a note of some length"));
	return r;
}

/* ---- layout ---- */

static void columns_yield_by_rank(void **state)
{
	struct table t;
	struct layout l;
	int natural[LAYOUT_COLS_MAX];

	(void)state;
	table_init(&t, cols, COLS);
	add(&t, "a name of twenty cols", 5, -1);
	table_arrange(&t, &(struct table_order){.col = -1});
	layout_measure(&t, &how, natural);
	assert_int_equal(natural[HIDDEN], 0);
	assert_int_equal(natural[NAME], 21);

	for (int width = 1; width < 120; width++) {
		int sum = 0;

		layout_fit(&t, natural, width, 0, -1, &l);
		assert_in_range(l.n, 1, 4);
		assert_int_equal(l.col[0], NAME);
		assert_int_equal(l.n + l.hidden, 4);
		for (int i = 0; i < l.n; i++) {
			assert_true(l.width[i] > 0);
			sum += l.width[i] + (i > 0);
		}
		assert_true(sum <= width || l.n == 1);
		/* The note goes first, the calls next, the cost last. */
		if (l.n == 3)
			assert_int_equal(l.col[2], CALLS);
		if (l.n == 2)
			assert_int_equal(l.col[1], COST);
	}
	layout_fit(&t, natural, 119, 0, -1, &l);
	assert_int_equal(l.n, 4);
	assert_int_equal(l.width[0], 21);
	table_release(&t);
}

static void the_sorted_column_stays(void **state)
{
	struct table t;
	struct layout l;
	int natural[LAYOUT_COLS_MAX];

	(void)state;
	table_init(&t, cols, COLS);
	add(&t, "name", 5, -1);
	table_arrange(&t, &(struct table_order){.col = -1});
	layout_measure(&t, &how, natural);
	layout_fit(&t, natural, 30, 0, NOTE, &l);
	assert_true(l.n >= 2);
	assert_int_equal(l.col[l.n - 1], NOTE);
	table_release(&t);
}

/* Where a wide column had to go, a narrow one that went with it comes back, and
 * room stays for the number of those that did not. */
static void a_narrow_column_comes_back(void **state)
{
	struct column ranked[COLS];
	struct table t;
	struct layout l;
	int natural[LAYOUT_COLS_MAX], width;

	(void)state;
	memcpy(ranked, cols, sizeof(ranked));
	ranked[NOTE].drop = 1;
	ranked[CALLS].drop = 3;
	table_init(&t, ranked, COLS);
	add(&t, "name", 5, -1);
	table_arrange(&t, &(struct table_order){.col = -1});
	layout_measure(&t, &how, natural);
	width = natural[NAME] + natural[COST] + natural[CALLS] + 2;
	assert_true(natural[CALLS] + 4 < natural[NOTE]);
	layout_fit(&t, natural, width + 4, 0, -1, &l);
	assert_int_equal(l.n, 3);
	assert_int_equal(l.hidden, 1);
	for (int i = 1; i < l.n; i++)
		assert_true(l.col[i] > l.col[i - 1]);
	assert_int_equal(natural[l.col[1]] + natural[l.col[2]],
			 natural[COST] + natural[CALLS]);
	layout_fit(&t, natural, width + 3, 0, -1, &l);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.hidden, 2);
	table_release(&t);
}

/* A text yields before a column is dropped, and has back what is left over;
 * a heading of the table's own has room. */
static void texts_yield(void **state)
{
	struct column soft[COLS];
	struct table t;
	struct layout l;
	int natural[LAYOUT_COLS_MAX];

	(void)state;
	memcpy(soft, cols, sizeof(soft));
	soft[NOTE].min = 6;
	table_init(&t, soft, COLS);
	add(&t, "name", 5, -1);
	table_heading(&t, CALLS, "CALLS %dd", 12);
	assert_string_equal(table_title(&t, CALLS), "CALLS 12d");
	assert_string_equal(table_title(&t, COST), "COST");
	table_arrange(&t, &(struct table_order){.col = -1});
	layout_measure(&t, &how, natural);
	assert_int_equal(natural[CALLS], 10);
	for (int width = 38; width < 80; width++) {
		layout_fit(&t, natural, width, 0, -1, &l);
		assert_int_equal(l.n, 4);
		assert_in_range(l.width[3], 6, natural[NOTE]);
		assert_in_range(l.width[0] + l.width[1] + l.width[2] +
					l.width[3] + 3,
				0, width);
	}
	assert_int_equal(l.width[3], natural[NOTE]);
	table_clear(&t);
	assert_string_equal(table_title(&t, CALLS), "CALLS");
	table_release(&t);
}

/* The mark of a fold has room, also where no child is shown. */
static bool fold_all(const void *arg, const struct table *t, int row)
{
	(void)arg;
	(void)t;
	return row == 0;
}

static void folds_have_room(void **state)
{
	struct table t;
	int natural[LAYOUT_COLS_MAX];

	(void)state;
	table_init(&t, cols, COLS);
	add(&t, "10 edit", 5, -1);
	add(&t, "a", 5, 0);
	table_arrange(&t, &(struct table_order){.col = -1, .folded = fold_all});
	assert_int_equal(t.n_shown, 1);
	layout_measure(&t, &how, natural);
	assert_int_equal(natural[NAME], 9);
	table_release(&t);
}

static void scrolling_keeps_the_first(void **state)
{
	struct table t;
	struct layout l;
	int natural[LAYOUT_COLS_MAX];

	(void)state;
	table_init(&t, cols, COLS);
	add(&t, "name", 5, -1);
	table_arrange(&t, &(struct table_order){.col = -1});
	layout_measure(&t, &how, natural);
	layout_fit(&t, natural, 40, 2, COST, &l);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.col[0], NAME);
	assert_int_equal(l.col[1], NOTE);
	table_release(&t);
}

static void records_leave_out_the_unknown(void **state)
{
	struct table t;
	struct lines l;
	int r;

	(void)state;
	table_init(&t, cols, COLS);
	r = table_add(&t, "x", 1, -1);
	table_text(&t, r, NAME, STR("evil\033[1m"));
	table_none(&t, r, COST, "unpriced");
	lines_init(&l);
	lines_record(&l, &t, &how);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.v[0].text, "evil?[1m");
	assert_string_equal(l.v[1].label, "COST");
	assert_string_equal(l.v[1].text, "unpriced");
	lines_release(&l);
	table_release(&t);
}

/* ---- pages ---- */

static const char *at_cursor(const struct page *p)
{
	int row = page_row(p);

	return row < 0 ? "" : table_get(&p->table, row, NAME)->v.text;
}

static void fresh(struct page *p, const char *const *names, int n)
{
	struct table t;

	table_init(&t, cols, COLS);
	for (int i = 0; i < n; i++)
		add(&t, names[i], 100 - i, -1);
	page_take(p, &t, &how);
	table_release(&t);
}

static void the_cursor_stays_on_its_row(void **state)
{
	static const char *const before[] = {"a", "b", "c", "d"};
	static const char *const moved[] = {"d", "c", "b", "new"};
	static const char *const gone[] = {"a", "d"};
	struct page p;
	struct err e;

	(void)state;
	page_open(&p, &list, &nowhere);
	assert_int_equal(page_row(&p), -1);
	fresh(&p, before, 4);
	assert_string_equal(at_cursor(&p), "a");
	page_move(&p, 1);
	assert_string_equal(at_cursor(&p), "b");
	fresh(&p, moved, 4);
	assert_string_equal(at_cursor(&p), "b");
	assert_int_equal(p.cursor, 2);
	/* Gone: the nearest that is there. */
	fresh(&p, gone, 2);
	assert_string_equal(at_cursor(&p), "d");
	page_move(&p, -5);
	assert_string_equal(at_cursor(&p), "a");
	page_move(&p, 99);
	assert_string_equal(at_cursor(&p), "d");
	/* Filtered away and back. */
	assert_int_equal(page_filter(&p, "zzz", &e), RC_OK);
	page_arrange(&p, &how);
	assert_int_equal(page_row(&p), -1);
	assert_int_equal(page_filter(&p, "", &e), RC_OK);
	page_arrange(&p, &how);
	assert_true(page_row(&p) >= 0);
	assert_int_equal(page_filter(&p, "cost>x", &e), RC_BAD);
	page_close(&p);
}

static void sorting_skips_what_is_not_shown(void **state)
{
	static const int order[] = {CALLS, NOTE, NAME, COST};
	struct page p;

	(void)state;
	page_open(&p, &list, &nowhere);
	for (size_t i = 0; i < 4; i++) {
		page_sort_step(&p, 1);
		assert_int_equal(p.where.sort, order[i]);
		/* Words from the first, figures from the greatest. */
		assert_int_equal(p.where.desc,
				 order[i] == CALLS || order[i] == COST);
	}
	page_sort_step(&p, -1);
	assert_int_equal(p.where.sort, NAME);
	page_sort_step(&p, -1);
	assert_int_equal(p.where.sort, NOTE);
	page_close(&p);
	/* From no order at all, both ways. */
	page_open(&p, &tree, &nowhere);
	page_sort_step(&p, -1);
	assert_int_equal(p.where.sort, NOTE);
	page_close(&p);
	page_open(&p, &tree, &nowhere);
	page_sort_step(&p, 1);
	assert_int_equal(p.where.sort, NAME);
	page_close(&p);
}

static void folds(void **state)
{
	struct page p;
	struct table t;
	int one, two;

	(void)state;
	page_open(&p, &tree, &nowhere);
	table_init(&t, cols, COLS);
	one = add(&t, "one", 1, -1);
	add(&t, "only", 1, one);
	two = add(&t, "two", 1, -1);
	add(&t, "first", 1, two);
	add(&t, "second", 1, two);
	page_take(&p, &t, &how);
	table_release(&t);
	/* One child says nothing that its parent does not. */
	assert_true(page_folded(&p, 0));
	assert_false(page_folded(&p, 2));
	assert_int_equal(p.table.n_shown, 4);
	page_move(&p, 3);
	assert_string_equal(at_cursor(&p), "second");
	page_fold(&p, 2, true);
	page_arrange(&p, &how);
	assert_int_equal(p.table.n_shown, 2);
	assert_string_equal(at_cursor(&p), "two");
	page_fold(&p, 0, false);
	page_fold(&p, 0, false);
	page_arrange(&p, &how);
	assert_int_equal(p.table.n_shown, 3);
	p.unfolded = true;
	page_arrange(&p, &how);
	assert_int_equal(p.table.n_shown, 5);
	page_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_yield_by_rank),
		cmocka_unit_test(the_sorted_column_stays),
		cmocka_unit_test(a_narrow_column_comes_back),
		cmocka_unit_test(texts_yield),
		cmocka_unit_test(folds_have_room),
		cmocka_unit_test(scrolling_keeps_the_first),
		cmocka_unit_test(records_leave_out_the_unknown),
		cmocka_unit_test(the_cursor_stays_on_its_row),
		cmocka_unit_test(sorting_skips_what_is_not_shown),
		cmocka_unit_test(folds),
	};

	setlocale(LC_ALL, "C.UTF-8");
	text_set_unicode(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
