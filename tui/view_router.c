/* The router's version that serves, by class: what serves it and why, beside
 * its certificate and pictures of how honest and how good it is. */
#include <inttypes.h>

#include "tui/certificate.h"
#include "tui/view.h"

#define CERTIFICATE_NODES 65536

enum {
	CLASS,
	SERVES,
	TASKS,
	STATIC_OK,
	STATIC_COST,
	LEARNED_OK,
	LEARNED_COST,
	ECE,
	WHY,
	COLS
};

static const struct column cols[COLS] = {
	[CLASS] = {.name = "task_class",
		   .title = "CLASS",
		   .help = "task class",
		   .width = 24},
	[SERVES] = {.name = "serves",
		    .title = "SERVES",
		    .help = "learned, static, or the strongest tier",
		    .width = 10},
	[TASKS] = {.name = "tasks",
		   .title = "TASKS",
		   .help = "judged tasks that it was measured on",
		   .kind = CELL_INT,
		   .drop = 4},
	[STATIC_OK] = {.name = "static_success",
		       .title = "STATIC OK",
		       .help = "success of the best static policy",
		       .kind = CELL_RATIO,
		       .drop = 3},
	[STATIC_COST] = {.name = "static_cost_usd",
			 .title = "STATIC $",
			 .help = "its cost of a task",
			 .kind = CELL_MONEY,
			 .drop = 2},
	[LEARNED_OK] = {.name = "learned_success",
			.title = "LEARNED OK",
			.help = "success of the learned policy",
			.kind = CELL_RATIO,
			.drop = 3},
	[LEARNED_COST] = {.name = "learned_cost_usd",
			  .title = "LEARNED $",
			  .help = "its cost of a task",
			  .kind = CELL_MONEY,
			  .drop = 2},
	[ECE] = {.name = "ece",
		 .title = "ECE",
		 .help = "error of calibration: promised against came true",
		 .kind = CELL_RATIO,
		 .drop = 5},
	[WHY] = {.name = "why",
		 .title = "WHY",
		 .help = "why this policy serves it",
		 .width = 48,
		 .prose = true,
		 .drop = 1},
};

static bool router_args(const struct query_page *p, const struct context *c,
			const struct table *t, struct db_args *a)
{
	(void)c;
	(void)t;
	query_bundle_args(a, p->at.bundle_id);
	return true;
}

static void fill_policy(struct table *t, int r, const struct json *v, int ok,
			int cost)
{
	__int128 pusd;
	int64_t micro;

	if (json_micro(json_get(v, "success"), &micro))
		table_ratio(t, r, ok, micro);
	if (json_pusd(json_get(v, "cost_usd"), &pusd))
		table_money(t, r, cost, pusd);
}

static void fill_class(struct table *t, const struct json *v)
{
	struct str name = json_str(json_get(v, "name"), &t->arena);
	struct str serves = json_str(json_get(v, "serves"), &t->arena);
	int r = table_add(t, name.p ? name.p : "", name.len, -1);
	int64_t n;

	table_text(t, r, CLASS, name);
	table_text(t, r, SERVES, serves);
	if (str_is(serves, "learned"))
		table_tone(t, r, SERVES, TONE_GOOD);
	table_text(t, r, WHY, json_str(json_get(v, "why"), &t->arena));
	if (json_i64(json_get(v, "tasks"), &n))
		table_int(t, r, TASKS, n);
	if (json_micro(json_get(v, "ece"), &n))
		table_ratio(t, r, ECE, n);
	fill_policy(t, r, json_get(v, "static"), STATIC_OK, STATIC_COST);
	fill_policy(t, r, json_get(v, "learned"), LEARNED_OK, LEARNED_COST);
}

static void fill(struct table *t, const struct query_bundle *q,
		 const struct json *cert)
{
	const struct json *list = json_get(cert, "classes");
	/* A name of its own; a number is the format's. */
	const struct json *name = json_get(cert, "version");
	struct str version = json_is(name, JSON_STRING)
				     ? json_str(name, &t->arena)
				     : STR_NONE;

	table_note(t, str_is(q->state, "serving") ? TONE_GOOD : TONE_PLAIN,
		   "version", "%.*s%sv%" PRId32 ", %.*s", STR_ARG(version),
		   version.len ? ", " : "", q->id, STR_ARG(q->state));
	certificate_notes(t, cert);
	for (const struct json *v = json_is(list, JSON_ARRAY) ? json_first(list)
							      : NULL;
	     v; v = json_next(list, v))
		fill_class(t, v);
	certificate_pictures(t, cert);
}

static void router_take(const struct context *c, struct table *t,
			const struct db_result *res)
{
	struct query_bundle q;
	struct json_doc doc;
	struct err e;

	(void)c;
	if (db_rows(res) == 0)
		return;
	query_bundle_row(res, 0, &q);
	json_doc_init(&doc, CERTIFICATE_NODES);
	if (json_parse(&doc, q.certificate, &e) == RC_OK)
		fill(t, &q, doc.nodes);
	else
		table_note(t, TONE_BAD, "certificate", "%s", e.msg);
	json_doc_release(&doc);
}

static const char *router_empty(const struct place *at, const struct context *c)
{
	(void)at;
	if (c->header.bundle_id == 0)
		return "No version of the router is in the ledger: the one that "
		       "ships with the\nprogram serves, or none. aco train makes "
		       "one from what the ledger knows.";
	return "The certificate of this version names no classes.";
}

static const struct view *const groups[] = {&view_router, &view_bundles, NULL};

static const struct ask asks[] = {
	{&sql_query_bundle, router_args, router_take, 0},
};

const struct view view_router = {
	.name = "router",
	.title = "router",
	.about = "what serves each class, how honest it is, what it saves",
	.layout = VIEW_LIST,
	.cols = cols,
	.n_cols = COLS,
	.sort = TASKS,
	.desc = true,
	.detail = WHY,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.empty = router_empty,
	.key = '6',
	.pictured = true,
	.groups = groups,
};
