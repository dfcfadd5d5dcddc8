#include "ingest/serve_conf.h"

#include <stdlib.h>

#include "ingest/class_rule.h"
#include "ingest/gw_conf.h"
#include "ingest/http.h"
#include "ingest/listen.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"

static enum rc check_zone(const struct conf *conf, struct err *e)
{
	if (clock_zone_known(conf->timezone))
		return RC_OK;
	err_set(e, RC_BAD, "timezone: there is no time zone '%s'",
		conf->timezone);
	conf_blame(conf, "timezone", e);
	return RC_BAD;
}

static enum rc check_gateway(const struct conf *conf, struct err *e)
{
	struct gw_conf *gw;
	enum rc rc = gw_conf_new(&gw, conf, e);

	if (!rc)
		gw_conf_drop(gw);
	return rc;
}

static enum rc check_rules(const struct conf *conf, struct err *e)
{
	struct class_rules *rules = NULL;
	enum rc rc = class_rules_parse(&rules, conf->class_rules, e);

	class_rules_free(rules);
	if (rc)
		conf_blame(conf, "class_rules", e);
	return rc;
}

static enum rc check_tls(const struct conf *conf, struct err *e)
{
	struct tls *tls = NULL;
	enum rc rc = RC_OK;

	if (conf->tls_cert[0] && conf->tls_key[0])
		rc = tls_new(&tls, conf->tls_cert, conf->tls_key, e);
	tls_free(tls);
	if (rc)
		conf_blame(conf, "tls_cert", e);
	return rc;
}

enum rc serve_check(const struct conf *conf, struct listen_set *set,
		    struct err *e)
{
	enum rc rc = listen_parse(conf->listen, set, e);

	if (rc)
		conf_blame(conf, "listen", e);
	if (!rc)
		rc = listen_allowed(set, conf, e);
	if (!rc)
		rc = check_tls(conf, e);
	if (!rc)
		rc = check_rules(conf, e);
	if (!rc)
		rc = check_zone(conf, e);
	if (!rc)
		rc = check_gateway(conf, e);
	return rc;
}

enum rc serve_reload(const struct conf *now, struct conf **out,
		     struct buf *kept, struct err *e)
{
	struct conf *next = xcalloc(1, sizeof(*next));
	struct listen_set set;
	enum rc rc = conf_load(next, now->file[0] ? now->file : NULL, e);

	*out = NULL;
	if (rc) {
		free(next);
		return rc;
	}
	conf_keep(next, now, kept);
	rc = serve_check(next, &set, e);
	if (rc)
		serve_conf_free(next);
	else
		*out = next;
	return rc;
}

void serve_conf_free(struct conf *conf)
{
	if (!conf)
		return;
	conf_release(conf);
	free(conf);
}

void serve_log_level(const struct conf *conf)
{
	enum log_level level;

	log_set_level(log_level_parse(conf->log_level, &level) ? level
							       : LOG_INFO);
}
