/* The most that a call may cost, for what is reserved before it is made.
 *
 * The prompt: a token stands for at least one byte of text, whatever its
 * tokenizer (byte pairs join bytes, and what a vocabulary lacks falls back to
 * single bytes); JSON's escapes and the names of members make a body longer
 * than its text, which pays for what the provider puts around each message. So
 * no text has more tokens than its body has bytes, and what the provider adds
 * once (instructions for tools, of 530 tokens at most where that is documented)
 * is paid for by EXTRA_TOKENS. Half or a quarter of the bytes are no bound:
 * digits, rare scripts, escapes of a terminal and random text need a token for
 * each byte or two. (Tokenizers that first rewrite text by Unicode's
 * compatibility forms could make a few characters longer; none of the known
 * chat models does.)
 *
 * Pictures are not tokenized by their bytes: IMAGE_TOKENS is above the dearest
 * rule that is documented (2,833 + 8 tiles of 5,667: gpt-4o-mini), and the
 * bytes of base64 do not count. Documents, what is elsewhere (URLs, ids of
 * files), and stored conversations may fill all of the model's context.
 *
 * All of it counts in the dearest bucket that the request can write to (an
 * hour's cache is twice the input price at Anthropic), at the service tier that
 * was asked for, and by the prices of a long context where it can be one. The
 * answer: what the request allows, else the model's own maximum (by the
 * registry, else by the price table; where neither has it OUTPUT_MOST, or all
 * of a smaller context), for each of the samples. Not in it, since nobody
 * bounds them: the provider's own tools (searches, and what they read), and a
 * priority tier that a project has as its default. What a call cost is settled
 * in any case. */
#include "ingest/gw_int.h"
#include "ledger/base/clock.h"
#include "ledger/cost.h"
#include "ledger/money.h"

enum {
	EXTRA_TOKENS = 2048,
	IMAGE_TOKENS = 50000,
	OUTPUT_MOST = 131072, /* no known model writes more in one answer */
	CONTEXT_UNKNOWN = 1 << 20
};

#define WORST_MAX (INT64_MAX / 64) /* some of which can be added up */

static int64_t known(const struct price_row *r, enum price_col col,
		     int64_t otherwise)
{
	return r && r->v[col] != MONEY_NONE && r->v[col] > 0 ? r->v[col]
							     : otherwise;
}

static int64_t most_in(const struct gw_call *c, const struct price_row *r)
{
	const struct model_request *q = &c->req;
	int64_t window = known(r, PRICE_CONTEXT_WINDOW, CONTEXT_UNKNOWN);
	int64_t images = (int64_t)q->images * IMAGE_TOKENS, in;

	in = (int64_t)(q->body_bytes > q->inline_bytes
			       ? q->body_bytes - q->inline_bytes
			       : q->body_bytes);
	if (c->wire != WIRE_OPENAI_EMBEDDINGS)
		in += EXTRA_TOKENS;
	if (q->media || q->elsewhere || q->stored_context)
		return in + window;
	return in + (images < window ? images : window);
}

static int64_t most_out(const struct gw_call *c, const struct price_row *r)
{
	int64_t out = c->req.max_output;

	if (c->wire == WIRE_OPENAI_EMBEDDINGS)
		return 0;
	if (out < 0) {
		out = known(r, PRICE_CONTEXT_WINDOW, OUTPUT_MOST);
		out = out < OUTPUT_MOST ? out : OUTPUT_MOST;
		out = known(r, PRICE_MAX_OUTPUT, out);
	}
	if (out > INT32_MAX)
		out = INT32_MAX;
	return out * c->req.n;
}

/* With the prompt in one bucket. */
static bool cost_with(const struct gw_call *c, const struct cost_context *x,
		      const struct price_row *r, enum usage_bucket in,
		      int64_t *worst)
{
	struct usage u;
	struct cost k;

	usage_init(&u);
	u.n[in] = most_in(c, r);
	u.n[USAGE_OUTPUT] = most_out(c, r);
	if (r && r->v[PRICE_REASONING] != MONEY_NONE &&
	    r->v[PRICE_REASONING] > r->v[PRICE_OUTPUT])
		u.n[USAGE_REASONING] = u.n[USAGE_OUTPUT];
	cost_compute(c->reg->book, x, &u, &k);
	/* More than can be counted is no missing price. */
	if (k.state == COST_OVERFLOW || k.cost_pusd > WORST_MAX)
		k.cost_pusd = WORST_MAX;
	else if (k.state != COST_PRICED)
		return false;
	if (k.cost_pusd > *worst)
		*worst = k.cost_pusd;
	return true;
}

/* Whether a request may write to the cache, and for how long: those of OpenAI's
 * protocol do so unasked. */
static enum usage_bucket dearest_in(const struct gw_call *c)
{
	if (c->protocol != GW_ANTHROPIC)
		return USAGE_CACHE_WRITE_5M;
	return c->req.caches ? USAGE_CACHE_WRITE_1H : USAGE_UNCACHED_IN;
}

static bool worst_of(const struct gw_call *c, struct str provider,
		     struct str model, int64_t *worst)
{
	struct cost_context x = {.provider = provider,
				 .model = model,
				 .started_us = TIME_NONE,
				 .service_tier = c->req.service};
	enum usage_bucket dear = dearest_in(c);
	struct price_found f;

	if (!price_find(c->reg->book, provider, model, TIME_NONE, &f))
		return false;
	/* What is asked for cheaply may be served at the ordinary price. */
	if (!str_is(x.service_tier, "priority") &&
	    !str_is(x.service_tier, "fast"))
		x.service_tier = STR_NONE;
	if (!cost_with(c, &x, f.row, USAGE_UNCACHED_IN, worst))
		return false;
	if (dear != USAGE_UNCACHED_IN)
		(void)cost_with(c, &x, f.row, dear, worst);
	return true;
}

static bool worst_named(const struct gw_call *c, int64_t *worst)
{
	struct str provider = STR_NONE;

	if (price_provider_known(str_from(c->provider->name)))
		provider = str_from(c->provider->name);
	return worst_of(c, provider, c->serve, worst);
}

static bool worst_arm(const struct gw_call *c, int arm, int64_t *worst)
{
	const struct gw_model *m = c->arm_model[arm];

	return worst_of(c, m->provider, m->name, worst);
}

bool gw_worst(const struct gw_call *c, int64_t *pusd)
{
	const struct plan *p = &c->decision.plan;
	bool known_all;

	*pusd = 0;
	if (c->arm < 0)
		return worst_named(c, pusd);
	known_all = worst_arm(c, c->arm, pusd);
	for (int i = 0; c->acts && p->kind == PLAN_CASCADE && i < p->n; i++)
		known_all = worst_arm(c, p->arm[i], pusd) && known_all;
	return known_all;
}

bool gw_affords(struct gw_call *c, int arm)
{
	int64_t worst = 0;

	if (!c->budget || !worst_arm(c, arm, &worst))
		return true;
	if (worst <= c->worst_pusd && !c->spent_pusd)
		return true;
	return budget_more(c->budget, c->spent_pusd + worst);
}
