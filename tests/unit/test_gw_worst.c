/* The most that a call may cost, against figures made by hand from the shipped
 * prices, in dollars per million tokens: gpt-5-mini 0.25 in, 2 out, a context
 * of 400,000; gpt-5 1.25, 10; claude-opus-4-5 5, 10 for an hour's cache, 25. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/gw_int.h"
#include "ledger/base/alloc.h"

#define EXTRA 2048 /* tokens that the provider adds */
#define MOST  131072

static struct gw_registry *registry(void)
{
	static const struct {
		const char *provider, *name;
		enum gw_protocol protocol;
	} models[] = {
		{"openai", "gpt-5-mini", GW_OPENAI},
		{"openai", "gpt-5", GW_OPENAI},
		{"anthropic", "claude-opus-4-5", GW_ANTHROPIC},
		{"openai", "text-embedding-3-small", GW_OPENAI},
		{"openai", "made-up", GW_OPENAI},
		{"openai", "gpt-5.6-terra", GW_OPENAI},
	};
	struct gw_registry *r = gw_registry_new();
	struct price_book *book;
	struct err e;

	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		gw_registry_add(
			r, &(struct gw_model){
				   .provider = str_from(models[i].provider),
				   .name = str_from(models[i].name),
				   .protocol = models[i].protocol,
				   .tier = 1});
	assert_int_equal(price_book_builtin(&book, &e), RC_OK);
	gw_registry_price(r, book);
	return r;
}

/* A call of that body, served by model `arm` of the registry. */
static struct gw_call *call(enum wire wire, int arm, const char *body)
{
	struct gw_call *c = xcalloc(1, sizeof(*c));
	struct err e;

	c->wire = wire;
	c->reg = registry();
	c->protocol = c->reg->m[arm].protocol;
	c->arm = arm;
	for (size_t i = 0; i < c->reg->n; i++)
		c->arm_model[i] = &c->reg->m[i];
	c->ask.n_arms = (int)c->reg->n;
	arena_init(&c->a, MODEL_ARENA);
	assert_int_equal(
		model_request_read(&c->req, wire, str_from(body), &c->a, &e),
		RC_OK);
	return c;
}

static void call_free(struct gw_call *c)
{
	gw_registry_drop(c->reg);
	arena_release(&c->a);
	free(c);
}

/* In prices of a million tokens, as the table has them, times 1,000. */
static void costs(enum wire wire, int arm, const char *body, int64_t in,
		  int64_t in_milli, int64_t out, int64_t out_milli)
{
	struct gw_call *c = call(wire, arm, body);
	/* $0.001 per million tokens: 1,000 pico-dollars a token. */
	int64_t want = in * in_milli * 1000 + out * out_milli * 1000, got;

	assert_true(gw_worst(c, &got));
	assert_int_equal(got, want);
	call_free(c);
}

#define CHAT(more)                                                             \
	"{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":"    \
	"\"hi\"}]" more "}"
#define LEN(s) ((int64_t)sizeof(s) - 1)

static void a_token_for_each_byte(void **state)
{
	const char noise[] = CHAT(",\"x\":\"\x7f\xf0\x9f\x92\xa9 91 7 3\"");

	(void)state;
	costs(WIRE_OPENAI_CHAT, 0, CHAT(",\"max_tokens\":100"),
	      LEN(CHAT(",\"max_tokens\":100")) + EXTRA, 250, 100, 2000);
	costs(WIRE_OPENAI_CHAT, 1, noise, LEN(noise) + EXTRA, 1250, MOST,
	      10000);
}

static void every_sample_counts(void **state)
{
	const char body[] = CHAT(",\"n\":5,\"max_completion_tokens\":1000");

	(void)state;
	costs(WIRE_OPENAI_CHAT, 0, body, LEN(body) + EXTRA, 250, 5000, 2000);
}

/* What lies in the body as base64 is no text; what is elsewhere may fill the
 * context. */
