/* Protocol Buffers, read field by field without copies. A cursor holds a run
 * of bytes, which is one message; a field that is a message gives the run of
 * its own. Refused: varints of more than 10 bytes or 64 bits, field number 0,
 * numbers beyond 2^29, lengths beyond the end, groups (wire types 3 and 4) and
 * the types that do not exist (6 and 7). Varints longer than needed are legal
 * and taken. What a field means is the caller's: unknown ones are passed by
 * with the next pb_next(), and of a field that comes twice the last wins if
 * the caller simply overwrites. */
#ifndef ACO_PB_H
#define ACO_PB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ledger/base/str.h"

enum pb_wire {
	PB_VARINT = 0,
	PB_FIXED64 = 1,
	PB_BYTES = 2,
	PB_FIXED32 = 5
};

struct pb {
	const uint8_t *p, *end;
	const char *why; /* what is wrong at p; NULL: nothing */
};

struct pb_field {
	uint32_t no;
	enum pb_wire wire;
	uint64_t n;   /* varint, fixed */
	struct str s; /* bytes; never absent */
};

static inline struct pb pb_of(struct str s)
{
	const uint8_t *p = (const uint8_t *)(s.p ? s.p : "");

	return (struct pb){.p = p, .end = p + s.len};
}

/* A varint of more than one byte, or none. */
bool pb_varint_slow(struct pb *c, uint64_t *out);

static inline bool pb_varint(struct pb *c, uint64_t *out)
{
	if (c->p < c->end && *c->p < 0x80) {
		*out = *c->p++;
		return true;
	}
	return pb_varint_slow(c, out);
}

bool pb_fixed(struct pb *c, size_t bytes, uint64_t *out);
bool pb_fail(struct pb *c, const char *why); /* false */

static inline bool pb_bytes(struct pb *c, struct str *out)
{
	uint64_t n;

	if (!pb_varint(c, &n))
		return false;
	if (n > (uint64_t)(c->end - c->p))
		return pb_fail(c, "a length beyond the end");
	*out = (struct str){(const char *)c->p, (size_t)n};
	c->p += n;
	return true;
}

/* The next field; false at the end of the message, or with c->why set. */
static inline bool pb_next(struct pb *c, struct pb_field *f)
{
	uint64_t tag;

	if (c->p >= c->end || !pb_varint(c, &tag))
		return false;
	if (tag < 8 || tag > UINT32_MAX)
		return pb_fail(c, "a field number out of range");
	f->no = (uint32_t)(tag >> 3);
	f->wire = (enum pb_wire)(tag & 7);
	switch (f->wire) {
	case PB_VARINT:
		return pb_varint(c, &f->n);
	case PB_BYTES:
		return pb_bytes(c, &f->s);
	case PB_FIXED64:
		return pb_fixed(c, 8, &f->n);
	case PB_FIXED32:
		return pb_fixed(c, 4, &f->n);
	default:
		return pb_fail(c, "an unknown wire type");
	}
}

/* Whether it is field `no` with that wire type: a known number that comes with
 * another type is an unknown field. */
static inline bool pb_is(const struct pb_field *f, uint32_t no,
			 enum pb_wire wire)
{
	return f->no == no && f->wire == wire;
}

static inline double pb_double(const struct pb_field *f)
{
	double d;

	memcpy(&d, &f->n, sizeof(d));
	return d;
}

#endif
