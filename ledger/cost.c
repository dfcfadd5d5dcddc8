#include "ledger/cost.h"

#include <strings.h>

#include "ledger/money.h"
#include "ledger/price.h"

const char *const usage_bucket_names[USAGE_N] = {
	[USAGE_UNCACHED_IN] = "uncached_in",
	[USAGE_CACHE_READ] = "cache_read",
	[USAGE_CACHE_WRITE_5M] = "cache_write_5m",
	[USAGE_CACHE_WRITE_1H] = "cache_write_1h",
	[USAGE_OUTPUT] = "output",
	[USAGE_REASONING] = "reasoning",
	[USAGE_AUDIO_IN] = "audio_in",
	[USAGE_AUDIO_OUT] = "audio_out",
	[USAGE_WEB_SEARCH] = "web_search",
	[USAGE_OTHER_TOOLS] = "other_tools",
};

/* ---- usage ---- */

void usage_init(struct usage *u)
{
	for (int i = 0; i < USAGE_N; i++)
		u->n[i] = USAGE_NONE;
}

static bool reported(const struct usage *u, enum usage_bucket b)
{
	return u->n[b] >= 0;
}

bool usage_missing(const struct usage *u)
{
	return !reported(u, USAGE_UNCACHED_IN) &&
	       !reported(u, USAGE_CACHE_READ) &&
	       !reported(u, USAGE_CACHE_WRITE_5M) &&
	       !reported(u, USAGE_CACHE_WRITE_1H) &&
	       !reported(u, USAGE_AUDIO_IN) && !reported(u, USAGE_OUTPUT) &&
	       !reported(u, USAGE_AUDIO_OUT);
}

static int64_t count_of(const struct usage *u, enum usage_bucket b)
{
	return u->n[b] > 0 ? u->n[b] : 0;
}

static int64_t sum_of(const struct usage *u, const enum usage_bucket *b, int n)
{
	int64_t sum = 0;

	for (int i = 0; i < n; i++) {
		if (__builtin_add_overflow(sum, count_of(u, b[i]), &sum))
			return INT64_MAX;
	}
	return sum;
}

static const enum usage_bucket all_tokens[] = {
	USAGE_UNCACHED_IN,    USAGE_CACHE_READ, USAGE_CACHE_WRITE_5M,
	USAGE_CACHE_WRITE_1H, USAGE_OUTPUT,     USAGE_AUDIO_IN,
	USAGE_AUDIO_OUT,
};

int64_t usage_prompt_total(const struct usage *u)
{
	return sum_of(u, all_tokens, 4);
}

int64_t usage_total(const struct usage *u)
{
	return sum_of(u, all_tokens, 7);
}

/* ---- service tiers ---- */

enum service {
	SERVICE_STANDARD,
	SERVICE_BATCH,
	SERVICE_FLEX,
	SERVICE_PRIORITY,
	SERVICE_FAST,
	SERVICE_UNKNOWN,
};

static enum service service_of(struct str s)
{
	static const struct {
		const char *word;
		enum service service;
	} words[] = {
		{"default", SERVICE_STANDARD}, {"standard", SERVICE_STANDARD},
		{"auto", SERVICE_STANDARD},    {"on_demand", SERVICE_STANDARD},
		{"null", SERVICE_STANDARD},    {"batch", SERVICE_BATCH},
		{"flex", SERVICE_FLEX},        {"priority", SERVICE_PRIORITY},
		{"fast", SERVICE_FAST},
	};

	s = str_trim(s);
	if (!s.len)
		return SERVICE_STANDARD;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);

		if (n == s.len && !strncasecmp(s.p, words[i].word, n))
			return words[i].service;
	}
	return SERVICE_UNKNOWN;
}

/* ---- the price of a bucket ---- */

#define NO_COL PRICE_COLS

/* Where each bucket of tokens has its price. `parent` is the bucket whose
 * price applies where there is none. */
