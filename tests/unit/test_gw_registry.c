#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/gw_models.h"
#include "ledger/price.h"

#define TALKS (GW_CAN_CHAT | GW_CAN_RESPONSES)

static void capabilities(void **state)
{
	struct str bad;

	(void)state;
	assert_int_equal(gw_can_parse(STR(""), &bad), GW_CAN_ALL);
	assert_int_equal(gw_can_parse(STR("tools, json"), &bad),
			 GW_CAN_TOOLS | GW_CAN_JSON | TALKS);
	assert_int_equal(gw_can_parse(STR("tools,chat"), &bad),
			 GW_CAN_TOOLS | GW_CAN_CHAT);
	assert_int_equal(gw_can_parse(STR("embeddings"), &bad),
			 GW_CAN_EMBEDDINGS);
	assert_int_equal(gw_can_parse(STR("tools,fly"), &bad), 0);
	assert_true(str_is(bad, "fly"));
	assert_int_equal(gw_can_parse(STR("tools,"), &bad),
			 GW_CAN_TOOLS | TALKS);
}

static void what_nobody_said_is_guessed(void **state)
{
	struct buf b;

	(void)state;
	assert_int_equal(gw_can_guess(STR("gpt-5")), GW_CAN_ALL);
	assert_int_equal(gw_can_guess(STR("")), GW_CAN_ALL);
	assert_int_equal(gw_can_guess(STR("text-Embedding-3-small")),
			 GW_CAN_EMBEDDINGS);
	assert_int_equal(gw_can_guess(STR("mistral-embed")), GW_CAN_EMBEDDINGS);
	buf_init(&b, 256);
	gw_can_print(GW_CAN_VISION | GW_CAN_CHAT, &b);
	assert_string_equal(buf_str(&b), "vision, chat");
	buf_release(&b);
}

static struct gw_registry *sample(void)
{
	struct gw_registry *r = gw_registry_new();

	gw_registry_add(r, &(struct gw_model){.provider = STR("openai"),
					      .name = STR("gpt-5-mini"),
					      .protocol = GW_OPENAI,
					      .tier = 2,
					      .can = GW_CAN_ALL});
	gw_registry_add(r, &(struct gw_model){.provider = STR("anthropic"),
					      .name = STR("claude-opus-4-5"),
					      .upstream = STR("eu"),
					      .by_name_only = true,
					      .protocol = GW_ANTHROPIC,
					      .tier = 5,
					      .can = GW_CAN_TOOLS | TALKS});
	return r;
}

static void found_by_protocol_and_name(void **state)
{
	struct gw_registry *r = sample();

	(void)state;
	assert_ptr_equal(gw_registry_find(r, GW_OPENAI, STR("gpt-5-mini")),
			 &r->m[0]);
	assert_null(gw_registry_find(r, GW_ANTHROPIC, STR("gpt-5-mini")));
	assert_non_null(gw_registry_find(r, GW_PROTOCOL_N, STR("gpt-5-mini")));
	assert_null(gw_registry_find(r, GW_OPENAI, STR("gpt-5")));
	gw_registry_drop(r);
}

static void prices_come_from_the_book(void **state)
{
	struct gw_registry *r = sample();
	struct price_book *book;
	struct err e;

	(void)state;
	gw_registry_add(r, &(struct gw_model){.provider = STR("openai"),
					      .name = STR("no-such-model"),
					      .tier = 1});
	assert_int_equal(price_book_builtin(&book, &e), RC_OK);
	gw_registry_price(r, book);
	/* $0.25 and $2 a million tokens. */
	assert_int_equal(r->m[0].in_fusd, 250000000);
	assert_int_equal(r->m[0].out_fusd, 2000000000);
	assert_true(r->m[0].cached_fusd >= 0 &&
		    r->m[0].cached_fusd < r->m[0].in_fusd);
	assert_int_equal(r->m[2].in_fusd, -1);
	gw_registry_drop(r);
}

static void the_file_is_read_as_written(void **state)
{
	struct gw_registry *r = sample(), *again;
	struct buf a, b;
	struct err e;

	(void)state;
	buf_init(&a, 65536);
	buf_init(&b, 65536);
	gw_registry_print(r, &a);
	assert_int_equal(
		gw_registry_parse(&again, (struct str){a.p, a.len}, &e), RC_OK);
	gw_registry_print(again, &b);
	assert_string_equal(buf_str(&a), buf_str(&b));
	assert_int_equal(again->n, 2);
	assert_true(str_is(again->m[1].upstream, "eu"));
	assert_int_equal(again->m[1].can, GW_CAN_TOOLS | TALKS);
	assert_true(again->m[1].by_name_only && !again->m[0].by_name_only);
	gw_registry_drop(again);
	gw_registry_drop(r);
	assert_int_equal(
		gw_registry_parse(&again, STR("{\"name\":\"x\"}\n"), &e),
		RC_BAD);
	assert_int_equal(gw_registry_parse(&again, STR("{"), &e), RC_BAD);
	buf_release(&a);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities),
		cmocka_unit_test(what_nobody_said_is_guessed),
		cmocka_unit_test(found_by_protocol_and_name),
		cmocka_unit_test(prices_come_from_the_book),
		cmocka_unit_test(the_file_is_read_as_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
