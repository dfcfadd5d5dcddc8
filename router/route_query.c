#include "router/route_query.h"

#include <math.h>
#include <stdlib.h>

#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/money.h"

#define NODES_MAX (1 << 20)
#define TOKEN     4 /* bytes, about */

struct reading {
	struct route_query *q;
	const struct json *root;
	const struct bundle *b;
	const struct price_book *book;
	struct err *e;
};

static enum rc bad(struct reading *r, const char *what)
{
	return err_set(r->e, RC_BAD, "%s", what);
}

/* ---- numbers ---- */

static int64_t whole(const struct json *v, int64_t otherwise)
{
	int64_t n;

	return json_i64(v, &n) ? n : otherwise;
}

static int small(const struct json *v, int otherwise)
{
	int64_t n = whole(v, otherwise);

	return n < -1 || n > 1000000 ? otherwise : (int)n;
}

/* False: it is there and no tier. One that was not understood must not pass for
 * none: it may be a floor. */
static bool tier(const struct json *v, int *out)
{
	int64_t n = 0;

	if (json_present(v) && (!json_i64(v, &n) || n < 0 || n > TIERS))
		return false;
	*out = (int)n;
	return true;
}

static bool number(const struct json *v, double *out)
{
	return json_double(v, out) && isfinite(*out);
}

/* False: it is there and no amount. */
static bool usd(const struct json *v, int64_t *pusd)
{
	return !json_present(v) ||
	       (json_is(v, JSON_NUMBER) && money_parse_pusd(v->text, pusd));
}

static bool per_mtok(const struct json *v, int64_t *fusd)
{
	return !json_present(v) ||
	       (json_is(v, JSON_NUMBER) && money_parse_fusd(v->text, fusd));
}

/* ---- what is asked ---- */

static void add_text(struct buf *out, struct str s)
{
	if (s.len && out->len)
		buf_addc(out, '\n');
	buf_add(out, s.p, s.len);
}

/* A string, or parts of which those with a text count. */
static void add_content(struct reading *r, const struct json *v,
			struct buf *out)
{
	if (json_is(v, JSON_STRING)) {
		add_text(out, json_str(v, &r->q->arena));
		return;
	}
	if (!json_is(v, JSON_ARRAY))
		return;
	for (const struct json *p = json_first(v); p; p = json_next(v, p)) {
		if (json_is(p, JSON_STRING))
			add_text(out, json_str(p, &r->q->arena));
		else if (json_is(json_get(p, "text"), JSON_STRING))
			add_text(out,
				 json_str(json_get(p, "text"), &r->q->arena));
	}
}

/* The first message of the user; a list without roles is one message. */
static void add_messages(struct reading *r, const struct json *list,
			 struct buf *out)
{
	for (const struct json *m = json_first(list); m;
	     m = json_next(list, m)) {
		if (!json_str_is(json_get(m, "role"), "user"))
			continue;
		add_content(r, json_get(m, "content"), out);
		if (out->len)
			return;
	}
	if (!out->len)
		add_content(r, list, out);
}

static enum rc read_text(struct reading *r)
{
	static const char *const plain[] = {"text", "prompt"};
	static const char *const lists[] = {"messages", "input"};
	struct buf out;

	buf_init(&out, ROUTE_QUERY_BYTES);
	for (int i = 0; i < 2 && !out.len; i++)
		add_content(r, json_get(r->root, plain[i]), &out);
	for (int i = 0; i < 2 && !out.len; i++) {
		const struct json *v = json_get(r->root, lists[i]);

		if (json_is(v, JSON_ARRAY))
			add_messages(r, v, &out);
		else
			add_content(r, v, &out);
	}
	if (out.len)
		r->q->text =
			arena_str(&r->q->arena, (struct str){out.p, out.len});
	buf_release(&out);
	return arena_ok(&r->q->arena) ? RC_OK
				      : bad(r, "the question is too large");
}

/* ---- who may serve ---- */

static int bundle_tier(const struct bundle *b, struct str model)
{
	const struct bundle_arm *a;
	int n = bundle_arms(b, &a);

	for (int i = 0; i < n; i++) {
		if (str_eq(a[i].name, model))
			return a[i].tier;
	}
	return 0;
}

static void price_arm(const struct reading *r, struct route_arm *a)
{
	struct price_found f;
	struct str provider = STR_NONE;

	if (r->book)
		provider = price_provider_of_model(r->book, a->model);
	if (provider.len &&
	    price_find(r->book, provider, a->model, TIME_NONE, &f)) {
		const int64_t *v = f.row->v;

		a->in_fusd = v[PRICE_INPUT] < 0 ? -1 : v[PRICE_INPUT];
		a->out_fusd = v[PRICE_OUTPUT] < 0 ? -1 : v[PRICE_OUTPUT];
		a->cached_fusd =
			v[PRICE_CACHE_READ] < 0 ? -1 : v[PRICE_CACHE_READ];
	}
	if (!a->tier)
		a->tier = bundle_tier(r->b, a->model);
	if (!a->tier && provider.len)
		a->tier = price_default_tier(r->book, provider, a->model);
	if (!a->tier)
		a->tier = 1; /* never above a floor for want of knowledge */
}

