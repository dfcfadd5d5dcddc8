#include "tests/unit/costs.h"

#include "ledger/base/clock.h"
#include "ledger/money.h"

struct price_book *shipped;

int costs_setup(void **state)
{
	struct err e;

	(void)state;
	clock_fix(INT64_C(1795000000) * US_PER_SEC); /* 2026-11-18 */
	return price_book_builtin(&shipped, &e) == RC_OK ? 0 : -1;
}

int costs_teardown(void **state)
{
	(void)state;
	price_book_free(shipped);
	return 0;
}

struct price_book *book_of(const char *csv)
{
	struct price_book *b = NULL;
	struct err e;

	if (price_book_csv(&b, str_from(csv), "prices.csv", &e) != RC_OK)
		fail_msg("%s", e.msg);
	return b;
}

int64_t pusd(const char *usd)
{
	int64_t v = 0;

	assert_true(money_parse_pusd(str_from(usd), &v));
	return v;
}

struct usage usage_of(const int64_t *v, size_t n)
{
	struct usage u;

	usage_init(&u);
	for (size_t i = 0; i < n; i++)
		u.n[i] = v[i];
	return u;
}

struct cost cost_at(const struct price_book *b, const char *provider,
		    const char *model, const char *tier, int64_t at,
		    struct usage u)
{
	struct cost_context c = {str_from(provider), str_from(model), at,
				 str_from(tier), false};
	struct cost_term t[COST_TERMS_MAX];
	struct cost k;
	__int128 sum = 0;
	int64_t total;
	int n;

	cost_compute(b, &c, &u, &k);
	n = cost_terms(&c, &u, &k, t);
	if (k.state != COST_PRICED) {
		assert_int_equal(n, 0);
		assert_true(k.cost_pusd == MONEY_NONE);
		assert_int_equal(k.price_id, 0);
		assert_null(k.row);
		assert_true(k.reason[0] != '\0');
		return k;
	}
	for (int i = 0; i < n; i++)
		sum += t[i].half_fusd;
	assert_true(money_round(sum, 2000, &total));
	assert_int_equal(total, k.cost_pusd);
	assert_int_equal(k.row->id, k.price_id);
	assert_string_equal(k.reason, "");
	return k;
}

void expect(const struct price_book *b, const char *provider, const char *model,
	    const char *tier, struct usage u, const char *usd)
{
	struct cost k = cost_at(b, provider, model, tier, TIME_NONE, u);
	char got[MONEY_TEXT];

	if (k.state != COST_PRICED)
		fail_msg("%s %s: %s", model, tier, k.reason);
	assert_string_equal(money_format(k.cost_pusd, got), usd);
}

void expect_state(const struct price_book *b, const char *provider,
		  const char *model, const char *tier, struct usage u,
		  enum cost_state state, const char *reason)
{
	struct cost k = cost_at(b, provider, model, tier, TIME_NONE, u);

	assert_int_equal(k.state, state);
	assert_string_equal(k.reason, reason);
}
