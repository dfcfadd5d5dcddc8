/* The Responses API, as OpenAI sends it. */
#include "ingest/mock_int.h"
#include "ledger/base/json.h"

static void number(struct json_out *o, const char *key, double v)
{
	char text[32];

	snprintf(text, sizeof(text), "%.8g", v);
	json_out_raw(o, key, str_from(text));
}

static void logprobs(const struct mock_reply *r, struct json_out *o, int first,
		     int end)
{
	struct buf t;

	buf_init(&t, 1 << 20);
	json_out_arr(o, "logprobs");
	for (int i = first; r->r.logprobs && i < end; i++) {
		json_out_obj(o, NULL);
		buf_clear(&t);
		mock_token(r, i, &t);
		json_out_str(o, "token", (struct str){buf_str(&t), t.len});
		number(o, "logprob", mock_logprob(r, i, 0));
		json_out_arr(o, "top_logprobs");
		for (int k = 0; k < r->top; k++) {
			json_out_obj(o, NULL);
			json_out_str(o, "token", STR(" alt"));
			number(o, "logprob", mock_logprob(r, i, k));
			json_out_end(o, '}');
		}
		json_out_end(o, ']');
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
	buf_release(&t);
}

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

static void usage(const struct mock_reply *r, struct json_out *o)
{
	int64_t prompt = r->in + r->cached;

	json_out_obj(o, "usage");
	json_out_i64(o, "input_tokens", prompt);
	json_out_obj(o, "input_tokens_details");
	json_out_i64(o, "cached_tokens", r->cached);
	json_out_end(o, '}');
	json_out_i64(o, "output_tokens", r->out);
	json_out_obj(o, "output_tokens_details");
	json_out_i64(o, "reasoning_tokens", r->reasoning);
	json_out_end(o, '}');
	json_out_i64(o, "total_tokens", prompt + r->out);
	json_out_end(o, '}');
}

/* ---- items ---- */

static void item_id(const struct mock_reply *r, struct json_out *o,
		    const char *key, const char *prefix)
{
	char id[48];

	snprintf(id, sizeof(id), "%s%s", prefix, r->id + 5);
	json_out_str(o, key, str_from(id));
}

static void reasoning_item(const struct mock_reply *r, struct json_out *o,
			   const char *key)
{
	char sealed[200];

	snprintf(sealed, sizeof(sealed), "mocksig:%.*s:%s", STR_ARG(r->family),
		 r->id);
	json_out_obj(o, key);
	item_id(r, o, "id", "rs_");
	json_out_str(o, "type", STR("reasoning"));
	json_out_arr(o, "summary");
	json_out_end(o, ']');
	json_out_str(o, "encrypted_content", str_from(sealed));
	json_out_end(o, '}');
}

static void part(const struct mock_reply *r, struct json_out *o,
		 const char *key, int words)
{
	json_out_obj(o, key);
	if (r->b.refuse) {
		json_out_str(o, "type", STR("refusal"));
		text(r, o, "refusal", 0, words > 0);
	} else {
		json_out_str(o, "type", STR("output_text"));
		text(r, o, "text", 0, words);
		json_out_arr(o, "annotations");
		json_out_end(o, ']');
		logprobs(r, o, 0, words);
	}
	json_out_end(o, '}');
}

static struct str args(const struct mock_reply *r)
{
	struct str a = r->call_args;

	if (r->b.bad_json && a.len > 0)
		a.len--;
	return a;
}

/* The message or the call; `done`: with what is in it. */
static void item(const struct mock_reply *r, struct json_out *o,
		 const char *key, bool done)
{
	struct str status = done ? STR("completed") : STR("in_progress");

	json_out_obj(o, key);
	if (r->call_name.p) {
		item_id(r, o, "id", "fc_");
		json_out_str(o, "type", STR("function_call"));
		json_out_str(o, "status", status);
		item_id(r, o, "call_id", "call_");
		json_out_str(o, "name", r->call_name);
		json_out_str(o, "arguments", done ? args(r) : STR(""));
	} else {
		item_id(r, o, "id", "msg_");
		json_out_str(o, "type", STR("message"));
		json_out_str(o, "status", status);
		json_out_str(o, "role", STR("assistant"));
		json_out_arr(o, "content");
		if (done)
			part(r, o, NULL, r->words);
		json_out_end(o, ']');
	}
	json_out_end(o, '}');
}

static bool is_cut_short(const struct mock_reply *r)
{
	return r->b.length || r->b.filter;
}

static void response(const struct mock_reply *r, struct json_out *o,
		     const char *key, bool done)
{
	json_out_obj(o, key);
	json_out_str(o, "id", str_from(r->id));
	json_out_str(o, "object", STR("response"));
	json_out_i64(o, "created_at", r->created);
	json_out_str(o, "status",
		     !done             ? STR("in_progress")
		     : is_cut_short(r) ? STR("incomplete")
				       : STR("completed"));
	json_out_null(o, "error");
	if (done && is_cut_short(r)) {
		json_out_obj(o, "incomplete_details");
		json_out_str(o, "reason",
			     r->b.filter ? STR("content_filter")
					 : STR("max_output_tokens"));
		json_out_end(o, '}');
	} else {
		json_out_null(o, "incomplete_details");
	}
	json_out_null(o, "instructions");
	json_out_null(o, "max_output_tokens");
	json_out_str(o, "model", r->r.model);
	json_out_arr(o, "output");
	if (done && r->encrypted)
		reasoning_item(r, o, NULL);
	if (done)
		item(r, o, NULL, true);
	json_out_end(o, ']');
	json_out_bool(o, "parallel_tool_calls", true);
	json_out_null(o, "previous_response_id");
	json_out_str(o, "service_tier", r->tier);
	json_out_bool(o, "store", false);
	json_out_str(o, "tool_choice", STR("auto"));
	json_out_arr(o, "tools");
	json_out_end(o, ']');
	if (done && !r->b.no_usage)
		usage(r, o);
	else
		json_out_null(o, "usage");
	json_out_obj(o, "metadata");
	json_out_end(o, '}');
	json_out_end(o, '}');
}

void mock_responses_body(struct mock_reply *r, struct buf *out)
{
	struct json_out o;

	json_out_init(&o, out);
	response(r, &o, NULL, true);
}

/* ---- events ---- */

static void begin(struct mock_reply *r, struct json_out *o, struct buf *out,
		  const char *type)
{
	buf_addf(out, "event: %s\ndata: ", type);
	json_out_init(o, out);
	json_out_obj(o, NULL);
	json_out_str(o, "type", str_from(type));
	json_out_i64(o, "sequence_number", r->sequence++);
}

static void end(struct json_out *o, struct buf *out)
{
	json_out_end(o, '}');
	buf_adds(out, "\n\n");
}

static void where(const struct mock_reply *r, struct json_out *o)
{
	item_id(r, o, "item_id", r->call_name.p ? "fc_" : "msg_");
	json_out_i64(o, "output_index", r->encrypted);
	if (!r->call_name.p)
		json_out_i64(o, "content_index", 0);
}

static void item_event(struct mock_reply *r, struct buf *out, const char *type,
		       bool done)
{
	struct json_out o;

	begin(r, &o, out, type);
	json_out_i64(&o, "output_index", r->encrypted);
	item(r, &o, "item", done);
	end(&o, out);
}

static void open_stream(struct mock_reply *r, struct buf *out)
{
	static const char *const types[] = {"response.created",
					    "response.in_progress"};
	struct json_out o;

	for (int i = 0; i < 2; i++) {
		begin(r, &o, out, types[i]);
		response(r, &o, "response", false);
		end(&o, out);
	}
	for (int i = 0; r->encrypted && i < 2; i++) {
		begin(r, &o, out,
		      i ? "response.output_item.done"
			: "response.output_item.added");
		json_out_i64(&o, "output_index", 0);
		reasoning_item(r, &o, "item");
		end(&o, out);
	}
	item_event(r, out, "response.output_item.added", false);
	if (r->call_name.p)
		return;
	begin(r, &o, out, "response.content_part.added");
	where(r, &o);
	part(r, &o, "part", 0);
	end(&o, out);
}

static void delta(struct mock_reply *r, struct buf *out, int step)
{
	struct json_out o;

	begin(r, &o, out,
	      r->call_name.p ? "response.function_call_arguments.delta"
	      : r->b.refuse  ? "response.refusal.delta"
			     : "response.output_text.delta");
	where(r, &o);
	if (r->call_name.p) {
		json_out_str(&o, "delta", args(r));
	} else {
		text(r, &o, "delta", step - 1, step);
		logprobs(r, &o, step - 1, step);
	}
	end(&o, out);
}

static void close_stream(struct mock_reply *r, struct buf *out)
{
	struct json_out o;

	begin(r, &o, out,
	      r->call_name.p ? "response.function_call_arguments.done"
	      : r->b.refuse  ? "response.refusal.done"
			     : "response.output_text.done");
	where(r, &o);
	if (r->call_name.p) {
		json_out_str(&o, "arguments", args(r));
	} else {
		text(r, &o, r->b.refuse ? "refusal" : "text", 0, r->words);
		logprobs(r, &o, 0, r->words);
	}
	end(&o, out);
	if (!r->call_name.p) {
		begin(r, &o, out, "response.content_part.done");
		where(r, &o);
		part(r, &o, "part", r->words);
		end(&o, out);
	}
	item_event(r, out, "response.output_item.done", true);
	begin(r, &o, out,
	      is_cut_short(r) ? "response.incomplete" : "response.completed");
	response(r, &o, "response", true);
	end(&o, out);
}

bool mock_responses_step(struct mock_reply *r, struct buf *out)
{
	int last = r->call_name.p || r->b.refuse ? 2 : r->words + 1;
	int step = r->step++;

	if (step == 0)
		open_stream(r, out);
	else if (step < last)
		delta(r, out, step);
	else
		close_stream(r, out);
	return step < last;
}
