/* The mock provider and a client of it on one loop, and calls that are metered
 * as those of true providers are. */
#ifndef ACO_MOCK_WORLD_H
#define ACO_MOCK_WORLD_H

#include "ingest/http.h"
#include "ingest/loop.h"
#include "ingest/meter.h"
#include "ingest/mock.h"
#include "ingest/upstream.h"

struct mock_world {
	struct loop *l;
	struct loop_timer *deadline;
	struct mock_conf conf;
	struct mock *m;
	struct http_server *s;
	struct upstream *u;
	struct up_origin origin;
	bool late;
};

/* One call and what came of it. */
struct got {
	struct mock_world *w;
	enum wire wire;
	struct model_request req;
	struct arena a;
	struct meter *meter;
	struct sse sse;
	struct model_reply r;
	struct buf body;
	int status;
	bool events, over;
	char retry_after[32], retry_ms[32], should_retry[32];
	enum up_end how;
};

/* Defaults, to be changed before mock_world_open(). */
void mock_world_init(struct mock_world *w);
void mock_world_open(struct mock_world *w);
void mock_world_release(struct mock_world *w);

/* A call, until its end; `mock` (or NULL) is the header x-mock. Fails after
 * 20 s. To be released. */
void mock_call(struct got *g, struct mock_world *w, const char *method,
	       const char *path, const char *body, const char *mock);
void got_release(struct got *g);

#endif
