/* One row of the price table: its columns, its window, its text. */
#include "ledger/money.h"
#include "ledger/price.h"

const struct price_col_info price_cols[PRICE_COLS] = {
	[PRICE_INPUT] = {"input_per_mtok", PRICE_MTOK},
	[PRICE_OUTPUT] = {"output_per_mtok", PRICE_MTOK},
	[PRICE_CACHE_READ] = {"cache_read_per_mtok", PRICE_MTOK},
	[PRICE_CACHE_WRITE_5M] = {"cache_write_5m_per_mtok", PRICE_MTOK},
	[PRICE_CACHE_WRITE_1H] = {"cache_write_1h_per_mtok", PRICE_MTOK},
	[PRICE_REASONING] = {"reasoning_per_mtok", PRICE_MTOK},
	[PRICE_AUDIO_IN] = {"input_audio_per_mtok", PRICE_MTOK},
	[PRICE_AUDIO_OUT] = {"output_audio_per_mtok", PRICE_MTOK},
	[PRICE_TIER_START] = {"tier_start_tokens", PRICE_TOKENS},
	[PRICE_TIER_INPUT] = {"tier_input", PRICE_MTOK},
	[PRICE_TIER_OUTPUT] = {"tier_output", PRICE_MTOK},
	[PRICE_TIER_CACHE_READ] = {"tier_cache_read", PRICE_MTOK},
	[PRICE_TIER_CACHE_WRITE_5M] = {"tier_cache_write_5m", PRICE_MTOK},
	[PRICE_TIER_CACHE_WRITE_1H] = {"tier_cache_write_1h", PRICE_MTOK},
	[PRICE_BATCH_INPUT] = {"batch_input", PRICE_MTOK},
	[PRICE_BATCH_OUTPUT] = {"batch_output", PRICE_MTOK},
	[PRICE_FLEX_INPUT] = {"flex_input", PRICE_MTOK},
	[PRICE_FLEX_OUTPUT] = {"flex_output", PRICE_MTOK},
	[PRICE_FLEX_CACHE_READ] = {"flex_cache_read", PRICE_MTOK},
	[PRICE_PRIORITY_INPUT] = {"priority_input", PRICE_MTOK},
	[PRICE_PRIORITY_OUTPUT] = {"priority_output", PRICE_MTOK},
	[PRICE_PRIORITY_CACHE_READ] = {"priority_cache_read", PRICE_MTOK},
	[PRICE_PER_REQUEST] = {"per_request_usd", PRICE_USD},
	[PRICE_WEB_SEARCH] = {"web_search_per_1k_usd", PRICE_USD_PER_1K},
	[PRICE_CONTEXT_WINDOW] = {"context_window", PRICE_TOKENS},
	[PRICE_MAX_OUTPUT] = {"max_output", PRICE_TOKENS},
};

void price_row_init(struct price_row *r)
{
	*r = (struct price_row){
		.older = -1,
		.source_date = PRICE_NO_DATE,
		.valid_from = PRICE_NO_DATE,
		.window_from = -1,
		.window_to = -1,
		.source = STR(""),
		.provider = STR(""),
		.model = STR(""),
		.mode = STR(""),
		.utc_window = STR(""),
		.deprecated = STR(""),
	};
	for (int i = 0; i < PRICE_COLS; i++)
		r->v[i] = MONEY_NONE;
}

static int two_digits(const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return 99;
	return (p[0] - '0') * 10 + p[1] - '0';
}

/* "16:30:00Z" to seconds, -1 if it is not that; 24:00:00 ends a day. */
static int32_t read_clock(const char *p)
{
	int h = two_digits(p), m = two_digits(p + 3), s = two_digits(p + 6);

	if (p[2] != ':' || p[5] != ':' || p[8] != 'Z' || m > 59 || s > 59 ||
	    h > 24 || (h == 24 && (m || s)))
		return -1;
	return h * 3600 + m * 60 + s;
}

bool price_row_window(struct price_row *r, struct str text)
{
	int32_t from, to;

	r->window_from = r->window_to = -1;
	r->utc_window = STR("");
	if (!text.len)
		return true;
	if (text.len != 19 || text.p[9] != '-')
		return false;
	from = read_clock(text.p);
	to = read_clock(text.p + 10);
	if (from < 0 || to < 0 || from == to || from == 86400)
		return false;
	r->window_from = from;
	r->window_to = to;
	r->utc_window = text;
	return true;
}

char *price_format(const struct price_row *r, enum price_col col, char *buf)
{
	int64_t v = r->v[col];

	if (v == MONEY_NONE) {
		buf[0] = '\0';
		return buf;
	}
	switch (price_cols[col].unit) {
	case PRICE_TOKENS:
		snprintf(buf, MONEY_TEXT, "%lld", (long long)v);
		return buf;
	case PRICE_USD:
		return money_format(v, buf);
	case PRICE_MTOK:
	case PRICE_USD_PER_1K: /* 10^9 pico-dollars of one are 1 USD */
		break;
	}
	return money_format_fusd_mtok(v, buf);
}
