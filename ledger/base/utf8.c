#include "ledger/base/utf8.h"

#include <string.h>

static int is_tail(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

size_t utf8_len(const uint8_t *p, size_t n)
{
	uint8_t c = p[0];

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	if (n < 2 || !is_tail(p[1]))
		return 0;
	if (c < 0xe0)
		return 2;
	if (n < 3 || !is_tail(p[2]))
		return 0;
	if (c < 0xf0) {
		if (c == 0xe0 && p[1] < 0xa0)
			return 0; /* overlong */
		if (c == 0xed && p[1] > 0x9f)
			return 0; /* surrogate */
		return 3;
	}
	if (n < 4 || !is_tail(p[3]))
		return 0;
	if (c == 0xf0 && p[1] < 0x90)
		return 0; /* overlong */
	if (c == 0xf4 && p[1] > 0x8f)
		return 0; /* beyond U+10FFFF */
	return 4;
}

size_t utf8_put(uint32_t cp, char *out)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/* Bytes that a character starting with c has; 0 for one that starts none. */
static size_t wanted_len(uint8_t c)
{
	return c >= 0xc2 && c < 0xe0   ? 2
	       : c >= 0xe0 && c < 0xf0 ? 3
	       : c >= 0xf0 && c < 0xf5 ? 4
				       : 0;
}

void utf8_clean(char *s)
{
	uint8_t *p = (uint8_t *)s;
	size_t left = strlen(s);

	while (left > 0) {
		size_t n = utf8_len(p, left);

		if (n == 0 && wanted_len(*p) > left) {
			*p = 0; /* cut off by the end */
			return;
		}
		if (n == 0) {
			*p = '?';
			n = 1;
		} else if (n == 1 && (*p < 0x20 || *p == 0x7f)) {
			*p = ' ';
		} else if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0) {
			p[0] = p[1] = ' ';
		}
		p += n;
		left -= n;
	}
}
