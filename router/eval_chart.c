/* The plane of cost (logarithmic, to the right) and success (up): the static
 * hull as a line, single arms, policies' paths, the oracle. In braille every
 * character is two dots wide and four high; in ASCII one. */
#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "router/eval.h"

#define ROWS 18

struct plane {
	int columns, w, h; /* in characters; in dots */
	bool ascii;
	uint8_t *dots; /* [ROWS * columns] braille dots */
	char *marks;   /* [ROWS * columns] letters over them, 0 none */
	double x0, x1, y0, y1;
};

static void reach(struct plane *p, double cost, double success)
{
	double x;

	if (!(cost > 0) || isnan(success))
		return;
	x = log10(cost);
	p->x0 = fmin(p->x0, x);
	p->x1 = fmax(p->x1, x);
	p->y0 = fmin(p->y0, success);
	p->y1 = fmax(p->y1, success);
}

static bool place(const struct plane *p, double cost, double success, int *x,
		  int *y)
{
	if (!(cost > 0) || isnan(success))
		return false;
	*x = (int)((log10(cost) - p->x0) / (p->x1 - p->x0) * (p->w - 1) + 0.5);
	*y = (int)((p->y1 - success) / (p->y1 - p->y0) * (p->h - 1) + 0.5);
	return *x >= 0 && *x < p->w && *y >= 0 && *y < p->h;
}

static void dot(struct plane *p, int x, int y)
{
	static const uint8_t bit[4][2] = {
		{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

	if (p->ascii)
		p->dots[y * p->columns + x] = 1;
	else
		p->dots[y / 4 * p->columns + x / 2] |= bit[y % 4][x % 2];
}

static void mark(struct plane *p, double cost, double success, char c)
{
	int x, y;

	if (!place(p, cost, success, &x, &y))
		return;
	if (!p->ascii) {
		x /= 2;
		y /= 4;
	}
	p->marks[y * p->columns + x] = c;
}

static void line(struct plane *p, double c0, double s0, double c1, double s1)
{
	for (int i = 0; i <= 2 * p->w; i++) {
		double t = i / (2.0 * p->w);
		int x, y;

		if (place(p, c0 + t * (c1 - c0), s0 + t * (s1 - s0), &x, &y))
			dot(p, x, y);
	}
}

static void path(struct plane *p, const struct eval_policy *of)
{
	for (int k = 1; of->there && k < of->steps; k++)
		line(p, of->path_cost[k - 1], of->path_success[k - 1],
		     of->path_cost[k], of->path_success[k]);
}

static void fit(struct plane *p, const struct eval_report *r)
{
	p->x0 = p->y0 = INFINITY;
	p->x1 = p->y1 = -INFINITY;
	for (int k = 0; k < EVAL_KINDS; k++)
		for (int j = 0; r->policy[k].there && j < r->policy[k].steps;
		     j++)
			reach(p, r->policy[k].path_cost[j],
			      r->policy[k].path_success[j]);
	for (int a = 0; a < r->n_arms; a++)
		reach(p, r->arm_cost[a], r->arm_success[a]);
	if (!(p->x1 > p->x0))
		p->x1 = (p->x0 = isfinite(p->x0) ? p->x0 : 0) + 1;
	if (!(p->y1 > p->y0))
		p->y1 = (p->y0 = isfinite(p->y0) ? p->y0 : 0) + 0.01;
}

static const struct {
	enum eval_kind kind;
	char mark;
} marks[] = {
	{EVAL_HULL, 'h'},        {EVAL_CLASS_STATIC, 's'},
	{EVAL_KNN, 'k'},         {EVAL_CASCADE_PERFECT, 'p'},
	{EVAL_CASCADE, 'c'},     {EVAL_LEARNED, 'L'},
	{EVAL_BEST_SINGLE, 'B'}, {EVAL_ORACLE, 'O'},
};

static void draw(struct plane *p, const struct eval_report *r)
{
	path(p, &r->policy[EVAL_HINDSIGHT]);
	path(p, &r->policy[EVAL_LEARNED]);
	for (int a = 0; a < r->n_arms; a++)
		mark(p, r->arm_cost[a], r->arm_success[a], '+');
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const struct eval_policy *of = &r->policy[marks[i].kind];

		if (of->there)
			mark(p, of->cost[EVAL_EQUAL].value,
			     of->success[EVAL_EQUAL].value, marks[i].mark);
	}
}

static void print(const struct plane *p, struct buf *out)
{
	for (int y = 0; y < ROWS; y++) {
		double s = p->y1 - (p->y1 - p->y0) * y / (ROWS - 1);

		buf_addf(out, "%5.1f %% ", 100 * s);
		buf_adds(out, p->ascii ? "|" : "\xe2\x94\x82");
		for (int x = 0; x < p->columns; x++) {
			uint8_t d = p->dots[y * p->columns + x];
			char c = p->marks[y * p->columns + x];

			if (c)
				buf_addc(out, c);
			else if (p->ascii)
				buf_addc(out, d ? '.' : ' ');
			else if (!d)
				buf_addc(out, ' ');
			else
				buf_addf(out, "\xe2%c%c", (char)(0xa0 | d >> 6),
					 (char)(0x80 | (d & 0x3f)));
		}
		buf_addc(out, '\n');
	}
	buf_addf(out, "        $%-10.3g%*s$%.3g a task, logarithmic\n",
		 pow(10, p->x0), p->columns - 32 > 0 ? p->columns - 32 : 1, "",
		 pow(10, p->x1));
	buf_adds(out, "        + model  h hull  s class-static  k knn  c "
		      "cascade  p perfect detector\n        L learned  B best "
		      "single  O oracle; lines: hull and learned\n");
}

void eval_chart(const struct eval_report *r, int columns, bool ascii,
		struct buf *out)
{
	struct plane p = {.ascii = ascii};
	size_t n;

	p.columns = columns - 10 > 20 ? columns - 10 : 20;
	p.columns = p.columns < 150 ? p.columns : 150;
	p.w = ascii ? p.columns : 2 * p.columns;
	p.h = ascii ? ROWS : 4 * ROWS;
	n = (size_t)p.columns * ROWS;
	p.dots = xcalloc(n, 1);
	p.marks = xcalloc(n, 1);
	fit(&p, r);
	draw(&p, r);
	print(&p, out);
	free(p.dots);
	free(p.marks);
}
