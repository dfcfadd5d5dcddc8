/* Counts, replayed history and tools of Codex's rollouts. */
#include <stdlib.h>
#include <string.h>

#include "ingest/import_codex.h"
#include "ledger/base/clock.h"

/* ---- counts ---- */

bool codex_usage_read(const struct json *v, struct codex_usage *u, bool *bad)
{
	if (!json_is(v, JSON_OBJECT))
		return false;
	u->in = field_count(json_get(v, "input_tokens"), bad);
	u->cached = field_count(json_get(v, "cached_input_tokens"), bad);
	u->write = field_count(json_get(v, "cache_write_input_tokens"), bad);
	u->out = field_count(json_get(v, "output_tokens"), bad);
	u->reasoning = field_count(json_get(v, "reasoning_output_tokens"), bad);
	return true;
}

bool codex_usage_zero(const struct codex_usage *u)
{
	return u->in <= 0 && u->cached <= 0 && u->write <= 0 && u->out <= 0 &&
	       u->reasoning <= 0;
}

static int64_t grown(int64_t now, int64_t before)
{
	if (now == USAGE_NONE || before <= 0)
		return now;
	return now - before;
}

void codex_usage_less(const struct codex_usage *total,
		      const struct codex_usage *before, struct codex_usage *out)
{
	*out = *total;
	if (!before || before->in > total->in || before->out > total->out ||
	    before->cached > total->cached || before->write > total->write ||
	    before->reasoning > total->reasoning)
		return;
	out->in = grown(total->in, before->in);
	out->cached = grown(total->cached, before->cached);
	out->write = grown(total->write, before->write);
	out->out = grown(total->out, before->out);
	out->reasoning = grown(total->reasoning, before->reasoning);
}

static int64_t at_most(int64_t n, int64_t limit)
{
	return n > limit ? limit : n;
}

enum usage_quality codex_usage_split(const struct codex_usage *v,
				     struct usage *u)
{
	int64_t rest = v->in, cached, write;

	usage_init(u);
	if (v->in == USAGE_NONE && v->out == USAGE_NONE)
		return QUALITY_MISSING;
	cached = at_most(v->cached, rest < 0 ? 0 : rest);
	if (rest != USAGE_NONE && cached > 0)
		rest -= cached;
	write = at_most(v->write, rest < 0 ? 0 : rest);
	if (rest != USAGE_NONE && write > 0)
		rest -= write;
	u->n[USAGE_UNCACHED_IN] = rest;
	u->n[USAGE_CACHE_READ] = cached;
	u->n[USAGE_CACHE_WRITE_5M] = write;
	u->n[USAGE_OUTPUT] = v->out;
	u->n[USAGE_REASONING] = v->out == USAGE_NONE
					? USAGE_NONE
					: at_most(v->reasoning, v->out);
	return v->cached == USAGE_NONE ? QUALITY_CACHE_UNKNOWN : QUALITY_EXACT;
}

/* ---- replayed history ---- */

/* Milliseconds since 1970 in a UUID of version 7, else -1. */
static int64_t uuid_ms(struct str s)
{
	struct uuid u;
	int64_t ms = 0;

	if (!s.p || s.len > 40 || !uuid_parse(s, &u) || (u.b[6] >> 4) != 7)
		return -1;
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | u.b[i];
	return ms;
}

void codex_replay_init(struct codex_replay *p, struct str thread,
		       bool has_parent, int64_t began_us)
{
	*p = (struct codex_replay){
		.thread = thread,
		.thread_ms = uuid_ms(thread),
		.turn_ms = -1,
		.began_us = began_us,
		.possible = has_parent,
	};
}

bool codex_replay_meta(struct codex_replay *p, struct str id)
{
	bool own = str_eq(id, p->thread);
	bool ended = own && p->copied_meta && !p->over;

	p->copied_meta = p->copied_meta || !own;
	p->over = p->over || ended;
	return ended;
}

void codex_replay_turn(struct codex_replay *p, struct str turn_id)
{
	if (turn_id.p)
		p->turn_ms = uuid_ms(turn_id);
}

