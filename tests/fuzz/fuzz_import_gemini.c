/* Chats of Gemini CLI, by lines and as the older document. */
#include "tests/fuzz/import_fuzz.h"

extern const struct import_kind import_gemini;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"/x/chats/session-s.jsonl",
					    "/x/chats/session-s.json"};

	return import_fuzz(&import_gemini, names[size & 1], data, size);
}
