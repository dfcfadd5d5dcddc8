/* What aco dead prints. */
#include <stdio.h>
#include <stdlib.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/base/utf8.h"
#include "ledger/cmd_dead.h"
#include "ledger/connect.h"
#include "ledger/grid.h"

/* ---- list ---- */

static const struct grid_col cols[] = {
	{"LETTERS", true}, {"NEWEST", false}, {"SOURCE", false},
	{"KIND", false},   {"ID", false},     {"REASON", false},
	{NULL, false},
};

static void list_json(struct dead_cmd *c, const struct db_result *r)
{
	char text[UUID_TEXT];
	struct json_out o;

	json_out_init(&o, &c->out);
	json_out_arr(&o, NULL);
	for (int i = 0; i < db_rows(r); i++) {
		json_out_obj(&o, NULL);
		json_out_i64(&o, "letters", db_i64(r, i, 0));
		json_out_time(&o, "newest", db_time(r, i, 1));
		json_out_str(&o, "kind", db_text(r, i, 2));
		json_out_str(&o, "source", db_text(r, i, 3));
		json_out_str(&o, "sqlstate",
			     db_text(r, i, 4).len ? db_text(r, i, 4)
						  : STR_NONE);
		json_out_str(&o, "reason", db_text(r, i, 5));
		json_out_str(&o, "id",
			     str_from(uuid_format(db_uuid(r, i, 6), text)));
		json_out_end(&o, '}');
	}
	json_out_end(&o, ']');
	buf_addc(&c->out, '\n');
}

static void list_text(struct dead_cmd *c, const struct db_result *r)
{
	char text[UUID_TEXT], at[32];
	struct grid g;

	if (!db_rows(r)) {
		buf_adds(&c->out, "no dead letters\n");
		return;
	}
	grid_init(&g, cols);
	for (int i = 0; i < db_rows(r); i++) {
		snprintf(at, sizeof(at), "%lld", (long long)db_i64(r, i, 0));
		grid_cells(&g, at);
		grid_cells(&g, clock_format(db_time(r, i, 1), at, sizeof(at)));
		grid_cell(&g, db_text(r, i, 3));
		grid_cell(&g, db_text(r, i, 2));
		grid_cells(&g, uuid_format(db_uuid(r, i, 6), text));
		grid_cell(&g, db_text(r, i, 5));
	}
	grid_print(&g, &c->out);
	grid_release(&g);
}

enum rc dead_cmd_list(struct dead_cmd *c, struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 65536);
	db_arg_time(&a, c->f.since_us);
	db_arg_text(&a, c->f.reason.p ? c->f.reason : STR(""));
	rc = db_run(c->db, &sql_dead_list, &a, &r, NULL, e);
	if (rc == RC_OK && c->json)
		list_json(c, r);
	else if (rc == RC_OK)
		list_text(c, r);
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

/* ---- show ---- */

enum rc dead_cmd_find(struct dead_cmd *c, const char *id,
		      struct db_result **out, struct err *e)
{
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 65536);
	db_arg_text(&a, str_from(id));
	rc = db_run(c->db, &sql_dead_find, &a, out, NULL, e);
	db_args_release(&a);
	if (rc == RC_OK && db_rows(*out) != 1) {
		rc = err_set(e, RC_BAD,
			     db_rows(*out) ? "several dead letters have an id "
					     "that begins with %s"
					   : "no dead letter has the id %s",
			     id);
		err_hint(e, "see 'aco dead list'");
	}
	return rc;
}

/* A line of JSON as a person reads it. */
static void pretty(struct buf *out, const char *p)
{
	int depth = 1;
	bool text = false;

	buf_adds(out, "  ");
	for (; *p; p++) {
		char next = p[1];

		if (*p == '"' || text) {
			buf_addc(out, *p);
			if (text && *p == '\\' && next)
				buf_addc(out, *++p);
			else if (*p == '"')
				text = !text;
			continue;
		}
		if (*p == '}' || *p == ']')
			depth--;
		if ((*p == '}' || *p == ']') && p[-1] != '{' && p[-1] != '[')
			buf_addf(out, "\n%*s", 2 * depth, "");
		buf_addc(out, *p);
		if (*p == ':')
			buf_addc(out, ' ');
		if (*p == '{' || *p == '[')
			depth++;
		if ((*p == ',' || *p == '{' || *p == '[') && next != '}' &&
		    next != ']')
			buf_addf(out, "\n%*s", 2 * depth, "");
	}
	buf_addc(out, '\n');
}

