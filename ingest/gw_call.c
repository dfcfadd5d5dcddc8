/* An exchange's way through its states; see gw.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/gw_int.h"
#include "ingest/loop.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/batch.h"

#define BACKOFF_US     INT64_C(250000)
#define BACKOFF_MAX_US INT64_C(8000000)
#define WAIT_MAX_US    (20 * US_PER_SEC) /* of a Retry-After that is obeyed */

/* ---- states ---- */

void gw_set_state(struct gw_call *c, enum gw_state to)
{
	static const unsigned from[] = {
		[GW_READING] = 0,
		[GW_BUDGET] = 1u << GW_READING,
		[GW_QUEUE] = 1u << GW_READING | 1u << GW_BUDGET |
			     1u << GW_QUEUE | 1u << GW_PAUSE | 1u << GW_SAVING,
		[GW_ASKED] = 1u << GW_READING | 1u << GW_BUDGET |
			     1u << GW_QUEUE | 1u << GW_PAUSE | 1u << GW_SAVING,
		[GW_HOLDING] = 1u << GW_ASKED,
		[GW_RELAYING] = 1u << GW_ASKED | 1u << GW_HOLDING,
		[GW_PAUSE] = 1u << GW_SAVING,
		[GW_SAVING] =
			1u << GW_ASKED | 1u << GW_HOLDING | 1u << GW_RELAYING,
		[GW_OVER] = ~0u,
	};

	if (!(from[to] & 1u << c->state) || c->state == GW_OVER)
		BUG("impossible change of a call's state");
	c->state = to;
}

/* ---- whose time it is ---- */

void gw_call_theirs(struct gw_call *c, int64_t now_us)
{
	if (c->ours_us)
		c->own_us += now_us - c->ours_us;
	c->ours_us = 0;
}

void gw_call_ours(struct gw_call *c, int64_t now_us)
{
	if (!c->ours_us)
		c->ours_us = now_us;
}

/* ---- the end of an exchange ---- */

static void free_call(void *arg)
{
	struct gw_call *c = arg;

	loop_timer_free(c->timer);
	gw_try_release(c);
	gw_registry_drop(c->reg);
	gw_conf_drop(c->conf);
	arena_release(&c->a);
	pool_put(&c->g->spare, c);
}

static void settle(struct gw_call *c)
{
	if (!c->budget)
		return;
	if (c->attempts)
		budget_settle(c->budget, c->spent_pusd);
	else
		budget_release(c->budget);
	c->budget = NULL;
}

void gw_call_over(struct gw_call *c)
{
	struct http_req *r = c->r;

	gw_set_state(c, GW_OVER);
	gw_queue_leave(c);
	if (c->billed && c->attempts) {
		gw_call_theirs(c, clock_mono_us());
		stats_added(c->own_us);
	}
	settle(c);
	c->r = NULL;
	if (r)
		http_drop(r);
	*c->prev = c->next;
	if (c->next)
		c->next->prev = c->prev;
	/* Whoever called us still stands on it. */
	loop_defer(c->g->w->loop, free_call, c);
}

void gw_call_refuse(struct gw_call *c, int status, const char *type,
		    const struct err *e)
{
	struct http_req *r = c->r;
	struct buf body;

	if (r) {
		buf_init(&body, 65536);
		wire_error(c->wire, status, type, e, &body);
		c->r = NULL;
		if (c->attempts) {
			char text[16];

			snprintf(text, sizeof(text), "%d", c->attempts);
			http_reply_header(r, "x-aco-attempts", str_from(text));
		}
		if (status == 429 || status == 503)
			gw_reply_wait(r, c->wait_us);
		http_reply(r, status, GW_JSON,
			   (struct str){buf_str(&body), body.len});
		buf_release(&body);
	}
	gw_call_over(c);
}

/* ---- the last attempt is recorded: the client gets its end ---- */

static void own_error(struct gw_call *c)
{
	struct gw_try *t = &c->t;
	int status = t->how == UP_TIMEOUT || c->late ? 504 : 502;
	struct err e;

	err_set(&e, RC_DOWN, "provider %s: %s", t->provider->name,
		c->late ? "the call took too long" : t->err.msg);
	gw_call_refuse(c, status, NULL, &e);
}

static void finish_stream(struct gw_call *c)
{
	struct gw_try *t = &c->t;

	if (t->stream && !t->beyond && t->status && t->whole && c->r) {
		gw_head_down(c, true);
		http_reply_begin(c->r, t->status, t->ctype);
		gw_reply_bytes(c, t->held.p, t->held.len);
		gw_reply_end(c, true);
	}
	gw_call_over(c);
}

