/* Claude Code's transcripts: projects/FOLDER/SESSION.jsonl and, for sub-agents,
 * SESSION/subagents/agent-ID.jsonl (older: agent-ID.jsonl beside the session).
 *
 * One response of the API is a line for each block of its content, each with
 * the whole usage. The call's name is message.id; requestId is a further name,
 * under which the client's own telemetry knows it. Copies of a call (resumed
 * and forked sessions, side questions, progress messages that wrap a
 * sub-agent's message) have the same names. Of two reports the one with more
 * tokens wins, then the dearer, then the one that knows the speed; a copy
 * inside a side chain gives way to the original.
 *
 * Time: `timestamp` of the last line of a call is its end, that of its parent
 * line (what was sent to the model) its start, when the two are less than an
 * hour apart. The day in the ledger follows from the start.
 *
 * Not calls: "<synthetic>" messages, which the client makes itself (of these,
 * errors of the API that carry a request id become failed attempts without
 * usage); messages without usage; the messages of `claude -p --output-format
 * stream-json`, which have no time and a provisional usage. The `result` line
 * of that format is an outcome. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/anthropic_usage.h"
#include "ingest/callname.h"
#include "ingest/import.h"
#include "ingest/import_turn.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"

#define SENDER      "claude-code"
#define START_REACH (3600 * US_PER_SEC)
#define LINES_KEPT  64
#define SIDECAR_MAX ((size_t)65536)

/* A recent line, as a possible parent. */
struct line_time {
	char id[48];
	size_t len;
	int64_t at_us;
};

struct claude {
	struct import_run *r;
	struct import_turns turns;
	struct line_time lines[LINES_KEPT]; /* ring */
	size_t n_lines;
	struct str file_agent; /* of agent-ID.jsonl, or absent */
	struct str agent_type; /* of its .meta.json, or absent */
	/* The task of the last call, which the next one mostly shares. */
	struct str session, agent;
	uint32_t task;
	struct str model; /* last one that served, for failed requests */
};

/* One message with usage, wherever the line holds it. */
struct claude_call {
	const struct json *root, *owner, *message;
	struct import_at at;
	struct str session, agent, id, request, model;
	bool sidechain;
	struct ev_attempt a;
	bool has_speed;
};

/* ---- where things are ---- */

static bool claude_match(struct str path)
{
	return str_ends(path, ".jsonl");
}

static void claude_places(struct import_paths *out)
{
	const char *dirs = getenv("CLAUDE_CONFIG_DIR");
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (dirs && *dirs) {
		while (*dirs) {
			size_t n = strcspn(dirs, ",");

			if (n)
				import_paths_add(out, "%.*s/projects", (int)n,
						 dirs);
			dirs += n + (dirs[n] == ',');
		}
		return;
	}
	if (config && *config)
		import_paths_add(out, "%s/claude/projects", config);
	else if (home)
		import_paths_add(out, "%s/.config/claude/projects", home);
	if (home)
		import_paths_add(out, "%s/.claude/projects", home);
}

/* A string that is there and not empty, or absent. */
static struct str text_of(struct claude *c, const struct json *v)
{
	struct str s = STR_NONE;

	if (json_is(v, JSON_STRING))
		s = json_str(v, import_scratch(c->r));
	return s.len ? s : STR_NONE;
}

/* The type of a sub-agent, which stands in a small file beside its own. */
static struct str read_agent_type(struct claude *c)
{
	struct str path = import_path(c->r), name, type;
	char *body;
	ssize_t n;
	int fd;