static const struct {
	enum price_col base, tier, batch, flex, priority;
	enum usage_bucket parent;
	const char *none; /* the reason when a price is missing */
} buckets[USAGE_AUDIO_OUT + 1] = {
	[USAGE_UNCACHED_IN] = {PRICE_INPUT, PRICE_TIER_INPUT, PRICE_BATCH_INPUT,
			       PRICE_FLEX_INPUT, PRICE_PRIORITY_INPUT,
			       USAGE_UNCACHED_IN, "no input price"},
	[USAGE_CACHE_READ] = {PRICE_CACHE_READ, PRICE_TIER_CACHE_READ, NO_COL,
			      PRICE_FLEX_CACHE_READ, PRICE_PRIORITY_CACHE_READ,
			      USAGE_UNCACHED_IN, "no cache-read price"},
	[USAGE_CACHE_WRITE_5M] = {PRICE_CACHE_WRITE_5M,
				  PRICE_TIER_CACHE_WRITE_5M, NO_COL, NO_COL,
				  NO_COL, USAGE_UNCACHED_IN,
				  "no price for 5-minute cache writes"},
	[USAGE_CACHE_WRITE_1H] = {PRICE_CACHE_WRITE_1H,
				  PRICE_TIER_CACHE_WRITE_1H, NO_COL, NO_COL,
				  NO_COL, USAGE_CACHE_WRITE_1H,
				  "no price for 1-hour cache writes"},
	[USAGE_OUTPUT] = {PRICE_OUTPUT, PRICE_TIER_OUTPUT, PRICE_BATCH_OUTPUT,
			  PRICE_FLEX_OUTPUT, PRICE_PRIORITY_OUTPUT,
			  USAGE_OUTPUT, "no output price"},
	[USAGE_REASONING] = {PRICE_REASONING, NO_COL, NO_COL, NO_COL, NO_COL,
			     USAGE_OUTPUT, "no reasoning price"},
	[USAGE_AUDIO_IN] = {PRICE_AUDIO_IN, NO_COL, NO_COL, NO_COL, NO_COL,
			    USAGE_UNCACHED_IN, "no price for audio input"},
	[USAGE_AUDIO_OUT] = {PRICE_AUDIO_OUT, NO_COL, NO_COL, NO_COL, NO_COL,
			     USAGE_OUTPUT, "no price for audio output"},
};

/* What the terms of one call are made from. */
struct basis {
	const struct price_row *row;
	enum service service; /* standard where prices are only halved */
	bool long_context;
	bool halved;
	bool claude;
};

static int64_t col_of(const struct price_row *r, enum price_col col)
{
	return col == NO_COL ? MONEY_NONE : r->v[col];
}

static int64_t standard_price(const struct basis *b, enum usage_bucket u)
{
	int64_t v = MONEY_NONE;

	if (b->long_context)
		v = col_of(b->row, buckets[u].tier);
	return v != MONEY_NONE ? v : col_of(b->row, buckets[u].base);
}

/* The column of a service tier; MONEY_NONE when it has none. */
static int64_t service_price(const struct basis *b, enum usage_bucket u)
{
	switch (b->service) {
	case SERVICE_BATCH:
		return col_of(b->row, buckets[u].batch);
	case SERVICE_FLEX:
		return col_of(b->row, buckets[u].flex);
	case SERVICE_PRIORITY:
		return col_of(b->row, buckets[u].priority);
	case SERVICE_STANDARD:
	case SERVICE_FAST:
	case SERVICE_UNKNOWN:
		break;
	}
	return standard_price(b, u);
}

/* Femto-dollars a token of the bucket, or MONEY_NONE; *note says where the
 * price comes from when not from its own column. */
