/* OTLP as protobuf. Before anything is visited the whole body is walked by a
 * table of which field holds which message, so that the readers below meet
 * only sound framing and look no further than their own fields. A message
 * that comes in several pieces is the pieces one after the other: the readers
 * add to what they have. */
#include "ingest/otlp_pb.h"

/* ---- the walk ---- */

enum msg {
	M_NONE, /* no message, or one nobody reads */
	M_REQUEST,
	M_BLOCK,    /* Resource{Spans,Logs,Metrics} */
	M_RESOURCE, /* also Link's shape of attributes is its own */
	M_SPANS,    /* ScopeSpans, ScopeLogs, ScopeMetrics: by signal */
	M_LOGS,
	M_METRICS,
	M_SCOPE,
	M_SPAN,
	M_EVENT,
	M_LINK,
	M_STATUS,
	M_LOG,
	M_METRIC,
	M_NUMBERS, /* Gauge, Sum */
	M_HISTS,
	M_EXPS,
	M_SUMMARIES,
	M_NUMBER,
	M_HIST,
	M_EXP,
	M_SUMMARY,
	M_EXEMPLAR,
	M_PAIR,
	M_VALUE,
	M_ARRAY,
	M_PAIRS,
	M_N
};

#define FIELDS 16

/* The message in field n of each message; a block's scopes depend on the
 * signal. */
static const uint8_t inside[M_N][FIELDS] = {
	[M_REQUEST] = {[1] = M_BLOCK},
	[M_BLOCK] = {[1] = M_RESOURCE, [2] = M_SPANS},
	[M_RESOURCE] = {[1] = M_PAIR},
	[M_SPANS] = {[1] = M_SCOPE, [2] = M_SPAN},
	[M_LOGS] = {[1] = M_SCOPE, [2] = M_LOG},
	[M_METRICS] = {[1] = M_SCOPE, [2] = M_METRIC},
	[M_SCOPE] = {[3] = M_PAIR},
	[M_SPAN] =
		{[9] = M_PAIR, [11] = M_EVENT, [13] = M_LINK, [15] = M_STATUS},
	[M_EVENT] = {[3] = M_PAIR},
	[M_LINK] = {[4] = M_PAIR},
	[M_STATUS] = {0},
	[M_LOG] = {[5] = M_VALUE, [6] = M_PAIR},
	[M_METRIC] = {[5] = M_NUMBERS,
		      [7] = M_NUMBERS,
		      [9] = M_HISTS,
		      [10] = M_EXPS,
		      [11] = M_SUMMARIES,
		      [12] = M_PAIR},
	[M_NUMBERS] = {[1] = M_NUMBER},
	[M_HISTS] = {[1] = M_HIST},
	[M_EXPS] = {[1] = M_EXP},
	[M_SUMMARIES] = {[1] = M_SUMMARY},
	[M_NUMBER] = {[5] = M_EXEMPLAR, [7] = M_PAIR},
	[M_HIST] = {[8] = M_EXEMPLAR, [9] = M_PAIR},
	[M_EXP] = {[1] = M_PAIR, [11] = M_EXEMPLAR},
	[M_SUMMARY] = {[7] = M_PAIR},
	[M_EXEMPLAR] = {[7] = M_PAIR},
	[M_PAIR] = {[2] = M_VALUE},
	[M_VALUE] = {[5] = M_ARRAY, [6] = M_PAIRS},
	[M_ARRAY] = {[1] = M_VALUE},
	[M_PAIRS] = {[1] = M_PAIR},
};

struct walk {
	const uint8_t *start;
	enum msg scopes; /* what a block's field 2 is */
	struct err *e;
};

/* `depth` counts the values that are open. */
static enum rc walk(const struct walk *w, enum msg msg, struct str bytes,
		    int depth)
{
	struct pb c = pb_of(bytes);
	struct pb_field f;

	if (msg == M_VALUE && ++depth > OTLP_DEPTH_MAX)
		return err_set(w->e, RC_BAD,
			       "invalid OTLP at byte %zu: nested too deep",
			       (size_t)(c.p - w->start));
	while (pb_next(&c, &f)) {
		enum msg sub = f.no < FIELDS && f.wire == PB_BYTES
				       ? (enum msg)inside[msg][f.no]
				       : M_NONE;

		if (sub == M_NONE)
			continue;
		if (sub == M_SPANS)
			sub = w->scopes;
		if (walk(w, sub, f.s, depth) != RC_OK)
			return RC_BAD;
	}
	if (c.why)
		return err_set(w->e, RC_BAD, "invalid OTLP at byte %zu: %s",
			       (size_t)(c.p - w->start), c.why);
	return RC_OK;
}

