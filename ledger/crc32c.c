#include "ledger/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define POLY 0x82f63b78U /* reflected */

static uint32_t table[8][256];
static bool hardware;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void setup(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ POLY : c >> 1;
		table[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++) {
		for (int k = 1; k < 8; k++) {
			uint32_t c = table[k - 1][i];

			table[k][i] = c >> 8 ^ table[0][c & 255];
		}
	}
#ifdef __x86_64__
	hardware = __builtin_cpu_supports("sse4.2");
#endif
}

/* Eight bytes a turn, each through the table of its distance. */
uint32_t crc32c_table(uint32_t crc, const void *p, size_t n)
{
	const uint8_t *b = p;

	pthread_once(&once, setup);
	crc = ~crc;
	for (; n >= 8; n -= 8, b += 8) {
		crc ^= (uint32_t)b[0] | (uint32_t)b[1] << 8 |
		       (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
		crc = table[7][crc & 255] ^ table[6][crc >> 8 & 255] ^
		      table[5][crc >> 16 & 255] ^ table[4][crc >> 24] ^
		      table[3][b[4]] ^ table[2][b[5]] ^ table[1][b[6]] ^
		      table[0][b[7]];
	}
	for (; n > 0; n--, b++)
		crc = crc >> 8 ^ table[0][(crc ^ *b) & 255];
	return ~crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const uint8_t *b, size_t n)
{
	uint64_t c = ~crc;

	for (; n >= 8; n -= 8, b += 8) {
		uint64_t v;

		memcpy(&v, b, sizeof(v));
		c = __builtin_ia32_crc32di(c, v);
	}
	for (; n > 0; n--, b++)
		c = __builtin_ia32_crc32qi((uint32_t)c, *b);
	return ~(uint32_t)c;
}
#endif

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
	pthread_once(&once, setup);
#ifdef __x86_64__
	if (hardware)
		return by_instruction(crc, p, n);
#endif
	return crc32c_table(crc, p, n);
}
