/* mini-swe-agent: one JSON document a run, "<instance>.traj.json", rewritten
 * after every step. Every message that carries extra.response was a call that
 * was paid, also the user messages that complain about a reply they could not
 * parse. extra.timestamp is when the reply was there; a message without one
 * takes that of the message before it, so that the time is stable.
 *
 * A run has no id of its own. It is told from other runs of the same instance
 * by when and as what its first call was answered. */
#include "ingest/callname.h"
#include "ingest/import.h"
#include "ingest/litellm_usage.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "ledger/verdict.h"

struct swe_run {
	struct import_run *r;
	const struct json *doc;
	struct arena *a;
	struct str sender, session; /* session: names the run in keys */
	struct str asked;           /* the configured model, as written */
	bool zero_is_unknown;       /* cost 0 means that nobody knows */
	uint32_t task;
	int32_t steps;
	int64_t last_us; /* of the last message that had a time */
};

/* ---- the run ---- */

static struct str instance_of(struct import_run *r, const struct json *doc)
{
	struct str id = json_str(json_get(doc, "instance_id"), import_arena(r));
	struct str name = import_name(r);

	if (id.len)
		return id;
	if (str_ends(name, ".traj.json"))
		name.len -= sizeof(".traj.json") - 1;
	else if (str_ends(name, ".json"))
		name.len -= sizeof(".json") - 1;
	return name.len ? name : STR("run");
}

static const struct json *response_of(const struct json *message)
{
	const struct json *v = json_path(message, "extra.response");

	return json_is(v, JSON_OBJECT) ? v : NULL;
}

/* What the first call says about itself: its time, id and model. */
static struct str session_of(struct swe_run *s, const struct json *messages)
{
	const struct json *m = json_first(messages);

	while (m && !response_of(m))
		m = json_next(messages, m);
	if (!m)
		return STR("");
	return arena_strf(
		s->a, "%.*s/%.*s/%.*s",
		STR_ARG(json_str(json_path(m, "extra.timestamp"), s->a)),
		STR_ARG(json_str(json_get(response_of(m), "id"), s->a)),
		STR_ARG(json_str(json_get(response_of(m), "model"), s->a)));
}

static int64_t first_time(const struct json *messages, struct arena *a)
{
	const struct json *m = json_first(messages);
	int64_t us = TIME_NONE;

	for (; m && us == TIME_NONE; m = json_next(messages, m))
		us = field_time(json_path(m, "extra.timestamp"), a);
	return us;
}

/* "django__django-1@2025-09-25T11:33:20.25Z": the instance, and which run. */
static struct str task_name(struct swe_run *s, struct str instance,
			    const struct json *messages)
{
	int64_t us = first_time(messages, s->a);
	char text[40];

	if (us == TIME_NONE)
		return s->session.len <= 2 ? instance
					   : arena_strf(s->a, "%.*s@%.*s",
							STR_ARG(instance),
							STR_ARG(s->session));
	return arena_strf(s->a, "%.*s@%s", STR_ARG(instance),
			  clock_format(us, text, sizeof(text)));
}

static void begin_task(struct swe_run *s, const struct json *messages)
{
	const struct json *info = json_get(s->doc, "info");
	struct str instance = instance_of(s->r, s->doc);
	struct ev_task t;

	import_task_init(s->r, &t);
	t.ext_id = task_name(s, instance, messages);
	t.agent = STR("mini-swe-agent");
	t.class_name = STR("coding");
	t.class_rank = CLASS_GUESSED;
	t.attrs = import_facts(
		s->r,
		(struct import_fact[]){
			{"instance_id", instance},
			{"agent_version",
			 json_str(json_get(info, "mini_version"), s->a)},
			{"model", s->asked},
		},
		3);
	s->task = import_task(s->r, &t);
}

/* ---- its calls ---- */

/* The tool message that answers `m` says how the command ended. */
static int8_t failed(const struct json *messages, const struct json *m)
{
	const struct json *next = json_next(messages, m);
	int64_t code;

	if (json_str_is(json_get(m, "role"), "user"))
		return 1; /* a reply that could not be parsed */
	if (!next || response_of(next) ||
	    !json_i64(json_path(next, "extra.returncode"), &code))
		return -1;
	return code != 0;
}

static void read_step(struct swe_run *s, const struct json *messages,
		      const struct json *m, struct ev_attempt *a)
{
	const struct json *action = json_first(json_path(m, "extra.actions"));
	struct str command = json_str(json_get(action, "command"), s->a);

	a->step_seq = ++s->steps;
	a->step_failed = failed(messages, m);
	if (!command.len && json_is(action, JSON_STRING))
		command = json_str(action, s->a);
	if (!command.len)
		return;
	a->tool = STR("bash");
	a->step_kind = step_kind_of(a->tool, command);
}

