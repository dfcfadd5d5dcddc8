/* Price files and names: a file that is taken gives rows that are valid and
 * that their own names find; any name at all is looked up in the shipped
 * prices, from the cache as without it. */
#include <stdlib.h>

#include "ledger/base/clock.h"
#include "ledger/cost.h"
#include "ledger/money.h"
#include "ledger/price.h"
#include "ledger/price_csv.h"
#include "tests/fuzz/fuzz.h"

static void check_row(const struct price_row *r)
{
	char buf[MONEY_TEXT];

	check(r->provider.len > 0 && r->provider.len <= PRICE_PROVIDER_MAX,
	      "provider");
	check(r->model.len > 0 && r->model.len <= 256, "model");
	check(str_utf8_ok(r->model) && str_utf8_ok(r->source), "text");
	check((r->window_from < 0) == (r->window_to < 0), "window");
	check(r->window_from < 86400 && r->window_to <= 86400, "window");
	for (int i = 0; i < PRICE_COLS; i++) {
		check(r->v[i] >= 0 || r->v[i] == MONEY_NONE, "a value");
		price_format(r, (enum price_col)i, buf);
		check(strlen(buf) < MONEY_TEXT, "a number");
	}
}

static void check_book(const struct price_book *b)
{
	size_t n;
	const struct price_row *r = price_book_rows(b, &n);

	for (size_t i = 0; i < n; i++) {
		struct cost_context c = {r[i].provider, r[i].model,
					 (int64_t)i * US_PER_DAY * 30, STR_NONE,
					 false};
		struct price_found f;
		struct usage u;
		struct cost k;

		check_row(&r[i]);
		check(r[i].id == (int32_t)i + 1, "an id");
		check(r[i].older < (int32_t)i, "an older row");
		price_find(b, r[i].provider, r[i].model, c.started_us, &f);
		check(f.newest != NULL, "a row is not found");
		check(!f.row || f.row <= f.newest, "newer than the newest");
		usage_init(&u);
		for (int j = 0; j < USAGE_N; j++)
			u.n[j] = (int64_t)i * 1000003 % (1 << (2 * j));
		cost_compute(b, &c, &u, &k);
		check((k.state == COST_PRICED) == (k.cost_pusd >= 0), "cost");
		check((k.state == COST_PRICED) == (k.price_id > 0), "price");
	}
}

static void check_name(const struct price_book *b, struct str provider,
		       struct str model)
{
	struct price_found f, g;
	bool found = price_find(b, provider, model, TIME_NONE, &f);
	enum price_how how = f.how;
	const struct price_row *row = f.row;

	check(price_find(b, provider, model, TIME_NONE, &g) == found,
	      "found once");
	check(g.how == how && g.row == row, "cached another");
	check((f.newest != NULL) == (how != PRICE_UNKNOWN), "how");
	price_default_tier(b, provider, model);
	price_provider_of_model(b, model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct price_book *shipped;
	struct price_book *b = NULL;
	char *copy = fuzz_copy(data, size);
	struct str text = {copy, size};
	const char *cut;
	struct err e;

	if (!shipped && price_book_builtin(&shipped, &e) != RC_OK)
		BUG("the shipped prices");
	if (price_book_csv(&b, text, "f.csv", &e) == RC_OK)
		check_book(b);
	else
		check(!strncmp(e.msg, "f.csv:", 6), "a message without line");
	price_book_free(b);
	cut = size ? memchr(copy, '|', size) : NULL;
	if (cut) {
		struct str left = {copy, (size_t)(cut - copy)};

		check_name(shipped, left,
			   (struct str){cut + 1, size - left.len - 1});
	}
	check_name(shipped, STR(""), text);
	free(copy);
	return 0;
}
