#include "tests/bench/otlp_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

#define BODY_MAX ((size_t)64 << 20)

/* What a span says besides ids and times. */
struct text {
	const char *key, *value;
};
struct number {
	const char *key;
	int64_t value;
};

static const char *const models[] = {"gpt-5-2025-08-07", "gpt-5-mini",
				     "gpt-4.1", "o3", "gpt-5-nano"};
static const char *const agents[] = {"coder", "reviewer", "planner"};
static const char *const classes[] = {"fix", "feature", "review", "triage"};

#define TEXTS   11
#define NUMBERS 5

static void texts_of(uint32_t i, struct text t[TEXTS])
{
	const char *model = models[i % 5];
	const struct text all[TEXTS] = {
		{"gen_ai.operation.name", "chat"},
		{"gen_ai.provider.name", "openai"},
		{"gen_ai.request.model", model},
		{"gen_ai.response.model", model},
		{"gen_ai.agent.name", agents[i % BODY_SESSIONS % 3]},
		{"gen_ai.output.type", "text"},
		{"server.address", "api.openai.com"},
		{"openai.response.service_tier", "default"},
		{"aco.class", classes[i % BODY_SESSIONS % 4]},
		{"gen_ai.response.id", NULL},
		{"gen_ai.conversation.id", NULL},
	};

	memcpy(t, all, sizeof(all));
}

static void numbers_of(uint32_t i, struct number n[NUMBERS])
{
	const struct number all[NUMBERS] = {
		{"gen_ai.usage.input_tokens", 12000 + i * 37 % 9000},
		{"gen_ai.usage.output_tokens", 200 + i * 13 % 700},
		{"gen_ai.usage.cache_read.input_tokens", 8000 + i % 3000},
		{"gen_ai.request.max_tokens", 4096},
		{"server.port", 443},
	};

	memcpy(n, all, sizeof(all));
}

static void mark(struct body *b, enum stamp_kind kind, size_t at, uint32_t call)
{
	xgrow(&b->stamps, &b->cap_stamps, b->n_stamps + 1, sizeof(*b->stamps));
	b->stamps[b->n_stamps++] = (struct stamp){kind, (uint32_t)at, call};
}

/* The two attributes that are stamped: "resp_" and 24 digits, "conv-" and 16.
 * Returns the kind, and the text with zeros in their place. */
static enum stamp_kind stamped(const char *key, const char **text)
{
	bool response = strcmp(key, "gen_ai.response.id") == 0;

	*text = response ? "resp_000000000000000000000000"
			 : "conv-0000000000000000";
	return response ? STAMP_RESPONSE : STAMP_SESSION;
}

/* ---- protobuf: a message's length comes before it, so that it is made in a
 * buffer of its own ---- */

static void varint(struct buf *b, uint64_t v)
{
	for (; v > 127; v >>= 7)
		buf_addc(b, (char)((v & 127) | 128));
	buf_addc(b, (char)v);
}

static void field(struct buf *b, int no, const void *p, size_t n)
{
	varint(b, (uint64_t)no << 3 | 2);
	varint(b, n);
	buf_add(b, p, n);
}

static void field_fixed64(struct buf *b, int no)
{
	varint(b, (uint64_t)no << 3 | 1);
	buf_add(b, "\0\0\0\0\0\0\0", 8);
}

static void keyvalue(struct buf *b, int no, const char *key,
		     const struct buf *value)
{
	struct buf kv;

	buf_init(&kv, BODY_MAX);
	field(&kv, 1, key, strlen(key));
	field(&kv, 2, value->p, value->len);
	field(b, no, kv.p, kv.len);
	buf_release(&kv);
}

static void attr_text(struct buf *b, int no, const char *key, const char *text)
{
	struct buf v;

	buf_init(&v, BODY_MAX);
	field(&v, 1, text, strlen(text));
	keyvalue(b, no, key, &v);
	buf_release(&v);
}

static void attr_number(struct buf *b, const char *key, int64_t n)
{
	struct buf v;

	buf_init(&v, BODY_MAX);
	varint(&v, 3 << 3);
	varint(&v, (uint64_t)n);
	keyvalue(b, 9, key, &v);
	buf_release(&v);
}

