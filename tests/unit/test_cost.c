/* Every rule of cost.h. */
#include "ledger/base/clock.h"
#include "tests/unit/costs.h"

/* ---- buckets ---- */

static const char columns[] =
	"provider,model,input_per_mtok,output_per_mtok,cache_read_per_mtok,"
	"cache_write_5m_per_mtok,cache_write_1h_per_mtok,reasoning_per_mtok,"
	"input_audio_per_mtok,output_audio_per_mtok,web_search_per_1k_usd,"
	"per_request_usd\n"
	"x,full,2,8,0.2,2.5,4,16,32,64,10,\n"
	"x,plain,2,8,,,,,,,,\n"
	"x,free,0,0,,,,,,,0,0\n"
	"x,embedding,2,,,,,,,,,\n"
	"x,none,,,,,,,,,,\n"
	"x,fee,2,8,,,,,,,5,0.012\n"
	"anthropic,claude-x,2,8,,,,,,,,\n"
	"aws,some.claude-y,2,8,,,,,,,,\n"
	"x,tiny,0.000000001,,,,,,,,,\n"
	"x,huge,9223372036.854775807,,,,,,,,,\n";

static void test_buckets(void **state)
{
	struct price_book *b = book_of(columns);
	struct cost k;

	(void)state;
	/* Each bucket at its own price; reasoning is a part of output. */
	expect(b, "x", "full", "", USAGE(1000), "0.002");
	expect(b, "x", "full", "", USAGE(0, 1000), "0.0002");
	expect(b, "x", "full", "", USAGE(0, 0, 1000), "0.0025");
	expect(b, "x", "full", "", USAGE(0, 0, 0, 1000), "0.004");
	expect(b, "x", "full", "", USAGE(0, 0, 0, 0, 1000), "0.008");
	expect(b, "x", "full", "", USAGE(0, 0, 0, 0, 1000, 400), "0.0112");
	expect(b, "x", "full", "", USAGE(0, 0, 0, 0, 1000, 1000), "0.016");
	expect(b, "x", "full", "", USAGE(0, 0, 0, 0, 1000, 2000), "0.016");
	expect(b, "x", "full", "", USAGE(0, 0, 0, 0, 0, 0, 1000), "0.032");
	expect(b, "x", "full", "", USAGE(0, 0, 0, 0, 0, 0, 0, 1000), "0.064");
	expect(b, "x", "full", "", USAGE(0, 0, 0, 0, 0, 0, 0, 0, 3), "0.03");
	expect(b, "x", "full", "", USAGE(0, 0, 0, 0, 0, 0, 0, 0, 0, 9), "0");
	/* Without a price of its own: input's or output's. */
	expect(b, "x", "plain", "", USAGE(0, 1000), "0.002");
	expect(b, "x", "plain", "", USAGE(0, 0, 1000), "0.002");
	expect(b, "x", "plain", "", USAGE(0, 0, 0, 0, 1000, 400), "0.008");
	expect(b, "x", "plain", "", USAGE(0, 0, 0, 0, 0, 0, 1000), "0.002");
	expect(b, "x", "plain", "", USAGE(0, 0, 0, 0, 0, 0, 0, 1000), "0.008");
	expect_state(b, "x", "plain", "", USAGE(0, 0, 0, 1000), COST_NO_PRICE,
		     "no price for 1-hour cache writes");
	expect_state(b, "x", "plain", "", USAGE(1, 0, 0, 0, 0, 0, 0, 0, 1),
		     COST_NO_PRICE, "no price for a web search");
	/* Twice the input, said so, for Anthropic's models wherever they are
	 * sold. */
	k = cost_at(b, "anthropic", "claude-x", "", TIME_NONE,
		    USAGE(1000, 0, 0, 1000));
	assert_int_equal(k.cost_pusd, pusd("0.006"));
	assert_true(k.assumed_1h);
	k = cost_at(b, "aws", "some.claude-y", "", TIME_NONE,
		    USAGE(1000, 0, 0, 1000));
	assert_int_equal(k.cost_pusd, pusd("0.006"));
	assert_true(k.assumed_1h);
	k = cost_at(b, "anthropic", "claude-x", "", TIME_NONE, USAGE(1000));
	assert_false(k.assumed_1h);
	/* Free is 0, unknown is not. */
	expect(b, "x", "free", "", USAGE(1000, 1, 1, 0, 1000, 0, 0, 0, 5), "0");
	expect(b, "x", "embedding", "", USAGE(1000), "0.002");
	expect(b, "x", "embedding", "", USAGE(1000, 0, 0, 0, 0), "0.002");
	expect_state(b, "x", "embedding", "", USAGE(1000, 0, 0, 0, 1),
		     COST_NO_PRICE, "no output price");
	expect_state(b, "x", "none", "", USAGE(1), COST_NO_PRICE,
		     "no input price");
	expect(b, "x", "none", "", USAGE(0), "0");
	expect(b, "x", "fee", "", USAGE(1000, 0, 0, 0, 1000, 0, 0, 0, 2),
	       "0.032");
	price_book_free(b);
}

