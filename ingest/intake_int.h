/* The inside of the intake, for intake*.c alone.
 *
 * Three threads. Who may touch what:
 *
 *   loop    tickets; the batch that collects (open); everything marked "the
 *           loop's"
 *   writer  struct ledger, and what it keeps on its own stack
 *   spooler struct spool, and what it keeps on its own stack
 *   all     what stands below `mu`, with mu held; nothing that blocks is done
 *           with it held
 *
 * A batch under way is a struct work. The loop owns its content until it is
 * handed over; then nobody changes it any more, and who reads it holds it.
 * work_set() is the only way from state to state:
 *
 *   OPEN --> QUEUED --> WRITING --> SAFE
 *     |         |          |
 *     +---------+----------+--> SPOOLING --> SAFE, or FAILED
 *
 * (and OPEN --> SAFE for a batch that nothing came into.)
 *
 * The writer may still be at work on a batch that went from WRITING to
 * SPOOLING: what reaches the ledger twice is there once. */
#ifndef ACO_INTAKE_INT_H
#define ACO_INTAKE_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "ingest/intake.h"
#include "ingest/loop.h"
#include "ledger/base/buf.h"
#include "ledger/base/pool.h"
#include "ledger/batch.h"

enum work_state {
	WORK_OPEN,
	WORK_QUEUED,
	WORK_WRITING,
	WORK_SPOOLING,
	WORK_SAFE,
	WORK_FAILED
};

struct work {
	struct work *next; /* in the list of its state */
	enum work_state state;
	int holds;      /* who still reads it; the last one frees it */
	bool committed; /* while SPOOLING: it reached the ledger meanwhile */
	struct batch *batch;
	uint64_t serial;  /* never used twice, as addresses are */
	bool awaited;     /* while OPEN: somebody hears when it is safe */
	size_t bytes;     /* of memory, as counted against the queue */
	int64_t first_us; /* of its first event; monotonic */
	enum rc rc;       /* FAILED: why */
	struct err err;
	struct ticket **tickets; /* the loop's: with events in it */
	size_t n_tickets, cap_tickets;
};

struct work_list {
	struct work *head, **tail;
};

/* A batch of the spool on its way to the ledger. The spooler makes it READY,
 * the writer says what became of it. */
enum replay_state {
	REPLAY_NONE,
	REPLAY_READY,
	REPLAY_COMMITTED,
	REPLAY_REFUSED
};
struct replay {
	enum replay_state state;
	struct batch *batch; /* READY: the writer reads it */
	bool letter;         /* nothing but dead letters: never refused */
	struct err err;      /* REFUSED: why */
};

struct intake {
	/* set once */
	struct loop *loop;
	struct loop_inbox *inbox;
	char *url;
	int worker;
	size_t queue_max;
	int wake_fd; /* eventfd: there is work for the writer */
	int stop_fd; /* eventfd: readable from the stop on */
	pthread_t writer, spooler;
	bool threads;
	struct spool *spool;     /* the spooler's, but for spool_look() */
	struct journal *journal; /* the loop's */

	/* the loop's */
	struct loop_timer *timer;
	int64_t armed_us; /* when the timer fires, or INT64_MAX */
	int64_t tick_us;  /* when gauges are due */
	struct work *open;
	uint64_t serial;
	struct ticket *tickets; /* all that are not gone */
	struct pool spare;      /* tickets */
	struct buf lines;       /* memory for those of the next reply */
	int64_t linger_us, patience_us, batch_rows;
	bool draining, closed;
	int64_t drain_spool_us, drain_until_us;
	void (*drained)(void *arg);
	void *drained_arg;

	atomic_size_t queue_bytes; /* of all works but the open one */

	pthread_mutex_t mu;
	pthread_cond_t spool_cond; /* there is something for the spooler */
	struct work_list live;     /* QUEUED */
	struct work_list to_spool; /* SPOOLING */
	struct work_list ended;    /* SAFE, FAILED; the loop answers */
	struct work *writing;      /* the writer's, whatever its state */
	size_t works;              /* handed over, not yet ended */
	uint64_t made;             /* works handed over, ever */
	bool connected;
	/* Batches go to the spool at once: the connection is lost, or patience
	 * ran out. Until a commit shows that the ledger takes rows again. */
	bool away;
	bool spool_busy;  /* the spooler writes */
	bool spool_empty; /* nothing there that could be replayed */
	bool spool_ok;
	bool hold_replay; /* draining */
	bool refresh;     /* prices shall be looked at now */
	bool stop;
	int64_t retention_days;
	struct replay replay;
};

/* ---- intake_work.c; all with mu held, but for work_new and work_free ---- */
struct work *work_new(uint64_t serial);
void work_free(struct work *w);
/* Leave the list of its state, enter that of the new one. */
void work_set(struct intake *in, struct work *w, enum work_state to);
/* One reader less. True: it was the last one, and must work_free() after
 * unlocking. */
bool work_drop(struct intake *in, struct work *w) MUST_CHECK;
/* All that wait for the ledger go to the spool, and what comes as well. */
void works_to_spool(struct intake *in);
/* Memory of a batch. */
size_t work_memory(const struct work *w);

/* ---- intake.c; on the loop ---- */
/* The open batch goes on its way. */
void intake_hand_over(struct intake *in);
/* A batch for events; NULL: the queue is full, or the intake closed. */
struct work *intake_room(struct intake *in);
/* An event came into the open batch: see that it does not wait long. */
void intake_arm(struct intake *in);
/* The same, of an event for which somebody waits. */
void intake_arm_awaited(struct intake *in);

/* ---- intake_ticket.c; on the loop ---- */
/* Tell the tickets of a batch how it ended. */
void tickets_answer(struct work *w);
/* What tickets lie in. */
void ticket_pool_init(struct pool *p);
/* Answer what is left with RC_DOWN. */
void tickets_end(struct intake *in);

/* ---- threads ---- */
void *writer_main(void *intake);
void *spooler_main(void *intake);
void intake_wake_writer(struct intake *in);

/* ---- intake_replay.c: records of the spool, as batches ---- */
struct record; /* what is being replayed; the spooler's */
struct record *record_new(void);
void record_free(struct record *r);
/* The batch of a record's lines. Lines that cannot be read are dead letters in
 * it. Owned by the record until record_clear(). */
struct batch *record_read(struct record *r, struct str text);
/* The ledger refused what record_read or record_next gave, and why: the next
 * thing to append in its stead, or after it. *letter: dead letters only. NULL:
 * nothing is left. */
struct batch *record_refused(struct record *r, const struct err *why,
			     bool *letter);
/* That was committed: what comes next, or NULL. */
struct batch *record_next(struct record *r, bool *letter);
void record_clear(struct record *r);

#endif
