/* Requests of OpenAI's Chat Completions, and of all who speak like it. */
#include "ingest/meter_int.h"

/* Of content: a string, or parts with a text. */
/* One part: of text, or of something else. */
static void read_part(struct ask *a, struct jpull *j, enum ask_role role)
{
	struct jpull_text key, t, type = {STR_NONE, false};
	struct str source = STR_NONE;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "type"))
			jpull_string(j, &type);
		else if (ask_is(key, "image_url") || ask_is(key, "file") ||
			 ask_is(key, "input_audio"))
			source = ask_raw(j);
		else if (!ask_is(key, "text"))
			jpull_skip(j);
		else if (jpull_string(j, &t))
			ask_text(a, role, t);
	}
	if (ask_is_media(type))
		ask_media(a, type, source);
}

static void read_content(struct ask *a, struct jpull *j, enum ask_role role)
{
	struct jpull_text t;

	if (jpull_type(j) == JPULL_STRING) {
		if (jpull_string(j, &t))
			ask_text(a, role, t);
		return;
	}
	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j))
		read_part(a, j, role);
}

static void read_function(struct jpull *j, struct ask_call *c)
{
	struct jpull_text key, t;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "name")) {
			jpull_string(j, &c->name);
		} else if ((ask_is(key, "arguments") || ask_is(key, "input")) &&
			   jpull_string(j, &t)) {
			c->args = t.raw;
			c->args_escaped = t.escaped;
			c->args_text = true;
		} else if (!ask_is(key, "arguments") && !ask_is(key, "input")) {
			jpull_skip(j);
		}
	}
}

static void read_calls(struct ask *a, struct jpull *j)
{
	struct jpull_text key;

	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j)) {
		struct ask_call c = {0};

		if (!jpull_enter(j, '{'))
			continue;
		while (jpull_key(j, &key)) {
			if (ask_is(key, "function") || ask_is(key, "custom"))
				read_function(j, &c);
			else
				jpull_skip(j);
		}
		if (c.name.raw.p)
			ask_note_call(a, &c);
	}
}

/* The output of a tool, whose beginning says how it went. */
static void read_result(struct ask *a, struct jpull *j)
{
	struct jpull_text key, t = {STR_NONE, false};

	if (jpull_type(j) == JPULL_STRING) {
		jpull_string(j, &t);
	} else if (jpull_enter(j, '[')) {
		while (jpull_item(j)) {
			if (!jpull_enter(j, '{'))
				continue;
			while (jpull_key(j, &key)) {
				if (ask_is(key, "text") && !t.raw.p)
					jpull_string(j, &t);
				else
					jpull_skip(j);
			}
		}
	}
	ask_note_result(a, t.raw.p && ask_looks_failed(t.raw));
}

/* OpenRouter: reasoning that only its own model can read. */
static void read_details(struct ask *a, struct jpull *j)
{
	struct jpull_text key, t;

	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j)) {
		if (!jpull_enter(j, '{'))
			continue;
		while (jpull_key(j, &key)) {
			if (ask_is(key, "signature") || ask_is(key, "data")) {
				if (jpull_string(j, &t) && t.raw.len)
					ask_opaque(a, "encrypted reasoning");
			} else {
				jpull_skip(j);
			}
		}
	}
}

/* Where the content is when the role comes behind it. */
static void read_message(struct ask *a)
{
	struct jpull *j = &a->j;
	struct jpull content;
	bool has_role = false, waits = false, tool = false;
	enum ask_role role = ASK_USER;
	struct jpull_text key, t;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "role") && jpull_string(j, &t)) {
			role = ask_role(t);
			tool = ask_is(t, "tool") || ask_is(t, "function");
			has_role = true;
			ask_message(a, role);
		} else if (ask_is(key, "content")) {
			content = *j;
			waits = !has_role;
			if (waits || (role == ASK_ASSISTANT && !tool))
				jpull_skip(j);
			else if (tool)
				read_result(a, j);
			else
				read_content(a, j, role);
		} else if (ask_is(key, "tool_calls")) {
			read_calls(a, j);
		} else if (ask_is(key, "reasoning_details")) {
			read_details(a, j);
		} else if (!ask_is(key, "role")) {
			jpull_skip(j);
		}
	}
	if (!waits || j->x.why)
		return;
	if (!has_role)
		ask_message(a, role);
	if (tool)
		read_result(a, &content);
	else
		read_content(a, &content, role);
}

bool openai_chat_ask(struct ask *a, struct jpull_text key)
{
	if (!ask_is(key, "messages"))
		return false;
	if (!jpull_enter(&a->j, '['))
		return true;
	while (jpull_item(&a->j))
		read_message(a);
	return true;
}
