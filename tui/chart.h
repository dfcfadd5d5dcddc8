/* Pictures: what they show, kept beside a table's rows, and how it is drawn
 * into a canvas, told in words, or written as JSON. A view makes one with
 * picture_new() in its `take` and fills it in; screens draw it where there is
 * room, so that a view knows nothing of sizes.
 *
 * To add a kind: a struct and an entry of enum picture_kind here, a file
 * chart_KIND.c with its functions, a line in the table of chart.c. */
#ifndef ACO_TUI_CHART_H
#define ACO_TUI_CHART_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/json.h"
#include "tui/canvas.h"
#include "tui/table.h"

enum picture_kind {
	PICTURE_STACK,
	PICTURE_HEAT,
	PICTURE_HISTOGRAM,
	PICTURE_PLANE,
	PICTURE_RELIABILITY,
	PICTURE_N
};

/* Spend over time by tier, the cheapest at the bottom; layer 0: none. */
#define STACK_LAYERS 6
struct chart_stack {
	int slots; /* 0..SPARK_MAX */
	int64_t since_us, until_us;
	__int128 v[STACK_LAYERS][SPARK_MAX];
};

/* Spend by hour of the day, a row each day, the latest last. */
#define HEAT_DAYS 31
struct chart_heat {
	int days;
	int64_t last_us; /* some time of the last day */
	__int128 v[HEAT_DAYS][24];
};

/* How many tasks cost how much. */
#define HIST_BINS 24
struct chart_histogram {
	int bins;
	__int128 from_pusd[HIST_BINS]; /* lower edge of each bin */
	int64_t n[HIST_BINS];
};

/* Success over cost. */
#define PLANE_POINTS 48
struct chart_plane {
	int n;
	struct {
		const char *name; /* in the arena */
		char kind;        /* 's'ingle 'h'ull 'p'olicy 'o'racle */
		double cost_usd, success;
	} v[PLANE_POINTS];
};

/* What was promised against what came true. */
#define RELIABILITY_BINS 32
struct chart_reliability {
	int n;
	double p[RELIABILITY_BINS], observed[RELIABILITY_BINS];
	int64_t count[RELIABILITY_BINS];
};

struct picture {
	enum picture_kind kind;
	const char *title;
	union {
		struct chart_stack *stack;
		struct chart_heat *heat;
		struct chart_histogram *histogram;
		struct chart_plane *plane;
		struct chart_reliability *reliability;
		void *any;
	} u;
};

/* A new picture of the table, all zeros; NULL when there are TABLE_PICTURES or
 * memory ran out. */
struct picture *picture_new(struct table *t, enum picture_kind kind,
			    const char *title);

/* A copy in another table: of those whose figures are all their own (stack,
 * heat, histogram). NULL as picture_new(). */
struct picture *picture_copy(struct table *t, const struct picture *p);

/* Draw it with its title. */
void picture_draw(const struct picture *p, struct canvas *c);
/* One or a few lines that say the same, each ending in a line break. */
void picture_words(const struct picture *p, struct buf *out);
/* Members of the object that is open in o. */
void picture_json(const struct picture *p, struct json_out *o);

/* ---- the kinds (chart_*.c) ---- */
void chart_stack_draw(const struct picture *p, struct canvas *c);
void chart_stack_words(const struct picture *p, struct buf *out);
void chart_stack_json(const struct picture *p, struct json_out *o);
void chart_heat_draw(const struct picture *p, struct canvas *c);
void chart_heat_words(const struct picture *p, struct buf *out);
void chart_heat_json(const struct picture *p, struct json_out *o);
void chart_histogram_draw(const struct picture *p, struct canvas *c);
void chart_histogram_words(const struct picture *p, struct buf *out);
void chart_histogram_json(const struct picture *p, struct json_out *o);
void chart_plane_draw(const struct picture *p, struct canvas *c);
void chart_plane_words(const struct picture *p, struct buf *out);
void chart_plane_json(const struct picture *p, struct json_out *o);
void chart_reliability_draw(const struct picture *p, struct canvas *c);
void chart_reliability_words(const struct picture *p, struct buf *out);
void chart_reliability_json(const struct picture *p, struct json_out *o);

/* Where there is nothing to draw. */
void chart_nothing(struct canvas *c, const char *why);

#endif
