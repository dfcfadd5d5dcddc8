/* One attempt: a request to a provider, its answer as it comes, its end. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ingest/gw_int.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"

/* ---- sending ---- */

static void on_head(void *arg, int status, const struct up_header *h, int n);
static bool on_data(void *arg, const char *p, size_t n);
static void on_end(void *arg, enum up_end how, bool sent, const struct err *e);

static const struct up_calls calls = {on_head, on_data, on_end};

static void take_kit(struct gw_call *c)
{
	struct gateway *g = c->g;
	struct gw_try *t = &c->t;

	buf_init(&t->held, GW_HELD_BYTES);
	if (c->wire == WIRE_OTHER)
		return;
	if (g->n_kits) {
		t->meter = g->kits[--g->n_kits].meter;
		t->held = g->kits[g->n_kits].held;
		meter_reset(t->meter, c->wire, &c->req);
	} else {
		t->meter = meter_new(c->wire, &c->req);
	}
}

static void give_kit(struct gateway *g, struct gw_try *t)
{
	if (!t->meter || g->n_kits == GW_SPARE) {
		meter_free(t->meter);
		buf_release(&t->held);
		return;
	}
	if (t->held.cap > GW_KIT_BYTES)
		buf_release(&t->held);
	buf_clear(&t->held);
	g->kits[g->n_kits++] = (struct gw_kit){t->meter, t->held};
}

static void begin(struct gw_call *c, const struct gw_provider *p,
		  const struct gw_model *m, struct str name)
{
	struct gw_try *t = &c->t;

	gw_try_release(c);
	*t = (struct gw_try){
		.provider = p,
		.link = gw_link_of(c->g, p),
		.model = m,
		.name = name.len ? name : c->req.model,
		.arm = c->arm,
		.no = ++c->attempts,
		.id = uuid_v7(),
		.started_us = clock_now_us(),
		.first_us = TIME_NONE,
		.began_us = clock_mono_us(),
	};
	take_kit(c);
}

static void fill_body(struct gw_call *c, struct up_ask *ask)
{
	struct gw_try *t = &c->t;
	struct str body = http_body(c->r);

	ask->body = body;
	if (c->wire == WIRE_OTHER)
		return;
	model_request_edit(&c->req, body,
			   str_eq(t->name, c->req.model) ? STR_NONE : t->name,
			   &t->edit);
	ask->parts = t->edit.part;
	ask->n_parts = t->edit.n;
}

/* Whether the provider may be asked now. */
static enum gw_started admit(struct gw_call *c, const struct gw_provider *p,
			     struct gw_link *l, struct err *e)
{
	int64_t now = clock_mono_us();

	c->wait_us = 0;
	if (!gw_link_ready(l, now)) {
		c->wait_us = gw_link_wait_us(l, now);
		err_set(e, RC_DOWN,
			"provider %s does not answer; it is tried again in a "
			"while",
			p->name);
		return GW_DOWN;
	}
	switch (gw_queue_ask(c, l, p)) {
	case GW_GO:
		break;
	case GW_WAIT:
		return GW_QUEUED;
	case GW_NO_ROOM:
		err_set(e, RC_BUSY,
			"provider %s has the %d calls that it may have at once,"
			" and %d more wait here",
			p->name, l->max, l->waiting.n);
		return GW_BUSY;
	}
	return GW_SENT;
}

enum gw_started gw_try_start(struct gw_call *c, struct err *e)
{
	const struct gw_model *m = NULL;
	struct up_header headers[GW_HEADERS];
	struct up_ask ask = {0};
	struct str name;
	const struct gw_provider *p = gw_serve(c, &m, &name);
	struct gw_link *l = gw_link_of(c->g, p);
	enum gw_started s = admit(c, p, l, e);

