/* aco price list, aco price show. */
#include <stdio.h>
#include <strings.h>

#include "ledger/base/clock.h"
#include "ledger/base/csv.h"
#include "ledger/cmd_price.h"
#include "ledger/grid.h"
#include "ledger/money.h"

#define OUT_MAX ((size_t)256 << 20)

/* ---- list ---- */

static bool contains_nocase(struct str hay, const char *needle)
{
	size_t n = strlen(needle);

	for (size_t i = 0; i + n <= hay.len; i++) {
		if (!strncasecmp(hay.p + i, needle, n))
			return true;
	}
	return false;
}

/* Whether the row counts at some hour of today: no newer one hides it. */
static bool counts_today(const struct price_book *b, const struct price_row *r)
{
	int32_t today = clock_day(clock_now_us());
	struct price_found f;
	size_t n;
	const struct price_row *all = price_book_rows(b, &n), *i;

	price_find(b, r->provider, r->model, TIME_NONE, &f);
	for (i = f.newest; i; i = i->older < 0 ? NULL : &all[i->older]) {
		if (i->valid_from > today)
			continue;
		if (i == r)
			return true;
		if (!i->utc_window.len || str_eq(i->utc_window, r->utc_window))
			return false;
	}
	return false;
}

/* Whether the row is to be listed: filtered, and unless all are, in force. */
static bool listed(const struct price_cmd *c, const struct price_book *b,
		   const struct price_row *r)
{
	struct price_found f;
	char name[PRICE_PROVIDER_MAX + 300];
	int n;

	if (c->n_words) {
		n = snprintf(name, sizeof(name), "%.*s/%.*s",
			     STR_ARG(r->provider), STR_ARG(r->model));
		if (n < 0 || (size_t)n >= sizeof(name) ||
		    !contains_nocase((struct str){name, (size_t)n},
				     c->words[0]))
			return false;
	}
	if (c->all)
		return true;
	if (c->at_us == TIME_NONE)
		return counts_today(b, r);
	price_find(b, r->provider, r->model, c->at_us, &f);
	return f.row == r;
}

static void list_json(const struct price_cmd *c, const struct price_book *b,
		      const char *origin, struct buf *out)
{
	struct json_out o;
	size_t n;
	const struct price_row *r = price_book_rows(b, &n);

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_str(&o, "book", str_from(origin));
	json_out_time(&o, "at", c->at_us);
	json_out_arr(&o, "prices");
	for (size_t i = 0; i < n; i++) {
		if (listed(c, b, &r[i]))
			price_row_json(&o, NULL, &r[i]);
	}
	json_out_end(&o, ']');
	json_out_end(&o, '}');
	buf_addc(out, '\n');
}

static void csv_row(const struct price_row *r, struct buf *out)
{
	char text[MONEY_TEXT], day[16];
	struct str lead[] = {
		r->source,   str_from(price_day(r->source_date, "", day)),
		r->provider, r->model,
		r->mode,
	};

	for (size_t i = 0; i < sizeof(lead) / sizeof(lead[0]); i++) {
		if (lead[i].len)
			csv_field(out, lead[i]);
		buf_addc(out, ',');
	}
	buf_adds(out, price_day(r->valid_from, "", day));
	buf_addc(out, ',');
	buf_add(out, r->utc_window.p, r->utc_window.len);
	for (int i = 0; i < PRICE_COLS; i++)
		buf_addf(out, ",%s", price_format(r, (enum price_col)i, text));
	buf_addc(out, ',');
	if (r->deprecated.len)
		csv_field(out, r->deprecated);
	buf_adds(out, CSV_EOL);
}

static void list_csv(const struct price_cmd *c, const struct price_book *b,
		     struct buf *out)
{
	size_t n;
	const struct price_row *r = price_book_rows(b, &n);

	buf_adds(out, "source,source_date,provider,model,mode,valid_from,"
		      "utc_window");
	for (int i = 0; i < PRICE_COLS; i++)
		buf_addf(out, ",%s", price_cols[i].name);
	buf_adds(out, ",deprecated" CSV_EOL);
	for (size_t i = 0; i < n; i++) {
		if (listed(c, b, &r[i]))
			csv_row(&r[i], out);
	}
}

static const struct grid_col list_cols[] = {
	{"MODEL", false},      {"TIER", true},       {"INPUT", true},
	{"OUTPUT", true},      {"CACHE READ", true}, {"WRITE 5M", true},
	{"WRITE 1H", true},    {"LONG ABOVE", true}, {"VALID FROM", false},
	{"UTC WINDOW", false}, {"PRICE", true},      {NULL, false},
};

