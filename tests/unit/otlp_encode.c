/* JSON to protobuf by a table of messages, which is also a second reading of
 * the field numbers. */
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "tests/unit/otlp_case.h"

enum kind {
	K_END,
	K_MSG,
	K_TEXT,
	K_HEX,
	K_BASE64,
	K_VARINT,
	K_FIXED32,
	K_FIXED64,
	K_DOUBLE,
	K_BOOL
};
struct field {
	const char *name;
	uint32_t no;
	enum kind kind;
	const struct field *sub;
};

extern const struct field value_msg[];
static const struct field pair[] = {
	{"key", 1, K_TEXT, NULL}, {"value", 2, K_MSG, value_msg}, {0}};
static const struct field array[] = {{"values", 1, K_MSG, value_msg}, {0}};
static const struct field pairs[] = {{"values", 1, K_MSG, pair}, {0}};
const struct field value_msg[] = {
	{"stringValue", 1, K_TEXT, NULL},  {"boolValue", 2, K_BOOL, NULL},
	{"intValue", 3, K_VARINT, NULL},   {"doubleValue", 4, K_DOUBLE, NULL},
	{"arrayValue", 5, K_MSG, array},   {"kvlistValue", 6, K_MSG, pairs},
	{"bytesValue", 7, K_BASE64, NULL}, {0}};
static const struct field resource[] = {
	{"attributes", 1, K_MSG, pair},
	{"droppedAttributesCount", 2, K_VARINT, NULL},
	{0}};
static const struct field scope[] = {
	{"name", 1, K_TEXT, NULL},
	{"version", 2, K_TEXT, NULL},
	{"attributes", 3, K_MSG, pair},
	{"droppedAttributesCount", 4, K_VARINT, NULL},
	{0}};
static const struct field event[] = {
	{"timeUnixNano", 1, K_FIXED64, NULL},
	{"name", 2, K_TEXT, NULL},
	{"attributes", 3, K_MSG, pair},
	{"droppedAttributesCount", 4, K_VARINT, NULL},
	{0}};
static const struct field link[] = {{"traceId", 1, K_HEX, NULL},
				    {"spanId", 2, K_HEX, NULL},
				    {"attributes", 4, K_MSG, pair},
				    {"flags", 6, K_FIXED32, NULL},
				    {0}};
static const struct field status[] = {
	{"message", 2, K_TEXT, NULL}, {"code", 3, K_VARINT, NULL}, {0}};
static const struct field span_msg[] = {
	{"traceId", 1, K_HEX, NULL},
	{"spanId", 2, K_HEX, NULL},
	{"parentSpanId", 4, K_HEX, NULL},
	{"name", 5, K_TEXT, NULL},
	{"kind", 6, K_VARINT, NULL},
	{"startTimeUnixNano", 7, K_FIXED64, NULL},
	{"endTimeUnixNano", 8, K_FIXED64, NULL},
	{"attributes", 9, K_MSG, pair},
	{"droppedAttributesCount", 10, K_VARINT, NULL},
	{"events", 11, K_MSG, event},
	{"links", 13, K_MSG, link},
	{"status", 15, K_MSG, status},
	{"flags", 16, K_FIXED32, NULL},
	{0}};
static const struct field log_record[] = {
	{"timeUnixNano", 1, K_FIXED64, NULL},
	{"severityNumber", 2, K_VARINT, NULL},
	{"severityText", 3, K_TEXT, NULL},
	{"body", 5, K_MSG, value_msg},
	{"attributes", 6, K_MSG, pair},
	{"droppedAttributesCount", 7, K_VARINT, NULL},
	{"flags", 8, K_FIXED32, NULL},
	{"traceId", 9, K_HEX, NULL},
	{"spanId", 10, K_HEX, NULL},
	{"observedTimeUnixNano", 11, K_FIXED64, NULL},
	{"eventName", 12, K_TEXT, NULL},
	{0}};
static const struct field number[] = {{"startTimeUnixNano", 2, K_FIXED64, NULL},
				      {"timeUnixNano", 3, K_FIXED64, NULL},
				      {"asDouble", 4, K_DOUBLE, NULL},
				      {"asInt", 6, K_FIXED64, NULL},
				      {"attributes", 7, K_MSG, pair},
				      {"flags", 8, K_VARINT, NULL},
				      {0}};
