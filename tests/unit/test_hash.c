/* SHA-256 by its published vectors, and names that must not meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/buf.h"
#include "ledger/hash.h"

static void hex(const uint8_t md[32], char out[65])
{
	for (int i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", md[i]);
}

/* FIPS 180-2, appendix B, and the empty message. */
static void vectors(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"",
		 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
		 "b855"},
		{"abc",
		 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f200"
		 "15ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db"
		 "06c1"},
	};
	uint8_t md[32];
	char text[65];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		hash_sha256(cases[i].in, strlen(cases[i].in), md);
		hex(md, text);
		assert_string_equal(text, cases[i].want);
	}
	hash_sha256(NULL, 0, md);
	hex(md, text);
	assert_string_equal(text, cases[0].want);
}

/* An id is the hash of 8-byte lengths and bytes. This one was computed with
 * printf '\0\0\0\0\0\0\0\2ab\0\0\0\0\0\0\0\1c' | sha256sum: ids are stored, so
 * that they must never change. */
static void pinned(void **state)
{
	char text[UUID_TEXT];

	(void)state;
	uuid_format(HASH_ID(STR("ab"), STR("c")), text);
	assert_string_equal(text, "601d5476-e2cc-fe2c-87a2-bba7a3226597");
}

static void distinct(void **state)
{
	const struct uuid ids[] = {
		HASH_ID(STR("ab"), STR("c")),
		HASH_ID(STR("a"), STR("bc")),
		HASH_ID(STR("abc")),
		HASH_ID(STR("abc"), STR("")),
		HASH_ID(STR("abc"), STR_NONE),
		HASH_ID(STR(""), STR("abc")),
		HASH_ID(STR_NONE, STR("abc")),
		HASH_ID(STR("")),
		HASH_ID(STR_NONE),
	};
	const size_t n = sizeof(ids) / sizeof(ids[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++)
			assert_false(uuid_eq(ids[i], ids[k]));
	}
	assert_true(uuid_eq(HASH_ID(STR("x"), STR("y")),
			    HASH_ID(STR("x"), STR("y"))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(pinned),
		cmocka_unit_test(distinct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
