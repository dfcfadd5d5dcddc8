/* Everything that a source can get wrong is refused here, with the field's
 * name, so that the database sees only rows it can take. */
#include <math.h>

#include "ledger/base/clock.h"
#include "ledger/base/jpull.h"
#include "ledger/base/json.h"
#include "ledger/batch.h"
#include "ledger/money.h"

#define NAME_MAX_BYTES 256
#define EXT_ID_MAX     512
#define ATTRS_MAX      4096
#define TOKENS_MAX     INT64_C(1000000000000)
#define FEATURES_MAX   4096

/* 2010-01-01: no model call is older; and a day of clock skew ahead. */
#define CLOCK_MIN_US   (INT64_C(14610) * US_PER_DAY)
#define CLOCK_AHEAD_US US_PER_DAY

static enum rc check_text(const char *field, struct str s, size_t max,
			  struct err *e)
{
	if (s.len > max)
		return err_set(e, RC_BAD, "%s is %zu bytes long, at most %zu",
			       field, s.len, max);
	if (!str_utf8_ok(s))
		return err_set(e, RC_BAD, "%s is not UTF-8 text", field);
	return RC_OK;
}

static enum rc check_time(const char *field, int64_t us, struct err *e)
{
	char text[40];

	if (us == TIME_NONE)
		return RC_OK;
	if (us < CLOCK_MIN_US)
		return err_set(e, RC_BAD, "%s %s is before 2010", field,
			       clock_format(us, text, sizeof(text)));
	if (us > clock_now_us() + CLOCK_AHEAD_US)
		return err_set(e, RC_BAD, "%s %s is in the future", field,
			       clock_format(us, text, sizeof(text)));
	return RC_OK;
}

static enum rc check_count(const char *field, int64_t n, struct err *e)
{
	if (n == USAGE_NONE)
		return RC_OK;
	if (n < 0)
		return err_set(e, RC_BAD, "%s is negative (%lld)", field,
			       (long long)n);
	if (n > TOKENS_MAX)
		return err_set(e, RC_BAD, "%s is beyond belief (%lld)", field,
			       (long long)n);
	return RC_OK;
}

static enum rc check_money(const char *field, int64_t pusd, struct err *e)
{
	if (pusd != MONEY_NONE && pusd < 0)
		return err_set(e, RC_BAD, "%s is negative", field);
	return RC_OK;
}

static enum rc check_object(const char *field, struct str s, struct err *e)
{
	enum rc rc = check_text(field, s, ATTRS_MAX, e);

	if (rc || !s.len)
		return rc;
	rc = jpull_check(s, JSON_MAX_DEPTH, e);
	if (rc == RC_OK && !str_starts(str_trim(s), "{"))
		rc = err_set(e, RC_BAD, "not an object");
	if (rc)
		err_prefix(e, "%s", field);
	return rc;
}

static enum rc check_attrs(struct str s, struct err *e)
{
	return check_object("attrs", s, e);
}

/* NaN stands for what is not known; an infinite value is a mistake. */
static enum rc check_floats(const char *field, const float *v, int n, int max,
			    struct err *e)
{
	if (n < 0 || n > max)
		return err_set(e, RC_BAD, "%s: %d values, at most %d", field, n,
			       max);
	for (int i = 0; i < n; i++) {
		if (isinf(v[i]))
			return err_set(e, RC_BAD, "%s is infinite (value %d)",
				       field, i);
	}
	return RC_OK;
}

enum rc check_task(const struct ev_task *t, struct err *e)
{
	enum rc rc;

