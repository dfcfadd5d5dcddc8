/* What all protocols say in the same way, and what is made of it at the end.
 * The body is read once, from its first byte to its last. */
#include <math.h>
#include <strings.h>

#include "ingest/facts.h"
#include "ingest/meter_int.h"
#include "ledger/hash.h"

enum {
	MODEL_NAME_MAX = 512,
	ARGS_MAX = 64 << 10,
	PIECE_HEAD = 2 << 10, /* of one text, for the hash of the head */
	COUNT_MAX = INT32_MAX,
	SAMPLES_MAX = 1024,
	SAMPLES_ODD = 128 /* the most that a provider makes */
};

/* ---- values ---- */

struct str ask_string(struct ask *a)
{
	struct jpull_text t;

	if (!jpull_string(&a->j, &t))
		return STR_NONE;
	return jpull_text(t, a->arena);
}

bool ask_true(struct jpull *j)
{
	bool b;

	return jpull_bool(j, &b) && b;
}

struct str ask_raw(struct jpull *j)
{
	struct str s;

	jpull_type(j); /* stands at its first byte now */
	s.p = j->x.p;
	jpull_skip(j);
	s.len = j->x.p > s.p ? (size_t)(j->x.p - s.p) : 0;
	return s;
}

/* How many are wanted at most: a fraction counts up. -1: not said. *odd: said
 * in a way that servers read as they like ("5", true). */
static int64_t ask_count(struct jpull *j, bool *odd)
{
	struct str s;
	double d;

	*odd = jpull_type(j) != JPULL_NULL;
	if (!jpull_number(j, &s)) /* skipped */
		return -1;
	*odd = false;
	d = ceil(json_text_double(s));
	return d < 0 ? -1 : d < COUNT_MAX ? (int64_t)d : COUNT_MAX;
}

/* n bytes of a JSON string's inside, or fewer: no escape and no character is
 * cut. */
static struct str cut(struct str raw, size_t n)
{
	const char *p = raw.p, *end;

	if (raw.len <= n)
		return raw;
	end = p + n;
	while (end > p && ((unsigned char)*end & 0xc0) == 0x80)
		end--;
	for (;;) {
		const char *esc = memchr(p, '\\', (size_t)(end - p));
		size_t len;

		if (!esc)
			break;
		len = esc + 1 < raw.p + raw.len && esc[1] == 'u' ? 6 : 2;
		if ((size_t)(end - esc) < len) {
			end = esc;
			break;
		}
		p = esc + len;
	}
	return (struct str){raw.p, (size_t)(end - raw.p)};
}

/* ---- messages ---- */

enum ask_role ask_role(struct jpull_text t)
{
	if (ask_is(t, "user"))
		return ASK_USER;
	if (ask_is(t, "system") || ask_is(t, "developer"))
		return ASK_SYSTEM;
	return ASK_ASSISTANT;
}

void ask_message(struct ask *a, enum ask_role role)
{
	if (a->r->messages < INT32_MAX)
		a->r->messages++;
	if (role == ASK_ASSISTANT)
		a->head_over = true;
}

static void add_piece(struct ask_pieces *p, struct jpull_text t)
{
	if (p->n < ASK_PIECES)
		p->piece[p->n++] = t;
}

/* The beginning of the conversation is known by its texts alone: marks for
 * caching move from turn to turn, and so does what Claude Code puts in front of
 * its system prompt. */
static void add_head(struct ask *a, enum ask_role role, struct jpull_text t)
{
	struct str s = cut(t.raw, PIECE_HEAD);

	if (a->head_over || str_starts(t.raw, "x-anthropic-billing-header"))
		return;
	if (a->head.len + s.len + 32 > a->head.max)
		return;
	buf_addf(&a->head, "%c%zu:", role == ASK_SYSTEM ? 's' : 'u', t.raw.len);
	buf_add(&a->head, s.p, s.len);
}

