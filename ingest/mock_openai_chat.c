/* Chat Completions and Embeddings, as OpenAI sends them. */
#include <math.h>

#include "ingest/mock_int.h"
#include "ledger/base/json.h"

static void number(struct json_out *o, const char *key, double v)
{
	char text[32];

	snprintf(text, sizeof(text), "%.8g", v);
	json_out_raw(o, key, str_from(text));
}

static void text_bytes(struct json_out *o, struct str s)
{
	json_out_arr(o, "bytes");
	for (size_t i = 0; i < s.len; i++)
		json_out_i64(o, NULL, (unsigned char)s.p[i]);
	json_out_end(o, ']');
}

static void one_logprob(const struct mock_reply *r, struct json_out *o, int i,
			int alternative)
{
	struct buf t;

	buf_init(&t, 1 << 20);
	if (alternative == 0)
		mock_token(r, i, &t);
	else
		buf_addf(&t, " alt%d", alternative);
	json_out_str(o, "token", (struct str){buf_str(&t), t.len});
	number(o, "logprob", mock_logprob(r, i, alternative));
	text_bytes(o, (struct str){buf_str(&t), t.len});
	buf_release(&t);
}

/* Tokens from..to. */
static void logprobs(const struct mock_reply *r, struct json_out *o, int first,
		     int end)
{
	if (!r->r.logprobs || r->call_name.p || first == end) {
		json_out_null(o, "logprobs");
		return;
	}
	json_out_obj(o, "logprobs");
	json_out_arr(o, "content");
	for (int i = first; i < end; i++) {
		json_out_obj(o, NULL);
		one_logprob(r, o, i, 0);
		json_out_arr(o, "top_logprobs");
		for (int k = 0; k < r->top; k++) {
			json_out_obj(o, NULL);
			one_logprob(r, o, i, k);
			json_out_end(o, '}');
		}
		json_out_end(o, ']');
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
	json_out_null(o, "refusal");
	json_out_end(o, '}');
}

static void usage(const struct mock_reply *r, struct json_out *o)
{
	int64_t prompt = r->in + r->cached;

	json_out_obj(o, "usage");
	json_out_i64(o, "prompt_tokens", prompt);
	json_out_i64(o, "completion_tokens", r->out);
	json_out_i64(o, "total_tokens", prompt + r->out);
	json_out_obj(o, "prompt_tokens_details");
	json_out_i64(o, "cached_tokens", r->cached);
	json_out_i64(o, "audio_tokens", 0);
	json_out_end(o, '}');
	json_out_obj(o, "completion_tokens_details");
	json_out_i64(o, "reasoning_tokens", r->reasoning);
	json_out_i64(o, "audio_tokens", 0);
	json_out_i64(o, "accepted_prediction_tokens", 0);
	json_out_i64(o, "rejected_prediction_tokens", 0);
	json_out_end(o, '}');
	json_out_end(o, '}');
}

static void head(const struct mock_reply *r, struct json_out *o,
		 const char *object)
{
	json_out_obj(o, NULL);
	json_out_str(o, "id", str_from(r->id));
	json_out_str(o, "object", str_from(object));
	json_out_i64(o, "created", r->created);
	json_out_str(o, "model", r->r.model);
	json_out_str(o, "service_tier", r->tier);
	json_out_str(o, "system_fingerprint", STR("fp_mock"));
}

static struct str args(const struct mock_reply *r)
{
	struct str a = r->call_args;

	if (r->b.bad_json && a.len > 0)
		a.len--;
	return a;
}

static void tool_call(const struct mock_reply *r, struct json_out *o,
		      bool index)
{
	json_out_arr(o, "tool_calls");
	json_out_obj(o, NULL);
	if (index)
		json_out_i64(o, "index", 0);
	json_out_str(o, "id", str_from(r->id + 9));
	json_out_str(o, "type", STR("function"));
	json_out_obj(o, "function");
	json_out_str(o, "name", r->call_name);
	json_out_str(o, "arguments", args(r));
	json_out_end(o, '}');
	json_out_end(o, '}');
	json_out_end(o, ']');
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

void mock_chat_body(struct mock_reply *r, struct buf *out)
{
	struct json_out o;

	json_out_init(&o, out);
	head(r, &o, "chat.completion");
	json_out_arr(&o, "choices");
	for (int n = 0; n < r->r.n && n < 8; n++) {
		json_out_obj(&o, NULL);
		json_out_i64(&o, "index", n);
		json_out_obj(&o, "message");
		json_out_str(&o, "role", STR("assistant"));
		if (r->call_name.p || r->b.refuse)
			json_out_null(&o, "content");
		else
			text(r, &o, "content", 0, r->words);
		if (r->b.refuse)
			text(r, &o, "refusal", 0, 1);
		else
			json_out_null(&o, "refusal");
		if (r->call_name.p)
			tool_call(r, &o, false);
		json_out_arr(&o, "annotations");
		json_out_end(&o, ']');
		json_out_end(&o, '}');
		logprobs(r, &o, 0, r->words);
		json_out_str(&o, "finish_reason", str_from(r->finish));
		json_out_end(&o, '}');
	}
	json_out_end(&o, ']');
	if (!r->b.no_usage)
		usage(r, &o);
	json_out_end(&o, '}');
}

/* ---- streams ---- */

static bool has_deltas(const struct mock_reply *r)
{
	return !r->call_name.p && !r->b.refuse;
}

static void delta(const struct mock_reply *r, struct json_out *o, int step)
{
	bool whole = !has_deltas(r);

	json_out_obj(o, "delta");
	if (step == 0) {
		json_out_str(o, "role", STR("assistant"));
		if (!r->call_name.p)
			json_out_str(o, "content", STR(""));
		if (r->b.refuse)
			text(r, o, "refusal", 0, 1);
		if (r->call_name.p)
			tool_call(r, o, true);
	} else if (!whole && step <= r->words) {
		text(r, o, "content", step - 1, step);
	}
	json_out_end(o, '}');
}

static void chunk(const struct mock_reply *r, struct buf *out, int step,
		  bool last)
{
	bool token = has_deltas(r) && step > 0 && step <= r->words;
	struct json_out o;

	buf_adds(out, "data: ");
	json_out_init(&o, out);
	head(r, &o, "chat.completion.chunk");
	json_out_arr(&o, "choices");
	json_out_obj(&o, NULL);
	json_out_i64(&o, "index", 0);
	delta(r, &o, step);
	logprobs(r, &o, token ? step - 1 : 0, token ? step : 0);
	json_out_str(&o, "finish_reason",
		     last ? str_from(r->finish) : STR_NONE);
	json_out_end(&o, '}');
	json_out_end(&o, ']');
	if (r->r.include_usage)
		json_out_null(&o, "usage");
	json_out_end(&o, '}');
	buf_adds(out, "\n\n");
}

static void usage_chunk(const struct mock_reply *r, struct buf *out)
{
	struct json_out o;

	buf_adds(out, "data: ");
	json_out_init(&o, out);
	head(r, &o, "chat.completion.chunk");
	json_out_arr(&o, "choices");
	json_out_end(&o, ']');
	usage(r, &o);
	json_out_end(&o, '}');
	buf_adds(out, "\n\n");
}

bool mock_chat_step(struct mock_reply *r, struct buf *out)
{
	int last = has_deltas(r) ? r->words + 1 : 1;
	int step = r->step++;

	chunk(r, out, step, step == last);
	if (step < last)
		return true;
	if (r->r.include_usage && !r->b.no_usage)
		usage_chunk(r, out);
	buf_adds(out, "data: [DONE]\n\n");
	return false;
}

/* ---- embeddings ---- */

static void vector(const struct mock_reply *r, struct json_out *o, bool base64)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[8 * 16 + 1];

	/* 24 floats; of a string 4 characters stand for 3 bytes. */
	if (base64) {
		for (int i = 0; i < 128; i++)
			text[i] = digits[mock_mix(r->key, (uint64_t)i) & 63];
		text[128] = 0;
		json_out_str(o, "embedding", str_from(text));
		return;
	}
	json_out_arr(o, "embedding");
	for (int i = 0; i < 24; i++)
		number(o, NULL, mock_unit(mock_mix(r->key, (uint64_t)i)) - 0.5);
	json_out_end(o, ']');
}

void mock_embeddings_body(struct mock_reply *r, struct buf *out)
{
	bool base64 = memmem(r->body.p, r->body.len, "\"base64\"", 8) != NULL;
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_str(&o, "object", STR("list"));
	json_out_arr(&o, "data");
	json_out_obj(&o, NULL);
	json_out_str(&o, "object", STR("embedding"));
	json_out_i64(&o, "index", 0);
	vector(r, &o, base64);
	json_out_end(&o, '}');
	json_out_end(&o, ']');
	json_out_str(&o, "model", r->r.model);
	json_out_obj(&o, "usage");
	json_out_i64(&o, "prompt_tokens", r->in);
	json_out_i64(&o, "total_tokens", r->in);
	json_out_end(&o, '}');
	json_out_end(&o, '}');
	r->out = 0;
}