static const struct field hist[] = {
	{"startTimeUnixNano", 2, K_FIXED64, NULL},
	{"timeUnixNano", 3, K_FIXED64, NULL},
	{"count", 4, K_FIXED64, NULL},
	{"sum", 5, K_DOUBLE, NULL},
	{"bucketCounts", 6, K_FIXED64, NULL}, /* not packed */
	{"explicitBounds", 7, K_DOUBLE, NULL},
	{"attributes", 9, K_MSG, pair},
	{"min", 11, K_DOUBLE, NULL},
	{"max", 12, K_DOUBLE, NULL},
	{0}};
static const struct field exp_hist[] = {
	{"attributes", 1, K_MSG, pair},
	{"startTimeUnixNano", 2, K_FIXED64, NULL},
	{"timeUnixNano", 3, K_FIXED64, NULL},
	{"count", 4, K_FIXED64, NULL},
	{"sum", 5, K_DOUBLE, NULL},
	{"zeroCount", 7, K_FIXED64, NULL},
	{0}};
static const struct field summary_point[] = {
	{"startTimeUnixNano", 2, K_FIXED64, NULL},
	{"timeUnixNano", 3, K_FIXED64, NULL},
	{"count", 4, K_FIXED64, NULL},
	{"sum", 5, K_DOUBLE, NULL},
	{"attributes", 7, K_MSG, pair},
	{0}};
static const struct field sums[] = {
	{"dataPoints", 1, K_MSG, number},
	{"aggregationTemporality", 2, K_VARINT, NULL},
	{"isMonotonic", 3, K_BOOL, NULL},
	{0}};
static const struct field hists[] = {
	{"dataPoints", 1, K_MSG, hist},
	{"aggregationTemporality", 2, K_VARINT, NULL},
	{0}};
static const struct field exp_hists[] = {
	{"dataPoints", 1, K_MSG, exp_hist},
	{"aggregationTemporality", 2, K_VARINT, NULL},
	{0}};
static const struct field summaries[] = {
	{"dataPoints", 1, K_MSG, summary_point}, {0}};
static const struct field metric[] = {
	{"name", 1, K_TEXT, NULL},
	{"description", 2, K_TEXT, NULL},
	{"unit", 3, K_TEXT, NULL},
	{"gauge", 5, K_MSG, sums},
	{"sum", 7, K_MSG, sums},
	{"histogram", 9, K_MSG, hists},
	{"exponentialHistogram", 10, K_MSG, exp_hists},
	{"summary", 11, K_MSG, summaries},
	{"metadata", 12, K_MSG, pair},
	{0}};
static const struct field items[][4] = {
	{{"scope", 1, K_MSG, scope}, {"spans", 2, K_MSG, span_msg}, {0}},
	{{"scope", 1, K_MSG, scope}, {"logRecords", 2, K_MSG, log_record}, {0}},
	{{"scope", 1, K_MSG, scope}, {"metrics", 2, K_MSG, metric}, {0}},
};
static const struct field scope_msgs[][4] = {
	{{"resource", 1, K_MSG, resource},
	 {"scopeSpans", 2, K_MSG, items[OTLP_TRACES]},
	 {"schemaUrl", 3, K_TEXT, NULL},
	 {0}},
	{{"resource", 1, K_MSG, resource},
	 {"scopeLogs", 2, K_MSG, items[OTLP_LOGS]},
	 {"schemaUrl", 3, K_TEXT, NULL},
	 {0}},
	{{"resource", 1, K_MSG, resource},
	 {"scopeMetrics", 2, K_MSG, items[OTLP_METRICS]},
	 {"schemaUrl", 3, K_TEXT, NULL},
	 {0}},
};
static const struct field request[][2] = {
	{{"resourceSpans", 1, K_MSG, scope_msgs[OTLP_TRACES]}, {0}},
	{{"resourceLogs", 1, K_MSG, scope_msgs[OTLP_LOGS]}, {0}},
	{{"resourceMetrics", 1, K_MSG, scope_msgs[OTLP_METRICS]}, {0}},
};

static void put_varint(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_addc(b, (char)(v | 0x80));
	buf_addc(b, (char)v);
}

static void put_fixed(struct buf *b, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++, v >>= 8)
		buf_addc(b, (char)v);
}

