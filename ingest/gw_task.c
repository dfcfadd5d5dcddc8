/* Whose call it is: the task by what known clients send, else by what the
 * request says of its session, else by how the conversation begins. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ingest/ep_native.h"
#include "ingest/gw_int.h"
#include "ledger/batch.h"
#include "ledger/hash.h"

#define ID_MAX 400 /* of what a peer calls a session */

static struct str word(struct gw_call *c, const char *header)
{
	struct str s = http_header(c->r, header);

	if (!s.len || s.len > ID_MAX || !str_utf8_ok(s))
		return STR_NONE;
	return arena_str(&c->a, s);
}

static bool known_client(struct gw_call *c)
{
	struct gw_who *w = &c->who;
	struct str s = word(c, "x-claude-code-session-id");

	if (s.p) {
		w->sender = STR("claude-code");
		w->session = s;
		return true;
	}
	s = word(c, "thread-id");
	if (!s.p)
		s = word(c, "session-id");
	if (!s.p)
		s = word(c, "session_id");
	if (!s.p || !str_contains(http_header(c->r, "user-agent"), "codex"))
		return false;
	w->sender = STR("codex");
	w->session = s;
	w->turn = gw_turn_read(c);
	return true;
}

static void find_task(struct gw_call *c)
{
	struct gw_who *w = &c->who;
	char text[UUID_TEXT];
	struct str s = word(c, "x-aco-task");

	w->known = !s.p && known_client(c);
	if (w->known)
		return;
	w->sender = STR("gateway");
	if (!s.p && c->req.session.len && c->req.session.len <= ID_MAX)
		s = c->req.session;
	if (!s.p && !uuid_is_nil(c->req.head_hash)) {
		struct uuid head = c->req.head_hash;
		struct uuid id = HASH_ID(
			STR("gateway task"), c->key,
			(struct str){(const char *)head.b, sizeof(head.b)});

		s = arena_strf(&c->a, "conversation-%s", uuid_format(id, text));
	}
	if (!s.p)
		s = arena_strf(&c->a, "call-%s", uuid_format(uuid_v7(), text));
	w->session = s;
}

/* ---- class ---- */

static struct str fact(const void *arg, struct str field)
{
	const struct gw_call *c = arg;

	if (str_is(field, "agent"))
		return c->who.agent;
	if (str_is(field, "team"))
		return c->who.team;
	if (str_is(field, "service") || str_is(field, "sender"))
		return c->who.sender;
	if (str_is(field, "model"))
		return c->req.model;
	if (str_is(field, "tool"))
		return c->req.last_tool;
	if (str_is(field, "text"))
		return c->req.task_text;
	return STR_NONE;
}

static void find_class(struct gw_call *c, const struct auth_key *key,
		       struct str asked)
{
	struct gw_who *w = &c->who;
	enum class_rank rank = CLASS_NOBODY;
	struct str s = word(c, "x-aco-class");

	if (!s.p && asked.len)
		s = asked;
	if (s.p) {
		w->class_name = s;
		w->class_rank = CLASS_EXPLICIT;
		return;
	}
	s = class_rules_match(ep_rules(c->g->w->conf), fact, c, &rank);
	if (rank > CLASS_KEY && key && key->class_name.len) {
		s = arena_str(&c->a, key->class_name);
		rank = CLASS_KEY;
	}
	w->class_name = s;
	w->class_rank = rank;
}

/* ---- step ---- */

/* The same step, when a client sends it again that counts its retries; each
 * turn is another one. */
static void find_step(struct gw_call *c)
{
	struct str count = http_header(c->r, "x-stainless-retry-count");
	struct gw_who *w = &c->who;
	char text[UUID_TEXT];
	int64_t n;

	w->step_key = word(c, "x-aco-step");
	if (!w->step_key.p && count.p && !uuid_is_nil(c->req.head_hash))
		w->step_key = arena_strf(&c->a, "%s/%d",
					 uuid_format(c->req.head_hash, text),
					 c->req.messages);
	if (!w->step_key.p)
		w->step_key =
			arena_strf(&c->a, "%s", uuid_format(uuid_v7(), text));
	w->kind = c->req.last_tool.len
			  ? step_kind_of(c->req.last_tool, c->req.last_command)
			  : STEP_OTHER;
	if (str_i64(count, &n) && n > 0 && n < 100)
		w->retry = (int)n;
}

void gw_who_read(struct gw_call *c, const struct auth_key *key,
		 struct str class_asked)
{
	struct gw_who *w = &c->who;

	find_task(c);
	w->team = word(c, "x-aco-team");
	if (!w->team.p && key && key->team.len)
		w->team = arena_str(&c->a, key->team);
	w->agent = word(c, "x-aco-agent");
	find_class(c, key, class_asked);
	find_step(c);
	w->task_id = task_id_of(w->sender, w->session);
}
