/* OTLP as views: both encodings come out as the same structs, decoded into an
 * arena and valid during the visit. Formats: opentelemetry-proto 1.11
 * (field numbers), its JSON mapping (hex ids, integers as text or number).
 *
 * A decoder first checks the whole body (framing, syntax, nesting, UTF-8 of
 * JSON) and only then visits, so that a body that is answered 400 has left
 * nothing behind. What is wrong with one item rejects that item: a span whose
 * trace or span id is bad, anything that needs more memory than the arena may
 * have, an envelope of another type ("spans": 5). A bad parent id is none, a
 * bad id of a log record is none.
 *
 * Plain text fields that are empty are absent (protobuf does not send them),
 * string values that are empty are not. Attributes of one item keep their
 * order. */
#ifndef ACO_OTLP_H
#define ACO_OTLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/base/arena.h"
#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"

/* Nesting of one value. In protobuf more is RC_BAD. In JSON a value that deep
 * is absent, and a body nested deeper than such a value needs is RC_BAD. */
#define OTLP_DEPTH_MAX 32

enum otlp_signal {
	OTLP_TRACES,
	OTLP_LOGS,
	OTLP_METRICS,
	OTLP_SIGNAL_N
};
enum otlp_encoding {
	OTLP_JSON,
	OTLP_PROTOBUF
};

enum otlp_type {
	OTLP_ABSENT, /* {}, null, {"doubleValue":null}, NaN */
	OTLP_STRING,
	OTLP_BOOL,
	OTLP_INT,
	OTLP_DOUBLE,
	OTLP_BYTES, /* as base64 text */
	OTLP_ARRAY,
	OTLP_KVLIST
};

struct otlp_attr;
struct otlp_value {
	enum otlp_type type;
	bool b;
	int64_t i;
	double d;
	/* String, bytes: unescaped, UTF-8; NUL, and in protobuf what is not
	 * UTF-8, is U+FFFD. */
	struct str s;
	const struct otlp_value *items; /* array */
	const struct otlp_attr *pairs;  /* kvlist */
	size_t n;                       /* of items or pairs */
};
struct otlp_attr {
	struct str key;
	struct otlp_value v;
};
struct otlp_attrs {
	const struct otlp_attr *p; /* in order; of equal keys the last wins */
	size_t n;
	int64_t dropped; /* droppedAttributesCount */
};
/* The last attribute of that name; NULL: none. */
const struct otlp_value *otlp_get(const struct otlp_attrs *a, const char *key);
/* The value as a whole number: int, double without fraction, decimal text
 * (also 1e3, 2.0). As a double: finite ones only. */
bool otlp_i64(const struct otlp_value *v, int64_t *out); /* v may be NULL */
bool otlp_f64(const struct otlp_value *v, double *out);
struct str otlp_str(const struct otlp_value *v); /* strings only, else absent */

struct otlp_source { /* resource and scope */
	struct otlp_attrs resource;
	struct otlp_attrs scope_attrs;
	struct str scope, version;
};

struct otlp_event {
	int64_t time_us; /* or TIME_NONE */
	struct str name;
	struct otlp_attrs attrs;
};

struct otlp_span {
	const struct otlp_source *source;
	uint8_t trace_id[16], span_id[8], parent_id[8]; /* parent 0: root */
	struct str name;
	int kind; /* 0..5 */
	/* Nanoseconds as sent (for exactness); 0: not known. */
	uint64_t start_ns, end_ns;
	struct otlp_attrs attrs;
	const struct otlp_event *events;
	size_t n_events;
	int status; /* 0 unset 1 ok 2 error */
	struct str status_message;
};

struct otlp_log {
	const struct otlp_source *source;
	uint64_t time_ns, observed_ns; /* 0: not known */
	int severity;
	struct str event_name; /* the field only */
	struct otlp_value body;
	struct otlp_attrs attrs;
	uint8_t trace_id[16], span_id[8]; /* zero: none */
};

/* One data point of one metric; those without a value are not visited. */
struct otlp_point {
	const struct otlp_source *source;
	struct str metric, unit;
	int temporality; /* 0 gauge, 1 delta, 2 cumulative */
	uint64_t start_ns, time_ns;
	bool is_int;
	int64_t i;
	double d; /* also a histogram's sum */
	struct otlp_attrs attrs;
};

/* NULL members: nobody is interested, and nothing is decoded for them. */
struct otlp_visitor {
	void (*span)(void *arg, const struct otlp_span *s);
	void (*log)(void *arg, const struct otlp_log *l);
	void (*point)(void *arg, const struct otlp_point *p);
	/* Whether an attribute of spans, logs and points is wanted; others are
	 * skipped unread. NULL: all. Resource attributes are always read. */
	bool (*wants)(void *arg, struct str key);
	void *arg;
};

struct otlp_result {
	int64_t visited;
	int64_t rejected; /* see above */
	char why[160];    /* of the first rejected, or "" */
};

/* RC_BAD: 400, with the byte offset and the reason; the only failure. An empty
 * body is an empty request. `scratch` is cleared between items; its maximum
 * bounds the memory of one (and again of a resource, and of a scope). */
enum rc otlp_decode(enum otlp_signal signal, enum otlp_encoding enc,
		    struct str body, struct arena *scratch,
		    const struct otlp_visitor *v, struct otlp_result *res,
		    struct err *e) MUST_CHECK;

/* ---- answers ---- */
const char *otlp_content_type(enum otlp_encoding enc);
/* Export...ServiceResponse: empty for full success; rejected > 0 or a message
 * make a partial success. */
void otlp_success(struct buf *out, enum otlp_signal signal,
		  enum otlp_encoding enc, int64_t rejected, const char *why);
/* google.rpc.Status of an HTTP status. */
void otlp_status(struct buf *out, enum otlp_encoding enc, int http_status,
		 const char *message);

#endif
