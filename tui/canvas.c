#include "tui/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "tui/text.h"

#define SIDE_MAX 1000

static int cut(int v)
{
	if (v < 1)
		return 1;
	return v > SIDE_MAX ? SIDE_MAX : v;
}

void canvas_init(struct canvas *c, int w, int h)
{
	c->w = cut(w);
	c->h = cut(h);
	c->cells = xcalloc((size_t)c->w * (size_t)c->h, sizeof(*c->cells));
}

void canvas_release(struct canvas *c)
{
	free(c->cells);
	memset(c, 0, sizeof(*c));
}

static struct canvas_cell *at(struct canvas *c, int y, int x)
{
	if (y < 0 || x < 0 || y >= c->h || x >= c->w)
		return NULL;
	return &c->cells[(size_t)y * (size_t)c->w + (size_t)x];
}

void canvas_put(struct canvas *c, int y, int x, enum ink ink, const char *glyph)
{
	struct canvas_cell *cell = at(c, y, x);
	size_t n = strlen(glyph);

	if (!cell || n >= sizeof(cell->glyph))
		return;
	memcpy(cell->glyph, glyph, n + 1);
	cell->dots = 0;
	cell->ink = (uint8_t)ink;
}

/* Bytes of the character at s. */
static size_t char_len(const char *s)
{
	size_t n = 1;

	while (((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

int canvas_text(struct canvas *c, int y, int x, enum ink ink, const char *text)
{
	while (*text) {
		char one[8] = "?";
		size_t n = char_len(text);

		if (n < sizeof(one)) {
			memcpy(one, text, n);
			one[n] = '\0';
		}
		text += n;
		if (text_width(one) == 0)
			continue;
		canvas_put(c, y, x++, ink, text_width(one) == 1 ? one : "?");
	}
	return x;
}

void canvas_text_right(struct canvas *c, int y, int x, enum ink ink,
		       const char *text)
{
	canvas_text(c, y, x - text_width(text), ink, text);
}

void canvas_dot(struct canvas *c, int y, int x, enum ink ink)
{
	static const uint8_t bits[4][2] = {
		{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
	struct canvas_cell *cell;

	if (y < 0 || x < 0)
		return;
	cell = at(c, y / 4, x / 2);
	if (!cell || cell->glyph[0])
		return;
	cell->dots |= bits[y % 4][x % 2];
	cell->ink = (uint8_t)ink;
}

void canvas_line(struct canvas *c, int y0, int x0, int y1, int x1, enum ink ink)
{
	int dx = abs(x1 - x0), dy = abs(y1 - y0);
	int n = dx > dy ? dx : dy;

	if (n > 8 * SIDE_MAX)
		return;
	for (int i = 0; i <= n; i++) {
		int den = n ? n : 1;

		canvas_dot(c, y0 + (y1 - y0) * i / den,
			   x0 + (x1 - x0) * i / den, ink);
	}
}

void canvas_bar(struct canvas *c, int x, int bottom, int rows, __int128 n,
		__int128 d, enum ink ink)
{
	static const char *const part[] = {"",  "▁", "▂", "▃",
					   "▄", "▅", "▆", "▇"};
	int eighths;

	if (n <= 0 || d <= 0 || rows <= 0)
		return;
	n = n > d ? d : n;
	eighths = (int)(n * rows * 8 / d);
	/* What is there at all is seen. */
	eighths = eighths < 1 ? 1 : eighths;
	for (; eighths >= 8; eighths -= 8)
		canvas_put(c, bottom--, x, ink, text_glyph("█", "#"));
	if (eighths > 0)
		canvas_put(c, bottom, x, ink,
			   text_glyph(part[eighths], eighths > 4 ? "#" : "."));
}

/* Dots without braille: where they are, and how many. */
static const char *ascii_dots(uint8_t dots)
{
	int upper = __builtin_popcount(dots & 0x1b);
	int lower = __builtin_popcount(dots & 0xe4);

	if (upper + lower >= 5)
		return "#";
	if (upper && lower)
		return ":";
	return upper ? "'" : ".";
}

const char *canvas_glyph(const struct canvas_cell *cell, char buf[8])
{
	if (cell->glyph[0])
		return cell->glyph;
	if (!cell->dots)
		return " ";
	if (!text_unicode())
		return ascii_dots(cell->dots);
	buf[0] = (char)0xe2;
	buf[1] = (char)(0xa0 | cell->dots >> 6);
	buf[2] = (char)(0x80 | (cell->dots & 0x3f));
	buf[3] = '\0';
	return buf;
}

void canvas_row(const struct canvas *c, int y, struct buf *out)
{
	const struct canvas_cell *row = &c->cells[(size_t)y * (size_t)c->w];
	int n = c->w;
	char buf[8];

	while (n > 0 && !row[n - 1].glyph[0] && !row[n - 1].dots)
		n--;
	for (int x = 0; x < n; x++)
		buf_adds(out, canvas_glyph(&row[x], buf));
}
