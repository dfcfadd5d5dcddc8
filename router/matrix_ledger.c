/* The matrix of what a ledger knows. */
#include "ledger/learn.h"
#include "router/matrix_int.h"

static enum rc add(void *arg, const struct learn_row *r, struct err *e)
{
	struct mx_line l = {
		.t = &r->t,
		.repo = r->repo,
		.evidence = r->evidence,
		.propensity = r->propensity,
	};

	return mx_add(arg, &l, e);
}

enum rc matrix_ledger(struct matrix *m, struct db *db,
		      const struct learn_opts *from, const struct mx_opts *o,
		      struct err *e)
{
	struct mx_build *b = mx_build_new(m, o);
	enum rc rc = learn_read(db, from, add, b, e);

	if (!rc)
		return mx_build_end(b, e);
	mx_build_free(b);
	return rc;
}
