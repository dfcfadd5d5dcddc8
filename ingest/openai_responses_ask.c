/* Requests of OpenAI's Responses API: a string, or items of many types. */
#include "ingest/meter_int.h"

static void read_text(struct ask *a, struct jpull *j, enum ask_role role)
{
	struct jpull_text t;

	if (jpull_string(j, &t))
		ask_text(a, role, t);
}

static bool names_media(struct jpull_text key)
{
	return ask_is(key, "image_url") || ask_is(key, "file_data") ||
	       ask_is(key, "file_id") || ask_is(key, "file_url") ||
	       ask_is(key, "input_audio");
}

/* One part: of text, or of something else. Of several sources the longest is
 * the one that counts. */
static void read_part(struct ask *a, struct jpull *j, enum ask_role role)
{
	struct jpull_text key, type = {STR_NONE, false};
	struct str source = STR_NONE, s;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (ask_is(key, "type")) {
			jpull_string(j, &type);
		} else if (names_media(key)) {
			s = ask_raw(j);
			source = s.len > source.len ? s : source;
		} else if (ask_is(key, "text")) {
			read_text(a, j, role);
		} else {
			jpull_skip(j);
		}
	}
	if (ask_is_media(type))
		ask_media(a, type, source);
}

static void read_content(struct ask *a, struct jpull *j, enum ask_role role)
{
	if (jpull_type(j) == JPULL_STRING) {
		read_text(a, j, role);
		return;
	}
	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j))
		read_part(a, j, role);
}

/* One item, its members in any order. */
struct item {
	struct jpull_text type, role, name, args, input, output;
	struct jpull_text encrypted, status;
	struct str action, outputs; /* raw */
	struct jpull content;
	bool has_content;
};

static void read_member(struct jpull *j, struct item *i, struct jpull_text key)
{
	static const struct {
		const char *name;
		size_t at;
	} texts[] = {
		{"type", offsetof(struct item, type)},
		{"role", offsetof(struct item, role)},
		{"name", offsetof(struct item, name)},
		{"arguments", offsetof(struct item, args)},
		{"input", offsetof(struct item, input)},
		{"encrypted_content", offsetof(struct item, encrypted)},
		{"status", offsetof(struct item, status)},
	};

	for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
		if (!ask_is(key, texts[k].name))
			continue;
		jpull_string(j, (struct jpull_text *)(void *)((char *)i +
							      texts[k].at));
		return;
	}
	if (ask_is(key, "content")) {
		i->content = *j;
		i->has_content = true;
		jpull_skip(j);
	} else if (ask_is(key, "output") && jpull_type(j) == JPULL_STRING) {
		jpull_string(j, &i->output);
	} else if (ask_is(key, "output")) {
		i->outputs = ask_raw(j);
	} else if (ask_is(key, "action")) {
		i->action = ask_raw(j);
	} else {
		jpull_skip(j);
	}
}

static bool is_call(const struct item *i)
{
	struct str t = i->type.raw;

	return str_ends(t, "_call") &&
	       (str_is(t, "function_call") || str_is(t, "custom_tool_call") ||
		str_is(t, "local_shell_call") || str_is(t, "shell_call") ||
		str_is(t, "apply_patch_call") || str_is(t, "mcp_call") ||
		str_is(t, "computer_call"));
}

static void note_call(struct ask *a, const struct item *i)
{
	struct ask_call c = {.name = i->name, .args_text = true};
	struct jpull_text args = i->args.raw.p ? i->args : i->input;

	if (!c.name.raw.p)
		c.name.raw = (struct str){i->type.raw.p, i->type.raw.len - 5};
	c.args = args.raw;
	c.args_escaped = args.escaped;
	if (i->action.p) {
		c.args = i->action;
		c.args_text = false;
	}
	ask_note_call(a, &c);
}

/* Pictures in what a tool gave back: {"type":"computer_screenshot",
 * "image_url":...}, or a list of parts, whose texts are not the user's. */
static void read_output(struct ask *a, struct str raw)
{
	struct jpull_text key;
	struct jpull j;

	jpull_init(&j, raw);
	if (jpull_type(&j) == JPULL_ARRAY && jpull_enter(&j, '[')) {
		while (jpull_item(&j))
			read_part(a, &j, ASK_ASSISTANT);
		return;
	}
	if (!jpull_enter(&j, '{'))
		return;
	while (jpull_key(&j, &key)) {
		if (names_media(key))
			ask_media(
				a,
				(struct jpull_text){STR("input_image"), false},
				ask_raw(&j));
		else
			jpull_skip(&j);
	}
}

static void note_result(struct ask *a, const struct item *i)
{
	struct str raw = i->output.raw.p ? i->output.raw : i->outputs;

	if (i->outputs.len)
		read_output(a, i->outputs);
	ask_note_result(a, ask_is(i->status, "failed") ||
				   (raw.len && ask_looks_failed(raw)));
}

static void note_item(struct ask *a, struct item *i)
{
	enum ask_role role = i->role.raw.p ? ask_role(i->role) : ASK_ASSISTANT;

	ask_message(a, role);
	if (i->encrypted.raw.len)
		ask_opaque(a, "encrypted reasoning");
	if (ask_is(i->type, "item_reference")) {
		ask_opaque(a, "a stored response");
		a->r->stored_context = true;
	}
	if (is_call(i))
		note_call(a, i);
	else if (str_ends(i->type.raw, "_call_output"))
		note_result(a, i);
	else if (i->has_content && role != ASK_ASSISTANT)
		read_content(a, &i->content, role);
}

static void read_input(struct ask *a)
{
	struct jpull *j = &a->j;
	struct jpull_text key, t;

	if (jpull_type(j) == JPULL_STRING) {
		ask_message(a, ASK_USER);
		if (jpull_string(j, &t))
			ask_text(a, ASK_USER, t);
		return;
	}
	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j)) {
		struct item i = {0};

		if (!jpull_enter(j, '{'))
			continue;
		while (jpull_key(j, &key))
			read_member(j, &i, key);
		if (!j->x.why)
			note_item(a, &i);
	}
}

/* Log-probabilities are asked for by a word in a list. */
static void read_include(struct ask *a)
{
	struct jpull_text t;

	if (!jpull_enter(&a->j, '['))
		return;
	while (jpull_item(&a->j))
		if (jpull_string(&a->j, &t) && str_ends(t.raw, ".logprobs"))
			a->r->logprobs = true;
}

bool openai_responses_ask(struct ask *a, struct jpull_text key)
{
	bool over = a->head_over;

	if (ask_is(key, "input")) {
		read_input(a);
	} else if (ask_is(key, "instructions")) {
		/* Wherever it stands, it is part of the beginning. */
		a->head_over = false;
		read_text(a, &a->j, ASK_SYSTEM);
		a->head_over = over;
	} else if (ask_is(key, "include")) {
		read_include(a);
	} else if (ask_is(key, "prompt")) {
		/* A template that lies with the provider. */
		a->r->stored_context |= jpull_type(&a->j) != JPULL_NULL;
		jpull_skip(&a->j);
	} else {
		return false;
	}
	return true;
}
