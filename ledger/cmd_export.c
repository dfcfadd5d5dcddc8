/* aco export: the ledger's rows on standard output. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "ledger/base/clock.h"
#include "ledger/base/cmd.h"
#include "ledger/connect.h"
#include "ledger/db.h"
#include "ledger/export.h"

enum {
	OPT_SINCE,
	OPT_UNTIL,
	OPT_CLASS,
	OPT_LIMIT,
	OPT_JSON,
	OPT_CSV,
	OPT_ARRIVAL
};
static const struct cmd_opt opts[] = {
	[OPT_SINCE] = {"since", 0, "TIME",
		       "rows that started at TIME or later"},
	[OPT_UNTIL] = {"until", 0, "TIME", "rows that started before TIME"},
	[OPT_CLASS] = {"class", 0, "CLASS", "rows of this task class only"},
	[OPT_LIMIT] = {"limit", 0, "N", "at most N rows"},
	[OPT_JSON] = {"json", 0, NULL, "one JSON object a line (the default)"},
	[OPT_CSV] = {"csv", 0, NULL, "CSV with a header line (RFC 4180)"},
	[OPT_ARRIVAL] = {"arrival", 0, NULL,
			 "with received_at, when the row came in"},
	{NULL, 0, NULL, NULL},
};

static int read_time(const struct command *self, const char *opt,
		     const char *text, int64_t *us)
{
	if (clock_parse(str_from(text), us))
		return 0;
	return cmd_usage(self,
			 "--%s: '%s' is not a time; write 2026-11-24 or "
			 "2026-11-24T10:30:00Z",
			 opt, text);
}

static int read_operand(const struct command *self, const char *text,
			const struct export_kind **kind)
{
	if (*kind)
		return cmd_usage(self, "one kind at a time, '%s' is too many",
				 text);
	*kind = export_kind_find(str_from(text));
	if (*kind)
		return 0;
	return cmd_usage(self, "there is nothing called '%s' to export", text);
}

/* Exit code of a mistake, or 0 with *kind set; -1: help was printed. */
static int read_args(const struct command *self, int argc, char **argv,
		     struct export_opts *o, const struct export_kind **kind)
{
	struct cmd_args a;
	int code = 0, format = -1;

	cmd_args_init(&a, self, argc, argv);
	for (int got; code == 0 && (got = cmd_next(&a)) != CMD_END;) {
		switch (got) {
		case CMD_HELP:
			return -1;
		case CMD_USAGE:
			return 2;
		case CMD_OPERAND:
			code = read_operand(self, a.value, kind);
			break;
		case OPT_SINCE:
			code = read_time(self, "since", a.value, &o->since_us);
			break;
		case OPT_UNTIL:
			code = read_time(self, "until", a.value, &o->until_us);
			break;
		case OPT_CLASS:
			o->class_name = str_from(a.value);
			break;
		case OPT_LIMIT:
			if (!str_i64(str_from(a.value), &o->limit) ||
			    o->limit < 0)
				code = cmd_usage(
					self,
					"--limit: '%s' is not a number of rows",
					a.value);
			break;
		case OPT_JSON:
		case OPT_CSV:
			if (format >= 0 && format != got)
				return cmd_usage(
					self,
					"--json and --csv exclude each other");
			format = got;
			break;
		case OPT_ARRIVAL:
			o->arrival = true;
			break;
		default:
			break;
		}
	}
	if (code == 0 && !*kind)
		code = cmd_usage(self, "name what to export: attempts, tasks, "
				       "steps, outcomes, trials or decisions");
	o->format = format == OPT_CSV ? EXPORT_CSV : EXPORT_JSON;
	return code;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct export_opts o = {
		.since_us = TIME_NONE, .until_us = TIME_NONE, .limit = -1};
	const struct export_kind *kind = NULL;
	struct err e = {0};
	struct db *db = NULL;
	enum rc rc;
	int code = read_args(self, argc, argv, &o, &kind);

	if (code != 0)
		return code < 0 ? 0 : code;
	/* A reader that left is an error to report, not a reason to die. */
	signal(SIGPIPE, SIG_IGN);
	rc = connect_ledger(&db, conf, "export", &e);
	if (rc == RC_OK)
		rc = export_run(db, kind, &o, STDOUT_FILENO, NULL, &e);
	if (rc != RC_OK)
		err_print(&e);
	db_close(db);
	return rc_exit(rc);
}

const struct command command_export = {
	.name = "export",
	.args = "attempts|tasks|steps|outcomes|trials|decisions",
	.summary = "write the ledger's rows to standard output",
	.help = "Writes what the public views hold: one JSON object a line, or "
		"CSV with a header. Money is an exact decimal string in US "
		"dollars, times are UTC with microseconds, an unknown value is "
		"null (in CSV an empty field; empty text is \"\"). Rows are in a "
		"fixed order, so that equal ledgers export equal bytes; only "
		"received_at differs from run to run, and is left out unless "
		"--arrival asks for it. --since and --until leave out rows "
		"without a date.\n\n"
		"CSV is not escaped for spreadsheets: import text columns as "
		"text where the names in the ledger are not your own.",
	.opts = opts,
	.run = run,
};
