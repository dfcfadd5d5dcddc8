/* Replies of Anthropic's Messages API. */
#include "ingest/meter_int.h"

static void read_usage(struct meter *m, struct jpull *j)
{
	anthropic_said_read(&m->anthropic, j);
	if (m->anthropic.fast)
		meter_word_set(&m->tier,
			       (struct jpull_text){STR("fast"), false});
	else if (m->anthropic.tier_said)
		meter_word_set(&m->tier,
			       (struct jpull_text){m->anthropic.tier, false});
	m->anthropic.tier_said = false; /* it was borrowed */
}

static void read_stop(struct meter *m, struct jpull *j)
{
	struct jpull_text t;

	if (!jpull_string(j, &t))
		return;
	meter_word_set(&m->finish, t);
	if (ask_is(t, "refusal"))
		m->refused = true;
}

struct block {
	struct jpull_text type, text, name, thinking, partial;
	struct str input;
};

static bool read_block(struct jpull *j, struct block *b)
{
	struct jpull_text key;

	if (!jpull_enter(j, '{'))
		return false;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "type"))
			jpull_string(j, &b->type);
		else if (ask_is(key, "text"))
			jpull_string(j, &b->text);
		else if (ask_is(key, "name"))
			jpull_string(j, &b->name);
		else if (ask_is(key, "thinking"))
			jpull_string(j, &b->thinking);
		else if (ask_is(key, "partial_json"))
			jpull_string(j, &b->partial);
		else if (ask_is(key, "input"))
			b->input = ask_raw(j);
		else
			jpull_skip(j);
	}
	return !j->x.why;
}

static void note_texts(struct meter *m, const struct block *b)
{
	meter_text(m, b->text, 0);
	meter_other(m, b->thinking);
}

/* A whole block of content, or how one begins in a stream. */
static void note_block(struct meter *m, const struct block *b, int64_t index,
		       bool whole)
{
	struct proof_call *c;

	note_texts(m, b);
	if (!ask_is(b->type, "tool_use"))
		return;
	m->begun = true;
	c = proof_call(&m->proof, 0, index);
	if (!c)
		return;
	meter_word_set(&c->name, b->name);
	if (whole && b->input.p) {
		proof_args_valid(c, b->input);
		meter_other(m, (struct jpull_text){b->input, false});
	}
}

static void read_content(struct meter *m, struct jpull *j)
{
	int64_t index = 0;

	if (!jpull_enter(j, '['))
		return;
	for (; jpull_item(j); index++) {
		struct block b = {.input = STR_NONE};

		if (read_block(j, &b))
			note_block(m, &b, index, true);
	}
}

static void read_message(struct meter *m, struct jpull *j)
{
	struct jpull_text key;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "id")) {
			meter_take(j, &m->id);
		} else if (ask_is(key, "model")) {
			meter_take(j, &m->model);
		} else if (ask_is(key, "content")) {
			read_content(m, j);
		} else if (ask_is(key, "stop_reason")) {
			read_stop(m, j);
		} else if (ask_is(key, "usage")) {
			read_usage(m, j);
		} else if (ask_is(key, "error")) {
			meter_error(m, j);
		} else if (ask_is(key, "input_tokens")) {
			/* The answer of count_tokens, which is free. */
			m->free_of_charge = true;
			jpull_skip(j);
		} else {
			jpull_skip(j);
		}
	}
}

void anthropic_messages_body(struct meter *m, struct jpull *j)
{
	read_message(m, j);
}

/* An event: its type, and where its parts are. */
struct event {
	struct jpull_text type;
	int64_t index;
	struct jpull message, delta, block, usage, error;
	bool has_message, has_delta, has_block, has_usage, has_error;
};

static void mark(struct jpull *j, struct jpull *at, bool *there)
{
	*at = *j;
	*there = true;
	jpull_skip(j);
}

static bool read_event(struct jpull *j, struct event *ev)
{
	struct jpull_text key;
	struct str s;

	if (!jpull_enter(j, '{'))
		return false;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "type"))
			jpull_string(j, &ev->type);
		else if (ask_is(key, "index") && jpull_number(j, &s))
			(void)str_i64(s, &ev->index);
		else if (ask_is(key, "message"))
			mark(j, &ev->message, &ev->has_message);
		else if (ask_is(key, "delta"))
			mark(j, &ev->delta, &ev->has_delta);
		else if (ask_is(key, "content_block"))
			mark(j, &ev->block, &ev->has_block);
		else if (ask_is(key, "usage"))
			mark(j, &ev->usage, &ev->has_usage);
		else if (ask_is(key, "error"))
			mark(j, &ev->error, &ev->has_error);
		else if (!ask_is(key, "index"))
			jpull_skip(j);
	}
	return !j->x.why;
}

static void note_block_delta(struct meter *m, struct event *ev)
{
	struct block b = {.input = STR_NONE};

	if (!ev->has_delta || !read_block(&ev->delta, &b))
		return;
	note_texts(m, &b);
	if (b.partial.raw.p) {
		meter_other(m, b.partial);
		proof_args(proof_call(&m->proof, 0, ev->index), b.partial);
	}
}

static void note_message_delta(struct meter *m, struct event *ev)
{
	struct jpull_text key;

	if (ev->has_usage)
		read_usage(m, &ev->usage);
	if (!ev->has_delta || !jpull_enter(&ev->delta, '{'))
		return;
	while (jpull_key(&ev->delta, &key)) {
		if (ask_is(key, "stop_reason"))
			read_stop(m, &ev->delta);
		else
			jpull_skip(&ev->delta);
	}
	m->usage_final |= ev->has_usage && m->finish.len > 0;
}

void anthropic_messages_event(struct meter *m, struct str data)
{
	struct block b = {.input = STR_NONE};
	struct event ev = {.index = 0};
	struct jpull j;

	jpull_init(&j, data);
	if (!read_event(&j, &ev))
		return;
	if (ask_is(ev.type, "content_block_delta")) {
		note_block_delta(m, &ev);
	} else if (ask_is(ev.type, "message_start") && ev.has_message) {
		read_message(m, &ev.message);
	} else if (ask_is(ev.type, "content_block_start") && ev.has_block) {
		if (read_block(&ev.block, &b))
			note_block(m, &b, ev.index, false);
	} else if (ask_is(ev.type, "message_delta")) {
		note_message_delta(m, &ev);
	} else if (ask_is(ev.type, "message_stop")) {
		m->ended = true;
	} else if (ask_is(ev.type, "error") && ev.has_error) {
		meter_error(m, &ev.error);
	}
}
