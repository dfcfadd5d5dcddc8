/* What the fleet did before now. The gateway cannot be in the past, so these
 * rows come in the way of an import: the same law as the mock provider's says
 * which model would have solved which task. A day follows from the seed and
 * its date, so that it is the same whenever it is told, and told again adds
 * nothing.
 *
 * At first the router only looks on (its decisions are shadows) and
 * one strong model serves a class; then it serves. A day in each week is bad:
 * a provider fails, or an agent runs away. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/sql.h"
#include "ingest/demo.h"
#include "ingest/oracle_day.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/base/progress.h"
#include "ledger/connect.h"
#include "ledger/db.h"
#include "ledger/ledger.h"
#include "ledger/money.h"
#include "router/feature.h"
#include "router/policy.h"

#define BATCH_BYTES  ((size_t)64 << 20)
#define TASKS_A_DAY  60
#define ORACLE_LIMIT 1000    /* class-days; all there are */
#define PUSD_MICRO   1000000 /* pico-dollars of a millionth */
#define FLEET        STR("demo")

struct past {
	const struct demo *d;
	struct mock_conf mock;
	struct batch *b;
	struct demo_rng r;
	int64_t now_us;
	int32_t day;
	bool live;     /* the router serves */
	double errors; /* share of calls that fail */
	bool runaway;
	struct err *e;
};

/* One task while it is told. */
struct told {
	struct demo_task t;
	char id[96];
	uint32_t index; /* in the batch */
	int64_t at_us;
	int model, first_model;
	int64_t context, before; /* tokens of the prompt; of the one before */
	struct uuid decision, escalated_from, last_key;
	struct ev_task who;
};

/* ---- models and budgets ---- */

static enum rc set_models(struct db *db, struct err *e)
{
	enum rc rc = RC_OK;

	for (int i = 0; !rc && i < demo_n_models; i++) {
		const struct demo_model *m = &demo_models[i];
		struct db_args a;

		db_args_init(&a, 65536);
		db_arg_text(&a, str_from(m->provider));
		db_arg_text(&a, str_from(m->name));
		db_arg_i16(&a, (int16_t)m->tier);
		db_arg_null(&a);
		db_arg_text(&a, str_from(m->protocol));
		db_arg_null(&a);
		db_arg_null(&a);
		db_arg_bool(&a, true);
		db_arg_null(&a);
		rc = db_run(db, &sql_model_set, &a, NULL, NULL, e);
		db_args_release(&a);
	}
	return rc;
}

static enum rc set_budgets(struct db *db, struct err *e)
{
	static const struct {
		const char *scope, *subject, *period;
		int64_t micro_usd;
		bool hard;
	} budgets[] = {
		{"team", "platform", "day", 50000000, true},
		{"team", "customer-care", "day", 8000000, true},
		{"team", "insights", "day", 50000000, true},
		{"team", "counsel", "day", 25000000, true},
		/* This one is soon used up. */
		{"team", "growth", "day", 50000, true},
		{"class", "research", "week", 60000000, false},
		{"agent", "patcher", "month", 25000000, false},
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; !rc && i < sizeof(budgets) / sizeof(budgets[0]);
	     i++) {
		struct db_args a;

		db_args_init(&a, 65536);
		db_arg_text(&a, str_from(budgets[i].scope));
		db_arg_text(&a, str_from(budgets[i].subject));
		db_arg_text(&a, str_from(budgets[i].period));
		db_arg_text(&a, STR("UTC"));
		db_arg_i64(&a, budgets[i].micro_usd * PUSD_MICRO);
		db_arg_bool(&a, budgets[i].hard);
		db_arg_bool(&a, true);
		rc = db_run(db, &sql_budget_set, &a, NULL, NULL, e);
		db_args_release(&a);
	}
	return rc;
}

/* ---- decisions ---- */

static int64_t expected_pusd(const struct demo_class *c,
			     const struct demo_model *m, int steps)
{
	int64_t in = c->context + c->growth * steps / 2;

	return steps * (in * m->in_pusd / 3 + c->output * m->out_pusd);
}

