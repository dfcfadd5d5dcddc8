/* What a request gets: everything is decided here, before the first byte. */
#include <math.h>

#include "ingest/meter_int.h"
#include "ingest/mock_int.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"

enum {
	BLOCK = 512,        /* bytes that are cached or not; 128 tokens */
	CACHE_LEAST = 1024, /* tokens */
	FAMILY_MAX = 100,
	CALL_MAX = 4096
};

static const char *find(struct str s, const char *what)
{
	return s.len ? memmem(s.p, s.len, what, strlen(what)) : NULL;
}

static struct str from(struct str s, const char *p)
{
	return (struct str){p, (size_t)(s.p + s.len - p)};
}

/* ---- words in the prompt ---- */

/* "[[task=42 difficulty=0.7]]", in any order. */
static bool read_mark(struct mock_reply *r, struct str in)
{
	bool found = false;

	while (in.len > 0) {
		struct str w = in;
		size_t n = 0;

		while (n < in.len && in.p[n] != ' ')
			n++;
		w.len = n;
		n += n < in.len;
		in = (struct str){in.p + n, in.len - n};
		if (str_starts(w, "task=") && w.len > 5) {
			r->task = (struct str){w.p + 5, w.len - 5};
			found = true;
		} else if (str_starts(w, "difficulty=")) {
			r->difficulty = json_text_double(
				(struct str){w.p + 11, w.len - 11});
			if (!(r->difficulty >= -10 && r->difficulty <= 10))
				r->difficulty = 0.5;
		}
	}
	return found;
}

static void find_mark(struct mock_reply *r)
{
	struct str s = r->body;
	const char *p, *end;

	while (!r->has_task && (p = find(s, "[["))) {
		struct str in = from(s, p + 2);

		if (in.len > 256)
			in.len = 256;
		end = find(in, "]]");
		if (end && !str_starts(in, "call ")) {
			in.len = (size_t)(end - in.p);
			r->has_task = read_mark(r, in);
		}
		s = from(s, p + 2);
	}
}

/* "[[call NAME {...}]]", in the first prompt, or the newest: clients put
 * prompts of their own before it. */
static void find_call(struct mock_reply *r)
{
	struct str text = r->r.task_text, s, args;
	const char *p = find(text, "[[call ");
	struct err e;
	const char *end;

	if (!p) {
		text = r->r.text;
		p = find(text, "[[call ");
	}
	if (!p || r->r.tool_results > 0)
		return;
	s = from(text, p + 7);
	end = s.len ? memchr(s.p, ' ', s.len) : NULL;
	if (!end)
		return;
	args = from(s, end + 1);
	for (size_t n = 2; n <= args.len && n < CALL_MAX; n++) {
		struct str a = {args.p, n - 2};

		if (args.p[n - 2] != ']' || args.p[n - 1] != ']' ||
		    jpull_check(a, JPULL_MAX_DEPTH, &e) != RC_OK)
			continue;
		r->call_name = (struct str){s.p, (size_t)(end - s.p)};
		r->call_args = a;
		return;
	}
}

/* ---- members that only we look at ---- */

static void read_first_tool(struct mock_reply *r, struct jpull *j)
{
	struct jpull_text key, t;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (str_is(key.raw, "function"))
			read_first_tool(r, j);
		else if (str_is(key.raw, "name") && !r->call_name.p &&
			 jpull_string(j, &t))
			r->call_name = t.raw;
		else if (!str_is(key.raw, "name") || r->call_name.p)
			jpull_skip(j);
	}
}

static void read_tools(struct mock_reply *r, struct jpull *j)
{
	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j)) {
		if (r->b.tool && !r->call_name.p)
			read_first_tool(r, j);
		else
			jpull_skip(j);
	}
	if (r->b.tool && r->call_name.p && !r->call_args.p)
		r->call_args = STR("{\"path\":\"README.md\"}");
}

static bool read_thinking(struct jpull *j)
{
	struct jpull_text key, t;
	bool on = false;

	if (!jpull_enter(j, '{'))
		return false;
	while (jpull_key(j, &key)) {
		if (str_is(key.raw, "type") && jpull_string(j, &t))
			on = !str_is(t.raw, "disabled");
		else if (!str_is(key.raw, "type"))
			jpull_skip(j);
	}
	return on;
}

