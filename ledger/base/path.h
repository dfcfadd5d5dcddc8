/* Paths of files and folders. */
#ifndef ACO_PATH_H
#define ACO_PATH_H

#include <sys/types.h>

#include "ledger/base/err.h"

/* From the root on; to be freed. */
char *path_absolute(const char *path);

/* mkdir -p. Only what is missing gets `mode`, its parents 0755. RC_DOWN, with
 * a hint when the disk is full. */
enum rc path_make(const char *path, mode_t mode, struct err *e) MUST_CHECK;

/* "WHAT PATH: strerror(errno)", RC_DOWN, with a hint when the disk is full. */
enum rc path_errno(struct err *e, const char *what, const char *path);

/* rm -r: a file or a folder with all that is in it; links are not followed.
 * What is not there is removed already. */
enum rc path_remove(const char *path, struct err *e) MUST_CHECK;

/* Put a file with these bytes in the place of `path`, safely on disk: whoever
 * opens it sees the old one or the new one, whole. The folder is there. A link
 * stays one, to the new bytes; what is there and no file (a device, a pipe)
 * stays, too, and is written into. */
enum rc path_replace(const char *path, const void *p, size_t n, mode_t mode,
		     struct err *e) MUST_CHECK;

#endif
