#include "tests/unit/import_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "ledger/price.h"
#include "tests/unit/event_copy.h"

static int task_of(struct probe *p, const struct ev_task *t)
{
	for (size_t i = 0; i < p->n_tasks; i++)
		if (str_eq(p->tasks[i].t.ext_id, t->ext_id))
			return (int)i;
	xgrow(&p->tasks, &p->cap_tasks, p->n_tasks + 1, sizeof(*p->tasks));
	p->tasks[p->n_tasks] =
		(struct probe_task){.t = copy_task(&p->arena, t)};
	return (int)p->n_tasks++;
}

static void add_attempt(struct probe *p, int task, const struct ev_attempt *a)
{
	xgrow(&p->attempts, &p->cap_attempts, p->n_attempts + 1,
	      sizeof(*p->attempts));
	p->attempts[p->n_attempts++] =
		(struct probe_attempt){copy_attempt(&p->arena, a), task};
	p->tasks[task].attempts++;
}

static void add_outcome(struct probe *p, int task, const struct ev_outcome *o)
{
	xgrow(&p->outcomes, &p->cap_outcomes, p->n_outcomes + 1,
	      sizeof(*p->outcomes));
	p->outcomes[p->n_outcomes++] =
		(struct probe_outcome){copy_outcome(&p->arena, o), task};
	p->tasks[task].outcomes++;
}

static void add_trial(struct probe *p, const struct ev_trial *t)
{
	xgrow(&p->trials, &p->cap_trials, p->n_trials + 1, sizeof(*p->trials));
	p->trials[p->n_trials++] = copy_trial(&p->arena, t);
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
