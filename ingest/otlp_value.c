/* What both encodings have in common: the calling frame, handing over, and the
 * readers of values. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ingest/otlp_inside.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/base/json_lex.h"

const struct otlp_value *otlp_get(const struct otlp_attrs *a, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = a->n; i-- > 0;) {
		if (a->p[i].key.len == len && !memcmp(a->p[i].key.p, key, len))
			return &a->p[i].v;
	}
	return NULL;
}

/* Doubles at and beyond 2^63 do not fit. */
static bool f64_to_i64(double d, int64_t *out)
{
	if (!(d >= -0x1p63 && d < 0x1p63) || trunc(d) < d || trunc(d) > d)
		return false;
	*out = (int64_t)d;
	return true;
}

/* Text that is a JSON number, and nothing else. */
static bool is_number(struct str s)
{
	struct json_lex x;

	if (!s.len)
		return false;
	x = (struct json_lex){.p = s.p, .end = s.p + s.len};
	return json_lex_number(&x) && x.p == x.end;
}

bool otlp_i64(const struct otlp_value *v, int64_t *out)
{
	if (!v)
		return false;
	if (v->type == OTLP_INT) {
		*out = v->i;
		return true;
	}
	if (v->type == OTLP_DOUBLE)
		return f64_to_i64(v->d, out);
	return v->type == OTLP_STRING && is_number(v->s) &&
	       json_text_i64(v->s, out);
}

bool otlp_f64(const struct otlp_value *v, double *out)
{
	double d;

	if (v && v->type == OTLP_INT)
		d = (double)v->i;
	else if (v && v->type == OTLP_DOUBLE)
		d = v->d;
	else if (v && v->type == OTLP_STRING && is_number(v->s))
		d = json_text_double(v->s);
	else
		return false;
	if (!isfinite(d))
		return false;
	*out = d;
	return true;
}

struct str otlp_str(const struct otlp_value *v)
{
	return v && v->type == OTLP_STRING ? v->s : STR_NONE;
}

void *otlp_list_add(struct arena *a, struct otlp_list *l, size_t size)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		void *p = cap <= SIZE_MAX / 2 / size
				  ? arena_alloc(a, cap * size)
				  : NULL;

		if (!p)
			return NULL;
		if (l->n)
			memcpy(p, l->p, l->n * size);
		l->p = p;
		l->cap = cap;
	}
	return (char *)l->p + size * l->n++;
}

int64_t otlp_ns_to_us(uint64_t ns)
{
	return ns ? (int64_t)(ns / 1000) : TIME_NONE;
}

void otlp_item_begin(struct otlp_dec *d)
{
	arena_clear(d->item);
}

void otlp_scope_begin(struct otlp_dec *d)
{
	arena_clear(&d->scope);
	d->source.scope = d->source.version = STR_NONE;
	d->source.scope_attrs = (struct otlp_attrs){0};
}

void otlp_resource_begin(struct otlp_dec *d)
{
	arena_clear(&d->resource);
	d->source.resource = (struct otlp_attrs){0};
	otlp_scope_begin(d);
}

void otlp_reject(struct otlp_dec *d, const char *why)
{
	static const char *const what[] = {[OTLP_TRACES] = "span",
					   [OTLP_LOGS] = "log record",
					   [OTLP_METRICS] = "data point"};
	struct otlp_result *r = d->res;

	if (!r->rejected++)
		snprintf(r->why, sizeof(r->why), "%s %" PRId64 ": %s",
			 what[d->signal], r->visited + r->rejected, why);
}

/* Whether all of the item and of what it belongs to is there. */
static bool complete(struct otlp_dec *d)
{
	if (arena_ok(d->item) && arena_ok(&d->resource) && arena_ok(&d->scope))
		return true;
	otlp_reject(d, !arena_ok(d->item) ? "too large"
					  : "its resource or scope is too "
					    "large");
	return false;
}

void otlp_span_out(struct otlp_dec *d, const struct otlp_span *s, bool trace_ok,
		   bool span_ok)
{
	if (!trace_ok) {
		otlp_reject(d, "traceId is not 16 bytes, or zero");
	} else if (!span_ok) {
		otlp_reject(d, "spanId is not 8 bytes, or zero");
	} else if (complete(d)) {
		d->res->visited++;
		d->v->span(d->v->arg, s);
	}
}

void otlp_log_out(struct otlp_dec *d, const struct otlp_log *l)
{
	if (!complete(d))
		return;
	d->res->visited++;
	d->v->log(d->v->arg, l);
}

void otlp_point_out(struct otlp_dec *d, const struct otlp_point *p)
{
	if (!complete(d))
		return;
	d->res->visited++;
	d->v->point(d->v->arg, p);
}

static bool interested(const struct otlp_visitor *v, enum otlp_signal signal)
{
	switch (signal) {
	case OTLP_TRACES:
		return v->span;
	case OTLP_LOGS:
		return v->log;
	case OTLP_METRICS:
		return v->point;
	case OTLP_SIGNAL_N:
		break;
	}
	BUG("no such signal");
}

enum rc otlp_decode(enum otlp_signal signal, enum otlp_encoding enc,
		    struct str body, struct arena *scratch,
		    const struct otlp_visitor *v, struct otlp_result *res,
		    struct err *e)
{
	struct otlp_dec d = {
		.v = v, .res = res, .signal = signal, .item = scratch};
	enum rc rc;

	*res = (struct otlp_result){0};
	if (!body.len)
		return RC_OK;
	rc = enc == OTLP_JSON ? otlp_json_check(body, e)
			      : otlp_pb_check(signal, body, e);
	if (rc != RC_OK || !interested(v, signal))
		return rc;
	arena_clear(scratch);
	arena_init(&d.resource, scratch->max);
	arena_init(&d.scope, scratch->max);
	if (enc == OTLP_JSON)
		otlp_json_visit(&d, body);
	else
		otlp_pb_visit(&d, body);
	arena_release(&d.resource);
	arena_release(&d.scope);
	arena_clear(scratch);
	return RC_OK;
}
