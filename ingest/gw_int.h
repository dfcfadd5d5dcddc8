/* What the files of the gateway share: gw.c (the gateway of a worker),
 * gw_wire.c (paths), gw_task.c (whose call it is), gw_route.c (who serves it),
 * gw_worst.c (what it may cost),
 * gw_call.c (an exchange's way), gw_try.c (an attempt), gw_head.c (headers),
 * gw_reply.c (answers), gw_row.c (records), gw_link.c (health of providers),
 * gw_queue.c (calls at once to one), gw_line.c (those that wait for it),
 * gw_session.c (what served a task last), ep_gateway.c (routes). */
#ifndef ACO_GW_INT_H
#define ACO_GW_INT_H

#include <stdalign.h>

#include "ingest/budgets.h"
#include "ingest/gw.h"
#include "ingest/gw_conf.h"
#include "ingest/gw_models.h"
#include "ingest/inflate.h"
#include "ingest/meter.h"
#include "ingest/serve.h"
#include "ingest/upstream.h"
#include "ledger/base/arena.h"
#include "ledger/base/pool.h"
#include "ledger/evidence_run.h"
#include "router/router.h"

#define GW_JSON        "application/json"
#define GW_ARENA_BYTES ((size_t)MODEL_ARENA + (512 << 10))
#define GW_HELD_BYTES  ((size_t)64 << 20) /* of an answer that is held back */
#define GW_EVENT_BYTES ((size_t)8 << 20)  /* of one event of a stream */
#define GW_ERROR_BYTES ((size_t)1 << 20)  /* of an error's body */
/* Of the copy of an encoded answer that is read: so much, and so many times
 * what came. More is no text. */
#define GW_COPY_BYTES ((size_t)4 << 20)
#define GW_COPY_RATIO ((size_t)200)
#define GW_HEADERS    128
#define GW_CALL_BYTES 8192 /* of a call's arena, lent to it */
#define GW_SPARE      64   /* calls and attempts kept for the next ones */
#define GW_KIT_BYTES  ((size_t)64 << 10) /* of a buffer that is kept */

/* ---- health of a provider, gw_link.c ----
 *
 *   CLOSED --failures in a row--> OPEN --time is up--> HALF
 *      ^                           ^                     |
 *      +------- one success -------|---------------------+
 *                                  +---- one failure ----+ (for longer) */
enum gw_link_state {
	LINK_CLOSED,
	LINK_OPEN,
	LINK_HALF
};
struct gw_call;
/* Calls that wait, gw_line.c. */
struct gw_line;
struct gw_lines {
	struct gw_line *first, *last; /* of the keys' lines, in their turn */
	int n;                        /* calls of all of them */
};
struct gw_link {
	char name[64];
	enum gw_link_state state;
	int failures; /* in a row */
	int active;
	bool probing;
	int64_t until_us, open_us; /* monotonic; how long it stays open */

	/* gw_queue.c */
	int lane, max;           /* its number; calls at once, 0: any number */
	struct gw_lines waiting; /* for a place */
	bool waking;
};
/* Whether a call may be tried; opens the way for one when time is up. */
bool gw_link_ready(struct gw_link *l, int64_t now_us);
int64_t gw_link_wait_us(const struct gw_link *l, int64_t now_us);
void gw_link_begin(struct gw_link *l);
enum gw_health {
	HEALTH_GOOD,
	HEALTH_BAD,
	HEALTH_UNKNOWN /* nothing can be concluded */
};
void gw_link_end(struct gw_link *l, enum gw_health h, int64_t now_us);

/* ---- calls at once to a provider, gw_queue.c ---- */
enum gw_turn {
	GW_GO,     /* it has a place, until gw_queue_leave() */
	GW_WAIT,   /* it will be tried again, or gw_call_unplaced() */
	GW_NO_ROOM /* too many wait */
};
enum gw_turn gw_queue_ask(struct gw_call *c, struct gw_link *l,
			  const struct gw_provider *p);
/* Gives its place back, or waits no more. Nothing to give is fine. */
void gw_queue_leave(struct gw_call *c);
/* Whether that call would find no room among those that wait. */
bool gw_queue_full(const struct gw_link *l, const struct gw_call *c);
void gw_queue_look(void *gateway); /* a timer's */

/* ---- those that wait, gw_line.c ----
 * In the order of coming within a key; keys take turns, so that who asks for
 * much delays nobody but itself. Calls without a key are one key's. */
