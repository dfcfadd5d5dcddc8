/* A row that the database refuses for its own sake must not block the others
 * of its batch. It is found by halving: parts of the batch are tried in
 * transactions that are rolled back, until the rows at fault stand alone; then
 * the batch goes in without them, with a dead letter for each. */
#include <stdio.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/event_json.h"
#include "ledger/hash.h"
#include "ledger/writer.h"

#define HUNTS_MAX 3

static size_t units(const struct ledger *l)
{
	return l->b->n_attempts + l->b->n_outcomes + l->b->n_trials +
	       l->b->n_decisions;
}

bool unit_active(const struct ledger *l, size_t i)
{
	return i >= l->active.from && i < l->active.to && !l->refused[i];
}

static void push(struct ledger *l, size_t from, size_t to)
{
	if (from >= to)
		return;
	xgrow(&l->hunt, &l->cap_hunt, l->n_hunt + 1, sizeof(*l->hunt));
	l->hunt[l->n_hunt++] = (struct range){from, to};
}

void poison_add(struct ledger *l, size_t unit, const char *sqlstate,
		const char *reason)
{
	struct poison *p;

	xgrow(&l->poison, &l->cap_poison, l->n_poison + 1, sizeof(*l->poison));
	p = &l->poison[l->n_poison++];
	p->unit = unit;
	l->refused[unit] = true;
	snprintf(p->sqlstate, sizeof(p->sqlstate), "%s", sqlstate);
	snprintf(p->reason, sizeof(p->reason), "%.*s",
		 (int)sizeof(p->reason) - 1, reason);
}

/* The pass over `active` failed by the data's fault. */
static void split(struct ledger *l)
{
	size_t from = l->active.from, to = l->active.to;
	size_t mid = from + (to - from) / 2;

	if (to - from == 1) {
		poison_add(l, from, l->sqlstate, l->err.msg);
		return;
	}
	push(l, mid, to);
	push(l, from, mid);
}

/* Chooses the next pass; false: nothing can be found, give up. */
static bool next(struct ledger *l)
{
	l->probing = l->n_hunt > 0;
	if (l->probing)
		l->active = l->hunt[--l->n_hunt];
	else
		l->active = (struct range){0, units(l)};
	return true;
}

bool poison_failed(struct ledger *l)
{
	if (l->probing) {
		split(l);
		return next(l);
	}
	if (units(l) == 0 || l->hunts++ == HUNTS_MAX)
		return false;
	split(l);
	return next(l);
}

bool poison_passed(struct ledger *l)
{
	return next(l);
}

void poison_reset(struct ledger *l)
{
	l->n_poison = l->n_hunt = 0;
	l->hunts = 0;
	l->probing = false;
	l->active = (struct range){0, units(l)};
	xgrow(&l->refused, &l->cap_refused, units(l), sizeof(*l->refused));
	if (units(l))
		memset(l->refused, 0, units(l) * sizeof(*l->refused));
}

/* A message may be cut within a character. */
static struct str readable(struct str s)
{
	for (int i = 0; i < 4 && s.len; i++, s.len--) {
		if (str_utf8_ok(s))
			return s;
	}
	return STR("(not UTF-8)");
}

/* The whole event, so that it can be given to the ledger again. */
static struct str body_of(const struct batch *b, size_t unit,
			  struct arena *bodies)
{
	struct buf line;
	struct str s;

	buf_init(&line, 1 << 20);
	if (unit < b->n_attempts)
		event_json_attempt(&line, b, unit);
	else if ((unit -= b->n_attempts) < b->n_outcomes)
		event_json_outcome(&line, b, unit);
	else if ((unit -= b->n_outcomes) < b->n_trials)
		event_json_trial(&line, b, unit);
	else
		event_json_decision(&line, b, unit - b->n_trials);
	s = arena_str(bodies, (struct str){buf_str(&line), line.len});
	buf_release(&line);
	return s;
}

void poison_letter(const struct ledger *l, const struct poison *p,
		   struct bt_dead *out, struct arena *bodies)
{
	const struct batch *b = l->b;
	struct ev_dead *d = &out->e;
	size_t i = p->unit;
	struct uuid unit;

	*d = (struct ev_dead){.reason = readable(str_from(p->reason)),
			      .sqlstate = str_from(p->sqlstate),
			      .body = body_of(b, i, bodies)};
	d->event = d->body.len > 0;
	if (i < b->n_attempts) {
		unit = b->attempts[i].e.keys[0];
		d->source = b->attempts[i].e.source;
		d->origin = b->attempts[i].e.origin;
	} else if ((i -= b->n_attempts) < b->n_outcomes) {
		unit = b->outcomes[i].id;
		d->source = b->outcomes[i].e.source;
		d->origin = STR("outcome");
	} else if ((i -= b->n_outcomes) < b->n_trials) {
		unit = b->trials[i].id;
		d->source = b->trials[i].e.source;
		d->origin = b->trials[i].e.origin;
	} else {
		i -= b->n_trials;
		unit = b->decisions[i].e.id;
		d->source = STR("router");
		d->origin = b->decisions[i].e.origin;
	}
	if (!d->source.len)
		d->source = STR("unknown");
	if (!d->origin.len)
		d->origin = STR("unknown");
	/* Not the reason: it may quote when the row arrived. */
	out->id = HASH_ID(STR("dead"), d->source, d->origin, d->sqlstate,
			  ((struct str){(const char *)unit.b, 16}));
}

bool ledger_refused(const struct ledger *l, size_t i,
		    struct ledger_refusal *out)
{
	if (l->state != W_IDLE || i >= l->n_poison)
		return false;
	*out = (struct ledger_refusal){l->poison[i].unit, l->poison[i].sqlstate,
				       l->poison[i].reason};
	return true;
}

void ledger_no_letters(struct ledger *l, bool on)
{
	l->no_letters = on;
}
