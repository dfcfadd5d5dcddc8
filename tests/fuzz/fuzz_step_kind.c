/* A tool's name and a command line, divided by the first NUL. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t n = nul ? (size_t)(nul - data) : size;
	struct str tool = {(const char *)data, n}, command = STR_NONE;

	if (nul)
		command = (struct str){(const char *)nul + 1, size - n - 1};
	if (step_kind_of(tool, command) >= STEP_KIND_N ||
	    step_kind_of(STR("bash"), tool) >= STEP_KIND_N)
		abort();
	return 0;
}
