/* A file of lines, plain or gzip, read once from front to back: for what needs
 * neither cursors nor a hash (importers have a reader of their own). */
#ifndef ACO_GZ_LINES_H
#define ACO_GZ_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"

#define GZ_LINE_MAX ((size_t)64 << 20) /* bytes in one line */

struct gz_lines;
/* "-" is standard input. RC_BAD: cannot be opened. */
enum rc gz_lines_open(struct gz_lines **out, const char *path,
		      struct err *e) MUST_CHECK;
void gz_lines_close(struct gz_lines *g); /* NULL is fine */
/* The next line without its newline and the white space around it, until the
 * next call; *more is false at the end. RC_BAD: damaged, or a line beyond
 * GZ_LINE_MAX. */
enum rc gz_lines_next(struct gz_lines *g, struct str *line, bool *more,
		      struct err *e) MUST_CHECK;
int64_t gz_lines_number(const struct gz_lines *g); /* of the line, from 1 */

#endif
