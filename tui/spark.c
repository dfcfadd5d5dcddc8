#include "tui/spark.h"

#include "tui/text.h"

static const char *const marks_unicode[] = {" ", "▁", "▂", "▃", "▄",
					    "▅", "▆", "▇", "█"};
static const char *const marks_ascii[] = {" ", ".", ".", "-", "-",
					  "=", "=", "#", "#"};
#define LEVELS 8
#define SCALE  1000

/* The mean of the points that column `c` of `cols` stands for, times SCALE:
 * columns that stand for more points than others must not look higher. */
static __int128 column(const struct series *s, int c, int cols)
{
	int first = c * s->n / cols, last = (c + 1) * s->n / cols;
	__int128 sum = 0;

	if (last <= first) /* fewer points than columns */
		last = first + 1;
	for (int i = first; i < last && i < s->n; i++)
		sum += s->v[i];
	return sum * SCALE / (last - first);
}

void spark_draw(struct buf *out, const struct series *s, int cols)
{
	const char *const *marks = text_unicode() ? marks_unicode : marks_ascii;
	__int128 max = 0;
	int lead;

	if (cols <= 0)
		return;
	/* A short series stands at the right, where now is. */
	lead = s->n < cols ? cols - s->n : 0;
	cols -= lead;
	text_blanks(out, lead);
	for (int c = 0; c < cols; c++) {
		__int128 v = column(s, c, cols);

		max = v > max ? v : max;
	}
	for (int c = 0; c < cols; c++) {
		__int128 v = column(s, c, cols);
		int level = 0;

		if (max > 0 && v > 0)
			level = 1 + (int)(v * (LEVELS - 1) / max);
		buf_adds(out, marks[level]);
	}
}

const char *spark_word(const struct series *s)
{
	__int128 early = 0, late = 0;

	for (int i = 0; i < s->n / 2; i++) {
		early += s->v[i];
		late += s->v[s->n - 1 - i];
	}
	if (early == 0 && late == 0)
		return "none";
	if (late * 4 > early * 5)
		return "rising";
	if (late * 5 < early * 4)
		return "falling";
	return "steady";
}
