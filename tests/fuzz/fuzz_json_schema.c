/* A schema and a text, divided by the first NUL: any pair comes to an end, and
 * what fits is JSON. */
#include <stdint.h>
#include <stdlib.h>

#include "ingest/json_schema.h"
#include "ledger/base/alloc.h"
#include "ledger/base/jpull.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	const char *nul = size ? memchr(p, 0, size) : NULL;
	struct str schema, text;
	struct err e;

	if (!nul)
		return 0;
	schema = (struct str){p, (size_t)(nul - p)};
	text = (struct str){nul + 1, size - schema.len - 1};
	if (json_schema_fit(schema, text) == JSON_FITS &&
	    jpull_check(text, JPULL_MAX_DEPTH, &e) != RC_OK)
		BUG("something fits that is no JSON");
	return 0;
}
