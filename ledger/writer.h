/* The inside of a writer, shared by append*.c and by nobody else.
 *
 * A batch goes through a fixed list of operations (append.c), each at most one
 * statement. Names and partitions come first, each in a transaction of its
 * own; then one transaction holds everything else:
 *
 *   IDLE -> NAMES -> PARTITIONS -> BEGIN -> tasks -> attempts -> sums -> COMMIT
 *                                    |                             |
 *                                    +--- error ---> ROLLBACK <----+
 *                                                      |
 *        23505: again, in merge mode;  no partition: again;
 *        the data's fault: look for the row by halving, then again without it;
 *        anything else: the caller hears of it and may try again
 *
 * The optimistic pass copies rows as if they were new. In merge mode the
 * names of the batch are looked up first, known rows are locked, merged here
 * in C (attempt.h) and written anew.
 *
 * Locks are taken in one order, so that writers do not wait in a circle: known
 * tasks, calls, new tasks, steps, names, each by key. A pass that meets a call
 * of a task that it has not locked lets go of all and starts over with it; so
 * does one whose new task another writer was first to add. */
#ifndef ACO_WRITER_H
#define ACO_WRITER_H

#include "ledger/attempt.h"
#include "ledger/batch.h"
#include "ledger/db.h"
#include "ledger/ledger.h"
#include "ledger/names.h"
#include "ledger/price.h"
#include "ledger/rollup.h"

/* A call of the batch, or a row of the database that it meets. */
struct wrow {
	struct att a;
	int32_t into;     /* fused into that row, or -1 */
	int32_t old_i;    /* row of the database: index in old[], or -1 */
	int32_t old_head; /* chain of rows[] that are its old selves, or -1 */
	int32_t old_next;
	bool write; /* to be written (new, or changed) */
};

/* A step of the batch, with what its attempts of one day say of it: one that
 * spans midnight has a row under each day, whatever came first. */
struct wstep {
	struct uuid id, task_id;
	int32_t day, seq; /* seq 0 = not known */
	enum step_kind kind;
	int32_t tool_id;
	int8_t failed;
	bool written;
	int64_t started_us;
};

/* A task as it was when it was locked, and as it will be. */
struct wtask {
	struct uuid id, parent_id, old_parent_id;
	struct task_view old, cur;
	int64_t old_ended_us, ended_us;
	int16_t class_rank, who, old_class_rank, old_who;
	struct str attrs, old_attrs;
	int32_t batch_i; /* in the batch, or -1 */
	bool locked;     /* asked for */
	bool there;      /* in the database; else... */
	bool fresh;      /* ...it is written with this batch */
	bool span_dirty; /* start and end must be read again */
};

/* A row of the batch that the database refused for its own sake. */
struct poison {
	size_t unit;
	char sqlstate[6];
	char reason[256];
};

struct range {
	size_t from, to;
};

/* A name on one of the days under which it stands. */
struct key_day {
	int32_t day;
	struct uuid key;
};

enum writer_state {
	W_IDLE,
	W_RUNNING,
	W_ROLLBACK
};

struct ledger {
	const struct conf *conf;
	char *url;
	struct db *db;
	int16_t slot;
	struct price_book *book;
	int64_t price_version; /* of the book; see price_version.sql */
	struct names names;
	struct map days; /* days whose partitions are known to be there */
	int32_t *day_list;
	size_t n_day_list, cap_day_list;

	/* the batch in flight */
	enum writer_state state;
	const struct batch *b;
	ledger_done_fn *done;
	void *arg;
	struct ledger_counts counts;
	bool merge; /* look up before writing */
	bool trial_merge;
	bool decision_merge;
	size_t decisions; /* that were sent */
	size_t trials;    /* distinct ones that were sent */
	int op;           /* index in the list of operations */
	int tries;
	enum rc rc; /* why it is rolled back */
	char sqlstate[6];
	bool no_partition; /* 23514 without a constraint's name */
	struct err err;
	bool again; /* start over after the rollback */

	/* what failed passes learnt, for the next: tasks of rows that the batch
	 * meets, names that rows took to other days, days without partitions */
	bool learnt;
	struct uuid *met;
	size_t n_met, cap_met;
	struct key_day *taken;
	size_t n_taken, cap_taken;
	int32_t *lacking;
	size_t n_lacking, cap_lacking;

	/* looking for a poison row */
	struct poison *poison;
	size_t n_poison, cap_poison;
	bool *refused; /* by unit: is it among them? */
	size_t cap_refused;
	struct range *hunt; /* ranges to be probed, last first */
	size_t n_hunt, cap_hunt;
	bool probing;
	struct range active; /* units of the batch that take part */
	int hunts;
	bool no_letters; /* of poison: the caller asks for it */

	/* prepared from the batch */
	struct wrow *rows;
	size_t n_rows, cap_rows;
	struct map key_map; /* name and day to position in key_row */
	struct {
		struct key_day k;
		uint32_t row;
	} * key_row;
	size_t n_keys, cap_keys;
	struct wstep *steps;
	size_t n_steps, cap_steps;
	struct map step_map;
	struct wtask *tasks;
	size_t n_tasks, cap_tasks;
	int fresh; /* of them are new */
	struct map task_map;
	struct att *old; /* rows of the database, as they were */
	size_t n_old, cap_old;
	struct {
		int32_t day;
		struct uuid id;
	} * hits;
	size_t n_hits, cap_hits;
	struct rollup rollup;
	struct arena arena; /* texts of the tasks as they were */

	struct db_args args;
	struct buf copy;
};

/* An operation: builds and starts its statement. */
enum op_start {
	OP_SENT,
	OP_SKIP,
	OP_FAILED
};
struct op {
	const char *name;
	enum op_start (*start)(struct ledger *l);
	/* the statement's answer; may be NULL */
	void (*finish)(struct ledger *l, const struct db_status *st,
		       const struct db_result *r);
	bool loops; /* start again until it skips */
};