	if (str_ends(path, ".gz"))
		path.len -= 3;
	if (!str_ends(path, ".jsonl"))
		return STR_NONE;
	path.len -= strlen(".jsonl");
	name = arena_strf(import_scratch(c->r), "%.*s.meta.json",
			  STR_ARG(path));
	body = arena_alloc(import_scratch(c->r), SIDECAR_MAX);
	fd = name.p && body ? open(name.p, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return STR_NONE;
	n = read(fd, body, SIDECAR_MAX);
	close(fd);
	type = text_of(
		c,
		json_get(import_json(c->r,
				     (struct str){body, n > 0 ? (size_t)n : 0},
				     NULL),
			 "agentType"));
	return import_keep(c->r, type);
}

static void claude_begin(struct claude *c, struct import_run *r)
{
	struct str name = import_name(r);

	*c = (struct claude){.r = r};
	import_turns_init(&c->turns, r);
	if (!str_starts(name, "agent-") || !str_ends(name, ".jsonl"))
		return;
	name.p += strlen("agent-");
	name.len -= strlen("agent-") + strlen(".jsonl");
	if (name.len)
		c->file_agent = import_keep(r, name);
	c->agent_type = read_agent_type(c);
}

/* ---- times ---- */

static void line_seen(struct claude *c, struct str uuid, int64_t at_us)
{
	struct line_time *l = &c->lines[c->n_lines++ % LINES_KEPT];

	l->len = uuid.len < sizeof(l->id) ? uuid.len : sizeof(l->id);
	memcpy(l->id, uuid.p, l->len);
	l->at_us = at_us;
}

/* When the parent line was written; else the line before; else not known. */
static int64_t parent_time(const struct claude *c, const struct json *owner)
{
	const struct json *parent = json_get(owner, "parentUuid");
	size_t n = c->n_lines < LINES_KEPT ? c->n_lines : LINES_KEPT;

	if (!n)
		return TIME_NONE;
	for (size_t i = 1; json_is(parent, JSON_STRING) && i <= n; i++) {
		const struct line_time *l =
			&c->lines[(c->n_lines - i) % LINES_KEPT];

		if (l->len == parent->text.len &&
		    !memcmp(l->id, parent->text.p, l->len))
			return l->at_us;
	}
	return c->lines[(c->n_lines - 1) % LINES_KEPT].at_us;
}

static void times(const struct claude *c, struct claude_call *k, int64_t at_us)
{
	int64_t from = parent_time(c, k->owner);

	k->a.ended_us = at_us;
	k->a.started_us = at_us;
	if (from != TIME_NONE && from <= at_us && at_us - from < START_REACH)
		k->a.started_us = from;
}

/* ---- tasks ---- */

/* The sub-agent whose work a line is; absent: the session's own. */
static struct str agent_of(struct claude *c, const struct claude_call *k)
{
	struct str s = text_of(c, json_get(k->owner, "agentId"));

	if (!s.p)
		s = text_of(c, json_path(k->root, "data.agentId"));
	if (!s.p)
		s = text_of(c, json_get(k->root, "agentId"));
	if (!k->sidechain && !c->file_agent.p && k->owner == k->root)
		return STR_NONE;
	return s.p ? s : c->file_agent;
}

static struct str agent_name(struct claude *c, const struct claude_call *k)
{
	struct str type = text_of(c, json_get(k->root, "attributionAgent"));

