#include "ingest/anthropic_usage.h"

#include "ledger/field.h"

static int64_t count(const struct json *obj, const char *key, bool *bad)
{
	return field_count(json_get(obj, key), bad);
}

static void counts_init(struct anthropic_counts *c)
{
	*c = (struct anthropic_counts){USAGE_NONE, USAGE_NONE, USAGE_NONE,
				       USAGE_NONE, USAGE_NONE, USAGE_NONE,
				       USAGE_NONE, USAGE_NONE};
}

void anthropic_said_init(struct anthropic_said *s)
{
	*s = (struct anthropic_said){.more_quality = QUALITY_EXACT};
	counts_init(&s->top);
	counts_init(&s->more);
}

static void read_counts(const struct json *v, struct anthropic_counts *c,
			bool *bad)
{
	const struct json *split = json_get(v, "cache_creation");

	c->in = count(v, "input_tokens", bad);
	c->out = count(v, "output_tokens", bad);
	c->read = count(v, "cache_read_input_tokens", bad);
	c->write = count(v, "cache_creation_input_tokens", bad);
	c->w5 = count(split, "ephemeral_5m_input_tokens", bad);
	c->w1 = count(split, "ephemeral_1h_input_tokens", bad);
	c->thinking = count(json_get(v, "output_tokens_details"),
			    "thinking_tokens", bad);
	c->searches = count(json_get(v, "server_tool_use"),
			    "web_search_requests", bad);
}

static int64_t known(int64_t n)
{
	return n == USAGE_NONE ? 0 : n;
}

/* Make the two halves of the cache writes explain the total. */
static enum usage_quality split_writes(struct anthropic_counts *c)
{
	int64_t halves = known(c->w5) + known(c->w1);

	if (c->w5 == USAGE_NONE && c->w1 == USAGE_NONE) {
		c->w5 = c->write;
		if (c->write > 0)
			return QUALITY_NO_TTL_SPLIT;
		c->w1 = c->write;
		return c->write == USAGE_NONE ? QUALITY_CACHE_UNKNOWN
					      : QUALITY_EXACT;
	}
	c->w5 = known(c->w5);
	c->w1 = known(c->w1);
	if (c->write == USAGE_NONE || c->write == halves)
		return QUALITY_EXACT;
	if (c->write < halves)
		return QUALITY_INFERRED;
	c->w5 += c->write - halves;
	return QUALITY_NO_TTL_SPLIT;
}

static void add(int64_t *sum, int64_t n)
{
	if (n == USAGE_NONE)
		return;
	if (__builtin_add_overflow(known(*sum), n, sum))
		*sum = INT64_MAX;
}

static void add_counts(struct anthropic_counts *sum,
		       const struct anthropic_counts *c)
{
	add(&sum->in, c->in);
	add(&sum->out, c->out);
	add(&sum->read, c->read);
	add(&sum->w5, c->w5);
	add(&sum->w1, c->w1);
	add(&sum->thinking, c->thinking);
}

static enum usage_quality worse(enum usage_quality a, enum usage_quality b)
{
	return a > b ? a : b;
}

/* One entry of `iterations`, of which `c` are the counts. */
static void add_iteration(struct anthropic_said *s, bool message,
			  bool compaction, struct anthropic_counts *c)
{
	if (message)
		return;
	if (!compaction) {
		s->more_quality = worse(s->more_quality, QUALITY_INFERRED);
		return;
	}
	if (c->write != USAGE_NONE || c->w5 != USAGE_NONE)
		s->more_quality = worse(s->more_quality, split_writes(c));
	add_counts(&s->more, c);
}

enum usage_quality anthropic_said_usage(const struct anthropic_said *s,
					struct usage *u)
{
	struct anthropic_counts c = s->top;
	enum usage_quality q;

	usage_init(u);
	if (c.in == USAGE_NONE && c.out == USAGE_NONE)
		return QUALITY_MISSING;
	q = split_writes(&c);
	if (c.read == USAGE_NONE)
		q = worse(q, QUALITY_CACHE_UNKNOWN);
	q = worse(q, s->more_quality);
	add_counts(&c, &s->more);
	u->n[USAGE_UNCACHED_IN] = c.in;
	u->n[USAGE_CACHE_READ] = c.read;
	u->n[USAGE_CACHE_WRITE_5M] = c.w5;
	u->n[USAGE_CACHE_WRITE_1H] = c.w1;
	u->n[USAGE_OUTPUT] = c.out;
	if (c.thinking <= c.out)
		u->n[USAGE_REASONING] = c.thinking;
	u->n[USAGE_WEB_SEARCH] = c.searches;
	return q;
}

