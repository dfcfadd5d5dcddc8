/* Gemini CLI's chats: tmp/PROJECT/chats/session-TIME-ID.jsonl (a head line, a
 * line for each message, and patches {"$set":{...}} that may hold whole
 * messages again), or older session-*.json with an array of messages.
 *
 * A message of type "gemini" with tokens is a call; its name is the pair of
 * session and message id, and of repeats the last one counts. `input` includes
 * what the cache gave but not the tool's prompt, `output` excludes the
 * thoughts; writing to the cache is not reported. */
#include <stdlib.h>
#include <string.h>

#include "ingest/callname.h"
#include "ingest/import.h"
#include "ingest/import_turn.h"
#include "ledger/base/clock.h"

#define SENDER      "gemini-cli"
#define START_REACH (3600 * US_PER_SEC)

struct gemini {
	struct import_run *r;
	struct import_turns turns;
	struct str session, project;
	bool has_task, sub_agent;
	uint32_t task;
	int64_t before_us; /* time of the message before */
};

/* ---- where things are ---- */

/* session-*.json[l] wherever the user points; within the tool's own folders
 * sub-agents' chats have other names. */
static bool gemini_match(struct str path)
{
	size_t i = path.len;

	while (i > 0 && path.p[i - 1] != '/')
		i--;
	if (str_contains(path, "/chats/") && str_ends(path, ".jsonl"))
		return true;
	return str_starts((struct str){path.p + i, path.len - i}, "session-") &&
	       (str_ends(path, ".json") || str_ends(path, ".jsonl"));
}

static void gemini_places(struct import_paths *out)
{
	const char *own = getenv("GEMINI_CLI_HOME"), *home = getenv("HOME");

	if (own && *own)
		import_paths_add(out, "%s/.gemini/tmp", own);
	else if (home)
		import_paths_add(out, "%s/.gemini/tmp", home);
}

static struct str text_of(struct gemini *g, const struct json *v)
{
	struct str s = STR_NONE;

	if (json_is(v, JSON_STRING))
		s = json_str(v, import_scratch(g->r));
	return s.len ? s : STR_NONE;
}

/* ---- the session ---- */

static void head_seen(struct gemini *g, const struct json *head)
{
	struct str id = text_of(g, json_get(head, "sessionId"));
	struct str project = text_of(g, json_get(head, "projectHash"));
	struct str kind = text_of(g, json_get(head, "kind"));

	if (id.p && !g->session.p)
		g->session = import_keep(g->r, id);
	if (project.p && !g->project.p)
		g->project = import_keep(g->r, project);
	if (id.p && kind.p)
		g->sub_agent = !str_is(kind, "main");
}

static uint32_t task_of(struct gemini *g)
{
	struct import_fact facts[] = {{"project", g->project}};
	struct str name = import_name(g->r);
	struct ev_task t;

	if (g->has_task)
		return g->task;
	if (!g->session.p) {
		name.len -= str_ends(name, ".jsonl")  ? strlen(".jsonl")
			    : str_ends(name, ".json") ? strlen(".json")
						      : 0;
		g->session = import_keep(g->r, name);
	}
	import_task_init(g->r, &t);
	t.class_name = STR("coding");
	t.class_rank = CLASS_GUESSED;
	t.ext_id = g->session;
	t.agent = g->sub_agent ? STR(SENDER ":subagent") : STR(SENDER);
	t.attrs = import_facts(g->r, facts, 1);
	g->task = import_task(g->r, &t);
	g->has_task = true;
	return g->task;
}

/* ---- one message ---- */

/* The six counts of a message, USAGE_NONE where it says none. */
static enum usage_quality tokens(const struct json *v, struct usage *u,
				 bool *bad)
{
	int64_t input = field_count(json_get(v, "input"), bad);
	int64_t output = field_count(json_get(v, "output"), bad);
	int64_t cached = field_count(json_get(v, "cached"), bad);
	int64_t thoughts = field_count(json_get(v, "thoughts"), bad);
	int64_t tool = field_count(json_get(v, "tool"), bad);
	enum usage_quality q = QUALITY_EXACT;

	usage_init(u);
	if (input == USAGE_NONE && output == USAGE_NONE)
		return QUALITY_MISSING;
	if (cached == USAGE_NONE)
		q = QUALITY_CACHE_UNKNOWN;
	if (cached > input) { /* some versions: input without the cache */
		q = QUALITY_INFERRED;
		input = input == USAGE_NONE ? USAGE_NONE : input + cached;
	}
	u->n[USAGE_CACHE_READ] = cached;
	if (input != USAGE_NONE)
		u->n[USAGE_UNCACHED_IN] = input - (cached > 0 ? cached : 0) +
					  (tool > 0 ? tool : 0);
	if (output != USAGE_NONE)
		u->n[USAGE_OUTPUT] = output + (thoughts > 0 ? thoughts : 0);
	if (output != USAGE_NONE)
		u->n[USAGE_REASONING] = thoughts;
	return q;
}

