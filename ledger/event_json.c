/* The writer of events. */
#include "ledger/event_json.h"

#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/event_fields.h"
#include "ledger/money.h"

/* ---- members ---- */

static void put_text(struct json_out *o, const char *key, struct str s)
{
	if (s.len)
		json_out_str(o, key, s);
}

static void put_time(struct json_out *o, const char *key, int64_t us)
{
	char text[40];

	if (us != TIME_NONE)
		json_out_str(o, key,
			     str_from(clock_format(us, text, sizeof(text))));
}

static void put_money(struct json_out *o, const char *key, int64_t pusd)
{
	char text[MONEY_TEXT];

	if (pusd != MONEY_NONE)
		json_out_str(o, key, str_from(money_format(pusd, text)));
}

static void put_count(struct json_out *o, const char *key, int64_t n)
{
	if (n != USAGE_NONE)
		json_out_i64(o, key, n);
}

static void put_uuid(struct json_out *o, const char *key, struct uuid u)
{
	char text[UUID_TEXT];

	if (!uuid_is_nil(u))
		json_out_str(o, key, str_from(uuid_format(u, text)));
}

static void put_success(struct json_out *o, const char *key, int32_t micro)
{
	char text[MONEY_TEXT];

	if (micro >= 0)
		json_out_raw(o, key,
			     str_from(money_format_scaled(micro, 6, text)));
}

static void put_hex(struct json_out *o, const char *key, const void *p,
		    size_t n)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *from = p;
	char *to;

	/* An empty member, then its text within the quotes. */
	json_out_raw(o, key, STR("\""));
	to = buf_reserve(o->b, 2 * n);
	for (size_t i = 0; to && i < n; i++) {
		*to++ = hex[from[i] >> 4];
		*to++ = hex[from[i] & 15];
	}
	if (to)
		buf_advance(o->b, 2 * n);
	buf_addc(o->b, '"');
}

static void put_reals(struct json_out *o, const char *key, const float *v,
		      int n)
{
	if (n <= 0)
		return;
	json_out_arr(o, key);
	for (int i = 0; i < n; i++)
		json_out_float(o, NULL, v[i]);
	json_out_end(o, ']');
}

static void put_costs(struct json_out *o, const char *key, const int64_t *pusd,
		      int n)
{
	if (n <= 0)
		return;
	json_out_arr(o, key);
	for (int i = 0; i < n; i++) {
		if (pusd[i] == MONEY_NONE)
			json_out_null(o, NULL);
		else
			put_money(o, NULL, pusd[i]);
	}
	json_out_end(o, ']');
}

/* Facts that a batch has not judged may be no JSON, and foreign ones may hold
 * line breaks; a line must stay one. */
static void put_facts(struct json_out *o, const char *key, struct str s,
		      bool judged)
{
	struct json_doc d;
	bool good = judged;

	if (!s.len)
		return;
	if (!judged) {
		json_doc_init(&d, 4096);
		good = json_parse(&d, s, NULL) == RC_OK &&
		       json_is(&d.nodes[0], JSON_OBJECT);
		json_doc_release(&d);
	}
	if (!good) {
		json_out_str(o, key, s);
		return;
	}
	json_out_raw(o, key, STR(""));
	for (size_t i = 0; i < s.len; i++)
		buf_addc(o->b, (unsigned char)s.p[i] < ' ' ? ' ' : s.p[i]);
}

/* ---- tasks ---- */

enum depth {
	NAMED,  /* sender and id */
	JUDGED, /* whole, as a batch has it */
	RAW,    /* whole, as a source gave it */
};

static void put_task(struct json_out *o, const struct bt_task *t, enum depth d)
{
	const struct ev_task *e = &t->e;

	json_out_obj(o, "task");
	json_out_str(o, "sender", e->sender);
	json_out_str(o, "id", e->ext_id);
	if (d != NAMED) {
		put_text(o, "parent", e->parent_ext_id);
		if (task_rank(t->who, TASK_TEAM) != RANK_NONE ||
		    !str_is(e->team, "none"))
			put_text(o, "team", e->team);
		if (task_rank(t->who, TASK_AGENT) != RANK_NONE ||
		    !str_eq(e->agent, e->sender))
			put_text(o, "agent", e->agent);
		if (e->class_rank != CLASS_NOBODY ||
		    !str_is(e->class_name, "unattributed"))
			put_text(o, "class", e->class_name);
		put_facts(o, "attrs", e->attrs, d == JUDGED);
	}
	json_out_end(o, '}');
}

