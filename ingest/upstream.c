/* Origins, their connections, and the calls that want one. Deadlines are looked
 * at every few milliseconds for all calls at once: setting a timer for each
 * would cost more than the looking. */
#include "ingest/upstream.h"

#include <stdio.h>
#include <stdlib.h>

#include "ingest/tls.h"
#include "ingest/upstream_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

#define TICK_US (20 * INT64_C(1000))

enum {
	WAITING_MAX = 1024,
	SPARE_MAX = 256,      /* calls that are over, kept for the next */
	HEAD_MAX = 256 << 10, /* of a request */
	OUT_HIGH = 256 << 10,
	OUT_LOW = 64 << 10,
	OUT_MAX = 2 << 20
};

static void start_timer(struct upstream *u)
{
	if (u->timer_on)
		return;
	u->timer_on = true;
	loop_timer_set(u->timer, TICK_US);
}

/* ---- the end of a call ---- */

static void unlist(struct up_call *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		c->u->calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
}

static void tell(struct up_call *c)
{
	c->told = true;
	if (c->how != UP_DONE && c->how != UP_CANCEL)
		c->u->counts.failures++;
	unlist(c);
	c->cb.end(c->arg, c->how, c->sent, &c->err);
}

static void told_later(void *arg)
{
	struct up_call *c = arg;
	struct upstream *u = c->u;

	if (c->told) { /* by upstream_free() */
		free(c);
		return;
	}
	tell(c);
	pool_put(&u->spare, c);
}

static void set_over(struct up_call *c, enum up_end how, const struct err *e)
{
	c->state = CALL_OVER;
	c->how = how;
	if (e)
		c->err = *e;
	else
		c->err.msg[0] = c->err.hint[0] = 0;
}

void call_end(struct up_call *c, enum up_end how, const struct err *e)
{
	struct upstream *u = c->u;

	set_over(c, how, e);
	tell(c);
	pool_put(&u->spare, c);
}

void call_end_later(struct up_call *c, enum up_end how, const struct err *e)
{
	set_over(c, how, e);
	loop_defer(c->u->loop, told_later, c);
}

void call_broken(struct up_call *c, const struct err *e)
{
	struct link *k = c->link;
	struct origin *o = c->o;
	bool stale = k->reused && c->state == CALL_SENDING && !c->retried;
	enum up_end how = c->state != CALL_CONNECTING ? UP_CUT
			  : k->ours                   ? UP_OURS
						      : UP_CONNECT;

	if (!stale) {
		link_release(k, false);
		call_end(c, how, e);
		return;
	}
	/* It was given up by the other side while it lay idle. The slot is
	 * ours, whoever waits. */
	c->retried = true;
	c->link = NULL;
	k->call = NULL;
	o->open++;
	link_drop(k);
	o->open--;
	link_new(o, c);
}

/* ---- links ---- */

static void free_link(void *arg)
{
	free(arg);
}

static void leave_idle(struct link *k)
{
	struct origin *o = k->o;

	if (!k->idle)
		return;
	k->idle = false;
	if (k->prev)
		k->prev->next = k->next;
	else
		o->idle = k->next;
	if (k->next)
		k->next->prev = k->prev;
	else
		o->idle_last = k->prev;
	k->prev = k->next = NULL;
	k->u->counts.idle--;
}

static struct up_call *next_waiting(struct origin *o)
{
	struct up_call *c = o->waiting;

	if (!c)
		return NULL;
	o->waiting = c->wait_next;
	if (!o->waiting)
		o->waiting_last = NULL;
	o->n_waiting--;
	return c;
}

void call_stop_waiting(struct up_call *c)
{
	struct up_call **at = &c->o->waiting, *last = NULL;

	while (*at && *at != c) {
		last = *at;
		at = &last->wait_next;
	}
	if (!*at)
		return;
	*at = c->wait_next;
	if (c->o->waiting_last == c)
		c->o->waiting_last = last;
	c->o->n_waiting--;
}

void link_drop(struct link *k)
{
	struct origin *o = k->o;
	struct up_call *c;

	leave_idle(k);
	if (k->question)
		resolve_cancel(k->question);
	conn_free(k->c);
	k->c = NULL;
	k->question = NULL;
	k->gone = true;
	k->u->counts.open--;
	o->open--;
	loop_defer(k->u->loop, free_link, k);
	if (k->u->closing || o->open >= k->u->lim.per_origin)
		return;
	c = next_waiting(o);
	if (c)
		link_new(o, c);
}

static void idle_closed(struct conn *conn, void *arg, const struct err *e)
{
	(void)conn;
	(void)e;
	link_drop(arg);
}

/* Whatever comes unasked, or an end: it is of no more use. */
static void idle_event(struct conn *conn, void *arg)
{
	(void)conn;
	link_drop(arg);
}

static const struct conn_cb idle_cb = {
	.readable = idle_event,
	.ended = idle_event,
	.closed = idle_closed,
};

