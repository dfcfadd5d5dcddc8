/* The words of JSON, for the two readers (json.c, jpull.c): strings, numbers,
 * literals, white space; and what stands in a string's escapes. For this
 * folder's own use. Each function starts at p, leaves p behind what it read,
 * and on failure leaves p at the offending byte with the reason in `why`. */
#ifndef ACO_JSON_LEX_H
#define ACO_JSON_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "ledger/base/str.h"

struct json_lex {
	const char *p, *end;
	const char *why; /* what is wrong at p; NULL: nothing */
};

static inline bool json_lex_fail(struct json_lex *x, const char *why)
{
	x->why = why;
	return false;
}

static inline void json_lex_space(struct json_lex *x)
{
	while (x->p < x->end && (*x->p == ' ' || *x->p == '\n' ||
				 *x->p == '\r' || *x->p == '\t'))
		x->p++;
}

/* The next byte, 0 at the end. */
static inline char json_lex_peek(const struct json_lex *x)
{
	return x->p < x->end ? *x->p : 0;
}

/* The bytes of 8 that end a run which needs no closer look: '"', '\\', and,
 * unless `checked`, control bytes and what is not ASCII, each marked in its
 * own high bit. The borrow of the subtractions may mark a byte too many, but
 * only behind a true one. */
static inline uint64_t json_lex_special8(const char *p, bool checked)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t w, quote, slash, mark;

	memcpy(&w, p, sizeof(w));
	quote = w ^ ones * '"';
	slash = w ^ ones * '\\';
	/* A byte with the high bit is no quote: its mark must go. */
	if (checked)
		mark = (((quote - ones) & ~quote) | ((slash - ones) & ~slash));
	else
		mark = w | (w - ones * 0x20) | (quote - ones) | (slash - ones);
	return mark & high;
}

#if defined(__SSE2__)
/* The same of 16 bytes, exactly, a bit each. */
static inline unsigned json_lex_special16(const char *p, bool checked)
{
	__m128i w = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i mark = _mm_or_si128(_mm_cmpeq_epi8(w, _mm_set1_epi8('"')),
				    _mm_cmpeq_epi8(w, _mm_set1_epi8('\\')));

	/* As signed bytes, what is not ASCII is below the control bytes. */
	if (!checked)
		mark = _mm_or_si128(mark,
				    _mm_cmplt_epi8(w, _mm_set1_epi8(0x20)));
	return (unsigned)_mm_movemask_epi8(mark);
}
#endif

/* p to the first special byte, or near the end. */
static inline void json_lex_run(struct json_lex *x, bool checked)
{
	const char *p = x->p;

#if defined(__SSE2__)
	while (x->end - p >= 16) {
		unsigned mark = json_lex_special16(p, checked);

		if (mark) {
			x->p = p + __builtin_ctz(mark);
			return;
		}
		p += 16;
	}
#endif
	while (x->end - p >= 8) {
		uint64_t mark = json_lex_special8(p, checked);

		if (mark) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			p += __builtin_ctzll(mark) >> 3;
#endif
			break;
		}
		p += 8;
	}
	x->p = p;
}

/* At the byte that ended a run, and not a quote: an escape, a character of
 * several bytes, or a mistake. */
bool json_lex_odd(struct json_lex *x, bool *escaped);
bool json_lex_number(struct json_lex *x);
bool json_lex_word(struct json_lex *x, const char *word);

/* p is at the opening quote. The text between the quotes goes to *out.
 * `checked`: the text has passed this function before. */
static inline bool json_lex_string(struct json_lex *x, bool checked,
				   struct str *out, bool *escaped)
{
	const char *from = ++x->p;

	*escaped = false;
	for (;;) {
		json_lex_run(x, checked);
		if (x->p >= x->end)
			return json_lex_fail(x, "string without end");
		if (*x->p == '"')
			break;
		if (checked && *x->p != '\\')
			x->p++;
		else if (!json_lex_odd(x, escaped))
			return false;
	}
	*out = (struct str){from, (size_t)(x->p - from)};
	x->p++;
	return true;
}

/* The character of the escape at p ('\\'), of which `left` bytes are there,
 * written to out[4]; returns its length. The reader has checked the escape.
 * Sets *used to the bytes it takes in the text. */
size_t json_unescape_one(const char *p, size_t left, char *out, size_t *used);

#endif
