/* What a failure of PostgreSQL means to whoever runs aco: one line that says
 * what happened, one that says what to do. */
#include "ledger/db_int.h"

#include <stddef.h>
#include <string.h>

struct advice {
	const char *when; /* SQLSTATE, its class, or a part of libpq's text */
	const char *hint;
};

/* The first prefix that fits wins: codes before their classes. */
static const struct advice by_state[] = {
	{"08", "check that PostgreSQL runs and can be reached"},
	{"0A000", "the schema changed under this connection: try again"},
	{"25006", "this server is a read-only standby, or was made read-only:"
		  " point database_url at the primary"},
	{"26000", "a pooler between aco and PostgreSQL must be in session"
		  " mode"},
	{"28", "check user and password of database_url, and the server's"
	       " pg_hba.conf"},
	{"3D000", "run 'aco up' to create the database"},
	{"3F000", "run 'aco up' to bring the schema up to date"},
	{"40", "try again"},
	{"42501", "the database user needs the rights of the schema's owner"},
	{"42P01", "run 'aco up' to bring the schema up to date"},
	{"42703", "run 'aco up' to bring the schema up to date"},
	{"42704", "run 'aco up' to bring the schema up to date"},
	{"42883", "run 'aco up' to bring the schema up to date"},
	{"53100", "the database's disk is full: free some space, or lower"
		  " retention_days and run 'aco up'"},
	{"53200", "the database server is out of memory"},
	{"53300", "raise max_connections of the server, or run fewer"
		  " workers"},
	{"55P03", "another session holds a lock on the table: end it"
		  " (pg_stat_activity tells which), then try again"},
	{"57014", "it was cancelled, or ran longer than the server's"
		  " statement_timeout"},
	{"57P01", "the server is being stopped or restarted: try again"},
	{"57P02", "the server crashed and recovers: try again"},
	{"57P03", "the server is starting up or shutting down: try again"},
	{"58", "the server has trouble with its disk: see its log"},
	{"XX00", "the server reports an internal error: see its log"},
};

static const struct advice by_text[] = {
	{"too many connections",
	 "raise the connection limit of the server's role"
	 " or database, or max_connections"},
	{"too many clients", "raise max_connections of the server, or run"
			     " fewer workers"},
	{"remaining connection slots", "raise max_connections of the server,"
				       " or run fewer workers"},
	{"password", "check user and password of database_url"},
	{"pg_hba.conf", "the server's pg_hba.conf does not let this user in"
			" from here"},
	{"Peer authentication", "connect as the system user that the server"
				" expects"},
	{"role \"", "check the user of database_url"},
	{"starting up", "the server is starting: try again"},
	{"shutting down", "the server is stopping: try again"},
	{"recovery", "the server is recovering: try again"},
	{"does not exist", "run 'aco up' to create the database"},
	{"No such file", "run 'aco up' to start it"},
	{"Connection refused", "start it with 'aco up', or check"
			       " database_url"},
	{"Permission denied", "run aco as the user that ran 'aco up'"},
	{"could not translate", "check the host name in database_url"},
	{"timeout expired", "check the host in database_url and the"
			    " network"},
};

static const char *find(const struct advice *list, size_t n, const char *in,
			bool prefix)
{
	for (size_t i = 0; i < n; i++) {
		const char *at = strstr(in, list[i].when);

		if (at && (!prefix || at == in))
			return list[i].hint;
	}
	return NULL;
}

/* libpq ends its texts with a newline, and may put several lines in them. */
static int line_length(const char *s)
{
	size_t n = strlen(s);

	while (n && (s[n - 1] == '\n' || s[n - 1] == ' '))
		n--;
	return n > 400 ? 400 : (int)n;
}

enum rc db_explain(const struct db_complaint *c, struct err *e)
{
	const char *state = c->sqlstate ? c->sqlstate : "";
	const char *text = c->primary ? c->primary : "";
	enum rc rc = rc_from_sqlstate(state);
	const char *hint = find(
		by_state, sizeof(by_state) / sizeof(by_state[0]), state, true);

	if (!*state)
		err_set(e, rc, "the connection to the database is lost: %.*s",
			line_length(text), text);
	else if (c->detail && *c->detail)
		err_set(e, rc, "%.*s (%.*s) [%s]", line_length(text), text, 200,
			c->detail, state);
	else
		err_set(e, rc, "%.*s [%s]", line_length(text), text, state);
	if (hint)
		err_hint(e, "%s", hint);
	else if (c->hint && *c->hint)
		err_hint(e, "%s", c->hint);
	else if (!*state)
		err_hint(e, "check that PostgreSQL runs, then try again");
	return rc;
}

enum rc db_explain_connect(const char *msg, struct err *e)
{
	const char *hint =
		find(by_text, sizeof(by_text) / sizeof(by_text[0]), msg, false);

	err_set(e, RC_DOWN, "cannot connect to the database: %.*s",
		line_length(msg), msg);
	if (hint)
		err_hint(e, "%s", hint);
	return RC_DOWN;
}
