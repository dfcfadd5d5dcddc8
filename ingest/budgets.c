/* Reservations: tickets get what they need from all their cells at once, or
 * wait, or are refused. See budget_int.h. */
#include "ingest/budgets.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/budget_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/conf.h"
#include "ledger/base/log.h"

/* Is what the ledger last said still to be relied upon? */
static bool fresh(const struct budgets *b, int64_t now_us)
{
	return b->heard.ok_us && now_us < b->heard.ok_us + BUDGET_USE_US;
}

/* ---- one ticket ---- */

enum verdict {
	HAVE,
	LACK,
	NO
};

/* What a hard budget says to `worst`; `since` is when the ticket came. */
static enum verdict judge(const struct budgets *b, const struct cell *c,
			  int64_t worst, int64_t since_us, int64_t now_us,
			  enum rc *rc)
{
	int64_t left = cell_left(c), got;
	bool ok = fresh(b, now_us);

	*rc = RC_DOWN;
	if (ok && c->period_us != TIME_NONE && left >= worst)
		return HAVE;
	if (!ok && b->heard.tried && !b->heard.connected)
		return NO;
	if (!c->answered_us || c->asking)
		return LACK;
	if (c->rc)
		return c->answered_us >= since_us ? NO : LACK;
	*rc = RC_DENIED;
	if (!c->refused ||
	    (c->answered_us < since_us && now_us - c->answered_us >= AGAIN_US))
		return LACK;
	if (__builtin_add_overflow(left > 0 ? left : 0, c->free, &got))
		return LACK;
	if (worst <= got)
		return LACK;
	/* What others have and do not use they are told to give back. */
	return worst - got > c->idle || now_us - since_us >= WAIT_US ? NO
								     : LACK;
}

/* More is asked for, but of a budget that just refused only now and then. */
static void want(struct budgets *b, struct cell *c, int64_t worst,
		 int64_t now_us)
{
	int64_t extra = c->slice, more;

	if (c->asking || (c->refused && c->answered_us &&
			  now_us - c->asked_us < AGAIN_US && worst > c->free))
		return;
	if (b->n_waiting > 1 &&
	    !__builtin_mul_overflow(worst, (int64_t)b->n_waiting - 1, &more) &&
	    __builtin_add_overflow(extra, more, &extra))
		extra = INT64_MAX;
	cell_ask(c, worst > 0 ? worst : 1, extra, now_us);
}

/* A soft budget lets pass; what it has to say. */
static void look_soft(struct budgets *b, struct cell *c, int64_t now_us,
		      struct budget_answer *a)
{
	bool known = c->answered_us && !c->rc && fresh(b, now_us);

	if (!c->answered_us ||
	    (now_us - c->asked_us >= US_PER_SEC && !c->asking))
		cell_ask(c, 0, 0, now_us);
	if (known && c->spent + (c->settled - c->told) < c->def.limit_pusd)
		return;
	if (!known && !c->answered_us && c->asking && b->heard.connected)
		return; /* the first of all: it is being looked at */
	if (a->soft_over)
		return;
	budget_answer_of(b, c, RC_OK, a);
	a->soft_over = known;
	a->unchecked = !known;
}

static struct cell *current(struct budgets *b, const struct match *m,
			    int64_t now_us)
{
	struct cell *c = cell_get(b, m->def, m->subject, m->shown);

	if (c && cell_stale(b, c, now_us)) {
		cell_retire(c);
		c = cell_get(b, m->def, m->subject, m->shown);
	}
	return c;
}

static void hold(struct budget_ticket *t, struct cell *const *cells, int n,
		 int64_t now_us)
{
	t->n = n;
	for (int i = 0; i < n; i++) {
		t->cells[i] = cells[i];
		cells[i]->refs++;
		cells[i]->live += t->worst;
		cells[i]->used_us = now_us;
	}
}

/* Nothing was ever read: was there a hard budget when we last ran? */
static enum budget_reply blind(const struct budgets *b, struct budget_answer *a)
{
	budget_answer_none(a, RC_OK);
	if (!b->heard.tried)
		return BUDGET_WAIT;
	a->unchecked = true;
	if (!b->had_hard)
		return BUDGET_GRANTED;
	a->rc = RC_DOWN;
	return BUDGET_REFUSED;
}

static enum budget_reply try(struct budget_ticket *t, int64_t now_us,
			     struct budget_answer *a)
{
	struct budgets *b = t->b;
	struct cell *cells[TICKET_MAX];
	char id[UUID_TEXT];
	struct matches m;
	bool all = true;

