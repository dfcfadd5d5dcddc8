/* The protobuf cursor: whatever the bytes, fields lie inside of them, come in
 * order, and end. Each field's bytes are read as a message too. */
#include <stdint.h>

#include "ingest/pb.h"
#include "ledger/base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read(struct str s, int depth)
{
	struct pb c = pb_of(s);
	const uint8_t *last = c.p, *end = c.p + s.len;
	struct pb_field f;

	while (pb_next(&c, &f)) {
		if (c.p <= last || c.p > end)
			BUG("the cursor went astray");
		if (f.no == 0 || f.no > (1u << 29) - 1)
			BUG("a field number out of range");
		if (f.wire == PB_BYTES) {
			if ((const uint8_t *)f.s.p < last ||
			    (const uint8_t *)f.s.p + f.s.len != c.p)
				BUG("bytes from elsewhere");
			if (depth < 8)
				read(f.s, depth + 1);
		} else if (f.wire == PB_FIXED32 && f.n > UINT32_MAX) {
			BUG("a wide fixed32");
		}
		last = c.p;
	}
	if (!c.why && c.p != end)
		BUG("the end is missed");
	if (pb_next(&c, &f))
		BUG("a field behind the end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read((struct str){(const char *)data, size}, 0);
	return 0;
}
