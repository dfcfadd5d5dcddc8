/* Colours of the roles, for as many colours as the terminal has. */
#ifndef ACO_TUI_CRT_THEME_H
#define ACO_TUI_CRT_THEME_H

#include "tui/crt.h"

/* After initscr(). */
void crt_theme_set(enum theme theme);

#endif