void ask_text(struct ask *a, enum ask_role role, struct jpull_text t)
{
	int message = a->r->messages;

	if (role == ASK_ASSISTANT || t.raw.len == 0)
		return;
	add_head(a, role, t);
	if (role == ASK_SYSTEM) {
		add_piece(&a->system, t);
		return;
	}
	if (a->newest.message != message)
		a->newest = (struct ask_pieces){.message = message};
	add_piece(&a->newest, t);
	if (!a->first.message)
		a->first.message = message;
	if (a->first.message == message)
		add_piece(&a->first, t);
}

/* ---- tools ---- */

static bool same(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.p, b.p, a.len));
}

void ask_note_call(struct ask *a, const struct ask_call *c)
{
	if (a->call.there && same(a->call.name.raw, c->name.raw) &&
	    same(a->call.args, c->args))
		a->r->repeats++;
	else
		a->r->repeats = 0;
	a->call = *c;
	a->call.there = true;
}

void ask_note_result(struct ask *a, bool failed)
{
	a->r->tool_results++;
	a->r->tool_errors += failed;
	a->r->error_streak = failed ? a->r->error_streak + 1 : 0;
}

void ask_opaque(struct ask *a, const char *why)
{
	if (!a->r->opaque)
		a->r->opaque_why = why;
	a->r->opaque = true;
}

/* ---- at the end ---- */

static struct str join(struct arena *arena, const struct ask_pieces *p,
		       size_t max)
{
	size_t total = 0, n = 0;
	char *out;

	if (p->n == 0)
		return STR_NONE;
	if (p->n == 1) {
		struct jpull_text t = p->piece[0];

		t.raw = cut(t.raw, max);
		return jpull_text(t, arena);
	}
	for (int i = 0; i < p->n; i++)
		total += p->piece[i].raw.len + 1;
	out = arena_alloc(arena, total < max ? total : max);
	for (int i = 0; out && i < p->n && n < max; i++) {
		struct jpull_text t = p->piece[i];
		struct str s;

		t.raw = cut(t.raw, max - n - (n > 0));
		s = jpull_text(t, arena);
		if (n > 0)
			out[n++] = '\n';
		if (s.len > 0)
			memcpy(out + n, s.p, s.len);
		n += s.len;
	}
	return out ? (struct str){out, n} : STR_NONE;
}

static void finish_call(struct ask *a)
{
	const struct ask_call *c = &a->call;
	struct jpull_text args = {c->args, c->args_escaped};
	struct model_request *r = a->r;
	struct json_doc doc;
	struct str text;

	if (!c->there)
		return;
	r->last_tool = jpull_text(c->name, a->arena);
	if (c->args.len > ARGS_MAX)
		return;
	text = c->args_text ? jpull_text(args, a->arena) : c->args;
	r->last_call = proof_call_id(r->last_tool, text);
	if (!text.len || text.p[0] != '{')
		return;
	json_doc_init(&doc, 1 << 20);
	r->last_command = facts_command(text, &doc, a->arena);
	if (r->last_command.p)
		r->last_command = arena_str(a->arena, r->last_command);
	json_doc_release(&doc);
}

static void finish(struct ask *a)
{
	struct model_request *r = a->r;
	uint8_t md[32];

	if (a->no_max)
		r->max_output = -1;
	r->text = join(a->arena, &a->newest, MODEL_TEXT_MAX);
	r->task_text = a->first.message == a->newest.message
			       ? r->text
			       : join(a->arena, &a->first, MODEL_TEXT_MAX);
	r->system = join(a->arena, &a->system, MODEL_SYSTEM_MAX);
	if (r->messages > 0) {
		hash_sha256(a->head.p, a->head.len, md);
		memcpy(r->head_hash.b, md, sizeof(r->head_hash.b));
	}
	finish_call(a);
	if (r->previous.len) {
		ask_opaque(a, "a stored response");
		r->stored_context = true;
	}
}

/* ---- members that more than one protocol has ---- */

static struct model_span span(const struct ask *a, struct str raw)
{
	return (struct model_span){(size_t)(raw.p - a->body.p), raw.len};
}

