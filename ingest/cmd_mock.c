/* aco mock: the mock provider on an address, until a signal. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "ingest/listen.h"
#include "ingest/loop.h"
#include "ingest/mock.h"
#include "ingest/tls.h"
#include "ledger/base/cmd.h"
#include "ledger/base/json.h"

enum {
	OPT_LISTEN,
	OPT_SEED,
	OPT_NUMBER_FROM,
	OPT_TTFT,
	OPT_GAP,
	OPT_TOKENS,
	OPT_STRENGTH,
	OPT_CORRELATION,
	OPT_BEHAVE,
	OPT_RATE_429,
	OPT_RATE_500,
	OPT_RATE_529,
	OPT_RATE_CUT,
	OPT_RATE_RESET,
	OPT_RATE_STALL,
	OPT_PER_SECOND,
	OPT_KEY,
	OPT_NO_CACHE,
	OPT_SCRIPT,
	OPT_LOG,
	OPT_FIXED,
	OPT_CERT,
	OPT_PRIVATE_KEY,
	OPT_N
};
static const struct cmd_opt opts[] = {
	[OPT_LISTEN] = {"listen", 0, "ADDRESS",
			"where to listen (127.0.0.1:0; the port is printed)"},
	[OPT_SEED] = {"seed", 0, "N", "what replies follow from (1)"},
	[OPT_NUMBER_FROM] = {"number-from", 0, "N",
			     "ids of replies go on from here, so that none "
			     "recurs (0)"},
	[OPT_TTFT] = {"ttft", 0, "TIME",
		      "to the first token, in ms: 20, 10-50 or ln:200:0.5"},
	[OPT_GAP] = {"gap", 0, "TIME", "between tokens of a stream, alike"},
	[OPT_TOKENS] = {"tokens", 0, "N", "of a reply, about (24)"},
	[OPT_STRENGTH] = {"strength", 0, "MODEL=S",
			  "how good a model is, 0 to 1; may be repeated"},
	[OPT_CORRELATION] = {"correlation", 0, "SHARE",
			     "how often models succeed and fail together (0)"},
	[OPT_BEHAVE] = {"behave", 0, "WORDS", "how all replies go, see below"},
	[OPT_RATE_429] = {"rate-429", 0, "SHARE", "of requests, answered 429"},
	[OPT_RATE_500] = {"rate-500", 0, "SHARE", "answered 500"},
	[OPT_RATE_529] = {"rate-529", 0, "SHARE", "answered 529"},
	[OPT_RATE_CUT] = {"rate-cut", 0, "SHARE", "cut in the middle"},
	[OPT_RATE_RESET] = {"rate-reset", 0, "SHARE", "broken off"},
	[OPT_RATE_STALL] = {"rate-stall", 0, "SHARE", "never answered"},
	[OPT_PER_SECOND] = {"per-second", 0, "N", "requests; more get a 429"},
	[OPT_KEY] = {"key", 0, "KEY", "the only API key that is taken"},
	[OPT_NO_CACHE] = {"no-cache", 0, NULL, "no prompt is ever cached"},
	[OPT_SCRIPT] = {"script", 0, "FILE",
			"recorded replies by task and model, JSON lines"},
	[OPT_LOG] = {"log", 0, "FILE", "a JSON line for each reply"},
	[OPT_FIXED] = {"fixed", 0, "BYTES",
		       "always the same text of this length, for benchmarks"},
	[OPT_CERT] = {"tls-cert", 0, "FILE", "certificate chain: serve TLS"},
	[OPT_PRIVATE_KEY] = {"tls-key", 0, "FILE", "and its private key"},
	{NULL, 0, NULL, NULL},
};

struct told {
	struct mock_conf conf;
	const char *listen, *cert, *private_key;
};

static bool share(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && !*end && *out >= 0 && *out <= 1;
}

static bool count(const char *text, int64_t most, int64_t *out)
{
	return str_i64(str_from(text), out) && *out >= 0 && *out <= most;
}

static bool read_strength(struct mock_conf *c, const char *text)
{
	const char *eq = strrchr(text, '=');
	size_t n = eq ? (size_t)(eq - text) : 0;

	if (n == 0 || n >= sizeof(c->strength[0].model) ||
	    c->n_strength == MOCK_STRENGTHS ||
	    !share(eq + 1, &c->strength[c->n_strength].strength))
		return false;
	memcpy(c->strength[c->n_strength++].model, text, n);
	return true;
}

static bool read_text(struct told *t, int opt, const char *v)
{
	struct mock_conf *c = &t->conf;

	switch (opt) {
	case OPT_LISTEN:
		t->listen = v;
		return true;
	case OPT_BEHAVE:
		c->behave = v;
		return true;
	case OPT_KEY:
		c->key = v;
		return true;
	case OPT_NO_CACHE:
		c->no_cache = true;
		return true;
	case OPT_SCRIPT:
		c->script = v;
		return true;
	case OPT_LOG:
		c->log = v;
		return true;
	case OPT_CERT:
		t->cert = v;
		return true;
	case OPT_PRIVATE_KEY:
		t->private_key = v;
		return true;
	default:
		return false;
	}
}

static bool read_value(struct told *t, int opt, const char *v, struct err *e)
{
	struct mock_conf *c = &t->conf;
	int64_t n = 0;
	bool ok;

	err_set(e, RC_BAD, "--%s does not take '%s'", opts[opt].name, v);
	switch (opt) {
	case OPT_SEED:
		ok = count(v, INT64_MAX, &n);
		c->seed = (uint64_t)n;
		return ok;
	case OPT_NUMBER_FROM:
		ok = count(v, INT64_MAX, &n);
		c->number_from = (uint64_t)n;
		return ok;
	case OPT_TTFT:
		return mock_time_parse(&c->first, v, e) == RC_OK;
	case OPT_GAP:
		return mock_time_parse(&c->gap, v, e) == RC_OK;
	case OPT_TOKENS:
		ok = count(v, 1000000, &n) && n > 0;
		c->tokens = (int)n;
		return ok;
	case OPT_PER_SECOND:
		ok = count(v, 1000000, &n) && n > 0;
		c->per_second = (int)n;
		return ok;
	case OPT_FIXED:
		ok = count(v, 1000000, &n) && n > 0;
		c->fixed = (int)n;
		return ok;
	case OPT_STRENGTH:
		return read_strength(c, v);
	case OPT_CORRELATION:
		return share(v, &c->correlation);
	default:
		return share(v, &c->rate[opt - OPT_RATE_429]);
	}
}

/* 0, or the exit code plus one. */
static int read_args(struct told *t, const struct command *self, int argc,
		     char **argv)
{
	struct cmd_args a;
	struct err e;
	int opt;

	cmd_args_init(&a, self, argc, argv);
	while ((opt = cmd_next(&a)) != CMD_END) {
		if (opt == CMD_HELP)
			return 1;
		if (opt == CMD_USAGE)
			return 3;
		if (opt == CMD_OPERAND)
			return 1 + cmd_usage(self, "what is '%s'?", a.value);
		if (!read_text(t, opt, a.value) &&
		    !read_value(t, opt, a.value, &e))
			return 1 + cmd_usage(self, "%s", e.msg);
	}
	if (!t->cert != !t->private_key)
		return 1 + cmd_usage(self, "a certificate wants its key");
	return 0;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static enum rc serve(const struct told *t, struct listen_addr *at,
		     struct err *e)
{
	static const struct http_route *const routes[] = {mock_routes, NULL};
	struct http_opts o = {.routes = routes};
	struct loop *l = loop_new();
	struct http_server *s = NULL;
	struct mock *m = NULL;
	struct tls *tls = NULL;
	enum rc rc;
	int fd;

	http_limits_default(&o.limits);
	o.limits.connections = 8192;
	o.limits.inflight_bytes = (size_t)512 << 20;
	rc = mock_new(&m, l, &t->conf, e);
	if (rc == RC_OK && t->cert)
		rc = tls_new(&tls, t->cert, t->private_key, e);
	o.arg = m;
	o.tls = tls;
	if (rc == RC_OK)
		rc = listen_open(at, &fd, e);
	if (rc == RC_OK)
		rc = http_server_new(&s, l, fd, &o, e);
	if (rc == RC_OK) {
		printf("%s://%s\n", tls ? "https" : "http", at->text);
		fflush(stdout);
		loop_signal(l, SIGTERM, stop, l);
		loop_signal(l, SIGINT, stop, l);
		loop_run(l);
		http_server_free(s);
	}
	mock_free(m);
	tls_free(tls);
	loop_free(l);
	return rc;
}

static int run_mock(const struct command *self, const struct conf *conf,
		    int argc, char **argv)
{
	struct told t = {.listen = "127.0.0.1:0"};
	struct listen_set set;
	struct err e;
	int code;
	enum rc rc;

	(void)conf;
	mock_conf_default(&t.conf);
	code = read_args(&t, self, argc, argv);
	if (code)
		return code - 1;
	rc = listen_parse(t.listen, &set, &e);
	if (rc == RC_OK && set.n != 1)
		return cmd_usage(self, "--listen wants one address");
	if (rc == RC_OK)
		rc = listen_reserve(&set, &e);
	if (rc == RC_OK) {
		rc = serve(&t, &set.a[0], &e);
		listen_close(&set);
	}
	if (rc == RC_OK)
		return 0;
	err_print(&e);
	return 1;
}

const struct command command_mock = {
	.name = "mock",
	.args = "",
	.summary = "a mock model provider, as bad as the real ones",
	.help = "It speaks as OpenAI (chat, responses, embeddings, models) and "
		"as Anthropic (messages, count_tokens), whole and streamed, "
		"and prints its address. What it says follows from the seed "
		"and the request.\n"
		"\n"
		"A prompt may name a task: [[task=42 difficulty=0.7]]. Whether "
		"a model solves it is drawn from 1 / (1 + e^(10 (difficulty - "
		"strength))); a model's strength is given, or its name ends in "
		"it (mock-70). The reply says [[verdict=pass task=42 model=M]] "
		"and so does GET /mock/verdict?task=42&model=M&difficulty=0.7. "
		"[[call NAME {...}]] makes the first reply a tool call. GET "
		"/mock/stats counts.\n"
		"\n"
		"How replies go wrong is said by the header x-mock, by a "
		"model's name (mock-429, any+cut), or by --behave, in words: "
		"400 401 403 404 408 409 413 429 500 502 503 504 529 quota "
		"stall stall-mid cut reset reset-early garbage html error-mid "
		"error-200 empty refuse filter length bad-json loop tool "
		"no-usage; with after=CHUNKS, once=TIMES, delay=MS, "
		"retry-after=S, retry-after-ms=MS, should-retry=true.",
	.opts = opts,
	.run = run_mock,
};