static void put_own_task(struct json_out *o, const struct bt_task *t,
			 enum depth d)
{
	if (d == NAMED)
		return;
	json_out_obj(o, "task");
	json_out_i64(o, "who", t->who);
	json_out_i64(o, "class_rank", (int)t->e.class_rank);
	put_uuid(o, "parent", t->parent_id);
	json_out_end(o, '}');
}

/* A task as a source gave it. */
static struct bt_task raw_task(const struct ev_task *t)
{
	struct bt_task b = {.e = *t, .who = TASK_WHO_NOBODY};

	for (int f = TASK_TEAM; f <= TASK_ATTRS; f++)
		b.who = task_set_rank(b.who, (enum task_field)f, t->rank);
	if (t->parent_ext_id.len)
		b.parent_id = task_id_of(t->sender, t->parent_ext_id);
	return b;
}

static void begin(struct json_out *o, struct buf *out, enum event_type type)
{
	json_out_init(o, out);
	json_out_obj(o, NULL);
	json_out_str(o, "type", str_from(event_type_names[type]));
}

static void end(struct json_out *o)
{
	json_out_end(o, '}');
	json_out_end(o, '}');
}

static void write_task(struct buf *out, const struct bt_task *t, enum depth d)
{
	struct json_out o;

	begin(&o, out, EVENT_TASK);
	put_task(&o, t, d);
	json_out_obj(&o, "_aco");
	put_own_task(&o, t, d);
	end(&o);
}

/* ---- attempts and claims ---- */

static void put_usage(struct json_out *o, const struct usage *u)
{
	json_out_obj(o, "usage");
	for (int i = 0; i < USAGE_N; i++)
		put_count(o, usage_bucket_names[i], u->n[i]);
	json_out_end(o, '}');
}

static void put_step(struct json_out *o, const struct ev_attempt *a)
{
	json_out_obj(o, "step");
	put_text(o, "key", a->step_key);
	if (a->step_seq > 0)
		json_out_i64(o, "seq", a->step_seq);
	json_out_str(o, "kind", str_from(step_kind_names[a->step_kind]));
	put_text(o, "tool", a->tool);
	if (a->step_failed >= 0)
		json_out_bool(o, "failed", a->step_failed);
	json_out_end(o, '}');
}

static void put_call(struct json_out *o, const struct ev_attempt *a)
{
	put_text(o, "model", a->model);
	put_text(o, "provider", a->provider);
	put_text(o, "requested_model", a->requested_model);
	put_time(o, "started_at", a->started_us);
	put_time(o, "first_token_at", a->first_token_us);
	put_time(o, "ended_at", a->ended_us);
	put_usage(o, &a->usage);
	json_out_str(o, "quality", str_from(usage_quality_names[a->quality]));
	json_out_str(o, "status", str_from(attempt_status_names[a->status]));
	put_text(o, "finish_reason", a->finish_reason);
	put_text(o, "error", a->error_class);
	put_text(o, "service_tier", a->service_tier);
	if (a->attempt_no > 0)
		json_out_i64(o, "attempt_no", a->attempt_no);
	put_step(o, a);
	put_money(o, "reported_cost_usd", a->reported_cost_pusd);
}

static void put_own_call(struct json_out *o, const struct bt_task *t,
			 enum depth d, const struct ev_attempt *a,
			 struct uuid step)
{
	json_out_obj(o, "_aco");
	put_own_task(o, t, d);
	json_out_arr(o, "keys");
	for (int i = 0; i < a->n_keys && i < EV_KEYS_MAX; i++) {
		char text[UUID_TEXT];

		json_out_str(o, NULL, str_from(uuid_format(a->keys[i], text)));
	}
	json_out_end(o, ']');
	put_uuid(o, "step", step);
	put_text(o, "source", a->source);
	json_out_i64(o, "rank", (int)a->rank);
	if (a->who_rank)
		json_out_i64(o, "who_rank", (int)a->who_rank);
	put_uuid(o, "decision", a->decision_id);
	put_uuid(o, "escalated_from", a->escalated_from);
	put_reals(o, "evidence", a->evidence,
		  a->n_evidence < EVIDENCE_N ? a->n_evidence : EVIDENCE_N);
	put_text(o, "origin", a->origin);
}