enum rc otlp_pb_check(enum otlp_signal signal, struct str body, struct err *e)
{
	static const enum msg scopes[] = {[OTLP_TRACES] = M_SPANS,
					  [OTLP_LOGS] = M_LOGS,
					  [OTLP_METRICS] = M_METRICS};
	struct walk w = {.start = (const uint8_t *)body.p,
			 .scopes = scopes[signal],
			 .e = e};

	return walk(&w, M_REQUEST, body, 0);
}

/* ---- the items ---- */

static void read_event(struct otlp_dec *d, struct str bytes,
		       struct otlp_list *l)
{
	struct otlp_event ev = {.time_us = otlp_ns_to_us(0)}, *out;
	struct pb c = pb_of(bytes);
	struct otlp_list attrs = {0};
	struct pb_field f;

	while (pb_next(&c, &f)) {
		if (pb_is(&f, 1, PB_FIXED64))
			ev.time_us = otlp_ns_to_us(f.n);
		else if (pb_is(&f, 2, PB_BYTES))
			ev.name = otlp_plain(otlp_pb_text(f.s, d->item));
		else if (pb_is(&f, 3, PB_BYTES))
			otlp_pb_attr(d, f.s, d->item, false, &attrs);
		else if (pb_is(&f, 4, PB_VARINT))
			ev.attrs.dropped = (uint32_t)f.n;
	}
	ev.attrs.p = attrs.p;
	ev.attrs.n = attrs.n;
	out = otlp_list_add(d->item, l, sizeof(*out));
	if (out)
		*out = ev;
}

static void read_status(struct otlp_dec *d, struct str bytes,
			struct otlp_span *sp)
{
	struct pb c = pb_of(bytes);
	struct pb_field f;

	while (pb_next(&c, &f)) {
		if (pb_is(&f, 2, PB_BYTES))
			sp->status_message =
				otlp_plain(otlp_pb_text(f.s, d->item));
		else if (pb_is(&f, 3, PB_VARINT))
			sp->status = otlp_pb_enum(&f, 2);
	}
}

/* Times, kind and counts. */
static void span_number(const struct pb_field *f, struct otlp_span *sp)
{
	if (pb_is(f, 6, PB_VARINT))
		sp->kind = otlp_pb_enum(f, 5);
	else if (pb_is(f, 7, PB_FIXED64))
		sp->start_ns = f->n;
	else if (pb_is(f, 8, PB_FIXED64))
		sp->end_ns = f->n;
	else if (pb_is(f, 10, PB_VARINT))
		sp->attrs.dropped = (uint32_t)f->n;
}

static void read_span(struct otlp_dec *d, struct str bytes)
{
	struct otlp_span sp = {.source = &d->source};
	struct otlp_list attrs = {0}, events = {0};
	bool trace_ok = false, span_ok = false;
	struct pb c = pb_of(bytes);
	struct pb_field f;

	otlp_item_begin(d);
	while (pb_next(&c, &f)) {
		if (f.wire != PB_BYTES) {
			span_number(&f, &sp);
			continue;
		}
		switch (f.no) {
		case 1:
			trace_ok = otlp_pb_id(f.s, sp.trace_id, 16);
			break;
		case 2:
			span_ok = otlp_pb_id(f.s, sp.span_id, 8);
			break;
		case 4:
			otlp_pb_id(f.s, sp.parent_id, 8);
			break;
		case 5:
			sp.name = otlp_plain(otlp_pb_text(f.s, d->item));
			break;
		case 9:
			otlp_pb_attr(d, f.s, d->item, true, &attrs);
			break;
		case 11:
			read_event(d, f.s, &events);
			break;
		case 15:
			read_status(d, f.s, &sp);
			break;
		default:
			break;
		}
	}
	sp.attrs.p = attrs.p;
	sp.attrs.n = attrs.n;
	sp.events = events.p;
	sp.n_events = events.n;
	otlp_span_out(d, &sp, trace_ok, span_ok);
}

