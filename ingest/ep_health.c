/* How the daemon is: for people, for whoever starts it, for Prometheus. */
#include <stdio.h>
#include <unistd.h>

#include "ingest/lanes.h"
#include "ingest/serve.h"
#include "ledger/base/clock.h"
#include "ledger/base/cmd.h"
#include "ledger/base/json.h"

#define ANSWER_MAX  (1 << 20)
#define METRICS_MAX (4 << 20)

static void answer(struct http_req *r, int status, const char *ctype,
		   const struct buf *b)
{
	http_reply_header(r, "Cache-Control", STR("no-store"));
	http_reply(r, status, ctype, (struct str){buf_str(b), b->len});
}

/* ---- GET / ---- */

static const char welcome[] =
	"aco " ACO_VERSION ": a cost ledger for fleets of LLM agents\n"
	"\n"
	"POST /v1/traces /v1/logs /v1/metrics   OTLP over HTTP, JSON or "
	"protobuf\n"
	"POST /api/public/otel/v1/traces        the same, for Langfuse "
	"clients, with\n"
	"     /api/public/ingestion and /scores\n"
	"POST /v1/events /v1/outcomes           events of our own, JSON\n"
	"GET  /healthz /readyz /metrics         how the daemon is\n";

static void get_root(struct http_req *r, void *arg)
{
	(void)arg;
	http_reply(r, 200, "text/plain; charset=utf-8", STR(welcome));
}

/* ---- GET /healthz, /readyz ---- */

/* NULL: takes requests. */
static const char *why_not(const struct worker *w, const struct intake_state *s)
{
	if (w->draining)
		return "stopping";
	if (!s->spool_ok)
		return "the spool cannot be written";
	if (!s->connected && s->spool_bytes >= w->conf->spool_bytes)
		return "the spool is full";
	return NULL;
}

static void add_seconds(struct json_out *o, const char *key, int64_t us)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld.%03d", (long long)(us / US_PER_SEC),
		 (int)(us % US_PER_SEC / 1000));
	json_out_raw(o, key, str_from(text));
}

static void add_state(struct json_out *o, const struct worker *w,
		      const struct intake_state *s, const char *why)
{
	json_out_str(o, "status",
		     why             ? STR("unready")
		     : !s->connected ? STR("degraded")
				     : STR("ok"));
	json_out_str(o, "reason",
		     why             ? str_from(why)
		     : !s->connected ? STR("the database is away: calls "
					   "are spooled")
				     : STR_NONE);
	json_out_str(o, "version", STR(ACO_VERSION));
	json_out_i64(o, "pid", getpid());
	json_out_i64(o, "worker", w->index);
	add_seconds(o, "uptime_seconds", stats_uptime_us(w->stats));
	json_out_bool(o, "database_connected", s->connected);
	add_seconds(o, "oldest_unsafe_seconds", s->oldest_us);
	json_out_i64(o, "queue_bytes", (int64_t)s->queue_bytes);
	/* Of this worker, then of all. */
	json_out_i64(o, "spool_bytes", s->spool_bytes);
	add_seconds(o, "spool_oldest_seconds", s->spool_oldest_us);
	json_out_i64(o, "spool_bytes_all", stats_sum(w->stats, STAT_G_SPOOL));
	json_out_i64(o, "connections_all", stats_sum(w->stats, STAT_G_CONNS));
}

static void answer_state(struct http_req *r, const struct worker *w, bool ready)
{
	struct intake_state s;
	struct json_out o;
	const char *why;
	struct buf b;

	intake_look(w->intake, &s);
	why = why_not(w, &s);
	buf_init(&b, ANSWER_MAX);
	json_out_init(&o, &b);
	json_out_obj(&o, NULL);
	add_state(&o, w, &s, why);
	json_out_end(&o, '}');
	buf_addc(&b, '\n');
	if (ready && why)
		http_reply_header(r, "Retry-After", STR("5"));
	answer(r, ready && why ? 503 : 200, "application/json", &b);
	buf_release(&b);
}

static void get_health(struct http_req *r, void *arg)
{
	answer_state(r, arg, false);
}

static void get_ready(struct http_req *r, void *arg)
{
	answer_state(r, arg, true);
}

/* ---- GET /metrics ---- */

static void get_metrics(struct http_req *r, void *arg)
{
	const struct worker *w = arg;
	struct buf b;

	buf_init(&b, METRICS_MAX);
	stats_print(w->stats, &b);
	lanes_print(w->lanes, &b);
	answer(r, 200, "text/plain; version=0.0.4; charset=utf-8", &b);
	buf_release(&b);
}

const struct http_route ep_health[] = {
	{"GET", "/", HTTP_CAP_NONE, HTTP_OPEN, false, get_root, NULL},
	{"HEAD", "/", HTTP_CAP_NONE, HTTP_OPEN, false, get_root, NULL},
	{"GET", "/healthz", HTTP_CAP_NONE, HTTP_OPEN, false, get_health, NULL},
	{"HEAD", "/healthz", HTTP_CAP_NONE, HTTP_OPEN, false, get_health, NULL},
	{"GET", "/readyz", HTTP_CAP_NONE, HTTP_OPEN, false, get_ready, NULL},
	{"HEAD", "/readyz", HTTP_CAP_NONE, HTTP_OPEN, false, get_ready, NULL},
	{"GET", "/metrics", HTTP_CAP_NONE, HTTP_NEED_READ, false, get_metrics,
	 NULL},
	{"HEAD", "/metrics", HTTP_CAP_NONE, HTTP_NEED_READ, false, get_metrics,
	 NULL},
	{.method = NULL},
};
