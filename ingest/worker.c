/* A worker: one loop, a server for each address, the intake behind them.
 *
 *   SERVING --SIGTERM--> FINISHING requests --none left, or time is up-->
 *   WRITING what the intake holds --safe--> LEAVING: last bytes go out
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "ingest/child.h"
#include "ingest/gw.h"
#include "ingest/loop.h"
#include "ingest/serve.h"
#include "ingest/serve_conf.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"

#define BEAT_US  US_PER_SEC
#define LOOK_US  INT64_C(10000)   /* while it ends */
#define WRITE_US (2 * US_PER_SEC) /* least time for the ledger at the end */
#define LEAVE_US (US_PER_SEC / 2)

enum phase {
	SERVING,
	FINISHING,
	WRITING,
	LEAVING
};

/* A configuration that was replaced: other threads may still read it. */
struct old_conf {
	struct old_conf *next;
	struct conf *conf;
};

struct run {
	struct worker w;
	const struct child_start *start;
	struct http_server *servers[LISTEN_MAX];
	struct http_counts counts[LISTEN_MAX]; /* as they were seen last */
	int n_servers;
	struct tls *tls;
	struct loop_timer *beat, *look;
	struct old_conf *olds;
	enum phase phase;
	int64_t until_us; /* of the phase; monotonic */
};

/* ---- requests ---- */

static int admit(struct http_req *r, const struct http_route *route, void *arg,
		 struct err *e)
{
	struct worker *w = arg;
	struct auth_key *key = NULL;
	int status;

	if (w->draining && route->need != HTTP_OPEN) {
		err_set(e, RC_BUSY, "the daemon is stopping");
		return 503;
	}
	status = auth_admit(w->auth, r, route->need, &key, e);
	http_set(r, key);
	return status;
}

/* What the servers have counted since the last look. */
static void count_http(struct run *w)
{
	static const enum stats_id ids[6] = {
		0, 0, STAT_REQ_2XX, 0, STAT_REQ_4XX, STAT_REQ_5XX};

	for (int i = 0; i < w->n_servers; i++) {
		struct http_counts now, *old = &w->counts[i];

		http_server_counts(w->servers[i], &now);
		stat_add(STAT_CONNS_TOTAL,
			 (int64_t)(now.connections - old->connections));
		stat_add(STAT_CONNS_REFUSED,
			 (int64_t)(now.refused - old->refused));
		stat_add(STAT_REQ_BYTES,
			 (int64_t)(now.body_bytes - old->body_bytes));
		for (int k = 2; k < 6; k++) {
			if (ids[k])
				stat_add(ids[k], (int64_t)(now.answers[k] -
							   old->answers[k]));
		}
		*old = now;
	}
}

static void over(struct http_req *r, void *arg)
{
	auth_release(http_get(r));
	http_set(r, NULL);
	/* Now and not at the next beat: a crash loses no count. */
	count_http((struct run *)arg); /* whose first member it is */
}

static void set_limits(struct http_limits *l, const struct conf *c)
{
	http_limits_default(l);
	l->body[HTTP_CAP_TELEMETRY] = (size_t)c->telemetry_bytes;
	l->inflated[HTTP_CAP_TELEMETRY] = (size_t)c->inflated_bytes;
	l->body[HTTP_CAP_MODEL] = (size_t)c->model_bytes;
	l->inflated[HTTP_CAP_MODEL] = (size_t)c->model_bytes;
	l->inflight_bytes = (size_t)c->inflight_bytes;
	l->connections = (int)c->connections;
	l->header_us = c->header_seconds * US_PER_SEC;
	l->body_us = c->body_seconds * US_PER_SEC;
	l->idle_us = c->idle_seconds * US_PER_SEC;
	l->stall_us = c->stall_seconds * US_PER_SEC;
}

static enum rc serve_one(struct run *w, const struct listen_addr *a,
			 struct err *e)
{
	struct http_opts o = {
		.routes = http_routes,
		.admit = admit,
		.done = over,
		.arg = &w->w,
		.tls = w->tls,
	};
	enum rc rc;
	int fd;

	set_limits(&o.limits, w->w.conf);
	rc = listen_open(a, &fd, e);
	if (!rc)
		rc = http_server_new(&w->servers[w->n_servers], w->w.loop, fd,
				     &o, e);
	w->n_servers += !rc;
	return rc;
}

/* ---- the end ---- */

static int count(const struct run *w, int (*of)(const struct http_server *))
{
	int n = 0;

	for (int i = 0; i < w->n_servers; i++)
		n += of(w->servers[i]);
	return n;
}

static void written(void *arg)
{
	struct run *w = arg;

	w->phase = LEAVING;
	w->until_us = clock_mono_us() + LEAVE_US;
}

static void begin_writing(struct run *w)
{
	int64_t least = clock_mono_us() + WRITE_US;

	w->phase = WRITING;
	if (w->until_us < least)
		w->until_us = least;
	gw_finish(w->w.gateway);
	intake_drain(w->w.intake, w->until_us, written, w);
}

