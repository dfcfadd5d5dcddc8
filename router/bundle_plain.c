#include "router/bundle_plain.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "ledger/base/alloc.h"
#include "router/bundle_build.h"

#define REGULATED_FLOOR 4

/* Where a mistake hurts somebody who did not choose the model. */
static const char *const regulated[] = {
	"legal",   "medical",    "finance",   "finance_regulated",
	"banking", "compliance", "insurance", "tax",
	NULL,
};

int bundle_plain_floor(struct str class_name)
{
	for (struct str s = class_name; s.len; s = bundle_class_above(s)) {
		for (int i = 0; regulated[i]; i++) {
			if (strlen(regulated[i]) == s.len &&
			    !strncasecmp(regulated[i], s.p, s.len))
				return REGULATED_FLOOR;
		}
	}
	return 1;
}

static void add_class(struct bundle_build *b, struct str name)
{
	static const float none[TIERS] = {NAN, NAN, NAN, NAN, NAN}, zero[TIERS];
	bool fleet = str_is(name, "fleet");
	struct bundle_class c = {
		.name = name,
		.parent = fleet ? -1 : 0,
		.floor = bundle_plain_floor(name),
		.rate = none,
		.seen = zero,
		.cost = none,
		.tier_rate = {NAN, NAN, NAN, NAN, NAN},
		.policy = {.kind = POLICY_STRONGEST,
			   .low = TIERS - 1,
			   .high = TIERS - 1,
			   .high_share = 1,
			   .accept = 2,
			   .confidence = 0.95F},
	};

	bundle_build_class(b, &c);
}

void bundle_plain(struct buf *out)
{
	struct bundle_build *b = bundle_build_new();
	struct err e;

	for (int i = 0; i < TIERS; i++) {
		char name[16];
		struct bundle_arm a = {
			.tier = i + 1, .lender = i, .success = -1, .cost = -1};

		snprintf(name, sizeof(name), "tier:%d", i + 1);
		a.name = str_from(name);
		bundle_build_arm(b, &a);
	}
	add_class(b, STR("fleet"));
	for (int i = 0; regulated[i]; i++)
		add_class(b, str_from(regulated[i]));
	bundle_build_certificate(
		b, STR("{\"rows\":0,\"gate\":{\"verdict\":\"none\",\"reason\":"
		       "\"no outcomes: the strongest tier serves\"}}"));
	if (bundle_build_write(b, out, &e))
		BUG(e.msg);
	bundle_build_free(b);
}
