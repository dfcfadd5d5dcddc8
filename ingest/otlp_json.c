/* OTLP as JSON: the envelopes and the items in them. Members come in any
 * order: where what follows depends on an earlier member (the resource of the
 * spans), the reader looks ahead for it and comes back. */
#include "ingest/otlp_json.h"

/* An attribute's value begins 10 levels down (an event's 12), and each level of
 * a list of pairs is four of JSON. */
#define BODY_DEPTH (OTLP_DEPTH_MAX * 4 + 12)

enum rc otlp_json_check(struct str body, struct err *e)
{
	struct jpull j;

	jpull_init(&j, body);
	if (jpull_type(&j) != JPULL_OBJECT)
		return err_set(e, RC_BAD,
			       "invalid OTLP at byte %zu: not a JSON object",
			       (size_t)(j.x.p - j.start));
	return jpull_check(body, BODY_DEPTH, e);
}

/* Into a container of the envelope. What is of another type cannot be told
 * from lost data: it is counted. */
static bool enter(struct otlp_js *s, char open)
{
	enum jpull_type type = jpull_type(&s->j);

	if (type != JPULL_NULL &&
	    type != (open == '{' ? JPULL_OBJECT : JPULL_ARRAY))
		otlp_reject(s->d, open == '{' ? "expected an object"
					      : "expected an array");
	return jpull_enter(&s->j, open);
}

/* On to the value of the member `name` of the object at hand; the caller keeps
 * a bookmark. */
static bool ahead(struct otlp_js *s, struct arena *a, const char *name)
{
	struct str key;

	while (otlp_js_key(s, a, &key)) {
		if (str_is(key, name))
			return true;
		jpull_skip(&s->j);
	}
	return false;
}

static void read_event(struct otlp_js *s, struct otlp_list *l)
{
	struct arena *a = s->d->item;
	struct otlp_event ev = {.time_us = otlp_ns_to_us(0)}, *out;
	struct str key;

	if (!jpull_enter(&s->j, '{'))
		return;
	while (otlp_js_key(s, a, &key)) {
		if (otlp_js_is(key, "name"))
			ev.name = otlp_plain(otlp_js_text(s, a));
		else if (otlp_js_is(key, "timeUnixNano"))
			ev.time_us = otlp_ns_to_us(otlp_js_u64(s));
		else if (otlp_js_is(key, "attributes"))
			otlp_js_attrs(s, a, false, &ev.attrs);
		else if (otlp_js_is(key, "droppedAttributesCount"))
			otlp_js_i64(s, &ev.attrs.dropped);
		else
			jpull_skip(&s->j);
	}
	out = otlp_list_add(a, l, sizeof(*out));
	if (out)
		*out = ev;
}

static void read_events(struct otlp_js *s, struct otlp_span *sp)
{
	struct otlp_list l = {0};

	if (!jpull_enter(&s->j, '['))
		return;
	while (jpull_item(&s->j))
		read_event(s, &l);
	sp->events = l.p;
	sp->n_events = l.n;
}

static void read_status(struct otlp_js *s, struct otlp_span *sp)
{
	struct str key;

	if (!jpull_enter(&s->j, '{'))
		return;
	while (otlp_js_key(s, s->d->item, &key)) {
		if (otlp_js_is(key, "code"))
			sp->status = otlp_js_enum(s, 2);
		else if (otlp_js_is(key, "message"))
			sp->status_message =
				otlp_plain(otlp_js_text(s, s->d->item));
		else
			jpull_skip(&s->j);
	}
}

static void read_span(struct otlp_js *s)
{
	struct arena *a = s->d->item;
	struct otlp_span sp = {.source = &s->d->source};
	bool trace_ok = false, span_ok = false;
	struct str key;

	otlp_item_begin(s->d);
	if (!enter(s, '{'))
		return;
	while (otlp_js_key(s, a, &key)) {
		if (otlp_js_is(key, "traceId"))
			trace_ok = otlp_js_id(s, sp.trace_id, 16);
		else if (otlp_js_is(key, "spanId"))
			span_ok = otlp_js_id(s, sp.span_id, 8);
		else if (otlp_js_is(key, "parentSpanId"))
			otlp_js_id(s, sp.parent_id, 8);
		else if (otlp_js_is(key, "name"))
			sp.name = otlp_plain(otlp_js_text(s, a));
		else if (otlp_js_is(key, "kind"))
			sp.kind = otlp_js_enum(s, 5);
		else if (otlp_js_is(key, "startTimeUnixNano"))
			sp.start_ns = otlp_js_u64(s);
		else if (otlp_js_is(key, "endTimeUnixNano"))
			sp.end_ns = otlp_js_u64(s);
		else if (otlp_js_is(key, "attributes"))
			otlp_js_attrs(s, a, true, &sp.attrs);
		else if (otlp_js_is(key, "droppedAttributesCount"))
			otlp_js_i64(s, &sp.attrs.dropped);
		else if (otlp_js_is(key, "events"))
			read_events(s, &sp);
		else if (otlp_js_is(key, "status"))
			read_status(s, &sp);
		else
			jpull_skip(&s->j);
	}
	otlp_span_out(s->d, &sp, trace_ok, span_ok);
}

