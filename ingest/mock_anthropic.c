/* The Messages API, as Anthropic sends it. */
#include "ingest/mock_int.h"
#include "ledger/base/json.h"

static void text(const struct mock_reply *r, struct json_out *o,
		 const char *key, int first, int end)
{
	struct buf t;

	buf_init(&t, 16 << 20);
	for (int i = first; i < end; i++)
		mock_token(r, i, &t);
	json_out_str(o, key, (struct str){buf_str(&t), t.len});
	buf_release(&t);
}

static struct str tier(const struct mock_reply *r)
{
	return str_is(r->tier, "default") ? STR("standard") : r->tier;
}

/* `final`: with the true count of the output. */
static void usage(const struct mock_reply *r, struct json_out *o, bool final)
{
	json_out_obj(o, "usage");
	json_out_i64(o, "input_tokens", r->in);
	json_out_i64(o, "cache_creation_input_tokens", r->w5 + r->w1);
	json_out_i64(o, "cache_read_input_tokens", r->cached);
	json_out_obj(o, "cache_creation");
	json_out_i64(o, "ephemeral_5m_input_tokens", r->w5);
	json_out_i64(o, "ephemeral_1h_input_tokens", r->w1);
	json_out_end(o, '}');
	json_out_i64(o, "output_tokens", final ? r->out : 1);
	if (final && r->reasoning) {
		json_out_obj(o, "output_tokens_details");
		json_out_i64(o, "thinking_tokens", r->reasoning);
		json_out_end(o, '}');
	} else {
		json_out_null(o, "output_tokens_details");
	}
	json_out_null(o, "server_tool_use");
	json_out_str(o, "service_tier", tier(r));
	json_out_end(o, '}');
}

static void signature(const struct mock_reply *r, struct json_out *o)
{
	char sealed[200];

	snprintf(sealed, sizeof(sealed), "mocksig:%.*s:%s", STR_ARG(r->family),
		 r->id);
	json_out_str(o, "signature", str_from(sealed));
}

static void thinking_block(const struct mock_reply *r, struct json_out *o)
{
	json_out_obj(o, NULL);
	json_out_str(o, "type", STR("thinking"));
	json_out_str(o, "thinking", STR("Let me see."));
	signature(r, o);
	json_out_end(o, '}');
}

/* The text or the call; `whole`: with what is in it. */
static void block(const struct mock_reply *r, struct json_out *o,
		  const char *key, bool whole)
{
	json_out_obj(o, key);
	if (r->call_name.p) {
		char id[48];

		snprintf(id, sizeof(id), "toolu_%s", r->id + 4);
		json_out_str(o, "type", STR("tool_use"));
		json_out_str(o, "id", str_from(id));
		json_out_str(o, "name", r->call_name);
		json_out_raw(o, "input", whole ? r->call_args : STR("{}"));
	} else {
		json_out_str(o, "type", STR("text"));
		text(r, o, "text", 0, whole ? r->words : 0);
	}
	json_out_end(o, '}');
}

static void message(const struct mock_reply *r, struct json_out *o,
		    const char *key, bool whole)
{
	json_out_obj(o, key);
	json_out_str(o, "id", str_from(r->id));
	json_out_str(o, "type", STR("message"));
	json_out_str(o, "role", STR("assistant"));
	json_out_str(o, "model", r->r.model);
	json_out_arr(o, "content");
	if (whole && r->thinking)
		thinking_block(r, o);
	if (whole)
		block(r, o, NULL, true);
	json_out_end(o, ']');
	json_out_str(o, "stop_reason", whole ? str_from(r->finish) : STR_NONE);
	json_out_null(o, "stop_sequence");
	if (!whole || !r->b.no_usage)
		usage(r, o, whole);
	json_out_end(o, '}');
}

void mock_messages_body(struct mock_reply *r, struct buf *out)
{
	struct json_out o;

	json_out_init(&o, out);
	message(r, &o, NULL, true);
}

