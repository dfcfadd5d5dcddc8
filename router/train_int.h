/* What the files of training share; nobody else includes this. */
#ifndef ACO_TRAIN_INT_H
#define ACO_TRAIN_INT_H

#include "router/derive.h"
#include "router/train.h"

#define FOLDS_MAX 8
#define NO_FOLD   (-1)

struct fit_row {
	int task; /* of the matrix */
	int node; /* its class, see below */
	int fold;
	int proto, cluster; /* that it stands with; -1: it has no vector */
	bool origin;        /* it is where its prototype lies */
	uint64_t group;
	float weight;
};

/* A class, or what several have in common. The first is the fleet. */
struct fit_node {
	struct str name;
	int parent; /* before it; -1: the fleet has none */
	double tasks;
};

/* What was seen of an arm. */
struct tally {
	double n, success;   /* outcomes by weight, their sum */
	double priced, cost; /* those with a cost, its sum in pico-dollars */
};

/* Success and cost of each arm in a node, shrunk towards the node above. */
struct rates {
	float *rate, *cost; /* [arms]; NaN: nothing is known */
	float tier[TIERS];  /* by tier; NaN */
};

/* One model of one arm. */
struct fit_model {
	struct buf json; /* of the library; empty: none */
	float shift;     /* to be added to its margins */
};

struct fit_arm {
	bool own;
	int lender;
	struct fit_model success, cost;
	struct calibration cal;
	float spread;
	double unit; /* femto-dollars; 0: costs are in pico-dollars */
};

struct fit {
	const struct matrix *m;
	const struct train_opts *o;
	int n, arms, folds, features, columns, nodes;
	double group_rows; /* rows of a group, in the mean */
	struct fit_row *row;
	struct fit_node *node;
	int *node_of;        /* by class of the matrix */
	int *blind_of;       /* the same, of tasks without a text */
	struct arena names;  /* of nodes that the matrix does not name */
	struct tally *tally; /* [nodes][folds][arms] */

	/* the space of vectors, and who lives where in it */
	struct derive_tables space;
	struct tally *proto_tally, *cluster_tally; /* [..][folds][TIERS] */
	float *derived; /* [n][folds][FEATURE_DERIVED]: as seen without the
			   row's own fold and that one */

	struct fit_arm *arm;
	float *p;    /* [n][arms] success, out of fold; NaN: no model */
	float *cost; /* [n][arms] expected pico-dollars, out of fold; NaN */
	struct bundle_focus *focus; /* [nodes] that decisions use */
	float *post; /* [n][arms] success given what was seen of the reply,
			out of fold; NaN: nothing was seen */
	bool *lots;  /* [n] some propensity is below 1 */
	struct fit_policy *policy;  /* [nodes] */
	struct buf accept;          /* the accept model's JSON; empty: none */
	struct fit_accept *accepts; /* [nodes] */
	int replies;                /* that it was trained on */
	double done, todo;          /* progress */
};

static inline const struct mx_cell *fit_cell(const struct fit *f, int row,
					     int arm)
{
	return matrix_cell(f->m, f->row[row].task, arm);
}
/* The stored vector of a row; NULL: none. */
static inline const float *fit_vector(const struct fit *f, int row)
{
	return f->m->tasks[f->row[row].task].x;
}
void fit_progress(struct fit *f, const char *what, double done);

/* train_rows.c */
enum rc fit_rows(struct fit *f, const enum mx_side *side,
		 struct err *e) MUST_CHECK;
void fit_rows_release(struct fit *f);

/* train_rates.c: everything known but for two folds (NO_FOLD: none). */
void fit_tally(struct fit *f);
void rates_init(struct rates *r, const struct fit *f);
void rates_release(struct rates *r);
void fit_rates(const struct fit *f, int node, int but, int but2,
	       struct rates *out);
int arm_tier(const struct fit *f, int arm); /* 0..TIERS-1 */

/* train_space.c */
void fit_space(struct fit *f);
void fit_space_release(struct fit *f);
/* The tables of the bundle. */
void fit_space_rates(struct fit *f, int but, int but2);
/* A row of `columns` values for the models: as seen without its own fold and
 * `but` (its own fold or NO_FOLD: without its own). */
void fit_input(const struct fit *f, int row, int but, float *out);

/* train_arm.c */
enum rc fit_arms(struct fit *f, struct err *e) MUST_CHECK;
void fit_arms_release(struct fit *f);
void fit_arm_spread(struct fit *f, int arm); /* by f->p as it is */

/* train_focus.c: how much of what the models say counts in each class, chosen
 * out of fold; f->p is as decisions will see it from here on. */
void fit_focus(struct fit *f);

/* train_accept.c: before the policies, which are judged by f->post. */
struct fit_accept {
	struct calibration cal;
	float accept, false_accept, rate; /* see struct policy */
};
enum rc fit_accept(struct fit *f, struct err *e) MUST_CHECK;

/* train_value.c: what an arm did, or is taken to have done, on a row. */
struct value {
	double success, usd;
	bool known;
};
void fit_lots(struct fit *f);
struct value fit_value(const struct fit *f, int row, int arm);
/* Of serving `first` and going on to other arms as decisions do. */
struct value fit_walk(const struct fit *f, int row, int first, double lambda);
bool fit_of_node(const struct fit *f, int row, int node);

/* train_policy.c */
struct fit_policy {
	struct policy policy;
	const char *why; /* a sentence for people */
	/* On held-out rows, paired. */
	bool beats;            /* the learned one serves at its lambda */
	int judged;            /* rows that could be compared */
	double gain, gain_low; /* of utility: success, costs at `price` */
	double static_success, static_usd, learned_success, learned_usd;
	double price; /* success that a dollar buys on the static hull */
	float *bonus; /* [POLICY_RUNGS][arms], see bundle.h; NULL: none */
};
void fit_policies(struct fit *f);
/* The arm that is strongest by tier, then by cost; -1: nothing is known. */
int fit_strongest(const struct fit *f, const struct rates *r);

/* train_rung.c: what serves at each price, after fit_policies(). */
void fit_rungs(struct fit *f);

/* train_repeat.c: out[nodes * TIERS], the correlation of success between two
 * runs of a task by an arm of the tier; 0: too little was repeated. */
void fit_repeats(const struct fit *f, float *out);

/* train_cert.c */
void fit_certificate(const struct fit *f, struct buf *json);

#endif
