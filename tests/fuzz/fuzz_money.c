/* Amounts: the reader against schoolbook arithmetic on strings of digits,
 * rounding against its definition, and that what is printed is read again. */
#include <stdlib.h>

#include "ledger/money.h"
#include "tests/fuzz/fuzz.h"

/* ---- the reference ---- */

#define DIGITS 700

/* A JSON number without sign as digits (no zero in front) and an exponent,
 * by one regular pass. The text has at most 300 bytes. */
static bool ref_read(struct str s, char *digits, int *n, int64_t *exp)
{
	size_t i = 0, start;
	int64_t e = 0;
	bool minus = false;

	*n = 0;
	*exp = 0;
	for (start = i; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		digits[(*n)++] = s.p[i];
	if (i == start || (i - start > 1 && s.p[start] == '0'))
		return false;
	if (i < s.len && s.p[i] == '.') {
		for (start = ++i; i < s.len && s.p[i] >= '0' && s.p[i] <= '9';
		     i++) {
			digits[(*n)++] = s.p[i];
			--*exp;
		}
		if (i == start)
			return false;
	}
	if (i < s.len && (s.p[i] == 'e' || s.p[i] == 'E')) {
		i++;
		if (i < s.len && (s.p[i] == '+' || s.p[i] == '-'))
			minus = s.p[i++] == '-';
		for (start = i; i < s.len && s.p[i] >= '0' && s.p[i] <= '9';
		     i++) {
			if (e < 100000)
				e = e * 10 + s.p[i] - '0';
		}
		if (i == start)
			return false;
	}
	*exp += minus ? -e : e;
	return i == s.len;
}

/* digits * 10^shift, rounded half-even, if it fits; *exact: nothing is lost. */
static bool ref_scale(char *digits, int n, int64_t shift, int64_t *out,
		      bool *exact)
{
	int cut = 0;
	int64_t v = 0;
	bool up = false, zero = true;

	for (int i = 0; i < n; i++)
		zero = zero && digits[i] == '0';
	*exact = true;
	*out = 0;
	if (zero)
		return true;
	if (shift < 0) {
		cut = shift < -n ? n + 1 : (int)-shift;
		for (int i = cut > n ? 0 : n - cut; i < n; i++)
			*exact = *exact && digits[i] == '0';
		if (cut <= n) {
			char first = digits[n - cut];
			bool rest = false, odd = false;

			for (int i = n - cut + 1; i < n; i++)
				rest = rest || digits[i] != '0';
			if (cut < n)
				odd = (digits[n - cut - 1] - '0') % 2 == 1;
			up = first > '5' || (first == '5' && (rest || odd));
		}
		n = cut > n ? 0 : n - cut;
		shift = 0;
	}
	for (int i = 0; i < n; i++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, digits[i] - '0', &v))
			return false;
	}
	for (; shift > 0 && v; shift--) {
		if (__builtin_mul_overflow(v, 10, &v))
			return false;
	}
	return !__builtin_add_overflow(v, up, out);
}

static void check_read(struct str s)
{
	char digits[DIGITS];
	int64_t exp, got = -7, want = 0;
	bool exact = false, ok;
	int n;

	if (s.len > 300)
		return;
	ok = ref_read(s, digits, &n, &exp) &&
	     ref_scale(digits, n, exp + 12, &want, &exact);
	check(money_parse_pusd(s, &got) == ok, "pusd: taken or not");
	check(!ok || got == want, "pusd: another value");
	if (!s.len)
		return;
	ok = ref_read(s, digits, &n, &exp) &&
	     ref_scale(digits, n, exp + 9, &want, &exact) && exact;
	check(money_parse_fusd(s, &got) == ok, "fusd: taken or not");
	check(!ok || got == want, "fusd: another value");
}

/* ---- rounding and printing ---- */

static void check_round(__int128 n, int64_t den)
{
	int64_t q = 0;
	__int128 r;
	bool ok;

	if (den <= 0 || n > (__int128)1 << 120 || n < -((__int128)1 << 120))
		return;
	ok = money_round(n, den, &q);
	if (!ok) {
		__int128 near = n < 0 ? -n : n;

		check(near / den >= INT64_MAX, "refused what fits");
		return;
	}
	check(q != MONEY_NONE, "rounded to none");
	r = n - (__int128)q * den;
	check(2 * r <= den && -2 * r <= den, "not the nearest");
	if (2 * r == den || -2 * r == den)
		check(q % 2 == 0, "a tie went to the odd one");
}

static void check_print(int64_t v)
{
	char buf[MONEY_TEXT];
	int64_t back;

	money_format_short(v, buf);
	check(strlen(buf) <= 12, "too long for a screen");
	if (v == MONEY_NONE)
		return;
	check(v == 0 || strcmp(buf, "$0.00") != 0, "zero for what is not");
	if (v < 0)
		return;
	check(money_parse_pusd(str_from(money_format(v, buf)), &back) &&
		      back == v,
	      "printed and read");
	check(money_parse_fusd(str_from(money_format_fusd_mtok(v, buf)),
			       &back) &&
		      back == v,
	      "price printed and read");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = fuzz_copy(data, size);
	char buf[MONEY_TEXT];
	__int128 n = 0;
	int64_t v = 0;

	check_read((struct str){copy, size});
	free(copy);
	if (size >= 8) {
		memcpy(&v, data, 8);
		check_print(v);
	}
	if (size >= 24) {
		memcpy(&n, data + 8, 16);
		money_format_sum_short(n, buf);
		check(strlen(money_format_sum(n, buf)) < MONEY_TEXT, "long");
		check_round(n, v);
		check_round(n, 1000);
		check_round(n >> 64, v);
		check_round(n >> 64, 2000);
	}
	return 0;
}
