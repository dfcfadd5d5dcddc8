/* What a turn of Codex costs: it asks its provider, by the ids that it sends
 * with each request (x-codex-turn-metadata, a JSON object with turn_id), and
 * takes {"turns":[{"turn_id", "status": "priced" or "pending", "total_usd":
 * text, "event_count": answers}]}. Costs stand with what served a task last,
 * under the turn's id and the caller's key. */
#include "ingest/gw_int.h"
#include "ledger/base/jpull.h"
#include "ledger/base/json.h"
#include "ledger/hash.h"
#include "ledger/money.h"

enum {
	TURNS_MAX = 256, /* of one question; Codex asks for 100 */
	ID_MAX = 200,
	UNPRICED = -1 /* in place of tokens, which a turn has none of */
};

static struct uuid turn_of(struct str key, struct str id)
{
	if (!id.len || id.len > ID_MAX)
		return (struct uuid){{0}};
	return HASH_ID(STR("codex turn"), key, id);
}

struct uuid gw_turn_read(struct gw_call *c)
{
	struct str text = http_header(c->r, "x-codex-turn-metadata");
	struct jpull_text key, value;
	struct str id = STR_NONE;
	struct jpull j;

	jpull_init(&j, text);
	if (text.len && jpull_enter(&j, '{')) {
		while (jpull_key(&j, &key)) {
			if (!str_is(key.raw, "turn_id"))
				jpull_skip(&j);
			else if (jpull_string(&j, &value) && !value.escaped)
				id = value.raw;
		}
	}
	return turn_of(c->key, id);
}

static void add_call(struct gw_last *turn, void *arg)
{
	const struct gw_call *c = arg;

	turn->at_us = c->t.ended_us;
	turn->cost_pusd += c->spent_pusd;
	turn->steps++;
	if (!c->t.priced)
		turn->prompt_tokens = UNPRICED;
}

void gw_turn_note(struct gw_call *c)
{
	if (!uuid_is_nil(c->who.turn))
		gw_session_change(c->g->sessions, c->who.turn, add_call, c);
}

static void tell_turn(const struct gateway *g, struct str key, struct str id,
		      struct json_out *o)
{
	char usd[MONEY_TEXT];
	struct gw_last turn;

	if (!gw_session_get(g->sessions, turn_of(key, id), &turn))
		return;
	json_out_obj(o, NULL);
	json_out_str(o, "turn_id", id);
	if (turn.prompt_tokens == UNPRICED) {
		json_out_str(o, "status", STR("pending"));
	} else {
		json_out_str(o, "status", STR("priced"));
		json_out_str(o, "total_usd",
			     str_from(money_format(turn.cost_pusd, usd)));
		json_out_i64(o, "event_count", turn.steps);
	}
	json_out_end(o, '}');
}

static void tell_turns(const struct gateway *g, struct str key, struct jpull *j,
		       struct json_out *o)
{
	struct jpull_text id;
	int n = 0;

	if (!jpull_enter(j, '['))
		return;
	while (jpull_item(j)) {
		if (jpull_string(j, &id) && !id.escaped && n++ < TURNS_MAX)
			tell_turn(g, key, id.raw, o);
	}
}

enum rc gw_turn_costs(const struct gateway *g, struct str key, struct str body,
		      struct buf *out, struct err *e)
{
	struct jpull_text name;
	struct json_out o;
	struct jpull j;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_arr(&o, "turns");
	jpull_init(&j, body);
	if (jpull_enter(&j, '{')) {
		while (jpull_key(&j, &name)) {
			if (str_is(name.raw, "turn_ids"))
				tell_turns(g, key, &j, &o);
			else
				jpull_skip(&j);
		}
	}
	json_out_end(&o, ']');
	json_out_end(&o, '}');
	return jpull_end(&j, e);
}
