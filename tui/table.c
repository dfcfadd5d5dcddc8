#include "tui/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "tui/text.h"

/* Room for the text of one table; a screen holds at most a few thousand rows,
 * so this is reached only by hostile names. */
#define TEXT_MAX ((size_t)64 << 20)

void table_init(struct table *t, const struct column *cols, int n_cols)
{
	memset(t, 0, sizeof(*t));
	t->cols = cols;
	t->n_cols = n_cols;
	arena_init(&t->arena, TEXT_MAX);
}

void table_release(struct table *t)
{
	arena_release(&t->arena);
	free(t->rows);
	free(t->cells);
	free(t->shown);
	memset(t, 0, sizeof(*t));
}

void table_clear(struct table *t)
{
	arena_clear(&t->arena);
	t->n = 0;
	t->n_shown = 0;
	t->matched = 0;
	t->truncated = false;
	t->more = false;
	t->bounded = false;
	t->found = 0;
	t->n_notes = 0;
	t->n_headings = 0;
	t->n_pictures = 0;
}

/* FNV-1a: keys only have to tell the rows of one table apart. */
uint64_t table_key(const void *key, size_t len)
{
	const uint8_t *p = key;
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * UINT64_C(1099511628211);
	return h;
}

int table_add(struct table *t, const void *key, size_t key_len, int parent)
{
	size_t cols = (size_t)t->n_cols;
	int at = (int)t->n;

	xgrow(&t->rows, &t->cap, t->n + 1, sizeof(*t->rows));
	xgrow(&t->cells, &t->cells_cap, (t->n + 1) * cols, sizeof(*t->cells));
	memset(&t->rows[at], 0, sizeof(t->rows[at]));
	memset(&t->cells[t->n * cols], 0, cols * sizeof(*t->cells));
	t->rows[at].key = table_key(key, key_len);
	t->rows[at].parent = parent;
	if (parent >= 0)
		t->rows[parent].children++;
	t->n++;
	return at;
}

struct cell *table_cell(struct table *t, int row, int col)
{
	return &t->cells[(size_t)row * (size_t)t->n_cols + (size_t)col];
}

const struct cell *table_get(const struct table *t, int row, int col)
{
	return &t->cells[(size_t)row * (size_t)t->n_cols + (size_t)col];
}

/* ---- filling ---- */

const char *table_keep(struct table *t, struct str s)
{
	const char *copy = arena_strdup(&t->arena, s.p ? s.p : "", s.len);

	if (!copy) {
		t->truncated = true;
		return "";
	}
	return copy;
}

const char *table_clean(struct table *t, struct str s)
{
	char clean[256];

	text_clean(s, clean, sizeof(clean));
	return table_keep(t, str_from(clean));
}

void table_text(struct table *t, int row, int col, struct str s)
{
	struct cell *c = table_cell(t, row, col);

	c->known = s.p != NULL;
	if (c->known)
		c->v.text = table_keep(t, s);
}

static void set(struct table *t, int row, int col, int64_t v)
{
	struct cell *c = table_cell(t, row, col);

	c->known = true;
	c->v.i = v;
}

void table_int(struct table *t, int row, int col, int64_t v)
{
	set(t, row, col, v);
}

void table_ratio(struct table *t, int row, int col, int64_t micro)
{
	set(t, row, col, micro);
}

void table_span(struct table *t, int row, int col, int64_t us)
{
	set(t, row, col, us);
}

void table_flag(struct table *t, int row, int col, bool v)
{
	set(t, row, col, v);
}

void table_time(struct table *t, int row, int col, int64_t us)
{
	if (us != TIME_NONE)
		set(t, row, col, us);
}

void table_money(struct table *t, int row, int col, __int128 pusd)
{
	struct cell *c = table_cell(t, row, col);

	c->known = true;
	c->v.money = pusd;
}

void table_change(struct table *t, int row, int col, int64_t micro)
{
	set(t, row, col, micro);
}

static int32_t cut_micro(int64_t v)
{
	if (v < 0)
		return 0;
	return v > 1000000 ? 1000000 : (int32_t)v;
}

void table_bar(struct table *t, int row, int col, int64_t lo, int64_t hi)
{
	struct cell *c = table_cell(t, row, col);

	c->known = true;
	c->v.bar.lo = cut_micro(lo);
	c->v.bar.hi = cut_micro(hi < lo ? lo : hi);
}

void table_note(struct table *t, enum tone tone, const char *label,
		const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (t->n_notes == TABLE_NOTES)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	t->notes[t->n_notes++] =
		(struct note){table_keep(t, str_from(label)),
			      table_keep(t, str_from(text)), tone};
}

void table_heading(struct table *t, int col, const char *fmt, ...)
{
	char text[32];
	va_list ap;

	if (t->n_headings == TABLE_HEADINGS)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	t->headings[t->n_headings++] =
		(struct heading){col, table_keep(t, str_from(text))};
}

const char *table_title(const struct table *t, int col)
{
	for (int i = 0; i < t->n_headings; i++)
		if (t->headings[i].col == col)
			return t->headings[i].text;
	return t->cols[col].title;
}

void table_uuid(struct table *t, int row, int col, struct uuid id)
{
	char text[UUID_TEXT];

	if (!uuid_is_nil(id))
		table_text(t, row, col, str_from(uuid_format(id, text)));
}

void table_none(struct table *t, int row, int col, const char *alt)
{
	struct cell *c = table_cell(t, row, col);

	c->known = false;
	c->alt = alt;
}

