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
#include "ingest/import_claude.h"
#include "ledger/base/clock.h"

#define START_REACH (3600 * US_PER_SEC)
#define SIDECAR_MAX ((size_t)65536)

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
	type = claude_text(
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
	struct line_time *l = &c->lines[c->n_lines++ % CLAUDE_LINES];

	l->len = uuid.len < sizeof(l->id) ? uuid.len : sizeof(l->id);
	memcpy(l->id, uuid.p, l->len);
	l->at_us = at_us;
}

/* When the parent line was written; else the line before; else not known. */
static int64_t parent_time(const struct claude *c, const struct json *owner)
{
	const struct json *parent = json_get(owner, "parentUuid");
	size_t n = c->n_lines < CLAUDE_LINES ? c->n_lines : CLAUDE_LINES;

	if (!n)
		return TIME_NONE;
	for (size_t i = 1; json_is(parent, JSON_STRING) && i <= n; i++) {
		const struct line_time *l =
			&c->lines[(c->n_lines - i) % CLAUDE_LINES];

		if (l->len == parent->text.len &&
		    !memcmp(l->id, parent->text.p, l->len))
			return l->at_us;
	}
	return c->lines[(c->n_lines - 1) % CLAUDE_LINES].at_us;
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
	struct str s = claude_text(c, json_get(k->owner, "agentId"));

	if (!s.p)
		s = claude_text(c, json_path(k->root, "data.agentId"));
	if (!s.p)
		s = claude_text(c, json_get(k->root, "agentId"));
	if (!k->sidechain && !c->file_agent.p && k->owner == k->root)
		return STR_NONE;
	return s.p ? s : c->file_agent;
}

static struct str agent_name(struct claude *c, const struct claude_call *k)
{
	struct str type = claude_text(c, json_get(k->root, "attributionAgent"));

	if (!type.p)
		type = c->agent_type;
	if (!type.p)
		return STR(CLAUDE_SENDER ":subagent");
	return arena_strf(import_scratch(c->r), CLAUDE_SENDER ":%.*s",
			  STR_ARG(type));
}

static uint32_t claude_task(struct claude *c, const struct claude_call *k)
{
	struct import_fact facts[3];
	struct ev_task t;

	if (c->session.p && str_eq(k->session, c->session) &&
	    str_eq(k->agent, c->agent))
		return c->task;
	facts[0] = (struct import_fact){
		"cwd", claude_text(c, json_get(k->root, "cwd"))};
	facts[1] = (struct import_fact){
		"branch", claude_text(c, json_get(k->root, "gitBranch"))};
	facts[2] = (struct import_fact){
		"version", claude_text(c, json_get(k->root, "version"))};
	import_task_init(c->r, &t);
	t.class_name = STR("coding");
	t.class_rank = CLASS_GUESSED;
	t.ext_id = k->session;
	t.attrs = import_facts(c->r, facts, 3);
	t.agent = STR(CLAUDE_SENDER);
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

/* ---- calls ---- */

/* Fill in what names a call: false, counted, when it cannot be one. */
static bool identify(struct claude *c, struct claude_call *k)
{
	const struct json *session = json_get(k->root, "sessionId");
	const struct json *id = json_get(k->message, "id");
	const struct json *request = json_get(k->owner, "requestId");
	struct str name = import_name(c->r);

	k->session = claude_text(c, session);
	k->id = claude_text(c, id);
	k->request = claude_text(c, request);
	k->model = claude_text(c, json_get(k->message, "model"));
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
	struct str why = claude_text(c, json_get(k->root, "error"));

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
	claude_put_call(c, k);
}

static void billed_call(struct claude *c, struct claude_call *k,
			const struct json *usage)
{
	struct str stop = claude_text(c, json_get(k->message, "stop_reason"));
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
	k->a.reported_cost_pusd = field_usd(json_get(k->owner, "costUSD"));
	k->a.service_tier = import_keep(c->r, anthropic_tier(usage));
	k->has_speed = json_present(json_get(usage, "speed"));
	k->a.finish_reason = import_keep(c->r, stop);
	if (str_is(stop, "refusal"))
		k->a.status = ATTEMPT_REFUSED;
	claude_put_call(c, k);
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
		struct str id = claude_text(c, json_get(b, "tool_use_id"));

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
	k.session = claude_text(c, json_get(root, "sessionId"));
	k.request = claude_text(c, json_get(error, "requestID"));
	if (!k.request.p)
		k.request = claude_text(c, json_get(headers, "request-id"));
	if (!k.session.p || !k.request.p || !c->model.p || at_us == TIME_NONE) {
		import_skip(c->r, "failed requests without an id");
		return;
	}
	k.sidechain = json_true(json_get(root, "isSidechain"));
	k.agent = agent_of(c, &k);
	why = claude_text(c, json_path(error, "error.error.type"));
	if (!why.p)
		why = claude_text(c, json_path(error, "error.type"));
	import_attempt_init(c->r, &k.a);
	k.a.task = claude_task(c, &k);
	times(c, &k, at_us);
	k.a.model = c->model;
	k.a.status = ATTEMPT_ERROR;
	k.a.quality = QUALITY_MISSING;
	k.a.error_class = import_keep(c->r, why.p ? why : STR("api_error"));
	if (json_i64(json_get(root, "retryAttempt"), &n) && n > 0 && n < 1000)
		k.a.attempt_no = (int16_t)n;
	claude_put_call(c, &k);
}

/* The last line of `claude -p --output-format json` or stream-json. */
static void result_seen(struct claude *c, const struct json *root,
			int64_t at_us, struct import_at at)
{
	struct ev_outcome o = {
		.source = STR(CLAUDE_SENDER),
		.key = STR("result"),
		.label = claude_text(c, json_get(root, "subtype")),
		.at_us = at_us,
	};
	struct ev_task t;

	import_task_init(c->r, &t);
	t.class_name = STR("coding");
	t.class_rank = CLASS_GUESSED;
	t.ext_id = claude_text(c, json_get(root, "session_id"));
	t.agent = STR(CLAUDE_SENDER);
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
		field_time(json_get(root, "timestamp"), import_scratch(c->r));
	struct str uuid = claude_text(c, json_get(root, "uuid"));

	if (json_is(json_get(wrapped, "message"), JSON_OBJECT)) {
		int64_t own = field_time(json_get(wrapped, "timestamp"),
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
	.sender = CLAUDE_SENDER,
	.rank = RANK_TRANSCRIPT,
	.match = claude_match,
	.places = claude_places,
	.parse = claude_parse,
};
