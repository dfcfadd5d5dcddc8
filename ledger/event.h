/* What happened, as every source tells it: tasks, attempts (with their step),
 * outcomes, decisions, trials. A batch collects events and is handed to
 * ledger_append() (ledger.h), which commits it whole. Strings are copied into
 * the batch.
 *
 * Keys: one call is known under several names. A name is scoped by who gave
 * it, since ids such as chatcmpl-1 recur: ev_key_* build them. Every name an
 * importer or endpoint knows goes in; any shared name means the same call. */
#ifndef ACO_EVENT_H
#define ACO_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/arena.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "ledger/base/uuid.h"
#include "ledger/cost.h"
#include "ledger/evidence.h"

/* Which source a field came from: lower wins (DESIGN 4, invariant 2). */
enum source_rank {
	RANK_GATEWAY = 1,
	RANK_TRANSCRIPT = 2, /* session and trajectory files */
	RANK_CANONICAL = 3,  /* the one canonical signal of a tool */
	RANK_OTHER = 4,
	RANK_FALLBACK = 5, /* for want of a better word */
	RANK_AGGREGATE = 6,
	RANK_HINT = 8, /* adds to the step; says nothing else anew */
	RANK_NONE = 15,
};

/* Who said the class of a task: lower wins (DESIGN 1). */
enum class_rank {
	CLASS_EXPLICIT = 1, /* header, option or attribute of the task */
	CLASS_RESOURCE = 2, /* resource attribute */
	CLASS_RULE = 3,     /* rule in the configuration */
	CLASS_KEY = 4,      /* default of the key */
	CLASS_GUESSED = 6,  /* shipped rules on tools and text */
	CLASS_NOBODY = 7,   /* "unattributed" */
};

enum step_kind {
	STEP_PLAN,
	STEP_SEARCH,
	STEP_READ,
	STEP_EDIT,
	STEP_EXECUTE,
	STEP_VERIFY,
	STEP_COMMUNICATE,
	STEP_OTHER,
	STEP_KIND_N
};
enum attempt_status {
	ATTEMPT_OK,
	ATTEMPT_ERROR,
	ATTEMPT_ABORTED,
	ATTEMPT_REFUSED,
	ATTEMPT_STATUS_N
};
enum usage_quality {
	QUALITY_EXACT,
	QUALITY_INFERRED,
	QUALITY_NO_TTL_SPLIT,
	QUALITY_CACHE_UNKNOWN,
	QUALITY_ESTIMATED,
	QUALITY_AGGREGATE,
	QUALITY_MISSING,
	QUALITY_N
};
extern const char *const step_kind_names[STEP_KIND_N];
extern const char *const attempt_status_names[ATTEMPT_STATUS_N];
extern const char *const usage_quality_names[QUALITY_N];

/* A task. id = hash of (sender, ext_id). Absent strings: team -> "none",
 * agent -> sender, class -> "unattributed". */
struct ev_task {
	struct str sender;        /* "claude-code", "codex", ...: who numbers */
	struct str ext_id;        /* 1..512 bytes, as given */
	struct str parent_ext_id; /* same sender; absent = none */
	struct str team, agent, class_name;
	enum class_rank class_rank;
	enum source_rank rank;
	struct str attrs; /* a JSON object of small facts, or absent */
};

#define EV_KEYS_MAX 6

struct ev_attempt {
	uint32_t task; /* index from batch_task() */
	struct uuid keys[EV_KEYS_MAX];
	int n_keys; /* >= 1; keys[0] also makes the row's id */

	struct str step_key; /* names the step within the task; absent:
				keys[0] (a step of its own) */
	int32_t step_seq;    /* from 1; 0 = not known */
	enum step_kind step_kind;
	struct str tool;    /* tool the turn called, or absent */
	int8_t step_failed; /* 1 yes, 0 no, -1 not known */

	int64_t started_us, first_token_us, ended_us; /* or TIME_NONE */
	struct str provider;        /* any spelling; absent: by the model */
	struct str requested_model; /* absent: not known */
	struct str model;           /* that served */
	struct str service_tier; /* as the response says; absent = standard */
	int16_t attempt_no;      /* from 1 */

	struct usage usage;
	enum usage_quality quality;
	int64_t reported_cost_pusd; /* or MONEY_NONE */

	enum attempt_status status;
	struct str finish_reason, error_class;

	/* What the router did and what was seen; nil and 0: nothing is said.
	 * Told later, or by another report of the same call, they join the
	 * row. Each value of the evidence is finite, or NaN: not known. */
	struct uuid decision_id;    /* ev_decision.id */
	struct uuid escalated_from; /* keys[0] of the attempt whose reply was
				       not accepted */
	float evidence[EVIDENCE_N]; /* by enum evidence, n_evidence of them */
	int n_evidence;

	struct str source; /* "gateway", "otlp", "native", "import:KIND" */
	enum source_rank rank;
	enum source_rank who_rank; /* of task and step; 0: rank */
	struct str origin; /* "FILE:LINE" for messages and dead letters */
};
void ev_attempt_init(
	struct ev_attempt *a); /* absent, unknown, ok, rank other */