	if (!b->defs)
		return blind(b, a);
	if (!budget_knows(b, &t->subject, t->since_us))
		return BUDGET_WAIT;
	budget_answer_none(a, RC_OK);
	budget_match(&m, b, &t->subject, id);
	if (m.many) {
		budget_answer_none(a, RC_BUSY);
		return BUDGET_REFUSED;
	}
	for (int i = 0; i < m.n; i++) {
		enum verdict v;
		enum rc rc;

		cells[i] = current(b, &m.m[i], now_us);
		if (!cells[i]) {
			budget_answer_none(a, RC_BUSY);
			return BUDGET_REFUSED;
		}
		if (!cells[i]->def.hard) {
			look_soft(b, cells[i], now_us, a);
			continue;
		}
		v = judge(b, cells[i], t->worst, t->since_us, now_us, &rc);
		if (v == NO) {
			*a = (struct budget_answer){0};
			budget_answer_of(b, cells[i], rc, a);
			return BUDGET_REFUSED;
		}
		if (v == LACK)
			want(b, cells[i], t->worst, now_us);
		all &= v == HAVE;
	}
	if (!all)
		return BUDGET_WAIT;
	hold(t, cells, m.n, now_us);
	return BUDGET_GRANTED;
}

/* ---- tickets that wait ---- */

static char *put(char *to, struct str *s)
{
	struct str from = *s;

	*s = STR_NONE;
	if (!from.len)
		return to;
	memcpy(to, from.p, from.len);
	*s = (struct str){to, from.len};
	return to + from.len;
}

static void enqueue(struct budget_ticket *t)
{
	struct budgets *b = t->b;
	struct budget_subject *s = &t->subject;
	char *at = xcalloc(1, s->key.len + s->team.len + s->agent.len +
				      s->class_name.len + s->task.len + 1);

	t->texts = at;
	at = put(at, &s->key);
	at = put(at, &s->team);
	at = put(at, &s->agent);
	at = put(at, &s->class_name);
	put(at, &s->task);
	t->waiting = true;
	t->prev = b->last;
	t->next = NULL;
	if (b->last)
		b->last->next = t;
	else
		b->first = t;
	b->last = t;
	b->n_waiting++;
}

static void dequeue(struct budget_ticket *t)
{
	struct budgets *b = t->b;

	if (b->cursor == t)
		b->cursor = t->next;
	if (t->prev)
		t->prev->next = t->next;
	else
		b->first = t->next;
	if (t->next)
		t->next->prev = t->prev;
	else
		b->last = t->prev;
	free(t->texts);
	t->texts = NULL;
	t->subject = (struct budget_subject){0};
	t->waiting = false;
	b->n_waiting--;
}

/* All that wait, in order. Their call-backs may reserve, settle and release. */
static void try_all(struct budgets *b)
{
	int64_t now_us = clock_mono_us();

	b->cursor = b->first;
	while (b->cursor) {
		struct budget_ticket *t = b->cursor;
		struct budget_answer a;
		enum budget_reply r = try(t, now_us, &a);
		budget_done_fn *done = t->done;
		void *arg = t->arg;

		if (r == BUDGET_WAIT) {
			b->cursor = t->next;
			continue;
		}
		dequeue(t);
		if (r == BUDGET_REFUSED)
			free(t);
		done(arg, r, &a);
	}
}

/* ---- what the gateway calls ---- */

enum budget_reply budget_reserve(struct budgets *b,
				 const struct budget_subject *s,
				 int64_t worst_pusd, budget_done_fn *done,
				 void *arg, struct budget_ticket **out,
				 struct budget_answer *a)
{
	struct budget_ticket *t;
	enum budget_reply r;

	*out = NULL;
	if (b->defs && b->defs->n == 0 && budget_knows(b, s, clock_mono_us())) {
		budget_answer_none(a, RC_OK);
		return BUDGET_GRANTED;
	}
	t = xcalloc(1, sizeof(*t));
	*t = (struct budget_ticket){.b = b,
				    .worst = worst_pusd > 0 ? worst_pusd : 0,
				    .since_us = clock_mono_us(),
				    .subject = *s,
				    .done = done,
				    .arg = arg};
	b->n_waiting++; /* as one of those that want something */
	r = try(t, t->since_us, a);
	b->n_waiting--;
	if (r == BUDGET_WAIT && b->n_waiting >= WAITING_MAX) {
		budget_answer_none(a, RC_BUSY);
		r = BUDGET_REFUSED;
	}
	if (r == BUDGET_WAIT)
		enqueue(t);
	else
		t->subject = (struct budget_subject){0};
	if (r == BUDGET_REFUSED || (r == BUDGET_GRANTED && t->n == 0))
		free(t);
	else
		*out = t;
	return r;
}

void budget_settle(struct budget_ticket *t, int64_t actual_pusd)
{
	if (!t)
		return;
	if (t->waiting)
		dequeue(t);
	for (int i = 0; i < t->n; i++) {
		struct cell *c = t->cells[i];

		c->live -= t->worst;
		c->refs--;
		if (actual_pusd > 0 &&
		    __builtin_add_overflow(c->settled, actual_pusd,
					   &c->settled))
			c->settled = INT64_MAX;
	}
	free(t);
}

void budget_release(struct budget_ticket *t)
{
	budget_settle(t, 0);
}

bool budget_more(struct budget_ticket *t, int64_t worst_pusd)
{
	int64_t now_us = clock_mono_us();
	int64_t more;

	if (!t || !t->n)
		return true;
	more = worst_pusd - t->worst;
	for (int i = 0; i < t->n && more > 0; i++) {
		struct cell *c = t->cells[i];

		if (c->def.hard &&
		    (!fresh(t->b, now_us) || cell_stale(t->b, c, now_us) ||
		     cell_left(c) < more))
			return false;
	}
	for (int i = 0; i < t->n; i++)
		t->cells[i]->live += more;
	t->worst = worst_pusd;
	return true;
}

