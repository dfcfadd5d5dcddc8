/* The inside of budgets.h, shared by budget_*.c and by nobody else.
 *
 * A cell is what this worker has leased of one budget for one subject in one
 * period:
 *
 *   leased: the ledger keeps it for us (as of the last answer)
 *   live: reserved by tickets, the worst case of each
 *   settled: all that tickets of this cell have cost; told: the part of it
 *            that the ledger has heard of
 *   left = leased - live - (settled - told)
 *
 * A ticket reserves from all its cells at once, or waits. What it lacks is
 * asked for, one ask of a cell at a time; every answer tries all that wait, in
 * the order in which they came. Asks go to the thread in a list, and come back
 * in another; the loop alone touches cells and tickets.
 *
 * A cell whose period is over, or whose budget is another one, retires: new
 * tickets find a new cell, and the old one stays until its last ticket is
 * settled and told. */
#ifndef ACO_BUDGET_INT_H
#define ACO_BUDGET_INT_H

#include <pthread.h>

#include "ingest/budgets.h"
#include "ingest/loop.h"
#include "ledger/budget.h"

#define CELLS_MAX   65536
#define BUCKETS     4096
#define WAITING_MAX 4096
#define TICKET_MAX  32 /* budgets of one request */

#define WANTED_MAX 64   /* told at a time */
#define KNOWN_MAX  4096 /* subjects, a power of two */
#define NEW_MAX    32   /* of them a second that the budgets are read for */

#define WAIT_US    (INT64_C(2000000)) /* for what others may give back */
#define AGAIN_US   INT64_C(200000)    /* between two asks for the same */
#define CLOSE_US   INT64_C(1500000)
#define TICK_US    INT64_C(250000)
#define IDLE_US    INT64_C(3000000)  /* unused so long, a lease returns */
#define FORGET_US  INT64_C(60000000) /* and the cell goes */
#define REFRESH_US INT64_C(30000000) /* one in use is told of so often */
#define LEASE_GROW INT64_C(1000000)  /* refilled within: ask for more */

struct cell {
	struct cell *next; /* of its bucket, or of those that retired */
	struct budgets *b;
	struct budget_def def; /* its subject is not looked at */
	int32_t no;            /* of the lease */
	char *subject;         /* as the ledger's account has it */
	char *shown;           /* as people know it */
	int refs;              /* tickets */
	uint64_t serial;       /* of the budgets when def was last looked up */
	bool retired, gone;    /* gone: the budget is no more */

	int64_t period_us; /* TIME_NONE: not heard yet */
	int64_t over_us;   /* monotonic, when the period ends; INT64_MAX */
	int64_t ends_us;   /* the same on the wall; or TIME_NONE */
	int64_t leased, live, settled, told;

	int64_t slice; /* what is asked for beyond the need */
	int64_t refilled_us, used_us;

	bool asking;
	int64_t asked_us;    /* monotonic: the last ask was sent */
	int64_t answered_us; /* and when one was answered; 0: never */
	enum rc rc;          /* of the last ask */
	bool refused;        /* it was not granted... */
	int64_t free, idle; /* ...since so little was free; others' leftovers */
	int64_t spent;
	bool wanted;
};

/* The state of a ticket: WAITING -> HELD -> freed; WAITING -> freed. */
struct budget_ticket {
	struct budget_ticket *next, *prev; /* while it waits */
	struct budgets *b;
	int64_t worst;
	int n;
	struct cell *cells[TICKET_MAX]; /* while it holds */
	bool waiting;
	int64_t since_us;
	struct budget_subject subject; /* copied while it waits */
	char *texts;
	budget_done_fn *done;
	void *arg;
};

/* A lease told and asked for, on its way to the thread and back. */
struct ask {
	struct ask *next;
	struct cell *cell;
	char *subject;
	struct budget_ask q;
	struct budget_lease a;
	enum rc rc;
};
struct ask_list {
	struct ask *first, **last;
};
void ask_list_init(struct ask_list *l);

/* What the thread last knew, as the loop sees it. */
struct heard {
	bool tried;     /* the ledger was asked at all */
	bool connected; /* and answered last */
	int64_t ok_us;  /* monotonic, when it was asked what it answered */
};

