/* The parts of libpq that have no state: making a connection, which blocks, and
 * looking into a result. */
#include <libpq-fe.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/log.h"
#include "ledger/db_int.h"

#define SERVER_MIN     140000
#define CONNECT_SECOND "10"

static void on_notice(void *arg, const PGresult *r)
{
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	(void)arg;
	log_line(LOG_DEBUG, "db", "notice from the database", "text=%s",
		 log_quote(text ? text : ""));
}

/* libpq's own words may quote parts of the URL, and so of a password. */
static enum rc check_url(const char *url, struct err *e)
{
	PQconninfoOption *opts = PQconninfoParse(url, NULL);

	if (opts) {
		PQconninfoFree(opts);
		return RC_OK;
	}
	err_set(e, RC_BAD, "the database URL cannot be understood");
	err_hint(e, "write postgresql://USER@HOST:PORT/DATABASE, with special "
		    "characters of a password as %%XX");
	return RC_BAD;
}

static PGconn *connect_url(const char *url, const char *role)
{
	char *name = xasprintf("aco %s", role);
	/* What comes before dbname is a default that the URL may change. */
	const char *const keys[] = {
		"connect_timeout",  "keepalives_idle",  "keepalives_interval",
		"keepalives_count", "tcp_user_timeout", "dbname",
		"application_name", "client_encoding",  NULL,
	};
	const char *const values[] = {
		CONNECT_SECOND, "30",   "10", "3", "60000", url,
		name,           "UTF8", NULL,
	};
	PGconn *pg = PQconnectdbParams(keys, values, 1);

	free(name);
	if (!pg)
		BUG("out of memory");
	return pg;
}

static enum rc check_server(const PGconn *pg, struct err *e)
{
	int v = PQserverVersion(pg);

	if (v >= SERVER_MIN)
		return RC_OK;
	err_set(e, RC_BAD, "the server is PostgreSQL %d, too old", v / 10000);
	err_hint(e, "use PostgreSQL %d or newer", SERVER_MIN / 10000);
	return RC_BAD;
}

enum rc db_connect(struct pg_conn **out, const char *url, const char *role,
		   struct err *e)
{
	enum rc rc = check_url(url, e);
	PGconn *pg;

	if (rc)
		return rc;
	pg = *out = connect_url(url, role);
	if (PQstatus(pg) != CONNECTION_OK)
		return db_explain_connect(PQerrorMessage(pg), e);
	PQsetNoticeReceiver(pg, on_notice, NULL);
	rc = check_server(pg, e);
	if (!rc && PQsetnonblocking(pg, 1))
		rc = err_set(e, RC_DOWN, "%s", PQerrorMessage(pg));
	return rc;
}

/* ---- results ---- */

void db_result_free(struct db_result *r)
{
	if (!r)
		return;
	PQclear(r->pg);
	free(r);
}

struct db_result *db_result_copy(const struct db_result *r)
{
	struct db_result *copy = xcalloc(1, sizeof(*copy));

	copy->pg = PQcopyResult(r->pg, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
	if (!copy->pg)
		BUG("memory for a copy of a result");
	return copy;
}

int db_rows(const struct db_result *r)
{
	return r ? PQntuples(r->pg) : 0;
}

int db_cols(const struct db_result *r)
{
	return r ? PQnfields(r->pg) : 0;
}

const char *db_col_name(const struct db_result *r, int col)
{
	const char *name = r ? PQfname(r->pg, col) : NULL;

	return name ? name : "";
}

uint32_t db_col_type(const struct db_result *r, int col)
{
	return r ? PQftype(r->pg, col) : 0;
}

const char *db_result_value(const struct db_result *r, int row, int col,
			    int *len)
{
	if (row < 0 || row >= db_rows(r) || col < 0 || col >= db_cols(r))
		BUG("a field outside its result");
	if (PQgetisnull(r->pg, row, col))
		return NULL;
	*len = PQgetlength(r->pg, row, col);
	return PQgetvalue(r->pg, row, col);
}