static void pb_attrs(struct body *b, struct buf *s, uint32_t call)
{
	struct text t[TEXTS];
	struct number n[NUMBERS];

	texts_of(call, t);
	numbers_of(call, n);
	for (int i = 0; i < TEXTS; i++) {
		enum stamp_kind kind;

		if (t[i].value) {
			attr_text(s, 9, t[i].key, t[i].value);
			continue;
		}
		kind = stamped(t[i].key, &t[i].value);
		attr_text(s, 9, t[i].key, t[i].value);
		mark(b, kind, s->len - strlen(t[i].value) + 5, call);
	}
	for (int i = 0; i < NUMBERS; i++)
		attr_number(s, n[i].key, n[i].value);
}

/* One span; the marks it makes count from its own beginning. */
static void pb_span(struct body *b, struct buf *s, uint32_t call)
{
	static const char zeros[16];
	const char *name = "chat model";

	field(s, 1, zeros, 16);
	mark(b, STAMP_TRACE, s->len - 16, call);
	field(s, 2, zeros, 8);
	mark(b, STAMP_SPAN, s->len - 8, call);
	field(s, 5, name, strlen(name));
	varint(s, 6 << 3);
	varint(s, 3); /* client */
	field_fixed64(s, 7);
	mark(b, STAMP_START, s->len - 8, call);
	field_fixed64(s, 8);
	mark(b, STAMP_END, s->len - 8, call);
	pb_attrs(b, s, call);
}

static void shift(struct body *b, size_t from, size_t by)
{
	for (size_t i = from; i < b->n_stamps; i++)
		b->stamps[i].at += (uint32_t)by;
}

/* Put `inner` as field `no` behind what `outer` has, stamps and all. */
static void wrap(struct body *b, struct buf *outer, int no, struct buf *inner,
		 size_t from)
{
	field(outer, no, inner->p, inner->len);
	shift(b, from, outer->len - inner->len);
	buf_release(inner);
}

static void pb_body(struct body *b)
{
	struct buf resource, scope, scope_spans, resource_spans, span;

	buf_init(&resource, BODY_MAX);
	buf_init(&scope, BODY_MAX);
	buf_init(&scope_spans, BODY_MAX);
	buf_init(&resource_spans, BODY_MAX);
	attr_text(&resource, 1, "service.name", "agents");
	attr_text(&resource, 1, "telemetry.sdk.language", "nodejs");
	attr_text(&resource, 1, "telemetry.sdk.name", "opentelemetry");
	field(&scope, 1, "bench", 5);
	wrap(b, &scope_spans, 1, &scope, 0);
	for (uint32_t i = 0; i < (uint32_t)b->calls; i++) {
		size_t from = b->n_stamps;

		buf_init(&span, BODY_MAX);
		pb_span(b, &span, i);
		wrap(b, &scope_spans, 2, &span, from);
	}
	field(&resource_spans, 1, resource.p, resource.len);
	buf_release(&resource);
	wrap(b, &resource_spans, 2, &scope_spans, 0);
	wrap(b, &b->data, 1, &resource_spans, 0);
}

/* ---- JSON ---- */

static void json_attr(struct buf *d, const char *key)
{
	if (d->p[d->len - 1] != '[')
		buf_addc(d, ',');
	buf_addf(d, "{\"key\":\"%s\",\"value\":", key);
}

static void json_attrs(struct body *b, uint32_t call)
{
	struct buf *d = &b->data;
	struct text t[TEXTS];
	struct number n[NUMBERS];

	texts_of(call, t);
	numbers_of(call, n);
	for (int i = 0; i < TEXTS; i++) {
		json_attr(d, t[i].key);
		buf_adds(d, "{\"stringValue\":\"");
		if (!t[i].value)
			mark(b, stamped(t[i].key, &t[i].value), d->len + 5,
			     call);
		buf_addf(d, "%s\"}}", t[i].value);
	}
	for (int i = 0; i < NUMBERS; i++) {
		json_attr(d, n[i].key);
		buf_addf(d, "{\"intValue\":%lld}}", (long long)n[i].value);
	}
}

