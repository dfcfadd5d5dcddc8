#include "ledger/price_csv.h"

#include "ledger/base/clock.h"
#include "ledger/base/str.h"
#include "ledger/money.h"

/* Columns that are not prices. */
enum {
	TEXT_SOURCE,
	TEXT_SOURCE_DATE,
	TEXT_PROVIDER,
	TEXT_MODEL,
	TEXT_MODE,
	TEXT_VALID_FROM,
	TEXT_WINDOW,
	TEXT_DEPRECATED,
	TEXT_COLS
};
static const struct {
	const char *name;
	size_t max; /* bytes */
} texts[TEXT_COLS] = {
	[TEXT_SOURCE] = {"source", 64},
	[TEXT_SOURCE_DATE] = {"source_date", 10},
	[TEXT_PROVIDER] = {"provider", PRICE_PROVIDER_MAX},
	[TEXT_MODEL] = {"model", 256},
	[TEXT_MODE] = {"mode", 64},
	[TEXT_VALID_FROM] = {"valid_from", 10},
	[TEXT_WINDOW] = {"utc_window", 32},
	[TEXT_DEPRECATED] = {"deprecated", 64},
};

#define COLS   (TEXT_COLS + PRICE_COLS)
#define ABSENT (-1)

struct reader {
	struct str left; /* not read yet */
	int line, next_line;
	/* The fields of the record at hand; quoted ones lie in `unquoted`. */
	struct str field[COLS];
	int n_fields;
	char unquoted[PRICE_LINE_MAX];
	size_t unquoted_len;
	int at[COLS]; /* where the header has each column, or ABSENT */
	int n_header;
};

static const char *column_name(int col)
{
	return col < TEXT_COLS ? texts[col].name
			       : price_cols[col - TEXT_COLS].name;
}

/* ---- records ---- */

static char peek(const struct reader *r)
{
	return r->left.len ? r->left.p[0] : '\n';
}

static char take(struct reader *r)
{
	char c = r->left.p[0];

	r->left.p++;
	r->left.len--;
	if (c == '\n')
		r->next_line++;
	return c;
}

/* A quoted field, its opening quote taken. */
static enum rc read_quoted(struct reader *r, struct str *out, struct err *e)
{
	size_t start = r->unquoted_len;

	for (;;) {
		char c;

		if (!r->left.len)
			return err_set(e, RC_BAD, "a quote is not closed");
		c = take(r);
		if (c == '"') {
			if (peek(r) != '"')
				break;
			take(r);
		}
		if (r->unquoted_len == sizeof(r->unquoted))
			return err_set(e, RC_BAD, "the line is too long");
		r->unquoted[r->unquoted_len++] = c;
	}
	*out = (struct str){r->unquoted + start, r->unquoted_len - start};
	if (peek(r) != ',' && peek(r) != '\n' && peek(r) != '\r')
		return err_set(e, RC_BAD, "text behind a closing quote");
	return RC_OK;
}

static enum rc read_plain(struct reader *r, struct str *out, struct err *e)
{
	const char *start = r->left.p;
	size_t n = 0;

	while (peek(r) != ',' && peek(r) != '\n') {
		if (take(r) == '"')
			return err_set(e, RC_BAD,
				       "a quote within a field that does not "
				       "begin with one");
		n++;
	}
	*out = (struct str){start, n};
	return RC_OK;
}

/* One line, or more when a quoted field holds line ends. */
static enum rc read_record(struct reader *r, struct err *e)
{
	const char *start = r->left.p;

	r->line = r->next_line;
	r->n_fields = 0;
	r->unquoted_len = 0;
	for (;;) {
		struct str f;
		enum rc rc;

		if (r->left.len && r->left.p[0] == '"') {
			take(r);
			rc = read_quoted(r, &f, e);
			if (rc == RC_OK && peek(r) == '\r')
				take(r);
			if (rc == RC_OK && peek(r) != ',' && peek(r) != '\n')
				rc = err_set(e, RC_BAD, "a stray return");
		} else {
			rc = read_plain(r, &f, e);
			if (rc == RC_OK && peek(r) == '\n' && f.len &&
			    f.p[f.len - 1] == '\r')
				f.len--;
		}
		if (rc != RC_OK)
			return rc;
		if ((size_t)(r->left.p - start) > PRICE_LINE_MAX)
			return err_set(e, RC_BAD, "the line is too long");
		if (r->n_fields == COLS)
			return err_set(e, RC_BAD, "more than %d columns",
				       (int)COLS);
		r->field[r->n_fields++] = f;
		if (peek(r) == '\n')
			break;
		take(r);
	}
	if (r->left.len)
		take(r);
	return RC_OK;
}

static bool empty_record(const struct reader *r)
{
	return r->n_fields == 1 && !str_trim(r->field[0]).len;
}

/* ---- the header ---- */

static int column_of(struct str name)
{
	for (int i = 0; i < COLS; i++) {
		if (str_is(name, column_name(i)))
			return i;
	}
	return ABSENT;
}

static enum rc read_header(struct reader *r, struct err *e)
{
	static const int needed[] = {TEXT_PROVIDER, TEXT_MODEL,
				     TEXT_COLS + PRICE_INPUT};
	enum rc rc;

