/* aco budget: what may be spent. */
#include <stdio.h>
#include <string.h>

#include "gen/sql.h"
#include "ledger/base/clock.h"
#include "ledger/base/cmd.h"
#include "ledger/base/json.h"
#include "ledger/budget.h"
#include "ledger/connect.h"
#include "ledger/db.h"
#include "ledger/grid.h"
#include "ledger/money.h"

#define OUT_MAX        ((size_t)64 << 20)
#define NAME_MAX_BYTES 512

enum {
	OPT_PERIOD,
	OPT_TIMEZONE,
	OPT_SOFT,
	OPT_GATEWAY_ONLY,
	OPT_JSON,
};
static const struct cmd_opt opts[] = {
	[OPT_PERIOD] = {"period", 0, "PERIOD",
			"day, week, month (default of set) or total"},
	[OPT_TIMEZONE] = {"timezone", 0, "ZONE",
			  "whose midnight begins a period (set)"},
	[OPT_SOFT] = {"soft", 0, NULL, "tell, and refuse nothing (set)"},
	[OPT_GATEWAY_ONLY] = {"gateway-only", 0, NULL,
			      "count what the gateway spends, not what "
			      "telemetry tells (set)"},
	[OPT_JSON] = {"json", 0, NULL, "one JSON object"},
	{NULL, 0, NULL, NULL},
};

struct budget_cmd {
	const struct command *self;
	const struct conf *conf;
	const char *word[4]; /* verb, scope, subject, limit */
	int n_words;
	const char *period, *zone;
	int64_t limit_pusd;
	bool soft, gateway_only, json;
	struct db *db;
	struct buf out;
};

/* ---- list ---- */

enum column {
	C_SCOPE,
	C_SUBJECT,
	C_PERIOD,
	C_ZONE,
	C_LIMIT,
	C_HARD,
	C_LEDGER,
	C_STARTS,
	C_ENDS,
	C_ACCOUNTS,
	C_SPENT,
	C_LEASED
};

static void json_money(struct json_out *o, const char *key, int64_t pusd)
{
	char text[MONEY_TEXT];

	json_out_str(o, key, str_from(money_format(pusd, text)));
}

static void list_json(struct budget_cmd *c, const struct db_result *r)
{
	struct json_out o;

	json_out_init(&o, &c->out);
	json_out_obj(&o, NULL);
	json_out_arr(&o, "budgets");
	for (int i = 0; i < db_rows(r); i++) {
		json_out_obj(&o, NULL);
		json_out_str(&o, "scope", db_text(r, i, C_SCOPE));
		json_out_str(&o, "subject", db_text(r, i, C_SUBJECT));
		json_out_str(&o, "period", db_text(r, i, C_PERIOD));
		json_out_str(&o, "timezone", db_text(r, i, C_ZONE));
		json_money(&o, "limit_usd", db_i64(r, i, C_LIMIT));
		json_out_bool(&o, "hard", db_bool(r, i, C_HARD));
		json_out_bool(&o, "gateway_only", !db_bool(r, i, C_LEDGER));
		json_money(&o, "spent_usd", db_i64(r, i, C_SPENT));
		json_money(&o, "leased_usd", db_i64(r, i, C_LEASED));
		json_out_i64(&o, "accounts", db_i64(r, i, C_ACCOUNTS));
		json_out_time(&o, "period_start", db_time(r, i, C_STARTS));
		json_out_time(&o, "resets_at", db_time(r, i, C_ENDS));
		json_out_end(&o, '}');
	}
	json_out_end(&o, ']');
	json_out_end(&o, '}');
	buf_addc(&c->out, '\n');
}

static const struct grid_col list_cols[] = {
	{"SCOPE", false},  {"SUBJECT", false}, {"PERIOD", false},
	{"LIMIT", true},   {"SPENT", true},    {"LEASED", true},
	{"USED", true},    {"KIND", false},    {"ZONE", false},
	{"RESETS", false}, {NULL, false},
};

static void cell_money(struct grid *g, int64_t pusd)
{
	char text[MONEY_TEXT];

	grid_cells(g, money_format_short(pusd, text));
}

static void cell_share(struct grid *g, int64_t spent, int64_t limit)
{
	char text[32];

	if (limit <= 0) {
		grid_cells(g, "-");
		return;
	}
	snprintf(text, sizeof(text), "%lld %%",
		 (long long)((__int128)spent * 100 / limit));
	grid_cells(g, text);
}

