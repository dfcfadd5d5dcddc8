/* What is shown, written to a file of its own. */
#ifndef ACO_TUI_SAVE_H
#define ACO_TUI_SAVE_H

#include "tui/out.h"

/* Write the page at the top to `path`, or, where that is NULL or empty, to
 * aco-VIEW-TIME.csv (.json, .txt) in the present folder. A file that is there
 * is not touched: RC_BAD. `name` (size bytes) takes the path. */
enum rc save_page(const struct top *t, enum out_format format, const char *path,
		  char *name, size_t size, struct err *e) MUST_CHECK;

#endif
