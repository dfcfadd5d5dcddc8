/* A validator for as much of JSON Schema as our own schemas use: $ref within
 * the document, type, const, enum, required, properties,
 * additionalProperties false, minLength, maxLength, minimum, maximum, pattern,
 * anyOf, oneOf, allOf. A keyword that it does not know fails the test. */
#ifndef ACO_SCHEMA_H
#define ACO_SCHEMA_H

#include "ledger/base/arena.h"
#include "ledger/base/json.h"

struct schema {
	char *text;
	struct json_doc doc;
	struct arena arena;
};

/* A file of the source tree. */
void schema_load(struct schema *s, const char *path);
void schema_release(struct schema *s);
/* NULL: valid; else what is wrong, until the next call. */
const char *schema_check(struct schema *s, const struct json *v);

#endif
