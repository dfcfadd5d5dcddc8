/* Rows that could not be taken. `aco dead` explains and replays them. */
#include "tui/view.h"

#include "ledger/base/clock.h"

#define DEAD_MAX 1000

enum {
	RECEIVED,
	SOURCE,
	REASON,
	ORIGIN,
	STATE,
	BYTES,
	REPLAYED,
	KIND,
	ID,
	COLS
};

static const struct column cols[COLS] = {
	[RECEIVED] = {.name = "received_at",
		      .title = "RECEIVED",
		      .help = "when",
		      .kind = CELL_TIME},
	[SOURCE] = {.name = "source",
		    .title = "SOURCE",
		    .help = "what brought it",
		    .width = 20,
		    .drop = 2},
	[REASON] = {.name = "reason",
		    .title = "REASON",
		    .help = "why it could not be taken",
		    .width = 60,
		    .prose = true},
	[ORIGIN] = {.name = "origin",
		    .title = "ORIGIN",
		    .help = "file and line, or the peer",
		    .width = 32,
		    .drop = 3},
	[STATE] = {.name = "sqlstate",
		   .title = "SQLSTATE",
		   .help = "what the database called it",
		   .width = 8,
		   .drop = 5},
	[BYTES] = {.name = "bytes",
		   .title = "BYTES",
		   .help = "of the row that was kept",
		   .kind = CELL_INT,
		   .drop = 6},
	[REPLAYED] = {.name = "replayed_at",
		      .title = "REPLAYED",
		      .help = "when it was given to the ledger again",
		      .kind = CELL_TIME,
		      .drop = 4},
	[KIND] = {.name = "kind"},
	[ID] = {.name = "dead_letter_id"},
};

static bool dead_args(const struct query_page *p, const struct context *c,
		      const struct table *t, struct db_args *a)
{
	(void)p;
	(void)c;
	(void)t;
	query_dead_args(a, DEAD_MAX + 1);
	return true;
}

static void dead_take(const struct context *c, struct table *t,
		      const struct db_result *res)
{
	struct query_dead q;

	(void)c;
	t->more = db_rows(res) > DEAD_MAX;
	for (int i = 0; i < db_rows(res) && i < DEAD_MAX; i++) {
		int r;

		query_dead_row(res, i, &q);
		r = table_add(t, q.id.b, sizeof(q.id.b), -1);
		table_time(t, r, RECEIVED, q.received_us);
		table_text(t, r, SOURCE, q.source);
		table_text(t, r, REASON, q.reason);
		table_text(t, r, ORIGIN, q.origin);
		table_text(t, r, STATE, q.sqlstate);
		table_text(t, r, KIND, q.kind);
		if (q.bytes >= 0)
			table_int(t, r, BYTES, q.bytes);
		table_time(t, r, REPLAYED, q.replayed_us);
		if (q.replayed_us == TIME_NONE)
			table_tone(t, r, REASON, TONE_WARN);
		table_uuid(t, r, ID, q.id);
	}
}

static const char *dead_empty(const struct place *at, const struct context *c)
{
	(void)at;
	(void)c;
	return "There are no dead letters.";
}

static const struct ask asks[] = {
	{&sql_query_dead, dead_args, dead_take, 0},
};

const struct view view_dead = {
	.name = "dead",
	.title = "dead letters",
	.about = "rows that could not be taken; aco dead replays them",
	.layout = VIEW_LIST,
	.cols = cols,
	.n_cols = COLS,
	.sort = RECEIVED,
	.desc = true,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.empty = dead_empty,
	.newest = RECEIVED,
};
