/* Memory that comes and goes, and arenas on memory that is lent. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/arena.h"
#include "ledger/base/pool.h"

enum {
	SIZE = 64,
	MOST = 3,
	PIECES = 8
};

/* Pieces in use are apart, also when they were used before. */
static void test_pieces_are_apart(void **state)
{
	char *piece[PIECES], want[SIZE];
	struct pool p;

	(void)state;
	pool_init(&p, SIZE, MOST);
	pool_put(&p, NULL);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < PIECES; i++) {
			piece[i] = pool_get(&p);
			memset(piece[i], 'a' + i, SIZE);
		}
		for (int i = 0; i < PIECES; i++) {
			memset(want, 'a' + i, SIZE);
			assert_memory_equal(piece[i], want, SIZE);
			pool_put(&p, piece[i]);
		}
		assert_in_range(p.n, 0, MOST);
	}
	pool_release(&p);
	assert_int_equal(p.n, 0);
}

/* What does not fit into what was lent comes from elsewhere; what was lent is
 * used again after a clear, and never freed. */
static void test_arena_on_lent_memory(void **state)
{
	alignas(16) static unsigned char lent[256];
	struct arena a;
	char *p, *q;

	(void)state;
	for (int round = 0; round < 2; round++) {
		memset(lent, 0xff, sizeof(lent));
		arena_init(&a, 100000);
		arena_lend(&a, lent, sizeof(lent));
		p = arena_alloc(&a, 100);
		assert_true(p > (char *)lent &&
			    p + 100 <= (char *)lent + sizeof(lent));
		assert_int_equal((uintptr_t)p % 16, 0);
		for (int i = 0; i < 100; i++)
			assert_int_equal(p[i], 0);
		if (round) {
			arena_clear(&a);
			assert_ptr_equal(arena_alloc(&a, 100), p);
		}
		q = arena_alloc(&a, 5000);
		assert_true(q && (q < (char *)lent ||
				  q >= (char *)lent + sizeof(lent)));
		memset(q, 1, 5000);
		arena_clear(&a);
		assert_non_null(arena_alloc(&a, 10));
		assert_true(arena_ok(&a));
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_are_apart),
		cmocka_unit_test(test_arena_on_lent_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
