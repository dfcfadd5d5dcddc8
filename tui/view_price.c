/* One version of one price: what made the figures that name it. */
#include "tui/view.h"

#include <inttypes.h>

#include "ledger/base/clock.h"
#include "ledger/money.h"

enum {
	PROVIDER,
	MODEL,
	MODE,
	WINDOW,
	VALID,
	DEPRECATED,
	RATES, /* RATE_N columns in the order of enum query_rate */
	TIER_START = RATES + RATE_N,
	REQUEST,
	SEARCH,
	CONTEXT,
	OUTPUT,
	SOURCE,
	SOURCE_DATE,
	IMPORTED,
	ID,
	COLS
};

#define RATE(which, field, heading)                                            \
	[RATES + (which)] = {                                                  \
		.name = (field "_usd_per_mtok"),                               \
		.title = (heading),                                            \
		.help = "USD for a million tokens",                            \
	}
#define RATE_SECTION(which, field, heading, above, beside)                     \
	[RATES + (which)] = {                                                  \
		.name = (field "_usd_per_mtok"),                               \
		.title = (heading),                                            \
		.help = "USD for a million tokens",                            \
		.section = (above),                                            \
		.aside = (beside),                                             \
	}

/* Rates are text: exact decimals for a million tokens, as price lists have
 * them. */
static const struct column cols[COLS] = {
	[PROVIDER] = {.name = "provider",
		      .title = "provider",
		      .help = "whose model it is",
		      .section = "PRICE ROW"},
	[MODEL] = {.name = "model",
		   .title = "model",
		   .help = "as the price list names it"},
	[MODE] = {.name = "mode",
		  .title = "mode",
		  .help = "which of the model's modes it is for"},
	[WINDOW] = {.name = "utc_window",
		    .title = "hours",
		    .help = "hours of the day (UTC) it is for"},
	[VALID] = {.name = "valid_from",
		   .title = "valid from",
		   .help = "first UTC day it holds"},
	[DEPRECATED] = {.name = "deprecated",
			.title = "deprecated",
			.help = "what the list says about its end"},
	RATE_SECTION(RATE_INPUT, "input", "input", "USD PER MILLION TOKENS",
		     false),
	RATE(RATE_OUTPUT, "output", "output"),
	RATE(RATE_CACHE_READ, "cache_read", "cache read"),
	RATE(RATE_CACHE_WRITE_5M, "cache_write_5m", "written 5m"),
	RATE(RATE_CACHE_WRITE_1H, "cache_write_1h", "written 1h"),
	RATE(RATE_REASONING, "reasoning", "reasoning"),
	RATE(RATE_AUDIO_IN, "audio_in", "audio in"),
	RATE(RATE_AUDIO_OUT, "audio_out", "audio out"),
	RATE_SECTION(RATE_TIER_INPUT, "tier_input", "input", "LONG CONTEXT",
		     true),
	RATE(RATE_TIER_OUTPUT, "tier_output", "output"),
	RATE(RATE_TIER_CACHE_READ, "tier_cache_read", "cache read"),
	RATE(RATE_TIER_CACHE_WRITE_5M, "tier_cache_write_5m", "written 5m"),
	RATE(RATE_TIER_CACHE_WRITE_1H, "tier_cache_write_1h", "written 1h"),
	RATE_SECTION(RATE_BATCH_INPUT, "batch_input", "batch input",
		     "OTHER SERVICE TIERS", true),
	RATE(RATE_BATCH_OUTPUT, "batch_output", "batch output"),
	RATE(RATE_FLEX_INPUT, "flex_input", "flex input"),
	RATE(RATE_FLEX_OUTPUT, "flex_output", "flex output"),
	RATE(RATE_FLEX_CACHE_READ, "flex_cache_read", "flex cache"),
	RATE(RATE_PRIORITY_INPUT, "priority_input", "priority in"),
	RATE(RATE_PRIORITY_OUTPUT, "priority_output", "priority out"),
	RATE(RATE_PRIORITY_CACHE_READ, "priority_cache_read", "priority cache"),
	[TIER_START] = {.name = "tier_start_tokens",
			.title = "long from",
			.help = "prompt tokens above which the long context "
				"prices hold for the whole request",
			.kind = CELL_INT,
			.section = "LIMITS AND FEES"},
	[REQUEST] = {.name = "per_request_usd",
		     .title = "request",
		     .help = "USD for a request, whatever its size",
		     .kind = CELL_MONEY},
	[SEARCH] = {.name = "web_search_usd",
		    .title = "web search",
		    .help = "USD for a search",
		    .kind = CELL_MONEY},
	[CONTEXT] = {.name = "context_window",
		     .title = "context",
		     .help = "tokens the model can take in",
		     .kind = CELL_INT},
	[OUTPUT] = {.name = "max_output",
		    .title = "max output",
		    .help = "tokens it can put out",
		    .kind = CELL_INT},
	[SOURCE] = {.name = "source",
		    .title = "source",
		    .help = "the price list it came from",
		    .section = "RECORD"},
	[SOURCE_DATE] = {.name = "source_date",
			 .title = "dated",
			 .help = "date of that list"},
	[IMPORTED] = {.name = "imported_at",
		      .title = "imported",
		      .help = "when the ledger learnt it",
		      .kind = CELL_TIME},
	[ID] = {.name = "price_id",
		.title = "row",
		.help = "in the table price; rows are never changed",
		.kind = CELL_ID},
};

