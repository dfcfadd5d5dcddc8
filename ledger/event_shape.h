/* What a field of an event may hold; for event_fields.c alone. */
#ifndef ACO_EVENT_SHAPE_H
#define ACO_EVENT_SHAPE_H

#include "ledger/event_fields.h"

enum shape {
	IS_TEXT,
	IS_TIME,
	IS_MONEY,
	IS_COUNT, /* int64, 0 or more */
	IS_INT,   /* min..max, of 1, 2 or 4 bytes */
	IS_BOOL,  /* int8: 1 or 0 */
	IS_WORD,  /* int: index in words */
	IS_SUCCESS,
	IS_FACTS, /* an object, kept as text */
	IS_UUID,
	IS_KEYS,
	IS_HEX,   /* bytes */
	IS_REAL,  /* double */
	IS_REALS, /* floats, at most max; null is NaN */
	IS_COSTS, /* money, at most max; null is not known */
	IS_OBJECT,
	IS_TYPE, /* read before */
};

struct field {
	const char *name;
	enum shape shape;
	uint32_t at; /* in struct event_fields */
	int64_t min, max;
	const char *const *words;  /* max of them */
	const struct field *inner; /* of an object; ends with no name */
	const char *prefix;        /* of the fields inside */
	uint8_t size;              /* IS_INT */
	uint32_t count_at; /* IS_REALS, IS_COSTS: an int, the most of several */
	bool own;          /* not from a peer */
};

/* Read a value (not an object) to its place in f; false: it is not of that
 * shape, or the arena is full. */
bool shape_get(const struct field *d, const struct json *v,
	       struct event_fields *f, struct arena *a);
/* What a value of that field must be; may use text. */
const char *shape_wanted(const struct field *d, char *text, size_t size);

#endif
