/* Fields are looked up by a table of hashes made once: a line has some twenty
 * members, and files have hundreds of thousands of lines. */
#include "ledger/outcome_line.h"

#include "ledger/base/clock.h"
#include "ledger/field.h"
#include "ledger/money.h"
#include "ledger/outcome_evidence.h"
#include "ledger/verdict.h"

#define FACT_MAX  200  /* bytes of a text */
#define FACTS_MAX 4000 /* bytes of all */

const struct outcomes_field outcomes_fields[] = {
	{"source", OUTCOMES_HEAD},
	{"task_id", OUTCOMES_HEAD},
	{"task_class", OUTCOMES_HEAD},
	{"model", OUTCOMES_HEAD},
	{"agent", OUTCOMES_HEAD},
	{"success", OUTCOMES_HEAD},
	{"cost_usd", OUTCOMES_HEAD},
	{"cost_usd_est", OUTCOMES_HEAD},
	{"input_tokens", OUTCOMES_HEAD},
	{"output_tokens", OUTCOMES_HEAD},
	{"api_calls", OUTCOMES_HEAD},
	{"date", OUTCOMES_HEAD},
	{"prompt", OUTCOMES_READ},
	{"steps", OUTCOMES_READ},
	{"evidence", OUTCOMES_READ},
	{"run", OUTCOMES_REPEAT},
	{"trial", OUTCOMES_REPEAT},
	{"attempt", OUTCOMES_REPEAT},
	{"seed", OUTCOMES_REPEAT},
	{"strategy", OUTCOMES_REPEAT},
	{"agent_version", OUTCOMES_REPEAT},
	{"answer_mean_logprob", OUTCOMES_FACT},
	{"answer_min_prob", OUTCOMES_FACT},
	{"benchmark", OUTCOMES_FACT},
	{"cached_tokens", OUTCOMES_FACT},
	{"category", OUTCOMES_FACT},
	{"consistent_with_published", OUTCOMES_FACT},
	{"cost_source", OUTCOMES_FACT},
	{"dataset", OUTCOMES_FACT},
	{"difficulty", OUTCOMES_FACT},
	{"domain", OUTCOMES_FACT},
	{"duration_s", OUTCOMES_FACT},
	{"environment", OUTCOMES_FACT},
	{"error_type", OUTCOMES_FACT},
	{"exit_status", OUTCOMES_FACT},
	{"functions_chars", OUTCOMES_FACT},
	{"input_tokens_est", OUTCOMES_FACT},
	{"instance_id", OUTCOMES_FACT},
	{"keyword_mean_logprob", OUTCOMES_FACT},
	{"keyword_min_prob", OUTCOMES_FACT},
	{"language", OUTCOMES_FACT},
	{"latency_s", OUTCOMES_FACT},
	{"n_answer_tokens", OUTCOMES_FACT},
	{"n_functions", OUTCOMES_FACT},
	{"observation_chars", OUTCOMES_FACT},
	{"output_tokens_est", OUTCOMES_FACT},
	{"patch_tokens", OUTCOMES_FACT},
	{"repo", OUTCOMES_FACT},
	{"score_1_10", OUTCOMES_FACT},
	{"split", OUTCOMES_FACT},
	{"steps_n", OUTCOMES_FACT},
	{"subject", OUTCOMES_FACT},
	{"tool_seconds", OUTCOMES_FACT},
	{"total_tokens", OUTCOMES_FACT},
	{"user_sim_cost", OUTCOMES_FACT},
	{NULL, OUTCOMES_READ},
};
_Static_assert(sizeof(outcomes_fields) / sizeof(outcomes_fields[0]) ==
		       OUTCOMES_FIELDS + 1,
	       "OUTCOMES_FIELDS counts the table");

/* ---- finding fields ---- */

/* A line has some twenty members: each is looked up in the table by its hash,
 * instead of each row of the table in the line. */
static unsigned name_hash(const char *p, size_t n)
{
	unsigned h = 5381;

	for (size_t i = 0; i < n; i++)
		h = h * 33 + (unsigned char)p[i];
	return h;
}

static void slots_fill(uint8_t *slots)
{
	for (size_t i = 0; i < OUTCOMES_FIELDS; i++) {
		const char *name = outcomes_fields[i].name;
		unsigned h = name_hash(name, strlen(name));

		while (slots[h % OUTCOMES_SLOTS] &&
		       slots[h % OUTCOMES_SLOTS] != i + 1)
			h++;
		slots[h % OUTCOMES_SLOTS] = (uint8_t)(i + 1);
	}
}

static void find_fields(struct outcome_reader *o, const struct json *line)
{
	const struct json *v;

	memset(o->v, 0, sizeof(o->v));
	for (v = json_first(line); v; v = json_next(line, v)) {
		unsigned h = name_hash(v->key.p, v->key.len);

		for (; o->slots[h % OUTCOMES_SLOTS]; h++) {
			size_t i = o->slots[h % OUTCOMES_SLOTS] - 1U;

			if (str_is(v->key, outcomes_fields[i].name))
				o->v[i] = json_present(v) ? v : NULL;
		}
	}
}

/* By name, for the few that the code names. */
static const struct json *field(const struct outcome_reader *o,
				const char *name)
{
	for (size_t i = 0; i < OUTCOMES_FIELDS; i++)
		if (!strcmp(outcomes_fields[i].name, name))
			return o->v[i];
	return NULL;
}

