/* aco import: files into the ledger. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/import_report.h"
#include "ingest/import_run.h"
#include "ledger/base/cmd.h"
#include "ledger/base/log.h"
#include "ledger/connect.h"

#include "gen/sql.h"

enum {
	OPT_TEAM,
	OPT_AGENT,
	OPT_CLASS,
	OPT_JSON,
	OPT_DRY_RUN,
	OPT_REFEATURE,
	OPT_QUIET
};
static const struct cmd_opt opts[] = {
	[OPT_TEAM] = {"team", 0, "TEAM", "whose work it is"},
	[OPT_AGENT] = {"agent", 0, "AGENT", "which agent did it"},
	[OPT_CLASS] = {"class", 0, "CLASS", "task class of all of it"},
	[OPT_JSON] = {"json", 0, NULL, "the summary as JSON"},
	[OPT_DRY_RUN] = {"dry-run", 'n', NULL,
			 "read and count, without the ledger"},
	[OPT_REFEATURE] = {"refeature", 0, NULL,
			   "read files again that have not changed"},
	[OPT_QUIET] = {"quiet", 'q', NULL,
		       "no progress and no messages about single lines"},
	{NULL, 0, NULL, NULL},
};

struct import_cmd {
	const struct import_kind *kind;
	struct import_opts o;
	struct import_paths operands, files;
	struct import_report report;
	bool json, dry_run;
	struct ledger *ledger;
	struct import_run *run;
	struct progress progress;
};

/* For the signal handler, which can be given nothing. */
static struct import_run *interruptible;

static void on_signal(int sig)
{
	(void)sig;
	if (interruptible)
		import_run_stop(interruptible);
}

