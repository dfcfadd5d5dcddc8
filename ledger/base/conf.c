/* Reading the keys of conf_keys.c: defaults, file, environment. What is printed
 * from that table is in conf_text.c. */
#include "ledger/base/conf.h"

#include <errno.h>
#include <ini.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/str.h"

#define BY_VARIABLE (-1) /* in place of a line */

static void *member(struct conf *c, const struct conf_key *k)
{
	return (char *)c + k->offset;
}

static void set_string(char **s, char *value_owned)
{
	free(*s);
	*s = value_owned;
}

/* $HOME, or the home folder in the user database; "" if neither. */
static const char *user_home(void)
{
	const char *home = getenv("HOME");
	struct passwd *pw;

	if (home && *home)
		return home;
	pw = getpwuid(getuid());
	return pw && pw->pw_dir ? pw->pw_dir : "";
}

static char *expand_path(const char *path)
{
	if (path[0] == '~' && (path[1] == 0 || path[1] == '/'))
		return xasprintf("%s%s", user_home(), path + 1);
	return xstrdup(path);
}

static bool is_choice(const char *choices, struct str value)
{
	while (*choices) {
		size_t n = strcspn(choices, " ");

		if (str_eq(value, (struct str){choices, n}))
			return true;
		choices += n + (choices[n] == ' ');
	}
	return false;
}

static enum rc set_integer(struct conf *c, const struct conf_key *k,
			   struct str value, struct err *e)
{
	int64_t v, unit = 1;

	if (k->type == CONF_DURATION_DAYS && value.len > 1) {
		char last = value.p[value.len - 1];

		unit = last == 'w' ? 7 : last == 'y' ? 365 : 1;
		if (last == 'd' || last == 'w' || last == 'y')
			value.len--;
	}
	if (k->type == CONF_BYTES && value.len > 1) {
		char last = value.p[value.len - 1];

		unit = last == 'k'   ? 1 << 10
		       : last == 'm' ? 1 << 20
		       : last == 'g' ? 1 << 30
				     : 1;
		if (unit > 1)
			value.len--;
	}
	if (!str_i64(value, &v) || __builtin_mul_overflow(v, unit, &v))
		return err_set(e, RC_BAD, "%s: '%.*s' is not a %s", k->name,
			       STR_ARG(value),
			       k->type == CONF_INT     ? "whole number"
			       : k->type == CONF_BYTES ? "number of bytes"
						       : "number of days");
	if (v < k->min || v > k->max)
		return err_set(e, RC_BAD, "%s: %lld is not within %lld..%lld",
			       k->name, (long long)v, (long long)k->min,
			       (long long)k->max);
	*(int64_t *)member(c, k) = v;
	return RC_OK;
}

static enum rc set_bool(struct conf *c, const struct conf_key *k,
			struct str value, struct err *e)
{
	bool yes = is_choice("yes true on 1", value);

	if (!yes && !is_choice("no false off 0", value))
		return err_set(e, RC_BAD, "%s: '%.*s' is not yes or no",
			       k->name, STR_ARG(value));
	*(bool *)member(c, k) = yes;
	return RC_OK;
}

static enum rc set_value(struct conf *c, const struct conf_key *k,
			 const char *text, struct err *e)
{
	struct str value = str_trim(str_from(text));
	char *copy;

	switch (k->type) {
	case CONF_INT:
	case CONF_DURATION_DAYS:
	case CONF_BYTES:
		return set_integer(c, k, value, e);
	case CONF_BOOL:
		return set_bool(c, k, value, e);
	case CONF_STR:
	case CONF_PATH:
		break;
	}
	if (!str_utf8_ok(value))
		return err_set(e, RC_BAD, "%s: is not UTF-8", k->name);
	if (k->choices && !is_choice(k->choices, value))
		return err_set(e, RC_BAD, "%s: '%.*s' is not one of: %s",
			       k->name, STR_ARG(value), k->choices);
	copy = xstrndup(value.p, value.len);
	if (k->type == CONF_PATH) {
		char *path = expand_path(copy);

		free(copy);
		copy = path;
	}
	set_string((char **)member(c, k), copy);
	return RC_OK;
}

