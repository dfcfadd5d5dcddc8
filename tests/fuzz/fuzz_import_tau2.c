/* Results of tau2-bench and tau-bench, the latter with telling names. */
#include "tests/fuzz/import_fuzz.h"

extern const struct import_kind import_tau2;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"/x/results.json",
		"/x/act-gpt-4o-0.0_range_0-1_user-gpt-4o-llm.json"};

	return import_fuzz(&import_tau2, names[size & 1], data, size);
}
