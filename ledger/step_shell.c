/* Each simple command of a line is judged by its words. It need not be exact: a
 * wrong guess costs the router a little evidence, never money. */
#include "ledger/step_shell.h"

#include <string.h>

#include "ledger/shell_cut.h"

#define DEPTH_MAX 4 /* of bash -c inside bash -c */

struct program {
	const char *name;
	int kind;
};
enum {
	CMD_NOTHING = STEP_KIND_N, /* cd, export: says nothing */
	CMD_PREFIX,                /* sudo, env: the next word decides */
	CMD_RUNNER,                /* uv run: the word after next */
	CMD_SHELL,
	CMD_PYTHON,
	CMD_GIT,
	CMD_BUILD, /* npm, cargo, go: the sub-command decides */
	CMD_SED,
	CMD_ECHO,
};

static const struct program programs[] = {
	{"cd", CMD_NOTHING},
	{"export", CMD_NOTHING},
	{"source", CMD_NOTHING},
	{".", CMD_NOTHING},
	{"set", CMD_NOTHING},
	{"true", CMD_NOTHING},
	{"false", CMD_NOTHING},
	{"pushd", CMD_NOTHING},
	{"popd", CMD_NOTHING},
	{"conda", CMD_NOTHING},
	{"sleep", CMD_NOTHING},
	{"if", CMD_PREFIX},
	{"then", CMD_PREFIX},
	{"do", CMD_PREFIX},
	{"else", CMD_PREFIX},
	{"while", CMD_PREFIX},
	{"!", CMD_PREFIX},
	{"fi", CMD_NOTHING},
	{"done", CMD_NOTHING},
	{"for", CMD_NOTHING},
	{"sudo", CMD_PREFIX},
	{"env", CMD_PREFIX},
	{"time", CMD_PREFIX},
	{"timeout", CMD_PREFIX},
	{"nice", CMD_PREFIX},
	{"nohup", CMD_PREFIX},
	{"command", CMD_PREFIX},
	{"xargs", CMD_PREFIX},
	{"stdbuf", CMD_PREFIX},
	{"exec", CMD_PREFIX},
	{"npx", CMD_PREFIX},
	{"bunx", CMD_PREFIX},
	{"uv", CMD_RUNNER},
	{"poetry", CMD_RUNNER},
	{"pipenv", CMD_RUNNER},
	{"pdm", CMD_RUNNER},
	{"hatch", CMD_RUNNER},
	{"rye", CMD_RUNNER},
	{"bundle", CMD_RUNNER},
	{"bash", CMD_SHELL},
	{"sh", CMD_SHELL},
	{"zsh", CMD_SHELL},
	{"python", CMD_PYTHON},
	{"python2", CMD_PYTHON},
	{"python3", CMD_PYTHON},
	{"node", CMD_PYTHON},
	{"ruby", CMD_PYTHON},
	{"php", CMD_PYTHON},
	{"bun", CMD_BUILD},
	{"deno", CMD_BUILD},
	{"npm", CMD_BUILD},
	{"yarn", CMD_BUILD},
	{"pnpm", CMD_BUILD},
	{"cargo", CMD_BUILD},
	{"go", CMD_BUILD},
	{"dotnet", CMD_BUILD},
	{"bazel", CMD_BUILD},
	{"git", CMD_GIT},
	{"gh", STEP_READ},
	{"sed", CMD_SED},
	{"perl", CMD_SED},
	{"awk", STEP_READ},
	{"echo", CMD_ECHO},
	{"printf", CMD_ECHO},
	{"grep", STEP_SEARCH},
	{"egrep", STEP_SEARCH},
	{"fgrep", STEP_SEARCH},
	{"rg", STEP_SEARCH},
	{"ag", STEP_SEARCH},
	{"ack", STEP_SEARCH},
	{"find", STEP_SEARCH},
	{"fd", STEP_SEARCH},
	{"ls", STEP_SEARCH},
	{"tree", STEP_SEARCH},
	{"locate", STEP_SEARCH},
	{"which", STEP_SEARCH},
	{"whereis", STEP_SEARCH},
	{"wc", STEP_SEARCH},
	{"file", STEP_SEARCH},
	{"stat", STEP_SEARCH},
	{"du", STEP_SEARCH},
	{"pwd", STEP_SEARCH},
	{"ctags", STEP_SEARCH},
	{"cat", STEP_READ},
	{"bat", STEP_READ},
	{"head", STEP_READ},
	{"tail", STEP_READ},
	{"less", STEP_READ},
	{"more", STEP_READ},
	{"nl", STEP_READ},
	{"cut", STEP_READ},
	{"jq", STEP_READ},
	{"xxd", STEP_READ},
	{"od", STEP_READ},
	{"strings", STEP_READ},
	{"diff", STEP_READ},
	{"man", STEP_READ},
	{"ps", STEP_READ},
	{"whoami", STEP_READ},
	{"curl", STEP_READ},
	{"wget", STEP_READ},
	{"patch", STEP_EDIT},
	{"ed", STEP_EDIT},
	{"ex", STEP_EDIT},
	{"apply_patch", STEP_EDIT},
	{"tee", STEP_EDIT},
	{"truncate", STEP_EDIT},
	{"black", STEP_EDIT},
	{"prettier", STEP_EDIT},
	{"isort", STEP_EDIT},
	{"gofmt", STEP_EDIT},
	{"clang-format", STEP_EDIT},
	{"pytest", STEP_VERIFY},
	{"py.test", STEP_VERIFY},
	{"tox", STEP_VERIFY},
	{"nox", STEP_VERIFY},
	{"jest", STEP_VERIFY},
	{"mocha", STEP_VERIFY},
	{"vitest", STEP_VERIFY},
	{"rspec", STEP_VERIFY},
	{"phpunit", STEP_VERIFY},
	{"ctest", STEP_VERIFY},
	{"make", STEP_VERIFY},
	{"ninja", STEP_VERIFY},
	{"cmake", STEP_VERIFY},
	{"mvn", STEP_VERIFY},
	{"gradle", STEP_VERIFY},
	{"gradlew", STEP_VERIFY},
	{"gcc", STEP_VERIFY},
	{"g++", STEP_VERIFY},
	{"cc", STEP_VERIFY},
	{"clang", STEP_VERIFY},
	{"javac", STEP_VERIFY},
	{"rustc", STEP_VERIFY},
	{"tsc", STEP_VERIFY},
	{"mypy", STEP_VERIFY},
	{"pyright", STEP_VERIFY},
	{"ruff", STEP_VERIFY},
	{"flake8", STEP_VERIFY},
	{"pylint", STEP_VERIFY},
	{"eslint", STEP_VERIFY},
	{"shellcheck", STEP_VERIFY},
	{"clang-tidy", STEP_VERIFY},
	{"valgrind", STEP_VERIFY},
	{"submit", STEP_COMMUNICATE},
};

