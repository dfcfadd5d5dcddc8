/* Outputs of OpenHands. */
#include "tests/fuzz/import_fuzz.h"

extern const struct import_kind import_openhands;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return import_fuzz(&import_openhands, "/x/output.jsonl", data, size);
}
