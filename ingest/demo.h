/* The demonstration: a small seeded fleet, simulated, through the real daemon
 * and the mock provider, in a ledger of its own.
 *
 *   HOME             beside the ledger's: its name with "-demo"
 *   HOME/demo.fleet  marks the folder as ours: seed, and the first day. What
 *                    has no such file is never touched.
 *   HOME/demo.lock   held (flock) by the one that runs; its pid
 *   HOME/demo.conf   configuration of daemon and commands
 *   HOME/state       what the dashboard remembers
 *
 * A process runs the demonstration. The mock provider and the agents are its
 * children and die with it; daemon and PostgreSQL are those of `aco up`, and
 * are stopped at the end. When it was killed, `aco demo stop` or the next one
 * stops them. */
#ifndef ACO_DEMO_H
#define ACO_DEMO_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ingest/mock.h"
#include "ledger/base/conf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"

#define DEMO_DAYS     14 /* of past when it begins */
#define DEMO_DAYS_MAX 30

/* ---- the folder (demo_home.c) ---- */

struct demo {
	char *home; /* absolute */
	char *file; /* HOME/demo.conf */
	char *self; /* this program */
	bool fresh; /* the folder was made by this run */
	int lock;   /* -1: not held */
	int64_t seed;
	int32_t since;    /* first day of the fleet */
	int32_t live;     /* first day on which the router serves */
	struct conf conf; /* of the demonstration */
	bool has_conf;
	pid_t mock; /* 0: none */
	char mock_url[128];
};

/* Name the folder, and leave the user's own configuration out of this process
 * and its children. RC_BAD: it exists and is not ours. */
enum rc demo_open(struct demo *d, const struct conf *users,
		  struct err *e) MUST_CHECK;
void demo_close(struct demo *d); /* lets the lock go */
/* Whether the folder is there. */
bool demo_exists(const struct demo *d);
/* Be the one that runs, in a folder that is made if need be. A seed of -1:
 * that of the folder, else 1; `days` of past, 1..DEMO_DAYS_MAX. A folder of
 * another seed, of fewer days, or one that is too old to go on with, is made
 * anew. RC_BUSY: another one runs. */
enum rc demo_begin(struct demo *d, int64_t seed, int days,
		   struct err *e) MUST_CHECK;
/* Start the mock provider, write the configuration and start everything. */
enum rc demo_up(struct demo *d, struct err *e) MUST_CHECK;
/* Stop what demo_up() started, also what another one left behind. */
enum rc demo_down(struct demo *d, struct err *e) MUST_CHECK;
/* End one that runs elsewhere, then as demo_down(). *ran: anything was. */
enum rc demo_stop(struct demo *d, bool *ran, struct err *e) MUST_CHECK;
/* And delete the folder. */
enum rc demo_remove(struct demo *d, struct err *e) MUST_CHECK;
/* argv of `aco --config HOME/demo.conf WORD...`; `words` and the result end
 * with NULL; room for n pointers. */
void demo_argv(const struct demo *d, const char *const *words,
	       const char **argv, int n);

/* ---- the fleet (demo_fleet.c) ---- */

struct demo_rng {
	uint64_t s;
};
void demo_rng_init(struct demo_rng *r, int64_t seed, const char *of,
		   int64_t which);
uint64_t demo_u64(struct demo_rng *r);
double demo_unit(struct demo_rng *r);                       /* [0, 1) */
int64_t demo_int(struct demo_rng *r, int64_t a, int64_t b); /* a..b */
bool demo_chance(struct demo_rng *r, double p);

struct demo_model {
	const char *name, *provider, *protocol;
	int tier;
	double strength;           /* as the mock understands it */
	int64_t in_pusd, out_pusd; /* a token: what the router expects */
	int64_t ms_token;          /* of output */
};
extern const struct demo_model demo_models[]; /* cheap to dear, by protocol */
extern const int demo_n_models;
/* The strongest that one may choose of a protocol; -1: none. */
int demo_strongest(const char *protocol);
/* The cheapest of `protocol` from tier `floor` on that is likelier than p to
 * do what is so difficult, else the strongest. */
int demo_cheapest(const char *protocol, int floor, double difficulty, double p);
/* The next stronger one of the same protocol, `by` places on; -1: none. */
int demo_stronger(int model, int by);
/* What the mock provider is told of them. */
void demo_mock_conf(struct mock_conf *c, int64_t seed);

struct demo_class {
	const char *name, *team;
	const char *agents[3]; /* NULL: fewer */
	const char *protocol;
	const char *judge, *key; /* who judges, and what */
	double judged;           /* share of tasks */
	int weight;              /* share of the fleet */
	double difficulty, spread, goal;
	int floor; /* least tier */
	int steps_min, steps_max;
	int context, growth, output; /* tokens: first prompt, a step, a reply */
	const char *const *kinds;    /* of steps, in turn; ends with NULL */
	const char *const *prompts;  /* ends with NULL */
};
extern const struct demo_class demo_classes[];
extern const int demo_n_classes;

/* What a kind of step does: the tool that it calls, and its command; NULL:
 * none. */
const char *demo_tool(const char *kind, const char **command);

struct demo_task {
	const struct demo_class *c;
	const char *agent, *prompt;
	double difficulty;
	int steps;
};
void demo_task_draw(struct demo_task *t, struct demo_rng *r);

/* ---- what it did and does ---- */

/* Models, budgets and all days since the first, up to now; what is there
 * already is not added again. Ends early when *stop is set. */
enum rc demo_past(const struct demo *d, const volatile sig_atomic_t *stop,
		  struct err *e) MUST_CHECK;

/* Let the router learn from it, as the daemon does at night; the gate says
 * whether that serves. That there is too little to learn from is no error. */
enum rc demo_train(const struct demo *d, struct err *e) MUST_CHECK;

#define DEMO_AGENTS 4
/* Agents at work until they are killed; they die with this process. */
enum rc demo_live(const struct demo *d, const char *address,
		  pid_t pids[DEMO_AGENTS], struct err *e) MUST_CHECK;

/* ---- a call over HTTP that is waited for (demo_call.c) ---- */

struct demo_client;
struct demo_reply {
	int status;      /* 0: none came */
	char model[128]; /* x-aco-model */
	struct buf body;
};
/* NULL with *e: not an address. */
struct demo_client *demo_client_new(const char *address, struct err *e);
void demo_client_free(struct demo_client *c);
/* headers: names and values in turn, ends with NULL. The reply's body is
 * cleared first. */
void demo_post(struct demo_client *c, const char *target,
	       const char *const *headers, struct str body,
	       struct demo_reply *out);

#endif
