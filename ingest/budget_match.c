/* Which budgets a request has, and what is said of one. */
#include <string.h>

#include "ingest/budget_int.h"
#include "ledger/base/clock.h"
#include "ledger/base/map.h"
#include "ledger/money.h"

/* ---- which budgets ---- */

static size_t lower(const struct budget_defs *d, enum budget_scope scope,
		    struct str subject)
{
	size_t lo = 0, hi = d->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct budget_def *x = &d->defs[mid];

		if (x->scope < scope ||
		    (x->scope == scope && str_cmp(x->subject, subject) < 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void match_named(struct matches *m, const struct budget_defs *d,
			enum budget_scope scope, struct str name,
			struct str subject, struct str shown)
{
	for (size_t i = lower(d, scope, name); i < d->n; i++) {
		const struct budget_def *x = &d->defs[i];

		if (x->scope != scope || !str_eq(x->subject, name))
			break;
		if (m->n == TICKET_MAX) {
			m->many = true;
			break;
		}
		m->m[m->n++] = (struct match){x, subject, shown};
	}
}

void budget_match(struct matches *m, const struct budgets *b,
		  const struct budget_subject *s, char id[UUID_TEXT])
{
	const struct str names[BUDGET_SCOPE_N] = {
		[BUDGET_KEY] = s->key,
		[BUDGET_TEAM] = s->team,
		[BUDGET_AGENT] = s->agent,
		[BUDGET_CLASS] = s->class_name,
		[BUDGET_TASK] = uuid_is_nil(s->task_id) ? STR_NONE : s->task};

	m->n = 0;
	m->many = false;
	if (!b->defs || !b->defs->n)
		return;
	for (int i = 0; i < BUDGET_SCOPE_N; i++) {
		enum budget_scope scope = (enum budget_scope)i;
		struct str subject = names[i];

		if (!names[i].len)
			continue;
		if (scope == BUDGET_TASK)
			subject = str_from(uuid_format(s->task_id, id));
		match_named(m, b->defs, scope, names[i], subject, names[i]);
		if (!str_is(names[i], "*"))
			match_named(m, b->defs, scope, STR("*"), subject,
				    names[i]);
	}
}

/* ---- newcomers ---- */

/* Tasks come and go: one of its own has no name in a budget before it is known
 * by one. */
static uint64_t hash_of(const struct budget_subject *s)
{
	const struct str names[] = {s->key, s->team, s->agent, s->class_name};
	uint64_t h = 1;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		h = (h ^
		     (names[i].len ? map_hash(names[i].p, names[i].len) : i)) *
		    0x9e3779b97f4a7c15u;
	return h ? h : 1;
}

/* Where it stands, or would. */
static size_t place_of(const struct budgets *b, uint64_t h)
{
	size_t at = (size_t)(h >> 32) & (KNOWN_MAX - 1);

	while (b->known[at] && b->known[at] != h)
		at = (at + 1) & (KNOWN_MAX - 1);
	return at;
}

static bool is_known(const struct budgets *b, uint64_t h)
{
	return b->known[place_of(b, h)] != 0;
}

static void remember(struct budgets *b, uint64_t h)
{
	if (is_known(b, h))
		return;
	if (b->n_known >= KNOWN_MAX / 2) {
		memset(b->known, 0, sizeof(b->known));
		b->n_known = 0;
	}
	b->known[place_of(b, h)] = h;
	b->n_known++;
}

/* Whether the budgets were read for enough newcomers in this second. */
static bool crowded(struct budgets *b)
{
	int64_t now = clock_mono_us();

	if (now - b->new_us >= US_PER_SEC) {
		b->new_us = now;
		b->n_new = 0;
	}
	return b->n_new >= NEW_MAX;
}

bool budget_knows(struct budgets *b, const struct budget_subject *s,
		  int64_t since_us)
{
	uint64_t h = hash_of(s), key;

	if (is_known(b, h))
		return true;
	key = hash_of(&(struct budget_subject){.key = s->key});
	if (b->defs_us < since_us && !(is_known(b, key) && crowded(b))) {
		if (b->heard.tried && !b->heard.connected)
			return true; /* what was read last holds */
		budgets_reload(b);
		return false;
	}
	b->n_new += b->defs_us >= since_us;
	remember(b, h);
	remember(b, key);
	return true;
}

/* ---- answers ---- */

void budget_answer_of(struct budgets *b, const struct cell *c, enum rc rc,
		      struct budget_answer *a)
{
	size_t n = strlen(c->shown);

	a->rc = rc;
	a->scope = budget_scope_names[c->def.scope];
	a->period = budget_period_names[c->def.period];
	if (n >= sizeof(b->said))
		n = sizeof(b->said) - 1;
	memcpy(b->said, c->shown, n);
	a->subject = (struct str){b->said, n};
	a->limit_pusd = c->def.limit_pusd;
	a->spent_pusd = c->spent + (c->settled - c->told);
	a->resets_us = c->ends_us;
}

void budget_answer_none(struct budget_answer *a, enum rc rc)
{
	*a = (struct budget_answer){.rc = rc, .resets_us = TIME_NONE};
}

void budget_say(const struct budget_answer *a, struct buf *out)
{
	char limit[MONEY_TEXT], spent[MONEY_TEXT], at[40];

	if (!a->scope) {
		buf_adds(out, a->rc == RC_BUSY
				      ? "too many requests wait for budgets"
				      : "the budgets cannot be looked at");
		return;
	}
	buf_addf(out, "budget of %s %.*s: ", a->scope, STR_ARG(a->subject));
	if (a->rc == RC_DOWN || a->unchecked) {
		buf_adds(out, "it cannot be looked at now");
		return;
	}
	buf_addf(out, "%s USD of %s USD %s%s are spent",
		 money_format(a->spent_pusd, spent),
		 money_format(a->limit_pusd, limit),
		 strcmp(a->period, "total") ? "a " : "in ", a->period);
	if (a->resets_us != TIME_NONE)
		buf_addf(out, "; resets at %s",
			 clock_format(a->resets_us, at, sizeof(at)));
}
