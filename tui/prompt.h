/* The line in which a filter is typed. What is typed takes effect at once;
 * Escape brings back what was there before. */
#ifndef ACO_TUI_PROMPT_H
#define ACO_TUI_PROMPT_H

#include <wchar.h>

#include "tui/top.h"

void prompt_open(struct top *t);
void prompt_close(struct top *t, bool keep);
unsigned prompt_key(struct top *t, wint_t key, bool code); /* reactions */

#endif