static void test_states(void **state)
{
	struct price_book *b = book_of(columns);
	struct usage none, tools;

	(void)state;
	usage_init(&none);
	tools = none;
	tools.n[USAGE_WEB_SEARCH] = 1;
	tools.n[USAGE_REASONING] = 5;
	expect_state(b, "x", "full", "", none, COST_NO_USAGE,
		     "tokens not reported");
	expect_state(b, "x", "full", "", tools, COST_NO_USAGE,
		     "tokens not reported");
	expect_state(b, "x", "nosuch", "", USAGE(1), COST_NO_MODEL,
		     "the model is not in the price table");
	expect_state(b, "y", "full", "", USAGE(1), COST_NO_MODEL,
		     "the model is not in the price table");
	expect(b, "x", "full", "", USAGE(0, 0, 0, 0, 1), "0.000008");
	for (int s = COST_PRICED; s <= COST_OVERFLOW; s++)
		assert_string_not_equal(cost_state_text((enum cost_state)s),
					"?");
	price_book_free(b);
}

static void test_limits(void **state)
{
	struct price_book *b = book_of(columns);
	struct cost k;

	(void)state;
	/* A femto-dollar a token: rounded half to even, once. */
	expect(b, "x", "tiny", "", USAGE(499), "0");
	expect(b, "x", "tiny", "", USAGE(500), "0");
	expect(b, "x", "tiny", "", USAGE(501), "0.000000000001");
	expect(b, "x", "tiny", "", USAGE(1500), "0.000000000002");
	expect(b, "x", "tiny", "", USAGE(2500), "0.000000000002");
	expect(b, "x", "tiny", "", USAGE(1250, 1250), "0.000000000002");
	expect(b, "x", "tiny", "", USAGE(INT64_MAX), "9223.372036854776");
	expect(b, "x", "huge", "", USAGE(1), "9223.372036854776");
	expect(b, "x", "huge", "", USAGE(999), "9214148.664817921031");
	expect_state(b, "x", "huge", "", USAGE(1001), COST_OVERFLOW,
		     "the cost does not fit");
	expect_state(b, "x", "huge", "", USAGE(INT64_MAX, INT64_MAX),
		     COST_OVERFLOW, "the cost does not fit");
	k = cost_at(b, "x", "huge", "", TIME_NONE, USAGE(1000));
	assert_int_equal(k.cost_pusd, INT64_MAX);
	price_book_free(b);
}

static void test_usage(void **state)
{
	struct usage u = USAGE(1, 2, 4, 8, 16, 3, 32, 64, 128, 256), none;

	(void)state;
	assert_int_equal(usage_prompt_total(&u), 15);
	assert_int_equal(usage_total(&u), 127);
	assert_false(usage_missing(&u));
	usage_init(&none);
	assert_true(usage_missing(&none));
	assert_int_equal(usage_total(&none), 0);
	for (int i = 0; i < USAGE_N; i++) {
		u = none;
		u.n[i] = 0;
		assert_int_equal(usage_missing(&u),
				 i == USAGE_REASONING || i >= USAGE_WEB_SEARCH);
		assert_non_null(usage_bucket_names[i]);
	}
	u = USAGE(INT64_MAX, INT64_MAX);
	assert_int_equal(usage_prompt_total(&u), INT64_MAX);
	assert_int_equal(usage_total(&u), INT64_MAX);
}

/* ---- long context ---- */

static void test_long_context(void **state)
{
	struct price_book *b = book_of(
		"provider,model,input_per_mtok,output_per_mtok,"
		"cache_read_per_mtok,tier_start_tokens,tier_input,tier_output,"
		"tier_cache_read,cache_write_5m_per_mtok\n"
		"x,m,1,2,0.1,1000,3,5,0.3,\n"
		"x,flat,1,2,0.1,1000,3,5,,\n"
		"x,bare,1,2,,1000,3,5,,\n"
		"x,half,1,2,,1000,3,,,\n"
		"x,start,1,2,,1000,,,,\n");
	struct cost k;

	(void)state;
	k = cost_at(b, "x", "m", "", TIME_NONE, USAGE(1000, 0, 0, 0, 10));
	assert_int_equal(k.cost_pusd, pusd("0.00102"));
	assert_false(k.long_context);
	/* One token more reprices the whole request, output included. */
	k = cost_at(b, "x", "m", "", TIME_NONE, USAGE(1001, 0, 0, 0, 10));
	assert_int_equal(k.cost_pusd, pusd("0.003053"));
	assert_true(k.long_context);
	/* Cached and written tokens count towards the start. */
	expect(b, "x", "m", "", USAGE(1, 1000), "0.000303");
	expect(b, "x", "m", "", USAGE(1, 0, 1000), "0.003003");
	expect(b, "x", "m", "", USAGE(1000, 0, 0, 0, 5000), "0.011");
	/* A flat price stays; one that is nowhere is the tier's input. */
	expect(b, "x", "flat", "", USAGE(1, 1000), "0.000103");
	expect(b, "x", "bare", "", USAGE(1, 1000), "0.003003");
	expect(b, "x", "half", "", USAGE(1001, 0, 0, 0, 10), "0.003023");
	k = cost_at(b, "x", "start", "", TIME_NONE, USAGE(5000));
	assert_false(k.long_context);
	assert_int_equal(k.cost_pusd, pusd("0.005"));
	price_book_free(b);
}