	if (s != GW_SENT)
		return s;
	begin(c, p, m, name);
	ask.n_headers = gw_head_up(c, p, headers, GW_HEADERS);
	ask.headers =
		arena_alloc(&c->a, (size_t)ask.n_headers * sizeof(headers[0]));
	if (!ask.headers) {
		c->attempts--;
		err_set(e, RC_BUSY, "the request's headers are too much");
		return GW_DOWN;
	}
	memcpy((void *)(uintptr_t)ask.headers, headers,
	       (size_t)ask.n_headers * sizeof(headers[0]));
	ask.origin = &p->origin;
	ask.method = http_method(c->r);
	ask.target = c->target;
	ask.connect_us = c->conf->connect_us;
	ask.first_byte_us = c->conf->first_byte_us;
	ask.silence_us = c->conf->silence_us;
	fill_body(c, &ask);
	/* A stream of which we hide a chunk must come plain. */
	ask.accept_gzip = !c->req.usage_injected &&
			  gw_takes_gzip(http_header(c->r, "accept-encoding"));
	c->t.up = up_start(c->g->up, &ask, &calls, c, e);
	if (!c->t.up) {
		c->attempts--;
		return GW_DOWN;
	}
	gw_link_begin(l);
	return GW_SENT;
}

void gw_try_release(struct gw_call *c)
{
	struct gw_try *t = &c->t;

	give_kit(c->g, t);
	t->meter = NULL;
	buf_init(&t->held, GW_HELD_BYTES);
	if (t->stream)
		sse_release(&t->sse);
	t->stream = false;
	inflate_free(t->gz);
	t->gz = NULL;
}

void gw_try_resume(struct gw_try *t)
{
	if (!t->up || !t->paused)
		return;
	t->paused = false;
	up_resume(t->up);
}

/* ---- the head ---- */

static bool is_stream(struct str ctype)
{
	return ctype.len >= 17 &&
	       !strncasecmp(ctype.p, "text/event-stream", 17);
}

static void on_head(void *arg, int status, const struct up_header *h, int n)
{
	struct gw_call *c = arg;
	struct gw_try *t = &c->t;
	struct str coding, ctype;

	gw_head_keep(c, h, n);
	t->status = status;
	t->error = status >= 400;
	ctype = gw_head_find(t, "content-type");
	t->ctype = ctype.p;
	coding = gw_head_find(t, "content-encoding");
	t->coded = coding.len && !gw_name_is(coding, "identity");
	if (t->coded && t->meter && gw_name_is(coding, "gzip"))
		t->gz = inflate_new();
	if (t->meter)
		meter_status(t->meter, status);
	if (!t->error && t->meter && is_stream(ctype) && (!t->coded || t->gz)) {
		t->stream = true;
		sse_init(&t->sse, GW_EVENT_BYTES);
	}
	/* Errors may lead to another attempt, whole answers carry their cost,
	 * and streams that are to be judged wait. */
	if (c->wire == WIRE_OTHER || (t->coded && !t->gz) ||
	    (t->stream && !c->hold)) {
		gw_set_state(c, GW_RELAYING);
		gw_reply_begin(c);
	} else {
		gw_set_state(c, GW_HOLDING);
	}
}

/* ---- bytes ---- */

/* To the client, or to where it is held. */
static bool pass(struct gw_call *c, const char *p, size_t n)
{
	struct gw_try *t = &c->t;

	if (c->state == GW_RELAYING)
		return gw_reply_bytes(c, p, n);
	buf_add(&t->held, p, n);
	if (!buf_ok(&t->held))
		t->beyond = true;
	return true;
}

/* ---- what is encoded: its bytes pass, and a copy is read ---- */

/* The copy is no more: damaged, or far more than any text becomes. */
static void lose(struct gw_try *t)
{
	inflate_free(t->gz);
	t->gz = NULL;
}

static void read_events(struct gw_try *t)
{
	struct sse_event ev;

	while (sse_next(&t->sse, &ev)) {
		if (ev.whole && ev.data.p)
			meter_event(t->meter, &ev);
	}
}