void gw_lines_add(struct gw_lines *q, struct gw_call *c);
/* Out of it, wherever it stands; `served`: its key has had its turn. */
void gw_lines_take(struct gw_lines *q, struct gw_call *c, bool served);
/* Whose turn it is; NULL: nobody waits. */
struct gw_call *gw_lines_next(const struct gw_lines *q);
/* Since when the one that has waited longest waits; 0: nobody does. */
int64_t gw_lines_since(const struct gw_lines *q);
/* Who has to make room for that call, which does not wait yet, where no more
 * may: the last one of the key that has the most, if that would still have as
 * many as this call's key. NULL: nobody. */
struct gw_call *gw_lines_too_many(const struct gw_lines *q,
				  const struct gw_call *c);
/* One that has waited for as long as its configuration lets it; NULL. */
struct gw_call *gw_lines_late(const struct gw_lines *q, int64_t now_us);

/* ---- gw_wait.c ---- */
/* What retry-after-ms and retry-after (seconds, or a date) ask for, less than
 * a day; -1: nothing that can be understood. */
int64_t gw_wait_asked(struct str ms, struct str s, int64_t now_us);

/* ---- what served a task last, gw_session.c ----
 * A table in ACO_HOME/sessions, mapped by all workers, so that whichever gets
 * the next step knows; it outlives restarts. */
struct gw_sessions;
struct gw_last {
	char model[120]; /* "" nothing is known */
	int64_t at_us;
	int64_t prompt_tokens; /* of its last step */
	int64_t cost_pusd;     /* of the task so far, through here */
	int32_t steps;
	struct evidence_run run; /* of `model`, through here */
};
/* NULL when the file cannot be used (that is logged). */
struct gw_sessions *gw_sessions_open(const char *home);
void gw_sessions_close(struct gw_sessions *s);
bool gw_session_get(const struct gw_sessions *s, struct uuid task,
		    struct gw_last *out);
void gw_session_put(struct gw_sessions *s, struct uuid task,
		    const struct gw_last *v);
/* Reads and writes as one step, also with other workers at the same one: `with`
 * gets what is known (nothing: all zero), and what it leaves is kept. It must
 * not take long. */
void gw_session_change(struct gw_sessions *s, struct uuid task,
		       void (*with)(struct gw_last *v, void *arg), void *arg);

/* ---- a worker's gateway, gw.c ---- */
struct gw_call;
/* What an attempt takes up for its answer. */
struct gw_kit {
	struct meter *meter;
	struct buf held;
};
struct gateway {
	struct worker *w;
	struct gw_conf *conf;
	struct gw_models *models;
	struct upstream *up;
	struct gw_sessions *sessions;
	struct bundle_watch *bundles; /* which router version serves */
	struct gw_link links[GW_PROVIDERS_MAX * 2];
	int n_links;
	struct gw_call *calls; /* all */
	struct loop_timer *queue_timer;
	struct pool spare; /* calls */
	struct feature_memo *texts;
	struct gw_kit kits[GW_SPARE];
	int n_kits;
	uint64_t random; /* state */
	bool closing;
};
struct gw_link *gw_link_of(struct gateway *g, const struct gw_provider *p);
uint64_t gw_random(struct gateway *g);

/* ---- whose call it is, gw_task.c ---- */
struct gw_who {
	struct str sender, session, agent, team, class_name;
	enum class_rank class_rank;
	bool known;          /* a client whose transcripts we know */
	struct str step_key; /* names the step within the task */
	enum step_kind kind;
	int retry; /* which try of the client it is, from 0 */
	struct uuid task_id;
	struct uuid turn; /* of Codex; nil: none */
};

/* ---- an attempt, gw_try.c ---- */
struct gw_try {
	struct up_call *up; /* NULL: not under way */
	const struct gw_provider *provider;
	struct gw_link *link;
	const struct gw_model *model; /* of the registry, or NULL */
	struct str name;              /* of the model, as it is asked for */
	int arm;                      /* of the call's, or -1 */
	int no;                       /* from 1 */
	struct uuid id;
	struct model_edit edit;
	struct meter *meter;
	struct sse sse;
	bool stream;        /* events come */
	bool coded;         /* encoded: its bytes pass as they are ... */
	struct inflate *gz; /* ... and the meter reads a copy of them; NULL:
			       no more, or never */
	size_t copied;      /* bytes of the copy */
	bool paused;        /* the provider is not read */
	bool error;         /* status 400 or more */
	bool beyond;        /* more came than can be held */
	int status;         /* 0: no head */
	struct up_header *head;
	int n_head;
	const char *ctype;
	struct buf held;
	size_t got_bytes;
	int64_t started_us, first_us, ended_us; /* wall clock */
	int64_t began_us;                       /* monotonic */
	enum up_end how;
	bool sent, whole;
	struct err err;
	struct model_reply reply;
	int64_t cost_pusd; /* MONEY_NONE: not priced */
	bool priced;
};

