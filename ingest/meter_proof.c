/* What a reply is worth by its looks: log-probabilities, JSON that was asked
 * for, tool calls that can be read, loops. */
#include <math.h>
#include <stdlib.h>

#include "ingest/json_schema.h"
#include "ingest/meter_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "ledger/hash.h"

#define LEAST_LOGPROB -100.0 /* "-9999" stands for any beyond the top ones */

void proof_init(struct proof *p, const struct model_request *req)
{
	p->wants_text = req && req->format != FORMAT_ANY;
	p->stride = 1;
	buf_init(&p->text, PROOF_TEXT_MAX);
}

void proof_release(struct proof *p)
{
	for (int i = 0; i < p->n_calls; i++)
		buf_release(&p->calls[i].args);
	free(p->calls);
	free(p->kept);
	buf_release(&p->text);
}

/* ---- text ---- */

static void add_tail(struct proof *p, struct str s)
{
	size_t at = (size_t)(p->text_bytes % PROOF_TAIL), n;

	p->text_bytes += s.len;
	if (s.len >= PROOF_TAIL) {
		s.p += s.len - PROOF_TAIL;
		s.len = PROOF_TAIL;
		at = (size_t)(p->text_bytes % PROOF_TAIL);
	}
	n = PROOF_TAIL - at < s.len ? PROOF_TAIL - at : s.len;
	memcpy(p->tail + at, s.p, n);
	memcpy(p->tail, s.p + n, s.len - n);
}

void proof_text(struct proof *p, struct jpull_text t, int64_t choice)
{
	char *out;

	if (choice != 0)
		return;
	add_tail(p, t.raw);
	if (!p->wants_text)
		return;
	out = buf_reserve(&p->text, t.raw.len);
	if (out)
		buf_advance(&p->text, json_unescape(t.raw, true, out));
}

/* Whether the last kilobyte, or half of one, is one piece again and again. */
static bool loops(const struct proof *p)
{
	char line[PROOF_TAIL];
	size_t at = (size_t)(p->text_bytes % PROOF_TAIL), n = PROOF_TAIL;

	if (p->text_bytes < PROOF_TAIL / 2)
		return false;
	if (p->text_bytes < PROOF_TAIL) {
		n = at;
		memcpy(line, p->tail, n);
	} else {
		memcpy(line, p->tail + at, PROOF_TAIL - at);
		memcpy(line + PROOF_TAIL - at, p->tail, at);
	}
	for (size_t period = 1; period <= PROOF_PERIOD && period * 4 <= n;
	     period++)
		if (!memcmp(line, line + period, n - period))
			return true;
	return false;
}

/* ---- tool calls ---- */

struct proof_call *proof_call(struct proof *p, int64_t choice, int64_t index)
{
	struct proof_call *c;

	for (int i = p->n_calls - 1; i >= 0; i--)
		if (p->calls[i].choice == choice && p->calls[i].index == index)
			return &p->calls[i];
	if (p->n_calls == PROOF_CALLS) {
		p->more_calls++;
		return NULL;
	}
	if (!p->calls)
		p->calls = xcalloc(PROOF_CALLS, sizeof(*p->calls));
	c = &p->calls[p->n_calls++];
	c->choice = choice;
	c->index = index;
	buf_init(&c->args, PROOF_TEXT_MAX);
	return c;
}

void proof_args(struct proof_call *c, struct jpull_text t)
{
	char *out;

	if (!c || t.raw.len == 0)
		return;
	out = buf_reserve(&c->args, t.raw.len);
	if (out)
		buf_advance(&c->args, json_unescape(t.raw, true, out));
	else
		c->too_long = true;
}

void proof_args_valid(struct proof_call *c, struct str json)
{
	if (!c)
		return;
	buf_clear(&c->args);
	buf_add(&c->args, json.p, json.len);
	c->judged = c->valid = true;
}

struct uuid proof_call_id(struct str name, struct str args)
{
	struct uuid id;
	struct buf b;
	bool quoted = false;

