/* tau2-bench (results.json: an object with simulations[]) and tau-bench (a
 * list of runs). The file is one document and is rewritten whole.
 *
 * A simulation is a task. The model that plays the customer is not the agent's
 * spend: its calls go to a child task of the agent "user-simulator". Times
 * carry no zone and are taken as UTC.
 *
 * tau2: each message that has usage or a cost was one call. A message with
 * cost 0 and without usage was written by the program (the greeting). Costs
 * that are null are not known. tau-bench says what the simulator cost in all
 * and nothing about the agent: its calls are rows without usage. */
#include "ingest/callname.h"
#include "ingest/import.h"
#include "ingest/litellm_usage.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "ledger/verdict.h"

struct tau {
	struct import_run *r;
	struct arena *a;
	struct str sender;
	const char *source; /* of outcomes */
	struct str agent;   /* implementation, or absent */
	struct str domain;
	struct str models[2]; /* as configured, by side; absent: not said */
};
enum {
	SIDE_AGENT,
	SIDE_USER
};

struct sim {
	struct str session; /* names the simulation: task and keys */
	uint32_t tasks[2];
	bool begun[2];
	int64_t at_us; /* when it ended, for the verdict */
	int32_t steps[2];
};

/* ---- tasks ---- */

static uint32_t side_task(struct tau *t, struct sim *s, int side,
			  struct str attrs)
{
	struct ev_task task;

	if (s->begun[side])
		return s->tasks[side];
	import_task_init(t->r, &task);
	task.ext_id = s->session;
	task.agent = t->agent;
	task.class_name = STR("customer_service");
	task.class_rank = CLASS_GUESSED;
	task.attrs = attrs;
	if (side == SIDE_USER) {
		task.ext_id = arena_strf(t->a, "%.*s/user-simulator",
					 STR_ARG(s->session));
		task.parent_ext_id = s->session;
		task.agent = STR("user-simulator");
		task.class_name = STR("user_simulation");
	}
	s->tasks[side] = import_task(t->r, &task);
	s->begun[side] = true;
	return s->tasks[side];
}

static void begin_agent_task(struct tau *t, struct sim *s,
			     const struct json *run)
{
	const struct json *trial = json_get(run, "trial");

	side_task(
		t, s, SIDE_AGENT,
		import_facts(
			t->r,
			(struct import_fact[]){
				{"task_id",
				 json_str(json_get(run, "task_id"), t->a)},
				{"trial", json_str(trial, t->a)},
				{"domain", t->domain},
				{"seed", json_str(json_get(run, "seed"), t->a)},
				{"model", t->models[SIDE_AGENT]},
			},
			5));
}

/* ---- calls ---- */

static void call_init(struct tau *t, struct sim *s, int side, int64_t index,
		      struct ev_attempt *a)
{
	import_attempt_init(t->r, a);
	a->task = side_task(t, s, side, STR_NONE);
	litellm_model(t->models[side].len ? t->models[side] : STR("unknown"),
		      &a->provider, &a->model);
	a->keys[a->n_keys++] = callname_line(t->sender, s->session,
					     arena_strf(t->a, "%s %lld",
							side ? "user" : "agent",
							(long long)index));
}

/* What the turn did: the first tool it called, and whether a tool failed. */
static void read_step(struct tau *t, struct sim *s, int side,
		      const struct json *messages, const struct json *m,
		      struct ev_attempt *a)
{
	const struct json *call = json_first(json_get(m, "tool_calls"));
	struct str name = json_str(json_get(call, "name"), t->a);

	if (!name.len)
		name = json_str(json_path(call, "function.name"), t->a);
	a->step_seq = ++s->steps[side];
	a->step_kind = STEP_COMMUNICATE;
	if (!call)
		return;
	a->tool = name;
	a->step_kind = step_kind_of(name, STR_NONE);
	for (m = json_next(messages, m);
	     m && json_str_is(json_get(m, "role"), "tool");
	     m = json_next(messages, m)) {
		const struct json *error = json_get(m, "error");

		if (json_is(error, JSON_TRUE))
			a->step_failed = 1;
		else if (json_is(error, JSON_FALSE) && a->step_failed < 0)
			a->step_failed = 0;
	}
}