int64_t budget_left(struct budgets *b, const struct budget_subject *s)
{
	char id[UUID_TEXT];
	struct matches m;
	int64_t least = -1;

	budget_match(&m, b, s, id);
	for (int i = 0; i < m.n; i++) {
		const struct cell *c =
			cell_find(b, m.m[i].def->id, m.m[i].subject);
		int64_t left;

		if (!c || !c->def.hard || c->period_us == TIME_NONE)
			continue;
		left = c->def.limit_pusd - c->spent - (c->settled - c->told);
		left = left > 0 ? left : 0;
		if (least < 0 || left < least)
			least = left;
	}
	return least;
}

/* ---- from the thread ---- */

static bool same_defs(const struct budget_defs *a, const struct budget_defs *b)
{
	if (!a || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct budget_def *x = &a->defs[i], *y = &b->defs[i];

		if (x->id != y->id || x->mark != y->mark ||
		    x->hard != y->hard || x->limit_pusd != y->limit_pusd)
			return false;
	}
	return true;
}

/* Takes what the thread has left: answers, budgets, how it stands. */
static void hear(struct budgets *b)
{
	int64_t now_us = clock_mono_us();
	int32_t wanted[WANTED_MAX];
	struct budget_defs *news;
	struct ask *a;
	int n;

	pthread_mutex_lock(&b->lock);
	a = b->done.first;
	ask_list_init(&b->done);
	news = b->news;
	b->news = NULL;
	if (news)
		b->defs_us = b->news_us;
	b->heard = b->now;
	n = b->n_wanted;
	memcpy(wanted, b->wanted, (size_t)n * sizeof(wanted[0]));
	b->n_wanted = 0;
	pthread_mutex_unlock(&b->lock);
	if (news && same_defs(b->defs, news)) {
		budget_defs_free(news);
	} else if (news) {
		budget_defs_free(b->defs);
		b->defs = news;
		b->serial++;
	}
	if (n)
		cells_want(b, wanted, n);
	while (a) {
		struct ask *next = a->next;

		cell_answer(a->cell, a, now_us);
		free(a->subject);
		free(a);
		a = next;
	}
}

static void on_inbox(void *arg)
{
	struct budgets *b = arg;

	hear(b);
	try_all(b);
}

static void on_tick(void *arg)
{
	struct budgets *b = arg;

	cells_tick(b, clock_mono_us(), false);
	try_all(b);
	loop_timer_set(b->tick, TICK_US);
}

/* ---- opening and closing ---- */

struct budgets *budgets_open(struct loop *loop, const struct conf *conf,
			     const char *url)
{
	struct budgets *b = xcalloc(1, sizeof(*b));

	b->loop = loop;
	b->url = xstrdup(url);
	b->path = xasprintf("%s/budgets", conf->home);
	b->had_hard = budget_mark_read(b->path);
	ask_list_init(&b->todo);
	ask_list_init(&b->done);
	b->inbox = loop_inbox_new(loop, on_inbox, b);
	b->tick = loop_timer_new(loop, on_tick, b);
	loop_timer_set(b->tick, TICK_US);
	if (!budget_thread_start(b)) {
		log_line(LOG_ERROR, "budget", "no thread for the budgets",
			 "detail=%s", "they cannot be looked at");
		b->heard.tried = true;
	}
	return b;
}

/* Until the ledger has heard everything, or the time is up. */
static void tell_all(struct budgets *b, int64_t until_us)
{
	while (b->running && clock_mono_us() < until_us) {
		hear(b);
		cells_tick(b, clock_mono_us(), true);
		if (!cells_asking(b))
			break;
		budget_thread_wait(b, until_us);
	}
}

void budgets_close(struct budgets *b)
{
	if (!b)
		return;
	while (b->first)
		budget_release(b->first);
	tell_all(b, clock_mono_us() + CLOSE_US);
	budget_thread_stop(b);
	loop_timer_free(b->tick);
	loop_inbox_free(b->inbox);
	if (b->running) /* stuck in connecting: it keeps what it stands on */
		return;
	hear(b);
	cells_free(b);
	budget_defs_free(b->defs);
	pthread_cond_destroy(&b->cond);
	pthread_mutex_destroy(&b->lock);
	free(b->url);
	free(b->path);
	free(b);
}

void budgets_reload(struct budgets *b)
{
	pthread_mutex_lock(&b->lock);
	b->hurry = true;
	pthread_cond_broadcast(&b->cond);
	pthread_mutex_unlock(&b->lock);
}

void budgets_look(const struct budgets *b, struct budgets_state *out)
{
	*out = (struct budgets_state){.connected = fresh(b, clock_mono_us()),
				      .budgets = b->defs ? (int)b->defs->n : 0,
				      .cells = b->n_cells,
				      .waiting = b->n_waiting,
				      .asks = b->asks};
}
