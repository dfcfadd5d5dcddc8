/* main() and the table of commands. What a command does is in the file beside
 * its module that exports it; how to add one is told in ledger/base/cmd.h. */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/cmd.h"
#include "ledger/base/log.h"

static const struct command command_help;
extern const struct command command_up;
extern const struct command command_down;
extern const struct command command_serve;
extern const struct command command_import;
extern const struct command command_export;
extern const struct command command_top;
extern const struct command command_price;
extern const struct command command_model;
extern const struct command command_key;
extern const struct command command_budget;
extern const struct command command_dead;
extern const struct command command_outcome;
extern const struct command command_route;
extern const struct command command_train;
extern const struct command command_router;
extern const struct command command_mock;
extern const struct command command_eval;
extern const struct command command_demo;
extern const struct command command_doctor;
extern const struct command command_config;

/* In the order in which `aco help` shows them; one a line. */
/* clang-format off */
static const struct command *const commands[] = {
	&command_up,
	&command_down,
	&command_serve,
	&command_import,
	&command_export,
	&command_top,
	&command_price,
	&command_model,
	&command_key,
	&command_budget,
	&command_dead,
	&command_outcome,
	&command_route,
	&command_train,
	&command_router,
	&command_mock,
	&command_eval,
	&command_demo,
	&command_doctor,
	&command_config,
	&command_help,
	NULL,
};
/* clang-format on */

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; commands[i]; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

static int unknown_command(const char *word)
{
	const char *names[sizeof(commands) / sizeof(commands[0])], *near;
	size_t n;

	for (n = 0; commands[n]; n++)
		names[n] = commands[n]->name;
	near = cmd_nearest(word, names, n);
	if (near)
		fprintf(stderr,
			"aco: unknown command '%s', did you mean '%s'?\n", word,
			near);
	else
		fprintf(stderr, "aco: unknown command '%s'\n", word);
	fputs("try 'aco help'\n", stderr);
	return 2;
}

static void print_overview(void)
{
	fputs("usage: aco [--config FILE] COMMAND [ARGUMENT...]\n"
	      "\n"
	      "A cost ledger, a model router and a dashboard for fleets of LLM "
	      "agents.\n"
	      "\n"
	      "commands:\n",
	      stdout);
	for (size_t i = 0; commands[i]; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n"
	      "options:\n"
	      "  --config FILE  read this configuration file\n"
	      "  --version      print the version and exit\n"
	      "  --help         print this and exit\n"
	      "\n"
	      "'aco help COMMAND' says more; so does aco(1).\n",
	      stdout);
}

/* `aco help --man` is for `make man` and shown nowhere. */
static int print_man_page(void)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	cmd_man(commands, &b);
	fputs(buf_str(&b), stdout);
	buf_release(&b);
	return 0;
}

static int run_help(const struct command *self, const struct conf *conf,
		    int argc, char **argv)
{
	const struct command *about;

	(void)conf;
	if (argc == 2 && !strcmp(argv[1], "--man"))
		return print_man_page();
	if (argc > 2)
		return cmd_usage(self, "help wants one command");
	if (argc < 2) {
		print_overview();
		return 0;
	}
	about = strcmp(argv[1], "--help") ? find_command(argv[1]) : self;
	if (!about)
		return unknown_command(argv[1]);
	cmd_print_help(about);
	return 0;
}

static const struct command command_help = {
	.name = "help",
	.args = "[COMMAND]",
	.summary = "say what commands there are, or what one does",
	.run = run_help,
};

/* Results that did not reach their reader are a failure; that the reader of a
 * pipe has seen enough is one too, but not worth a message. */
static int finish_output(int code)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
	bool bad = ferror(stdout);

	errno = 0;
	bad = fflush(stdout) != 0 || bad;
	if (!bad)
		return code;
	if (errno != EPIPE &&
	    !(poll(&out, 1, 0) == 1 && (out.revents & POLLERR)))
		fprintf(stderr, "aco: writing to standard output: %s\n",
			errno ? strerror(errno) : "failed");
	return code ? code : 1;
}

static int run_command(const struct command *c, const char *conf_path, int argc,
		       char **argv)
{
	enum log_level level;
	struct conf conf;
	struct err e;
	int code;

	/* Help must work with a broken configuration, too. */
	if (c == &command_help)
		return c->run(c, NULL, argc, argv);
	if (argc > 1 && !strcmp(argv[1], "--help")) {
		cmd_print_help(c);
		return 0;
	}
	if (conf_load(&conf, conf_path, &e) != RC_OK) {
		err_print(&e);
		return 1;
	}
	if (log_level_parse(conf.log_level, &level))
		log_set_level(level);
	code = c->run(c, &conf, argc, argv);
	conf_release(&conf);
	return code;
}

/* argv behind the global options. */
static int dispatch(const char *conf_path, int argc, char **argv)
{
	const struct command *c;

	if (argc < 1) {
		print_overview();
		return 2;
	}
	c = find_command(argv[0]);
	if (!c)
		return unknown_command(argv[0]);
	return run_command(c, conf_path, argc, argv);
}

static int run(int argc, char **argv)
{
	const char *conf_path = NULL;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			print_overview();
			return 0;
		} else if (!strcmp(argv[i], "--version")) {
			puts("aco " ACO_VERSION);
			return 0;
		} else if (!strncmp(argv[i], "--config=", 9)) {
			conf_path = argv[i] + 9;
		} else if (!strcmp(argv[i], "--config") && i + 1 < argc) {
			conf_path = argv[++i];
		} else if (!strcmp(argv[i], "--config")) {
			fputs("aco: option '--config' wants FILE\n", stderr);
			return 2;
		} else {
			fprintf(stderr,
				"aco: unknown option '%s'\n"
				"try 'aco --help'\n",
				argv[i]);
			return 2;
		}
	}
	return dispatch(conf_path, argc - i, argv + i);
}

int main(int argc, char **argv)
{
	/* Texts and widths follow the user's locale; numbers are written and
	 * read by programs and keep their point. */
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* too large a file is an error */
	return finish_output(run(argc, argv));
}