enum usage_quality anthropic_usage(const struct json *usage, struct usage *u,
				   bool *bad)
{
	const struct json *list = json_get(usage, "iterations");
	struct anthropic_said s;

	anthropic_said_init(&s);
	read_counts(usage, &s.top, bad);
	for (const struct json *v = json_is(list, JSON_ARRAY) ? json_first(list)
							      : NULL;
	     v; v = json_next(list, v)) {
		const struct json *type = json_get(v, "type");
		struct anthropic_counts c;

		read_counts(v, &c, bad);
		add_iteration(&s, json_str_is(type, "message"),
			      json_str_is(type, "compaction"), &c);
	}
	return anthropic_said_usage(&s, u);
}

/* ---- without a document ---- */

static void pull_count(struct jpull *j, int64_t *out, bool *bad)
{
	struct str s;
	int64_t n;

	if (jpull_type(j) == JPULL_NULL) {
		jpull_skip(j);
		return;
	}
	if (jpull_number(j, &s) && json_text_i64(s, &n) && n >= 0)
		*out = n;
	else
		*bad = true;
}

static bool key_is(struct jpull_text key, const char *name)
{
	return str_is(key.raw, name);
}

/* The counts inside an object, by their names in it. */
static void pull_inner(struct jpull *j, const char *name, int64_t *out,
		       const char *name2, int64_t *out2, bool *bad)
{
	struct jpull_text key;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (key_is(key, name))
			pull_count(j, out, bad);
		else if (name2 && key_is(key, name2))
			pull_count(j, out2, bad);
		else
			jpull_skip(j);
	}
}

/* False: not a count's name, and not taken. */
static bool pull_member(struct jpull *j, struct jpull_text key,
			struct anthropic_counts *c, bool *bad)
{
	if (key_is(key, "input_tokens"))
		pull_count(j, &c->in, bad);
	else if (key_is(key, "output_tokens"))
		pull_count(j, &c->out, bad);
	else if (key_is(key, "cache_read_input_tokens"))
		pull_count(j, &c->read, bad);
	else if (key_is(key, "cache_creation_input_tokens"))
		pull_count(j, &c->write, bad);
	else if (key_is(key, "cache_creation"))
		pull_inner(j, "ephemeral_5m_input_tokens", &c->w5,
			   "ephemeral_1h_input_tokens", &c->w1, bad);
	else if (key_is(key, "output_tokens_details"))
		pull_inner(j, "thinking_tokens", &c->thinking, NULL, NULL, bad);
	else if (key_is(key, "server_tool_use"))
		pull_inner(j, "web_search_requests", &c->searches, NULL, NULL,
			   bad);
	else
		return false;
	return true;
}

/* The list is whole each time it comes. */
static void pull_iterations(struct jpull *j, struct anthropic_said *s)
{
	struct jpull_text key, type;

	if (!jpull_enter(j, '['))
		return;
	counts_init(&s->more);
	s->more_quality = QUALITY_EXACT;
	while (jpull_item(j)) {
		struct anthropic_counts c;
		bool message = false, compaction = false;

		counts_init(&c);
		if (!jpull_enter(j, '{'))
			continue;
		while (jpull_key(j, &key)) {
			if (key_is(key, "type") && jpull_string(j, &type)) {
				message = str_is(type.raw, "message");
				compaction = str_is(type.raw, "compaction");
			} else if (!key_is(key, "type") &&
				   !pull_member(j, key, &c, &s->bad)) {
				jpull_skip(j);
			}
		}
		add_iteration(s, message, compaction, &c);
	}
}

void anthropic_said_read(struct anthropic_said *s, struct jpull *j)
{
	struct jpull_text key, t;

	if (!jpull_enter(j, '{'))
		return;
	while (jpull_key(j, &key)) {
		if (key_is(key, "iterations")) {
			pull_iterations(j, s);
		} else if (key_is(key, "speed") && jpull_string(j, &t)) {
			s->fast = str_is(t.raw, "fast");
		} else if (key_is(key, "service_tier") && jpull_string(j, &t)) {
			s->tier_said = t.raw.len > 0 && !t.escaped;
			s->tier = t.raw;
		} else if (!key_is(key, "speed") &&
			   !key_is(key, "service_tier") &&
			   !pull_member(j, key, &s->top, &s->bad)) {
			jpull_skip(j);
		}
	}
}

struct str anthropic_tier(const struct json *usage)
{
	const struct json *tier = json_get(usage, "service_tier");

	if (json_str_is(json_get(usage, "speed"), "fast"))
		return STR("fast");
	if (!json_is(tier, JSON_STRING) || tier->escaped || !tier->text.len)
		return STR_NONE;
	return tier->text;
}
