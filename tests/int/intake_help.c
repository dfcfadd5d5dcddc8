#include "tests/int/intake_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"
#include "tests/int/sums.h"

void world_init(struct world *w)
{
	*w = (struct world){.url = harness_db("intake")};
	w->conf = (struct conf){.batch_rows = 5000,
				.queue_bytes = 64 << 20,
				.linger_ms = 2,
				.patience_ms = 400,
				.spool = xstrdup(harness_dir()),
				.spool_bytes = 256 << 20};
	w->loop = loop_new();
	w->db = harness_open(w->url);
}

void world_open(struct world *w)
{
	struct err e = {0};

	ASSERT_OK(intake_open(&w->in, w->loop, &w->conf, w->url, 0, &e), &e);
}

void world_close(struct world *w)
{
	intake_free(w->in);
	w->in = NULL;
}

void world_release(struct world *w)
{
	world_close(w);
	loop_free(w->loop);
	db_close(w->db);
	free(w->conf.spool);
}

/* ---- running ---- */

struct running {
	struct world *w;
	world_cond *cond;
	void *arg;
	int64_t until_us;
	bool ok;
};

static void look(void *arg)
{
	struct running *r = arg;

	r->ok = r->cond(r->arg);
	if (r->ok || clock_mono_us() >= r->until_us)
		loop_stop(r->w->loop);
	else
		loop_timer_set(r->w->timer, 2000);
}

static bool run_until(struct world *w, world_cond *cond, void *arg, int ms)
{
	struct running r = {.w = w,
			    .cond = cond,
			    .arg = arg,
			    .until_us = clock_mono_us() + ms * 1000LL};

	w->timer = loop_timer_new(w->loop, look, &r);
	loop_timer_set(w->timer, 0);
	loop_run(w->loop);
	loop_timer_free(w->timer);
	return r.ok;
}

