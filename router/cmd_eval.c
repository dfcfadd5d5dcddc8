/* aco eval: what routing would have been worth, honestly. */
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/cmd.h"
#include "ledger/base/progress.h"
#include "ledger/connect.h"
#include "ledger/learn.h"
#include "router/eval.h"

#define FILES_MAX  64
#define MODELS_MAX 256
#define ROWS_MAX   2000000 /* of the ledger */

enum {
	OPT_LEDGER,
	OPT_FIT,
	OPT_JUDGE,
	OPT_GROUP_BY,
	OPT_CLASS_BY,
	OPT_SOURCE_BY,
	OPT_CLASS,
	OPT_MODELS,
	OPT_DROP,
	OPT_TIERS,
	OPT_FLEET,
	OPT_COVERAGE,
	OPT_SAMPLE,
	OPT_FOLDS,
	OPT_REPEAT,
	OPT_SEED,
	OPT_BOOT,
	OPT_REFERENCE,
	OPT_PENALTY,
	OPT_HIDE_CLASS,
	OPT_STATIC,
	OPT_TREES,
	OPT_THREADS,
	OPT_CHART,
	OPT_ASCII,
	OPT_JSON
};
static const struct cmd_opt opts[] = {
	[OPT_LEDGER] = {"ledger", 0, NULL,
			"the ledger's trials and judged tasks"},
	[OPT_FIT] = {"fit", 0, "FILE", "fit on FILE (may be repeated)"},
	[OPT_JUDGE] = {"judge", 0, "FILE",
		       "judge on FILE, and on nothing that --fit names"},
	[OPT_GROUP_BY] = {"group-by", 0, "WHAT",
			  "what is never both fitted and judged on: repo, "
			  "task, id, source, class, or a member of the lines"},
	[OPT_CLASS_BY] = {"class-by", 0, "MEMBER",
			  "take a task's class from this member, or source"},
	[OPT_SOURCE_BY] = {"source-by", 0, "MEMBER",
			   "parts of a source that have models of their own "
			   "are told apart by this member"},
	[OPT_CLASS] = {"class", 0, "CLASS", "only tasks of this class"},
	[OPT_MODELS] = {"models", 0, "A,B,...", "only these models"},
	[OPT_DROP] = {"drop", 0, "A,B,...", "all models but these"},
	[OPT_TIERS] = {"tiers", 0, "N",
		       "the best model of each of N bands of cost"},
	[OPT_FLEET] = {"fleet", 0, NULL,
		       "bands for each source, named tier:1 to tier:N"},
	[OPT_COVERAGE] = {"coverage", 0, "SHARE",
			  "drop models of a source that were seen on less of "
			  "its tasks (0.9)"},
	[OPT_SAMPLE] = {"sample", 0, "N",
			"so many of the tasks, always the same ones (all)"},
	[OPT_FOLDS] = {"folds", 0, "N",
		       "judge N parts in turn (5), and not what is marked"},
	[OPT_REPEAT] = {"repeat", 0, "N",
			"divide into such parts N times, each time otherwise "
			"(1)"},
	[OPT_SEED] = {"seed", 0, "N", "of everything that is drawn (1)"},
	[OPT_BOOT] = {"boot", 0, "N", "resamples for intervals (1000)"},
	[OPT_REFERENCE] = {"reference", 0, "MODEL",
			   "compare with MODEL instead of the best single"},
	[OPT_PENALTY] = {"failure", 0, "DOLLARS",
			 "what a failure costs, for the bill (ten times what "
			 "the best single model costs a task)"},
	[OPT_HIDE_CLASS] = {"hide-class", 0, NULL, "as if no task had a class"},
	[OPT_STATIC] = {"static", 0, NULL, "train nothing: baselines only"},
	[OPT_TREES] = {"trees", 0, "N", "most trees of a model"},
	[OPT_THREADS] = {"threads", 0, "N", "threads that train (1)"},
	[OPT_CHART] = {"no-chart", 0, NULL, "leave the chart out"},
	[OPT_ASCII] = {"ascii", 0, NULL, "draw without braille"},
	[OPT_JSON] = {"json", 0, NULL, "print JSON"},
	{NULL, 0, NULL, NULL},
};

