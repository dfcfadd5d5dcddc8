#include "ledger/base/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HELP_COLUMNS 80

void cmd_args_init(struct cmd_args *a, const struct command *cmd, int argc,
		   char **argv)
{
	*a = (struct cmd_args){.cmd = cmd, .argc = argc, .argv = argv, .i = 1};
}

int cmd_usage(const struct command *cmd, const char *fmt, ...)
{
	va_list ap;

	fputs("aco: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\ntry 'aco %s --help'\n", cmd->name);
	return 2;
}

/* The argument of option i: what follows in the same word, or the next. */
static int take_value(struct cmd_args *a, int i, const char *rest)
{
	const struct cmd_opt *o = &a->cmd->opts[i];

	if (!o->arg) {
		if (!rest)
			return i;
		cmd_usage(a->cmd, "option '--%s' takes no argument", o->name);
		return CMD_USAGE;
	}
	if (!rest && a->i < a->argc)
		rest = a->argv[a->i++];
	if (!rest) {
		cmd_usage(a->cmd, "option '--%s' wants %s", o->name, o->arg);
		return CMD_USAGE;
	}
	a->value = rest;
	return i;
}

static int unknown_option(const struct command *cmd, const char *word)
{
	const char *names[64], *near;
	size_t n = 0;

	for (const struct cmd_opt *o = cmd->opts; o && o->name; o++) {
		if (n < sizeof(names) / sizeof(names[0]))
			names[n++] = o->name;
	}
	near = cmd_nearest(word + 2, names, n);
	if (near)
		cmd_usage(cmd, "unknown option '%s', did you mean '--%s'?",
			  word, near);
	else
		cmd_usage(cmd, "unknown option '%s'", word);
	return CMD_USAGE;
}

static int long_option(struct cmd_args *a, const char *word)
{
	const char *name = word + 2, *eq = strchr(name, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);
	const struct cmd_opt *o = a->cmd->opts;

	if (len == 4 && !memcmp(name, "help", 4) && !eq) {
		cmd_print_help(a->cmd);
		return CMD_HELP;
	}
	for (int i = 0; o && o[i].name; i++) {
		if (strlen(o[i].name) == len && !memcmp(o[i].name, name, len))
			return take_value(a, i, eq ? eq + 1 : NULL);
	}
	return unknown_option(a->cmd, word);
}

/* p points at the letter. */
static int short_option(struct cmd_args *a, const char *p)
{
	const struct cmd_opt *o = a->cmd->opts;

	a->group = NULL;
	for (int i = 0; o && o[i].name; i++) {
		if (!o[i].letter || o[i].letter != *p)
			continue;
		if (o[i].arg)
			return take_value(a, i, p[1] ? p + 1 : NULL);
		if (p[1])
			a->group = p + 1;
		return i;
	}
	if (*p == 'h') {
		cmd_print_help(a->cmd);
		return CMD_HELP;
	}
	cmd_usage(a->cmd, "unknown option '-%c'", *p);
	return CMD_USAGE;
}

int cmd_next(struct cmd_args *a)
{
	const char *word;

	a->value = NULL;
	if (a->group)
		return short_option(a, a->group);
	if (a->i >= a->argc)
		return CMD_END;
	word = a->argv[a->i++];
	if (!a->only_operands && word[0] == '-' && word[1]) {
		if (word[1] != '-')
			return short_option(a, word + 1);
		if (word[2])
			return long_option(a, word);
		a->only_operands = true;
		return cmd_next(a);
	}
	a->value = word;
	return CMD_OPERAND;
}

/* Words in lines of HELP_COLUMNS, from column `at` on; what follows the first
 * line begins at column `indent`. */
static void print_words(const char *s, size_t n, int at, int indent)
{
	const char *end = s + n;
	int col = at;

	for (; s < end; s += n) {
		s += strspn(s, " \n");
		n = strcspn(s, " \n");
		if (s + n > end || !n)
			break;
		if (col > at && col + 1 + (int)n > HELP_COLUMNS) {
			printf("\n%*s", indent, "");
			col = at = indent;
		}
		col += printf("%s%.*s", col > at ? " " : "", (int)n, s);
	}
	putchar('\n');
}

/* Lines that begin with a space are kept as they are; the others flow. */
static void print_text(const char *s)
{
	while (*s) {
		size_t n = strcspn(s, "\n");

		if (*s == ' ' || !n) {
			printf("%.*s\n", (int)n, s);
		} else {
			while (s[n] && s[n + 1] && !strchr(" \n", s[n + 1]))
				n += 1 + strcspn(s + n + 1, "\n");
			print_words(s, n, 0, 0);
		}
		s += n + (s[n] == '\n');
	}
}

/* Width of what print_option prints before the help. */
static int option_width(const struct cmd_opt *o)
{
	return (int)(strlen(o->name) + (o->arg ? strlen(o->arg) + 1 : 0));
}

static void print_option(const struct cmd_opt *o, int width)
{
	char letter[8] = "    ";
	int col;

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	col = printf("  %s--%s%s%s%*s  ", letter, o->name, o->arg ? " " : "",
		     o->arg ? o->arg : "", width - option_width(o), "");
	print_words(o->help, strlen(o->help), col, col);
}

void cmd_print_help(const struct command *cmd)
{
	static const struct cmd_opt help = {"help", 'h', NULL,
					    "print this and exit"};
	int width = option_width(&help), col;
	const struct cmd_opt *o;

	for (o = cmd->opts; o && o->name; o++) {
		if (option_width(o) > width)
			width = option_width(o);
	}
	col = printf("usage: aco %s [OPTION...]%s", cmd->name,
		     *cmd->args ? " " : "");
	print_words(cmd->args, strlen(cmd->args), col, 12);
	printf("\n%s\n", cmd->summary);
	if (cmd->help) {
		putchar('\n');
		print_text(cmd->help);
	}
	printf("\noptions:\n");
	for (o = cmd->opts; o && o->name; o++)
		print_option(o, width);
	print_option(&help, width);
}

/* Edits (insert, delete, replace) that turn a into b; both shorter than 32. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

const char *cmd_nearest(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word), least = SIZE_MAX;
	const char *near = NULL;

	if (len == 0 || len >= 32)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t d;

		if (strlen(names[i]) >= 32)
			continue;
		d = distance(word, names[i]);
		if (len >= 2 && !strncmp(names[i], word, len))
			d = 1; /* the beginning of a name */
		if (d < least) {
			least = d;
			near = names[i];
		}
	}
	return least <= 1 + len / 4 ? near : NULL;
}