static void price_cell(struct grid *g, const struct price_row *r,
		       enum price_col col)
{
	char text[MONEY_TEXT];

	price_format(r, col, text);
	grid_cells(g, text[0] ? text : "-");
}

static void list_row(struct grid *g, const struct price_book *b,
		     const struct price_row *r)
{
	static const enum price_col cols[] = {
		PRICE_INPUT,          PRICE_OUTPUT,         PRICE_CACHE_READ,
		PRICE_CACHE_WRITE_5M, PRICE_CACHE_WRITE_1H, PRICE_TIER_START,
	};
	char name[PRICE_PROVIDER_MAX + 300], text[MONEY_TEXT], day[16];
	int tier = price_default_tier(b, r->provider, r->model);

	snprintf(name, sizeof(name), "%.*s/%.*s", STR_ARG(r->provider),
		 STR_ARG(r->model));
	grid_cells(g, name);
	snprintf(text, sizeof(text), "%d", tier);
	grid_cells(g, tier ? text : "-");
	for (size_t i = 0; i < sizeof(cols) / sizeof(cols[0]); i++)
		price_cell(g, r, cols[i]);
	grid_cells(g, price_day(r->valid_from, "-", day));
	grid_cell(g, r->utc_window.len ? r->utc_window : STR("-"));
	snprintf(text, sizeof(text), "%d", r->id);
	grid_cells(g, text);
}

static void list_plain(const struct price_cmd *c, const struct price_book *b,
		       struct buf *out)
{
	struct grid g;
	size_t n;
	const struct price_row *r = price_book_rows(b, &n);

	grid_init(&g, list_cols);
	for (size_t i = 0; i < n; i++) {
		if (listed(c, b, &r[i]))
			list_row(&g, b, &r[i]);
	}
	grid_print(&g, out);
	grid_release(&g);
	if (!out->len)
		fputs("aco: no such prices\n", stderr);
}

int price_cmd_list(const struct price_cmd *c)
{
	struct price_book *b = NULL;
	const char *origin;
	struct err e = {0};
	struct buf out;
	enum rc rc = price_cmd_book(c, &b, &origin, &e);
	int code;

	if (rc != RC_OK)
		return price_cmd_fail(rc, &e);
	buf_init(&out, OUT_MAX);
	switch (c->format) {
	case PRICE_JSON:
		list_json(c, b, origin, &out);
		break;
	case PRICE_CSV:
		list_csv(c, b, &out);
		break;
	case PRICE_PLAIN:
		list_plain(c, b, &out);
		break;
	}
	code = price_cmd_flush(&out);
	buf_release(&out);
	price_book_free(b);
	return code;
}

/* ---- show ---- */

static const char *const how_texts[] = {
	[PRICE_UNKNOWN] = "not found",
	[PRICE_EXACT] = "by its exact name",
	[PRICE_STRIPPED] = "without prefix, date or suffix",
	[PRICE_RULE] = "by a shipped match rule",
};
static const char *const how_names[] = {
	[PRICE_UNKNOWN] = "unknown",
	[PRICE_EXACT] = "exact",
	[PRICE_STRIPPED] = "stripped",
	[PRICE_RULE] = "rule",
};

/* The newest day of any row's source, and how many days ago that is. */
static int32_t table_date(const struct price_book *b, int32_t *age)
{
	size_t n;
	const struct price_row *r = price_book_rows(b, &n);
	int32_t newest = PRICE_NO_DATE;

	for (size_t i = 0; i < n; i++) {
		if (r[i].source_date > newest)
			newest = r[i].source_date;
	}
	*age = newest == PRICE_NO_DATE ? -1
				       : clock_day(clock_now_us()) - newest;
	return newest;
}

struct show {
	const struct price_book *book;
	const char *origin, *word;
	struct price_found f;
	int tier;
	int32_t table_day, age;
	/* The model's rows, oldest first. */
	const struct price_row **rows;
	size_t n;
	struct arena arena;
};

static void collect(struct show *s)
{
	size_t n;
	const struct price_row *all = price_book_rows(s->book, &n);

	for (const struct price_row *r = s->f.newest; r;
	     r = r->older < 0 ? NULL : &all[r->older])
		s->n++;
	s->rows = arena_alloc(&s->arena, (s->n + 1) * sizeof(*s->rows));
	if (!s->rows) {
		s->n = 0;
		return;
	}
	n = s->n;
	for (const struct price_row *r = s->f.newest; r;
	     r = r->older < 0 ? NULL : &all[r->older])
		s->rows[--n] = r;
}