static void put_arms(const struct told *t, double guess, struct json_out *o)
{
	char text[MONEY_TEXT];

	json_out_arr(o, "arms");
	for (int i = 0; i < demo_n_models; i++) {
		const struct demo_model *m = &demo_models[i];

		if (strcmp(m->protocol, t->t.c->protocol) != 0)
			continue;
		json_out_obj(o, NULL);
		json_out_str(o, "model", str_from(m->name));
		json_out_i64(o, "tier", m->tier);
		snprintf(text, sizeof(text), "%.4f",
			 mock_chance(m->strength, guess));
		json_out_raw(o, "p", str_from(text));
		money_format(expected_pusd(t->t.c, m, t->t.steps), text);
		json_out_str(o, "cost_usd", str_from(text));
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
}

static void put_reasons(const struct past *p, const struct told *t,
			double guess, bool explored, struct demo_rng *r,
			struct buf *out)
{
	static const char *const moved[] = {"class_rate", "context_tokens",
					    "near_t2", "words", "step"};
	char by[32];
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_str(&o, "mode", str_from(p->live ? "live" : "shadow"));
	if (t->t.c->floor)
		json_out_i64(&o, "floor", t->t.c->floor);
	if (!uuid_is_nil(t->escalated_from))
		json_out_str(&o, "why", STR("not accepted"));
	json_out_bool(&o, "explored", explored);
	json_out_str(&o, "arm", str_from(demo_models[t->model].name));
	put_arms(t, guess, &o);
	json_out_arr(&o, "moved");
	for (int i = 0; i < 3; i++) {
		json_out_obj(&o, NULL);
		json_out_str(&o, "feature", str_from(moved[demo_int(r, 0, 4)]));
		snprintf(by, sizeof(by), "%.3f", 0.5 * (demo_unit(r) - 0.5));
		json_out_raw(&o, "by", str_from(by));
		json_out_end(&o, '}');
	}
	json_out_end(&o, ']');
	json_out_end(&o, '}');
}

/* What the router thought: the truth, seen through some noise. */
static void fill_tiers(struct ev_decision *v, const struct told *t,
		       double guess)
{
	v->n_tiers = EV_TIERS;
	for (int i = 0; i < EV_TIERS; i++) {
		v->p_success[i] = v->p_low[i] = v->p_high[i] = NAN;
		v->expected_cost_pusd[i] = INT64_MIN;
	}
	for (int i = 0; i < demo_n_models; i++) {
		const struct demo_model *m = &demo_models[i];
		double q = mock_chance(m->strength, guess);
		int at = m->tier - 1;

		if (strcmp(m->protocol, t->t.c->protocol) != 0)
			continue;
		v->p_success[at] = (float)q;
		v->p_low[at] = (float)fmax(0, q - 0.08 - 0.1 * q * (1 - q));
		v->p_high[at] = (float)fmin(1, q + 0.06 + 0.1 * q * (1 - q));
		v->expected_cost_pusd[at] =
			expected_pusd(t->t.c, m, t->t.steps);
	}
}

static enum rc decide(struct past *p, struct told *t, int step, double guess,
		      bool explored)
{
	struct demo_rng *r = &p->r;
	float x[FEATURE_MAX];
	struct ev_decision v;
	struct buf plan, why;
	char name[160], key[32];
	enum rc rc;

	buf_init(&plan, 512);
	buf_init(&why, 4096);
	buf_addf(&plan, "single(%s)", demo_models[t->model].name);
	put_reasons(p, t, guess, explored, r, &why);
	snprintf(name, sizeof(name), "%s/%d/%s", t->id, step,
		 demo_models[t->model].name);
	snprintf(key, sizeof(key), "step-%d", step);
	ev_decision_init(&v);
	v.task = t->index;
	v.id = ev_key("decision", FLEET, str_from(name));
	v.step_key = str_from(key);
	v.decided_us = t->at_us;
	v.policy = str_from(t->t.c->floor ? "strongest" : "static");
	v.plan = (struct str){buf_str(&plan), plan.len};
	v.live = p->live;
	v.propensity = explored ? 0.03 : p->live ? 0.97 : 1;
	v.feature_schema = feature_schema();
	v.features = x;
	v.n_features = feature_text(str_from(t->t.prompt), x);
	fill_tiers(&v, t, guess);
	if (!uuid_is_nil(t->escalated_from))
		v.bound_by = STR("escalation");
	else if (t->t.c->floor)
		v.bound_by = STR("floor");
	v.reasons = (struct str){buf_str(&why), why.len};
	v.origin = FLEET;
	t->decision = v.id;
	rc = batch_decision(p->b, &v, p->e);
	buf_release(&why);
	buf_release(&plan);
	return rc;
}

/* ---- attempts ---- */

static void fill_usage(const struct past *p, const struct told *t, int64_t out,
		       struct usage *u)
{
	bool caches = !strcmp(t->t.c->protocol, "anthropic");
	int64_t new = t->context - t->before;

	(void)p;
	usage_init(u);
	u->n[USAGE_CACHE_READ] = t->before;
	u->n[USAGE_UNCACHED_IN] = caches ? 12 : new;
	if (caches)
		u->n[USAGE_CACHE_WRITE_5M] = new - 12;
	u->n[USAGE_OUTPUT] = out;
	if (demo_models[t->model].tier >= 4)
		u->n[USAGE_REASONING] = out / 3;
}

static enum rc attempt(struct past *p, struct told *t, int step, int no,
		       const char *error)
{
	const struct demo_model *m = &demo_models[t->model];
	const char *kind = t->t.c->kinds[0], *command;
	struct demo_rng *r = &p->r;
	int64_t out = demo_int(r, t->t.c->output / 3, t->t.c->output * 5 / 3);
	char key[32], name[160];
	struct ev_attempt a;
	int n = 0;

	while (t->t.c->kinds[n])
		n++;
	kind = t->t.c->kinds[(step - 1) % n];
	snprintf(key, sizeof(key), "step-%d", step);
	snprintf(name, sizeof(name), "%s/%d/%d", t->id, step, no);
	ev_attempt_init(&a);
	a.task = t->index;
	a.keys[0] = ev_key("demo", FLEET, str_from(name));
	a.n_keys = 1;
	a.step_key = str_from(key);
	a.step_seq = step;
	for (int k = 0; k < STEP_KIND_N; k++) {
		if (!strcmp(step_kind_names[k], kind))
			a.step_kind = (enum step_kind)k;
	}
	a.tool = str_from(demo_tool(kind, &command));
	if (a.tool.p)
		a.step_failed = demo_chance(r, 0.06);
	a.started_us = t->at_us;
	a.provider = str_from(m->provider);
	a.model = str_from(m->name);
	a.attempt_no = (int16_t)no;
	a.decision_id = t->decision;
	a.escalated_from = t->escalated_from;
	a.source = STR("import:demo");
	a.rank = RANK_CANONICAL;
	a.origin = FLEET;
	if (error) {
		a.status = ATTEMPT_ERROR;
		a.error_class = str_from(error);
		a.quality = QUALITY_MISSING;
		a.ended_us = t->at_us + demo_int(r, 80, 900) * 1000;
	} else {
		fill_usage(p, t, out, &a.usage);
		a.quality = QUALITY_EXACT;
		a.finish_reason = STR("stop");
		a.first_token_us = t->at_us + demo_int(r, 180, 1400) * 1000;
		a.ended_us = a.first_token_us +
			     out * m->ms_token * demo_int(r, 700, 1500);
		a.n_evidence = EVIDENCE_N;
		for (int i = 0; i < EVIDENCE_N; i++)
			a.evidence[i] = NAN;
		a.evidence[EVIDENCE_FINISH] = FINISH_STOP;
		a.evidence[EVIDENCE_OUTPUT_TOKENS] = (float)out;
		a.evidence[EVIDENCE_LATENCY_S] =
			(float)(a.ended_us - a.started_us) / 1e6F;
	}
	t->last_key = a.keys[0];
	t->at_us = a.ended_us + demo_int(r, 300, 9000) * 1000;
	return batch_attempt(p->b, &a, p->e);
}

/* A step: a call, after one that failed now and then. */
static enum rc one_step(struct past *p, struct told *t, int step)
{
	static const char *const errors[] = {"rate_limit", "overloaded",
					     "timeout", "server_error"};
	enum rc rc = RC_OK;
	int no = 1;

	while (!rc && no < 4 && demo_chance(&p->r, p->errors))
		rc = attempt(p, t, step, no++, errors[demo_int(&p->r, 0, 3)]);
	if (!rc)
		rc = attempt(p, t, step, no, NULL);
	t->before = t->context;
	t->context +=
		demo_int(&p->r, t->t.c->growth / 2, t->t.c->growth * 3 / 2);
	return rc;
}

/* ---- tasks ---- */

static bool solves(const struct past *p, const struct told *t)
{
	return mock_verdict(&p->mock, str_from(t->id),
			    str_from(demo_models[t->model].name),
			    t->t.difficulty);
}

/* The evidence said that the last reply is not good enough. */
static enum rc escalate(struct past *p, struct told *t, double guess)
{
	int better = demo_stronger(t->model, 2);
	enum rc rc;

	if (better < 0)
		return RC_OK;
	t->model = better;
	t->escalated_from = t->last_key;
	t->before = 0; /* the other one's cache does not know the prompt */
	rc = decide(p, t, t->t.steps, guess, false);
	if (!rc)
		rc = attempt(p, t, t->t.steps, 9, NULL);
	return rc;
}

static enum rc outcome(struct past *p, const struct told *t)
{
	const struct demo_class *c = t->t.c;
	struct ev_outcome o = {
		.task = t->index,
		.source = str_from(c->judge),
		.key = str_from(c->key),
		.success_micro = solves(p, t) ? 1000000 : 0,
		.at_us = t->at_us + demo_int(&p->r, 5, 1800) * US_PER_SEC,
		.same_as = str_from(t->id),
	};

	if (!demo_chance(&p->r, c->judged) || o.at_us > p->now_us)
		return RC_OK;
	return batch_outcome(p->b, &o, p->e);
}

/* Who serves: in the first week one model for all, then what the router
 * thinks is enough. */
static void choose(struct past *p, struct told *t, double *guess,
		   bool *explored)
{
	const struct demo_class *c = t->t.c;
	int best = demo_strongest(c->protocol);

	*guess = t->t.difficulty + 0.16 * (demo_unit(&p->r) - 0.5);
	*explored = p->live && demo_chance(&p->r, 0.03);
	t->model = demo_cheapest(c->protocol, c->floor, *guess, c->goal);
	if (*explored)
		t->model = demo_cheapest(c->protocol, c->floor,
					 demo_unit(&p->r), 0.5);
	t->first_model = t->model;
	if (!p->live)
		t->model = c->floor == 0 && best > 0 ? best - 1 : best;
}

/* Some tasks are given to all models afterwards, as a benchmark would. */
static enum rc bench(struct past *p, const struct told *t)
{
	float x[FEATURE_MAX];
	int n_x = feature_text(str_from(t->t.prompt), x);
	enum rc rc = RC_OK;

	if (!t->t.c->name || !demo_chance(&p->r, 0.3))
		return RC_OK;
	for (int i = 0; !rc && i < demo_n_models; i++) {
		const struct demo_model *m = &demo_models[i];
		struct ev_trial v = {
			.source = STR("demo-bench"),
			.task_ext_id = str_from(t->id),
			.task_class = str_from(t->t.c->name),
			.model = str_from(m->name),
			.agent = str_from(t->t.agent),
			.run = STR("1"),
			.success_micro =
				mock_verdict(&p->mock, str_from(t->id),
					     str_from(m->name), t->t.difficulty)
					? 1000000
					: 0,
			.cost_pusd = expected_pusd(t->t.c, m, t->t.steps),
			.input_tokens = USAGE_NONE,
			.output_tokens = USAGE_NONE,
			.api_calls = t->t.steps,
			.at_us = t->at_us,
			.features = x,
			.n_features = n_x,
			.feature_schema = feature_schema(),
			.origin = FLEET,
		};

		if (!strcmp(m->protocol, t->t.c->protocol))
			rc = batch_trial(p->b, &v, p->e);
	}
	return rc;
}

static enum rc one_task(struct past *p, int number, int64_t at_us)
{
	struct told t = {.at_us = at_us};
	double guess;
	bool explored;
	enum rc rc;
	int served;

	demo_task_draw(&t.t, &p->r);
	snprintf(t.id, sizeof(t.id), "%s-%" PRId32 "-%03d", t.t.agent, p->day,
		 number);
	if (p->runaway && !strcmp(t.t.agent, "test-writer"))
		t.t.steps = 45; /* nobody had told it when to stop */
	t.context = t.t.c->context;
	t.who = (struct ev_task){
		.sender = FLEET,
		.ext_id = str_from(t.id),
		.team = str_from(t.t.c->team),
		.agent = str_from(t.t.agent),
		.class_name = str_from(t.t.c->name),
		.class_rank = t.t.c->name ? CLASS_EXPLICIT : CLASS_NOBODY,
		.rank = RANK_CANONICAL,
		.attrs = STR("{\"simulated\":true}"),
	};
	rc = batch_task(p->b, &t.who, &t.index, p->e);
	choose(p, &t, &guess, &explored);
	served = t.model;
	t.model = t.first_model;
	if (!rc)
		rc = decide(p, &t, 1, guess, explored);
	t.model = served;
	for (int s = 1; !rc && s <= t.t.steps; s++)
		rc = one_step(p, &t, s);
	if (!rc && p->live && !solves(p, &t) && demo_chance(&p->r, 0.6))
		rc = escalate(p, &t, guess);
	if (!rc && t.t.c->judge)
		rc = outcome(p, &t);
	if (!rc)
		rc = bench(p, &t);
	return rc;
}

/* Work begins slowly, peaks twice and never quite ends. */
static int64_t moment(struct demo_rng *r, int32_t day)
{
	double hour = demo_chance(r, 0.15)
			      ? 24 * demo_unit(r)
			      : 7 + 6 * (demo_unit(r) + demo_unit(r));

	return (int64_t)day * US_PER_DAY + (int64_t)(hour * 3600) * US_PER_SEC +
	       demo_int(r, 0, US_PER_SEC - 1);
}

static enum rc one_day(struct past *p, int32_t day)
{
	int64_t week = day % 7;
	bool weekend = week == 2 || week == 3; /* 1970 began on a Thursday */
	int n;
	enum rc rc = RC_OK;

	demo_rng_init(&p->r, p->d->seed, "day", day);
	n = (int)demo_int(&p->r, TASKS_A_DAY * 8 / 10, TASKS_A_DAY * 12 / 10);
	if (weekend)
		n /= 3;
	p->day = day;
	p->live = day >= p->d->live;
	p->errors = (day + p->d->seed) % 7 == 4 ? 0.22 : 0.015;
	p->runaway = (day + p->d->seed) % 7 == 6;
	for (int i = 0; !rc && i < n; i++) {
		int64_t at;

		/* Chance of its own, so that it does not matter which tasks
		 * are over. */
		demo_rng_init(&p->r, p->d->seed, "task", day * 1000L + i);
		at = moment(&p->r, day);
		if (at + 1800 * US_PER_SEC < p->now_us)
			rc = one_task(p, i, at);
	}
	return rc;
}

enum rc demo_past(const struct demo *d, const volatile sig_atomic_t *stop,
		  struct err *e)
{
	struct past p = {.d = d, .now_us = clock_now_us(), .e = e};
	int32_t today = clock_day(p.now_us);
	struct ledger_counts counts, all = {0};
	struct oracle_day_counts oracle;
	struct ledger *l = NULL;
	struct progress bar;
	enum rc rc;

	demo_mock_conf(&p.mock, d->seed);
	/* The same few statements again and again, over many partitions: to
	 * plan them each time takes longer than to run them. What a crash of
	 * the machine would lose can be made again. */
	setenv("PGOPTIONS",
	       "-c synchronous_commit=off -c plan_cache_mode=force_generic_plan "
	       "-c jit=off",
	       1);
	rc = connect_writer(&l, &d->conf, e);
	unsetenv("PGOPTIONS");
	if (!rc)
		rc = set_models(ledger_db(l), e);
	if (!rc)
		rc = set_budgets(ledger_db(l), e);
	p.b = batch_new(BATCH_BYTES);
	progress_start(&bar, "past days", today - d->since + 1);
	for (int32_t day = d->since; !rc && day <= today && !*stop; day++) {
		batch_clear(p.b);
		rc = one_day(&p, day);
		if (!rc)
			rc = ledger_append_wait(l, p.b, &counts, e);
		if (!rc)
			all.attempts_new += counts.attempts_new;
		progress_update(&bar, day - d->since + 1, all.attempts_new);
	}
	progress_end(&bar);
	if (!rc)
		rc = db_run(ledger_db(l), &sql_demo_analyze, NULL, NULL, NULL,
			    e);
	/* The daemon would come to it within the hour. */
	if (!rc && !*stop)
		rc = oracle_days(ledger_db(l), today, ORACLE_LIMIT, &oracle, e);
	batch_free(p.b);
	ledger_close(l);
	if (!rc)
		fprintf(stderr, "aco: %" PRId64 " simulated calls of %d days\n",
			all.attempts_new, (int)(today - d->since + 1));
	return rc;
}