static void read_log(struct otlp_js *s)
{
	struct arena *a = s->d->item;
	struct otlp_log l = {.source = &s->d->source};
	struct str key;

	otlp_item_begin(s->d);
	if (!enter(s, '{'))
		return;
	while (otlp_js_key(s, a, &key)) {
		if (otlp_js_is(key, "traceId"))
			otlp_js_id(s, l.trace_id, 16);
		else if (otlp_js_is(key, "spanId"))
			otlp_js_id(s, l.span_id, 8);
		else if (otlp_js_is(key, "timeUnixNano"))
			l.time_ns = otlp_js_u64(s);
		else if (otlp_js_is(key, "observedTimeUnixNano"))
			l.observed_ns = otlp_js_u64(s);
		else if (otlp_js_is(key, "severityNumber"))
			l.severity = otlp_js_enum(s, 24);
		else if (otlp_js_is(key, "eventName"))
			l.event_name = otlp_plain(otlp_js_text(s, a));
		else if (otlp_js_is(key, "body"))
			otlp_js_value(s, a, &l.body, 0);
		else if (otlp_js_is(key, "attributes"))
			otlp_js_attrs(s, a, true, &l.attrs);
		else if (otlp_js_is(key, "droppedAttributesCount"))
			otlp_js_i64(s, &l.attrs.dropped);
		else
			jpull_skip(&s->j);
	}
	otlp_log_out(s->d, &l);
}

/* A point without a value (no data recorded, no sum) says nothing. */
static void read_point(struct otlp_js *s, const struct otlp_metric *m)
{
	struct arena *a = s->d->item;
	struct otlp_point p = {.source = &s->d->source,
			       .metric = m->name,
			       .unit = m->unit,
			       .temporality = m->temporality};
	bool has = false;
	struct str key;

	otlp_item_begin(s->d);
	if (!enter(s, '{'))
		return;
	while (otlp_js_key(s, a, &key)) {
		if (otlp_js_is(key, "startTimeUnixNano")) {
			p.start_ns = otlp_js_u64(s);
		} else if (otlp_js_is(key, "timeUnixNano")) {
			p.time_ns = otlp_js_u64(s);
		} else if (otlp_js_is(key, "asInt")) {
			has = p.is_int = otlp_js_i64(s, &p.i);
			p.d = 0;
		} else if (otlp_js_is(key, "asDouble") ||
			   otlp_js_is(key, "sum")) {
			has = otlp_js_f64(s, &p.d);
			p.is_int = false;
			p.i = 0;
		} else if (otlp_js_is(key, "attributes")) {
			otlp_js_attrs(s, a, true, &p.attrs);
		} else {
			jpull_skip(&s->j);
		}
	}
	if (has)
		otlp_point_out(s->d, &p);
}

/* Gauge, Sum, Histogram, ExponentialHistogram, Summary: `kind` is what the
 * points' temporality is if the object does not say. */
static void read_data(struct otlp_js *s, struct otlp_metric *m, int kind)
{
	struct arena *a = &s->d->scope;
	struct jpull from;
	struct str key;

	if (!enter(s, '{'))
		return;
	from = s->j;
	m->temporality = kind;
	if (ahead(s, a, "aggregationTemporality"))
		m->temporality = otlp_js_enum(s, 2);
	s->j = from;
	while (otlp_js_key(s, a, &key)) {
		if (!otlp_js_is(key, "dataPoints")) {
			jpull_skip(&s->j);
			continue;
		}
		if (!enter(s, '['))
			continue;
		while (jpull_item(&s->j))
			read_point(s, m);
	}
}

