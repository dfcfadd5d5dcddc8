/* The router itself: trained on fit rows by train_fit(), asked on the others
 * through router_decide() and router_judge(), as the gateway asks. */
#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/evidence.h"
#include "router/bundle_build.h"
#include "router/eval_int.h"
#include "router/repeat.h"
#include "router/replay.h"

#define THETAS 8 /* thresholds that the static cascade may use */

/* The arms of a task's own source. */
static void own_arms(const struct ev *v, int task, bool *own)
{
	for (int a = 0; a < v->m->n_arms; a++)
		own[a] = ev_has(v, task, a);
}

/* What a walk looked at, and what of it was the best single's. */
struct paying {
	const struct ev *v;
	double *all, *top;
	int arm; /* the best single */
};

static const struct mx_cell *cell(const void *ctx, int task, int arm)
{
	const struct paying *to = ctx;
	const struct mx_cell *c = ev_cell(to->v, task, arm);
	double usd = (double)c->cost_pusd / 1e12;

	*to->all += usd;
	if (to->arm >= 0 && (c - to->v->m->cells) % to->v->m->n_arms == to->arm)
		*to->top += usd;
	return c;
}

/* Samples of one arm that were recorded for every arm of a task's source: what
 * a plan may take. */
static int recorded(const struct ev *v, int task)
{
	int least = SAMPLES_MAX;

	for (int a = 0; a < v->m->n_arms; a++) {
		int runs = ev_has(v, task, a) ? ev_cell(v, task, a)->runs
					      : SAMPLES_MAX;

		least = runs < least ? runs : least;
	}
	return least;
}

/* Decide, and see what comes of it. */
static void walk(const struct ev *v, const struct bundle *b, struct replay *k,
		 struct route_ask *ask, struct decision *d, struct ev_play *p,
		 int step, int i, struct replay_trail *t)
{
	size_t at = (size_t)step * (size_t)p->n + (size_t)i;
	double all = 0, top = 0;
	struct paying to = {v, &all, &top, p->top};

	replay_walk(k, b, ask, d, p->rows[i], cell, &to, t);
	p->s[at] = (float)t->success;
	p->c[at] = (float)t->cost;
	/* Of samples as much as of the cells. */
	p->t[at] = (float)(all > 0 ? t->cost * top / all : 0);
}

/* ---- the learned policy ---- */

static void note(const struct ev *v, const struct replay *k,
		 const struct ev_rates *r, const struct decision *d,
		 struct ev_play *p, int task)
{
	int arms = v->m->n_arms, class = v->m->tasks[task].class_id;

	for (int a = 0; a < k->n; a++) {
		struct ev_word w = {
			.p = d->view[a].p,
			.ref = (float)r->class_s[class * arms + k->of[a]],
			.y = matrix_cell(v->m, task, k->of[a])->success,
			.complete = v->complete[task],
		};

		if (k->arm[a].allowed && !isnan(w.p) && !isnan(w.ref) &&
		    !isnan(w.y))
			ev_words_add(&p->said, &w, 1);
	}
}

/* The probabilities of judged tasks that no policy can be played on, since some
 * arm has no verdict. Such tasks are harder than others (a run that breaks off
 * leaves none), so that without them every probability would look too low. */
static void note_others(const struct ev *v, const enum mx_side *side,
			const struct bundle *b, struct replay *k,
			const struct ev_rates *r, struct ev_play *p)
{
	struct decision *d = xcalloc(1, sizeof(*d));
	bool *own = xcalloc((size_t)v->m->n_arms + 1, sizeof(*own));

	for (int t = 0; t < v->m->n_tasks; t++) {
		struct route_ask ask;

		if (side[t] != MX_JUDGE || v->complete[t])
			continue;
		own_arms(v, t, own);
		replay_ask(k, t, own, ROUTE_FAILURE, p->price[p->steps / 2],
			   &ask);
		router_decide(b, &ask, d);
		note(v, k, r, d, p, t);
	}
	free(own);
	free(d);
}

static void play_router(const struct ev *v, const struct bundle *b,
			struct replay *k, const struct ev_rates *r,
			struct ev_play *p)
{
	struct decision *d = xcalloc(1, sizeof(*d));
	bool *own = xcalloc((size_t)v->m->n_arms + 1, sizeof(*own));
	struct route_memo *memo = route_memo_new();