static void read_log(struct otlp_dec *d, struct str bytes)
{
	struct otlp_log l = {.source = &d->source};
	struct otlp_list attrs = {0};
	struct pb c = pb_of(bytes);
	struct pb_field f;

	otlp_item_begin(d);
	while (pb_next(&c, &f)) {
		if (pb_is(&f, 1, PB_FIXED64))
			l.time_ns = f.n;
		else if (pb_is(&f, 2, PB_VARINT))
			l.severity = otlp_pb_enum(&f, 24);
		else if (pb_is(&f, 5, PB_BYTES))
			otlp_pb_value(d, f.s, d->item, &l.body, 0);
		else if (pb_is(&f, 6, PB_BYTES))
			otlp_pb_attr(d, f.s, d->item, true, &attrs);
		else if (pb_is(&f, 7, PB_VARINT))
			l.attrs.dropped = (uint32_t)f.n;
		else if (pb_is(&f, 9, PB_BYTES))
			otlp_pb_id(f.s, l.trace_id, 16);
		else if (pb_is(&f, 10, PB_BYTES))
			otlp_pb_id(f.s, l.span_id, 8);
		else if (pb_is(&f, 11, PB_FIXED64))
			l.observed_ns = f.n;
		else if (pb_is(&f, 12, PB_BYTES))
			l.event_name = otlp_plain(otlp_pb_text(f.s, d->item));
	}
	l.attrs.p = attrs.p;
	l.attrs.n = attrs.n;
	otlp_log_out(d, &l);
}

/* ---- metrics ---- */

/* Where the points of each kind keep what is read of them. */
struct point_shape {
	uint32_t kind; /* the field of Metric */
	uint32_t attrs, as_double, as_int;
	int temporality; /* unless the data says */
};
static const struct point_shape shapes[] = {
	{.kind = 5, .attrs = 7, .as_double = 4, .as_int = 6}, /* Gauge */
	{.kind = 7, .attrs = 7, .as_double = 4, .as_int = 6}, /* Sum */
	{.kind = 9, .attrs = 9, .as_double = 5},              /* Histogram */
	{.kind = 10, .attrs = 1, .as_double = 5}, /* ExponentialHistogram */
	{.kind = 11,
	 .attrs = 7,
	 .as_double = 5,
	 .temporality = 2}, /* Summary */
};

/* A point without a value (no data recorded, no sum) says nothing. */
static void read_point(struct otlp_dec *d, struct str bytes,
		       const struct otlp_metric *m,
		       const struct point_shape *shape)
{
	struct otlp_point p = {.source = &d->source,
			       .metric = m->name,
			       .unit = m->unit,
			       .temporality = m->temporality};
	struct otlp_list attrs = {0};
	struct pb c = pb_of(bytes);
	bool has = false;
	struct pb_field f;

	otlp_item_begin(d);
	while (pb_next(&c, &f)) {
		if (pb_is(&f, shape->attrs, PB_BYTES)) {
			otlp_pb_attr(d, f.s, d->item, true, &attrs);
		} else if (f.wire != PB_FIXED64) {
			continue;
		} else if (f.no == 2) {
			p.start_ns = f.n;
		} else if (f.no == 3) {
			p.time_ns = f.n;
		} else if (f.no == shape->as_int) {
			p.i = (int64_t)f.n;
			p.d = 0;
			has = p.is_int = true;
		} else if (f.no == shape->as_double) {
			p.is_int = false;
			p.i = 0;
			has = !otlp_pb_nan(&f);
			p.d = has ? pb_double(&f) : 0;
		}
	}
	p.attrs.p = attrs.p;
	p.attrs.n = attrs.n;
	if (has)
		otlp_point_out(d, &p);
}

static void read_data(struct otlp_dec *d, struct str bytes,
		      struct otlp_metric *m, const struct point_shape *shape)
{
	struct pb c = pb_of(bytes);
	struct pb_field f;

