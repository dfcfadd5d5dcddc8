/* Trajectories of mini-swe-agent. */
#include "tests/fuzz/import_fuzz.h"

extern const struct import_kind import_mini_swe;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return import_fuzz(&import_mini_swe, "/x/a__b-1.traj.json", data, size);
}
