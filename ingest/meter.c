#include "ingest/meter_int.h"

#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "ledger/money.h"

enum {
	BODY_MAX = 16 << 20,
	BODY_KEPT = 64 << 10 /* memory for a body that outlives it */
};

static void begin(struct meter *m, enum wire wire,
		  const struct model_request *req)
{
	m->wire = wire;
	m->req = req;
	m->status = 200;
	openai_counts_init(&m->openai);
	anthropic_said_init(&m->anthropic);
	proof_init(&m->proof, req);
}

struct meter *meter_new(enum wire wire, const struct model_request *req)
{
	struct meter *m = xcalloc(1, sizeof(*m));

	buf_init(&m->body, BODY_MAX);
	begin(m, wire, req);
	return m;
}

void meter_reset(struct meter *m, enum wire wire,
		 const struct model_request *req)
{
	struct buf body = m->body;

	proof_release(&m->proof);
	if (body.cap > BODY_KEPT)
		buf_release(&body);
	buf_clear(&body);
	memset(m, 0, sizeof(*m));
	m->body = body;
	begin(m, wire, req);
}

void meter_free(struct meter *m)
{
	if (!m)
		return;
	buf_release(&m->body);
	proof_release(&m->proof);
	free(m);
}

void meter_status(struct meter *m, int status)
{
	m->status = status;
}

bool meter_begun(const struct meter *m)
{
	return m->begun;
}

int64_t meter_estimate(int64_t bytes)
{
	return (bytes + 3) / 4;
}

/* ---- words ---- */

void meter_word_set(struct meter_word *w, struct jpull_text t)
{
	if (t.raw.len == 0 || t.raw.len > sizeof(w->p))
		return;
	if (!t.escaped) {
		/* Every chunk of a stream says it again. */
		if (w->len == t.raw.len && !memcmp(w->p, t.raw.p, w->len))
			return;
		memcpy(w->p, t.raw.p, t.raw.len);
		w->len = t.raw.len;
	} else {
		w->len = json_unescape(t.raw, false, w->p);
	}
}

void meter_take(struct jpull *j, struct meter_word *w)
{
	struct jpull_text t;

	if (jpull_string(j, &t))
		meter_word_set(w, t);
}

static struct str word(const struct meter_word *w)
{
	return w->len ? (struct str){w->p, w->len} : STR_NONE;
}

/* The code says more than the type ("rate_limit_exceeded" of type "tokens"),
 * unless it is a number, as OpenRouter and Gemini give it. */
void meter_error(struct meter *m, struct jpull *j)
{
	struct meter_word type = {0}, code = {0};
	struct str number = STR_NONE;
	struct jpull_text key;

	if (jpull_type(j) == JPULL_NULL) {
		jpull_skip(j);
		return;
	}
	if (jpull_enter(j, '{')) {
		while (jpull_key(j, &key)) {
			if (ask_is(key, "type"))
				meter_take(j, &type);
			else if (ask_is(key, "code") &&
				 jpull_type(j) == JPULL_NUMBER)
				jpull_number(j, &number);
			else if (ask_is(key, "code"))
				meter_take(j, &code);
			else
				jpull_skip(j);
		}
	}
	m->failed = true;
	if (code.len)
		m->error = code;
	else if (type.len)
		m->error = type;
	else
		meter_word_set(
			&m->error,
			(struct jpull_text){number.len ? number : STR("error"),
					    false});
}

/* ---- output ---- */

/* Bytes of a string without its escapes, about: what \uXXXX stands for takes
 * one to three. */
static int64_t text_bytes(struct jpull_text t)
{
	const char *p = t.raw.p, *end = t.raw.p + t.raw.len;
	int64_t n = (int64_t)t.raw.len;

	while (t.escaped && p < end &&
	       (p = memchr(p, '\\', (size_t)(end - p))) && p + 1 < end) {
		n -= p[1] == 'u' ? 3 : 1;
		p += p[1] == 'u' ? 6 : 2;
	}
	return n > 0 ? n : 0;
}

void meter_other(struct meter *m, struct jpull_text t)
{
	if (t.raw.len == 0)
		return;
	m->begun = true;
	m->output_bytes += text_bytes(t);
}

void meter_text(struct meter *m, struct jpull_text t, int64_t choice)
{
	meter_other(m, t);
	if (t.raw.len > 0)
		proof_text(&m->proof, t, choice);
}

/* ---- what comes ---- */

void meter_body(struct meter *m, const char *p, size_t n)
{
	buf_add(&m->body, p, n);
	if (buf_ok(&m->body))
		return;
	m->too_long = true;
	m->output_bytes += (int64_t)n;
}

void meter_lost(struct meter *m, int64_t bytes)
{
	m->lost = bytes > 0 ? bytes : 1;
}

void meter_lend(struct meter *m, struct str body)
{
	if (body.len <= BODY_MAX) {
		m->whole = body;
		return;
	}
	m->too_long = true;
	m->output_bytes += (int64_t)body.len;
}

bool meter_event(struct meter *m, const struct sse_event *ev)
{
	if (!ev->whole)
		m->too_long = true;
	if (!ev->whole || !ev->data.p)
		return false;
	switch (m->wire) {
	case WIRE_OPENAI_CHAT:
		return openai_chat_event(m, ev->data);
	case WIRE_OPENAI_RESPONSES:
		openai_responses_event(m, ev->data);
		break;
	case WIRE_ANTHROPIC:
		anthropic_messages_event(m, ev->data);
		break;
	case WIRE_OPENAI_EMBEDDINGS:
	case WIRE_OTHER:
		break;
	}
	return false;
}