static void put_bytes(struct buf *b, uint32_t no, struct str s)
{
	put_varint(b, no << 3 | 2);
	put_varint(b, s.len);
	buf_add(b, s.p, s.len);
}

static unsigned digit64(char c)
{
	static const char d[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
				"ghijklmnopqrstuvwxyz0123456789+/";

	return (unsigned)(strchr(d, c) - d);
}

static void put_decoded(struct buf *b, const struct field *f, struct str s)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	if (f->kind == K_HEX) {
		for (size_t i = 0; i + 1 < s.len; i += 2) {
			char two[3] = {s.p[i], s.p[i + 1], 0};

			buf_addc(&out, (char)strtoul(two, NULL, 16));
		}
	} else {
		for (size_t i = 0; i + 3 < s.len; i += 4) {
			int n = s.p[i + 2] == '='   ? 1
				: s.p[i + 3] == '=' ? 2
						    : 3;
			unsigned v = digit64(s.p[i]) << 18 | digit64(s.p[i + 1])
								     << 12;

			if (n > 1)
				v |= digit64(s.p[i + 2]) << 6;
			if (n > 2)
				v |= digit64(s.p[i + 3]);
			for (int k = 0; k < n; k++)
				buf_addc(&out, (char)(v >> (16 - 8 * k)));
		}
	}
	put_bytes(b, f->no, (struct str){buf_str(&out), out.len});
	buf_release(&out);
}

static void put_msg(struct buf *b, const struct field *fields,
		    const struct json *obj, struct arena *a);

static void put_number(struct buf *b, const struct field *f,
		       const struct json *v, struct arena *a)
{
	bool fixed = f->kind == K_FIXED64;
	int64_t n;
	double d;

	if (f->kind == K_DOUBLE) {
		uint64_t bits;

		d = json_double(v, &d) ? d : strtod(json_str(v, a).p, NULL);
		memcpy(&bits, &d, sizeof(bits));
		put_varint(b, f->no << 3 | 1);
		put_fixed(b, bits, 8);
	} else if (json_i64(v, &n)) {
		put_varint(b, f->no << 3 | (f->kind == K_FIXED32 ? 5 : fixed));
		if (f->kind == K_VARINT)
			put_varint(b, (uint64_t)n);
		else
			put_fixed(b, (uint64_t)n, fixed ? 8 : 4);
	}
}

static void put_field(struct buf *b, const struct field *f,
		      const struct json *v, struct arena *a)
{
	struct buf sub;

	if (!json_present(v))
		return;
	if (json_is(v, JSON_ARRAY)) {
		for (const struct json *m = json_first(v); m;
		     m = json_next(v, m))
			put_field(b, f, m, a);
		return;
	}
	switch (f->kind) {
	case K_MSG:
		buf_init(&sub, (size_t)16 << 20);
		put_msg(&sub, f->sub, v, a);
		put_bytes(b, f->no, (struct str){buf_str(&sub), sub.len});
		buf_release(&sub);
		break;
	case K_TEXT:
		put_bytes(b, f->no, json_str(v, a));
		break;
	case K_HEX:
	case K_BASE64:
		put_decoded(b, f, json_str(v, a));
		break;
	case K_BOOL:
		put_varint(b, f->no << 3);
		put_varint(b, json_true(v));
		break;
	case K_VARINT:
	case K_FIXED32:
	case K_FIXED64:
	case K_DOUBLE:
		put_number(b, f, v, a);
		break;
	case K_END:
		BUG("no field");
	}
}

static void put_msg(struct buf *b, const struct field *fields,
		    const struct json *obj, struct arena *a)
{
	for (const struct field *f = fields; f->name; f++)
		put_field(b, f, json_get(obj, f->name), a);
}

void otlp_encode(struct buf *out, enum otlp_signal signal, struct str json)
{
	struct json_doc doc;
	struct arena a;
	struct err e;

	json_doc_init(&doc, 1 << 20);
	arena_init(&a, (size_t)16 << 20);
	buf_init(out, (size_t)16 << 20);
	if (json_parse(&doc, json, &e) != RC_OK)
		BUG(e.msg);
	put_msg(out, request[signal], doc.nodes, &a);
	arena_release(&a);
	json_doc_release(&doc);
}