static void show_json(const struct show *s, struct buf *out)
{
	struct json_out o;
	char day[16];

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_str(&o, "book", str_from(s->origin));
	json_out_str(&o, "asked", str_from(s->word));
	json_out_str(&o, "provider", s->f.provider);
	if (s->f.newest)
		json_out_str(&o, "model", s->f.newest->model);
	else
		json_out_null(&o, "model");
	json_out_str(&o, "found", str_from(how_names[s->f.how]));
	if (s->tier)
		json_out_i64(&o, "tier", s->tier);
	else
		json_out_null(&o, "tier");
	if (s->age < 0) {
		json_out_null(&o, "table_date");
		json_out_null(&o, "table_age_days");
	} else {
		json_out_str(&o, "table_date",
			     str_from(price_day(s->table_day, "", day)));
		json_out_i64(&o, "table_age_days", s->age);
	}
	if (s->f.row)
		json_out_i64(&o, "in_force", s->f.row->id);
	else
		json_out_null(&o, "in_force");
	json_out_arr(&o, "versions");
	for (size_t i = 0; i < s->n; i++)
		price_row_json(&o, NULL, s->rows[i]);
	json_out_end(&o, ']');
	json_out_end(&o, '}');
	buf_addc(out, '\n');
}

static void show_row(const struct show *s, const struct price_row *r,
		     struct buf *out)
{
	char text[MONEY_TEXT], day[16], as_of[16];

	buf_addf(out, "\nprice %d, valid from %s", r->id,
		 price_day(r->valid_from, "ever", day));
	if (r->utc_window.len)
		buf_addf(out, ", %.*s", STR_ARG(r->utc_window));
	buf_addf(out, " (%.*s, %s)%s\n", STR_ARG(r->source),
		 price_day(r->source_date, "undated", as_of),
		 r == s->f.row ? "  <- in force" : "");
	for (int i = 0; i < PRICE_COLS; i++) {
		price_format(r, (enum price_col)i, text);
		if (text[0])
			buf_addf(out, "  %-24s %s\n", price_cols[i].name, text);
	}
	if (r->mode.len)
		buf_addf(out, "  %-24s %.*s\n", "mode", STR_ARG(r->mode));
	if (r->deprecated.len)
		buf_addf(out, "  %-24s %.*s\n", "deprecated",
			 STR_ARG(r->deprecated));
}

static void show_plain(const struct show *s, struct buf *out)
{
	const struct price_row *r = s->f.newest;
	char day[16];

	buf_addf(out, "%.*s/%.*s", STR_ARG(r->provider), STR_ARG(r->model));
	if (s->tier)
		buf_addf(out, ", tier %d", s->tier);
	buf_addf(out, "\n'%s' was found %s\n", s->word, how_texts[s->f.how]);
	if (s->age >= 0)
		buf_addf(out, "the table's newest row is of %s, %d days ago\n",
			 price_day(s->table_day, "", day), s->age);
	buf_adds(out,
		 "USD per million tokens unless the name says otherwise\n");
	for (size_t i = 0; i < s->n; i++)
		show_row(s, s->rows[i], out);
}

int price_cmd_show(const struct price_cmd *c)
{
	struct show s = {.word = c->words[0]};
	struct price_book *b = NULL;
	struct str provider, model;
	struct err e = {0};
	struct buf out;
	enum rc rc = price_cmd_book(c, &b, &s.origin, &e);
	int code;

	if (rc != RC_OK)
		return price_cmd_fail(rc, &e);
	s.book = b;
	buf_init(&out, OUT_MAX);
	arena_init(&s.arena, OUT_MAX);
	price_cmd_split(b, s.word, &provider, &model);
	s.tier = price_default_tier(b, provider, model);
	price_find(b, provider, model, clock_now_us(), &s.f);
	s.table_day = table_date(b, &s.age);
	collect(&s);
	if (c->format == PRICE_JSON)
		show_json(&s, &out);
	else if (s.f.newest)
		show_plain(&s, &out);
	code = price_cmd_flush(&out);
	if (!s.f.newest) {
		fprintf(stderr, "aco: '%s' is not in the price table\n",
			s.word);
		code = 1;
	}
	arena_release(&s.arena);
	buf_release(&out);
	price_book_free(b);
	return code;
}
