/* OpenHands: output.jsonl of its evaluation, a line an instance. The calls are
 * metrics.token_usages[]; the accumulated figures are their sums and history[]
 * holds snapshots of those sums, so neither is ever added. costs[] has what
 * each call cost and when it was over, in the same order; where the two lists
 * differ in length only the times are taken from it, as inferred. Prompt
 * tokens include the cached ones.
 *
 * Ids such as chatcmpl-1 recur, so a run is told from other runs of the same
 * instance by the time of its first call. */
#include "ingest/callname.h"
#include "ingest/import.h"
#include "ingest/litellm_usage.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "ledger/verdict.h"

struct run {
	struct import_run *r;
	const struct json *line, *metrics;
	struct import_at at;
	struct arena *a; /* until the next line */
	struct str sender, instance, session;
	struct str model; /* as configured, or absent */
	uint32_t task;
	int64_t first_us, last_us;
	uint32_t n_costs, n_usages;
};

/* ---- the run ---- */

/* When it began, as far as the line says: the first cost, else the first
 * event, else the whole evaluation's start. */
static int64_t first_time(const struct run *o)
{
	const struct json *event = json_first(json_get(o->line, "history"));
	int64_t us =
		field_time(json_get(json_first(json_get(o->metrics, "costs")),
				    "timestamp"),
			   o->a);

	if (json_is(event, JSON_ARRAY)) /* old: pairs of action and result */
		event = json_first(event);
	if (us == TIME_NONE)
		us = field_time(json_get(event, "timestamp"), o->a);
	if (us == TIME_NONE)
		us = field_time(json_path(o->line, "metadata.start_time"),
				o->a);
	return us;
}

static void name_run(struct run *o)
{
	char text[40];

	o->session = o->instance;
	if (o->first_us != TIME_NONE)
		o->session = arena_strf(
			o->a, "%.*s@%s", STR_ARG(o->instance),
			clock_format(o->first_us, text, sizeof(text)));
}

static void begin_task(struct run *o)
{
	const struct json *meta = json_get(o->line, "metadata");
	struct ev_task t;

	import_task_init(o->r, &t);
	t.class_name = STR("coding");
	t.class_rank = CLASS_GUESSED;
	t.ext_id = o->session;
	t.agent = STR("openhands");
	t.attrs = import_facts(
		o->r,
		(struct import_fact[]){
			{"instance_id", o->instance},
			{"agent_class",
			 json_str(json_get(meta, "agent_class"), o->a)},
			{"dataset", json_str(json_get(meta, "dataset"), o->a)},
			{"split", json_str(json_get(meta, "data_split"), o->a)},
			{"model", o->model},
		},
		5);
	o->task = import_task(o->r, &t);
}

/* ---- its calls ---- */

/* The index-th element, walking on from *v; the last one again past the end. */
static const struct json *step_to(const struct json *list, const struct json *v)
{
	const struct json *next = v ? json_next(list, v) : json_first(list);

	return next ? next : v;
}

/* Seconds that the call with this response id took. */
static int64_t latency_us(const struct run *o, struct str id)
{
	const struct json *list = json_get(o->metrics, "response_latencies");
	const struct json *v;
	double seconds;

	for (v = json_first(list); id.len && v; v = json_next(list, v))
		if (str_eq(json_str(json_get(v, "response_id"), o->a), id) &&
		    json_double(json_get(v, "latency"), &seconds) &&
		    seconds >= 0 && seconds < 86400)
			return (int64_t)(seconds * (double)US_PER_SEC);
	return 0;
}

static void call_init(struct run *o, const struct json *v, const char *name,
		      struct ev_attempt *a)
{
	struct str model = json_str(json_get(v, "model"), o->a);

	import_attempt_init(o->r, a);
	a->task = o->task;
	if (!model.len)
		model = o->model.len ? o->model : STR("unknown");
	litellm_model(model, &a->provider, &a->model);
	a->keys[a->n_keys++] =
		callname_line(o->sender, o->session, str_from(name));
}

static void read_usage(struct run *o, const struct json *v,
		       struct ev_attempt *a)
{
	struct litellm_parts parts = {v, {NULL}};
	bool bad = false;

	litellm_usage(&parts, &a->usage, &a->quality, &bad);
	if (bad)
		import_bad(o->r, o->at, "calls with bad token counts",
			   "a token count is not a whole number");
}

static void read_call(struct run *o, const struct json *v,
		      const struct json *cost, int32_t index)
{
	struct str id = json_str(json_get(v, "response_id"), o->a);
	struct ev_attempt a;
	char name[32];

	snprintf(name, sizeof(name), "call %d", index);
	call_init(o, v, name, &a);
	if (id.len)
		a.keys[a.n_keys++] = callname_response(
			litellm_call_provider(a.provider, a.model), o->sender,
			o->session, id);
	read_usage(o, v, &a);
	a.step_seq = index + 1;
	a.ended_us = field_time(json_get(cost, "timestamp"), o->a);
	if (a.ended_us == TIME_NONE)
		a.ended_us = o->first_us;
	a.started_us = a.ended_us;
	if (a.started_us != TIME_NONE)
		a.started_us -= latency_us(o, id);
	if (o->n_costs == o->n_usages)
		a.reported_cost_pusd = field_usd(json_get(cost, "cost"));
	else if (a.quality == QUALITY_EXACT)
		a.quality = QUALITY_INFERRED;
	if (a.ended_us != TIME_NONE)
		o->last_us = a.ended_us;
	import_attempt(o->r, &a, o->at);
}

