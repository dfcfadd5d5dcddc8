/* LiteLLM: rows of its table LiteLLM_SpendLogs, one a request, as an array, a
 * page or JSON lines; columns that hold JSON may hold it as text. A retry and
 * a fallback have rows of their own. The cached part of the prompt is in the
 * metadata, in one of several shapes. A row with cache_hit "True" was answered
 * from LiteLLM's own cache: no model was called, so it has no tokens and costs
 * nothing, whatever the row repeats of the first answer. */
#include "ingest/callname.h"
#include "ingest/import.h"
#include "ingest/import_records.h"
#include "ingest/litellm_usage.h"
#include "ledger/base/clock.h"
#include "ledger/verdict.h"

struct logs {
	struct import_run *r;
	struct arena *a; /* until the next line */
	struct str sender;
	struct json_doc meta_doc; /* metadata that came as text */
	int64_t taken;
};

struct row {
	const struct json *v, *meta;
	struct import_at at;
	struct str id, session;
};

/* ---- parts ---- */

/* A text column, "" being absent. */
static struct str column(struct logs *g, const struct json *v, const char *path)
{
	struct str s = json_str(json_path(v, path), g->a);

	return s.len ? s : STR_NONE;
}

static const struct json *meta_of(struct logs *g, const struct json *row)
{
	const struct json *meta = json_get(row, "metadata");
	struct err e;

	if (!json_is(meta, JSON_STRING))
		return meta;
	if (json_parse(&g->meta_doc, json_str(meta, g->a), &e) != RC_OK)
		return NULL;
	return g->meta_doc.nodes;
}

static bool is_true(const struct json *v)
{
	return json_true(v) || json_str_is(v, "True") ||
	       json_str_is(v, "true") || json_str_is(v, "TRUE");
}

static bool is_failure(const struct row *w)
{
	return json_str_is(json_get(w->v, "status"), "failure") ||
	       json_str_is(json_get(w->meta, "status"), "failure");
}

/* ---- who ---- */

static uint32_t begin_task(struct logs *g, struct row *w)
{
	struct ev_task t;

	import_task_init(g->r, &t);
	t.ext_id = w->session;
	if (!t.team.len)
		t.team = column(g, w->v, "team_id");
	if (!t.team.len)
		t.team = column(g, w->meta, "user_api_key_team_id");
	t.agent = column(g, w->v, "agent_id");
	if (!t.agent.len)
		t.agent = column(g, w->meta, "user_api_key_alias");
	t.attrs = import_facts(
		g->r,
		(struct import_fact[]){
			{"user", column(g, w->v, "user")},
			{"end_user", column(g, w->v, "end_user")},
			{"organization_id", column(g, w->v, "organization_id")},
			{"team_alias",
			 column(g, w->meta, "user_api_key_team_alias")},
			{"key_alias", column(g, w->meta, "user_api_key_alias")},
		},
		5);
	return import_task(g->r, &t);
}

static void read_models(struct logs *g, const struct row *w,
			struct ev_attempt *a)
{
	struct str model = column(g, w->v, "model");

	litellm_model(model.len ? model : STR("unknown"), &a->provider,
		      &a->model);
	if (json_get(w->v, "custom_llm_provider"))
		a->provider = column(g, w->v, "custom_llm_provider");
	a->requested_model = column(g, w->v, "model_group");
}

/* request_id is the provider's id of the response where there is one. */
static void read_keys(struct logs *g, const struct row *w, struct ev_attempt *a)
{
	a->keys[a->n_keys++] = callname_request(g->sender, w->session, w->id);
	if (!is_failure(w) && !is_true(json_get(w->v, "cache_hit")))
		a->keys[a->n_keys++] = callname_response(
			litellm_call_provider(a->provider, a->model), g->sender,
			w->session, w->id);
}

/* ---- how much ---- */

static void usage_of_cache_hit(struct ev_attempt *a)
{
	a->usage.n[USAGE_UNCACHED_IN] = 0;
	a->usage.n[USAGE_OUTPUT] = 0;
	a->reported_cost_pusd = 0;
	a->finish_reason = STR("cache_hit");
}

