#include "tests/unit/import_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "ledger/price.h"

static struct str copy(struct probe *p, struct str s)
{
	return s.p ? arena_str(&p->arena, s) : STR_NONE;
}

static int task_of(struct probe *p, const struct ev_task *t)
{
	struct ev_task *n;

	for (size_t i = 0; i < p->n_tasks; i++)
		if (str_eq(p->tasks[i].t.ext_id, t->ext_id))
			return (int)i;
	xgrow(&p->tasks, &p->cap_tasks, p->n_tasks + 1, sizeof(*p->tasks));
	p->tasks[p->n_tasks] = (struct probe_task){.t = *t};
	n = &p->tasks[p->n_tasks].t;
	n->sender = copy(p, n->sender);
	n->ext_id = copy(p, n->ext_id);
	n->parent_ext_id = copy(p, n->parent_ext_id);
	n->team = copy(p, n->team);
	n->agent = copy(p, n->agent);
	n->class_name = copy(p, n->class_name);
	n->attrs = copy(p, n->attrs);
	return (int)p->n_tasks++;
}

static void add_attempt(struct probe *p, int task, const struct ev_attempt *a)
{
	struct ev_attempt *n;

	xgrow(&p->attempts, &p->cap_attempts, p->n_attempts + 1,
	      sizeof(*p->attempts));
	p->attempts[p->n_attempts] = (struct probe_attempt){*a, task};
	n = &p->attempts[p->n_attempts++].a;
	n->step_key = copy(p, n->step_key);
	n->tool = copy(p, n->tool);
	n->provider = copy(p, n->provider);
	n->requested_model = copy(p, n->requested_model);
	n->model = copy(p, n->model);
	n->service_tier = copy(p, n->service_tier);
	n->finish_reason = copy(p, n->finish_reason);
	n->error_class = copy(p, n->error_class);
	n->source = copy(p, n->source);
	n->origin = copy(p, n->origin);
	p->tasks[task].attempts++;
}

static void add_outcome(struct probe *p, int task, const struct ev_outcome *o)
{
	struct ev_outcome *n;

	xgrow(&p->outcomes, &p->cap_outcomes, p->n_outcomes + 1,
	      sizeof(*p->outcomes));
	p->outcomes[p->n_outcomes] = (struct probe_outcome){*o, task};
	n = &p->outcomes[p->n_outcomes++].o;
	n->step_key = copy(p, n->step_key);
	n->source = copy(p, n->source);
	n->key = copy(p, n->key);
	n->label = copy(p, n->label);
	p->tasks[task].outcomes++;
}

static void add_trial(struct probe *p, const struct ev_trial *t)
{
	size_t bytes = (size_t)t->n_features * sizeof(float);
	struct ev_trial *n;

	xgrow(&p->trials, &p->cap_trials, p->n_trials + 1, sizeof(*p->trials));
	n = &p->trials[p->n_trials++];
	*n = *t;
	n->source = copy(p, n->source);
	n->task_ext_id = copy(p, n->task_ext_id);
	n->task_class = copy(p, n->task_class);
	n->model = copy(p, n->model);
	n->agent = copy(p, n->agent);
	n->run = copy(p, n->run);
	n->attrs = copy(p, n->attrs);
	if (bytes)
		n->features = memcpy(arena_alloc(&p->arena, bytes), t->features,
				     bytes);
}

static void watch(void *arg, const struct ev_task *t,
		  const struct ev_attempt *a, const struct ev_outcome *o,
		  const struct ev_trial *trial)
{
	struct probe *p = arg;

	if (a)
		add_attempt(p, task_of(p, t), a);
	if (o)
		add_outcome(p, task_of(p, t), o);
	if (trial)
		add_trial(p, trial);
}

static void probe(struct probe *p, const struct import_kind *k,
		  const char *name, const struct str *text)
{
	const struct import_opts opts = {.quiet = true};
	struct import_run *r = import_run_new(&opts, NULL, NULL);
	struct err e = {.msg = ""};
	enum rc rc;

	probe_release(p);
	import_run_watch(r, watch, p);
	rc = text ? import_run_text(r, k, name, *text, &e)
		  : import_run_file(r, k, name, &e);
	if (rc || import_run_finish(r, &e))
		fail_msg("%s: %s", name, e.msg);
	p->totals = *import_run_totals(r);
	import_run_free(r);
}

