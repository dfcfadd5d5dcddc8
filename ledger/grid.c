#include "ledger/grid.h"

#include <stdlib.h>

#include "ledger/base/alloc.h"

#define GRID_BYTES ((size_t)256 << 20)

void grid_init(struct grid *g, const struct grid_col *cols)
{
	*g = (struct grid){.cols = cols};
	arena_init(&g->arena, GRID_BYTES);
	for (; cols[g->n_cols].title; g->n_cols++) {
		if (g->n_cols == GRID_COLS)
			BUG("too many columns");
		grid_cells(g, cols[g->n_cols].title);
	}
}

void grid_release(struct grid *g)
{
	free(g->cells);
	arena_release(&g->arena);
	*g = (struct grid){0};
}

void grid_cell(struct grid *g, struct str text)
{
	char *p = arena_strdup(&g->arena, text.len ? text.p : "", text.len);

	if (!p)
		return;
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			p[i] = '?';
	}
	xgrow(&g->cells, &g->cap, g->n + 1, sizeof(*g->cells));
	g->cells[g->n++] = (struct str){p, text.len};
}

void grid_cells(struct grid *g, const char *text)
{
	grid_cell(g, str_from(text));
}

/* Characters, as UTF-8 counts them. */
static int width(struct str s)
{
	int n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* A cell and what is between it and the next. */
static void put(const struct grid *g, size_t i, int wide, bool last,
		struct buf *out)
{
	bool right = g->cols[i % (size_t)g->n_cols].right;
	int pad = wide - width(g->cells[i]);

	if (right)
		buf_addf(out, "%*s", pad, "");
	buf_add(out, g->cells[i].p, g->cells[i].len);
	if (last)
		buf_addc(out, '\n');
	else
		buf_addf(out, "%*s", (right ? 0 : pad) + 2, "");
}

static void put_part(const struct grid *g, const int *wide, int keys, int from,
		     int to, struct buf *out)
{
	size_t cols = (size_t)g->n_cols;

	for (size_t row = 0; row < g->n; row += cols) {
		for (int c = 0; c < to; c = c + 1 == keys ? from : c + 1)
			if (row + (size_t)c < g->n)
				put(g, row + (size_t)c, wide[c], c + 1 == to,
				    out);
	}
}

void grid_print_within(const struct grid *g, int keys, int columns,
		       struct buf *out)
{
	size_t cols = (size_t)g->n_cols;
	int wide[GRID_COLS] = {0}, key = 0;

	if (g->n <= cols)
		return;
	for (size_t i = 0; i < g->n; i++) {
		int w = width(g->cells[i]);

		if (w > wide[i % cols])
			wide[i % cols] = w;
	}
	for (int c = 0; c < keys; c++)
		key += wide[c] + 2;
	for (int from = keys, to; from < g->n_cols; from = to) {
		int used = key + wide[from];

		for (to = from + 1; to < g->n_cols; to++) {
			used += 2 + wide[to];
			if (columns > 0 && used > columns)
				break;
		}
		if (from > keys)
			buf_addc(out, '\n');
		put_part(g, wide, keys, from, to, out);
	}
}

void grid_print(const struct grid *g, struct buf *out)
{
	grid_print_within(g, 1, 0, out);
}
