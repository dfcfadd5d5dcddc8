/* aco dead: what the ledger could not take, why, and taking it after all. */
#include "ledger/cmd_dead.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/connect.h"

enum {
	OPT_ALL,
	OPT_REASON,
	OPT_SINCE,
	OPT_JSON
};
static const struct cmd_opt opts[] = {
	[OPT_ALL] = {"all", 0, NULL, "replay, drop: every letter that matches"},
	[OPT_REASON] = {"reason", 0, "TEXT", "letters whose reason holds TEXT"},
	[OPT_SINCE] = {"since", 0, "TIME", "letters of TIME or later"},
	[OPT_JSON] = {"json", 0, NULL, "JSON instead of text"},
	{NULL, 0, NULL, NULL},
};

static const struct {
	const char *name;
	enum rc (*run)(struct dead_cmd *c, struct err *e);
} verbs[] = {
	{"list", dead_cmd_list},
	{"show", dead_cmd_show},
	{"replay", dead_cmd_replay},
	{"drop", dead_cmd_drop},
};
#define VERB_COUNT ((int)(sizeof(verbs) / sizeof(verbs[0])))

static int read_operand(struct dead_cmd *c, const char *text)
{
	if (c->verb < 0) {
		for (int i = 0; i < VERB_COUNT; i++) {
			if (str_is(str_from(text), verbs[i].name))
				c->verb = i;
		}
		return c->verb < 0 ? cmd_usage(c->self,
					       "'%s' is none of list, show, "
					       "replay and drop",
					       text)
				   : 0;
	}
	for (const char *p = text; *p; p++) {
		if (!strchr("0123456789abcdefABCDEF-", *p))
			return cmd_usage(c->self,
					 "'%s' is no id of a dead letter",
					 text);
	}
	xgrow(&c->words, &c->cap_words, c->n_words + 1, sizeof(*c->words));
	c->words[c->n_words++] = text;
	return 0;
}

/* What goes with what. */
static int check_args(const struct dead_cmd *c)
{
	bool picks = c->verb >= DEAD_REPLAY;
	bool filter = c->f.reason.p || c->f.since_us != TIME_NONE;

	if (c->verb < 0)
		return cmd_usage(c->self, "say list, show, replay or drop");
	if (c->verb == DEAD_SHOW && c->n_words != 1)
		return cmd_usage(c->self, "show wants one id");
	if (c->verb == DEAD_LIST && c->n_words)
		return cmd_usage(c->self, "list takes no ids");
	if (!picks && c->all)
		return cmd_usage(c->self, "--all is for replay and drop");
	if (c->verb == DEAD_SHOW && filter)
		return cmd_usage(c->self,
				 "show takes neither --reason nor --since");
	if (picks && !c->n_words && !c->all && !filter)
		return cmd_usage(c->self, "which letters? name their ids, or "
					  "give --reason, --since or --all");
	if (picks && c->n_words && (c->all || filter))
		return cmd_usage(c->self, "ids go with neither --all nor "
					  "--reason and --since");
	return 0;
}

/* Exit code of a mistake, 0 to go on; -1: help was printed. */
static int read_args(struct dead_cmd *c, int argc, char **argv)
{
	struct cmd_args a;
	int code = 0;

	cmd_args_init(&a, c->self, argc, argv);
	for (int got; code == 0 && (got = cmd_next(&a)) != CMD_END;) {
		switch (got) {
		case CMD_HELP:
			return -1;
		case CMD_USAGE:
			return 2;
		case CMD_OPERAND:
			code = read_operand(c, a.value);
			break;
		case OPT_ALL:
			c->all = true;
			break;
		case OPT_REASON:
			c->f.reason = str_from(a.value);
			break;
		case OPT_SINCE:
			if (!clock_parse(str_from(a.value), &c->f.since_us))
				code = cmd_usage(
					c->self,
					"--since: '%s' is not a time; write "
					"2026-11-24 or 2026-11-24T10:30:00Z",
					a.value);
			break;
		default:
			c->json = true;
			break;
		}
	}
	return code ? code : check_args(c);
}

/* The letters that were named, each by the beginning of its id. */
static enum rc find_letters(struct dead_cmd *c, struct err *e)
{
	enum rc rc = RC_OK;

	c->ids = xcalloc(c->n_words + 1, sizeof(*c->ids));
	for (size_t i = 0; i < c->n_words && !rc; i++) {
		struct db_result *r = NULL;

		rc = dead_cmd_find(c, c->words[i], &r, e);
		if (rc == RC_OK)
			c->ids[i] = db_uuid(r, 0, 0);
		db_result_free(r);
	}
	c->f.ids = c->ids;
	c->f.n_ids = c->n_words;
	return rc;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct dead_cmd c = {.self = self,
			     .conf = conf,
			     .verb = -1,
			     .f = {.since_us = TIME_NONE}};
	struct err e = {0};
	enum rc rc;
	int code = read_args(&c, argc, argv);

	if (code) {
		free(c.words);
		return code < 0 ? 0 : code;
	}
	buf_init(&c.out, (size_t)64 << 20);
	rc = connect_ledger(&c.db, conf, "dead", &e);
	if (!rc && c.verb >= DEAD_REPLAY)
		rc = find_letters(&c, &e);
	if (!rc)
		rc = verbs[c.verb].run(&c, &e);
	if (c.out.len)
		fwrite(c.out.p, 1, c.out.len, stdout);
	if (rc)
		err_print(&e);
	db_close(c.db);
	buf_release(&c.out);
	free(c.ids);
	free(c.words);
	return rc ? rc_exit(rc) : c.code;
}

const struct command command_dead = {
	.name = "dead",
	.args = "list|show ID|replay [ID...]|drop [ID...]",
	.summary = "show what the ledger could not take, and take it after all",
	.help = "A row that cannot be taken never holds up the others: it "
		"becomes a dead letter, with the reason.\n"
		"\n"
		"'list' groups those that wait by their reason, with the "
		"newest of each. 'show' prints one with what its reason means "
		"and what to do. 'replay' gives events to the ledger again: "
		"what is taken waits no longer, what is refused stays with the "
		"new reason (exit code 1). 'drop' deletes. The beginning of an "
		"id will do where it is the only one.\n"
		"\n"
		"Letters hold what the ledger would have held, never prompts. "
		"A note is a letter without its event, and cannot be replayed.",
	.opts = opts,
	.run = run,
};
