/* aco outcome: a verdict by command, straight to the ledger. What it may be is
 * what POST /v1/outcomes takes, and the same code reads it. */
#include <stdio.h>

#include "ingest/native.h"
#include "ledger/base/clock.h"
#include "ledger/base/cmd.h"
#include "ledger/base/json.h"
#include "ledger/connect.h"

#define BATCH_BYTES ((size_t)4 << 20)
#define TEXT_MAX    65536

enum {
	OPT_SUCCESS,
	OPT_LABEL,
	OPT_KEY,
	OPT_SOURCE,
	OPT_SENDER,
	OPT_STEP,
	OPT_AT,
	OPT_ID,
	OPT_JSON,
	OPT_N
};
static const struct cmd_opt opts[] = {
	[OPT_SUCCESS] = {"success", 0, "VALUE",
			 "from 0 (failed) to 1 (succeeded), or true, false"},
	[OPT_LABEL] = {"label", 0, "WORD", "the verdict in a word"},
	[OPT_KEY] = {"key", 0, "NAME", "what was judged (outcome)"},
	[OPT_SOURCE] = {"source", 0, "NAME", "who judged (the sender)"},
	[OPT_SENDER] = {"sender", 0, "NAME", "who numbers the task (native)"},
	[OPT_STEP] = {"step", 0, "KEY", "the step it is about, not the task"},
	[OPT_AT] = {"at", 0, "TIME", "when it was judged (now)"},
	[OPT_ID] = {"id", 0, "NAME",
		    "the verdict's own name: again, it is the same"},
	[OPT_JSON] = {"json", 0, NULL, "one JSON object"},
	{NULL, 0, NULL, NULL},
};

struct said {
	const char *verb, *task;
	const char *opt[OPT_N];
	bool json;
};

/* A number, true or false goes in as it is; the rest is text. */
static bool is_literal(const char *s)
{
	struct json_doc d;
	bool ok;

	json_doc_init(&d, 4);
	ok = json_parse(&d, str_from(s), NULL) == RC_OK &&
	     (json_is(d.nodes, JSON_NUMBER) || json_is(d.nodes, JSON_TRUE) ||
	      json_is(d.nodes, JSON_FALSE));
	json_doc_release(&d);
	return ok;
}

static void write_body(const struct said *s, struct buf *out)
{
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_obj(&o, "task");
	if (s->opt[OPT_SENDER])
		json_out_str(&o, "sender", str_from(s->opt[OPT_SENDER]));
	json_out_str(&o, "id", str_from(s->task));
	json_out_end(&o, '}');
	for (int i = OPT_SUCCESS; i < OPT_JSON; i++) {
		const char *v = s->opt[i];

		if (!v || i == OPT_SENDER)
			continue;
		if (i == OPT_SUCCESS)
			json_out_raw(&o, opts[i].name, str_from(v));
		else
			json_out_str(&o, opts[i].name, str_from(v));
	}
	json_out_end(&o, '}');
}

static enum rc put_outcome(void *arg, const struct ev_task *t,
			   const struct ev_outcome *v, struct err *e)
{
	struct ev_outcome copy = *v;
	enum rc rc = batch_task(arg, t, &copy.task, e);

	return rc ? rc : batch_outcome(arg, &copy, e);
}

static enum rc read_body(const struct said *s, struct batch *b, struct err *e)
{
	const struct sink sink = {.outcome = put_outcome, .arg = b};
	const struct native_ask ask = {.from.received_us = clock_now_us()};
	struct native_answer answer;
	struct buf body;
	enum rc rc;

	buf_init(&body, TEXT_MAX);
	write_body(s, &body);
	if (!buf_ok(&body))
		rc = err_set(e, RC_BAD, "more than %d bytes", TEXT_MAX);
	else
		rc = native_outcomes((struct str){body.p, body.len}, &ask,
				     &sink, &answer, e);
	if (rc == RC_BAD && buf_ok(&body))
		err_set(e, RC_BAD, "%s%s%s", answer.bad[0].field,
			answer.bad[0].field[0] ? ": " : "",
			answer.bad[0].error);
	buf_release(&body);
	return rc;
}

static enum rc append(const struct conf *conf, const struct batch *b,
		      struct ledger_counts *counts, struct err *e)
{
	struct ledger *l;
	enum rc rc = connect_writer(&l, conf, e);

	if (!rc)
		rc = ledger_append_wait(l, b, counts, e);
	ledger_close(l);
	return rc;
}

static int add(const struct said *s, const struct conf *conf)
{
	struct batch *b = batch_new(BATCH_BYTES);
	struct ledger_counts counts = {0};
	struct err e = {"", ""};
	enum rc rc = read_body(s, b, &e);

	if (!rc)
		rc = append(conf, b, &counts, &e);
	batch_free(b);
	if (rc)
		err_print(&e);
	else if (s->json)
		printf("{\"new\":%s}\n",
		       counts.outcomes_new ? "true" : "false");
	else
		puts(counts.outcomes_new ? "recorded" : "was there already");
	return rc_exit(rc);
}

/* -1: go on; else the exit code. */
static int check(const struct command *self, const struct said *s)
{
	if (!s->verb)
		return cmd_usage(self, "say what: add");
	if (strcmp(s->verb, "add") != 0)
		return cmd_usage(self, "outcome cannot '%s', only add",
				 s->verb);
	if (!s->task)
		return cmd_usage(self, "outcome add wants a task");
	if (!s->opt[OPT_SUCCESS] && !s->opt[OPT_LABEL])
		return cmd_usage(self, "--success or --label is needed");
	if (s->opt[OPT_SUCCESS] && !is_literal(s->opt[OPT_SUCCESS]))
		return cmd_usage(self,
				 "--success: '%s' is not a number from 0 to 1, "
				 "true or false",
				 s->opt[OPT_SUCCESS]);
	return -1;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct said s = {.verb = NULL};
	struct cmd_args a;
	int got, code;

	cmd_args_init(&a, self, argc, argv);
	while ((got = cmd_next(&a)) != CMD_END) {
		if (got == CMD_HELP)
			return 0;
		if (got == CMD_USAGE)
			return 2;
		if (got == OPT_JSON)
			s.json = true;
		else if (got >= 0)
			s.opt[got] = a.value;
		else if (!s.verb)
			s.verb = a.value;
		else if (!s.task)
			s.task = a.value;
		else
			return cmd_usage(self, "'%s' is too many", a.value);
	}
	code = check(self, &s);
	return code >= 0 ? code : add(&s, conf);
}

const struct command command_outcome = {
	.name = "outcome",
	.args = "add TASK",
	.summary = "record how a task ended",
	.help = "add: a verdict on the task of that id, or with --step on one "
		"of its steps. The task need not be known yet. Of one source "
		"and key the verdict with the latest time stands, so a "
		"correction is a verdict with a later time. Many at once are "
		"better sent to the daemon, at /v1/outcomes.",
	.opts = opts,
	.run = run,
};
