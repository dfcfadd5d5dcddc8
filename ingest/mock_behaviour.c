/* The names of everything that can go wrong. To add one: a row here, and
 * mock_serve.c must know its act. */
#include "ingest/mock_int.h"

static const struct {
	const char *name;
	enum mock_act act;
	int status;
	const char *type;
	int should_retry;
	int64_t retry_ms;
} acts[] = {
	{"ok", MOCK_OK, 200, NULL, -1, -1},
	{"400", MOCK_STATUS, 400, NULL, -1, -1},
	{"401", MOCK_STATUS, 401, NULL, -1, -1},
	{"403", MOCK_STATUS, 403, NULL, -1, -1},
	{"404", MOCK_STATUS, 404, NULL, -1, -1},
	{"408", MOCK_STATUS, 408, NULL, -1, -1},
	{"409", MOCK_STATUS, 409, NULL, -1, -1},
	{"413", MOCK_STATUS, 413, NULL, -1, -1},
	{"429", MOCK_STATUS, 429, NULL, -1, 1000},
	{"quota", MOCK_STATUS, 429, "insufficient_quota", 0, -1},
	{"500", MOCK_STATUS, 500, NULL, -1, -1},
	{"502", MOCK_STATUS, 502, NULL, -1, -1},
	{"503", MOCK_STATUS, 503, NULL, -1, 1000},
	{"504", MOCK_STATUS, 504, NULL, -1, -1},
	{"529", MOCK_STATUS, 529, "overloaded_error", 1, -1},
	{"stall", MOCK_STALL, 200, NULL, -1, -1},
	{"stall-mid", MOCK_STALL_MID, 200, NULL, -1, -1},
	{"cut", MOCK_CUT, 200, NULL, -1, -1},
	{"reset", MOCK_RESET, 200, NULL, -1, -1},
	{"reset-early", MOCK_RESET_EARLY, 200, NULL, -1, -1},
	{"garbage", MOCK_GARBAGE, 200, NULL, -1, -1},
	{"html", MOCK_HTML, 200, NULL, -1, -1},
	{"error-mid", MOCK_ERROR_MID, 200, NULL, -1, -1},
	{"error-200", MOCK_ERROR_200, 200, NULL, -1, -1},
	{"empty", MOCK_EMPTY, 200, NULL, -1, -1},
};

static const struct {
	const char *name;
	size_t at;
} marks[] = {
	{"refuse", offsetof(struct mock_behaviour, refuse)},
	{"filter", offsetof(struct mock_behaviour, filter)},
	{"length", offsetof(struct mock_behaviour, length)},
	{"bad-json", offsetof(struct mock_behaviour, bad_json)},
	{"loop", offsetof(struct mock_behaviour, loop)},
	{"tool", offsetof(struct mock_behaviour, tool)},
	{"no-usage", offsetof(struct mock_behaviour, no_usage)},
};

void mock_behaviour_init(struct mock_behaviour *b)
{
	*b = (struct mock_behaviour){
		.status = 200, .after = 2, .retry_ms = -1, .should_retry = -1};
}

static bool read_word(struct mock_behaviour *b, struct str w)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (!str_is(w, acts[i].name))
			continue;
		b->act = acts[i].act;
		b->status = acts[i].status;
		b->type = acts[i].type;
		b->should_retry = acts[i].should_retry;
		b->retry_ms = acts[i].retry_ms;
		return true;
	}
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (!str_is(w, marks[i].name))
			continue;
		*(bool *)((char *)b + marks[i].at) = true;
		return true;
	}
	if (str_is(w, "once")) {
		b->once = 1;
		return true;
	}
	return false;
}

static bool read_value(struct mock_behaviour *b, struct str key, struct str v)
{
	int64_t n;

	if (str_is(key, "should-retry")) {
		b->should_retry = str_is(v, "true");
		return true;
	}
	if (!str_i64(v, &n) || n < 0 || n > 1000000)
		return false;
	if (str_is(key, "retry-after"))
		b->retry_ms = n * 1000;
	else if (str_is(key, "retry-after-ms"))
		b->retry_ms = n;
	else if (str_is(key, "after"))
		b->after = (int)n;
	else if (str_is(key, "once"))
		b->once = (int)n;
	else if (str_is(key, "delay"))
		b->delay_us = n * 1000;
	else
		return false;
	b->say_ms = b->say_ms || str_is(key, "retry-after-ms");
	return true;
}

bool mock_behaviour_read(struct mock_behaviour *b, struct str text)
{
	bool known = false;

	while (text.len > 0) {
		size_t n = 0;
		struct str w = text;
		const char *eq;

		while (n < text.len && !strchr(" ,;\t", text.p[n]))
			n++;
		w.len = n;
		n += n < text.len;
		text = (struct str){text.p + n, text.len - n};
		eq = w.len ? memchr(w.p, '=', w.len) : NULL;
		if (eq)
			known |= read_value(
				b, (struct str){w.p, (size_t)(eq - w.p)},
				(struct str){eq + 1,
					     (size_t)(w.p + w.len - eq - 1)});
		else if (w.len)
			known |= read_word(b, w);
	}
	return known;
}
