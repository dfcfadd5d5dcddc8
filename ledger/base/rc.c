#include "ledger/base/rc.h"

#include <string.h>

const char *rc_name(enum rc rc)
{
	switch (rc) {
	case RC_OK:
		return "ok";
	case RC_BAD:
		return "bad";
	case RC_DENIED:
		return "denied";
	case RC_BUSY:
		return "busy";
	case RC_DOWN:
		return "down";
	case RC_BUG:
		return "bug";
	}
	return "unknown";
}

enum rc rc_from_sqlstate(const char *state)
{
	/* The first prefix that fits decides, so single codes come before
	 * their class. */
	static const struct {
		const char *prefix;
		enum rc rc;
	} map[] = {
		{"22", RC_BAD},     /* the value cannot be stored */
		{"23502", RC_BAD},  /* not null */
		{"23514", RC_BAD},  /* check */
		{"23505", RC_BUSY}, /* unique: merge */
		{"25006", RC_DOWN}, /* read-only: a standby; will change */
		{"26", RC_BUG},     /* unknown prepared statement */
		{"34", RC_BUG},     /* unknown cursor */
		{"42501", RC_DOWN}, /* privilege: an operator mends it */
		{"42", RC_BUG},     /* our SQL and the schema disagree */
	};

	if (!state || strlen(state) != 5)
		return RC_DOWN;
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (!strncmp(state, map[i].prefix, strlen(map[i].prefix)))
			return map[i].rc;
	}
	return RC_DOWN;
}

int rc_exit(enum rc rc)
{
	return rc == RC_OK ? 0 : 1;
}
