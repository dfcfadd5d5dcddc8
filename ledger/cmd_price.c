/* aco price: the price table, what calls cost by it, and what they cost by a
 * newer one. This file has the options; each verb is in a file of its own. */
#include "ledger/cmd_price.h"

#include <stdio.h>

#include "ledger/base/clock.h"
#include "ledger/connect.h"
#include "ledger/db.h"
#include "ledger/money.h"

enum {
	OPT_AT,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_MODEL,
	OPT_SERVICE_TIER,
	OPT_SOURCE,
	OPT_VALID_FROM,
	OPT_DRY_RUN,
	OPT_ALL,
	OPT_SHIPPED,
	OPT_JSON,
	OPT_CSV,
};
static const struct cmd_opt opts[] = {
	[OPT_AT] = {"at", 0, "TIME", "prices of that time (list, cost)"},
	[OPT_SINCE] = {"since", 0, "TIME",
		       "calls that started at TIME or later (recalc)"},
	[OPT_UNTIL] = {"until", 0, "TIME",
		       "calls that started before TIME (recalc)"},
	[OPT_MODEL] = {"model", 0, "MODEL",
		       "calls of this MODEL or PROVIDER/MODEL only (recalc)"},
	[OPT_SERVICE_TIER] = {"service-tier", 0, "TIER",
			      "standard, batch, flex, priority or fast (cost)"},
	[OPT_SOURCE] = {"source", 0, "NAME",
			"who says so, instead of the file's column (import)"},
	[OPT_VALID_FROM] = {"valid-from", 0, "DAY",
			    "first day of rows that name none (import, diff)"},
	[OPT_DRY_RUN] = {"dry-run", 'n', NULL,
			 "change nothing, say what would be (import, recalc)"},
	[OPT_ALL] = {"all", 0, NULL, "every version of every price (list)"},
	[OPT_SHIPPED] = {"shipped", 0, NULL,
			 "look into the shipped table, not the ledger's"},
	[OPT_JSON] = {"json", 0, NULL, "one JSON object"},
	[OPT_CSV] = {"csv", 0, NULL, "CSV that import can read (list)"},
	{NULL, 0, NULL, NULL},
};

static const struct verb {
	const char *name;
	int (*run)(const struct price_cmd *c);
	int least, most; /* operands */
	uint32_t opts;   /* that it takes */
} verbs[] = {
	{"list", price_cmd_list, 0, 1,
	 1u << OPT_AT | 1u << OPT_ALL | 1u << OPT_SHIPPED | 1u << OPT_JSON |
		 1u << OPT_CSV},
	{"show", price_cmd_show, 1, 1, 1u << OPT_SHIPPED | 1u << OPT_JSON},
	{"import", price_cmd_import, 1, 1,
	 1u << OPT_SOURCE | 1u << OPT_VALID_FROM | 1u << OPT_DRY_RUN |
		 1u << OPT_JSON},
	{"diff", price_cmd_diff, 1, 1,
	 1u << OPT_VALID_FROM | 1u << OPT_SHIPPED | 1u << OPT_JSON},
	{"recalc", price_cmd_recalc, 0, 0,
	 1u << OPT_SINCE | 1u << OPT_UNTIL | 1u << OPT_MODEL |
		 1u << OPT_DRY_RUN | 1u << OPT_JSON},
	{"cost", price_cmd_cost, 2, 63,
	 1u << OPT_AT | 1u << OPT_SERVICE_TIER | 1u << OPT_SHIPPED |
		 1u << OPT_JSON},
};
#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* ---- what the verbs share ---- */

enum rc price_cmd_open(const struct price_cmd *c, struct db **db, struct err *e)
{
	return connect_ledger(db, c->conf, "price", e);
}

enum rc price_cmd_book(const struct price_cmd *c, struct price_book **book,
		       const char **origin, struct err *e)
{
	bool say = c->format != PRICE_JSON;
	struct db *db = NULL;
	enum rc rc;

	if (!c->shipped && price_cmd_open(c, &db, e) == RC_OK) {
		*origin = "ledger";
		if (say)
			fputs("aco: prices of the ledger\n", stderr);
		rc = price_book_load(book, db, e);
		db_close(db);
		return rc;
	}
	*origin = "shipped";
	if (say && (c->shipped || !c->conf->database_url[0]))
		fprintf(stderr, "aco: shipped prices%s\n",
			c->shipped ? "" : ", there is no ledger to ask");
	else if (say)
		fprintf(stderr, "aco: shipped prices, not the ledger's: %s\n",
			e->msg);
	return price_book_builtin(book, e);
}

