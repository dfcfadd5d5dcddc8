/* Requests of Anthropic's Messages API. */
#include "ingest/meter_int.h"

struct block {
	struct jpull_text type, text, name, signature, data;
	struct str input, source; /* raw */
	struct jpull content;
	bool is_error, has_content;
};

static void keep_content(struct jpull *j, struct block *b)
{
	b->content = *j;
	b->has_content = true;
	jpull_skip(j);
}

static void read_member(struct jpull *j, struct block *b, struct jpull_text key)
{
	if (ask_is(key, "type"))
		jpull_string(j, &b->type);
	else if (ask_is(key, "text"))
		jpull_string(j, &b->text);
	else if (ask_is(key, "name"))
		jpull_string(j, &b->name);
	else if (ask_is(key, "input"))
		b->input = ask_raw(j);
	else if (ask_is(key, "signature"))
		jpull_string(j, &b->signature);
	else if (ask_is(key, "data"))
		jpull_string(j, &b->data);
	else if (ask_is(key, "is_error"))
		b->is_error = ask_true(j);
	else if (ask_is(key, "source"))
		b->source = ask_raw(j);
	else if (ask_is(key, "content"))
		keep_content(j, b);
	else
		jpull_skip(j);
}

/* Pictures in what a tool gave back. */
static void read_result(struct ask *a, struct jpull *j)
{
	struct jpull_text key;

	if (jpull_type(j) != JPULL_ARRAY || !jpull_enter(j, '['))
		return;
	while (jpull_item(j)) {
		struct block b = {0};

		if (!jpull_enter(j, '{'))
			continue;
		while (jpull_key(j, &key))
			read_member(j, &b, key);
		if (!j->x.why && ask_is_media(b.type))
			ask_media(a, b.type, b.source);
	}
}

static void note_block(struct ask *a, enum ask_role role, struct block *b)
{
	struct ask_call c = {.name = b->name, .args = b->input};

	if (ask_is(b->type, "text"))
		ask_text(a, role, b->text);
	else if (ask_is(b->type, "tool_use"))
		ask_note_call(a, &c);
	else if (ask_is_media(b->type))
		ask_media(a, b->type, b->source);
	else if (ask_is(b->type, "tool_result"))
		ask_note_result(a, b->is_error);
	else if (ask_is(b->type, "thinking") && b->signature.raw.len)
		ask_opaque(a, "signed thinking");
	else if (ask_is(b->type, "redacted_thinking") && b->data.raw.len)
		ask_opaque(a, "redacted thinking");
}

static void read_content(struct ask *a, struct jpull *j, enum ask_role role)
{
	struct jpull_text key, t;

	if (jpull_type(j) == JPULL_STRING) {
		if (jpull_string(j, &t))
			ask_text(a, role, t);
		return;
	}
	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j)) {
		struct block b = {0};

		if (!jpull_enter(j, '{'))
			continue;
		while (jpull_key(j, &key)) {
			a->r->caches |= ask_is(key, "cache_control");
			read_member(j, &b, key);
		}
		if (j->x.why)
			continue;
		if (b.has_content && ask_is(b.type, "tool_result"))
			read_result(a, &b.content);
		note_block(a, role, &b);
	}
}

static void read_message(struct ask *a)
{
	struct jpull *j = &a->j;
	enum ask_role role = ASK_USER;
	bool has_role = false, waits = false;
	struct jpull_text key, t;
	struct jpull content;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "role") && jpull_string(j, &t)) {
			role = ask_role(t);
			has_role = true;
			ask_message(a, role);
		} else if (ask_is(key, "content") && has_role) {
			read_content(a, j, role);
		} else if (ask_is(key, "content")) {
			content = *j;
			waits = true;
			jpull_skip(j);
		} else if (!ask_is(key, "role")) {
			jpull_skip(j);
		}
	}
	if (!waits || j->x.why)
		return;
	if (!has_role)
		ask_message(a, role);
	read_content(a, &content, role);
}

bool anthropic_messages_ask(struct ask *a, struct jpull_text key)
{
	bool over = a->head_over;

	if (ask_is(key, "system")) {
		a->head_over = false;
		read_content(a, &a->j, ASK_SYSTEM);
		a->head_over = over;
		return true;
	}
	if (ask_is(key, "cache_control")) {
		a->r->caches = true;
		jpull_skip(&a->j);
		return true;
	}
	if (!ask_is(key, "messages"))
		return false;
	if (!jpull_enter(&a->j, '['))
		return true;
	while (jpull_item(&a->j))
		read_message(a);
	return true;
}
