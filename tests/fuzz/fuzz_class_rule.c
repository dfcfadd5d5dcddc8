/* Rules, a NUL, and a value that every field has. Reading ends; what was read
 * matches without harm and gives a class of the rules or a shipped one; what
 * is refused is refused with words. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/class_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str fact(const void *arg, struct str field)
{
	if (!field.len)
		abort();
	return *(const struct str *)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	struct str value = {"x", 1}, got;
	struct class_rules *r = NULL;
	enum class_rank rank;
	struct err e = {0};
	char *text;

	if (!nul)
		return 0;
	text = strndup((const char *)data, size);
	value = (struct str){(const char *)nul + 1,
			     size - (size_t)(nul + 1 - data)};
	if (class_rules_parse(&r, text, &e)) {
		if (r || !e.msg[0])
			abort();
	} else {
		got = class_rules_match(r, fact, &value, &rank);
		if ((got.len > 0) != (rank != CLASS_NOBODY))
			abort();
	}
	class_rules_free(r);
	free(text);
	return 0;
}