static void read_stream_options(struct ask *a)
{
	struct jpull_text key;
	struct jpull in = a->j;

	a->r->stream_options = span(a, ask_raw(&a->j));
	if (!jpull_enter(&in, '{'))
		return;
	while (jpull_key(&in, &key)) {
		struct jpull value = in;
		struct str raw = ask_raw(&in);

		if (!ask_is(key, "include_usage"))
			continue;
		a->r->usage_flag = span(a, raw);
		a->r->include_usage = ask_true(&value);
	}
}

static void read_model(struct ask *a)
{
	struct model_request *r = a->r;
	struct jpull_text t;

	if (!jpull_string(&a->j, &t))
		return;
	r->model = jpull_text(t, a->arena);
	r->model_at = (size_t)(t.raw.p - a->body.p);
	r->model_len = t.raw.len;
}

/* {"type":"json_object"} or {"type":"json_schema", ...}, the schema inside or
 * one level further in. */
static void read_format(struct ask *a)
{
	struct model_request *r = a->r;
	struct jpull_text key, type;

	if (!jpull_enter(&a->j, '{'))
		return;
	while (jpull_key(&a->j, &key)) {
		if (ask_is(key, "format")) { /* of `text` */
			read_format(a);
		} else if (ask_is(key, "type")) {
			if (!jpull_string(&a->j, &type))
				continue;
			if (ask_is(type, "json_object"))
				r->format = FORMAT_JSON;
			else if (ask_is(type, "json_schema"))
				r->format = FORMAT_SCHEMA;
		} else if (ask_is(key, "json_schema")) {
			read_format(a);
		} else if (ask_is(key, "schema")) {
			r->schema = ask_raw(&a->j);
		} else {
			jpull_skip(&a->j);
		}
	}
}

static void read_tools(struct ask *a)
{
	struct jpull_text key;

	if (!jpull_enter(&a->j, '['))
		return;
	while (jpull_item(&a->j)) {
		a->r->tools++;
		if (a->r->wire != WIRE_ANTHROPIC) {
			jpull_skip(&a->j);
			continue;
		}
		if (!jpull_enter(&a->j, '{'))
			continue;
		while (jpull_key(&a->j, &key)) {
			a->r->caches |= ask_is(key, "cache_control");
			jpull_skip(&a->j);
		}
	}
}

/* What decides where a call goes and what it costs may not be said twice: two
 * readers could believe two things. */
static bool once(struct ask *a, struct jpull_text key)
{
	static const char *const names[] = {
		"model",      "stream",      "stream_options",
		"max_tokens", "n",           "max_completion_tokens",
		"messages",   "input",       "max_output_tokens",
		"tools",      "system",      "instructions",
		"metadata",   "service_tier"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (key.raw.len != strlen(names[i]) ||
		    strncasecmp(key.raw.p, names[i], key.raw.len) != 0)
			continue;
		if (!ask_is(key, names[i])) {
			/* Some servers take it for the same. */
			err_set(a->e, RC_BAD,
				"the body says \"%.*s\" for "
				"\"%s\"",
				STR_ARG(key.raw), names[i]);
			a->bad = true;
			return false;
		}
		if (a->seen & 1u << i) {
			err_set(a->e, RC_BAD, "the body has \"%s\" twice",
				names[i]);
			a->bad = true;
			return false;
		}
		a->seen |= 1u << i;
	}
	return true;
}

static void most(int64_t *max, int64_t n)
{
	if (n > *max)
		*max = n;
}

static bool read_number(struct ask *a, struct jpull_text key)
{
	struct model_request *r = a->r;
	int64_t n;
	bool odd;

	if (ask_is(key, "max_tokens") || ask_is(key, "max_output_tokens") ||
	    ask_is(key, "max_completion_tokens")) {
		most(&r->max_output, ask_count(&a->j, &odd));
		a->no_max |= odd;
	} else if (ask_is(key, "n")) {
		n = ask_count(&a->j, &odd);
		if (odd)
			n = SAMPLES_ODD;
		r->n = n > 1 ? n < SAMPLES_MAX ? (int)n : SAMPLES_MAX : 1;
	} else {
		return false;
	}
	return true;
}

