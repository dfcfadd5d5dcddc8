#include "tests/unit/decide_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "router/accept.h"
#include "router/bundle_build.h"
#include "router/bundle_plain.h"
#include "router/forest_int.h"

#define MAX ((size_t)16 << 20)

/* A forest of one tree: x[column] < 0.5 ? a : b. */
static int stump(struct bundle_build *build, enum forest_kind kind,
		 int features, int column, float a, float b)
{
	struct forest_head h = {FOREST_MAGIC,
				(uint32_t)kind,
				1,
				1,
				(uint32_t)features,
				0,
				forest_bytes(1, 1),
				{0}};
	struct forest_node n[2] = {{0, 0}, {0.5F, (uint32_t)column * 2}};
	float leaves[2] = {a, b};
	uint16_t covers[2] = {30000, 35535};
	char bytes[128] = {0};

	assert_int_equal(h.bytes, sizeof(bytes));
	memcpy(bytes, &h, sizeof(h));
	memcpy(bytes + sizeof(h), n, sizeof(n));
	memcpy(bytes + sizeof(h) + sizeof(n), leaves, sizeof(leaves));
	memcpy(bytes + sizeof(h) + sizeof(n) + sizeof(leaves), covers,
	       sizeof(covers));
	return bundle_build_forest(build, (struct str){bytes, sizeof(bytes)});
}

static float logit(double p)
{
	return (float)log(p / (1 - p));
}

#define ARMS 4 /* small 1, mid 3, big 5, and tier:4 for others */

static const float rate[ARMS] = {0.5F, 0.7F, 0.8F, 0.75F};
static const float seen[ARMS] = {100, 100, 100, 100};
/* in units of 3,000,000 fusd: 0.001, 0.01, 0.1, 0.05 dollars */
static const float cost[ARMS] = {1e12F / 3e6F, 1e13F / 3e6F, 1e14F / 3e6F,
				 5e13F / 3e6F};

static void add_class(struct bundle_build *b, const char *name,
		      enum policy_kind kind, int floor, float accept)
{
	float bonus[POLICY_RUNGS * ARMS];
	struct bundle_class c = {
		.name = str_from(name),
		.parent = str_is(str_from(name), "fleet") ? -1 : 0,
		.tasks = 100,
		.floor = floor,
		.rate = rate,
		.seen = seen,
		.cost = cost,
		.tier_rate = {0.5F, NAN, 0.7F, 0.75F, 0.8F},
		.policy = {.kind = kind,
			   .low = 0,
			   .high = 2,
			   .high_share = 0.5F,
			   .lambda = 2,
			   .accept = accept,
			   .false_accept = 0.05F,
			   .confidence = 0.95F,
			   .accept_rate = 0.6F},
	};

	for (int i = 0; i < POLICY_RUNGS * ARMS; i++)
		bonus[i] = i % ARMS ? 0 : 0.4F;
	if (str_is(c.name, "first")) {
		c.bonus = bonus;
		c.policy.usd = 0.1F;
		for (int g = 0; g < POLICY_RUNGS; g++)
			c.policy.mode[g] = MODE_ESCALATE | MODE_FIRST;
	}
	if (str_is(c.name, "samples"))
		c.together[0] = 0.1F;
	if (str_is(c.name, "ranged")) {
		c.policy.usd = 1;
		for (int g = 5; g < POLICY_RUNGS; g++)
			c.policy.mode[g] = MODE_LEARNED;
	}
	if (str_is(c.name, "saving")) {
		c.policy.usd = 1;
		c.policy.lambda = 0;
		memset(c.policy.mode, MODE_LEARNED, POLICY_RUNGS);
	}
	bundle_build_class(b, &c);
}

/* Where feature 0 ("bytes") is low, all arms succeed; where it is high, only
 * the dear ones do. Replies are good by EVIDENCE_SCHEMA or not. */
static struct bundle *bundle_of(bool accept)
{
	struct bundle_build *b = bundle_build_new();
	static const struct {
		const char *name;
		int tier;
		double easy, hard;
	} models[ARMS] = {
		{"small", 1, 0.95, 0.1},
		{"mid", 3, 0.96, 0.4},
		{"big", 5, 0.97, 0.9},
		{"tier:4", 4, 0.96, 0.7},
	};
	struct bundle *out = NULL;
	struct buf bytes;
	struct err e;
	int n = feature_total();

	for (int i = 0; i < ARMS; i++) {
		struct bundle_arm a = {.name = str_from(models[i].name),
				       .tier = models[i].tier,
				       .own = true,
				       .cost = -1,
				       .price_unit = 3e6F};

		a.success = stump(b, FOREST_LOGISTIC, n, 0,
				  logit(models[i].easy), logit(models[i].hard));
		if (i < 2)
			a.cost = stump(b, FOREST_VALUE, n, 0, logf(cost[i]),
				       logf(cost[i]) + 0.1F);
		bundle_build_arm(b, &a);
	}
	if (accept)
		bundle_build_accept(b, stump(b, FOREST_LOGISTIC, ACCEPT_COLUMNS,
					     EVIDENCE_DOUBTFUL, logit(0.98),
					     logit(0.02)));
	add_class(b, "fleet", POLICY_STRONGEST, 1, 2);
	add_class(b, "static", POLICY_STATIC, 1, 2);
	add_class(b, "learned", POLICY_LEARNED, 1, 2);
	add_class(b, "ranged", POLICY_LEARNED, 1, 2);
	add_class(b, "saving", POLICY_LEARNED, 1, 2);
	add_class(b, "cascade", POLICY_LEARNED, 1, 0.9F);
	add_class(b, "high", POLICY_LEARNED, 4, 0.9F);
	add_class(b, "samples", POLICY_LEARNED, 1, 2);
	add_class(b, "first", POLICY_STATIC, 1, 2);
	buf_init(&bytes, MAX);
	if (bundle_build_write(b, &bytes, &e) ||
	    bundle_view(&out, bytes.p, bytes.len, &e))
		fail_msg("%s", e.msg);
	bundle_build_free(b);
	/* a view does not own its bytes: they live with the test */
	return out;
}

struct bundle *plain, *judged;

int decide_world(void **state)
{
	(void)state;
	plain = bundle_of(false);
	judged = bundle_of(true);
	return 0;
}

struct route_arm arms[DECIDE_ARMS] = {
	{STR("small"), 1, 3000000, 300000, 3000000, 0, true},
	{STR("mid"), 3, 3000000, 300000, 3000000, 0, true},
	{STR("big"), 5, 3000000, 300000, 3000000, 0, true},
};
float easy[FEATURE_MAX], hard[FEATURE_MAX] = {9};

struct route_ask ask_of(const char *class, const float *x)
{
	for (size_t i = 0; i < DECIDE_ARMS; i++) {
		arms[i].allowed = true;
		arms[i].switch_pusd = 0;
		arms[i].in_fusd = arms[i].out_fusd = 3000000;
	}
	return (struct route_ask){
		.x = x,
		.n_x = feature_count(),
		.class_name = str_from(class),
		.arms = arms,
		.n_arms = DECIDE_ARMS,
		.pinned = -1,
		.budget_left_pusd = -1,
		.goal = ROUTE_QUALITY,
		.target = 1,
	};
}

int arm_of(const struct bundle *b, const struct route_ask *a)
{
	struct decision d;

	router_decide(b, a, &d);
	assert_int_equal(d.plan.arm[0], d.arm);
	return d.arm;
}