static struct str last_part(struct str path)
{
	for (size_t i = path.len; i > 0; i--) {
		if (path.p[i - 1] == '/')
			return (struct str){path.p + i, path.len - i};
	}
	return path;
}

static int program_kind(struct str name)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (str_is(name, programs[i].name))
			return programs[i].kind;
	}
	return -1;
}

static bool any(struct str s, const char *const *list)
{
	for (; *list; list++) {
		if (str_is(s, *list))
			return true;
	}
	return false;
}

static int step_of_script(struct str path)
{
	struct str name = last_part(path);

	return str_contains(name, "test") || str_contains(name, "verify") ||
			       str_contains(name, "check")
		       ? STEP_VERIFY
		       : STEP_EXECUTE;
}

/* `git checkout main` moves; `git checkout -- FILE` takes edits back. */
static int checkout_kind(const struct shell_simple *c, int i)
{
	for (; i < c->n; i++) {
		if (str_is(c->w[i], "--") ||
		    memchr(c->w[i].p, '.', c->w[i].len))
			return STEP_EDIT;
	}
	return STEP_EXECUTE;
}

static int git_kind(const struct shell_simple *c, int i)
{
	struct str sub = i < c->n ? c->w[i] : STR_NONE;
	static const char *const edit[] = {"apply", "am", "restore", NULL};
	static const char *const read[] = {
		"status", "log",    "show",   "diff",     "blame",
		"branch", "remote", "reflog", "describe", "rev-parse",
		"config", "tag",    NULL};
	static const char *const search[] = {"grep", "ls-files", "ls-tree",
					     NULL};

	if (str_is(sub, "checkout"))
		return checkout_kind(c, i + 1);
	return any(sub, edit)     ? STEP_EDIT
	       : any(sub, read)   ? STEP_READ
	       : any(sub, search) ? STEP_SEARCH
				  : STEP_EXECUTE;
}

/* npm test, cargo clippy, go vet; `npm run lint` by the script's name. */
static int build_kind(const struct shell_simple *c, int i)
{
	static const char *const verify[] = {
		"test",       "t",     "vet",   "check", "clippy",
		"lint",       "build", "bench", "fmt",   "typecheck",
		"type-check", "tsc",   NULL};
	struct str sub = i < c->n ? c->w[i] : STR_NONE;

	if ((str_is(sub, "run") || str_is(sub, "exec")) && i + 1 < c->n) {
		sub = c->w[i + 1];
		if (program_kind(sub) == STEP_VERIFY)
			return STEP_VERIFY;
	}
	return any(sub, verify) || str_contains(sub, "test") ? STEP_VERIFY
							     : STEP_EXECUTE;
}

static int python_kind(const struct shell_simple *c, int i)
{
	static const char *const verify[] = {
		"pytest", "unittest", "py_compile", "compileall",
		"mypy",   "flake8",   "pylint",     "ruff",
		"tox",    "nose",     "doctest",    NULL};

	for (; i < c->n; i++) {
		if (str_is(c->w[i], "-m"))
			return i + 1 < c->n && any(c->w[i + 1], verify)
				       ? STEP_VERIFY
				       : STEP_EXECUTE;
		if (str_is(c->w[i], "--check") || str_is(c->w[i], "--test"))
			return STEP_VERIFY;
		if (str_is(c->w[i], "-c") || str_is(c->w[i], "-"))
			return STEP_EXECUTE;
		if (c->w[i].len && c->w[i].p[0] != '-')
			return step_of_script(c->w[i]);
	}
	return STEP_EXECUTE;
}