static enum rc read_arm(struct reading *r, const struct json *v)
{
	struct route_ask *ask = &r->q->ask;
	struct route_arm *a = &r->q->arms[ask->n_arms];
	const struct json *name = v;
	int64_t lost = 0;

	if (ask->n_arms == ROUTE_ARMS_MAX)
		return bad(r, "there are too many models");
	*a = (struct route_arm){.in_fusd = -1,
				.cached_fusd = -1,
				.out_fusd = -1,
				.allowed = true};
	if (json_is(v, JSON_OBJECT)) {
		name = json_get(v, "name");
		if (!name)
			name = json_get(v, "model");
		if (!tier(json_get(v, "tier"), &a->tier))
			return bad(r, "a tier is none of 1 to 5");
		a->allowed = !json_is(json_get(v, "allowed"), JSON_FALSE);
	}
	if (!json_is(name, JSON_STRING) || !name->text.len)
		return bad(r, "a model has no name");
	a->model = json_str(name, &r->q->arena);
	price_arm(r, a);
	if (!per_mtok(json_get(v, "input_usd_per_mtok"), &a->in_fusd) ||
	    !per_mtok(json_get(v, "output_usd_per_mtok"), &a->out_fusd) ||
	    !per_mtok(json_get(v, "cached_usd_per_mtok"), &a->cached_fusd) ||
	    !usd(json_get(v, "switch_usd"), &lost))
		return bad(r, "a price is none");
	a->switch_pusd = lost;
	ask->n_arms++;
	return RC_OK;
}

static enum rc read_arms(struct reading *r)
{
	const struct json *list = json_get(r->root, "models");

	if (!json_is(list, JSON_ARRAY) || !list->count)
		return bad(r, "models names none");
	for (const struct json *v = json_first(list); v;
	     v = json_next(list, v)) {
		enum rc rc = read_arm(r, v);

		if (rc)
			return rc;
	}
	return RC_OK;
}

static int arm_named(const struct reading *r, struct str name)
{
	for (int i = 0; i < r->q->ask.n_arms; i++) {
		if (str_eq(r->q->arms[i].model, name))
			return i;
	}
	return -1;
}

/* ---- what holds ---- */

static enum rc read_goal(struct reading *r)
{
	static const char *const names[] = {"quality:", "budget:", "failure:"};
	const struct json *v = json_get(r->root, "goal");
	struct route_ask *ask = &r->q->ask;

	ask->goal = ROUTE_QUALITY;
	ask->target = 1;
	if (!json_present(v))
		return RC_OK;
	for (int i = 0; i < 3 && json_is(v, JSON_STRING); i++) {
		size_t n = strlen(names[i]);
		char text[32], *end;

		if (!str_starts(v->text, names[i]) || v->text.len - n < 1 ||
		    v->text.len - n >= sizeof(text))
			continue;
		memcpy(text, v->text.p + n, v->text.len - n);
		text[v->text.len - n] = 0;
		ask->goal = (enum route_goal)i;
		ask->target = strtod(text, &end);
		if (!*end && ask->target > 0 && isfinite(ask->target))
			return RC_OK;
	}
	return bad(r, "goal is quality:SHARE, budget:USD or failure:USD");
}

static enum rc read_limits(struct reading *r)
{
	struct route_ask *ask = &r->q->ask;
	const struct json *pinned = json_get(r->root, "pinned");
	int64_t left = -1;

	if (!tier(json_get(r->root, "floor"), &ask->floor))
		return bad(r, "floor is none of 1 to 5");
	ask->floor_why = "asked";
	if (!usd(json_get(r->root, "budget_usd"), &left))
		return bad(r, "budget_usd is no amount");
	ask->budget_left_pusd = left;
	ask->pinned = -1;
	if (json_present(pinned)) {
		ask->pinned = arm_named(r, json_str(pinned, &r->q->arena));
		ask->pinned_why = "asked";
		if (ask->pinned < 0)
			return bad(r, "pinned is none of models");
	}
	if (!number(json_get(r->root, "explore"), &ask->explore))
		ask->explore = 0;
	ask->samples = small(json_get(r->root, "samples"), 0);
	ask->stands = json_is(json_get(r->root, "stands"), JSON_TRUE);
	ask->seed = (uint64_t)whole(json_get(r->root, "seed"), 0);
	ask->max_output = whole(json_get(r->root, "max_tokens"), 0);
	return read_goal(r);
}

/* ---- where in its task ---- */

static enum rc read_context(struct reading *r, struct feature_ctx *c)
{
	const struct json *o = r->root, *tools = json_get(o, "tools"),
			  *kind = json_get(o, "step_kind");

