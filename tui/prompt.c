#include "tui/prompt.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <ncurses.h>

#include "tui/command.h"

#define CTRL(c) ((c)&0x1f)
#define ESC     27

void prompt_open(struct top *t, enum top_mode mode, const char *text)
{
	const struct page *p = top_page_const(t);

	t->mode = mode;
	snprintf(t->prompt, sizeof(t->prompt), "%s",
		 mode == MODE_FILTER ? p->filter_text : text);
	snprintf(t->prompt_before, sizeof(t->prompt_before), "%s",
		 p->filter_text);
	t->prompt_error[0] = '\0';
}

/* Apply what stands in the line; what is half typed may not make sense yet
 * and then leaves the rows as they are. */
static void apply(struct top *t)
{
	struct err e = {"", ""};

	t->prompt_error[0] = '\0';
	if (t->mode == MODE_COMMAND)
		return;
	if (page_filter(top_page(t), t->prompt, &e) != RC_OK)
		snprintf(t->prompt_error, sizeof(t->prompt_error), "%.120s",
			 e.msg);
}

void prompt_close(struct top *t, bool keep)
{
	if (t->mode == MODE_COMMAND) {
		t->mode = MODE_PAGE;
		return;
	}
	if (!keep)
		snprintf(t->prompt, sizeof(t->prompt), "%s", t->prompt_before);
	apply(t);
	t->mode = MODE_PAGE;
	if (t->prompt_error[0])
		top_message(t, "filter: %s", t->prompt_error);
}

static void insert(struct top *t, wint_t key)
{
	char bytes[MB_LEN_MAX];
	mbstate_t state = {0};
	size_t len = strlen(t->prompt);
	size_t n = wcrtomb(bytes, (wchar_t)key, &state);

	if (key < ' ' || n == (size_t)-1 || len + n >= sizeof(t->prompt))
		return;
	memcpy(t->prompt + len, bytes, n);
	t->prompt[len + n] = '\0';
}

/* Remove the last character: a byte and the continuation bytes after it. */
static void erase_char(struct top *t)
{
	size_t len = strlen(t->prompt);

	while (len > 0 && ((unsigned char)t->prompt[--len] & 0xc0) == 0x80)
		;
	t->prompt[len] = '\0';
}

static void erase_word(struct top *t)
{
	size_t len = strlen(t->prompt);

	while (len > 0 && t->prompt[len - 1] == ' ')
		len--;
	while (len > 0 && t->prompt[len - 1] != ' ')
		len--;
	t->prompt[len] = '\0';
}

static unsigned run(struct top *t)
{
	char line[PAGE_FILTER];

	snprintf(line, sizeof(line), "%s", t->prompt);
	t->mode = MODE_PAGE;
	return command_run(t, line);
}

unsigned prompt_key(struct top *t, wint_t key, bool code)
{
	bool enter = key == '\r' || key == '\n' || (code && key == KEY_ENTER);

	if (enter && t->mode == MODE_COMMAND)
		return run(t);
	if (enter) {
		prompt_close(t, true);
		return REACT_ARRANGE;
	}
	if (!code && key == ESC) {
		prompt_close(t, false);
		return REACT_ARRANGE;
	}
	if (!code && key == '\t') {
		if (t->mode == MODE_COMMAND)
			command_complete(t, t->prompt, sizeof(t->prompt));
		return REACT_DRAW;
	}
	if (key == 127 || key == CTRL('h') || (code && key == KEY_BACKSPACE)) {
		/* Erasing nothing leaves the line, as in less and vi. */
		if (t->prompt[0] == '\0')
			prompt_close(t, t->mode == MODE_FILTER);
		else
			erase_char(t);
	} else if (!code && key == CTRL('u')) {
		t->prompt[0] = '\0';
	} else if (!code && key == CTRL('w')) {
		erase_word(t);
	} else if (!code) {
		insert(t, key);
	} else {
		return REACT_NONE;
	}
	if (t->mode == MODE_FILTER)
		apply(t);
	return REACT_ARRANGE;
}
