#include "tests/int/ledger_help.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "tests/int/harness.h"

struct conf conf;

struct ledger *open_ledger(const char *url)
{
	struct ledger *l = NULL;
	struct err e = {0};

	ASSERT_OK(ledger_open(&l, &conf, url, &e), &e);
	return l;
}

struct ledger_counts append(struct ledger *l, const struct batch *b)
{
	struct ledger_counts c = {0};
	struct err e = {0};

	ASSERT_OK(ledger_append_wait(l, b, &c, &e), &e);
	return c;
}

uint32_t add_task(struct batch *b, const char *id, const char *class_name)
{
	struct ev_task t = {.sender = STR("test"),
			    .ext_id = str_from(id),
			    .class_name = str_from(class_name),
			    .class_rank = CLASS_EXPLICIT,
			    .rank = RANK_TRANSCRIPT};
	struct err e = {0};
	uint32_t i = 0;

	ASSERT_OK(batch_task(b, &t, &i, &e), &e);
	return i;
}

struct ev_attempt call(uint32_t task, const char *name)
{
	struct ev_attempt a;

	ev_attempt_init(&a);
	a.task = task;
	a.keys[0] = ev_key("id", STR("test"), str_from(name));
	a.n_keys = 1;
	a.model = STR("claude-sonnet-4-5-20250929");
	a.provider = STR("anthropic");
	a.source = STR("native");
	a.rank = RANK_TRANSCRIPT;
	a.started_us = NOW - 3600 * US_PER_SEC;
	a.ended_us = a.started_us + US_PER_SEC;
	a.usage.n[USAGE_UNCACHED_IN] = 350;
	a.usage.n[USAGE_CACHE_READ] = 10000;
	a.usage.n[USAGE_CACHE_WRITE_5M] = 1500;
	a.usage.n[USAGE_CACHE_WRITE_1H] = 500;
	a.usage.n[USAGE_OUTPUT] = 512;
	a.step_kind = STEP_READ;
	a.origin = str_from(name);
	return a;
}

void add(struct batch *b, const struct ev_attempt *a)
{
	struct err e = {0};

	ASSERT_OK(batch_attempt(b, a, &e), &e);
}

struct ev_decision decision(uint32_t task, const char *name)
{
	static const float features[] = {0.5F, -2.25F, NAN};
	struct ev_decision d;

	ev_decision_init(&d);
	d.task = task;
	d.id = ev_key("decision", STR("test"), str_from(name));
	d.decided_us = NOW - 3600 * US_PER_SEC;
	d.policy = STR("static");
	d.plan = STR("single(2)");
	d.propensity = 0.25;
	d.feature_schema = ev_key("schema", STR("test"), STR("1"));
	d.features = features;
	d.n_features = 3;
	d.n_tiers = 3;
	for (int i = 0; i < 3; i++) {
		d.p_success[i] = 0.25F * (float)(i + 1);
		d.expected_cost_pusd[i] = i == 1 ? MONEY_NONE : 1000 * (i + 1);
	}
	d.bound_by = STR("floor");
	d.reasons = STR("{\"floor\": 2}");
	d.origin = str_from(name);
	return d;
}

void add_decision(struct batch *b, const struct ev_decision *d)
{
	struct err e = {0};

	ASSERT_OK(batch_decision(b, d, &e), &e);
}

/* Everything that must not depend on how the ledger got there: no arrival
 * times, no surrogate ids. To be freed. */
char *dump(struct db *db)
{
	return xstrdup(harness_sql_text(
		db,
		"SELECT coalesce(string_agg(x, E'\\n' ORDER BY x), '') FROM ("
		"SELECT 'a ' || ((to_jsonb(a) - 'received_at' - 'price_id') ||"
		"  jsonb_build_object('kind', s.kind, 'seq', s.seq,"
		"   'failed', s.failed))::text AS x "
		" FROM v_attempt a JOIN step s"
		"  ON s.day = a.step_day AND s.id = a.step_id "
		"UNION ALL SELECT 't ' || to_jsonb(t)::text FROM v_task t "
		"UNION ALL SELECT 'o ' || (to_jsonb(o) - 'received_at')::text"
		" FROM v_outcome o "
		"UNION ALL SELECT 'r ' || (to_jsonb(r) - 'received_at' -"
		"  'trial_id')::text FROM v_trial r "
		"UNION ALL SELECT 'd ' || to_jsonb(d)::text FROM v_decision d "
		"UNION ALL SELECT 's ' || count(*) FROM step "
		"UNION ALL SELECT 'k ' || k.hash || k.day || k.attempt_day"
		" FROM attempt_key k) d"));
}

