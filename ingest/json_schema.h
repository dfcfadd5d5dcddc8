/* Whether a JSON text is what a JSON Schema asks for, as far as the keywords go
 * that model providers support: type, properties, required,
 * additionalProperties, items, enum, const, minItems, maxItems, anyOf, oneOf
 * (as anyOf), allOf, and $ref to places in the same schema. Others are not
 * looked at. */
#ifndef ACO_JSON_SCHEMA_H
#define ACO_JSON_SCHEMA_H

#include "ledger/base/str.h"

enum json_fit {
	JSON_FITS,
	JSON_FITS_NOT,   /* or it is no JSON */
	JSON_FIT_UNKNOWN /* no schema, or too much to look at */
};

/* Both are looked at within bounds of memory and time. */
enum json_fit json_schema_fit(struct str schema, struct str text);

#endif
