/* What a kind of import hands over for a text or a file, kept for a test to
 * look at. Strings live until probe_release(). */
#ifndef ACO_IMPORT_PROBE_H
#define ACO_IMPORT_PROBE_H

#include "ingest/import.h"
#include "ingest/import_run.h"

struct probe_task {
	struct ev_task t;
	int attempts, outcomes;
};
struct probe_attempt {
	struct ev_attempt a;
	int task; /* index into tasks */
};
struct probe_outcome {
	struct ev_outcome o;
	int task;
};

struct probe {
	struct probe_task *tasks;
	struct probe_attempt *attempts;
	struct probe_outcome *outcomes;
	struct ev_trial *trials;
	size_t n_tasks, n_attempts, n_outcomes, n_trials;
	size_t cap_tasks, cap_attempts, cap_outcomes, cap_trials;
	struct arena arena;
	struct import_totals totals;
};

/* Import `text` as a file of that name. Whatever was in *p is released. The
 * second probe of the same text is compared by probe_same(). */
void probe_text(struct probe *p, const struct import_kind *k, const char *name,
		struct str text);
/* A file under tests/data, or any absolute path. */
void probe_file(struct probe *p, const struct import_kind *k, const char *path);
void probe_release(struct probe *p);

/* Sum of a bucket over all attempts, or over those of one task (-1: all). */
int64_t probe_sum(const struct probe *p, int task, enum usage_bucket bucket);
/* Sum of what the source says it cost. */
int64_t probe_reported(const struct probe *p, int task);
/* What it costs by the shipped prices; fails if a call has no price. */
int64_t probe_cost(const struct probe *p, int task);
/* How often a reason was counted. */
int64_t probe_reason(const struct probe *p, const char *reason);
/* The outcome of that key on that task, or NULL. */
const struct ev_outcome *probe_outcome(const struct probe *p, int task,
				       const char *key);

/* Fails unless both hold the same events with the same keys. */
void probe_same(const struct probe *a, const struct probe *b);
/* Fails if two attempts share a name. */
void probe_keys_differ(const struct probe *p);

#endif
