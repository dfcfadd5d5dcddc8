/* aco train: from outcomes to a router. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/cmd.h"
#include "ledger/base/path.h"
#include "ledger/base/progress.h"
#include "ledger/connect.h"
#include "router/certificate.h"
#include "router/retrain.h"

#define NICE         10
#define STEPS        1000 /* of the progress bar */
#define THREADS      64
#define SMALL_PROTOS 256

enum {
	OPT_LEDGER,
	OPT_PUBLISH,
	OPT_DRY_RUN,
	OPT_OUT,
	OPT_BY_TIER,
	OPT_SMALL,
	OPT_WINDOW,
	OPT_UNDER,
	OPT_SEED,
	OPT_THREADS,
	OPT_JSON,
};
static const struct cmd_opt opts[] = {
	[OPT_LEDGER] = {"ledger", 0, NULL,
			"learn from the ledger's trials and judged tasks"},
	[OPT_PUBLISH] = {"publish", 0, NULL,
			 "store the result; it serves if it passes the gate"},
	[OPT_DRY_RUN] = {"dry-run", 'n', NULL, "say what would happen"},
	[OPT_OUT] = {"out", 'o', "FILE", "write the router to FILE"},
	[OPT_BY_TIER] = {"by-tier", 0, NULL,
			 "learn of tiers instead of models"},
	[OPT_SMALL] = {"small", 0, NULL, "fewer and shallower trees"},
	[OPT_WINDOW] = {"window", 0, "DAYS", "of the ledger; 0: all of it"},
	[OPT_UNDER] = {"under-weight", 0, "N",
		       "count a failure N times that a stronger model mended"},
	[OPT_SEED] = {"seed", 0, "N", "another draw of the same (1)"},
	[OPT_THREADS] = {"threads", 0, "N",
			 "the result does not depend on it (one a processor)"},
	[OPT_JSON] = {"json", 0, NULL, "one JSON object"},
	{NULL, 0, NULL, NULL},
};

struct train_cmd {
	const struct command *self;
	const struct conf *conf;
	const char **files;
	size_t n_files, cap_files;
	const char *out;
	bool ledger, dry_run, json;
	struct retrain_opts o;
	struct progress bar;
};

/* ---- arguments ---- */

static int number(struct train_cmd *c, const char *name, const char *text,
		  int64_t most, int64_t *out)
{
	if (!str_i64(str_from(text), out) || *out < 0 || *out > most)
		return cmd_usage(c->self,
				 "--%s: '%s' is not a number up to %lld", name,
				 text, (long long)most);
	return 0;
}

static int read_option(struct train_cmd *c, int opt, const char *value)
{
	int64_t n = 0;
	int code = 0;

	switch (opt) {
	case OPT_LEDGER:
		c->ledger = true;
		break;
	case OPT_PUBLISH:
		c->o.publish = true;
		break;
	case OPT_DRY_RUN:
		c->dry_run = true;
		break;
	case OPT_OUT:
		c->out = value;
		break;
	case OPT_BY_TIER:
		c->o.by_tier = true;
		break;
	case OPT_SMALL:
		c->o.train.trees = 60;
		c->o.train.depth = 4;
		c->o.train.protos = SMALL_PROTOS;
		break;
	case OPT_WINDOW:
		code = number(c, "window", value, 36500, &c->o.window_days);
		break;
	case OPT_UNDER:
		code = number(c, "under-weight", value, 100, &n);
		c->o.train.under_weight = n > 1 ? (double)n : 1;
		break;
	case OPT_SEED:
		code = number(c, "seed", value, INT64_MAX, &n);
		c->o.train.seed = (uint64_t)n;
		break;
	case OPT_THREADS:
		code = number(c, "threads", value, THREADS, &n);
		c->o.train.threads = (int)n;
		break;
	case OPT_JSON:
		c->json = true;
		break;
	default:
		break;
	}
	return code;
}

/* 0, an exit code, or -1: help was printed. */
static int read_args(struct train_cmd *c, int argc, char **argv)
{
	struct cmd_args a;
	int code = 0;

	cmd_args_init(&a, c->self, argc, argv);
	for (int got; !code && (got = cmd_next(&a)) != CMD_END;) {
		if (got == CMD_HELP)
			return -1;
		if (got == CMD_USAGE)
			return 2;
		if (got == CMD_OPERAND) {
			xgrow(&c->files, &c->cap_files, c->n_files + 1,
			      sizeof(*c->files));
			c->files[c->n_files++] = a.value;
		} else {
			code = read_option(c, got, a.value);
		}
	}
	if (code)
		return code;
	if (c->ledger && c->n_files)
		return cmd_usage(c->self, "name files or --ledger, not both");
	if (!c->ledger && !c->n_files)
		return cmd_usage(c->self, "name outcome files, or --ledger");
	if (c->dry_run && (c->o.publish || c->out))
		return cmd_usage(c->self,
				 "--dry-run neither publishes nor writes");
	if (!c->dry_run && !c->o.publish && !c->out)
		return cmd_usage(c->self,
				 "say where to: --out FILE, --publish, or "
				 "--dry-run");
	return 0;
}

/* ---- the work ---- */

static void on_progress(void *arg, const char *what, double share)
{
	struct train_cmd *c = arg;

	c->bar.label = what;
	progress_update(&c->bar, (int64_t)(share * STEPS), 0);
}

