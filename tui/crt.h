/* The terminal: taken over by crt_open(), and given back as it was by
 * crt_close(), at a crash, and at any signal that ends the program. Colours
 * are named by what they mean. ncurses is used in tui/ only.
 *
 * While the terminal is ours, what is written to standard error is kept and
 * comes out after crt_close(), so that no log line tears the screen. */
#ifndef ACO_TUI_CRT_H
#define ACO_TUI_CRT_H

#include <signal.h>
#include <stdbool.h>

#include <ncurses.h>

#include "ledger/base/err.h"
#include "tui/table.h"

enum role {
	ROLE_TEXT,
	ROLE_BAR,     /* the line at the top: where we are */
	ROLE_BAR_NOW, /* in it: the innermost place */
	ROLE_LABEL,   /* what a figure is */
	ROLE_FIGURE,
	ROLE_HEADING, /* above the columns */
	ROLE_SORTED,  /* the heading of the sorted column */
	ROLE_SECTION, /* a heading within a page */
	ROLE_CURSOR,  /* the row that keys act on */
	ROLE_DIM,
	ROLE_GOOD,
	ROLE_WARN,
	ROLE_BAD,
	ROLE_SPARK,
	ROLE_KEY, /* in the line at the bottom */
	ROLE_KEY_DOES,
	ROLE_MESSAGE,
	ROLE_MENU,     /* a menu over the page */
	ROLE_MENU_NOW, /* in it: the chosen line */
	ROLE_TIER0,    /* no tier, then the five of them */
	ROLE_TIER1,
	ROLE_TIER2,
	ROLE_TIER3,
	ROLE_TIER4,
	ROLE_TIER5,
	ROLE_N
};

enum theme {
	THEME_AUTO,
	THEME_DARK,
	THEME_LIGHT,
	THEME_NONE
};

/* "auto", "dark", "light", "none"; false for others. */
bool crt_theme_parse(const char *name, enum theme *out);

/* RC_BAD, with the way out as hint, when standard input or output is no
 * terminal or the terminal is not known. NO_COLOR in the environment means
 * THEME_NONE; THEME_AUTO looks at COLORFGBG and takes dark when in doubt. */
enum rc crt_open(enum theme theme, struct err *e) MUST_CHECK;
void crt_close(void);

/* What is drawn from now on looks like this role. */
void crt_set(enum role role);
enum role crt_tone(enum tone tone);

/* The signal mask while waiting: signals that end the program or resize the
 * screen are let in only there, so that none is missed. */
const sigset_t *crt_wait_mask(void);
/* The signal that asks us to end, 0 while there is none. */
int crt_signal(void);
/* Die of that signal, after crt_close(), as if it had never been caught. */
void crt_die(int sig);

#endif
