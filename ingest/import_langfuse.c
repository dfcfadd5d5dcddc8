/* Langfuse: what its public interface gives for observations and for scores,
 * as pages ({"data": [...]}), arrays or JSON lines. Of the observations only
 * GENERATION and EMBEDDING are model calls; spans, agents, tools and traces
 * hold the same money again. Scores are verdicts. What the fields mean is in
 * langfuse.h. */
#include "ingest/import.h"
#include "ingest/import_records.h"
#include "ingest/langfuse.h"

struct obs {
	struct import_run *r;
	struct arena *a; /* until the next line */
	struct import_at at;
	const struct json *v;
	struct str trace;
	int64_t taken;
};

static struct str text(const struct obs *o, const char *key)
{
	struct str s = json_str(json_get(o->v, key), o->a);

	return s.len ? s : STR_NONE;
}

static uint32_t begin_task(struct obs *o)
{
	struct ev_task t;

	import_task_init(o->r, &t);
	t.ext_id = o->trace;
	t.agent = text(o, "traceName");
	t.attrs = import_facts(o->r,
			       (struct import_fact[]){
				       {"environment", text(o, "environment")},
				       {"session_id", text(o, "sessionId")},
				       {"user_id", text(o, "userId")},
				       {"version", text(o, "version")},
			       },
			       4);
	return import_task(o->r, &t);
}

/* ---- observations ---- */

static void read_observation(struct obs *o)
{
	const struct langfuse_view view = {.v = {o->v}, .n = 1};
	struct ev_attempt a;
	bool bad;

	if (!json_str_is(json_get(o->v, "type"), "GENERATION") &&
	    !json_str_is(json_get(o->v, "type"), "EMBEDDING")) {
		import_skip(o->r, "observations that are not model calls");
		return;
	}
	import_attempt_init(o->r, &a);
	if (!langfuse_call(&view, o->a, &o->trace, &a, &bad)) {
		import_bad(o->r, o->at, "records", "an observation has no id");
		return;
	}
	a.task = begin_task(o);
	if (bad)
		import_bad(o->r, o->at, "calls with bad token counts",
			   "a token count is not a whole number");
	import_attempt(o->r, &a, o->at);
}

/* ---- scores ---- */

static void read_score(struct obs *o)
{
	const struct langfuse_view view = {.v = {o->v}, .n = 1};
	struct ev_outcome v;
	const char *why = langfuse_score(&view, o->a, &o->trace, &v);

	if (why) {
		import_skip(o->r, why);
		return;
	}
	v.task = begin_task(o);
	import_outcome(o->r, &v, o->at);
}

static void read_record(void *arg, const struct json *v, struct import_at at)
{
	struct obs *o = arg;

	o->v = v;
	o->at = at;
	if (json_get(v, "type")) {
		o->taken++;
		read_observation(o);
	} else if (json_get(v, "name") &&
		   (json_get(v, "value") || json_get(v, "stringValue"))) {
		o->taken++;
		read_score(o);
	} else {
		import_skip(o->r, "records that are neither calls nor scores");
	}
}

static enum rc parse(struct import_run *r, struct err *e)
{
	struct obs o = {.r = r, .a = import_scratch(r)};

	return import_records(r, read_record, &o, e);
}

static bool match(struct str path)
{
	return str_ends(path, ".json") || str_ends(path, ".jsonl") ||
	       str_ends(path, ".ndjson");
}

const struct import_kind import_langfuse = {
	.name = "langfuse",
	.summary = "observations and scores of Langfuse (JSON)",
	.sender = "langfuse",
	.rank = RANK_OTHER,
	.match = match,
	.parse = parse,
};
