/* All versions of the router, with what their gates said. */
#include "tui/certificate.h"
#include "tui/view.h"

enum {
	VERSION,
	STATE,
	CREATED,
	GATE,
	GAIN,
	GAIN_LOW,
	ECE,
	SKILL,
	ROWS,
	DRIFT,
	REASON,
	ID,
	TRAINED,
	COLS
};

static const struct column cols[COLS] = {
	[VERSION] = {.name = "version",
		     .title = "VERSION",
		     .help = "as its certificate calls it",
		     .width = 24},
	[STATE] = {.name = "state",
		   .title = "STATE",
		   .help = "candidate, serving, retired or refused",
		   .width = 10},
	[CREATED] = {.name = "created_at",
		     .title = "CREATED",
		     .help = "when the ledger got it",
		     .kind = CELL_TIME,
		     .drop = 3},
	[GATE] = {.name = "gate_passed",
		  .title = "GATE",
		  .help = "passed: better than the one that served",
		  .kind = CELL_FLAG,
		  .drop = 2},
	[GAIN] = {.name = "gain",
		  .title = "GAIN",
		  .help = "against the one that served",
		  .kind = CELL_CHANGE,
		  .drop = 1},
	[GAIN_LOW] = {.name = "gain_low",
		      .title = "AT LEAST",
		      .help = "lower bound of the gain",
		      .kind = CELL_CHANGE,
		      .drop = 4},
	[ECE] = {.name = "ece",
		 .title = "ECE",
		 .help = "error of calibration: promised against came true",
		 .kind = CELL_RATIO,
		 .drop = 5},
	[SKILL] = {.name = "brier_skill",
		   .title = "SKILL",
		   .help = "Brier skill: 0 knows nothing, 1 knows all",
		   .kind = CELL_RATIO,
		   .drop = 6},
	[ROWS] = {.name = "rows",
		  .title = "ROWS",
		  .help = "that it learnt from",
		  .kind = CELL_INT,
		  .drop = 7},
	[DRIFT] = {.name = "drift",
		   .title = "DRIFT",
		   .help = "whether requests are still what it learnt from",
		   .width = 8,
		   .drop = 8},
	[REASON] = {.name = "reason",
		    .title = "REASON",
		    .help = "what the gate said",
		    .width = 48,
		    .prose = true,
		    .drop = 2},
	[ID] = {.name = "bundle_id",
		.title = "ROW",
		.help = "in the table bundle",
		.kind = CELL_ID,
		.drop = 9},
	[TRAINED] = {.name = "trained_at"},
};

static bool bundles_args(const struct query_page *p, const struct context *c,
			 const struct table *t, struct db_args *a)
{
	(void)p;
	(void)c;
	(void)t;
	(void)a;
	return true;
}

/* A figure that the certificate has as text. */
static bool micro_of(struct str s, int64_t *micro)
{
	struct json v = {.type = JSON_NUMBER, .text = s};

	return s.len > 0 && json_micro(&v, micro);
}

static void fill(struct table *t, const struct query_bundle *q)
{
	int r = table_add(t, &q->id, sizeof(q->id), -1);
	int64_t n;

	t->rows[r].at.bundle_id = q->id;
	t->rows[r].at.name =
		table_keep(t, q->version.len ? q->version : STR("version"));
	table_text(t, r, VERSION, q->version.len ? q->version : STR("-"));
	table_text(t, r, STATE, q->state);
	if (str_is(q->state, "serving"))
		table_tone(t, r, STATE, TONE_GOOD);
	if (str_is(q->state, "refused"))
		table_tone(t, r, STATE, TONE_WARN);
	table_time(t, r, CREATED, q->created_us);
	if (q->passed.len)
		table_flag(t, r, GATE, str_is(q->passed, "true"));
	if (micro_of(q->gain, &n))
		table_change(t, r, GAIN, n);
	if (micro_of(q->gain_low, &n))
		table_change(t, r, GAIN_LOW, n);
	if (micro_of(q->ece, &n))
		table_ratio(t, r, ECE, n);
	if (micro_of(q->brier_skill, &n))
		table_ratio(t, r, SKILL, n);
	if (str_i64(q->rows, &n))
		table_int(t, r, ROWS, n);
	table_text(t, r, DRIFT, q->drift);
	if (str_is(q->drift, "drifted") || str_is(q->drift, "part"))
		table_tone(t, r, DRIFT, TONE_WARN);
	table_text(t, r, REASON, q->reason);
	table_text(t, r, TRAINED, q->trained_at);
	table_int(t, r, ID, q->id);
}

static void bundles_take(const struct context *c, struct table *t,
			 const struct db_result *res)
{
	struct query_bundle q;

	(void)c;
	for (int i = 0; i < db_rows(res); i++) {
		query_bundles_row(res, i, &q);
		fill(t, &q);
	}
}

static const struct view *bundles_enter(const struct table *t, int row,
					struct place *to)
{
	*to = t->rows[row].at;
	return &view_router;
}

static const char *bundles_empty(const struct place *at,
				 const struct context *c)
{
	(void)at;
	(void)c;
	return "No version of the router is in the ledger yet.";
}

static const struct view *const groups[] = {&view_router, &view_bundles, NULL};

static const struct ask asks[] = {
	{&sql_query_bundles, bundles_args, bundles_take, 0},
};

const struct view view_bundles = {
	.name = "bundles",
	.title = "versions",
	.about = "all versions of the router, with what their gates said",
	.layout = VIEW_LIST,
	.cols = cols,
	.n_cols = COLS,
	.sort = CREATED,
	.desc = true,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.enter = bundles_enter,
	.empty = bundles_empty,
	.groups = groups,
};
