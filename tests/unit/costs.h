/* Costs of made-up calls, for test_cost.c and test_cost_figures.c. */
#ifndef ACO_TEST_COSTS_H
#define ACO_TEST_COSTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/cost.h"
#include "ledger/price.h"

/* The shipped prices; today is 2026-11-18. */
extern struct price_book *shipped;
int costs_setup(void **state);
int costs_teardown(void **state);

struct price_book *book_of(const char *csv);
int64_t pusd(const char *usd);

/* Tokens in the order of enum usage_bucket; the rest is not reported. */
#define USAGE(...)                                                             \
	usage_of((const int64_t[]){__VA_ARGS__},                               \
		 sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

struct usage usage_of(const int64_t *v, size_t n);

/* The cost, checked against its own terms. */
struct cost cost_at(const struct price_book *b, const char *provider,
		    const char *model, const char *tier, int64_t at,
		    struct usage u);
/* Of an undated call: exact USD, or why there are none. */
void expect(const struct price_book *b, const char *provider, const char *model,
	    const char *tier, struct usage u, const char *usd);
void expect_state(const struct price_book *b, const char *provider,
		  const char *model, const char *tier, struct usage u,
		  enum cost_state state, const char *reason);

#endif
