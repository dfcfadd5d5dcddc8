/* Calls at once to a provider. Who finds no place waits in the order of coming,
 * for a bounded time, in a queue of bounded length; nobody of the same worker
 * overtakes. A place that is given back goes to the first of this worker's
 * queue, unless calls of another worker have waited for notably longer: then it
 * is free for whoever looks first, or a busy worker would keep its places for
 * ever. What others give back is looked for while anybody waits. Where the
 * provider is found to be down those that wait are not left waiting: each goes
 * to another model, or is told. */
#include "ingest/gw_int.h"
#include "ingest/lanes.h"
#include "ingest/loop.h"
#include "ledger/base/clock.h"

#define LOOK_US   INT64_C(10000)  /* for what others give back */
#define LONGER_US INT64_C(100000) /* of others, that we let them go first */
#define ALONE_US  INT64_C(100000) /* only for those whose time is up */

bool gw_queue_full(const struct gw_link *l, const struct gw_conf *f)
{
	return l->n_waiting > 0 && l->n_waiting >= f->queue;
}

static void say_waiting(struct gateway *g, const struct gw_link *l)
{
	lanes_wait(g->w->lanes, l->lane, g->w->index, l->n_waiting,
		   l->first ? l->first->queued_us : 0);
}

/* Whether it is for others to go before one of ours that came then. */
static bool yields(const struct gateway *g, const struct gw_link *l,
		   int64_t came_us)
{
	return l->max > 0 && lanes_behind(g->w->lanes, l->lane, g->w->index,
					  came_us - LONGER_US);
}

static void start_looking(struct gateway *g)
{
	bool alone = lanes_workers(g->w->lanes) == 1;

	loop_timer_set(g->queue_timer, alone ? ALONE_US : LOOK_US);
}

static void push(struct gw_call *c, struct gw_link *l)
{
	struct gateway *g = c->g;

	c->queue = l;
	c->queue_next = NULL;
	if (l->last)
		l->last->queue_next = c;
	else
		l->first = c;
	l->last = c;
	l->n_waiting++;
	say_waiting(g, l);
	start_looking(g);
}

static void take_out(struct gw_call *c)
{
	struct gw_link *l = c->queue;
	struct gw_call *before = NULL, **at = &l->first;

	while (*at != c) {
		before = *at;
		at = &before->queue_next;
	}
	*at = c->queue_next;
	if (l->last == c)
		l->last = before;
	l->n_waiting--;
	c->queue = NULL;
	say_waiting(c->g, l);
}

static void has_waited(struct gw_call *c, int64_t now)
{
	take_out(c);
	gw_call_ours(c, now);
	stat_add(STAT_GW_QUEUE_US, now - c->queued_us);
}

static bool take(struct gw_call *c, struct gw_link *l)
{
	struct gateway *g = c->g;

	if (!lanes_take(g->w->lanes, l->lane, g->w->index, l->max))
		return false;
	c->place = l;
	return true;
}

static void give(struct gw_call *c)
{
	lanes_give(c->g->w->lanes, c->place->lane, c->g->w->index);
	c->place = NULL;
}

/* ---- for attempts ---- */

enum gw_turn gw_queue_ask(struct gw_call *c, struct gw_link *l,
			  const struct gw_provider *p)
{
	l->max = p->calls;
	if (c->place == l)
		return GW_GO;
	if (c->place)
		gw_queue_leave(c);
	c->queued_us = clock_mono_us();
	if (!l->first && !yields(c->g, l, c->queued_us) && take(c, l))
		return GW_GO;
	if (l->n_waiting >= c->conf->queue)
		return GW_NO_ROOM;
	gw_call_theirs(c, c->queued_us);
	push(c, l);
	stat_add(STAT_GW_QUEUED, 1);
	return GW_WAIT;
}

/* One after the other, however deep its calls lead: what they give back is seen
 * here. */
static void wake(struct gateway *g, struct gw_link *l)
{
	int64_t now = clock_mono_us();

	if (l->waking || g->closing)
		return;
	l->waking = true;
	while (l->first) {
		struct gw_call *c = l->first;

		if (gw_link_ready(l, now) && !take(c, l))
			break;
		has_waited(c, now);
		gw_call_try(c);
	}
	l->waking = false;
}

void gw_queue_leave(struct gw_call *c)
{
	struct gw_link *l = c->place;

	if (c->queue)
		take_out(c);
	if (!l)
		return;
	give(c);
	if (l->first && !yields(c->g, l, l->first->queued_us))
		wake(c->g, l);
}

/* ---- the clock ---- */

static void expire(struct gw_link *l, int64_t now)
{
	struct gw_call *c;

	while ((c = l->first) && now - c->queued_us >= c->conf->queue_us) {
		has_waited(c, now);
		gw_call_unplaced(c, l);
	}
}

void gw_queue_look(void *arg)
{
	struct gateway *g = arg;
	int64_t now = clock_mono_us();
	bool some = false;

	for (int i = 0; i < g->n_links; i++) {
		struct gw_link *l = &g->links[i];

		if (!l->first)
			continue;
		wake(g, l);
		expire(l, now);
		some |= l->first != NULL;
	}
	if (some && !g->closing)
		start_looking(g);
}
