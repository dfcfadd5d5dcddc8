#include "ingest/pb.h"

bool pb_fail(struct pb *c, const char *why)
{
	c->why = why;
	c->end = c->p;
	return false;
}

bool pb_varint_slow(struct pb *c, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 10; i++) {
		uint8_t b;

		if (c->p + i >= c->end)
			return pb_fail(c, "a number beyond the end");
		b = c->p[i];
		if (i == 9 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << (7 * i);
		if (b < 0x80) {
			c->p += i + 1;
			*out = v;
			return true;
		}
	}
	return pb_fail(c, "a number of more than 64 bits");
}

bool pb_fixed(struct pb *c, size_t bytes, uint64_t *out)
{
	uint64_t v = 0;

	if ((size_t)(c->end - c->p) < bytes)
		return pb_fail(c, "a number beyond the end");
	for (size_t i = 0; i < bytes; i++)
		v |= (uint64_t)c->p[i] << (8 * i);
	c->p += bytes;
	*out = v;
	return true;
}
