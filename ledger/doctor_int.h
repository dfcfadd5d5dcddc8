/* Shared by doctor.c (the table and the installation), doctor_daemon.c and
 * doctor_sums.c (the ledger's figures). */
#ifndef ACO_DOCTOR_INT_H
#define ACO_DOCTOR_INT_H

#include "ledger/db.h"
#include "ledger/doctor.h"

struct doctor {
	const struct conf *conf;
	struct doctor_opts opts;
	struct db *db; /* NULL: not reached */
	int32_t *days; /* those to recompute */
	size_t n_days;
};

/* Set the finding's state and texts. */
void doctor_found(struct doctor_finding *f, enum doctor_state state,
		  const char *fmt, ...) PRINTF_LIKE(3, 4);
void doctor_advise(struct doctor_finding *f, const char *fmt, ...)
	PRINTF_LIKE(2, 3);
/* A check that could not be made. */
void doctor_failed(struct doctor_finding *f, const struct err *e);

void check_daemon(struct doctor *d, struct doctor_finding *f);
void check_spool(struct doctor *d, struct doctor_finding *f);

enum rc doctor_choose_days(struct doctor *d, struct err *e) MUST_CHECK;

void check_attempt_sums(struct doctor *d, struct doctor_finding *f);
void check_task_sums(struct doctor *d, struct doctor_finding *f);
void check_tasks(struct doctor *d, struct doctor_finding *f);
void check_attempts(struct doctor *d, struct doctor_finding *f);
void check_names(struct doctor *d, struct doctor_finding *f);
void check_budgets(struct doctor *d, struct doctor_finding *f);

#endif
