#include "tui/page.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

static char *copy_name(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

void page_open(struct page *p, const struct view *view, const struct place *at)
{
	static uint64_t last_id;

	memset(p, 0, sizeof(*p));
	p->id = ++last_id;
	p->view = view;
	p->where.at = *at;
	p->where.sort = view->sort;
	p->where.desc = view->desc;
	/* The names belong to the table that we came from. */
	p->class_name = copy_name(at->class_name);
	p->task_name = copy_name(at->task_name);
	p->where.at.class_name = p->class_name;
	p->where.at.task_name = p->task_name;
	p->name = copy_name(at->name);
	p->text = copy_name(at->text);
	p->where.at.name = p->name;
	p->where.at.text = p->text;
	p->pictures = -1;
	table_init(&p->table, view->cols, view->n_cols);
	lines_init(&p->lines);
}

void page_close(struct page *p)
{
	for (int i = 0; i < PAGE_ASKS; i++) {
		buf_release(&p->answers[i].args);
		db_result_free(p->answers[i].res);
	}
	table_release(&p->table);
	lines_release(&p->lines);
	free(p->class_name);
	free(p->task_name);
	free(p->name);
	free(p->text);
	free(p->turned);
	memset(p, 0, sizeof(*p));
}

/* ---- folds ---- */

bool page_folded(const struct page *p, int row)
{
	const struct row *r = &p->table.rows[row];
	bool folded = r->children == 1;

	if (p->unfolded)
		return false;
	for (size_t i = 0; i < p->n_turned; i++)
		if (p->turned[i] == r->key)
			return !folded;
	return folded;
}

static bool folded_test(const void *arg, const struct table *t, int row)
{
	(void)t;
	return page_folded(arg, row);
}

void page_fold(struct page *p, int row, bool folded)
{
	uint64_t key = p->table.rows[row].key;

	if (p->table.rows[row].children == 0 || page_folded(p, row) == folded)
		return;
	for (size_t i = 0; i < p->n_turned; i++) {
		if (p->turned[i] == key) {
			p->turned[i] = p->turned[--p->n_turned];
			return;
		}
	}
	xgrow(&p->turned, &p->cap_turned, p->n_turned + 1, sizeof(*p->turned));
	p->turned[p->n_turned++] = key;
}

/* ---- rows ---- */

int page_row(const struct page *p)
{
	if (p->cursor < 0 || p->cursor >= p->table.n_shown)
		return -1;
	return p->table.shown[p->cursor];
}

void page_move(struct page *p, int to)
{
	int row;

	if (to >= p->table.n_shown)
		to = p->table.n_shown - 1;
	p->cursor = to < 0 ? 0 : to;
	row = page_row(p);
	p->at_key = row >= 0;
	if (row >= 0)
		p->cursor_key = p->table.rows[row].key;
}

/* The row of the key, or the one above it if that is folded away; -1: gone. */
static int find_shown(struct page *p, uint64_t key)
{
	int row = table_find(&p->table, key);

	if (row < 0)
		return -1;
	for (int try = 0; try < 2 && row >= 0; try++) {
		for (int i = 0; i < p->table.n_shown; i++)
			if (p->table.shown[i] == row)
				return i;
		row = p->table.rows[row].parent;
	}
	return -1;
}

/* A paged view is in the order of the database already; sorting the rows of
 * one page again by the same column changes nothing but would hide that. */
void page_arrange(struct page *p, const struct show *how)
{
	struct table_order o = {
		.col = p->view->paged ? -1 : p->where.sort,
		.desc = p->where.desc,
		.match = p->filter.n ? filter_match : NULL,
		.match_arg = &p->filter,
		.folded = p->view->layout == VIEW_TREE ? folded_test : NULL,
		.folded_arg = p,
	};
	uint64_t key = p->cursor_key;
	bool at_key = p->at_key;
	int at;

	table_arrange(&p->table, &o);
	layout_measure(&p->table, how, p->natural);
	for (int c = 1; c < p->table.n_cols && c < LAYOUT_COLS_MAX; c++)
		if (p->off[c])
			p->natural[c] = 0;
	at = at_key ? find_shown(p, key) : -1;
	/* A row that is out of sight for now is not forgotten: refreshes may
	 * bring it back. */
	if (at >= 0)
		p->cursor = at;
	else
		page_move(p, p->cursor);
	if (p->view->layout == VIEW_RECORD) {
		lines_release(&p->lines);
		lines_init(&p->lines);
		lines_record(&p->lines, &p->table, how);
	}
}

void page_take(struct page *p, struct table *fresh, const struct show *how)
{
	struct table old = p->table;

	p->table = *fresh;
	*fresh = old;
	p->loaded = true;
	page_arrange(p, how);
	if (p->follow)
		page_move(p,
			  p->view->layout == VIEW_TREE ? p->table.n_shown : 0);
}

enum rc page_filter(struct page *p, const char *text, struct err *e)
{
	struct filter f;
	enum rc rc = filter_parse(&f, text, p->view->cols, p->view->n_cols, e);
	size_t n = strlen(text);

	if (rc != RC_OK)
		return rc;
	p->filter = f;
	n = n < sizeof(p->filter_text) ? n : sizeof(p->filter_text) - 1;
	memmove(p->filter_text, text, n);
	p->filter_text[n] = '\0';
	return RC_OK;
}

/* ---- order ---- */

bool page_sorts(const struct page *p, int col)
{
	enum cell_kind kind = p->view->cols[col].kind;

	return !p->view->paged ||
	       (kind != CELL_SPARK && kind != CELL_BAR && kind != CELL_CHANGE);
}

void page_sort_by(struct page *p, int col)
{
	enum cell_kind kind = p->view->cols[col].kind;

	if (p->where.sort == col) {
		p->where.desc = !p->where.desc;
	} else {
		p->where.sort = col;
		/* Of figures the greatest is sought, of words the first. */
		p->where.desc = !cell_is_text(kind);
	}
	p->where.offset = 0;
}

void page_sort_step(struct page *p, int step)
{
	int n = p->view->n_cols, col = p->where.sort;

	if (p->view->layout == VIEW_RECORD)
		return;
	for (int tries = 0; tries < n; tries++) {
		col = (col + step + n + (col < 0 && step < 0)) % n;
		if (p->view->cols[col].title && page_sorts(p, col) &&
		    (!p->loaded || p->natural[col] > 0))
			break;
	}
	p->where.sort = -1;
	page_sort_by(p, col);
}
