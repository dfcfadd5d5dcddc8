#include "ingest/serve_conf.h"
#include "ledger/base/path.h"
#include "ledger/daemon.h"

char *serve_spool(const struct conf *conf)
{
	return conf->spool[0] ? path_absolute(conf->spool)
			      : daemon_path(conf, "spool");
}