static bool price_args(const struct query_page *p, const struct context *c,
		       const struct table *t, struct db_args *a)
{
	(void)c;
	(void)t;
	query_price_args(a, p->at.price_id);
	return true;
}

/* Text that is there and not empty. */
static void fill_text(struct table *t, int col, struct str s)
{
	if (s.len > 0)
		table_text(t, 0, col, s);
}

static void fill_day(struct table *t, int col, int32_t day, const char *alt)
{
	char text[16];

	if (day == QUERY_DAY_NONE)
		table_none(t, 0, col, alt);
	else
		table_text(t, 0, col,
			   str_from(clock_format_day(day, text, sizeof(text))));
}

static void fill_rates(struct table *t, const struct query_price *q)
{
	char text[MONEY_TEXT];

	for (int i = 0; i < RATE_N; i++)
		if (q->fusd[i] != MONEY_NONE)
			table_text(t, 0, RATES + i,
				   str_from(money_format_fusd_mtok(q->fusd[i],
								   text)));
}

static void fill_limits(struct table *t, const struct query_price *q)
{
	if (q->tier_start_tokens >= 0)
		table_int(t, 0, TIER_START, q->tier_start_tokens);
	if (q->per_request_pusd != MONEY_NONE)
		table_money(t, 0, REQUEST, q->per_request_pusd);
	if (q->web_search_pusd != MONEY_NONE)
		table_money(t, 0, SEARCH, q->web_search_pusd);
	if (q->context_window >= 0)
		table_int(t, 0, CONTEXT, q->context_window);
	if (q->max_output >= 0)
		table_int(t, 0, OUTPUT, q->max_output);
}

static void price_take(const struct context *c, struct table *t,
		       const struct db_result *res)
{
	struct query_price q;

	(void)c;
	if (db_rows(res) == 0)
		return;
	query_price_row(res, 0, &q);
	table_add(t, &q.id, sizeof(q.id), -1);
	fill_text(t, PROVIDER, q.provider);
	fill_text(t, MODEL, q.model);
	fill_text(t, MODE, q.mode);
	fill_text(t, WINDOW, q.utc_window);
	fill_text(t, DEPRECATED, q.deprecated);
	fill_text(t, SOURCE, q.source);
	fill_day(t, VALID, q.valid_from_day, "always");
	fill_day(t, SOURCE_DATE, q.source_day, NULL);
	fill_rates(t, &q);
	fill_limits(t, &q);
	table_time(t, 0, IMPORTED, q.imported_us);
	table_int(t, 0, ID, q.id);
}

static const char *price_empty(const struct place *at, const struct context *c)
{
	(void)at;
	(void)c;
	return "There is no such price row.";
}

static const struct ask asks[] = {
	{&sql_query_price, price_args, price_take, 0},
};

const struct view view_price = {
	.name = "price",
	.title = "price row",
	.about = "the version of a price that made a figure",
	.layout = VIEW_RECORD,
	.needs = NEEDS_PRICE,
	.cols = cols,
	.n_cols = COLS,
	.sort = -1,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.empty = price_empty,
};