static void read_include(struct mock_reply *r, struct jpull *j)
{
	struct jpull_text t;

	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j))
		if (jpull_string(j, &t) &&
		    str_is(t.raw, "reasoning.encrypted_content"))
			r->encrypted = true;
}

static void read_more(struct mock_reply *r)
{
	struct jpull_text key, t;
	struct jpull j;
	struct str s;
	int64_t n;

	jpull_init_checked(&j, r->body);
	if (!jpull_enter(&j, '{'))
		return;
	while (jpull_key(&j, &key)) {
		if (str_is(key.raw, "tools")) {
			read_tools(r, &j);
		} else if (str_is(key.raw, "thinking")) {
			r->thinking = read_thinking(&j);
		} else if (str_is(key.raw, "include")) {
			read_include(r, &j);
		} else if (str_is(key.raw, "top_logprobs")) {
			if (jpull_number(&j, &s) && str_i64(s, &n) && n >= 0)
				r->top = n < 20 ? (int)n : 20;
		} else if (str_is(key.raw, "service_tier")) {
			if (jpull_string(&j, &t) && (str_is(t.raw, "flex") ||
						     str_is(t.raw, "priority")))
				r->tier = t.raw;
		} else {
			jpull_skip(&j);
		}
	}
}

/* ---- families ---- */

static struct str family(struct str model)
{
	const char *p = model.p + model.len;

	if (model.len > 3 && p[-3] == '-' && p[-2] >= '0' && p[-2] <= '9' &&
	    p[-1] >= '0' && p[-1] <= '9')
		model.len -= 3;
	if (model.len > FAMILY_MAX)
		model.len = FAMILY_MAX;
	return model;
}

/* What only the family that made it can read must be our own. */
static bool foreign(const struct mock_reply *r)
{
	struct str s = r->body;
	const char *p;

	while ((p = find(s, "mocksig:"))) {
		s = from(s, p + 8);
		if (s.len <= r->family.len ||
		    memcmp(s.p, r->family.p, r->family.len) != 0 ||
		    s.p[r->family.len] != ':')
			return true;
	}
	return false;
}

/* ---- tokens ---- */

static const char *prompt_start(struct str body)
{
	static const char *const names[] = {"\"system\"", "\"instructions\"",
					    "\"messages\"", "\"input\""};
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *p = find(body, names[i]);

		if (p && (!first || p < first))
			first = p;
	}
	return first ? first : body.p;
}

/* How many blocks of this prompt were seen before, from its beginning on; all
 * of them are from now. */
static int64_t look_up(struct mock_reply *r, int64_t *blocks)
{
	struct mock *m = r->m;
	struct str s = from(r->body, prompt_start(r->body));
	uint64_t h = mock_hash(m->conf->seed, r->r.model.p, r->r.model.len);
	int64_t hits = 0;

	*blocks = 0;
	for (; s.len >= BLOCK; s.p += BLOCK, s.len -= BLOCK, ++*blocks) {
		uint64_t *slot;

		h = mock_hash(h, s.p, BLOCK);
		slot = &m->seen[h & (MOCK_SEEN - 1)];
		if (*slot == h && hits == *blocks)
			hits++;
		*slot = h;
	}
	return hits;
}

static void count_prompt(struct mock_reply *r)
{
	int64_t total = meter_estimate((int64_t)r->body.len), blocks, read;

	r->in = total;
	if (r->m->conf->no_cache || r->wire == WIRE_OPENAI_EMBEDDINGS)
		return;
	if (r->wire == WIRE_ANTHROPIC && !find(r->body, "\"cache_control\""))
		return;
	read = look_up(r, &blocks) * (BLOCK / 4);
	r->cached = read >= CACHE_LEAST ? read : 0;
	if (r->wire == WIRE_ANTHROPIC && blocks * (BLOCK / 4) >= CACHE_LEAST) {
		int64_t written = blocks * (BLOCK / 4) - r->cached;

		if (find(r->body, "\"1h\""))
			r->w1 = written;
		else
			r->w5 = written;
	}
	r->in = total - r->cached - r->w5 - r->w1;
}

