/* The table of keys, and reading them: defaults, file, environment. What is
 * printed from the table is in conf_text.c. */
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

#define KEY(sec, member, variable)                                             \
	.section = sec, .name = #member, .env = variable,                      \
	.offset = offsetof(struct conf, member)

const struct conf_key conf_keys[] = {
	{KEY("aco", home, "ACO_HOME"), .type = CONF_PATH, .def = "",
	 .help = "folder of the private cluster and of the spool; "
		 "empty: /var/lib/aco for root, else $XDG_DATA_HOME/aco "
		 "or ~/.local/share/aco"},
	{KEY("aco", log_level, "ACO_LOG_LEVEL"), .type = CONF_STR,
	 .def = "auto", .choices = "auto debug info warn error",
	 .reloadable = true,
	 .help = "least severe log line that is printed; auto: info for the "
		 "daemon, warn for other commands"},
	{KEY("aco", team, "ACO_TEAM"), .type = CONF_STR, .def = "",
	 .help = "team of imported work that names none"},
	{KEY("aco", timezone, "ACO_TIMEZONE"), .type = CONF_STR, .def = "UTC",
	 .reloadable = true,
	 .help = "time zone of the days in reports; the ledger itself "
		 "keeps UTC"},
	{KEY("aco", label, "ACO_LABEL"), .type = CONF_STR, .def = "",
	 .help = "a word that the dashboard's header shows, to tell ledgers "
		 "apart"},
	{KEY("ledger", database_url, "ACO_DATABASE_URL"), .type = CONF_STR,
	 .def = "",
	 .help = "PostgreSQL connection string; empty: the private "
		 "cluster in home"},
	{KEY("ledger", pg_bin, "ACO_PG_BIN"), .type = CONF_PATH, .def = "",
	 .help = "folder of initdb and postgres for the private cluster; "
		 "empty: the newest that is installed"},
	{KEY("ledger", retention_days, "ACO_RETENTION_DAYS"),
	 .type = CONF_DURATION_DAYS, .def = "0", .min = 0, .max = 36500,
	 .reloadable = true,
	 .help = "age at which days of rows are dropped; 0 keeps "
		 "everything"},
	{KEY("ledger", partitions_ahead, "ACO_PARTITIONS_AHEAD"),
	 .type = CONF_INT, .def = "3", .min = 1, .max = 366, .reloadable = true,
	 .help = "days for which partitions are made ahead of time"},
	{KEY("ledger", batch_rows, "ACO_BATCH_ROWS"), .type = CONF_INT,
	 .def = "5000", .min = 1, .max = 50000, .reloadable = true,
	 .help = "rows written in one transaction"},
	{KEY("ledger", retry_seconds, "ACO_RETRY_SECONDS"), .type = CONF_INT,
	 .def = "30", .min = 0, .max = 86400,
	 .help = "how long a command waits for a lost database"},
	{KEY("serve", autostart, "ACO_AUTOSTART"), .type = CONF_BOOL,
	 .def = "yes", .help = "yes: 'aco up' starts the daemon, too"},
	{KEY("serve", listen, "ACO_LISTEN"), .type = CONF_STR,
	 .def = "127.0.0.1:4318",
	 .help = "addresses that the daemon listens on, ADDRESS:PORT with "
		 "commas between; off loopback keys and TLS are required"},
	{KEY("serve", workers, "ACO_WORKERS"), .type = CONF_INT, .def = "0",
	 .min = 0, .max = 256,
	 .help = "worker processes; 0: one for each processor"},
	{KEY("serve", connections, "ACO_CONNECTIONS"), .type = CONF_INT,
	 .def = "1024", .min = 1, .max = 100000,
	 .help = "open connections of one worker"},
	{KEY("serve", telemetry_bytes, "ACO_TELEMETRY_BYTES"),
	 .type = CONF_BYTES, .def = "16m", .min = 1024, .max = 1 << 30,
	 .help = "largest telemetry body as sent"},
	{KEY("serve", inflated_bytes, "ACO_INFLATED_BYTES"), .type = CONF_BYTES,
	 .def = "64m", .min = 1024, .max = 1 << 30,
	 .help = "largest telemetry body after decompression"},
	{KEY("serve", model_bytes, "ACO_MODEL_BYTES"), .type = CONF_BYTES,
	 .def = "64m", .min = 1024, .max = 1 << 30,
	 .help = "largest model request"},
	{KEY("serve", inflight_bytes, "ACO_INFLIGHT_BYTES"), .type = CONF_BYTES,
	 .def = "64m", .min = 65536, .max = 1LL << 36,
	 .help = "request bytes in the memory of one worker; beyond, "
		 "requests are answered 503"},
	{KEY("serve", queue_bytes, "ACO_QUEUE_BYTES"), .type = CONF_BYTES,
	 .def = "64m", .min = 1 << 20, .max = 1LL << 36,
	 .help = "events of one worker that wait to be written; beyond, "
		 "requests are answered 503"},
	{KEY("serve", linger_ms, "ACO_LINGER_MS"), .type = CONF_INT, .def = "2",
	 .min = 0, .max = 1000, .reloadable = true,
	 .help = "how long events wait for others before they are written"},
	{KEY("serve", patience_ms, "ACO_PATIENCE_MS"), .type = CONF_INT,
	 .def = "2000", .min = 10, .max = 60000, .reloadable = true,
	 .help = "how long events wait for the database before they go to "
		 "the spool"},
	{KEY("serve", drain_seconds, "ACO_DRAIN_SECONDS"), .type = CONF_INT,
	 .def = "10", .min = 0, .max = 3600, .reloadable = true,
	 .help = "how long requests may finish after SIGTERM"},
	{KEY("serve", header_seconds, "ACO_HEADER_SECONDS"), .type = CONF_INT,
	 .def = "10", .min = 1, .max = 3600,
	 .help = "time for the headers of a request"},
	{KEY("serve", body_seconds, "ACO_BODY_SECONDS"), .type = CONF_INT,
	 .def = "120", .min = 1, .max = 86400,
	 .help = "time for the body of a request"},
	{KEY("serve", idle_seconds, "ACO_IDLE_SECONDS"), .type = CONF_INT,
	 .def = "75", .min = 1, .max = 86400,
	 .help = "time that a connection may wait between requests"},
	{KEY("serve", stall_seconds, "ACO_STALL_SECONDS"), .type = CONF_INT,
	 .def = "30", .min = 1, .max = 86400,
	 .help = "time without a byte after which a peer is given up"},
	{KEY("serve", claim_seconds, "ACO_CLAIM_SECONDS"), .type = CONF_INT,
	 .def = "600", .min = 0, .max = 86400, .reloadable = true,
	 .help = "how long the calls below an agent's span may take to "
		 "arrive before its own sum is billed"},
	{KEY("serve", spool, "ACO_SPOOL"), .type = CONF_PATH, .def = "",
	 .help = "folder of the spool; empty: spool in home"},
	{KEY("serve", spool_bytes, "ACO_SPOOL_BYTES"), .type = CONF_BYTES,
	 .def = "1g", .min = 1 << 20, .max = 1LL << 44,
	 .help = "most that one worker's spool may hold; beyond, requests "
		 "are answered 503"},
	{KEY("serve", keys, "ACO_KEYS"), .type = CONF_STR, .def = "auto",
	 .choices = "auto required off",
	 .help = "auto: callers from loopback need no key; required: all "
		 "do; off: nobody does (insecure = yes off loopback)"},
	{KEY("serve", tls_cert, "ACO_TLS_CERT"), .type = CONF_PATH, .def = "",
	 .reloadable = true,
	 .help = "certificate chain, PEM; with tls_key turns TLS on"},
	{KEY("serve", tls_key, "ACO_TLS_KEY"), .type = CONF_PATH, .def = "",
	 .reloadable = true, .help = "private key of tls_cert, PEM"},
	{KEY("serve", insecure, "ACO_INSECURE"), .type = CONF_BOOL, .def = "no",
	 .help = "yes: allow addresses off loopback without TLS or keys"},
	{KEY("serve", class_rules, "ACO_CLASS_RULES"), .type = CONF_STR,
	 .def = "", .reloadable = true,
	 .help = "classes of tasks, as in: coding: service=claude-code | "
		 "support: agent=help*, team=cs"},
	{KEY("gateway", openai_base_url, "ACO_OPENAI_BASE_URL"),
	 .type = CONF_STR, .def = "https://api.openai.com/v1",
	 .reloadable = true,
	 .help = "where calls in OpenAI's protocol go; its key is in "
		 "OPENAI_API_KEY"},
	{KEY("gateway", anthropic_base_url, "ACO_ANTHROPIC_BASE_URL"),
	 .type = CONF_STR, .def = "https://api.anthropic.com",
	 .reloadable = true,
	 .help = "where calls in Anthropic's protocol go; its key is in "
		 "ANTHROPIC_API_KEY"},
	{KEY("gateway", providers, "ACO_PROVIDERS"), .type = CONF_STR,
	 .def = "", .reloadable = true,
	 .help = "more providers, or the same ones anew: local: "
		 "url=http://127.0.0.1:8000/v1, protocol=openai, "
		 "key_env=VARIABLE or key_file=PATH (0600) | ..."},
	{KEY("gateway", aliases, "ACO_ALIASES"), .type = CONF_STR, .def = "",
	 .reloadable = true,
	 .help = "names for models, as in: fast=gpt-5-mini, "
		 "helper=auto:support"},
	{KEY("gateway", route_mode, "ACO_ROUTE_MODE"), .type = CONF_STR,
	 .def = "shadow", .choices = "off shadow live", .reloadable = true,
	 .help = "live: the router serves `auto`; shadow: it decides and "
		 "that is recorded, but route_default serves; off: it is not "
		 "asked"},
	{KEY("gateway", route_default, "ACO_ROUTE_DEFAULT"), .type = CONF_STR,
	 .def = "", .reloadable = true,
	 .help = "models that serve `auto` where the router does not, the "
		 "first of the protocol; empty: the strongest"},
	{KEY("gateway", route_goal, "ACO_ROUTE_GOAL"), .type = CONF_STR,
	 .def = "quality:0.98", .reloadable = true,
	 .help = "quality:SHARE of the strongest model's success, "
		 "budget:DOLLARS a task, or failure:DOLLARS that one costs"},
	{KEY("gateway", route_floors, "ACO_ROUTE_FLOORS"), .type = CONF_STR,
	 .def = "legal=4, medical=4", .reloadable = true,
	 .help = "least tier of a class"},
	{KEY("gateway", route_explore_permille, "ACO_ROUTE_EXPLORE_PERMILLE"),
	 .type = CONF_INT, .def = "20", .min = 0, .max = 500,
	 .reloadable = true,
	 .help = "decisions in a thousand that are made at random, never "
		 "below a floor"},
	{KEY("gateway", route_streams, "ACO_ROUTE_STREAMS"), .type = CONF_STR,
	 .def = "live", .choices = "live held", .reloadable = true,
	 .help = "live: a routed stream is passed on as it comes and is not "
		 "judged; held: it is held back until it was, where the plan "
		 "has more than one model"},
	{KEY("gateway", gateway_retries, "ACO_GATEWAY_RETRIES"),
	 .type = CONF_INT, .def = "2", .min = 0, .max = 10, .reloadable = true,
	 .help = "attempts after the first that a failed call may have"},
	{KEY("gateway", upstream_connections, "ACO_UPSTREAM_CONNECTIONS"),
	 .type = CONF_INT, .def = "512", .min = 1, .max = 100000,
	 .help = "connections of one worker to one provider"},
	{KEY("gateway", connect_seconds, "ACO_CONNECT_SECONDS"),
	 .type = CONF_INT, .def = "5", .min = 1, .max = 3600,
	 .reloadable = true, .help = "time to connect to a provider"},
	{KEY("gateway", first_byte_seconds, "ACO_FIRST_BYTE_SECONDS"),
	 .type = CONF_INT, .def = "600", .min = 1, .max = 86400,
	 .reloadable = true, .help = "time to the first byte of an answer"},
	{KEY("gateway", silence_seconds, "ACO_SILENCE_SECONDS"),
	 .type = CONF_INT, .def = "300", .min = 1, .max = 86400,
	 .reloadable = true,
	 .help = "time without a byte after which an answer is cut off"},
	{KEY("gateway", call_seconds, "ACO_CALL_SECONDS"), .type = CONF_INT,
	 .def = "3600", .min = 1, .max = 86400, .reloadable = true,
	 .help = "time for one call with all its attempts"},
	{KEY("gateway", read_on_seconds, "ACO_READ_ON_SECONDS"),
	 .type = CONF_INT, .def = "60", .min = 0, .max = 3600,
	 .reloadable = true,
	 .help = "how long the answer is read on, to know what it cost, "
		 "after its client has left"},
	{KEY("gateway", unpriced, "ACO_UNPRICED"), .type = CONF_STR,
	 .def = "pass", .choices = "pass refuse", .reloadable = true,
	 .help = "calls of a model without a price: pass them and say so, "
		 "or refuse them"},
	{KEY("alert", alert_url, "ACO_ALERT_URL"), .type = CONF_STR, .def = "",
	 .reloadable = true,
	 .help = "webhook to which alerts are posted: thresholds of budgets "
		 "and overruns to come; empty: they stand in the ledger only"},
	{KEY("alert", alert_format, "ACO_ALERT_FORMAT"), .type = CONF_STR,
	 .def = "generic", .choices = "generic slack", .reloadable = true,
	 .help = "what is posted: all that there is to say as JSON, or what "
		 "Slack takes"},
	{KEY("router", retrain_at, "ACO_RETRAIN_AT"), .type = CONF_STR,
	 .def = "03:17", .reloadable = true,
	 .help = "time of day (UTC) at which the router is trained again; "
		 "empty: never"},
	{KEY("router", retrain_window_days, "ACO_RETRAIN_WINDOW_DAYS"),
	 .type = CONF_INT, .def = "90", .min = 0, .max = 36500,
	 .reloadable = true,
	 .help = "days of the ledger that it learns from; 0: all of them"},
	{KEY("router", retrain_rows, "ACO_RETRAIN_ROWS"), .type = CONF_INT,
	 .def = "200000", .min = 100, .max = 10000000, .reloadable = true,
	 .help = "trials, and judged tasks, that it learns from at most: the "
		 "latest"},
	{KEY("router", retrain_min_tasks, "ACO_RETRAIN_MIN_TASKS"),
	 .type = CONF_INT, .def = "100", .min = 1, .max = 10000000,
	 .reloadable = true,
	 .help = "judged tasks below which it is not trained"},
	{KEY("router", retrain_min_class, "ACO_RETRAIN_MIN_CLASS"),
	 .type = CONF_INT, .def = "100", .min = 1, .max = 10000000,
	 .reloadable = true,
	 .help = "judged tasks of a class below which nothing learned serves "
		 "it"},
	{.name = NULL},
};

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

enum rc conf_load(struct conf *c, const char *path, struct err *e)
{
	const struct conf_key *k;
	enum rc rc = RC_OK;

	*c = (struct conf){.file = xstrdup("")};
	for (k = conf_keys; k->name && rc == RC_OK; k++)
		rc = set_value(c, k, k->def, e);
	if (rc == RC_OK)
		rc = load_file(c, path, e);
	for (k = conf_keys; k->name && rc == RC_OK; k++) {
		const char *text = getenv(k->env);

		if (!text)
			continue;
		rc = set_value(c, k, text, e);
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
	*c = (struct conf){0};
}
