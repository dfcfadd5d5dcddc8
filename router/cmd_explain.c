/* aco router explain: a decision of the past, and what moved it. The models are
 * those that it was among, at the prices of then as far as it told them; the
 * version is the one that decided, if the ledger still has it. */
#include <math.h>
#include <stdio.h>

#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/decided.h"
#include "ledger/shelf.h"
#include "router/bundle_build.h"
#include "router/cmd_router.h"
#include "router/router.h"

#define NODES_MAX 10000

struct telling {
	struct router_cmd *c;
	struct json_doc doc;
	struct arena arena;
	struct buf bytes; /* of the version that decided */
	struct route_arm arms[ROUTE_ARMS_MAX];
	int n;
};

/* ---- anew ---- */

static void read_arms(struct telling *t)
{
	const struct json *list = json_get(t->doc.nodes, "arms");
	int64_t tier;

	for (const struct json *v = json_first(list);
	     v && t->n < ROUTE_ARMS_MAX; v = json_next(list, v)) {
		struct route_arm *a = &t->arms[t->n++];

		*a = (struct route_arm){.in_fusd = -1,
					.cached_fusd = -1,
					.out_fusd = -1,
					.allowed = true};
		a->model = json_str(json_get(v, "model"), &t->arena);
		if (json_i64(json_get(v, "tier"), &tier))
			a->tier = (int)tier;
	}
}

/* The version that decided; NULL: it is gone. */
static struct bundle *version(struct telling *t, int32_t id)
{
	struct bundle *b = NULL;
	struct buf bytes;
	struct err e;

	buf_init(&bytes, BUNDLE_BYTES_MAX);
	if (!shelf_body(t->c->db, id, &bytes, &e) &&
	    bundle_view(&b, bytes.p, bytes.len, &e))
		b = NULL;
	t->bytes = bytes; /* which it is a view of */
	return b;
}

/* What the same version says of the same features; nothing when that can no
 * longer be told. */
static void anew(struct telling *t, const struct decided *d, struct buf *out)
{
	struct bundle *own = d->bundle_id ? version(t, d->bundle_id) : NULL;
	const struct bundle *b = d->bundle_id ? own : bundle_shipped();
	struct route_ask ask = {
		.x = d->features,
		.n_x = d->n_features,
		.schema = d->schema,
		.class_name = d->class_name,
		.arms = t->arms,
		.n_arms = t->n,
		.pinned = -1,
		.budget_left_pusd = -1,
		.target = 1,
	};
	struct decision again;

	if (b && t->n && d->n_features == feature_count() &&
	    uuid_eq(d->schema, bundle_schema(b))) {
		router_decide(b, &ask, &again);
		router_explain(b, &ask, &again, out);
	}
	bundle_drop(own);
}

/* ---- printing ---- */

static void put_json(struct telling *t, const struct decided *d,
		     const struct buf *now)
{
	char id[UUID_TEXT];
	struct json_out o;

	json_out_init(&o, &t->c->out);
	json_out_obj(&o, NULL);
	json_out_str(&o, "decision", str_from(uuid_format(d->id, id)));
	json_out_str(&o, "task", str_from(uuid_format(d->task_id, id)));
	json_out_time(&o, "at", d->at_us);
	json_out_str(&o, "class", d->class_name);
	json_out_i64(&o, "bundle", d->bundle_id);
	json_out_bool(&o, "live", d->live);
	json_out_str(&o, "policy", d->policy);
	json_out_str(&o, "plan", d->plan);
	json_out_str(&o, "bound_by", d->bound_by);
	if (d->reasons.len)
		json_out_raw(&o, "reasons", d->reasons);
	if (now->len)
		json_out_raw(&o, "anew", (struct str){now->p, now->len});
	json_out_end(&o, '}');
	buf_addc(&t->c->out, '\n');
}

static void say(struct buf *out, const char *what, struct str v)
{
	if (v.len)
		buf_addf(out, "%-12s %.*s\n", what, STR_ARG(v));
}

static void say_arms(struct telling *t, struct buf *out)
{
	const struct json *list = json_get(t->doc.nodes, "arms");

	for (const struct json *v = json_first(list); v;
	     v = json_next(list, v)) {
		double p = NAN, usd = NAN;

		json_double(json_get(v, "p"), &p);
		json_double(json_get(v, "usd"), &usd);
		buf_addf(out, "  %-32.*s",
			 STR_ARG(json_str(json_get(v, "model"), &t->arena)));
		if (!isnan(p))
			buf_addf(out, "  success %5.1f %%", p * 100);
		if (!isnan(usd))
			buf_addf(out, "  $%.4g", usd);
		if (json_present(json_get(v, "out")))
			buf_addf(out, "  out: %.*s",
				 STR_ARG(json_str(json_get(v, "out"),
						  &t->arena)));
		buf_addc(out, '\n');
	}
}

static void say_moved(struct telling *t, struct buf *out)
{
	const struct json *list = json_get(t->doc.nodes, "moved");

	if (json_first(list))
		buf_adds(out, "what moved it, in log odds:\n");
	for (const struct json *v = json_first(list); v;
	     v = json_next(list, v)) {
		double by = 0;

		json_double(json_get(v, "log_odds"), &by);
		buf_addf(out, "  %-32.*s  %+.2f\n",
			 STR_ARG(json_str(json_get(v, "feature"), &t->arena)),
			 by);
	}
}

static void put_text(struct telling *t, const struct decided *d,
		     const struct buf *now)
{
	struct buf *out = &t->c->out;
	char at[48];
	struct err e;

	say(out, "at", str_from(clock_format(d->at_us, at, sizeof(at))));
	say(out, "class", d->class_name);
	say(out, "policy", d->policy);
	say(out, "plan", d->plan);
	say(out, "bound by", d->bound_by);
	say(out, "acted upon", d->live ? STR("yes") : STR("no, in shadow"));
	buf_addf(out, "%-12s %ld\n", "version", (long)d->bundle_id);
	buf_addf(out, "%-12s %.4g\n", "propensity", d->propensity);
	say_arms(t, out);
	if (!json_present(json_get(t->doc.nodes, "moved")) && now->len &&
	    json_parse(&t->doc, (struct str){now->p, now->len}, &e))
		return;
	say_moved(t, out);
}

static enum rc tell(void *arg, const struct decided *d, struct err *e)
{
	struct telling *t = arg;
	struct buf now;
	enum rc rc =
		json_parse(&t->doc, d->reasons.len ? d->reasons : STR("{}"), e);

	if (rc)
		return rc;
	buf_init(&now, 1 << 20);
	read_arms(t);
	anew(t, d, &now);
	if (t->c->json)
		put_json(t, d, &now);
	else
		put_text(t, d, &now);
	buf_release(&now);
	return RC_OK;
}

enum rc router_explain_verb(struct router_cmd *c, struct err *e)
{
	struct telling t = {.c = c};
	struct uuid id;
	enum rc rc;

	if (!uuid_parse(str_from(c->operand), &id))
		return err_set(e, RC_BAD, "'%s' is no id of a decision",
			       c->operand);
	json_doc_init(&t.doc, NODES_MAX);
	arena_init(&t.arena, 1 << 20);
	rc = decided_find(c->db, id, tell, &t, e);
	buf_release(&t.bytes);
	arena_release(&t.arena);
	json_doc_release(&t.doc);
	return rc;
}
