#include "tui/chart.h"

#include <string.h>

#include "tui/text.h"

static const struct {
	const char *name;
	size_t size;
	void (*draw)(const struct picture *p, struct canvas *c);
	void (*words)(const struct picture *p, struct buf *out);
	void (*json)(const struct picture *p, struct json_out *o);
} kinds[PICTURE_N] = {
	[PICTURE_STACK] = {"stack", sizeof(struct chart_stack),
			   chart_stack_draw, chart_stack_words,
			   chart_stack_json},
	[PICTURE_HEAT] = {"heat", sizeof(struct chart_heat), chart_heat_draw,
			  chart_heat_words, chart_heat_json},
	[PICTURE_HISTOGRAM] = {"histogram", sizeof(struct chart_histogram),
			       chart_histogram_draw, chart_histogram_words,
			       chart_histogram_json},
	[PICTURE_PLANE] = {"plane", sizeof(struct chart_plane),
			   chart_plane_draw, chart_plane_words,
			   chart_plane_json},
	[PICTURE_RELIABILITY] = {"reliability",
				 sizeof(struct chart_reliability),
				 chart_reliability_draw,
				 chart_reliability_words,
				 chart_reliability_json},
};

struct picture *picture_new(struct table *t, enum picture_kind kind,
			    const char *title)
{
	struct picture *p;

	if (t->n_pictures == TABLE_PICTURES)
		return NULL;
	p = arena_alloc(&t->arena, sizeof(*p));
	if (p)
		p->u.any = arena_alloc(&t->arena, kinds[kind].size);
	if (!p || !p->u.any) {
		t->truncated = true;
		return NULL;
	}
	p->kind = kind;
	p->title = table_keep(t, str_from(title));
	t->pictures[t->n_pictures++] = p;
	return p;
}

struct picture *picture_copy(struct table *t, const struct picture *p)
{
	struct picture *copy = picture_new(t, p->kind, p->title);

	if (copy)
		memcpy(copy->u.any, p->u.any, kinds[p->kind].size);
	return copy;
}

void picture_draw(const struct picture *p, struct canvas *c)
{
	canvas_text(c, 0, 0, INK_TITLE, p->title);
	if (c->h >= 4 && c->w >= 20)
		kinds[p->kind].draw(p, c);
}

void picture_words(const struct picture *p, struct buf *out)
{
	buf_addf(out, "%s\n", p->title);
	kinds[p->kind].words(p, out);
}

void picture_json(const struct picture *p, struct json_out *o)
{
	json_out_str(o, "kind", str_from(kinds[p->kind].name));
	json_out_str(o, "title", str_from(p->title));
	kinds[p->kind].json(p, o);
}

void chart_nothing(struct canvas *c, const char *why)
{
	canvas_text(c, 1, 0, INK_DIM, why);
}