	for (int i = 0; i < p->n; i++) {
		struct route_ask ask;

		own_arms(v, p->rows[i], own);
		replay_ask(k, p->rows[i], own, ROUTE_FAILURE, 1, &ask);
		ask.memo = memo;
		ask.samples = recorded(v, p->rows[i]);
		route_memo_forget(memo);
		for (int q = 0; q < p->steps; q++) {
			int64_t from = clock_mono_us();
			struct replay_trail t;

			ask.target = p->price[q];
			router_decide(b, &ask, d);
			/* The others know the request already. */
			if (q == 0)
				p->decide_us[i] =
					(double)(clock_mono_us() - from);
			if (q == p->steps / 2) {
				note(v, k, r, d, p, p->rows[i]);
				p->served[d->policy]++;
			}
			walk(v, b, k, &ask, d, p, q, i, &t);
		}
	}
	route_memo_free(memo);
	free(own);
	free(d);
}

static void play_unguarded(const struct ev *v, const struct bundle *b,
			   struct replay *k, struct ev_play *p)
{
	struct decision *d = xcalloc(1, sizeof(*d));
	bool *own = xcalloc((size_t)v->m->n_arms + 1, sizeof(*own));
	struct route_memo *memo = route_memo_new();

	for (int i = 0; i < p->n; i++) {
		struct route_ask ask;

		own_arms(v, p->rows[i], own);
		replay_ask(k, p->rows[i], own, ROUTE_FAILURE, 1, &ask);
		ask.unguarded = true;
		ask.memo = memo;
		ask.samples = recorded(v, p->rows[i]);
		route_memo_forget(memo);
		for (int q = 0; q < p->steps; q++) {
			struct replay_trail t;

			ask.target = p->price[q];
			router_decide(b, &ask, d);
			walk(v, b, k, &ask, d, p, q, i, &t);
		}
	}
	route_memo_free(memo);
	free(own);
	free(d);
}

/* ---- a static cascade with the accept model ---- */

/* What the accept model says of each arm's reply to a task: [arm of k]. */
static bool judge_replies(const struct ev *v, const struct bundle *b,
			  struct replay *k, int task, float *p)
{
	struct decision *d = xcalloc(1, sizeof(*d));
	bool *own = xcalloc((size_t)v->m->n_arms + 1, sizeof(*own));
	struct route_memo *memo = route_memo_new();
	struct route_ask ask;
	bool some = false;

	own_arms(v, task, own);
	replay_ask(k, task, own, ROUTE_FAILURE, 1, &ask);
	ask.memo = memo;
	for (int a = 0; a < k->n; a++) {
		const struct mx_cell *c = ev_cell(v, task, k->of[a]);
		struct route_tried tried = {
			.arm = a,
			.evidence = c->evidence,
			.n_evidence = c->evidence ? EVIDENCE_N : 0,
			.cost_pusd = c->cost_pusd,
		};

		p[a] = NAN;
		if (!c->evidence || !k->arm[a].allowed)
			continue;
		ask.tried = &tried;
		ask.n_tried = 1;
		router_judge(b, &ask, d);
		p[a] = d->p_accept;
		some |= !isnan(p[a]);
	}
	route_memo_free(memo);
	free(own);
	free(d);
	return some;
}

static const double theta[THETAS] = {0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95};

/* One row under "a, then b unless a's reply looks good enough". */
static double cascade_cell(const struct ev *v, const struct replay *k, int task,
			   const float *p, int a, int b, double good,
			   double *cost)
{
	const struct mx_cell *ca = ev_cell(v, task, k->of[a]);
	const struct mx_cell *cb = ev_cell(v, task, k->of[b]);
	bool stand = a == b || (!isnan(p[a]) && (double)p[a] >= good);

	*cost = (double)ca->cost_pusd / 1e12;
	if (stand)
		return (double)ca->success;
	*cost += (double)cb->cost_pusd / 1e12;
	return (double)cb->success;
}

struct chosen {
	int a, b;
	double good, worth;
};

/* Sums over fit rows for one pair and threshold: the best for each price. */
static void weigh(const struct ev *v, const struct replay *k, const int *rows,
		  int n, const float *p, struct chosen try,
		  const struct ev_play *play, struct chosen *best)
{
	double s = 0, c = 0;

	for (int i = 0; i < n; i++) {
		double cost;

		s += cascade_cell(v, k, rows[i], p + i * k->n, try.a, try.b,
				  try.good, &cost);
		c += cost;
	}
	for (int q = 0; q < play->steps; q++) {
		try.worth = s * play->price[q] - c;
		if (try.worth > best[q].worth)
			best[q] = try;
	}
}

static void put_cascade(const struct ev *v, const struct replay *k,
			const float *p, const struct chosen *by,
			struct ev_play *play, int step, int i)
{
	const struct mx_cell *a = ev_cell(v, play->rows[i], k->of[by->a]);
	const struct mx_cell *b = ev_cell(v, play->rows[i], k->of[by->b]);
	bool test = by->a != by->b && !isnan(p[by->a]);
	bool good = test && (double)p[by->a] >= by->good;
	size_t at = (size_t)step * (size_t)play->n + (size_t)i;

