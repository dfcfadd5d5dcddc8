/* Whether a new bundle may take the place of the one that serves: both decide
 * for tasks that neither was made from, and the difference must surely be a
 * gain of more than GATE_GAIN, in total, with no class surely worse by more
 * than that. (On 1,500 tasks two fits of one distribution are told apart to a
 * quarter of a point: with any sure gain one in ten would have served that is
 * better by less than half a point, and every night another.)
 *
 * Gain is success less dollars, turned into success at what a dollar buys on
 * the hull of single arms. Since that price may be far from what people pay,
 * noise in success could drown a saving, or the reverse: a bundle also passes
 * when it surely saves at least GATE_SAVING, as surely loses no more than
 * GATE_LOSS of success, and is not surely worse at that price. Either way alone
 * may promote, so they share the doubt. Differences are paired, task by task,
 * and groups are what is resampled.
 *
 * A class is worse if it surely is at that price and at what a dollar buys on
 * its own hull. Where only the strongest arm is good enough success is dear,
 * and a class that pays more for what its goal asks, or gives up what hardly
 * anyone would pay for, moves along its hull: it is not worse. One that pays
 * more for nothing is, at any price.
 *
 * gate_play.c lets both decide, gate.c judges what came of it. */
#ifndef ACO_GATE_H
#define ACO_GATE_H

#include "ledger/base/json.h"
#include "router/bundle.h"
#include "router/matrix.h"

#define GATE_GAIN   0.0025 /* success: less is not worth another version */
#define GATE_SAVING 0.03   /* of the cost of what serves */
#define GATE_LOSS   0.015  /* of success, as a share of tasks */

struct gate_side {
	double success, usd; /* means over the judged tasks */
};

struct gate {
	bool passed;
	char reason[160]; /* a sentence for people */
	int judged;       /* tasks that could be compared */
	int left_out;     /* tasks where what a bundle chose was not seen */
	int worse_class;  /* that is surely worse; -1 none */
	double price;     /* success that a dollar buys on the static hull */
	double gain, gain_low, gain_high; /* success, costs at that price */
	double success_low;               /* of the difference in success */
	double saved_usd, saved_low_usd, saved_high_usd; /* a task */
	struct gate_side now, next;
};

struct gate_opts {
	double target;       /* success aimed at, relative to the strongest */
	double confidence;   /* of the verdict */
	double worse;        /* of the bound by which a class is worse */
	int min_tasks;       /* fewer: it does not pass */
	int min_class_tasks; /* fewer: a class is not looked at alone */
	int boot;            /* resamples */
	uint64_t seed;
};
void gate_defaults(struct gate_opts *o);

/* What came of a task. */
struct gate_row {
	uint64_t group;
	int class_id;
	bool same;    /* both did the same, which was not seen: no difference */
	double price; /* success that a dollar buys on the class's own hull; 0:
			 not known, that of all holds */
	double now_success, now_usd, next_success, next_usd;
};

/* `now` serves, `next` would; on the rows of side MX_JUDGE. What an arm did on
 * a task is what was seen; where a logging policy drew lots, by its
 * propensity. Replies are judged by the evidence that they left, and what a
 * cascade paid before the last is paid. A task on which both do the same is no
 * difference even where it was not seen; other tasks with an arm that was not
 * seen are left out, and counted in `out`, of which also the price is set.
 * rows: room for m->n_tasks; returns how many there are. */
int gate_play(const struct bundle *now, const struct bundle *next,
	      const struct matrix *m, const enum mx_side *side,
	      const struct gate_opts *o, struct gate_row *rows,
	      struct gate *out);
/* The verdict over rows; out->price and out->left_out are what gate_play()
 * said. `classes` (n_classes names) are for the reason. */
void gate_judge(const struct gate_row *rows, int n, const struct str *classes,
		int n_classes, const struct gate_opts *o, struct gate *out);
/* Both. */
void gate_compare(const struct bundle *now, const struct bundle *next,
		  const struct matrix *m, const enum mx_side *side,
		  const struct gate_opts *o, struct gate *out);

/* The members "gate" and "preview" of a certificate; `tasks_a_day` turns the
 * saving of a task into that of a week. */
void gate_json(const struct gate *g, double tasks_a_day, struct json_out *o);

#endif
