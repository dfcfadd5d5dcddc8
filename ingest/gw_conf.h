/* What the configuration says of the gateway, read once: providers with their
 * keys, aliases, how `auto` is routed. One is made at start and at each reload;
 * calls under way keep the one they began with.
 *
 * Two providers are always there, `openai` and `anthropic`; `providers` names
 * more, or gives these anew:
 *
 *   providers = local: url=http://127.0.0.1:8000/v1, protocol=openai |
 *               eu: url=https://eu.example, protocol=anthropic,
 *                   key_file=/etc/aco/eu.key, calls=20
 *
 * calls=N limits how many calls are at the provider at once, over all workers
 * of the daemon; provider_calls is that of those that do not say it.
 *
 * A key is read from the variable that key_env names, or from a file that only
 * its owner can read. The first provider of a protocol is where its calls go
 * that name no other, and the only one that gets a client's own credentials. */
#ifndef ACO_GW_CONF_H
#define ACO_GW_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/upstream.h"
#include "ledger/base/conf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "router/router.h"

#define GW_PROVIDERS_MAX 32
#define GW_CALLS_MAX     100000

enum gw_protocol {
	GW_OPENAI,
	GW_ANTHROPIC,
	GW_PROTOCOL_N
};
extern const char *const gw_protocol_names[GW_PROTOCOL_N];

enum gw_mode {
	GW_OFF,
	GW_SHADOW,
	GW_LIVE
};

struct gw_provider {
	char *name;
	enum gw_protocol protocol;
	struct up_origin origin;
	char *key;  /* secret; NULL: none */
	bool first; /* of its protocol */
	bool said;  /* by `providers` */
	int calls;  /* at once, of all workers; 0: any number */
};

struct gw_alias {
	struct str name, target;
};

struct gw_floor {
	struct str class_name;
	int tier;
};

struct gw_conf {
	int refs;
	struct gw_provider providers[GW_PROVIDERS_MAX];
	int n_providers;
	char *text; /* what aliases, floors and defaults point into */
	struct gw_alias *aliases;
	struct gw_floor *floors;
	struct str *defaults;
	size_t n_aliases, n_floors, n_defaults;
	enum gw_mode mode;
	enum route_goal goal;
	double target, explore;
	bool hold_streams, refuse_unpriced;
	int retries;
	int queue;        /* calls that wait for one provider, here */
	int64_t queue_us; /* how long each may */
	int64_t connect_us, first_byte_us, silence_us, call_us, read_on_us;
};

/* RC_BAD: which key of the configuration, where it was set, and what is wrong
 * there. */
enum rc gw_conf_new(struct gw_conf **out, const struct conf *conf,
		    struct err *e) MUST_CHECK;
struct gw_conf *gw_conf_keep(struct gw_conf *c);
void gw_conf_drop(struct gw_conf *c); /* NULL is fine; wipes keys */

/* NULL: none of that name (any case). */
const struct gw_provider *gw_conf_provider(const struct gw_conf *c,
					   struct str name);
/* The first of a protocol; never NULL. */
const struct gw_provider *gw_conf_first(const struct gw_conf *c,
					enum gw_protocol p);
/* What an alias stands for, or the name itself. Aliases do not chain. */
struct str gw_conf_alias(const struct gw_conf *c, struct str name);
int gw_conf_floor(const struct gw_conf *c, struct str class_name); /* 0 none */

#endif