struct ev_outcome {
	uint32_t task;
	struct str step_key;   /* absent: on the task */
	struct str source;     /* who judged */
	struct str key;        /* what was judged: "reward", "exit_status" */
	int32_t success_micro; /* 0..1000000, or -1 for a label only */
	struct str label;
	int64_t at_us;
	/* Absent, or what makes a retry the same outcome although the time
	 * differs (an Idempotency-Key with a position, a score's id). */
	struct str same_as;
};

#define EV_TIERS 5

/* What the router chose for a task or a step, and why. Told twice it is one
 * decision. Features and probabilities are finite, or NaN: not known. */
struct ev_decision {
	uint32_t task;
	struct uuid id;      /* of the decision; whoever decides makes it */
	struct str step_key; /* as of the step's attempts; absent: the task */
	int64_t decided_us;
	int32_t bundle_id; /* 0: none */
	struct str policy; /* who decided: "static", "learned", ... */
	struct str plan;   /* "single(3)", "cascade(1 3)": as people read it */
	bool live;         /* false: shadow, logged and not acted upon */
	double propensity; /* of this plan, above 0 and at most 1 */
	struct uuid feature_schema; /* nil: no features */
	const float *features;      /* n_features of them, at most 4096 */
	int n_features;
	int n_tiers; /* 0..EV_TIERS; the values of tier t stand at t - 1 */
	float p_success[EV_TIERS], p_low[EV_TIERS], p_high[EV_TIERS];
	int64_t expected_cost_pusd[EV_TIERS]; /* or MONEY_NONE */
	struct str bound_by; /* the floor, rule or budget that decided */
	struct str reasons;  /* a JSON object, at most 4096 bytes, or absent */
	struct str origin;   /* for messages and dead letters */
};
void ev_decision_init(struct ev_decision *d); /* absent, live, propensity 1 */

struct ev_trial {
	struct str source, task_ext_id, task_class, model, agent, run;
	int32_t success_micro; /* -1: the run failed for other reasons */
	int64_t cost_pusd;     /* or MONEY_NONE */
	bool cost_estimated;
	int64_t input_tokens, output_tokens, api_calls; /* or USAGE_NONE */
	int64_t at_us;
	struct str attrs;        /* JSON object of small facts, no prompts */
	struct uuid prompt_hash; /* nil: no prompt */
	const float *features;   /* NULL: none */
	int n_features;
	struct uuid feature_schema;
	const float *evidence; /* by enum evidence, n_evidence of them; NULL */
	int n_evidence;
	struct str origin;
};

/* What a span above model calls says they used together (invoke_agent). It is
 * billed, as one aggregate attempt, only when at `due_us` the ledger knows no
 * call of the same task within its time: the calls were made elsewhere. */
struct ev_claim {
	struct ev_attempt sum; /* as it would be recorded; task as above */
	int64_t due_us;
};

/* A row that could not be taken. */
struct ev_dead {
	struct str source, origin, reason, sqlstate, body;
	bool event; /* body is one of our own lines (event_json.h), which can
		       be given to the ledger again */
};

/* How far a file was read; committed with the batch's rows. */
struct ev_cursor {
	struct str kind, path;
	int64_t size, mtime_us, done_bytes;
	struct uuid done_hash;
};

/* ---- names of calls ---- */
/* A response id as provider and sender give it: scope is "provider:anthropic"
 * for ids that are unique by construction (msg_, resp_ with random parts), or
 * "sender/session" for ids that recur (chatcmpl-1). */
struct uuid ev_key(const char *kind, struct str scope, struct str name);

/* Shipped rules: what a tool's name or a shell command says about the kind of
 * step ("Bash" with "pytest -q" is verify; "Grep" is search). `command` may be
 * absent. */
enum step_kind step_kind_of(struct str tool, struct str command);
/* Of a turn that did several things the kind with the greatest weight is the
 * step's: edit, verify, execute, search, read, plan, communicate, other. */
int step_kind_weight(enum step_kind k);

/* ---- batch ---- */
struct batch;
struct batch *batch_new(size_t max_bytes); /* e.g. 64 MiB */
void batch_free(struct batch *b);
void batch_clear(struct batch *b);
/* Each add validates (ranges, UTF-8, NUL, lengths, clock bounds) and copies.
 * RC_BAD: this event is refused, err says which field and why (the caller may
 * batch_dead() it); RC_BUSY: the batch is full, append it first. */
enum rc
batch_task(struct batch *b, const struct ev_task *t, uint32_t *index,
	   struct err *e) MUST_CHECK; /* the same task twice gives one index */
enum rc batch_attempt(struct batch *b, const struct ev_attempt *a,
		      struct err *e) MUST_CHECK;
enum rc batch_outcome(struct batch *b, const struct ev_outcome *o,
		      struct err *e) MUST_CHECK;
enum rc batch_claim(struct batch *b, const struct ev_claim *c,
		    struct err *e) MUST_CHECK;
enum rc batch_decision(struct batch *b, const struct ev_decision *d,
		       struct err *e) MUST_CHECK;
enum rc batch_trial(struct batch *b, const struct ev_trial *t,
		    struct err *e) MUST_CHECK;
enum rc batch_dead(struct batch *b, const struct ev_dead *d,
		   struct err *e) MUST_CHECK;
enum rc batch_cursor(struct batch *b, const struct ev_cursor *c,
		     struct err *e) MUST_CHECK;
/* Rows that count towards a transaction's size. */
size_t batch_rows(const struct batch *b);
/* Memory that it holds, about. */
size_t batch_memory(const struct batch *b);

#endif
