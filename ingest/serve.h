/* The daemon. A parent makes shared memory and supervises; each worker is one
 * loop with an HTTP server, a place of its own in the intake, and what the
 * endpoints need.
 *
 * To add an endpoint: a file ep_NAME.c that exports a table of routes, named
 * in routes.c. Its handlers get the worker as `arg`. */
#ifndef ACO_SERVE_H
#define ACO_SERVE_H

#include "ingest/auth.h"
#include "ingest/budgets.h"
#include "ingest/http.h"
#include "ingest/intake.h"
#include "ingest/meaning.h"
#include "ingest/stats.h"
#include "ledger/base/conf.h"

struct gateway;
struct lanes;
struct loop;

struct worker {
	const struct conf *conf;
	int index;
	struct loop *loop;
	struct intake *intake;
	struct meaning *meaning;
	struct auth *auth;
	struct budgets *budgets;
	struct gateway *gateway;
	struct stats *stats;
	struct lanes *lanes;
	bool draining;
};

extern const struct http_route *const http_routes[]; /* routes.c; NULL ends */
/* The tables in it. */
extern const struct http_route ep_otlp[];
extern const struct http_route ep_native[];
extern const struct http_route ep_langfuse[];
extern const struct http_route ep_health[];
extern const struct http_route ep_route[];
extern const struct http_route ep_gateway[];

/* The key of a request, or NULL (loopback without keys). */
static inline const struct auth_key *worker_key(const struct http_req *r)
{
	return http_get(r);
}

#endif
