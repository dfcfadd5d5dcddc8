/* The table of commands. To add a command:
 *   1. write cmd_NAME.c beside the module it serves, exporting one
 *      `const struct command command_NAME`;
 *   2. name it in the table of aco.c;
 *   3. run `make man`, which rewrites the man page from these tables.
 * tests/int/cmd.sh fails if a step was forgotten. */
#ifndef ACO_CMD_H
#define ACO_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/base/conf.h"

#define ACO_VERSION "0.1.0"

struct cmd_opt {
	const char *name; /* long name, without dashes; NULL ends the table */
	char letter;      /* short name or 0 */
	const char *arg;  /* "TIME" when it takes an argument, else NULL */
	const char *help; /* one line */
};

struct command {
	const char *name;
	const char *args;    /* "KIND PATH..." for the usage line, or "" */
	const char *summary; /* one line, no full stop */
	const char *help;    /* paragraphs, may be NULL */
	const struct cmd_opt *opts; /* --help is implied; may be NULL */
	/* Returns the exit code: 0 done, 1 failed, 2 usage. argv[0] is the
	 * command's name. Results go to standard output, messages to
	 * standard error. */
	int (*run)(const struct command *self, const struct conf *conf,
		   int argc, char **argv);
};

/* Walks options and operands, getopt-like, permuting: options may follow
 * operands; "--" ends options. */
struct cmd_args {
	const struct command *cmd;
	int argc;
	char **argv;
	int i; /* next to read */
	bool only_operands;
	const char *value; /* argument of the option just returned */
	const char *group; /* rest of "-abc", once "-a" was returned */
};
enum {
	CMD_END = -1,
	CMD_OPERAND = -2,
	CMD_HELP = -3,
	CMD_USAGE = -4
};
void cmd_args_init(struct cmd_args *a, const struct command *cmd, int argc,
		   char **argv);
/* Index into cmd->opts (value set if it takes one), CMD_OPERAND (value is the
 * operand), CMD_END, CMD_HELP (help was printed: return 0) or CMD_USAGE (the
 * mistake was printed: return 2). */
int cmd_next(struct cmd_args *a);

/* "aco: MESSAGE" and "try 'aco NAME --help'" on standard error; returns 2. */
int cmd_usage(const struct command *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void cmd_print_help(const struct command *cmd);

/* Of the `n` names, the one that a person who typed `word` most likely meant;
 * NULL if none is close. */
const char *cmd_nearest(const char *word, const char *const *names, size_t n);

/* The man page aco(1), in mdoc, from the table of commands (which ends with
 * NULL) and the table of configuration keys. */
void cmd_man(const struct command *const *commands, struct buf *out);

#endif