void world_run(struct world *w, world_cond *cond, void *arg, int ms,
	       const char *what)
{
	if (!run_until(w, cond, arg, ms))
		fail_msg("waited %d ms for %s", ms, what);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

void world_run_for(struct world *w, int ms)
{
	assert_false(run_until(w, never, NULL, ms));
}

struct intake_state world_look(struct world *w)
{
	struct intake_state s;

	intake_look(w->in, &s);
	return s;
}

static bool settled(void *arg)
{
	struct intake_state s = world_look(arg);

	return s.connected && !s.queue_bytes && !s.spool_bytes;
}

void world_settle(struct world *w)
{
	world_run(w, settled, w, 60000, "the ledger to have all");
}

static void on_drained(void *arg)
{
	*(bool *)arg = true;
}

static bool is_true(void *arg)
{
	return *(bool *)arg;
}

void world_drain(struct world *w, int ms)
{
	bool done = false;

	intake_drain(w->in, clock_mono_us() + ms * 1000LL, on_drained, &done);
	assert_false(done);
	world_run(w, is_true, &done, ms + 2000, "the intake to drain");
	assert_null(intake_begin(w->in));
}

/* ---- the client ---- */

struct sent {
	struct client *c;
	int i;
};

void client_init(struct client *c, struct world *w, const char *prefix,
		 int total, int rows, int outstanding)
{
	*c = (struct client){.w = w,
			     .prefix = prefix,
			     .total = total,
			     .rows = rows,
			     .outstanding = outstanding,
			     .ok = xcalloc((size_t)total, 1),
			     .again = xcalloc((size_t)total, sizeof(int))};
}

void client_release(struct client *c)
{
	free(c->ok);
	free(c->again);
	c->ok = NULL;
	c->again = NULL;
}

static void refused(struct client *c, int i)
{
	c->n_refused++;
	if (!c->give_up)
		c->again[c->n_again++] = i;
}

static void on_answer(void *arg, enum rc rc, const struct err *e)
{
	struct sent *s = arg;
	struct client *c = s->c;

	c->in_flight--;
	if (rc == RC_OK) {
		assert_int_equal(c->ok[s->i], 0);
		c->ok[s->i] = 1;
		c->n_acked++;
		if (c->acked)
			c->acked(s->i);
	} else {
		assert_true(rc == RC_BUSY || rc == RC_DOWN);
		assert_true(e->msg[0] != '\0');
		refused(c, s->i);
	}
	free(s);
	client_pump(c);
}

static enum rc fill(struct client *c, const struct sink *sink, int i)
{
	char id[64], name[80];
	struct ev_task t = {.sender = STR("test"),
			    .class_name = STR("coding"),
			    .class_rank = CLASS_EXPLICIT,
			    .rank = RANK_CANONICAL};
	struct ev_decision d;
	struct err e = {0};
	enum rc rc;

	snprintf(id, sizeof(id), "%s-%d", c->prefix, i);
	t.ext_id = str_from(id);
	d = decision(0, id);
	rc = sink->decision(sink->arg, &t, &d, &e);
	for (int k = 0; k < c->rows && rc == RC_OK; k++) {
		struct ev_attempt a;

		snprintf(name, sizeof(name), "%s/%d", id, k);
		a = call(0, name);
		if (c->model)
			a.model = str_from(c->model);
		a.decision_id = d.id;
		a.started_us += (i * 100 + k) % 1000000;
		rc = sink->attempt(sink->arg, &t, &a, &e);
	}
	return rc;
}

static void send_ticket(struct client *c, int i)
{
	struct ticket *t = intake_begin(c->w->in);
	struct sent *s;
	enum rc rc;

	if (!t) {
		refused(c, i);
		return;
	}
	rc = fill(c, ticket_sink(t), i);
	if (rc != RC_OK) {
		assert_int_equal(rc, RC_BUSY);
		ticket_cancel(t);
		refused(c, i);
		return;
	}
	s = xcalloc(1, sizeof(*s));
	*s = (struct sent){c, i};
	c->in_flight++;
	ticket_commit(t, on_answer, s);
}

void client_pump(struct client *c)
{
	while (c->in_flight < c->outstanding && c->next < c->total) {
		int n = c->n_refused;

		send_ticket(c, c->next++);
		if (c->n_refused != n && !c->give_up)
			return; /* later */
	}
}

static bool through(void *arg)
{
	struct client *c = arg;
	int n = c->n_again;

	while (n-- > 0 && c->in_flight < c->outstanding)
		send_ticket(c, c->again[--c->n_again]);
	client_pump(c);
	return c->next == c->total && !c->in_flight && !c->n_again;
}

void client_finish(struct client *c)
{
	world_run(c->w, through, c, 120000, "all tickets to be answered");
	if (!c->give_up)
		assert_int_equal(c->n_acked, c->total);
}

void client_check(struct client *c)
{
	char sql[512];
	const char *have;

	for (int from = 0; from < c->total; from += 10000) {
		int to = from + 10000 < c->total ? from + 10000 : c->total;

		snprintf(sql, sizeof(sql),
			 "SELECT string_agg(CASE coalesce(n, 0) WHEN %d THEN"
			 " '1' ELSE '0' END, '' ORDER BY i)"
			 " FROM generate_series(%d, %d) AS i LEFT JOIN ("
			 "  SELECT t.ext_id, count(*) AS n FROM attempt a"
			 "  JOIN task t ON t.id = a.task_id GROUP BY 1) x"
			 " ON x.ext_id = '%s-' || i",
			 c->rows, from, to - 1, c->prefix);
		have = harness_sql_text(c->w->db, sql);
		assert_int_equal(strlen(have), to - from);
		for (int i = from; i < to; i++) {
			if (c->ok[i] && have[i - from] != '1')
				fail_msg("acknowledged %s-%d is not there",
					 c->prefix, i);
		}
	}
	snprintf(sql, sizeof(sql),
		 "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM"
		 " attempt a JOIN task t ON t.id = a.task_id"
		 " WHERE t.ext_id LIKE '%s-%%' GROUP BY t.id) x",
		 c->prefix);
	assert_true(harness_sql_i64(c->w->db, sql) <= c->rows);
	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM task t WHERE ext_id LIKE '%s-%%' AND"
		 " (SELECT count(*) FROM decision d WHERE d.task_id = t.id)"
		 " <> 1",
		 c->prefix);
	assert_int_equal(harness_sql_i64(c->w->db, sql), 0);
	check_sums(c->w->db);
}
