/* aco model: the registry of models. */
#include <stdio.h>

#include "gen/sql.h"
#include "ingest/gw_conf.h"
#include "ingest/gw_models.h"
#include "ledger/base/cmd.h"
#include "ledger/base/json.h"
#include "ledger/connect.h"
#include "ledger/db.h"
#include "ledger/grid.h"
#include "ledger/price.h"

#define OUT_MAX        ((size_t)64 << 20)
#define NAME_MAX_BYTES 256
#define NAMES_MAX      64

enum {
	OPT_PROVIDER,
	OPT_TIER,
	OPT_PROTOCOL,
	OPT_UPSTREAM,
	OPT_CAN,
	OPT_MAX_OUTPUT,
	OPT_ENABLE,
	OPT_DISABLE,
	OPT_JSON,
};
static const struct cmd_opt opts[] = {
	[OPT_PROVIDER] = {"provider", 0, "NAME",
			  "whose model it is, as prices spell it (set)"},
	[OPT_TIER] = {"tier", 0, "TIER", "1, the cheapest, to 5 (set)"},
	[OPT_PROTOCOL] = {"protocol", 0, "PROTOCOL",
			  "openai or anthropic (set)"},
	[OPT_UPSTREAM] = {"upstream", 0, "NAME",
			  "provider of the configuration that serves it (set)"},
	[OPT_CAN] = {"can", 0, "LIST",
		     "tools,vision,json,logprobs,reasoning, and chat,responses "
		     "or embeddings; all (set)"},
	[OPT_MAX_OUTPUT] = {"max-output", 0, "TOKENS",
			    "most that it writes in one answer; 0: by the "
			    "price table (set)"},
	[OPT_ENABLE] = {"enable", 0, NULL, "the router may choose it (set)"},
	[OPT_DISABLE] = {"disable", 0, NULL, "the router may not (set)"},
	[OPT_JSON] = {"json", 0, NULL, "one JSON object"},
	{NULL, 0, NULL, NULL},
};

struct model_cmd {
	const struct command *self;
	const struct conf *conf;
	const char *verb, *names[NAMES_MAX];
	int n_names;
	const char *name; /* the one at hand */
	struct str provider, protocol, upstream, can;
	int tier;           /* 0: not given */
	int enabled;        /* -1: not given */
	int64_t max_output; /* -1: not given */
	bool json, for_set;
	struct db *db;
	struct buf out;
};

/* ---- list ---- */

static void list_json(struct model_cmd *c, const struct db_result *r)
{
	struct json_out o;

	json_out_init(&o, &c->out);
	json_out_obj(&o, NULL);
	json_out_arr(&o, "models");
	for (int i = 0; i < db_rows(r); i++) {
		json_out_obj(&o, NULL);
		json_out_str(&o, "provider", db_text(r, i, 0));
		json_out_str(&o, "name", db_text(r, i, 1));
		if (db_null(r, i, 2))
			json_out_null(&o, "tier");
		else
			json_out_i64(&o, "tier", db_i64(r, i, 2));
		json_out_str(&o, "tier_source", db_text(r, i, 3));
		json_out_str(&o, "protocol", db_text(r, i, 4));
		json_out_str(&o, "upstream", db_text(r, i, 5));
		json_out_str(&o, "can", db_text(r, i, 6));
		json_out_bool(&o, "enabled", db_bool(r, i, 7));
		if (db_null(r, i, 8))
			json_out_null(&o, "max_output");
		else
			json_out_i64(&o, "max_output", db_i64(r, i, 8));
		json_out_end(&o, '}');
	}
	json_out_end(&o, ']');
	json_out_end(&o, '}');
	buf_addc(&c->out, '\n');
}

static const struct grid_col list_cols[] = {
	{"PROVIDER", false}, {"MODEL", false},    {"TIER", true},
	{"SET BY", false},   {"PROTOCOL", false}, {"UPSTREAM", false},
	{"CAN", false},      {"ENABLED", false},  {NULL, false},
};

static void list_plain(struct model_cmd *c, const struct db_result *r)
{
	struct grid g;

	grid_init(&g, list_cols);
	for (int i = 0; i < db_rows(r); i++) {
		for (int col = 0; col < 7; col++) {
			struct str s = col == 2 ? STR_NONE : db_text(r, i, col);
			char tier[8];

			snprintf(tier, sizeof(tier), "%d",
				 (int)db_i64(r, i, 2));
			if (col == 2 && !db_null(r, i, 2))
				s = str_from(tier);
			if (col == 6 && !s.len && !db_null(r, i, 6))
				s = STR("all");
			grid_cell(&g, s.len ? s : STR("-"));
		}
		grid_cells(&g, db_bool(r, i, 7) ? "yes" : "no");
	}
	grid_print(&g, &c->out);
	grid_release(&g);
	if (!db_rows(r))
		fputs("aco: there are no models\n", stderr);
}