static void write_call(struct buf *out, const struct bt_task *t, enum depth d,
		       const struct ev_attempt *a, struct uuid step,
		       const int64_t *due_us)
{
	struct json_out o;

	begin(&o, out, due_us ? EVENT_CLAIM : EVENT_ATTEMPT);
	put_task(&o, t, d);
	put_call(&o, a);
	if (due_us)
		put_time(&o, "due_at", *due_us);
	put_own_call(&o, t, d, a, step);
	end(&o);
}

/* ---- the others ---- */

static void write_outcome(struct buf *out, const struct bt_task *t,
			  enum depth d, const struct bt_outcome *c)
{
	const struct ev_outcome *e = &c->e;
	struct json_out o;

	begin(&o, out, EVENT_OUTCOME);
	put_task(&o, t, d);
	put_text(&o, "step", e->step_key);
	put_text(&o, "source", e->source);
	put_text(&o, "key", e->key);
	put_success(&o, "success", e->success_micro);
	put_text(&o, "label", e->label);
	put_time(&o, "at", e->at_us);
	put_text(&o, "id", e->same_as);
	json_out_obj(&o, "_aco");
	put_own_task(&o, t, d);
	put_uuid(&o, "id", c->id);
	put_uuid(&o, "step", c->step_id);
	end(&o);
}

static void write_decision(struct buf *out, const struct bt_task *t,
			   enum depth depth, const struct bt_decision *c)
{
	const struct ev_decision *d = &c->e;
	int n = d->n_tiers < EV_TIERS ? d->n_tiers : EV_TIERS;
	struct json_out o;

	begin(&o, out, EVENT_DECISION);
	put_task(&o, t, depth);
	put_uuid(&o, "id", d->id);
	put_text(&o, "step", d->step_key);
	put_time(&o, "decided_at", d->decided_us);
	json_out_i64(&o, "bundle", d->bundle_id);
	put_text(&o, "policy", d->policy);
	put_text(&o, "plan", d->plan);
	json_out_bool(&o, "live", d->live);
	json_out_double(&o, "propensity", d->propensity, 17);
	put_uuid(&o, "feature_schema", d->feature_schema);
	put_reals(&o, "p_success", d->p_success, n);
	put_reals(&o, "p_low", d->p_low, n);
	put_reals(&o, "p_high", d->p_high, n);
	put_costs(&o, "expected_cost_usd", d->expected_cost_pusd, n);
	put_text(&o, "bound_by", d->bound_by);
	put_facts(&o, "reasons", d->reasons, depth != RAW);
	json_out_obj(&o, "_aco");
	put_own_task(&o, t, depth);
	put_uuid(&o, "step", c->step_id);
	if (d->features && d->n_features > 0)
		put_hex(&o, "features", d->features,
			(size_t)d->n_features * sizeof(float));
	put_text(&o, "origin", d->origin);
	end(&o);
}

static void write_trial(struct buf *out, const struct ev_trial *t,
			struct uuid id, enum depth d)
{
	struct json_out o;

	begin(&o, out, EVENT_TRIAL);
	put_text(&o, "source", t->source);
	put_text(&o, "task_id", t->task_ext_id);
	put_text(&o, "task_class", t->task_class);
	put_text(&o, "model", t->model);
	put_text(&o, "agent", t->agent);
	put_text(&o, "run", t->run);
	put_success(&o, "success", t->success_micro);
	put_money(&o, "cost_usd", t->cost_pusd);
	json_out_bool(&o, "cost_estimated", t->cost_estimated);
	put_count(&o, "input_tokens", t->input_tokens);
	put_count(&o, "output_tokens", t->output_tokens);
	put_count(&o, "api_calls", t->api_calls);
	put_time(&o, "at", t->at_us);
	put_facts(&o, "attrs", t->attrs, d == JUDGED);
	json_out_obj(&o, "_aco");
	put_uuid(&o, "id", id);
	put_uuid(&o, "prompt_hash", t->prompt_hash);
	put_uuid(&o, "feature_schema", t->feature_schema);
	if (t->features && t->n_features > 0)
		put_hex(&o, "features", t->features,
			(size_t)t->n_features * sizeof(float));
	if (t->evidence && t->n_evidence > 0)
		put_hex(&o, "evidence", t->evidence,
			(size_t)t->n_evidence * sizeof(float));
	put_text(&o, "origin", t->origin);
	end(&o);
}

