/* What it costs to understand model-call spans: decoding alone, decoding with
 * meaning into a sink that drops, and with a batch as in the daemon; bodies of
 * 40 spans, JSON and protobuf, ids anew for each. Time of the processor, of one
 * thread. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ingest/meaning.h"
#include "ledger/base/clock.h"
#include "ledger/base/conf.h"
#include "tests/bench/otlp_body.h"

#define SPANS 40 /* a multiple of BODY_SESSIONS */

struct to {
	struct batch *b; /* NULL: drop */
	int64_t calls;
};

static enum rc attempt(void *arg, const struct ev_task *t,
		       const struct ev_attempt *a, struct err *e)
{
	struct to *to = arg;
	struct ev_attempt copy = *a;
	enum rc rc;

	to->calls++;
	if (!to->b)
		return RC_OK;
	rc = batch_task(to->b, t, &copy.task, e);
	if (!rc)
		rc = batch_attempt(to->b, &copy, e);
	if (batch_rows(to->b) >= 5000)
		batch_clear(to->b);
	return rc;
}

static enum rc outcome(void *arg, const struct ev_task *t,
		       const struct ev_outcome *o, struct err *e)
{
	(void)arg, (void)t, (void)o, (void)e;
	return RC_OK;
}

static enum rc claim(void *arg, const struct ev_task *t,
		     const struct ev_claim *c, struct err *e)
{
	(void)arg, (void)t, (void)c, (void)e;
	return RC_OK;
}

static enum rc task(void *arg, const struct ev_task *t, struct err *e)
{
	(void)arg, (void)t, (void)e;
	return RC_OK;
}

static enum rc dead(void *arg, const struct ev_dead *d, struct err *e)
{
	(void)arg, (void)e;
	fprintf(stderr, "refused: %.*s\n", STR_ARG(d->reason));
	exit(1);
}

static void see(void *arg, const struct otlp_span *s)
{
	*(int64_t *)arg += s->attrs.n > 0;
}

static bool want_all(void *arg, struct str key)
{
	(void)arg;
	return key.len > 0;
}

enum what {
	DECODE,
	MEAN,
	BATCH
};

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double run(struct meaning *m, bool json, enum what what, int bodies)
{
	struct to to = {what == BATCH ? batch_new((size_t)64 << 20) : NULL, 0};
	struct sink sink = {attempt, outcome, claim, NULL, task, dead, &to};
	struct origin o = {.source = STR("otlp"), .peer = STR("bench")};
	struct otlp_visitor count = {
		.span = see, .wants = want_all, .arg = &to.calls};
	struct arena scratch;
	struct body_ids ids;
	struct body body;
	double start, us;

	arena_init(&scratch, (size_t)8 << 20);
	body_init(&body, SPANS, json);
	ids = (struct body_ids){.run = (uint64_t)clock_mono_us()};
	start = cpu_us();
	for (int i = 0; i < bodies; i++) {
		struct otlp_result res;
		struct str text;
		struct err e;

		body_stamp(&body, &ids, clock_now_us());
		text = (struct str){buf_str(&body.data), body.data.len};
		o.received_us = clock_now_us();
		if (what != DECODE)
			meaning_begin(m, &o);
		if (otlp_decode(OTLP_TRACES, json ? OTLP_JSON : OTLP_PROTOBUF,
				text, &scratch,
				what == DECODE ? &count : meaning_visitor(m),
				&res, &e) ||
		    (what != DECODE && meaning_end(m, &sink, NULL, &e))) {
			fprintf(stderr, "%s\n", e.msg);
			exit(1);
		}
	}
	us = cpu_us() - start;
	if (to.calls != (int64_t)bodies * SPANS) {
		fprintf(stderr, "%lld calls of %d\n", (long long)to.calls,
			bodies * SPANS);
		exit(1);
	}
	body_release(&body);
	arena_release(&scratch);
	batch_free(to.b);
	return us * 1000 / ((double)bodies * SPANS);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"decode", "meaning", "batch"};
	struct conf conf = {.claim_seconds = 60, .class_rules = strdup("")};
	struct meaning *m = meaning_new(&conf);
	bool json_out = argc > 1 && !strcmp(argv[1], "--json");

	for (int json = 0; json < 2; json++) {
		for (int w = DECODE; w <= BATCH; w++) {
			double ns = run(m, json, (enum what)w, 1000), best = ns;

			for (int i = 0; i < 4; i++) {
				ns = run(m, json, (enum what)w, 1000);
				best = ns < best ? ns : best;
			}
			if (json_out)
				printf("{\"name\":\"%s_%s\",\"value\":%.0f,"
				       "\"unit\":\"spans/s\"}\n",
				       names[w], json ? "json" : "pb",
				       1e9 / best);
			else
				printf("%-8s %-4s %8.0f ns a span %10.0f "
				       "spans/s\n",
				       names[w], json ? "json" : "pb", best,
				       1e9 / best);
		}
	}
	meaning_free(m);
	free(conf.class_rules);
	return 0;
}
