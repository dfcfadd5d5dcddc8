/* Calls of Claude Code's transcripts: their names, what of two reports of one
 * call is right, and what the content of a message says about the step. */
#include <string.h>

#include "ingest/callname.h"
#include "ingest/import_claude.h"

/* A string that is there and not empty, or absent. */
struct str claude_text(struct claude *c, const struct json *v)
{
	struct str s = STR_NONE;

	if (json_is(v, JSON_STRING))
		s = json_str(v, import_scratch(c->r));
	return s.len ? s : STR_NONE;
}

/* ---- the content of a message ---- */

static void add_tool(struct claude *c, struct import_turn *t,
		     const struct json *block)
{
	import_turn_tool(t, c->r, claude_text(c, json_get(block, "id")),
			 claude_text(c, json_get(block, "name")),
			 claude_text(c, json_path(block, "input.command")));
}

static void add_content(struct claude *c, struct import_turn *t,
			const struct json *message)
{
	const struct json *list = json_get(message, "content");

	if (!json_is(list, JSON_ARRAY))
		return;
	for (const struct json *b = json_first(list); b;
	     b = json_next(list, b)) {
		const struct json *type = json_get(b, "type");

		if (json_str_is(type, "tool_use") ||
		    json_str_is(type, "server_tool_use"))
			add_tool(c, t, b);
		else if (json_str_is(type, "text") && !t->a.tool.p)
			t->a.step_kind = STEP_COMMUNICATE;
		else if (json_str_is(type, "thinking") && !t->a.tool.p &&
			 t->a.step_kind == STEP_OTHER)
			t->a.step_kind = STEP_PLAN;
	}
}

/* ---- calls ---- */

/* What the new report of a call adds to the one that waits. */
static void merge_call(struct import_turn *t, const struct claude_call *k)
{
	int64_t total = usage_total(&k->a.usage);
	bool better = total > t->total;

	if (total == t->total)
		better = k->a.reported_cost_pusd > t->a.reported_cost_pusd ||
			 (k->a.reported_cost_pusd == t->a.reported_cost_pusd &&
			  k->has_speed);
	if (better) {
		t->a.usage = k->a.usage;
		t->a.quality = k->a.quality;
		t->a.reported_cost_pusd = k->a.reported_cost_pusd;
		t->a.service_tier = k->a.service_tier;
		t->total = total;
	}
	if (t->sidechain && !k->sidechain) {
		t->a.task = k->a.task;
		t->sidechain = false;
	}
	if (k->a.finish_reason.p) {
		t->a.finish_reason = k->a.finish_reason;
		t->a.status = k->a.status;
	}
	if (k->a.ended_us > t->a.ended_us)
		t->a.ended_us = k->a.ended_us;
	if (k->a.started_us < t->a.started_us)
		t->a.started_us = k->a.started_us;
	t->at = k->at;
}

/* The names of a call. *name tells repeats apart within the file. A message id
 * that recurs names a call only together with the request; *loose is that id
 * alone, under which copies in side chains are the same call (nil: none). */
static void call_names(struct claude *c, const struct claude_call *k,
		       struct uuid *name, struct uuid *loose)
{
	struct str sender = STR(CLAUDE_SENDER), line;

	memset(loose, 0, sizeof(*loose));
	if (k->id.p && callname_unique(k->id)) {
		*name = callname_response("anthropic", sender, k->session,
					  k->id);
	} else if (k->id.p) {
		line = arena_strf(import_scratch(c->r), "%.*s %.*s",
				  STR_ARG(k->id), STR_ARG(k->request));
		*name = callname_line(sender, k->session, line);
		*loose = callname_line(sender, k->session, k->id);
	} else if (k->request.p) {
		*name = callname_request(sender, k->session, k->request);
	} else {
		line = claude_text(c, json_get(k->owner, "uuid"));
		if (!line.p)
			line = arena_strf(import_scratch(c->r), "line %lld",
					  (long long)k->at.line);
		*name = callname_line(sender, k->session, line);
	}
}

/* The call that waits and that this is a copy of, or NULL. */
static struct import_turn *find_call(struct claude *c,
				     const struct claude_call *k,
				     struct uuid name, struct uuid loose)
{
	struct import_turn *t = import_turns_find(&c->turns, name);

	if (t || uuid_is_nil(loose))
		return t;
	t = import_turns_find(&c->turns, loose);
	return t && (t->sidechain || k->sidechain) ? t : NULL;
}

static void new_call(struct claude *c, struct claude_call *k, struct uuid name,
		     struct uuid loose)
{
	struct uuid request;
	struct import_turn *t;
	bool own = false;
	int64_t total;

	k->a.keys[k->a.n_keys++] = name;
	if (k->request.p && k->id.p) {
		request = callname_request(STR(CLAUDE_SENDER), k->session,
					   k->request);
		/* Mocks give every call the same request id. */
		own = !import_turns_seen(&c->turns, request, &total);
		if (own)
			k->a.keys[k->a.n_keys++] = request;
	}
	t = import_turns_add(&c->turns, name, &k->a, k->at);
	t->sidechain = k->sidechain;
	if (own)
		import_turns_alias(&c->turns, t, request);
	if (!uuid_is_nil(loose))
		import_turns_alias(&c->turns, t, loose);
	if (k->message)
		add_content(c, t, k->message);
}

void claude_put_call(struct claude *c, struct claude_call *k)
{
	struct uuid name, loose;
	struct import_turn *t;
	int64_t total;

	call_names(c, k, &name, &loose);
	t = find_call(c, k, name, loose);
	if (t) {
		merge_call(t, k);
		add_content(c, t, k->message);
	} else if (!import_turns_seen(&c->turns, name, &total) ||
		   total < usage_total(&k->a.usage)) {
		new_call(c, k, name, loose);
	}
}