	buf_init(&b, args.len + 1);
	for (size_t i = 0; i < args.len; i++) {
		char c = args.p[i];

		if (!quoted && strchr(" \t\r\n", c) && c)
			continue;
		buf_addc(&b, c);
		if (quoted && c == '\\' && i + 1 < args.len)
			buf_addc(&b, args.p[++i]);
		else if (c == '"')
			quoted = !quoted;
	}
	id = HASH_ID(name, (struct str){buf_str(&b), b.len});
	buf_release(&b);
	return id;
}

/* A call without arguments is one with none. */
static void judge(struct proof_call *c)
{
	struct err e;

	if (c->judged || c->too_long)
		return;
	c->judged = true;
	c->valid = c->args.len == 0 ||
		   jpull_check((struct str){c->args.p, c->args.len},
			       JPULL_MAX_DEPTH, &e) == RC_OK;
}

static bool repeats(const struct meter *m)
{
	const struct proof *p = &m->proof;
	const struct proof_call *c;

	if (loops(p))
		return true;
	if (!m->req || uuid_is_nil(m->req->last_call) || p->n_calls != 1)
		return false;
	c = &p->calls[0];
	if (c->too_long)
		return false;
	return uuid_eq(
		m->req->last_call,
		proof_call_id((struct str){c->name.p, c->name.len},
			      (struct str){buf_str(&c->args), c->args.len}));
}

/* ---- log-probabilities ---- */

static double number(struct jpull *j)
{
	struct str s;
	double d;

	if (!jpull_number(j, &s))
		return NAN;
	d = json_text_double(s);
	return d < LEAST_LOGPROB ? LEAST_LOGPROB : d > 0 ? 0 : d;
}

/* In nats, of the alternatives that were shown, as if they were all. */
static void add_entropy(struct proof *p, struct jpull *j)
{
	double mass = 0, sum = 0, h;
	struct jpull_text key;

	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j)) {
		if (!jpull_enter(j, '{'))
			continue;
		while (jpull_key(j, &key)) {
			double l;

			if (!ask_is(key, "logprob")) {
				jpull_skip(j);
				continue;
			}
			l = number(j);
			if (isnan(l))
				continue;
			mass += exp(l);
			sum += exp(l) * l;
		}
	}
	if (mass <= 0)
		return;
	h = log(mass) - sum / mass;
	h = h > 0 ? h : 0;
	p->entropy_sum += h;
	p->entropy_max = (float)h > p->entropy_max ? (float)h : p->entropy_max;
	p->n_entropy++;
}

/* Every token up to PROOF_LOGPROBS of them, then every second, ... */
static void keep(struct proof *p, float l)
{
	if (p->n % p->stride != 0)
		return;
	if (!p->kept)
		p->kept = xcalloc(PROOF_LOGPROBS, sizeof(*p->kept));
	if (p->n_kept == PROOF_LOGPROBS) {
		for (size_t i = 0; i < PROOF_LOGPROBS / 2; i++)
			p->kept[i] = p->kept[2 * i];
		p->n_kept /= 2;
		p->stride *= 2;
		if (p->n % p->stride != 0)
			return;
	}
	p->kept[p->n_kept++] = l;
}

static void add_logprob(struct proof *p, double l)
{
	if (isnan(l))
		return;
	keep(p, (float)l);
	if (p->n == 0 || (float)l < p->min)
		p->min = (float)l;
	p->sum += l;
	p->doubtful += l < -0.69314718055994531;
	p->n++;
}

void proof_logprobs(struct proof *p, struct jpull *j)
{
	struct jpull_text key;

	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j)) {
		if (!jpull_enter(j, '{'))
			continue;
		while (jpull_key(j, &key)) {
			if (ask_is(key, "logprob"))
				add_logprob(p, number(j));
			else if (ask_is(key, "top_logprobs"))
				add_entropy(p, j);
			else
				jpull_skip(j);
		}
	}
}

static int ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* ---- the end ---- */

