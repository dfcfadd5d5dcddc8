#include "provider_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

char *provider_file(const char *name, size_t *n)
{
	char path[256];
	char *p = malloc(1 << 20);
	FILE *f;

	snprintf(path, sizeof(path), "tests/data/providers/%s", name);
	f = fopen(path, "rb");
	if (!f || !p) {
		fprintf(stderr, "%s cannot be read\n", path);
		exit(1);
	}
	*n = fread(p, 1, 1 << 20, f);
	fclose(f);
	return p;
}

static void events(struct metered *out, struct sse *s)
{
	struct sse_event ev;

	while (sse_next(s, &ev))
		if (!meter_event(out->m, &ev))
			out->passed += ev.raw.len;
}

void meter_stream(struct metered *out, enum wire wire,
		  const struct model_request *req, const char *p, size_t n,
		  size_t cut_at, bool cut)
{
	struct sse s;

	*out = (struct metered){.m = meter_new(wire, req)};
	sse_init(&s, 1 << 20);
	sse_give(&s, p, cut_at);
	events(out, &s);
	sse_give(&s, p + cut_at, n - cut_at);
	events(out, &s);
	sse_end(&s);
	events(out, &s);
	sse_release(&s);
	meter_finish(out->m, cut, &out->r);
}

void meter_whole(struct metered *out, enum wire wire,
		 const struct model_request *req, int status, const char *p,
		 size_t n)
{
	*out = (struct metered){.m = meter_new(wire, req)};
	meter_status(out->m, status);
	meter_body(out->m, p, n / 2);
	meter_body(out->m, p + n / 2, n - n / 2);
	meter_finish(out->m, false, &out->r);
}

void meter_chat(struct metered *out, const struct model_request *req,
		const char *body)
{
	meter_whole(out, WIRE_OPENAI_CHAT, req, 200, body, strlen(body));
}

void metered_release(struct metered *out)
{
	meter_free(out->m);
}

void expect_usage(const struct usage *u, int64_t in, int64_t read, int64_t w5,
		  int64_t w1, int64_t out, int64_t reasoning)
{
	assert_int_equal(u->n[USAGE_UNCACHED_IN], in);
	assert_int_equal(u->n[USAGE_CACHE_READ], read);
	assert_int_equal(u->n[USAGE_CACHE_WRITE_5M], w5);
	assert_int_equal(u->n[USAGE_CACHE_WRITE_1H], w1);
	assert_int_equal(u->n[USAGE_OUTPUT], out);
	assert_int_equal(u->n[USAGE_REASONING], reasoning);
}
