/* What the mock tells without making a reply: models, counts of tokens,
 * verdicts, what it did. */
#include "ingest/mock_int.h"
#include "ledger/base/json.h"

/* The value of a query's field, with %XX undone into out. */
static struct str field(struct str query, const char *name, char *out,
			size_t size)
{
	size_t n = strlen(name);

	while (query.len > 0) {
		const char *amp = memchr(query.p, '&', query.len);
		size_t len = amp ? (size_t)(amp - query.p) : query.len;
		struct str f = {query.p, len};

		len += amp != NULL;
		query = (struct str){query.p + len, query.len - len};
		if (!str_starts(f, name) || f.len <= n || f.p[n] != '=')
			continue;
		f = (struct str){f.p + n + 1, f.len - n - 1};
		n = 0;
		for (size_t i = 0; i < f.len && n + 1 < size; i++) {
			unsigned v;

			out[n] = f.p[i];
			if (f.p[i] == '%' && i + 2 < f.len &&
			    sscanf(f.p + i + 1, "%2x", &v) == 1) {
				out[n] = (char)v;
				i += 2;
			}
			n++;
		}
		out[n] = 0;
		return (struct str){out, n};
	}
	return STR_NONE;
}

static void reply(struct http_req *req, const struct buf *b)
{
	http_reply(req, 200, "application/json",
		   (struct str){buf_str(b), b->len});
}

void mock_on_verdict(struct http_req *req, void *arg)
{
	struct str query = http_query(req);
	char task_text[256], model_text[256], number[32];
	struct str task = field(query, "task", task_text, sizeof(task_text));
	struct str model =
		field(query, "model", model_text, sizeof(model_text));
	struct str d = field(query, "difficulty", number, sizeof(number));
	double difficulty = d.len ? json_text_double(d) : 0.5;
	const struct mock_line *line;
	struct mock *m = arg;
	struct json_out o;
	struct buf b;
	bool pass;

	if (!task.len || !model.len) {
		http_reply(req, 400, "text/plain",
			   STR("task and model are wanted\n"));
		return;
	}
	line = mock_script_find(&m->script, task, model);
	pass = mock_verdict(m->conf, task, model, difficulty);
	if (line && line->success >= 0)
		pass = line->success;
	buf_init(&b, 4096);
	json_out_init(&o, &b);
	json_out_obj(&o, NULL);
	json_out_str(&o, "task", task);
	json_out_str(&o, "model", model);
	json_out_bool(&o, "success", pass);
	snprintf(number, sizeof(number), "%.6g",
		 mock_chance(mock_strength(m->conf, model), difficulty));
	json_out_raw(&o, "p", str_from(number));
	json_out_bool(&o, "recorded", line != NULL);
	json_out_end(&o, '}');
	reply(req, &b);
	buf_release(&b);
}

void mock_on_stats(struct http_req *req, void *arg)
{
	const struct mock *m = arg;
	const struct mock_counts *c = &m->counts;
	struct json_out o;
	struct buf b;

	buf_init(&b, 4096);
	json_out_init(&o, &b);
	json_out_obj(&o, NULL);
	json_out_i64(&o, "requests", (int64_t)c->requests);
	json_out_i64(&o, "streams", (int64_t)c->streams);
	json_out_i64(&o, "errors", (int64_t)c->errors);
	json_out_i64(&o, "cut", (int64_t)c->cut);
	json_out_i64(&o, "open", c->open);
	json_out_i64(&o, "open_most", c->open_most);
	json_out_i64(&o, "uncached_in", c->in);
	json_out_i64(&o, "cache_read", c->cached);
	json_out_i64(&o, "cache_write", c->written);
	json_out_i64(&o, "output", c->out);
	json_out_end(&o, '}');
	reply(req, &b);
	buf_release(&b);
}

void mock_on_count(struct http_req *req, void *arg)
{
	char text[64];

	(void)arg;
	snprintf(text, sizeof(text), "{\"input_tokens\":%lld}",
		 (long long)meter_estimate((int64_t)http_body(req).len));
	http_reply(req, 200, "application/json", str_from(text));
}

void mock_on_models(struct http_req *req, void *arg)
{
	static const char *const names[] = {"mock-30", "mock-50", "mock-70",
					    "mock-90"};
	struct json_out o;
	struct buf b;

	(void)arg;
	buf_init(&b, 1 << 16);
	json_out_init(&o, &b);
	json_out_obj(&o, NULL);
	json_out_str(&o, "object", STR("list"));
	json_out_arr(&o, "data");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_out_obj(&o, NULL);
		json_out_str(&o, "id", str_from(names[i]));
		json_out_str(&o, "object", STR("model"));
		json_out_str(&o, "type", STR("model"));
		json_out_str(&o, "display_name", str_from(names[i]));
		json_out_i64(&o, "created", 1758800000);
		json_out_str(&o, "created_at", STR("2025-09-25T11:33:20Z"));
		json_out_str(&o, "owned_by", STR("aco"));
		json_out_end(&o, '}');
	}
	json_out_end(&o, ']');
	json_out_bool(&o, "has_more", false);
	json_out_str(&o, "first_id", str_from(names[0]));
	json_out_str(&o, "last_id", STR("mock-90"));
	json_out_end(&o, '}');
	http_reply(req, 200, "application/json",
		   (struct str){buf_str(&b), b.len});
	buf_release(&b);
}

void mock_on_nothing(struct http_req *req, void *arg)
{
	struct err e;
	struct buf b;

	(void)arg;
	if (str_is(http_path(req), "/")) {
		http_reply(req, 200, "text/plain", STR("aco mock\n"));
		return;
	}
	buf_init(&b, 4096);
	err_set(&e, RC_BAD, "Invalid URL (%.*s)", STR_ARG(http_path(req)));
	wire_error(WIRE_OPENAI_CHAT, 404, NULL, &e, &b);
	http_reply(req, 404, "application/json",
		   (struct str){buf_str(&b), b.len});
	buf_release(&b);
}