static void write_dead(struct buf *out, const struct bt_dead *d)
{
	struct json_out o;
	bool text = str_utf8_ok(d->e.body);

	begin(&o, out, EVENT_DEAD);
	put_text(&o, "source", d->e.source);
	put_text(&o, "origin", d->e.origin);
	put_text(&o, "reason", d->e.reason);
	put_text(&o, "sqlstate", d->e.sqlstate);
	if (text)
		put_text(&o, "body", d->e.body);
	json_out_obj(&o, "_aco");
	put_uuid(&o, "id", d->id);
	json_out_bool(&o, "event", d->e.event);
	if (!text)
		put_hex(&o, "body_hex", d->e.body.p, d->e.body.len);
	end(&o);
}

/* ---- what others call ---- */

static void batch_call(struct buf *out, const struct batch *b, size_t i,
		       enum depth d)
{
	const struct bt_attempt *a = &b->attempts[i];

	write_call(out, &b->tasks[a->e.task], d, &a->e, a->step_id, NULL);
}

static void batch_one_claim(struct buf *out, const struct batch *b, size_t i,
			    enum depth d)
{
	const struct bt_claim *c = &b->claims[i];

	write_call(out, &b->tasks[c->e.sum.task], d, &c->e.sum, c->step_id,
		   &c->e.due_us);
}

static void batch_verdict(struct buf *out, const struct batch *b, size_t i,
			  enum depth d)
{
	const struct bt_outcome *o = &b->outcomes[i];

	write_outcome(out, &b->tasks[o->e.task], d, o);
}

static void batch_choice(struct buf *out, const struct batch *b, size_t i,
			 enum depth d)
{
	const struct bt_decision *c = &b->decisions[i];

	write_decision(out, &b->tasks[c->e.task], d, c);
}

void event_json_attempt(struct buf *out, const struct batch *b, size_t i)
{
	batch_call(out, b, i, JUDGED);
}

void event_json_outcome(struct buf *out, const struct batch *b, size_t i)
{
	batch_verdict(out, b, i, JUDGED);
}

void event_json_claim(struct buf *out, const struct batch *b, size_t i)
{
	batch_one_claim(out, b, i, JUDGED);
}

void event_json_decision(struct buf *out, const struct batch *b, size_t i)
{
	batch_choice(out, b, i, JUDGED);
}

void event_json_trial(struct buf *out, const struct batch *b, size_t i)
{
	write_trial(out, &b->trials[i].e, b->trials[i].id, JUDGED);
}

/* Whole for the first event of a task, named for those after it. */
static enum depth depth_of(bool *told, uint32_t task)
{
	enum depth d = told[task] ? NAMED : JUDGED;

	told[task] = true;
	return d;
}

void event_json_batch(struct buf *out, const struct batch *b)
{
	bool *told = xcalloc(b->n_tasks + 1, sizeof(*told));

	for (size_t i = 0; i < b->n_attempts; i++) {
		batch_call(out, b, i, depth_of(told, b->attempts[i].e.task));
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < b->n_outcomes; i++) {
		batch_verdict(out, b, i, depth_of(told, b->outcomes[i].e.task));
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < b->n_claims; i++) {
		batch_one_claim(out, b, i,
				depth_of(told, b->claims[i].e.sum.task));
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < b->n_decisions; i++) {
		batch_choice(out, b, i, depth_of(told, b->decisions[i].e.task));
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < b->n_trials; i++) {
		event_json_trial(out, b, i);
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < b->n_dead; i++) {
		write_dead(out, &b->dead[i]);
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < b->n_tasks; i++) {
		if (told[i])
			continue;
		write_task(out, &b->tasks[i], JUDGED);
		buf_addc(out, '\n');
	}
	free(told);
}

void event_json_of_attempt(struct buf *out, const struct ev_task *t,
			   const struct ev_attempt *a)
{
	struct bt_task task = raw_task(t);

	write_call(out, &task, RAW, a, (struct uuid){0}, NULL);
}

void event_json_of_outcome(struct buf *out, const struct ev_task *t,
			   const struct ev_outcome *o)
{
	struct bt_task task = raw_task(t);
	struct bt_outcome c = {.e = *o};

	write_outcome(out, &task, RAW, &c);
}

void event_json_of_claim(struct buf *out, const struct ev_task *t,
			 const struct ev_claim *c)
{
	struct bt_task task = raw_task(t);

	write_call(out, &task, RAW, &c->sum, (struct uuid){0}, &c->due_us);
}

void event_json_of_trial(struct buf *out, const struct ev_trial *t)
{
	write_trial(out, t, (struct uuid){0}, RAW);
}
