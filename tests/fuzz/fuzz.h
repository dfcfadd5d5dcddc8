/* What fuzzers share. */
#ifndef ACO_FUZZ_H
#define ACO_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void check(bool ok, const char *what)
{
	if (!ok)
		BUG(what);
}

/* Bytes in an aligned block of exactly their size, so that the address
 * sanitizer sees who reads on; to be freed. */
static inline char *fuzz_copy(const void *p, size_t n)
{
	char *copy = malloc(n ? n : 1);

	if (!copy)
		abort();
	if (n)
		memcpy(copy, p, n);
	return copy;
}

#endif
