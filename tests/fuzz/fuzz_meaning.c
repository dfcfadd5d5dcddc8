/* The first byte says which signal, encoding and path; the rest is a body, or
 * several with a byte 0xff 0x00 0xff between them, one request each. Meaning
 * takes whatever a decoder takes, hands over only what a batch takes or
 * refuses for its content, and the same input again makes no call that the
 * first time did not make. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/meaning.h"
#include "ledger/base/clock.h"
#include "ledger/base/conf.h"
#include "ledger/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct batch *b;
	bool again;
	size_t first; /* attempts of the first round */
};

static bool known(const struct world *w, struct uuid key)
{
	for (size_t i = 0; i < w->first; i++) {
		const struct ev_attempt *a = &w->b->attempts[i].e;

		for (int k = 0; k < a->n_keys; k++) {
			if (uuid_eq(a->keys[k], key))
				return true;
		}
	}
	return false;
}

static enum rc checked(enum rc rc)
{
	if (rc != RC_OK && rc != RC_BAD && rc != RC_BUSY)
		abort();
	return rc;
}

static enum rc attempt(void *arg, const struct ev_task *t,
		       const struct ev_attempt *a, struct err *e)
{
	struct ev_attempt copy = *a;
	struct world *w = arg;
	enum rc rc = checked(batch_task(w->b, t, &copy.task, e));

	if (rc)
		return rc;
	rc = checked(batch_attempt(w->b, &copy, e));
	if (rc == RC_OK && w->again && !known(w, a->keys[0]))
		abort();
	return rc;
}

static enum rc outcome(void *arg, const struct ev_task *t,
		       const struct ev_outcome *o, struct err *e)
{
	struct ev_outcome copy = *o;
	struct world *w = arg;
	enum rc rc = checked(batch_task(w->b, t, &copy.task, e));

	return rc ? rc : checked(batch_outcome(w->b, &copy, e));
}

static enum rc claim(void *arg, const struct ev_task *t,
		     const struct ev_claim *c, struct err *e)
{
	struct ev_claim copy = *c;
	struct world *w = arg;
	enum rc rc = checked(batch_task(w->b, t, &copy.sum.task, e));

	return rc ? rc : checked(batch_claim(w->b, &copy, e));
}

static enum rc task(void *arg, const struct ev_task *t, struct err *e)
{
	struct world *w = arg;
	uint32_t index;

	return checked(batch_task(w->b, t, &index, e));
}

static enum rc dead(void *arg, const struct ev_dead *d, struct err *e)
{
	struct world *w = arg;

	if (!d->reason.len || !d->body.len)
		abort();
	return checked(batch_dead(w->b, d, e));
}

static void request(struct meaning *m, struct world *w, uint8_t how,
		    struct str body)
{
	static const char *const paths[] = {"/v1/traces",
					    "/api/public/otel/v1/traces"};
	struct sink sink = {attempt, outcome, claim, NULL, task, dead, w};
	struct origin o = {.source = STR("otlp"),
			   .peer = STR("fuzz"),
			   .path = str_from(paths[(how >> 3) & 1]),
			   .received_us = clock_now_us()};
	struct meaning_counts counts;
	struct otlp_result res;
	struct arena scratch;
	struct err e;

	arena_init(&scratch, (size_t)1 << 20);
	meaning_begin(m, &o);
	if (otlp_decode((enum otlp_signal)((how & 3) % OTLP_SIGNAL_N),
			how & 4 ? OTLP_PROTOBUF : OTLP_JSON, body, &scratch,
			meaning_visitor(m), &res, &e) == RC_OK)
		checked(meaning_end(m, &sink, &counts, &e));
	arena_release(&scratch);
}

static void round_of(struct meaning *m, struct world *w, const uint8_t *data,
		     size_t size)
{
	struct str rest = {(const char *)data + 1, size - 1};

	for (;;) {
		const char *cut =
			rest.len ? memmem(rest.p, rest.len, "\xff\0\xff", 3)
				 : NULL;
		struct str one = rest;

		if (cut)
			one.len = (size_t)(cut - rest.p);
		request(m, w, data[0], one);
		if (!cut)
			return;
		rest.len -= one.len + 3;
		rest.p = cut + 3;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf conf = {.claim_seconds = 60, .class_rules = NULL};
	static struct meaning *m;
	struct world w = {batch_new((size_t)16 << 20), false, 0};

	if (!conf.class_rules)
		conf.class_rules = strdup("a: agent=x*, tool=y | b: model=*");
	clock_fix(INT64_C(1795500000) * US_PER_SEC);
	if (!m)
		m = meaning_new(&conf);
	if (size) {
		round_of(m, &w, data, size);
		w.first = w.b->n_attempts;
		w.again = true;
		round_of(m, &w, data, size);
	}
	batch_free(w.b);
	return 0;
}
