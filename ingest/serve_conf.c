#include "ingest/serve_conf.h"

#include <stdlib.h>

#include "ingest/class_rule.h"
#include "ingest/http.h"
#include "ingest/listen.h"
#include "ledger/base/alloc.h"
#include "ledger/base/log.h"

static enum rc check_tls(const struct conf *conf, struct err *e)
{
	struct tls *tls = NULL;
	enum rc rc = RC_OK;

	if (conf->tls_cert[0] && conf->tls_key[0])
		rc = tls_new(&tls, conf->tls_cert, conf->tls_key, e);
	tls_free(tls);
	return rc;
}

enum rc serve_check(const struct conf *conf, struct listen_set *set,
		    struct err *e)
{
	struct class_rules *rules = NULL;
	enum rc rc = listen_parse(conf->listen, set, e);

	if (!rc)
		rc = listen_allowed(set, conf, e);
	if (!rc)
		rc = check_tls(conf, e);
	if (!rc)
		rc = class_rules_parse(&rules, conf->class_rules, e);
	class_rules_free(rules);
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
