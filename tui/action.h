/* Keys. One table says which keys there are, what they do, how the help
 * screen and the line at the bottom call them. Adding a key is adding an
 * entry; nothing else knows about it. */
#ifndef ACO_TUI_ACTION_H
#define ACO_TUI_ACTION_H

#include <wchar.h>

#include "tui/top.h"

#define ACTION_KEYS 10

struct action {
	int keys[ACTION_KEYS]; /* characters or KEY_ codes of ncurses; 0 ends */
	const char *keys_text; /* for the help screen: "Enter, l" */
	const char *keys_short; /* for the bottom line */
	const char *footer;     /* one word, NULL: not in the bottom line */
	const char *help;       /* one line */
	unsigned layouts;       /* bits 1 << enum view_layout; 0: all */
	unsigned (*run)(struct top *t); /* reactions */
};
extern const struct action actions[]; /* ends with run == NULL */

/* Whether the key does something on the page at the top. */
bool action_applies(const struct action *a, const struct top *t);

/* A key was pressed: `code` says that `key` is one of ncurses' KEY_ codes.
 * Returns reactions. */
unsigned action_key(struct top *t, wint_t key, bool code);

/* The mouse: a click, or a turn of the wheel. */
unsigned action_mouse(struct top *t);

#endif
