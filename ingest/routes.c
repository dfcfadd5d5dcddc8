/* What the daemon answers: one table a file. A new endpoint is a file
 * ep_NAME.c and a line here; of two routes that fit, the first is taken. */
#include "ingest/serve.h"

const struct http_route *const http_routes[] = {
	ep_health, ep_otlp, ep_native, ep_langfuse, ep_route, ep_gateway, NULL,
};
