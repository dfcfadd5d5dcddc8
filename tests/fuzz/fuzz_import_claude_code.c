/* Transcripts of Claude Code. */
#include "tests/fuzz/import_fuzz.h"

extern const struct import_kind import_claude_code;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return import_fuzz(&import_claude_code, "/x/projects/y/s.jsonl", data,
			   size);
}
