/* Packed forests and XGBoost models of any bytes: opened and walked within
 * bounds, or refused. The first byte says which of the two the rest is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "router/forest.h"
#include "tests/fuzz/fuzz.h"

static void walk(const void *p, size_t n)
{
	float x[FOREST_FEATURES_MAX], out[FOREST_FEATURES_MAX + 1];
	struct forest f;
	struct err e;
	size_t used;

	for (int i = 0; i < FOREST_FEATURES_MAX; i++)
		x[i] = i % 3 ? (float)i : NAN;
	if (forest_open(&f, p, n, &used, &e))
		return;
	if (used > n)
		abort();
	forest_predict_many(&f, 1, x, out);
	forest_explain(&f, x, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out;
	struct err e;
	char *copy;

	if (!size)
		return 0;
	copy = fuzz_copy(data + 1, size - 1);
	if (*data % 2) {
		walk(copy, size - 1);
	} else {
		buf_init(&out, 8 << 20);
		if (!forest_pack(&out, (struct str){copy, size - 1}, 70, &e))
			walk(out.p, out.len);
		buf_release(&out);
	}
	free(copy);
	return 0;
}
