/* Pictures: what lands in which cell, in words, and as JSON; with hostile
 * figures and in every size nothing is drawn outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "tui/chart.h"
#include "tui/text.h"

static const struct column cols[] = {{.name = "a", .title = "A"}};

static char *row_text(const struct canvas *c, int y)
{
	static char text[4096];
	struct buf b;

	buf_init(&b, sizeof(text));
	canvas_row(c, y, &b);
	snprintf(text, sizeof(text), "%s", buf_str(&b));
	buf_release(&b);
	return text;
}

static void a_canvas_keeps_to_itself(void **state)
{
	struct canvas c;

	(void)state;
	canvas_init(&c, 10, 2);
	canvas_put(&c, -1, 0, INK_TEXT, "x");
	canvas_put(&c, 2, 0, INK_TEXT, "x");
	canvas_put(&c, 0, 10, INK_TEXT, "x");
	canvas_dot(&c, -1, -1, INK_TEXT);
	canvas_dot(&c, 8, 20, INK_TEXT);
	canvas_text_right(&c, 0, 3, INK_TEXT, "long text");
	assert_string_equal(row_text(&c, 0), "ext");
	canvas_text(&c, 1, 8, INK_TEXT, "漢字 and more");
	assert_string_equal(row_text(&c, 1), "        ??");
	canvas_line(&c, 0, 0, 1 << 30, 1 << 30, INK_TEXT);
	canvas_release(&c);
}

static void dots_are_braille_or_marks(void **state)
{
	struct canvas c;

	(void)state;
	canvas_init(&c, 3, 1);
	canvas_dot(&c, 0, 0, INK_LINE);
	canvas_dot(&c, 3, 1, INK_LINE);
	canvas_line(&c, 0, 2, 3, 2, INK_LINE);
	assert_string_equal(row_text(&c, 0), "⢁⡇");
	text_set_unicode(false);
	assert_string_equal(row_text(&c, 0), "::");
	text_set_unicode(true);
	canvas_release(&c);
}

static void bars_have_eighths(void **state)
{
	struct canvas c;

	(void)state;
	canvas_init(&c, 4, 2);
	canvas_bar(&c, 0, 1, 2, 1, 1000, INK_LINE);
	canvas_bar(&c, 1, 1, 2, 3, 4, INK_LINE);
	canvas_bar(&c, 2, 1, 2, 5, 4, INK_LINE);
	canvas_bar(&c, 3, 1, 2, 0, 4, INK_LINE);
	assert_string_equal(row_text(&c, 0), " ▄█");
	assert_string_equal(row_text(&c, 1), "▁██");
	canvas_release(&c);
}

static struct picture *stack(struct table *t)
{
	struct picture *p = picture_new(t, PICTURE_STACK, "STACK");

	p->u.stack->slots = 4;
	p->u.stack->since_us = 20000 * US_PER_DAY;
	p->u.stack->until_us = 20004 * US_PER_DAY;
	p->u.stack->v[1][0] = 1000000000000;
	p->u.stack->v[5][1] = 4000000000000;
	p->u.stack->v[1][3] = 2000000000000;
	p->u.stack->v[4][3] = 2000000000000;
	return p;
}

static void a_stack_shows_its_layers(void **state)
{
	struct canvas c;
	struct table t;
	struct buf b;

	(void)state;
	table_init(&t, cols, 1);
	canvas_init(&c, 13, 6);
	picture_draw(stack(&t), &c);
	canvas_release(&c);
	canvas_init(&c, 49, 6); /* forty columns, ten for each slot */
	picture_draw(t.pictures[0], &c);
	assert_string_equal(row_text(&c, 1),
			    "   $4.00│          ██████████          "
			    "▓▓▓▓▓▓▓▓▓▓");
	assert_string_equal(row_text(&c, 4),
			    "      $0│··········██████████          "
			    "··········");
	canvas_release(&c);
	buf_init(&b, 4096);
	picture_words(t.pictures[0], &b);
	assert_string_equal(buf_str(&b), "STACK\n  tier 1: $3.00\n"
					 "  tier 4: $2.00\n  tier 5: $4.00\n");
	buf_release(&b);
	table_release(&t);
}

