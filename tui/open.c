#include "tui/open.h"

#include "ledger/base/buf.h"
#include "ledger/cluster.h"
#include "ledger/migrate.h"
#include "ledger/query.h"

/* Attempts of one task that are searched. */
#define ATTEMPTS_MAX 100000

static const struct view *implied(const struct open_args *a)
{
	if (a->price)
		return &view_price;
	if (a->attempt)
		return &view_attempt;
	if (a->task)
		return &view_task;
	if (a->decision)
		return &view_decision;
	if (a->words)
		return &view_search;
	if (a->bundle)
		return &view_router;
	return a->class_name || a->agent || a->team ? &view_tasks : views[0];
}

const struct view *open_view(const struct open_args *a, struct err *e)
{
	const struct view *v = a->view ? view_find(a->view) : implied(a);

	if (!v) {
		err_set(e, RC_BAD, "there is no view '%s'", a->view);
		return NULL;
	}
	if (v->needs == NEEDS_TASK && !a->task)
		err_set(e, RC_BAD, "--view %s needs --task", v->name);
	else if (v->needs == NEEDS_ATTEMPT && (!a->attempt || !a->task))
		err_set(e, RC_BAD, "%s needs --task and --attempt",
			a->view ? "--view attempt" : "--attempt");
	else if (v->needs == NEEDS_PRICE && !a->price)
		err_set(e, RC_BAD, "--view %s needs --price", v->name);
	else if (v->needs == NEEDS_DECISION && !a->decision)
		err_set(e, RC_BAD, "--view %s needs --decision", v->name);
	else if (v->needs == NEEDS_WORDS && !a->words)
		err_set(e, RC_BAD, "--view %s needs --search", v->name);
	else if (v == &view_fleet && a->class_name)
		err_set(e, RC_BAD,
			"the fleet shows all classes: use --class "
			"without --view, or with --view tasks");
	else
		return v;
	return NULL;
}

/* ---- looking names up ---- */

struct finder {
	struct db *db;
	struct db_result *res; /* of the last statement; names point into it */
	struct db_args args;
	int64_t started_us, ended_us; /* of the task */
};

static enum rc find(struct finder *f, const struct sql_stmt *stmt,
		    struct err *e)
{
	db_result_free(f->res);
	f->res = NULL;
	return db_run(f->db, stmt, &f->args, &f->res, NULL, e);
}

static enum rc find_class(struct finder *f, const char *name, struct place *at,
			  struct err *e)
{
	enum rc rc;

	db_args_clear(&f->args);
	db_arg_text(&f->args, str_from(name));
	rc = find(f, &sql_query_class, e);
	if (rc != RC_OK)
		return rc;
	if (db_rows(f->res) == 0)
		return err_set(e, RC_BAD, "there is no class '%s'", name);
	at->class_id = (int32_t)db_i64(f->res, 0, 0);
	at->class_name = name;
	return RC_OK;
}

/* Also the class that the task belongs to, into `task_class`. */
static enum rc find_task(struct finder *f, const char *name, struct place *at,
			 struct buf *task_class, struct err *e)
{
	struct query_task q;
	enum rc rc;

	db_args_clear(&f->args);
	query_task_args(&f->args, str_from(name));
	rc = find(f, &sql_query_task, e);
	if (rc != RC_OK)
		return rc;
	if (db_rows(f->res) == 0)
		return err_set(e, RC_BAD, "there is no task '%s'", name);
	query_task_row(f->res, 0, &q);
	at->task = q.id;
	at->task_name = name;
	f->started_us = q.started_us;
	f->ended_us = q.ended_us;
	at->class_id = q.class_id;
	buf_clear(task_class);
	buf_add(task_class, q.class_name.p, q.class_name.len);
	at->class_name = buf_str(task_class);
	return RC_OK;
}

static enum rc find_attempt(struct finder *f, const char *name,
			    struct place *at, struct err *e)
{
	struct uuid id;
	enum rc rc;

	if (!uuid_parse(str_from(name), &id))
		return err_set(e, RC_BAD, "--attempt: '%s' is no uuid", name);
	db_args_clear(&f->args);
	query_of_task_args(&f->args, at->task, f->started_us, f->ended_us,
			   ATTEMPTS_MAX);
	rc = find(f, &sql_query_attempts, e);
	if (rc != RC_OK)
		return rc;
	for (int i = 0; i < db_rows(f->res); i++) {
		struct query_attempt q;

		query_attempt_row(f->res, i, &q);
		if (!uuid_eq(q.id, id))
			continue;
		at->attempt = q.id;
		at->attempt_day = q.day;
		at->price_id = q.price_id;
		return RC_OK;
	}
	return err_set(e, RC_BAD, "the task has no attempt '%s'", name);
}

static enum rc find_person(struct finder *f, const char *kind, const char *name,
			   struct place *at, struct err *e)
{
	enum rc rc;