static void deliver(struct gw_call *c)
{
	struct gw_try *t = &c->t;

	if (c->r && http_broken(c->r)) {
		gw_call_over(c);
	} else if (!t->status || !t->whole) {
		own_error(c);
	} else if (t->stream) {
		finish_stream(c);
	} else {
		gw_reply_held(c);
		gw_call_over(c);
	}
}

static void end_relay(struct gw_call *c)
{
	gw_reply_end(c, c->t.whole);
	gw_call_over(c);
}

/* ---- between attempts ---- */

static void on_timer(void *arg)
{
	struct gw_call *c = arg;

	gw_call_ours(c, clock_mono_us());
	gw_call_try(c);
}

static void pause_for(struct gw_call *c, int64_t us)
{
	gw_set_state(c, GW_PAUSE);
	gw_call_theirs(c, clock_mono_us());
	if (!c->timer)
		c->timer = loop_timer_new(c->g->w->loop, on_timer, c);
	loop_timer_set(c->timer, us);
}

/* What the provider asks for; -1: nothing. */
static int64_t asked_wait(const struct gw_try *t)
{
	return gw_wait_asked(gw_head_find(t, "retry-after-ms"),
			     gw_head_find(t, "retry-after"), clock_now_us());
}

static int64_t back_off(struct gw_call *c)
{
	int64_t us = BACKOFF_US << (c->retries < 6 ? c->retries : 6);

	if (us > BACKOFF_MAX_US)
		us = BACKOFF_MAX_US;
	/* Half of it at random, so that many do not come at once. */
	return us / 2 + (int64_t)(gw_random(c->g) % (uint64_t)(us / 2 + 1));
}

static void try_again(struct gw_call *c)
{
	struct gw_try *t = &c->t;
	int64_t us = asked_wait(t);

	c->retries++;
	if (gw_fall_back(c)) {
		pause_for(c, 0);
		return;
	}
	if (us < 0)
		us = back_off(c);
	pause_for(c, us);
}

static void escalate(struct gw_call *c)
{
	gw_escalate(c);
	stat_add(c->steps_down ? STAT_GW_STEPS_DOWN : STAT_GW_ESCALATIONS, 1);
	pause_for(c, 0);
}

/* ---- the end of an attempt ---- */

static void on_told(void *arg, enum rc rc, const struct err *e)
{
	struct gw_call *c = arg;

	(void)e;
	if (rc && c->r) {
		/* What cannot be recorded is not acknowledged. */
		struct http_req *r = c->r;

		c->r = NULL;
		http_drop(r);
	}
	c->then(c);
}

static void tell_then(struct gw_call *c, void (*then)(struct gw_call *c))
{
	if (!c->owed)
		gw_set_state(c, GW_SAVING);
	c->then = then;
	c->owed = false;
	switch (gw_row(c, on_told)) {
	case GW_TOLD:
		then(c);
		break;
	case GW_FULL:
		c->owed = true;
		break;
	case GW_WAITS:
		break;
	}
}

static bool may_retry_status(const struct gw_try *t)
{
	struct str should = gw_head_find(t, "x-should-retry");

	if (str_is(should, "true"))
		return true;
	if (str_is(should, "false") ||
	    str_is(t->reply.error_class, "insufficient_quota"))
		return false;
	return t->status == 408 || t->status == 409 || t->status == 429 ||
	       t->status >= 500;
}

static bool failed(const struct gw_try *t)
{
	return t->error || !t->whole ||
	       (t->stream && t->reply.status == ATTEMPT_ERROR);
}

static bool worth_another(struct gw_call *c)
{
	const struct gw_try *t = &c->t;
	int64_t now = clock_mono_us();

	if (c->gone || c->late || c->retries >= c->conf->retries ||
	    now >= c->until_us || t->how == UP_CANCEL)
		return false;
	if (t->error && t->whole && !may_retry_status(t))
		return false;
	/* A wait that is longer than ours is the client's to make, but another
	 * model need not wait. */
	if (asked_wait(t) > WAIT_MAX_US && (t->arm < 0 || c->ask.n_arms < 2))
		return false;
	return !c->budget ||
	       budget_more(c->budget, c->spent_pusd + c->worst_pusd);
}

static void count_end(const struct gw_call *c)
{
	const struct gw_try *t = &c->t;

	stat_add(!t->status         ? STAT_GW_TRY_NONE
		 : t->status < 300  ? STAT_GW_TRY_2XX
		 : t->status == 429 ? STAT_GW_TRY_429
		 : t->status < 500  ? STAT_GW_TRY_4XX
				    : STAT_GW_TRY_5XX,
		 1);
	if (t->how == UP_CUT)
		stat_add(STAT_GW_CUT, 1);
	if (t->how == UP_CANCEL)
		stat_add(STAT_GW_ABORTED, 1);
	if (t->reply.status == ATTEMPT_OK && !t->priced)
		stat_add(STAT_GW_UNPRICED, 1);
}

