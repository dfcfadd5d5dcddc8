/* 128-bit identifiers. */
#ifndef ACO_UUID_H
#define ACO_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/str.h"

struct uuid {
	uint8_t b[16];
};

#define UUID_TEXT 37

struct uuid uuid_v7(void); /* time-ordered, random (RFC 9562) */
bool uuid_is_nil(struct uuid u);
bool uuid_eq(struct uuid a, struct uuid b);
int uuid_cmp(struct uuid a, struct uuid b);
/* Text in 8-4-4-4-12 lower case into buf[UUID_TEXT]; returns buf. */
char *uuid_format(struct uuid u, char *buf);
bool uuid_parse(struct str s, struct uuid *out); /* hyphens optional */

#endif
