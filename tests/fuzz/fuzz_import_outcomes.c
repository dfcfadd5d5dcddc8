/* Outcomes. */
#include "tests/fuzz/import_fuzz.h"

extern const struct import_kind import_outcomes;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return import_fuzz(&import_outcomes, "/x/outcomes.jsonl", data, size);
}
