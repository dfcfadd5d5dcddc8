/* Replies of all protocols, whole and as streams that are cut: figures stay in
 * their ranges, and where the cuts are makes no difference. The first byte
 * chooses the protocol, the second says how long the pieces are. */
#include <math.h>
#include <stdlib.h>

#include "ingest/meter.h"
#include "tests/fuzz/fuzz.h"

static void share(float v)
{
	check(isnan(v) || (v >= 0 && v <= 1), "no share");
}

static void look(const struct model_reply *r)
{
	for (int i = 0; i < USAGE_N; i++)
		check(r->usage.n[i] >= USAGE_NONE, "a negative count");
	check(r->quality < QUALITY_N && r->status < ATTEMPT_STATUS_N,
	      "no such word");
	share(r->evidence[EVIDENCE_TOOL_JSON]);
	share(r->evidence[EVIDENCE_SCHEMA]);
	share(r->evidence[EVIDENCE_DOUBTFUL]);
	for (int i = EVIDENCE_LOGPROB_MEAN; i <= EVIDENCE_LOGPROB_P10; i++)
		check(isnan(r->evidence[i]) || r->evidence[i] <= 0,
		      "a log-probability above 0");
	check(r->output_bytes >= 0, "fewer bytes than none");
	check(str_utf8_ok(r->id) && str_utf8_ok(r->model) &&
		      str_utf8_ok(r->finish_reason) &&
		      str_utf8_ok(r->error_class) &&
		      str_utf8_ok(r->service_tier),
	      "text that cannot be stored");
}

static struct meter *stream(enum wire wire, const struct model_request *req,
			    const char *p, size_t n, size_t step,
			    struct model_reply *out)
{
	struct meter *m = meter_new(wire, req);
	struct sse_event ev;
	struct sse s;

	sse_init(&s, 1 << 20);
	for (size_t at = 0; at < n; at += step) {
		sse_give(&s, p + at, n - at < step ? n - at : step);
		while (sse_next(&s, &ev))
			meter_event(m, &ev);
	}
	sse_end(&s);
	while (sse_next(&s, &ev))
		meter_event(m, &ev);
	sse_release(&s);
	meter_finish(m, false, out);
	look(out);
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model_request req = {.body_bytes = 100};
	struct model_reply a, b;
	struct meter *m, *k;
	enum wire wire;
	size_t n;
	char *p;

	if (size < 2)
		return 0;
	wire = (enum wire)(data[0] % 5);
	req.format = data[0] & 8 ? FORMAT_JSON : FORMAT_ANY;
	req.usage_injected = data[0] & 16;
	n = size - 2;
	p = fuzz_copy(data + 2, n);
	m = meter_new(wire, &req);
	meter_status(m, data[0] & 32 ? 500 : 200);
	meter_body(m, p, n / 2);
	meter_body(m, p + n / 2, n - n / 2);
	meter_finish(m, data[0] & 64, &a);
	look(&a);
	meter_free(m);
	m = stream(wire, &req, p, n, n ? n : 1, &a);
	k = stream(wire, &req, p, n, (size_t)data[1] + 1, &b);
	check(!memcmp(&a.usage, &b.usage, sizeof(a.usage)) &&
		      a.quality == b.quality && a.status == b.status &&
		      a.output_bytes == b.output_bytes && str_eq(a.id, b.id) &&
		      str_eq(a.model, b.model),
	      "the cuts make a difference");
	meter_free(m);
	meter_free(k);
	free(p);
	return 0;
}