static void show_body(struct buf *out, struct str body, bool event)
{
	char *text = xstrndup(body.p ? body.p : "", body.len);

	utf8_clean(text);
	if (event)
		pretty(out, text);
	else if (text[0])
		buf_addf(out, "  %s\n", text);
	free(text);
}

static void line(struct buf *out, const char *name, struct str s)
{
	char *text;

	if (!s.len)
		return;
	text = xstrndup(s.p, s.len);
	utf8_clean(text);
	buf_addf(out, "%-9s %s\n", name, text);
	free(text);
}

static void show_text(struct buf *out, const struct db_result *r)
{
	bool event = str_is(db_text(r, 0, 2), "event");
	struct dead_why why =
		dead_explain(db_text(r, 0, 5), db_text(r, 0, 6), event);
	char text[UUID_TEXT], at[32];

	line(out, "letter", str_from(uuid_format(db_uuid(r, 0, 0), text)));
	line(out, "received",
	     str_from(clock_format(db_time(r, 0, 1), at, sizeof(at))));
	line(out, "source", db_text(r, 0, 3));
	line(out, "origin", db_text(r, 0, 4));
	line(out, "reason", db_text(r, 0, 5));
	line(out, "sqlstate", db_text(r, 0, 6));
	line(out, "replayed",
	     str_from(clock_format(db_time(r, 0, 7), at, sizeof(at))));
	buf_addf(out, "\n%s\n%s\n\n%s\n", why.means, why.todo,
		 event ? "The event:" : "The note:");
	show_body(out, db_text(r, 0, 8), event);
}

static void show_json(struct buf *out, const struct db_result *r)
{
	bool event = str_is(db_text(r, 0, 2), "event");
	struct dead_why why =
		dead_explain(db_text(r, 0, 5), db_text(r, 0, 6), event);
	char text[UUID_TEXT];
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_str(&o, "id", str_from(uuid_format(db_uuid(r, 0, 0), text)));
	json_out_time(&o, "received_at", db_time(r, 0, 1));
	json_out_str(&o, "kind", db_text(r, 0, 2));
	json_out_str(&o, "source", db_text(r, 0, 3));
	json_out_str(&o, "origin", db_text(r, 0, 4));
	json_out_str(&o, "reason", db_text(r, 0, 5));
	json_out_str(&o, "sqlstate",
		     db_null(r, 0, 6) ? STR_NONE : db_text(r, 0, 6));
	json_out_time(&o, "replayed_at", db_time(r, 0, 7));
	json_out_str(&o, "means", str_from(why.means));
	json_out_str(&o, "todo", str_from(why.todo));
	if (event)
		json_out_raw(&o, "event", db_text(r, 0, 8));
	else
		json_out_str(&o, "note",
			     db_null(r, 0, 8) ? STR_NONE : db_text(r, 0, 8));
	json_out_end(&o, '}');
	buf_addc(out, '\n');
}

enum rc dead_cmd_show(struct dead_cmd *c, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = dead_cmd_find(c, c->words[0], &r, e);

	if (rc == RC_OK && c->json)
		show_json(&c->out, r);
	else if (rc == RC_OK)
		show_text(&c->out, r);
	db_result_free(r);
	return rc;
}

/* ---- replay and drop ---- */

enum rc dead_cmd_replay(struct dead_cmd *c, struct err *e)
{
	struct dead_counts n = {0};
	struct ledger *l = NULL;
	struct json_out o;
	enum rc rc = connect_writer(&l, c->conf, e);

	if (rc == RC_OK)
		rc = dead_replay(l, &c->f, &n, e);
	ledger_close(l);
	if (c->json) {
		json_out_init(&o, &c->out);
		json_out_obj(&o, NULL);
		json_out_i64(&o, "replayed", n.replayed);
		json_out_i64(&o, "refused", n.refused);
		json_out_i64(&o, "notes", n.notes);
		json_out_end(&o, '}');
		buf_addc(&c->out, '\n');
	} else {
		buf_addf(&c->out,
			 "%lld replayed, %lld refused again, %lld notes that "
			 "cannot be replayed\n",
			 (long long)n.replayed, (long long)n.refused,
			 (long long)n.notes);
	}
	c->code = n.refused > 0;
	return rc;
}

enum rc dead_cmd_drop(struct dead_cmd *c, struct err *e)
{
	int64_t n = 0;
	enum rc rc = dead_drop(c->db, &c->f, &n, e);

	if (rc == RC_OK)
		buf_addf(&c->out,
			 c->json ? "{\"dropped\":%lld}\n" : "%lld dropped\n",
			 (long long)n);
	return rc;
}
