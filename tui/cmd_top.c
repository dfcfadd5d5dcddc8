/* aco top: the dashboard, and its twins for pipes and screen readers. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/cmd.h"
#include "tui/fmt.h"
#include "tui/loop.h"
#include "tui/open.h"
#include "tui/out.h"
#include "tui/state.h"
#include "tui/text.h"

/* How long --once waits for the database, in all. */
#define ONCE_MS 60000
/* How long it waits for the look at the daemon and its spool. */
#define HEALTH_MS 2000
/* Printed text is bounded, as is everything. */
#define OUT_MAX ((size_t)256 << 20)

enum {
	OPT_ONCE,
	OPT_PLAIN,
	OPT_JSON,
	OPT_CSV,
	OPT_VIEW,
	OPT_CLASS,
	OPT_TASK,
	OPT_ATTEMPT,
	OPT_PRICE,
	OPT_AGENT,
	OPT_TEAM,
	OPT_DECISION,
	OPT_BUNDLE,
	OPT_SEARCH,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_COMPARE,
	OPT_PICTURES,
	OPT_INTERVAL,
	OPT_THEME,
	OPT_TZ,
};
static const struct cmd_opt opts[] = {
	[OPT_ONCE] = {"once", 0, NULL, "print the screen once, as it is drawn"},
	[OPT_PLAIN] = {"plain", 0, NULL,
		       "print text without drawings, nothing cut"},
	[OPT_JSON] = {"json", 0, NULL, "print one JSON object"},
	[OPT_CSV] = {"csv", 0, NULL, "print CSV"},
	[OPT_VIEW] = {"view", 0, "NAME",
		      "screen to open: fleet, agents, teams, models, tiers, "
		      "tasks, task, attempt, price, decisions, decision, "
		      "router, bundles, budgets, attention, dead, search"},
	[OPT_CLASS] = {"class", 0, "CLASS", "tasks of this class"},
	[OPT_TASK] = {"task", 0, "TASK",
		      "this task, by its id or its sender's name for it"},
	[OPT_ATTEMPT] = {"attempt", 0, "ID", "this attempt of the task"},
	[OPT_PRICE] = {"price", 0, "ROW", "this price row"},
	[OPT_AGENT] = {"agent", 0, "AGENT", "tasks of this agent"},
	[OPT_TEAM] = {"team", 0, "TEAM", "tasks of this team"},
	[OPT_DECISION] = {"decision", 0, "ID", "this decision of the router"},
	[OPT_BUNDLE] = {"bundle", 0, "ROW", "this version of the router"},
	[OPT_SEARCH] = {"search", 0, "WORDS",
			"anything by a part of its name, or by its id"},
	[OPT_SINCE] = {"since", 0, "TIME",
		       "from TIME on: a date, a time, 90m, 36h, 7d, all"},
	[OPT_UNTIL] = {"until", 0, "TIME", "up to TIME"},
	[OPT_COMPARE] = {"compare", 0, NULL,
			 "beside each sum that of the period before"},
	[OPT_PICTURES] = {"pictures", 0, NULL,
			  "print pictures too; in plain text, their words"},
	[OPT_INTERVAL] = {"interval", 0, "SECONDS",
			  "between refreshes (2); with --plain, --json or "
			  "--csv: print again and again"},
	[OPT_THEME] = {"theme", 0, "NAME", "auto, dark, light or none"},
	[OPT_TZ] = {"tz", 0, "ZONE", "show times in this time zone"},
	{NULL, 0, NULL, NULL},
};

struct settings {
	struct open_args open;
	const char *since, *until, *zone;
	int format; /* of enum out_format; -1: on the terminal */
	enum theme theme;
	bool compare, pictures;
	int64_t interval_us; /* 0: not given */
	struct range range;
};

/* ---- options ---- */

static int set_format(const struct command *self, struct settings *s, int got)
{
	static const int formats[] = {OUT_ONCE, OUT_PLAIN, OUT_JSON, OUT_CSV};
	int format = formats[got];

	/* --once says when, the others say how as well. */
	if (s->format > OUT_ONCE && format > OUT_ONCE && s->format != format)
		return cmd_usage(self, "--plain, --json and --csv exclude "
				       "each other");
	if (format > s->format)
		s->format = format;
	return 0;
}

/* Seconds with an optional fraction, 0.1 to a day. */
static int set_interval(const struct command *self, struct settings *s,
			const char *text)
{
	char *end;
	double v;

	errno = 0;
	v = strtod(text, &end);
	if (errno || end == text || *end || !(v >= 0.1 && v <= 86400))
		return cmd_usage(self,
				 "--interval: '%s' is not 0.1 to 86400 seconds",
				 text);
	s->interval_us = (int64_t)(v * 1e6);
	return 0;
}