struct wish {
	const char *files[FILES_MAX], *judge[FILES_MAX];
	int n_files, n_fit, n_judge;
	const char *models[MODELS_MAX + 1], *drop[MODELS_MAX + 1];
	struct mx_opts mx;
	struct eval_opts ev;
	struct train_opts train;
	bool json, ascii, chart, ledger, folds;
};

/* ---- options ---- */

static int too_many(const struct command *self, const char *what)
{
	return cmd_usage(self, "too many %s", what);
}

/* "a,b,c" into a list that ends with NULL. */
static int read_list(const struct command *self, const char *text,
		     const char **list)
{
	char *copy = xstrdup(text), *at = copy, *name;
	int n = 0;

	while ((name = strsep(&at, ","))) {
		if (!*name)
			continue;
		if (n == MODELS_MAX) {
			free(copy);
			return too_many(self, "models");
		}
		list[n++] = name;
	}
	list[n] = NULL;
	return 0; /* the copy lives as long as the program */
}

static int read_count(const struct command *self, const char *opt,
		      const char *text, int64_t low, int64_t high, int64_t *out)
{
	if (str_i64(str_from(text), out) && *out >= low && *out <= high)
		return 0;
	return cmd_usage(self, "--%s: '%s' is not a number from %lld to %lld",
			 opt, text, (long long)low, (long long)high);
}

static int add_file(const struct command *self, const char *path,
		    const char **list, int *n)
{
	if (*n == FILES_MAX)
		return too_many(self, "files");
	list[(*n)++] = path;
	return 0;
}

static int read_number(const struct command *self, int opt, const char *text,
		       struct wish *w)
{
	int64_t n = 0;
	int code;

	switch (opt) {
	case OPT_TIERS:
		code = read_count(self, "tiers", text, 1, 32, &n);
		w->mx.tiers = (int)n;
		return code;
	case OPT_SAMPLE:
		return read_count(self, "sample", text, 1, INT32_MAX,
				  &w->mx.max_tasks);
	case OPT_FOLDS:
		code = read_count(self, "folds", text, 2, 50, &n);
		w->ev.folds = (int)n;
		w->folds = true;
		return code;
	case OPT_REPEAT:
		code = read_count(self, "repeat", text, 1, 100, &n);
		w->ev.repeats = (int)n;
		return code;
	case OPT_BOOT:
		code = read_count(self, "boot", text, 0, 100000, &n);
		w->ev.boot = (int)n;
		return code;
	case OPT_TREES:
		code = read_count(self, "trees", text, 1, 5000, &n);
		w->train.trees = (int)n;
		return code;
	case OPT_THREADS:
		code = read_count(self, "threads", text, 1, 256, &n);
		w->train.threads = (int)n;
		return code;
	default:
		code = read_count(self, "seed", text, 0, INT64_MAX, &n);
		w->ev.seed = w->train.seed = (uint64_t)n;
		return code;
	}
}

static int read_coverage(const struct command *self, const char *text,
			 double *out)
{
	char *end;

	*out = strtod(text, &end);
	if (*text && !*end && *out >= 0 && *out <= 1)
		return 0;
	return cmd_usage(self, "--coverage: '%s' is not a share from 0 to 1",
			 text);
}

static int read_dollars(const struct command *self, const char *text,
			double *out)
{
	char *end;

	*out = strtod(text, &end);
	if (*text && !*end && *out > 0 && *out < 1e9)
		return 0;
	return cmd_usage(self, "--failure: '%s' is not an amount of dollars",
			 text);
}

