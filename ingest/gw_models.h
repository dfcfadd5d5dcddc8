/* The models that the gateway may choose among, with their prices: the enabled
 * rows of the registry (`aco model`), and the others whose provider was said. A
 * worker's own thread looks for changes each second; what it found last also
 * lies in ACO_HOME/models, so that a start with the database away can route.
 * The loop sees whole registries only, and never waits for one. */
#ifndef ACO_GW_MODELS_H
#define ACO_GW_MODELS_H

#include <stddef.h>
#include <stdint.h>

#include "ingest/gw_conf.h"
#include "ledger/base/arena.h"
#include "ledger/base/buf.h"
#include "ledger/price.h"

enum gw_can { /* capabilities, as bits */
	GW_CAN_TOOLS = 1,
	GW_CAN_VISION = 2,
	GW_CAN_JSON = 4,
	GW_CAN_LOGPROBS = 8,
	GW_CAN_REASONING = 16,
	/* What is spoken with it: /v1/chat/completions or /v1/messages,
	 * /v1/responses, /v1/embeddings. */
	GW_CAN_CHAT = 32,
	GW_CAN_RESPONSES = 64,
	GW_CAN_EMBEDDINGS = 128,
	GW_CAN_ALL = 127, /* of a model that talks */
	GW_CAN_MAX = 255
};
/* "tools,vision"; the empty text: GW_CAN_ALL. Where none of "chat",
 * "responses" and "embeddings" is named the model talks, on both endpoints. 0:
 * a word that is none, in *bad. */
unsigned gw_can_parse(struct str text, struct str *bad);
/* Of a model of which nobody said it: one with "embed" in its name makes
 * embeddings, any other talks and can everything. */
unsigned gw_can_guess(struct str name);
/* The words, with commas between. */
void gw_can_print(unsigned can, struct buf *out);

struct gw_model {
	struct str provider; /* as the price table spells it */
	struct str name;
	struct str upstream; /* provider of the configuration; absent: the
				one that is called like `provider`, else the
				first of the protocol */
	enum gw_protocol protocol;
	int tier; /* 1..5 */
	unsigned can;
	bool by_name_only; /* not enabled: never chosen, but whoever names it
			      is served by its upstream */
	int64_t in_fusd, cached_fusd, out_fusd; /* a token; -1 unknown */
	int64_t max_output; /* tokens, as the registry says it; 0: it does
			       not */
};

/* A state of the registry. Belongs to the loop. */
struct gw_registry {
	int refs;
	struct gw_model *m;
	size_t n, cap;
	struct price_book *book;
	struct arena arena;
};
struct gw_registry *gw_registry_new(void);
struct gw_registry *gw_registry_keep(struct gw_registry *r);
void gw_registry_drop(struct gw_registry *r); /* NULL is fine */
/* Copies; prices are filled in by gw_registry_price(). */
void gw_registry_add(struct gw_registry *r, const struct gw_model *m);
/* Takes the book over. */
void gw_registry_price(struct gw_registry *r, struct price_book *book_owned);
/* NULL: not there. `protocol` GW_PROTOCOL_N: any. */
const struct gw_model *gw_registry_find(const struct gw_registry *r,
					enum gw_protocol protocol,
					struct str name);
/* The file: JSON lines. */
void gw_registry_print(const struct gw_registry *r, struct buf *out);
enum rc gw_registry_parse(struct gw_registry **out, struct str text,
			  struct err *e) MUST_CHECK;

struct gw_models;
enum rc gw_models_open(struct gw_models **out, const struct conf *conf,
		       const char *url, struct err *e) MUST_CHECK;
void gw_models_close(struct gw_models *m);
/* Look now. */
void gw_models_reload(struct gw_models *m);
/* The newest registry, borrowed until the next call; never NULL. */
struct gw_registry *gw_models_now(struct gw_models *m);

#endif
