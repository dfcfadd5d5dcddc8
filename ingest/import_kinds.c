/* The table of kinds, in the order in which help shows them. */
#include <string.h>

#include "ingest/import.h"

extern const struct import_kind import_claude_code;
extern const struct import_kind import_codex;
extern const struct import_kind import_gemini;
extern const struct import_kind import_mini_swe;
extern const struct import_kind import_swe_agent;
extern const struct import_kind import_tau2;
extern const struct import_kind import_openhands;
extern const struct import_kind import_litellm;
extern const struct import_kind import_langfuse;
extern const struct import_kind import_otlp;
extern const struct import_kind import_outcomes;

const struct import_kind *const import_kinds[] = {
	&import_claude_code, &import_codex, &import_gemini,    &import_mini_swe,
	&import_swe_agent,   &import_tau2,  &import_openhands, &import_litellm,
	&import_langfuse,    &import_otlp,  &import_outcomes,  NULL,
};

const struct import_kind *import_kind_find(const char *name)
{
	for (int i = 0; import_kinds[i]; i++) {
		if (!strcmp(import_kinds[i]->name, name))
			return import_kinds[i];
	}
	return NULL;
}
