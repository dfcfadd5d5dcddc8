#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/crc32c.h"

/* RFC 3720, B.4, and the check value of the catalogues. */
static void known_answers(void **state)
{
	uint8_t b[32];

	(void)state;
	assert_int_equal(crc32c(0, "", 0), 0);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	memset(b, 0, sizeof(b));
	assert_int_equal(crc32c(0, b, 32), 0x8a9136aa);
	memset(b, 0xff, sizeof(b));
	assert_int_equal(crc32c(0, b, 32), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		b[i] = i;
	assert_int_equal(crc32c(0, b, 32), 0x46dd794e);
	assert_int_equal(crc32c_table(0, b, 32), 0x46dd794e);
}

/* Every length, begun anywhere, in one piece or two, by both ways. */
static void all_ways_agree(void **state)
{
	uint8_t b[80];

	(void)state;
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(i * 167 + 13);
	for (size_t from = 0; from < 8; from++) {
		for (size_t n = 0; n <= 64; n++) {
			uint32_t c = crc32c(0, b + from, n);
			uint32_t half = crc32c(0, b + from, n / 2);

			assert_int_equal(c, crc32c_table(0, b + from, n));
			assert_int_equal(
				c, crc32c(half, b + from + n / 2, n - n / 2));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(all_ways_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
