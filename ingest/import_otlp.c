/* OTLP: bodies of requests as they were captured, JSON or protobuf. A file
 * holds one body, or JSON bodies one after the other, as file exporters of
 * collectors write them. Which signal a body carries is seen from its
 * content. What it means is understood as by the daemon (meaning.h). */
#include "ingest/import.h"
#include "ingest/meaning.h"
#include "ingest/pb.h"
#include "ledger/base/clock.h"
#include "ledger/base/conf.h"
#include "ledger/base/jpull.h"

#define ITEM_BYTES ((size_t)32 << 20) /* one span, its resource, its scope */

/* ---- which signal ---- */

/* By the first member that names an envelope. */
static enum otlp_signal json_signal(struct str body)
{
	static const char *const names[] = {[OTLP_TRACES] = "resourceSpans",
					    [OTLP_LOGS] = "resourceLogs",
					    [OTLP_METRICS] = "resourceMetrics"};
	struct jpull_text key;
	struct jpull j;

	jpull_init(&j, body);
	if (!jpull_enter(&j, '{'))
		return OTLP_SIGNAL_N;
	while (jpull_key(&j, &key)) {
		for (int i = 0; i < OTLP_SIGNAL_N; i++)
			if (str_is(key.raw, names[i]))
				return (enum otlp_signal)i;
		jpull_skip(&j);
	}
	return OTLP_SIGNAL_N;
}

/* The first field `no` of a message, if it is a message. */
static bool first(struct str *s, uint32_t no)
{
	struct pb c = pb_of(*s);
	struct pb_field f;

	while (pb_next(&c, &f)) {
		if (pb_is(&f, no, PB_BYTES)) {
			*s = f.s;
			return true;
		}
	}
	return false;
}

/* By the first item: a record has times where a span has ids, a metric has a
 * name and no second field of 8 bytes. */
static enum otlp_signal pb_signal(struct str body)
{
	bool trace = false, span = false;
	struct pb_field f;
	struct pb c;

	if (!first(&body, 1) || !first(&body, 2) || !first(&body, 2))
		return OTLP_SIGNAL_N;
	c = pb_of(body);
	while (pb_next(&c, &f)) {
		if (pb_is(&f, 1, PB_FIXED64) || pb_is(&f, 11, PB_FIXED64))
			return OTLP_LOGS;
		trace |= pb_is(&f, 1, PB_BYTES) && f.s.len == 16;
		span |= pb_is(&f, 2, PB_BYTES) && f.s.len == 8;
	}
	return trace && span ? OTLP_TRACES : OTLP_METRICS;
}

/* ---- handing over ---- */

struct in {
	struct import_run *r;
	struct meaning *m;
	struct import_at at;
	int64_t bodies;
};

static enum rc take_attempt(void *arg, const struct ev_task *t,
			    const struct ev_attempt *a, struct err *e)
{
	struct in *in = arg;
	struct ev_attempt copy = *a;

	(void)e;
	copy.task = import_task(in->r, t);
	import_attempt(in->r, &copy, in->at);
	return RC_OK;
}

static enum rc take_outcome(void *arg, const struct ev_task *t,
			    const struct ev_outcome *o, struct err *e)
{
	struct in *in = arg;
	struct ev_outcome copy = *o;

	(void)e;
	copy.task = import_task(in->r, t);
	import_outcome(in->r, &copy, in->at);
	return RC_OK;
}

static enum rc take_claim(void *arg, const struct ev_task *t,
			  const struct ev_claim *c, struct err *e)
{
	struct in *in = arg;
	struct ev_claim copy = *c;

	(void)e;
	copy.sum.task = import_task(in->r, t);
	import_claim(in->r, &copy, in->at);
	return RC_OK;
}

static enum rc take_task(void *arg, const struct ev_task *t, struct err *e)
{
	struct in *in = arg;

	(void)e;
	import_task(in->r, t);
	return RC_OK;
}

static enum rc take_dead(void *arg, const struct ev_dead *d, struct err *e)
{
	struct in *in = arg;

	(void)e;
	import_dead(in->r, d, in->at);
	return RC_OK;
}

/* ---- reading ---- */