static int read_opt(const struct command *self, int opt, const char *value,
		    struct wish *w)
{
	switch (opt) {
	case OPT_FIT:
		w->n_fit++;
		return add_file(self, value, w->files, &w->n_files);
	case OPT_JUDGE:
		return add_file(self, value, w->judge, &w->n_judge);
	case OPT_GROUP_BY:
		w->mx.group_by = value;
		return 0;
	case OPT_CLASS_BY:
		w->mx.class_by = value;
		return 0;
	case OPT_SOURCE_BY:
		w->mx.source_by = value;
		return 0;
	case OPT_CLASS:
		w->ev.class_name = value;
		return 0;
	case OPT_MODELS:
		w->mx.models = w->models;
		return read_list(self, value, w->models);
	case OPT_DROP:
		w->mx.drop = w->drop;
		return read_list(self, value, w->drop);
	case OPT_FLEET:
		w->mx.by_tier = true;
		return 0;
	case OPT_COVERAGE:
		return read_coverage(self, value, &w->mx.coverage);
	case OPT_PENALTY:
		return read_dollars(self, value, &w->ev.penalty);
	case OPT_REFERENCE:
		w->ev.reference = value;
		return 0;
	case OPT_LEDGER:
		w->ledger = true;
		return 0;
	case OPT_HIDE_CLASS:
		w->mx.hide_class = true;
		return 0;
	case OPT_STATIC:
		w->ev.learn = false;
		return 0;
	case OPT_CHART:
		w->chart = false;
		return 0;
	case OPT_ASCII:
		w->ascii = true;
		return 0;
	case OPT_JSON:
		w->json = true;
		return 0;
	default:
		return read_number(self, opt, value, w);
	}
}

static int settle(const struct command *self, struct wish *w, int operands)
{
	if (w->n_fit && operands)
		return cmd_usage(self, "name files, or --fit and --judge");
	if (!w->n_fit != !w->n_judge)
		return cmd_usage(self, "--fit and --judge go together");
	if (w->ledger && w->n_files)
		return cmd_usage(self, "files or --ledger, not both");
	if (!w->n_files && !w->ledger)
		return cmd_usage(self, "name a file of outcomes, or --ledger");
	if (w->n_files + w->n_judge > FILES_MAX)
		return too_many(self, "files");
	if (w->n_judge)
		w->mx.judge_from = w->n_files;
	else if (w->folds) /* no mark counts */
		w->mx.judge_from = FILES_MAX;
	for (int i = 0; i < w->n_judge; i++)
		w->files[w->n_files++] = w->judge[i];
	if (w->mx.by_tier && !w->mx.tiers)
		w->mx.tiers = 5;
	return 0;
}

/* Exit code of a mistake, or 0; -1: help was printed. */
static int read_args(const struct command *self, int argc, char **argv,
		     struct wish *w)
{
	struct cmd_args a;
	int code = 0, operands = 0;

	cmd_args_init(&a, self, argc, argv);
	for (int got; code == 0 && (got = cmd_next(&a)) != CMD_END;) {
		if (got == CMD_HELP)
			return -1;
		if (got == CMD_USAGE)
			return 2;
		if (got == CMD_OPERAND) {
			operands++;
			code = add_file(self, a.value, w->files, &w->n_files);
		} else {
			code = read_opt(self, got, a.value, w);
		}
	}
	return code ? code : settle(self, w, operands);
}

/* ---- running ---- */

static void show(void *arg, const char *what, double share)
{
	struct progress *p = arg;

	p->label = what;
	progress_update(p, (int64_t)(share * 1000), 0);
}

static int width(void)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 40)
		return w.ws_col;
	return 90;
}

static enum rc read_ledger(const struct conf *conf, const struct wish *w,
			   struct matrix *m, struct err *e)
{
	const struct learn_opts from = {.since_us = TIME_NONE,
					.until_us = TIME_NONE,
					.max_trials = ROWS_MAX,
					.max_tasks = ROWS_MAX};
	struct db *db;
	enum rc rc = connect_ledger(&db, conf, "eval", e);

	if (rc == RC_OK)
		rc = matrix_ledger(m, db, &from, &w->mx, e);
	db_close(db);
	return rc;
}

/* Whole files were to be judged: rather than judge others in their place, say
 * that nothing is left of them. */
static enum rc check_judged(const struct wish *w, const struct matrix *m,
			    struct err *e)
{
	bool judge = false, fit = false;

	for (int t = 0; t < m->n_tasks; t++) {
		judge |= m->tasks[t].judge;
		fit |= !m->tasks[t].judge;
	}
	if (!w->n_judge || (judge && fit))
		return RC_OK;
	err_set(e, RC_BAD, "no task to %s is left", judge ? "fit on" : "judge");
	err_hint(e, "tiers are made of the models of each source's tasks that "
		    "are fitted on: across sources, name models that both "
		    "have");
	return RC_BAD;
}