static struct str text(const struct outcome_reader *o, const char *name)
{
	struct str s = json_str(field(o, name), o->a);

	return s.len ? s : STR_NONE;
}

/* ---- parts of a trial ---- */

/* "run1", "trial=2", "run1/trial=2/strategy=CoT" */
static struct str run_of(const struct outcome_reader *o)
{
	struct str run = STR_NONE;

	for (size_t i = 0; i < OUTCOMES_FIELDS; i++) {
		const char *name = outcomes_fields[i].name;
		struct str s = STR_NONE;

		if (outcomes_fields[i].use == OUTCOMES_REPEAT)
			s = json_str(o->v[i], o->a);
		if (!s.len)
			continue;
		if (strcmp(name, "run") != 0)
			s = arena_strf(o->a, "%s=%.*s", name, STR_ARG(s));
		run = run.len ? arena_strf(o->a, "%.*s/%.*s", STR_ARG(run),
					   STR_ARG(s))
			      : s;
	}
	return run;
}

static bool is_fact(const struct json *v)
{
	switch (v->type) {
	case JSON_NUMBER:
		return v->text.len <= 40;
	case JSON_TRUE:
	case JSON_FALSE:
		return true;
	case JSON_STRING:
		return v->text.len && v->text.len <= FACT_MAX;
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return false;
}

/* What is small and in the table, as a JSON object. */
static struct str facts_of(struct outcome_reader *o)
{
	struct json_out out;
	bool some = false;

	buf_clear(&o->facts);
	json_out_init(&out, &o->facts);
	json_out_obj(&out, NULL);
	for (size_t i = 0; i < OUTCOMES_FIELDS; i++) {
		const struct json *v = o->v[i];
		struct str s;

		if (!v || !is_fact(v) ||
		    (outcomes_fields[i].use != OUTCOMES_FACT &&
		     outcomes_fields[i].use != OUTCOMES_REPEAT))
			continue;
		some = true;
		if (v->type != JSON_STRING) {
			json_out_raw(&out, outcomes_fields[i].name, v->text);
			continue;
		}
		s = json_str(v, o->a);
		if (str_utf8_ok(s))
			json_out_str(&out, outcomes_fields[i].name, s);
	}
	json_out_end(&out, '}');
	return some && buf_ok(&o->facts)
		       ? (struct str){buf_str(&o->facts), o->facts.len}
		       : STR_NONE;
}

/* ---- lines ---- */

/* An amount that is there must be one; false: it is not. */
static bool read_usd(const struct json *v, int64_t *pusd)
{
	*pusd = field_usd(v);
	return !v || *pusd != MONEY_NONE;
}

/* The cost: measured, else estimated and marked so. */
static bool read_cost(struct outcome_reader *o, struct ev_trial *t)
{
	if (!read_usd(field(o, "cost_usd"), &t->cost_pusd))
		return false;
	if (t->cost_pusd != MONEY_NONE)
		return true;
	if (!read_usd(field(o, "cost_usd_est"), &t->cost_pusd))
		return false;
	t->cost_estimated = t->cost_pusd != MONEY_NONE;
	return true;
}

/* What is wrong with the line, or NULL. */
static const char *read_head(struct outcome_reader *o, struct ev_trial *t)
{
	const struct json *success = field(o, "success");
	const struct json *date = field(o, "date");
	bool bad = false;

	t->source = text(o, "source");
	t->task_ext_id = text(o, "task_id");
	t->model = text(o, "model");
	if (!t->source.len || !t->task_ext_id.len || !t->model.len)
		return "source, task_id or model is missing";
	t->task_class = text(o, "task_class");
	t->agent = text(o, "agent");
	t->run = run_of(o);
	t->success_micro = -1;
	if (success && !verdict_micro(success, &t->success_micro))
		return "success is neither null nor a number from 0 to 1";
	if (!read_cost(o, t))
		return "a cost is not an amount of dollars";
	t->input_tokens = field_count(field(o, "input_tokens"), &bad);
	t->output_tokens = field_count(field(o, "output_tokens"), &bad);
	t->api_calls = field_count(field(o, "api_calls"), &bad);
	if (bad)
		return "a count is not a whole number";
	t->at_us = field_time(date, o->a);
	if (date && t->at_us == TIME_NONE)
		return "date is not a date";
	t->attrs = facts_of(o);
	return NULL;
}

void outcome_reader_init(struct outcome_reader *o, struct arena *a)
{
	memset(o, 0, sizeof(*o));
	o->a = a;
	slots_fill(o->slots);
	buf_init(&o->facts, FACTS_MAX);
}

void outcome_reader_release(struct outcome_reader *o)
{
	buf_release(&o->facts);
}

const char *outcome_read(struct outcome_reader *o, const struct json *line,
			 struct ev_trial *t)
{
	*t = (struct ev_trial){.at_us = TIME_NONE, .cost_pusd = MONEY_NONE};
	o->prompt = STR_NONE;
	if (!json_is(line, JSON_OBJECT))
		return "not an object";
	if (!json_get(line, "success"))
		return "success is missing";
	find_fields(o, line);
	o->prompt = text(o, "prompt");
	if (outcome_evidence(line, o->a, o->evidence)) {
		t->evidence = o->evidence;
		t->n_evidence = EVIDENCE_N;
	}
	return read_head(o, t);
}
