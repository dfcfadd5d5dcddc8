#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/cmd.h"

static const struct cmd_opt opts[] = {
	{"since", 's', "TIME", "from then on"},
	{"json", 'j', NULL, "as JSON"},
	{"verbose", 'v', NULL, "say more"},
	{.name = NULL},
};
enum {
	SINCE,
	JSON,
	VERBOSE
};

static const struct command cmd = {
	.name = "x", .args = "FILE...", .summary = "does x", .opts = opts};

/* The walk over the words of `line`, as text: "o0=value " for an option with
 * argument, "o1 " for one without, "-word " for an operand, and how it ended.
 */
static const char *walk(const char *line)
{
	static char out[400];
	char words[200], *argv[32], *p = words;
	struct cmd_args a;
	int argc = 0, opt;
	size_t n = 0;

	snprintf(words, sizeof(words), "x %s", line);
	while ((argv[argc] = strsep(&p, " ")))
		argc += *argv[argc] != 0;
	cmd_args_init(&a, &cmd, argc, argv);
	out[0] = 0;
	while ((opt = cmd_next(&a)) >= 0 || opt == CMD_OPERAND) {
		if (opt == CMD_OPERAND)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "-%s ",
					      a.value);
		else if (a.value)
			n += (size_t)snprintf(out + n, sizeof(out) - n,
					      "o%d=%s ", opt, a.value);
		else
			n += (size_t)snprintf(out + n, sizeof(out) - n, "o%d ",
					      opt);
	}
	snprintf(out + n, sizeof(out) - n, "%s",
		 opt == CMD_END     ? "end"
		 : opt == CMD_HELP  ? "help"
		 : opt == CMD_USAGE ? "usage"
				    : "?");
	return out;
}

static void test_walk(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{"", "end"},
		{"a b", "-a -b end"},
		{"--json a", "o1 -a end"},
		{"a --json b", "-a o1 -b end"},
		{"--since now a", "o0=now -a end"},
		{"--since=now a", "o0=now -a end"},
		{"--since= a", "o0= -a end"},
		{"--since --json", "o0=--json end"},
		{"-s now", "o0=now end"},
		{"-snow", "o0=now end"},
		{"-jv a", "o1 o2 -a end"},
		{"-vjsnow a", "o2 o1 o0=now -a end"},
		{"-- --json -j", "---json --j end"},
		{"a -- b -- c", "-a -b --- -c end"},
		{"- a", "-- -a end"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(walk(cases[i].line), cases[i].want);
}

/* Messages of the walk go to standard error, help to standard output: neither
 * belongs into this program's own report. */
static void test_walk_stops(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{"--help", "help"},   {"-j --help a", "o1 help"},
		{"-h", "help"},       {"-jh", "o1 help"},
		{"--nope", "usage"},  {"--jso", "usage"},
		{"--jsonx", "usage"}, {"-x", "usage"},
		{"-jx", "o1 usage"},  {"--since", "usage"},
		{"-s", "usage"},      {"--json=1", "usage"},
	};
	int out, err;

	(void)state;
	fflush(stdout);
	out = dup(STDOUT_FILENO);
	err = dup(STDERR_FILENO);
	assert_non_null(freopen("/dev/null", "w", stdout));
	assert_non_null(freopen("/dev/null", "w", stderr));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = walk(cases[i].line);

		if (strcmp(got, cases[i].want) != 0) {
			dup2(err, STDERR_FILENO);
			dup2(out, STDOUT_FILENO);
			fail_msg("%s: %s", cases[i].line, got);
		}
	}
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
}

static void test_nearest(void **state)
{
	static const char *const names[] = {"import", "export", "config",
					    "top",    "train",  "router"};
	static const struct {
		const char *word, *want;
	} cases[] = {
		{"imprt", "import"},
		{"improt", "import"},
		{"conf", "config"},
		{"confgi", "config"},
		{"route", "router"},
		{"tp", "top"},
		{"xyz", NULL},
		{"", NULL},
		{"a", NULL},
		{"completelydifferent", NULL},
		{"01234567890123456789012345678901234567890", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = cmd_nearest(cases[i].word, names, 6);

		if (!cases[i].want)
			assert_null(got);
		else
			assert_string_equal(got, cases[i].want);
	}
}

static int run_nothing(const struct command *self, const struct conf *conf,
		       int argc, char **argv)
{
	(void)self;
	(void)conf;
	(void)argc;
	(void)argv;
	return 0;
}

/* Text that means something to roff comes out as text. */
static void test_man_escapes(void **state)
{
	static const struct command odd = {
		.name = "odd",
		.args = "\"A\\B\"",
		.summary = ".dot and \\back",
		.help = "'quote\n\n  .indented -x\n\nlast",
		.run = run_nothing};
	static const struct command *const table[] = {&odd, NULL};
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	cmd_man(table, &b);
	assert_true(buf_ok(&b));
	assert_non_null(strstr(buf_str(&b), "\n\\&.dot and \\eback.\n"));
	assert_non_null(strstr(buf_str(&b), "\n\\&'quote\n"));
	assert_non_null(strstr(buf_str(&b), " \"\\(dqA\\eB\\(dq\"\n"));
	assert_non_null(
		strstr(buf_str(&b),
		       ".Bd -literal\n  .indented \\-x\n.Ed\n.Pp\nlast\n"));
	for (const struct conf_key *k = conf_keys; k->name; k++)
		assert_non_null(strstr(buf_str(&b), k->env));
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_walk_stops),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_man_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