enum codex_origin codex_replay_judge(struct codex_replay *p, int64_t at_us,
				     bool certain)
{
	int64_t second = at_us / US_PER_SEC;

	if (!p->possible || p->over)
		return CODEX_OWN;
	if (p->thread_ms >= 0 && p->turn_ms >= 0) {
		p->over = p->turn_ms >= p->thread_ms;
		return p->over ? CODEX_OWN : CODEX_REPLAY;
	}
	if (p->began_us != TIME_NONE && at_us < p->began_us)
		return CODEX_REPLAY;
	if (certain) {
		p->over = true;
		return CODEX_OWN;
	}
	if (!p->leading) {
		p->leading = true;
		p->first_s = second;
		return CODEX_PERHAPS;
	}
	if (second == p->first_s)
		return CODEX_REPLAY;
	p->over = true;
	return CODEX_OWN;
}

/* ---- tools ---- */

static struct str text_of(struct import_run *r, const struct json *v)
{
	return json_is(v, JSON_STRING) ? json_str(v, import_scratch(r))
				       : STR_NONE;
}

/* ["bash","-lc","make test"], or the words of a command without a shell. */
static struct str joined(struct import_run *r, const struct json *list)
{
	struct str all = STR_NONE;
	int n = 0;

	for (const struct json *v = json_first(list); v && n < 16;
	     v = json_next(list, v), n++) {
		struct str s = text_of(r, v);

		if (n == 2 && (str_ends(all, " -lc") || str_ends(all, " -c")))
			return s;
		all = n ? arena_strf(import_scratch(r), "%.*s %.*s",
				     STR_ARG(all), STR_ARG(s))
			: s;
	}
	return all;
}

static struct str command_in(struct import_run *r, const struct json *args)
{
	const struct json *v = json_get(args, "command");

	if (!json_present(v))
		v = json_get(args, "cmd");
	return json_is(v, JSON_ARRAY) ? joined(r, v) : text_of(r, v);
}

/* The newer shell is a program in JavaScript that calls
 * tools.exec_command({"cmd":"..."}): the first such string. */
static struct str command_in_program(struct str s)
{
	const char *end = s.p + s.len;
	const char *p = s.len ? memmem(s.p, s.len, "cmd", 3) : NULL;
	const char *from;
	char quote;

	if (!p)
		return STR_NONE;
	for (p += 3; p < end && strchr("\": \t\\", *p); p++) {
		if (*p == '"' && p[-1] != 'd')
			break;
	}
	if (p >= end || !strchr("\"'`", *p))
		return STR_NONE;
	quote = *p++;
	for (from = p; p < end && *p != quote; p++) {
		if (*p == '\\')
			p++;
	}
	return (struct str){from, (size_t)((p < end ? p : end) - from)};
}

void codex_tool(struct import_run *r, const struct json *item, struct str *tool,
		struct str *command)
{
	struct str args = text_of(r, json_get(item, "arguments"));
	struct str input = text_of(r, json_get(item, "input"));

	*tool = text_of(r, json_get(item, "name"));
	if (!tool->p)
		*tool = text_of(r, json_get(item, "type"));
	*command = command_in(r, json_get(item, "action"));
	if (!command->p && args.p)
		*command = command_in(r, import_json(r, args, NULL));
	if (!command->p && input.p && !str_is(*tool, "apply_patch"))
		*command = command_in_program(input);
	if (str_contains(input, "apply_patch") ||
	    (command->p && str_contains(*command, "*** Begin Patch")))
		*tool = STR("apply_patch");
}

/* "Exit code: 1", "Process exited with code 1": the number, or -1. */
static int code_after(struct str s, const char *words)
{
	size_t look = s.len < 600 ? s.len : 600, n = strlen(words);
	const char *p = look ? memmem(s.p, look, words, n) : NULL;
	int code = 0;

	if (!p)
		return -1;
	p += n;
	if (p >= s.p + s.len || *p < '0' || *p > '9')
		return -1;
	for (; p < s.p + s.len && *p >= '0' && *p <= '9' && code < 1000; p++)
		code = code * 10 + (*p - '0');
	return code;
}

int codex_output_failed(struct import_run *r, const struct json *item)
{
	const struct json *v = json_get(item, "output");
	struct str text;
	int64_t n;
	int code;

	if (json_is(v, JSON_OBJECT)) {
		const struct json *ok = json_get(v, "success");

		if (json_is(ok, JSON_FALSE))
			return 1;
		if (json_true(ok))
			return 0;
		v = json_get(v, "content");
	}
	text = text_of(r, v);
	if (text.len && text.p[0] == '{' &&
	    json_i64(
		    json_path(import_json(r, text, NULL), "metadata.exit_code"),
		    &n))
		return n != 0;
	code = code_after(text, "xit code: ");
	if (code < 0)
		code = code_after(text, "exited with code ");
	return code < 0 ? -1 : code > 0;
}