/* The first signal asks for a clean stop, a second one kills. */
static void catch_signals(struct import_run *run)
{
	struct sigaction sa = {.sa_handler = on_signal,
			       .sa_flags = (int)SA_RESETHAND};

	interruptible = run;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

/* ---- arguments ---- */

static int unknown_kind(const struct command *self, const char *name)
{
	const char *names[32], *near;
	size_t n = 0;

	while (import_kinds[n] && n < 32) {
		names[n] = import_kinds[n]->name;
		n++;
	}
	near = cmd_nearest(name, names, n);
	if (near)
		return cmd_usage(self, "unknown kind '%s', did you mean '%s'?",
				 name, near);
	return cmd_usage(self, "unknown kind '%s'", name);
}

static int read_operand(const struct command *self, struct import_cmd *c,
			const char *value)
{
	if (c->kind) {
		import_paths_add(&c->operands, "%s", value);
		return 0;
	}
	c->kind = import_kind_find(value);
	return c->kind ? 0 : unknown_kind(self, value);
}

/* Exit code of a mistake, or 0; -1: help was printed. */
static int read_args(const struct command *self, int argc, char **argv,
		     struct import_cmd *c)
{
	struct cmd_args a;
	int code = 0;

	cmd_args_init(&a, self, argc, argv);
	for (int got; code == 0 && (got = cmd_next(&a)) != CMD_END;) {
		switch (got) {
		case CMD_HELP:
			return -1;
		case CMD_USAGE:
			return 2;
		case CMD_OPERAND:
			code = read_operand(self, c, a.value);
			break;
		case OPT_TEAM:
			c->o.team = str_from(a.value);
			break;
		case OPT_AGENT:
			c->o.agent = str_from(a.value);
			break;
		case OPT_CLASS:
			c->o.class_name = str_from(a.value);
			break;
		case OPT_JSON:
			c->json = true;
			break;
		case OPT_DRY_RUN:
			c->dry_run = true;
			break;
		case OPT_REFEATURE:
			c->o.refeature = true;
			break;
		case OPT_QUIET:
			c->o.quiet = true;
			break;
		default:
			break;
		}
	}
	if (code)
		return code;
	if (!c->kind) {
		cmd_usage(self, "name the kind of the files");
		return 2;
	}
	if (!c->operands.n && !c->kind->places)
		return cmd_usage(self, "%s: name a file or a folder",
				 c->kind->name);
	return 0;
}

/* ---- finding the files ---- */

static enum rc find_files(struct import_cmd *c, struct err *e)
{
	struct import_paths places = {0};
	enum rc rc = RC_OK;
	size_t found = 0;

	for (size_t i = 0; i < c->operands.n && rc == RC_OK; i++)
		rc = import_walk(&c->files, c->kind, c->operands.v[i].path, e);
	if (c->operands.n || rc) {
		import_paths_sort(&c->files);
		return rc;
	}
	c->kind->places(&places);
	for (size_t i = 0; i < places.n && rc == RC_OK; i++) {
		if (access(places.v[i].path, F_OK) != 0)
			continue;
		found++;
		rc = import_walk(&c->files, c->kind, places.v[i].path, e);
	}
	if (rc == RC_OK && !found) {
		rc = err_set(e, RC_BAD, "nothing at %s",
			     places.n ? places.v[places.n - 1].path
				      : "the usual place");
		err_hint(e, "name a file or a folder");
	}
	import_paths_release(&places);
	import_paths_sort(&c->files);
	if (rc == RC_OK && c->files.n == 0)
		log_line(LOG_WARN, "import", "no files of this kind there",
			 "kind=%s", c->kind->name);
	return rc;
}

/* ---- the ledger ---- */

static enum rc flush(void *arg, const struct batch *b, struct err *e)
{
	struct import_cmd *c = arg;
	struct ledger_counts n = {0};
	enum rc rc = ledger_append_wait(c->ledger, b, &n, e);

	if (rc == RC_OK)
		import_report_add(&c->report, &n);
	return rc;
}

static bool file_row(void *arg, const struct db_result *res, int row)
{
	struct import_cmd *c = arg;
	struct ev_cursor known = {
		.kind = str_from(c->kind->name),
		.path = db_text(res, row, 0),
		.size = db_i64(res, row, 1),
		.mtime_us = db_i64(res, row, 2),
		.done_bytes = db_i64(res, row, 3),
		.done_hash = db_uuid(res, row, 4),
	};

	import_run_known(c->run, &known);
	return true;
}

static enum rc open_ledger(struct import_cmd *c, const struct conf *conf,
			   struct err *e)
{
	struct db_args args;
	enum rc rc;

	if (c->dry_run)
		return RC_OK;
	rc = connect_writer(&c->ledger, conf, e);
	if (rc)
		return rc;
	db_args_init(&args, 4096);
	db_arg_text(&args, str_from(c->kind->name));
	rc = db_stream(ledger_db(c->ledger), &sql_import_files, &args, file_row,
		       c, e);
	db_args_release(&args);
	return rc;
}

/* ---- the work ---- */

static enum rc import_all(struct import_cmd *c, struct err *e)
{
	int64_t total = 0;
	enum rc rc = RC_OK;
	struct err late;

	for (size_t i = 0; i < c->files.n; i++)
		total += c->files.v[i].size;
	if (!c->o.quiet) {
		progress_start(&c->progress, "import", total);
		import_run_progress(c->run, &c->progress);
	}
	for (size_t i = 0; i < c->files.n && rc == RC_OK; i++)
		rc = import_run_file(c->run, c->kind, c->files.v[i].path, e);
	/* What was read until an interruption is kept. */
	if (rc == RC_OK)
		rc = import_run_finish(c->run, e);
	else if (rc == RC_BUSY && import_run_finish(c->run, &late))
		*e = late;
	progress_end(&c->progress);
	return rc;
}

static int report(struct import_cmd *c, enum rc rc, struct err *e)
{
	const struct import_totals *t = import_run_totals(c->run);

	c->report.kind = c->kind->name;
	c->report.totals = t;
	c->report.dry_run = c->dry_run;
	c->report.files = (int64_t)c->files.n;
	c->report.interrupted = import_run_stopped(c->run);
	import_report_print(&c->report, c->json, stdout);
	if (fflush(stdout) != 0 && rc == RC_OK)
		rc = err_set(e, RC_DOWN, "standard output: %s",
			     strerror(errno));
	if (c->report.interrupted)
		err_hint(e, "run it again to continue");
	if (rc) {
		err_print(e);
		if (!c->report.interrupted)
			fputs("what was written stays; run it again to "
			      "continue\n",
			      stderr);
	}
	return rc || t->files_failed ? 1 : 0;
}

static int import(struct import_cmd *c, const struct conf *conf)
{
	struct err e = {0};
	enum rc rc = find_files(c, &e);
	int code = 1;

	if (!c->o.team.p && conf->team && *conf->team)
		c->o.team = str_from(conf->team);
	c->o.batch_rows = conf->batch_rows;
	c->o.conf = conf;
	c->run = import_run_new(&c->o, c->dry_run ? NULL : flush, c);
	catch_signals(c->run);
	if (rc == RC_OK)
		rc = open_ledger(c, conf, &e);
	if (rc == RC_OK) {
		rc = import_all(c, &e);
		code = report(c, rc, &e);
	} else {
		err_print(&e);
	}
	interruptible = NULL;
	import_run_free(c->run);
	ledger_close(c->ledger);
	return code;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct import_cmd c = {0};
	int code = read_args(self, argc, argv, &c);

	if (code == 0)
		code = import(&c, conf);
	import_paths_release(&c.operands);
	import_paths_release(&c.files);
	return code < 0 ? 0 : code;
}

const struct command command_import = {
	.name = "import",
	.args = "KIND [PATH...]",
	.summary = "bring traces, transcripts and results into the ledger",
	.help = "PATH is a file, a folder (searched for files of the kind, "
		"links followed), or - for standard input; files may be "
		"compressed with gzip. Kinds:\n\n"
		"  claude-code  transcripts of Claude Code\n"
		"  codex        rollouts of Codex\n"
		"  gemini       chats of Gemini CLI\n"
		"  mini-swe     trajectories of mini-swe-agent\n"
		"  swe-agent    trajectories of SWE-agent\n"
		"  tau2         results of tau2-bench and tau-bench\n"
		"  openhands    output of OpenHands evaluations\n"
		"  litellm      spend logs of LiteLLM\n"
		"  langfuse     exports of Langfuse\n"
		"  otlp         bodies of OTLP requests, JSON or protobuf\n"
		"  outcomes     verdicts on tasks, as JSON lines\n\n"
		"Without PATH, claude-code, codex and gemini read where the "
		"tool keeps its files: CLAUDE_CONFIG_DIR or ~/.claude and "
		"~/.config/claude; CODEX_HOME or ~/.codex; "
		"~/.gemini.\n\n"
		"Importing again adds nothing twice: a call is known by its "
		"own ids, whichever file or signal tells of it. Files that "
		"have not changed are not read, of those that grew only the "
		"new part counts. An interrupted import is continued by "
		"running it again.\n\n"
		"tau2-bench writes times without a zone, which are taken as "
		"UTC. A SWE-agent run says only what it cost in all: it is "
		"one undated row, marked as estimated.\n\n"
		"Outcomes are one JSON object a line, for one trial: the "
		"verdict on one model's work on one task. source, task_id, "
		"model and success are required; success goes from 0 to 1, or "
		"is null when the run failed for reasons that are not the "
		"model's. cost_usd, cost_usd_est (an estimate, marked as "
		"such), input_tokens, output_tokens, api_calls, task_class, "
		"agent, date and prompt are taken where they are given; run, "
		"trial, attempt, seed, strategy and agent_version tell "
		"repeats apart; outcomes.schema.json lists the rest. The same "
		"trial again renews its verdict: in a file the last line "
		"counts, across files the later import, and what a line does "
		"not say stays as it was. Of a prompt its hash and the "
		"router's features of it are stored, not the text; "
		"--refeature reads unchanged files again, to bring the "
		"features of earlier imports up to date.\n\n"
		"Lines that are damaged or not understood are skipped, "
		"counted and said; rows that the ledger cannot take become "
		"dead letters. No prompt or completion is stored. The exit "
		"code is 1 when a file could not be read or the ledger "
		"failed.",
	.opts = opts,
	.run = run,
};
