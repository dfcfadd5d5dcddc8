#include "tui/filter.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "ledger/base/clock.h"

#define SCALE   ((__int128)1000000000000)
#define NUM_MAX (SCALE * SCALE * 1000000)

/* ---- numbers ---- */

/* Digits with an optional fraction at *p, times 10^12; moves *p on. */
static bool digits(const char **p, __int128 *out)
{
	const char *s = *p;
	__int128 v = 0, unit = SCALE;
	int n = 0;

	for (; isdigit((unsigned char)*s); s++, n++) {
		v = v * 10 + (*s - '0');
		if (v > NUM_MAX / SCALE)
			return false;
	}
	v *= SCALE;
	if (*s == '.') {
		for (s++; isdigit((unsigned char)*s); s++, n++) {
			unit /= 10;
			v += unit * (*s - '0');
		}
	}
	*p = s;
	*out = v;
	return n > 0;
}

struct suffix {
	const char *text;
	__int128 mul, div;
};

static const struct suffix counts[] = {
	{"", 1, 1},           {"k", 1000, 1}, {"m", 1000000, 1},
	{"g", 1000000000, 1}, {NULL, 0, 0},
};
static const struct suffix spans[] = {
	{"us", 1, 1000000}, {"ms", 1, 1000}, {"s", 1, 1},     {"", 1, 1},
	{"m", 60, 1},       {"h", 3600, 1},  {"d", 86400, 1}, {NULL, 0, 0},
};
static const struct suffix ratios[] = {
	{"%", 1, 100},
	{"", 1, 1},
	{NULL, 0, 0},
};

static bool with_suffix(const char *s, const struct suffix *table,
			__int128 *out)
{
	__int128 v;

	if (!digits(&s, &v))
		return false;
	for (; table->text; table++) {
		if (strcasecmp(s, table->text) == 0) {
			*out = v * table->mul / table->div;
			return true;
		}
	}
	return false;
}

static bool parse_flag(const char *s, __int128 *out)
{
	bool yes = !strcasecmp(s, "yes") || !strcasecmp(s, "true") ||
		   !strcmp(s, "1");

	*out = yes ? SCALE : 0;
	return yes || !strcasecmp(s, "no") || !strcasecmp(s, "false") ||
	       !strcmp(s, "0");
}

/* Text as a number of this kind, in natural units times 10^12. */
static bool parse_number(enum cell_kind kind, const char *s, __int128 *out)
{
	int64_t us;

	switch (kind) {
	case CELL_INT:
	case CELL_ID:
		return with_suffix(s, counts, out);
	case CELL_MONEY:
		return with_suffix(s + (*s == '$'), counts, out);
	case CELL_SPAN:
		return with_suffix(s, spans, out);
	case CELL_CHANGE:
	case CELL_RATIO:
		if (!with_suffix(s, ratios, out))
			return false;
		/* 80 means 80 %: nothing is more than whole. */
		if (*out > SCALE && !strchr(s, '%'))
			*out /= 100;
		return true;
	case CELL_TIME:
		if (!clock_parse(str_from(s), &us))
			return false;
		*out = (__int128)us * 1000000;
		return true;
	case CELL_FLAG:
		return parse_flag(s, out);
	case CELL_TEXT:
	case CELL_LINES:
	case CELL_SPARK:
	case CELL_BAR:
		break;
	}
	return false;
}

/* ---- columns ---- */

static bool prefix_of(const char *word, size_t n, const char *name)
{
	return name && strncasecmp(word, name, n) == 0;
}

static bool named(const char *word, size_t n, const char *name)
{
	return prefix_of(word, n, name) && strlen(name) == n;
}

/* The column a word names: exactly, else the shortest of those that begin so;
 * -1 for none. */
static int find_column(const char *word, size_t n, const struct column *cols,
		       int n_cols)
{
	int best = -1;
	size_t best_len = SIZE_MAX;

	for (int i = 0; i < n_cols; i++)
		if (named(word, n, cols[i].name) ||
		    named(word, n, cols[i].title))
			return i;
	for (int i = 0; i < n_cols; i++) {
		size_t len = strlen(cols[i].name);

		if ((prefix_of(word, n, cols[i].name) ||
		     prefix_of(word, n, cols[i].title)) &&
		    len < best_len) {
			best = i;
			best_len = len;
		}
	}
	return best;
}

/* ---- terms ---- */

/* The operator at s: its length, 0 for none. */
static size_t read_op(const char *s, enum filter_op *op)
{
	static const struct {
		const char *text;
		enum filter_op op;
	} ops[] = {
		{"!=", FILTER_NE},      {">=", FILTER_GE}, {"<=", FILTER_LE},
		{"=", FILTER_EQ},       {">", FILTER_GT},  {"<", FILTER_LT},
		{"~", FILTER_CONTAINS},
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		size_t n = strlen(ops[i].text);

		if (strncmp(s, ops[i].text, n) == 0) {
			*op = ops[i].op;
			return n;
		}
	}
	return 0;
}

