#include "ledger/price_store.h"

#include <stdlib.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/base/map.h"
#include "ledger/db.h"
#include "ledger/money.h"
#include "ledger/price_book.h"

/* Rows of one statement, and room for them: a row is at most 34 members of
 * about 60 bytes and 600 bytes of text, each byte escaped. */
#define BATCH_ROWS  500
#define BATCH_BYTES ((size_t)4 << 20)

/* Columns of the table, of which file and JSON have other names. */
static const char *const db_names[PRICE_COLS] = {
	[PRICE_INPUT] = "input_fusd",
	[PRICE_OUTPUT] = "output_fusd",
	[PRICE_CACHE_READ] = "cache_read_fusd",
	[PRICE_CACHE_WRITE_5M] = "cache_write_5m_fusd",
	[PRICE_CACHE_WRITE_1H] = "cache_write_1h_fusd",
	[PRICE_REASONING] = "reasoning_fusd",
	[PRICE_AUDIO_IN] = "audio_in_fusd",
	[PRICE_AUDIO_OUT] = "audio_out_fusd",
	[PRICE_TIER_START] = "tier_start_tokens",
	[PRICE_TIER_INPUT] = "tier_input_fusd",
	[PRICE_TIER_OUTPUT] = "tier_output_fusd",
	[PRICE_TIER_CACHE_READ] = "tier_cache_read_fusd",
	[PRICE_TIER_CACHE_WRITE_5M] = "tier_cache_write_5m_fusd",
	[PRICE_TIER_CACHE_WRITE_1H] = "tier_cache_write_1h_fusd",
	[PRICE_BATCH_INPUT] = "batch_input_fusd",
	[PRICE_BATCH_OUTPUT] = "batch_output_fusd",
	[PRICE_FLEX_INPUT] = "flex_input_fusd",
	[PRICE_FLEX_OUTPUT] = "flex_output_fusd",
	[PRICE_FLEX_CACHE_READ] = "flex_cache_read_fusd",
	[PRICE_PRIORITY_INPUT] = "priority_input_fusd",
	[PRICE_PRIORITY_OUTPUT] = "priority_output_fusd",
	[PRICE_PRIORITY_CACHE_READ] = "priority_cache_read_fusd",
	[PRICE_PER_REQUEST] = "per_request_pusd",
	[PRICE_WEB_SEARCH] = "web_search_pusd",
	[PRICE_CONTEXT_WINDOW] = "context_window",
	[PRICE_MAX_OUTPUT] = "max_output",
};

/* ---- reading ---- */

enum {
	COL_ID,
	COL_SOURCE,
	COL_SOURCE_DATE,
	COL_PROVIDER,
	COL_MODEL,
	COL_MODE,
	COL_VALID_FROM,
	COL_WINDOW,
	COL_DEPRECATED,
	COL_FIRST_PRICE
};

struct load {
	struct price_book *book;
	enum rc rc;
	struct err *e;
};

static int32_t day_of(const struct db_result *r, int row, int col)
{
	return db_null(r, row, col) ? PRICE_NO_DATE : db_day(r, row, col);
}

static bool load_row(void *arg, const struct db_result *r, int row)
{
	struct load *l = arg;
	struct price_row p;

	price_row_init(&p);
	p.id = (int32_t)db_i64(r, row, COL_ID);
	p.source = db_text(r, row, COL_SOURCE);
	p.source_date = day_of(r, row, COL_SOURCE_DATE);
	p.provider = db_text(r, row, COL_PROVIDER);
	p.model = db_text(r, row, COL_MODEL);
	p.mode = db_text(r, row, COL_MODE);
	p.valid_from = day_of(r, row, COL_VALID_FROM);
	p.deprecated = db_text(r, row, COL_DEPRECATED);
	for (int i = 0; i < PRICE_COLS; i++) {
		if (!db_null(r, row, COL_FIRST_PRICE + i))
			p.v[i] = db_i64(r, row, COL_FIRST_PRICE + i);
	}
	if (!price_row_window(&p, db_text(r, row, COL_WINDOW)))
		l->rc = err_set(l->e, RC_BAD,
				"price row %d: utc_window is no time of day",
				p.id);
	else
		l->rc = price_book_add(l->book, &p, l->e);
	return l->rc == RC_OK;
}

enum rc price_book_load(struct price_book **out, struct db *db, struct err *e)
{
	struct load l = {.e = e};
	enum rc rc = price_book_new(&l.book, e);

	if (rc != RC_OK)
		return rc;
	rc = db_stream(db, &sql_price_load, NULL, load_row, &l, e);
	if (rc == RC_OK)
		rc = l.rc;
	if (rc == RC_OK)
		*out = l.book;
	else
		price_book_free(l.book);
	return rc;
}

/* ---- writing ---- */

static void put_day(struct json_out *o, const char *key, int32_t day)
{
	char text[16];

	if (day != PRICE_NO_DATE)
		json_out_str(
			o, key,
			str_from(clock_format_day(day, text, sizeof(text))));
}

