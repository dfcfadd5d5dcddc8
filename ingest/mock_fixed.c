/* Replies for benchmarks: made once, sent again and again, each under an id of
 * its own, since the same id would be the same call. */
#include <stdlib.h>

#include "ingest/mock_int.h"
#include "ledger/base/alloc.h"

enum {
	DIGITS = 16,
	BODY_MAX = 64 << 20
};
static const char blank[] = "aco0000000000000000";

void mock_whole(struct mock_reply *r, struct buf *out)
{
	switch (r->wire) {
	case WIRE_OPENAI_CHAT:
		mock_chat_body(r, out);
		break;
	case WIRE_OPENAI_RESPONSES:
		mock_responses_body(r, out);
		break;
	case WIRE_ANTHROPIC:
		mock_messages_body(r, out);
		break;
	case WIRE_OPENAI_EMBEDDINGS:
		mock_embeddings_body(r, out);
		break;
	case WIRE_OTHER:
		break;
	}
}

bool mock_step(struct mock_reply *r, struct buf *out)
{
	switch (r->wire) {
	case WIRE_OPENAI_CHAT:
		return mock_chat_step(r, out);
	case WIRE_OPENAI_RESPONSES:
		return mock_responses_step(r, out);
	case WIRE_ANTHROPIC:
		return mock_messages_step(r, out);
	case WIRE_OPENAI_EMBEDDINGS:
	case WIRE_OTHER:
		break;
	}
	return false;
}

static void find_ids(struct mock_fixed *f)
{
	const char *p = f->b.p, *end = f->b.p + f->b.len;
	size_t n = sizeof(blank) - 1;

	while ((p = memmem(p, (size_t)(end - p), blank, n))) {
		xgrow(&f->at, &f->cap, f->n + 1, sizeof(*f->at));
		f->at[f->n++] = (size_t)(p - f->b.p) + n - DIGITS;
		p += n;
	}
}

void mock_fixed_make(struct mock *m)
{
	for (int i = 0; i < 4; i++) {
		struct mock_fixed *f = &m->fixed[i];
		struct mock_reply r = {
			.m = m,
			.wire = i < 2 ? WIRE_OPENAI_CHAT : WIRE_ANTHROPIC,
			.r = {.model = STR("mock"),
			      .n = 1,
			      .include_usage = true},
			.tier = STR("default"),
			.in = 128,
			.words = m->conf->fixed / 5 + 1,
			.finish = i < 2 ? "stop" : "end_turn",
			.created = 1758800000,
		};

		r.out = r.words;
		mock_behaviour_init(&r.b);
		snprintf(r.id, sizeof(r.id), "%s%s",
			 i < 2 ? "chatcmpl-" : "msg_", blank);
		buf_init(&f->b, BODY_MAX);
		if (i % 2 == 0)
			mock_whole(&r, &f->b);
		else
			while (mock_step(&r, &f->b))
				;
		find_ids(f);
	}
}

void mock_fixed_release(struct mock *m)
{
	for (int i = 0; i < 4; i++) {
		buf_release(&m->fixed[i].b);
		free(m->fixed[i].at);
	}
}

static bool says(struct str body, const char *what)
{
	return body.len && memmem(body.p, body.len, what, strlen(what));
}

void mock_fixed_reply(struct mock *m, struct http_req *req, enum wire wire)
{
	static const char digits[] = "0123456789abcdef";
	struct str body = http_body(req);
	bool stream =
		says(body, "\"stream\":true") || says(body, "\"stream\": true");
	struct mock_fixed *f =
		&m->fixed[(wire == WIRE_ANTHROPIC ? 2 : 0) + stream];
	uint64_t h = mock_mix(m->conf->seed, ++m->numbered);
	char id[DIGITS];

	m->counts.requests++;
	for (int i = 0; i < DIGITS; i++, h >>= 4)
		id[i] = digits[h & 15];
	for (size_t i = 0; i < f->n; i++)
		memcpy(f->b.p + f->at[i], id, DIGITS);
	if (!stream) {
		http_reply(req, 200, "application/json",
			   (struct str){f->b.p, f->b.len});
		return;
	}
	http_reply_begin(req, 200, "text/event-stream");
	http_reply_chunk(req, f->b.p, f->b.len);
	http_reply_end(req);
}
