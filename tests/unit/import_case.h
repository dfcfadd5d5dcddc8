/* Runs a kind of import over a text and keeps what came out, event by event,
 * for the tests of transcripts. import_probe.h keeps tasks and sums instead. */
#ifndef ACO_IMPORT_CASE_H
#define ACO_IMPORT_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/import_run.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"

#define CASE_MAX 4096

struct case_event {
	struct ev_task task;
	struct ev_attempt a;
	struct ev_outcome o;
	struct ev_trial t;
	bool is_outcome, is_trial;
};

struct import_case {
	struct import_run *run;
	struct arena arena;
	struct case_event v[CASE_MAX];
	size_t n;
};

/* The clock of all these tests: a little after the fixtures were captured. */
#define CASE_NOW INT64_C(1795500000000000)

/* A run without a ledger; opts NULL: quiet. To be freed with case_free. */
struct import_case *case_new(const struct import_opts *opts);
void case_free(struct import_case *c);
/* Import a text, as if it were the file `path`. */
void case_text(struct import_case *c, const char *kind, const char *path,
	       struct str text);
struct import_case *case_of(const char *kind, const char *path,
			    const char *text);
/* Import a file of tests/data. */
struct import_case *case_file(const char *kind, const char *path);
/* How often something was skipped for a reason. */
int64_t case_skipped(const struct import_case *c, const char *reason);
bool case_share_key(const struct case_event *x, const struct case_event *y);
/* Check that the attempts are the calls of entry `key` of expected.json. */
void case_expected(const struct import_case *c, const char *key);

/* Compare the disjoint buckets: uncached, read, 5m, 1h, output, reasoning. */
#define assert_usage(event, in, read, w5, w1, out, think)                      \
	do {                                                                   \
		const int64_t *n_ = (event)->a.usage.n;                        \
		assert_int_equal(n_[USAGE_UNCACHED_IN], (in));                 \
		assert_int_equal(n_[USAGE_CACHE_READ], (read));                \
		assert_int_equal(n_[USAGE_CACHE_WRITE_5M], (w5));              \
		assert_int_equal(n_[USAGE_CACHE_WRITE_1H], (w1));              \
		assert_int_equal(n_[USAGE_OUTPUT], (out));                     \
		assert_int_equal(n_[USAGE_REASONING], (think));                \
	} while (0)

#define assert_str(have, want)                                                 \
	do {                                                                   \
		struct str s_ = (have);                                        \
		if (!str_is(s_, (want)))                                       \
			fail_msg("'%.*s', expected '%s'", STR_ARG(s_), want);  \
	} while (0)

#endif
