/* Runs and the judge: a reply that ends a run of steps is judged by all of
 * them, one amid them or of a plain conversation is not; and whoever asks about
 * a run that went through the gateway need not tell its steps. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/bundle_watch.h"
#include "ledger/base/alloc.h"
#include "ledger/shelf.h"
#include "router/accept.h"
#include "router/bundle_build.h"
#include "router/forest_int.h"
#include "tests/int/gw_help.h"

#define ARMS  2
#define SMALL "gpt-5-mini"
#define LARGE "gpt-5"

static struct gw_world live;

/* Runs of three steps and more are bad; others, and what is no run, are good: a
 * forest of one tree. */
static int add_judge(struct bundle_build *b)
{
	struct forest_head h = {FOREST_MAGIC,
				FOREST_LOGISTIC,
				1,
				1,
				ACCEPT_COLUMNS,
				0,
				forest_bytes(1, 1),
				{0}};
	struct forest_node n[2] = {{0, 0}, {3, EVIDENCE_RUN_STEPS * 2}};
	float leaves[2] = {4, -4};
	uint16_t covers[2] = {30000, 35535};
	char bytes[128] = {0};

	assert_int_equal(h.bytes, sizeof(bytes));
	memcpy(bytes, &h, sizeof(h));
	memcpy(bytes + sizeof(h), n, sizeof(n));
	memcpy(bytes + sizeof(h) + sizeof(n), leaves, sizeof(leaves));
	memcpy(bytes + sizeof(h) + sizeof(n) + sizeof(leaves), covers,
	       sizeof(covers));
	return bundle_build_forest(b, (struct str){bytes, sizeof(bytes)});
}

/* A class whose small arm, served first, is worth `bonus` by what the large one
 * mends. */
static void add_class(struct bundle_build *b, const char *name, float bonus)
{
	static const float rate[ARMS] = {0.65F, 0.9F}, seen[ARMS] = {100, 100},
			   cost[ARMS] = {1e9F, 1e10F};
	float all[POLICY_RUNGS * ARMS] = {0};
	struct bundle_class c = {.name = str_from(name),
				 .parent = strcmp(name, "fleet") != 0 ? 0 : -1,
				 .tasks = 100,
				 .floor = 1,
				 .rate = rate,
				 .cost = cost,
				 .seen = seen,
				 .bonus = all,
				 .tier_rate = {NAN, 0.65F, NAN, 0.9F, NAN},
				 .policy = {.kind = POLICY_STATIC,
					    .high = 1,
					    .high_share = 1,
					    .accept = 2,
					    .confidence = 0.95F,
					    .usd = 0.01F}};

	for (int g = 0; g < POLICY_RUNGS; g++) {
		c.policy.mode[g] = MODE_ESCALATE | MODE_FIRST;
		all[g * ARMS] = bonus;
	}
	bundle_build_class(b, &c);
}

static void make_bundle(struct buf *out)
{
	struct bundle_build *b = bundle_build_new();
	static const struct bundle_arm arms[ARMS] = {
		{.name = STR(SMALL), .tier = 2, .success = -1, .cost = -1},
		{.name = STR(LARGE),
		 .tier = 4,
		 .lender = 1,
		 .success = -1,
		 .cost = -1}};
	struct err e;

	for (int i = 0; i < ARMS; i++)
		bundle_build_arm(b, &arms[i]);
	bundle_build_accept(b, add_judge(b));
	add_class(b, "fleet", 0);
	add_class(b, "worth", 0.3F);
	bundle_build_certificate(b, STR("{}"));
	ASSERT_OK(bundle_build_write(b, out, &e), &e);
	bundle_build_free(b);
}