static enum rc look(struct model_cmd *c, struct db_result **r, struct err *e)
{
	struct db_args a;
	struct buf names;
	enum rc rc;

	buf_init(&names, (NAME_MAX_BYTES + 1) * NAMES_MAX);
	for (int i = 0; i < c->n_names; i++)
		buf_addf(&names, "%s%s", i ? "\n" : "", c->names[i]);
	db_args_init(&a, 65536);
	db_arg_text(&a,
		    c->n_names ? (struct str){names.p, names.len} : STR_NONE);
	rc = db_run(c->db, &sql_model_list, &a, r, NULL, e);
	db_args_release(&a);
	buf_release(&names);
	return rc;
}

static enum rc list(struct model_cmd *c, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = look(c, &r, e);

	if (!rc && c->json)
		list_json(c, r);
	else if (!rc)
		list_plain(c, r);
	db_result_free(r);
	return rc;
}

/* ---- set ---- */

static void arg_small(struct db_args *a, int v)
{
	if (v)
		db_arg_i16(a, (int16_t)v);
	else
		db_arg_null(a);
}

/* Whose it is by the registry, if only one there is called so. */
static enum rc set_before(struct model_cmd *c, char *text, size_t size,
			  struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 4096);
	db_arg_text(&a, str_from(c->name));
	rc = db_run(c->db, &sql_model_list, &a, &r, NULL, e);
	if (!rc && db_rows(r) == 1) {
		snprintf(text, size, "%.*s", STR_ARG(db_text(r, 0, 0)));
		c->provider = str_from(text);
	}
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

/* Whose it is, where nobody said so. */
static enum rc find_provider(struct model_cmd *c, const struct price_book *book,
			     char *text, size_t size, struct err *e)
{
	struct str name = str_from(c->name);
	enum rc rc;

	if (c->provider.len) {
		c->provider = price_provider(c->provider, text, size);
		return RC_OK;
	}
	c->provider = price_provider_of_model(book, name);
	if (c->provider.len)
		return RC_OK;
	rc = set_before(c, text, size, e);
	if (rc || c->provider.len)
		return rc;
	err_set(e, RC_BAD, "%s: no price tells whose model it is", c->name);
	err_hint(e, "say --provider NAME");
	return RC_BAD;
}

static enum rc set_one(struct model_cmd *c, struct err *e)
{
	char text[PRICE_PROVIDER_MAX];
	struct price_book *book = NULL;
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc = price_book_load(&book, c->db, e);

	if (!rc)
		rc = find_provider(c, book, text, sizeof(text), e);
	if (rc) {
		price_book_free(book);
		return rc;
	}
	db_args_init(&a, 65536);
	db_arg_text(&a, c->provider);
	db_arg_text(&a, str_from(c->name));
	arg_small(&a, c->tier);
	arg_small(&a, price_default_tier(book, c->provider, str_from(c->name)));
	db_arg_text(&a, c->protocol);
	db_arg_text(&a, c->upstream);
	db_arg_text(&a, c->can);
	if (c->enabled < 0)
		db_arg_null(&a);
	else
		db_arg_bool(&a, c->enabled);
	if (c->max_output < 0)
		db_arg_null(&a);
	else
		db_arg_i64(&a, c->max_output);
	rc = db_run(c->db, &sql_model_set, &a, &r, NULL, e);
	if (!rc && db_rows(r) && db_null(r, 0, 0) && db_bool(r, 0, 1))
		fprintf(stderr,
			"aco: %s has no price and so no tier; it counts as "
			"tier 3 until --tier says otherwise\n",
			c->name);
	db_result_free(r);
	db_args_release(&a);
	price_book_free(book);
	return rc;
}

/* A daemon with this configuration would refuse what asks for it. */
static void warn_upstream(const struct model_cmd *c)
{
	struct gw_conf *conf;
	struct err e;

	if (!c->upstream.len || gw_conf_new(&conf, c->conf, &e))
		return;
	if (!gw_conf_provider(conf, c->upstream))
		fprintf(stderr,
			"aco: the configuration here has no provider '%.*s'\n",
			STR_ARG(c->upstream));
	gw_conf_drop(conf);
}

static enum rc set(struct model_cmd *c, struct err *e)
{
	struct str provider = c->provider;
	enum rc rc = RC_OK;

	warn_upstream(c);
	for (int i = 0; i < c->n_names && !rc; i++) {
		c->name = c->names[i];
		c->provider = provider;
		rc = set_one(c, e);
	}
	return rc ? rc : list(c, e);
}

/* ---- options ---- */

static int check_text(const struct model_cmd *c, const char *what, struct str s)
{
	if (s.len && s.len <= NAME_MAX_BYTES && str_utf8_ok(s))
		return 0;
	return cmd_usage(c->self, "%s: text of 1 to %d bytes", what,
			 NAME_MAX_BYTES);
}

