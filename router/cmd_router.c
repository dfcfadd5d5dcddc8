/* aco router: versions of the router, and which of them serves. */
#include "router/cmd_router.h"

#include <stdio.h>

#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/connect.h"
#include "ledger/grid.h"
#include "ledger/shelf.h"
#include "router/bundle_build.h"
#include "router/certificate.h"

#define OUT_MAX ((size_t)64 << 20)

enum {
	OPT_JSON
};
static const struct cmd_opt opts[] = {
	[OPT_JSON] = {"json", 0, NULL, "one JSON object"},
	{NULL, 0, NULL, NULL},
};

/* ---- list ---- */

static const struct grid_col list_cols[] = {
	{"VERSION", true}, {"CREATED", false}, {"STATE", false},
	{"BYTES", true},   {"GATE", false},    {NULL, false},
};

struct listing {
	struct router_cmd *c;
	struct grid grid;
	struct json_out o;
	struct json_doc doc;
	struct arena arena;
};

static struct str gate_reason(struct listing *l, const struct shelf_row *r)
{
	struct err e;

	if (json_parse(&l->doc, r->certificate, &e))
		return STR_NONE;
	return json_str(json_path(&l->doc.nodes[0], "gate.reason"), &l->arena);
}

static void on_row(void *arg, const struct shelf_row *r)
{
	struct listing *l = arg;
	char id[16], at[40], bytes[32];

	snprintf(id, sizeof(id), "%ld", (long)r->id);
	if (l->c->json) {
		json_out_obj(&l->o, NULL);
		json_out_i64(&l->o, "version", r->id);
		json_out_time(&l->o, "created_at", r->created_us);
		json_out_str(&l->o, "state", r->state);
		json_out_i64(&l->o, "bytes", r->bytes);
		json_out_str(&l->o, "reason", gate_reason(l, r));
		json_out_end(&l->o, '}');
		return;
	}
	snprintf(bytes, sizeof(bytes), "%lld", (long long)r->bytes);
	grid_cells(&l->grid, id);
	grid_cells(&l->grid, clock_format_sec(r->created_us, at, sizeof(at)));
	grid_cell(&l->grid, r->state);
	grid_cells(&l->grid, bytes);
	grid_cell(&l->grid, gate_reason(l, r));
}

static enum rc list(struct router_cmd *c, struct err *e)
{
	struct listing l = {.c = c};
	int32_t serving = 0;
	enum rc rc;

	grid_init(&l.grid, list_cols);
	json_out_init(&l.o, &c->out);
	json_doc_init(&l.doc, (size_t)1 << 20);
	arena_init(&l.arena, (size_t)4 << 20);
	if (c->json) {
		json_out_obj(&l.o, NULL);
		json_out_arr(&l.o, "versions");
	}
	rc = shelf_list(c->db, 0, on_row, &l, e);
	if (!rc)
		rc = shelf_serving(c->db, &serving, e);
	if (c->json) {
		json_out_end(&l.o, ']');
		json_out_i64(&l.o, "serving", serving);
		json_out_end(&l.o, '}');
		buf_addc(&c->out, '\n');
	} else {
		grid_print(&l.grid, &c->out);
	}
	if (!rc && !serving)
		fputs("aco: the version that ships with aco serves\n", stderr);
	grid_release(&l.grid);
	json_doc_release(&l.doc);
	arena_release(&l.arena);
	return rc;
}

/* ---- show ---- */

static enum rc read_id(const struct router_cmd *c, int32_t *id, struct err *e)
{
	int64_t n;

	if (!str_i64(str_from(c->operand), &n) || n < 0 || n > INT32_MAX)
		return err_set(e, RC_BAD, "'%s' is no version", c->operand);
	*id = (int32_t)n;
	return RC_OK;
}

struct showing {
	struct router_cmd *c;
	struct err *e;
	enum rc rc;
	bool found;
};

static enum rc show_certificate(struct router_cmd *c, struct str json,
				struct err *e)
{
	if (!c->json)
		return certificate_text(json, &c->out, e);
	buf_add(&c->out, json.p, json.len);
	buf_addc(&c->out, '\n');
	return RC_OK;
}

static void on_show(void *arg, const struct shelf_row *r)
{
	struct showing *s = arg;

	s->found = true;
	if (!s->c->json)
		buf_addf(&s->c->out, "version %ld, %.*s\n", (long)r->id,
			 STR_ARG(r->state));
	s->rc = show_certificate(s->c, r->certificate, s->e);
}

static enum rc show(struct router_cmd *c, struct err *e)
{
	struct showing s = {.c = c, .e = e};
	int32_t id = 0;
	enum rc rc =
		c->operand ? read_id(c, &id, e) : shelf_serving(c->db, &id, e);

	if (!rc && !id)
		return show_certificate(c, bundle_certificate(bundle_shipped()),
					e);
	if (!rc)
		rc = shelf_list(c->db, id, on_show, &s, e);
	if (!rc && !s.found)
		rc = err_set(e, RC_BAD, "there is no version %ld", (long)id);
	return rc ? rc : s.rc;
}

/* ---- promote, rollback ---- */

static void say_serving(struct router_cmd *c, int32_t id)
{
	if (c->json)
		buf_addf(&c->out, "{\"serving\":%ld}\n", (long)id);
	else if (id)
		buf_addf(&c->out, "version %ld serves\n", (long)id);
	else
		buf_addf(&c->out, "the version that ships with aco serves\n");
}

