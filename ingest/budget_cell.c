/* Cells: what is leased, what of it is left, and telling the ledger. */
#include <stdlib.h>
#include <string.h>

#include "ingest/budget_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/map.h"

static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

int64_t cell_left(const struct cell *c)
{
	return add(add(c->leased, -c->live), c->told - c->settled);
}

static size_t bucket_of(int32_t id, struct str subject)
{
	uint64_t h = map_hash(subject.p, subject.len);

	return (size_t)((h ^ (uint64_t)id * 0x9e3779b97f4a7c15u) % BUCKETS);
}

/* The budget with this id as it is now, or NULL. */
static const struct budget_def *def_find(const struct budgets *b, int32_t id)
{
	for (size_t i = 0; b->defs && i < b->defs->n; i++) {
		if (b->defs->defs[i].id == id)
			return &b->defs->defs[i];
	}
	return NULL;
}

static char *copy(struct str s)
{
	char *p = xcalloc(1, s.len + 1);

	if (s.len)
		memcpy(p, s.p, s.len);
	return p;
}

struct cell *cell_find(const struct budgets *b, int32_t budget,
		       struct str subject)
{
	struct cell *c = b->cells[bucket_of(budget, subject)];

	while (c && !(c->def.id == budget && str_is(subject, c->subject)))
		c = c->next;
	return c;
}

struct cell *cell_get(struct budgets *b, const struct budget_def *d,
		      struct str subject, struct str shown)
{
	struct cell *c = cell_find(b, d->id, subject);
	size_t at = bucket_of(d->id, subject);

	if (c || b->n_cells >= CELLS_MAX)
		return c;
	c = xcalloc(1, sizeof(*c));
	*c = (struct cell){.b = b,
			   .no = b->next_no++,
			   .serial = b->serial,
			   .def = *d,
			   .subject = copy(subject),
			   .shown = copy(shown),
			   .next = b->cells[at],
			   .period_us = TIME_NONE,
			   .over_us = INT64_MAX,
			   .ends_us = TIME_NONE,
			   .used_us = clock_mono_us()};
	b->cells[at] = c;
	b->n_cells++;
	return c;
}

bool cell_stale(const struct budgets *b, struct cell *c, int64_t now_us)
{
	const struct budget_def *d;

	if (c->serial != b->serial) {
		d = def_find(b, c->def.id);
		c->serial = b->serial;
		c->gone |= !d;
		if (d) { /* these may change */
			c->def.limit_pusd = d->limit_pusd;
			c->def.hard = d->hard;
		}
		if (!d || d->mark != c->def.mark)
			c->over_us = 0;
	}
	return c->gone || now_us >= c->over_us;
}

void cell_retire(struct cell *c)
{
	struct budgets *b = c->b;
	struct cell **at =
		&b->cells[bucket_of(c->def.id, str_from(c->subject))];

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->next = b->old;
	b->old = c;
	c->retired = true;
}

/* ---- asking ---- */

void cell_ask(struct cell *c, int64_t need, int64_t extra, int64_t now_us)
{
	int64_t give = 0, news = c->settled - c->told;
	struct ask *a;

	if (c->asking || c->gone)
		return;
	if (!need &&
	    (c->retired || c->wanted || now_us - c->used_us >= IDLE_US))
		give = cell_left(c) > 0 ? cell_left(c) : 0;
	c->leased -= give;
	a = xcalloc(1, sizeof(*a));
	a->cell = c;
	a->subject = copy(str_from(c->subject));
	a->q = (struct budget_ask){.no = c->no,
				   .budget = c->def.id,
				   .subject = str_from(a->subject),
				   .period_us = c->period_us,
				   .settled_pusd = c->settled,
				   .keep_pusd = add(c->leased, -news),
				   .live_pusd = c->live,
				   .need_pusd = need,
				   .extra_pusd = extra};
	c->asking = true;
	c->asked_us = now_us;
	if (need)
		c->b->asks++;
	budget_thread_ask(c->b, a);
}

void cell_answer(struct cell *c, const struct ask *a, int64_t now_us)
{
	const struct budget_lease *l = &a->a;

	c->asking = false;
	c->answered_us = now_us;
	c->rc = a->rc;
	if (a->rc)
		return;
	if (!l->there) {
		c->gone = true;
		return;
	}
	c->told = a->q.settled_pusd;
	c->leased = l->leased_pusd;
	c->period_us = l->period_us;
	c->ends_us = l->ends_us;
	c->over_us = l->ends_in_us == INT64_MAX ? INT64_MAX
						: add(now_us, l->ends_in_us);
	c->spent = l->spent_pusd;
	c->free = l->free_pusd;
	c->idle = l->idle_pusd;
	c->wanted = l->wanted;
	c->refused = a->q.need_pusd > 0 && !l->granted;
	if (!l->granted)
		return;
	/* One that is soon used up asks for more the next time. */
	if (now_us - c->refilled_us < LEASE_GROW)
		c->slice = add(c->slice, add(c->slice, a->q.need_pusd));
	else
		c->slice = a->q.need_pusd;
	c->refilled_us = now_us;
}

/* ---- housekeeping ---- */

static void cell_free(struct cell *c)
{
	c->b->n_cells--;
	free(c->subject);
	free(c->shown);
	free(c);
}

/* Is there something that the ledger should hear? */
static bool untold(const struct cell *c, int64_t now_us, bool all)
{
	bool back = cell_left(c) > 0 && (all || c->retired || c->wanted ||
					 now_us - c->used_us >= IDLE_US);

	return c->settled != c->told || back ||
	       (c->refs && now_us - c->asked_us >= REFRESH_US);
}

static bool forget(const struct cell *c, int64_t now_us)
{
	return !c->refs && !c->asking &&
	       (c->gone || (c->settled == c->told && c->leased <= 0 &&
			    (c->retired || now_us - c->used_us >= FORGET_US)));
}

static void tick_list(struct budgets *b, struct cell **list, int64_t now_us,
		      bool all)
{
	for (struct cell **at = list; *at;) {
		struct cell *c = *at;

		if (!c->retired && cell_stale(b, c, now_us)) {
			cell_retire(c); /* *at is the next one now */
			continue;
		}
		if (all)
			c->used_us = now_us - IDLE_US;
		if (untold(c, now_us, all))
			cell_ask(c, 0, 0, now_us);
		if (forget(c, now_us)) {
			*at = c->next;
			cell_free(c);
			continue;
		}
		at = &c->next;
	}
}

void cells_tick(struct budgets *b, int64_t now_us, bool all)
{
	for (size_t i = 0; i < BUCKETS; i++)
		tick_list(b, &b->cells[i], now_us, all);
	tick_list(b, &b->old, now_us, all);
}

void cells_want(struct budgets *b, const int32_t *no, int n)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct cell *c = b->cells[i]; c; c = c->next) {
			for (int k = 0; k < n; k++)
				c->wanted |= c->no == no[k];
		}
	}
}

bool cells_asking(const struct budgets *b)
{
	for (size_t i = 0; i <= BUCKETS; i++) {
		const struct cell *c = i < BUCKETS ? b->cells[i] : b->old;

		for (; c; c = c->next) {
			if (c->asking)
				return true;
		}
	}
	return false;
}

void cells_free(struct budgets *b)
{
	for (size_t i = 0; i <= BUCKETS; i++) {
		struct cell **list = i < BUCKETS ? &b->cells[i] : &b->old;

		while (*list) {
			struct cell *c = *list;

			*list = c->next;
			cell_free(c);
		}
	}
}
