/* What a screen lists: rows of typed cells under a const table of columns.
 * The same table feeds the terminal and the text, JSON and CSV twins, so that
 * all of them tell the same. A table knows how to sort, filter and fold its
 * rows; it knows nothing of where they come from or how they are drawn.
 *
 * Rows may form a tree of two levels: a row with a parent is shown below it
 * and sorted among its siblings. A record is a table of one row, which a
 * screen shows with a line for each column. */
#ifndef ACO_TUI_TABLE_H
#define ACO_TUI_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/arena.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "ledger/base/uuid.h"
#include "tui/spark.h"

enum cell_kind {
	CELL_TEXT,
	CELL_LINES, /* text of several lines */
	CELL_INT,
	CELL_ID,    /* a number that names something */
	CELL_MONEY, /* pico-dollars, __int128 */
	CELL_RATIO, /* millionths of one */
	CELL_TIME,  /* microseconds since 1970 UTC */
	CELL_SPAN,  /* a duration in microseconds */
	CELL_FLAG,
	CELL_SPARK,  /* pico-dollars over time */
	CELL_CHANGE, /* signed millionths: against what was before */
	CELL_BAR,    /* a stretch lo..hi of the whole, in millionths */
};

/* One column. The name is the field's name in JSON and CSV and in filters,
 * and that of the public views (v_task, v_attempt, ...) where they have it. */
struct column {
	const char *name;
	const char *title; /* heading; NULL: for programs only */
	const char *help;  /* one line for the help screen */
	enum cell_kind kind;
	int width;           /* at most so many columns; 0 = by kind */
	int drop;            /* on narrow screens the highest goes first;
				0 = stays */
	const char *section; /* records: a heading above this field */
	bool aside;          /* records: this and what follows stands in the
				right half of a wide screen */
	bool compare;        /* only beside the period before */
	int min;    /* texts: yields down to so many columns; 0 = never */
	bool prose; /* texts: words to be read from the beginning; others are
		       names, which lose their middle where they are cut */
};

/* What a cell says beside its value: how it is coloured. Whatever a tone says
 * is also said in words or figures. */
enum tone {
	TONE_PLAIN,
	TONE_DIM,
	TONE_GOOD,
	TONE_WARN,
	TONE_BAD
};

struct cell {
	bool known; /* false: the value is not known or does not apply */
	enum tone tone;
	const char *alt; /* shown for a value that is not known; NULL: "-", of
			    text nothing */
	union {
		int64_t i; /* INT ID RATIO TIME SPAN FLAG */
		__int128 money;
		const char *text; /* TEXT LINES; bytes as they came */
		struct series *series;
		struct {
			int32_t lo, hi;
		} bar; /* 0 <= lo <= hi <= 1000000 */
	} v;
};

/* What a row stands for: where Enter leads from it. Views fill what they
 * know, the rest stays zero. */
struct place {
	int32_t class_id;       /* 0 = any */
	const char *class_name; /* owned by whoever keeps the place */
	struct uuid task;
	const char *task_name;
	int32_t attempt_day;
	struct uuid attempt;
	int32_t price_id;                    /* 0 = none */
	int32_t agent_id, team_id, model_id; /* 0 = any */
	int tier;                            /* -1 or 0 = any */
	const char *name; /* of the agent, team, model, tier; as class_name */
	int32_t decision_day;
	struct uuid decision;
	int32_t bundle_id; /* 0 = the one that serves */
	const char *text;  /* what is searched; as class_name */
};

/* A line above a list: what holds for all of it. */
struct note {
	const char *label, *text; /* clean enough to be shown as cells are */
	enum tone tone;
};
/* A heading that depends on what was read: "GAP 2d". */
struct heading {
	int col;
	const char *text;
};
#define TABLE_HEADINGS 4
#define TABLE_NOTES    24
#define TABLE_PICTURES 4

struct picture; /* chart.h */

struct row {
	struct place at;
	uint64_t key; /* the same row in the next table has the same key */
	int parent;   /* index of a row, or -1 */
	int children;
};

