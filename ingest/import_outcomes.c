/* Outcomes: a line a trial, that is a verdict on (task, model) of one agent in
 * one run (ledger/outcome_line.h). The same line again is the same trial;
 * another verdict under the same identity replaces the earlier one, in a file
 * the last line, across files the later import. What a line does not say never
 * erases what another said.
 *
 * Prompts are read, not kept: their hash and their features are. */
#include "ingest/import.h"
#include "ledger/hash.h"
#include "ledger/outcome_line.h"
#include "router/feature.h"

struct outcomes {
	struct import_run *r;
	struct outcome_reader rd;
	struct uuid schema;
	float features[FEATURE_MAX];
};

/* The prompt's hash and features, and nothing else of it. */
static void read_prompt(struct outcomes *o, struct ev_trial *t)
{
	struct str prompt = o->rd.prompt;

	if (!prompt.len)
		return;
	t->prompt_hash = HASH_ID(prompt);
	t->n_features = feature_text(prompt, o->features);
	t->features = o->features;
	t->feature_schema = o->schema;
}

static void read_line(struct outcomes *o, const struct json *line,
		      struct import_at at)
{
	struct ev_trial t;
	const char *wrong = outcome_read(&o->rd, line, &t);

	if (wrong) {
		import_bad(o->r, at, "lines", "%s", wrong);
		return;
	}
	read_prompt(o, &t);
	import_trial(o->r, &t, at);
}

static enum rc parse(struct import_run *r, struct err *e)
{
	struct outcomes o = {.r = r, .schema = feature_schema()};
	int64_t lines = 0, objects = 0;
	struct import_line l;

	outcome_reader_init(&o.rd, import_scratch(r));
	while (import_next_line(r, &l)) {
		const struct json *line = import_line_json(r, &l);

		lines++;
		if (!line)
			continue;
		objects += json_get(line, "task_id") != NULL;
		read_line(&o, line, l.at);
	}
	outcome_reader_release(&o.rd);
	if (lines && !objects)
		return err_set(e, RC_BAD,
			       "no line is an outcome: none has a task_id");
	return RC_OK;
}

static bool match(struct str path)
{
	return str_ends(path, ".jsonl");
}

const struct import_kind import_outcomes = {
	.name = "outcomes",
	.summary = "verdicts on (task, model, run): our own JSON lines",
	.sender = "outcomes",
	.rank = RANK_TRANSCRIPT,
	.match = match,
	.parse = parse,
};
