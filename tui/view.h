/* A screen of the dashboard, as one const table entry.
 *
 * To add a screen:
 *   1. if it shows something new, write its read model: sql/queries/query_X.sql
 *      and the pair of functions in ledger/query.h;
 *   2. write tui/view_X.c: an enum of columns, the table of struct column that
 *      it indexes, one `take` function for each statement, and at the end one
 *      `const struct view view_X`;
 *   3. name it in views[] (tui/view.c);
 *   4. let a screen lead to it: return &view_X from that view's `enter`, or
 *      give it a key in tui/action.c.
 * Everything else follows from the table: the layout, sorting, filtering, the
 * help screen, --once, --plain, --json and --csv. test_view checks every entry
 * (names, headings, help lines, fields unique, named by `aco top --help`). Add
 * the way to it to tests/tui/screens.sh and its options to tests/tui/twins.sh,
 * and let `make update-screens` write what it looks like.
 *
 * A view keeps no state: what a person did to a screen is in its struct page
 * (tui/top.h), what the ledger said is in the page's table. */
#ifndef ACO_TUI_VIEW_H
#define ACO_TUI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/db.h"
#include "ledger/query_spend.h"
#include "ledger/query_watch.h"
#include "tui/range.h"
#include "tui/table.h"

struct price_book;
struct health;

/* What budgets have used, for the screens that show it beside spend: read again
 * after a while only, since the sums of a month are long. */
#define BUDGETS_KEPT 256
struct budgets_kept {
	int64_t read_us; /* monotonic; 0: not yet */
	int n;
	struct {
		int32_t class_id, agent_id, team_id;
		int64_t used; /* millionths of the limit */
	} v[BUDGETS_KEPT];
};

/* What the screens know of the world while they ask and read. */
struct context {
	int64_t now_us;
	struct range range;
	struct query_span span;        /* of the range, at now_us */
	bool compare;                  /* with the period before */
	struct query_span before;      /* that period; of use if compare */
	struct query_totals totals;    /* zeros until the first answer */
	struct query_fresh fresh;      /* TIME_NONE until then */
	struct query_header header;    /* likewise */
	struct budgets_kept *budgets;  /* never NULL */
	const struct health *health;   /* of the daemon; NULL: not looked at */
	const struct price_book *book; /* NULL until loaded */
};

/* Where and how a page looks: what views read of struct page. */
struct query_page {
	struct place at;
	int sort; /* column, -1: as the database gave them */
	bool desc;
	int64_t offset; /* rows before the first one shown */
};

/* Rows that a screen holds at a time; `[` and `]` turn pages. */
#define VIEW_ROWS 500

enum ask_how {
	/* Only for pictures: left out where none is shown. */
	ASK_PICTURE = 1,
	/* `args` reads the table, c->fresh or c->header. */
	ASK_WAITS = 2,
	/* Adds to rows what changes slowly beside their figures: the same
	 * question within ten seconds has the same answer, read once. */
	ASK_SLOW = 4,
};

/* One statement of a refresh. All are sent at once where nothing `waits`: one
 * that does builds its parameters from what earlier ones answered; in a page
 * that has rows already, that is what they answered the last time. Answers are
 * taken in the order of the asks. */
struct ask {
	const struct sql_stmt *stmt;
	/* Fill in the parameters; false: this one is not needed now. */
	bool (*args)(const struct query_page *p, const struct context *c,
		     const struct table *t, struct db_args *a);
	/* Read the answer into the table that is being made. */
	void (*take)(const struct context *c, struct table *t,
		     const struct db_result *r);
	unsigned how; /* of enum ask_how */
};

enum view_layout {
	VIEW_LIST,
	VIEW_TREE,   /* two levels, see table.h */
	VIEW_RECORD, /* one row, a line for each column */
};

/* What the command line must name for a view to be opened by --view. */
enum view_needs {
	NEEDS_NOTHING,
	NEEDS_TASK,
	NEEDS_ATTEMPT,
	NEEDS_PRICE,
	NEEDS_DECISION,
	NEEDS_WORDS
};

struct view {
	const char *name;  /* --view NAME, "view" in JSON */
	const char *title; /* first crumb of its kind: "tasks" */
	const char *about; /* one line for the help screen */
	enum view_layout layout;
	enum view_needs needs;
	const struct column *cols;
	int n_cols;
	int sort; /* column sorted by at first, -1: as they come */
	bool desc;
	/* The database sorts and cuts to a page; `sort` names a column. */
	bool paged;
	bool needs_book; /* `take` reads c->book */
	bool sums;  /* what the first ask answers adds up to c->totals, where
		       no class, agent, team, model or tier is fixed */
	char key;   /* that opens it from anywhere; 0: none */
	int newest; /* column by which `f` follows, 0: none */
	int detail; /* a text of the row at the cursor that stands in full below
		       the list where its column cuts it; 0: none */
	bool pictured; /* its pictures are a part of the text twins */
	/* What `g` offers instead: views of the same under other groupings,
	 * this one among them; NULL: none. Ends with NULL. */
	const struct view *const *groups;
	const struct ask *asks;
	int n_asks;
	/* Where Enter on a row leads: fills in *to (zeroed) and returns the
	 * view, or NULL for nowhere. May be NULL. */
	const struct view *(*enter)(const struct table *t, int row,
				    struct place *to);
	/* The name of this page in the breadcrumbs, such as the class; NULL:
	 * the title. The result need not be clean. */
	const char *(*crumb)(const struct place *at);
	/* Lines to show instead of an empty table; may be NULL. */
	const char *(*empty)(const struct place *at, const struct context *c);
};

/* All views, the first is where `aco top` starts; ends with NULL. */
extern const struct view *const views[];
const struct view *view_find(const char *name); /* NULL: no such view */

extern const struct view view_fleet, view_agents, view_teams, view_models,
	view_tiers, view_tasks, view_task, view_attempt, view_price,
	view_decisions, view_decision, view_router, view_bundles, view_budgets,
	view_attention, view_dead, view_search;

/* The groupings of spend, for `g`. */
extern const struct view *const view_spend_groups[];

/* "Nothing here" in the words that fit: an empty ledger gets told how to
 * bring data in, an empty range how to widen it. */
const char *view_nothing(const struct context *c);

#endif
