/* Codex's rollouts: sessions/YYYY/MM/DD/rollout-TIME-THREAD.jsonl, and the same
 * under archived_sessions (a copy has the same keys, so it adds nothing).
 *
 * Usage comes as `token_usage_record` (since 0.169), which names the response,
 * followed by an `event_msg` of type `token_count` that repeats it; or, before,
 * as token_count alone, whose identity is the thread's running total. Input
 * includes what was read from and written to the cache; output includes
 * reasoning.
 *
 * A forked or spawned thread's file may begin with a copy of its parent's
 * history (import_codex_replay.c), which is not its own work. The first
 * session_meta of a file is its own; later ones are copies. */
#include <stdlib.h>
#include <string.h>

#include "ingest/callname.h"
#include "ingest/import.h"
#include "ingest/import_codex.h"
#include "ingest/import_turn.h"
#include "ledger/base/clock.h"

#define SENDER         "codex"
#define START_REACH    (3600 * US_PER_SEC)
#define FALLBACK_MODEL "gpt-5" /* files of 2025-09 name none */

struct codex {
	struct import_run *r;
	struct import_turns turns;
	struct import_turn next; /* tools of the call whose usage comes next */
	struct codex_replay replay;
	bool has_meta, has_task;
	uint32_t task;
	struct str thread, model;
	struct codex_usage total; /* running, as the last token_count says */
	bool has_total, has_records;
	int64_t input_us;      /* when the model was last given something */
	int64_t turn_start_us; /* of the turn under way */
	bool turn_first;       /* no call of the turn was seen yet */
	struct uuid turn_call; /* the name of its first call */
	/* The first call of a copy that is only one if another follows within
	 * the same second. */
	bool held;
	struct uuid held_name;
	struct import_turn held_turn;
};

/* ---- where things are ---- */

static struct str base_of(struct str path)
{
	for (size_t i = path.len; i > 0; i--) {
		if (path.p[i - 1] == '/')
			return (struct str){path.p + i, path.len - i};
	}
	return path;
}

static bool codex_match(struct str path)
{
	struct str name = base_of(path);

	return str_starts(name, "rollout-") && str_ends(name, ".jsonl");
}

static void codex_places(struct import_paths *out)
{
	const char *own = getenv("CODEX_HOME"), *home = getenv("HOME");

	if (own && *own) {
		import_paths_add(out, "%s/sessions", own);
		import_paths_add(out, "%s/archived_sessions", own);
	} else if (home) {
		import_paths_add(out, "%s/.codex/sessions", home);
		import_paths_add(out, "%s/.codex/archived_sessions", home);
	}
}

static struct str text_of(struct codex *c, const struct json *v)
{
	struct str s = STR_NONE;

	if (json_is(v, JSON_STRING))
		s = json_str(v, import_scratch(c->r));
	return s.len ? s : STR_NONE;
}

/* ---- the session ---- */

/* rollout-2026-11-23T22-52-58-01a20a9c-....jsonl */
static struct str thread_of_name(struct import_run *r)
{
	struct str s = import_name(r);

	if (str_ends(s, ".jsonl"))
		s.len -= strlen(".jsonl");
	if (s.len > 36)
		return (struct str){s.p + s.len - 36, 36};
	return s;
}

/* The thread that spawned this one; absent for the user's own, forks too. */
static struct str spawner_of(struct codex *c, const struct json *meta)
{
	const struct json *sub = json_path(meta, "source.subagent");
	struct str s =
		text_of(c, json_path(sub, "thread_spawn.parent_thread_id"));

	if (!s.p && (json_present(sub) ||
		     json_str_is(json_get(meta, "thread_source"), "subagent")))
		s = text_of(c, json_get(meta, "parent_thread_id"));
	if (!s.p && json_str_is(json_get(meta, "thread_source"), "subagent"))
		s = text_of(c, json_get(meta, "forked_from_id"));
	return s;
}

static struct str agent_of(struct codex *c, const struct json *meta)
{
	const struct json *sub = json_path(meta, "source.subagent");
	struct str role = text_of(c, json_path(sub, "thread_spawn.agent_role"));

	if (!role.p)
		role = text_of(c, sub); /* "review", "compact" */
	if (!role.p)
		role = text_of(c, json_get(meta, "agent_role"));
	if (role.p)
		return arena_strf(import_scratch(c->r), SENDER ":%.*s",
				  STR_ARG(role));
	return spawner_of(c, meta).p ? STR(SENDER ":subagent") : STR(SENDER);
}