static void go_idle(struct link *k)
{
	struct origin *o = k->o;

	conn_set(k->c, &idle_cb, k);
	k->idle = true;
	k->idle_us = clock_mono_us();
	k->next = o->idle;
	if (o->idle)
		o->idle->prev = k;
	else
		o->idle_last = k;
	o->idle = k;
	k->u->counts.idle++;
	start_timer(k->u);
}

void link_release(struct link *k, bool whole)
{
	struct up_call *c = k->call;

	k->call = NULL;
	c->link = NULL;
	if (!whole || !k->keep || c->at_part < c->n_parts || k->u->closing ||
	    conn_input(k->c).len > 0 || conn_ended(k->c)) {
		link_drop(k);
		return;
	}
	k->reused = true;
	c = next_waiting(k->o);
	if (!c) {
		go_idle(k);
		return;
	}
	k->u->counts.reuses++;
	link_carry(k, c);
}

void link_carry(struct link *k, struct up_call *c)
{
	leave_idle(k);
	k->call = c;
	c->link = k;
	k->scan = (struct http_scan){0};
	k->in_body = k->keep = false;
	if (k->patient)
		conn_patient(k->c, k->patient = false);
	k->interim = 0;
	c->state = CALL_SENDING;
	c->since_us = c->moved_us = clock_mono_us();
	c->moved = 0;
	conn_set(k->c, &link_busy_cb, k);
	call_send(c);
}

/* ---- new connections ---- */

static void connect_failed(void *arg)
{
	struct link *k = arg;

	if (!k->gone && k->call)
		call_broken(k->call, &k->err);
}

static enum rc connect_to(struct link *k, int i)
{
	struct upstream *u = k->u;
	struct conn_opts o = {
		.cb = &link_busy_cb,
		.arg = k,
		.in_max = u->lim.head_bytes + (64 << 10),
		.out_high = OUT_HIGH,
		.out_low = OUT_LOW,
		.out_max = OUT_MAX,
		.host = k->o->where.host,
	};

	if (k->o->where.tls) {
		if (!u->tls &&
		    tls_client_new(&u->tls, u->lim.ca, &k->err) != RC_OK)
			return RC_DOWN;
		o.tls = u->tls;
	}
	return conn_connect(&k->c, u->loop,
			    (const struct sockaddr *)&k->found.addr[i],
			    k->found.len[i], &o, &k->err);
}

/* The next address that does not refuse at once. */
static void try_next(struct link *k)
{
	while (k->at_address < k->found.n && !k->ours) {
		enum rc rc = connect_to(k, k->at_address++);

		if (rc == RC_OK)
			return;
		k->ours = rc == RC_BUSY;
	}
	/* From here the caller's caller may be a caller of ours. */
	loop_defer(k->u->loop, connect_failed, k);
}

void link_not_connected(struct link *k, const struct err *e)
{
	k->err = *e;
	conn_free(k->c);
	k->c = NULL;
	try_next(k);
}

static void resolved(void *arg, const struct resolved *a, const struct err *e)
{
	struct link *k = arg;

	k->question = NULL;
	k->found = *a;
	if (a->n == 0)
		k->err = *e;
	try_next(k);
}

void link_new(struct origin *o, struct up_call *c)
{
	struct upstream *u = c->u;
	struct link *k = xcalloc(1, sizeof(*k));

	k->u = u;
	k->o = o;
	k->call = c;
	c->link = k;
	c->state = CALL_CONNECTING;
	c->since_us = clock_mono_us();
	o->open++;
	u->counts.open++;
	u->counts.connects++;
	err_set(&k->err, RC_DOWN, "%s has no address", o->where.host);
	if (resolve_now(u->resolver, o->where.host, o->where.port, &k->found)) {
		try_next(k);
		return;
	}
	k->question = resolve_start(u->resolver, o->where.host, o->where.port,
				    resolved, k, &k->err);
	if (!k->question)
		loop_defer(u->loop, connect_failed, k);
}

/* ---- deadlines ---- */

static void tick(void *arg)
{
	struct upstream *u = arg;
	int64_t now = clock_mono_us();
	struct up_call *next;

	/* What is told may start and cancel calls: new ones come in front, and
	 * cancelled ones stay until the end of the iteration. */
	for (struct up_call *c = u->calls; c; c = next) {
		next = c->next;
		call_look(c, now);
	}
	for (struct origin *o = u->origins; o; o = o->next)
		while (o->idle_last &&
		       now - o->idle_last->idle_us > u->lim.idle_us)
			link_drop(o->idle_last);
	u->timer_on = false;
	if (u->calls || u->counts.idle > 0)
		start_timer(u);
}

/* ---- the client ---- */

struct upstream *upstream_new(struct loop *l, const struct up_limits *lim,
			      struct err *e)
{
	struct upstream *u = xcalloc(1, sizeof(*u));

