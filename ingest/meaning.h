/* From telemetry to events: which spans and log records are model calls, what
 * their numbers mean, which task and step they belong to.
 *
 *   attr_table.c  attribute name -> field, with precedence
 *   profile.c     what a sender's "input tokens" include
 *   meaning_*.c   one file a sender that has a signal of its own
 *   kin.c         who is whose parent, within a request and shortly after
 *
 * One `struct meaning` a worker; it remembers, bounded, recent spans. */
#ifndef ACO_MEANING_H
#define ACO_MEANING_H

#include "ingest/otlp.h"
#include "ingest/sink.h"

struct conf;
struct class_rules;

/* What the caller of a request may say for all of it: from the key, headers,
 * or options of an import. Absent strings say nothing. */
struct origin {
	struct str team;       /* of the key */
	struct str class_name; /* default of the key (CLASS_KEY) */
	struct str source;     /* "otlp", "native", "import:otlp" */
	struct str peer;       /* for dead letters: "127.0.0.1:5123" */
	struct str path;       /* of the request: tells Langfuse's base */
	int64_t received_us;
};

struct meaning_counts {
	int64_t calls; /* attempts handed over */
	int64_t outcomes, claims, tasks;
	int64_t dead;     /* refused events, now dead letters */
	int64_t ignored;  /* spans, records and points that are no call */
	int64_t warnings; /* repeated keys, clamped times, absurd counts */
};

struct meaning;
struct meaning *meaning_new(const struct conf *conf);
void meaning_reload(struct meaning *m, const struct conf *conf);
void meaning_free(struct meaning *m);

/* A request: begin, decode with the visitor, end. Between begin and end spans
 * are collected (leaf-only billing needs to see all of a request); end hands
 * the events to the sink. RC_BUSY, RC_DOWN: the sink's. */
void meaning_begin(struct meaning *m, const struct origin *o);
const struct otlp_visitor *meaning_visitor(struct meaning *m);
enum rc meaning_end(struct meaning *m, const struct sink *sink,
		    struct meaning_counts *counts, struct err *e) MUST_CHECK;

#endif
