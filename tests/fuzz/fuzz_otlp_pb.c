#include "tests/fuzz/otlp_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return otlp_fuzz(OTLP_PROTOBUF, data, size);
}