/* Where the text of an option goes; NULL: it has none. */
static const char **text_of(struct settings *s, int got)
{
	switch (got) {
	case OPT_VIEW:
		return &s->open.view;
	case OPT_CLASS:
		return &s->open.class_name;
	case OPT_TASK:
		return &s->open.task;
	case OPT_ATTEMPT:
		return &s->open.attempt;
	case OPT_PRICE:
		return &s->open.price;
	case OPT_AGENT:
		return &s->open.agent;
	case OPT_TEAM:
		return &s->open.team;
	case OPT_DECISION:
		return &s->open.decision;
	case OPT_BUNDLE:
		return &s->open.bundle;
	case OPT_SEARCH:
		return &s->open.words;
	case OPT_SINCE:
		return &s->since;
	case OPT_UNTIL:
		return &s->until;
	case OPT_TZ:
		return &s->zone;
	default:
		return NULL;
	}
}

static int set_option(const struct command *self, struct settings *s, int got,
		      const char *value)
{
	if (text_of(s, got)) {
		*text_of(s, got) = value;
		return 0;
	}
	switch (got) {
	case OPT_ONCE:
	case OPT_PLAIN:
	case OPT_JSON:
	case OPT_CSV:
		return set_format(self, s, got);
	case OPT_INTERVAL:
		return set_interval(self, s, value);
	case OPT_THEME:
		if (crt_theme_parse(value, &s->theme))
			return 0;
		return cmd_usage(self, "--theme: there is no theme '%s'",
				 value);
	case OPT_COMPARE:
		s->compare = true;
		break;
	case OPT_PICTURES:
		s->pictures = true;
		break;
	case CMD_OPERAND:
		return cmd_usage(self, "'%s' is too much", value);
	default:
		break;
	}
	return 0;
}

/* Exit code of a mistake, 0, or -1 when help was printed. */
static int read_args(const struct command *self, int argc, char **argv,
		     struct settings *s)
{
	struct cmd_args a;
	struct err e;
	int code = 0, got;

	cmd_args_init(&a, self, argc, argv);
	while (code == 0 && (got = cmd_next(&a)) != CMD_END) {
		if (got == CMD_HELP)
			return -1;
		if (got == CMD_USAGE)
			return 2;
		code = set_option(self, s, got, a.value);
	}
	if (code == 0 && !open_view(&s->open, &e))
		code = cmd_usage(self, "%s", e.msg);
	if (code == 0 && !fmt_set_zone(s->zone))
		code = cmd_usage(self, "there is no time zone '%s' here",
				 s->zone);
	if (code == 0 && (s->since || s->until) &&
	    range_parse(s->since, s->until, clock_now_us(), &s->range, &e) !=
		    RC_OK)
		code = cmd_usage(self, "%s; %s", e.msg, e.hint);
	return code;
}

/* ---- printing ---- */

static int output_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize w;
	int64_t n;

	if (columns && str_i64(str_from(columns), &n) && n >= 20 && n <= 10000)
		return (int)n;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 20)
		return w.ws_col;
	return 120;
}

static enum rc print_page(struct top *t, enum out_format format, bool again,
			  struct err *e)
{
	struct buf out;
	enum rc rc = RC_OK;

	buf_init(&out, OUT_MAX);
	out_page(&out, t, format, output_width(), again, isatty(STDOUT_FILENO));
	if (again && format <= OUT_PLAIN)
		fputc('\n', stdout);
	if (!buf_ok(&out))
		rc = err_set(e, RC_BAD, "more than %zu MiB to print",
			     OUT_MAX >> 20);
	else if (fwrite(buf_str(&out), 1, out.len, stdout) != out.len ||
		 fflush(stdout) != 0)
		rc = err_set(e, RC_BAD, "cannot write: %s", strerror(errno));
	buf_release(&out);
	return rc;
}

/* A pause in which the connection is kept alive. */
static void pause_for(struct top *t, int64_t us)
{
	int64_t until = clock_mono_us() + us;

	for (;;) {
		struct pollfd p[DATA_FDS];
		int64_t left = (until - clock_mono_us() + 999) / 1000;
		int n = data_poll(t->data, p);

		if (left <= 0)
			return;
		if (poll(p, (nfds_t)n, (int)left) > 0)
			data_io(t->data, p, n);
	}
}

static enum rc print(struct top *t, const struct settings *s, struct err *e)
{
	enum out_format format = (enum out_format)s->format;
	bool again = false;
	enum rc rc;

