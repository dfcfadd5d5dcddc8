#include "ledger/outcome_evidence.h"

#include <math.h>

#include "ledger/evidence_run.h"

#define TEXT_MAX 65536 /* of a command that is looked at */

/* Members that say what a reply or a run was like. */
static const struct clue {
	const char *member;
	enum evidence at;
	bool log; /* of it, not below a billionth */
} clues[] = {
	/* later ones win */
	{"output_tokens", EVIDENCE_OUTPUT_TOKENS, false},
	{"total_tokens", EVIDENCE_OUTPUT_TOKENS, false},
	{"latency_s", EVIDENCE_LATENCY_S, false},
	{"duration_s", EVIDENCE_LATENCY_S, false},
	{"answer_mean_logprob", EVIDENCE_LOGPROB_MEAN, false},
	{"answer_min_prob", EVIDENCE_LOGPROB_MIN, true},
	{"n_answer_tokens", EVIDENCE_LOGPROB_TOKENS, false},
	{"api_calls", EVIDENCE_RUN_STEPS, false},
	{"steps_n", EVIDENCE_RUN_STEPS, false},
	{"patch_tokens", EVIDENCE_RUN_PATCH_TOKENS, false},
	{"tool_seconds", EVIDENCE_RUN_TOOL_S, false},
};

static bool number(const struct json *v, double *out)
{
	return json_double(v, out) && fabs(*out) < 1e30;
}

/* ---- steps ---- */

/* What traces call their steps, beside our own names. */
static const struct {
	const char *name;
	enum step_kind kind;
} words[] = {
	{"reproduce", STEP_EXECUTE},   {"run", STEP_EXECUTE},
	{"write_script", STEP_EDIT},   {"write", STEP_EDIT},
	{"test", STEP_VERIFY},         {"submit", STEP_COMMUNICATE},
	{"message", STEP_COMMUNICATE}, {"think", STEP_PLAN},
	{"git", STEP_OTHER},           {"install", STEP_OTHER},
	{"housekeeping", STEP_OTHER},  {"setup", STEP_OTHER},
};

