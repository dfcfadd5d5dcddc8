/* aco route: what the router would choose, without a call. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ingest/bundle_watch.h"
#include "ingest/class_rule.h"
#include "ledger/base/cmd.h"
#include "ledger/base/path.h"
#include "router/route_query.h"

#define OUT_MAX (4 << 20)

enum {
	OPT_BUNDLE,
	OPT_EXPLAIN
};
static const struct cmd_opt opts[] = {
	[OPT_BUNDLE] = {"bundle", 0, "FILE",
			"a version of the router, not the one that serves"},
	[OPT_EXPLAIN] = {"explain", 0, NULL, "tell what moved the decision"},
	{NULL, 0, NULL, NULL},
};

struct said {
	const char *bundle, *file;
	bool explain;
};

static int read_args(struct said *s, const struct command *self, int argc,
		     char **argv)
{
	struct cmd_args a;

	cmd_args_init(&a, self, argc, argv);
	for (int got; (got = cmd_next(&a)) != CMD_END;) {
		if (got == CMD_HELP)
			return -1;
		if (got == CMD_USAGE)
			return 2;
		if (got == OPT_BUNDLE)
			s->bundle = a.value;
		else if (got == OPT_EXPLAIN)
			s->explain = true;
		else if (s->file)
			return cmd_usage(self, "route takes one file");
		else
			s->file = a.value;
	}
	return 0;
}

static enum rc read_question(const char *file, struct buf *out, struct err *e)
{
	bool in = !file || !strcmp(file, "-");
	int fd = in ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	enum rc rc = RC_OK;

	if (fd < 0)
		return path_errno(e, "opening", file);
	for (;;) {
		char *p = buf_reserve(out, 65536);
		ssize_t n = p ? read(fd, p, 65536) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (!p)
			rc = err_set(e, RC_BAD, "the question is too large");
		else if (n < 0)
			rc = path_errno(e, "reading", in ? "-" : file);
		if (n <= 0)
			break;
		buf_advance(out, (size_t)n);
	}
	if (!in)
		close(fd);
	return rc;
}

static enum rc answer(const struct said *s, const struct conf *conf,
		      struct str question, struct buf *out, struct err *e)
{
	static struct route_query q;
	struct price_book *book = NULL;
	struct bundle_watch *watch = bundle_watch_new(conf);
	struct bundle *own = NULL;
	const struct bundle *b;
	enum rc rc = price_book_builtin(&book, e);

	b = bundle_watch_now(watch);

	if (!rc && s->bundle)
		rc = bundle_open(&own, s->bundle, e);
	if (own)
		b = own;
	if (!rc) {
		rc = route_query_read(&q, question, b, book, class_guess_text,
				      e);
		if (!rc)
			route_query_answer(&q, b, s->explain, out);
		route_query_release(&q);
	}
	bundle_drop(own);
	bundle_watch_free(watch);
	price_book_free(book);
	return rc;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct said s = {0};
	struct buf question, out;
	struct err e = {"", ""};
	int code = read_args(&s, self, argc, argv);
	enum rc rc;

	if (code)
		return code < 0 ? 0 : code;
	buf_init(&question, ROUTE_QUERY_BYTES + 65536);
	buf_init(&out, OUT_MAX);
	rc = read_question(s.file, &question, &e);
	if (!rc)
		rc = answer(&s, conf,
			    (struct str){buf_str(&question), question.len},
			    &out, &e);
	if (out.len)
		fwrite(out.p, 1, out.len, stdout);
	if (rc)
		err_print(&e);
	buf_release(&question);
	buf_release(&out);
	return rc_exit(rc);
}

const struct command command_route = {
	.name = "route",
	.args = "[FILE]",
	.summary = "ask the router which model would serve a request",
	.help = "Reads a JSON object from FILE or standard input and prints "
		"the decision, also JSON. The object has the request (text, or "
		"messages or input as OpenAI's and Anthropic's clients send "
		"them), models (the names of those that may serve, or objects "
		"with name, tier and prices), and may have class, floor, "
		"pinned, budget_usd, goal (quality:0.98, budget:0.05 or "
		"failure:0.5), tools, step, errors, cost_usd, samples, and "
		"tried: what was tried already, with its evidence.\n"
		"\n"
		"With samples 2 or 3 you say that you can take so many replies "
		"of one model and compare them: the plan may then be best_of, "
		"where outcomes of repeated runs told the router what that is "
		"worth. After each reply ask again, with agreement (the share "
		"of the earlier ones that agree) in the evidence of what was "
		"tried. The gateway itself takes one reply of a model.\n"
		"\n"
		"With stands true you say that you take the reply as it is and "
		"will not ask what is next (a stream that somebody reads): the "
		"first model is then chosen for itself. The answer's "
		"judge_gain says what asking again is worth, in success.\n"
		"\n"
		"An agent framework that can run a task again asks after a run: "
		"let the cheap model do the task, then ask with what was seen "
		"of the run in the evidence of what was tried, and keep what it "
		"did where accept is true, else give the task to model, which "
		"begins anew. Values of a run are run_steps (turns), "
		"run_looked, run_failed and run_repeated (shares of turns that "
		"searched or read, whose tool failed, that did the same as the "
		"one before), run_failed_streak (most failures in a row), "
		"run_edits and run_verifies (turns), run_churn (times it went "
		"back to editing after it had verified), run_verified_last (1: "
		"the last edit was verified), run_ended (1: it ended by itself, "
		"0: by a limit or an error), run_patch_tokens, run_step_tokens "
		"(output tokens a turn) and run_tool_s (seconds in tools). What "
		"is not known is left out. They are learned from imported "
		"traces (steps[] of aco import outcomes) and from the ledger's "
		"own steps; the more of them are told here that were known "
		"there, the better. POST /v1/route also takes task (the "
		"x-aco-task of the calls, with sender where it is not the "
		"gateway): where the run went through this daemon's gateway its "
		"steps need not be told. For example:\n"
		"\n"
		"{\"models\": [\"gpt-5-mini\", \"gpt-5\"], \"class\": \"coding\",\n"
		" \"goal\": \"failure:2\", \"tried\": [{\"model\": \"gpt-5-mini\",\n"
		" \"cost_usd\": 0.21, \"evidence\": {\"run_steps\": 38,\n"
		" \"run_failed\": 0.2, \"run_edits\": 4,\n"
		" \"run_verified_last\": 0, \"run_ended\": 0}}]}\n"
		"\n"
		"Nothing is called, read from the ledger or recorded. POST "
		"/v1/route of the daemon takes the same question.",
	.opts = opts,
	.run = run,
};