	u->loop = l;
	u->lim = *lim;
	if (u->lim.waiting == 0)
		u->lim.waiting = WAITING_MAX;
	if (u->lim.ca && tls_client_new(&u->tls, u->lim.ca, e) != RC_OK) {
		free(u);
		return NULL;
	}
	u->resolver = resolver_new(l);
	u->timer = loop_timer_new(l, tick, u);
	buf_init(&u->head, HEAD_MAX);
	pool_init(&u->spare, sizeof(struct up_call), SPARE_MAX);
	return u;
}

void upstream_free(struct upstream *u)
{
	struct err e;

	if (!u)
		return;
	u->closing = true;
	err_set(&e, RC_DOWN, "the client is closed");
	while (u->calls) {
		struct up_call *c = u->calls;
		bool deferred = c->state == CALL_OVER;

		if (c->link)
			link_release(c->link, false);
		if (!deferred)
			set_over(c, UP_CANCEL, &e);
		tell(c);
		if (!deferred)
			pool_put(&u->spare, c);
	}
	while (u->origins) {
		struct origin *o = u->origins;

		while (o->idle)
			link_drop(o->idle);
		u->origins = o->next;
		free(o);
	}
	loop_timer_free(u->timer);
	resolver_free(u->resolver);
	tls_free(u->tls);
	buf_release(&u->head);
	pool_release(&u->spare);
	free(u);
}

static struct origin *origin_of(struct upstream *u, const struct up_origin *w)
{
	bool v6 = strchr(w->host, ':') != NULL;
	struct origin *o = u->origins;
	char port[8] = "";

	while (o && (o->where.port != w->port || o->where.tls != w->tls ||
		     strcmp(o->where.host, w->host) != 0))
		o = o->next;
	if (o)
		return o;
	o = xcalloc(1, sizeof(*o));
	o->where = *w;
	if (w->port != (w->tls ? 443 : 80))
		snprintf(port, sizeof(port), ":%u", w->port);
	snprintf(o->host_line, sizeof(o->host_line), "Host: %s%s%s%s\r\n",
		 v6 ? "[" : "", w->host, v6 ? "]" : "", port);
	o->next = u->origins;
	u->origins = o;
	return o;
}

static void take_body(struct up_call *c)
{
	const struct up_ask *a = &c->ask;

	if (a->n_parts == 0 && a->body.len > 0)
		c->part[c->n_parts++] = a->body;
	for (int i = 0; i < a->n_parts; i++)
		if (a->parts[i].len > 0)
			c->part[c->n_parts++] = a->parts[i];
	for (int i = 0; i < c->n_parts; i++)
		c->body_bytes += c->part[i].len;
}

static void wait_for(struct origin *o, struct up_call *c)
{
	c->state = CALL_WAITING;
	c->since_us = clock_mono_us();
	if (o->waiting_last)
		o->waiting_last->wait_next = c;
	else
		o->waiting = c;
	o->waiting_last = c;
	o->n_waiting++;
}

struct up_call *up_start(struct upstream *u, const struct up_ask *ask,
			 const struct up_calls *calls, void *arg, struct err *e)
{
	struct up_call *c;
	struct origin *o;

	if (ask->n_parts > UP_PARTS)
		BUG("a body in too many parts");
	if (u->closing) {
		err_set(e, RC_DOWN, "the client is closed");
		return NULL;
	}
	if (ask_check(ask, e) != RC_OK)
		return NULL;
	o = origin_of(u, ask->origin);
	if (!o->idle && o->open >= u->lim.per_origin &&
	    o->n_waiting >= u->lim.waiting) {
		err_set(e, RC_BUSY, "%d calls wait for %s already",
			o->n_waiting, o->where.host);
		return NULL;
	}
	c = pool_get(&u->spare);
	*c = (struct up_call){
		.u = u, .o = o, .ask = *ask, .cb = *calls, .arg = arg};
	take_body(c);
	c->next = u->calls;
	if (u->calls)
		u->calls->prev = c;
	u->calls = c;
	start_timer(u);
	if (o->idle) {
		u->counts.reuses++;
		link_carry(o->idle, c);
	} else if (o->open < u->lim.per_origin) {
		link_new(o, c);
	} else {
		wait_for(o, c);
	}
	return c;
}

void up_resume(struct up_call *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	c->moved_us = clock_mono_us();
	if (c->link && c->link->c)
		conn_resume(c->link->c);
}

void up_cancel(struct up_call *c)
{
	struct err e;

	if (c->state == CALL_OVER)
		return;
	if (c->link)
		link_release(c->link, false);
	else
		call_stop_waiting(c);
	err_set(&e, RC_DOWN, "cancelled");
	call_end_later(c, UP_CANCEL, &e);
}

void upstream_counts(const struct upstream *u, struct up_counts *out)
{
	*out = u->counts;
	out->waiting = 0;
	for (const struct origin *o = u->origins; o; o = o->next)
		out->waiting += o->n_waiting;
}