static void put_row(struct json_out *o, const struct price_row *r, size_t n)
{
	json_out_obj(o, NULL);
	json_out_i64(o, "n", (int64_t)n);
	json_out_str(o, "source", r->source);
	put_day(o, "source_date", r->source_date);
	json_out_str(o, "provider", r->provider);
	json_out_str(o, "model", r->model);
	json_out_str(o, "mode", r->mode);
	put_day(o, "valid_from", r->valid_from);
	json_out_str(o, "utc_window", r->utc_window);
	json_out_str(o, "deprecated", r->deprecated);
	for (int i = 0; i < PRICE_COLS; i++) {
		if (r->v[i] != MONEY_NONE)
			json_out_i64(o, db_names[i], r->v[i]);
	}
	json_out_end(o, '}');
}

static enum rc add_batch(struct db *db, const struct price_row *const *rows,
			 size_t n, struct err *e)
{
	struct json_out o;
	struct db_args a;
	struct buf b;
	enum rc rc;

	buf_init(&b, BATCH_BYTES);
	json_out_init(&o, &b);
	json_out_arr(&o, NULL);
	for (size_t i = 0; i < n; i++)
		put_row(&o, rows[i], i);
	json_out_end(&o, ']');
	db_args_init(&a, BATCH_BYTES + 64);
	db_arg_text(&a, (struct str){buf_str(&b), b.len});
	if (!buf_ok(&b))
		rc = err_set(e, RC_BUG, "price rows are too large");
	else
		rc = db_run(db, &sql_price_insert, &a, NULL, NULL, e);
	db_args_release(&a);
	buf_release(&b);
	return rc;
}

enum rc price_store_add(struct db *db, const struct price_row *const *rows,
			size_t n, struct err *e)
{
	enum rc rc = RC_OK;

	while (n && rc == RC_OK) {
		size_t take = n < BATCH_ROWS ? n : BATCH_ROWS;

		rc = add_batch(db, rows, take, e);
		rows += take;
		n -= take;
	}
	return rc;
}

enum rc price_store_begin(struct db *db, struct price_book **now, struct err *e)
{
	enum rc rc = db_run(db, &sql_tx_begin, NULL, NULL, NULL, e);

	if (rc != RC_OK)
		return rc;
	rc = db_run(db, &sql_price_lock, NULL, NULL, NULL, e);
	if (rc == RC_OK)
		rc = price_book_load(now, db, e);
	return rc == RC_OK ? rc : price_store_end(db, rc, e);
}

enum rc price_store_end(struct db *db, enum rc rc, struct err *e)
{
	if (rc == RC_OK)
		rc = db_run(db, &sql_tx_commit, NULL, NULL, NULL, e);
	/* The first failure is the one to tell. */
	if (rc != RC_OK && !db_broken(db) &&
	    db_run(db, &sql_tx_rollback, NULL, NULL, NULL, NULL) != RC_OK)
		err_hint(e, "the connection to the database was lost");
	return rc;
}

/* ---- the shipped table ---- */

static bool key_same(const struct price_row *a, const struct price_row *b)
{
	return a->valid_from == b->valid_from &&
	       a->source_date == b->source_date && str_eq(a->model, b->model) &&
	       str_eq(a->provider, b->provider) &&
	       str_eq(a->source, b->source) &&
	       str_eq(a->utc_window, b->utc_window);
}

static uint64_t key_hash(const struct price_row *r)
{
	return map_hash(r->model.p, r->model.len) * 31 +
	       map_hash(r->provider.p, r->provider.len);
}

static bool key_eq(const void *ctx, uint32_t pos, const void *key)
{
	return key_same(&((const struct price_row *)ctx)[pos], key);
}

/* "genai-prices" of "genai-prices@0.1.8". */
static struct str lineage(struct str source)
{
	size_t n = 0;

	while (n < source.len && source.p[n] != '@')
		n++;
	return (struct str){source.p, n};
}

/* Whether the newest price of the row's model was imported from elsewhere. */
static bool imported(const struct price_book *now, const struct price_row *row)
{
	const struct price_model *m =
		price_book_model(now, row->provider,
				 price_strip_prefix(row->provider, row->model));

	return m && !str_eq(lineage(now->rows[m->newest].source),
			    lineage(row->source));
}

enum rc price_seed(struct db *db, struct err *e)
{
	struct price_book *shipped = NULL, *now = NULL;
	const struct price_row *have, *rows, **missing = NULL;
	size_t n_have, n_rows, n = 0;
	struct map keys;
	enum rc rc = price_book_builtin(&shipped, e);

	map_init(&keys);
	if (rc == RC_OK)
		rc = price_store_begin(db, &now, e);
	if (rc != RC_OK)
		goto out;
	have = price_book_rows(now, &n_have);
	rows = price_book_rows(shipped, &n_rows);
	missing = xcalloc(n_rows, sizeof(*missing));
	for (size_t i = 0; i < n_have; i++)
		map_add(&keys, key_hash(&have[i]), (uint32_t)i);
	for (size_t i = 0; i < n_rows; i++) {
		if (map_find(&keys, key_hash(&rows[i]), key_eq, have,
			     &rows[i]) == MAP_NONE &&
		    !imported(now, &rows[i]))
			missing[n++] = &rows[i];
	}
	rc = price_store_end(db, price_store_add(db, missing, n, e), e);
out:
	map_release(&keys);
	free(missing);
	price_book_free(now);
	price_book_free(shipped);
	if (rc != RC_OK)
		err_prefix(e, "shipped prices");
	return rc;
}