/* ---- the end ---- */

static void read_body(struct meter *m)
{
	struct jpull j;
	struct err e;

	if (m->whole.len == 0)
		return;
	jpull_init(&j, m->whole);
	switch (m->wire) {
	case WIRE_OPENAI_CHAT:
	case WIRE_OPENAI_EMBEDDINGS:
		openai_chat_body(m, &j);
		break;
	case WIRE_OPENAI_RESPONSES:
		openai_responses_body(m, &j);
		break;
	case WIRE_ANTHROPIC:
		anthropic_messages_body(m, &j);
		break;
	case WIRE_OTHER:
		return;
	}
	m->ended = jpull_end(&j, &e) == RC_OK;
}

static void no_tokens(struct usage *u)
{
	usage_init(u);
	u->n[USAGE_UNCACHED_IN] = u->n[USAGE_CACHE_READ] = 0;
	u->n[USAGE_CACHE_WRITE_5M] = u->n[USAGE_CACHE_WRITE_1H] = 0;
	u->n[USAGE_OUTPUT] = 0;
}

static void at_least(int64_t *n, int64_t least)
{
	if (*n < least)
		*n = least;
}

/* What nobody said: the prompt by the request's length, the output by what
 * passed. */
static void estimate(const struct meter *m, struct model_reply *out)
{
	struct usage *u = &out->usage;
	int64_t prompt = 0;

	if (m->req)
		prompt = meter_estimate((int64_t)m->req->body_bytes);
	out->quality = QUALITY_ESTIMATED;
	if (m->failed && !m->begun && !out->usage_seen)
		prompt = 0; /* nothing was made */
	if (usage_prompt_total(u) <= 0)
		at_least(&u->n[USAGE_UNCACHED_IN], prompt);
	at_least(&u->n[USAGE_OUTPUT], meter_estimate(m->output_bytes));
	if (m->lost && m->wire != WIRE_OPENAI_EMBEDDINGS)
		at_least(&u->n[USAGE_OUTPUT], meter_estimate(m->lost));
}

static void finish_usage(struct meter *m, struct model_reply *out)
{
	usage_init(&out->usage);
	out->quality = QUALITY_MISSING;
	if (m->wire == WIRE_ANTHROPIC) {
		out->quality = anthropic_said_usage(&m->anthropic, &out->usage);
		out->usage_seen = out->quality != QUALITY_MISSING;
	} else {
		out->quality = openai_usage(&m->openai, &out->usage);
		out->usage_seen = m->openai.seen;
	}
	if (m->searches > 0)
		at_least(&out->usage.n[USAGE_WEB_SEARCH], m->searches);
	if (m->other_tools > 0)
		out->usage.n[USAGE_OTHER_TOOLS] = m->other_tools;
	/* An embedding has no cache and no output: nothing is unknown. */
	if (m->wire == WIRE_OPENAI_EMBEDDINGS && out->usage_seen)
		out->quality = QUALITY_EXACT;
}

static enum attempt_status status_of(const struct meter *m, bool cut)
{
	if (m->status >= 400 || m->failed)
		return ATTEMPT_ERROR;
	if (m->aborted)
		return ATTEMPT_ABORTED;
	if (cut)
		return ATTEMPT_ERROR;
	return m->refused ? ATTEMPT_REFUSED : ATTEMPT_OK;
}

static void finish_error(struct meter *m, bool cut)
{
	char text[16];

	if (m->error.len)
		return;
	if (m->status >= 400) {
		snprintf(text, sizeof(text), "http_%d", m->status);
		meter_word_set(&m->error,
			       (struct jpull_text){str_from(text), false});
	} else if (cut && !m->aborted) {
		meter_word_set(&m->error,
			       (struct jpull_text){STR("truncated"), false});
	}
}

/* Whether the usage that was seen is the last word. */
static bool is_final(const struct meter *m, const struct model_reply *out)
{
	if (!out->usage_seen || m->wire == WIRE_OTHER)
		return m->wire == WIRE_OTHER;
	if (m->whole.len > 0)
		return true;
	if (m->wire == WIRE_ANTHROPIC)
		return m->usage_final;
	return m->ended || m->finish.len > 0;
}

void meter_finish(struct meter *m, bool cut, struct model_reply *out)
{
	bool whole;

	if (m->body.len > 0)
		m->whole = (struct str){m->body.p, m->body.len};
	whole = m->whole.len > 0 || m->too_long;
	*out = (struct model_reply){.reported_cost_pusd = MONEY_NONE};
	if (whole)
		read_body(m);
	/* Some end their streams without their protocol's last event. */
	if (!whole && !cut && m->finish.len > 0 &&
	    m->wire != WIRE_OPENAI_RESPONSES)
		m->ended = true;
	cut = cut || (!m->ended && !m->failed && m->status < 400 &&
		      m->wire != WIRE_OTHER && !m->lost);
	finish_usage(m, out);
	if (m->status >= 400 || m->free_of_charge) {
		no_tokens(&out->usage);
		out->quality = QUALITY_EXACT;
	} else if (!is_final(m, out) || (m->lost && !m->ended)) {
		estimate(m, out);
	}
	finish_error(m, cut);
	out->status = status_of(m, cut);
	out->id = word(&m->id);
	out->model = word(&m->model);
	out->service_tier = word(&m->tier);
	out->finish_reason = word(&m->finish);
	out->error_class = word(&m->error);
	out->reported_cost_pusd = m->openai.cost_pusd;
	out->output_bytes = m->output_bytes;
	out->ended = m->ended;
	proof_finish(m, out);
}