/* A version that no worker could open does not get to serve. */
static enum rc can_open(struct router_cmd *c, int32_t id, struct err *e)
{
	struct bundle *b = NULL;
	struct buf bytes;
	enum rc rc;

	buf_init(&bytes, BUNDLE_BYTES_MAX);
	rc = shelf_body(c->db, id, &bytes, e);
	if (!rc)
		rc = bundle_view(&b, bytes.p, bytes.len, e);
	bundle_drop(b);
	buf_release(&bytes);
	return rc;
}

/* Who promotes a version that drifted wants it to serve as it is. */
static enum rc ignore_drift(struct router_cmd *c, int32_t id, struct err *e)
{
	struct shelf_drift said;
	enum rc rc = shelf_drift(c->db, id, &said, e);

	if (!rc && said.parts[0])
		rc = shelf_note(c->db, id,
				STR("{\"drift\":{\"state\":\"ignored\","
				    "\"why\":\"promoted by hand after it "
				    "drifted\"}}"),
				e);
	shelf_drift_release(&said);
	return rc;
}

static enum rc promote(struct router_cmd *c, struct err *e)
{
	int32_t id = 0;
	enum rc rc;

	rc = read_id(c, &id, e);
	if (!rc && id)
		rc = can_open(c, id, e);
	if (!rc)
		rc = shelf_promote(c->db, id, e);
	if (!rc && id)
		rc = ignore_drift(c, id, e);
	if (!rc)
		say_serving(c, id);
	return rc;
}

static enum rc rollback(struct router_cmd *c, struct err *e)
{
	int32_t id = 0;
	enum rc rc = shelf_rollback(c->db, &id, e);

	if (!rc)
		say_serving(c, id);
	return rc;
}

/* ---- the command ---- */

static const struct {
	const char *name;
	router_verb *run;
	int least, most; /* operands */
} verbs[] = {
	{"list", list, 0, 0},
	{"show", show, 0, 1},
	{"promote", promote, 1, 1},
	{"rollback", rollback, 0, 0},
	{"preview", router_preview, 0, 0},
	{"explain", router_explain_verb, 1, 1},
};
#define VERBS ((int)(sizeof(verbs) / sizeof(verbs[0])))

static int find_verb(const char *name)
{
	for (int i = 0; i < VERBS; i++) {
		if (str_is(str_from(name), verbs[i].name))
			return i;
	}
	return -1;
}

/* 0, an exit code, or -1: help was printed. */
static int read_args(struct router_cmd *c, int argc, char **argv, int *verb)
{
	struct cmd_args a;
	int n = 0;

	*verb = -1;
	cmd_args_init(&a, c->self, argc, argv);
	for (int got; (got = cmd_next(&a)) != CMD_END;) {
		if (got == CMD_HELP)
			return -1;
		if (got == CMD_USAGE)
			return 2;
		if (got == OPT_JSON)
			c->json = true;
		else if (*verb < 0 && (*verb = find_verb(a.value)) < 0)
			return cmd_usage(c->self,
					 "'%s' is none of list, show, promote, "
					 "rollback, preview and explain",
					 a.value);
		else if (n++)
			c->operand = a.value;
	}
	if (*verb < 0)
		return cmd_usage(
			c->self,
			"say list, show, promote, rollback, preview or explain");
	if (n - 1 < verbs[*verb].least || n - 1 > verbs[*verb].most)
		return cmd_usage(c->self, "%s takes %s", verbs[*verb].name,
				 verbs[*verb].run == router_explain_verb
					 ? "one decision"
				 : verbs[*verb].most ? "one version"
						     : "no version");
	return 0;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct router_cmd c = {.self = self, .conf = conf};
	struct err e = {"", ""};
	int verb, code = read_args(&c, argc, argv, &verb);
	enum rc rc;

	if (code)
		return code < 0 ? 0 : code;
	buf_init(&c.out, OUT_MAX);
	rc = connect_ledger(&c.db, conf, "router", &e);
	if (!rc)
		rc = verbs[verb].run(&c, &e);
	if (c.out.len)
		fwrite(c.out.p, 1, c.out.len, stdout);
	if (rc)
		err_print(&e);
	db_close(c.db);
	buf_release(&c.out);
	return rc_exit(rc);
}

const struct command command_router = {
	.name = "router",
	.args = "list|show [VERSION]|promote VERSION|rollback|preview|"
		"explain DECISION",
	.summary = "show the router's versions and choose which one serves",
	.help = "'list' shows the last ten versions. 'show' prints what a "
		"version says of itself: its calibration, what serves each "
		"class and why, and what the gate found; without VERSION, of "
		"the one that serves. 'promote' lets a version serve whatever "
		"the gate said; 0 is the one that ships with aco. 'rollback' "
		"goes back to the version that served before. 'preview' says "
		"what the version that serves would have saved on the judged "
		"tasks of the last seven days, by route_goal, with intervals: "
		"doubly robust where models were drawn by lot.\n"
		"\n"
		"'explain' tells of a decision (the header x-aco-decision of a "
		"reply has its id) what it was among, what bound it and what "
		"moved it.\n"
		"\n"
		"The daemon looks every hour whether the version that serves "
		"still fits: its probabilities against what came, the features "
		"of requests against those that it learnt from, prices against "
		"those of its training. Where one of them drifted 'show', the "
		"dashboard and /metrics say so, and its static policies serve "
		"until another version does: those of the classes whose "
		"probabilities do not hold, else all. Promoting it again has its drift "
		"ignored.\n"
		"\n"
		"Every daemon takes a change within seconds.",
	.opts = opts,
	.run = run,
};