static void add_tools(struct gemini *g, struct import_turn *t,
		      const struct json *m, struct import_at at)
{
	const struct json *list = json_get(m, "toolCalls");

	if (!t->a.tool.p && json_present(json_get(m, "content")))
		t->a.step_kind = STEP_COMMUNICATE;
	if (!json_is(list, JSON_ARRAY))
		return;
	for (const struct json *v = json_first(list); v;
	     v = json_next(list, v)) {
		const struct json *status = json_get(v, "status");
		struct str id = text_of(g, json_get(v, "id"));

		import_turn_tool(t, g->r, id, text_of(g, json_get(v, "name")),
				 text_of(g, json_path(v, "args.command")));
		if (!id.p)
			continue;
		if (json_str_is(status, "success"))
			import_turns_result(&g->turns, id, false, at);
		else if (json_str_is(status, "error"))
			import_turns_result(&g->turns, id, true, at);
	}
}

static void start_time(const struct gemini *g, struct ev_attempt *a,
		       int64_t at_us)
{
	a->ended_us = at_us;
	a->started_us = at_us;
	if (g->before_us != TIME_NONE && g->before_us <= at_us &&
	    at_us - g->before_us < START_REACH)
		a->started_us = g->before_us;
}

static void call_seen(struct gemini *g, const struct json *m, struct str id,
		      int64_t at_us, struct import_at at)
{
	struct uuid name, vector[2];
	struct import_turn *t;
	struct ev_attempt a;
	bool bad = false;
	int64_t total;
	int n;

	import_attempt_init(g->r, &a);
	a.quality = tokens(json_get(m, "tokens"), &a.usage, &bad);
	if (bad) {
		import_bad(g->r, at, "calls with impossible token counts",
			   "a token count is negative or no whole number");
		return;
	}
	a.task = task_of(g);
	name = callname_line(STR(SENDER), g->session, id);
	t = import_turns_find(&g->turns, name);
	if (t) { /* a patch, or the same again */
		t->a.usage = a.usage;
		t->a.quality = a.quality;
		t->total = usage_total(&a.usage);
		t->at = at;
		add_tools(g, t, m, at);
		return;
	}
	if (import_turns_seen(&g->turns, name, &total) &&
	    total == usage_total(&a.usage))
		return;
	a.keys[a.n_keys++] = name;
	n = callname_vector(STR(SENDER), g->session, &a.usage, at_us, vector);
	for (int i = 0; i < n; i++) {
		if (!import_turns_seen(&g->turns, vector[i], &total))
			a.keys[a.n_keys++] = vector[i];
	}
	a.model = import_keep(g->r, text_of(g, json_get(m, "model")));
	if (str_starts(a.model, "gemini"))
		a.provider = STR("google");
	start_time(g, &a, at_us);
	t = import_turns_add(&g->turns, name, &a, at);
	for (int i = 0; i < n; i++)
		import_turns_alias(&g->turns, t, vector[i]);
	add_tools(g, t, m, at);
}

static void message_seen(struct gemini *g, const struct json *m,
			 struct import_at at)
{
	int64_t at_us =
		field_time(json_get(m, "timestamp"), import_scratch(g->r));
	struct str id = text_of(g, json_get(m, "id"));

	if (json_str_is(json_get(m, "type"), "gemini")) {
		if (!json_is(json_get(m, "tokens"), JSON_OBJECT))
			import_skip(g->r, "messages without usage");
		else if (!id.p || !text_of(g, json_get(m, "model")).p)
			import_skip(g->r, "messages with an empty id or model");
		else if (at_us == TIME_NONE)
			import_skip(g->r, "messages without a time");
		else
			call_seen(g, m, id, at_us, at);
	}
	if (at_us != TIME_NONE)
		g->before_us = at_us;
}

static void messages_seen(struct gemini *g, const struct json *list,
			  struct import_at at)
{
	if (!json_is(list, JSON_ARRAY))
		return;
	for (const struct json *m = json_first(list); m; m = json_next(list, m))
		message_seen(g, m, at);
}

/* One line, or the whole of an old file. */
static void object_seen(struct gemini *g, const struct json *v,
			struct import_at at)
{
	const struct json *set = json_get(v, "$set");

	head_seen(g, v);
	head_seen(g, set);
	messages_seen(g, json_get(v, "messages"), at);
	messages_seen(g, json_get(set, "messages"), at);
	if (json_present(json_get(v, "type")))
		message_seen(g, v, at);
}

static enum rc parse_whole(struct gemini *g, struct err *e)
{
	const struct json *root = import_whole_json(g->r, e);

	if (!root)
		return RC_BAD;
	if (!json_is(json_get(root, "messages"), JSON_ARRAY))
		return err_set(e, RC_BAD, "no chat of Gemini CLI: no messages");
	object_seen(g, root, IMPORT_NOWHERE);
	return RC_OK;
}

static enum rc gemini_parse(struct import_run *r, struct err *e)
{
	struct gemini g = {.r = r, .before_us = TIME_NONE};
	struct import_line l;
	enum rc rc = RC_OK;

	import_turns_init(&g.turns, r);
	if (str_ends(import_name(r), ".json")) {
		rc = parse_whole(&g, e);
	} else {
		while (import_next_line(r, &l)) {
			const struct json *v = import_line_json(r, &l);

			if (json_is(v, JSON_OBJECT))
				object_seen(&g, v, l.at);
		}
	}
	import_turns_finish(&g.turns);
	return rc;
}

const struct import_kind import_gemini = {
	.name = "gemini",
	.summary = "chats of Gemini CLI (tmp/*/chats/session-*.json[l])",
	.sender = SENDER,
	.rank = RANK_TRANSCRIPT,
	.match = gemini_match,
	.places = gemini_places,
	.parse = gemini_parse,
};