static enum rc evaluate(const struct conf *conf, struct wish *w,
			struct buf *out, struct err *e)
{
	struct eval_report r;
	struct progress p;
	struct matrix m;
	int all;
	enum rc rc;

	matrix_init(&m);
	progress_start(&p, "eval", 1000);
	rc = w->ledger ? read_ledger(conf, w, &m, e)
		       : matrix_read(&m, w->files, w->n_files, &w->mx, e);
	w->ev.progress = show;
	w->ev.arg = &p;
	w->ev.train = &w->train;
	all = m.n_tasks;
	if (rc == RC_OK)
		rc = check_judged(w, &m, e);
	if (rc == RC_OK && w->ev.reference &&
	    mx_find_arm(&m, str_from(w->ev.reference)) < 0)
		rc = err_set(e, RC_BAD, "no outcome is of a model '%s'",
			     w->ev.reference);
	if (rc == RC_OK && w->ev.class_name &&
	    mx_find_class(&m, str_from(w->ev.class_name)) < 0)
		rc = err_set(e, RC_BAD, "no task is of a class '%s'",
			     w->ev.class_name);
	if (rc == RC_OK) {
		rc = eval_run(&m, &w->ev, &r, e);
		progress_end(&p);
		if (rc == RC_OK) {
			if (r.folds > 1 && !w->ev.class_name)
				r.tasks_left_out = all - r.tasks;
			if (w->json)
				eval_json(&r, out);
			else
				eval_table(&r, width(), out);
			if (!w->json && w->chart) {
				buf_addc(out, '\n');
				eval_chart(&r, width(), w->ascii, out);
			}
		}
		eval_report_release(&r);
	}
	matrix_release(&m);
	return rc;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct wish w = {.chart = true, .mx.coverage = 0.9};
	const char *charset = nl_langinfo(CODESET);
	struct err e = {0};
	struct buf out;
	enum rc rc;
	int code;

	eval_defaults(&w.ev);
	train_defaults(&w.train);
	w.ascii = strcmp(charset, "UTF-8") != 0;
	code = read_args(self, argc, argv, &w);
	if (code != 0)
		return code < 0 ? 0 : code;
	buf_init(&out, 16 << 20);
	rc = evaluate(conf, &w, &out, &e);
	if (rc == RC_OK)
		fputs(buf_str(&out), stdout);
	else
		err_print(&e);
	buf_release(&out);
	return rc_exit(rc);
}

const struct command command_eval = {
	.name = "eval",
	.args = "FILE...",
	.summary = "judge routing policies on outcomes that were not fitted on",
	.help = "Reads files of outcomes (JSON lines, plain or gzip; see aco "
		"import outcomes) and prints what each policy would have cost "
		"and reached: single models, their convex hull, one model a "
		"class, nearest neighbours, the router as trained on the rest, "
		"cascades, and the oracle, which nobody can be.\n\n"
		"Rows marked \"split\": \"val\" are judged and the others fitted "
		"on; without such marks groups of tasks are judged in turn. "
		"Whatever is tuned is tuned on fit rows: where a policy stands "
		"between cheap and good, thresholds, and with marked rows or "
		"--fit the models that --tiers takes (else all rows choose "
		"these). A task that shares a repository or a puzzle with a "
		"judged one is not fitted on.\n\n"
		"Models that were seen, with their cost, on less than 90 % of a "
		"source's tasks (of those where anybody's cost is known) are "
		"dropped there (--coverage), and tasks on "
		"which a model of the source was not seen are not judged. "
		"Where a source lacks a model its next dearer one stands in.\n\n"
		"--json prints one object. rows_judged is the size of the "
		"judged set: tasks_judged times the models, each an outcome "
		"that was not fitted on. ece (calibration error, 15 bins of "
		"equal mass), brier and brier_skill (over the class rates) are "
		"of the probabilities that decisions are made by, "
		"verdicts_judged of them: models of another source than the "
		"task's, and those beyond 32 of a pool, have none, and tasks "
		"that are not judged for want of one model have those of the "
		"others; ece_complete leaves these tasks out. policies[] has "
		"name, success and cost (a task, dollars), "
		"saving_at_equal_success and success_gap_closed (shares, of "
		"the best single model's cost and of its distance from the "
		"oracle), each with ci.",
	.opts = opts,
	.run = run,
};