/* ---- the file ---- */

/* Whatever is given as a file must end. */
#define FILE_MAX ((size_t)1 << 20)

struct reader {
	struct conf *c;
	const char *path;
	FILE *f;
	struct err *e;
	enum rc rc;
	int line;
	size_t bytes; /* so far */
};

static bool refuse(struct reader *r, const char *what)
{
	r->rc = err_set(r->e, RC_BAD, "%s:%d: %s", r->path, r->line, what);
	return false;
}

/* A line of at most size - 1 bytes into out, without what indents it; false:
 * the end, or a mistake. */
static bool get_line(struct reader *r, char *out, size_t size)
{
	size_t n = 0;
	bool some = false;
	int ch = 0;

	r->line++;
	while (ch != '\n' && (ch = getc(r->f)) != EOF) {
		some = true;
		if (ch == 0)
			return refuse(r, "a NUL byte; this is no text file");
		if (++r->bytes > FILE_MAX)
			return refuse(r, "the file has more than 1 MiB");
		if (n + 1 >= size) {
			r->rc = err_set(r->e, RC_BAD,
					"%s:%d: the line has more than %zu "
					"bytes",
					r->path, r->line, size - 2);
			return false;
		}
		if (n > 0 || (ch != ' ' && ch != '\t'))
			out[n++] = (char)ch;
	}
	out[n] = 0;
	return some;
}

/* Feeds libinih. It cuts long lines silently and takes an indented line for
 * more of the value before; so long lines are refused, and indents removed. */
static char *read_line(char *out, int size, void *arg)
{
	struct reader *r = arg;

	if (r->rc != RC_OK || !get_line(r, out, (size_t)size))
		return NULL;
	return out;
}

/* libinih's handler: 1 is good, 0 stops at this line. */
static int on_pair(void *arg, const char *section, const char *name,
		   const char *value)
{
	struct reader *r = arg;

	if (r->rc != RC_OK)
		return 0;
	for (const struct conf_key *k = conf_keys; k->name; k++) {
		if (strcmp(k->section, section) != 0 ||
		    strcmp(k->name, name) != 0)
			continue;
		r->rc = set_value(r->c, k, value, r->e);
		r->c->lines[k - conf_keys] = r->line;
		if (r->rc != RC_OK)
			err_prefix(r->e, "%s:%d", r->path, r->line);
		return r->rc == RC_OK;
	}
	r->rc = err_set(r->e, RC_BAD, "%s:%d: unknown key '%s' in section [%s]",
			r->path, r->line, name, section);
	err_hint(r->e, "aco(1) lists all keys");
	return 0;
}

static enum rc read_file(struct conf *c, const char *path, struct err *e)
{
	struct reader r = {.c = c, .path = path, .e = e};
	int bad;

	r.f = fopen(path, "re");
	if (!r.f)
		return err_set(e, RC_BAD, "%s: %s", path, strerror(errno));
	bad = ini_parse_stream(read_line, &r, on_pair, &r);
	if (r.rc == RC_OK && ferror(r.f))
		r.rc = err_set(e, RC_BAD, "%s: %s", path, strerror(errno));
	else if (r.rc == RC_OK && bad != 0)
		r.rc = err_set(e, RC_BAD,
			       "%s:%d: is neither [section] nor key = value",
			       path, bad);
	fclose(r.f);
	if (r.rc == RC_OK)
		set_string(&c->file, xstrdup(path));
	return r.rc;
}