static void read_usage(struct logs *g, const struct row *w,
		       struct ev_attempt *a)
{
	struct litellm_parts parts = {
		w->v,
		{json_get(w->meta, "additional_usage_values"),
		 json_get(w->meta, "usage_object"),
		 json_path(w->v, "response.usage")}};
	bool bad = false;

	a->reported_cost_pusd = field_usd(json_get(w->v, "spend"));
	litellm_usage(&parts, &a->usage, &a->quality, &bad);
	if (bad)
		import_bad(g->r, w->at, "calls with bad token counts",
			   "a token count is not a whole number");
}

static void read_failure(struct logs *g, const struct row *w,
			 struct ev_attempt *a)
{
	struct str name = column(g, w->meta, "error_information.error_class");

	if (!name.len)
		name = column(g, w->meta, "error_information.error_code");
	a->status = ATTEMPT_ERROR;
	a->error_class = verdict_error(name);
	/* A failed call writes zeroes where nothing is known. */
	if (a->usage.n[USAGE_UNCACHED_IN] <= 0 &&
	    a->usage.n[USAGE_OUTPUT] <= 0 && a->reported_cost_pusd <= 0) {
		a->usage.n[USAGE_UNCACHED_IN] = a->usage.n[USAGE_OUTPUT] = 0;
		a->quality = QUALITY_EXACT;
	}
}

static void read_times(struct logs *g, const struct row *w,
		       struct ev_attempt *a)
{
	a->started_us = field_time(json_get(w->v, "startTime"), g->a);
	a->ended_us = field_time(json_get(w->v, "endTime"), g->a);
	a->first_token_us =
		field_time(json_get(w->v, "completionStartTime"), g->a);
	/* LiteLLM repeats the end where nothing was streamed. */
	if (a->first_token_us == a->ended_us)
		a->first_token_us = TIME_NONE;
}

/* ---- rows ---- */

/* Calls of tools, of files and of the proxy's own interface have rows too,
 * without a model. */
static bool is_model_call(struct logs *g, const struct row *w)
{
	int64_t tokens = 0, spend = field_usd(json_get(w->v, "spend"));

	if (str_contains(column(g, w->v, "call_type"), "mcp"))
		return false;
	json_i64(json_get(w->v, "total_tokens"), &tokens);
	return column(g, w->v, "model").len || tokens > 0 || spend > 0;
}

static void read_row(void *arg, const struct json *v, struct import_at at)
{
	struct logs *g = arg;
	struct row w = {.v = v, .at = at};
	struct ev_attempt a;

	w.id = column(g, v, "request_id");
	if (!w.id.len) {
		import_bad(g->r, at, "records", "no request_id");
		return;
	}
	g->taken++;
	w.meta = meta_of(g, v);
	if (!is_model_call(g, &w)) {
		import_skip(g->r, "requests that are not model calls");
		return;
	}
	w.session = column(g, v, "session_id");
	if (!w.session.len)
		w.session = column(g, w.meta, "session_id");
	if (!w.session.len)
		w.session = w.id;
	import_attempt_init(g->r, &a);
	a.task = begin_task(g, &w);
	read_models(g, &w, &a);
	read_keys(g, &w, &a);
	read_times(g, &w, &a);
	if (is_true(json_get(v, "cache_hit")))
		usage_of_cache_hit(&a);
	else
		read_usage(g, &w, &a);
	if (is_failure(&w))
		read_failure(g, &w, &a);
	import_attempt(g->r, &a, at);
}

static enum rc parse(struct import_run *r, struct err *e)
{
	struct logs g = {
		.r = r, .a = import_scratch(r), .sender = STR("litellm")};
	enum rc rc;

	json_doc_init(&g.meta_doc, 1000000);
	rc = import_records(r, read_row, &g, e);
	json_doc_release(&g.meta_doc);
	if (rc == RC_OK && !g.taken)
		import_skip(r, "files without spend logs");
	return rc;
}

static bool match(struct str path)
{
	return str_ends(path, ".json") || str_ends(path, ".jsonl") ||
	       str_ends(path, ".ndjson");
}

const struct import_kind import_litellm = {
	.name = "litellm",
	.summary = "spend logs of LiteLLM (JSON array or JSON lines)",
	.sender = "litellm",
	.rank = RANK_OTHER,
	.match = match,
	.parse = parse,
};
