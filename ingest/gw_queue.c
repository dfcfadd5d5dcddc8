/* Calls at once to a provider. Who finds no place waits for a bounded time, in
 * a queue of bounded length, where keys take turns and a key's calls come in
 * their order; nobody of the same worker overtakes. Where the queue is full a
 * call of the key that has the most in it makes room for one of a key that has
 * fewer. A place that is given back goes to this worker's next, unless calls of
 * another worker have waited for notably longer: then it is free for whoever
 * looks first, or a busy worker would keep its places for ever. What others
 * give back is looked for while anybody waits. Where the provider is found to
 * be down those that wait are not left waiting: each goes to another model, or
 * is told. */
#include "ingest/gw_int.h"
#include "ingest/lanes.h"
#include "ingest/loop.h"
#include "ledger/base/clock.h"

#define LOOK_US   INT64_C(10000)  /* for what others give back */
#define LONGER_US INT64_C(100000) /* of others, that we let them go first */
#define ALONE_US  INT64_C(100000) /* only for those whose time is up */

bool gw_queue_full(const struct gw_link *l, const struct gw_call *c)
{
	return l->waiting.n > 0 && l->waiting.n >= c->conf->queue &&
	       !gw_lines_too_many(&l->waiting, c);
}

static void say_waiting(struct gateway *g, const struct gw_link *l)
{
	lanes_wait(g->w->lanes, l->lane, g->w->index, l->waiting.n,
		   gw_lines_since(&l->waiting));
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
	gw_lines_add(&l->waiting, c);
	say_waiting(g, l);
	start_looking(g);
}

static void take_out(struct gw_call *c, bool served)
{
	struct gw_link *l = c->queue;

	gw_lines_take(&l->waiting, c, served);
	c->queue = NULL;
	say_waiting(c->g, l);
}

static void has_waited(struct gw_call *c, int64_t now, bool served)
{
	take_out(c, served);
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

/* ---- room among those that wait ---- */

/* Deferred: whoever made it leave is in the middle of a call of its own. */
static void made_room(void *arg)
{
	struct gw_call *c = arg;

	if (c->state == GW_QUEUE && !c->queue)
		gw_call_unplaced(c, c->crowded, true);
}

/* False: there is none for that call. */
static bool find_room(struct gw_call *c, struct gw_link *l)
{
	struct gw_call *other;

	if (l->waiting.n < c->conf->queue)
		return true;
	other = gw_lines_too_many(&l->waiting, c);
	if (!other)
		return false;
	has_waited(other, c->queued_us, false);
	other->crowded = l;
	loop_defer(c->g->w->loop, made_room, other);
	return true;
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
	if (!l->waiting.n && !yields(c->g, l, c->queued_us) && take(c, l))
		return GW_GO;
	if (!find_room(c, l))
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
	while (l->waiting.n) {
		struct gw_call *c = gw_lines_next(&l->waiting);

		if (gw_link_ready(l, now) && !take(c, l))
			break;
		has_waited(c, now, true);
		gw_call_try(c);
	}
	l->waking = false;
}

void gw_queue_leave(struct gw_call *c)
{
	struct gw_link *l = c->place;

	if (c->queue)
		take_out(c, false);
	if (!l)
		return;
	give(c);
	if (l->waiting.n && !yields(c->g, l, gw_lines_since(&l->waiting)))
		wake(c->g, l);
}

/* ---- the clock ---- */

static void expire(struct gw_link *l, int64_t now)
{
	struct gw_call *c;

	while ((c = gw_lines_late(&l->waiting, now))) {
		has_waited(c, now, false);
		gw_call_unplaced(c, l, false);
	}
}

void gw_queue_look(void *arg)
{
	struct gateway *g = arg;
	int64_t now = clock_mono_us();
	bool some = false;

	for (int i = 0; i < g->n_links; i++) {
		struct gw_link *l = &g->links[i];

		if (!l->waiting.n)
			continue;
		wake(g, l);
		expire(l, now);
		some |= l->waiting.n > 0;
	}
	if (some && !g->closing)
		start_looking(g);
}
