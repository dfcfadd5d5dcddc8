/* A daemon with a gateway in front of a scripted provider, and a client. */
#ifndef ACO_GW_HELP_H
#define ACO_GW_HELP_H

#include <sys/types.h>

#include "ledger/base/buf.h"
#include "ledger/base/str.h"
#include "tests/int/gw_fake.h"
#include "tests/int/harness.h"

struct gw_world {
	struct fake *fake;
	struct db *db;
	const char *url, *home, *env[32];
	int n_env, port;
	bool beside; /* fake and db are another's */
	pid_t pid;
	char log[512];
};
/* A fresh database, no daemon yet: settings may be added. */
void gw_world_init(struct gw_world *w, const char *db_name);
/* Another daemon on the ledger and the provider of the first. */
void gw_world_beside(struct gw_world *w, const struct gw_world *first);
/* Anew when it was set before. */
void gw_world_set(struct gw_world *w, const char *name, const char *value);
void gw_world_serve(struct gw_world *w); /* until it answers */
void gw_world_stop(struct gw_world *w);  /* SIGTERM, exit code 0 */
void gw_world_release(struct gw_world *w);
/* A worker of it; 0: just now there is none. */
pid_t gw_world_worker(const struct gw_world *w);
long gw_world_rss_kb(const struct gw_world *w); /* of that worker */
/* `aco ARGS...` in this world must succeed. */
void gw_world_aco(struct gw_world *w, const char *const args[]);
#define GW_ACO(w, ...)                                                         \
	gw_world_aco((w), (const char *const[]){__VA_ARGS__, NULL})

/* An answer. */
struct gw_got {
	int status;      /* 0: none */
	bool whole;      /* framed to its end */
	struct buf head; /* status line and headers */
	struct buf body; /* without chunking */
};
void gw_got_free(struct gw_got *g);
/* A header's value, "" absent; lives until the next call. */
const char *gw_got_header(const struct gw_got *g, const char *name);

int gw_connect(const struct gw_world *w);
int gw_connect_maybe(const struct gw_world *w); /* -1: nobody listens */
/* POST path; `headers` are whole lines, each with CR LF. */
void gw_send(int fd, const char *path, const char *headers, struct str body);
struct gw_got gw_receive(int fd);
struct gw_got gw_post(const struct gw_world *w, const char *path,
		      const char *headers, const char *body);

/* Rows of the ledger, once it has `n` attempts (10 s). */
void gw_wait_rows(struct gw_world *w, int n);

#endif