static bool has_provider(const struct price_book *b, struct str name)
{
	size_t n;
	const struct price_row *r = price_book_rows(b, &n);

	for (size_t i = 0; i < n; i++) {
		if (str_eq(r[i].provider, name))
			return true;
	}
	return price_provider_known(name);
}

void price_cmd_split(const struct price_book *b, const char *word,
		     struct str *provider, struct str *model)
{
	const char *slash = strchr(word, '/');
	char buf[PRICE_PROVIDER_MAX];
	struct str first;

	*provider = STR("");
	*model = str_from(word);
	if (!slash)
		return;
	first = (struct str){word, (size_t)(slash - word)};
	if (!has_provider(b, price_provider(first, buf, sizeof(buf))))
		return;
	*provider = first;
	*model = str_from(slash + 1);
}

const char *price_day(int32_t day, const char *none, char *buf)
{
	return day == PRICE_NO_DATE ? none : clock_format_day(day, buf, 16);
}

static void json_day(struct json_out *o, const char *key, int32_t day)
{
	char buf[16];

	if (day == PRICE_NO_DATE)
		json_out_null(o, key);
	else
		json_out_str(o, key, str_from(price_day(day, "", buf)));
}

void price_row_json(struct json_out *o, const char *key,
		    const struct price_row *r)
{
	char buf[MONEY_TEXT];

	json_out_obj(o, key);
	json_out_i64(o, "id", r->id);
	json_out_str(o, "source", r->source);
	json_day(o, "source_date", r->source_date);
	json_out_str(o, "provider", r->provider);
	json_out_str(o, "model", r->model);
	json_out_str(o, "mode", r->mode);
	json_day(o, "valid_from", r->valid_from);
	json_out_str(o, "utc_window", r->utc_window);
	for (int i = 0; i < PRICE_COLS; i++) {
		const char *name = price_cols[i].name;

		if (r->v[i] == MONEY_NONE)
			json_out_null(o, name);
		else if (price_cols[i].unit == PRICE_TOKENS)
			json_out_i64(o, name, r->v[i]);
		else
			json_out_str(o, name,
				     str_from(price_format(r, (enum price_col)i,
							   buf)));
	}
	json_out_str(o, "deprecated", r->deprecated);
	json_out_end(o, '}');
}

int price_cmd_flush(struct buf *out)
{
	bool fits = buf_ok(out);

	/* What cannot be written is told by main(). */
	if (fits)
		fwrite(buf_str(out), 1, out->len, stdout);
	else
		fputs("aco: the answer is too large\n", stderr);
	buf_clear(out);
	return fits ? 0 : 1;
}

int price_cmd_fail(enum rc rc, const struct err *e)
{
	if (rc != RC_OK)
		err_print(e);
	return rc_exit(rc);
}

/* ---- options ---- */

static int read_time(const struct command *self, const char *opt,
		     const char *text, int64_t *us)
{
	if (clock_parse(str_from(text), us))
		return 0;
	return cmd_usage(self,
			 "--%s: '%s' is not a time; write 2026-11-24 or "
			 "2026-11-24T10:30:00Z",
			 opt, text);
}

static int read_day(const struct command *self, const char *text, int32_t *day)
{
	int64_t us;

	if (strlen(text) != 10 || !clock_parse(str_from(text), &us))
		return cmd_usage(self,
				 "--valid-from: '%s' is not a day; write "
				 "2026-11-24",
				 text);
	*day = clock_day(us);
	return 0;
}

static int read_option(struct price_cmd *c, int opt, const char *value)
{
	switch (opt) {
	case OPT_AT:
		return read_time(c->self, "at", value, &c->at_us);
	case OPT_SINCE:
		return read_time(c->self, "since", value, &c->since_us);
	case OPT_UNTIL:
		return read_time(c->self, "until", value, &c->until_us);
	case OPT_MODEL:
		c->model = str_from(value);
		return 0;
	case OPT_SERVICE_TIER:
		c->service_tier = str_from(value);
		return 0;
	case OPT_SOURCE:
		c->source = str_from(value);
		if (!c->source.len || c->source.len > 64 ||
		    !str_utf8_ok(c->source))
			return cmd_usage(c->self, "--source: a name of 1 to "
						  "64 bytes");
		return 0;
	case OPT_VALID_FROM:
		return read_day(c->self, value, &c->valid_from);
	case OPT_DRY_RUN:
		c->dry_run = true;
		return 0;
	case OPT_ALL:
		c->all = true;
		return 0;
	case OPT_SHIPPED:
		c->shipped = true;
		return 0;
	default:
		break;
	}
	if (c->format != PRICE_PLAIN)
		return cmd_usage(c->self, "--json and --csv exclude each "
					  "other");
	c->format = opt == OPT_JSON ? PRICE_JSON : PRICE_CSV;
	return 0;
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < N_VERBS; i++) {
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	}
	return NULL;
}

