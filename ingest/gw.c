/* A worker's gateway. */
#include "ingest/gw.h"
#include "ingest/bundle_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "ingest/gw_int.h"
#include "ingest/lanes.h"
#include "ingest/loop.h"
#include "ingest/stats.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"

#define IDLE_US    (60 * US_PER_SEC)
#define HEAD_BYTES ((size_t)256 << 10)

uint64_t gw_random(struct gateway *g)
{
	uint64_t z = g->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

struct gw_link *gw_link_of(struct gateway *g, const struct gw_provider *p)
{
	const int max = (int)(sizeof(g->links) / sizeof(g->links[0]));
	struct gw_link *l;

	for (int i = 0; i < g->n_links; i++) {
		if (!strncmp(g->links[i].name, p->name,
			     sizeof(g->links[i].name) - 1))
			return &g->links[i];
	}
	/* Names that many reloads have left share the last place. */
	if (g->n_links == max)
		return &g->links[max - 1];
	l = &g->links[g->n_links++];
	snprintf(l->name, sizeof(l->name), "%s", p->name);
	l->lane = lanes_of(g->w->lanes, l->name);
	return l;
}

enum rc gw_open(struct gateway **out, struct worker *w, const char *url,
		struct err *e)
{
	struct gateway *g = xcalloc(1, sizeof(*g));
	const struct up_limits lim = {
		.per_origin = (int)w->conf->upstream_connections,
		.idle_us = IDLE_US,
		.head_bytes = HEAD_BYTES,
	};
	enum rc rc = gw_conf_new(&g->conf, w->conf, e);

	g->w = w;
	g->queue_timer = loop_timer_new(w->loop, gw_queue_look, g);
	pool_init(&g->spare, sizeof(struct gw_call), GW_SPARE);
	g->texts = feature_memo_new();
	if (!rc) {
		g->up = upstream_new(w->loop, &lim, e);
		rc = g->up ? gw_models_open(&g->models, w->conf, url, e)
			   : RC_DOWN;
	}
	if (rc) {
		gw_close(g);
		return rc;
	}
	if (getrandom(&g->random, sizeof(g->random), 0) < 0)
		g->random = (uint64_t)clock_now_us();
	g->sessions = gw_sessions_open(w->conf->home);
	g->bundles = bundle_watch_new(w->conf);
	*out = g;
	return RC_OK;
}

void gw_finish(struct gateway *g)
{
	struct gw_call *next;

	if (!g)
		return;
	g->closing = true;
	for (struct gw_call *c = g->calls; c; c = next) {
		next = c->next;
		gw_call_abandon(c);
	}
}

static void free_gateway(void *arg)
{
	struct gateway *g = arg;

	while (g->n_kits) {
		struct gw_kit *k = &g->kits[--g->n_kits];

		meter_free(k->meter);
		buf_release(&k->held);
	}
	pool_release(&g->spare);
	feature_memo_free(g->texts);
	free(g);
}

void gw_close(struct gateway *g)
{
	if (!g)
		return;
	gw_finish(g);
	if (g->up)
		upstream_free(g->up);
	gw_models_close(g->models);
	gw_sessions_close(g->sessions);
	bundle_watch_free(g->bundles);
	loop_timer_free(g->queue_timer);
	gw_conf_drop(g->conf);
	/* Behind the calls that are freed at the end of the iteration. */
	loop_defer(g->w->loop, free_gateway, g);
}

void gw_reload(struct gateway *g, const struct conf *conf)
{
	struct err e = {"", ""};
	struct gw_conf *next;

	if (gw_conf_new(&next, conf, &e)) {
		log_line(LOG_ERROR, "gateway",
			 "the configuration stays as it was", "err=%s hint=%s",
			 log_quote(e.msg), log_quote(e.hint));
	} else {
		gw_conf_drop(g->conf);
		g->conf = next;
	}
	gw_models_reload(g->models);
}

static void set_gauges(struct gateway *g, int calls)
{
	struct up_counts n;
	int open = 0, half = 0;

	upstream_counts(g->up, &n);
	for (int i = 0; i < g->n_links; i++) {
		open += g->links[i].state == LINK_OPEN;
		half += g->links[i].state == LINK_HALF;
	}
	stat_set(STAT_G_UP_OPEN, n.open);
	stat_set(STAT_G_UP_IDLE, n.idle);
	stat_set(STAT_G_UP_WAITING, n.waiting);
	stat_set(STAT_G_LINKS_OPEN, open);
	stat_set(STAT_G_LINKS_HALF, half);
	stat_set(STAT_G_CALLS, calls);
}

void gw_beat(struct gateway *g)
{
	int64_t now = clock_mono_us();
	struct gw_call *next;
	int n = 0;

	bundle_watch_look(g->bundles);
	for (struct gw_call *c = g->calls; c; c = next) {
		next = c->next;
		n++;
		gw_call_tick(c, now);
	}
	set_gauges(g, n);
}