static void json_span(struct body *b, uint32_t call)
{
	struct buf *d = &b->data;

	buf_adds(d, "{\"traceId\":\"");
	mark(b, STAMP_TRACE, d->len, call);
	buf_adds(d, "00000000000000000000000000000000\",\"spanId\":\"");
	mark(b, STAMP_SPAN, d->len, call);
	buf_adds(d, "0000000000000000\",\"name\":\"chat model\",\"kind\":3,"
		    "\"startTimeUnixNano\":\"");
	mark(b, STAMP_START, d->len, call);
	buf_adds(d, "0000000000000000000\",\"endTimeUnixNano\":\"");
	mark(b, STAMP_END, d->len, call);
	buf_adds(d, "0000000000000000000\",\"attributes\":[");
	json_attrs(b, call);
	buf_adds(d, "],\"droppedAttributesCount\":0,\"events\":[],"
		    "\"status\":{\"code\":0},\"links\":[]}");
}

static void json_body(struct body *b)
{
	static const struct text resource[] = {
		{"service.name", "agents"},
		{"telemetry.sdk.language", "nodejs"},
		{"telemetry.sdk.name", "opentelemetry"}};
	struct buf *d = &b->data;

	buf_adds(d, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
	for (int i = 0; i < 3; i++) {
		json_attr(d, resource[i].key);
		buf_addf(d, "{\"stringValue\":\"%s\"}}", resource[i].value);
	}
	buf_adds(d, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"bench\"},"
		    "\"spans\":[");
	for (uint32_t i = 0; i < (uint32_t)b->calls; i++) {
		if (i)
			buf_addc(d, ',');
		json_span(b, i);
	}
	buf_adds(d, "]}]}]}");
}

void body_init(struct body *b, int calls, bool json)
{
	*b = (struct body){.json = json, .calls = calls};
	buf_init(&b->data, BODY_MAX);
	if (json)
		json_body(b);
	else
		pb_body(b);
	if (!buf_ok(&b->data))
		BUG("the body is too large");
}

void body_release(struct body *b)
{
	buf_release(&b->data);
	free(b->stamps);
}

/* ---- stamping ---- */

static void hex(char *to, uint64_t v, int digits)
{
	static const char digit[] = "0123456789abcdef";

	for (int i = digits - 1; i >= 0; i--, v >>= 4)
		to[i] = digit[v & 15];
}

static void decimal(char *to, uint64_t v, int digits)
{
	for (int i = digits - 1; i >= 0; i--, v /= 10)
		to[i] = (char)('0' + v % 10);
}

static void bytes(char *to, uint64_t v, bool little)
{
	for (int i = 0; i < 8; i++)
		to[little ? i : 7 - i] = (char)(v >> (8 * i) & 0xff);
}

static void put_id(const struct body *b, char *to, uint64_t v)
{
	if (b->json)
		hex(to, v, 16);
	else
		bytes(to, v, false);
}

static void put_time(const struct body *b, char *to, int64_t us)
{
	if (b->json)
		decimal(to, (uint64_t)us * 1000, 19);
	else
		bytes(to, (uint64_t)us * 1000, true);
}

/* Scatters, so that ids do not come in order. */
static uint64_t mix(uint64_t v)
{
	v *= UINT64_C(0x9e3779b97f4a7c15);
	v ^= v >> 29;
	v *= UINT64_C(0xbf58476d1ce4e5b9);
	return v ^ v >> 32;
}

void body_stamp(struct body *b, struct body_ids *ids, int64_t now_us)
{
	for (size_t i = 0; i < b->n_stamps; i++) {
		const struct stamp *s = &b->stamps[i];
		uint64_t session = ids->session + s->call % BODY_SESSIONS;
		uint64_t call = mix(ids->next + s->call);
		char *to = b->data.p + s->at;

		switch (s->kind) {
		case STAMP_TRACE:
			put_id(b, to, mix(ids->run ^ session));
			put_id(b, to + (b->json ? 16 : 8), mix(session));
			break;
		case STAMP_SPAN:
			put_id(b, to, mix(ids->run ^ call));
			break;
		case STAMP_RESPONSE:
			hex(to, ids->run, 8);
			hex(to + 8, call, 16);
			break;
		case STAMP_SESSION:
			hex(to, mix(ids->run ^ session), 16);
			break;
		case STAMP_START:
			put_time(b, to, now_us - 3000000 + s->call);
			break;
		case STAMP_END:
			put_time(b, to, now_us + s->call);
			break;
		}
	}
	ids->next += (uint64_t)b->calls;
	if (++ids->round == BODY_ROUNDS) {
		ids->round = 0;
		ids->session += BODY_SESSIONS;
	}
}