/* What the configuration says of policies. */
static void from_conf(struct train_cmd *c)
{
	struct str goal = str_from(c->conf->route_goal);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (str_starts(goal, "quality:")) {
		double q = strtod(goal.p + 8, NULL);

		if (q > 0 && q <= 1)
			c->o.train.quality = c->o.gate.target = q;
	}
	c->o.train.threads = cpus < 1         ? 1
			     : cpus > THREADS ? THREADS
					      : (int)cpus;
	c->o.train.min_class_tasks = (double)c->conf->retrain_min_class;
	c->o.train.under_weight = (double)c->conf->retrain_under_weight;
	c->o.window_days = c->conf->retrain_window_days;
	c->o.max_rows = c->conf->retrain_rows;
	c->o.min_tasks = c->conf->retrain_min_tasks;
	c->o.now_us = clock_now_us();
	c->o.train.progress = on_progress;
	c->o.train.arg = c;
}

static enum rc open_ledger(struct train_cmd *c, struct err *e)
{
	if (!c->ledger && !c->o.publish)
		return RC_OK;
	return connect_ledger(&c->o.db, c->conf, "train", e);
}

static void print_json(const struct retrain_result *r)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, (size_t)16 << 20);
	json_out_init(&o, &b);
	json_out_obj(&o, NULL);
	json_out_i64(&o, "tasks", r->tasks);
	json_out_i64(&o, "judge_tasks", r->judge_tasks);
	json_out_i64(&o, "arms", r->arms);
	json_out_i64(&o, "bytes", (int64_t)r->bundle.len);
	json_out_i64(&o, "read_us", r->read_us);
	json_out_i64(&o, "fit_us", r->fit_us);
	json_out_i64(&o, "version", r->id);
	json_out_bool(&o, "published", r->published);
	if (r->looked) {
		json_out_obj(&o, "refreshed");
		json_out_i64(&o, "version", r->recal_id);
		recal_json(&r->recal, 0, TIME_NONE, 0, &o);
		json_out_end(&o, '}');
	}
	json_out_raw(&o, "certificate",
		     (struct str){r->certificate.p, r->certificate.len});
	json_out_end(&o, '}');
	printf("%s\n", buf_str(&b));
	buf_release(&b);
}

static enum rc print_result(const struct train_cmd *c,
			    const struct retrain_result *r, struct err *e)
{
	struct buf b;
	enum rc rc;

	if (c->json) {
		print_json(r);
		return RC_OK;
	}
	buf_init(&b, (size_t)4 << 20);
	rc = certificate_text(
		(struct str){r->certificate.p, r->certificate.len}, &b, e);
	printf("%s", buf_str(&b));
	printf("%d tasks, %d models, read in %.1f s, trained in %.1f s, "
	       "%zu bytes\n",
	       r->tasks, r->arms, (double)r->read_us / 1e6,
	       (double)r->fit_us / 1e6, r->bundle.len);
	if (r->id)
		printf("version %ld %s\n", (long)r->id,
		       r->published ? "serves" : "is kept, refused");
	if (r->looked)
		printf("probabilities: %s\n", r->recal.reason);
	if (r->recal_id)
		printf("version %ld serves, with them\n", (long)r->recal_id);
	buf_release(&b);
	return rc;
}

static enum rc work(struct train_cmd *c, struct err *e)
{
	struct retrain_result r;
	enum rc rc = open_ledger(c, e);

	retrain_result_init(&r);
	progress_start(&c->bar, "train", STEPS);
	if (!rc)
		rc = retrain(&c->o, &r, e);
	progress_end(&c->bar);
	if (!rc && c->out)
		rc = path_replace(c->out, r.bundle.p, r.bundle.len, 0644, e);
	if (!rc)
		rc = print_result(c, &r, e);
	db_close(c->o.db);
	retrain_result_release(&r);
	return rc;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct train_cmd c = {.self = self, .conf = conf};
	struct err e = {"", ""};
	enum rc rc;
	int code;

	retrain_defaults(&c.o);
	from_conf(&c);
	code = read_args(&c, argc, argv);
	if (code) {
		free(c.files);
		return code < 0 ? 0 : code;
	}
	c.o.files = c.files;
	c.o.n_files = (int)c.n_files;
	/* Others on the machine come first; being refused changes nothing. */
	setpriority(PRIO_PROCESS, 0, NICE);
	rc = work(&c, &e);
	if (rc)
		err_print(&e);
	free(c.files);
	return rc_exit(rc);
}

const struct command command_train = {
	.name = "train",
	.args = "FILE...|--ledger",
	.summary = "learn a router from outcomes",
	.help = "Outcome files are JSON lines, plain or gzip, as 'aco import "
		"outcomes' takes them. --ledger learns from imported trials "
		"and from the ledger's own judged tasks, by the features that "
		"were stored when they were decided; no prompt is needed.\n"
		"\n"
		"With --publish the result is compared with the router that "
		"serves, on tasks that are later than those it learnt from. It "
		"serves if it is surely better and no class is surely worse; "
		"else it is kept as refused, and the one that serves gets "
		"other calibrations where its probabilities surely hold no "
		"more. --dry-run says what would "
		"happen. The daemon does this every night (retrain_at).",
	.opts = opts,
	.run = run,
};