static int64_t bucket_price(const struct basis *b, enum usage_bucket u,
			    const char **note)
{
	enum usage_bucket parent = buckets[u].parent;
	int64_t v = service_price(b, u);

	*note = "";
	if (v != MONEY_NONE)
		return v;
	if (u == USAGE_CACHE_WRITE_1H) {
		if (!b->claude || b->service != SERVICE_STANDARD)
			return MONEY_NONE;
		v = standard_price(b, USAGE_UNCACHED_IN);
		if (v == MONEY_NONE || __builtin_mul_overflow(v, 2, &v))
			return MONEY_NONE;
		*note = "assumed: 2 x input";
		return v;
	}
	if (parent == u || (b->service != SERVICE_STANDARD &&
			    col_of(b->row, buckets[u].base) != MONEY_NONE))
		return MONEY_NONE;
	*note = parent == USAGE_OUTPUT ? "output price" : "input price";
	return service_price(b, parent);
}

/* ---- terms ---- */

struct terms {
	struct cost_term *t;
	int n;
	enum cost_state state;
	const char *reason;
	bool assumed_1h;
};

static bool give_up(struct terms *out, enum cost_state state,
		    const char *reason)
{
	out->state = state;
	out->reason = reason;
	return false;
}

static bool add_term(struct terms *out, struct cost_term t)
{
	/* Half femto-dollars: a use is in pico-dollars. */
	__int128 unit = (__int128)t.price * (t.per_use ? 2000 : 2);

	if (t.halved)
		unit /= 2;
	if (__builtin_mul_overflow(unit, (__int128)t.count, &t.half_fusd))
		return give_up(out, COST_OVERFLOW, "the cost does not fit");
	out->t[out->n++] = t;
	return true;
}

static bool add_tokens(const struct basis *b, enum usage_bucket u,
		       const char *name, int64_t count, struct terms *out)
{
	struct cost_term t = {
		.name = name, .count = count, .halved = b->halved};

	if (!count)
		return true;
	t.price = bucket_price(b, u, &t.note);
	if (t.price == MONEY_NONE) {
		if (b->service != SERVICE_STANDARD)
			return give_up(out, COST_NO_PRICE,
				       "no such price for this service tier");
		return give_up(out, COST_NO_PRICE, buckets[u].none);
	}
	if (u == USAGE_CACHE_WRITE_1H && t.note[0])
		out->assumed_1h = true;
	return add_term(out, t);
}

static bool add_output(const struct basis *b, const struct usage *u,
		       struct terms *out)
{
	int64_t all = count_of(u, USAGE_OUTPUT);
	int64_t reasoning = count_of(u, USAGE_REASONING);

	if (reasoning > all)
		reasoning = all;
	if (!reasoning || b->row->v[PRICE_REASONING] == MONEY_NONE)
		return add_tokens(b, USAGE_OUTPUT, "output", all, out);
	return add_tokens(b, USAGE_OUTPUT, "text", all - reasoning, out) &&
	       add_tokens(b, USAGE_REASONING, "reasoning", reasoning, out);
}

/* Fees that no service tier changes. */
static bool add_fees(const struct basis *b, const struct usage *u,
		     struct terms *out)
{
	struct cost_term search = {.name = "web_search",
				   .per_use = true,
				   .note = "",
				   .count = count_of(u, USAGE_WEB_SEARCH),
				   .price = b->row->v[PRICE_WEB_SEARCH]};
	struct cost_term request = {.name = "per_request",
				    .per_use = true,
				    .note = "",
				    .count = 1,
				    .price = b->row->v[PRICE_PER_REQUEST]};

	if (search.count && search.price == MONEY_NONE)
		return give_up(out, COST_NO_PRICE, "no price for a web search");
	if (search.count && !add_term(out, search))
		return false;
	return request.price == MONEY_NONE || !request.price ||
	       add_term(out, request);
}

static bool make_terms(const struct basis *b, const struct usage *u,
		       struct terms *out)
{
	static const enum usage_bucket input[] = {
		USAGE_UNCACHED_IN,    USAGE_CACHE_READ, USAGE_CACHE_WRITE_5M,
		USAGE_CACHE_WRITE_1H, USAGE_AUDIO_IN,
	};

