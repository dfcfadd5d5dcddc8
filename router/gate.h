/* Whether a new bundle may take the place of the one that serves: both decide
 * for tasks that the new one was not made from, and the difference must surely
 * be a gain, in total, with no class surely worse. */
#ifndef ACO_GATE_H
#define ACO_GATE_H

#include "ledger/base/json.h"
#include "router/bundle.h"
#include "router/matrix.h"

struct gate_side {
	double success, usd; /* means over the judged tasks */
};

struct gate {
	bool passed;
	char reason[160]; /* a sentence for people */
	int judged;       /* tasks that could be compared */
	int left_out;     /* tasks where what a bundle chose was not seen */
	double price;     /* success that a dollar buys on the static hull */
	double gain, gain_low, gain_high; /* success, costs at that price */
	double saved_usd, saved_low_usd, saved_high_usd; /* a task */
	struct gate_side now, next;
};

struct gate_opts {
	double target;       /* success aimed at, relative to the strongest */
	double confidence;   /* of the gain's bound */
	double worse;        /* of the bound by which a class is worse */
	int min_tasks;       /* fewer: it does not pass */
	int min_class_tasks; /* fewer: a class is not looked at alone */
	uint64_t seed;
};
void gate_defaults(struct gate_opts *o);

/* `now` serves, `next` would; on the rows of side MX_JUDGE. What an arm did on
 * a task is what was seen; where a logging policy drew lots, by its
 * propensity. Replies are judged by the evidence that they left, and what a
 * cascade paid before the last is paid. A task on which both do the same is no
 * difference even where it was not seen; other tasks with an arm that was not
 * seen are left out. */
void gate_compare(const struct bundle *now, const struct bundle *next,
		  const struct matrix *m, const enum mx_side *side,
		  const struct gate_opts *o, struct gate *out);

/* The members "gate" and "preview" of a certificate; `tasks_a_day` turns the
 * saving of a task into that of a week. */
void gate_json(const struct gate *g, double tasks_a_day, struct json_out *o);

#endif
