/* What a price costs: one cost_compute() of a name seen before, one of a name
 * never seen, and making the shipped book. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/cost.h"
#include "ledger/price.h"

static bool json;

static void result(const char *name, double value, const char *unit)
{
	if (json)
		printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"%s\"}\n",
		       name, value, unit);
	else
		printf("%-20s %10.1f %s\n", name, value, unit);
}

static double per(int64_t start_us, int n)
{
	return (double)(clock_mono_us() - start_us) * 1000.0 / n;
}

static int64_t price(const struct price_book *b, struct str provider,
		     struct str model, int i)
{
	struct cost_context c = {provider, model,
				 INT64_C(1795000000) * US_PER_SEC + i,
				 STR("standard"), false};
	struct usage u;
	struct cost k;

	usage_init(&u);
	u.n[USAGE_UNCACHED_IN] = i & 1023;
	u.n[USAGE_CACHE_READ] = i & 65535;
	u.n[USAGE_CACHE_WRITE_5M] = i & 4095;
	u.n[USAGE_CACHE_WRITE_1H] = i & 2047;
	u.n[USAGE_OUTPUT] = i & 511;
	cost_compute(b, &c, &u, &k);
	return k.cost_pusd;
}

int main(int argc, char **argv)
{
	static const char *const models[] = {
		"claude-sonnet-4-5-20250929", "claude-opus-5",
		"claude-haiku-4-5-20251001", "claude-3-5-haiku-20241022"};
	const int n = 2000000, cold = 20000, books = 100;
	struct price_book *b = NULL;
	int64_t start, sum = 0;
	struct err e;
	char name[64];

	json = argc > 1 && !strcmp(argv[1], "--json");
	start = clock_mono_us();
	for (int i = 0; i < books; i++) {
		price_book_free(b);
		if (price_book_builtin(&b, &e) != RC_OK)
			return 1;
	}
	result("cost_book", per(start, books) / 1000, "us");
	start = clock_mono_us();
	for (int i = 0; i < n; i++)
		sum ^= price(b, STR("anthropic"), str_from(models[i & 3]), i);
	result("cost_known_name", per(start, n), "ns");
	start = clock_mono_us();
	for (int i = 0; i < cold; i++) {
		int len = snprintf(name, sizeof(name),
				   "claude-3-5-haiku-preview-%06d", i);

		sum ^= price(b, STR("anthropic"),
			     (struct str){name, (size_t)len}, i);
	}
	result("cost_new_name", per(start, cold), "ns");
	price_book_free(b);
	return sum == 1;
}
