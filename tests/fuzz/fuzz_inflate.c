/* gzip: in pieces and small rooms it comes out as in one piece, and never
 * more than there is room for. */
#include <stdint.h>
#include <string.h>

#include "ingest/inflate.h"
#include "ledger/base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	ROOM = 1 << 17
};

struct result {
	bool done, bad;
	size_t len;
	char out[ROOM];
};

static void undo(const char *p, size_t n, size_t step, size_t room,
		 struct result *r)
{
	struct inflate *i = inflate_new();
	enum inflate_rc rc = INFLATE_IN;
	size_t at = 0;

	r->len = 0;
	while (rc != INFLATE_BAD && (at < n || rc == INFLATE_OUT)) {
		size_t in = n - at < step ? n - at : step, asked = in;
		size_t out = ROOM - r->len < room ? ROOM - r->len : room;
		size_t had = out;

		if (out == 0)
			break;
		rc = inflate_step(i, p + at, &in, r->out + r->len, &out);
		if (in > asked || out > had)
			BUG("more than there was");
		if (rc == INFLATE_IN && in < asked)
			BUG("input left, and more wanted");
		if (in == 0 && out == 0 && rc == INFLATE_OUT)
			BUG("no step forward");
		at += in;
		r->len += out;
	}
	r->bad = rc == INFLATE_BAD;
	r->done = inflate_done(i);
	inflate_free(i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct result whole, parts;
	const char *p = (const char *)data + 2;

	if (size < 2)
		return 0;
	undo(p, size - 2, size, ROOM, &whole);
	undo(p, size - 2, data[0] + 1U, data[1] + 1U, &parts);
	if (whole.len == ROOM || parts.len == ROOM)
		return 0; /* cut off by the room, maybe before the damage */
	if (whole.bad != parts.bad || whole.done != parts.done)
		BUG("cuts make a difference");
	if (!whole.bad && (whole.len != parts.len ||
			   memcmp(whole.out, parts.out, whole.len) != 0))
		BUG("cuts make another text");
	return 0;
}
