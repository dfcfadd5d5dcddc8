/* Merging reports of a call must not depend on their order: whatever three
 * reports are drawn, every order and grouping gives the same row. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/attempt.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"

static struct names names;
static uint64_t rng = 42;

static uint32_t draw(uint32_t n)
{
	rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(rng >> 33) % n;
}

static int setup(void **state)
{
	static const char *const words[] = {"alpha", "beta", "gamma"};

	(void)state;
	names_init(&names);
	/* Ids run against the order of the texts, as they may anywhere. */
	for (int i = 0; i < 3; i++) {
		names_put(&names,
			  &(struct name_entry){.id = 9 - i,
					       .kind = DICT_FINISH,
					       .name = str_from(words[i])});
		names_put(&names,
			  &(struct name_entry){.id = 9 - i,
					       .kind = DICT_KIND_N,
					       .provider = STR("p"),
					       .name = str_from(words[i])});
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	names_release(&names);
	return 0;
}

static struct uuid some_id(void)
{
	return (struct uuid){{(uint8_t)draw(3)}};
}

static int64_t some_time(void)
{
	return draw(4) ? INT64_C(1750000000000000) + draw(3) * US_PER_DAY
		       : TIME_NONE;
}

static void some_evidence(struct att *a)
{
	static const float some[] = {NAN, 0, -0.0F, 1.5F};
	float v[EVIDENCE_N];

	for (int i = 0; i < EVIDENCE_N; i++)
		v[i] = some[draw(4)];
	att_evidence(a, v, (int)draw(EVIDENCE_N + 1));
}

static void some_report(struct att *a)
{
	static const enum source_rank ranks[] = {RANK_GATEWAY, RANK_TRANSCRIPT,
						 RANK_OTHER, RANK_NONE};

	memset(a, 0, sizeof(*a));
	a->id = some_id();
	a->task_id = some_id();
	a->step_id = some_id();
	a->attempt_no = (int16_t)(1 + draw(2));
	a->model_id = (int32_t)(7 + draw(3));
	a->requested_model_id = draw(2) ? (int32_t)(7 + draw(3)) : 0;
	a->finish_id = draw(2) ? (int32_t)(7 + draw(3)) : 0;
	a->source_id = (int32_t)(7 + draw(3));
	a->status = (enum attempt_status)draw(ATTEMPT_STATUS_N);
	a->quality = (enum usage_quality)draw(QUALITY_N);
	a->started_us = some_time();
	a->first_token_us = some_time();
	a->ended_us = some_time();
	a->received_us = 1000 + draw(5);
	a->day = clock_day(a->started_us);
	a->step_day = (int32_t)draw(2);
	for (int i = 0; i < USAGE_N; i++)
		a->usage.n[i] = (int64_t)draw(4) - 1;
	a->cost_pusd = MONEY_NONE;
	a->reported_cost_pusd = draw(2) ? draw(3) : MONEY_NONE;
	a->decision_id = some_id();
	a->escalated_from = some_id();
	some_evidence(a);
	for (int g = 0; g < ATT_GROUP_N; g++)
		att_set_rank(a, (enum att_group)g, ranks[draw(4)]);
	for (uint32_t n = 1 + draw(3); n > 0; n--)
		att_add_key(a, some_id());
}

static void same(const struct att *x, const struct att *y)
{
	assert_memory_equal(x, y, sizeof(*x));
}

static void merged(struct att *out, const struct att *a, const struct att *b)
{
	memcpy(out, a, sizeof(*out));
	att_merge(out, b, &names);
}

static void order_does_not_matter(void **state)
{
	struct att a, b, c, x, y, t;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		some_report(&a);
		some_report(&b);
		some_report(&c);
		merged(&x, &a, &b);
		merged(&y, &b, &a);
		same(&x, &y);
		merged(&t, &x, &c);
		merged(&x, &b, &c);
		merged(&y, &a, &x);
		same(&t, &y);
		merged(&x, &t, &b);
		same(&x, &t);
	}
}

static void again_changes_nothing(void **state)
{
	struct att a, b;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		some_report(&a);
		memcpy(&b, &a, sizeof(b));
		assert_false(att_merge(&a, &b, &names));
		same(&a, &b);
	}
}

