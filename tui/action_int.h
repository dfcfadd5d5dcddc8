/* Between the files of the keys' functions. */
#ifndef ACO_TUI_ACTION_INT_H
#define ACO_TUI_ACTION_INT_H

#include "tui/action.h"

#define CTRL(c) ((c)&0x1f)
#define ESC     27

/* ---- moving, in and out (action_move.c) ---- */
unsigned action_scroll(struct top *t, int rows);
unsigned act_down(struct top *t);
unsigned act_up(struct top *t);
unsigned act_page_down(struct top *t);
unsigned act_page_up(struct top *t);
unsigned act_home(struct top *t);
unsigned act_end(struct top *t);
unsigned act_right(struct top *t);
unsigned act_left(struct top *t);
unsigned act_enter(struct top *t);
unsigned act_out(struct top *t);
unsigned act_escape(struct top *t);
unsigned act_quit(struct top *t);
unsigned act_view(struct top *t); /* the view of the key pressed */
unsigned act_unfold(struct top *t);
unsigned act_fold(struct top *t);
unsigned act_fold_all(struct top *t);
unsigned act_next_page(struct top *t);
unsigned act_previous_page(struct top *t);

/* ---- what is shown, and how (action_show.c) ---- */
unsigned action_sorted(struct top *t); /* after the order changed */
unsigned act_sort_next(struct top *t);
unsigned act_sort_previous(struct top *t);
unsigned act_invert(struct top *t);
unsigned act_filter(struct top *t);
unsigned act_command(struct top *t);
unsigned act_search(struct top *t);
unsigned act_columns(struct top *t);
unsigned act_group(struct top *t);
unsigned act_pictures(struct top *t);
unsigned act_range_next(struct top *t);
unsigned act_range_previous(struct top *t);
unsigned act_yesterday(struct top *t);
unsigned act_compare(struct top *t);
unsigned act_follow(struct top *t);
unsigned act_pause(struct top *t);
unsigned act_refresh(struct top *t);
unsigned act_copy(struct top *t);
unsigned act_export(struct top *t);
unsigned act_help(struct top *t);

#endif
