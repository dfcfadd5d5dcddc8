/* What the features of a prompt cost: a short question, an issue's text, and
 * 100 KB of code and prose. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "router/feature.h"

static const char prose[] =
	"The `separability_matrix` does not compute separability correctly "
	"for nested models\nConsider the following:\n```python\nfrom a.b "
	"import models as m\n    cm = m.Linear1D(10) & m.Linear1D(5)\n```\n"
	"Why does this fail? See https://example.org/x/y and src/a/b.py:12.\n";

static void measure(const char *name, size_t bytes, int n, bool json)
{
	char *text = malloc(bytes);
	float v[FEATURE_MAX], sum = 0;
	int64_t start;
	double us;

	if (!text)
		abort();
	for (size_t i = 0; i < bytes; i++)
		text[i] = prose[i % (sizeof(prose) - 1)];
	start = clock_mono_us();
	for (int i = 0; i < n; i++) {
		feature_text((struct str){text, bytes}, v);
		sum += v[0];
	}
	us = (double)(clock_mono_us() - start) / n;
	if (json)
		printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"us\"}\n",
		       name, us);
	else
		printf("%-20s %10.1f us\n", name, us);
	free(text);
	if (sum < 0)
		abort();
}

int main(int argc, char **argv)
{
	bool json = argc > 1 && !strcmp(argv[1], "--json");

	measure("feature_1k", 1000, 20000, json);
	measure("feature_4k", 4096, 10000, json);
	measure("feature_10k", 10000, 5000, json);
	measure("feature_100k", 100000, 500, json);
	return 0;
}
