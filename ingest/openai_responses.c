/* Replies of OpenAI's Responses API: one object, or events that end with one.
 * Items of a stream are read when they are done; what the last event repeats is
 * read only if none was. */
#include "ingest/meter_int.h"

static void count_tool(struct meter *m, struct jpull_text type)
{
	if (ask_is(type, "web_search_call"))
		m->searches++;
	else if (ask_is(type, "code_interpreter_call") ||
		 ask_is(type, "file_search_call") ||
		 ask_is(type, "image_generation_call"))
		m->other_tools++;
}

/* Parts of a message. `said`: their text was metered by its deltas. */
static void read_content(struct meter *m, struct jpull *j, bool said)
{
	struct jpull_text key, t;

	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j)) {
		if (!jpull_enter(j, '{'))
			continue;
		while (jpull_key(j, &key)) {
			if (ask_is(key, "text") && jpull_string(j, &t)) {
				if (!said)
					meter_text(m, t, 0);
			} else if (ask_is(key, "refusal") &&
				   jpull_string(j, &t)) {
				m->refused = true;
				if (!said)
					meter_other(m, t);
			} else if (ask_is(key, "logprobs") && !said) {
				proof_logprobs(&m->proof, j);
			} else if (!ask_is(key, "text") &&
				   !ask_is(key, "refusal")) {
				jpull_skip(j);
			}
		}
	}
}

struct item {
	struct jpull_text type, name, args;
	struct jpull content;
	bool has_content, has_args;
};

static void note_item(struct meter *m, struct item *i, bool said)
{
	struct proof *p = &m->proof;
	struct proof_call *c;

	count_tool(m, i->type);
	if (i->has_args && ask_is(i->type, "function_call")) {
		c = proof_call(p, 0, p->n_calls);
		if (c)
			meter_word_set(&c->name, i->name);
		proof_args(c, i->args);
		if (!said)
			meter_other(m, i->args);
		m->begun = true;
	}
	if (i->has_content && ask_is(i->type, "message"))
		read_content(m, &i->content, said);
}

static void read_item(struct meter *m, struct jpull *j, bool said)
{
	struct item i = {.has_content = false};
	struct jpull_text key;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "type")) {
			jpull_string(j, &i.type);
		} else if (ask_is(key, "name")) {
			jpull_string(j, &i.name);
		} else if (ask_is(key, "arguments")) {
			i.has_args = jpull_string(j, &i.args);
		} else if (ask_is(key, "content")) {
			i.content = *j;
			i.has_content = true;
			jpull_skip(j);
		} else {
			jpull_skip(j);
		}
	}
	if (!j->x.why)
		note_item(m, &i, said);
}

static void read_status(struct meter *m, struct jpull *j)
{
	struct jpull_text t;

	if (!jpull_string(j, &t))
		return;
	if (ask_is(t, "cancelled"))
		m->aborted = true;
	else if (ask_is(t, "failed"))
		m->failed = true;
	/* The reason of one that is incomplete says more. */
	if (!ask_is(t, "incomplete") || !m->finish.len)
		meter_word_set(&m->finish, t);
}

static void read_incomplete(struct meter *m, struct jpull *j)
{
	struct jpull_text key, t;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (!ask_is(key, "reason")) {
			jpull_skip(j);
		} else if (jpull_string(j, &t)) {
			meter_word_set(&m->finish, t);
			if (ask_is(t, "content_filter"))
				m->refused = true;
		}
	}
}

/* `items`: its output is not known yet. */
static void read_response(struct meter *m, struct jpull *j, bool items)
{
	struct jpull_text key;
	struct jpull details;
	bool has_details = false;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "id")) {
			meter_take(j, &m->id);
		} else if (ask_is(key, "model")) {
			meter_take(j, &m->model);
		} else if (ask_is(key, "service_tier")) {
			meter_take(j, &m->tier);
		} else if (ask_is(key, "status")) {
			read_status(m, j);
		} else if (ask_is(key, "incomplete_details")) {
			details = *j;
			has_details = true;
			jpull_skip(j);
		} else if (ask_is(key, "error")) {
			meter_error(m, j);
		} else if (ask_is(key, "usage")) {
			openai_counts_read(&m->openai, j);
		} else if (ask_is(key, "output") && items) {
			if (!jpull_enter(j, '['))
				continue;
			while (jpull_item(j))
				read_item(m, j, m->begun);
		} else {
			jpull_skip(j);
		}
	}
	if (has_details && !j->x.why)
		read_incomplete(m, &details);
}