	feature_ctx_init(c);
	c->step = small(json_get(o, "step"), -1);
	c->tools_offered = json_is(tools, JSON_ARRAY) ? (int)tools->count
						      : small(tools, -1);
	c->tools_used = small(json_get(o, "tools_used"), -1);
	c->errors = small(json_get(o, "errors"), 0);
	c->repeats = small(json_get(o, "repeats"), 0);
	c->attempts = small(json_get(o, "attempts"), 0);
	c->context_tokens = whole(json_get(o, "context_tokens"),
				  (int64_t)(o->text.len / TOKEN));
	c->context_before = whole(json_get(o, "context_before"), -1);
	for (int i = 0; i < STEP_KIND_N; i++) {
		if (json_str_is(kind, step_kind_names[i]))
			c->step_kind = i;
	}
	if (!usd(json_get(o, "cost_usd"), &c->cost_pusd))
		return bad(r, "cost_usd is no amount");
	for (int i = 0; i < r->q->ask.n_tried; i++)
		c->tiers_tried |= 1U << r->q->arms[r->q->tried[i].arm].tier;
	r->q->ask.prompt_tokens = c->context_tokens;
	return RC_OK;
}

/* ---- what was tried ---- */

static enum rc read_try(struct reading *r, const struct json *v)
{
	struct route_ask *ask = &r->q->ask;
	struct route_tried *t = &r->q->tried[ask->n_tried];
	const struct json *seen = json_get(v, "evidence");
	float *e = r->q->evidence[ask->n_tried];
	double d;

	if (ask->n_tried == ROUTE_TRIED_MAX)
		return bad(r, "too much was tried");
	*t = (struct route_tried){
		.arm = arm_named(r,
				 json_str(json_get(v, "model"), &r->q->arena)),
		.evidence = json_is(seen, JSON_OBJECT) ? e : NULL,
		.n_evidence = EVIDENCE_N,
		.cost_pusd = -1,
	};
	if (t->arm < 0)
		return bad(r, "what was tried is none of models");
	if (!usd(json_get(v, "cost_usd"), &t->cost_pusd))
		return bad(r, "cost_usd is no amount");
	for (int i = 0; i < EVIDENCE_N; i++)
		e[i] = number(json_get(seen, evidence_names[i]), &d) ? (float)d
								     : NAN;
	ask->n_tried++;
	return RC_OK;
}

static enum rc read_tried(struct reading *r)
{
	const struct json *list = json_get(r->root, "tried");

	r->q->ask.tried = r->q->tried;
	if (!json_present(list))
		return RC_OK;
	if (!json_is(list, JSON_ARRAY))
		return bad(r, "tried is no array");
	for (const struct json *v = json_first(list); v;
	     v = json_next(list, v)) {
		enum rc rc = read_try(r, v);

		if (rc)
			return rc;
	}
	return RC_OK;
}

/* ---- the whole ---- */

static enum rc read_all(struct reading *r, struct str (*guess)(struct str))
{
	struct route_query *q = r->q;
	struct feature_ctx ctx;

	if (!json_is(r->root, JSON_OBJECT))
		return bad(r, "the question is no JSON object");
	if (read_text(r) || read_arms(r) || read_tried(r) || read_limits(r) ||
	    read_context(r, &ctx))
		return RC_BAD;
	q->ask.class_name = json_str(json_get(r->root, "class"), &q->arena);
	if (!q->ask.class_name.len && guess && q->text.len) {
		q->ask.class_name = guess(q->text);
		ctx.class_guessed = q->ask.class_name.len > 0;
	}
	if (!q->ask.class_name.len)
		q->ask.class_name = STR("unattributed");
	q->task = json_str(json_get(r->root, "task"), &q->arena);
	q->sender = json_str(json_get(r->root, "sender"), &q->arena);
	q->ask.arms = q->arms;
	if (q->text.len) {
		q->ask.n_x = feature_vector(q->text, &ctx, q->x);
		q->ask.x = q->x;
	}
	return arena_ok(&q->arena) ? RC_OK
				   : bad(r, "the question is too large");
}

enum rc route_query_read(struct route_query *q, struct str json,
			 const struct bundle *b, const struct price_book *book,
			 struct str (*guess)(struct str text), struct err *e)
{
	struct reading r = {.q = q, .b = b, .book = book, .e = e};
	struct json_doc doc;
	enum rc rc;

	memset(q, 0, sizeof(*q));
	arena_init(&q->arena, 4 * (size_t)ROUTE_QUERY_BYTES);
	if (json.len > ROUTE_QUERY_BYTES)
		return bad(&r, "the question is too large");
	json_doc_init(&doc, NODES_MAX);
	rc = json_parse(&doc, json, e);
	r.root = doc.nodes;
	if (!rc)
		rc = read_all(&r, guess);
	json_doc_release(&doc);
	return rc;
}

float *route_query_evidence(struct route_query *q)
{
	int last = q->ask.n_tried - 1;

	if (last < 0)
		return NULL;
	q->tried[last].evidence = q->evidence[last];
	return q->evidence[last];
}

void route_query_release(struct route_query *q)
{
	arena_release(&q->arena);
}
