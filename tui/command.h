/* What may be typed after ':'. One table says which commands there are; the
 * help screen and completion are made from it. */
#ifndef ACO_TUI_COMMAND_H
#define ACO_TUI_COMMAND_H

#include "tui/out.h"
#include "tui/top.h"

struct top_command {
	const char *name;
	const char *args; /* for the help screen; NULL: none */
	const char *help;
	unsigned (*run)(struct top *t, const char *arg); /* reactions */
};
extern const struct top_command commands[]; /* ends with name == NULL */

/* Run a line; the name of a view is a command too, and a command may be cut
 * where no other begins so. Mistakes become a message. */
unsigned command_run(struct top *t, const char *line);
/* Complete what is typed in line (size bytes); false: nothing, or no longer
 * one way only. */
bool command_complete(const struct top *t, char *line, size_t size);

/* Write what is shown to a file and say so; path NULL: a name of its own. */
unsigned command_save(struct top *t, enum out_format format, const char *path);

#endif