void gw_call_ended(struct gw_call *c)
{
	struct gw_try *t = &c->t;

	if (!c->billed) {
		if (c->state == GW_RELAYING)
			end_relay(c);
		else
			deliver(c);
		return;
	}
	gw_price(c);
	c->spent_pusd += t->cost_pusd;
	count_end(c);
	if (c->state == GW_RELAYING || !failed(t)) {
		if (c->state != GW_RELAYING && !c->gone && !c->late &&
		    !gw_judge(c)) {
			tell_then(c, escalate);
			return;
		}
		if (!failed(t))
			gw_session_note(c);
		tell_then(c, c->state == GW_RELAYING ? end_relay : deliver);
	} else if (worth_another(c)) {
		stat_add(STAT_GW_RETRIES, 1);
		tell_then(c, try_again);
	} else {
		tell_then(c, deliver);
	}
}

/* ---- attempts ---- */

static void asked(struct gw_call *c)
{
	int64_t now = clock_mono_us();

	gw_set_state(c, GW_ASKED);
	gw_call_theirs(c, now);
	if (c->attempts > 1)
		return;
	stat_add(STAT_GW_ADMITTED, 1);
	stat_add(STAT_GW_ADMIT_US, now - c->began_us);
}

static void refuse_busy(struct gw_call *c, const struct err *e)
{
	stat_add(STAT_GW_QUEUE_REFUSED, 1);
	gw_call_refuse(c, 429, NULL, e);
}

void gw_call_try(struct gw_call *c)
{
	bool waited = c->state == GW_PAUSE || c->state == GW_QUEUE;
	struct err e = {"", ""};
	enum gw_started s;

	if (!c->r || (waited && (c->gone || c->late))) {
		gw_call_over(c);
		return;
	}
	for (;;) {
		s = gw_try_start(c, &e);
		if (s == GW_SENT) {
			asked(c);
			return;
		}
		if (s == GW_QUEUED) {
			gw_set_state(c, GW_QUEUE);
			return;
		}
		c->t.arm = c->arm;
		if (!gw_fall_back(c))
			break;
	}
	if (s == GW_BUSY) {
		refuse_busy(c, &e);
		return;
	}
	stat_add(STAT_GW_SHUT, 1);
	gw_call_refuse(c, 503, NULL, &e);
}

void gw_call_unplaced(struct gw_call *c, const struct gw_link *l, bool crowded)
{
	struct err e;

	c->t.arm = c->arm;
	if (gw_fall_back(c)) {
		gw_call_try(c);
		return;
	}
	c->wait_us = 0;
	if (crowded)
		err_set(&e, RC_BUSY,
			"provider %s has the %d calls that it may have at "
			"once, and of those that wait here most are this key's",
			l->name, l->max);
	else
		err_set(&e, RC_BUSY,
			"provider %s had no place within %lld s: it may have "
			"%d calls at once",
			l->name, (long long)(c->conf->queue_us / US_PER_SEC),
			l->max);
	refuse_busy(c, &e);
}

/* ---- the clock ---- */

static void refuse_late(struct gw_call *c)
{
	struct err e;

	err_set(&e, RC_DOWN, "the call took too long");
	gw_call_refuse(c, 504, NULL, &e);
}

void gw_call_tick(struct gw_call *c, int64_t now_us)
{
	if (c->owed) {
		tell_then(c, c->then);
		return;
	}
	if (!c->late && now_us >= c->until_us)
		c->late = true;
	else if (!(c->gone && now_us >= c->gone_until_us))
		return;
	if (c->t.up)
		up_cancel(c->t.up);
	else if (c->state != GW_PAUSE && c->state != GW_BUDGET &&
		 c->state != GW_QUEUE)
		return;
	else if (c->late && !c->gone)
		refuse_late(c);
	else
		gw_call_over(c);
}

static void nobody_waits(void *arg, enum rc rc, const struct err *e)
{
	(void)arg;
	(void)rc;
	(void)e;
}

void gw_call_abandon(struct gw_call *c)
{
	struct http_req *r = c->r;

	if (c->state == GW_SAVING && !c->owed)
		return; /* the intake answers */
	if (c->t.up && c->billed && !c->abandoned) {
		gw_try_cut(c);
		gw_price(c);
		c->spent_pusd += c->t.cost_pusd;
		count_end(c);
	}
	if ((c->t.up && c->billed && !c->abandoned) || c->owed)
		(void)gw_row(c, nobody_waits);
	c->r = NULL;
	if (r)
		http_drop(r);
	if (!c->t.up) {
		gw_call_over(c);
		return;
	}
	c->abandoned = true;
	up_cancel(c->t.up);
}
