#include "tests/unit/otlp_case.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#include "ledger/base/alloc.h"

void otlp_gzip(struct buf *out, struct str body)
{
	z_stream z = {0};

	buf_init(out, (size_t)64 << 20);
	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY))
		BUG("deflateInit2");
	z.next_in = (const Bytef *)body.p;
	z.avail_in = (uInt)body.len;
	z.avail_out = (uInt)deflateBound(&z, body.len);
	z.next_out = (Bytef *)buf_reserve(out, z.avail_out);
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		BUG("deflate");
	buf_advance(out, z.total_out);
	deflateEnd(&z);
}

void otlp_gunzip(struct buf *out, struct str body)
{
	z_stream z = {0};
	int rc;

	buf_init(out, (size_t)64 << 20);
	if (inflateInit2(&z, 15 + 16))
		BUG("inflateInit2");
	z.next_in = (const Bytef *)body.p;
	z.avail_in = (uInt)body.len;
	do {
		z.next_out = (Bytef *)buf_reserve(out, 65536);
		z.avail_out = 65536;
		rc = inflate(&z, Z_NO_FLUSH);
		if (rc != Z_OK && rc != Z_STREAM_END)
			BUG("inflate");
		buf_advance(out, 65536 - z.avail_out);
	} while (rc != Z_STREAM_END);
	inflateEnd(&z);
}

void otlp_file(struct buf *out, const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf raw;
	size_t n;

	if (!f)
		BUG("a file of tests/data is missing");
	buf_init(&raw, (size_t)64 << 20);
	do {
		n = fread(buf_reserve(&raw, 65536), 1, 65536, f);
		buf_advance(&raw, n);
	} while (n > 0);
	fclose(f);
	if (str_ends(str_from(path), ".gz")) {
		otlp_gunzip(out, (struct str){raw.p, raw.len});
		buf_release(&raw);
	} else {
		*out = raw;
	}
}

enum otlp_signal otlp_file_signal(const char *path)
{
	return strstr(path, "logs")      ? OTLP_LOGS
	       : strstr(path, "metrics") ? OTLP_METRICS
					 : OTLP_TRACES;
}

enum otlp_encoding otlp_file_encoding(const char *path)
{
	return strstr(path, ".pb") ? OTLP_PROTOBUF : OTLP_JSON;
}

struct dump {
	struct buf *b;
	const char *key;
};

static void put(struct dump *d, const char *name, struct str s)
{
	buf_adds(d->b, name);
	if (s.p) {
		buf_adds(d->b, "=\"");
		buf_add(d->b, s.p, s.len);
		buf_adds(d->b, "\"\n");
	} else {
		buf_adds(d->b, " absent\n");
	}
}

static void put_id(struct dump *d, const char *name, const uint8_t *id,
		   size_t n)
{
	buf_adds(d->b, name);
	for (size_t i = 0; i < n; i++)
		buf_addf(d->b, "%02x", id[i]);
	buf_addc(d->b, '\n');
}

static void put_value(struct dump *d, const struct otlp_value *v)
{
	buf_addf(d->b, "type %d b %d i %" PRId64 " d %.17g n %zu ", v->type,
		 v->b, v->i, v->d, v->n);
	put(d, "s", v->s);
	for (size_t i = 0; i < v->n; i++) {
		if (v->type == OTLP_KVLIST)
			put(d, "key", v->pairs[i].key);
		put_value(d, v->type == OTLP_KVLIST ? &v->pairs[i].v
						    : &v->items[i]);
	}
}

static void put_attrs(struct dump *d, const char *name,
		      const struct otlp_attrs *a)
{
	buf_addf(d->b, "%s n %zu dropped %" PRId64 "\n", name, a->n,
		 a->dropped);
	for (size_t i = 0; i < a->n; i++) {
		put(d, "key", a->p[i].key);
		put_value(d, &a->p[i].v);
	}
}

static void put_source(struct dump *d, const struct otlp_source *s)
{
	put_attrs(d, "resource", &s->resource);
	put_attrs(d, "scope attributes", &s->scope_attrs);
	put(d, "scope", s->scope);
	put(d, "version", s->version);
}

static void on_span(void *arg, const struct otlp_span *s)
{
	struct dump *d = arg;

	put(d, "span", s->name);
	put_source(d, s->source);
	put_id(d, "trace ", s->trace_id, 16);
	put_id(d, "span ", s->span_id, 8);
	put_id(d, "parent ", s->parent_id, 8);
	buf_addf(d->b, "kind %d from %" PRIu64 " to %" PRIu64 " status %d\n",
		 s->kind, s->start_ns, s->end_ns, s->status);
	put(d, "message", s->status_message);
	put_attrs(d, "attributes", &s->attrs);
	for (size_t i = 0; i < s->n_events; i++) {
		buf_addf(d->b, "event at %" PRId64 " ", s->events[i].time_us);
		put(d, "name", s->events[i].name);
		put_attrs(d, "attributes", &s->events[i].attrs);
	}
}

static void on_log(void *arg, const struct otlp_log *l)
{
	struct dump *d = arg;

	put(d, "log", l->event_name);
	put_source(d, l->source);
	put_id(d, "trace ", l->trace_id, 16);
	put_id(d, "span ", l->span_id, 8);
	buf_addf(d->b, "at %" PRIu64 " seen %" PRIu64 " severity %d\n",
		 l->time_ns, l->observed_ns, l->severity);
	put_value(d, &l->body);
	put_attrs(d, "attributes", &l->attrs);
}

static void on_point(void *arg, const struct otlp_point *p)
{
	struct dump *d = arg;

	put(d, "point", p->metric);
	put(d, "unit", p->unit);
	put_source(d, p->source);
	buf_addf(d->b, "temporality %d from %" PRIu64 " to %" PRIu64 "\n",
		 p->temporality, p->start_ns, p->time_ns);
	buf_addf(d->b, "%s %" PRId64 " %.17g\n", p->is_int ? "int" : "double",
		 p->i, p->d);
	put_attrs(d, "attributes", &p->attrs);
}

static bool wants(void *arg, struct str key)
{
	const struct dump *d = arg;

	return !d->key || str_is(key, d->key);
}

enum rc otlp_dump(struct buf *out, enum otlp_signal signal,
		  enum otlp_encoding enc, struct str body, const char *key,
		  struct otlp_result *res, struct err *e)
{
	struct dump d = {out, key};
	struct otlp_visitor v = {.span = on_span,
				 .log = on_log,
				 .point = on_point,
				 .wants = key ? wants : NULL,
				 .arg = &d};
	struct arena scratch;
	char *copy = xcalloc(body.len ? body.len : 1, 1);
	enum rc rc;

	/* A block of exactly its size: nothing is read behind its end. */
	if (body.len)
		memcpy(copy, body.p, body.len);
	buf_init(out, (size_t)64 << 20);
	arena_init(&scratch, (size_t)16 << 20);
	rc = otlp_decode(signal, enc, (struct str){copy, body.len}, &scratch,
			 &v, res, e);
	arena_release(&scratch);
	free(copy);
	return rc;
}
