/* Between the endpoints and the ledger: events of many requests are collected
 * into one batch, written in one transaction, and each request hears when all
 * of its events are safe.
 *
 *   loop thread: collect -> (linger, or full) -> hand the batch over
 *   writer thread: ledger_append, one batch at a time; reconnects; replays
 *   spool thread: writes and fsyncs what the database cannot take
 *
 * A batch is safe when its transaction is committed or its record in the spool
 * is fsynced. While the database answers, batches wait for it, at most
 * `queue_bytes` of them; when the oldest has waited `patience_ms`, or the
 * connection is lost, everything that waits goes to the spool as well (a copy
 * that reaches the ledger twice is one row). The spool is replayed in order
 * when the database is back, and live batches go first.
 *
 * While the writer is busy events collect, so that load makes larger batches.
 * While the database is away, or known not to take rows, batches go to the
 * spool at once. A batch that the ledger refuses as a whole goes to the spool,
 * too; there it comes to pieces, and what is refused still is a dead letter.
 * The states of a batch: intake_int.h. */
#ifndef ACO_INTAKE_H
#define ACO_INTAKE_H

#include "ingest/sink.h"

struct conf;
struct loop;
struct intake;
struct ticket;

/* `worker` names the spool folder (daemon_spool()/WORKER). Opens at once, also
 * with the database away; RC_BAD only when the spool's folder cannot be used.
 */
enum rc intake_open(struct intake **out, struct loop *loop,
		    const struct conf *conf, const char *url, int worker,
		    struct err *e) MUST_CHECK;
/* The reloadable keys; `conf` is not kept. Prices are looked at anew, which
 * otherwise happens each minute. */
void intake_reload(struct intake *in, const struct conf *conf);
/* Write or spool what there is, at most `until_us` (monotonic), then take
 * nothing more. No ticket is begun from now on; those that are may go on.
 * `done` is called on the loop, not before return. What is not safe when the
 * time is over was not acknowledged. */
void intake_drain(struct intake *in, int64_t until_us, void (*done)(void *arg),
		  void *arg);
/* Tickets that are left are answered RC_DOWN: what their `done` touches must
 * still be there. Within 2 s, whatever the writer waits for. */
void intake_free(struct intake *in);

/* A request's events. NULL: the queue is full, answer 503. */
struct ticket *intake_begin(struct intake *in);
/* Its sink, until the ticket is committed. */
const struct sink *ticket_sink(struct ticket *t);
/* Bytes of a request that will be handed over are accounted as they are
 * added; RC_BUSY from the sink when the queue fills up in the middle: then
 * ticket_cancel() and answer 503 (what was added may still be written; the
 * retry will find it there).
 *
 * All is added: `done` is called on the loop when it is safe (RC_OK) or cannot
 * be made so (RC_BUSY, RC_DOWN: 503). Exactly once, perhaps before return. The
 * ticket is gone afterwards. How long a ticket took from its begin goes to
 * stats_ack(). */
typedef void ticket_done_fn(void *arg, enum rc rc, const struct err *e);
void ticket_commit(struct ticket *t, ticket_done_fn *done, void *arg);
void ticket_cancel(struct ticket *t);

/* For replies, which do not wait for the ledger: their batches linger longer.
 * Whether one may begin: the queue has room, and takes tickets. */
bool intake_takes(const struct intake *in);
/* As intake_begin(), with what is added also kept as text. */
struct ticket *intake_begin_reply(struct intake *in);
/* As ticket_commit(). True: the events are in the journal (journal.h), which
 * outlives this process; the client may be told, and `done` is not called.
 * False: the journal has no room, `done` is called when all is safe, or was
 * called. */
bool ticket_commit_reply(struct ticket *t, ticket_done_fn *done,
			 void *arg) MUST_CHECK;

/* For /readyz and /metrics. */
struct intake_state {
	bool connected; /* the writer has a working connection */
	bool spool_ok;  /* the last write to the spool succeeded */
	size_t queue_bytes;
	int64_t oldest_us;       /* age of the oldest batch that waits, or 0 */
	int64_t spool_bytes;     /* not yet replayed */
	int64_t spool_oldest_us; /* age of its oldest record, or 0 */
};
void intake_look(const struct intake *in, struct intake_state *out);

#endif