static void read_calls(struct run *o)
{
	const struct json *usages = json_get(o->metrics, "token_usages");
	const struct json *costs = json_get(o->metrics, "costs");
	const struct json *v, *cost = NULL;
	int32_t index = 0;

	for (v = json_first(usages); v; v = json_next(usages, v), index++) {
		cost = step_to(costs, cost);
		read_call(o, v, cost, index);
	}
	if (o->n_costs != o->n_usages && o->n_usages)
		import_skip(o->r, "lists of costs that do not match the calls");
}

/* Older lines have the sums only: one row for the whole run. */
static void read_sums(struct run *o)
{
	const struct json *sum =
		json_get(o->metrics, "accumulated_token_usage");
	struct ev_attempt a;

	call_init(o, sum, "whole run", &a);
	read_usage(o, sum, &a);
	a.reported_cost_pusd =
		field_usd(json_get(o->metrics, "accumulated_cost"));
	if (usage_missing(&a.usage) && a.reported_cost_pusd == MONEY_NONE) {
		import_skip(o->r, "runs without figures");
		return;
	}
	if (!usage_missing(&a.usage))
		a.quality = QUALITY_AGGREGATE;
	a.rank = RANK_AGGREGATE;
	a.started_us = o->first_us;
	import_attempt(o->r, &a, o->at);
}

/* ---- verdicts ---- */

static void put_verdict(struct run *o, const char *key, int32_t micro,
			struct str label)
{
	struct ev_outcome v = {
		.task = o->task,
		.source = o->sender,
		.key = str_from(key),
		.success_micro = micro,
		.label = label,
		.at_us = o->last_us,
	};

	if (micro >= 0 || label.len)
		import_outcome(o->r, &v, o->at);
}

/* Where the benchmarks of the evaluation put their verdict, if it was judged
 * already. */
static const struct json *verdict_of(const struct run *o)
{
	static const char *const paths[] = {
		"test_result.report.resolved", "report.resolved",
		"test_result.resolved",        "test_result.result.resolved",
		"test_result.score",           "test_result.success",
		"test_result.passed"};
	int32_t micro;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const struct json *v = json_path(o->line, paths[i]);

		if (verdict_micro(v, &micro))
			return v;
	}
	return NULL;
}

static void read_verdicts(struct run *o)
{
	const struct json *error = json_get(o->line, "error");
	const struct json *patch = json_path(o->line, "test_result.git_patch");
	const struct json *verdict = verdict_of(o);
	struct str label = STR_NONE;
	int32_t micro = -1;

	if (json_is(patch, JSON_STRING))
		label = patch->text.len ? STR("patch") : STR("empty patch");
	if (verdict)
		verdict_micro(verdict, &micro);
	put_verdict(o, "test_result", micro, label);
	if (json_present(error) && !json_str_is(error, ""))
		put_verdict(o, "error", -1,
			    verdict_error(json_str(error, o->a)));
}

/* ---- lines ---- */

static void read_line(struct run *o)
{
	o->metrics = json_get(o->line, "metrics");
	o->instance = json_str(json_get(o->line, "instance_id"), o->a);
	o->model =
		json_str(json_path(o->line, "metadata.llm_config.model"), o->a);
	if (!o->instance.len) {
		import_bad(o->r, o->at, "lines", "no instance_id");
		return;
	}
	if (json_is(json_get(o->metrics, "costs"), JSON_ARRAY))
		o->n_costs = json_get(o->metrics, "costs")->count;
	if (json_is(json_get(o->metrics, "token_usages"), JSON_ARRAY))
		o->n_usages = json_get(o->metrics, "token_usages")->count;
	o->first_us = o->last_us = first_time(o);
	name_run(o);
	begin_task(o);
	if (o->n_usages)
		read_calls(o);
	else
		read_sums(o);
	read_verdicts(o);
}

static enum rc parse(struct import_run *r, struct err *e)
{
	struct import_line l;
	int64_t lines = 0, ours = 0;

	while (import_next_line(r, &l)) {
		struct run o = {.r = r,
				.a = import_scratch(r),
				.at = l.at,
				.sender = STR("openhands")};

		lines++;
		o.line = import_line_json(r, &l);
		if (!o.line)
			continue;
		ours += json_get(o.line, "instance_id") != NULL;
		read_line(&o);
	}
	if (lines && !ours)
		return err_set(e, RC_BAD,
			       "not an output of OpenHands: no line has an "
			       "instance_id");
	return RC_OK;
}

static bool match(struct str path)
{
	return str_ends(path, ".jsonl") && str_contains(path, "output");
}

const struct import_kind import_openhands = {
	.name = "openhands",
	.summary = "outputs of OpenHands' evaluation (output*.jsonl)",
	.sender = "openhands",
	.rank = RANK_TRANSCRIPT,
	.match = match,
	.parse = parse,
};
