/* The gateway: agents call models through it. A call is recorded attempt by
 * attempt, and where `auto` or an alias is asked for, the router chooses who
 * serves it. Bytes pass as they are: bodies but for the model's name and a
 * wish for usage, headers but for those of the connection and our own,
 * streams event by event as they come, with back-pressure both ways. Answers
 * that a client takes compressed pass so, and a copy is read.
 *
 * An exchange is one request of a client and all attempts to answer it:
 *
 *   READING --> BUDGET --> QUEUE --> ASKED --> HOLDING --+--> SAVING --> OVER
 *                 |          |        ^ |         |      |
 *                 |          |        | +--> RELAYING ---+
 *                 |          |      PAUSE <-------+
 *                 +----------+--> OVER (refused)
 *
 *   READING   the request is understood: wire, model, task, class, plan
 *   BUDGET    a reservation is waited for
 *   QUEUE     the provider has as many calls as it may have at once; passed by
 *             when there is a place (gw_queue.c)
 *   ASKED     an attempt is under way, nothing came back
 *   HOLDING   an answer comes, of which the client has seen nothing: it is an
 *             error, or whole, or a stream that is to be judged first
 *   RELAYING  the client has a first byte: no other attempt any more
 *   PAUSE     before the next attempt: Retry-After, or a jittered back-off
 *   SAVING    all came; the record is on its way (journal.h), then the last
 *             byte goes out
 *   OVER      freed at the end of the loop's iteration
 *
 * Every attempt that went upstream is a row, whatever became of it. A client
 * that leaves does not end the call: the answer is read on for
 * read_on_seconds, so that what it cost is known; then it is cancelled, and
 * the row says aborted and estimated.
 *
 * To add a wire protocol: enum wire and its reader in meter.h, a path in the
 * table of gw_wire.c, a protocol in gw_conf.h. */
#ifndef ACO_GW_H
#define ACO_GW_H

#include "ledger/base/err.h"

struct worker;
struct gateway;
struct conf;

/* On the worker's loop, with its intake. RC_BAD: the configuration. */
enum rc gw_open(struct gateway **out, struct worker *w, const char *url,
		struct err *e) MUST_CHECK;
/* Calls under way end unanswered, and are recorded as far as they came: before
 * the intake is drained. NULL is fine. */
void gw_finish(struct gateway *g);
/* After the intake was freed, and before the loop is. NULL is fine. */
void gw_close(struct gateway *g);
/* A configuration that cannot be used leaves the one before in place. */
void gw_reload(struct gateway *g, const struct conf *conf);
/* Gauges, each second. */
void gw_beat(struct gateway *g);

#endif