static int unknown_verb(const struct command *self, const char *word)
{
	const char *names[N_VERBS], *near;

	for (size_t i = 0; i < N_VERBS; i++)
		names[i] = verbs[i].name;
	near = cmd_nearest(word, names, N_VERBS);
	if (near)
		return cmd_usage(self, "price cannot '%s', did you mean '%s'?",
				 word, near);
	return cmd_usage(self, "price cannot '%s'", word);
}

/* Exit code of a mistake, or 0 with *verb set; -1: help was printed. */
static int read_args(struct price_cmd *c, int argc, char **argv,
		     const struct verb **verb)
{
	struct cmd_args a;
	uint32_t seen = 0;
	int code = 0;

	*verb = NULL;
	cmd_args_init(&a, c->self, argc, argv);
	for (int got; code == 0 && (got = cmd_next(&a)) != CMD_END;) {
		if (got == CMD_HELP)
			return -1;
		if (got == CMD_USAGE)
			return 2;
		if (got >= 0) {
			seen |= 1u << got;
			code = read_option(c, got, a.value);
		} else if (!*verb) {
			*verb = find_verb(a.value);
			if (!*verb)
				code = unknown_verb(c->self, a.value);
		} else if (c->n_words == 64) {
			code = cmd_usage(c->self, "too many operands");
		} else {
			c->words[c->n_words++] = a.value;
		}
	}
	if (code != 0)
		return code;
	if (!*verb)
		return cmd_usage(c->self, "say what: list, show, import, "
					  "diff, recalc or cost");
	for (int i = 0; opts[i].name; i++) {
		if (seen & 1u << i & ~(*verb)->opts)
			return cmd_usage(c->self,
					 "price %s takes no option '--%s'",
					 (*verb)->name, opts[i].name);
	}
	if (c->n_words < (*verb)->least)
		return cmd_usage(c->self, "price %s wants more operands",
				 (*verb)->name);
	if (c->n_words > (*verb)->most)
		return cmd_usage(c->self, "price %s: '%s' is too many",
				 (*verb)->name, c->words[(*verb)->most]);
	return 0;
}

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	struct price_cmd c = {.self = self,
			      .conf = conf,
			      .at_us = TIME_NONE,
			      .since_us = TIME_NONE,
			      .until_us = TIME_NONE,
			      .valid_from = PRICE_NO_DATE,
			      .service_tier = STR("")};
	const struct verb *verb;
	int code = read_args(&c, argc, argv, &verb);

	if (code != 0 || !verb)
		return code < 0 ? 0 : code;
	return verb->run(&c);
}

const struct command command_price = {
	.name = "price",
	.args = "list [FILTER] | show MODEL | import FILE | diff FILE | "
		"recalc | cost MODEL BUCKET=N...",
	.summary = "the price table, and what calls cost by it",
	.help = "MODEL is PROVIDER/MODEL, or a bare name whose provider is "
		"known by it. Prices are US dollars per million tokens. Where "
		"no ledger can be reached, list, show, diff and cost use the "
		"table that is shipped with aco, and say so.\n\n"
		"list: the price of each model that is valid now, or --at a "
		"time; FILTER is a part of PROVIDER/MODEL. --all lists every "
		"version.\n\n"
		"show: every version of a model's price, how its name was "
		"found, and how old the table is.\n\n"
		"import: add the rows of a price file, or nothing if a row is "
		"wrong. Existing rows never change; of a model's rows that fit "
		"the start of a call, the last one counts. Rows whose price "
		"is in force already are not added again. A row without "
		"valid_from applies to all times; --valid-from gives it a "
		"first day. What runs already uses new prices after a "
		"restart.\n\n"
		"diff: what an import would change, in percent.\n\n"
		"recalc: price the stored calls anew. For each call whose cost "
		"changes, a correction keeps both figures, and all sums move "
		"with it in the same transaction. Running it again changes "
		"nothing.\n\n"
		"cost: the exact cost of a call and its arithmetic. Buckets: "
		"uncached_in, cache_read, cache_write_5m, cache_write_1h, "
		"output (with reasoning, a part of it), audio_in, audio_out, "
		"web_search. A model or service tier without a price has no "
		"cost: the reason is told, with --json \"usd\" is null, and "
		"the exit code is 0.",
	.opts = opts,
	.run = run,
};