/* raw_data is the reply as LiteLLM gave it: the model that served. */
static void read_raw(struct tau *t, struct sim *s, const struct json *m,
		     struct ev_attempt *a)
{
	const struct json *raw = json_get(m, "raw_data");
	struct str served = json_str(json_get(raw, "model"), t->a);
	struct str id = json_str(json_get(raw, "id"), t->a);
	struct str provider;

	if (served.len) {
		a->requested_model = a->model;
		litellm_model(served, &provider, &a->model);
		if (provider.len)
			a->provider = provider;
	}
	if (id.len)
		a->keys[a->n_keys++] = callname_response(
			litellm_call_provider(a->provider, a->model), t->sender,
			s->session, id);
}

static void read_times(struct tau *t, const struct json *m,
		       struct ev_attempt *a)
{
	double seconds;

	a->ended_us = field_time(json_get(m, "timestamp"), t->a);
	a->started_us = a->ended_us;
	if (a->ended_us != TIME_NONE &&
	    json_double(json_get(m, "generation_time_seconds"), &seconds) &&
	    seconds >= 0 && seconds < 86400)
		a->started_us -= (int64_t)(seconds * (double)US_PER_SEC);
}

static void read_message(struct tau *t, struct sim *s,
			 const struct json *messages, const struct json *m,
			 int64_t index)
{
	int side = json_str_is(json_get(m, "role"), "user") ? SIDE_USER
							    : SIDE_AGENT;
	const struct json *usage = json_get(m, "usage");
	int64_t cost = field_usd(json_get(m, "cost"));
	struct litellm_parts parts = {usage, {json_path(m, "raw_data.usage")}};
	bool bad = false;
	struct ev_attempt a;

	/* Cost 0: written by the program. Null: a call of which nothing is
	 * known, if there is a model that could have been called. */
	if (!json_present(usage) &&
	    (cost == 0 || (cost == MONEY_NONE && !t->models[side].len))) {
		import_skip(t->r, "messages that were not calls");
		return;
	}
	call_init(t, s, side, index, &a);
	read_raw(t, s, m, &a);
	read_step(t, s, side, messages, m, &a);
	read_times(t, m, &a);
	litellm_usage(&parts, &a.usage, &a.quality, &bad);
	if (bad)
		import_bad(t->r, IMPORT_NOWHERE, "calls with bad token counts",
			   "message %lld: a token count is not a whole number",
			   (long long)index);
	a.reported_cost_pusd = cost;
	import_attempt(t->r, &a, IMPORT_NOWHERE);
}

/* What one side cost in all, where no message says more. */
static void read_whole(struct tau *t, struct sim *s, int side,
		       const struct json *cost)
{
	struct ev_attempt a;
	int64_t pusd = field_usd(cost);

	if (pusd == MONEY_NONE || pusd == 0)
		return;
	call_init(t, s, side, -1, &a);
	a.quality = QUALITY_AGGREGATE;
	a.rank = RANK_AGGREGATE;
	a.started_us = s->at_us;
	a.reported_cost_pusd = pusd;
	import_attempt(t->r, &a, IMPORT_NOWHERE);
}

/* ---- verdicts ---- */

static void read_verdict(struct tau *t, struct sim *s, const char *key,
			 const struct json *v)
{
	struct ev_outcome o = {
		.task = s->tasks[SIDE_AGENT],
		.source = str_from(t->source),
		.key = str_from(key),
		.success_micro = -1,
		.at_us = s->at_us,
	};

	if (!json_present(v))
		return;
	if (json_is(v, JSON_STRING))
		o.label = verdict_status(json_str(v, t->a));
	else if (!verdict_micro(v, &o.success_micro)) {
		import_bad(t->r, IMPORT_NOWHERE, "rewards outside 0..1",
			   "%s %.*s is not a number from 0 to 1", key,
			   STR_ARG(v->text));
		return;
	}
	if (o.label.len || o.success_micro >= 0)
		import_outcome(t->r, &o, IMPORT_NOWHERE);
}

