/* The mock provider behind its routes: replies as they were planned, whole or
 * in steps, or as they go wrong. */
#include "ingest/mock.h"

#include <errno.h>
#include <stdlib.h>

#include "ingest/mock_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"

enum {
	BODY_MAX = 64 << 20,
	PIECE = 32 << 10, /* of a stream that is sent without a pause */
	ARENA_MAX = 1 << 20
};

static void go_on(void *arg);

/* ---- one reply ---- */

static void reply_free(struct mock_reply *r)
{
	struct mock *m = r->m;

	if (r->prev)
		r->prev->next = r->next;
	else
		m->open = r->next;
	if (r->next)
		r->next->prev = r->prev;
	m->counts.open--;
	loop_timer_free(r->timer);
	arena_release(&r->arena);
	free(r);
}

static struct mock_reply *reply_new(struct mock *m, struct http_req *req,
				    enum wire wire)
{
	struct mock_reply *r = xcalloc(1, sizeof(*r));

	r->m = m;
	r->req = req;
	r->wire = wire;
	r->body = http_body(req);
	arena_init(&r->arena, ARENA_MAX);
	r->next = m->open;
	if (m->open)
		m->open->prev = r;
	m->open = r;
	m->counts.requests++;
	if (++m->counts.open > m->counts.open_most)
		m->counts.open_most = m->counts.open;
	return r;
}

/* A line of what was done, for who compares. */
static void note(const struct mock_reply *r, int status, bool whole)
{
	struct mock *m = r->m;
	struct json_out o;
	struct buf b;

	if (status >= 400)
		m->counts.errors++;
	else if (!whole)
		m->counts.cut++;
	if (status < 400 && whole) {
		m->counts.in += r->in;
		m->counts.cached += r->cached;
		m->counts.written += r->w5 + r->w1;
		m->counts.out += r->out;
	}
	if (!m->log)
		return;
	buf_init(&b, 1 << 16);
	json_out_init(&o, &b);
	json_out_obj(&o, NULL);
	json_out_str(&o, "id", str_from(r->id));
	json_out_str(&o, "model", r->r.model);
	json_out_i64(&o, "status", status);
	json_out_bool(&o, "stream", r->r.stream);
	json_out_bool(&o, "whole", whole);
	if (r->has_task) {
		json_out_str(&o, "task", r->task);
		json_out_bool(&o, "success", r->pass);
	}
	json_out_i64(&o, "uncached_in", r->in);
	json_out_i64(&o, "cache_read", r->cached);
	json_out_i64(&o, "cache_write_5m", r->w5);
	json_out_i64(&o, "cache_write_1h", r->w1);
	json_out_i64(&o, "output", r->out);
	json_out_i64(&o, "reasoning", r->reasoning);
	json_out_end(&o, '}');
	fprintf(m->log, "%s\n", buf_str(&b));
	fflush(m->log);
	buf_release(&b);
}

static void over(struct mock_reply *r, int status, bool whole)
{
	note(r, status, whole);
	reply_free(r);
}

static void say_id(struct mock_reply *r)
{
	const char *dash = strpbrk(r->id, "-_");

	http_reply_header(r->req,
			  r->wire == WIRE_ANTHROPIC ? "request-id"
						    : "x-request-id",
			  str_from(dash ? dash + 1 : r->id));
}

static void say_retry(struct mock_reply *r)
{
	char text[32];

	if (r->b.should_retry >= 0)
		http_reply_header(r->req, "x-should-retry",
				  r->b.should_retry ? STR("true")
						    : STR("false"));
	if (r->b.retry_ms < 0)
		return;
	if (r->b.say_ms) {
		snprintf(text, sizeof(text), "%lld", (long long)r->b.retry_ms);
		http_reply_header(r->req, "retry-after-ms", str_from(text));
	}
	snprintf(text, sizeof(text), "%lld",
		 (long long)(r->b.retry_ms + 999) / 1000);
	http_reply_header(r->req, "retry-after", str_from(text));
}

static void fail(struct mock_reply *r, int status, const char *type,
		 const struct err *e)
{
	struct buf b;

	buf_init(&b, 4096);
	wire_error(r->wire, status, type, e, &b);
	say_id(r);
	say_retry(r);
	http_reply(r->req, status, "application/json",
		   (struct str){buf_str(&b), b.len});
	buf_release(&b);
	over(r, status, true);
}

