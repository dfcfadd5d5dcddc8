/* The writer's view of the dictionaries: names of teams, agents, classes,
 * senders, sources, ... and models, to ids and back. A cache of what the
 * database holds; misses are added there by the writer (append.c). */
#ifndef ACO_NAMES_H
#define ACO_NAMES_H

#include <stdint.h>

#include "ledger/base/map.h"
#include "ledger/base/str.h"

enum dict_kind {
	DICT_TEAM,
	DICT_AGENT,
	DICT_CLASS,
	DICT_SENDER,
	DICT_SOURCE,
	DICT_FINISH,
	DICT_ERROR,
	DICT_SERVICE_TIER,
	DICT_TOOL,
	DICT_KIND_N
};
extern const char *const dict_kind_names[DICT_KIND_N];

struct name_entry {
	int32_t id;
	enum dict_kind kind; /* DICT_KIND_N: a model */
	struct str name;     /* owned */
	struct str provider; /* of a model; owned */
	int16_t tier;        /* of a model; 0 = none */
};
struct names {
	struct name_entry *e;
	size_t n, cap;
	struct map by_name, by_id;
};
void names_init(struct names *t);
void names_release(struct names *t);

/* Entries stay valid until names_release, but move on names_put. NULL: not
 * in the cache. */
const struct name_entry *names_find(const struct names *t, enum dict_kind kind,
				    struct str name);
const struct name_entry *names_model(const struct names *t, struct str provider,
				     struct str name);
const struct name_entry *names_by_id(const struct names *t, bool model,
				     int32_t id);
/* Copies; an entry that is there is left (a model's tier is renewed). */
void names_put(struct names *t, const struct name_entry *e);

#endif
