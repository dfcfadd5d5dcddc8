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
#include "tui/text.h"

/* How long --once waits for the database, in all. */
#define ONCE_MS 60000
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
	OPT_SINCE,
	OPT_UNTIL,
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
		      "screen to open: fleet, tasks, task, attempt, price"},
	[OPT_CLASS] = {"class", 0, "CLASS", "tasks of this class"},
	[OPT_TASK] = {"task", 0, "TASK",
		      "this task, by its id or its sender's name for it"},
	[OPT_ATTEMPT] = {"attempt", 0, "ID", "this attempt of the task"},
	[OPT_PRICE] = {"price", 0, "ROW", "this price row"},
	[OPT_SINCE] = {"since", 0, "TIME",
		       "from TIME on: a date, a time, 90m, 36h, 7d, all"},
	[OPT_UNTIL] = {"until", 0, "TIME", "up to TIME"},
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

static int set_option(const struct command *self, struct settings *s, int got,
		      const char *value)
{
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
	case OPT_VIEW:
		s->open.view = value;
		break;
	case OPT_CLASS:
		s->open.class_name = value;
		break;
	case OPT_TASK:
		s->open.task = value;
		break;
	case OPT_ATTEMPT:
		s->open.attempt = value;
		break;
	case OPT_PRICE:
		s->open.price = value;
		break;
	case OPT_SINCE:
		s->since = value;
		break;
	case OPT_UNTIL:
		s->until = value;
		break;
	case OPT_TZ:
		s->zone = value;
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

static void set_locale(void)
{
	setlocale(LC_ALL, "");
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

static enum rc run_settings(const struct conf *conf, const struct settings *s,
			    int *sig, struct err *e)
{
	struct data *data = NULL;
	struct top *t;
	enum rc rc = data_new(&data, conf, e);

	if (rc != RC_OK)
		return rc;
	t = xcalloc(1, sizeof(*t));
	top_init(t, data, &s->range);
	t->range_is_auto = !s->since && !s->until;
	if (s->interval_us > 0)
		t->interval_us = s->interval_us;
	rc = open_pages(t, conf, &s->open, e);
	if (rc == RC_OK)
		rc = show(t, s, sig, e);
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
	set_locale();
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
		"a figure; Esc goes out, ? lists the keys. The range of time "
		"is the last 24 hours, or everything when nothing happened in "
		"them; t changes it.\n\n"
		"--once, --plain, --json and --csv print the same rows and "
		"end. Money is then an exact decimal in US dollars in JSON and "
		"CSV, with the field names of the public views. NO_COLOR and "
		"TERM are respected; names from outside are shown without "
		"control characters.",
	.opts = opts,
	.run = run,
};
