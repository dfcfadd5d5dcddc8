/* What the verbs of `aco router` share. */
#ifndef ACO_CMD_ROUTER_H
#define ACO_CMD_ROUTER_H

#include "ledger/base/buf.h"
#include "ledger/base/cmd.h"
#include "ledger/db.h"

struct router_cmd {
	const struct command *self;
	const struct conf *conf;
	const char *operand; /* behind the verb, or NULL */
	bool json;
	struct db *db;  /* open, its schema checked */
	struct buf out; /* printed at the end */
};
/* A verb; RC_OK and what is in c->out, or why not. */
typedef enum rc router_verb(struct router_cmd *c, struct err *e);

/* cmd_preview.c */
router_verb router_preview;
/* cmd_explain.c; the operand is the id of a decision */
router_verb router_explain_verb;

#endif