/* The file to read, owned by the caller; NULL for none. */
static char *find_file(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	char *path;

	if (xdg && *xdg)
		path = xasprintf("%s/aco/aco.conf", xdg);
	else
		path = xasprintf("%s/.config/aco/aco.conf", user_home());
	if (access(path, F_OK) != 0) {
		free(path);
		path = xstrdup("/etc/aco/aco.conf");
	}
	if (access(path, F_OK) != 0) {
		free(path);
		path = NULL;
	}
	return path;
}

static enum rc load_file(struct conf *c, const char *path, struct err *e)
{
	char *found;
	enum rc rc = RC_OK;

	if (!path)
		path = getenv("ACO_CONFIG");
	if (path && *path)
		return read_file(c, path, e);
	found = find_file();
	if (found)
		rc = read_file(c, found, e);
	free(found);
	return rc;
}

static char *default_home(void)
{
	const char *xdg = getenv("XDG_DATA_HOME");

	if (geteuid() == 0)
		return xstrdup("/var/lib/aco");
	if (xdg && *xdg)
		return xasprintf("%s/aco", xdg);
	return xasprintf("%s/.local/share/aco", user_home());
}

static size_t key_count(void)
{
	size_t n = 0;

	while (conf_keys[n].name)
		n++;
	return n;
}

enum rc conf_load(struct conf *c, const char *path, struct err *e)
{
	const struct conf_key *k;
	enum rc rc = RC_OK;

	*c = (struct conf){.file = xstrdup("")};
	c->lines = xcalloc(key_count(), sizeof(*c->lines));
	for (k = conf_keys; k->name && rc == RC_OK; k++)
		rc = set_value(c, k, k->def, e);
	if (rc == RC_OK)
		rc = load_file(c, path, e);
	for (k = conf_keys; k->name && rc == RC_OK; k++) {
		const char *text = getenv(k->env);

		if (!text)
			continue;
		rc = set_value(c, k, text, e);
		c->lines[k - conf_keys] = BY_VARIABLE;
		if (rc != RC_OK)
			err_prefix(e, "%s", k->env);
	}
	if (rc != RC_OK) {
		conf_release(c);
		return rc;
	}
	if (!*c->home)
		set_string(&c->home, default_home());
	return RC_OK;
}

void conf_keep(struct conf *next, const struct conf *now, struct buf *kept)
{
	for (const struct conf_key *k = conf_keys; k->name; k++) {
		size_t off = k->offset;
		void *a = (char *)next + off;
		const void *b = (const char *)now + off;
		bool same = true;

		if (k->reloadable)
			continue;
		switch (k->type) {
		case CONF_STR:
		case CONF_PATH:
			same = !strcmp(*(char **)a, *(char *const *)b);
			if (!same)
				set_string(a, xstrdup(*(char *const *)b));
			break;
		case CONF_BOOL:
			same = *(bool *)a == *(const bool *)b;
			*(bool *)a = *(const bool *)b;
			break;
		case CONF_INT:
		case CONF_DURATION_DAYS:
		case CONF_BYTES:
			same = *(int64_t *)a == *(const int64_t *)b;
			*(int64_t *)a = *(const int64_t *)b;
			break;
		}
		if (!same)
			buf_addf(kept, "%s%s", kept->len ? "," : "", k->name);
	}
}

void conf_release(struct conf *c)
{
	for (const struct conf_key *k = conf_keys; k->name; k++) {
		if (k->type == CONF_STR || k->type == CONF_PATH)
			free(*(char **)member(c, k));
	}
	free(c->file);
	free(c->lines);
	*c = (struct conf){0};
}

void conf_blame(const struct conf *c, const char *key, struct err *e)
{
	for (const struct conf_key *k = conf_keys; k->name && c->lines; k++) {
		int line = c->lines[k - conf_keys];

		if (strcmp(k->name, key) != 0)
			continue;
		if (line == BY_VARIABLE)
			err_prefix(e, "%s", k->env);
		else if (line)
			err_prefix(e, "%s:%d", c->file, line);
	}
}
