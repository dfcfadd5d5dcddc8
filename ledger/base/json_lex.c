#include "ledger/base/json_lex.h"

#include "ledger/base/utf8.h"

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	       (c >= 'A' && c <= 'F');
}

/* p is behind a backslash. */
static bool read_escape(struct json_lex *x)
{
	char c = json_lex_peek(x);

	if (c == 'u') {
		for (int i = 1; i <= 4; i++) {
			if (x->end - x->p <= i || !is_hex(x->p[i]))
				return json_lex_fail(
					x, "expected four hex digits");
		}
		x->p += 5;
		return true;
	}
	if (!c || !strchr("\"\\/bfnrt", c))
		return json_lex_fail(x, "unknown escape");
	x->p++;
	return true;
}

bool json_lex_odd(struct json_lex *x, bool *escaped)
{
	uint8_t c = (uint8_t)*x->p;
	size_t n;

	if (c == '\\') {
		*escaped = true;
		x->p++;
		return read_escape(x);
	}
	if (c < 0x20)
		return json_lex_fail(x, "control byte in a string");
	n = utf8_len((const uint8_t *)x->p, (size_t)(x->end - x->p));
	if (n == 0)
		return json_lex_fail(x, "bytes that are not UTF-8");
	x->p += n;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool skip_digits(struct json_lex *x)
{
	if (!is_digit(json_lex_peek(x)))
		return json_lex_fail(x, "expected a digit");
	while (is_digit(json_lex_peek(x)))
		x->p++;
	return true;
}

bool json_lex_number(struct json_lex *x)
{
	char c;

	if (json_lex_peek(x) == '-')
		x->p++;
	if (json_lex_peek(x) == '0')
		x->p++;
	else if (!skip_digits(x))
		return false;
	if (json_lex_peek(x) == '.') {
		x->p++;
		if (!skip_digits(x))
			return false;
	}
	c = json_lex_peek(x);
	if (c == 'e' || c == 'E') {
		x->p++;
		c = json_lex_peek(x);
		if (c == '+' || c == '-')
			x->p++;
		if (!skip_digits(x))
			return false;
	}
	return true;
}

bool json_lex_word(struct json_lex *x, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(x->end - x->p) < n || memcmp(x->p, word, n) != 0)
		return json_lex_fail(x, "expected a value");
	x->p += n;
	return true;
}

static unsigned hex_value(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* The code unit of "\uXXXX" whose digits begin at p. */
static uint32_t hex4(const char *p)
{
	return hex_value(p[0]) << 12 | hex_value(p[1]) << 8 |
	       hex_value(p[2]) << 4 | hex_value(p[3]);
}

size_t json_unescape_one(const char *p, size_t left, char *out, size_t *used)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *simple;
	uint32_t cp, low;

	if (p[1] != 'u') {
		simple = strchr(from, p[1]);
		out[0] = simple ? to[simple - from] : p[1];
		*used = 2;
		return 1;
	}
	cp = hex4(p + 2);
	*used = 6;
	if (cp >= 0xd800 && cp < 0xdc00 && left >= 12 && p[6] == '\\' &&
	    p[7] == 'u') {
		low = hex4(p + 8);
		if (low >= 0xdc00 && low < 0xe000) {
			*used = 12;
			return utf8_put(0x10000 + ((cp - 0xd800) << 10) +
						(low - 0xdc00),
					out);
		}
	}
	if (cp >= 0xd800 && cp < 0xe000)
		cp = 0xfffd;
	return utf8_put(cp, out);
}