static void it_starts(void **state)
{
	struct conf c;
	struct buf b;
	struct err e;
	int32_t id;

	(void)state;
	gw_world_init(&live, "gateway_run");
	gw_world_set(&live, "ACO_ROUTE_MODE", "live");
	gw_world_set(&live, "ACO_ROUTE_EXPLORE_PERMILLE", "0");
	gw_world_set(&live, "ACO_ROUTE_GOAL", "failure:1");
	GW_ACO(&live, "model", "set", SMALL, "--tier", "2", "--enable");
	GW_ACO(&live, "model", "set", LARGE, "--tier", "4", "--enable");
	buf_init(&b, BUNDLE_BYTES_MAX);
	make_bundle(&b);
	ASSERT_OK(shelf_add(live.db, feature_schema(), STR("{}"),
			    (struct str){b.p, b.len}, true, &id, &e),
		  &e);
	c = (struct conf){.home = xstrdup(live.home)};
	ASSERT_OK(bundle_files_serve(&c, id, "", b.p, b.len, &e), &e);
	free(c.home);
	buf_release(&b);
	gw_world_serve(&live);
}

#define SAID "{\"role\":\"user\",\"content\":\"Mend it\"}"
#define USED                                                                      \
	SAID ",{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c1\",\"type\":"  \
	     "\"function\",\"function\":{\"name\":\"bash\",\"arguments\":\"{}\"}" \
	     "}]},{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"ok\"}"

static void served(const char *task, const char *messages, const char *model,
		   const char *attempts)
{
	char head[256], body[1024];
	struct gw_got g;

	snprintf(head, sizeof(head), "x-aco-task: %s\r\nx-aco-class: worth\r\n",
		 task);
	snprintf(body, sizeof(body), "{\"model\":\"auto\",\"messages\":[%s]}",
		 messages);
	g = gw_post(&live, "/v1/chat/completions", head, body);
	assert_int_equal(g.status, 200);
	ASSERT_CONTAINS(buf_str(&g.body), "Hello");
	assert_string_equal(gw_got_header(&g, "x-aco-model"), model);
	assert_string_equal(gw_got_header(&g, "x-aco-attempts"), attempts);
	gw_got_free(&g);
}

static void the_end_of_a_run_is_judged(void **state)
{
	(void)state;
	served("run", USED, SMALL, "1");
	served("run", USED, SMALL, "1");
	served("run", USED, LARGE, "2");
	/* The larger one's run is its own. */
	served("run", USED, SMALL, "1");
}

static void a_conversation_is_no_run(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		served("talk", SAID, SMALL, "1");
}

static void judged(const char *more, const char *answer)
{
	char body[1024];
	struct gw_got g;

	snprintf(body, sizeof(body),
		 "{\"models\":[\"" SMALL "\",\"" LARGE "\"],\"class\":"
		 "\"worth\",\"goal\":\"failure:1\",\"text\":\"Mend it\","
		 "\"tried\":[{\"model\":\"" SMALL "\",\"cost_usd\":0.001,"
		 "\"evidence\":{\"finish\":0%s",
		 more);
	g = gw_post(&live, "/v1/route", "", body);
	assert_int_equal(g.status, 200);
	ASSERT_CONTAINS(buf_str(&g.body), answer);
	gw_got_free(&g);
}

static void the_steps_of_a_task_need_not_be_told(void **state)
{
	(void)state;
	judged("}}]}", "\"accept\":true");
	judged(",\"run_steps\":2}}]}", "\"accept\":true");
	judged(",\"run_steps\":9}}]}", "\"accept\":false");
	/* Four steps, as above. */
	judged("}}],\"task\":\"talk\"}", "\"accept\":false");
	judged("}}],\"task\":\"talk\",\"sender\":\"codex\"}",
	       "\"accept\":true");
	judged("}}],\"task\":\"nobody's\"}", "\"accept\":true");
	/* What is told counts. */
	judged(",\"run_steps\":2}}],\"task\":\"talk\"}", "\"accept\":true");
}

static void it_stops(void **state)
{
	(void)state;
	gw_world_stop(&live);
	gw_world_release(&live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts),
		cmocka_unit_test(the_end_of_a_run_is_judged),
		cmocka_unit_test(a_conversation_is_no_run),
		cmocka_unit_test(the_steps_of_a_task_need_not_be_told),
		cmocka_unit_test(it_stops),
	};

	return harness_main("gateway_run", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
