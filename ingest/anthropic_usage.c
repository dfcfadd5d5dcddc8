#include "ingest/anthropic_usage.h"

#include "ingest/import.h"

/* The counts of one usage object or iteration, as it names them. */
struct counts {
	int64_t in, out, read, write, w5, w1, thinking;
};

static int64_t count(const struct json *obj, const char *key, bool *bad)
{
	return field_count(json_get(obj, key), bad);
}

static void read_counts(const struct json *v, struct counts *c, bool *bad)
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
}

static int64_t known(int64_t n)
{
	return n == USAGE_NONE ? 0 : n;
}

/* Make the two halves of the cache writes explain the total. */
static enum usage_quality split_writes(struct counts *c)
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

static enum usage_quality worse(enum usage_quality a, enum usage_quality b)
{
	return a > b ? a : b;
}

static enum usage_quality add_iterations(const struct json *usage,
					 struct counts *c, bool *bad)
{
	const struct json *list = json_get(usage, "iterations");
	enum usage_quality q = QUALITY_EXACT;

	if (!json_is(list, JSON_ARRAY))
		return q;
	for (const struct json *v = json_first(list); v;
	     v = json_next(list, v)) {
		const struct json *type = json_get(v, "type");
		struct counts i;

		if (json_str_is(type, "message"))
			continue;
		if (!json_str_is(type, "compaction")) {
			q = worse(q, QUALITY_INFERRED);
			continue;
		}
		read_counts(v, &i, bad);
		if (i.write != USAGE_NONE || i.w5 != USAGE_NONE)
			q = worse(q, split_writes(&i));
		add(&c->in, i.in);
		add(&c->out, i.out);
		add(&c->read, i.read);
		add(&c->w5, i.w5);
		add(&c->w1, i.w1);
		add(&c->thinking, i.thinking);
	}
	return q;
}

enum usage_quality anthropic_usage(const struct json *usage, struct usage *u,
				   bool *bad)
{
	enum usage_quality q;
	struct counts c;

	usage_init(u);
	read_counts(usage, &c, bad);
	if (c.in == USAGE_NONE && c.out == USAGE_NONE)
		return QUALITY_MISSING;
	q = split_writes(&c);
	if (c.read == USAGE_NONE)
		q = worse(q, QUALITY_CACHE_UNKNOWN);
	q = worse(q, add_iterations(usage, &c, bad));
	u->n[USAGE_UNCACHED_IN] = c.in;
	u->n[USAGE_CACHE_READ] = c.read;
	u->n[USAGE_CACHE_WRITE_5M] = c.w5;
	u->n[USAGE_CACHE_WRITE_1H] = c.w1;
	u->n[USAGE_OUTPUT] = c.out;
	if (c.thinking <= c.out)
		u->n[USAGE_REASONING] = c.thinking;
	u->n[USAGE_WEB_SEARCH] = count(json_get(usage, "server_tool_use"),
				       "web_search_requests", bad);
	return q;
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