static bool wire_streams(const struct mock_reply *r)
{
	return r->r.stream && r->wire != WIRE_OPENAI_EMBEDDINGS;
}

static const char *content_type(const struct mock_reply *r)
{
	return wire_streams(r) ? "text/event-stream; charset=utf-8"
			       : "application/json";
}

/* Half of the body, in a frame that says there is more. */
static void send_half(struct mock_reply *r, const struct buf *b)
{
	http_reply_begin(r->req, 200, content_type(r));
	http_reply_chunk(r->req, buf_str(b), b->len / 2);
}

static void send_whole(struct mock_reply *r)
{
	struct buf b;

	buf_init(&b, BODY_MAX);
	mock_whole(r, &b);
	say_id(r);
	switch (r->b.act) {
	case MOCK_CUT: /* framed well, but not all of it */
		http_reply(r->req, 200, "application/json",
			   (struct str){buf_str(&b), b.len / 2});
		over(r, 200, false);
		break;
	case MOCK_RESET:
	case MOCK_ERROR_MID:
		send_half(r, &b);
		http_drop(r->req);
		over(r, 200, false);
		break;
	case MOCK_STALL_MID:
		send_half(r, &b);
		break;
	case MOCK_OK:
	case MOCK_STATUS:
	case MOCK_STALL:
	case MOCK_RESET_EARLY:
	case MOCK_GARBAGE:
	case MOCK_HTML:
	case MOCK_ERROR_200:
	case MOCK_EMPTY:
		http_reply(r->req, 200, "application/json",
			   (struct str){buf_str(&b), b.len});
		over(r, 200, true);
	}
	buf_release(&b);
}

/* ---- streams ---- */

/* So long after the last one was due, not after it fired: a moment without a
 * processor passes, where otherwise all streams that it held up would go on in
 * step from then on, and each would be longer. More than a whole step is not
 * made up for. */
static void set_timer(struct mock_reply *r, int64_t us)
{
	int64_t now = clock_mono_us();

	if (!r->timer) {
		r->timer = loop_timer_new(r->m->loop, go_on, r);
		r->due_us = now;
	}
	r->due_us += us;
	if (r->due_us < now)
		r->due_us = now;
	loop_timer_set(r->timer, r->due_us - now);
}

/* The place has come where it goes wrong. True: it did. */
static bool goes_wrong(struct mock_reply *r)
{
	struct err e;
	struct buf b;

	if (r->b.act == MOCK_OK || r->step < r->b.after)
		return false;
	switch (r->b.act) {
	case MOCK_CUT:
		http_reply_end(r->req);
		over(r, 200, false);
		return true;
	case MOCK_RESET:
		http_drop(r->req);
		over(r, 200, false);
		return true;
	case MOCK_STALL_MID:
		return true;
	case MOCK_ERROR_MID:
		buf_init(&b, 4096);
		err_set(&e, RC_DOWN, "Overloaded");
		wire_error_event(r->wire, 529, "overloaded_error", &e, &b);
		http_reply_chunk(r->req, buf_str(&b), b.len);
		http_reply_end(r->req);
		buf_release(&b);
		over(r, 200, false);
		return true;
	case MOCK_OK:
	case MOCK_STATUS:
	case MOCK_STALL:
	case MOCK_RESET_EARLY:
	case MOCK_GARBAGE:
	case MOCK_HTML:
	case MOCK_ERROR_200:
	case MOCK_EMPTY:
		break;
	}
	return false;
}

/* Steps until a pause, the peer's, ours, or the end. */
static void pump(struct mock_reply *r)
{
	const struct mock_time *gap = &r->m->conf->gap;
	bool pauses = gap->a > 0, more = true, room = true;
	struct buf b;

	buf_init(&b, BODY_MAX);
	while (more && room && !goes_wrong(r)) {
		more = mock_step(r, &b);
		if (more && !pauses && b.len < PIECE &&
		    (r->b.act == MOCK_OK || r->step < r->b.after))
			continue;
		room = http_reply_chunk(r->req, buf_str(&b), b.len);
		buf_clear(&b);
		if (!more) {
			http_reply_end(r->req);
			over(r, 200, true);
		} else if (pauses) {
			uint64_t h = mock_mix(r->key, 7 + (uint64_t)r->step);

			set_timer(r, mock_time_us(gap, mock_unit(h)));
			break;
		}
	}
	buf_release(&b);
}