/* Start a statement for the current operation. */
enum op_start op_send(struct ledger *l, const struct sql_stmt *stmt);
enum op_start op_copy(struct ledger *l, const struct sql_stmt *stmt);
enum op_start op_fail(struct ledger *l, enum rc rc, const char *msg);

/* append_poison.c. Does unit `i` of the batch (attempts, outcomes, trials,
 * decisions, in that order) take part in this pass? */
bool unit_active(const struct ledger *l, size_t i);
/* A new batch. */
void poison_reset(struct ledger *l);
/* Unit `unit` goes to the dead letters; sqlstate "" = we refused it. */
void poison_add(struct ledger *l, size_t unit, const char *sqlstate,
		const char *reason);
/* A pass failed by the data's fault, or a probe passed: choose the next pass
 * (l->active, l->probing). False: no row is at fault, give up. */
bool poison_failed(struct ledger *l);
bool poison_passed(struct ledger *l);
/* The letter of a refused row; its body, the event as a line of our own, lies
 * in the arena. */
void poison_letter(const struct ledger *l, const struct poison *p,
		   struct bt_dead *out, struct arena *bodies);

/* append_decision.c. The unit of the batch's decision `i`. */
size_t decision_unit(const struct ledger *l, size_t i);
enum op_start op_decision_table(struct ledger *l);
enum op_start op_decisions(struct ledger *l);
void op_decisions_done(struct ledger *l, const struct db_status *st,
		       const struct db_result *r);
enum op_start op_decisions_merge(struct ledger *l);
void op_decisions_merge_done(struct ledger *l, const struct db_status *st,
			     const struct db_result *r);

/* append_prepare.c */
enum op_start op_names(struct ledger *l);
void op_names_done(struct ledger *l, const struct db_status *st,
		   const struct db_result *r);
enum op_start op_models(struct ledger *l);
void op_models_done(struct ledger *l, const struct db_status *st,
		    const struct db_result *r);
enum op_start op_prepare(struct ledger *l); /* always skips */
enum op_start op_days(struct ledger *l);
/* A pass found no partition: the next one makes those of all its days. */
void days_learn(struct ledger *l);
uint32_t row_alive(const struct ledger *l, uint32_t row);
/* Add a call, fusing it with every row that shares one of its names. */
uint32_t row_add(struct ledger *l, const struct att *a, int32_t old_i);
/* NULL: not of this batch. */
struct wstep *step_find(const struct ledger *l, struct uuid id, int32_t day);
int32_t dict_id(const struct ledger *l, enum dict_kind kind, struct str name);

/* append_tasks.c */
struct wtask *task_find(const struct ledger *l, struct uuid id);
struct wtask *task_add(struct ledger *l, struct uuid id, int32_t batch_i);
enum op_start op_tasks_lock(struct ledger *l);
void op_tasks_lock_done(struct ledger *l, const struct db_status *st,
			const struct db_result *r);
enum op_start op_tasks_met(struct ledger *l);  /* skips, or fails to learn */
enum op_start op_tasks_hear(struct ledger *l); /* always skips */
enum op_start op_tasks_sums(struct ledger *l);
void op_tasks_sums_done(struct ledger *l, const struct db_status *st,
			const struct db_result *r);
enum op_start op_tasks_span(struct ledger *l);
void op_tasks_span_done(struct ledger *l, const struct db_status *st,
			const struct db_result *r);
enum op_start op_verdicts(struct ledger *l);
void op_verdicts_done(struct ledger *l, const struct db_status *st,
		      const struct db_result *r);
enum op_start op_tasks_new(struct ledger *l);
void op_tasks_new_done(struct ledger *l, const struct db_status *st,
		       const struct db_result *r);
enum op_start op_tasks_raced(struct ledger *l); /* skips, or fails */
enum op_start op_tasks_update(struct ledger *l);

/* append_merge.c */
enum op_start op_find_keys(struct ledger *l);
void op_find_keys_done(struct ledger *l, const struct db_status *st,
		       const struct db_result *r);
enum op_start op_lock_rows(struct ledger *l);
void op_lock_rows_done(struct ledger *l, const struct db_status *st,
		       const struct db_result *r);
enum op_start op_old_names(struct ledger *l);
enum op_start op_old_models(struct ledger *l);
enum op_start op_settle(struct ledger *l); /* decides; always skips */

/* append_rows.c */
/* A pass met names that it did not look up: the next one shall. */
void rows_learn(struct ledger *l);
enum op_start op_delete_keys(struct ledger *l);
enum op_start op_delete_rows(struct ledger *l);
enum op_start op_steps(struct ledger *l);
enum op_start op_copy_keys(struct ledger *l);
enum op_start op_copy_rows(struct ledger *l);
enum op_start op_delete_steps(struct ledger *l);
enum op_start op_attempt_rollup(struct ledger *l);
enum op_start op_task_rollup(struct ledger *l);

/* append_rest.c */
enum op_start op_outcomes(struct ledger *l);
void op_outcomes_done(struct ledger *l, const struct db_status *st,
		      const struct db_result *r);
enum op_start op_trial_table(struct ledger *l);
enum op_start op_trials(struct ledger *l);
void op_trials_done(struct ledger *l, const struct db_status *st,
		    const struct db_result *r);
enum op_start op_trials_merge(struct ledger *l);
void op_trials_merge_done(struct ledger *l, const struct db_status *st,
			  const struct db_result *r);
enum op_start op_dead(struct ledger *l);
enum op_start op_claims(struct ledger *l);
enum op_start op_cursors(struct ledger *l);

#endif