static void read_body(struct in *in, enum otlp_encoding enc, struct str body)
{
	const struct sink sink = {take_attempt, take_outcome, take_claim, NULL,
				  take_task,    take_dead,    in};
	const struct origin from = {.source = STR("import:otlp"),
				    .peer = import_path(in->r),
				    .received_us = clock_now_us()};
	enum otlp_signal signal =
		enc == OTLP_JSON ? json_signal(body) : pb_signal(body);
	struct meaning_counts counts = {0};
	struct otlp_result res;
	struct arena scratch;
	struct err e;
	enum rc rc;

	if (signal == OTLP_SIGNAL_N) {
		import_skip(in->r, "bodies without spans, records or points");
		return;
	}
	in->bodies++;
	arena_init(&scratch, ITEM_BYTES);
	meaning_begin(in->m, &from);
	rc = otlp_decode(signal, enc, body, &scratch, meaning_visitor(in->m),
			 &res, &e);
	arena_release(&scratch);
	if (rc == RC_OK)
		rc = meaning_end(in->m, &sink, &counts, &e);
	if (rc != RC_OK) {
		import_bad(in->r, in->at, "bodies", "%s", e.msg);
		return;
	}
	if (res.rejected)
		import_bad(in->r, in->at, "bodies with rejected items", "%s",
			   res.why);
	for (int64_t i = 0; i < counts.ignored; i++)
		import_skip(in->r, "items that are not model calls");
}

/* JSON values, one after the other. RC_BAD: not even the first. */
static enum rc read_json(struct in *in, struct str text, struct err *e)
{
	const char *p = text.p, *end = text.p + text.len;
	int64_t line = 1;

	while (p < end) {
		struct jpull j;
		const char *from = p;

		jpull_init(&j, (struct str){p, (size_t)(end - p)});
		if (jpull_type(&j) == JPULL_NONE && !j.x.why && j.x.p == end)
			break;
		from = j.x.p;
		jpull_skip(&j);
		in->at = (struct import_at){.offset = from - text.p,
					    .line = line};
		if (j.x.why && !in->bodies)
			return err_set(e, RC_BAD,
				       "invalid JSON at byte %zu: "
				       "%s",
				       (size_t)(j.x.p - text.p), j.x.why);
		if (j.x.why) {
			import_bad(in->r, in->at, "bodies", "%s", j.x.why);
			break;
		}
		read_body(in, OTLP_JSON,
			  (struct str){from, (size_t)(j.x.p - from)});
		for (; p < j.x.p; p++)
			line += *p == '\n';
	}
	return RC_OK;
}

/* A protobuf body begins with a byte that is a newline in text, so it is tried
 * before JSON with white space in front. */
static enum rc read_text(struct in *in, struct str text, struct err *e)
{
	struct str start = str_trim(text);
	struct pb c = pb_of(text);
	struct pb_field f;

	if (!start.len)
		return RC_OK;
	while (pb_next(&c, &f))
		continue;
	if (!c.why && pb_signal(text) != OTLP_SIGNAL_N) {
		in->at = (struct import_at){.offset = 0};
		read_body(in, OTLP_PROTOBUF, text);
		return RC_OK;
	}
	if (*start.p == '{')
		return read_json(in, text, e);
	return err_set(e, RC_BAD, "neither JSON nor protobuf of OTLP");
}

static enum rc parse(struct import_run *r, struct err *e)
{
	static char no_rules[] = "";
	const struct conf defaults = {.class_rules = no_rules,
				      .claim_seconds = 600};
	const struct conf *conf = import_conf(r);
	struct in in = {.r = r};
	struct str text;
	enum rc rc;

	if (!import_bytes(r, &text))
		return RC_OK;
	in.m = meaning_new(conf ? conf : &defaults);
	rc = read_text(&in, text, e);
	meaning_free(in.m);
	return rc;
}

static bool match(struct str path)
{
	struct str name = path;

	for (size_t i = path.len; i > 0; i--) {
		if (path.p[i - 1] == '/') {
			name = (struct str){path.p + i, path.len - i};
			break;
		}
	}
	if (str_ends(name, ".headers.json"))
		return false;
	if (str_ends(name, ".pb"))
		return true;
	return (str_ends(name, ".json") || str_ends(name, ".jsonl")) &&
	       (str_contains(name, "traces") || str_contains(name, "logs") ||
		str_contains(name, "metrics") || str_contains(name, "otlp"));
}

const struct import_kind import_otlp = {
	.name = "otlp",
	.summary = "bodies of OTLP requests, JSON or protobuf",
	.sender = "otlp",
	.rank = RANK_OTHER,
	.match = match,
	.parse = parse,
};
