/* The line in which a filter or a command is typed. A filter takes effect at
 * once, and Escape brings back what was there before; a command is run by
 * Enter, and Tab completes it. */
#ifndef ACO_TUI_PROMPT_H
#define ACO_TUI_PROMPT_H

#include <wchar.h>

#include "tui/top.h"

/* mode: MODE_FILTER, or MODE_COMMAND with what is there to begin with. */
void prompt_open(struct top *t, enum top_mode mode, const char *text);
void prompt_close(struct top *t, bool keep);
unsigned prompt_key(struct top *t, wint_t key, bool code); /* reactions */

#endif