static void session_task(struct codex *c, const struct json *meta)
{
	struct import_fact facts[] = {
		{"cwd", text_of(c, json_get(meta, "cwd"))},
		{"branch", text_of(c, json_path(meta, "git.branch"))},
		{"version", text_of(c, json_get(meta, "cli_version"))},
	};
	struct ev_task t;

	import_task_init(c->r, &t);
	t.class_name = STR("coding");
	t.class_rank = CLASS_GUESSED;
	t.ext_id = c->thread;
	t.parent_ext_id = spawner_of(c, meta);
	if (str_eq(t.parent_ext_id, c->thread))
		t.parent_ext_id = STR_NONE;
	t.agent = agent_of(c, meta);
	t.attrs = import_facts(c->r, facts, 3);
	c->task = import_task(c->r, &t);
	c->has_task = true;
}

static void drop_held(struct codex *c)
{
	if (c->held)
		import_skip(c->r, "replayed calls of a parent thread");
	c->held = false;
}

static void meta_seen(struct codex *c, const struct json *meta)
{
	struct str id = text_of(c, json_get(meta, "id")), lineage;

	if (!id.p)
		id = text_of(c, json_get(meta, "session_id"));
	if (c->has_meta) {
		if (codex_replay_meta(&c->replay, id))
			drop_held(c);
		return;
	}
	c->has_meta = true;
	if (id.p)
		c->thread = import_keep(c->r, id);
	lineage = spawner_of(c, meta);
	if (!lineage.p)
		lineage = text_of(c, json_get(meta, "forked_from_id"));
	if (!lineage.p)
		lineage = text_of(c, json_get(meta, "parent_thread_id"));
	codex_replay_init(
		&c->replay, c->thread, lineage.p != NULL,
		field_time(json_get(meta, "timestamp"), import_scratch(c->r)));
	session_task(c, meta);
}

/* ---- calls ---- */

static bool openai_model(struct str m)
{
	return str_starts(m, "gpt-") || str_starts(m, "chatgpt-") ||
	       str_starts(m, "codex-") ||
	       (m.len >= 2 && m.p[0] == 'o' && m.p[1] >= '1' && m.p[1] <= '9');
}

static void add_key(struct ev_attempt *a, struct uuid key)
{
	if (a->n_keys < EV_KEYS_MAX)
		a->keys[a->n_keys++] = key;
}

/* The name that a running total gives to the call that led to it. */
static struct uuid total_name(struct codex *c, const struct codex_usage *t)
{
	struct str s = arena_strf(
		import_scratch(c->r), "total %lld,%lld,%lld,%lld,%lld",
		(long long)t->in, (long long)t->cached, (long long)t->write,
		(long long)t->out, (long long)t->reasoning);

	return callname_line(STR(SENDER), c->thread, s);
}

static void start_time(const struct codex *c, struct ev_attempt *a,
		       int64_t at_us)
{
	a->ended_us = at_us;
	a->started_us = at_us;
	if (c->input_us != TIME_NONE && c->input_us <= at_us &&
	    at_us - c->input_us < START_REACH)
		a->started_us = c->input_us;
}

/* Make the attempt of one response; its keys are the caller's. */
static void make_call(struct codex *c, const struct codex_usage *u,
		      int64_t at_us, struct ev_attempt *a)
{
	if (!c->has_task)
		session_task(c, NULL);
	import_attempt_init(c->r, a);
	a->task = c->task;
	a->quality = codex_usage_split(u, &a->usage);
	a->model = c->model;
	if (!a->model.p) {
		a->model = STR(FALLBACK_MODEL);
		a->quality = QUALITY_ESTIMATED;
	}
	if (openai_model(a->model))
		a->provider = STR("openai");
	start_time(c, a, at_us);
	a->step_kind = c->next.a.step_kind;
	a->tool = c->next.a.tool;
	a->step_failed = c->next.a.step_failed;
}

static void next_clear(struct codex *c)
{
	c->next = (struct import_turn){.a.step_kind = STEP_OTHER,
				       .a.step_failed = -1};
}

/* Add the call; the tools that its response asked for are those in c->next. */
static void add_call(struct codex *c, struct uuid name,
		     const struct import_turn *call)
{
	struct import_turn *t =
		import_turns_add(&c->turns, name, &call->a, call->at);

	memcpy(t->tools, call->tools, sizeof(t->tools));
	t->n_tools = call->n_tools;
}

static void release_held(struct codex *c)
{
	if (c->held)
		add_call(c, c->held_name, &c->held_turn);
	c->held = false;
}

/* A call of the thread itself, or of the copy at the file's beginning. */
static void put_call(struct codex *c, struct uuid name, struct ev_attempt *a,
		     struct import_at at, bool certain)
{
	struct uuid vector[2];
	enum codex_origin origin =
		codex_replay_judge(&c->replay, a->ended_us, certain);
	int n = callname_vector(STR(SENDER), c->thread, &a->usage, a->ended_us,
				vector);

