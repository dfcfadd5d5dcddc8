/* Server-sent events: however the bytes are cut, the events are the same, and
 * no byte is lost. The first two bytes say where the cuts are and how long an
 * event may be. */
#include <stdlib.h>

#include "ingest/sse.h"
#include "tests/fuzz/fuzz.h"

static void see(struct sse *s, struct buf *seen, struct buf *raw)
{
	struct sse_event ev;

	while (sse_next(s, &ev)) {
		buf_add(raw, ev.raw.p, ev.raw.len);
		if (!ev.whole) {
			/* How many pieces there are depends on the cuts. */
			if (!seen->len || seen->p[seen->len - 1] != 1)
				buf_addc(seen, 1);
			continue;
		}
		buf_add(seen, ev.name.p, ev.name.len);
		buf_addc(seen, ev.data.p ? '=' : '-');
		buf_add(seen, ev.data.p, ev.data.len);
		buf_addc(seen, 2);
	}
}

static void read_all(const char *p, size_t n, size_t step, size_t max,
		     struct buf *seen)
{
	struct buf raw;
	struct sse s;

	buf_init(&raw, n + 1);
	sse_init(&s, max);
	for (size_t at = 0; at < n; at += step) {
		size_t len = n - at < step ? n - at : step;
		char *copy = fuzz_copy(p + at, len);

		sse_give(&s, copy, len);
		see(&s, seen, &raw);
		free(copy);
		if (s.held.len > max)
			BUG("more is held than may be");
	}
	sse_end(&s);
	see(&s, seen, &raw);
	buf_add(&raw, sse_rest(&s).p, sse_rest(&s).len);
	if (raw.len != n || memcmp(buf_str(&raw), p, n) != 0)
		BUG("bytes were lost");
	sse_release(&s);
	buf_release(&raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf a, b;
	size_t max;

	if (size < 2)
		return 0;
	max = data[1] < 128 ? (size_t)data[1] + 1 : 4096;
	buf_init(&a, 1 << 24);
	buf_init(&b, 1 << 24);
	read_all((const char *)data + 2, size - 2, size, max, &a);
	read_all((const char *)data + 2, size - 2, (size_t)data[0] + 1, max,
		 &b);
	if (a.len != b.len || memcmp(buf_str(&a), buf_str(&b), a.len) != 0)
		BUG("the cuts make a difference");
	buf_release(&a);
	buf_release(&b);
	return 0;
}
