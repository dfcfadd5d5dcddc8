/* Replies of OpenAI's Chat Completions and Embeddings, and of all who speak
 * like them. A chunk of a stream is a body with `delta` for `message`. */
#include "ingest/meter_int.h"

static void take_text(struct meter *m, struct jpull *j, int64_t choice)
{
	struct jpull_text t;

	if (jpull_string(j, &t))
		meter_text(m, t, choice);
}

static void take_other(struct meter *m, struct jpull *j)
{
	struct jpull_text t;

	if (jpull_string(j, &t))
		meter_other(m, t);
}

/* A string, or parts: {type: text} and Mistral's {type: thinking}. */
static void read_content(struct meter *m, struct jpull *j, int64_t choice)
{
	struct jpull_text key;

	if (jpull_type(j) == JPULL_STRING) {
		take_text(m, j, choice);
		return;
	}
	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j)) {
		if (!jpull_enter(j, '{'))
			continue;
		while (jpull_key(j, &key)) {
			if (ask_is(key, "text"))
				take_text(m, j, choice);
			else
				jpull_skip(j);
		}
	}
}

static void read_function(struct meter *m, struct jpull *j,
			  struct proof_call *c)
{
	struct meter_word none;
	struct jpull_text key, t;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "name")) {
			meter_take(j, c ? &c->name : &none);
		} else if (ask_is(key, "arguments") && jpull_string(j, &t)) {
			meter_other(m, t);
			proof_args(c, t);
		} else if (ask_is(key, "input") && jpull_string(j, &t)) {
			meter_other(m, t); /* free text, no JSON */
			if (c)
				c->judged = c->valid = true;
		} else if (!ask_is(key, "arguments") && !ask_is(key, "input")) {
			jpull_skip(j);
		}
	}
}

/* The index names a call in a stream; whole bodies give none. Fragments may
 * come in front of it in their object. */
static void read_calls(struct meter *m, struct jpull *j, int64_t choice)
{
	struct jpull_text key;
	int64_t position = 0;

	if (!jpull_enter(j, '['))
		return;
	for (; jpull_item(j); position++) {
		int64_t index = position;
		struct jpull function;
		bool there = false;
		struct str s;

		m->begun = true;
		if (!jpull_enter(j, '{'))
			continue;
		while (jpull_key(j, &key)) {
			if (ask_is(key, "index")) {
				if (jpull_number(j, &s))
					(void)str_i64(s, &index);
			} else if (ask_is(key, "function") ||
				   ask_is(key, "custom")) {
				function = *j;
				there = true;
				jpull_skip(j);
			} else {
				jpull_skip(j);
			}
		}
		if (there && !j->x.why)
			read_function(m, &function,
				      proof_call(&m->proof, choice, index));
	}
}

static void read_message(struct meter *m, struct jpull *j, int64_t choice)
{
	struct jpull_text key, t;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "content")) {
			read_content(m, j, choice);
		} else if (ask_is(key, "tool_calls")) {
			read_calls(m, j, choice);
		} else if (ask_is(key, "function_call")) {
			read_function(m, j, proof_call(&m->proof, choice, -1));
		} else if (ask_is(key, "refusal")) {
			if (jpull_string(j, &t) && t.raw.len) {
				m->refused = true;
				meter_other(m, t);
			}
		} else if (ask_is(key, "reasoning_content") ||
			   ask_is(key, "reasoning")) {
			take_other(m, j);
		} else {
			jpull_skip(j);
		}
	}
}

static void read_logprobs(struct meter *m, struct jpull *j)
{
	struct jpull_text key;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "content") || ask_is(key, "refusal"))
			proof_logprobs(&m->proof, j);
		else
			jpull_skip(j);
	}
}

static void read_finish(struct meter *m, struct jpull *j)
{
	struct jpull_text t;

	if (!jpull_string(j, &t))
		return;
	meter_word_set(&m->finish, t);
	if (ask_is(t, "content_filter") || ask_is(t, "refusal"))
		m->refused = true;
}

/* `index` comes first wherever it matters; the copy finds it elsewhere. */
static int64_t choice_index(struct jpull j)
{
	struct jpull_text key;
	int64_t index = 0;
	struct str s;

	if (!jpull_enter(&j, '{'))
		return 0;
	while (jpull_key(&j, &key)) {
		if (!ask_is(key, "index")) {
			jpull_skip(&j);
			continue;
		}
		if (jpull_number(&j, &s))
			(void)str_i64(s, &index);
		return index;
	}
	return 0;
}

static void read_choice(struct meter *m, struct jpull *j)
{
	int64_t choice = choice_index(*j);
	struct jpull_text key;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "delta") || ask_is(key, "message"))
			read_message(m, j, choice);
		else if (ask_is(key, "logprobs"))
			read_logprobs(m, j);
		else if (ask_is(key, "finish_reason"))
			read_finish(m, j);
		else if (ask_is(key, "usage")) /* Moonshot */
			openai_counts_read(&m->openai, j);
		else if (ask_is(key, "text"))
			take_text(m, j, choice);
		else if (ask_is(key, "error"))
			meter_error(m, j);
		else
			jpull_skip(j);
	}
}

static void read_groq(struct meter *m, struct jpull *j)
{
	struct jpull_text key;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "usage"))
			openai_counts_read(&m->openai, j);
		else
			jpull_skip(j);
	}
}

/* Whether it holds usage and nothing else that a client wants. */
static bool read_reply(struct meter *m, struct jpull *j)
{
	bool usage = false, choices = false;
	struct jpull_text key;

	if (!jpull_enter(j, '{'))
		return false;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "choices")) {
			if (!jpull_enter(j, '['))
				continue;
			for (; jpull_item(j); choices = true)
				read_choice(m, j);
		} else if (ask_is(key, "usage")) {
			usage = openai_counts_read(&m->openai, j) || usage;
		} else if (ask_is(key, "id")) {
			meter_take(j, &m->id);
		} else if (ask_is(key, "model")) {
			meter_take(j, &m->model);
		} else if (ask_is(key, "service_tier")) {
			meter_take(j, &m->tier);
		} else if (ask_is(key, "error")) {
			meter_error(m, j);
		} else if (ask_is(key, "x_groq")) {
			read_groq(m, j);
		} else {
			jpull_skip(j);
		}
	}
	return usage && !choices && !j->x.why;
}

void openai_chat_body(struct meter *m, struct jpull *j)
{
	read_reply(m, j);
}

bool openai_chat_event(struct meter *m, struct str data)
{
	struct jpull j;

	if (str_is(data, "[DONE]")) {
		m->ended = true;
		return false;
	}
	jpull_init(&j, data);
	return read_reply(m, &j) && m->req && m->req->usage_injected;
}