	for (int i = 0; i < n; i++) {
		/* The same counts twice within a minute: two calls. */
		if (!import_map_get(&c->turns.seen, vector[i]))
			add_key(a, vector[i]);
	}
	c->next.a = *a;
	c->next.at = at;
	if (origin == CODEX_REPLAY) {
		drop_held(c);
		import_skip(c->r, "replayed calls of a parent thread");
	} else if (origin == CODEX_PERHAPS) {
		c->held = true;
		c->held_name = name;
		c->held_turn = c->next;
	} else {
		release_held(c);
		add_call(c, name, &c->next);
		for (int i = 0; i < n; i++)
			import_turns_alias(&c->turns,
					   import_turns_last(&c->turns),
					   vector[i]);
		if (c->turn_first)
			c->turn_call = name;
		c->turn_first = false;
	}
	next_clear(c);
	c->input_us = a->ended_us;
}

static void record_seen(struct codex *c, const struct json *p, int64_t at_us,
			struct import_at at)
{
	struct str id = text_of(c, json_get(p, "response_id"));
	struct codex_usage u, total;
	struct ev_attempt a;
	struct uuid name;
	bool bad = false;

	c->has_records = true;
	if (!codex_usage_read(json_get(p, "usage"), &u, &bad) || bad ||
	    at_us == TIME_NONE) {
		import_bad(c->r, at, "calls with impossible token counts",
			   "usage record without counts or time");
		return;
	}
	codex_replay_turn(&c->replay, text_of(c, json_get(p, "turn_id")));
	if (codex_usage_read(json_get(p, "thread_token_usage"), &total, &bad))
		name = total_name(c, &total);
	else if (id.p)
		name = callname_line(STR(SENDER), c->thread, id);
	else
		name = callname_line(STR(SENDER), c->thread,
				     json_get(p, "usage")->text);
	make_call(c, &u, at_us, &a);
	if (id.p)
		add_key(&a, callname_response("openai", STR(SENDER), c->thread,
					      id));
	add_key(&a, name);
	if (!import_map_get(&c->turns.seen, name))
		put_call(c, name, &a, at, true);
}

static void count_seen(struct codex *c, const struct json *info, int64_t at_us,
		       struct import_at at)
{
	struct codex_usage total = {0}, last = {0};
	bool bad = false, has_total, has_last;
	struct ev_attempt a;
	struct uuid name;

	has_total = codex_usage_read(json_get(info, "total_token_usage"),
				     &total, &bad);
	has_last = codex_usage_read(json_get(info, "last_token_usage"), &last,
				    &bad);
	if (bad) {
		import_bad(c->r, at, "calls with impossible token counts",
			   "a token count is negative or no whole number");
		return;
	}
	if (has_total && !has_last)
		codex_usage_less(&total, c->has_total ? &c->total : NULL,
				 &last);
	if (has_total) {
		c->total = total;
		c->has_total = true;
	}
	if (c->has_records || (!has_total && !has_last) ||
	    codex_usage_zero(&last))
		return; /* told by its record, or no news */
	if (at_us == TIME_NONE) {
		import_skip(c->r, "token counts without a time");
		return;
	}
	if (has_total)
		name = total_name(c, &total);
	else
		name = callname_line(
			STR(SENDER), c->thread,
			arena_strf(import_scratch(c->r), "%lld %.*s",
				   (long long)at_us,
				   STR_ARG(json_get(info, "last_token_usage")
						   ->text)));
	if (import_map_get(&c->turns.seen, name) ||
	    (c->held && uuid_eq(c->held_name, name)))
		return; /* the same count again, as after each rate limit */
	make_call(c, &last, at_us, &a);
	add_key(&a, name);
	put_call(c, name, &a, at, false);
}

/* ---- turns and tools ---- */

static void turn_started(struct codex *c, const struct json *p, int64_t at_us)
{
	codex_replay_turn(&c->replay, text_of(c, json_get(p, "turn_id")));
	c->turn_start_us = at_us;
	c->turn_first = true;
	c->input_us = at_us;
}

/* {"type":"task_complete","duration_ms":123,"time_to_first_token_ms":110} */
static void turn_completed(struct codex *c, const struct json *p)
{
	struct import_turn *t;
	int64_t ms;

	if (c->turn_first || c->turn_start_us == TIME_NONE ||
	    !json_i64(json_get(p, "time_to_first_token_ms"), &ms) || ms < 0 ||
	    ms > INT64_C(3600000))
		return;
	t = import_turns_find(&c->turns, c->turn_call);
	if (t && c->turn_start_us + ms * 1000 <= t->a.ended_us &&
	    c->turn_start_us + ms * 1000 >= t->a.started_us)
		t->a.first_token_us = c->turn_start_us + ms * 1000;
}

