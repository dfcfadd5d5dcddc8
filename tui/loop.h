/* The dashboard on a terminal, until the person quits. */
#ifndef ACO_TUI_LOOP_H
#define ACO_TUI_LOOP_H

#include "tui/crt.h"
#include "tui/top.h"

/* RC_OK when it was left by a key. *sig is the signal that ended it, or 0; the
 * terminal has been given back. */
enum rc top_run(struct top *t, enum theme theme, int *sig,
		struct err *e) MUST_CHECK;

#endif
