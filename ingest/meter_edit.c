/* What the gateway says in the clients' and providers' own words: changed
 * bodies, and errors. */
#include "ingest/meter_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/json.h"

/* ---- bodies ---- */

static void part(struct model_edit *out, const char *p, size_t n)
{
	if (n == 0)
		return;
	out->part[out->n++] = (struct str){p, n};
	out->bytes += n;
}

/* A JSON string's inside. */
static struct str name_text(struct str name, struct model_edit *out)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (n + 6 > sizeof(out->name))
			BUG("a model's name that is too long");
		if (c >= 0x20 && c != '"' && c != '\\') {
			out->name[n++] = (char)c;
			continue;
		}
		memcpy(out->name + n, "\\u00", 4);
		out->name[n + 4] = hex[c >> 4];
		out->name[n + 5] = hex[c & 15];
		n += 6;
	}
	return (struct str){out->name, n};
}

struct change {
	size_t at, len;
	struct str text;
};

static struct change usage_change(const struct model_request *r,
				  struct str body)
{
	const char *p = body.p + r->stream_options.at;
	bool empty = true;

	if (!r->stream_options.len)
		return (struct change){
			r->object_at, 0,
			STR("\"stream_options\":{\"include_usage\":true},")};
	if (r->usage_flag.len)
		return (struct change){r->usage_flag.at, r->usage_flag.len,
				       STR("true")};
	if (*p != '{')
		return (struct change){r->stream_options.at,
				       r->stream_options.len,
				       STR("{\"include_usage\":true}")};
	for (size_t i = 1; i + 1 < r->stream_options.len; i++)
		if (!strchr(" \t\r\n", p[i]))
			empty = false;
	return (struct change){r->stream_options.at + 1, 0,
			       empty ? STR("\"include_usage\":true")
				     : STR("\"include_usage\":true,")};
}

void model_request_edit(struct model_request *r, struct str body,
			struct str model, struct model_edit *out)
{
	struct change c[2];
	size_t at = 0;
	int n = 0;

	out->n = 0;
	out->bytes = 0;
	r->usage_injected =
		r->wire == WIRE_OPENAI_CHAT && r->stream && !r->include_usage;
	if (model.len && r->model_at)
		c[n++] = (struct change){r->model_at, r->model_len,
					 name_text(model, out)};
	if (r->usage_injected)
		c[n++] = usage_change(r, body);
	if (n == 2 && c[1].at < c[0].at) {
		struct change first = c[1];

		c[1] = c[0];
		c[0] = first;
	}
	for (int i = 0; i < n; i++) {
		part(out, body.p + at, c[i].at - at);
		part(out, c[i].text.p, c[i].text.len);
		at = c[i].at + c[i].len;
	}
	part(out, body.p + at, body.len - at);
}

/* ---- errors ---- */

static const char *anthropic_type(int status)
{
	switch (status) {
	case 401:
		return "authentication_error";
	case 402:
		return "billing_error";
	case 403:
		return "permission_error";
	case 404:
		return "not_found_error";
	case 409:
		return "conflict_error";
	case 413:
		return "request_too_large";
	case 429:
		return "rate_limit_error";
	case 503:
	case 529:
		return "overloaded_error";
	case 504:
		return "timeout_error";
	default:
		return status >= 500 ? "api_error" : "invalid_request_error";
	}
}

static const char *openai_type(int status)
{
	switch (status) {
	case 401:
		return "authentication_error";
	case 402:
		return "insufficient_quota";
	case 403:
		return "permission_error";
	case 404:
		return "not_found_error";
	case 429:
		return "rate_limit_error";
	default:
		return status >= 500 ? "server_error" : "invalid_request_error";
	}
}

static void add_message(struct json_out *o, const struct err *e)
{
	char text[sizeof(e->msg) + sizeof(e->hint) + 3];

	snprintf(text, sizeof(text), "%s%s%s", e->msg, e->hint[0] ? ": " : "",
		 e->hint);
	json_out_str(o, "message", str_from(text));
}

static void openai_error(int status, const char *type, const struct err *e,
			 struct buf *b)
{
	struct json_out o;

	json_out_init(&o, b);
	json_out_obj(&o, NULL);
	json_out_obj(&o, "error");
	add_message(&o, e);
	json_out_str(&o, "type", str_from(type ? type : openai_type(status)));
	json_out_null(&o, "param");
	json_out_str(&o, "code", str_from(type));
	json_out_end(&o, '}');
	json_out_end(&o, '}');
}

static void anthropic_error(int status, const char *type, const struct err *e,
			    struct buf *b)
{
	struct json_out o;

	json_out_init(&o, b);
	json_out_obj(&o, NULL);
	json_out_str(&o, "type", STR("error"));
	json_out_obj(&o, "error");
	json_out_str(&o, "type",
		     str_from(type ? type : anthropic_type(status)));
	add_message(&o, e);
	json_out_end(&o, '}');
	json_out_end(&o, '}');
}

/* The event of the Responses API has no object around its error. */
static void responses_error(int status, const char *type, const struct err *e,
			    struct buf *b)
{
	struct json_out o;

	json_out_init(&o, b);
	json_out_obj(&o, NULL);
	json_out_str(&o, "type", STR("error"));
	json_out_str(&o, "code", str_from(type ? type : openai_type(status)));
	add_message(&o, e);
	json_out_null(&o, "param");
	json_out_end(&o, '}');
}

void wire_error(enum wire wire, int status, const char *type,
		const struct err *e, struct buf *body)
{
	if (wire == WIRE_ANTHROPIC)
		anthropic_error(status, type, e, body);
	else
		openai_error(status, type, e, body);
}

void wire_error_event(enum wire wire, int status, const char *type,
		      const struct err *e, struct buf *out)
{
	if (wire == WIRE_ANTHROPIC) {
		buf_adds(out, "event: error\ndata: ");
		anthropic_error(status, type, e, out);
	} else if (wire == WIRE_OPENAI_RESPONSES) {
		buf_adds(out, "event: error\ndata: ");
		responses_error(status, type, e, out);
	} else {
		buf_adds(out, "data: ");
		openai_error(status, type, e, out);
	}
	buf_adds(out, "\n\n");
}