	play->tested[at] = test;
	play->accepted[at] = good;
	play->wrong[at] = good && (double)a->success < EVAL_CUT;
	if (by->a == by->b || good) {
		ev_put(play, step, i, a, 1);
		return;
	}
	ev_pay(play, step, i, a, 1);
	ev_put(play, step, i, b, 1);
}

/* The accept test itself, as the task's class has it, on every reply. */
static void test_replies(const struct ev *v, const struct bundle *b,
			 const struct replay *k, int task, const float *p,
			 struct ev_play *to)
{
	const struct mx_task *t = &v->m->tasks[task];
	const struct policy *policy =
		&bundle_class_asked(b, v->m->classes[t->class_id], !t->x)
			 ->policy;

	for (int a = 0; a < k->n; a++) {
		const struct mx_cell *c = matrix_cell(v->m, task, k->of[a]);
		bool good = p[a] >= policy->accept;

		if (isnan(p[a]))
			continue;
		ev_scores_add(
			&to->scores,
			&(struct ev_score){k->of[a], t->group, p[a],
					   (double)c->success >= EVAL_CUT},
			1);
		to->replies++;
		to->stood += good;
		to->wrong_stood += good && (double)c->success < EVAL_CUT;
		to->promised += (double)policy->false_accept;
	}
}

/* The pair and the threshold are chosen by what other folds' models say of the
 * fit rows (`post`, see train.h): the bundle's own know these by heart. */
static void play_cascade(const struct ev *v, const enum mx_side *side,
			 const struct bundle *b, struct replay *k,
			 const float *post, struct ev_play *play)
{
	size_t tasks = (size_t)v->m->n_tasks;
	int *rows = xcalloc(tasks + 1, sizeof(*rows)), n = 0;
	float *p = xcalloc(tasks * (size_t)k->n + 1, sizeof(*p));
	struct chosen best[EVAL_STEPS];
	float seen[ROUTE_ARMS_MAX];
	bool some = false;

	for (int t = 0; t < v->m->n_tasks; t++) {
		if (side[t] != MX_FIT || !v->complete[t])
			continue;
		for (int a = 0; a < k->n; a++) {
			p[n * k->n + a] = post[t * v->m->n_arms + k->of[a]];
			some |= !isnan(p[n * k->n + a]);
		}
		rows[n++] = t;
	}
	for (int q = 0; q < play->steps; q++)
		best[q] = (struct chosen){.worth = -INFINITY};
	for (int a = 0; a < k->n; a++)
		for (int c = a; c < k->n; c++)
			for (int h = 0; h < (a == c ? 1 : THETAS); h++)
				weigh(v, k, rows, n, p,
				      (struct chosen){a, c, theta[h], 0}, play,
				      best);
	if (!some)
		play->why = "replies left no evidence that an accept model "
			    "knows";
	for (int i = 0; i < play->n; i++) {
		judge_replies(v, b, k, play->rows[i], seen);
		test_replies(v, b, k, play->rows[i], seen, play);
		for (int q = 0; q < play->steps; q++)
			put_cascade(v, k, seen, &best[q], play, q, i);
	}
	free(rows);
	free(p);
}

/* ---- training ---- */

enum rc ev_play_learned(struct ev *v, const enum mx_side *side,
			struct ev_play *learned, struct ev_play *unguarded,
			struct ev_play *cascade, struct err *e)
{
	struct train_opts o;
	struct replay k;
	struct bundle *b = NULL;
	struct ev_rates r;
	struct buf bytes;
	enum rc rc;

	if (!v->o->learn) {
		learned->why = unguarded->why = cascade->why = "not trained";
		return RC_OK;
	}
	train_defaults(&o);
	if (v->o->train)
		o = *v->o->train;
	buf_init(&bytes, BUNDLE_BYTES_MAX);
	o.post = xcalloc((size_t)v->m->n_tasks * (size_t)v->m->n_arms + 1,
			 sizeof(*o.post));
	rc = train_fit(&bytes, v->m, side, &o, e);
	if (rc == RC_OK)
		rc = bundle_view(&b, bytes.p, bytes.len, e);
	if (rc == RC_OK) {
		ev_rates_init(&r, v, side);
		replay_init(&k, v->m, r.all_c, r.all_s, v->o->seed);
		learned->decide_us =
			xcalloc((size_t)learned->n + 1, sizeof(double));
		ev_play_tests(cascade);
		play_router(v, b, &k, &r, learned);
		note_others(v, side, b, &k, &r, learned);
		play_unguarded(v, b, &k, unguarded);
		play_cascade(v, side, b, &k, o.post, cascade);
		ev_rates_release(&r);
	}
	free(o.post);
	bundle_drop(b);
	buf_release(&bytes);
	return rc;
}
