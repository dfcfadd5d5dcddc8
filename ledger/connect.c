#include "ledger/connect.h"

#include "ledger/cluster.h"
#include "ledger/migrate.h"

#define URL_MAX 8192

enum rc connect_database(struct db **out, const struct conf *conf,
			 const char *name, struct err *e)
{
	struct buf url;
	enum rc rc;

	*out = NULL;
	buf_init(&url, URL_MAX);
	rc = cluster_url(conf, &url, e);
	if (!rc)
		rc = db_open(out, buf_str(&url), name, e);
	buf_release(&url);
	return rc;
}

enum rc connect_ledger(struct db **out, const struct conf *conf,
		       const char *name, struct err *e)
{
	enum rc rc = connect_database(out, conf, name, e);

	if (!rc)
		rc = migrate_check(*out, e);
	if (rc) {
		db_close(*out);
		*out = NULL;
	}
	return rc;
}

enum rc connect_writer(struct ledger **out, const struct conf *conf,
		       struct err *e)
{
	struct buf url;
	enum rc rc;

	*out = NULL;
	buf_init(&url, URL_MAX);
	rc = cluster_url(conf, &url, e);
	if (!rc)
		rc = ledger_open(out, conf, buf_str(&url), e);
	buf_release(&url);
	return rc;
}