	if (t->sender.len == 0 || t->ext_id.len == 0)
		return err_set(e, RC_BAD, "task without %s",
			       t->sender.len ? "an id" : "a sender");
	if ((rc = check_text("sender", t->sender, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("task id", t->ext_id, EXT_ID_MAX, e)) ||
	    (rc = check_text("parent id", t->parent_ext_id, EXT_ID_MAX, e)) ||
	    (rc = check_text("team", t->team, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("agent", t->agent, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("class", t->class_name, NAME_MAX_BYTES, e)) ||
	    (rc = check_attrs(t->attrs, e)))
		return rc;
	return RC_OK;
}

static enum rc check_usage(const struct usage *u, struct err *e)
{
	for (int i = 0; i < USAGE_N; i++) {
		enum rc rc = check_count(usage_bucket_names[i], u->n[i], e);

		if (rc)
			return rc;
	}
	if (u->n[USAGE_REASONING] > 0 && u->n[USAGE_OUTPUT] >= 0 &&
	    u->n[USAGE_REASONING] > u->n[USAGE_OUTPUT])
		return err_set(e, RC_BAD,
			       "reasoning (%lld) is more than output (%lld)",
			       (long long)u->n[USAGE_REASONING],
			       (long long)u->n[USAGE_OUTPUT]);
	if (u->n[USAGE_WEB_SEARCH] > INT32_MAX ||
	    u->n[USAGE_OTHER_TOOLS] > INT32_MAX)
		return err_set(e, RC_BAD, "tool calls are beyond belief");
	return RC_OK;
}

enum rc check_attempt(const struct batch *b, const struct ev_attempt *a,
		      struct err *e)
{
	enum rc rc;

	if (a->task >= b->n_tasks)
		return err_set(e, RC_BUG, "attempt names no task of the batch");
	if (a->n_keys < 1 || a->n_keys > EV_KEYS_MAX)
		return err_set(e, RC_BAD, "attempt without an identifier");
	if (a->model.len == 0 && a->requested_model.len == 0)
		return err_set(e, RC_BAD, "attempt without a model");
	if (a->source.len == 0)
		return err_set(e, RC_BUG, "attempt without a source");
	if ((rc = check_text("model", a->model, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("requested model", a->requested_model,
			     NAME_MAX_BYTES, e)) ||
	    (rc = check_text("provider", a->provider, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("service tier", a->service_tier, NAME_MAX_BYTES,
			     e)) ||
	    (rc = check_text("finish reason", a->finish_reason, NAME_MAX_BYTES,
			     e)) ||
	    (rc = check_text("error", a->error_class, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("tool", a->tool, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("step", a->step_key, EXT_ID_MAX, e)) ||
	    (rc = check_time("start", a->started_us, e)) ||
	    (rc = check_time("first token", a->first_token_us, e)) ||
	    (rc = check_time("end", a->ended_us, e)) ||
	    (rc = check_money("reported cost", a->reported_cost_pusd, e)) ||
	    (rc = check_floats("evidence", a->evidence, a->n_evidence,
			       EVIDENCE_N, e)) ||
	    (rc = check_usage(&a->usage, e)))
		return rc;
	if (a->started_us != TIME_NONE && a->ended_us != TIME_NONE &&
	    a->ended_us < a->started_us)
		return err_set(e, RC_BAD, "the end is before the start");
	return RC_OK;
}

enum rc check_outcome(const struct batch *b, const struct ev_outcome *o,
		      struct err *e)
{
	enum rc rc;

	if (o->task >= b->n_tasks)
		return err_set(e, RC_BUG, "outcome names no task of the batch");
	if (o->success_micro < -1 || o->success_micro > 1000000)
		return err_set(e, RC_BAD, "success is outside 0..1");
	if (o->success_micro < 0 && !o->label.len)
		return err_set(e, RC_BAD, "outcome without success or label");
	if (!o->source.len || !o->key.len)
		return err_set(e, RC_BAD, "outcome without a source or key");
	if ((rc = check_text("source", o->source, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("key", o->key, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("label", o->label, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("step", o->step_key, EXT_ID_MAX, e)) ||
	    (rc = check_time("time", o->at_us, e)))
		return rc;
	return RC_OK;
}

enum rc check_claim(const struct batch *b, const struct ev_claim *c,
		    struct err *e)
{
	enum rc rc = check_attempt(b, &c->sum, e);

	if (rc)
		return rc;
	if (c->sum.started_us == TIME_NONE || c->sum.ended_us == TIME_NONE)
		return err_set(e, RC_BAD, "claim without a start and an end");
	if (c->due_us == TIME_NONE)
		return err_set(e, RC_BAD, "claim without a due time");
	return RC_OK;
}

static enum rc check_tiers(const struct ev_decision *d, struct err *e)
{
	enum rc rc;

	if ((rc = check_floats("tiers", d->p_success, d->n_tiers, EV_TIERS,
			       e)) ||
	    (rc = check_floats("tiers", d->p_low, d->n_tiers, EV_TIERS, e)) ||
	    (rc = check_floats("tiers", d->p_high, d->n_tiers, EV_TIERS, e)))
		return rc;
	for (int i = 0; i < d->n_tiers; i++) {
		rc = check_money("expected cost", d->expected_cost_pusd[i], e);
		if (rc)
			return rc;
	}
	return RC_OK;
}

enum rc check_decision(const struct batch *b, const struct ev_decision *d,
		       struct err *e)
{
	enum rc rc;

	if (d->task >= b->n_tasks)
		return err_set(e, RC_BUG,
			       "decision names no task of the batch");
	if (uuid_is_nil(d->id))
		return err_set(e, RC_BAD, "decision without an id");
	if (d->decided_us == TIME_NONE)
		return err_set(e, RC_BAD, "decision without a time");
	if (!d->policy.len || !d->plan.len)
		return err_set(e, RC_BAD, "decision without a %s",
			       d->policy.len ? "plan" : "policy");
	if (!(d->propensity > 0 && d->propensity <= 1))
		return err_set(e, RC_BAD, "propensity is not within 0..1");
	if (d->bundle_id < 0)
		return err_set(e, RC_BAD, "bundle is negative");
	if ((rc = check_time("time", d->decided_us, e)) ||
	    (rc = check_text("step", d->step_key, EXT_ID_MAX, e)) ||
	    (rc = check_text("policy", d->policy, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("plan", d->plan, EXT_ID_MAX, e)) ||
	    (rc = check_text("bound_by", d->bound_by, NAME_MAX_BYTES, e)) ||
	    (rc = check_object("reasons", d->reasons, e)) ||
	    (rc = check_tiers(d, e)) ||
	    (rc = check_floats("features", d->features, d->n_features,
			       FEATURES_MAX, e)))
		return rc;
	return RC_OK;
}

enum rc check_trial(const struct ev_trial *t, struct err *e)
{
	enum rc rc;

	if (!t->source.len || !t->task_ext_id.len || !t->model.len)
		return err_set(e, RC_BAD, "trial without %s",
			       !t->source.len        ? "a source"
			       : !t->task_ext_id.len ? "a task id"
						     : "a model");
	if (t->success_micro < -1 || t->success_micro > 1000000)
		return err_set(e, RC_BAD, "success is outside 0..1");
	if (t->n_features < 0 || t->n_features > FEATURES_MAX)
		return err_set(e, RC_BAD, "too many features");
	if ((rc = check_floats("evidence", t->evidence,
			       t->evidence ? t->n_evidence : 0, EVIDENCE_N, e)))
		return rc;
	if ((rc = check_text("source", t->source, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("task id", t->task_ext_id, EXT_ID_MAX, e)) ||
	    (rc = check_text("class", t->task_class, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("model", t->model, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("agent", t->agent, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("run", t->run, NAME_MAX_BYTES, e)) ||
	    (rc = check_attrs(t->attrs, e)) ||
	    (rc = check_money("cost", t->cost_pusd, e)) ||
	    (rc = check_count("input_tokens", t->input_tokens, e)) ||
	    (rc = check_count("output_tokens", t->output_tokens, e)) ||
	    (rc = check_count("api_calls", t->api_calls, e)) ||
	    (rc = check_time("date", t->at_us, e)))
		return rc;
	return RC_OK;
}

enum rc check_cursor(const struct ev_cursor *c, struct err *e)
{
	return check_text("path", c->path, 4096, e);
}