	if (b->service != SERVICE_STANDARD && b->long_context)
		return give_up(out, COST_NO_PRICE,
			       "no long-context price for this service tier");
	for (size_t i = 0; i < sizeof(input) / sizeof(input[0]); i++) {
		if (!add_tokens(b, input[i], usage_bucket_names[input[i]],
				count_of(u, input[i]), out))
			return false;
	}
	return add_output(b, u, out) &&
	       add_tokens(b, USAGE_AUDIO_OUT, "audio_out",
			  count_of(u, USAGE_AUDIO_OUT), out) &&
	       add_fees(b, u, out);
}

static void basis_init(struct basis *b, const struct price_row *row,
		       const struct cost_context *c, const struct usage *u)
{
	enum service s = service_of(c->service_tier);
	const int64_t *v = row->v;

	*b = (struct basis){.row = row, .service = s};
	b->long_context = !c->aggregate && v[PRICE_TIER_START] != MONEY_NONE &&
			  (v[PRICE_TIER_INPUT] != MONEY_NONE ||
			   v[PRICE_TIER_OUTPUT] != MONEY_NONE) &&
			  usage_prompt_total(u) > v[PRICE_TIER_START];
	b->claude = str_is(row->provider, "anthropic") ||
		    str_contains(row->model, "claude");
	if (s == SERVICE_FAST)
		b->service = SERVICE_STANDARD; /* of a row of its own */
	if (s == SERVICE_BATCH && str_is(row->provider, "anthropic") &&
	    v[PRICE_BATCH_INPUT] == MONEY_NONE &&
	    v[PRICE_BATCH_OUTPUT] == MONEY_NONE) {
		b->service = SERVICE_STANDARD;
		b->halved = true;
	}
}

/* ---- cost ---- */

const char *cost_state_text(enum cost_state s)
{
	switch (s) {
	case COST_PRICED:
		return "priced";
	case COST_NO_MODEL:
		return "not in the price table";
	case COST_NO_PRICE:
		return "no price";
	case COST_NO_USAGE:
		return "tokens not reported";
	case COST_OVERFLOW:
		return "too large";
	}
	return "?";
}

static void fail(struct cost *out, enum cost_state state, const char *reason)
{
	out->state = state;
	out->reason = reason;
}

/* The row of NAME-fast of the same provider. */
static const struct price_row *fast_row(const struct price_book *book,
					const struct price_row *of,
					int64_t at_us)
{
	char name[300];
	struct price_found f;
	int n;

	if (str_ends(of->model, "-fast"))
		return of;
	n = snprintf(name, sizeof(name), "%.*s-fast", STR_ARG(of->model));
	if (n < 0 || (size_t)n >= sizeof(name))
		return NULL;
	if (!price_find(book, of->provider, (struct str){name, (size_t)n},
			at_us, &f) ||
	    f.how == PRICE_RULE)
		return NULL;
	return f.row;
}

/* The row that prices the call, or NULL with out->state and reason set. */
static const struct price_row *row_of(const struct price_book *book,
				      const struct cost_context *c,
				      enum service service, struct cost *out)
{
	struct price_found f;
	const struct price_row *fast;

	if (!price_find(book, c->provider, c->model, c->started_us, &f)) {
		if (f.newest)
			fail(out, COST_NO_PRICE, "no price at that time");
		else
			fail(out, COST_NO_MODEL,
			     "the model is not in the price table");
		return NULL;
	}
	switch (service) {
	case SERVICE_UNKNOWN:
		fail(out, COST_NO_PRICE, "unknown service tier");
		return NULL;
	case SERVICE_FAST:
		fast = fast_row(book, f.row, c->started_us);
		if (!fast)
			fail(out, COST_NO_PRICE,
			     "no such price for this service tier");
		return fast;
	case SERVICE_STANDARD:
	case SERVICE_BATCH:
	case SERVICE_FLEX:
	case SERVICE_PRIORITY:
		break;
	}
	return f.row;
}

