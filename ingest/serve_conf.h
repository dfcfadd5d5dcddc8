/* The daemon's configuration: what must fit together, and taking a new one
 * while running. */
#ifndef ACO_SERVE_CONF_H
#define ACO_SERVE_CONF_H

#include "ledger/base/conf.h"
#include "ledger/base/err.h"

struct listen_set;

/* What the table of keys cannot check: addresses, TLS (certificate and key are
 * read), rules, the time zone, the gateway's providers with their keys and
 * lists. *set gets the addresses, not reserved. RC_BAD: where in the file. */
enum rc serve_check(const struct conf *conf, struct listen_set *set,
		    struct err *e) MUST_CHECK;
/* Read the configuration again, from where `now` came. *out (on the heap, to
 * be given to serve_conf_free) has what can be reloaded, and `now` for the
 * rest; names of what would need a restart go to `kept`. */
enum rc serve_reload(const struct conf *now, struct conf **out,
		     struct buf *kept, struct err *e) MUST_CHECK;
void serve_conf_free(struct conf *conf); /* NULL is fine */
/* log_level; auto is info here. */
void serve_log_level(const struct conf *conf);

#endif
