/* The gateway's routes. What else lies under /v1/ is the provider's. */
#include "ingest/gw_int.h"

#define TURN_COSTS_MAX ((size_t)256 << 10)

static struct gateway *of(void *arg)
{
	const struct worker *w = arg;

	return w->gateway;
}

static void chat(struct http_req *r, void *arg)
{
	gw_call_begin(of(arg), r, WIRE_OPENAI_CHAT, true);
}

static void responses(struct http_req *r, void *arg)
{
	gw_call_begin(of(arg), r, WIRE_OPENAI_RESPONSES, true);
}

static void embeddings(struct http_req *r, void *arg)
{
	gw_call_begin(of(arg), r, WIRE_OPENAI_EMBEDDINGS, true);
}

static void messages(struct http_req *r, void *arg)
{
	gw_call_begin(of(arg), r, WIRE_ANTHROPIC, true);
}

static void count_tokens(struct http_req *r, void *arg)
{
	gw_call_begin(of(arg), r, WIRE_ANTHROPIC, false);
}

/* What is sent to us by another method, or with a slash at its end, is none of
 * the provider's: telemetry tells what was asked and answered. */
static bool is_ours(struct str path)
{
	static const char *const ours[] = {"/v1/traces",   "/v1/logs",
					   "/v1/metrics",  "/v1/events",
					   "/v1/outcomes", "/v1/route"};

	while (path.len && path.p[path.len - 1] == '/')
		path.len--;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (str_is(path, ours[i]))
			return true;
	}
	return false;
}

/* TRACE would tell the client what we added to its request, the provider's key
 * among it; CONNECT is no request of a model. */
static bool is_strange(struct str method)
{
	return str_is(method, "TRACE") || str_is(method, "CONNECT");
}

static void other(struct http_req *r, void *arg)
{
	struct err e;

	if (is_strange(http_method(r))) {
		err_set(&e, RC_BAD, "no provider is asked to %.*s",
			STR_ARG(http_method(r)));
		http_reply_err(r, 405, &e);
		return;
	}
	if (is_ours(http_path(r))) {
		err_set(&e, RC_BAD, "this is aco's own, by POST: %.*s",
			STR_ARG(http_path(r)));
		http_reply_err(r, 404, &e);
		return;
	}
	if (!gw_path_plain(http_path(r))) {
		err_set(&e, RC_BAD,
			"the path is not in its plain form: no empty or dot "
			"segments, no letters in percent");
		http_reply_err(r, 400, &e);
		return;
	}
	stat_add(STAT_GW_OTHER, 1);
	gw_call_begin(of(arg), r, WIRE_OTHER, false);
}

/* ---- GET /v1/models ---- */

static void models(struct http_req *r, void *arg)
{
	if (!gw_list(of(arg), r, STR_NONE))
		other(r, arg);
}

static void model(struct http_req *r, void *arg)
{
	struct str path = http_path(r);
	const size_t n = sizeof("/v1/models/") - 1;
	struct str name = {path.p + n, path.len - n};

	if (!name.len || !gw_path_plain(path) || !gw_list(of(arg), r, name))
		other(r, arg);
}

/* Codex asks its provider what turns cost. */
static void turn_costs(struct http_req *r, void *arg)
{
	const struct auth_key *key = worker_key(r);
	struct buf out;
	struct err e;

	buf_init(&out, TURN_COSTS_MAX);
	if (gw_turn_costs(of(arg), key ? key->name : STR_NONE, http_body(r),
			  &out, &e))
		http_reply_err(r, 400, &e);
	else
		http_reply(r, 200, GW_JSON,
			   (struct str){buf_str(&out), out.len});
	buf_release(&out);
}

/* Claude Code looks whether somebody is there: HEAD /. */
static void probe(struct http_req *r, void *arg)
{
	(void)arg;
	http_reply(r, 200, "text/plain", STR("aco\n"));
}

/* ---- errors of the server itself, as the client's protocol has them ---- */

static void say(enum wire wire, int status, const struct err *e,
		struct buf *body, const char **ctype)
{
	*ctype = GW_JSON;
	wire_error(wire, status, NULL, e, body);
}

static void openai_error(struct http_req *r, int status, const struct err *e,
			 struct buf *body, const char **ctype)
{
	(void)r;
	say(WIRE_OPENAI_CHAT, status, e, body, ctype);
}

static void anthropic_error(struct http_req *r, int status, const struct err *e,
			    struct buf *body, const char **ctype)
{
	(void)r;
	say(WIRE_ANTHROPIC, status, e, body, ctype);
}

static void any_error(struct http_req *r, int status, const struct err *e,
		      struct buf *body, const char **ctype)
{
	say(gw_protocol_of(r, WIRE_OTHER) == GW_ANTHROPIC ? WIRE_ANTHROPIC
							  : WIRE_OPENAI_CHAT,
	    status, e, body, ctype);
}

#define MODEL_ROUTE(p, f, err)                                                 \
	{                                                                      \
		.method = "POST", .path = p, .cap = HTTP_CAP_MODEL,            \
		.need = HTTP_NEED_GATEWAY, .inflate = true, .handle = f,       \
		.error = err                                                   \
	}

const struct http_route ep_gateway[] = {
	MODEL_ROUTE("/v1/chat/completions", chat, openai_error),
	MODEL_ROUTE("/v1/responses", responses, openai_error),
	MODEL_ROUTE("/v1/embeddings", embeddings, openai_error),
	MODEL_ROUTE("/v1/messages", messages, anthropic_error),
	MODEL_ROUTE("/v1/messages/count_tokens", count_tokens, anthropic_error),
	MODEL_ROUTE("/v1/analytics/codex/turn-costs", turn_costs, openai_error),
	{.method = "GET",
	 .path = "/v1/models",
	 .cap = HTTP_CAP_NONE,
	 .need = HTTP_NEED_GATEWAY,
	 .handle = models,
	 .error = any_error},
	{.method = "GET",
	 .path = "/v1/models/*",
	 .cap = HTTP_CAP_NONE,
	 .need = HTTP_NEED_GATEWAY,
	 .handle = model,
	 .error = any_error},
	{.method = "*",
	 .path = "/v1/*",
	 .cap = HTTP_CAP_MODEL,
	 .need = HTTP_NEED_GATEWAY,
	 .handle = other,
	 .error = any_error},
	{.method = "GET",
	 .path = "/",
	 .cap = HTTP_CAP_NONE,
	 .need = HTTP_OPEN,
	 .handle = probe},
	{.method = NULL},
};