/* The sum of many short prompts is not one long prompt. */
static void test_long_context_of_sums(void **state)
{
	struct cost_context c = {.provider = STR("anthropic"),
				 .model = STR("claude-sonnet-4-5"),
				 .started_us = TIME_NONE};
	struct usage u = USAGE(3000000, 0, 0, 0, 1000);
	struct cost k;

	(void)state;
	cost_compute(shipped, &c, &u, &k);
	assert_true(k.long_context);
	assert_int_equal(k.cost_pusd, pusd("18.0225"));
	c.aggregate = true;
	cost_compute(shipped, &c, &u, &k);
	assert_false(k.long_context);
	assert_int_equal(k.cost_pusd, pusd("9.015"));
}

/* ---- service tiers ---- */

static void test_service_tiers(void **state)
{
	static const char *const standard[] = {
		"",          "default", "standard",  "auto",
		"on_demand", "null",    "ON_DEMAND", " Default "};
	static const char *const unknown[] = {
		"scale", "turbo", "batch2", "standard_only", "0", "-"};
	struct price_book *b = book_of(
		"provider,model,input_per_mtok,output_per_mtok,"
		"cache_read_per_mtok,batch_input,batch_output,flex_input,"
		"flex_output,flex_cache_read,priority_input,priority_output,"
		"priority_cache_read,tier_start_tokens,tier_input,tier_output,"
		"reasoning_per_mtok,web_search_per_1k_usd\n"
		"x,m,4,8,0.4,2,4,1,2,0.1,8,16,0.8,1000,9,9,,10\n"
		"x,nocache,4,8,,2,4,1,2,,8,16,,,,,,\n"
		"x,partial,4,8,0.4,2,,1,2,,8,16,,,,,,\n"
		"x,thinks,4,8,,2,4,,,,,,,,,,16,\n"
		"x,std,4,8,,,,,,,,,,,,,,\n"
		"x,std-fast,12,24,,,,,,,,,,,,,,\n"
		"x,lone-fast,6,6,,,,,,,,,,,,,,\n");
	struct usage io = USAGE(100, 0, 0, 0, 100);

	(void)state;
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
		expect(b, "x", "m", standard[i], io, "0.0012");
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		expect_state(b, "x", "m", unknown[i], io, COST_NO_PRICE,
			     "unknown service tier");
	expect(b, "x", "m", "batch", io, "0.0006");
	expect(b, "x", "m", "flex", io, "0.0003");
	expect(b, "x", "m", "PRIORITY", io, "0.0024");
	/* Cached tokens: the tier's own price, or none. */
	expect(b, "x", "m", "flex", USAGE(0, 100), "0.00001");
	expect(b, "x", "m", "priority", USAGE(0, 100), "0.00008");
	expect_state(b, "x", "m", "batch", USAGE(0, 100), COST_NO_PRICE,
		     "no such price for this service tier");
	expect_state(b, "x", "partial", "flex", USAGE(0, 100), COST_NO_PRICE,
		     "no such price for this service tier");
	/* Where nothing is cheaper when cached, the tier's input price. */
	expect(b, "x", "nocache", "batch", USAGE(0, 100), "0.0002");
	expect(b, "x", "nocache", "flex", USAGE(0, 100), "0.0001");
	expect(b, "x", "nocache", "flex", USAGE(0, 0, 100), "0.0001");
	expect_state(b, "x", "partial", "batch", io, COST_NO_PRICE,
		     "no such price for this service tier");
	expect(b, "x", "partial", "batch", USAGE(100), "0.0002");
	expect(b, "x", "thinks", "batch", io, "0.0006");
	expect_state(b, "x", "thinks", "batch", USAGE(0, 0, 0, 0, 100, 50),
		     COST_NO_PRICE, "no such price for this service tier");
	/* The long-context price of a service tier is in no table. */
	expect_state(b, "x", "m", "batch", USAGE(1001), COST_NO_PRICE,
		     "no long-context price for this service tier");
	expect(b, "x", "m", "batch", USAGE(1000, 0, 0, 0, 0, 0, 0, 0, 1),
	       "0.012");
	expect_state(b, "x", "std", "batch", io, COST_NO_PRICE,
		     "no such price for this service tier");
	/* fast is a model of its own. */
	expect(b, "x", "std", "fast", io, "0.0036");
	expect(b, "x", "lone-fast", "fast", io, "0.0012");
	expect_state(b, "x", "m", "fast", io, COST_NO_PRICE,
		     "no such price for this service tier");
	price_book_free(b);
}

