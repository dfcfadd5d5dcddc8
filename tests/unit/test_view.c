/* Every entry of the table of views is complete, and keys do not clash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <string.h>

#include "ledger/base/cmd.h"
#include "ledger/query.h"
#include "tui/action.h"
#include "tui/layout.h"
#include "tui/view.h"

static void check_columns(const struct view *v)
{
	for (int i = 0; i < v->n_cols; i++) {
		const struct column *c = &v->cols[i];

		/* A forgotten designated initialiser is all zeros. */
		assert_non_null(c->name);
		for (const char *p = c->name; *p; p++)
			assert_true(islower((unsigned char)*p) ||
				    isdigit((unsigned char)*p) || *p == '_');
		assert_int_equal(column_find(v->cols, v->n_cols, c->name), i);
		if (!c->title)
			continue;
		assert_non_null(c->help);
		assert_true(strlen(c->title) <= 15);
		/* The help screen has room for this beside the heading. */
		assert_true(strlen(c->help) <= 90);
		if (c->kind == CELL_MONEY)
			assert_non_null(strstr(c->name, "_usd"));
		if (c->kind == CELL_SPAN)
			assert_non_null(strstr(c->name, "_us"));
	}
}

/* The database knows every column that a paged view sorts by. */
static void check_paged(const struct view *v)
{
	char quoted[80];

	for (int i = 0; v->paged && i < v->n_cols; i++) {
		if (!v->cols[i].title || !strcmp(v->cols[i].name, "started_at"))
			continue;
		snprintf(quoted, sizeof(quoted), "WHEN '%s' THEN",
			 v->cols[i].name);
		if (!strstr(v->asks[0].stmt->text, quoted))
			fail_msg("%s does not sort by %s",
				 v->asks[0].stmt->name, v->cols[i].name);
	}
}

extern const struct command command_top;

static void check_help(const struct view *v)
{
	for (const struct cmd_opt *o = command_top.opts; o->name; o++)
		if (!strcmp(o->name, "view"))
			assert_non_null(strstr(o->help, v->name));
}

static void views_are_complete(void **state)
{
	(void)state;
	for (int i = 0; views[i]; i++) {
		const struct view *v = views[i];

		assert_non_null(v->name);
		assert_non_null(v->title);
		assert_non_null(v->about);
		assert_ptr_equal(view_find(v->name), v);
		assert_true(v->n_asks > 0 && v->n_cols > 0);
		if (v->layout != VIEW_RECORD)
			assert_true(v->n_cols <= LAYOUT_COLS_MAX);
		assert_true(v->sort >= -1 && v->sort < v->n_cols);
		assert_true(v->sort < 0 || v->cols[v->sort].title);
		assert_non_null(v->cols[0].title);
		assert_int_equal(v->cols[0].drop, 0);
		assert_true(v->asks[0].stmt && v->asks[0].args &&
			    v->asks[0].take);
		check_columns(v);
		check_paged(v);
		check_help(v);
	}
	assert_null(view_find("nosuch"));
}

static bool clash(const struct action *a, const struct action *b, int key)
{
	unsigned la = a->layouts ? a->layouts : ~0u;
	unsigned lb = b->layouts ? b->layouts : ~0u;

	if (!(la & lb))
		return false;
	for (int i = 0; i < ACTION_KEYS && b->keys[i]; i++)
		if (b->keys[i] == key)
			return true;
	return false;
}

static void keys_are_told_apart(void **state)
{
	(void)state;
	for (const struct action *a = actions; a->run; a++) {
		assert_non_null(a->keys_text);
		assert_non_null(a->keys_short);
		assert_non_null(a->help);
		assert_true(a->keys[0] != 0);
		assert_true(strlen(a->keys_text) < 16);
		for (const struct action *b = a + 1; b->run; b++)
			for (int i = 0; i < ACTION_KEYS && a->keys[i]; i++)
				assert_false(clash(a, b, a->keys[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views_are_complete),
		cmocka_unit_test(keys_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