void cost_compute(const struct price_book *book, const struct cost_context *c,
		  const struct usage *u, struct cost *out)
{
	struct cost_term t[COST_TERMS_MAX];
	struct terms terms = {.t = t};
	enum service service = service_of(c->service_tier);
	const struct price_row *row;
	__int128 sum = 0;
	struct basis b;

	*out = (struct cost){.cost_pusd = MONEY_NONE, .reason = ""};
	if (usage_missing(u)) {
		fail(out, COST_NO_USAGE, "tokens not reported");
		return;
	}
	row = row_of(book, c, service, out);
	if (!row)
		return;
	basis_init(&b, row, c, u);
	if (!make_terms(&b, u, &terms)) {
		fail(out, terms.state, terms.reason);
		return;
	}
	for (int i = 0; i < terms.n; i++) {
		if (__builtin_add_overflow(sum, t[i].half_fusd, &sum)) {
			fail(out, COST_OVERFLOW, "the cost does not fit");
			return;
		}
	}
	if (!money_round(sum, 2000, &out->cost_pusd)) {
		out->cost_pusd = MONEY_NONE;
		fail(out, COST_OVERFLOW, "the cost does not fit");
		return;
	}
	out->state = COST_PRICED;
	out->row = row;
	out->price_id = row->id;
	out->long_context = b.long_context;
	out->assumed_1h = terms.assumed_1h;
}

/* ---- showing the arithmetic ---- */

int cost_terms(const struct cost_context *c, const struct usage *u,
	       const struct cost *k, struct cost_term terms[COST_TERMS_MAX])
{
	struct terms out = {.t = terms};
	struct basis b;

	if (k->state != COST_PRICED)
		return 0;
	basis_init(&b, k->row, c, u);
	return make_terms(&b, u, &out) ? out.n : 0;
}

char *cost_term_format(const struct cost_term *t, char *buf)
{
	return money_format_scaled(t->half_fusd * 5, 16, buf);
}

static void explain_term(const struct cost_term *t, struct buf *out)
{
	char price[MONEY_TEXT], amount[MONEY_TEXT], each[MONEY_TEXT + 32];

	if (t->per_use)
		money_format(t->price, price);
	else
		money_format_fusd_mtok(t->price, price);
	snprintf(each, sizeof(each), "$%s%s%s", price,
		 t->per_use ? "" : " /Mtok", t->halved ? " x 0.5" : "");
	buf_addf(out, "  %-15s %12lld x %-20s = $%s", t->name,
		 (long long)t->count, each, cost_term_format(t, amount));
	if (t->note[0])
		buf_addf(out, "  (%s)", t->note);
	buf_addc(out, '\n');
}

void cost_explain(const struct cost_context *c, const struct usage *u,
		  const struct cost *k, struct buf *out)
{
	struct cost_term terms[COST_TERMS_MAX];
	char total[MONEY_TEXT];
	int n = cost_terms(c, u, k, terms);

	if (k->state != COST_PRICED) {
		buf_addf(out, "  not priced: %s\n", k->reason);
		return;
	}
	for (int i = 0; i < n; i++)
		explain_term(&terms[i], out);
	if (k->long_context)
		buf_addf(out, "  long context: more than %lld prompt tokens\n",
			 (long long)k->row->v[PRICE_TIER_START]);
	if (count_of(u, USAGE_OTHER_TOOLS))
		buf_addf(out, "  other_tools     %12lld   not priced\n",
			 (long long)count_of(u, USAGE_OTHER_TOOLS));
	buf_addf(out, "  %-15s %12s   %-20s = $%s\n", "total", "", "",
		 money_format(k->cost_pusd, total));
}
