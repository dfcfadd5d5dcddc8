/* A record of the spool on its way back: first as one batch; when the ledger
 * refuses that, its tasks and letters, then event by event; and what is still
 * refused becomes a dead letter, so that nothing blocks what comes after. */
#include <stdlib.h>

#include "ingest/intake_int.h"
#include "ingest/stats.h"
#include "ledger/base/alloc.h"
#include "ledger/event_json.h"

#define BATCH_MAX ((size_t)256 << 20)
#define LINE_MAX  ((size_t)1 << 20)
#define NODES_MAX 65536

struct record {
	struct batch *whole;
	struct batch *piece; /* what was given out in its stead, or NULL */
	size_t next;         /* the unit after it; see unit_text() */
	bool broken;         /* it comes in pieces */
	struct buf line;     /* the piece, as text */
	struct json_doc doc;
	struct arena arena; /* of one line */
};

struct record *record_new(void)
{
	struct record *r = xcalloc(1, sizeof(*r));

	buf_init(&r->line, LINE_MAX);
	json_doc_init(&r->doc, NODES_MAX);
	arena_init(&r->arena, LINE_MAX);
	return r;
}

void record_clear(struct record *r)
{
	batch_free(r->whole);
	batch_free(r->piece);
	r->whole = r->piece = NULL;
	r->next = 0;
	r->broken = false;
	buf_release(&r->line);
}

void record_free(struct record *r)
{
	if (!r)
		return;
	record_clear(r);
	json_doc_release(&r->doc);
	arena_release(&r->arena);
	free(r);
}

/* ---- lines ---- */

static enum rc add_line(struct record *r, struct batch *b, struct str line,
			struct err *e)
{
	enum rc rc = json_parse(&r->doc, line, e);

	if (rc == RC_OK)
		rc = event_json_add(b, &r->doc.nodes[0], &r->arena, e);
	arena_clear(&r->arena);
	return rc;
}

/* `event`: a line that could be read; it can be given to the ledger again. */
static void add_letter(struct batch *b, struct str line, const struct err *why,
		       bool event)
{
	struct ev_dead d = {.source = STR("spool"),
			    .origin = STR("spool"),
			    .reason = str_from(why->msg),
			    .body = line,
			    .event = event};
	struct err e = {0};

	if (batch_dead(b, &d, &e) != RC_OK)
		BUG("a batch has no room for a letter");
	stat_add(STAT_DEAD, 1);
}

struct batch *record_read(struct record *r, struct str text)
{
	const char *end = text.p + text.len;
	struct err e = {0};

	record_clear(r);
	r->whole = batch_new(BATCH_MAX);
	for (const char *p = text.p; p < end;) {
		const char *nl = p;
		struct str line;

		while (nl < end && *nl != '\n')
			nl++;
		line = (struct str){p, (size_t)(nl - p)};
		p = nl + 1;
		if (line.len && add_line(r, r->whole, line, &e) != RC_OK)
			add_letter(r->whole, line, &e, false);
	}
	return r->whole;
}

/* ---- pieces ---- */

/* Unit 0 is what has no line of its own; then attempts, outcomes, claims,
 * trials and decisions. False: there is no such unit. */
static bool unit_text(struct record *r, size_t unit)
{
	const struct batch *b = r->whole;
	size_t i = unit - 1;

	buf_clear(&r->line);
	if (unit == 0)
		return true;
	if (i < b->n_attempts) {
		event_json_attempt(&r->line, b, i);
		return true;
	}
	if ((i -= b->n_attempts) < b->n_outcomes) {
		event_json_outcome(&r->line, b, i);
		return true;
	}
	if ((i -= b->n_outcomes) < b->n_claims) {
		event_json_claim(&r->line, b, i);
		return true;
	}
	if ((i -= b->n_claims) < b->n_trials) {
		event_json_trial(&r->line, b, i);
		return true;
	}
	if ((i -= b->n_trials) < b->n_decisions) {
		event_json_decision(&r->line, b, i);
		return true;
	}
	return false;
}

static struct batch *fresh(struct record *r)
{
	batch_free(r->piece);
	r->piece = batch_new(BATCH_MAX);
	return r->piece;
}

/* Tasks and letters. */
static void add_rest(struct record *r, struct batch *b)
{
	struct err e = {0};
	uint32_t at;

	for (size_t i = 0; i < r->whole->n_tasks; i++) {
		if (batch_task_as(b, &r->whole->tasks[i], &at, &e) != RC_OK)
			add_letter(b, r->whole->tasks[i].e.ext_id, &e, false);
	}
	for (size_t i = 0; i < r->whole->n_dead; i++) {
		if (batch_dead(b, &r->whole->dead[i].e, &e) != RC_OK)
			BUG("a letter that does not fit twice");
	}
}

struct batch *record_next(struct record *r, bool *letter)
{
	struct err e = {0};
	struct batch *b;

	*letter = false;
	if (!r->broken || !unit_text(r, r->next))
		return NULL;
	b = fresh(r);
	if (r->next++ == 0) {
		add_rest(r, b);
	} else if (add_line(r, b, (struct str){buf_str(&r->line), r->line.len},
			    &e) != RC_OK) {
		batch_clear(b);
		add_letter(b, (struct str){buf_str(&r->line), r->line.len}, &e,
			   true);
		*letter = true;
	}
	return b;
}

struct batch *record_refused(struct record *r, const struct err *why,
			     bool *letter)
{
	struct batch *b;

	if (!r->broken) {
		r->broken = true;
		r->next = 0;
		return record_next(r, letter);
	}
	b = fresh(r);
	add_letter(b, (struct str){buf_str(&r->line), r->line.len}, why,
		   r->line.len > 0);
	*letter = true;
	return b;
}
