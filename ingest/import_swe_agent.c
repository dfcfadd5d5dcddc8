/* SWE-agent: one JSON document a run, "<instance>.traj". It says what a run
 * cost in all, never what a call did: tokens_sent and tokens_received are the
 * agent's own counts, without caching, and there are no times. So a run is one
 * undated row of estimates, and better sources win over it in every field. In
 * a retry loop the top figures are already the sum over the attempts.
 *
 * A run has no id. It is told from other runs of the same instance by its
 * first step: what was answered and how long the command took. */
#include "ingest/callname.h"
#include "ingest/import.h"
#include "ingest/litellm_usage.h"
#include "ledger/base/clock.h"
#include "ledger/hash.h"
#include "ledger/money.h"
#include "ledger/verdict.h"

struct swe_run {
	struct import_run *r;
	const struct json *doc, *info;
	struct arena *a;
	struct str sender, instance, session;
	struct str model; /* as configured; absent: not said */
	uint32_t task;
};

static struct str instance_of(struct import_run *r)
{
	struct str name = import_name(r);

	if (str_ends(name, ".traj"))
		name.len -= sizeof(".traj") - 1;
	return name.len ? name : STR("run");
}

/* "" when there is no step yet. */
static struct str session_of(const struct swe_run *s)
{
	const struct json *attempt = json_first(json_get(s->doc, "attempts"));
	const struct json *step;
	char *text = arena_alloc(s->a, UUID_TEXT);

	/* What a retry loop has at the top is its best attempt: it changes. */
	step = json_first(json_get(attempt ? attempt : s->doc, "trajectory"));
	if (!step || !text)
		return STR("");
	uuid_format(HASH_ID(s->instance,
			    json_str(json_get(step, "response"), s->a),
			    json_str(json_get(step, "action"), s->a),
			    json_str(json_get(step, "execution_time"), s->a),
			    s->model),
		    text);
	text[8] = 0; /* enough to tell the runs of one instance apart */
	return str_from(text);
}

/* The configuration is an object, or a text that holds one. It may name the
 * model of the agent, or of each attempt of a retry loop. */
static struct str model_in(const struct json *config, struct arena *a)
{
	const struct json *agent = json_get(config, "agent");
	const struct json *first = json_first(json_get(agent, "agent_configs"));
	struct str name = json_str(json_path(agent, "model.name"), a);

	if (!name.len)
		name = json_str(json_path(first, "model.name"), a);
	return name.len ? arena_str(a, name) : STR_NONE;
}

static struct str model_of(const struct json *doc, struct arena *a)
{
	const struct json *config = json_get(doc, "replay_config");
	struct json_doc inner;
	struct str name;
	struct err e;

	if (!json_is(config, JSON_STRING))
		return model_in(config, a);
	json_doc_init(&inner, 100000);
	name = json_parse(&inner, json_str(config, a), &e) == RC_OK
		       ? model_in(inner.nodes, a)
		       : STR_NONE;
	json_doc_release(&inner);
	return name;
}

static void begin_task(struct swe_run *s)
{
	struct ev_task t;

	import_task_init(s->r, &t);
	t.ext_id = s->session.len
			   ? arena_strf(s->a, "%.*s@%.*s", STR_ARG(s->instance),
					STR_ARG(s->session))
			   : s->instance;
	t.agent = STR("swe-agent");
	t.class_name = STR("coding");
	t.class_rank = CLASS_GUESSED;
	t.attrs = import_facts(
		s->r,
		(struct import_fact[]){
			{"instance_id", s->instance},
			{"agent_version",
			 json_str(json_get(s->info, "swe_agent_version"),
				  s->a)},
			{"environment",
			 json_str(json_get(s->doc, "environment"), s->a)},
			{"api_calls",
			 json_str(json_path(s->info, "model_stats.api_calls"),
				  s->a)},
		},
		4);
	s->task = import_task(s->r, &t);
}

/* Cost 0 is what an unknown model gets, so that it says nothing. */
static void read_stats(struct swe_run *s, const struct json *stats)
{
	bool bad = false;
	struct ev_attempt a;

	import_attempt_init(s->r, &a);
	a.task = s->task;
	a.rank = RANK_AGGREGATE;
	litellm_model(s->model.len ? s->model : STR("unknown"), &a.provider,
		      &a.model);
	a.keys[a.n_keys++] = callname_line(s->sender,
					   arena_strf(s->a, "%.*s@%.*s",
						      STR_ARG(s->instance),
						      STR_ARG(s->session)),
					   STR("whole run"));
	a.usage.n[USAGE_UNCACHED_IN] =
		field_count(json_get(stats, "tokens_sent"), &bad);
	a.usage.n[USAGE_OUTPUT] =
		field_count(json_get(stats, "tokens_received"), &bad);
	a.quality =
		usage_missing(&a.usage) ? QUALITY_MISSING : QUALITY_ESTIMATED;
	a.reported_cost_pusd = field_usd(json_get(stats, "instance_cost"));
	if (a.reported_cost_pusd == 0)
		a.reported_cost_pusd = MONEY_NONE;
	if (bad)
		import_bad(s->r, IMPORT_NOWHERE, "runs with bad token counts",
			   "a token count is not a whole number");
	import_attempt(s->r, &a, IMPORT_NOWHERE);
}

static void read_outcome(struct swe_run *s)
{
	struct ev_outcome o = {
		.task = s->task,
		.source = s->sender,
		.key = STR("exit_status"),
		.success_micro = -1,
		.label = verdict_status(
			json_str(json_get(s->info, "exit_status"), s->a)),
		.at_us = TIME_NONE,
	};

	if (o.label.len)
		import_outcome(s->r, &o, IMPORT_NOWHERE);
}

static enum rc parse(struct import_run *r, struct err *e)
{
	const struct json *doc = import_whole_json(r, e);
	struct swe_run s = {.r = r,
			    .doc = doc,
			    .a = import_arena(r),
			    .sender = STR("swe-agent")};
	const struct json *stats;

	if (!doc)
		return RC_BAD;
	s.info = json_get(doc, "info");
	stats = json_get(s.info, "model_stats");
	if (!json_is(s.info, JSON_OBJECT) ||
	    (!json_get(doc, "trajectory") && !json_get(doc, "attempts")))
		return err_set(
			e, RC_BAD,
			"not a trajectory of SWE-agent: no info, or no steps");
	s.instance = instance_of(r);
	s.model = model_of(doc, s.a);
	s.session = session_of(&s);
	begin_task(&s);
	if (json_is(stats, JSON_OBJECT))
		read_stats(&s, stats);
	else
		import_skip(r, "runs without figures");
	read_outcome(&s);
	return RC_OK;
}

static bool match(struct str path)
{
	return str_ends(path, ".traj");
}

const struct import_kind import_swe_agent = {
	.name = "swe-agent",
	.summary = "trajectories of SWE-agent (*.traj)",
	.sender = "swe-agent",
	.rank = RANK_AGGREGATE,
	.match = match,
	.parse = parse,
};
