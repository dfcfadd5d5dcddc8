/* Which screen `aco top` starts on: the command line names a view, a class, a
 * task, an attempt or a price row, and the screens that lead there are opened
 * below it, so that Escape goes out the way a person would have come in. */
#ifndef ACO_TUI_OPEN_H
#define ACO_TUI_OPEN_H

#include "ledger/base/conf.h"
#include "tui/top.h"

struct open_args {
	const char *view; /* NULL: what the others ask for, else fleet */
	const char *class_name;
	const char *task;     /* uuid, or the name its sender gave it */
	const char *attempt;  /* uuid, of a task */
	const char *price;    /* id */
	const char *decision; /* uuid */
	const char *bundle;   /* id, for the router */
	const char *words;    /* to be searched */
	const char *agent, *team;
};

/* Which view these arguments mean; NULL with *e set when they make no sense
 * together. Asks nobody. */
const struct view *open_view(const struct open_args *a, struct err *e);

/* Open the pages. Names are looked up on a connection of its own, blocking;
 * without names nothing is asked. RC_BAD: there is no such thing. */
enum rc open_pages(struct top *t, const struct conf *conf,
		   const struct open_args *a, struct err *e) MUST_CHECK;

#endif
