/* A request: its spans and records are collected while they are decoded
 * (meaning.c), and understood when all of them are there. */
#include "ingest/meaning_int.h"

void meaning_begin(struct meaning *m, const struct origin *o)
{
	arena_clear(&m->arena);
	m->n_items = m->n_calls = m->n_claims = 0;
	m->n_tools = m->n_judged = m->n_tasks = m->n_healed = 0;
	m->place = NULL;
	m->full = false;
	m->request++;
	m->counts = (struct meaning_counts){0};
	m->origin = *o;
	if (!m->origin.source.len)
		m->origin.source = STR("otlp");
	m->langfuse = str_contains(o->path, "/api/public/otel");
}

const struct otlp_visitor *meaning_visitor(struct meaning *m)
{
	return &m->visitor;
}

static void understand(struct meaning *m, const struct item *it)
{
	if (it->evals || it->role == ROLE_JUDGE) {
		if (it->is_log || it->role == ROLE_JUDGE) {
			m->counts.ignored++;
			return; /* in the second round */
		}
	}
	switch (it->place->sender) {
	case SENDER_CLAUDE:
		meaning_claude(m, it);
		return;
	case SENDER_CODEX:
		meaning_codex(m, it);
		return;
	case SENDER_GEMINI:
		meaning_gemini(m, it);
		return;
	case SENDER_OTLP:
	case SENDER_LANGFUSE:
	case SENDER_N:
		break;
	}
	meaning_span(m, it);
}

enum rc meaning_end(struct meaning *m, const struct sink *sink,
		    struct meaning_counts *counts, struct err *e)
{
	enum rc rc;

	if (m->full || !arena_ok(&m->arena))
		return err_set(e, RC_BUSY,
			       "the request holds more than fits into memory");
	for (size_t i = 0; i < m->n_items; i++)
		understand(m, m->items[i]);
	/* Calls are known now: what refers to them comes second. */
	for (size_t i = 0; i < m->n_items; i++)
		meaning_eval(m, m->items[i]);
	meaning_fuse(m);
	meaning_heal(m);
	meaning_tools(m);
	if (!arena_ok(&m->arena))
		return err_set(e, RC_BUSY,
			       "the request holds more than fits into memory");
	rc = meaning_emit(m, sink, e);
	if (counts)
		*counts = m->counts;
	return rc;
}