/* ---- tau2-bench ---- */

/* An id that is unique names the simulation; one like "s1" needs help. */
static struct str session_of(struct tau *t, const struct json *sim)
{
	struct str id = json_str(json_get(sim, "id"), t->a);

	if (callname_unique(id))
		return id;
	return arena_strf(t->a, "%.*s/%.*s/%.*s@%.*s",
			  STR_ARG(json_str(json_get(sim, "task_id"), t->a)),
			  STR_ARG(json_str(json_get(sim, "trial"), t->a)),
			  STR_ARG(id),
			  STR_ARG(json_str(json_get(sim, "start_time"), t->a)));
}

static void read_simulation(struct tau *t, const struct json *sim)
{
	const struct json *messages = json_get(sim, "messages");
	struct sim s = {.session = session_of(t, sim)};
	const struct json *m;
	int64_t index = 0;

	s.at_us = field_time(json_get(sim, "end_time"), t->a);
	begin_agent_task(t, &s, sim);
	for (m = json_first(messages); m; m = json_next(messages, m), index++)
		if (json_str_is(json_get(m, "role"), "assistant") ||
		    json_str_is(json_get(m, "role"), "user"))
			read_message(t, &s, messages, m, index);
	if (!s.steps[SIDE_AGENT])
		read_whole(t, &s, SIDE_AGENT, json_get(sim, "agent_cost"));
	if (!s.steps[SIDE_USER])
		read_whole(t, &s, SIDE_USER, json_get(sim, "user_cost"));
	read_verdict(t, &s, "reward", json_path(sim, "reward_info.reward"));
	read_verdict(t, &s, "termination_reason",
		     json_get(sim, "termination_reason"));
}

static void read_tau2(struct tau *t, const struct json *doc)
{
	const struct json *sims = json_get(doc, "simulations");
	const struct json *info = json_get(doc, "info");
	const struct json *v;

	t->source = "tau2-bench";
	t->agent = json_str(json_path(info, "agent_info.implementation"), t->a);
	t->domain =
		json_str(json_path(info, "environment_info.domain_name"), t->a);
	t->models[SIDE_AGENT] =
		json_str(json_path(info, "agent_info.llm"), t->a);
	t->models[SIDE_USER] = json_str(json_path(info, "user_info.llm"), t->a);
	for (v = json_first(sims); v; v = json_next(sims, v)) {
		if (json_is(v, JSON_OBJECT))
			read_simulation(t, v);
		else
			import_bad(t->r, IMPORT_NOWHERE, "simulations",
				   "a simulation is not an object");
	}
}

/* ---- tau-bench ---- */

/* "tool-calling-gpt-4o-0.0_range_0--1_user-gpt-4o-llm_0505120000.json": the
 * only place that names the models. */
static void models_in_name(struct tau *t, struct str name)
{
	static const char *const strategies[] = {"tool-calling-", "act-",
						 "react-", "few-shot-"};
	const char *range = memmem(name.p, name.len, "_range_", 7);
	const char *user = memmem(name.p, name.len, "_user-", 6);
	const char *end;

	if (!range || !user || user < range)
		return;
	for (size_t i = 0; i < sizeof(strategies) / sizeof(strategies[0]);
	     i++) {
		size_t n = strlen(strategies[i]);

		if (!str_starts(name, strategies[i]))
			continue;
		end = memrchr(name.p, '-', (size_t)(range - name.p));
		if (end && end > name.p + n)
			t->models[SIDE_AGENT] = (struct str){
				name.p + n, (size_t)(end - name.p) - n};
		t->agent = (struct str){name.p, n - 1};
	}
	user += 6;
	end = memrchr(user, '-', (size_t)(name.p + name.len - user));
	if (end && end > user)
		t->models[SIDE_USER] = (struct str){user, (size_t)(end - user)};
}

