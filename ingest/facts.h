/* What a span or log record says, whoever sent it: one field for each thing
 * that the ledger asks, filled from whichever of its names stands first in the
 * table of attr_table.c. Absent values ({}, null, NaN) say nothing; a count
 * that is negative or beyond 10^12 says nothing either, but is remembered. */
#ifndef ACO_FACTS_H
#define ACO_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/otlp.h"
#include "ledger/base/json.h"

enum fact {
	/* texts */
	FACT_OPERATION, /* gen_ai.operation.name */
	FACT_AI_OPERATION,
	FACT_OI_KIND, /* openinference.span.kind */
	FACT_LF_TYPE, /* langfuse.observation.type */
	FACT_TL_KIND, /* traceloop.span.kind */
	FACT_LLM_TYPE,
	FACT_SPAN_TYPE,    /* Claude Code */
	FACT_LOGFIRE_TYPE, /* pending_span */
	FACT_PROVIDER,
	FACT_SERVER,
	FACT_MODEL_REQ,
	FACT_MODEL,
	FACT_MODEL_ANY, /* "model", "model_name": either of them */
	FACT_RESPONSE_ID,
	FACT_REQUEST_ID,
	FACT_SESSION,
	FACT_THREAD, /* thread.id of Codex, a thread's number elsewhere */
	FACT_USER,
	FACT_AGENT,
	FACT_AGENT_ID,
	FACT_PARENT_AGENT_ID,
	FACT_ENTITY, /* traceloop.entity.name: an agent's, if it is one */
	FACT_WORKFLOW,
	FACT_RUN,
	FACT_TOOL,
	FACT_TOOL_CALL,
	FACT_TOOL_ARGS,
	FACT_FINISH,
	FACT_ERROR,
	FACT_LEVEL,
	FACT_TIER,
	FACT_SPEED,
	FACT_TEAM,
	FACT_CLASS,
	FACT_SERVICE,
	FACT_SERVICE_VERSION,
	FACT_EVENT_NAME,
	FACT_EVENT_KIND,
	FACT_EVENT_TIME,
	FACT_METADATA, /* JSON of the AI SDK */
	FACT_USAGE_DETAILS,
	FACT_COST_DETAILS,
	FACT_EVAL_NAME,
	FACT_EVAL_SCORE,
	FACT_EVAL_LABEL,
	FACT_EVAL_SOURCE,
	FACT_COST, /* USD as a decimal */
	FACT_TEXTS,

	/* counts */
	FACT_INPUT = FACT_TEXTS,
	FACT_OUTPUT,
	FACT_CACHE_READ,
	FACT_CACHE_WRITE,
	FACT_WRITE_5M,
	FACT_WRITE_1H,
	FACT_NO_CACHE, /* the uncached count itself */
	FACT_REASONING,
	FACT_THOUGHTS, /* reasoning that output does not include */
	FACT_TOOL_TOKENS,
	FACT_TOTAL,
	FACT_AUDIO_IN,
	FACT_AUDIO_OUT,
	FACT_WEB_SEARCH,
	FACT_SUM_INPUT, /* of a whole agent run or turn */
	FACT_SUM_OUTPUT,
	FACT_SUM_READ,
	FACT_COST_MICROS,
	FACT_TTFT_US,
	FACT_DURATION_US,
	FACT_ATTEMPT,
	FACT_STATUS_CODE,
	FACT_SEQUENCE,
	FACT_SUCCESS, /* 0 or 1 */
	FACT_N,
};

#define FACT_NONE      INT64_C(-1)
#define FACT_COUNT_MAX INT64_C(1000000000000)

struct facts {
	struct str text[FACT_TEXTS];    /* borrowed from the view or arena */
	int64_t n[FACT_N - FACT_TEXTS]; /* FACT_NONE: not said */
	uint16_t from[FACT_N];          /* row of the table + 1; 0: not said */
	int warnings;                   /* repeated names, absurd counts */
	bool absurd;                    /* of which tokens */
	bool dropped;                   /* the sender left attributes out */
};

static inline struct str fact_text(const struct facts *f, enum fact id)
{
	return f->text[id];
}

static inline int64_t fact_n(const struct facts *f, enum fact id)
{
	return f->n[id - FACT_TEXTS];
}

void facts_init(struct facts *f);
/* Add attributes. Texts are borrowed, but numbers that become texts (money,
 * scores) are written into `a`. */
void facts_add(struct facts *f, const struct otlp_attrs *attrs,
	       struct arena *a);
/* Whether an attribute has a row in the table: for otlp_visitor.wants. */
bool facts_wants(struct str key);
/* Copy the texts into `a`, so that they outlive the view. */
void facts_keep(struct facts *f, struct arena *a);

/* A count or text for whoever has not said it yet. */
void facts_fill(struct facts *f, enum fact id, int64_t n);
void facts_fill_text(struct facts *f, enum fact id, struct str s);

/* What the JSON inside FACT_METADATA, FACT_USAGE_DETAILS and FACT_COST_DETAILS
 * says; `doc` is scratch. True when usage_details gave the counts, which are
 * disjoint by Langfuse's convention. */
bool facts_json(struct facts *f, struct json_doc *doc, struct arena *a);
/* The command line in a tool's arguments (JSON), or absent. */
struct str facts_command(struct str args, struct json_doc *doc,
			 struct arena *a);

#endif