static void list_plain(struct budget_cmd *c, const struct db_result *r)
{
	struct grid g;
	char text[40];

	grid_init(&g, list_cols);
	for (int i = 0; i < db_rows(r); i++) {
		int64_t ends = db_time(r, i, C_ENDS);

		grid_cell(&g, db_text(r, i, C_SCOPE));
		grid_cell(&g, db_text(r, i, C_SUBJECT));
		grid_cell(&g, db_text(r, i, C_PERIOD));
		cell_money(&g, db_i64(r, i, C_LIMIT));
		cell_money(&g, db_i64(r, i, C_SPENT));
		cell_money(&g, db_i64(r, i, C_LEASED));
		cell_share(&g, db_i64(r, i, C_SPENT), db_i64(r, i, C_LIMIT));
		grid_cells(&g, db_bool(r, i, C_HARD) ? "hard" : "soft");
		grid_cell(&g, db_text(r, i, C_ZONE));
		clock_format_sec(ends, text, sizeof(text));
		grid_cells(&g, ends == TIME_NONE ? "never" : text);
	}
	grid_print(&g, &c->out);
	grid_release(&g);
	if (!db_rows(r))
		fputs("aco: there are no budgets\n", stderr);
}

static enum rc list(struct budget_cmd *c, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = db_run(c->db, &sql_budget_list, NULL, &r, NULL, e);

	if (!rc && c->json)
		list_json(c, r);
	else if (!rc)
		list_plain(c, r);
	db_result_free(r);
	return rc;
}

/* ---- set and remove ---- */

static void said(struct budget_cmd *c, const char *what, int64_t n)
{
	struct json_out o;

	if (!c->json) {
		buf_addf(&c->out, "budget of %s %s %s\n", c->word[1],
			 c->word[2], what);
		return;
	}
	json_out_init(&o, &c->out);
	json_out_obj(&o, NULL);
	json_out_str(&o, "scope", str_from(c->word[1]));
	json_out_str(&o, "subject", str_from(c->word[2]));
	json_out_str(&o, "done", str_from(what));
	json_out_i64(&o, "budgets", n);
	json_out_end(&o, '}');
	buf_addc(&c->out, '\n');
}

static enum rc set(struct budget_cmd *c, struct err *e)
{
	const char *zone = c->zone ? c->zone : c->conf->timezone;
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 65536);
	db_arg_text(&a, str_from(c->word[1]));
	db_arg_text(&a, str_from(c->word[2]));
	db_arg_text(&a, str_from(c->period ? c->period : "month"));
	db_arg_text(&a, str_from(zone));
	db_arg_i64(&a, c->limit_pusd);
	db_arg_bool(&a, !c->soft);
	db_arg_bool(&a, !c->gateway_only);
	rc = db_run(c->db, &sql_budget_set, &a, &r, NULL, e);
	if (!rc && db_rows(r) == 0) {
		rc = err_set(e, RC_BAD, "there is no time zone '%s'", zone);
		err_hint(e, "write it as in Europe/Berlin");
	} else if (!rc) {
		said(c, db_bool(r, 0, 0) ? "set" : "changed", 1);
	}
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

static enum rc remove_them(struct budget_cmd *c, struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 65536);
	db_arg_text(&a, str_from(c->word[1]));
	db_arg_text(&a, str_from(c->word[2]));
	db_arg_text(&a, str_from(c->period));
	rc = db_run(c->db, &sql_budget_remove, &a, &r, NULL, e);
	if (!rc && db_rows(r) == 0) {
		rc = err_set(e, RC_BAD, "there is no such budget of %s %s",
			     c->word[1], c->word[2]);
		err_hint(e, "'aco budget list' shows them");
	} else if (!rc) {
		said(c, "removed", db_rows(r));
	}
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

/* ---- arguments ---- */

static const struct verb {
	const char *name;
	enum rc (*run)(struct budget_cmd *c, struct err *e);
	int words; /* with the verb */
} verbs[] = {
	{"list", list, 1},
	{"set", set, 4},
	{"remove", remove_them, 3},
};
#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static bool one_of(const char *word, const char *const *names, int n)
{
	for (int i = 0; i < n; i++) {
		if (!strcmp(word, names[i]))
			return true;
	}
	return false;
}

static int read_option(struct budget_cmd *c, int opt, const char *value)
{
	switch (opt) {
	case OPT_PERIOD:
		c->period = value;
		if (one_of(value, budget_period_names, BUDGET_PERIOD_N))
			return 0;
		return cmd_usage(c->self,
				 "--period: '%s' is not day, week, month or "
				 "total",
				 value);
	case OPT_TIMEZONE:
		c->zone = value;
		break;
	case OPT_SOFT:
		c->soft = true;
		break;
	case OPT_GATEWAY_ONLY:
		c->gateway_only = true;
		break;
	default:
		c->json = true;
		break;
	}
	return 0;
}

