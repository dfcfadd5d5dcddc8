/* The dashboard as a whole: its pages, its view of time, the connection, and
 * the refresh that is going on. cmd_top.c makes one and either runs it on the
 * terminal (loop.c) or fills one page and prints it (out.h).
 *
 * Who does what: gather.c asks the ledger and hands rows to pages; action.c
 * turns keys into changes of this struct and says by a reaction what follows
 * from them; screen.c draws it and changes nothing. */
#ifndef ACO_TUI_TOP_H
#define ACO_TUI_TOP_H

#include "tui/data.h"
#include "tui/health.h"
#include "tui/page.h"

#define TOP_PAGES 16

struct top;

/* What a key's function asks for. */
enum reaction {
	REACT_NONE = 0,
	REACT_DRAW = 1 << 0,
	REACT_ARRANGE = 1 << 1, /* compute what is shown, and draw */
	REACT_GATHER = 1 << 2,  /* ask the ledger now */
	REACT_REPAINT = 1 << 3, /* send every cell again */
	REACT_QUIT = 1 << 4,
};

enum top_mode {
	MODE_PAGE,
	MODE_FILTER,
	MODE_HELP,
	MODE_COMMAND, /* a line after ':' is typed */
	MODE_PICK     /* a menu is open */
};

/* What a person did to a view, kept while other screens are looked at, and
 * from one run to the next (state.h). */
struct kept {
	bool there;
	int sort;
	bool desc;
	int pictures;
	bool off[LAYOUT_COLS_MAX];
};
#define KEPT_VIEWS 32

/* A menu over the page: columns to show, ways to group, formats. */
#define PICK_MAX 64
struct pick {
	const char *title;
	const char *items[PICK_MAX]; /* not owned */
	bool on[PICK_MAX];           /* marked */
	int n, at, first;
	bool many; /* Space marks; else Enter chooses one */
	/* Called for each mark that changes, or for the one that is chosen. */
	unsigned (*chose)(struct top *t, int item);
};

/* Statements of a refresh that are sent at once. */
#define GATHER_CALLS 16

struct gather {
	bool running;
	int ask; /* the next to be started, of the view; before 0:
		    those of all */
	/* In flight: which asks, and their parameters. */
	int flying[GATHER_CALLS], n_flying;
	struct db_args args[GATHER_CALLS];
	bool again; /* the range was widened: begin anew */
	/* The first rows of a page do not wait for its pictures, which the next
	 * refresh brings. */
	bool owes;
	uint64_t page_id; /* for whom */
	struct table table;
	int64_t started_us; /* monotonic */
	int64_t took_us;    /* the last one that ended */
	int64_t ended_us;   /* monotonic; 0: none yet */
	bool cancelled;
	bool kept[PAGE_ASKS]; /* asks whose kept answer is good enough */
	/* Its pictures: not yet thought of, read anew, or those of the refresh
	 * before. */
	enum {
		PICTURES_UNDECIDED,
		PICTURES_READ,
		PICTURES_COPIED
	} pictures;
	bool failed;
	struct err err; /* why the last one failed, or empty */
};

struct top {
	const char *label; /* conf.label, or NULL */
	struct data *data;
	struct context ctx;
	int64_t interval_us;

	struct page pages[TOP_PAGES];
	int depth; /* pages[depth - 1] is on the screen */

	struct gather gather;
	struct query_totals before; /* of the period before, if compared */
	struct budgets_kept budgets;
	int64_t header_us; /* monotonic, when ctx.header was read; 0: not yet */
	int64_t summed_us; /* likewise ctx.totals, and before */
	struct range summed; /* of which range */
	bool summed_compare; /* with the period before */
	bool want_gather;
	bool range_is_auto; /* nobody chose it: it may widen by itself */
	bool range_widened; /* and did, since nothing happened lately */

	/* A name to be looked up before its screen can be opened. */
	struct {
		bool wanted;
		const struct view *view;
		char kind[16], name[PAGE_FILTER];
	} look_up;

	struct health_job *health_job;
	struct health health;

	bool interactive; /* on a terminal: views keep what was done to them */
	struct kept kept[KEPT_VIEWS];
	struct pick pick;
	int key;       /* the one that is being handled */
	bool roomy;    /* the screen has room for pictures by itself */
	bool all_asks; /* pictures are wanted, whatever the screen */
	const char *theme_wanted; /* by :theme; NULL: none */

	enum top_mode mode;
	bool paused;
	bool dirty;        /* what is on the screen is no longer so */
	char message[160]; /* for the last line, until the next key */
	char prompt[PAGE_FILTER];
	char prompt_before[PAGE_FILTER]; /* what Escape brings back */
	char prompt_error[128];
	int help_first; /* first line of the help screen */
	int page_rows;  /* rows or lines that fit, as drawn last */
};

void top_init(struct top *t, struct data *data, const struct range *range);
void top_release(struct top *t);

struct page *top_page(struct top *t);
const struct page *top_page_const(const struct top *t);
/* Open a view on top of the others; no room: a message. */
void top_push(struct top *t, const struct view *view, const struct place *at);
/* Leave all pages and open this view alone. */
void top_goto(struct top *t, const struct view *view, const struct place *at);
/* The page at the top becomes this view, at the same place. */
void top_replace(struct top *t, const struct view *view);
/* Keep what was done to the pages that are open. */
void top_keep(struct top *t);
int view_index(const struct view *v); /* in views[] */
/* Which picture of the page at the top comes first, from 1; 0: none. */
int top_pictures(const struct top *t);
/* Leave the topmost; false when it is the only one. */
bool top_pop(struct top *t);

void top_message(struct top *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* How cells are shown on the page at the top. */
struct show top_show(const struct top *t, bool plain);
/* Arrange the page at the top again. */
void top_arrange(struct top *t);

/* ---- asking the ledger (gather.c) ---- */

/* Start a refresh when one is due or wanted, give up one that nobody waits for
 * any more; call after data_io(). */
void gather_step(struct top *t);
/* Milliseconds until gather_step() has something to do; -1: not by itself. */
int gather_timeout_ms(const struct top *t);
/* Block until the page at the top is filled: for --once. */
enum rc gather_wait(struct top *t, int timeout_ms, struct err *e) MUST_CHECK;

#endif