/* ---- events ---- */

static void begin(struct json_out *o, struct buf *out, const char *type)
{
	buf_addf(out, "event: %s\ndata: ", type);
	json_out_init(o, out);
	json_out_obj(o, NULL);
	json_out_str(o, "type", str_from(type));
}

static void end(struct json_out *o, struct buf *out)
{
	json_out_end(o, '}');
	buf_adds(out, "\n\n");
}

static void begin_delta(struct json_out *o, struct buf *out, int64_t index,
			const char *type)
{
	begin(o, out, "content_block_delta");
	json_out_i64(o, "index", index);
	json_out_obj(o, "delta");
	json_out_str(o, "type", str_from(type));
}

static void end_delta(struct json_out *o, struct buf *out)
{
	json_out_end(o, '}');
	end(o, out);
}

static void stop_block(struct buf *out, int64_t index)
{
	struct json_out o;

	begin(&o, out, "content_block_stop");
	json_out_i64(&o, "index", index);
	end(&o, out);
}

static void thinking(const struct mock_reply *r, struct buf *out)
{
	struct json_out o;

	begin(&o, out, "content_block_start");
	json_out_i64(&o, "index", 0);
	json_out_obj(&o, "content_block");
	json_out_str(&o, "type", STR("thinking"));
	json_out_str(&o, "thinking", STR(""));
	json_out_str(&o, "signature", STR(""));
	json_out_end(&o, '}');
	end(&o, out);
	begin_delta(&o, out, 0, "thinking_delta");
	json_out_str(&o, "thinking", STR("Let me see."));
	end_delta(&o, out);
	begin_delta(&o, out, 0, "signature_delta");
	signature(r, &o);
	end_delta(&o, out);
	stop_block(out, 0);
}

static void open_stream(const struct mock_reply *r, struct buf *out)
{
	struct json_out o;

	begin(&o, out, "message_start");
	message(r, &o, "message", false);
	end(&o, out);
	if (r->thinking)
		thinking(r, out);
	begin(&o, out, "content_block_start");
	json_out_i64(&o, "index", r->thinking);
	block(r, &o, "content_block", false);
	end(&o, out);
	begin(&o, out, "ping");
	end(&o, out);
}

/* A call's arguments come in two pieces. */
static void call_delta(const struct mock_reply *r, struct buf *out, int step)
{
	struct str a = r->call_args;
	size_t half = a.len / 2;
	struct json_out o;

	if (r->b.bad_json && a.len > 0)
		a.len--;
	while (half > 0 && ((unsigned char)a.p[half] & 0xc0) == 0x80)
		half--;
	begin_delta(&o, out, r->thinking, "input_json_delta");
	json_out_str(&o, "partial_json",
		     step == 1 ? (struct str){a.p, half}
			       : (struct str){a.p + half, a.len - half});
	end_delta(&o, out);
}

static void close_stream(const struct mock_reply *r, struct buf *out)
{
	struct json_out o;

	stop_block(out, r->thinking);
	begin(&o, out, "message_delta");
	json_out_obj(&o, "delta");
	json_out_str(&o, "stop_reason", str_from(r->finish));
	json_out_null(&o, "stop_sequence");
	json_out_end(&o, '}');
	if (!r->b.no_usage)
		usage(r, &o, true);
	end(&o, out);
	begin(&o, out, "message_stop");
	end(&o, out);
}

bool mock_messages_step(struct mock_reply *r, struct buf *out)
{
	int last = r->call_name.p ? 3 : r->words + 1;
	int step = r->step++;
	struct json_out o;

	if (step == 0) {
		open_stream(r, out);
	} else if (step == last) {
		close_stream(r, out);
	} else if (r->call_name.p) {
		call_delta(r, out, step);
	} else {
		begin_delta(&o, out, r->thinking, "text_delta");
		text(r, &o, "text", step - 1, step);
		end_delta(&o, out);
	}
	return step < last;
}