static void finish_logprobs(struct proof *p, float *v)
{
	if (p->n == 0)
		return;
	qsort(p->kept, p->n_kept, sizeof(*p->kept), ascending);
	v[EVIDENCE_LOGPROB_MEAN] = (float)(p->sum / (double)p->n);
	v[EVIDENCE_LOGPROB_MIN] = p->min;
	/* Nearest rank: the least value that a tenth is not above. */
	v[EVIDENCE_LOGPROB_P10] = p->kept[(p->n_kept + 9) / 10 - 1];
	v[EVIDENCE_DOUBTFUL] = (float)((double)p->doubtful / (double)p->n);
	v[EVIDENCE_LOGPROB_TOKENS] = (float)p->n;
	if (p->n_entropy == 0)
		return;
	v[EVIDENCE_ENTROPY_MEAN] =
		(float)(p->entropy_sum / (double)p->n_entropy);
	v[EVIDENCE_ENTROPY_MAX] = p->entropy_max;
}

static enum evidence_finish finish_class(const struct meter *m,
					 const struct model_reply *out)
{
	static const struct {
		const char *word;
		enum evidence_finish class;
	} words[] = {
		{"stop", FINISH_STOP},
		{"end_turn", FINISH_STOP},
		{"stop_sequence", FINISH_STOP},
		{"completed", FINISH_STOP},
		{"tool_calls", FINISH_TOOL_CALLS},
		{"function_call", FINISH_TOOL_CALLS},
		{"tool_use", FINISH_TOOL_CALLS},
		{"length", FINISH_LENGTH},
		{"max_tokens", FINISH_LENGTH},
		{"max_output_tokens", FINISH_LENGTH},
		{"model_context_window_exceeded", FINISH_LENGTH},
		{"content_filter", FINISH_FILTERED},
		{"refusal", FINISH_FILTERED},
	};
	enum evidence_finish class = FINISH_OTHER;

	if (out->status == ATTEMPT_ERROR || out->status == ATTEMPT_ABORTED)
		return FINISH_ERROR;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_is(out->finish_reason, words[i].word))
			class = words[i].class;
	if (class == FINISH_STOP && m->proof.n_calls > 0)
		return FINISH_TOOL_CALLS;
	return class;
}

/* By the schema, where there is one that can be followed; else as JSON. */
static float judge_text(const struct meter *m)
{
	struct str text = {buf_str(&m->proof.text), m->proof.text.len};
	enum json_fit fit = JSON_FIT_UNKNOWN;
	struct err e;

	if (m->req->schema.len)
		fit = json_schema_fit(m->req->schema, text);
	if (fit != JSON_FIT_UNKNOWN)
		return fit == JSON_FITS;
	return jpull_check(text, JPULL_MAX_DEPTH, &e) == RC_OK;
}

void proof_finish(struct meter *m, struct model_reply *out)
{
	struct proof *p = &m->proof;
	float *v = out->evidence;
	int judged = 0, valid = 0;

	for (int i = 0; i < EVIDENCE_N; i++)
		v[i] = NAN;
	v[EVIDENCE_FINISH] = (float)finish_class(m, out);
	v[EVIDENCE_REFUSAL] = m->refused;
	for (int i = 0; i < p->n_calls; i++) {
		judge(&p->calls[i]);
		judged += p->calls[i].judged;
		valid += p->calls[i].valid;
	}
	if (judged > 0)
		v[EVIDENCE_TOOL_JSON] = (float)valid / (float)judged;
	if (p->wants_text && buf_ok(&p->text) && p->n_calls == 0)
		v[EVIDENCE_SCHEMA] = judge_text(m);
	finish_logprobs(p, v);
	if (out->usage.n[USAGE_OUTPUT] != USAGE_NONE)
		v[EVIDENCE_OUTPUT_TOKENS] = (float)out->usage.n[USAGE_OUTPUT];
	v[EVIDENCE_OUTPUT_BYTES] = (float)m->output_bytes;
	v[EVIDENCE_REPEATED] = repeats(m);
}
