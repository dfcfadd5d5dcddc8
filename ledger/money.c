#include "ledger/money.h"

#include <stdio.h>

/* 10^38 is the greatest power of ten that an unsigned __int128 holds. */
#define POW10_MAX 38
/* Significant digits that are kept exactly while reading; 10^37 * 10 and a
 * doubled remainder still fit. */
#define DIGITS_MAX 37
/* Exponents beyond this give 0 or overflow whatever the digits are; it only
 * keeps the sum of exponents from overflowing. */
#define EXP_MAX INT64_C(1000000000)

static unsigned __int128 pow10_u128(int n)
{
	unsigned __int128 v = 1;

	while (n-- > 0)
		v *= 10;
	return v;
}

/* ---- reading ---- */

/* value = digits * 10^exp, and a little more if `more`. */
struct decimal {
	unsigned __int128 digits;
	int64_t exp;
	int n;     /* significant digits in `digits` */
	bool more; /* digits other than 0 were dropped behind them */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void add_digit(struct decimal *d, int digit, bool fraction)
{
	if (d->n == DIGITS_MAX) {
		d->more |= digit != 0;
		if (!fraction)
			d->exp++;
		return;
	}
	d->digits = d->digits * 10 + (unsigned)digit;
	if (d->digits)
		d->n++;
	if (fraction)
		d->exp--;
}

/* Reads "e+12" at s[i]; true when it is well-formed and ends the text. */
static bool read_exp(struct str s, size_t i, int64_t *exp)
{
	bool negative = false;
	int64_t v = 0;

	i++;
	if (i < s.len && (s.p[i] == '+' || s.p[i] == '-'))
		negative = s.p[i++] == '-';
	if (i == s.len)
		return false;
	for (; i < s.len; i++) {
		if (!is_digit(s.p[i]))
			return false;
		if (v < EXP_MAX)
			v = v * 10 + (s.p[i] - '0');
	}
	*exp += negative ? -v : v;
	return true;
}

/* A JSON number without sign. */
static bool read_decimal(struct str s, struct decimal *d)
{
	size_t i = 0;

	*d = (struct decimal){0};
	if (!s.p || !s.len || !is_digit(s.p[0]))
		return false;
	if (s.p[0] == '0' && s.len > 1 && is_digit(s.p[1]))
		return false;
	for (; i < s.len && is_digit(s.p[i]); i++)
		add_digit(d, s.p[i] - '0', false);
	if (i < s.len && s.p[i] == '.') {
		size_t start = ++i;

		for (; i < s.len && is_digit(s.p[i]); i++)
			add_digit(d, s.p[i] - '0', true);
		if (i == start)
			return false;
	}
	if (i == s.len)
		return true;
	return (s.p[i] == 'e' || s.p[i] == 'E') && read_exp(s, i, &d->exp);
}

/* d * 10^scale as a whole number. With `exact`, false when it is none; else
 * rounded half-even. */
static bool to_scale(const struct decimal *d, int scale, bool exact,
		     int64_t *out)
{
	int64_t e = d->exp + scale;
	unsigned __int128 q = d->digits, r, unit, twice;

	if (!q) {
		*out = 0;
		return true;
	}
	if (e >= 0) {
		if (d->more || e + d->n > 19)
			return false;
		q *= pow10_u128((int)e);
		if (q > (unsigned __int128)INT64_MAX)
			return false;
		*out = (int64_t)q;
		return true;
	}
	if (-e > POW10_MAX) { /* less than a tenth of the last place */
		*out = 0;
		return !exact;
	}
	unit = pow10_u128((int)-e);
	r = q % unit;
	q /= unit;
	if (exact && (r || d->more))
		return false;
	twice = r * 2;
	if (twice > unit || (twice == unit && (d->more || (q & 1))))
		q++;
	if (q > (unsigned __int128)INT64_MAX)
		return false;
	*out = (int64_t)q;
	return true;
}

bool money_parse_pusd(struct str usd, int64_t *pusd)
{
	struct decimal d;

	return read_decimal(usd, &d) && to_scale(&d, 12, false, pusd);
}

bool money_parse_fusd(struct str usd_per_mtok, int64_t *fusd)
{
	struct decimal d;

	if (!usd_per_mtok.len) {
		*fusd = MONEY_NONE;
		return true;
	}
	return read_decimal(usd_per_mtok, &d) && to_scale(&d, 9, true, fusd);
}

/* ---- rounding ---- */

/* Dividing 128 bits takes ten times as long as dividing 64. */
static int64_t round_small(int64_t n, int64_t den)
{
	int64_t q = n / den, r = n % den;

	if (r < 0)
		return q - (-r > den + r || (-r == den + r && (q & 1)));
	return q + (r > den - r || (r == den - r && (q & 1)));
}

bool money_round(__int128 n, int64_t den, int64_t *out)
{
	__int128 q, r;
	bool negative;

	if (n > INT64_MIN / 2 && n < INT64_MAX / 2) {
		*out = round_small((int64_t)n, den);
		return true;
	}
	q = n / den;
	r = n % den;
	negative = r < 0;
	if (negative)
		r = -r;
	if (r > den - r || (r == den - r && (q & 1)))
		q += negative ? -1 : 1;
	if (q > INT64_MAX || q <= INT64_MIN)
		return false;
	*out = (int64_t)q;
	return true;
}

bool money_round_fusd(__int128 fusd, int64_t *pusd)
{
	return money_round(fusd, 1000, pusd);
}

/* ---- exact text ---- */

/* v / 10^places without trailing zeros. `end` is one past the room; the text
 * is written backwards from there; its start is returned. */
static char *put_decimal(unsigned __int128 v, int places, char *end)
{
	char *p = end;
	bool some = false;

	*--p = '\0';
	for (int i = 0; i < places; i++) {
		char c = (char)('0' + (int)(v % 10));

		v /= 10;
		some |= c != '0';
		if (some)
			*--p = c;
	}
	if (some)
		*--p = '.';
	do {
		*--p = (char)('0' + (int)(v % 10));
		v /= 10;
	} while (v);
	return p;
}

static unsigned __int128 magnitude(__int128 v)
{
	return v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
}

char *money_format_scaled(__int128 v, int places, char *buf)
{
	char text[MONEY_TEXT], *p;

	p = put_decimal(magnitude(v), places, text + sizeof(text));
	if (v < 0)
		*--p = '-';
	memcpy(buf, p, (size_t)(text + sizeof(text) - p));
	return buf;
}

char *money_format_sum(__int128 pusd, char *buf)
{
	return money_format_scaled(pusd, 12, buf);
}

char *money_format(int64_t pusd, char *buf)
{
	if (pusd == MONEY_NONE) {
		buf[0] = '\0';
		return buf;
	}
	return money_format_scaled(pusd, 12, buf);
}

char *money_format_fusd_mtok(int64_t fusd, char *buf)
{
	if (fusd == MONEY_NONE) {
		buf[0] = '\0';
		return buf;
	}
	return money_format_scaled(fusd, 9, buf);
}

/* ---- short text ---- */

static unsigned __int128 div_even(unsigned __int128 v, unsigned __int128 unit)
{
	unsigned __int128 q = v / unit, twice = v % unit * 2;

	return q + (twice > unit || (twice == unit && (q & 1)));
}

/* Less than a dollar: three significant figures. `v` is below 10^12 pusd;
 * false when rounding makes it a dollar. */
static bool short_cents(unsigned __int128 v, const char *sign, char *buf)
{
	uint64_t three;
	int digits = 0, drop, places;

	for (unsigned __int128 x = v; x; x /= 10)
		digits++;
	drop = digits > 3 ? digits - 3 : 0;
	three = (uint64_t)div_even(v, pow10_u128(drop));
	if (three == 1000) {
		three = 100;
		drop++;
		digits++;
	}
	if (digits > 12)
		return false;
	for (; three < 100; drop--)
		three *= 10;
	if (digits <= 6) {
		snprintf(buf, MONEY_TEXT, "%s$%u.%02ue%d", sign,
			 (unsigned)(three / 100), (unsigned)(three % 100),
			 digits - 13);
		return true;
	}
	places = 12 - drop;
	snprintf(buf, MONEY_TEXT, "%s$0.%0*u", sign, places, (unsigned)three);
	return true;
}

/* From 100,000 dollars: four significant figures and a suffix. Beyond the
 * last suffix there are more figures. */
static char *short_large(unsigned __int128 v, const char *sign, char *buf)
{
	static const char suffix[] = "kMBTPE";
	unsigned __int128 unit = PUSD_PER_USD, n = 0;
	int places = 1;
	size_t i;

	for (i = 0; i < sizeof(suffix) - 1; i++) {
		unit *= 1000;
		for (places = 3; places > 0; places--) {
			n = div_even(v, unit / pow10_u128(places));
			if (n < 10000)
				break;
		}
		if (places)
			break;
	}
	if (!places) {
		i--;
		places = 1;
	}
	snprintf(buf, MONEY_TEXT, "%s$%llu.%0*llu%c", sign,
		 (unsigned long long)(n / pow10_u128(places)), places,
		 (unsigned long long)(n % pow10_u128(places)), suffix[i]);
	return buf;
}

char *money_format_sum_short(__int128 pusd, char *buf)
{
	const char *sign = pusd < 0 ? "-" : "";
	unsigned __int128 v = magnitude(pusd), cents, dollars;
	unsigned __int128 unit = PUSD_PER_USD;

	if (v && v < unit && short_cents(v, sign, buf))
		return buf;
	cents = div_even(v, unit / 100);
	if (cents < 100000) {
		snprintf(buf, MONEY_TEXT, "%s$%u.%02u", sign,
			 (unsigned)(cents / 100), (unsigned)(cents % 100));
		return buf;
	}
	dollars = div_even(v, unit);
	if (dollars < 100000) {
		snprintf(buf, MONEY_TEXT, "%s$%u,%03u", sign,
			 (unsigned)(dollars / 1000),
			 (unsigned)(dollars % 1000));
		return buf;
	}
	return short_large(v, sign, buf);
}

char *money_format_short(int64_t pusd, char *buf)
{
	if (pusd == MONEY_NONE) {
		buf[0] = '-';
		buf[1] = '\0';
		return buf;
	}
	return money_format_sum_short(pusd, buf);
}
