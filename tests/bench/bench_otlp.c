/* How fast bodies of spans are decoded: one of 37 spans with 17 attributes
 * each, of which ten facts are read, as JSON and as protobuf, with a filter of
 * attributes and without; beside the same read from a jansson document. */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/otlp_encode.c"

#define SPANS   37
#define ROUNDS  400 /* bodies in one sample */
#define SAMPLES 9

static bool json;

/* ---- the body ---- */

static void add_attr(struct buf *b, const char *key, const char *kind,
		     const char *v)
{
	buf_addf(b, "%s{\"key\":\"%s\",\"value\":{\"%s\":%s}}",
		 b->p[b->len - 1] == '[' ? "" : ",", key, kind, v);
}

static void add_span(struct buf *b, int i)
{
	char n[32];

	buf_addf(b,
		 "%s{\"traceId\":\"76467067ecc106f7ee70c2e90d85c0%02x\","
		 "\"spanId\":\"f226134d839b33%02x\","
		 "\"parentSpanId\":\"9fccb4f8cb53d0b2\","
		 "\"name\":\"chat claude-sonnet-4-5\",\"kind\":3,"
		 "\"startTimeUnixNano\":\"17588000001284567%02d\","
		 "\"endTimeUnixNano\":\"17588000022284567%02d\","
		 "\"attributes\":[",
		 i ? "," : "", i + 1, i + 1, i, i);
	add_attr(b, "gen_ai.operation.name", "stringValue", "\"chat\"");
	add_attr(b, "gen_ai.provider.name", "stringValue", "\"anthropic\"");
	add_attr(b, "gen_ai.request.model", "stringValue",
		 "\"claude-sonnet-4-5\"");
	add_attr(b, "gen_ai.request.max_tokens", "intValue", "4096");
	add_attr(b, "gen_ai.request.temperature", "doubleValue", "0.2");
	add_attr(b, "gen_ai.request.stream", "boolValue", "true");
	add_attr(b, "gen_ai.conversation.id", "stringValue", "\"conv-001\"");
	add_attr(b, "server.address", "stringValue", "\"api.anthropic.com\"");
	add_attr(b, "server.port", "intValue", "443");
	add_attr(b, "gen_ai.response.id", "stringValue", "\"msg_01AbC\"");
	add_attr(b, "gen_ai.response.model", "stringValue",
		 "\"claude-sonnet-4-5-20250929\"");
	add_attr(b, "gen_ai.response.finish_reasons", "arrayValue",
		 "{\"values\":[{\"stringValue\":\"tool_use\"}]}");
	snprintf(n, sizeof(n), "%d", 12350 + i);
	add_attr(b, "gen_ai.usage.input_tokens", "intValue", n);
	add_attr(b, "gen_ai.usage.cache_read.input_tokens", "intValue",
		 "10000");
	add_attr(b, "gen_ai.usage.cache_creation.input_tokens", "intValue",
		 "2000");
	add_attr(b, "gen_ai.usage.output_tokens", "intValue", "512");
	add_attr(b, "gen_ai.response.time_to_first_chunk", "doubleValue",
		 "0.731");
	buf_adds(b, "],\"droppedAttributesCount\":0,\"events\":[],"
		    "\"status\":{\"code\":0},\"links\":[],\"flags\":257}");
}

static void make_body(struct buf *b)
{
	buf_init(b, 1 << 20);
	buf_adds(b, "{\"resourceSpans\":[{\"resource\":{\"attributes\":["
		    "{\"key\":\"service.name\",\"value\":{\"stringValue\":"
		    "\"bench\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":"
		    "\"bench\",\"version\":\"1.0\"},\"spans\":[");
	for (int i = 0; i < SPANS; i++)
		add_span(b, i);
	buf_adds(b, "]}]}]}");
}

/* ---- ours ---- */

static const struct str names[] = {
	STR("gen_ai.operation.name"),
	STR("gen_ai.provider.name"),
	STR("gen_ai.response.model"),
	STR("gen_ai.response.id"),
	STR("gen_ai.usage.input_tokens"),
	STR("gen_ai.usage.cache_read.input_tokens"),
	STR("gen_ai.usage.output_tokens"),
};
#define NAMES (sizeof(names) / sizeof(names[0]))

static bool wants(void *arg, struct str key)
{
	(void)arg;
	for (size_t i = 0; i < NAMES; i++)
		if (key.len == names[i].len &&
		    !memcmp(key.p, names[i].p, key.len))
			return true;
	return false;
}

static void on_span(void *arg, const struct otlp_span *s)
{
	uint64_t *sum = arg;

	*sum += s->name.len + s->start_ns + s->end_ns;
	for (size_t i = 0; i < NAMES; i++) {
		const struct otlp_value *v = otlp_get(&s->attrs, names[i].p);
		int64_t n;

		if (otlp_i64(v, &n))
			*sum += (uint64_t)n;
		else
			*sum += otlp_str(v).len;
	}
}

static uint64_t decode(enum otlp_encoding enc, struct str body, bool filter)
{
	uint64_t sum = 0;
	struct otlp_visitor v = {
		.span = on_span, .wants = filter ? wants : NULL, .arg = &sum};
	struct otlp_result res;
	struct arena scratch;
	struct err e;

	arena_init(&scratch, 32 << 20);
	if (otlp_decode(OTLP_TRACES, enc, body, &scratch, &v, &res, &e) ||
	    res.visited != SPANS)
		BUG("the body is not decoded");
	arena_release(&scratch);
	return sum;
}