/* ---- an exchange, gw_call.c and gw_begin.c ---- */
enum gw_state {
	GW_READING,
	GW_BUDGET,
	GW_QUEUE,
	GW_ASKED,
	GW_HOLDING,
	GW_RELAYING,
	GW_PAUSE,
	GW_SAVING,
	GW_OVER
};

struct gw_call {
	struct gw_call *next, **prev; /* zero at first up to `arms` */
	struct gateway *g;
	struct http_req *r; /* NULL: answered or dropped */
	enum gw_state state;
	struct arena a;
	struct gw_conf *conf;
	struct gw_registry *reg;
	struct str key; /* name of the caller's; absent: none */

	enum wire wire;
	enum gw_protocol protocol;
	bool billed;    /* attempts are rows: not so count_tokens, files, ... */
	bool routed;    /* `auto` or an alias of it was asked for */
	bool acts;      /* the router decides, not only in shadow */
	bool hold;      /* streams wait for the judge */
	bool gone;      /* the client has left */
	bool owed;      /* the row is not taken yet: again at the next tick */
	bool abandoned; /* recorded; it only waits for its upstream's end */
	bool late;      /* its time is over */
	bool unpriced, soft_over, unchecked;
	struct model_request req;
	struct gw_who who;
	struct str target; /* upstream */
	int64_t began_us;  /* monotonic */
	int64_t own_us;    /* our own part of its time, so far */
	int64_t ours_us;   /* since when it is our turn; 0: it is not */
	int64_t until_us;  /* of all attempts */
	int64_t gone_until_us;
	struct loop_timer *timer;
	struct gw_link *place; /* at this provider; NULL: none */
	struct gw_link *queue; /* for a place at this one */
	struct gw_call *queue_next;
	const struct gw_link *crowded; /* made room there */
	int64_t queued_us;             /* since when; monotonic */

	/* the plan */
	struct route_ask ask;
	int32_t bundle_id; /* the router version that decided; 0: shipped */
	int n_tried;
	struct uuid decision_id; /* nil: nothing was decided */
	bool decision_told;
	int arm;          /* to serve next; -1: not of the arms */
	struct str serve; /* model to serve, where arm is -1 */
	const struct gw_provider *provider; /* where arm is -1 */
	struct uuid escalated_from;
	bool steps_down; /* ... and the next one is weaker than that */

	struct budget_ticket *budget;
	int64_t worst_pusd, spent_pusd;
	int attempts, retries;
	int64_t wait_us; /* until the provider is tried again; 0: unknown */
	void (*then)(struct gw_call *c); /* SAVING: what comes after */
	struct gw_try t; /* the attempt under way, or the last one */

	/* Large, and written before they are read. */
	struct route_arm arms[ROUTE_ARMS_MAX];
	const struct gw_model *arm_model[ROUTE_ARMS_MAX];
	struct decision decision, judged; /* judged: of the last reply */
	float features[FEATURE_MAX];
	struct route_tried tried[ROUTE_TRIED_MAX];
	float evidence[ROUTE_TRIED_MAX][EVIDENCE_N];
	alignas(16) unsigned char first[GW_CALL_BYTES]; /* of the arena */
};
void gw_set_state(struct gw_call *c, enum gw_state to);
/* The request was taken; the call is its own master from here on. */
void gw_call_begin(struct gateway *g, struct http_req *r, enum wire wire,
		   bool billed);
/* The call waits for somebody else from now on, or no more. */
void gw_call_theirs(struct gw_call *c, int64_t now_us);
void gw_call_ours(struct gw_call *c, int64_t now_us);
/* Start an attempt with c->arm or c->serve. */
void gw_call_try(struct gw_call *c);
/* It has waited for a place with a provider for as long as one may, or has made
 * room for another key's call: another model, or an error. */
void gw_call_unplaced(struct gw_call *c, const struct gw_link *l, bool crowded);
/* The attempt has ended: deliver, try again, escalate, give up. */
void gw_call_ended(struct gw_call *c);
/* Every second. */
void gw_call_tick(struct gw_call *c, int64_t now_us);
/* At once: the gateway closes. */
void gw_call_abandon(struct gw_call *c);
/* An error of our own, before anything of an answer went out. */
void gw_call_refuse(struct gw_call *c, int status, const char *type,
		    const struct err *e);
void gw_call_over(struct gw_call *c);

/* ---- gw_run.c ---- */
/* The call's attempt was a step of its task. */
void gw_run_step(const struct gw_call *c, struct gw_last *last);
/* What its reply tells of the whole run, if it ends one, to v[EVIDENCE_N]. */
void gw_run_evidence(const struct gw_call *c, float *v);