	if (!type.p)
		type = c->agent_type;
	if (!type.p)
		return STR(SENDER ":subagent");
	return arena_strf(import_scratch(c->r), SENDER ":%.*s", STR_ARG(type));
}

static uint32_t claude_task(struct claude *c, const struct claude_call *k)
{
	struct import_fact facts[] = {
		{"cwd", text_of(c, json_get(k->root, "cwd"))},
		{"branch", text_of(c, json_get(k->root, "gitBranch"))},
		{"version", text_of(c, json_get(k->root, "version"))},
	};
	struct ev_task t;

	if (c->session.p && str_eq(k->session, c->session) &&
	    str_eq(k->agent, c->agent))
		return c->task;
	import_task_init(c->r, &t);
	t.class_name = STR("coding");
	t.class_rank = CLASS_GUESSED;
	t.ext_id = k->session;
	t.attrs = import_facts(c->r, facts, 3);
	t.agent = STR(SENDER);
	if (k->agent.p) {
		t.parent_ext_id = k->session;
		t.ext_id = arena_strf(import_scratch(c->r), "%.*s/%.*s",
				      STR_ARG(k->session), STR_ARG(k->agent));
		t.agent = agent_name(c, k);
	}
	c->session = import_keep(c->r, k->session);
	c->agent = import_keep(c->r, k->agent);
	c->task = import_task(c->r, &t);
	return c->task;
}

/* ---- the content of a message ---- */

static void add_tool(struct claude *c, struct import_turn *t,
		     const struct json *block)
{
	import_turn_tool(t, c->r, text_of(c, json_get(block, "id")),
			 text_of(c, json_get(block, "name")),
			 text_of(c, json_path(block, "input.command")));
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
	struct str sender = STR(SENDER), line;

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
		line = text_of(c, json_get(k->owner, "uuid"));
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
		request = callname_request(STR(SENDER), k->session, k->request);
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

static void put_call(struct claude *c, struct claude_call *k)
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

/* Fill in what names a call: false, counted, when it cannot be one. */
static bool identify(struct claude *c, struct claude_call *k)
{
	const struct json *session = json_get(k->root, "sessionId");
	const struct json *id = json_get(k->message, "id");
	const struct json *request = json_get(k->owner, "requestId");
	struct str name = import_name(c->r);

	k->session = text_of(c, session);
	k->id = text_of(c, id);
	k->request = text_of(c, request);
	k->model = text_of(c, json_get(k->message, "model"));
	if ((json_is(session, JSON_STRING) && !k->session.p) ||
	    (json_is(id, JSON_STRING) && !k->id.p) ||
	    (json_is(request, JSON_STRING) && !k->request.p) || !k->model.p) {
		import_skip(c->r, "messages with an empty id or model");
		return false;
	}
	if (!k->session.p) { /* the oldest versions named only the file */
		if (str_ends(name, ".jsonl"))
			name.len -= strlen(".jsonl");
		k->session = name;
	}
	k->sidechain = json_true(json_get(k->owner, "isSidechain")) ||
		       json_true(json_get(k->root, "isSidechain"));
	k->agent = agent_of(c, k);
	return true;
}

static void failed_call(struct claude *c, struct claude_call *k)
{
	struct str why = text_of(c, json_get(k->root, "error"));

	if (!k->request.p || !c->model.p) {
		import_skip(c->r, "synthetic messages");
		return;
	}
	k->id = STR_NONE;
	k->a.model = c->model;
	k->a.status = ATTEMPT_ERROR;
	k->a.quality = QUALITY_MISSING;
	k->a.error_class = import_keep(c->r, why.p ? why : STR("api_error"));
	k->message = NULL;
	put_call(c, k);
}

static void billed_call(struct claude *c, struct claude_call *k,
			const struct json *usage)
{
	struct str stop = text_of(c, json_get(k->message, "stop_reason"));
	bool bad = false;

	k->a.quality = anthropic_usage(usage, &k->a.usage, &bad);
	if (bad) {
		import_bad(c->r, k->at, "calls with impossible token counts",
			   "a token count is negative or no whole number");
		return;
	}
	if (!c->model.p || !str_eq(c->model, k->model))
		c->model = import_keep(c->r, k->model);
	k->a.model = c->model;
	if (str_starts(k->model, "claude-"))
		k->a.provider = STR("anthropic");
	k->a.reported_cost_pusd = import_usd(json_get(k->owner, "costUSD"));
	k->a.service_tier = import_keep(c->r, anthropic_tier(usage));
	k->has_speed = json_present(json_get(usage, "speed"));
	k->a.finish_reason = import_keep(c->r, stop);
	if (str_is(stop, "refusal"))
		k->a.status = ATTEMPT_REFUSED;
	put_call(c, k);
}

/* A line, or a progress message in it (`owner`), that holds a message. */
static void message_seen(struct claude *c, const struct json *root,
			 const struct json *owner, int64_t at_us,
			 struct import_at at)
{
	struct claude_call k = {
		.root = root,
		.owner = owner,
		.message = json_get(owner, "message"),
		.at = at,
	};
	const struct json *usage = json_get(k.message, "usage");

	if (!json_is(usage, JSON_OBJECT)) {
		if (json_str_is(json_get(root, "type"), "assistant"))
			import_skip(c->r, "messages without usage");
		return;
	}
	if (!identify(c, &k))
		return;
	if (at_us == TIME_NONE) {
		import_skip(c->r, "messages without a time");
		return;
	}
	import_attempt_init(c->r, &k.a);
	k.a.task = claude_task(c, &k);
	times(c, &k, at_us);
	if (str_is(k.model, "<synthetic>") ||
	    json_true(json_get(root, "isApiErrorMessage")))
		failed_call(c, &k);
	else
		billed_call(c, &k, usage);
}

/* ---- other lines ---- */

static void results_seen(struct claude *c, const struct json *root,
			 struct import_at at)
{
	const struct json *list = json_path(root, "message.content");

	if (!json_is(list, JSON_ARRAY))
		return;
	for (const struct json *b = json_first(list); b;
	     b = json_next(list, b)) {
		struct str id = text_of(c, json_get(b, "tool_use_id"));

		if (id.p && json_str_is(json_get(b, "type"), "tool_result"))
			import_turns_result(&c->turns, id,
					    json_true(json_get(b, "is_error")),
					    at);
	}
}

/* A request that failed and was tried again: {"type":"system",
 * "subtype":"api_error","retryAttempt":1,"error":{"requestID":...}}. */
static void retry_seen(struct claude *c, const struct json *root, int64_t at_us,
		       struct import_at at)
{
	const struct json *error = json_get(root, "error"), *headers;
	struct claude_call k = {.root = root, .owner = root, .at = at};
	struct str why;
	int64_t n;

	headers = json_get(error, "headers");
	k.session = text_of(c, json_get(root, "sessionId"));
	k.request = text_of(c, json_get(error, "requestID"));
	if (!k.request.p)
		k.request = text_of(c, json_get(headers, "request-id"));
	if (!k.session.p || !k.request.p || !c->model.p || at_us == TIME_NONE) {
		import_skip(c->r, "failed requests without an id");
		return;
	}
	k.sidechain = json_true(json_get(root, "isSidechain"));
	k.agent = agent_of(c, &k);
	why = text_of(c, json_path(error, "error.error.type"));
	if (!why.p)
		why = text_of(c, json_path(error, "error.type"));
	import_attempt_init(c->r, &k.a);
	k.a.task = claude_task(c, &k);
	times(c, &k, at_us);
	k.a.model = c->model;
	k.a.status = ATTEMPT_ERROR;
	k.a.quality = QUALITY_MISSING;
	k.a.error_class = import_keep(c->r, why.p ? why : STR("api_error"));
	if (json_i64(json_get(root, "retryAttempt"), &n) && n > 0 && n < 1000)
		k.a.attempt_no = (int16_t)n;
	put_call(c, &k);
}

/* The last line of `claude -p --output-format json` or stream-json. */
static void result_seen(struct claude *c, const struct json *root,
			int64_t at_us, struct import_at at)
{
	struct ev_outcome o = {
		.source = STR(SENDER),
		.key = STR("result"),
		.label = text_of(c, json_get(root, "subtype")),
		.at_us = at_us,
	};
	struct ev_task t;
	t.class_name = STR("coding");
	t.class_rank = CLASS_GUESSED;

	import_task_init(c->r, &t);
	t.ext_id = text_of(c, json_get(root, "session_id"));
	t.agent = STR(SENDER);
	if (!t.ext_id.p) {
		import_skip(c->r, "results without a session");
		return;
	}
	o.task = import_task(c->r, &t);
	o.success_micro = json_true(json_get(root, "is_error")) ? 0 : 1000000;
	import_outcome(c->r, &o, at);
}

static void line_of(struct claude *c, const struct json *root,
		    struct import_at at)
{
	const struct json *type = json_get(root, "type");
	const struct json *wrapped = json_path(root, "data.message");
	int64_t at_us =
		import_time(json_get(root, "timestamp"), import_scratch(c->r));
	struct str uuid = text_of(c, json_get(root, "uuid"));

	if (json_is(json_get(wrapped, "message"), JSON_OBJECT)) {
		int64_t own = import_time(json_get(wrapped, "timestamp"),
					  import_scratch(c->r));

		message_seen(c, root, wrapped, own == TIME_NONE ? at_us : own,
			     at);
	} else if (json_str_is(type, "user")) {
		results_seen(c, root, at);
	} else if (json_is(json_get(root, "message"), JSON_OBJECT)) {
		message_seen(c, root, root, at_us, at);
	} else if (json_str_is(type, "result")) {
		result_seen(c, root, at_us, at);
	} else if (json_str_is(type, "system") &&
		   json_str_is(json_get(root, "subtype"), "api_error")) {
		retry_seen(c, root, at_us, at);
	}
	if (uuid.p && at_us != TIME_NONE)
		line_seen(c, uuid, at_us);
}

static bool has(struct str s, const char *token)
{
	return memmem(s.p, s.len, token, strlen(token)) != NULL;
}

/* Whether a line can matter. Inside a JSON string a quote has a backslash
 * before it, so these tokens can only be real keys and values. */
static bool worth_parsing(struct str line)
{
	if (has(line, "\"usage\""))
		return true;
	if (has(line, "\"type\":\"progress\""))
		return false;
	return has(line, "\"uuid\"") || has(line, "\"result\"");
}

static enum rc claude_parse(struct import_run *r, struct err *e)
{
	struct claude *c = arena_alloc(import_arena(r), sizeof(*c));
	struct import_line l;

	(void)e;
	if (!c)
		return RC_OK;
	claude_begin(c, r);
	while (import_next_line(r, &l)) {
		const struct json *root;

		if (!l.partial && !worth_parsing(l.text))
			continue;
		root = import_line_json(r, &l);
		if (json_is(root, JSON_OBJECT))
			line_of(c, root, l.at);
		for (const struct json *v = json_is(root, JSON_ARRAY)
						    ? json_first(root)
						    : NULL;
		     v; v = json_next(root, v))
			line_of(c, v, l.at);
	}
	import_turns_finish(&c->turns);
	return RC_OK;
}

const struct import_kind import_claude_code = {
	.name = "claude-code",
	.summary = "transcripts of Claude Code (projects/**/*.jsonl)",
	.sender = SENDER,
	.rank = RANK_TRANSCRIPT,
	.match = claude_match,
	.places = claude_places,
	.parse = claude_parse,
};