static int64_t cost_of(const struct swe_run *s, const struct json *m)
{
	int64_t pusd = field_usd(json_path(m, "extra.cost"));

	return pusd == 0 && s->zero_is_unknown ? MONEY_NONE : pusd;
}

static void read_names(struct swe_run *s, const struct json *response,
		       struct ev_attempt *a)
{
	struct str served = json_str(json_get(response, "model"), s->a);
	struct str ignored;

	litellm_model(s->asked, &a->provider, &a->requested_model);
	litellm_model(served, &ignored, &a->model);
	if (ignored.len)
		a->provider = ignored;
	a->service_tier = json_str(json_get(response, "service_tier"), s->a);
	a->finish_reason =
		json_str(json_get(json_first(json_get(response, "choices")),
				  "finish_reason"),
			 s->a);
}

static void read_keys(struct swe_run *s, const struct json *response,
		      int64_t index, struct ev_attempt *a)
{
	struct str id = json_str(json_get(response, "id"), s->a);

	a->keys[a->n_keys++] = callname_line(
		s->sender, s->session,
		arena_strf(s->a, "message %lld", (long long)index));
	if (id.len)
		a->keys[a->n_keys++] = callname_response(
			litellm_call_provider(a->provider, a->model), s->sender,
			s->session, id);
}

static void read_call(struct swe_run *s, const struct json *messages,
		      const struct json *m, int64_t index)
{
	const struct json *response = response_of(m);
	struct litellm_parts parts = {json_get(response, "usage"), {NULL}};
	bool bad = false;
	struct ev_attempt a;

	import_attempt_init(s->r, &a);
	a.task = s->task;
	read_names(s, response, &a);
	read_keys(s, response, index, &a);
	read_step(s, messages, m, &a);
	litellm_usage(&parts, &a.usage, &a.quality, &bad);
	if (bad)
		import_bad(s->r, IMPORT_NOWHERE, "calls with bad token counts",
			   "message %lld: a token count is not a whole number",
			   (long long)index);
	a.reported_cost_pusd = cost_of(s, m);
	a.started_us =
		s->last_us != TIME_NONE
			? s->last_us
			: field_time(json_get(response, "created"), s->a);
	import_attempt(s->r, &a, IMPORT_NOWHERE);
}

static void read_outcome(struct swe_run *s)
{
	struct ev_outcome o = {
		.task = s->task,
		.source = s->sender,
		.key = STR("exit_status"),
		.success_micro = -1,
		.label = json_str(json_path(s->doc, "info.exit_status"), s->a),
		.at_us = s->last_us,
	};

	o.label = verdict_status(o.label);
	if (!o.label.len)
		return;
	import_outcome(s->r, &o, IMPORT_NOWHERE);
}

static enum rc parse(struct import_run *r, struct err *e)
{
	const struct json *doc = import_whole_json(r, e);
	const struct json *messages = json_get(doc, "messages");
	const struct json *model = json_path(doc, "info.config.model");
	struct swe_run s = {.r = r,
			    .doc = doc,
			    .a = import_arena(r),
			    .sender = STR("mini-swe-agent"),
			    .last_us = TIME_NONE};
	const struct json *m;
	int64_t index = 0;

	if (!doc)
		return RC_BAD;
	if (!json_is(messages, JSON_ARRAY) || !json_get(doc, "info"))
		return err_set(
			e, RC_BAD,
			"not a trajectory of mini-swe-agent: no messages");
	s.asked = json_str(json_get(model, "model_name"), s.a);
	s.zero_is_unknown =
		!json_present(json_get(model, "cost_tracking")) ||
		json_str_is(json_get(model, "cost_tracking"), "ignore_errors");
	s.session = session_of(&s, messages);
	begin_task(&s, messages);
	for (m = json_first(messages); m; m = json_next(messages, m), index++) {
		int64_t us = field_time(json_path(m, "extra.timestamp"), s.a);

		if (us != TIME_NONE)
			s.last_us = us;
		if (response_of(m))
			read_call(&s, messages, m, index);
	}
	read_outcome(&s);
	return RC_OK;
}

static bool match(struct str path)
{
	return str_ends(path, ".traj.json");
}

const struct import_kind import_mini_swe = {
	.name = "mini-swe",
	.summary = "trajectories of mini-swe-agent (*.traj.json)",
	.sender = "mini-swe-agent",
	.rank = RANK_TRANSCRIPT,
	.match = match,
	.parse = parse,
};