static int check_words(struct budget_cmd *c, const struct verb *v)
{
	if (c->n_words != v->words)
		return cmd_usage(c->self, "%s wants %s", v->name,
				 v->words == 4   ? "SCOPE SUBJECT USD"
				 : v->words == 3 ? "SCOPE SUBJECT"
						 : "nothing else");
	if (v->run != set && (c->zone || c->soft || c->gateway_only))
		return cmd_usage(c->self, "--timezone, --soft and "
					  "--gateway-only are for set");
	if (v->words == 1)
		return c->period ? cmd_usage(c->self,
					     "--period is for set and remove")
				 : 0;
	if (!one_of(c->word[1], budget_scope_names, BUDGET_SCOPE_N))
		return cmd_usage(c->self,
				 "'%s' is not key, team, agent, class or task",
				 c->word[1]);
	if (!c->word[2][0] || strlen(c->word[2]) > NAME_MAX_BYTES ||
	    !str_utf8_ok(str_from(c->word[2])))
		return cmd_usage(c->self, "SUBJECT: text of 1 to %d bytes",
				 NAME_MAX_BYTES);
	if (v->words == 4 &&
	    !money_parse_pusd(str_from(c->word[3]), &c->limit_pusd))
		return cmd_usage(c->self,
				 "'%s' is not an amount of USD, such as 12.50 "
				 "(at most 9223372)",
				 c->word[3]);
	return 0;
}

static const struct verb *find_verb(const struct budget_cmd *c)
{
	for (size_t i = 0; i < N_VERBS && c->n_words; i++) {
		if (!strcmp(c->word[0], verbs[i].name))
			return &verbs[i];
	}
	cmd_usage(c->self, "say list, set or remove");
	return NULL;
}

/* 0 to go on, -1 after help, else the exit code of a mistake. */
static int read_args(struct budget_cmd *c, int argc, char **argv,
		     const struct verb **verb)
{
	struct cmd_args a;
	int code = 0;

	cmd_args_init(&a, c->self, argc, argv);
	for (int got; code == 0 && (got = cmd_next(&a)) != CMD_END;) {
		if (got == CMD_HELP)
			return -1;
		if (got == CMD_USAGE)
			return 2;
		if (got != CMD_OPERAND)
			code = read_option(c, got, a.value);
		else if (c->n_words == 4)
			code = cmd_usage(c->self, "'%s' is one word too many",
					 a.value);
		else
			c->word[c->n_words++] = a.value;
	}
	if (code)
		return code;
	*verb = find_verb(c);
	return *verb ? check_words(c, *verb) : 2;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct budget_cmd c = {.self = self, .conf = conf};
	const struct verb *verb = NULL;
	struct err e = {0};
	enum rc rc;
	int code = read_args(&c, argc, argv, &verb);

	if (code)
		return code < 0 ? 0 : code;
	buf_init(&c.out, OUT_MAX);
	rc = connect_ledger(&c.db, conf, "budget-cmd", &e);
	if (!rc)
		rc = verb->run(&c, &e);
	if (c.out.len)
		fwrite(c.out.p, 1, c.out.len, stdout);
	if (rc)
		err_print(&e);
	db_close(c.db);
	buf_release(&c.out);
	return rc ? rc_exit(rc) : 0;
}

const struct command command_budget = {
	.name = "budget",
	.args = "list|set SCOPE SUBJECT USD|remove SCOPE SUBJECT",
	.summary =
		"limit what keys, teams, agents, classes and tasks may spend",
	.help = "SCOPE is key, team, agent, class or task; SUBJECT its name, "
		"or '*' for a limit that each of them has for itself. A "
		"subject may have a budget for each period.\n"
		"\n"
		"The gateway reserves the worst case of a request before it "
		"goes upstream, and settles what it cost. A hard budget (the "
		"default) refuses what would pass it, a soft one lets it pass "
		"and says so. What telemetry and imports bring counts as well, "
		"at most ten seconds late, unless --gateway-only is given; "
		"keys count what the gateway spends alone. No call counts "
		"twice.\n"
		"\n"
		"Days, weeks (from Monday) and months begin at midnight in "
		"the budget's time zone: --timezone, else the key timezone of "
		"the configuration. 'list' shows what is spent in the present "
		"period, and what workers have leased to spend.",
	.opts = opts,
	.run = run,
};