static void tool_failed(struct codex *c, struct str id, bool failed,
			struct import_at at)
{
	if (!id.p)
		return;
	if (import_turn_has(&c->next, id)) {
		if (c->next.a.step_failed != 1)
			c->next.a.step_failed = failed ? 1 : 0;
	} else {
		import_turns_result(&c->turns, id, failed, at);
	}
}

static void item_seen(struct codex *c, const struct json *p, int64_t at_us,
		      struct import_at at)
{
	struct str type = text_of(c, json_get(p, "type"));
	struct str id = text_of(c, json_get(p, "call_id"));
	int failed;

	if (str_ends(type, "_call")) {
		struct str tool, command;

		codex_tool(c->r, p, &tool, &command);
		import_turn_tool(&c->next, c->r, id, tool, command);
	} else if (str_ends(type, "_call_output")) {
		failed = codex_output_failed(c->r, p);
		if (failed >= 0)
			tool_failed(c, id, failed > 0, at);
		c->input_us = at_us;
	} else if (str_is(type, "message")) {
		if (json_str_is(json_get(p, "role"), "user"))
			c->input_us = at_us;
		else if (json_str_is(json_get(p, "role"), "assistant") &&
			 !c->next.a.tool.p)
			c->next.a.step_kind = STEP_COMMUNICATE;
	}
}

static void event_seen(struct codex *c, const struct json *p, int64_t at_us,
		       struct import_at at)
{
	const struct json *type = json_get(p, "type");
	int64_t code;

	if (json_str_is(type, "token_count"))
		count_seen(c, json_get(p, "info"), at_us, at);
	else if (json_str_is(type, "task_started") ||
		 json_str_is(type, "turn_started"))
		turn_started(c, p, at_us);
	else if (json_str_is(type, "task_complete") ||
		 json_str_is(type, "turn_complete"))
		turn_completed(c, p);
	else if (json_str_is(type, "exec_command_end") &&
		 json_i64(json_get(p, "exit_code"), &code))
		tool_failed(c, text_of(c, json_get(p, "call_id")), code != 0,
			    at);
}

static void context_seen(struct codex *c, const struct json *p)
{
	struct str model = text_of(c, json_get(p, "model"));

	codex_replay_turn(&c->replay, text_of(c, json_get(p, "turn_id")));
	if (model.p)
		c->model = import_keep(c->r, model);
}

static void line_seen(struct codex *c, const struct json *root,
		      struct import_at at)
{
	const struct json *type = json_get(root, "type");
	const struct json *p = json_get(root, "payload");
	int64_t at_us =
		field_time(json_get(root, "timestamp"), import_scratch(c->r));

	if (json_str_is(type, "session_meta"))
		meta_seen(c, p);
	else if (json_str_is(type, "turn_context"))
		context_seen(c, p);
	else if (json_str_is(type, "token_usage_record"))
		record_seen(c, p, at_us, at);
	else if (json_str_is(type, "event_msg"))
		event_seen(c, p, at_us, at);
	else if (json_str_is(type, "response_item"))
		item_seen(c, p, at_us, at);
	else if (json_str_is(type, "turn.completed"))
		import_skip(c->r, "events of `codex exec --json`, which have "
				  "no time and no model");
}

/* Whether a line can matter: large ones that never do are told by how they
 * begin, since these keys come first. */
static bool worth_parsing(struct str line)
{
	static const char *const not [] = {
		"\"type\":\"world_state\"",
		"\"type\":\"compacted\"",
		"\"payload\":{\"type\":\"reasoning\"",
		"\"payload\":{\"type\":\"agent_reasoning",
		"\"payload\":{\"type\":\"additional_tools\"",
	};
	size_t n = line.len < 160 ? line.len : 160;

	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++) {
		if (memmem(line.p, n, not [i], strlen(not [i])))
			return false;
	}
	return true;
}

static enum rc codex_parse(struct import_run *r, struct err *e)
{
	struct codex *c = arena_alloc(import_arena(r), sizeof(*c));
	struct import_line l;

	(void)e;
	if (!c)
		return RC_OK;
	*c = (struct codex){
		.r = r, .input_us = TIME_NONE, .turn_start_us = TIME_NONE};
	c->thread = import_keep(r, thread_of_name(r));
	next_clear(c);
	import_turns_init(&c->turns, r);
	while (import_next_line(r, &l)) {
		const struct json *root;

		if (!l.partial && !worth_parsing(l.text))
			continue;
		root = import_line_json(r, &l);
		if (json_is(root, JSON_OBJECT))
			line_seen(c, root, l.at);
	}
	release_held(c);
	import_turns_finish(&c->turns);
	return RC_OK;
}

const struct import_kind import_codex = {
	.name = "codex",
	.summary = "rollouts of Codex (sessions/**/rollout-*.jsonl)",
	.sender = SENDER,
	.rank = RANK_TRANSCRIPT,
	.match = codex_match,
	.places = codex_places,
	.parse = codex_parse,
};
