/* Values of an event's fields. */
#include "ledger/event_shape.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "ledger/base/clock.h"
#include "ledger/money.h"

/* "1764000000", "1764000000.25", "1.764e9": seconds to microseconds. */
static bool seconds(const struct json *v, int64_t *us)
{
	const struct str t = v->text;
	const char *dot = memchr(t.p, '.', t.len);
	size_t whole = dot ? (size_t)(dot - t.p) : t.len;
	int64_t s, frac = 0;

	if (memchr(t.p, 'e', t.len) || memchr(t.p, 'E', t.len)) {
		if (!json_i64(v, &s))
			return false;
	} else {
		if (!str_i64((struct str){t.p, whole}, &s))
			return false;
		for (size_t i = 1; i <= 6; i++)
			frac = frac * 10 +
			       (whole + i < t.len ? t.p[whole + i] - '0' : 0);
	}
	if (s < 0 || s >= INT64_C(100000000000))
		return false;
	*us = s * US_PER_SEC + frac;
	return true;
}

bool event_time(const struct json *v, struct arena *a, int64_t *us)
{
	if (json_is(v, JSON_NUMBER))
		return seconds(v, us);
	return json_is(v, JSON_STRING) && clock_parse(json_str(v, a), us);
}

bool event_success(const struct json *v, int32_t *micro)
{
	int64_t pico, n;

	if (json_is(v, JSON_TRUE) || json_is(v, JSON_FALSE)) {
		*micro = json_true(v) ? 1000000 : 0;
		return true;
	}
	/* The money reader is the exact reader of decimals. */
	if (!json_is(v, JSON_NUMBER) || !money_parse_pusd(v->text, &pico) ||
	    pico > PUSD_PER_USD || !money_round(pico, 1000000, &n))
		return false;
	*micro = (int32_t)n;
	return true;
}

static bool get_money(const struct json *v, struct arena *a, int64_t *out)
{
	if (!json_is(v, JSON_STRING) && !json_is(v, JSON_NUMBER))
		return false;
	return money_parse_pusd(json_str(v, a), out);
}

static bool get_int(const struct field *d, const struct json *v, void *out)
{
	int64_t n;

	if (!json_is(v, JSON_NUMBER) || !json_i64(v, &n) || n < d->min ||
	    n > d->max)
		return false;
	if (d->size == 2)
		*(int16_t *)out = (int16_t)n;
	else
		*(int32_t *)out = (int32_t)n;
	return true;
}

static bool get_word(const struct field *d, const struct json *v, void *out)
{
	if (!json_is(v, JSON_STRING))
		return false;
	for (int i = 0; i < (int)d->max; i++) {
		if (json_str_is(v, d->words[i])) {
			*(int *)out = i;
			return true;
		}
	}
	return false;
}

/* Facts are kept in one line, as the event that holds them. */
static bool get_facts(const struct json *v, struct arena *a, struct str *out)
{
	char *p = NULL;

	if (!json_is(v, JSON_OBJECT))
		return false;
	for (size_t i = 0; i < v->text.len; i++) {
		if ((unsigned char)v->text.p[i] >= ' ')
			continue;
		if (!p && !(p = arena_strdup(a, v->text.p, v->text.len)))
			return false;
		p[i] = ' ';
	}
	*out = p ? (struct str){p, v->text.len} : v->text;
	return true;
}