void openai_responses_body(struct meter *m, struct jpull *j)
{
	bool first = true;
	struct jpull_text key;
	struct jpull copy = *j;

	/* Errors are an object with nothing else in it. */
	if (jpull_enter(&copy, '{') && jpull_key(&copy, &key))
		first = !ask_is(key, "error");
	read_response(m, j, first);
}

/* An event: its type, and where the parts are that its type makes sense of. */
struct event {
	struct jpull_text type, delta;
	struct jpull response, item, logprobs, error;
	bool has_response, has_item, has_logprobs, has_error;
};

static bool mark(struct jpull *j, struct jpull *at, bool *there)
{
	*at = *j;
	*there = true;
	jpull_skip(j);
	return true;
}

static bool read_event(struct jpull *j, struct event *ev,
		       struct meter_word *code)
{
	struct jpull_text key;

	if (!jpull_enter(j, '{'))
		return false;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "type"))
			jpull_string(j, &ev->type);
		else if (ask_is(key, "delta"))
			jpull_string(j, &ev->delta);
		else if (ask_is(key, "response"))
			mark(j, &ev->response, &ev->has_response);
		else if (ask_is(key, "item"))
			mark(j, &ev->item, &ev->has_item);
		else if (ask_is(key, "logprobs"))
			mark(j, &ev->logprobs, &ev->has_logprobs);
		else if (ask_is(key, "error"))
			mark(j, &ev->error, &ev->has_error);
		else if (ask_is(key, "code"))
			meter_take(j, code);
		else
			jpull_skip(j);
	}
	return !j->x.why;
}

static void note_delta(struct meter *m, struct event *ev)
{
	if (ask_is(ev->type, "response.output_text.delta")) {
		meter_text(m, ev->delta, 0);
		if (ev->has_logprobs)
			proof_logprobs(&m->proof, &ev->logprobs);
	} else if (ask_is(ev->type, "response.refusal.delta")) {
		m->refused = true;
		meter_other(m, ev->delta);
	} else {
		meter_other(m, ev->delta); /* reasoning, arguments, code */
	}
}

static void note_error(struct meter *m, struct event *ev,
		       const struct meter_word *code)
{
	m->failed = true;
	if (ev->has_error)
		meter_error(m, &ev->error);
	else if (code->len)
		m->error = *code;
}

void openai_responses_event(struct meter *m, struct str data)
{
	struct meter_word code = {0};
	struct event ev = {.has_item = false};
	struct jpull j;

	jpull_init(&j, data);
	if (!read_event(&j, &ev, &code))
		return;
	if (ev.delta.raw.p) {
		note_delta(m, &ev);
	} else if (ask_is(ev.type, "response.output_item.done")) {
		m->items_done = true;
		if (ev.has_item)
			read_item(m, &ev.item, m->begun);
	} else if (ask_is(ev.type, "response.completed") ||
		   ask_is(ev.type, "response.incomplete") ||
		   ask_is(ev.type, "response.failed") ||
		   ask_is(ev.type, "response.cancelled")) {
		if (ev.has_response)
			read_response(m, &ev.response, !m->items_done);
		m->ended = true;
		m->failed |= ask_is(ev.type, "response.failed");
	} else if (ask_is(ev.type, "error")) {
		note_error(m, &ev, &code);
	} else if (ev.has_response) {
		read_response(m, &ev.response, false);
	} else if (ask_is(ev.type, "response.output_item.added")) {
		m->begun = true;
	}
}
