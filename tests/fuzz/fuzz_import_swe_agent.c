/* Trajectories of SWE-agent. */
#include "tests/fuzz/import_fuzz.h"

extern const struct import_kind import_swe_agent;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return import_fuzz(&import_swe_agent, "/x/a__b-1.traj", data, size);
}