static bool get_keys(const struct json *v, struct ev_attempt *at)
{
	const struct json *k;

	if (!json_is(v, JSON_ARRAY) || v->count > EV_KEYS_MAX)
		return false;
	for (k = json_first(v); k; k = json_next(v, k)) {
		if (!json_is(k, JSON_STRING) ||
		    !uuid_parse(k->text, &at->keys[at->n_keys]))
			return false;
		at->n_keys++;
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool get_hex(const struct json *v, struct arena *a, struct str *out)
{
	size_t n = v->text.len / 2;
	uint8_t *p;

	if (!json_is(v, JSON_STRING) || v->text.len % 2)
		return false;
	p = arena_alloc(a, n + 1);
	if (!p)
		return false;
	for (size_t i = 0; i < n; i++) {
		int hi = hex_digit(v->text.p[2 * i]);
		int lo = hex_digit(v->text.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		p[i] = (uint8_t)(hi << 4 | lo);
	}
	*out = (struct str){(const char *)p, n};
	return true;
}

/* The bytes of a vector, or of a letter that is no text. */
static bool get_bytes(const struct field *d, const struct json *v,
		      struct event_fields *f, struct arena *a)
{
	struct str s;

	if (!get_hex(v, a, &s))
		return false;
	if (d->at == offsetof(struct event_fields, dead.body)) {
		f->dead.body = s;
		return true;
	}
	if (s.len % sizeof(float))
		return false;
	if (d->at == offsetof(struct event_fields, decision.features)) {
		f->decision.features = (const float *)(const void *)s.p;
		f->decision.n_features = (int)(s.len / sizeof(float));
		return true;
	}
	if (d->at == offsetof(struct event_fields, trial.evidence)) {
		f->trial.evidence = (const float *)(const void *)s.p;
		f->trial.n_evidence = (int)(s.len / sizeof(float));
		return true;
	}
	f->trial.features = (const float *)(const void *)s.p;
	f->trial.n_features = (int)(s.len / sizeof(float));
	return true;
}

static bool get_real(const struct json *v, double *out)
{
	return json_is(v, JSON_NUMBER) && json_double(v, out);
}

/* One value of a short list; null says nothing. */
static bool get_one(const struct field *d, const struct json *v,
		    struct arena *a, void *list, int i)
{
	double x = (double)NAN;
	int64_t pusd = MONEY_NONE;

	if (d->shape == IS_COSTS) {
		if (json_present(v) && !get_money(v, a, &pusd))
			return false;
		((int64_t *)list)[i] = pusd;
		return true;
	}
	if (json_present(v) && !get_real(v, &x))
		return false;
	((float *)list)[i] = (float)x;
	return true;
}

static bool get_list(const struct field *d, const struct json *v,
		     struct event_fields *f, struct arena *a)
{
	int *n = (int *)(void *)((char *)f + d->count_at), i = 0;

	if (!json_is(v, JSON_ARRAY) || v->count > (uint32_t)d->max)
		return false;
	for (const struct json *k = json_first(v); k; k = json_next(v, k)) {
		if (!get_one(d, k, a, (char *)f + d->at, i++))
			return false;
	}
	if (i > *n)
		*n = i;
	return true;
}

bool shape_get(const struct field *d, const struct json *v,
	       struct event_fields *f, struct arena *a)
{
	void *out = (char *)f + d->at;

	switch (d->shape) {
	case IS_TEXT:
		*(struct str *)out = json_str(v, a);
		return json_is(v, JSON_STRING);
	case IS_TIME:
		return event_time(v, a, out);
	case IS_MONEY:
		return get_money(v, a, out);
	case IS_COUNT:
		return json_is(v, JSON_NUMBER) && json_i64(v, out) &&
		       *(int64_t *)out >= 0;
	case IS_INT:
		return get_int(d, v, out);
	case IS_BOOL:
		*(int8_t *)out = json_true(v);
		return json_is(v, JSON_TRUE) || json_is(v, JSON_FALSE);
	case IS_WORD:
		return get_word(d, v, out);
	case IS_SUCCESS:
		return event_success(v, out);
	case IS_FACTS:
		return get_facts(v, a, out);
	case IS_UUID:
		return json_is(v, JSON_STRING) && uuid_parse(v->text, out);
	case IS_KEYS:
		return get_keys(v, &f->attempt);
	case IS_HEX:
		return get_bytes(d, v, f, a);
	case IS_REAL:
		return get_real(v, out);
	case IS_REALS:
	case IS_COSTS:
		return get_list(d, v, f, a);
	case IS_OBJECT:
	case IS_TYPE:
		break;
	}
	return true;
}

const char *shape_wanted(const struct field *d, char *text, size_t size)
{
	static const char *const words[] = {
		[IS_TEXT] = "text",
		[IS_TIME] = "an ISO 8601 time or seconds since 1970",
		[IS_MONEY] = "USD as decimal text, such as \"0.0123\"",
		[IS_COUNT] = "a whole number, 0 or more",
		[IS_BOOL] = "true or false",
		[IS_SUCCESS] = "a number from 0 to 1, or true or false",
		[IS_FACTS] = "an object",
		[IS_UUID] = "a UUID",
		[IS_KEYS] = "a list of at most 6 UUIDs",
		[IS_HEX] = "bytes in hex",
		[IS_REAL] = "a number",
		[IS_REALS] = "a short list of numbers or null",
		[IS_COSTS] = "a short list of USD or null",
		[IS_OBJECT] = "an object",
		[IS_TYPE] = "a type",
	};
	size_t n = 0;

	if (d->shape == IS_INT) {
		snprintf(text, size, "a whole number from %lld to %lld",
			 (long long)d->min, (long long)d->max);
		return text;
	}
	if (d->shape != IS_WORD)
		return words[d->shape];
	for (int i = 0; i < (int)d->max && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, "%s%s",
				      i ? ", " : "one of ", d->words[i]);
	return text;
}