static void read_metric(struct otlp_js *s)
{
	struct arena *a = &s->d->scope;
	struct otlp_metric m = {.name = STR_NONE};
	struct jpull from;
	struct str key;

	if (!enter(s, '{'))
		return;
	from = s->j;
	while (otlp_js_key(s, a, &key)) {
		if (otlp_js_is(key, "name"))
			m.name = otlp_plain(otlp_js_text(s, a));
		else if (otlp_js_is(key, "unit"))
			m.unit = otlp_plain(otlp_js_text(s, a));
		else
			jpull_skip(&s->j);
	}
	s->j = from;
	while (otlp_js_key(s, a, &key)) {
		if (otlp_js_is(key, "gauge") || otlp_js_is(key, "sum") ||
		    otlp_js_is(key, "histogram") ||
		    otlp_js_is(key, "exponentialHistogram"))
			read_data(s, &m, 0);
		else if (otlp_js_is(key, "summary"))
			read_data(s, &m, 2);
		else
			jpull_skip(&s->j);
	}
}

static void read_scope(struct otlp_js *s)
{
	struct otlp_source *src = &s->d->source;
	struct arena *a = &s->d->scope;
	struct str key;

	if (!enter(s, '{'))
		return;
	while (otlp_js_key(s, a, &key)) {
		if (otlp_js_is(key, "name"))
			src->scope = otlp_plain(otlp_js_text(s, a));
		else if (otlp_js_is(key, "version"))
			src->version = otlp_plain(otlp_js_text(s, a));
		else if (otlp_js_is(key, "attributes"))
			otlp_js_attrs(s, a, false, &src->scope_attrs);
		else if (otlp_js_is(key, "droppedAttributesCount"))
			otlp_js_i64(s, &src->scope_attrs.dropped);
		else
			jpull_skip(&s->j);
	}
}

static void read_resource(struct otlp_js *s)
{
	struct otlp_attrs *out = &s->d->source.resource;
	struct arena *a = &s->d->resource;
	struct str key;

	if (!enter(s, '{'))
		return;
	while (otlp_js_key(s, a, &key)) {
		if (otlp_js_is(key, "attributes"))
			otlp_js_attrs(s, a, false, out);
		else if (otlp_js_is(key, "droppedAttributesCount"))
			otlp_js_i64(s, &out->dropped);
		else
			jpull_skip(&s->j);
	}
}

/* The names of the envelopes, and what is in the innermost. */
static const struct names {
	const char *resources, *scopes, *items;
	void (*read)(struct otlp_js *s);
} names[] = {
	[OTLP_TRACES] = {"resourceSpans", "scopeSpans", "spans", read_span},
	[OTLP_LOGS] = {"resourceLogs", "scopeLogs", "logRecords", read_log},
	[OTLP_METRICS] = {"resourceMetrics", "scopeMetrics", "metrics",
			  read_metric},
};

static void read_items(struct otlp_js *s)
{
	const struct names *n = &names[s->d->signal];
	struct jpull from;

	otlp_scope_begin(s->d);
	if (!enter(s, '{'))
		return;
	from = s->j;
	if (ahead(s, &s->d->scope, "scope"))
		read_scope(s);
	s->j = from;
	while (ahead(s, &s->d->scope, n->items)) {
		if (!enter(s, '['))
			continue;
		while (jpull_item(&s->j))
			n->read(s);
	}
}

static void read_scopes(struct otlp_js *s)
{
	const struct names *n = &names[s->d->signal];
	struct jpull from;

	otlp_resource_begin(s->d);
	if (!enter(s, '{'))
		return;
	from = s->j;
	if (ahead(s, &s->d->resource, "resource"))
		read_resource(s);
	s->j = from;
	while (ahead(s, &s->d->resource, n->scopes)) {
		if (!enter(s, '['))
			continue;
		while (jpull_item(&s->j))
			read_items(s);
	}
}

void otlp_json_visit(struct otlp_dec *d, struct str body)
{
	const struct names *n = &names[d->signal];
	struct otlp_js s = {.d = d};

	jpull_init_checked(&s.j, body);
	if (!jpull_enter(&s.j, '{'))
		return;
	while (ahead(&s, d->item, n->resources)) {
		if (!enter(&s, '['))
			continue;
		while (jpull_item(&s.j))
			read_scopes(&s);
	}
}
