/* The keys. The order is that of the help screen; what has a footer comes
 * first there and in the bottom line. */
#include <ncurses.h>

#include "tui/action_int.h"

#define LISTS (1u << VIEW_LIST | 1u << VIEW_TREE)
#define TREES (1u << VIEW_TREE)

/* clang-format off */
const struct action actions[] = {
{{'\r', '\n', KEY_ENTER, 'l'}, "Enter, l", "Enter", "in",
 "open what the cursor is on", 0, act_enter},
{{ESC}, "Esc", "Esc", "out", "clear the filter, or go back", 0, act_escape},
{{'q', KEY_BACKSPACE, 127, CTRL('h')}, "q, Backspace", "q", "back",
 "go back; on the outermost screen, quit", 0, act_out},
{{'/'}, "/", "/", "filter", "show only rows that match", LISTS, act_filter},
{{'s', '>'}, "s, >", "s", "sort", "sort by the next column", LISTS,
 act_sort_next},
{{'t'}, "t", "t", "range", "longer range of time, after all: 15m", 0,
 act_range_next},
{{'?', KEY_F(1)}, "?, F1", "?", "help", "this screen", 0, act_help},
{{':'}, ":", ":", "command", "type a command; Tab completes it", 0,
 act_command},
{{' '}, "Space", "Space", "pause", "stop refreshing, or go on", 0, act_pause},
{{'g'}, "g", "g", "group", "group by class, agent, team, model or tier",
 LISTS, act_group},
{{'v'}, "v", "v", "pictures", "show pictures, the next one, or none", 0,
 act_pictures},
{{'d'}, "d", "d", "compare", "compare with the period before", 0,
 act_compare},
{{'c'}, "c", "c", "columns", "choose the columns", LISTS, act_columns},
{{'f'}, "f", "f", "follow", "stay with what is newest", LISTS, act_follow},
{{'y'}, "y", "y", "copy", "copy the id to the clipboard", 0, act_copy},
{{'e'}, "e", "e", "export", "write what is shown to a file", 0, act_export},
{{'S', '<'}, "S, <", "S", NULL, "sort by the column before", LISTS,
 act_sort_previous},
{{'I'}, "I", "I", NULL, "turn the order round", LISTS, act_invert},
{{'T'}, "T", "T", NULL, "shorter range of time", 0, act_range_previous},
{{'Y'}, "Y", "Y", NULL, "yesterday, from midnight to midnight", 0,
 act_yesterday},
{{'1', '2', '3', '4', '5', '6', '7', '8'}, "1 to 8", "1", NULL,
 "another screen, see below", 0, act_view},
{{'0'}, "0", "0", NULL, "search for anything by its name or id", 0,
 act_search},
{{KEY_DOWN, 'j', CTRL('n')}, "Down, j", "j", NULL, "next row", 0, act_down},
{{KEY_UP, 'k', CTRL('p')}, "Up, k", "k", NULL, "row before", 0, act_up},
{{KEY_NPAGE, CTRL('f'), CTRL('d')}, "PgDn, ^F", "PgDn", NULL,
 "next screenful", 0, act_page_down},
{{KEY_PPAGE, CTRL('b'), CTRL('u')}, "PgUp, ^B", "PgUp", NULL,
 "screenful before", 0, act_page_up},
{{KEY_HOME, '^'}, "Home, ^", "Home", NULL, "first row", 0, act_home},
{{KEY_END, 'G'}, "End, G", "G", NULL, "last row", 0, act_end},
{{KEY_RIGHT}, "Right", "Right", NULL, "columns further right", LISTS,
 act_right},
{{KEY_LEFT, 'h'}, "Left, h", "Left", NULL, "columns further left", LISTS,
 act_left},
{{'+', '='}, "+", "+", NULL, "unfold the step", TREES, act_unfold},
{{'-'}, "-", "-", NULL, "fold the step", TREES, act_fold},
{{'*'}, "*", "*", NULL, "unfold or fold all steps", TREES, act_fold_all},
{{']'}, "]", "]", NULL, "next 1000 rows", LISTS, act_next_page},
{{'['}, "[", "[", NULL, "1000 rows before", LISTS, act_previous_page},
{{'r', CTRL('l'), KEY_F(5)}, "r, ^L", "r", NULL, "refresh and draw again", 0,
 act_refresh},
{{'Q'}, "Q", "Q", NULL, "quit at once", 0, act_quit},
{{0}, NULL, NULL, NULL, NULL, 0, NULL},
};
/* clang-format on */
