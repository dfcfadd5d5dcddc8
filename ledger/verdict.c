#include "ledger/verdict.h"

#include "ledger/money.h"

#define PUSD_PER_MICRO (PUSD_PER_USD / 1000000)

/* An amount of money is a decimal that was read exactly: so is this. */
static bool decimal_micro(struct str text, int32_t *micro)
{
	int64_t pico, half = PUSD_PER_MICRO / 2, whole, rest;

	if (!money_parse_pusd(text, &pico) || pico > PUSD_PER_USD)
		return false;
	whole = pico / PUSD_PER_MICRO;
	rest = pico % PUSD_PER_MICRO;
	if (rest > half || (rest == half && whole % 2))
		whole++;
	*micro = (int32_t)whole;
	return true;
}

bool verdict_micro(const struct json *v, int32_t *micro)
{
	if (json_is(v, JSON_TRUE) || json_is(v, JSON_FALSE)) {
		*micro = json_true(v) ? 1000000 : 0;
		return true;
	}
	if (!json_is(v, JSON_NUMBER) && !json_is(v, JSON_STRING))
		return false;
	return v->text.len && decimal_micro(v->text, micro);
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

struct str verdict_error(struct str text)
{
	struct str s = str_trim(text);
	size_t n = 0;

	while (n < s.len && n < 64 && is_name(s.p[n]))
		n++;
	while (n && (s.p[n - 1] == '.' || s.p[n - 1] == '-'))
		n--;
	return n ? (struct str){s.p, n} : STR("error");
}

struct str verdict_status(struct str text)
{
	if (!text.len || (text.len <= 64 && !memchr(text.p, '\n', text.len)))
		return text;
	return verdict_error(text);
}
