/* The inside of a batch, for the writer and for tests: validated events with
 * their ids, in the order in which they came. */
#ifndef ACO_BATCH_H
#define ACO_BATCH_H

#include "ledger/base/map.h"
#include "ledger/event.h"

/* Fields of a task that the better source says, each with its rank in four
 * bits of task.who_ranks; RANK_NONE where nobody said anything. */
enum task_field {
	TASK_TEAM,
	TASK_AGENT,
	TASK_ATTRS
};
enum source_rank task_rank(int who, enum task_field f);
int task_set_rank(int who, enum task_field f, enum source_rank rank);
#define TASK_WHO_NOBODY 0xfff /* RANK_NONE for each */

struct bt_task {
	struct uuid id, parent_id; /* parent nil: none */
	int who;                   /* ranks of the fields */
	struct ev_task e;
};

struct bt_attempt {
	struct uuid step_id;
	struct ev_attempt e;
};

struct bt_claim {
	struct uuid step_id;
	struct ev_claim e;
};

struct bt_outcome {
	struct uuid id, step_id; /* step nil: on the task */
	struct ev_outcome e;
};

struct bt_decision {
	struct uuid step_id; /* nil: of the task */
	struct ev_decision e;
};

struct bt_trial {
	struct uuid id;
	struct ev_trial e;
};

struct bt_dead {
	struct uuid id;
	struct ev_dead e;
};

struct batch {
	struct arena arena;
	struct map task_map; /* task id to index */
	struct bt_task *tasks;
	struct bt_attempt *attempts;
	struct bt_outcome *outcomes;
	struct bt_claim *claims;
	struct bt_decision *decisions;
	struct bt_trial *trials;
	struct bt_dead *dead;
	struct ev_cursor *cursors;
	size_t n_tasks, n_attempts, n_outcomes, n_trials, n_dead, n_cursors,
		n_claims, n_decisions;
	size_t cap_tasks, cap_attempts, cap_outcomes, cap_trials, cap_dead,
		cap_cursors, cap_claims, cap_decisions;
};

/* Add a task whose fields have each a rank of their own (who), and whose
 * parent is known by id only: one that was in a batch before. */
enum rc batch_task_as(struct batch *b, const struct bt_task *t, uint32_t *index,
		      struct err *e) MUST_CHECK;

/* batch_check.c: RC_BAD with the field and why; RC_BUG: a caller's mistake. */
enum rc check_task(const struct ev_task *t, struct err *e) MUST_CHECK;
enum rc check_attempt(const struct batch *b, const struct ev_attempt *a,
		      struct err *e) MUST_CHECK;
enum rc check_outcome(const struct batch *b, const struct ev_outcome *o,
		      struct err *e) MUST_CHECK;
enum rc check_claim(const struct batch *b, const struct ev_claim *c,
		    struct err *e) MUST_CHECK;
enum rc check_decision(const struct batch *b, const struct ev_decision *d,
		       struct err *e) MUST_CHECK;
enum rc check_trial(const struct ev_trial *t, struct err *e) MUST_CHECK;
enum rc check_cursor(const struct ev_cursor *c, struct err *e) MUST_CHECK;

/* Ids as every part of the ledger makes them. */
struct uuid task_id_of(struct str sender, struct str ext_id);
struct uuid step_id_of(struct uuid task, struct str step_key);

#endif
