/* aco price cost: one call's exact cost and how it comes about. */
#include <stdio.h>

#include "ledger/base/clock.h"
#include "ledger/cmd_price.h"
#include "ledger/cost.h"
#include "ledger/money.h"

#define OUT_MAX ((size_t)1 << 20)

/* "cache_read=10000" into u; an exit code. */
static int read_bucket(const struct price_cmd *c, const char *word,
		       struct usage *u)
{
	const char *eq = strchr(word, '='), *near;
	struct str name = {word, eq ? (size_t)(eq - word) : strlen(word)};
	char text[64];
	int i;

	for (i = 0; i < USAGE_N; i++) {
		if (str_is(name, usage_bucket_names[i]))
			break;
	}
	if (i == USAGE_N) {
		snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
		near = cmd_nearest(text, usage_bucket_names, USAGE_N);
		if (near)
			return cmd_usage(c->self,
					 "no bucket is called '%s', did you "
					 "mean '%s'?",
					 text, near);
		return cmd_usage(c->self, "no bucket is called '%s'", text);
	}
	if (!eq)
		return cmd_usage(c->self, "write %s=NUMBER", word);
	if (u->n[i] != USAGE_NONE)
		return cmd_usage(c->self, "%s is there twice",
				 usage_bucket_names[i]);
	if (!str_i64(str_from(eq + 1), &u->n[i]) || u->n[i] < 0)
		return cmd_usage(c->self, "%s: '%s' is not a number of tokens",
				 usage_bucket_names[i], eq + 1);
	return 0;
}

static void term_json(struct json_out *o, const struct cost_term *t)
{
	char text[MONEY_TEXT];

	json_out_obj(o, NULL);
	json_out_str(o, "name", str_from(t->name));
	json_out_i64(o, "count", t->count);
	json_out_str(
		o, t->per_use ? "usd_each" : "usd_per_mtok",
		str_from(t->per_use ? money_format(t->price, text)
				    : money_format_fusd_mtok(t->price, text)));
	json_out_str(o, "times", t->halved ? STR("0.5") : STR("1"));
	json_out_str(o, "usd", str_from(cost_term_format(t, text)));
	json_out_str(o, "note", str_from(t->note));
	json_out_end(o, '}');
}

static const char *state_name(enum cost_state s)
{
	switch (s) {
	case COST_PRICED:
		return "priced";
	case COST_NO_MODEL:
		return "no_model";
	case COST_NO_PRICE:
		return "no_price";
	case COST_NO_USAGE:
		return "no_usage";
	case COST_OVERFLOW:
		return "overflow";
	}
	return "";
}

static void cost_json(const struct cost_context *x, const struct usage *u,
		      const struct cost *k, const char *origin,
		      const char *word, struct buf *out)
{
	struct cost_term terms[COST_TERMS_MAX];
	int n = cost_terms(x, u, k, terms);
	struct json_out o;
	char text[MONEY_TEXT];

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_str(&o, "book", str_from(origin));
	json_out_str(&o, "asked", str_from(word));
	if (k->state == COST_PRICED)
		json_out_str(&o, "usd",
			     str_from(money_format(k->cost_pusd, text)));
	else
		json_out_null(&o, "usd");
	json_out_str(&o, "state", str_from(state_name(k->state)));
	json_out_str(&o, "reason", str_from(k->reason));
	json_out_time(&o, "at", x->started_us);
	json_out_str(&o, "service_tier", x->service_tier);
	json_out_bool(&o, "long_context", k->long_context);
	json_out_bool(&o, "assumed_1h", k->assumed_1h);
	if (k->row)
		price_row_json(&o, "price", k->row);
	else
		json_out_null(&o, "price");
	json_out_arr(&o, "terms");
	for (int i = 0; i < n; i++)
		term_json(&o, &terms[i]);
	json_out_end(&o, ']');
	json_out_end(&o, '}');
	buf_addc(out, '\n');
}

static void cost_plain(const struct cost_context *x, const struct usage *u,
		       const struct cost *k, const char *word, struct buf *out)
{
	char from[16], as_of[16];
	const struct price_row *r = k->row;

	if (!r) {
		fprintf(stderr, "aco: %s has no cost: %s\n", word, k->reason);
		return;
	}
	buf_addf(out, "%.*s/%.*s, price %d valid from %s (%.*s, %s)\n",
		 STR_ARG(r->provider), STR_ARG(r->model), r->id,
		 price_day(r->valid_from, "ever", from), STR_ARG(r->source),
		 price_day(r->source_date, "undated", as_of));
	cost_explain(x, u, k, out);
}

int price_cmd_cost(const struct price_cmd *c)
{
	struct cost_context x = {.started_us = c->at_us,
				 .service_tier = c->service_tier};
	struct price_book *b = NULL;
	const char *origin;
	struct err e = {0};
	struct usage u;
	struct cost k;
	struct buf out;
	enum rc rc;
	int code = 0;

	usage_init(&u);
	for (int i = 1; i < c->n_words && code == 0; i++)
		code = read_bucket(c, c->words[i], &u);
	if (code != 0)
		return code;
	if (u.n[USAGE_REASONING] > u.n[USAGE_OUTPUT])
		return cmd_usage(c->self, "reasoning is a part of output, it "
					  "cannot be more");
	rc = price_cmd_book(c, &b, &origin, &e);
	if (rc != RC_OK)
		return price_cmd_fail(rc, &e);
	buf_init(&out, OUT_MAX);
	price_cmd_split(b, c->words[0], &x.provider, &x.model);
	cost_compute(b, &x, &u, &k);
	if (c->format == PRICE_JSON)
		cost_json(&x, &u, &k, origin, c->words[0], &out);
	else
		cost_plain(&x, &u, &k, c->words[0], &out);
	code = price_cmd_flush(&out);
	buf_release(&out);
	price_book_free(b);
	return code;
}
