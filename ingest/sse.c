/* The search for the end of an event and the reading of its fields are apart:
 * the first is a state for each byte and may stop anywhere, the second sees
 * whole events only. */
#include "ingest/sse.h"

enum {
	KEEP_BYTES = 64 << 10 /* a buffer beyond this is given back */
};

void sse_init(struct sse *s, size_t max_event)
{
	*s = (struct sse){.max = max_event, .empty_line = true};
	buf_init(&s->held, max_event);
	buf_init(&s->joined, max_event);
}

void sse_release(struct sse *s)
{
	buf_release(&s->held);
	buf_release(&s->joined);
}

void sse_give(struct sse *s, const char *p, size_t n)
{
	s->p = p;
	s->n = n;
	s->at = 0;
}

void sse_end(struct sse *s)
{
	s->p = NULL;
	s->n = s->at = 0;
	s->ended = true;
}

static void forget(struct buf *b)
{
	if (b->cap > KEEP_BYTES)
		buf_release(b);
	else
		buf_clear(b);
}

/* To the end of the event: *end bytes of p belong to it. The LF of a CR LF
 * belongs to its line, so a CR that would end the event waits for the next
 * byte. */
static bool scan(struct sse *s, size_t *end)
{
	size_t i = s->at;

	for (; i < s->n; i++) {
		char c = s->p[i];

		if (s->cr) {
			s->cr = false;
			*end = c == '\n' ? i + 1 : i;
			if (s->closing)
				return true;
			if (c == '\n')
				continue;
		}
		if (c == '\n') {
			*end = i + 1;
			if (s->empty_line)
				return true;
			s->empty_line = true;
		} else if (c == '\r') {
			s->closing = s->empty_line;
			s->cr = s->empty_line = true;
		} else {
			s->empty_line = false;
		}
	}
	s->at = i;
	*end = 0;
	return s->closing && s->ended;
}

/* ---- fields ---- */

static size_t line_len(const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n);
	const char *cr = memchr(p, '\r', lf ? (size_t)(lf - p) : n);

	return cr ? (size_t)(cr - p) : lf ? (size_t)(lf - p) : n;
}

static size_t end_len(const char *p, size_t n)
{
	if (n > 1 && p[0] == '\r' && p[1] == '\n')
		return 2;
	return n > 0;
}

static bool is_field(struct str line, const char *name, struct str *value)
{
	size_t n = strlen(name);

	if (!str_starts(line, name))
		return false;
	*value = (struct str){line.p + n, line.len - n};
	if (value->len == 0)
		return true;
	if (value->p[0] != ':')
		return false;
	n = value->len > 1 && value->p[1] == ' ' ? 2 : 1;
	*value = (struct str){value->p + n, value->len - n};
	return true;
}

static void add_data(struct sse *s, struct str *data, struct str line,
		     int *lines)
{
	if (++*lines == 1) {
		*data = line;
		return;
	}
	if (*lines == 2) {
		forget(&s->joined);
		buf_add(&s->joined, data->p, data->len);
	}
	buf_addc(&s->joined, '\n');
	buf_add(&s->joined, line.p, line.len);
}

static void read_fields(struct sse *s, struct str raw, struct sse_event *out)
{
	struct str value;
	int lines = 0;

	if (!s->begun && str_starts(raw, "\xef\xbb\xbf"))
		raw = (struct str){raw.p + 3, raw.len - 3};
	s->begun = true;
	while (raw.len > 0) {
		size_t n = line_len(raw.p, raw.len);
		struct str line = {raw.p, n};

		n += end_len(raw.p + n, raw.len - n);
		raw = (struct str){raw.p + n, raw.len - n};
		if (is_field(line, "data", &value))
			add_data(s, &out->data, value, &lines);
		else if (is_field(line, "event", &value))
			out->name = value.len ? value : STR("message");
	}
	if (lines > 1)
		out->data = (struct str){buf_str(&s->joined), s->joined.len};
}

/* ---- events ---- */

static bool give_out(struct sse *s, struct str raw, bool whole,
		     struct sse_event *out)
{
	*out = (struct sse_event){
		.name = STR("message"), .raw = raw, .whole = whole};
	if (whole)
		read_fields(s, raw, out);
	return true;
}

/* n bytes of what came are done with. */
static void skip(struct sse *s, size_t n)
{
	s->p = s->p ? s->p + n : NULL;
	s->n -= n;
	s->at -= s->at < n ? s->at : n;
}

/* The search begins anew, behind an event. */
static void search(struct sse *s)
{
	s->found = s->cr = s->closing = s->over = false;
	s->empty_line = true;
	s->at = 0;
}

bool sse_next(struct sse *s, struct sse_event *out)
{
	if (s->taken) {
		forget(&s->held);
		s->taken = false;
	}
	for (;;) {
		struct str raw, held = {s->held.p, s->held.len};
		size_t n;

		if (!s->found)
			s->found = scan(s, &s->end);
		if (!s->found && s->n == 0)
			return false;
		n = s->found ? s->end : s->n;
		raw = (struct str){s->p, n};
		if (!s->over && n <= s->max - held.len) {
			if (n > 0 && (held.len > 0 || !s->found))
				buf_add(&s->held, s->p, n);
			skip(s, n);
			if (!s->found)
				return false;
			search(s);
			s->taken = held.len > 0;
			if (s->taken)
				raw = (struct str){s->held.p, s->held.len};
			return give_out(s, raw, true, out);
		}
		s->over = s->bad = s->begun = true;
		if (held.len > 0) {
			s->taken = true;
			return give_out(s, held, false, out);
		}
		skip(s, n);
		if (s->found)
			search(s);
		if (n > 0)
			return give_out(s, raw, false, out);
	}
}

struct str sse_rest(const struct sse *s)
{
	if (s->taken)
		return STR_NONE;
	return (struct str){s->held.p, s->held.len};
}