void probe_text(struct probe *p, const struct import_kind *k, const char *name,
		struct str text)
{
	probe(p, k, name, &text);
}

void probe_file(struct probe *p, const struct import_kind *k, const char *path)
{
	char *full = path[0] == '/' ? xstrdup(path)
				    : xasprintf("tests/data/%s", path);

	probe(p, k, full, NULL);
	assert_int_equal(p->totals.files_failed, 0);
	free(full);
}

void probe_release(struct probe *p)
{
	free(p->tasks);
	free(p->attempts);
	free(p->outcomes);
	free(p->trials);
	arena_release(&p->arena);
	memset(p, 0, sizeof(*p));
	arena_init(&p->arena, (size_t)1 << 30);
}

int64_t probe_sum(const struct probe *p, int task, enum usage_bucket bucket)
{
	int64_t sum = 0;

	for (size_t i = 0; i < p->n_attempts; i++) {
		int64_t n = p->attempts[i].a.usage.n[bucket];

		if ((task < 0 || p->attempts[i].task == task) && n > 0)
			sum += n;
	}
	return sum;
}

int64_t probe_reported(const struct probe *p, int task)
{
	int64_t sum = 0;

	for (size_t i = 0; i < p->n_attempts; i++) {
		int64_t pusd = p->attempts[i].a.reported_cost_pusd;

		if ((task < 0 || p->attempts[i].task == task) &&
		    pusd != MONEY_NONE)
			sum += pusd;
	}
	return sum;
}

int64_t probe_cost(const struct probe *p, int task)
{
	struct price_book *book;
	int64_t sum = 0;
	struct err e;

	assert_int_equal(price_book_builtin(&book, &e), RC_OK);
	for (size_t i = 0; i < p->n_attempts; i++) {
		const struct ev_attempt *a = &p->attempts[i].a;
		const struct cost_context c = {
			.provider = a->provider,
			.model = a->model,
			.started_us = a->started_us,
			.service_tier = a->service_tier,
		};
		struct cost k;

		if (task >= 0 && p->attempts[i].task != task)
			continue;
		cost_compute(book, &c, &a->usage, &k);
		if (k.state != COST_PRICED)
			fail_msg("%.*s: %s", STR_ARG(a->model),
				 cost_state_text(k.state));
		sum += k.cost_pusd;
	}
	price_book_free(book);
	return sum;
}

int64_t probe_reason(const struct probe *p, const char *reason)
{
	for (int i = 0; i < p->totals.n_reasons; i++)
		if (!strcmp(p->totals.reasons[i].text, reason))
			return p->totals.reasons[i].n;
	return 0;
}

const struct ev_outcome *probe_outcome(const struct probe *p, int task,
				       const char *key)
{
	for (size_t i = 0; i < p->n_outcomes; i++)
		if (p->outcomes[i].task == task &&
		    str_is(p->outcomes[i].o.key, key))
			return &p->outcomes[i].o;
	return NULL;
}

void probe_same(const struct probe *a, const struct probe *b)
{
	assert_int_equal(a->n_attempts, b->n_attempts);
	assert_int_equal(a->n_outcomes, b->n_outcomes);
	assert_int_equal(a->n_trials, b->n_trials);
	assert_int_equal(a->n_tasks, b->n_tasks);
	for (size_t i = 0; i < a->n_tasks; i++)
		assert_true(str_eq(a->tasks[i].t.ext_id, b->tasks[i].t.ext_id));
	for (size_t i = 0; i < a->n_attempts; i++) {
		const struct ev_attempt *x = &a->attempts[i].a;
		const struct ev_attempt *y = &b->attempts[i].a;

		assert_int_equal(x->n_keys, y->n_keys);
		assert_memory_equal(x->keys, y->keys,
				    sizeof(x->keys[0]) * (size_t)x->n_keys);
		assert_int_equal(x->started_us, y->started_us);
		assert_memory_equal(&x->usage, &y->usage, sizeof(x->usage));
	}
}

void probe_keys_differ(const struct probe *p)
{
	for (size_t i = 0; i < p->n_attempts; i++)
		for (size_t k = 0; k < i; k++)
			for (int m = 0; m < p->attempts[i].a.n_keys; m++)
				for (int n = 0; n < p->attempts[k].a.n_keys;
				     n++)
					assert_false(uuid_eq(
						p->attempts[i].a.keys[m],
						p->attempts[k].a.keys[n]));
}