static void count_output(struct mock_reply *r)
{
	const struct mock_conf *c = r->m->conf;
	double u = mock_unit(mock_mix(r->key, 11));
	int64_t max = r->r.max_output;

	r->words = 1 + (int)(c->tokens * (0.5 + u));
	if (r->b.loop && r->words < 300)
		r->words = 300;
	if (r->thinking || r->encrypted)
		r->reasoning = 16 + (int64_t)(mock_mix(r->key, 12) % 64);
	if (r->call_name.p)
		r->words = 1 + (int)meter_estimate((int64_t)r->call_args.len);
	else if (max >= 0 && max < r->words) {
		r->words = max > 0 ? (int)max : 1;
		r->b.length = true;
	}
	r->out = r->words + r->reasoning;
}

/* As it was then. */
static void play(struct mock_reply *r)
{
	const struct mock_line *l = r->line;

	if (l->success >= 0)
		r->pass = l->success;
	if (l->cached >= 0)
		r->cached = l->cached;
	if (l->in >= 0) {
		r->in = l->in - (l->cached > 0 ? l->cached : 0);
		r->w5 = r->w1 = 0;
		if (l->cached < 0)
			r->cached = 0;
	}
	if (l->reasoning >= 0)
		r->reasoning = l->reasoning;
	if (l->text.p)
		r->words = 1;
	if (l->n_logprobs > 0)
		r->words = l->n_logprobs;
	if (l->out >= 0)
		r->out = l->out;
	if (l->status >= 400) {
		r->b.act = MOCK_STATUS;
		r->b.status = l->status;
	}
	r->b.delay_us += l->delay_us;
}

/* ---- what goes wrong ---- */

static bool by_name(struct mock_reply *r)
{
	struct str model = r->r.model;
	const char *plus = model.len ? memrchr(model.p, '+', model.len) : NULL;

	if (plus)
		return mock_behaviour_read(&r->b, from(model, plus + 1));
	if (str_starts(model, "mock-"))
		return mock_behaviour_read(&r->b, from(model, model.p + 5));
	return false;
}

/* How often this body came before. */
static int tries(struct mock_reply *r)
{
	struct mock *m = r->m;
	size_t i = r->key & (MOCK_TRIES - 1);

	if (m->tries[i].key != r->key) {
		m->tries[i].key = r->key;
		m->tries[i].n = 0;
	}
	return m->tries[i].n++;
}

static void by_rate(struct mock_reply *r, int tried)
{
	static const char *const names[MOCK_RATE_N] = {
		[MOCK_RATE_429] = "429",     [MOCK_RATE_500] = "500",
		[MOCK_RATE_529] = "529",     [MOCK_RATE_CUT] = "cut",
		[MOCK_RATE_RESET] = "reset", [MOCK_RATE_STALL] = "stall"};
	double u = mock_unit(mock_mix(r->key, 100 + (uint64_t)tried));

	for (int i = 0; i < MOCK_RATE_N; i++) {
		u -= r->m->conf->rate[i];
		if (u < 0) {
			mock_behaviour_read(&r->b, str_from(names[i]));
			return;
		}
	}
}

static void choose_behaviour(struct mock_reply *r)
{
	const struct mock_conf *c = r->m->conf;
	struct str header = http_header(r->req, "x-mock");
	int tried = tries(r);

	mock_behaviour_init(&r->b);
	if (header.len)
		mock_behaviour_read(&r->b, header);
	else if (!by_name(r) && c->behave)
		mock_behaviour_read(&r->b, str_from(c->behave));
	else if (r->b.act == MOCK_OK)
		by_rate(r, tried);
	if (r->b.once > 0 && tried >= r->b.once)
		mock_behaviour_init(&r->b);
}

static const char *finish_word(const struct mock_reply *r)
{
	bool anthropic = r->wire == WIRE_ANTHROPIC;

	if (r->b.refuse || r->b.filter)
		return anthropic ? "refusal" : "content_filter";
	if (r->call_name.p)
		return anthropic ? "tool_use" : "tool_calls";
	if (r->b.length)
		return anthropic ? "max_tokens" : "length";
	return anthropic ? "end_turn" : "stop";
}