static void begin_stream(struct mock_reply *r)
{
	r->m->counts.streams++;
	say_id(r);
	http_reply_header(r->req, "cache-control", STR("no-cache"));
	http_reply_begin(r->req, 200, content_type(r));
	pump(r);
}

/* ---- replies that are none ---- */

static void odd(struct mock_reply *r)
{
	static const char page[] = "<!DOCTYPE html><html><body>"
				   "<h1>502 Bad Gateway</h1></body></html>";
	struct err e;
	struct buf b;

	buf_init(&b, 4096);
	if (r->b.act == MOCK_GARBAGE) {
		http_reply(r->req, 200, content_type(r),
			   STR("}{\x01 this is no reply\n\ndata: {\"a\":\n\n"));
	} else if (r->b.act == MOCK_HTML) {
		http_reply(r->req, 200, "text/html; charset=utf-8", STR(page));
	} else if (r->b.act == MOCK_ERROR_200) {
		err_set(&e, RC_DOWN, "The server had an error");
		wire_error(r->wire, 500, NULL, &e, &b);
		http_reply(r->req, 200, "application/json",
			   (struct str){buf_str(&b), b.len});
	} else {
		http_reply(r->req, 200, content_type(r), STR(""));
	}
	buf_release(&b);
	over(r, 200, false);
}

static void act(struct mock_reply *r)
{
	struct err e;

	switch (r->b.act) {
	case MOCK_STATUS:
		err_set(&e, RC_DOWN, "The mock was told to fail with %d",
			r->b.status);
		fail(r, r->b.status, r->b.type, &e);
		break;
	case MOCK_STALL:
		break;
	case MOCK_RESET_EARLY:
		http_drop(r->req);
		over(r, 200, false);
		break;
	case MOCK_GARBAGE:
	case MOCK_HTML:
	case MOCK_ERROR_200:
	case MOCK_EMPTY:
		odd(r);
		break;
	case MOCK_OK:
	case MOCK_STALL_MID:
	case MOCK_CUT:
	case MOCK_RESET:
	case MOCK_ERROR_MID:
		if (wire_streams(r))
			begin_stream(r);
		else
			send_whole(r);
	}
}

/* The timer: the first time before anything was sent. */
static void go_on(void *arg)
{
	struct mock_reply *r = arg;

	if (r->step == 0)
		act(r);
	else
		pump(r);
}

static void on_writable(struct http_req *req, void *arg)
{
	struct mock_reply *r = arg;

	(void)req;
	if (r->step > 0)
		pump(r);
}

static void on_gone(struct http_req *req, void *arg)
{
	struct mock_reply *r = arg;

	http_drop(req);
	over(r, 200, false);
}

/* ---- handlers ---- */

static bool allowed(const struct mock *m, struct http_req *req)
{
	struct str bearer = http_header(req, "authorization");
	struct str key = http_header(req, "x-api-key");

	if (!m->conf->key)
		return true;
	if (str_starts(bearer, "Bearer "))
		key = (struct str){bearer.p + 7, bearer.len - 7};
	return str_is(key, m->conf->key);
}

/* A bucket of a second's worth. */
static bool within_limit(struct mock *m)
{
	int64_t now = clock_mono_us();
	double most = m->conf->per_second;

	if (m->conf->per_second == 0)
		return true;
	m->tokens_left += (double)(now - m->filled_us) / 1e6 * most;
	m->filled_us = now;
	if (m->tokens_left > most)
		m->tokens_left = most;
	if (m->tokens_left < 1)
		return false;
	m->tokens_left -= 1;
	return true;
}