static void pictures_and_files(void **state)
{
	static char body[300000];
	char data[200001];
	int64_t source;

	(void)state;
	memset(data, 'A', sizeof(data) - 1);
	data[sizeof(data) - 1] = 0;
	snprintf(body, sizeof(body),
		 "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":"
		 "\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
		 "{\"url\":\"data:image/png;base64,%s\"}}]}]}",
		 data);
	source = (int64_t)sizeof(data) - 1 +
		 LEN("{\"url\":\"data:image/png;base64,\"}");
	costs(WIRE_OPENAI_CHAT, 0, body,
	      (int64_t)strlen(body) - source + EXTRA + 50000, 250, 1, 2000);
	snprintf(body, sizeof(body),
		 "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":"
		 "\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
		 "{\"url\":\"https://example/a.png\"}}]}]}");
	costs(WIRE_OPENAI_CHAT, 0, body, (int64_t)strlen(body) + EXTRA + 400000,
	      250, 1, 2000);
	snprintf(body, sizeof(body),
		 "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":"
		 "\"user\",\"content\":[{\"type\":\"document\",\"source\":"
		 "{\"type\":\"base64\",\"media_type\":\"application/pdf\","
		 "\"data\":\"%s\"}}]}]}",
		 data);
	source = (int64_t)sizeof(data) - 1 +
		 LEN("{\"type\":\"base64\",\"media_type\":\"application/pdf\","
		     "\"data\":\"\"}");
	costs(WIRE_ANTHROPIC, 2, body,
	      (int64_t)strlen(body) - source + EXTRA + 200000, 5000, 1, 25000);
	snprintf(body, sizeof(body),
		 "{\"model\":\"m\",\"input\":\"x\",\"max_output_tokens\":1,"
		 "\"previous_response_id\":\"resp_1\"}");
	costs(WIRE_OPENAI_RESPONSES, 0, body,
	      (int64_t)strlen(body) + EXTRA + 400000, 250, 1, 2000);
}

static void the_dearest_bucket_counts(void **state)
{
	static const char plain[] =
		"{\"model\":\"m\",\"max_tokens\":10,\"messages\":[{\"role\":"
		"\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}]}";
	static const char cached[] =
		"{\"model\":\"m\",\"max_tokens\":10,\"messages\":[{\"role\":"
		"\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\","
		"\"cache_control\":{\"type\":\"ephemeral\"}}]}]}";
	static const char tools[] =
		"{\"model\":\"m\",\"max_tokens\":10,\"tools\":[{\"name\":\"f\","
		"\"input_schema\":{},\"cache_control\":{\"type\":"
		"\"ephemeral\"}}],\"messages\":[]}";
	static const char chat[] = CHAT(",\"max_tokens\":10");

	(void)state;
	costs(WIRE_ANTHROPIC, 2, plain, LEN(plain) + EXTRA, 5000, 10, 25000);
	costs(WIRE_ANTHROPIC, 2, cached, LEN(cached) + EXTRA, 10000, 10, 25000);
	costs(WIRE_ANTHROPIC, 2, tools, LEN(tools) + EXTRA, 10000, 10, 25000);
	/* Written to the cache unasked: $2.50 for $2. */
	costs(WIRE_OPENAI_CHAT, 5, chat, LEN(chat) + EXTRA, 2500, 10, 12000);
}

static void long_prompts_have_long_prices(void **state)
{
	static char body[300000];
	size_t n = 280000;
	int at = snprintf(body, sizeof(body),
			  "{\"model\":\"m\",\"max_tokens\":10,\"messages\":"
			  "[{\"role\":\"user\",\"content\":\"");

	(void)state;
	memset(body + at, 'a', n);
	memcpy(body + at + n, "\"}]}", 5);
	costs(WIRE_OPENAI_CHAT, 5, body, (int64_t)strlen(body) + EXTRA, 5000,
	      10, 18000);
}

static void embeddings_have_no_output(void **state)
{
	static const char body[] = "{\"model\":\"m\",\"input\":\"some text\"}";

	(void)state;
	costs(WIRE_OPENAI_EMBEDDINGS, 3, body, LEN(body), 20, 0, 0);
}

/* Of a cascade the dearest arm; a model without a price is told. */
static void of_a_plan_the_dearest(void **state)
{
	struct gw_call *c =
		call(WIRE_OPENAI_CHAT, 0, CHAT(",\"max_tokens\":100"));
	int64_t in = LEN(CHAT(",\"max_tokens\":100")) + EXTRA, got;

	(void)state;
	c->acts = true;
	c->decision.plan =
		(struct plan){.kind = PLAN_CASCADE, .n = 2, .arm = {0, 1}};
	assert_true(gw_worst(c, &got));
	assert_int_equal(got, in * 1250000 + 100 * 10000000);
	c->decision.plan.arm[1] = 4;
	assert_false(gw_worst(c, &got));
	c->arm = 4;
	c->acts = false;
	assert_false(gw_worst(c, &got));
	call_free(c);
}

/* Nobody passes a budget by asking for more than can be counted. */
static void more_than_can_be_counted(void **state)
{
	struct gw_call *c =
		call(WIRE_OPENAI_CHAT, 1,
		     CHAT(",\"n\":1000,\"max_tokens\":9000000000000000000"));
	int64_t got;

	(void)state;
	assert_true(gw_worst(c, &got));
	assert_true(got >= INT64_MAX / 64);
	call_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_for_each_byte),
		cmocka_unit_test(every_sample_counts),
		cmocka_unit_test(pictures_and_files),
		cmocka_unit_test(the_dearest_bucket_counts),
		cmocka_unit_test(long_prompts_have_long_prices),
		cmocka_unit_test(embeddings_have_no_output),
		cmocka_unit_test(of_a_plan_the_dearest),
		cmocka_unit_test(more_than_can_be_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
