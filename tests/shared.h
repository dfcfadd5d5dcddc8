/* Real outcomes, which are not part of the project: $ACO_SHARED_DATA names
 * their folder, else ../shared/data. A test that wants some is skipped, and
 * says so, where they are not. */
#ifndef ACO_SHARED_H
#define ACO_SHARED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"

/* NAME.jsonl.gz there, whether it is there or not; to be freed. */
static inline char *shared_path(const char *name)
{
	const char *dir = getenv("ACO_SHARED_DATA");

	return xasprintf("%s/%s.jsonl.gz", dir ? dir : "../shared/data", name);
}

/* The same; skips the running test where it is not. */
static inline char *shared_need(const char *name)
{
	char *path = shared_path(name);

	if (access(path, R_OK) == 0)
		return path;
	print_message("skipped: %s is not there (ACO_SHARED_DATA names its "
		      "folder)\n",
		      path);
	free(path);
	skip();
	return NULL;
}

#endif
