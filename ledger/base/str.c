#include "ledger/base/str.h"

#include "ledger/base/utf8.h"

bool str_ends(struct str a, const char *suffix)
{
	size_t n = strlen(suffix);

	return a.p && a.len >= n && !memcmp(a.p + a.len - n, suffix, n);
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c;

	if (!a.p || !b.p)
		return (a.p != NULL) - (b.p != NULL);
	c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : (a.len > b.len) - (a.len < b.len);
}

bool str_contains(struct str a, const char *needle)
{
	return a.p && memmem(a.p, a.len, needle, strlen(needle));
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && is_space(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* Whether all 8 bytes are ASCII and none is NUL. */
static bool ascii8(const uint8_t *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return !((w | ((w - ones) & ~w)) & high);
}

bool str_utf8_ok(struct str s)
{
	const uint8_t *p = (const uint8_t *)s.p;
	size_t left = s.len;

	while (left > 0) {
		size_t n;

		if (left >= 8 && ascii8(p)) {
			p += 8;
			left -= 8;
			continue;
		}
		n = utf8_len(p, left);
		if (n == 0 || *p == 0)
			return false;
		p += n;
		left -= n;
	}
	return true;
}

bool str_i64(struct str s, int64_t *out)
{
	bool minus = s.len > 0 && s.p[0] == '-';
	int64_t v = 0;

	if (s.len == (minus ? 1 : 0))
		return false;
	/* Count downwards: the negative range is the larger one. */
	for (size_t i = minus ? 1 : 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, s.p[i] - '0', &v))
			return false;
	}
	if (!minus && __builtin_sub_overflow(0, v, &v))
		return false;
	*out = v;
	return true;
}