	db_args_clear(&f->args);
	query_find_args(&f->args, kind, str_from(name));
	rc = find(f, &sql_query_find, e);
	if (rc != RC_OK)
		return rc;
	if (db_rows(f->res) == 0 || !str_is(db_text(f->res, 0, 1), name))
		return err_set(e, RC_BAD, "there is no %s '%s'", kind, name);
	at->name = name;
	*(kind[0] == 'a' ? &at->agent_id : &at->team_id) =
		(int32_t)db_i64(f->res, 0, 0);
	return RC_OK;
}

static enum rc find_decision(struct finder *f, const char *name,
			     struct place *at, struct err *e)
{
	struct query_hit hit;
	struct uuid id;
	enum rc rc;

	if (!uuid_parse(str_from(name), &id))
		return err_set(e, RC_BAD, "--decision: '%s' is no uuid", name);
	db_args_clear(&f->args);
	query_search_args(&f->args, str_from(name), 1);
	rc = find(f, &sql_query_search, e);
	if (rc != RC_OK)
		return rc;
	for (int i = 0; i < db_rows(f->res); i++) {
		query_hit_row(f->res, i, &hit);
		if (!str_is(hit.kind, "decision"))
			continue;
		at->decision = hit.decision;
		at->decision_day = hit.decision_day;
		return RC_OK;
	}
	return err_set(e, RC_BAD, "there is no decision '%s'", name);
}

static enum rc read_id(const char *option, const char *text, int32_t *out,
		       struct err *e)
{
	int64_t n;

	if (!str_i64(str_from(text), &n) || n < 1 || n > INT32_MAX)
		return err_set(e, RC_BAD, "%s: '%s' is no row", option, text);
	*out = (int32_t)n;
	return RC_OK;
}

static enum rc find_all(struct finder *f, const struct open_args *a,
			struct place *at, struct buf *names, struct err *e)
{
	enum rc rc = RC_OK;

	if (a->class_name)
		rc = find_class(f, a->class_name, at, e);
	if (rc == RC_OK && a->task)
		rc = find_task(f, a->task, at, names, e);
	if (rc == RC_OK && a->attempt)
		rc = find_attempt(f, a->attempt, at, e);
	if (rc == RC_OK && a->agent)
		rc = find_person(f, "agent", a->agent, at, e);
	if (rc == RC_OK && a->team)
		rc = find_person(f, "team", a->team, at, e);
	if (rc == RC_OK && a->decision)
		rc = find_decision(f, a->decision, at, e);
	if (rc == RC_OK && a->price)
		rc = read_id("--price", a->price, &at->price_id, e);
	if (rc == RC_OK && a->bundle)
		rc = read_id("--bundle", a->bundle, &at->bundle_id, e);
	at->text = a->words;
	return rc;
}

static enum rc connect(struct finder *f, const struct conf *conf, struct err *e)
{
	struct buf url;
	enum rc rc;

	buf_init(&url, 1 << 16);
	rc = cluster_url(conf, &url, e);
	if (rc == RC_OK)
		rc = db_open(&f->db, buf_str(&url), "top", e);
	if (rc == RC_OK)
		rc = migrate_check(f->db, e);
	buf_release(&url);
	return rc;
}

/* ---- opening ---- */

static void push_all(struct top *t, const struct view *v,
		     const struct open_args *a, const struct place *at)
{
	static const struct place anywhere;
	struct place class_at = {.class_id = at->class_id,
				 .class_name = at->class_name,
				 .agent_id = at->agent_id,
				 .team_id = at->team_id,
				 .name = at->name};

	/* Screens that a key opens stand alone, as when it was pressed. */
	if (v->needs == NEEDS_NOTHING && !a->class_name && !a->task &&
	    !a->agent && !a->team) {
		top_push(t, v, at);
		return;
	}
	if (v == &view_decision)
		top_push(t, &view_decisions, &anywhere);
	else if (!a->agent && !a->team)
		top_push(t, &view_fleet, &anywhere);
	else
		top_push(t, a->agent ? &view_agents : &view_teams, &anywhere);
	if (v == &view_fleet)
		return;
	if (v == &view_tasks || a->task)
		top_push(t, &view_tasks, &class_at);
	if (v == &view_tasks)
		return;
	if (v != &view_task && a->task)
		top_push(t, &view_task, at);
	if (v == &view_price && a->attempt)
		top_push(t, &view_attempt, at);
	top_push(t, v, at);
}

enum rc open_pages(struct top *t, const struct conf *conf,
		   const struct open_args *a, struct err *e)
{
	const struct view *v = open_view(a, e);
	struct finder f = {0};
	struct place at = {0};
	struct buf names;
	enum rc rc = RC_OK;

	if (!v)
		return RC_BAD;
	buf_init(&names, 1 << 16);
	db_args_init(&f.args, 1 << 16);
	if (a->class_name || a->task || a->price || a->agent || a->team ||
	    a->decision)
		rc = connect(&f, conf, e);
	if (rc == RC_OK)
		rc = find_all(&f, a, &at, &names, e);
	if (rc == RC_OK)
		push_all(t, v, a, &at);
	db_result_free(f.res);
	db_args_release(&f.args);
	db_close(f.db);
	buf_release(&names);
	return rc;
}