/* Fails with the first line in which two dumps differ. */
void same_dump(const char *want, const char *have, const char *what)
{
	const char *a = want, *b = have;

	while (*a && *a == *b)
		a++, b++;
	if (!*a && !*b)
		return;
	while (a > want && a[-1] != '\n')
		a--, b--;
	print_error("%s:\nwant %.*s\n", what, (int)strcspn(a, "\n"), a);
	fail_msg("have %.*s", (int)strcspn(b, "\n"), b);
}

_Thread_local uint32_t rng_state;

uint32_t draw(uint32_t n)
{
	rng_state = rng_state * 1664525u + 1013904223u;
	return (rng_state >> 8) % n;
}

/* What a router may have done; of a decision several reports may differ. */
static void random_route(struct batch *b, uint32_t task, struct ev_attempt *a)
{
	char name[16];
	struct ev_decision d;

	if (draw(2) == 0)
		return;
	snprintf(name, sizeof(name), "d-%u", draw(5));
	d = decision(task, name);
	d.plan = draw(3) ? d.plan : STR("cascade(1 2)");
	d.decided_us = MIDNIGHT - (int64_t)draw(2) * US_PER_SEC;
	if (draw(2))
		add_decision(b, &d);
	if (draw(2))
		a->decision_id = d.id;
	if (draw(3) == 0)
		a->escalated_from = ev_key("id", STR("test"), STR("call-0"));
	if (draw(2))
		a->evidence[draw(2)] = (float)draw(3);
	a->n_evidence = draw(2) ? 2 : 0;
}

/* One random report: few calls, tasks and names, so that they collide. */
void add_random(struct batch *b)
{
	static const enum source_rank ranks[] = {RANK_GATEWAY, RANK_TRANSCRIPT,
						 RANK_OTHER};
	static const char *const models[] = {
		"gpt-5", "claude-sonnet-4-5-20250929", "unheard-of"};
	static const char *const classes[] = {"coding", "support", NULL};
	char name[32], step[32];
	struct ev_attempt a;
	struct ev_task t = {.sender = STR("test"), .rank = ranks[draw(3)]};
	struct err e = {0};
	uint32_t task;

	snprintf(name, sizeof(name), "task-%u", draw(4));
	t.ext_id = str_from(name);
	t.class_name = str_from(classes[draw(3)]);
	t.class_rank = draw(2) ? CLASS_EXPLICIT : CLASS_GUESSED;
	t.agent = draw(2) ? STR("fixer") : STR_NONE;
	t.team = draw(2) ? STR("red") : STR_NONE;
	t.attrs = draw(2) ? STR("{\"v\": 1}") : STR("{\"v\": 22}");
	ASSERT_OK(batch_task(b, &t, &task, &e), &e);
	snprintf(name, sizeof(name), "call-%u", draw(12));
	a = call(task, name);
	a.rank = ranks[draw(3)];
	if (draw(3) == 0) {
		snprintf(step, sizeof(step), "other-%u", draw(12));
		a.keys[a.n_keys++] = ev_key("id", STR("x"), str_from(step));
	}
	/* What a step is follows from which step it is. */
	a.step_seq = draw(2) ? (int32_t)draw(6) : -1;
	if (a.step_seq >= 0) {
		snprintf(step, sizeof(step), "step-%d", a.step_seq);
		a.step_key = str_from(step);
	} else {
		a.step_seq = 6 + name[5] % 2;
	}
	a.step_kind = (enum step_kind)(a.step_seq % STEP_KIND_N);
	a.model = str_from(models[draw(3)]);
	a.started_us =
		MIDNIGHT + (int64_t)draw(5) * 20 * US_PER_SEC - 40 * US_PER_SEC;
	a.ended_us = a.started_us + (int64_t)draw(5) * US_PER_SEC;
	a.usage.n[USAGE_OUTPUT] = (int64_t)draw(600);
	a.status = draw(4) ? ATTEMPT_OK : ATTEMPT_ERROR;
	random_route(b, task, &a);
	add(b, &a);
	if (draw(6) == 0) {
		struct ev_outcome o = {
			.task = task,
			.source = STR("judge"),
			.key = STR("reward"),
			.success_micro = (int32_t)draw(2) * 1000000,
			.at_us = NOW - (int64_t)draw(3) * US_PER_SEC};

		ASSERT_OK(batch_outcome(b, &o, &e), &e);
	}
}
