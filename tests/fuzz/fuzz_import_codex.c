/* Rollouts of Codex. */
#include "tests/fuzz/import_fuzz.h"

extern const struct import_kind import_codex;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return import_fuzz(&import_codex, "/x/sessions/rollout-s.jsonl", data,
			   size);
}
