/* What a tool's name says about the kind of step; for shells, what the command
 * line says (step_shell.c). Known tools stand in a table; of others the first
 * word of the name decides ("get_order" reads, "cancel_order" edits). */
#include <ctype.h>

#include "ledger/event.h"
#include "ledger/step_shell.h"

#define TOOL_SHELL  STEP_KIND_N       /* its command decides */
#define TOOL_EDITOR (STEP_KIND_N + 1) /* its sub-command decides */

struct tool {
	const char *name;
	int kind;
};

/* Lower case, without '_', '-' and name spaces; by agent where it is not
 * obvious. */
static const struct tool tools[] = {
	/* shells */
	{"bash", TOOL_SHELL},
	{"shell", TOOL_SHELL},
	{"sh", TOOL_SHELL},
	{"exec", TOOL_SHELL},
	{"execcommand", TOOL_SHELL},
	{"executebash", TOOL_SHELL},
	{"executecommand", TOOL_SHELL},
	{"localshell", TOOL_SHELL},
	{"localshellcall", TOOL_SHELL},
	{"powershell", TOOL_SHELL},
	{"runcommand", TOOL_SHELL},
	{"runshellcommand", TOOL_SHELL},
	{"runterminalcmd", TOOL_SHELL},
	{"terminal", TOOL_SHELL},
	{"writestdin", STEP_EXECUTE},
	{"killshell", STEP_EXECUTE},
	{"killbash", STEP_EXECUTE},
	{"wait", STEP_EXECUTE},
	{"jupyter", STEP_EXECUTE},
	{"executeipythoncell", STEP_EXECUTE},
	{"python", STEP_EXECUTE},
	{"codeinterpretercall", STEP_EXECUTE},
	/* editors with sub-commands */
	{"strreplaceeditor", TOOL_EDITOR},
	{"strreplacebasededittool", TOOL_EDITOR},
	{"editanthropic", TOOL_EDITOR},
	{"fileeditor", TOOL_EDITOR},
	/* search */
	{"grep", STEP_SEARCH},
	{"glob", STEP_SEARCH},
	{"ls", STEP_SEARCH},
	{"codebasesearch", STEP_SEARCH},
	{"filesearch", STEP_SEARCH},
	{"filesearchcall", STEP_SEARCH},
	{"googlewebsearch", STEP_SEARCH},
	{"toolsearch", STEP_SEARCH},
	{"websearch", STEP_SEARCH},
	{"websearchcall", STEP_SEARCH},
	/* read */
	{"notebookread", STEP_READ},
	{"bashoutput", STEP_READ},
	{"taskoutput", STEP_READ},
	{"goto", STEP_READ},
	{"scrolldown", STEP_READ},
	{"scrollup", STEP_READ},
	{"webfetch", STEP_READ},
	{"imageview", STEP_READ},
	/* edit */
	{"applypatch", STEP_EDIT},
	{"multiedit", STEP_EDIT},
	{"notebookedit", STEP_EDIT},
	{"undoedit", STEP_EDIT},
	/* verify */
	{"getdiagnostics", STEP_VERIFY},
	{"diagnostics", STEP_VERIFY},
	{"runtests", STEP_VERIFY},
	/* plan: thinking, lists of work, handing work to sub-agents */
	{"agent", STEP_PLAN},
	{"enterplanmode", STEP_PLAN},
	{"exitplanmode", STEP_PLAN},
	{"savememory", STEP_PLAN},
	{"sequentialthinking", STEP_PLAN},
	{"skill", STEP_PLAN},
	{"spawnagent", STEP_PLAN},
	{"task", STEP_PLAN},
	{"taskcreate", STEP_PLAN},
	{"taskget", STEP_PLAN},
	{"tasklist", STEP_PLAN},
	{"taskupdate", STEP_PLAN},
	{"think", STEP_PLAN},
	{"todoread", STEP_PLAN},
	{"todowrite", STEP_PLAN},
	{"updateplan", STEP_PLAN},
	{"writetodos", STEP_PLAN},
	/* communicate */
	{"finish", STEP_COMMUNICATE},
	{"requestuserinput", STEP_COMMUNICATE},
	{"structuredoutput", STEP_COMMUNICATE},
	{"submit", STEP_COMMUNICATE},
};

