/* Anything by a part of its name, or by its id. */
#include <stdio.h>
#include <string.h>

#include "tui/view.h"

#define EACH 40 /* hits of each kind */

enum {
	NAME,
	KIND,
	ABOUT,
	AT,
	COST,
	COLS
};

static const struct column cols[COLS] = {
	[NAME] = {.name = "name",
		  .title = "NAME",
		  .help = "what was found",
		  .width = 44},
	[KIND] =
		{.name = "kind",
		 .title = "KIND",
		 .help = "class, agent, team, model, task, attempt, price, ...",
		 .width = 9},
	[ABOUT] = {.name = "about",
		   .title = "ABOUT",
		   .help = "a few words on it",
		   .width = 32,
		   .prose = true,
		   .drop = 1},
	[AT] = {.name = "at",
		.title = "WHEN",
		.help = "when it began or was made",
		.kind = CELL_TIME,
		.drop = 2},
	[COST] = {.name = "cost_usd",
		  .title = "COST",
		  .help = "its cost; of a budget, its limit",
		  .kind = CELL_MONEY,
		  .drop = 3},
};

static bool search_args(const struct query_page *p, const struct context *c,
			const struct table *t, struct db_args *a)
{
	(void)c;
	(void)t;
	query_search_args(a, str_from(p->at.text ? p->at.text : ""), EACH);
	return true;
}

static void fill_place(struct table *t, int r, const struct query_hit *q)
{
	struct place *at = &t->rows[r].at;

	at->class_id = q->class_id;
	at->agent_id = q->agent_id;
	at->team_id = q->team_id;
	at->model_id = q->model_id;
	at->task = q->task;
	at->attempt = q->attempt;
	at->attempt_day = q->attempt_day;
	at->price_id = q->price_id;
	at->decision = q->decision;
	at->decision_day = q->decision_day;
	at->bundle_id = q->bundle_id;
	at->name = table_keep(t, q->name);
	if (q->class_id)
		at->class_name = at->name;
	if (!uuid_is_nil(q->task) && uuid_is_nil(q->attempt) &&
	    uuid_is_nil(q->decision))
		at->task_name = at->name;
}

static void search_take(const struct context *c, struct table *t,
			const struct db_result *res)
{
	struct query_hit q;

	(void)c;
	for (int i = 0; i < db_rows(res); i++) {
		char key[32];
		int r;

		query_hit_row(res, i, &q);
		snprintf(key, sizeof(key), "%d", i);
		r = table_add(t, key, strlen(key), -1);
		fill_place(t, r, &q);
		table_text(t, r, NAME, q.name);
		table_text(t, r, KIND, q.kind);
		table_text(t, r, ABOUT, q.about);
		table_time(t, r, AT, q.at_us);
		if (q.has_cost)
			table_money(t, r, COST, q.cost_pusd);
	}
}

static const struct view *search_enter(const struct table *t, int row,
				       struct place *to)
{
	static const struct {
		const char *kind;
		const struct view *view;
	} ways[] = {
		{"class", &view_tasks},    {"agent", &view_tasks},
		{"team", &view_tasks},     {"model", &view_fleet},
		{"task", &view_task},      {"attempt", &view_attempt},
		{"price", &view_price},    {"decision", &view_decision},
		{"budget", &view_budgets}, {"router", &view_router},
	};
	const char *kind = table_get(t, row, KIND)->v.text;

	*to = t->rows[row].at;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(kind, ways[i].kind))
			return ways[i].view;
	return NULL;
}

static const char *search_crumb(const struct place *at)
{
	return at->text ? at->text : "search";
}

static const char *search_empty(const struct place *at, const struct context *c)
{
	(void)at;
	(void)c;
	return "Nothing is called so. Tasks are found by how their names begin, "
	       "and among the\nnewest by any part; attempts and decisions by "
	       "their ids.";
}

static const struct ask asks[] = {
	{&sql_query_search, search_args, search_take, 0},
};

const struct view view_search = {
	.name = "search",
	.title = "search",
	.about = "anything by a part of its name, or by its id",
	.layout = VIEW_LIST,
	.needs = NEEDS_WORDS,
	.cols = cols,
	.n_cols = COLS,
	.sort = -1,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.enter = search_enter,
	.crumb = search_crumb,
	.empty = search_empty,
};
