/* Spend logs of LiteLLM, as a document and by lines. */
#include "tests/fuzz/import_fuzz.h"

extern const struct import_kind import_litellm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"/x/logs.json", "/x/logs.jsonl"};

	return import_fuzz(&import_litellm, names[size & 1], data, size);
}