	m->temporality = shape->temporality;
	while (pb_next(&c, &f)) {
		if (pb_is(&f, 2, PB_VARINT))
			m->temporality = otlp_pb_enum(&f, 2);
	}
	c = pb_of(bytes);
	while (pb_next(&c, &f)) {
		if (pb_is(&f, 1, PB_BYTES))
			read_point(d, f.s, m, shape);
	}
}

static void read_metric(struct otlp_dec *d, struct str bytes)
{
	struct otlp_metric m = {.name = STR_NONE};
	struct pb c = pb_of(bytes);
	struct pb_field f;

	while (pb_next(&c, &f)) {
		if (pb_is(&f, 1, PB_BYTES))
			m.name = otlp_plain(otlp_pb_text(f.s, &d->scope));
		else if (pb_is(&f, 3, PB_BYTES))
			m.unit = otlp_plain(otlp_pb_text(f.s, &d->scope));
	}
	c = pb_of(bytes);
	while (pb_next(&c, &f)) {
		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
			if (pb_is(&f, shapes[i].kind, PB_BYTES))
				read_data(d, f.s, &m, &shapes[i]);
	}
}

/* ---- the envelopes ---- */

static void read_scope(struct otlp_dec *d, struct str bytes,
		       struct otlp_list *attrs)
{
	struct otlp_source *src = &d->source;
	struct pb c = pb_of(bytes);
	struct pb_field f;

	while (pb_next(&c, &f)) {
		if (pb_is(&f, 1, PB_BYTES))
			src->scope = otlp_plain(otlp_pb_text(f.s, &d->scope));
		else if (pb_is(&f, 2, PB_BYTES))
			src->version = otlp_plain(otlp_pb_text(f.s, &d->scope));
		else if (pb_is(&f, 3, PB_BYTES))
			otlp_pb_attr(d, f.s, &d->scope, false, attrs);
		else if (pb_is(&f, 4, PB_VARINT))
			src->scope_attrs.dropped = (uint32_t)f.n;
	}
	src->scope_attrs.p = attrs->p;
	src->scope_attrs.n = attrs->n;
}

static void read_items(struct otlp_dec *d, struct str bytes)
{
	struct pb c = pb_of(bytes);
	struct otlp_list attrs = {0};
	struct pb_field f;

	otlp_scope_begin(d);
	while (pb_next(&c, &f)) {
		if (pb_is(&f, 1, PB_BYTES))
			read_scope(d, f.s, &attrs);
	}
	c = pb_of(bytes);
	while (pb_next(&c, &f)) {
		if (!pb_is(&f, 2, PB_BYTES))
			continue;
		if (d->signal == OTLP_TRACES)
			read_span(d, f.s);
		else if (d->signal == OTLP_LOGS)
			read_log(d, f.s);
		else
			read_metric(d, f.s);
	}
}

static void read_resource(struct otlp_dec *d, struct str bytes,
			  struct otlp_list *attrs)
{
	struct otlp_attrs *out = &d->source.resource;
	struct pb c = pb_of(bytes);
	struct pb_field f;

	while (pb_next(&c, &f)) {
		if (pb_is(&f, 1, PB_BYTES))
			otlp_pb_attr(d, f.s, &d->resource, false, attrs);
		else if (pb_is(&f, 2, PB_VARINT))
			out->dropped = (uint32_t)f.n;
	}
	out->p = attrs->p;
	out->n = attrs->n;
}

static void read_block(struct otlp_dec *d, struct str bytes)
{
	struct pb c = pb_of(bytes);
	struct otlp_list attrs = {0};
	struct pb_field f;

	otlp_resource_begin(d);
	while (pb_next(&c, &f)) {
		if (pb_is(&f, 1, PB_BYTES))
			read_resource(d, f.s, &attrs);
	}
	c = pb_of(bytes);
	while (pb_next(&c, &f)) {
		if (pb_is(&f, 2, PB_BYTES))
			read_items(d, f.s);
	}
}

void otlp_pb_visit(struct otlp_dec *d, struct str body)
{
	struct pb c = pb_of(body);
	struct pb_field f;

	while (pb_next(&c, &f)) {
		if (pb_is(&f, 1, PB_BYTES))
			read_block(d, f.s);
	}
}