static void read_copy(struct gw_try *t, const char *p, size_t n)
{
	size_t max = GW_COPY_BYTES + GW_COPY_RATIO * t->got_bytes;
	char out[16384];

	while (t->gz) {
		size_t used = n, made = sizeof(out);
		enum inflate_rc rc = inflate_step(t->gz, p, &used, out, &made);

		p += used;
		n -= used;
		t->copied += made;
		if (t->stream && made) {
			sse_give(&t->sse, out, made);
			read_events(t);
		} else if (made) {
			meter_body(t->meter, out, made);
		}
		if (rc == INFLATE_BAD || t->copied > max)
			lose(t);
		else if (rc == INFLATE_IN)
			break;
	}
}

static bool on_coded_stream(struct gw_call *c, const char *p, size_t n)
{
	read_copy(&c->t, p, n);
	return pass(c, p, n);
}

/* Events that lie one after the other in what came are passed as one piece. */
static bool on_events(struct gw_call *c, const char *p, size_t n)
{
	struct gw_try *t = &c->t;
	const char *run = NULL;
	struct sse_event ev;
	size_t len = 0;
	bool more = true;

	sse_give(&t->sse, p, n);
	while (sse_next(&t->sse, &ev)) {
		bool here = ev.raw.p >= p && ev.raw.p + ev.raw.len <= p + n;
		bool hide = ev.whole && ev.data.p && meter_event(t->meter, &ev);

		if (len && (hide || !here || ev.raw.p != run + len)) {
			more = pass(c, run, len);
			len = 0;
		}
		if (hide)
			continue;
		if (!here) {
			more = pass(c, ev.raw.p, ev.raw.len);
		} else if (len) {
			len += ev.raw.len;
		} else {
			run = ev.raw.p;
			len = ev.raw.len;
		}
	}
	if (len)
		more = pass(c, run, len);
	return more;
}

/* What comes is more than can be held: the client gets it as it comes. */
static bool let_go(struct gw_call *c, struct buf *held, const char *p, size_t n)
{
	gw_set_state(c, GW_RELAYING);
	gw_reply_begin(c);
	gw_reply_bytes(c, held->p, held->len);
	buf_release(held);
	return gw_reply_bytes(c, p, n);
}

static bool on_whole(struct gw_call *c, const char *p, size_t n)
{
	struct gw_try *t = &c->t;
	bool holds = c->state != GW_RELAYING;
	bool fits =
		t->held.len + n <= (t->error ? GW_ERROR_BYTES : GW_HELD_BYTES);

	/* What is held the meter reads at the end. */
	if (t->coded) {
		read_copy(t, p, n);
	} else if (t->meter && !(holds && fits)) {
		if (holds)
			meter_body(t->meter, t->held.p, t->held.len);
		meter_body(t->meter, p, n);
	}
	if (!holds)
		return gw_reply_bytes(c, p, n);
	if (!fits)
		return let_go(c, &t->held, p, n);
	buf_add(&t->held, p, n);
	return true;
}

static bool on_data(void *arg, const char *p, size_t n)
{
	struct gw_call *c = arg;
	struct gw_try *t = &c->t;
	bool (*events)(struct gw_call *, const char *, size_t) =
		t->coded ? on_coded_stream : on_events;
	bool more;

	if (!n)
		return true;
	t->got_bytes += n;
	if (t->first_us == TIME_NONE && !t->stream)
		t->first_us = clock_now_us();
	if (!t->stream)
		more = on_whole(c, p, n);
	else if (c->state == GW_HOLDING && t->held.len + n > GW_HELD_BYTES)
		more = let_go(c, &t->held, NULL, 0) && events(c, p, n);
	else
		more = events(c, p, n);
	if (t->stream && t->first_us == TIME_NONE && meter_begun(t->meter))
		t->first_us = clock_now_us();
	/* Nobody will say that there is room again. */
	if (!c->r || http_broken(c->r))
		more = true;
	t->paused = !more;
	return more;
}

/* ---- the end ---- */

