/* The man page, in mdoc, generated from the tables so that it cannot lag
 * behind them. Plain text becomes mdoc here: nothing in a help text needs
 * markup of its own. */
#include <ctype.h>
#include <string.h>

#include "ledger/base/cmd.h"

#define MAN_COLUMNS 76

/* Whether s[i] needs an escape: a backslash means something to roff, and a
 * dash that begins an option must stay a dash. */
static bool is_special(const char *s, size_t i)
{
	return s[i] == '\\' ||
	       (s[i] == '-' && (i == 0 || !isalnum((unsigned char)s[i - 1])));
}

/* Text as it is; at the beginning of a line a dot or an apostrophe would be a
 * command. */
static void add_chars(struct buf *out, const char *s, size_t n, bool begins)
{
	if (begins && n > 0 && (*s == '.' || *s == '\''))
		buf_adds(out, "\\&");
	for (size_t i = 0; i < n; i++) {
		if (is_special(s, i))
			buf_addc(out, '\\');
		buf_addc(out, s[i] == '\\' ? 'e' : s[i]);
	}
}

/* Bytes that add_chars would add to a line that has begun. */
static size_t roff_len(const char *s, size_t n)
{
	size_t len = n;

	for (size_t i = 0; i < n; i++)
		len += is_special(s, i);
	return len;
}

static bool ends_sentence(const char *word, size_t n)
{
	while (n > 1 && strchr(")'\"", word[n - 1]))
		n--;
	return n > 1 && strchr(".?!", word[n - 1]);
}

/* Length of the first word of s[n], and of the blanks before it. */
static size_t next_word(const char *s, size_t n, size_t *blanks)
{
	size_t i = 0, end;

	while (i < n && (s[i] == ' ' || s[i] == '\n'))
		i++;
	for (end = i; end < n && s[end] != ' ' && s[end] != '\n'; end++)
		;
	*blanks = i;
	return end - i;
}

/* A paragraph: its words in lines of MAN_COLUMNS; a new sentence begins a new
 * line, as roff wants it. With `sentence`, the first letter becomes a capital
 * and a full stop is added. */
static void add_words(struct buf *out, const char *s, size_t n, bool sentence)
{
	size_t from = out->len, line = from, blanks, len;
	bool fresh = false;

	while ((len = next_word(s, n, &blanks)) > 0) {
		s += blanks;
		if (out->len == from && sentence &&
		    islower((unsigned char)*s)) {
			buf_addc(out, (char)toupper((unsigned char)*s));
			add_chars(out, s + 1, len - 1, false);
		} else {
			size_t end = out->len - line + 1 + roff_len(s, len);

			if (out->len > from && !fresh && end <= MAN_COLUMNS) {
				buf_addc(out, ' ');
			} else if (out->len > from) {
				buf_addc(out, '\n');
				line = out->len;
			}
			add_chars(out, s, len, out->len == line);
		}
		fresh = ends_sentence(s, len);
		s += len;
		n -= blanks + len;
	}
	buf_adds(out, sentence && !fresh ? ".\n" : "\n");
}

static void add_text(struct buf *out, const char *s)
{
	add_words(out, s, strlen(s), true);
}

/* Bytes until the next line that is blank or changes between literal and
 * flowing text. */
static size_t block_len(const char *s)
{
	bool literal = *s == ' ';
	size_t n = 0;

	while (s[n] && s[n] != '\n' && (s[n] == ' ') == literal) {
		n += strcspn(s + n, "\n");
		n += s[n] == '\n';
	}
	return n;
}

/* Lines that begin with a space are kept as they are; the others flow, and a
 * blank line ends a paragraph. */
static void add_paragraphs(struct buf *out, const char *s)
{
	while (*s) {
		size_t n = block_len(s);

		if (*s == ' ') {
			buf_adds(out, ".Bd -literal\n");
			add_chars(out, s, n, false);
			buf_adds(out, s[n - 1] == '\n' ? ".Ed\n" : "\n.Ed\n");
		} else {
			buf_adds(out, ".Pp\n");
			add_words(out, s, n, false);
		}
		s += n;
		s += strspn(s, "\n");
	}
}

