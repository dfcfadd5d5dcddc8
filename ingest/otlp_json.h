/* JSON values of OTLP, for otlp_json.c and what it is made of. */
#ifndef ACO_OTLP_JSON_H
#define ACO_OTLP_JSON_H

#include "ingest/otlp_inside.h"
#include "ledger/base/jpull.h"

struct otlp_js {
	struct otlp_dec *d;
	struct jpull j;
};

static inline bool otlp_js_is(struct str key, const char *lit)
{
	return key.len == strlen(lit) && !memcmp(key.p, lit, strlen(lit));
}

/* The next key; an escaped one is unescaped in the arena. */
bool otlp_js_key(struct otlp_js *s, struct arena *a, struct str *key);
/* Each reads the value at hand, whatever it is; what is of another type says
 * nothing (absent, 0, false). */
struct str otlp_js_text(struct otlp_js *s, struct arena *a);
bool otlp_js_i64(struct otlp_js *s, int64_t *out); /* number or text */
uint64_t otlp_js_u64(struct otlp_js *s);           /* negative: 0 */
bool otlp_js_f64(struct otlp_js *s, double *out);  /* not a NaN */
int otlp_js_enum(struct otlp_js *s, int max);      /* numbers only, 0..max */
/* An id of n bytes as hex digits. False: none, another length, or zero. */
bool otlp_js_id(struct otlp_js *s, uint8_t *out, size_t n);
void otlp_js_value(struct otlp_js *s, struct arena *a, struct otlp_value *v,
		   int depth);
/* A list of attributes; `filter`: only wanted ones. `dropped` is kept. */
void otlp_js_attrs(struct otlp_js *s, struct arena *a, bool filter,
		   struct otlp_attrs *out);

#endif