	r->line = 1;
	if (str_starts(r->left, "\xef\xbb\xbf"))
		r->left = (struct str){r->left.p + 3, r->left.len - 3};
	if (!str_trim(r->left).len)
		return err_set(e, RC_BAD, "the file is empty");
	rc = read_record(r, e);
	for (int i = 0; i < COLS; i++)
		r->at[i] = ABSENT;
	for (int i = 0; rc == RC_OK && i < r->n_fields; i++) {
		struct str name = str_trim(r->field[i]);
		int col = column_of(name);

		if (col == ABSENT) {
			rc = err_set(e, RC_BAD, "unknown column '%.*s'",
				     name.len > 60 ? 60 : (int)name.len,
				     name.p ? name.p : "");
			err_hint(e, "the columns are those of "
				    "ledger/prices/README.md");
		} else if (r->at[col] != ABSENT) {
			rc = err_set(e, RC_BAD, "column %s is there twice",
				     column_name(col));
		} else {
			r->at[col] = i;
		}
	}
	r->n_header = r->n_fields;
	for (size_t i = 0; i < 3 && rc == RC_OK; i++) {
		if (r->at[needed[i]] == ABSENT)
			rc = err_set(e, RC_BAD, "there is no column %s",
				     column_name(needed[i]));
	}
	return rc;
}

/* ---- rows ---- */

/* Empty when the file has no such column. */
static struct str value(const struct reader *r, int col)
{
	return r->at[col] == ABSENT ? STR("") : str_trim(r->field[r->at[col]]);
}

static bool read_day(struct str s, int32_t *day)
{
	int64_t us;

	*day = PRICE_NO_DATE;
	if (!s.len)
		return true;
	if (s.len != 10 || !clock_parse(s, &us))
		return false;
	*day = clock_day(us);
	return true;
}

static bool read_number(struct str s, enum price_unit unit, int64_t *out)
{
	if (!money_parse_fusd(s, out))
		return false;
	if (unit == PRICE_TOKENS && *out != MONEY_NONE) { /* "2000000.0" */
		if (*out % 1000000000 != 0)
			return false;
		*out /= 1000000000;
	}
	/* Nine decimals of a dollar are thousands of pico-dollars; those of
	 * a thousand uses are pico-dollars of one. */
	if (unit == PRICE_USD && *out != MONEY_NONE)
		return !__builtin_mul_overflow(*out, 1000, out);
	return true;
}

static enum rc bad_value(const struct reader *r, int col, const char *want,
			 struct err *e)
{
	struct str v = value(r, col);

	return err_set(e, RC_BAD, "%s '%.*s' is not %s", column_name(col),
		       v.len > 60 ? 60 : (int)v.len, v.p, want);
}

/* UTF-8 without control characters. */
static bool clean(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	}
	return str_utf8_ok(s);
}

static enum rc read_texts(const struct reader *r, struct price_row *row,
			  char *provider, struct err *e)
{
	for (int i = 0; i < TEXT_COLS; i++) {
		struct str v = value(r, i);

		if (v.len > texts[i].max)
			return err_set(e, RC_BAD, "%s is longer than %zu bytes",
				       texts[i].name, texts[i].max);
		if (!clean(v))
			return bad_value(r, i, "clean text", e);
	}
	row->source = value(r, TEXT_SOURCE);
	row->model = value(r, TEXT_MODEL);
	row->mode = value(r, TEXT_MODE);
	row->deprecated = value(r, TEXT_DEPRECATED);
	row->provider = price_provider(value(r, TEXT_PROVIDER), provider,
				       PRICE_PROVIDER_MAX);
	if (!row->provider.len || !row->model.len)
		return err_set(e, RC_BAD, "%s is empty",
			       row->model.len ? "provider" : "model");
	if (!read_day(value(r, TEXT_SOURCE_DATE), &row->source_date))
		return bad_value(r, TEXT_SOURCE_DATE, "a date", e);
	if (!read_day(value(r, TEXT_VALID_FROM), &row->valid_from))
		return bad_value(r, TEXT_VALID_FROM, "a date", e);
	if (!price_row_window(row, value(r, TEXT_WINDOW)))
		return bad_value(r, TEXT_WINDOW,
				 "a time of day like 00:30:00Z-16:30:00Z", e);
	return RC_OK;
}

static enum rc read_row(const struct reader *r, struct price_row *row,
			char *provider, struct err *e)
{
	enum rc rc;

	price_row_init(row);
	if (r->n_fields != r->n_header)
		return err_set(e, RC_BAD, "%d fields, the header has %d",
			       r->n_fields, r->n_header);
	rc = read_texts(r, row, provider, e);
	for (int i = 0; rc == RC_OK && i < PRICE_COLS; i++) {
		enum price_unit unit = price_cols[i].unit;

		if (!read_number(value(r, TEXT_COLS + i), unit, &row->v[i]))
			rc = bad_value(r, TEXT_COLS + i,
				       unit == PRICE_TOKENS
					       ? "a number of tokens"
					       : "a price (dollars, at most "
						 "9 decimals)",
				       e);
	}
	return rc;
}

enum rc price_csv_read(struct str text, const char *name, price_csv_fn *fn,
		       void *arg, struct err *e)
{
	struct reader r;
	enum rc rc;

	if (text.len > PRICE_CSV_MAX)
		return err_set(e, RC_BAD, "%s: larger than %zu bytes", name,
			       PRICE_CSV_MAX);
	r.left = text;
	r.next_line = 1;
	rc = read_header(&r, e);
	while (rc == RC_OK && r.left.len) {
		char provider[PRICE_PROVIDER_MAX];
		struct price_row row;

		rc = read_record(&r, e);
		if (rc != RC_OK || empty_record(&r))
			continue;
		rc = read_row(&r, &row, provider, e);
		if (rc == RC_OK)
			rc = fn(arg, &row, r.line, e);
	}
	if (rc != RC_OK)
		err_prefix(e, "%s:%d", name, r.line);
	return rc;
}
