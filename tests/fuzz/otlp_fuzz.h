/* For the fuzzers of the OTLP decoders: a visitor that touches every byte it
 * is shown and checks what the header promises. The first byte of the input
 * chooses the signal, whether attributes are filtered, and how much memory
 * there is. */
#ifndef ACO_FUZZ_OTLP_FUZZ_H
#define ACO_FUZZ_OTLP_FUZZ_H

#include "ingest/otlp.h"
#include "ledger/base/alloc.h"

static uint64_t otlp_fuzz_sum;

static void see_text(struct str s)
{
	if (!str_utf8_ok(s))
		BUG("text that cannot be stored");
	otlp_fuzz_sum += s.len;
}

static void see_value(const struct otlp_value *v, int depth)
{
	int64_t i;
	double d;

	if (depth > OTLP_DEPTH_MAX)
		BUG("a value too deep");
	see_text(v->s);
	otlp_fuzz_sum += otlp_i64(v, &i) + otlp_f64(v, &d);
	if (v->type == OTLP_DOUBLE && !(v->d <= v->d))
		BUG("a NaN");
	if (v->type == OTLP_ABSENT && (v->s.p || v->n))
		BUG("an absent value says something");
	for (size_t k = 0; k < v->n; k++) {
		if (v->type == OTLP_KVLIST) {
			see_text(v->pairs[k].key);
			see_value(&v->pairs[k].v, depth + 1);
		} else {
			see_value(&v->items[k], depth + 1);
		}
	}
}

static void see_attrs(const struct otlp_attrs *a)
{
	for (size_t i = 0; i < a->n; i++) {
		see_text(a->p[i].key);
		see_value(&a->p[i].v, 1);
	}
	otlp_get(a, "gen_ai.usage.input_tokens");
}

static void see_source(const struct otlp_source *s)
{
	see_attrs(&s->resource);
	see_attrs(&s->scope_attrs);
	see_text(s->scope);
	see_text(s->version);
}

static void see_span(void *arg, const struct otlp_span *s)
{
	static const uint8_t zero[16];

	++*(int64_t *)arg;
	see_source(s->source);
	if (!memcmp(s->trace_id, zero, 16) || !memcmp(s->span_id, zero, 8))
		BUG("a span without an id");
	if (s->kind < 0 || s->kind > 5 || s->status < 0 || s->status > 2)
		BUG("an enum out of range");
	see_text(s->name);
	see_text(s->status_message);
	see_attrs(&s->attrs);
	for (size_t i = 0; i < s->n_events; i++) {
		see_text(s->events[i].name);
		see_attrs(&s->events[i].attrs);
	}
}

static void see_log(void *arg, const struct otlp_log *l)
{
	++*(int64_t *)arg;
	see_source(l->source);
	see_text(l->event_name);
	see_value(&l->body, 1);
	see_attrs(&l->attrs);
}

static void see_point(void *arg, const struct otlp_point *p)
{
	++*(int64_t *)arg;
	see_source(p->source);
	see_text(p->metric);
	see_text(p->unit);
	if (p->temporality < 0 || p->temporality > 2)
		BUG("an enum out of range");
	see_attrs(&p->attrs);
}

static bool see_wants(void *arg, struct str key)
{
	(void)arg;
	see_text(key);
	return key.len % 3 != 0;
}

static int otlp_fuzz(enum otlp_encoding enc, const uint8_t *data, size_t size)
{
	int64_t n = 0;
	struct otlp_visitor v = {.span = see_span,
				 .log = see_log,
				 .point = see_point,
				 .arg = &n};
	struct otlp_result res;
	struct arena scratch;
	struct err e;
	enum rc rc;

	if (size == 0)
		return 0;
	if (data[0] & 4)
		v.wants = see_wants;
	arena_init(&scratch, data[0] & 8 ? 2048 : 1 << 24);
	rc = otlp_decode((enum otlp_signal)((data[0] & 3) % OTLP_SIGNAL_N), enc,
			 (struct str){(const char *)data + 1, size - 1},
			 &scratch, &v, &res, &e);
	if (rc != RC_OK && (rc != RC_BAD || n || res.rejected))
		BUG("a refused body left something behind");
	if (n != res.visited)
		BUG("another number of visits");
	if ((res.rejected > 0) != (res.why[0] != 0))
		BUG("rejected without a reason");
	arena_release(&scratch);
	return 0;
}

#endif