struct budgets {
	/* the loop's */
	struct loop *loop;
	struct loop_timer *tick;
	struct loop_inbox *inbox;
	struct cell *cells[BUCKETS];
	int n_cells;
	uint64_t serial; /* of defs: grows with each change */
	int32_t next_no;
	struct cell *old; /* retired */
	struct budget_ticket *first, *last;
	int n_waiting;
	struct budget_defs *defs; /* NULL: never read */
	int64_t defs_us;          /* monotonic, when these were asked for */
	/* Hashes of the subjects whose budgets were read since they first came:
	 * who has just been given a key and a budget does not find the daemon
	 * with the budgets of half a second ago. */
	uint64_t known[KNOWN_MAX];
	int n_known;
	int64_t new_us; /* the second in which n_new of them came */
	int n_new;
	struct heard heard;
	int64_t asks;
	struct budget_ticket *cursor; /* of the waiting: the next to be tried */
	bool had_hard; /* the file said so, and nothing was read since */
	char *path;    /* of that file */
	char said[512];

	/* the thread's */
	char *url;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t cond;
	struct ask_list todo, done;
	struct budget_defs *news; /* read since; NULL: nothing new */
	int64_t news_us;          /* when they were asked for */
	struct heard now;
	int32_t wanted[WANTED_MAX]; /* leases that others need */
	int n_wanted;
	bool stop, hurry;
	bool orphan; /* the loop is gone, the thread is not */
	int32_t holder;
};

/* budget_thread.c */
bool budget_thread_start(struct budgets *b);
void budget_thread_stop(struct budgets *b); /* after its last ask */
void budget_thread_ask(struct budgets *b, struct ask *a);
/* Until something was answered. */
void budget_thread_wait(struct budgets *b, int64_t until_us);
/* HOME/budgets: whether there were hard budgets when they were last read, so
 * that a start without the ledger knows. */
bool budget_mark_read(const char *path);

/* budget_match.c. Whether the budgets were read since this subject first came;
 * else they are asked for, unless that is to no avail. Who names its agent anew
 * with each call would always wait, and have the ledger asked without end: they
 * are read for NEW_MAX newcomers a second, and for each new key; for the others
 * what was read last holds, half a second old at most. */
bool budget_knows(struct budgets *b, const struct budget_subject *s,
		  int64_t since_us);
/* The budgets of a request, and whom each counts for. */
struct match {
	const struct budget_def *def;
	struct str subject, shown;
};
struct matches {
	struct match m[TICKET_MAX];
	int n;
	bool many; /* more than fit */
};
void budget_match(struct matches *m, const struct budgets *b,
		  const struct budget_subject *s, char id[UUID_TEXT]);
/* What is said of one; of none. */
void budget_answer_of(struct budgets *b, const struct cell *c, enum rc rc,
		      struct budget_answer *a);
void budget_answer_none(struct budget_answer *a, enum rc rc);

/* budget_cell.c. The cell of a budget for a subject, made if need be; NULL:
 * too many. */
struct cell *cell_find(const struct budgets *b, int32_t budget,
		       struct str subject); /* NULL: none */
struct cell *cell_get(struct budgets *b, const struct budget_def *d,
		      struct str subject, struct str shown);
int64_t cell_left(const struct cell *c);
/* Retires it once its period is over or its budget another one. */
bool cell_stale(const struct budgets *b, struct cell *c, int64_t now_us);
/* Tell what there is to tell, and ask for `need` (0: nothing). */
void cell_ask(struct cell *c, int64_t need, int64_t extra, int64_t now_us);
void cell_answer(struct cell *c, const struct ask *a, int64_t now_us);
/* What has to be told or returned is sent; idle and retired ones go. `all`:
 * everything returns, as at the end. */
void cells_tick(struct budgets *b, int64_t now_us, bool all);
/* Others need something of these leases. */
void cells_want(struct budgets *b, const int32_t *no, int n);
bool cells_asking(const struct budgets *b);
void cells_free(struct budgets *b);
/* Out of the table: a new ticket finds another. */
void cell_retire(struct cell *c);

#endif