	top_page(t)->unfolded = format == OUT_JSON || format == OUT_CSV;
	t->all_asks = s->pictures || format == OUT_JSON;
	if (!t->all_asks)
		top_page(t)->pictures = top_page(t)->view->pictured;
	health_wait(t->health_job, HEALTH_MS);
	health_read(t->health_job, &t->health);
	/* A reader that left is an error to report, not a reason to die. */
	signal(SIGPIPE, SIG_IGN);
	do {
		if (again)
			pause_for(t, s->interval_us);
		rc = gather_wait(t, ONCE_MS, e);
		if (rc == RC_OK)
			rc = print_page(t, format, again, e);
		again = true;
	} while (rc == RC_OK && s->interval_us > 0 && format != OUT_ONCE);
	return rc;
}

/* ---- the command ---- */

/* `people`: figures are written as they are here; for programs they are not. */
static void set_locale(bool people)
{
	const struct lconv *l;

	setlocale(LC_ALL, "");
	l = localeconv();
	/* The locale "C" has no separator of thousands, but the eye needs one.
	 */
	if (people && *l->thousands_sep)
		fmt_set_digits(l->decimal_point, l->thousands_sep);
	/* Figures are written by our own rules. */
	setlocale(LC_NUMERIC, "C");
	text_set_unicode(strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
}

static enum rc show(struct top *t, const struct settings *s, int *sig,
		    struct err *e)
{
	*sig = 0;
	if (s->format >= 0)
		return print(t, s, e);
	return top_run(t, s->theme, sig, e);
}

static bool asks_for_nothing(const struct open_args *a)
{
	return !a->view && !a->class_name && !a->task && !a->attempt &&
	       !a->price && !a->agent && !a->team && !a->decision &&
	       !a->bundle && !a->words;
}

/* What the last run left: of the view only where none is asked for, of the
 * range likewise. */
static void remember(struct top *t, const struct settings *s,
		     struct open_args *open)
{
	struct range given = t->ctx.range;
	const struct view *v;

	t->interactive = true;
	v = state_load(t);
	if (s->since || s->until)
		t->ctx.range = given;
	else if (t->ctx.range.preset != given.preset)
		t->range_is_auto = false;
	if (v && asks_for_nothing(open))
		open->view = v->name;
}

static enum rc run_settings(const struct conf *conf, const struct settings *s,
			    int *sig, struct err *e)
{
	struct open_args open = s->open;
	struct data *data = NULL;
	struct top *t;
	enum rc rc = data_new(&data, conf, e);

	if (rc != RC_OK)
		return rc;
	t = xcalloc(1, sizeof(*t));
	top_init(t, data, &s->range);
	t->label = conf->label;
	t->range_is_auto = !s->since && !s->until;
	if (s->interval_us > 0)
		t->interval_us = s->interval_us;
	t->ctx.compare = s->compare;
	t->health_job = health_new(conf);
	if (s->format < 0)
		remember(t, s, &open);
	rc = open_pages(t, conf, &open, e);
	if (rc == RC_OK)
		rc = show(t, s, sig, e);
	if (rc == RC_OK && s->format < 0) {
		top_keep(t);
		state_save(t);
	}
	top_release(t);
	free(t);
	data_free(data);
	return rc;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct settings s = {.format = -1,
			     .zone = conf->timezone,
			     .range = {.preset = RANGE_24H}};
	struct err e = {"", ""};
	int code = read_args(self, argc, argv, &s);
	int sig = 0;
	enum rc rc;

	if (code != 0)
		return code < 0 ? 0 : code;
	/* In a pipe there is no screen to draw on. */
	if (s.format < 0 && !isatty(STDOUT_FILENO))
		s.format = OUT_ONCE;
	set_locale(s.format <= OUT_PLAIN);
	rc = run_settings(conf, &s, &sig, &e);
	if (rc != RC_OK)
		err_print(&e);
	if (sig)
		crt_die(sig);
	return rc_exit(rc);
}

const struct command command_top = {
	.name = "top",
	.args = "",
	.summary = "the dashboard: what the fleet spends, and why",
	.help = "Shows spend and success by task class; Enter goes in, to "
		"tasks, their steps and attempts, and the price row that made "
		"a figure; Esc goes out, ? lists the keys, 1 to 8 open other "
		"screens, : takes commands. The range of time is the last 24 "
		"hours, or everything when nothing happened in them; t changes "
		"it. The view, its columns and the range are remembered in "
		"$XDG_STATE_HOME/aco/top.\n\n"
		"--once, --plain, --json and --csv print the same rows and "
		"end. Money is then an exact decimal in US dollars in JSON and "
		"CSV, with the field names of the public views. NO_COLOR and "
		"TERM are respected; names from outside are shown without "
		"control characters.",
	.opts = opts,
	.run = run,
};
