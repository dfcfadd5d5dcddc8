/* What the roles look like. Good and bad are blue and orange, which people who
 * do not tell red from green can tell apart; nothing is said by colour alone
 * (enum tone). Without colours the attributes remain. */
#include "tui/crt_theme.h"

#include <stdlib.h>
#include <string.h>

/* Colours: of 256, and of 16; -1 is the terminal's own. */
struct style {
	short fg, bg;
	short fg16, bg16;
	chtype attr; /* beside the colours */
	chtype mono; /* without colours */
};

static const struct style dark[ROLE_N] = {
	[ROLE_TEXT] = {-1, -1, -1, -1, 0, 0},
	[ROLE_BAR] = {252, 236, 7, -1, 0, A_REVERSE},
	[ROLE_BAR_NOW] = {231, 236, 15, -1, A_BOLD, A_REVERSE | A_BOLD},
	[ROLE_LABEL] = {245, -1, 8, -1, 0, 0},
	[ROLE_FIGURE] = {-1, -1, -1, -1, A_BOLD, A_BOLD},
	[ROLE_HEADING] = {249, 235, 7, -1, A_UNDERLINE, A_UNDERLINE},
	[ROLE_SORTED] = {75, 235, 12, -1, A_UNDERLINE | A_BOLD,
			 A_UNDERLINE | A_BOLD},
	[ROLE_SECTION] = {75, -1, 12, -1, A_BOLD, A_BOLD},
	[ROLE_CURSOR] = {231, 24, 15, 4, A_BOLD, A_REVERSE},
	[ROLE_DIM] = {245, -1, 8, -1, 0, 0},
	[ROLE_GOOD] = {75, -1, 12, -1, 0, 0},
	[ROLE_WARN] = {179, -1, 11, -1, 0, A_BOLD},
	[ROLE_BAD] = {215, -1, 3, -1, A_BOLD, A_BOLD},
	[ROLE_SPARK] = {110, -1, 6, -1, 0, 0},
	[ROLE_KEY] = {231, -1, 15, -1, A_BOLD, A_BOLD},
	[ROLE_KEY_DOES] = {245, -1, 8, -1, 0, 0},
	[ROLE_MESSAGE] = {222, -1, 11, -1, 0, A_BOLD},
	[ROLE_MENU] = {252, 236, 7, -1, 0, A_REVERSE},
	[ROLE_MENU_NOW] = {231, 24, 15, 4, A_BOLD, A_BOLD},
	[ROLE_TIER0] = {245, -1, 8, -1, 0, 0},
	[ROLE_TIER1] = {66, -1, 6, -1, 0, 0},
	[ROLE_TIER2] = {73, -1, 14, -1, 0, 0},
	[ROLE_TIER3] = {110, -1, 12, -1, 0, 0},
	[ROLE_TIER4] = {179, -1, 11, -1, 0, 0},
	[ROLE_TIER5] = {215, -1, 3, -1, A_BOLD, A_BOLD},
};

static const struct style light[ROLE_N] = {
	[ROLE_TEXT] = {-1, -1, -1, -1, 0, 0},
	[ROLE_BAR] = {236, 253, 0, 7, 0, A_REVERSE},
	[ROLE_BAR_NOW] = {232, 253, 0, 7, A_BOLD, A_REVERSE | A_BOLD},
	[ROLE_LABEL] = {241, -1, 8, -1, 0, 0},
	[ROLE_FIGURE] = {-1, -1, -1, -1, A_BOLD, A_BOLD},
	[ROLE_HEADING] = {238, 255, 0, -1, A_UNDERLINE, A_UNDERLINE},
	[ROLE_SORTED] = {25, 255, 4, -1, A_UNDERLINE | A_BOLD,
			 A_UNDERLINE | A_BOLD},
	[ROLE_SECTION] = {25, -1, 4, -1, A_BOLD, A_BOLD},
	[ROLE_CURSOR] = {231, 25, 15, 4, A_BOLD, A_REVERSE},
	[ROLE_DIM] = {241, -1, 8, -1, 0, 0},
	[ROLE_GOOD] = {25, -1, 4, -1, 0, 0},
	[ROLE_WARN] = {94, -1, 5, -1, 0, A_BOLD},
	[ROLE_BAD] = {130, -1, 1, -1, A_BOLD, A_BOLD},
	[ROLE_SPARK] = {31, -1, 6, -1, 0, 0},
	[ROLE_KEY] = {232, -1, 0, -1, A_BOLD, A_BOLD},
	[ROLE_KEY_DOES] = {241, -1, 8, -1, 0, 0},
	[ROLE_MESSAGE] = {94, -1, 5, -1, 0, A_BOLD},
	[ROLE_MENU] = {236, 253, 0, 7, 0, A_REVERSE},
	[ROLE_MENU_NOW] = {231, 25, 15, 4, A_BOLD, A_BOLD},
	[ROLE_TIER0] = {241, -1, 8, -1, 0, 0},
	[ROLE_TIER1] = {30, -1, 6, -1, 0, 0},
	[ROLE_TIER2] = {31, -1, 6, -1, 0, 0},
	[ROLE_TIER3] = {25, -1, 4, -1, 0, 0},
	[ROLE_TIER4] = {94, -1, 5, -1, 0, 0},
	[ROLE_TIER5] = {130, -1, 1, -1, A_BOLD, A_BOLD},
};