static bool kind_named(const struct json *v, enum step_kind *kind)
{
	for (int i = 0; i < STEP_KIND_N; i++) {
		if (json_str_is(v, step_kind_names[i])) {
			*kind = (enum step_kind)i;
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (json_str_is(v, words[i].name)) {
			*kind = words[i].kind;
			return true;
		}
	}
	return false;
}

static struct str short_text(const struct json *v, struct arena *a)
{
	return json_is(v, JSON_STRING) && v->text.len <= TEXT_MAX
		       ? json_str(v, a)
		       : STR_NONE;
}

/* Of a turn with several tools the kind with the greatest weight. */
static bool kind_of_tools(const struct json *tools, struct str command,
			  struct arena *a, enum step_kind *kind)
{
	bool some = false;

	if (json_is(tools, JSON_STRING)) {
		*kind = step_kind_of(short_text(tools, a), command);
		return true;
	}
	if (!json_is(tools, JSON_ARRAY))
		return false;
	for (const struct json *t = json_first(tools); t;
	     t = json_next(tools, t)) {
		enum step_kind k;

		if (!json_is(t, JSON_STRING))
			continue;
		k = step_kind_of(short_text(t, a), command);
		if (!some || step_kind_weight(k) > step_kind_weight(*kind))
			*kind = k;
		some = true;
	}
	return some;
}

static bool kind_of(const struct json *s, struct arena *a, enum step_kind *kind)
{
	struct str command = short_text(json_get(s, "command"), a);

	if (kind_of_tools(json_get(s, "tool"), command, a, kind))
		return true;
	if (command.len) {
		*kind = step_kind_of(STR("bash"), command);
		return true;
	}
	return kind_named(json_get(s, "kind"), kind);
}

static int yes_no(const struct json *v)
{
	return json_is(v, JSON_TRUE) ? 1 : json_is(v, JSON_FALSE) ? 0 : -1;
}

/* A source that tells what a step was meant for tells those that failed by
 * their kind, and there the others did not. */
static int failed_of(const struct json *s)
{
	int failed = yes_no(json_get(s, "failed"));
	double code;

	if (failed < 0)
		failed = yes_no(json_get(s, "tool_error"));
	if (failed < 0 && number(json_get(s, "returncode"), &code))
		failed = code < 0 || code > 0;
	if (failed >= 0)
		return failed;
	if (json_str_is(json_get(s, "kind"), "failed"))
		return 1;
	return json_present(json_get(s, "intent")) ? 0 : -1;
}

/* What a step did, as it stands in the line; false: not told. */
struct action {
	struct str tool, what;
};

static bool action_of(const struct json *s, struct action *out)
{
	const struct json *tool = json_get(s, "tool");
	const struct json *what = json_get(s, "command");

	if (!json_present(what))
		what = json_get(s, "arguments");
	*out = (struct action){json_present(tool) ? tool->text : STR_NONE,
			       json_present(what) ? what->text : STR_NONE};
	return out->what.len > 0;
}

static void read_steps(const struct json *steps, struct arena *a,
		       struct evidence_run *run)
{
	struct action last = {STR_NONE, STR_NONE};
	bool had = false;

	for (const struct json *s = json_first(steps); s;
	     s = json_next(steps, s)) {
		struct run_step step = {.failed = -1, .tokens = -1};
		struct action now;
		bool has;

		if (!json_is(s, JSON_OBJECT))
			continue;
		has = action_of(s, &now);
		step.kind_known = kind_of(s, a, &step.kind);
		step.failed = failed_of(s);
		step.repeated = !has ? -1
				     : had && str_eq(now.tool, last.tool) &&
						str_eq(now.what, last.what);
		if (!number(json_get(s, "output_tokens"), &step.tokens))
			step.tokens = -1;
		evidence_run_add(run, &step);
		last = now;
		had = has;
	}
}

/* ---- the line ---- */

static void read_run(const struct json *line, struct arena *a, float *v)
{
	const struct json *steps = json_get(line, "steps");
	const struct json *ended = json_get(line, "exit_status");
	struct evidence_run run = {.steps = 0};
	double tokens;

	if (json_is(steps, JSON_ARRAY))
		read_steps(steps, a, &run);
	evidence_run_values(&run, v);
	if (isnan(v[EVIDENCE_RUN_STEP_TOKENS]) && v[EVIDENCE_RUN_STEPS] > 0 &&
	    number(json_get(line, "output_tokens"), &tokens))
		v[EVIDENCE_RUN_STEP_TOKENS] =
			(float)tokens / v[EVIDENCE_RUN_STEPS];
	if (json_is(ended, JSON_STRING))
		v[EVIDENCE_RUN_ENDED] =
			evidence_run_ended(short_text(ended, a));
}

static void read_named(const struct json *said, float *v)
{
	double d;

	for (int i = 0; i < EVIDENCE_N && json_is(said, JSON_OBJECT); i++)
		if (number(json_get(said, evidence_names[i]), &d))
			v[i] = (float)d;
}

bool outcome_evidence(const struct json *line, struct arena *a, float *v)
{
	for (int i = 0; i < EVIDENCE_N; i++)
		v[i] = NAN;
	for (size_t i = 0; i < sizeof(clues) / sizeof(clues[0]); i++) {
		const struct clue *c = &clues[i];
		double d;

		if (number(json_get(line, c->member), &d) &&
		    (c->at != EVIDENCE_RUN_STEPS || d > 1))
			v[c->at] = (float)(c->log ? log(fmax(d, 1e-9)) : d);
	}
	read_run(line, a, v);
	read_named(json_get(line, "evidence"), v);
	for (int i = 0; i < EVIDENCE_N; i++)
		if (!isnan(v[i]))
			return true;
	return false;
}