/* ---- jansson, loaded by itself: both have functions of the same names ---- */

static struct {
	void *(*loadb)(const char *, size_t, size_t, void *);
	void *(*get)(const void *, const char *);
	void *(*at)(const void *, size_t);
	size_t (*size)(const void *);
	const char *(*str)(const void *);
	long long (*num)(const void *);
	void (*del)(void *);
} ja;

static bool load_jansson(void)
{
	void *h = dlopen("libjansson.so.4", RTLD_NOW | RTLD_LOCAL);

	if (!h)
		return false;
	*(void **)&ja.loadb = dlsym(h, "json_loadb");
	*(void **)&ja.get = dlsym(h, "json_object_get");
	*(void **)&ja.at = dlsym(h, "json_array_get");
	*(void **)&ja.size = dlsym(h, "json_array_size");
	*(void **)&ja.str = dlsym(h, "json_string_value");
	*(void **)&ja.num = dlsym(h, "json_integer_value");
	*(void **)&ja.del = dlsym(h, "json_delete");
	return ja.loadb && ja.get && ja.at && ja.size && ja.str && ja.num &&
	       ja.del;
}

static uint64_t span_sum(const void *span)
{
	const void *attrs = ja.get(span, "attributes");
	uint64_t sum = strlen(ja.str(ja.get(span, "name")));

	sum += strtoull(ja.str(ja.get(span, "startTimeUnixNano")), NULL, 10);
	sum += strtoull(ja.str(ja.get(span, "endTimeUnixNano")), NULL, 10);
	for (size_t i = 0; i < ja.size(attrs); i++) {
		const void *a = ja.at(attrs, i), *v = ja.get(a, "value");
		const void *text = ja.get(v, "stringValue");

		if (!wants(NULL, str_from(ja.str(ja.get(a, "key")))))
			continue;
		if (text)
			sum += strlen(ja.str(text));
		else
			sum += (uint64_t)ja.num(ja.get(v, "intValue"));
	}
	return sum;
}

static uint64_t by_jansson(struct str body)
{
	void *doc = ja.loadb(body.p, body.len, 0, NULL);
	const void *blocks, *scopes, *spans;
	uint64_t sum = 0;

	if (!doc)
		BUG("jansson refuses the body");
	blocks = ja.get(doc, "resourceSpans");
	scopes = ja.get(ja.at(blocks, 0), "scopeSpans");
	spans = ja.get(ja.at(scopes, 0), "spans");
	for (size_t i = 0; i < ja.size(spans); i++)
		sum += span_sum(ja.at(spans, i));
	ja.del(doc); /* the only reference */
	return sum;
}

/* ---- measuring ---- */

/* Of this process: what others do on the machine is not counted. */
static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

enum how {
	JSON_FILTER,
	JSON_ALL,
	PB_FILTER,
	PB_ALL,
	JANSSON,
	HOWS
};

static uint64_t once(enum how how, struct str text, struct str pb)
{
	switch (how) {
	case JSON_FILTER:
	case JSON_ALL:
		return decode(OTLP_JSON, text, how == JSON_FILTER);
	case PB_FILTER:
	case PB_ALL:
		return decode(OTLP_PROTOBUF, pb, how == PB_FILTER);
	case JANSSON:
		return by_jansson(text);
	case HOWS:
		break;
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void result(const char *name, double value, const char *unit)
{
	if (json)
		printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"%s\"}\n",
		       name, value, unit);
	else
		printf("%-22s %12.1f %s\n", name, value, unit);
}

static void measure(enum how how, const char *name, struct str text,
		    struct str pb, uint64_t want)
{
	double us[SAMPLES];
	char label[64];
	size_t bytes = how == PB_FILTER || how == PB_ALL ? pb.len : text.len;

	for (int s = 0; s < SAMPLES; s++) {
		int64_t start = cpu_us();

		for (int i = 0; i < ROUNDS; i++)
			if (once(how, text, pb) != want)
				BUG("another sum");
		us[s] = (double)(cpu_us() - start) / ROUNDS;
	}
	qsort(us, SAMPLES, sizeof(us[0]), by_value);
	snprintf(label, sizeof(label), "%s", name);
	result(label, us[SAMPLES / 2], "us a body");
	snprintf(label, sizeof(label), "%s MB/s", name);
	result(label, (double)bytes / us[SAMPLES / 2], "MB/s");
	snprintf(label, sizeof(label), "%s spans/s", name);
	result(label, SPANS * 1e6 / us[SAMPLES / 2], "spans/s");
}

int main(int argc, char **argv)
{
	static const char *const labels[HOWS] = {
		"json", "json, no filter", "protobuf", "protobuf, no filter",
		"jansson"};
	struct buf text, pb;
	struct str t, p;
	uint64_t want;

	json = argc > 1 && !strcmp(argv[1], "--json");
	make_body(&text);
	t = (struct str){text.p, text.len};
	otlp_encode(&pb, OTLP_TRACES, t);
	p = (struct str){pb.p, pb.len};
	result("json body", (double)t.len, "bytes");
	result("protobuf body", (double)p.len, "bytes");
	want = once(JSON_FILTER, t, p);
	for (int how = 0; how < HOWS; how++) {
		if (how == JANSSON && !load_jansson())
			continue;
		measure((enum how)how, labels[how], t, p, want);
	}
	buf_release(&text);
	buf_release(&pb);
	return 0;
}
