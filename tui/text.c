#include "tui/text.h"

#include <stdint.h>
#include <wchar.h>

/* Combining marks that one character may carry; more is an attack on the
 * lines above and below. */
#define MARKS_MAX 2

static bool unicode;

void text_set_unicode(bool on)
{
	unicode = on;
}

bool text_unicode(void)
{
	return unicode;
}

const char *text_glyph(const char *wide, const char *ascii)
{
	return unicode ? wide : ascii;
}

/* Bytes of the well-formed UTF-8 character at p (RFC 3629), 0 if there is
 * none; *cp is its code point. n >= 1. */
static size_t decode(const uint8_t *p, size_t n, uint32_t *cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80             ? 1
		     : (p[0] & 0xe0) == 0xc0 ? 2
		     : (p[0] & 0xf0) == 0xe0 ? 3
		     : (p[0] & 0xf8) == 0xf0 ? 4
					     : 0;

	if (len == 0 || len > n)
		return 0;
	*cp = len == 1 ? p[0] : p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3f);
	}
	if (*cp < least[len] || *cp > 0x10ffff ||
	    (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return len;
}

struct span {
	uint32_t first, last;
};

static bool in_spans(const struct span *s, size_t n, uint32_t cp)
{
	for (size_t i = 0; i < n; i++)
		if (cp >= s[i].first && cp <= s[i].last)
			return true;
	return false;
}

/* Characters that only change how others look or in which direction they
 * run: a name must not reorder or hide what stands beside it. */
static bool is_invisible(uint32_t cp)
{
	static const struct span spans[] = {
		{0x00ad, 0x00ad}, {0x034f, 0x034f}, {0x061c, 0x061c},
		{0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},
		{0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x206f},
		{0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
		{0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff},
	};

	return in_spans(spans, sizeof(spans) / sizeof(spans[0]), cp);
}

static bool is_blank(uint32_t cp)
{
	return cp == ' ' || (cp >= 0x09 && cp <= 0x0d) || cp == 0x85 ||
	       cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
	       cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
	       cp == 0x3000;
}

/* Regional indicators: terminals disagree whether a pair takes two columns or
 * four. */
static bool is_unsafe(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) ||
	       (cp >= 0x1f1e6 && cp <= 0x1f1ff) || (!unicode && cp > 0x7e) ||
	       wcwidth((wchar_t)cp) < 0;
}

size_t text_clean(struct str s, char *out, size_t size)
{
	const uint8_t *p = (const uint8_t *)s.p;
	size_t left = s.len, n = 0;
	int marks = MARKS_MAX; /* a mark needs something to stand on */

	while (left > 0) {
		uint32_t cp = 0xfffd;
		size_t len = decode(p, left, &cp);
		const char *put = (const char *)p;
		size_t put_len = len;

		if (len == 0) {
			len = put_len = 1;
			put = "?";
			marks = 0;
		} else if (is_blank(cp)) {
			put = " ";
			put_len = 1;
			marks = 0;
		} else if (is_invisible(cp)) {
			put_len = 0;
		} else if (is_unsafe(cp)) {
			put = "?";
			put_len = 1;
			marks = 0;
		} else if (wcwidth((wchar_t)cp) == 0) {
			if (marks++ >= MARKS_MAX)
				put_len = 0;
		} else {
			marks = 0;
		}
		if (n + put_len >= size)
			break;
		memcpy(out + n, put, put_len);
		n += put_len;
		p += len;
		left -= len;
	}
	out[n] = '\0';
	return n;
}

/* Columns of the character at s and its length in bytes. */
static int char_width(const char *s, size_t n, size_t *len)
{
	uint32_t cp = 0;
	int w;

	*len = decode((const uint8_t *)s, n, &cp);
	if (*len == 0) {
		*len = 1;
		return 1;
	}
	w = wcwidth((wchar_t)cp);
	return w < 0 ? 1 : w;
}

/* Bytes of the longest prefix of at most `cols` columns; *used says how many
 * it takes. */
static size_t prefix(const char *s, int cols, int *used)
{
	size_t n = strlen(s), at = 0;

	*used = 0;
	while (at < n) {
		size_t len;
		int w = char_width(s + at, n - at, &len);

		if (*used + w > cols)
			break;
		*used += w;
		at += len;
	}
	return at;
}

int text_width(const char *clean)
{
	int used;

	prefix(clean, INT32_MAX, &used);
	return used;
}

int text_cut(struct buf *out, const char *clean, int cols)
{
	int used;
	size_t n;

	if (cols <= 0)
		return 0;
	n = prefix(clean, cols, &used);
	if (clean[n] == '\0') {
		buf_add(out, clean, n);
		return used;
	}
	n = prefix(clean, cols - 1, &used);
	buf_add(out, clean, n);
	buf_adds(out, text_glyph("…", "~"));
	return used + 1;
}

/* Bytes of the longest suffix of at most `cols` columns; *used says how many
 * it takes. A mark stays with what it stands on. */
static size_t suffix(const char *s, int cols, int *used)
{
	int all = text_width(s), gone = 0;
	size_t n = strlen(s), at = 0;

	while (at < n) {
		size_t len;
		int w = char_width(s + at, n - at, &len);

		if (w > 0 && all - gone <= cols)
			break;
		gone += w;
		at += len;
	}
	*used = all - gone;
	return n - at;
}

int text_cut_middle(struct buf *out, const char *clean, int cols)
{
	int head, tail;
	size_t n, len = strlen(clean);

	/* An end of less than two characters tells nothing. */
	if (cols < 6 || text_width(clean) <= cols)
		return text_cut(out, clean, cols);
	buf_add(out, clean, prefix(clean, cols / 2, &head));
	buf_adds(out, text_glyph("…", "~"));
	n = suffix(clean, cols - 1 - head, &tail);
	buf_add(out, clean + len - n, n);
	return head + 1 + tail;
}

void text_blanks(struct buf *out, int n)
{
	while (n-- > 0)
		buf_addc(out, ' ');
}

void text_pad(struct buf *out, const char *clean, int cols,
	      enum text_align align)
{
	int width = text_width(clean);
	int pad = width < cols ? cols - width : 0;

	if (align == TEXT_RIGHT)
		text_blanks(out, pad);
	else
		pad = 0;
	width = align == TEXT_NAME ? text_cut_middle(out, clean, cols)
				   : text_cut(out, clean, cols - pad);
	text_blanks(out, cols - pad - width);
}
