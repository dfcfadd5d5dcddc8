/* Captured bodies, as JSON and as protobuf, through the meaning. */
#include "tests/fuzz/import_fuzz.h"

extern const struct import_kind import_otlp;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return import_fuzz(&import_otlp, "/x/otlp", data, size);
}
