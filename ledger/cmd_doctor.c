/* aco doctor: is all well, and if not, what to do. */
#include <stdio.h>

#include "ledger/base/clock.h"
#include "ledger/base/cmd.h"
#include "ledger/base/json.h"
#include "ledger/doctor.h"

enum {
	OPT_JSON,
	OPT_DAY,
	OPT_ALL
};
static const struct cmd_opt opts[] = {
	[OPT_JSON] = {"json", 0, NULL, "one JSON object"},
	[OPT_DAY] = {"day", 0, "DAY", "recompute this UTC day"},
	[OPT_ALL] = {"all", 0, NULL, "recompute every day"},
	{NULL, 0, NULL, NULL},
};

static int read_day(const struct command *self, const char *text,
		    struct doctor_opts *o)
{
	int64_t us;

	if (!clock_parse(str_from(text), &us))
		return cmd_usage(self,
				 "--day: '%s' is not a day; write "
				 "2026-11-24",
				 text);
	o->scope = DOCTOR_DAY;
	o->day = clock_day(us);
	return -1;
}

/* -1: go on; else the exit code. */
static int read_args(const struct command *self, int argc, char **argv,
		     struct doctor_opts *o, bool *json)
{
	bool all = false, day = false;
	struct cmd_args a;
	int got, code = -1;

	cmd_args_init(&a, self, argc, argv);
	while (code < 0 && (got = cmd_next(&a)) != CMD_END) {
		switch (got) {
		case CMD_HELP:
			return 0;
		case CMD_USAGE:
			return 2;
		case OPT_JSON:
			*json = true;
			break;
		case OPT_DAY:
			day = true;
			code = read_day(self, a.value, o);
			break;
		case OPT_ALL:
			all = true;
			o->scope = DOCTOR_ALL;
			break;
		default:
			return cmd_usage(self, "doctor takes no operands");
		}
	}
	if (code < 0 && all && day)
		return cmd_usage(self, "--day and --all exclude each other");
	return code;
}

static void tell_text(void *arg, const struct doctor_finding *f)
{
	(void)arg;
	printf("%-4s  %-14s  %s\n", doctor_state_name(f->state), f->name,
	       f->found);
	if (f->advice[0] && f->state != DOCTOR_OK)
		printf("      %-14s  -> %s\n", "", f->advice);
	fflush(stdout);
}

static void tell_json(void *arg, const struct doctor_finding *f)
{
	struct json_out *o = arg;

	json_out_obj(o, NULL);
	json_out_str(o, "name", str_from(f->name));
	json_out_str(o, "state", str_from(doctor_state_name(f->state)));
	json_out_str(o, "found", str_from(f->found));
	json_out_str(o, "advice",
		     f->advice[0] ? str_from(f->advice) : STR_NONE);
	json_out_end(o, '}');
}

static enum doctor_state run_json(const struct conf *conf,
				  const struct doctor_opts *o)
{
	enum doctor_state worst;
	struct json_out out;
	struct buf b;

	buf_init(&b, 1 << 20);
	json_out_init(&out, &b);
	json_out_obj(&out, NULL);
	json_out_arr(&out, "checks");
	worst = doctor_run(conf, o, tell_json, &out);
	json_out_end(&out, ']');
	json_out_str(&out, "state", str_from(doctor_state_name(worst)));
	json_out_end(&out, '}');
	puts(buf_str(&b));
	buf_release(&b);
	return worst;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct doctor_opts o = {.scope = DOCTOR_RANDOM};
	enum doctor_state worst;
	bool json = false;
	int code = read_args(self, argc, argv, &o, &json);

	if (code >= 0)
		return code;
	worst = json ? run_json(conf, &o)
		     : doctor_run(conf, &o, tell_text, NULL);
	return worst == DOCTOR_FAIL ? 1 : 0;
}

const struct command command_doctor = {
	.name = "doctor",
	.args = "",
	.summary = "check the installation and the ledger, say what to do",
	.help = "Looks at the disk, the database, its schema and its days, and "
		"recomputes what the ledger keeps: the sums by minute, hour "
		"and day from the rows they sum, the sums of tasks from their "
		"attempts, and the names under which attempts are known. One "
		"day, taken at random among those that hold something, unless "
		"told otherwise. Nothing is changed.\n"
		"\n"
		"The exit code is 1 if a check fails; what is only worth "
		"knowing is marked 'warn'.",
	.opts = opts,
	.run = run,
};
