/* What else a request holds or names: pictures, documents, sound; and what
 * names its conversation. */
#include "ingest/meter_int.h"

/* ---- pictures, documents, sound ---- */

static bool is_image(struct jpull_text type)
{
	return ask_is(type, "image_url") || ask_is(type, "input_image") ||
	       ask_is(type, "image");
}

bool ask_is_media(struct jpull_text type)
{
	return is_image(type) || ask_is(type, "file") ||
	       ask_is(type, "input_file") || ask_is(type, "document") ||
	       ask_is(type, "input_audio");
}

/* "data:image/png;base64,...", {"type":"base64","data":...}: whatever is long
 * and says so near its beginning or its end. */
static bool holds_data(struct str s)
{
	static const char mark[] = "base64";
	size_t n = s.len < 256 ? s.len : 256;

	return s.len && (memmem(s.p, n, mark, sizeof(mark) - 1) ||
			 memmem(s.p + s.len - n, n, mark, sizeof(mark) - 1));
}

void ask_media(struct ask *a, struct jpull_text type, struct str source)
{
	struct model_request *r = a->r;

	if (is_image(type))
		r->images++;
	else
		r->media++;
	if (ask_is(type, "input_audio") || holds_data(source))
		r->inline_bytes += source.len;
	else
		r->elsewhere++;
}

/* ---- the conversation ---- */

/* Claude Code: a JSON text with session_id, or "..._session_UUID". */
static struct str session_of_user(struct str user, struct arena *arena)
{
	static const char mark[] = "_session_";
	struct jpull_text key, value;
	struct jpull j;
	const char *p;

	if (!user.len)
		return STR_NONE;
	if (user.p[0] != '{') {
		p = memmem(user.p, user.len, mark, sizeof(mark) - 1);
		if (!p)
			return STR_NONE;
		p += sizeof(mark) - 1;
		return (struct str){p, user.len - (size_t)(p - user.p)};
	}
	jpull_init(&j, user);
	if (!jpull_enter(&j, '{'))
		return STR_NONE;
	while (jpull_key(&j, &key)) {
		if (ask_is(key, "session_id") && jpull_string(&j, &value))
			return jpull_text(value, arena);
		if (!ask_is(key, "session_id"))
			jpull_skip(&j);
	}
	return STR_NONE;
}

void ask_metadata(struct ask *a)
{
	static const char *const names[] = {"session_id", "conversation_id",
					    "thread_id", "trace_id"};
	struct jpull_text key;
	size_t best = sizeof(names) / sizeof(names[0]);
	struct str user = STR_NONE, found = STR_NONE;

	if (!jpull_enter(&a->j, '{'))
		return;
	while (jpull_key(&a->j, &key)) {
		size_t i = 0;

		while (i < best && !ask_is(key, names[i]))
			i++;
		if (i < best && jpull_type(&a->j) == JPULL_STRING) {
			found = ask_string(a);
			best = i;
		} else if (ask_is(key, "user_id")) {
			user = ask_string(a);
		} else {
			jpull_skip(&a->j);
		}
	}
	if (!found.len)
		found = session_of_user(user, a->arena);
	if (found.len)
		a->r->session = found;
}

/* A string, or an object with an id. */
void ask_conversation(struct ask *a)
{
	struct jpull_text key;

	ask_opaque(a, "a stored response");
	a->r->stored_context = true;
	if (jpull_type(&a->j) == JPULL_STRING) {
		a->r->session = ask_string(a);
		return;
	}
	if (!jpull_enter(&a->j, '{'))
		return;
	while (jpull_key(&a->j, &key)) {
		if (ask_is(key, "id"))
			a->r->session = ask_string(a);
		else
			jpull_skip(&a->j);
	}
}
