/* What is answered to a routing question. */
#include "ledger/base/json.h"
#include "ledger/money.h"
#include "router/route_query.h"

/* Null unless finite. */
static void put_share(struct json_out *o, const char *key, float v)
{
	json_out_double(o, key, (double)v, 4);
}

static void put_usd(struct json_out *o, const char *key, int64_t pusd)
{
	char text[MONEY_TEXT];

	if (pusd < 0)
		json_out_null(o, key);
	else
		json_out_raw(o, key, str_from(money_format(pusd, text)));
}

static void put_plan(const struct route_query *q, const struct decision *d,
		     struct json_out *o)
{
	struct str names[ROUTE_ARMS_MAX];
	struct buf text;

	for (int i = 0; i < q->ask.n_arms; i++)
		names[i] = q->arms[i].model;
	buf_init(&text, 65536);
	plan_text(&d->plan, names, &text);
	json_out_str(o, "plan", (struct str){buf_str(&text), text.len});
	buf_release(&text);
}

static void put_arms(const struct route_query *q, const struct decision *d,
		     struct json_out *o)
{
	json_out_arr(o, "arms");
	for (int i = 0; i < q->ask.n_arms; i++) {
		json_out_obj(o, NULL);
		json_out_str(o, "model", q->arms[i].model);
		json_out_i64(o, "tier", q->arms[i].tier);
		put_share(o, "p", d->view[i].p);
		put_share(o, "low", d->view[i].low);
		put_share(o, "high", d->view[i].high);
		put_usd(o, "cost_usd", d->view[i].expected_cost_pusd);
		json_out_bool(o, "borrowed", d->view[i].borrowed);
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
}

static void put_bundle(const struct bundle *b, struct json_out *o)
{
	char hash[UUID_TEXT];

	json_out_obj(o, "bundle");
	json_out_i64(o, "id", bundle_id(b));
	json_out_str(o, "hash", str_from(uuid_format(bundle_hash(b), hash)));
	json_out_end(o, '}');
}

static void put_reasons(const struct route_query *q, const struct bundle *b,
			const struct decision *d, struct json_out *o)
{
	struct buf reasons;

	buf_init(&reasons, 65536);
	router_explain(b, &q->ask, d, &reasons);
	json_out_raw(o, "reasons",
		     (struct str){buf_str(&reasons), reasons.len});
	buf_release(&reasons);
}

void route_query_answer(const struct route_query *q, const struct bundle *b,
			bool explain, struct buf *out)
{
	struct decision d;
	struct json_out o;

	if (q->ask.n_tried)
		router_judge(b, &q->ask, &d);
	else
		router_decide(b, &q->ask, &d);
	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_str(&o, "model", d.arm < 0 ? STR_NONE : q->arms[d.arm].model);
	if (d.arm >= 0)
		json_out_i64(&o, "tier", q->arms[d.arm].tier);
	put_plan(q, &d, &o);
	json_out_str(&o, "policy", str_from(policy_kind_names[d.policy]));
	put_share(&o, "propensity", d.propensity);
	json_out_bool(&o, "explored", d.explored);
	if (q->ask.n_tried) {
		json_out_bool(&o, "accept", d.accept);
		put_share(&o, "p_accept", d.p_accept);
	}
	put_share(&o, "p", d.p_plan);
	put_usd(&o, "cost_usd", d.plan_pusd);
	if (!q->ask.n_tried)
		put_share(&o, "judge_gain", d.judge_gain);
	json_out_str(&o, "bound_by",
		     *d.bound_by ? str_from(d.bound_by) : STR_NONE);
	json_out_i64(&o, "floor", d.floor);
	json_out_str(&o, "class", q->ask.class_name);
	put_bundle(b, &o);
	put_arms(q, &d, &o);
	if (explain)
		put_reasons(q, b, &d, &o);
	json_out_end(&o, '}');
	buf_addc(out, '\n');
}
