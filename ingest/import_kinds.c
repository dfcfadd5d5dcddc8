/* The table of kinds, in the order in which help shows them. */
#include <string.h>

#include "ingest/import.h"

extern const struct import_kind import_claude_code;

const struct import_kind *const import_kinds[] = {
	&import_claude_code,
	NULL,
};

const struct import_kind *import_kind_find(const char *name)
{
	for (int i = 0; import_kinds[i]; i++) {
		if (!strcmp(import_kinds[i]->name, name))
			return import_kinds[i];
	}
	return NULL;
}
