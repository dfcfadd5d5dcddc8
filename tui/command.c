#include "tui/command.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ledger/base/clock.h"
#include "tui/crt_theme.h"
#include "tui/save.h"
#include "tui/text.h"

/* ---- the commands ---- */

static unsigned look_up(struct top *t, const char *kind,
			const struct view *view, const char *name)
{
	if (!*name) {
		top_message(t, ":%s NAME", kind);
		return REACT_DRAW;
	}
	t->look_up.wanted = true;
	t->look_up.view = view;
	snprintf(t->look_up.kind, sizeof(t->look_up.kind), "%s", kind);
	snprintf(t->look_up.name, sizeof(t->look_up.name), "%s", name);
	return REACT_GATHER;
}

static unsigned run_class(struct top *t, const char *arg)
{
	return look_up(t, "class", &view_tasks, arg);
}

static unsigned run_agent(struct top *t, const char *arg)
{
	return look_up(t, "agent", &view_tasks, arg);
}

static unsigned run_team(struct top *t, const char *arg)
{
	return look_up(t, "team", &view_tasks, arg);
}

static unsigned run_task(struct top *t, const char *arg)
{
	return look_up(t, "task", &view_task, arg);
}

static unsigned run_search(struct top *t, const char *arg)
{
	const struct place at = {.text = arg};

	if (!*arg) {
		top_message(t, ":search WORDS");
		return REACT_DRAW;
	}
	top_push(t, &view_search, &at);
	return REACT_GATHER;
}

static unsigned run_range(struct top *t, const char *arg)
{
	struct range r;
	struct err e;

	if (!strcmp(arg, "yesterday")) {
		r = range_yesterday(t->ctx.now_us);
	} else if (range_parse(*arg ? arg : "24h", NULL, t->ctx.now_us, &r,
			       &e) != RC_OK) {
		top_message(t, "%s", e.msg);
		return REACT_DRAW;
	}
	t->ctx.range = r;
	t->range_is_auto = t->range_widened = false;
	top_page(t)->where.offset = 0;
	return REACT_GATHER;
}

static unsigned run_sort(struct top *t, const char *arg)
{
	struct page *p = top_page(t);

	for (int i = 0; i < p->view->n_cols; i++) {
		const struct column *c = &p->view->cols[i];

		if (!c->title || !page_sorts(p, i) ||
		    (strcasecmp(c->name, arg) && strcasecmp(c->title, arg)))
			continue;
		page_sort_by(p, i);
		return REACT_ARRANGE | REACT_GATHER;
	}
	top_message(t, "there is no column '%.40s' to sort by", arg);
	return REACT_DRAW;
}

static unsigned run_filter(struct top *t, const char *arg)
{
	struct err e;

	if (page_filter(top_page(t), arg, &e) != RC_OK)
		top_message(t, "filter: %.120s", e.msg);
	return REACT_ARRANGE;
}

static unsigned run_compare(struct top *t, const char *arg)
{
	(void)arg;
	t->ctx.compare = !t->ctx.compare;
	return REACT_ARRANGE | REACT_GATHER;
}

static unsigned run_export(struct top *t, const char *arg)
{
	const char *dot = strrchr(arg, '.');

	if (dot && !strcmp(dot, ".json"))
		return command_save(t, OUT_JSON, arg);
	if (dot && !strcmp(dot, ".txt"))
		return command_save(t, OUT_PLAIN, arg);
	return command_save(t, OUT_CSV, arg);
}

static unsigned run_theme(struct top *t, const char *arg)
{
	enum theme theme;

	if (!crt_theme_parse(arg, &theme)) {
		top_message(t, "themes: auto dark light none");
		return REACT_DRAW;
	}
	crt_theme_set(theme);
	return REACT_DRAW | REACT_REPAINT;
}

static unsigned run_help(struct top *t, const char *arg)
{
	(void)arg;
	t->mode = MODE_HELP;
	t->help_first = 0;
	return REACT_DRAW;
}

static unsigned run_quit(struct top *t, const char *arg)
{
	(void)t;
	(void)arg;
	return REACT_QUIT;
}

const struct top_command commands[] = {
	{"class", "NAME", "tasks of this class", run_class},
	{"agent", "NAME", "tasks of this agent", run_agent},
	{"team", "NAME", "tasks of this team", run_team},
	{"task", "NAME", "this task, by id or its sender's name", run_task},
	{"search", "WORDS", "anything by name or id", run_search},
	{"range", "TIME", "15m, 7d, all, yesterday, 2026-11-01", run_range},
	{"sort", "COLUMN", "sort by this column", run_sort},
	{"filter", "WORDS", "as after /", run_filter},
	{"compare", NULL, "with the period before, or no longer", run_compare},
	{"export", "FILE", "what is shown: .csv, .json or .txt", run_export},
	{"theme", "NAME", "auto, dark, light or none", run_theme},
	{"help", NULL, "keys, columns, commands", run_help},
	{"quit", NULL, "end the dashboard", run_quit},
	{NULL, NULL, NULL, NULL},
};

