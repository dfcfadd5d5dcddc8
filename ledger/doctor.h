/* Checks of an installation and of its ledger. One table in doctor.c names
 * them all; to add one, write its function and a line there, and break what it
 * looks at in tests/int/test_doctor.c. */
#ifndef ACO_DOCTOR_H
#define ACO_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/base/conf.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_WARN, /* worth knowing; the ledger is right */
	DOCTOR_FAIL,
	DOCTOR_SKIP, /* could not be looked at, or does not apply here */
};
const char *doctor_state_name(enum doctor_state s);

struct doctor_finding {
	const char *name; /* of the check: "database", "attempt sums", ... */
	enum doctor_state state;
	char found[512];  /* what was found */
	char advice[256]; /* what to do; "" when nothing */
};

/* Which days of the ledger are recomputed. */
enum doctor_scope {
	DOCTOR_RANDOM, /* one of the days that hold something */
	DOCTOR_DAY,
	DOCTOR_ALL,
};
struct doctor_opts {
	enum doctor_scope scope;
	int32_t day; /* of DOCTOR_DAY */
};

/* Run every check and hand each finding to `tell` as soon as it is there.
 * Returns the worst state. Nothing is changed. */
typedef void doctor_tell_fn(void *arg, const struct doctor_finding *f);
enum doctor_state doctor_run(const struct conf *conf,
			     const struct doctor_opts *opts,
			     doctor_tell_fn *tell, void *arg);

#endif
