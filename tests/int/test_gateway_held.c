/* Streams and the judge: passed on as they come, what is replied stands, and
 * nothing is chosen that counts on more; held, those are judged for which it
 * may be worth the wait, and no others. */
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

static struct gw_world live, held;
static const char headers[] = "x-aco-task: t\r\nx-aco-class: ";

/* Replies of tiers below 3 are bad, all others good: a forest of one tree. */
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
	struct forest_node n[2] = {{0, 0}, {3, ACCEPT_TIER * 2}};
	float leaves[2] = {-4, 4};
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
	add_class(b, "idle", 0.001F);
	bundle_build_certificate(b, STR("{}"));
	ASSERT_OK(bundle_build_write(b, out, &e), &e);
	bundle_build_free(b);
}

static void serve_files(const struct gw_world *w, int32_t id,
			const struct buf *b)
{
	struct conf c = {.home = xstrdup(w->home)};
	struct err e;

	ASSERT_OK(bundle_files_serve(&c, id, "", b->p, b->len, &e), &e);
	free(c.home);
}

static void it_starts(void **state)
{
	struct buf b;
	struct err e;
	int32_t id;

	(void)state;
	gw_world_init(&live, "gateway_held");
	gw_world_set(&live, "ACO_ROUTE_MODE", "live");
	gw_world_set(&live, "ACO_ROUTE_EXPLORE_PERMILLE", "0");
	gw_world_set(&live, "ACO_ROUTE_GOAL", "failure:1");
	gw_world_beside(&held, &live);
	for (int i = 0; i < live.n_env; i++)
		if (!strncmp(live.env[i], "ACO_ROUTE_", 10)) {
			char *name = xstrdup(live.env[i]), *eq;

			eq = strchr(name, '=');
			*eq = 0;
			gw_world_set(&held, name, eq + 1);
			free(name);
		}
	gw_world_set(&held, "ACO_ROUTE_STREAMS", "held");
	GW_ACO(&live, "model", "set", SMALL, "--tier", "2", "--enable");
	GW_ACO(&live, "model", "set", LARGE, "--tier", "4", "--enable");
	buf_init(&b, BUNDLE_BYTES_MAX);
	make_bundle(&b);
	ASSERT_OK(shelf_add(live.db, feature_schema(), STR("{}"),
			    (struct str){b.p, b.len}, true, &id, &e),
		  &e);
	serve_files(&live, id, &b);
	serve_files(&held, id, &b);
	buf_release(&b);
	gw_world_serve(&live);
	gw_world_serve(&held);
}

static struct gw_got ask(const struct gw_world *w, const char *class_name,
			 bool stream)
{
	char head[256], body[256];

	snprintf(head, sizeof(head), "%s%s\r\n", headers, class_name);
	snprintf(body, sizeof(body),
		 "{\"model\":\"auto\",\"stream\":%s,\"messages\":[{\"role\":"
		 "\"user\",\"content\":\"Say hello\"}]}",
		 stream ? "true" : "false");
	return gw_post(w, "/v1/chat/completions", head, body);
}

static void replied(const struct gw_world *w, const char *class_name,
		    bool stream, const char *how, const char *model,
		    const char *attempts)
{
	struct gw_got g = ask(w, class_name, stream);

	assert_int_equal(g.status, 200);
	assert_true(g.whole);
	ASSERT_CONTAINS(buf_str(&g.body), stream ? "[DONE]" : "Hello");
	assert_string_equal(gw_got_header(&g, "x-aco-stream"), how);
	assert_string_equal(gw_got_header(&g, "x-aco-model"), model);
	assert_string_equal(gw_got_header(&g, "x-aco-attempts"), attempts);
	gw_got_free(&g);
}

static void whole_replies_are_judged(void **state)
{
	(void)state;
	replied(&live, "worth", false, "", LARGE, "2");
	replied(&held, "worth", false, "", LARGE, "2");
}

/* The small arm comes first for what mends it, which no stream has here. */
static void a_live_stream_stands(void **state)
{
	(void)state;
	replied(&live, "worth", true, "live", LARGE, "1");
}

static void a_stream_is_held_where_it_is_worth_it(void **state)
{
	(void)state;
	replied(&held, "worth", true, "held", LARGE, "2");
	replied(&held, "idle", true, "live", LARGE, "1");
}

static void it_stops(void **state)
{
	(void)state;
	gw_world_stop(&held);
	gw_world_release(&held);
	gw_world_stop(&live);
	gw_world_release(&live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts),
		cmocka_unit_test(whole_replies_are_judged),
		cmocka_unit_test(a_live_stream_stands),
		cmocka_unit_test(a_stream_is_held_where_it_is_worth_it),
		cmocka_unit_test(it_stops),
	};

	return harness_main("gateway_held", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