static enum gw_health health_of(const struct gw_try *t)
{
	if (t->how == UP_CANCEL || t->how == UP_OURS)
		return HEALTH_UNKNOWN;
	if (t->how == UP_CONNECT || t->how == UP_TIMEOUT || t->how == UP_BAD)
		return HEALTH_BAD;
	if (t->how == UP_CUT)
		return t->status ? HEALTH_UNKNOWN : HEALTH_BAD;
	return t->status >= 500 ? HEALTH_BAD : HEALTH_GOOD;
}

static const char *word_of(const struct gw_call *c)
{
	switch (c->t.how) {
	case UP_CONNECT:
		return "connect";
	case UP_OURS:
		return "no_socket";
	case UP_TIMEOUT:
		return "timeout";
	case UP_CUT:
		return "truncated";
	case UP_BAD:
		return "bad_answer";
	case UP_CANCEL:
		return c->late ? "deadline" : "client_gone";
	case UP_DONE:
		break;
	}
	return "";
}

/* Nothing was heard: nothing was billed if nothing was sent, else nobody
 * knows. */
static void unheard(struct gw_try *t)
{
	struct model_reply *r = &t->reply;

	*r = (struct model_reply){.status = ATTEMPT_ERROR,
				  .quality = QUALITY_MISSING,
				  .reported_cost_pusd = MONEY_NONE};
	usage_init(&r->usage);
	for (int i = 0; i < EVIDENCE_N; i++)
		r->evidence[i] = NAN;
	if (t->sent)
		return;
	r->usage.n[USAGE_UNCACHED_IN] = r->usage.n[USAGE_OUTPUT] = 0;
	r->quality = QUALITY_EXACT;
}

static void finish(struct gw_call *c)
{
	struct gw_try *t = &c->t;

	if (t->coded && t->meter &&
	    (!t->gz || (t->how == UP_DONE && !inflate_done(t->gz))))
		meter_lost(t->meter, (int64_t)t->got_bytes);
	if (t->meter && !t->coded && !t->stream && c->state == GW_HOLDING)
		meter_lend(t->meter, (struct str){t->held.p, t->held.len});
	if (t->meter && t->status)
		meter_finish(t->meter, t->how != UP_DONE, &t->reply);
	else
		unheard(t);
	if (t->how == UP_CANCEL ||
	    (t->how != UP_DONE && !t->reply.error_class.len))
		t->reply.error_class = str_from(word_of(c));
	if (t->how == UP_CANCEL)
		t->reply.status = ATTEMPT_ABORTED;
	t->reply.evidence[EVIDENCE_LATENCY_S] =
		(float)(clock_mono_us() - t->began_us) / 1e6F;
	t->whole = t->how == UP_DONE;
	t->ended_us = clock_now_us();
	if (t->ended_us < t->started_us)
		t->ended_us = t->started_us;
}

void gw_try_cut(struct gw_call *c)
{
	c->t.how = UP_CANCEL;
	c->t.sent = true;
	finish(c);
}

static void on_end(void *arg, enum up_end how, bool sent, const struct err *e)
{
	struct gw_call *c = arg;
	struct gw_try *t = &c->t;
	int64_t now = clock_mono_us();
	struct str rest;

	t->up = NULL;
	gw_call_ours(c, now);
	if (c->abandoned) {
		gw_link_end(t->link, HEALTH_UNKNOWN, now);
		gw_call_over(c);
		return;
	}
	t->how = how;
	t->sent = sent;
	if (e)
		t->err = *e;
	if (t->stream && t->coded) {
		sse_end(&t->sse);
		read_events(t);
	} else if (t->stream) {
		struct sse_event ev;

		sse_end(&t->sse);
		while (sse_next(&t->sse, &ev)) {
			if (!ev.whole || !ev.data.p ||
			    !meter_event(t->meter, &ev))
				pass(c, ev.raw.p, ev.raw.len);
		}
		rest = sse_rest(&t->sse);
		pass(c, rest.p, rest.len);
	}
	gw_link_end(t->link, health_of(t), now);
	finish(c);
	gw_call_ended(c);
	/* Last: whoever is next does not hold up this one. */
	gw_queue_leave(c);
}
