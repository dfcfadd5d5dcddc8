/* The registry as a table that is copied, and the prices that go with it. */
#include "ingest/gw_models.h"

#include <stdlib.h>

#include "gen/sql.h"
#include "ingest/table_copy.h"
#include "ledger/base/alloc.h"

struct gw_models {
	struct table_copy *copy;
	struct gw_registry *none; /* until one was read */
	int64_t price_max; /* the thread's: greatest id of the prices that it
			      has; -1: none */
};

/* ---- reading, on the thread ---- */

static void read_row(struct gw_registry *r, const struct db_result *res,
		     int row)
{
	struct str bad, protocol = db_text(res, row, 3);
	struct gw_model m = {
		.provider = db_text(res, row, 0),
		.name = db_text(res, row, 1),
		.tier = (int)db_i64(res, row, 2),
		.upstream = db_text(res, row, 4),
		.can = db_text(res, row, 5).len
			       ? gw_can_parse(db_text(res, row, 5), &bad)
			       : gw_can_guess(db_text(res, row, 1)),
		.by_name_only = !db_bool(res, row, 6),
		.max_output = db_null(res, row, 7) ? 0 : db_i64(res, row, 7),
	};

	m.protocol = str_is(protocol, "anthropic") ||
				     (!protocol.len &&
				      str_is(m.provider, "anthropic"))
			     ? GW_ANTHROPIC
			     : GW_OPENAI;
	/* Without a price it has no tier of its own: the middle. */
	if (m.tier < 1 || m.tier > 5)
		m.tier = 3;
	gw_registry_add(r, &m);
}

static void on_rows(void *arg, const struct db_status *st,
		    const struct db_result *res)
{
	for (int i = 0; !st->rc && res && i < db_rows(res); i++)
		read_row(arg, res, i);
}

static void on_number(void *arg, const struct db_status *st,
		      const struct db_result *res)
{
	int64_t *number = arg;

	if (!st->rc && res && db_rows(res))
		*number = db_i64(res, 0, 0);
}

/* With a book of prices of its own, when those have changed or the models have.
 */
static enum rc read_models(struct table_copy *t, void *arg, void **out,
			   struct err *e)
{
	struct gw_registry *r = gw_registry_new();
	struct gw_models *m = arg;
	struct price_book *book = NULL;
	int64_t prices = 0;
	enum rc rc = table_ask(t, &sql_gw_models, on_rows, r, e);

	if (!rc)
		rc = table_ask(t, &sql_price_version, on_number, &prices, e);
	if (!rc && !(prices == m->price_max && table_same(t, r)))
		rc = price_book_load(&book, table_db(t), e);
	if (rc || !book) {
		gw_registry_drop(r);
		return rc;
	}
	m->price_max = prices;
	gw_registry_price(r, book);
	*out = r;
	return RC_OK;
}

static void print_models(const void *state, struct buf *out)
{
	gw_registry_print(state, out);
}

/* Of the file, with the prices that are shipped. */
static enum rc parse_models(void **out, struct str text, struct err *e)
{
	struct price_book *book;
	struct gw_registry *r;
	enum rc rc = gw_registry_parse(&r, text, e);

	if (rc)
		return rc;
	rc = price_book_builtin(&book, e);
	if (rc) {
		gw_registry_drop(r);
		return rc;
	}
	gw_registry_price(r, book);
	*out = r;
	return RC_OK;
}

static void drop_models(void *state)
{
	gw_registry_drop(state);
}

static const struct table_kind models = {
	.name = "models",
	.file_max = (size_t)16 << 20,
	.read = read_models,
	.print = print_models,
	.parse = parse_models,
	.drop = drop_models,
};

/* ---- for the loop ---- */

enum rc gw_models_open(struct gw_models **out, const struct conf *conf,
		       const char *url, struct err *e)
{
	struct gw_models *m = xcalloc(1, sizeof(*m));
	struct price_book *book;
	enum rc rc = price_book_builtin(&book, e);

	*out = NULL;
	m->price_max = -1;
	m->none = gw_registry_new();
	if (!rc) {
		gw_registry_price(m->none, book);
		rc = table_copy_open(&m->copy, &models, m, conf, url, e);
	}
	if (rc)
		gw_models_close(m);
	else
		*out = m;
	return rc;
}

void gw_models_close(struct gw_models *m)
{
	if (!m || !table_copy_close(m->copy))
		return;
	gw_registry_drop(m->none);
	free(m);
}

void gw_models_reload(struct gw_models *m)
{
	table_copy_hurry(m->copy);
}

struct gw_registry *gw_models_now(struct gw_models *m)
{
	struct gw_registry *r = table_copy_now(m->copy);

	return r ? r : m->none;
}