unsigned command_save(struct top *t, enum out_format format, const char *path)
{
	char name[512], clean[128];
	struct err e;

	if (save_page(t, format, path, name, sizeof(name), &e) != RC_OK) {
		top_message(t, "%.150s", e.msg);
		return REACT_DRAW;
	}
	text_clean(str_from(name), clean, sizeof(clean));
	top_message(t, "written: %s", clean);
	return REACT_DRAW;
}

/* ---- names ---- */

/* Views that a line may open: those that need nothing. */
static const struct view *nth_view(int n)
{
	for (int i = 0; views[i]; i++)
		if (views[i]->needs == NEEDS_NOTHING && n-- == 0)
			return views[i];
	return NULL;
}

/* The n-th name of all commands and views; NULL: no more. */
static const char *nth_name(int n)
{
	int i = 0;

	for (; commands[i].name; i++)
		if (i == n)
			return commands[i].name;
	return nth_view(n - i) ? nth_view(n - i)->name : NULL;
}

/* The one name that a word means: it alone, or the only one that begins so;
 * -1: none, -2: several. */
static int find_name(const char *word, size_t n)
{
	const char *name;
	int hit = -1;

	for (int i = 0; (name = nth_name(i)); i++) {
		if (strncmp(name, word, n) != 0)
			continue;
		if (name[n] == '\0')
			return i;
		hit = hit == -1 ? i : -2;
	}
	return hit;
}

unsigned command_run(struct top *t, const char *line)
{
	static const struct place anywhere;
	size_t n;
	int i, n_commands = 0;

	line += strspn(line, " ");
	n = strcspn(line, " ");
	if (n == 0)
		return REACT_DRAW;
	while (commands[n_commands].name)
		n_commands++;
	i = n == 1 && *line == 'q' ? find_name("quit", 4) : find_name(line, n);
	if (i < 0) {
		top_message(t,
			    i == -1 ? "there is no command '%.*s'"
				    : "'%.*s' may be several commands",
			    (int)(n > 40 ? 40 : n), line);
		return REACT_DRAW;
	}
	line += n + strspn(line + n, " ");
	if (i < n_commands)
		return commands[i].run(t, line);
	top_goto(t, nth_view(i - n_commands), &anywhere);
	return REACT_GATHER;
}

/* ---- completion ---- */

/* Candidates for the argument: texts of the first column of an open page that
 * lists what the command takes. */
static const struct page *lists(const struct top *t, const char *line)
{
	static const struct {
		const char *command;
		const struct view *view;
	} sources[] = {
		{"class ", &view_fleet},
		{"agent ", &view_agents},
		{"team ", &view_teams},
		{"task ", &view_tasks},
	};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		for (int k = 0; k < t->depth; k++)
			if (!strncmp(line, sources[i].command,
				     strlen(sources[i].command)) &&
			    t->pages[k].view == sources[i].view)
				return &t->pages[k];
	return NULL;
}

/* Make `line` from `at` on as long as all candidates agree. */
struct completion {
	const char *typed;
	size_t len;
	char common[PAGE_FILTER];
	int n;
};

static void candidate(struct completion *c, const char *name)
{
	size_t i = 0;

	if (strncmp(name, c->typed, c->len) != 0)
		return;
	if (c->n++ == 0) {
		snprintf(c->common, sizeof(c->common), "%s", name);
		return;
	}
	while (c->common[i] && c->common[i] == name[i])
		i++;
	c->common[i] = '\0';
}

bool command_complete(const struct top *t, char *line, size_t size)
{
	char *blank = strchr(line, ' ');
	char *word = blank ? blank + 1 : line;
	struct completion c = {.typed = word, .len = strlen(word)};
	const struct page *p = blank ? lists(t, line) : NULL;
	const char *name;

	for (int i = 0; !blank && (name = nth_name(i)); i++)
		candidate(&c, name);
	for (size_t i = 0; p && i < p->table.n; i++)
		if (table_get(&p->table, (int)i, 0)->known)
			candidate(&c, table_get(&p->table, (int)i, 0)->v.text);
	if (c.n == 0 || strlen(c.common) < c.len)
		return false;
	if ((size_t)(word - line) + strlen(c.common) + 2 > size)
		return false;
	snprintf(word, size - (size_t)(word - line), "%s%s", c.common,
		 c.n == 1 && !blank ? " " : "");
	return true;
}
