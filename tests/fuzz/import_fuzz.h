/* Any bytes as a file of a kind of import: it must end, say what it skipped,
 * and hand over only what the batch takes or buries. */
#ifndef ACO_IMPORT_FUZZ_H
#define ACO_IMPORT_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "ingest/import_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline int import_fuzz(const struct import_kind *k, const char *name,
			      const uint8_t *data, size_t size)
{
	const struct import_opts opts = {.quiet = true};
	struct import_run *r = import_run_new(&opts, NULL, NULL);
	const struct str text = {(const char *)data, size};
	struct err e;

	if (import_run_text(r, k, name, text, &e) || import_run_finish(r, &e))
		abort();
	import_run_free(r);
	return 0;
}

#endif