static void handle(struct http_req *req, struct mock *m, enum wire wire)
{
	struct mock_reply *r;
	struct err e;
	int64_t wait;

	if (m->conf->fixed && wire != WIRE_OPENAI_EMBEDDINGS &&
	    wire != WIRE_OPENAI_RESPONSES) {
		mock_fixed_reply(m, req, wire);
		return;
	}
	r = reply_new(m, req, wire);
	http_on(req, on_writable, on_gone, r);
	mock_behaviour_init(&r->b);
	if (!allowed(m, req)) {
		err_set(&e, RC_DENIED, "Incorrect API key provided");
		fail(r, 401, NULL, &e);
		return;
	}
	if (mock_plan(r, &e) != RC_OK) {
		fail(r, 400, NULL, &e);
		return;
	}
	if (!within_limit(m)) {
		r->b.retry_ms = 1000;
		err_set(&e, RC_BUSY, "Rate limit reached");
		fail(r, 429, NULL, &e);
		return;
	}
	wait = r->b.delay_us +
	       mock_time_us(&m->conf->first, mock_unit(mock_mix(r->key, 3)));
	if (wait > 0)
		set_timer(r, wait);
	else
		act(r);
}

static void on_chat(struct http_req *req, void *arg)
{
	handle(req, arg, WIRE_OPENAI_CHAT);
}

static void on_responses(struct http_req *req, void *arg)
{
	handle(req, arg, WIRE_OPENAI_RESPONSES);
}

static void on_messages(struct http_req *req, void *arg)
{
	handle(req, arg, WIRE_ANTHROPIC);
}

static void on_embeddings(struct http_req *req, void *arg)
{
	handle(req, arg, WIRE_OPENAI_EMBEDDINGS);
}

static void bad_request(struct http_req *r, int status, const struct err *e,
			struct buf *body, const char **ctype)
{
	struct str path = http_path(r);

	*ctype = "application/json";
	wire_error(str_starts(path, "/v1/messages") ? WIRE_ANTHROPIC
						    : WIRE_OPENAI_CHAT,
		   status, NULL, e, body);
}

#define POST(path_, fn)                                                        \
	{                                                                      \
		.method = "POST", .path = path_, .cap = HTTP_CAP_MODEL,        \
		.need = HTTP_OPEN, .inflate = true, .handle = fn,              \
		.error = bad_request                                           \
	}
#define GET(path_, fn)                                                         \
	{                                                                      \
		.method = "GET", .path = path_, .cap = HTTP_CAP_NONE,          \
		.need = HTTP_OPEN, .handle = fn                                \
	}
const struct http_route mock_routes[] = {
	POST("/v1/chat/completions", on_chat),
	POST("/v1/responses", on_responses),
	POST("/v1/messages", on_messages),
	POST("/v1/messages/count_tokens", mock_on_count),
	POST("/v1/embeddings", on_embeddings),
	GET("/v1/models", mock_on_models),
	GET("/mock/verdict", mock_on_verdict),
	GET("/mock/stats", mock_on_stats),
	{.method = "*",
	 .path = "/*",
	 .cap = HTTP_CAP_SMALL,
	 .need = HTTP_OPEN,
	 .handle = mock_on_nothing},
	{.method = NULL},
};

/* ---- the whole ---- */

void mock_conf_default(struct mock_conf *c)
{
	*c = (struct mock_conf){.seed = 1, .tokens = 24};
}

enum rc mock_new(struct mock **out, struct loop *l, const struct mock_conf *c,
		 struct err *e)
{
	struct mock *m = xcalloc(1, sizeof(*m));
	enum rc rc = RC_OK;

	m->loop = l;
	m->conf = c;
	m->numbered = c->number_from;
	m->filled_us = clock_mono_us();
	m->tokens_left = c->per_second;
	if (c->script)
		rc = mock_script_read(&m->script, c->script, e);
	if (rc == RC_OK && c->log) {
		m->log = fopen(c->log, "a");
		if (!m->log)
			rc = err_set(e, RC_DOWN, "%s: %s", c->log,
				     strerror(errno));
	}
	if (rc == RC_OK && c->fixed)
		mock_fixed_make(m);
	if (rc != RC_OK) {
		mock_free(m);
		return rc;
	}
	*out = m;
	return RC_OK;
}

void mock_free(struct mock *m)
{
	if (!m)
		return;
	while (m->open) {
		http_drop(m->open->req);
		reply_free(m->open);
	}
	if (m->log)
		fclose(m->log);
	mock_script_release(&m->script);
	mock_fixed_release(m);
	free(m);
}
