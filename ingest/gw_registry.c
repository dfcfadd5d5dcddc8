/* A registry as a thing: made, priced, printed, read. */
#include <stdlib.h>
#include <strings.h>

#include "ingest/gw_models.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/money.h"

#define REGISTRY_MAX ((size_t)16 << 20)
#define NODES_MAX    64

const char *const gw_protocol_names[GW_PROTOCOL_N] = {
	[GW_OPENAI] = "openai",
	[GW_ANTHROPIC] = "anthropic",
};

static const struct {
	const char *name;
	enum gw_can bit;
} words[] = {
	{"tools", GW_CAN_TOOLS},         {"vision", GW_CAN_VISION},
	{"json", GW_CAN_JSON},           {"logprobs", GW_CAN_LOGPROBS},
	{"reasoning", GW_CAN_REASONING}, {"chat", GW_CAN_CHAT},
	{"responses", GW_CAN_RESPONSES}, {"embeddings", GW_CAN_EMBEDDINGS},
};

static unsigned bit_of(struct str word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_is(word, words[i].name))
			return words[i].bit;
	}
	return 0;
}

/* Without a word about it a model talks. */
static unsigned with_endpoints(unsigned can)
{
	const unsigned all = GW_CAN_CHAT | GW_CAN_RESPONSES | GW_CAN_EMBEDDINGS;

	return can & all ? can : can | GW_CAN_CHAT | GW_CAN_RESPONSES;
}

unsigned gw_can_parse(struct str text, struct str *bad)
{
	unsigned can = 0;

	*bad = STR_NONE;
	if (!text.len)
		return GW_CAN_ALL;
	while (text.len) {
		const char *comma = memchr(text.p, ',', text.len);
		size_t n = comma ? (size_t)(comma - text.p) : text.len;
		struct str word = str_trim((struct str){text.p, n});
		unsigned bit = bit_of(word);

		if (!bit) {
			*bad = word;
			return 0;
		}
		can |= bit;
		n += comma != NULL;
		text = (struct str){text.p + n, text.len - n};
	}
	return with_endpoints(can);
}

unsigned gw_can_guess(struct str name)
{
	static const char word[] = "embed";

	for (size_t i = 0; i + sizeof(word) - 1 <= name.len; i++) {
		if (!strncasecmp(name.p + i, word, sizeof(word) - 1))
			return GW_CAN_EMBEDDINGS;
	}
	return GW_CAN_ALL;
}

void gw_can_print(unsigned can, struct buf *out)
{
	size_t before = out->len;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (can & words[i].bit)
			buf_addf(out, "%s%s", out->len > before ? ", " : "",
				 words[i].name);
	}
}

struct gw_registry *gw_registry_new(void)
{
	struct gw_registry *r = xcalloc(1, sizeof(*r));

	r->refs = 1;
	arena_init(&r->arena, REGISTRY_MAX);
	return r;
}

struct gw_registry *gw_registry_keep(struct gw_registry *r)
{
	r->refs++;
	return r;
}

void gw_registry_drop(struct gw_registry *r)
{
	if (!r || --r->refs)
		return;
	price_book_free(r->book);
	arena_release(&r->arena);
	free(r->m);
	free(r);
}

void gw_registry_add(struct gw_registry *r, const struct gw_model *m)
{
	struct gw_model *to;

	xgrow(&r->m, &r->cap, r->n + 1, sizeof(*m));
	to = &r->m[r->n];
	*to = *m;
	to->provider = arena_str(&r->arena, m->provider);
	to->name = arena_str(&r->arena, m->name);
	to->upstream =
		m->upstream.len ? arena_str(&r->arena, m->upstream) : STR_NONE;
	to->in_fusd = to->cached_fusd = to->out_fusd = -1;
	r->n += arena_ok(&r->arena);
}

static int64_t known(int64_t v, int64_t otherwise)
{
	return v == MONEY_NONE ? otherwise : v;
}