static void look(void *arg)
{
	struct run *w = arg;
	bool late = clock_mono_us() >= w->until_us;

	if (w->phase == FINISHING && (late || !count(w, http_server_busy)))
		begin_writing(w);
	if (w->phase == LEAVING && (late || !count(w, http_server_connections)))
		loop_stop(w->w.loop);
	loop_timer_set(w->look, LOOK_US);
}

/* Once: finish; again: write or spool at once what there is. */
static void on_term(void *arg)
{
	struct run *w = arg;

	if (w->phase == SERVING) {
		w->phase = FINISHING;
		w->w.draining = true;
		w->until_us =
			clock_mono_us() + w->w.conf->drain_seconds * US_PER_SEC;
		for (int i = 0; i < w->n_servers; i++)
			http_server_drain(w->servers[i]);
	} else if (w->phase == FINISHING) {
		w->until_us = 0;
	}
	look(w);
}

/* ---- reload ---- */

/* A certificate that cannot be read leaves the one that is in use. */
static void reload_tls(struct run *w)
{
	struct err e = {"", ""};
	struct tls *tls;

	if (!w->tls)
		return;
	if (tls_new(&tls, w->w.conf->tls_cert, w->w.conf->tls_key, &e)) {
		log_line(LOG_ERROR, "serve", "the certificate stays as it was",
			 "err=%s", log_quote(e.msg));
		return;
	}
	for (int i = 0; i < w->n_servers; i++)
		http_server_set_tls(w->servers[i], tls);
	tls_free(w->tls);
	w->tls = tls;
}

static void keep_old(struct run *w, struct conf *conf)
{
	struct old_conf *o = xcalloc(1, sizeof(*o));

	*o = (struct old_conf){.next = w->olds, .conf = conf};
	w->olds = o;
}

static void on_hup(void *arg)
{
	struct run *w = arg;
	struct err e = {"", ""};
	struct conf *next;
	struct buf kept;

	buf_init(&kept, 4096);
	/* The parent has said what is wrong with it, or what it keeps. */
	if (!serve_reload(w->w.conf, &next, &kept, &e)) {
		keep_old(w, next);
		w->w.conf = next;
		serve_log_level(next);
		intake_reload(w->w.intake, next);
		meaning_reload(w->w.meaning, next);
		auth_reload(w->w.auth);
		budgets_reload(w->w.budgets);
		gw_reload(w->w.gateway, next);
		reload_tls(w);
	}
	buf_release(&kept);
}

static void on_beat(void *arg)
{
	struct run *w = arg;
	int64_t bytes = 0;

	stats_beat();
	count_http(w);
	for (int i = 0; i < w->n_servers; i++)
		bytes += (int64_t)http_server_inflight(w->servers[i]);
	stat_set(STAT_G_INFLIGHT, bytes);
	stat_set(STAT_G_CONNS, count(w, http_server_connections));
	gw_beat(w->w.gateway);
	loop_timer_set(w->beat, BEAT_US);
}

/* ---- making it ---- */

static enum rc open_worker(struct run *w, struct err *e)
{
	const struct child_start *s = w->start;
	const struct conf *conf = s->conf;
	enum rc rc =
		intake_open(&w->w.intake, w->w.loop, conf, s->url, s->index, e);

	if (!rc)
		rc = auth_open(&w->w.auth, conf, s->url, e);
	if (!rc)
		rc = gw_open(&w->w.gateway, &w->w, s->url, e);
	if (!rc && conf->tls_cert[0])
		rc = tls_new(&w->tls, conf->tls_cert, conf->tls_key, e);
	if (rc)
		return rc;
	w->w.meaning = meaning_new(conf);
	w->w.budgets = budgets_open(w->w.loop, conf, s->url);
	for (int i = 0; i < s->listen->n && !rc; i++)
		rc = serve_one(w, &s->listen->a[i], e);
	return rc;
}

static void close_worker(struct run *w)
{
	gw_finish(w->w.gateway);
	intake_free(w->w.intake); /* answers what is left */
	gw_close(w->w.gateway);
	for (int i = 0; i < w->n_servers; i++)
		http_server_free(w->servers[i]);
	tls_free(w->tls);
	meaning_free(w->w.meaning);
	auth_close(w->w.auth);
	budgets_close(w->w.budgets);
	loop_timer_free(w->beat);
	loop_timer_free(w->look);
	loop_free(w->w.loop);
	while (w->olds) {
		struct old_conf *o = w->olds;

		w->olds = o->next;
		serve_conf_free(o->conf);
		free(o);
	}
}

enum rc worker_main(const struct child_start *s, struct err *e)
{
	struct run w = {
		.w = {.conf = s->conf,
		      .index = s->index,
		      .stats = s->stats,
		      .lanes = s->lanes},
		.start = s,
	};
	enum rc rc;

	w.w.loop = loop_new();
	w.beat = loop_timer_new(w.w.loop, on_beat, &w);
	w.look = loop_timer_new(w.w.loop, look, &w);
	rc = open_worker(&w, e);
	if (!rc) {
		loop_signal(w.w.loop, SIGTERM, on_term, &w);
		loop_signal(w.w.loop, SIGHUP, on_hup, &w);
		on_beat(&w);
		child_ready(s);
		loop_run(w.w.loop);
		count_http(&w);
	}
	close_worker(&w);
	return rc;
}
