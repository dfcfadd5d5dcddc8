/* Recorded bodies of providers (tests/data/providers), and a meter run over
 * one, cut where the test wants. */
#ifndef ACO_TEST_PROVIDER_CASE_H
#define ACO_TEST_PROVIDER_CASE_H

#include "ingest/meter.h"

/* The file's bytes; exits when it cannot be read. Free it. */
char *provider_file(const char *name, size_t *n);

/* A reply and its meter, whose strings it borrows. */
struct metered {
	struct meter *m;
	struct model_reply r;
	size_t passed; /* bytes that were not hidden */
};
/* A stream in two pieces, the first of `cut_at` bytes; its last event may have
 * to be ended by the end of the stream. */
void meter_stream(struct metered *out, enum wire wire,
		  const struct model_request *req, const char *p, size_t n,
		  size_t cut_at, bool cut);
void meter_whole(struct metered *out, enum wire wire,
		 const struct model_request *req, int status, const char *p,
		 size_t n);
/* A whole chat completion of status 200. */
void meter_chat(struct metered *out, const struct model_request *req,
		const char *body);
void metered_release(struct metered *out);

/* Buckets in the order of the header. */
void expect_usage(const struct usage *u, int64_t in, int64_t read, int64_t w5,
		  int64_t w1, int64_t out, int64_t reasoning);

#endif