/* ---- gw_try.c ---- */
enum gw_started {
	GW_SENT,
	GW_QUEUED, /* it waits for a place */
	GW_BUSY,   /* too many wait: nothing was sent */
	GW_DOWN    /* the provider is not tried, or cannot be asked */
};
enum gw_started gw_try_start(struct gw_call *c, struct err *e) MUST_CHECK;
void gw_try_release(struct gw_call *c);
void gw_try_resume(struct gw_try *t);
/* What can be known of an attempt that is broken off now. */
void gw_try_cut(struct gw_call *c);

/* ---- gw_wire.c ---- */
/* Which protocol a path speaks; WIRE_OTHER. */
enum gw_protocol gw_protocol_of(const struct http_req *r, enum wire wire);
/* Whether every server understands a path as we do: a provider that unescapes
 * /v1/chat%2fcompletions, or tidies /v1/x/../chat/completions, would serve what
 * no budget saw, and dots lead out of the base URL. In names of models a slash
 * may be in percent. */
bool gw_path_plain(struct str path);
/* The path behind a provider's base, with the query. */
struct str gw_target(struct gw_call *c);

/* ---- gw_turn.c ---- */
/* The turn that a request of Codex belongs to; nil. */
struct uuid gw_turn_read(struct gw_call *c);
/* A call of a turn has been answered. */
void gw_turn_note(struct gw_call *c);
/* Answers {"turn_ids":[...]}: those that are known under that key. RC_BAD: no
 * JSON. */
enum rc gw_turn_costs(const struct gateway *g, struct str key, struct str body,
		      struct buf *out, struct err *e) MUST_CHECK;

/* ---- gw_list.c ---- */
/* Answers GET /v1/models, or with a name /v1/models/NAME, in the protocol that
 * the client's headers tell. False: it is the provider's to answer, since there
 * is no registry for that protocol, or no such name in it. */
bool gw_list(struct gateway *g, struct http_req *r, struct str name);

/* ---- gw_head.c ---- */
int gw_head_up(struct gw_call *c, const struct gw_provider *p,
	       struct up_header *out, int max);
/* The provider's headers, copied into the arena. */
void gw_head_keep(struct gw_call *c, const struct up_header *h, int n);
struct str gw_head_find(const struct gw_try *t, const char *name);
/* Those that the client gets, and ours. */
void gw_head_down(struct gw_call *c, bool whole);
bool gw_name_is(struct str name, const char *lower);
/* Whether a client takes gzip (RFC 9110 12.5.3). */
bool gw_takes_gzip(struct str accept_encoding);

/* ---- gw_task.c ---- */
void gw_who_read(struct gw_call *c, const struct auth_key *key,
		 struct str class_asked);

/* ---- gw_route.c ---- */
/* Who serves: fills in the plan. RC_BAD: nobody can. */
enum rc gw_route(struct gw_call *c, struct err *e) MUST_CHECK;
/* The provider and model of the next attempt; NULL: none. */
const struct gw_provider *gw_serve(struct gw_call *c, const struct gw_model **m,
				   struct str *name);
/* NULL: the one that the registry names is not there, or speaks another
 * protocol. */
const struct gw_provider *gw_model_provider(const struct gw_conf *conf,
					    const struct gw_model *m);
/* After a reply: true, it may stand; false: see gw_escalate(). */
bool gw_judge(struct gw_call *c);
/* What was judged last decides from now on: c->arm is the next. */
void gw_escalate(struct gw_call *c);
/* Whether the budgets also cover that arm, beside what was spent already: the
 * reservation is made as large as it has to be. */
bool gw_affords(struct gw_call *c, int arm);
/* After a failure: another arm to try, or false. */
bool gw_fall_back(struct gw_call *c);
/* Dearest that the call may cost; false: a price is not known. */
bool gw_worst(const struct gw_call *c, int64_t *pusd);
void gw_session_note(struct gw_call *c);
/* Whose money it is. */
struct budget_subject gw_subject(const struct gw_call *c);

/* ---- gw_row.c ---- */
enum gw_told {
	GW_TOLD,  /* in the journal, or safe */
	GW_WAITS, /* `done` will be called with c: it is safe, or cannot be */
	GW_FULL   /* not taken now */
};
enum gw_told gw_row(struct gw_call *c, ticket_done_fn *done);
void gw_price(struct gw_call *c);

/* ---- gw_reply.c ---- */
void gw_reply_held(struct gw_call *c);  /* whole, with its headers */
void gw_reply_begin(struct gw_call *c); /* a stream's beginning */
bool gw_reply_bytes(struct gw_call *c, const char *p, size_t n);
/* Retry-After: seconds, rounded up, at least one. */
void gw_reply_wait(struct http_req *r, int64_t us);
void gw_reply_end(struct gw_call *c, bool whole);

#endif
