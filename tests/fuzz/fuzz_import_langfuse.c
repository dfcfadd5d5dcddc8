/* Exports of Langfuse, as a document and by lines. */
#include "tests/fuzz/import_fuzz.h"

extern const struct import_kind import_langfuse;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"/x/export.json",
					    "/x/export.jsonl"};

	return import_fuzz(&import_langfuse, names[size & 1], data, size);
}
