/* Counters of the daemon: one block of shared memory a worker, made by the
 * parent, so that any worker can print the sum (/metrics) and a crash loses
 * no count. Relaxed atomics. To add a counter: a line below. */
#ifndef ACO_STATS_H
#define ACO_STATS_H

#include <stddef.h>
#include <stdint.h>

/* X(id, Prometheus name, labels or "", help). Counters end in _total. */
#define STATS_COUNTERS(X)                                                      \
	X(CONNS_TOTAL, "aco_http_connections_total", "", "connections taken")  \
	X(CONNS_REFUSED, "aco_http_connections_refused_total", "",             \
	  "connections refused at the limit")                                  \
	X(REQ_2XX, "aco_http_requests_total", "code=\"2xx\"",                  \
	  "requests answered")                                                 \
	X(REQ_4XX, "aco_http_requests_total", "code=\"4xx\"", "")              \
	X(REQ_5XX, "aco_http_requests_total", "code=\"5xx\"", "")              \
	X(REQ_BYTES, "aco_http_request_bytes_total", "", "body bytes as sent") \
	X(AUTH_401, "aco_auth_refused_total", "code=\"401\"",                  \
	  "callers without a key that counts, or whose role lacks")            \
	X(AUTH_403, "aco_auth_refused_total", "code=\"403\"", "")              \
	X(CALLS_TRACES, "aco_rows_total",                                      \
	  "source=\"traces\",result=\"taken\"",                                \
	  "model calls, outcomes and letters by what became of them")          \
	X(CALLS_LOGS, "aco_rows_total", "source=\"logs\",result=\"taken\"",    \
	  "")                                                                  \
	X(CALLS_NATIVE, "aco_rows_total",                                      \
	  "source=\"native\",result=\"taken\"", "")                            \
	X(OUTCOMES, "aco_rows_total", "source=\"outcomes\",result=\"taken\"",  \
	  "")                                                                  \
	X(ROWS_NEW, "aco_ledger_attempts_total", "result=\"new\"",             \
	  "attempts by what the ledger made of them")                          \
	X(ROWS_MERGED, "aco_ledger_attempts_total", "result=\"merged\"", "")   \
	X(ROWS_SAME, "aco_ledger_attempts_total", "result=\"same\"", "")       \
	X(UNPRICED, "aco_unpriced_attempts_total", "",                         \
	  "new attempts without a price")                                      \
	X(DEAD, "aco_dead_letters_total", "", "rows refused")                  \
	X(REJECTED, "aco_rejected_total", "",                                  \
	  "spans and records refused in partial successes")                    \
	X(IGNORED, "aco_ignored_total", "",                                    \
	  "spans, records and points that are no model call")                  \
	X(COST_PUSD, "aco_cost_picodollars_total", "", "cost of new attempts") \
	X(BATCHES, "aco_batches_total", "to=\"ledger\"", "batches made safe")  \
	X(BATCHES_SPOOLED, "aco_batches_total", "to=\"spool\"", "")            \
	X(CLAIMS_BILLED, "aco_claims_total", "result=\"billed\"",              \
	  "sums of parent spans by what became of them")                       \
	X(CLAIMS_DROPPED, "aco_claims_total", "result=\"dropped\"", "")        \
	X(CLAIMS_BAD, "aco_claims_total", "result=\"bad\"", "")                \
	X(REPLAYED, "aco_spool_replayed_total", "", "records replayed")        \
	X(DB_ERRORS, "aco_database_errors_total", "", "failed appends")        \
	X(RESTARTS, "aco_worker_restarts_total", "", "workers started again")  \
	X(GW_CHAT, "aco_gateway_requests_total", "protocol=\"chat\"",          \
	  "model requests of clients")                                         \
	X(GW_RESPONSES, "aco_gateway_requests_total",                          \
	  "protocol=\"responses\"", "")                                        \
	X(GW_MESSAGES, "aco_gateway_requests_total", "protocol=\"messages\"",  \
	  "")                                                                  \
	X(GW_EMBEDDINGS, "aco_gateway_requests_total",                         \
	  "protocol=\"embeddings\"", "")                                       \
	X(GW_OTHER, "aco_gateway_requests_total", "protocol=\"other\"", "")    \
	X(GW_TRY_2XX, "aco_gateway_attempts_total", "status=\"2xx\"",          \
	  "attempts by how the provider answered")                             \
	X(GW_TRY_429, "aco_gateway_attempts_total", "status=\"429\"", "")      \
	X(GW_TRY_4XX, "aco_gateway_attempts_total", "status=\"4xx\"", "")      \
	X(GW_TRY_5XX, "aco_gateway_attempts_total", "status=\"5xx\"", "")      \
	X(GW_TRY_NONE, "aco_gateway_attempts_total", "status=\"none\"", "")    \
	X(GW_CUT, "aco_gateway_cut_total", "by=\"provider\"",                  \
	  "answers that broke off")                                            \
	X(GW_ABORTED, "aco_gateway_cut_total", "by=\"us\"", "")                \
	X(GW_RETRIES, "aco_gateway_retries_total", "",                         \
	  "attempts after one that failed")                                    \
	X(GW_ESCALATIONS, "aco_gateway_escalations_total", "",                 \
	  "attempts after a reply that was not accepted")                      \
	X(GW_STEPS_DOWN, "aco_gateway_steps_down_total", "",                   \
	  "attempts with a weaker model after a reply that was not accepted")  \
	X(GW_SHUT, "aco_gateway_refused_total", "why=\"provider\"",            \
	  "requests refused before any provider saw them")                     \
	X(GW_BUDGET_REFUSED, "aco_gateway_refused_total", "why=\"budget\"",    \
	  "")                                                                  \
	X(GW_QUEUE_REFUSED, "aco_gateway_refused_total", "why=\"calls\"", "")  \
	X(GW_QUEUED, "aco_gateway_queued_total", "",                           \
	  "attempts that waited for a place with their provider")              \
	X(GW_QUEUE_US, "aco_gateway_queued_microseconds_total", "",            \
	  "how long they did")                                                 \
	X(GW_UNPRICED_ASKED, "aco_gateway_unpriced_total", "when=\"asked\"",   \
	  "requests and replies of models without a price")                    \
	X(GW_UNPRICED, "aco_gateway_unpriced_total", "when=\"answered\"", "")  \
	X(GW_ADMIT_US, "aco_gateway_admission_microseconds_total", "",         \
	  "from a whole request to its going upstream")                        \
	X(GW_ADMITTED, "aco_gateway_admissions_total", "",                     \
	  "requests that went upstream")