struct table {
	const struct column *cols;
	int n_cols;
	struct arena arena;
	struct row *rows;
	struct cell *cells; /* rows x n_cols */
	size_t n, cap;
	size_t cells_cap;
	bool truncated; /* memory for the text ran out */
	bool more;      /* the database has rows beyond these */
	bool bounded;   /* all lies between these two (TIME_NONE: undated) */
	int64_t since_us, until_us;
	struct note notes[TABLE_NOTES];
	int n_notes;
	struct heading headings[TABLE_HEADINGS];
	int n_headings;
	struct picture *pictures[TABLE_PICTURES]; /* in the arena */
	int n_pictures;

	size_t found; /* where table_find() last was */

	/* What is shown: indices of rows, after filter, sort and folding. */
	int *shown;
	int n_shown;
	int matched; /* rows that pass the filter, folded ones included */
};

void table_init(struct table *t, const struct column *cols, int n_cols);
void table_release(struct table *t);
void table_clear(struct table *t); /* no rows; keeps columns and memory */

/* Append a row under `parent` (-1: at the top; a parent must be a top row)
 * and return its index. All cells are unknown. */
int table_add(struct table *t, const void *key, size_t key_len, int parent);

/* Fill a cell; text is copied. A sum that is NULL in the database is set with
 * table_none. */
void table_text(struct table *t, int row, int col, struct str s);
void table_int(struct table *t, int row, int col, int64_t v);
void table_money(struct table *t, int row, int col, __int128 pusd);
void table_ratio(struct table *t, int row, int col, int64_t micro);
void table_time(struct table *t, int row, int col, int64_t us); /* TIME_NONE:
								   unknown */
void table_span(struct table *t, int row, int col, int64_t us);
void table_flag(struct table *t, int row, int col, bool v);
void table_uuid(struct table *t, int row, int col,
		struct uuid id); /* nil:
				    unknown */
void table_none(struct table *t, int row, int col, const char *alt);
void table_tone(struct table *t, int row, int col, enum tone tone);
/* The series of a CELL_SPARK, to be filled in; made of zeros with n points if
 * it is not there. NULL when memory ran out. */
struct series *table_series(struct table *t, int row, int col, int n);
void table_change(struct table *t, int row, int col, int64_t micro);
void table_bar(struct table *t, int row, int col, int64_t lo_micro,
	       int64_t hi_micro); /* cut to 0..1000000 */
/* Add a note; beyond TABLE_NOTES they are dropped. */
void table_note(struct table *t, enum tone tone, const char *label,
		const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Another heading than the column's own; at most TABLE_HEADINGS. */
void table_heading(struct table *t, int col, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* What stands above a column; NULL: it is for programs only. */
const char *table_title(const struct table *t, int col);
/* Keep a copy of a name for a place. */
const char *table_keep(struct table *t, struct str s);
/* The same, made harmless (tui/text.h), for what is not shown as a cell. */
const char *table_clean(struct table *t, struct str s);

struct cell *table_cell(struct table *t, int row, int col);
const struct cell *table_get(const struct table *t, int row, int col);
/* The key that table_add() makes of these bytes. */
uint64_t table_key(const void *key, size_t key_len);
/* Index of the row with this key, or -1; fast for rows added in order. */
int table_find(struct table *t, uint64_t key);

/* Which rows are folded (their children hidden) is kept by the screen. */
typedef bool table_test(const void *arg, const struct table *t, int row);

struct table_order {
	int col; /* -1: as they were added */
	bool desc;
	table_test *match; /* NULL: all; a parent is shown when a child is,
			      a child when its parent matches */
	const void *match_arg;
	table_test *folded; /* NULL: none */
	const void *folded_arg;
};
/* Compute `shown`. Unknown values come last in either direction; ties keep
 * the order of addition. */
void table_arrange(struct table *t, const struct table_order *o);

/* -1, 0 or 1 between two known cells of one kind. */
int cell_cmp(enum cell_kind kind, const struct cell *a, const struct cell *b);
/* A known cell as a number in natural units (dollars, seconds, one) times
 * 10^12; false for text and series. */
bool cell_number(enum cell_kind kind, const struct cell *c, __int128 *out);
bool cell_is_text(enum cell_kind kind);
/* Whether figures of this kind stand at the right of their column. */
bool cell_is_right(enum cell_kind kind);

/* The column with this name, or -1. */
int column_find(const struct column *cols, int n, const char *name);

#endif
