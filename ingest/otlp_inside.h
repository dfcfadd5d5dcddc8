/* What the two decoders share. For otlp*.c only. */
#ifndef ACO_OTLP_INSIDE_H
#define ACO_OTLP_INSIDE_H

#include "ingest/otlp.h"

/* A decoding under way. The resource and the scope live longer than a span, so
 * each has memory of its own, as bounded as a span's. */
struct otlp_dec {
	const struct otlp_visitor *v;
	struct otlp_result *res;
	enum otlp_signal signal;
	struct arena *item; /* of one span, record or point */
	struct arena resource, scope;
	struct otlp_source source;
};

/* What a point's metric says of it. */
struct otlp_metric {
	struct str name, unit;
	int temporality;
};

/* The whole body, before anything is visited. */
enum rc otlp_json_check(struct str body, struct err *e) MUST_CHECK;
enum rc otlp_pb_check(enum otlp_signal signal, struct str body,
		      struct err *e) MUST_CHECK;
/* A body that was checked. */
void otlp_json_visit(struct otlp_dec *d, struct str body);
void otlp_pb_visit(struct otlp_dec *d, struct str body);

/* A growing array in an arena. */
struct otlp_list {
	void *p;
	size_t n, cap;
};
/* One more element, zeroed. NULL: the arena is full. */
void *otlp_list_add(struct arena *a, struct otlp_list *l, size_t size);

/* Whether an attribute of an item is to be read. */
static inline bool otlp_wants(const struct otlp_dec *d, struct str key)
{
	return !d->v->wants || d->v->wants(d->v->arg, key);
}

/* Begin with an item (a resource, a scope): the memory of the last is free. */
void otlp_item_begin(struct otlp_dec *d);
void otlp_resource_begin(struct otlp_dec *d);
void otlp_scope_begin(struct otlp_dec *d);

/* Count one that is not visited; the first is explained. */
void otlp_reject(struct otlp_dec *d, const char *why);
/* Hand over. What needed more memory than there is is rejected. */
void otlp_span_out(struct otlp_dec *d, const struct otlp_span *s, bool trace_ok,
		   bool span_ok);
void otlp_log_out(struct otlp_dec *d, const struct otlp_log *l);
void otlp_point_out(struct otlp_dec *d, const struct otlp_point *p);

int64_t otlp_ns_to_us(uint64_t ns); /* 0: TIME_NONE */
/* A field of plain text says nothing when it is empty. */
static inline struct str otlp_plain(struct str s)
{
	return s.len ? s : STR_NONE;
}
/* A value outside 0..max is 0, unspecified. */
static inline int otlp_enum(int64_t v, int max)
{
	return v >= 0 && v <= max ? (int)v : 0;
}

#endif
