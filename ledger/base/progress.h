/* A progress bar on standard error, drawn only when that is a terminal:
 *   import  [#####-----]  52 %  61.2 MB/s  12,345 rows  left 00:07
 *   train  [#####-----]  52 %  left 00:07
 * NO_COLOR and a dumb terminal are respected; at most ten frames a second. */
#ifndef ACO_PROGRESS_H
#define ACO_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *label;
	int64_t total, done; /* bytes, or where no rows are told any unit */
	int64_t rows;
	int64_t start_us, drawn_us;
	bool tty;
};
void progress_start(struct progress *p, const char *label, int64_t total);
void progress_update(struct progress *p, int64_t done, int64_t rows);
/* Erase the bar so that a message can be written; the next update draws it
 * again. */
void progress_clear(struct progress *p);
void progress_end(struct progress *p); /* erases the bar, for good */

#endif