/* First words of names. */
static const struct tool words[] = {
	{"search", STEP_SEARCH},
	{"find", STEP_SEARCH},
	{"list", STEP_SEARCH},
	{"query", STEP_SEARCH},
	{"lookup", STEP_SEARCH},
	{"grep", STEP_SEARCH},
	{"read", STEP_READ},
	{"get", STEP_READ},
	{"view", STEP_READ},
	{"open", STEP_READ},
	{"fetch", STEP_READ},
	{"show", STEP_READ},
	{"load", STEP_READ},
	{"cat", STEP_READ},
	{"edit", STEP_EDIT},
	{"write", STEP_EDIT},
	{"create", STEP_EDIT},
	{"update", STEP_EDIT},
	{"delete", STEP_EDIT},
	{"remove", STEP_EDIT},
	{"insert", STEP_EDIT},
	{"replace", STEP_EDIT},
	{"modify", STEP_EDIT},
	{"patch", STEP_EDIT},
	{"set", STEP_EDIT},
	{"add", STEP_EDIT},
	{"cancel", STEP_EDIT},
	{"book", STEP_EDIT},
	{"exchange", STEP_EDIT},
	{"return", STEP_EDIT},
	{"enable", STEP_EDIT},
	{"disable", STEP_EDIT},
	{"run", STEP_EXECUTE},
	{"exec", STEP_EXECUTE},
	{"execute", STEP_EXECUTE},
	{"call", STEP_EXECUTE},
	{"invoke", STEP_EXECUTE},
	{"calculate", STEP_EXECUTE},
	{"browser", STEP_EXECUTE},
	{"test", STEP_VERIFY},
	{"verify", STEP_VERIFY},
	{"check", STEP_VERIFY},
	{"validate", STEP_VERIFY},
	{"lint", STEP_VERIFY},
	{"send", STEP_COMMUNICATE},
	{"reply", STEP_COMMUNICATE},
	{"respond", STEP_COMMUNICATE},
	{"ask", STEP_COMMUNICATE},
	{"notify", STEP_COMMUNICATE},
	{"message", STEP_COMMUNICATE},
	{"transfer", STEP_COMMUNICATE},
	{"final", STEP_COMMUNICATE},
	{"think", STEP_PLAN},
	{"plan", STEP_PLAN},
	{"todo", STEP_PLAN},
	{"delegate", STEP_PLAN},
};

static int find(const struct tool *t, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_is(name, t[i].name))
			return t[i].kind;
	}
	return -1;
}

/* "mcp__github__get_issue" and "functions.exec": what follows the last "__",
 * '.', ':' or '/'. */
static struct str own_name(struct str s)
{
	for (size_t i = s.len; i > 0; i--) {
		char c = s.p[i - 1];

		if (c == '.' || c == '/' || c == ':' ||
		    (c == '_' && i > 1 && s.p[i - 2] == '_'))
			return (struct str){s.p + i, s.len - i};
	}
	return s;
}

/* The name in lower case without '_' and '-'; *first is the length of its
 * first word, which ends before one of these or a capital. */
static struct str flatten(struct str s, char *buf, size_t size, size_t *first)
{
	size_t n = 0;

	*first = 0;
	for (size_t i = 0; i < s.len && n < size; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool gap = c == '_' || c == '-' || c == ' ';

		if (!*first && n > 0 &&
		    (gap || (isupper(c) && islower((unsigned char)s.p[i - 1]))))
			*first = n;
		if (!gap)
			buf[n++] = (char)tolower(c);
	}
	if (!*first)
		*first = n;
	return (struct str){buf, n};
}

static enum step_kind editor_kind(struct str command)
{
	return str_is(command, "view") ? STEP_READ : STEP_EDIT;
}

enum step_kind step_kind_of(struct str tool, struct str command)
{
	char buf[64];
	size_t first;
	struct str name;
	int kind;

	if (!tool.len)
		return command.len ? step_shell_kind(command) : STEP_OTHER;
	name = flatten(own_name(tool), buf, sizeof(buf), &first);
	kind = find(tools, sizeof(tools) / sizeof(tools[0]), name);
	if (kind == TOOL_SHELL)
		return command.len ? step_shell_kind(command) : STEP_EXECUTE;
	if (kind == TOOL_EDITOR)
		return editor_kind(command);
	if (kind < 0)
		kind = find(words, sizeof(words) / sizeof(words[0]),
			    (struct str){name.p, first});
	return kind < 0 ? STEP_OTHER : (enum step_kind)kind;
}

int step_kind_weight(enum step_kind k)
{
	static const int weights[STEP_KIND_N] = {
		[STEP_OTHER] = 0,  [STEP_COMMUNICATE] = 1, [STEP_PLAN] = 2,
		[STEP_READ] = 3,   [STEP_SEARCH] = 4,      [STEP_EXECUTE] = 5,
		[STEP_VERIFY] = 6, [STEP_EDIT] = 7,
	};

	return weights[k];
}
