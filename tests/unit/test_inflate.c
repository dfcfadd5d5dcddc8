/* gzip, in pieces of any size, into room of any size. */
#include "ingest/inflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

enum {
	SIZE = 100000
};

static size_t gzip(const void *p, size_t n, char *out, size_t room)
{
	z_stream z = {0};
	size_t len;

	assert_int_equal(
		deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
		Z_OK);
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	len = room - z.avail_out;
	deflateEnd(&z);
	return len;
}

/* Inflates all of it; what comes out goes to `out`. */
static enum inflate_rc undo(const char *p, size_t n, size_t step, size_t room,
			    char *out, size_t *out_len, bool *done)
{
	struct inflate *i = inflate_new();
	enum inflate_rc rc = INFLATE_IN;
	size_t at = 0;

	*out_len = 0;
	while (rc != INFLATE_BAD && (at < n || rc == INFLATE_OUT)) {
		size_t in = n - at < step ? n - at : step, len = room;

		assert_true(*out_len + room <= SIZE + 1000);
		rc = inflate_step(i, p + at, &in, out + *out_len, &len);
		at += in;
		*out_len += len;
	}
	*done = inflate_done(i);
	inflate_free(i);
	return rc;
}

static char *text(void)
{
	char *p = test_malloc(SIZE);
	unsigned seed = 1;

	for (size_t k = 0; k < SIZE; k++) {
		seed = seed * 1103515245 + 12345;
		p[k] = (char)('a' + (k % 7 ? k % 5 : seed >> 28));
	}
	return p;
}

static void test_pieces(void **state)
{
	static const size_t steps[] = {1, 3, 1000, SIZE};
	char *p = text(), *z = test_malloc(SIZE),
	     *out = test_malloc(SIZE + 1000);
	size_t n, len;
	bool done;

	(void)state;
	/* Two members and an empty one between them are one body. */
	n = gzip(p, 60000, z, SIZE);
	n += gzip("", 0, z + n, SIZE - n);
	n += gzip(p + 60000, SIZE - 60000, z + n, SIZE - n);
	for (size_t k = 0; k < 16; k++) {
		enum inflate_rc rc =
			undo(z, n, steps[k / 4],
			     steps[k % 4] < 1000 ? steps[k % 4] : 1000, out,
			     &len, &done);

		assert_int_equal(rc, INFLATE_IN);
		assert_true(done);
		assert_int_equal(len, SIZE);
		assert_memory_equal(out, p, SIZE);
	}
	/* Cut anywhere, it is not done, but for where a member ends. */
	assert_int_equal(undo(z, n - 1, 100, 1000, out, &len, &done),
			 INFLATE_IN);
	assert_false(done);
	test_free(p);
	test_free(z);
	test_free(out);
}

static void test_refused(void **state)
{
	char z[200], out[SIZE + 1000];
	size_t n = gzip("hello", 5, z, sizeof(z)), len;
	bool done;

	(void)state;
	assert_int_equal(undo("", 0, 1, 1000, out, &len, &done), INFLATE_IN);
	assert_false(done);
	assert_int_equal(undo("hello", 5, 1, 1000, out, &len, &done),
			 INFLATE_BAD);
	assert_false(done);
	/* zlib's own format is not gzip. */
	assert_int_equal(
		undo("\x78\x9c\x03\0\0\0\0\1", 8, 8, 1000, out, &len, &done),
		INFLATE_BAD);
	for (size_t step = 1; step < 8; step += 6) {
		memcpy(z + n, "x", 1);
		assert_int_equal(undo(z, n + 1, step, 1000, out, &len, &done) ==
						 INFLATE_IN &&
					 done,
				 false);
		memset(z + n, 0, 30);
		assert_int_equal(undo(z, n + 30, step, 1000, out, &len, &done),
				 INFLATE_BAD);
	}
	z[n - 6] ^= 1; /* the checksum */
	assert_int_equal(undo(z, n, 100, 1000, out, &len, &done), INFLATE_BAD);
	assert_false(done);
	z[n - 6] ^= 1;
	z[n - 1] ^= 1; /* the length */
	assert_int_equal(undo(z, n, 1, 1000, out, &len, &done), INFLATE_BAD);
}

/* The room bounds what comes out, whatever the ratio. */
static void test_bomb(void **state)
{
	char *p = test_calloc(1, 8 << 20), *z = test_malloc(SIZE), out[1000];
	size_t n = gzip(p, 8 << 20, z, SIZE), in = n, len = sizeof(out);
	struct inflate *i = inflate_new();

	(void)state;
	assert_int_equal(inflate_step(i, z, &in, out, &len), INFLATE_OUT);
	assert_int_equal(len, sizeof(out));
	assert_true(in < n);
	inflate_free(i);
	inflate_free(NULL);
	test_free(p);
	test_free(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
