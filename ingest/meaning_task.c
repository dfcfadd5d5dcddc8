/* Tasks: who worked, for which team, on what. */
#include <stdio.h>
#include <string.h>

#include "ingest/class_rule.h"
#include "ingest/meaning_int.h"
#include "ledger/base/map.h"

#define FACT_BYTES 256

const char *const sender_names[SENDER_N] = {"otlp", "claude-code", "codex",
					    "gemini-cli", "langfuse"};

struct str hex_of(struct meaning *m, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char *s = arena_alloc(&m->arena, 2 * n + 1);

	if (!s)
		return STR_NONE;
	for (size_t i = 0; i < n; i++) {
		s[2 * i] = digits[p[i] >> 4];
		s[2 * i + 1] = digits[p[i] & 15];
	}
	return (struct str){s, 2 * n};
}

uint64_t thread_of(enum sender sender, struct str name)
{
	return map_hash(name.p, name.len) ^ (uint64_t)sender;
}

/* ---- facts for rules ---- */

struct about {
	const struct meaning *m;
	const struct item *it;
	const struct ev_task *t;
};

static struct str own(const struct item *it, enum fact id)
{
	struct str s = fact_text(&it->f, id);

	return s.p ? s : fact_text(&it->place->f, id);
}

static struct str rule_fact(const void *arg, struct str field)
{
	const struct about *x = arg;
	const struct otlp_attrs *r = &x->it->place->resource;
	static const struct {
		const char *name;
		enum fact id;
	} names[] = {
		{"service", FACT_SERVICE},
		{"tool", FACT_TOOL},
		{"user", FACT_USER},
	};

	if (str_is(field, "agent"))
		return x->t->agent;
	if (str_is(field, "team"))
		return x->t->team;
	if (str_is(field, "sender"))
		return x->t->sender;
	if (str_is(field, "model")) {
		struct str s = fact_text(&x->it->f, FACT_MODEL);

		return s.p ? s : fact_text(&x->it->f, FACT_MODEL_REQ);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_is(field, names[i].name))
			return own(x->it, names[i].id);
	}
	for (size_t i = r->n; i > 0; i--) {
		if (str_eq(r->p[i - 1].key, field))
			return otlp_str(&r->p[i - 1].v);
	}
	return STR_NONE;
}

/* The first that speaks: the task itself, its resource, a rule, the key, a
 * guess. */
static void find_class(struct meaning *m, const struct item *it,
		       struct ev_task *t)
{
	struct about x = {m, it, t};
	enum class_rank rank = CLASS_NOBODY;
	struct str s;

	t->class_rank = CLASS_EXPLICIT;
	t->class_name = fact_text(&it->f, FACT_CLASS);
	if (t->class_name.len)
		return;
	t->class_rank = CLASS_RESOURCE;
	t->class_name = fact_text(&it->place->f, FACT_CLASS);
	if (t->class_name.len)
		return;
	s = class_rules_match(m->rules, rule_fact, &x, &rank);
	if (m->origin.class_name.len && rank > CLASS_KEY) {
		s = m->origin.class_name;
		rank = CLASS_KEY;
	}
	t->class_name = s;
	t->class_rank = s.len ? rank : CLASS_NOBODY;
}

/* Mostly those of the place alone, which are made once. */
static struct str small_facts(struct meaning *m, const struct item *it)
{
	static const struct {
		const char *name;
		enum fact id;
	} names[] = {
		{"run", FACT_RUN},
		{"service", FACT_SERVICE},
		{"version", FACT_SERVICE_VERSION},
		{"workflow", FACT_WORKFLOW},
	};
	struct json_out o;
	struct str s;
	struct buf b;
	bool of_place = !it->f.from[FACT_RUN] && !it->f.from[FACT_WORKFLOW];
	int some = 0;

	if (of_place && it->place->has_attrs)
		return it->place->attrs;
	buf_init(&b, 16384);
	json_out_init(&o, &b);
	json_out_obj(&o, NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		s = own(it, names[i].id);
		if (!s.len || s.len > FACT_BYTES || !str_utf8_ok(s))
			continue;
		json_out_str(&o, names[i].name, s);
		some++;
	}
	json_out_end(&o, '}');
	s = some ? arena_str(&m->arena, (struct str){buf_str(&b), b.len})
		 : STR_NONE;
	buf_release(&b);
	if (of_place) {
		it->place->attrs = s;
		it->place->has_attrs = true;
	}
	return s;
}

/* ---- the task ---- */

struct kin_node *item_node(struct meaning *m, const struct item *it)
{
	struct kin_node *n = kin_at(m->kin, it->node);

	if (!n && it->has_span)
		n = kin_find(m->kin, &it->id);
	return n;
}

static bool has_session(const struct kin_node *n, const void *arg)
{
	(void)arg;
	return n->session.len > 0;
}

struct str task_session(struct meaning *m, const struct item *it)
{
	struct str s = fact_text(&it->f, FACT_SESSION);
	struct kin_node *n;

	if (s.len)
		return s;
	if (it->has_trace) {
		n = item_node(m, it);
		if (n && it->is_log && n->session.len)
			return kin_str(&n->session);
		n = n ? kin_up(m->kin, n, has_session, NULL) : NULL;
		s = n ? kin_str(&n->session)
		      : kin_session(m->kin, it->id.trace);
	}
	if (!s.len)
		s = fact_text(&it->place->f, FACT_SESSION);
	return s.len ? arena_str(&m->arena, s) : STR_NONE;
}

/* The outermost agent that is known. */
static struct str find_agent(struct meaning *m, const struct item *it)
{
	struct str s = fact_text(&it->f, FACT_AGENT);
	struct kin_node *n = item_node(m, it);

	if (!s.len && str_is(fact_text(&it->f, FACT_TL_KIND), "agent"))
		s = fact_text(&it->f, FACT_ENTITY);
	for (int i = 0; n && i < KIN_DEPTH; i++) {
		if (n->agent.len)
			s = kin_str(&n->agent);
		n = kin_parent(m->kin, n);
	}
	return s.len ? arena_str(&m->arena, s) : STR_NONE;
}

void task_make(struct meaning *m, const struct item *it, enum sender sender,
	       struct str ext, struct str parent, struct str agent,
	       struct ev_task *t)
{
	*t = (struct ev_task){
		.sender = str_from(sender_names[sender]),
		.ext_id = ext,
		.parent_ext_id = parent,
		.agent = agent,
		.team = own(it, FACT_TEAM),
		.rank = sender == SENDER_OTLP || sender == SENDER_LANGFUSE
				? RANK_OTHER
				: RANK_CANONICAL,
	};
	if (!t->team.len)
		t->team = m->origin.team;
	if (!t->agent.len) {
		struct str s = fact_text(&it->place->f, FACT_SERVICE);

		/* A service's name gives way to an agent's. */
		t->rank = RANK_AGGREGATE;
		if (s.len && !str_starts(s, "unknown_service"))
			t->agent = s;
	}
	find_class(m, it, t);
	t->attrs = small_facts(m, it);
}

bool task_of(struct meaning *m, const struct item *it, struct ev_task *t,
	     bool *by_trace)
{
	enum sender sender = it->place->sender;
	struct str ext = STR_NONE;

	if (sender != SENDER_LANGFUSE)
		ext = task_session(m, it);
	*by_trace = !ext.len && sender != SENDER_LANGFUSE;
	if (!ext.len && it->has_trace)
		ext = hex_of(m, it->id.trace, 16);
	if (!ext.len)
		return false;
	task_make(m, it, sender, ext, STR_NONE, find_agent(m, it), t);
	return true;
}