static void name_it(struct mock_reply *r)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	const char *prefix = r->wire == WIRE_ANTHROPIC          ? "msg_"
			     : r->wire == WIRE_OPENAI_RESPONSES ? "resp_"
								: "chatcmpl-";
	uint64_t h = ++r->m->numbered;
	int n = snprintf(r->id, sizeof(r->id), "%sa1", prefix);

	/* Two words of it, so that none ever recurs. */
	for (int word = 0; word < 2; word++) {
		uint64_t x =
			mock_mix(mock_mix(r->m->conf->seed, h), (uint64_t)word);

		for (int i = 0; i < 11; i++, x /= 36)
			r->id[n++] = digits[x % 36];
	}
	r->id[n] = 0;
}

enum rc mock_plan(struct mock_reply *r, struct err *e)
{
	const struct mock_conf *c = r->m->conf;
	enum rc rc = model_request_read(&r->r, r->wire, r->body, &r->arena, e);

	name_it(r);
	r->created = clock_now_us() / US_PER_SEC;
	if (rc != RC_OK)
		return rc;
	r->key = mock_hash(c->seed, r->body.p, r->body.len);
	r->tier = STR("default");
	r->difficulty = 0.5;
	choose_behaviour(r);
	find_call(r);
	read_more(r);
	find_mark(r);
	r->family = family(r->r.model);
	if (foreign(r))
		return err_set(e, RC_BAD,
			       r->wire == WIRE_ANTHROPIC
				       ? "Invalid `signature` in `thinking` "
					 "block"
				       : "The encrypted content could not be "
					 "verified");
	r->wants_json = r->r.format != FORMAT_ANY && !r->call_name.p;
	count_prompt(r);
	count_output(r);
	r->pass = true;
	if (r->has_task) {
		r->line = mock_script_find(&r->m->script, r->task, r->r.model);
		r->pass = mock_verdict(c, r->task, r->r.model, r->difficulty);
	}
	if (r->line)
		play(r);
	r->finish = finish_word(r);
	return RC_OK;
}

/* ---- text ---- */

static const char *const words[64] = {
	"the",    "of",     "a",      "to",     "and",     "in",     "is",
	"that",   "it",     "for",    "with",   "as",      "was",    "on",
	"file",   "test",   "call",   "value",  "line",    "result", "list",
	"name",   "first",  "error",  "type",   "return",  "change", "reads",
	"checks", "adds",   "module", "then",   "loop",    "index",  "key",
	"each",   "second", "parse",  "string", "number",  "where",  "field",
	"state",  "again",  "small",  "large",  "new",     "old",    "order",
	"before", "after",  "under",  "above",  "between", "record", "page",
	"price",  "total",  "sum",    "cost",   "task",    "step",   "model",
	"end"};

static void word(const struct mock_reply *r, int i, struct buf *out)
{
	uint64_t h = mock_mix(r->key, 1000 + (uint64_t)i);

	if (i > 0)
		buf_addc(out, ' ');
	buf_adds(out, r->b.loop ? "again" : words[h & 63]);
}

void mock_token(const struct mock_reply *r, int i, struct buf *out)
{
	bool last = i == r->words - 1;

	if (r->b.refuse) {
		buf_adds(out, i == 0 ? "I cannot help with that." : "");
		return;
	}
	if (r->line && r->line->text.p) {
		if (i == 0)
			buf_add(out, r->line->text.p, r->line->text.len);
		return;
	}
	if (i == 0 && r->wants_json)
		buf_adds(out, "{\"answer\": \"");
	if (i == 0 && r->has_task)
		buf_addf(out, "[[verdict=%s task=%.*s model=%.*s]] ",
			 r->pass ? "pass" : "fail", STR_ARG(r->task),
			 STR_ARG(r->r.model));
	word(r, i, out);
	if (last && r->wants_json && !r->b.bad_json && !r->b.length)
		buf_adds(out, "\"}");
}

/* Exponential: 0.1 on average where the verdict is good, else 0.5. The
 * alternatives share what the chosen token leaves. */
double mock_logprob(const struct mock_reply *r, int i, int alternative)
{
	double u, l;

	if (r->line && i < r->line->n_logprobs)
		l = (double)r->line->logprobs[i];
	else {
		u = mock_unit(mock_mix(r->key, 500000 + (uint64_t)i));
		l = log(1 - u) * (r->pass ? 0.1 : 0.5);
	}
	if (l < -20)
		l = -20;
	if (alternative == 0)
		return l;
	u = (1 - exp(l)) / pow(2, alternative);
	return u > 1e-9 ? log(u) : -20;
}
