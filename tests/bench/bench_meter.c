/* What reading a model call costs: requests of 1 KB, 100 KB (as a coding agent
 * sends them) and 64 MiB, whole replies, and streams event by event. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ingest/meter.h"

static bool json;

/* Of the processor, so that a busy machine makes no difference. */
static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void show(const char *name, double value, const char *unit)
{
	if (json)
		printf("{\"name\":\"%s\",\"value\":%.2f,\"unit\":\"%s\"}\n",
		       name, value, unit);
	else
		printf("%-26s %10.2f %s\n", name, value, unit);
}

static const char prose[] =
	"The `separability_matrix` does not compute separability correctly "
	"for nested models. Consider the following, and why it fails. ";

/* `bytes` of text over messages of at most 4 KB. */
static void make_request(struct buf *b, size_t bytes)
{
	size_t n = 0;

	buf_adds(b, "{\"model\":\"gpt-5\",\"stream\":true,\"messages\":[{"
		    "\"role\":\"system\",\"content\":\"You help.\"}");
	while (n < bytes) {
		size_t part = bytes - n < 4096 ? bytes - n : 4096;

		buf_adds(b, ",{\"role\":\"user\",\"content\":\"");
		for (size_t i = 0; i < part; i++)
			buf_addc(b, prose[(n + i) % (sizeof(prose) - 1)]);
		buf_adds(b, "\"}");
		n += part;
	}
	buf_adds(b, "]}");
}

static void requests(const char *name, size_t bytes, int n, bool rate)
{
	struct model_request r;
	struct arena a;
	struct buf b;
	struct err e;
	int64_t start;
	double us;

	buf_init(&b, (size_t)80 << 20);
	make_request(&b, bytes);
	arena_init(&a, MODEL_ARENA);
	start = cpu_us();
	for (int i = 0; i < n; i++) {
		arena_clear(&a);
		if (model_request_read(&r, WIRE_OPENAI_CHAT,
				       (struct str){b.p, b.len}, &a,
				       &e) != RC_OK)
			abort();
	}
	us = (double)(cpu_us() - start) / n;
	show(name, rate ? (double)b.len / us : us, rate ? "MB/s" : "us");
	arena_release(&a);
	buf_release(&b);
}

static const char reply[] =
	"{\"id\":\"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT\",\"object\":"
	"\"chat.completion\",\"created\":1758800000,\"model\":\"gpt-5\","
	"\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
	"\"content\":\"A short answer.\",\"refusal\":null},\"logprobs\":null,"
	"\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":2006,"
	"\"completion_tokens\":300,\"total_tokens\":2306,"
	"\"prompt_tokens_details\":{\"cached_tokens\":1920},"
	"\"completion_tokens_details\":{\"reasoning_tokens\":192}}}";

static void replies(int n)
{
	struct model_request req = {.body_bytes = 1000};
	struct model_reply r;
	int64_t start;
	int64_t sum = 0;

	start = cpu_us();
	for (int i = 0; i < n; i++) {
		struct meter *m = meter_new(WIRE_OPENAI_CHAT, &req);

		meter_body(m, reply, sizeof(reply) - 1);
		meter_finish(m, false, &r);
		sum += r.usage.n[USAGE_OUTPUT];
		meter_free(m);
	}
	if (sum != (int64_t)n * 300)
		abort();
	show("reply_1k", (double)(cpu_us() - start) / n, "us");
}

static const char chunk[] =
	"data: {\"id\":\"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG\",\"object\":"
	"\"chat.completion.chunk\",\"created\":1758800000,\"model\":\"gpt-5\","
	"\"service_tier\":\"default\",\"system_fingerprint\":\"fp_50cad350e4\""
	",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},"
	"\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";

static void streams(int n)
{
	struct model_request req = {.usage_injected = true};
	struct meter *m = meter_new(WIRE_OPENAI_CHAT, &req);
	struct sse_event ev;
	struct model_reply r;
	int64_t start;
	struct sse s;

	sse_init(&s, 1 << 20);
	start = cpu_us();
	for (int i = 0; i < n; i++) {
		sse_give(&s, chunk, sizeof(chunk) - 1);
		while (sse_next(&s, &ev))
			if (meter_event(m, &ev))
				abort();
	}
	show("stream_event", (double)(cpu_us() - start) / n, "us");
	meter_finish(m, false, &r);
	meter_free(m);
	sse_release(&s);
}

int main(int argc, char **argv)
{
	json = argc > 1 && !strcmp(argv[1], "--json");
	requests("request_1k", 1000, 100000, false);
	requests("request_100k", 100000, 3000, false);
	requests("request_100k_rate", 100000, 3000, true);
	requests("request_64m_rate", (size_t)64 << 20, 3, true);
	replies(100000);
	streams(300000);
	return 0;
}
