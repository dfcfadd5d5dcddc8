/* The parts of aco dead; for cmd_dead*.c alone. */
#ifndef ACO_CMD_DEAD_H
#define ACO_CMD_DEAD_H

#include "ledger/base/cmd.h"
#include "ledger/db.h"
#include "ledger/dead.h"

enum {
	DEAD_LIST,
	DEAD_SHOW,
	DEAD_REPLAY,
	DEAD_DROP
};

struct dead_cmd {
	const struct command *self;
	const struct conf *conf;
	int verb; /* -1: none yet */
	bool all, json;
	const char **words; /* ids as they were typed */
	size_t n_words, cap_words;
	struct dead_filter f;
	struct uuid *ids;
	struct buf out;
	struct db *db;
	int code; /* the exit code of what went well so far */
};

/* The one letter whose id begins so: the row of dead_find. */
enum rc dead_cmd_find(struct dead_cmd *c, const char *id,
		      struct db_result **out, struct err *e) MUST_CHECK;

enum rc dead_cmd_list(struct dead_cmd *c, struct err *e) MUST_CHECK;
enum rc dead_cmd_show(struct dead_cmd *c, struct err *e) MUST_CHECK;
enum rc dead_cmd_replay(struct dead_cmd *c, struct err *e) MUST_CHECK;
enum rc dead_cmd_drop(struct dead_cmd *c, struct err *e) MUST_CHECK;

#endif
