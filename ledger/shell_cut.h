/* A command line, cut into simple commands at ; & | and newlines, quotes and
 * here-documents respected. No expansion of any kind, no errors: whatever the
 * bytes are, it ends. */
#ifndef ACO_SHELL_CUT_H
#define ACO_SHELL_CUT_H

#include "ledger/base/str.h"

#define SHELL_WORDS 12 /* of a command; more are passed over */

/* One simple command. Words are borrowed from the text, without the quotes
 * around the whole of a word. Redirections are no words; the number of a file
 * before one is, except where the command begins. */
struct shell_simple {
	struct str w[SHELL_WORDS];
	int n;
	bool writes; /* > or >> to a file */
	bool piped;  /* its input is another's output */
};

/* What is left of the text: to begin with {.p = text, .end = its end}. */
struct shell_scan {
	const char *p, *end;
	struct str here; /* delimiter of a here-document that begins at the
			    next line, or absent */
};

/* The next simple command; false at the end. */
bool shell_next(struct shell_scan *s, struct shell_simple *c);

#endif