/* Gauges, set by their owner; summed over workers (max for *_max). Times are
 * set in microseconds and printed in seconds. */
#define STATS_GAUGES(X)                                                        \
	X(G_CONNS, "aco_http_connections", "", "open connections")             \
	X(G_INFLIGHT, "aco_http_inflight_bytes", "",                           \
	  "request bytes in memory")                                           \
	X(G_QUEUE, "aco_queue_bytes", "", "events waiting to be written")      \
	X(G_QUEUE_AGE, "aco_queue_age_seconds_max", "",                        \
	  "age of the oldest waiting batch")                                   \
	X(G_SPOOL, "aco_spool_bytes", "", "spooled, not yet in the ledger")    \
	X(G_SPOOL_AGE, "aco_spool_age_seconds_max", "",                        \
	  "age of the oldest spooled record")                                  \
	X(G_DB_UP, "aco_database_connections", "",                             \
	  "workers with a working connection")                                 \
	X(G_LAG, "aco_lag_seconds_max", "",                                    \
	  "arrival of the last committed batch to its commit")                 \
	X(G_UP_OPEN, "aco_upstream_connections", "state=\"open\"",             \
	  "connections to providers")                                          \
	X(G_UP_IDLE, "aco_upstream_connections", "state=\"idle\"", "")         \
	X(G_UP_WAITING, "aco_upstream_waiting", "",                            \
	  "calls that wait for a connection")                                  \
	X(G_LINKS_OPEN, "aco_upstream_breakers", "state=\"open\"",             \
	  "providers of workers that are not tried, or tried with care")       \
	X(G_LINKS_HALF, "aco_upstream_breakers", "state=\"half\"", "")         \
	X(G_CALLS, "aco_gateway_calls", "", "exchanges under way")             \
	X(G_DRIFTED, "aco_router_drifted_max", "",                             \
	  "1: the serving router drifted, static policies serve, in "          \
	  "some classes at least")

enum stats_id {
#define X(id, name, labels, help) STAT_##id,
	STATS_COUNTERS(X)
	STATS_GAUGES(X)
#undef X
		STAT_N
};

#define STATS_BUCKETS 16

/* Times as a histogram: bucket i holds those up to 2^i * `first` us. */
struct stats_times {
	int64_t bucket[STATS_BUCKETS], count, sum_us;
};

struct stats_block {
	int64_t v[STAT_N];
	struct stats_times ack, added;
};

/* The block of this process; a private one until stats_attach(). */
extern struct stats_block *stats_self;

static inline void stat_add(enum stats_id s, int64_t n)
{
	__atomic_fetch_add(&stats_self->v[s], n, __ATOMIC_RELAXED);
}
static inline void stat_set(enum stats_id s, int64_t v)
{
	__atomic_store_n(&stats_self->v[s], v, __ATOMIC_RELAXED);
}
void stats_ack(int64_t us);   /* one acknowledgement took so long */
void stats_added(int64_t us); /* our own part of one exchange */

/* ---- for the parent ---- */
struct stats;
struct buf;
/* Shared memory for so many processes; what workers inherit. */
struct stats *stats_new(int processes);
void stats_free(struct stats *s); /* NULL is fine */
/* From now on this process counts in block `i`; `name` labels it. */
void stats_attach(struct stats *s, int i, const char *name);
/* The loop of this process goes round; how often it has, of block `i`. */
void stats_beat(void);
int64_t stats_beats(const struct stats *s, int i);
/* The process of block `i` has ended: its gauges are void, what it counted
 * stays. */
void stats_gone(struct stats *s, int i);
/* The sum over all blocks (for *_max: the greatest). */
int64_t stats_sum(const struct stats *s, enum stats_id id);
/* Since stats_new(). */
int64_t stats_uptime_us(const struct stats *s);
/* Prometheus text exposition, version 0.0.4. */
void stats_print(const struct stats *s, struct buf *out);

#endif