/* A word on a macro line: in quotes, which roff doubles inside. */
static void add_word(struct buf *out, const char *s)
{
	buf_adds(out, " \"");
	for (; *s; s++) {
		if (*s == '"')
			buf_adds(out, "\\(dq");
		else if (*s == '\\')
			buf_adds(out, "\\e");
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

static void add_option(struct buf *out, const struct cmd_opt *o)
{
	buf_adds(out, ".It");
	if (o->letter)
		buf_addf(out, " Fl %c ,", o->letter);
	buf_addf(out, " Fl Fl %s", o->name);
	if (o->arg) {
		buf_adds(out, " Ar");
		add_word(out, o->arg);
	}
	buf_addc(out, '\n');
	add_text(out, o->help);
}

static void add_command(struct buf *out, const struct command *c)
{
	buf_addf(out, ".Ss aco %s\n", c->name);
	buf_addf(out, ".Nm Cm %s", c->name);
	if (c->opts && c->opts->name)
		buf_adds(out, " Oo Ar option ... Oc");
	if (*c->args) {
		buf_adds(out, " Ar");
		add_word(out, c->args);
	}
	buf_adds(out, "\n.Pp\n");
	add_text(out, c->summary);
	if (c->help)
		add_paragraphs(out, c->help);
	if (!c->opts || !c->opts->name)
		return;
	buf_adds(out, ".Bl -tag -width Ds\n");
	for (const struct cmd_opt *o = c->opts; o->name; o++)
		add_option(out, o);
	buf_adds(out, ".El\n");
}

static void add_key(struct buf *out, const struct conf_key *k)
{
	buf_addf(out, ".It Cm %s\n", k->name);
	add_text(out, k->help);
	if (k->type == CONF_INT)
		buf_addf(out, ".br\nA whole number, %lld to %lld.\n",
			 (long long)k->min, (long long)k->max);
	else if (k->type == CONF_DURATION_DAYS)
		buf_adds(out, ".br\nDays, or with a unit: 90d, 12w, 1y.\n");
	else if (k->type == CONF_BYTES)
		buf_adds(out, ".br\nBytes, or with a unit: 512k, 64m, 1g.\n");
	else if (k->type == CONF_BOOL)
		buf_adds(out, ".br\nyes or no.\n");
	else if (k->choices)
		buf_addf(out, ".br\nOne of: %s.\n", k->choices);
	buf_addf(out, ".br\nDefault: %s.\n", *k->def ? k->def : "empty");
	buf_addf(out, "Variable:\n.Ev %s .\n", k->env);
	if (k->reloadable)
		buf_adds(out, "Reloaded on SIGHUP.\n");
}

static void add_configuration(struct buf *out)
{
	const char *section = "";

	buf_adds(out, ".Sh CONFIGURATION\n"
		      "The configuration file has lines\n"
		      ".Ql name = value\n"
		      "in sections\n"
		      ".Ql [section] .\n"
		      "A line that begins with\n"
		      ".Ql #\n"
		      "or\n"
		      ".Ql \\&;\n"
		      "is a comment, and so is what follows a\n"
		      ".Ql \\&;\n"
		      "behind white space.\n"
		      "An unknown key is an error.\n");
	for (const struct conf_key *k = conf_keys; k->name; k++) {
		if (strcmp(section, k->section) != 0) {
			if (*section)
				buf_adds(out, ".El\n");
			buf_addf(out, ".Ss Section %s\n.Bl -tag -width Ds\n",
				 k->section);
			section = k->section;
		}
		add_key(out, k);
	}
	buf_adds(out, ".El\n");
}

static void add_environment(struct buf *out)
{
	buf_adds(out, ".Sh ENVIRONMENT\n"
		      "Each variable wins over the configuration file.\n"
		      ".Bl -tag -width Ds\n"
		      ".It Ev ACO_CONFIG\n"
		      "The configuration file, unless\n"
		      ".Fl Fl config\n"
		      "names one.\n");
	for (const struct conf_key *k = conf_keys; k->name; k++)
		buf_addf(out, ".It Ev %s\nThe key\n.Cm %s .\n", k->env,
			 k->name);
	buf_adds(out, ".It Ev NO_COLOR\n"
		      "If set, nothing is printed in colour.\n"
		      ".It Ev ACO_NOW\n"
		      "A time that replaces the clock, for tests.\n"
		      ".El\n");
}

static const char head[] =
	".\\\" Generated by `make man`; do not edit.\n"
	".Dd November 24, 2026\n"
	".Dt ACO 1\n"
	".Os\n"
	".Sh NAME\n"
	".Nm aco\n"
	".Nd cost ledger, model router and dashboard for fleets of LLM agents\n"
	".Sh SYNOPSIS\n"
	".Nm\n"
	".Op Fl Fl config Ar file\n"
	".Ar command\n"
	".Op Ar argument ...\n"
	".Nm\n"
	".Fl Fl help | Fl Fl version\n"
	".Sh DESCRIPTION\n"
	".Nm\n"
	"records what agents spend on language models, routes their calls to "
	"the\n"
	"cheapest model that does the work, and shows both.\n"
	"Results go to standard output, messages to standard error.\n"
	"Options may follow operands;\n"
	".Ql --\n"
	"ends them.\n"
	"Every command knows\n"
	".Fl Fl help .\n"
	".Sh COMMANDS\n";

static const char tail[] =
	".Sh FILES\n"
	"The first of these that exists is the configuration file:\n"
	".Pp\n"
	".Bl -tag -width Ds -compact\n"
	".It Pa $XDG_CONFIG_HOME/aco/aco.conf\n"
	".It Pa ~/.config/aco/aco.conf\n"
	".It Pa /etc/aco/aco.conf\n"
	".El\n"
	".Pp\n"
	"The private cluster and the spool are kept in the folder\n"
	".Cm home ,\n"
	"by default\n"
	".Pa ~/.local/share/aco ,\n"
	"and\n"
	".Pa /var/lib/aco\n"
	"for root.\n"
	".Sh EXIT STATUS\n"
	".Bl -tag -width Ds -compact\n"
	".It 0\n"
	"Done.\n"
	".It 1\n"
	"Failed; the reason is on standard error.\n"
	".It 2\n"
	"The command line was wrong.\n"
	".El\n";

void cmd_man(const struct command *const *commands, struct buf *out)
{
	buf_adds(out, head);
	for (size_t i = 0; commands[i]; i++)
		add_command(out, commands[i]);
	add_configuration(out);
	add_environment(out);
	buf_adds(out, tail);
}