/* "name op" at the start of the word; *len is what it takes. */
static bool read_column(const char *word, const struct column *cols, int n_cols,
			struct filter_term *t, size_t *len, struct err *e)
{
	size_t name = strcspn(word, "=!<>~\" ");
	size_t op = name ? read_op(word + name, &t->op) : 0;

	*len = 0;
	t->col = -1;
	if (op == 0)
		return true;
	t->col = find_column(word, name, cols, n_cols);
	*len = name + op;
	if (t->col >= 0)
		return true;
	err_set(e, RC_BAD, "no column '%.*s' here", (int)name, word);
	return false;
}

/* The value: up to a blank, or in quotes; returns what it takes. */
static size_t read_value(const char *s, struct filter_term *t)
{
	bool quoted = *s == '"';
	size_t n = quoted ? strcspn(s + 1, "\"") : strcspn(s, " ");
	size_t keep = n < FILTER_TEXT ? n : FILTER_TEXT - 1;

	memcpy(t->text, s + quoted, keep);
	t->text[keep] = '\0';
	if (quoted)
		n += s[n + 1] == '"' ? 2 : 1;
	return n;
}

static enum rc read_term(const char **p, const struct column *cols, int n_cols,
			 struct filter_term *t, struct err *e)
{
	size_t len;

	memset(t, 0, sizeof(*t));
	if (**p == '!') {
		t->invert = true;
		(*p)++;
	}
	if (!read_column(*p, cols, n_cols, t, &len, e))
		return RC_BAD;
	*p += len;
	*p += read_value(*p, t);
	if (t->col < 0)
		return RC_OK;
	if (t->text[0] == '\0')
		return err_set(e, RC_BAD, "%s: compared with what?",
			       cols[t->col].name);
	if (cell_is_text(cols[t->col].kind) || t->op == FILTER_CONTAINS)
		return RC_OK;
	t->numeric = true;
	if (!parse_number(cols[t->col].kind, t->text, &t->num))
		return err_set(e, RC_BAD, "%s: '%s' is no value for it",
			       cols[t->col].name, t->text);
	return RC_OK;
}

enum rc filter_parse(struct filter *f, const char *text,
		     const struct column *cols, int n_cols, struct err *e)
{
	struct filter out = {0};

	for (;;) {
		enum rc rc;

		text += strspn(text, " ");
		if (*text == '\0')
			break;
		if (out.n == FILTER_TERMS)
			return err_set(e, RC_BAD, "more than %d words",
				       FILTER_TERMS);
		rc = read_term(&text, cols, n_cols, &out.t[out.n], e);
		if (rc != RC_OK)
			return rc;
		/* "!" alone is a word that is still being typed. */
		if (out.t[out.n].col >= 0 || out.t[out.n].text[0])
			out.n++;
	}
	*f = out;
	return RC_OK;
}

/* ---- matching ---- */

static bool holds(enum filter_op op, int cmp)
{
	switch (op) {
	case FILTER_EQ:
		return cmp == 0;
	case FILTER_NE:
		return cmp != 0;
	case FILTER_GT:
		return cmp > 0;
	case FILTER_GE:
		return cmp >= 0;
	case FILTER_LT:
		return cmp < 0;
	case FILTER_LE:
		return cmp <= 0;
	case FILTER_CONTAINS:
		break;
	}
	return false;
}

static bool any_text(const struct table *t, int row, const char *needle)
{
	for (int i = 0; i < t->n_cols; i++) {
		const struct cell *c = table_get(t, row, i);

		if (c->known && cell_is_text(t->cols[i].kind) &&
		    strcasestr(c->v.text, needle))
			return true;
	}
	return false;
}

static bool term_match(const struct filter_term *f, const struct table *t,
		       int row)
{
	const struct cell *c;
	enum cell_kind kind;
	__int128 v;

	if (f->col < 0)
		return any_text(t, row, f->text);
	c = table_get(t, row, f->col);
	kind = t->cols[f->col].kind;
	if (!c->known)
		return f->op == FILTER_NE;
	if (f->numeric) {
		cell_number(kind, c, &v);
		return holds(f->op, (v > f->num) - (v < f->num));
	}
	if (!cell_is_text(kind))
		return false;
	if (f->op == FILTER_CONTAINS)
		return strcasestr(c->v.text, f->text) != NULL;
	return holds(f->op, strcasecmp(c->v.text, f->text));
}

bool filter_match(const void *filter, const struct table *t, int row)
{
	const struct filter *f = filter;

	for (int i = 0; i < f->n; i++)
		if (term_match(&f->t[i], t, row) == f->t[i].invert)
			return false;
	return true;
}
