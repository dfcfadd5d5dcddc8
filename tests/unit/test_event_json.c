#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "ledger/event_json.h"
#include "ledger/money.h"

#define NOW INT64_C(1800000000000000)

static struct batch *b, *again;
static struct arena arena;
static struct json_doc doc;
static uint64_t seed = 88172645463325252U;

static int setup(void **state)
{
	(void)state;
	clock_fix(NOW);
	b = batch_new(4 << 20);
	again = batch_new(4 << 20);
	arena_init(&arena, 4 << 20);
	json_doc_init(&doc, 10000);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	batch_free(b);
	batch_free(again);
	arena_release(&arena);
	json_doc_release(&doc);
	clock_fix(TIME_NONE);
	return 0;
}

/* ---- random events ---- */

static uint64_t rnd(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* Text of all sorts without NUL; at times absent. */
static struct str text(bool must)
{
	static const char *const bits[] = {
		"a",      "Z9",         "\"",         "\\", "\n",     "\t",
		"\x7f",   "\x01",       "/",          " ",  "\u00e9", "\u2028",
		"\u20ac", "\U0001f600", "\U0010ffff", "{}", "\\u0000"};
	struct buf s;
	struct str out;

	if (!must && rnd(3) == 0)
		return STR_NONE;
	buf_init(&s, 300);
	for (uint64_t n = 1 + rnd(20); n > 0; n--)
		buf_adds(&s, bits[rnd(sizeof(bits) / sizeof(bits[0]))]);
	out = arena_str(&arena, (struct str){s.p, s.len});
	buf_release(&s);
	return out;
}

static struct str facts(void)
{
	return rnd(2) ? STR("{\"a\": [1, \"x\\n\"], \"b\":null}") : STR_NONE;
}

static struct uuid id(void)
{
	struct uuid u;

	for (int i = 0; i < 16; i++)
		u.b[i] = (uint8_t)rnd(256);
	return u;
}

static int64_t when(void)
{
	return rnd(4) ? NOW - (int64_t)rnd((uint64_t)US_PER_DAY * 3000)
		      : TIME_NONE;
}

static int64_t count(int64_t max)
{
	switch (rnd(4)) {
	case 0:
		return USAGE_NONE;
	case 1:
		return 0;
	case 2:
		return max;
	default:
		return (int64_t)rnd((uint64_t)max + 1);
	}
}

static uint32_t random_task(int n)
{
	const struct str names[] = {STR("t0"), STR("t1"), STR("t\n2"),
				    STR("t\"3")};
	struct ev_task t = {
		.sender = n % 2 ? STR("s1") : STR("s2"),
		.ext_id = names[n],
		.parent_ext_id = text(false),
		.team = text(false),
		.agent = text(false),
		.class_name = text(false),
		.class_rank = (enum class_rank)(1 + rnd(7)),
		.rank = (enum source_rank)(1 + rnd(15)),
		.attrs = facts(),
	};
	uint32_t index;

	assert_int_equal(batch_task(b, &t, &index, NULL), RC_OK);
	return index;
}

/* Any finite float, or NaN. */
static float real(void)
{
	uint32_t bits = (uint32_t)rnd(UINT64_C(1) << 32);
	float f;

	memcpy(&f, &bits, sizeof(f));
	return isfinite(f) && rnd(5) ? f : NAN;
}

static void random_decision(uint32_t task)
{
	float features[8];
	struct ev_decision d;
	struct err e = {0};

	ev_decision_init(&d);
	d.task = task;
	d.id = id();
	d.step_key = text(false);
	d.decided_us = NOW - (int64_t)rnd((uint64_t)US_PER_DAY * 3000);
	d.bundle_id = rnd(2) ? (int32_t)rnd(INT32_MAX) : 0;
	d.policy = text(true);
	d.plan = text(true);
	d.live = rnd(2);
	d.propensity = 1 / (double)(1 + rnd(1000));
	d.feature_schema = rnd(2) ? id() : (struct uuid){{0}};
	d.features = features;
	d.n_features = (int)rnd(9);
	for (int i = 0; i < 8; i++)
		features[i] = real();
	d.n_tiers = (int)rnd(EV_TIERS + 1);
	for (int i = 0; i < d.n_tiers; i++) {
		d.p_success[i] = real();
		d.p_low[i] = real();
		d.p_high[i] = real();
		d.expected_cost_pusd[i] =
			rnd(2) ? MONEY_NONE : (int64_t)rnd(INT64_MAX);
	}
	d.bound_by = text(false);
	d.reasons = facts();
	d.origin = text(false);
	if (batch_decision(b, &d, &e))
		fail_msg("%s", e.msg);
}

static struct ev_attempt random_attempt(uint32_t task)
{
	struct ev_attempt a;

	ev_attempt_init(&a);
	a.task = task;
	a.n_keys = 1 + (int)rnd(EV_KEYS_MAX);
	for (int i = 0; i < a.n_keys; i++)
		a.keys[i] = id();
	a.step_key = text(false);
	a.step_seq = rnd(2) ? (int32_t)rnd(INT32_MAX) : 0;
	a.step_kind = (enum step_kind)rnd(STEP_KIND_N);
	a.tool = text(false);
	a.step_failed = (int8_t)((int)rnd(3) - 1);
	a.started_us = when();
	a.first_token_us = when();
	a.ended_us = a.started_us == TIME_NONE ? when() : a.started_us;
	a.provider = text(false);
	a.requested_model = text(false);
	a.model = text(!a.requested_model.p);
	a.service_tier = text(false);
	a.attempt_no = (int16_t)(1 + rnd(INT16_MAX));
	for (int i = 0; i < USAGE_N; i++)
		a.usage.n[i] =
			count(i >= USAGE_WEB_SEARCH  ? INT32_MAX
			      : i == USAGE_REASONING ? 0
						     : INT64_C(1000000000000));
	a.quality = (enum usage_quality)rnd(QUALITY_N);
	a.reported_cost_pusd = rnd(2)   ? MONEY_NONE
			       : rnd(4) ? (int64_t)rnd(INT64_MAX)
					: INT64_MAX;
	a.status = (enum attempt_status)rnd(ATTEMPT_STATUS_N);
	a.finish_reason = text(false);
	a.error_class = text(false);
	a.source = text(true);
	a.rank = (enum source_rank)(1 + rnd(15));
	a.origin = text(false);
	a.decision_id = rnd(2) ? id() : (struct uuid){{0}};
	a.escalated_from = rnd(2) ? id() : (struct uuid){{0}};
	a.n_evidence = (int)rnd(EVIDENCE_N + 1);
	for (int i = 0; i < a.n_evidence; i++)
		a.evidence[i] = real();
	return a;
}

static void random_rest(uint32_t task)
{
	static const float features[] = {0.1F, -3e38F, 0, 1e-40F};
	const struct ev_outcome o = {.task = task,
				     .step_key = text(false),
				     .source = text(true),
				     .key = text(true),
				     .success_micro = (int32_t)rnd(1000002) - 1,
				     .label = text(true),
				     .at_us = when(),
				     .same_as = text(false)};
	const struct ev_trial t = {.source = text(true),
				   .task_ext_id = text(true),
				   .task_class = text(false),
				   .model = text(true),
				   .agent = text(false),
				   .run = text(false),
				   .success_micro = (int32_t)rnd(1000002) - 1,
				   .cost_pusd = rnd(2) ? MONEY_NONE : 12345,
				   .cost_estimated = rnd(2),
				   .input_tokens = count(1000),
				   .output_tokens = count(1000),
				   .api_calls = count(1000),
				   .at_us = when(),
				   .attrs = facts(),
				   .prompt_hash = id(),
				   .features = features,
				   .n_features = (int)rnd(5),
				   .feature_schema = id(),
				   .origin = text(false)};
	const struct ev_dead d = {.source = text(false),
				  .origin = text(false),
				  .reason = text(true),
				  .sqlstate = text(false),
				  .event = rnd(2),
				  .body = rnd(2) ? text(false)
						 : STR("\xff\0x\x80")};

	assert_int_equal(batch_outcome(b, &o, NULL), RC_OK);
	assert_int_equal(batch_trial(b, &t, NULL), RC_OK);
	assert_int_equal(batch_dead(b, &d, NULL), RC_OK);
}

static void random_batch(void)
{
	struct err e = {0};

	for (uint64_t n = rnd(12); n > 0; n--) {
		uint32_t task = random_task((int)rnd(4));
		struct ev_attempt a = random_attempt(task);
		struct ev_claim c = {.sum = random_attempt(task),
				     .due_us = NOW + 5};

		if (batch_attempt(b, &a, &e))
			fail_msg("%s", e.msg);
		c.sum.started_us = c.sum.ended_us = NOW;
		if (rnd(2))
			assert_int_equal(batch_claim(b, &c, NULL), RC_OK);
		if (rnd(2))
			random_decision(task);
		if (rnd(2))
			random_rest(task);
	}
	for (int i = 0; i < 4; i++) {
		if (rnd(2))
			(void)random_task(i);
	}
}

/* ---- equality ---- */

static void same_text(struct str x, struct str y)
{
	assert_true(str_eq(x, y) && !x.p == !y.p);
}

static void same_id(struct uuid x, struct uuid y)
{
	assert_true(uuid_eq(x, y));
}

static void same_task(uint32_t i, uint32_t j)
{
	const struct bt_task *x = &b->tasks[i], *y = &again->tasks[j];

	same_id(x->id, y->id);
	same_id(x->parent_id, y->parent_id);
	assert_int_equal(x->who, y->who);
	same_text(x->e.sender, y->e.sender);
	same_text(x->e.ext_id, y->e.ext_id);
	same_text(x->e.team, y->e.team);
	same_text(x->e.agent, y->e.agent);
	same_text(x->e.class_name, y->e.class_name);
	assert_int_equal(x->e.class_rank, y->e.class_rank);
	same_text(x->e.attrs, y->e.attrs);
}

static void same_reals(const float *x, int n, const float *y, int m)
{
	assert_int_equal(n, m);
	for (int i = 0; i < n; i++)
		assert_true(isnan(x[i]) ? isnan(y[i]) : x[i] == y[i]);
}

static void same_call(const struct ev_attempt *x, const struct ev_attempt *y)
{
	same_task(x->task, y->task);
	assert_int_equal(x->n_keys, y->n_keys);
	assert_memory_equal(x->keys, y->keys,
			    (size_t)x->n_keys * sizeof(x->keys[0]));
	same_text(x->step_key, y->step_key);
	assert_int_equal(x->step_seq, y->step_seq);
	assert_int_equal(x->step_kind, y->step_kind);
	same_text(x->tool, y->tool);
	assert_int_equal(x->step_failed, y->step_failed);
	assert_int_equal(x->started_us, y->started_us);
	assert_int_equal(x->first_token_us, y->first_token_us);
	assert_int_equal(x->ended_us, y->ended_us);
	same_text(x->provider, y->provider);
	same_text(x->requested_model, y->requested_model);
	same_text(x->model, y->model);
	same_text(x->service_tier, y->service_tier);
	assert_int_equal(x->attempt_no, y->attempt_no);
	assert_memory_equal(&x->usage, &y->usage, sizeof(x->usage));
	assert_int_equal(x->quality, y->quality);
	assert_int_equal(x->reported_cost_pusd, y->reported_cost_pusd);
	assert_int_equal(x->status, y->status);
	same_text(x->finish_reason, y->finish_reason);
	same_text(x->error_class, y->error_class);
	same_text(x->source, y->source);
	assert_int_equal(x->rank, y->rank);
	same_text(x->origin, y->origin);
	same_id(x->decision_id, y->decision_id);
	same_id(x->escalated_from, y->escalated_from);
	same_reals(x->evidence, x->n_evidence, y->evidence, y->n_evidence);
}

static void same_decision(const struct bt_decision *x,
			  const struct bt_decision *y)
{
	const struct ev_decision *p = &x->e, *q = &y->e;

	same_task(p->task, q->task);
	same_id(x->step_id, y->step_id);
	same_id(p->id, q->id);
	assert_int_equal(p->decided_us, q->decided_us);
	assert_int_equal(p->bundle_id, q->bundle_id);
	same_text(p->policy, q->policy);
	same_text(p->plan, q->plan);
	assert_int_equal(p->live, q->live);
	assert_true(p->propensity == q->propensity);
	same_id(p->feature_schema, q->feature_schema);
	same_reals(p->features, p->n_features, q->features, q->n_features);
	same_reals(p->p_success, p->n_tiers, q->p_success, q->n_tiers);
	same_reals(p->p_low, p->n_tiers, q->p_low, q->n_tiers);
	same_reals(p->p_high, p->n_tiers, q->p_high, q->n_tiers);
	assert_memory_equal(p->expected_cost_pusd, q->expected_cost_pusd,
			    sizeof(p->expected_cost_pusd));
	same_text(p->bound_by, q->bound_by);
	same_text(p->reasons, q->reasons);
	same_text(p->origin, q->origin);
}

static void same_outcome(const struct bt_outcome *x, const struct bt_outcome *y)
{
	same_id(x->id, y->id);
	same_id(x->step_id, y->step_id);
	same_task(x->e.task, y->e.task);
	same_text(x->e.source, y->e.source);
	same_text(x->e.key, y->e.key);
	assert_int_equal(x->e.success_micro, y->e.success_micro);
	same_text(x->e.label, y->e.label);
	assert_int_equal(x->e.at_us, y->e.at_us);
}

static void same_trial(const struct bt_trial *x, const struct bt_trial *y)
{
	same_id(x->id, y->id);
	same_text(x->e.source, y->e.source);
	same_text(x->e.task_ext_id, y->e.task_ext_id);
	same_text(x->e.task_class, y->e.task_class);
	same_text(x->e.model, y->e.model);
	same_text(x->e.agent, y->e.agent);
	same_text(x->e.run, y->e.run);
	assert_int_equal(x->e.success_micro, y->e.success_micro);
	assert_int_equal(x->e.cost_pusd, y->e.cost_pusd);
	assert_int_equal(x->e.cost_estimated, y->e.cost_estimated);
	assert_int_equal(x->e.input_tokens, y->e.input_tokens);
	assert_int_equal(x->e.output_tokens, y->e.output_tokens);
	assert_int_equal(x->e.api_calls, y->e.api_calls);
	assert_int_equal(x->e.at_us, y->e.at_us);
	same_text(x->e.attrs, y->e.attrs);
	same_id(x->e.prompt_hash, y->e.prompt_hash);
	same_id(x->e.feature_schema, y->e.feature_schema);
	assert_int_equal(x->e.n_features, y->e.n_features);
	if (x->e.n_features)
		assert_memory_equal(x->e.features, y->e.features,
				    (size_t)x->e.n_features * sizeof(float));
	same_text(x->e.origin, y->e.origin);
}

static void same_dead(const struct bt_dead *x, const struct bt_dead *y)
{
	same_id(x->id, y->id);
	same_text(x->e.source, y->e.source);
	same_text(x->e.origin, y->e.origin);
	same_text(x->e.reason, y->e.reason);
	same_text(x->e.sqlstate, y->e.sqlstate);
	same_text(x->e.body, y->e.body);
	assert_int_equal(x->e.event, y->e.event);
}

static void same_batches(void)
{
	assert_int_equal(b->n_tasks, again->n_tasks);
	assert_int_equal(b->n_attempts, again->n_attempts);
	assert_int_equal(b->n_claims, again->n_claims);
	assert_int_equal(b->n_outcomes, again->n_outcomes);
	assert_int_equal(b->n_trials, again->n_trials);
	assert_int_equal(b->n_dead, again->n_dead);
	for (uint32_t i = 0; i < b->n_tasks; i++) {
		uint32_t j = 0;

		while (!uuid_eq(again->tasks[j].id, b->tasks[i].id))
			assert_true(++j < again->n_tasks);
		same_task(i, j);
	}
	for (size_t i = 0; i < b->n_attempts; i++) {
		same_id(b->attempts[i].step_id, again->attempts[i].step_id);
		same_call(&b->attempts[i].e, &again->attempts[i].e);
	}
	for (size_t i = 0; i < b->n_claims; i++) {
		same_id(b->claims[i].step_id, again->claims[i].step_id);
		same_call(&b->claims[i].e.sum, &again->claims[i].e.sum);
		assert_int_equal(b->claims[i].e.due_us,
				 again->claims[i].e.due_us);
	}
	assert_int_equal(b->n_decisions, again->n_decisions);
	for (size_t i = 0; i < b->n_decisions; i++)
		same_decision(&b->decisions[i], &again->decisions[i]);
	for (size_t i = 0; i < b->n_outcomes; i++)
		same_outcome(&b->outcomes[i], &again->outcomes[i]);
	for (size_t i = 0; i < b->n_trials; i++)
		same_trial(&b->trials[i], &again->trials[i]);
	for (size_t i = 0; i < b->n_dead; i++)
		same_dead(&b->dead[i], &again->dead[i]);
}

/* ---- tests ---- */

static void add_line(struct str line)
{
	struct err e = {0};

	if (json_parse(&doc, line, &e) ||
	    event_json_add(again, doc.nodes, &arena, &e))
		fail_msg("%s: %.*s", e.msg, STR_ARG(line));
}

static void a_batch_comes_back_as_it_was(void **state)
{
	(void)state;
	for (int round = 0; round < 400; round++) {
		struct buf out;
		const char *p, *nl;

		batch_clear(b);
		batch_clear(again);
		arena_clear(&arena);
		random_batch();
		buf_init(&out, 16 << 20);
		event_json_batch(&out, b);
		assert_true(buf_ok(&out));
		for (p = buf_str(&out); (nl = strchr(p, '\n')); p = nl + 1)
			add_line((struct str){p, (size_t)(nl - p)});
		assert_int_equal(*p, '\0');
		same_batches();
		buf_release(&out);
	}
}

/* A line alone, as a dead letter has it, holds its task whole. */
static void one_event_comes_back_alone(void **state)
{
	struct ev_attempt a;
	struct buf out;
	uint32_t t;

	(void)state;
	t = random_task(0);
	a = random_attempt(t);
	assert_int_equal(batch_attempt(b, &a, NULL), RC_OK);
	random_rest(t);
	buf_init(&out, 1 << 20);
	for (int i = 0; i < 3; i++) {
		void (*const one[])(struct buf *, const struct batch *,
				    size_t) = {event_json_attempt,
					       event_json_outcome,
					       event_json_trial};

		buf_clear(&out);
		one[i](&out, b, 0);
		add_line((struct str){out.p, out.len});
	}
	same_call(&b->attempts[0].e, &again->attempts[0].e);
	same_outcome(&b->outcomes[0], &again->outcomes[0]);
	same_trial(&b->trials[0], &again->trials[0]);
	buf_release(&out);
}

/* What a batch refused is told whole, and read again is refused again; once
 * the reason is gone it is taken. */
static void a_refused_event_is_told_whole(void **state)
{
	const struct ev_task t = {.sender = STR("s"),
				  .ext_id = STR("run"),
				  .parent_ext_id = STR("up"),
				  .agent = STR("fixer"),
				  .attrs = STR("{\"a\":\n1}"),
				  .class_rank = CLASS_NOBODY,
				  .rank = RANK_CANONICAL};
	struct ev_attempt a;
	struct err e;
	struct buf out;

	(void)state;
	ev_attempt_init(&a);
	a.keys[0] = id();
	a.n_keys = 1;
	a.model = STR("m");
	a.source = STR("otlp");
	a.step_key = STR("turn 1");
	a.started_us = a.ended_us = NOW + 3 * US_PER_DAY;
	buf_init(&out, 1 << 20);
	event_json_of_attempt(&out, &t, &a);
	assert_null(strchr(buf_str(&out), '\n'));
	assert_int_equal(json_parse(&doc, (struct str){out.p, out.len}, &e),
			 RC_OK);
	assert_int_equal(event_json_add(again, doc.nodes, &arena, &e), RC_BAD);
	assert_non_null(strstr(e.msg, "is in the future"));
	clock_fix(NOW + 3 * US_PER_DAY);
	assert_int_equal(event_json_add(again, doc.nodes, &arena, &e), RC_OK);
	same_id(again->tasks[0].parent_id, task_id_of(STR("s"), STR("up")));
	same_id(again->attempts[0].step_id,
		step_id_of(again->tasks[0].id, STR("turn 1")));
	same_text(again->tasks[0].e.attrs, STR("{\"a\": 1}"));
	buf_release(&out);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_batch_comes_back_as_it_was),
		T(one_event_comes_back_alone),
		T(a_refused_event_is_told_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