static int read_can(struct model_cmd *c, struct str s)
{
	struct str bad;

	if (str_is(s, "all"))
		s = STR("");
	c->can = s;
	if (gw_can_parse(s, &bad))
		return 0;
	return cmd_usage(c->self,
			 "--can: '%.*s' is not tools, vision, json, logprobs, "
			 "reasoning, chat, responses or embeddings",
			 STR_ARG(bad));
}

static int read_tier(struct model_cmd *c, struct str s)
{
	int64_t tier;

	if (!str_i64(s, &tier) || tier < 1 || tier > 5)
		return cmd_usage(c->self, "--tier: 1 to 5");
	c->tier = (int)tier;
	return 0;
}

static int read_max_output(struct model_cmd *c, struct str s)
{
	if (str_i64(s, &c->max_output) && c->max_output >= 0 &&
	    c->max_output <= INT32_MAX)
		return 0;
	return cmd_usage(c->self, "--max-output: tokens, or 0");
}

static int read_option(struct model_cmd *c, int opt, const char *value)
{
	struct str s = str_from(value);

	if (opt == OPT_JSON) {
		c->json = true;
		return 0;
	}
	c->for_set = true;
	switch (opt) {
	case OPT_PROVIDER:
		c->provider = s;
		return check_text(c, "--provider", s);
	case OPT_UPSTREAM:
		c->upstream = s;
		return check_text(c, "--upstream", s);
	case OPT_PROTOCOL:
		c->protocol = s;
		if (str_is(s, "openai") || str_is(s, "anthropic"))
			return 0;
		return cmd_usage(c->self, "--protocol: openai or anthropic");
	case OPT_TIER:
		return read_tier(c, s);
	case OPT_CAN:
		return read_can(c, s);
	case OPT_MAX_OUTPUT:
		return read_max_output(c, s);
	default:
		c->enabled = opt == OPT_ENABLE;
		return 0;
	}
}

/* -1: go on; else the exit code. */
static int read_args(struct model_cmd *c, int argc, char **argv)
{
	struct cmd_args a;
	int got, code = 0;
	bool is_set;

	cmd_args_init(&a, c->self, argc, argv);
	while (!code && (got = cmd_next(&a)) != CMD_END) {
		if (got == CMD_HELP)
			return 0;
		if (got == CMD_USAGE)
			return 2;
		if (got >= 0)
			code = read_option(c, got, a.value);
		else if (!c->verb)
			c->verb = a.value;
		else if (c->n_names < NAMES_MAX)
			c->names[c->n_names++] = a.value;
		else
			code = cmd_usage(c->self, "'%s' is too many", a.value);
	}
	if (code)
		return code;
	is_set = c->verb && str_is(str_from(c->verb), "set");
	if (!c->verb || (!is_set && !str_is(str_from(c->verb), "list")))
		return cmd_usage(c->self, "say what: list or set");
	if (is_set && !c->n_names)
		return cmd_usage(c->self, "model set wants a name");
	if (!is_set && c->for_set)
		return cmd_usage(c->self, "model list takes --json only");
	for (int i = 0; i < c->n_names; i++) {
		if (check_text(c, "NAME", str_from(c->names[i])))
			return 2;
	}
	return -1;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct model_cmd c = {
		.self = self, .conf = conf, .enabled = -1, .max_output = -1};
	struct err e = {"", ""};
	int code = read_args(&c, argc, argv);
	enum rc rc;

	if (code >= 0)
		return code;
	buf_init(&c.out, OUT_MAX);
	rc = connect_ledger(&c.db, conf, "model", &e);
	if (!rc)
		rc = str_is(str_from(c.verb), "set") ? set(&c, &e)
						     : list(&c, &e);
	if (rc)
		err_print(&e);
	else
		fwrite(buf_str(&c.out), 1, c.out.len, stdout);
	buf_release(&c.out);
	db_close(c.db);
	return rc_exit(rc);
}

const struct command command_model = {
	.name = "model",
	.args = "list [NAME...] | set NAME...",
	.summary = "the models that there are, and which the router may choose",
	.help = "list: every model that the ledger has met or that was set, "
		"those first that the router may choose.\n\n"
		"set: add models, or change what the options say of them. The "
		"tier, 1 to 5, orders models from cheap to capable; without "
		"--tier it follows from the price, and calls that are "
		"recorded keep the tier that they had. --enable lets 'auto' "
		"choose it, among the models of its --protocol; nothing is "
		"enabled by itself, so that `auto` spends only where somebody "
		"said it may. --upstream "
		"names the provider of the configuration that serves it; "
		"without it, the one that is called like the model's "
		"provider, else the first of the protocol. --can says what it "
		"can do: a request that needs more goes elsewhere. Where none "
		"of chat, responses and embeddings is named it talks, on both "
		"endpoints; without --can it can all of that, or only make "
		"embeddings if its name says so. --max-output bounds what a "
		"call may cost, and so what budgets reserve for it, where the "
		"request itself sets no maximum. Running daemons know within "
		"seconds.",
	.opts = opts,
	.run = run,
};