/* sed and perl edit in place with -i (also -pi, -i.bak), else they read. */
static int sed_kind(const struct shell_simple *c, int i)
{
	for (; i < c->n; i++) {
		struct str w = c->w[i];

		if (str_starts(w, "--in-place") || str_starts(w, "-i") ||
		    str_starts(w, "-pi") || str_starts(w, "-ni") ||
		    str_starts(w, "-Ei") || str_starts(w, "-ri"))
			return STEP_EDIT;
	}
	return c->writes ? STEP_EDIT : STEP_READ;
}

/* Past VAR=value, options and numbers, as in `env A=1 timeout -k 5 60 x`. */
static int skip_prefix(const struct shell_simple *c, int i)
{
	for (; i < c->n; i++) {
		struct str w = c->w[i];

		if (w.len &&
		    (w.p[0] == '-' || (w.p[0] >= '0' && w.p[0] <= '9')))
			continue;
		if (!memchr(w.p, '=', w.len) || w.p[0] == '/' || w.p[0] == '.')
			break;
	}
	return i;
}

static int shell_kind(struct str text, int depth);

static int inner_shell(const struct shell_simple *c, int i, int depth)
{
	for (; i < c->n; i++) {
		struct str w = c->w[i];

		if (w.len > 1 && w.p[0] == '-' && w.p[w.len - 1] == 'c')
			return i + 1 < c->n ? shell_kind(c->w[i + 1], depth + 1)
					    : CMD_NOTHING;
		if (w.len && w.p[0] != '-')
			return step_of_script(w);
	}
	return STEP_EXECUTE;
}

static int echo_kind(const struct shell_simple *c, int i)
{
	if (c->writes)
		return STEP_EDIT;
	if (i < c->n && (str_contains(c->w[i], "COMPLETE_TASK") ||
			 str_contains(c->w[i], "MINI_SWE_AGENT_FINAL")))
		return STEP_COMMUNICATE;
	return CMD_NOTHING;
}

static int simple_kind(const struct shell_simple *c, int depth)
{
	int i = skip_prefix(c, 0), kind;

	for (int hops = 0; hops < 4; hops++) {
		if (i >= c->n)
			return CMD_NOTHING;
		kind = program_kind(last_part(c->w[i]));
		if (kind == CMD_PREFIX)
			i = skip_prefix(c, i + 1);
		else if (kind == CMD_RUNNER && i + 1 < c->n &&
			 (str_is(c->w[i + 1], "run") ||
			  str_is(c->w[i + 1], "exec")))
			i = skip_prefix(c, i + 2);
		else
			break;
	}
	switch (kind) {
	case -1:
		return step_of_script(c->w[i]);
	case CMD_SHELL:
		return inner_shell(c, i + 1, depth);
	case CMD_PYTHON:
		return python_kind(c, i + 1);
	case CMD_GIT:
		return git_kind(c, skip_prefix(c, i + 1));
	case CMD_BUILD:
		return build_kind(c, i + 1);
	case CMD_SED:
		return sed_kind(c, i + 1);
	case CMD_ECHO:
		return echo_kind(c, i + 1);
	case CMD_PREFIX:
	case CMD_RUNNER:
		return STEP_EXECUTE;
	case STEP_READ:
		return c->writes ? STEP_EDIT : STEP_READ;
	default:
		return kind;
	}
}

static int weight(int kind)
{
	static const int weights[STEP_KIND_N] = {
		[STEP_OTHER] = 1,  [STEP_PLAN] = 1,   [STEP_COMMUNICATE] = 7,
		[STEP_READ] = 2,   [STEP_SEARCH] = 3, [STEP_EXECUTE] = 4,
		[STEP_VERIFY] = 5, [STEP_EDIT] = 6,
	};

	return kind < STEP_KIND_N ? weights[kind] : 0;
}

static int shell_kind(struct str text, int depth)
{
	struct shell_scan s = {.p = text.p, .end = text.p + text.len};
	int best = CMD_NOTHING;
	struct shell_simple c;

	if (depth >= DEPTH_MAX)
		return STEP_EXECUTE;
	while (shell_next(&s, &c)) {
		int kind = simple_kind(&c, depth);

		/* What filters another's output says little: `pytest | tail`,
		 * `cat x | grep y`. */
		if (c.piped && best != CMD_NOTHING && kind != STEP_EDIT)
			continue;
		if (weight(kind) > weight(best))
			best = kind;
	}
	return best;
}

enum step_kind step_shell_kind(struct str command)
{
	int kind = command.p ? shell_kind(command, 0) : CMD_NOTHING;

	return kind < STEP_KIND_N ? (enum step_kind)kind : STEP_OTHER;
}