static void better_source_wins_each_group(void **state)
{
	struct att gateway, log;

	(void)state;
	some_report(&gateway);
	some_report(&log);
	for (int g = 0; g < ATT_GROUP_N; g++) {
		att_set_rank(&gateway, (enum att_group)g, RANK_GATEWAY);
		att_set_rank(&log, (enum att_group)g, RANK_OTHER);
	}
	gateway.usage.n[USAGE_OUTPUT] = 5;
	log.usage.n[USAGE_OUTPUT] = 500;
	log.reported_cost_pusd = 77;
	att_set_rank(&gateway, ATT_REPORTED, RANK_NONE);
	assert_true(att_merge(&log, &gateway, &names));
	assert_int_equal(log.usage.n[USAGE_OUTPUT], 5);
	assert_int_equal(log.reported_cost_pusd, 77);
	assert_int_equal(att_rank(&log, ATT_REPORTED), RANK_OTHER);
	assert_int_equal(att_rank(&log, ATT_USAGE), RANK_GATEWAY);
}

/* Twice the names that a row holds, in any order: the same ones stay, and its
 * id is among them even if it is the greatest. */
/* The decision is known before the reply, what was seen only after it. */
static void what_a_router_did_joins(void **state)
{
	struct att a, b;

	(void)state;
	memset(&a, 0, sizeof(a));
	att_evidence(&a, NULL, 0);
	memcpy(&b, &a, sizeof(b));
	att_set_rank(&a, ATT_ROUTE, RANK_GATEWAY);
	att_set_rank(&b, ATT_ROUTE, RANK_GATEWAY);
	a.decision_id.b[0] = 7;
	b.escalated_from.b[0] = 9;
	b.evidence[EVIDENCE_SCHEMA] = 1;
	assert_true(att_merge(&a, &b, &names));
	assert_int_equal(a.decision_id.b[0], 7);
	assert_int_equal(a.escalated_from.b[0], 9);
	assert_true(a.evidence[EVIDENCE_SCHEMA] == 1);
	assert_true(isnan(a.evidence[EVIDENCE_FINISH]));
	/* A lesser source adds nothing to it. */
	att_set_rank(&b, ATT_ROUTE, RANK_OTHER);
	b.evidence[EVIDENCE_FINISH] = 3;
	assert_false(att_merge(&a, &b, &names));
	assert_true(isnan(a.evidence[EVIDENCE_FINISH]));
}

static void a_full_row_keeps_its_id_and_the_least_names(void **state)
{
	struct att first;

	(void)state;
	for (int run = 0; run < 200; run++) {
		uint8_t order[2 * ATT_KEYS_MAX];
		uint8_t id = run % 2 ? sizeof(order) - 1 : 40;
		struct att a;

		memset(&a, 0, sizeof(a));
		a.id.b[0] = id;
		for (uint32_t i = 0; i < sizeof(order); i++)
			order[i] = (uint8_t)i;
		for (uint32_t i = sizeof(order) - 1; i > 0; i--) {
			uint32_t j = draw(i + 1);
			uint8_t tmp = order[i];

			order[i] = order[j];
			order[j] = tmp;
		}
		for (uint32_t i = 0; i < sizeof(order); i++)
			att_add_key(&a, (struct uuid){{order[i]}});
		assert_int_equal(a.n_keys, ATT_KEYS_MAX);
		for (int i = 0; i < ATT_KEYS_MAX - 1; i++)
			assert_int_equal(a.keys[i].b[0], i);
		assert_int_equal(a.keys[ATT_KEYS_MAX - 1].b[0], id);
		if (run == 0)
			first = a;
		else if (run % 2 == 0)
			assert_memory_equal(&first, &a, sizeof(a));
	}
}

static void names_stand_on_both_sides_of_midnight(void **state)
{
	struct att a;
	int32_t d[ATT_KEY_DAYS];

	(void)state;
	memset(&a, 0, sizeof(a));
	a.started_us = a.ended_us = 100 * US_PER_DAY + 12 * 3600 * US_PER_SEC;
	assert_int_equal(att_key_days(&a, d), 1);
	assert_int_equal(d[0], 100);
	a.started_us = a.ended_us = 100 * US_PER_DAY + 1;
	assert_int_equal(att_key_days(&a, d), 2);
	assert_int_equal(d[0], 99);
	a.started_us = 101 * US_PER_DAY - 1;
	a.ended_us = TIME_NONE;
	assert_int_equal(att_key_days(&a, d), 2);
	assert_int_equal(d[1], 101);
	a.started_us = TIME_NONE;
	assert_int_equal(att_key_days(&a, d), 1);
	assert_int_equal(d[0], DAY_UNDATED);
	a.started_us = 100 * US_PER_DAY;
	a.ended_us = 200 * US_PER_DAY;
	assert_int_equal(att_key_days(&a, d), ATT_KEY_DAYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(again_changes_nothing),
		cmocka_unit_test(better_source_wins_each_group),
		cmocka_unit_test(what_a_router_did_joins),
		cmocka_unit_test(a_full_row_keeps_its_id_and_the_least_names),
		cmocka_unit_test(names_stand_on_both_sides_of_midnight),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