static struct picture *plane(struct table *t)
{
	static const struct {
		char kind;
		double cost, success;
	} v[] = {{'s', 0.1, 0.5}, {'s', 0.4, 0.9}, {'h', 0.4, 0.9},
		 {'h', 0.1, 0.5}, {'o', 0.1, 0.9}, {'p', 0.2, 0.8},
		 {'s', NAN, NAN}, {'s', -5, 17},   {'h', 1e300, -1e300}};
	struct picture *p = picture_new(t, PICTURE_PLANE, "PLANE");

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		p->u.plane->v[i].name = "name";
		p->u.plane->v[i].kind = v[i].kind;
		p->u.plane->v[i].cost_usd = v[i].cost;
		p->u.plane->v[i].success = v[i].success;
		p->u.plane->n++;
	}
	return p;
}

static struct picture *reliability(struct table *t)
{
	struct picture *p = picture_new(t, PICTURE_RELIABILITY, "RELIABILITY");

	p->u.reliability->n = 3;
	p->u.reliability->p[0] = p->u.reliability->observed[0] = 1;
	p->u.reliability->p[1] = NAN;
	p->u.reliability->p[2] = 1e300;
	return p;
}

static struct picture *heat(struct table *t)
{
	struct picture *p = picture_new(t, PICTURE_HEAT, "HEAT");

	p->u.heat->days = 9;
	p->u.heat->last_us = 20000 * US_PER_DAY;
	p->u.heat->v[8][23] = (__int128)INT64_MAX * 1000;
	p->u.heat->v[8][0] = 1;
	return p;
}

static void every_picture_fits_every_size(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, cols, 1);
	stack(&t);
	plane(&t);
	reliability(&t);
	heat(&t);
	assert_null(picture_new(&t, PICTURE_HEAT, "one too many"));
	for (int h = 1; h < 30; h++)
		for (int w = 1; w < 130; w += 3)
			for (int i = 0; i < t.n_pictures; i++) {
				struct canvas c;

				canvas_init(&c, w, h);
				picture_draw(t.pictures[i], &c);
				canvas_release(&c);
			}
	table_clear(&t);
	picture_new(&t, PICTURE_HISTOGRAM, "none");
	for (int i = 0; i < t.n_pictures; i++) {
		struct canvas c;

		canvas_init(&c, 60, 10);
		picture_draw(t.pictures[i], &c);
		assert_string_equal(row_text(&c, 1), "no task has a cost");
		canvas_release(&c);
	}
	table_release(&t);
}

static void pictures_are_json(void **state)
{
	struct json_doc doc;
	struct json_out o;
	struct table t;
	struct buf b;
	struct err e;

	(void)state;
	table_init(&t, cols, 1);
	stack(&t);
	heat(&t);
	picture_new(&t, PICTURE_HISTOGRAM, "HIST")->u.histogram->bins = 2;
	reliability(&t)->u.reliability->n = 1;
	buf_init(&b, 1 << 20);
	json_out_init(&o, &b);
	json_out_arr(&o, NULL);
	for (int i = 0; i < t.n_pictures; i++) {
		json_out_obj(&o, NULL);
		picture_json(t.pictures[i], &o);
		json_out_end(&o, '}');
	}
	json_out_end(&o, ']');
	json_doc_init(&doc, 4096);
	assert_int_equal(json_parse(&doc, str_from(buf_str(&b)), &e), RC_OK);
	assert_true(
		json_str_is(json_get(json_first(doc.nodes), "kind"), "stack"));
	json_doc_release(&doc);
	buf_release(&b);
	table_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_canvas_keeps_to_itself),
		cmocka_unit_test(dots_are_braille_or_marks),
		cmocka_unit_test(bars_have_eighths),
		cmocka_unit_test(a_stack_shows_its_layers),
		cmocka_unit_test(every_picture_fits_every_size),
		cmocka_unit_test(pictures_are_json),
	};

	setlocale(LC_ALL, "C.UTF-8");
	text_set_unicode(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