static chtype attrs[ROLE_N];

bool crt_theme_parse(const char *name, enum theme *out)
{
	static const char *const names[] = {"auto", "dark", "light", "none"};

	for (int i = THEME_AUTO; i <= THEME_NONE; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum theme)i;
			return true;
		}
	}
	return false;
}

/* COLORFGBG is "fg;bg" or "fg;x;bg": backgrounds 7 and 9 to 15 are light. */
static bool light_background(void)
{
	const char *v = getenv("COLORFGBG");
	const char *bg = v ? strrchr(v, ';') : NULL;
	long n;

	if (!bg)
		return false;
	n = strtol(bg + 1, NULL, 10);
	return n == 7 || (n >= 9 && n <= 15);
}

/* Of 8 colours the bright ones are the plain ones in bold. */
static void reduce(short *colour, chtype *attr, bool bold)
{
	if (*colour < 8)
		return;
	*colour = (short)(*colour - 8);
	if (bold)
		*attr |= A_BOLD;
}

static void set_role(int role, const struct style *s)
{
	short fg = s->fg, bg = s->bg;
	chtype attr = s->attr;

	if (COLORS < 256) {
		fg = s->fg16;
		bg = s->bg16;
	}
	if (COLORS < 16) {
		/* Bold black is invisible on terminals that do not make it
		 * grey. */
		if (fg == 8)
			fg = -1;
		reduce(&fg, &attr, true);
		reduce(&bg, &attr, false);
	}
	if (init_pair((short)(role + 1), fg, bg) == ERR) {
		attrs[role] = s->mono;
		return;
	}
	attrs[role] = attr | (chtype)COLOR_PAIR(role + 1);
	/* A bar without a colour of its own must still be a bar. */
	if (s->bg >= 0 && bg < 0 && role != ROLE_HEADING && role != ROLE_SORTED)
		attrs[role] |= A_REVERSE;
}

void crt_theme_set(enum theme theme)
{
	const char *no_color = getenv("NO_COLOR");
	const struct style *styles = dark;
	bool colours = theme != THEME_NONE && !(no_color && *no_color);

	if (theme == THEME_LIGHT || (theme == THEME_AUTO && light_background()))
		styles = light;
	colours = colours && has_colors() && start_color() == OK && COLORS >= 8;
	if (colours)
		colours = use_default_colors() == OK;
	for (int i = 0; i < ROLE_N; i++) {
		if (colours)
			set_role(i, &styles[i]);
		else
			attrs[i] = styles[i].mono;
	}
}

void crt_set(enum role role)
{
	attrset((int)attrs[role]);
}

enum role crt_tone(enum tone tone)
{
	static const enum role roles[] = {
		[TONE_PLAIN] = ROLE_TEXT, [TONE_DIM] = ROLE_DIM,
		[TONE_GOOD] = ROLE_GOOD,  [TONE_WARN] = ROLE_WARN,
		[TONE_BAD] = ROLE_BAD,
	};

	return roles[tone];
}