void table_tone(struct table *t, int row, int col, enum tone tone)
{
	table_cell(t, row, col)->tone = tone;
}

struct series *table_series(struct table *t, int row, int col, int n)
{
	struct cell *c = table_cell(t, row, col);
	struct series *s;

	if (c->known)
		return c->v.series;
	s = arena_alloc(&t->arena, sizeof(*s));
	if (!s) {
		t->truncated = true;
		return NULL;
	}
	s->n = n < SPARK_MAX ? n : SPARK_MAX;
	c->known = true;
	c->v.series = s;
	return s;
}

int table_find(struct table *t, uint64_t key)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t at = (t->found + i) % t->n;

		if (t->rows[at].key == key) {
			t->found = at;
			return (int)at;
		}
	}
	return -1;
}

/* ---- cells ---- */

bool cell_is_text(enum cell_kind kind)
{
	return kind == CELL_TEXT || kind == CELL_LINES;
}

bool cell_is_right(enum cell_kind kind)
{
	return kind == CELL_INT || kind == CELL_MONEY || kind == CELL_RATIO ||
	       kind == CELL_SPAN || kind == CELL_CHANGE;
}

static __int128 series_sum(const struct series *s)
{
	__int128 sum = 0;

	for (int i = 0; i < s->n; i++)
		sum += s->v[i];
	return sum;
}

bool cell_number(enum cell_kind kind, const struct cell *c, __int128 *out)
{
	switch (kind) {
	case CELL_INT:
	case CELL_ID:
	case CELL_FLAG:
		*out = (__int128)c->v.i * 1000000000000;
		return true;
	case CELL_MONEY:
		*out = c->v.money;
		return true;
	case CELL_RATIO:
	case CELL_TIME:
	case CELL_SPAN:
	case CELL_CHANGE:
		*out = (__int128)c->v.i * 1000000;
		return true;
	case CELL_BAR:
		*out = (__int128)c->v.bar.lo * 1000000;
		return true;
	case CELL_TEXT:
	case CELL_LINES:
	case CELL_SPARK:
		break;
	}
	return false;
}

int cell_cmp(enum cell_kind kind, const struct cell *a, const struct cell *b)
{
	__int128 x = 0, y = 0;

	if (cell_is_text(kind)) {
		int d = strcasecmp(a->v.text, b->v.text);

		d = d ? d : strcmp(a->v.text, b->v.text);
		return (d > 0) - (d < 0);
	}
	if (kind == CELL_SPARK) {
		x = series_sum(a->v.series);
		y = series_sum(b->v.series);
	} else {
		cell_number(kind, a, &x);
		cell_number(kind, b, &y);
	}
	return (x > y) - (x < y);
}

int column_find(const struct column *cols, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(cols[i].name, name) == 0)
			return i;
	return -1;
}

/* ---- order ---- */

struct sorting {
	const struct table *t;
	const struct table_order *o;
};

static int cmp_rows(const struct sorting *s, int a, int b)
{
	int col = s->o->col;

	if (col >= 0) {
		const struct cell *x = table_get(s->t, a, col);
		const struct cell *y = table_get(s->t, b, col);
		int d = 0;

		if (x->known != y->known)
			return x->known ? -1 : 1;
		if (x->known)
			d = cell_cmp(s->t->cols[col].kind, x, y);
		if (d)
			return s->o->desc ? -d : d;
	}
	return a - b;
}

/* Trees: compare the top rows first, so that children stay with theirs. */
static int cmp_tree(const void *pa, const void *pb, void *arg)
{
	const struct sorting *s = arg;
	int a = *(const int *)pa, b = *(const int *)pb;
	int ta = s->t->rows[a].parent, tb = s->t->rows[b].parent;
	int top_a = ta >= 0 ? ta : a, top_b = tb >= 0 ? tb : b;

	if (top_a != top_b)
		return cmp_rows(s, top_a, top_b);
	if (a == top_a || b == top_b)
		return (b == top_b) - (a == top_a);
	return cmp_rows(s, a, b);
}

/* Rows that pass the filter; matching is judged once for each row. */
static bool *matches(const struct table *t, const struct table_order *o)
{
	bool *hit = xcalloc(t->n + 1, sizeof(*hit));
	bool *below = xcalloc(t->n + 1, sizeof(*below));

	for (size_t i = 0; i < t->n; i++) {
		hit[i] = !o->match || o->match(o->match_arg, t, (int)i);
		if (hit[i] && t->rows[i].parent >= 0)
			below[t->rows[i].parent] = true;
	}
	for (size_t i = 0; i < t->n; i++) {
		int parent = t->rows[i].parent;

		if (parent >= 0 && hit[parent])
			below[i] = true;
	}
	for (size_t i = 0; i < t->n; i++)
		hit[i] = hit[i] || below[i];
	free(below);
	return hit;
}

void table_arrange(struct table *t, const struct table_order *o)
{
	struct sorting s = {t, o};
	bool *hit = matches(t, o);

	t->shown = xrealloc_array(t->shown, t->n + 1, sizeof(*t->shown));
	t->n_shown = 0;
	t->matched = 0;
	for (size_t i = 0; i < t->n; i++) {
		int parent = t->rows[i].parent;

		if (!hit[i])
			continue;
		t->matched++;
		if (parent < 0 || !o->folded ||
		    !o->folded(o->folded_arg, t, parent))
			t->shown[t->n_shown++] = (int)i;
	}
	qsort_r(t->shown, (size_t)t->n_shown, sizeof(*t->shown), cmp_tree, &s);
	free(hit);
}