/* The runs of one file are told apart by task and trial, those of different
 * files by what was said first: the file has no id and no time. */
static struct str run_session(struct tau *t, const struct json *run)
{
	const struct json *traj = json_get(run, "traj");
	struct uuid h = callname_line(t->sender, t->models[SIDE_AGENT],
				      traj ? traj->text : STR(""));
	char text[UUID_TEXT];

	uuid_format(h, text);
	return arena_strf(t->a, "%.*s/%.*s@%.8s",
			  STR_ARG(json_str(json_get(run, "task_id"), t->a)),
			  STR_ARG(json_str(json_get(run, "trial"), t->a)),
			  text);
}

static void read_run(struct tau *t, const struct json *run)
{
	const struct json *traj = json_get(run, "traj");
	struct sim s = {.session = run_session(t, run), .at_us = TIME_NONE};
	const struct json *m;
	int64_t index = 0;

	begin_agent_task(t, &s, run);
	for (m = json_first(traj); m; m = json_next(traj, m), index++) {
		struct ev_attempt a;

		if (!json_str_is(json_get(m, "role"), "assistant"))
			continue;
		call_init(t, &s, SIDE_AGENT, index, &a);
		a.quality = QUALITY_MISSING;
		read_step(t, &s, SIDE_AGENT, traj, m, &a);
		import_attempt(t->r, &a, IMPORT_NOWHERE);
	}
	read_whole(t, &s, SIDE_USER, json_path(run, "info.user_cost"));
	read_verdict(t, &s, "reward", json_get(run, "reward"));
	if (json_present(json_path(run, "info.error"))) {
		struct ev_outcome o = {
			.task = s.tasks[SIDE_AGENT],
			.source = str_from(t->source),
			.key = STR("error"),
			.success_micro = -1,
			.label = verdict_error(
				json_str(json_path(run, "info.error"), t->a)),
			.at_us = TIME_NONE,
		};

		import_outcome(t->r, &o, IMPORT_NOWHERE);
	}
}

static void read_tau(struct tau *t, const struct json *doc)
{
	const struct json *v;

	t->source = "tau-bench";
	models_in_name(t, import_name(t->r));
	for (v = json_first(doc); v; v = json_next(doc, v)) {
		if (json_get(v, "task_id") && json_get(v, "reward"))
			read_run(t, v);
		else
			import_bad(t->r, IMPORT_NOWHERE, "runs",
				   "a run has no task_id or no reward");
	}
}

static enum rc parse(struct import_run *r, struct err *e)
{
	const struct json *doc = import_whole_json(r, e);
	struct tau t = {.r = r, .a = import_arena(r), .sender = STR("tau2")};

	if (!doc)
		return RC_BAD;
	if (json_is(json_get(doc, "simulations"), JSON_ARRAY))
		read_tau2(&t, doc);
	else if (json_is(doc, JSON_ARRAY) &&
		 (!json_first(doc) || json_get(json_first(doc), "reward")))
		read_tau(&t, doc);
	else
		return err_set(
			e, RC_BAD,
			"neither results of tau2-bench (no simulations) nor "
			"of tau-bench (no list of runs)");
	return RC_OK;
}

static bool match(struct str path)
{
	return str_ends(path, "results.json") ||
	       (str_ends(path, ".json") &&
		(str_contains(path, "/simulations/") ||
		 str_contains(path, "_range_")));
}

const struct import_kind import_tau2 = {
	.name = "tau2",
	.summary = "results of tau2-bench (results.json) and tau-bench",
	.sender = "tau2",
	.rank = RANK_TRANSCRIPT,
	.match = match,
	.parse = parse,
};