static bool read_common(struct ask *a, struct jpull_text key)
{
	struct model_request *r = a->r;
	struct str s;

	if (ask_is(key, "model")) {
		read_model(a);
	} else if (ask_is(key, "stream")) {
		r->stream = ask_true(&a->j);
	} else if (ask_is(key, "stream_options")) {
		read_stream_options(a);
	} else if (ask_is(key, "metadata")) {
		ask_metadata(a);
	} else if (ask_is(key, "prompt_cache_key")) {
		s = ask_string(a);
		if (s.len && !r->session.len)
			r->session = s;
	} else if (ask_is(key, "tools")) {
		read_tools(a);
	} else if (ask_is(key, "logprobs")) {
		r->logprobs = ask_true(&a->j);
	} else if (ask_is(key, "response_format") || ask_is(key, "text")) {
		read_format(a);
	} else if (ask_is(key, "service_tier")) {
		s = ask_string(a);
		if (s.len && !a->r->service.len)
			r->service = s;
	} else if (ask_is(key, "speed")) {
		s = ask_string(a);
		if (str_is(s, "fast"))
			r->service = s;
	} else if (ask_is(key, "previous_response_id")) {
		r->previous = ask_string(a);
	} else if (ask_is(key, "conversation") &&
		   jpull_type(&a->j) != JPULL_NULL) {
		ask_conversation(a);
	} else {
		return read_number(a, key);
	}
	return true;
}

static bool read_own(struct ask *a, struct jpull_text key)
{
	switch (a->r->wire) {
	case WIRE_OPENAI_CHAT:
		return openai_chat_ask(a, key);
	case WIRE_OPENAI_RESPONSES:
		return openai_responses_ask(a, key);
	case WIRE_ANTHROPIC:
		return anthropic_messages_ask(a, key);
	case WIRE_OPENAI_EMBEDDINGS:
	case WIRE_OTHER:
		break;
	}
	return false;
}

static enum rc read_body(struct ask *a)
{
	struct jpull_text key;
	enum rc rc;

	if (jpull_type(&a->j) != JPULL_OBJECT) {
		jpull_skip(&a->j);
		rc = jpull_end(&a->j, a->e);
		return rc != RC_OK ? rc
				   : err_set(a->e, RC_BAD,
					     "the body is not a JSON object");
	}
	jpull_enter(&a->j, '{');
	a->r->object_at = (size_t)(a->j.x.p - a->body.p);
	while (!a->bad && jpull_key(&a->j, &key)) {
		/* "mod\u0065l" is a model to those who read it. */
		if (key.escaped) {
			key.raw = jpull_text(key, a->arena);
			if (!key.raw.len)
				return err_set(a->e, RC_BAD,
					       "too many names in escapes");
		}
		if (!once(a, key))
			return RC_BAD;
		if (!read_own(a, key) && !read_common(a, key))
			jpull_skip(&a->j);
	}
	return jpull_end(&a->j, a->e);
}

enum rc model_request_read(struct model_request *r, enum wire wire,
			   struct str body, struct arena *arena, struct err *e)
{
	struct ask a = {.r = r, .arena = arena, .body = body, .e = e};
	enum rc rc;

	*r = (struct model_request){
		.wire = wire, .max_output = -1, .n = 1, .body_bytes = body.len};
	buf_init(&a.head, ASK_HEAD_BYTES);
	jpull_init(&a.j, body);
	rc = read_body(&a);
	if (rc == RC_OK && wire != WIRE_OTHER) {
		if (!r->model.len)
			rc = err_set(e, RC_BAD, "the body names no \"model\"");
		else if (r->model.len > MODEL_NAME_MAX)
			rc = err_set(e, RC_BAD,
				     "\"model\" is longer than %d bytes",
				     MODEL_NAME_MAX);
	}
	if (rc == RC_OK)
		finish(&a);
	buf_release(&a.head);
	return rc;
}
