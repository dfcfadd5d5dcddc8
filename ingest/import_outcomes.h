/* Our own format for verdicts on (task, model[, run]): JSON lines, described
 * by outcomes.schema.json beside this file. This header is for the test that
 * holds the two together. */
#ifndef ACO_IMPORT_OUTCOMES_H
#define ACO_IMPORT_OUTCOMES_H

enum outcomes_use {
	OUTCOMES_HEAD,   /* a column of `trial` */
	OUTCOMES_REPEAT, /* tells repeats of a trial apart: a part of `run` */
	OUTCOMES_FACT,   /* kept in attrs */
	OUTCOMES_READ,   /* read for something else, not kept itself */
};

struct outcomes_field {
	const char *name;
	enum outcomes_use use;
};
/* Every field that is looked at; the name is NULL after the last. */
extern const struct outcomes_field outcomes_fields[];

#endif