void gw_registry_price(struct gw_registry *r, struct price_book *book_owned)
{
	price_book_free(r->book);
	r->book = book_owned;
	for (size_t i = 0; i < r->n; i++) {
		struct gw_model *m = &r->m[i];
		struct price_found f;

		m->in_fusd = m->cached_fusd = m->out_fusd = -1;
		if (!price_find(r->book, m->provider, m->name, TIME_NONE, &f))
			continue;
		m->in_fusd = known(f.row->v[PRICE_INPUT], -1);
		m->out_fusd = known(f.row->v[PRICE_OUTPUT], -1);
		m->cached_fusd = known(f.row->v[PRICE_CACHE_READ], m->in_fusd);
	}
}

const struct gw_model *gw_registry_find(const struct gw_registry *r,
					enum gw_protocol protocol,
					struct str name)
{
	for (size_t i = 0; i < r->n; i++) {
		if ((protocol == GW_PROTOCOL_N ||
		     r->m[i].protocol == protocol) &&
		    str_eq(r->m[i].name, name))
			return &r->m[i];
	}
	return NULL;
}

/* ---- the file ---- */

void gw_registry_print(const struct gw_registry *r, struct buf *out)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct gw_model *m = &r->m[i];
		struct json_out o;

		json_out_init(&o, out);
		json_out_obj(&o, NULL);
		json_out_str(&o, "provider", m->provider);
		json_out_str(&o, "name", m->name);
		json_out_str(&o, "upstream", m->upstream);
		json_out_str(&o, "protocol",
			     str_from(gw_protocol_names[m->protocol]));
		json_out_i64(&o, "tier", m->tier);
		json_out_i64(&o, "can", m->can);
		if (m->max_output)
			json_out_i64(&o, "max_output", m->max_output);
		if (m->by_name_only)
			json_out_bool(&o, "by_name_only", true);
		json_out_end(&o, '}');
		buf_addc(out, '\n');
	}
}

static enum rc parse_line(struct gw_registry *r, struct json_doc *d,
			  struct str line, struct err *e)
{
	struct gw_model m = {0};
	const struct json *o;
	int64_t tier, can;
	enum rc rc = json_parse(d, line, e);

	if (rc)
		return rc;
	o = &d->nodes[0];
	m.provider = json_str(json_get(o, "provider"), &r->arena);
	m.name = json_str(json_get(o, "name"), &r->arena);
	m.upstream = json_str(json_get(o, "upstream"), &r->arena);
	m.protocol = json_str_is(json_get(o, "protocol"), "anthropic")
			     ? GW_ANTHROPIC
			     : GW_OPENAI;
	if (!m.name.len || !json_i64(json_get(o, "tier"), &tier) || tier < 1 ||
	    tier > 5 || !json_i64(json_get(o, "can"), &can) || can < 0 ||
	    can > GW_CAN_MAX)
		return err_set(e, RC_BAD, "a model without name or tier");
	m.tier = (int)tier;
	m.can = with_endpoints((unsigned)can);
	m.by_name_only = json_true(json_get(o, "by_name_only"));
	if (!json_i64(json_get(o, "max_output"), &m.max_output) ||
	    m.max_output < 0)
		m.max_output = 0;
	gw_registry_add(r, &m);
	return RC_OK;
}

enum rc gw_registry_parse(struct gw_registry **out, struct str text,
			  struct err *e)
{
	struct gw_registry *r = gw_registry_new();
	struct json_doc d;
	enum rc rc = RC_OK;

	json_doc_init(&d, NODES_MAX);
	while (!rc && text.len) {
		const char *end = memchr(text.p, '\n', text.len);
		size_t n = end ? (size_t)(end - text.p) : text.len;

		rc = parse_line(r, &d, (struct str){text.p, n}, e);
		n += end != NULL;
		text = (struct str){text.p + n, text.len - n};
	}
	json_doc_release(&d);
	if (rc)
		gw_registry_drop(r);
	else
		*out = r;
	return rc;
}