/* Half of every token price; searches cost what they cost. */
static void test_anthropic_batch(void **state)
{
	struct price_book *b = book_of(
		"provider,model,input_per_mtok,output_per_mtok,batch_input,"
		"batch_output\n"
		"anthropic,a,4,8,1,1\n"
		"anthropic,b,0.000000001,8,,\n");

	(void)state;
	expect(shipped, "anthropic", "claude-sonnet-4-5", "batch",
	       USAGE(350, 10000, 1500, 500, 512), "0.0101775");
	expect(shipped, "anthropic", "claude-sonnet-4-5", "batch",
	       USAGE(350, 10000, 1500, 500, 512, 0, 0, 0, 1), "0.0201775");
	expect(shipped, "anthropic", "claude-sonnet-4-5", "batch",
	       USAGE(200001, 0, 0, 0, 1000), "0.611253");
	expect_state(shipped, "openai", "gpt-5", "batch", USAGE(1, 0, 0, 0, 1),
		     COST_NO_PRICE, "no such price for this service tier");
	expect_state(shipped, "google", "claude-sonnet-4-5", "batch", USAGE(1),
		     COST_NO_PRICE, "no such price for this service tier");
	/* Columns, where there are any, go before the rule. */
	expect(b, "anthropic", "a", "batch", USAGE(100, 0, 0, 0, 100),
	       "0.0002");
	/* Half of an odd femto-dollar is still exact: 1001 halves are more
	 * than half a pico-dollar, 1000 are not. */
	expect(b, "anthropic", "b", "batch", USAGE(1000), "0");
	expect(b, "anthropic", "b", "batch", USAGE(1001), "0.000000000001");
	price_book_free(b);
}

static void test_dates(void **state)
{
	struct price_book *b =
		book_of("provider,model,valid_from,input_per_mtok\n"
			"x,m,2026-01-01,1\nx,m,2026-02-01,2\n");
	int64_t at;
	struct cost k;

	(void)state;
	assert_true(clock_parse(STR("2025-12-31T23:59:59Z"), &at));
	k = cost_at(b, "x", "m", "", at, USAGE(1));
	assert_int_equal(k.state, COST_NO_PRICE);
	assert_string_equal(k.reason, "no price at that time");
	k = cost_at(b, "x", "m", "", at + US_PER_SEC, USAGE(1));
	assert_int_equal(k.cost_pusd, 1000000);
	assert_int_equal(k.price_id, 1);
	k = cost_at(b, "x", "m", "", TIME_NONE, USAGE(1));
	assert_int_equal(k.cost_pusd, 2000000);
	assert_int_equal(k.price_id, 2);
	price_book_free(b);
}

static void test_explain(void **state)
{
	struct cost_context c = {STR("anthropic"), STR("claude-sonnet-4-5"),
				 TIME_NONE, STR("batch"), false};
	struct usage u = USAGE(350, 10000, 0, 0, 512, 0, 0, 0, 1, 2);
	struct cost k;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	cost_compute(shipped, &c, &u, &k);
	cost_explain(&c, &u, &k, &b);
	assert_string_equal(
		buf_str(&b),
		"  uncached_in              350 x $3 /Mtok x 0.5       = "
		"$0.000525\n"
		"  cache_read             10000 x $0.3 /Mtok x 0.5     = "
		"$0.0015\n"
		"  output                   512 x $15 /Mtok x 0.5      = "
		"$0.00384\n"
		"  web_search                 1 x $0.01                = $0.01\n"
		"  other_tools                2   not priced\n"
		"  total                                               = "
		"$0.015865\n");
	buf_clear(&b);
	c.model = STR("gpt-9");
	cost_compute(shipped, &c, &u, &k);
	cost_explain(&c, &u, &k, &b);
	assert_string_equal(buf_str(&b), "  not priced: the model is not in "
					 "the price table\n");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_long_context),
		cmocka_unit_test(test_long_context_of_sums),
		cmocka_unit_test(test_service_tiers),
		cmocka_unit_test(test_anthropic_batch),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests(tests, costs_setup, costs_teardown);
}
