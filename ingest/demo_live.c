/* Agents at work: each a process that takes one task after the other, asks the
 * gateway for models, and tells what became of it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ingest/demo.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"

#define BODY_MAX  ((size_t)1 << 20)
#define REPLY_MAX ((size_t)4 << 20)
#define MARKER    "verdict=pass"

struct agent {
	const struct demo *d;
	struct demo_client *client;
	struct demo_reply reply;
	struct buf body;
	struct demo_rng r;
	struct demo_task t;
	char id[96];
};

static void rest(struct agent *a, int from_ms, int to_ms)
{
	usleep((useconds_t)demo_int(&a->r, from_ms, to_ms) * 1000);
}

/* ---- requests ---- */

/* What an agent carries along, about as many tokens. */
static void add_context(struct buf *b, int tokens)
{
	static const char line[] =
		"  for each order in the batch check the total and the tax;";

	buf_addc(b, '\n');
	for (int n = 0; n < tokens * 4; n += (int)sizeof(line))
		buf_adds(b, line);
}

static void add_task(struct agent *a, struct json_out *o)
{
	struct buf text;

	buf_init(&text, BODY_MAX);
	buf_addf(&text, "[[task=%s difficulty=%.3f]] %s", a->id,
		 a->t.difficulty, a->t.prompt);
	add_context(&text, a->t.c->context / 3);
	json_out_obj(o, NULL);
	json_out_str(o, "role", STR("user"));
	json_out_str(o, "content", (struct str){text.p, text.len});
	json_out_end(o, '}');
	buf_release(&text);
}

static const char *kind_of(const struct agent *a, int step)
{
	int n = 0;

	while (a->t.c->kinds[n])
		n++;
	return a->t.c->kinds[(step - 1) % n];
}

/* A step that is over: the tool that was called, and what it said. */
static void add_step(struct agent *a, struct json_out *o, int step)
{
	const char *command, *tool = demo_tool(kind_of(a, step), &command);
	bool chat = !strcmp(a->t.c->protocol, "openai");
	char id[32], args[96];
	struct buf text;

	buf_init(&text, BODY_MAX);
	snprintf(id, sizeof(id), "call_%d", step);
	snprintf(args, sizeof(args), "{\"command\":\"%s\"}",
		 command ? command : "orders");
	buf_adds(&text, "ok");
	add_context(&text, a->t.c->growth / 3);
	json_out_obj(o, NULL);
	json_out_str(o, "role", STR("assistant"));
	if (chat && tool) {
		json_out_null(o, "content");
		json_out_arr(o, "tool_calls");
		json_out_obj(o, NULL);
		json_out_str(o, "id", str_from(id));
		json_out_str(o, "type", STR("function"));
		json_out_obj(o, "function");
		json_out_str(o, "name", str_from(tool));
		json_out_str(o, "arguments", str_from(args));
		json_out_end(o, '}');
		json_out_end(o, '}');
		json_out_end(o, ']');
	} else {
		json_out_str(o, "content", STR("Next I look at the orders."));
	}
	json_out_end(o, '}');
	json_out_obj(o, NULL);
	json_out_str(o, "role", str_from(chat && tool ? "tool" : "user"));
	if (chat && tool)
		json_out_str(o, "tool_call_id", str_from(id));
	json_out_str(o, "content", (struct str){text.p, text.len});
	json_out_end(o, '}');
	buf_release(&text);
}

static void write_request(struct agent *a, const char *model, int step)
{
	bool chat = !strcmp(a->t.c->protocol, "openai");
	struct json_out o;

	buf_clear(&a->body);
	json_out_init(&o, &a->body);
	json_out_obj(&o, NULL);
	json_out_str(&o, "model", str_from(model));
	json_out_i64(&o, chat ? "max_completion_tokens" : "max_tokens", 2000);
	json_out_arr(&o, "messages");
	add_task(a, &o);
	for (int s = 1; s < step; s++)
		add_step(a, &o, s);
	json_out_end(&o, ']');
	json_out_end(&o, '}');
}

static void ask(struct agent *a, int step)
{
	const struct demo_class *c = a->t.c;
	bool chat = !strcmp(c->protocol, "openai");
	char model[64], key[32];
	const char *headers[] = {"content-type",
				 "application/json",
				 "x-aco-task",
				 a->id,
				 "x-aco-team",
				 c->team,
				 "x-aco-agent",
				 a->t.agent,
				 "x-aco-step",
				 key,
				 chat ? "authorization" : "x-api-key",
				 chat ? "Bearer simulated" : "simulated",
				 chat ? NULL : "anthropic-version",
				 "2023-06-01",
				 NULL};

	snprintf(model, sizeof(model), "auto%s%s", c->name ? ":" : "",
		 c->name ? c->name : "");
	snprintf(key, sizeof(key), "step-%d", step);
	write_request(a, model, step);
	demo_post(a->client, chat ? "/v1/chat/completions" : "/v1/messages",
		  headers, (struct str){a->body.p, a->body.len}, &a->reply);
}

/* ---- outcomes ---- */

static void tell_outcome(struct agent *a, bool success)
{
	static const char *const headers[] = {"content-type",
					      "application/json", NULL};
	const struct demo_class *c = a->t.c;
	struct json_out o;

	if (!c->judge || !demo_chance(&a->r, c->judged))
		return;
	buf_clear(&a->body);
	json_out_init(&o, &a->body);
	json_out_obj(&o, NULL);
	json_out_obj(&o, "task");
	json_out_str(&o, "sender", STR("gateway"));
	json_out_str(&o, "id", str_from(a->id));
	json_out_end(&o, '}');
	json_out_bool(&o, "success", success);
	json_out_str(&o, "key", str_from(c->key));
	json_out_str(&o, "source", str_from(c->judge));
	json_out_end(&o, '}');
	demo_post(a->client, "/v1/outcomes", headers,
		  (struct str){a->body.p, a->body.len}, &a->reply);
}

/* A program of its own that calls a model nobody has a price for, and tells
 * of it afterwards. */
static void tell_call(struct agent *a)
{
	static const char *const headers[] = {"content-type",
					      "application/json", NULL};
	struct json_out o;

	buf_clear(&a->body);
	json_out_init(&o, &a->body);
	json_out_obj(&o, NULL);
	json_out_str(&o, "type", STR("attempt"));
	json_out_obj(&o, "task");
	json_out_str(&o, "id", str_from(a->id));
	json_out_str(&o, "team", STR("insights"));
	json_out_str(&o, "agent", STR("embedder"));
	json_out_str(&o, "class", STR("data"));
	json_out_end(&o, '}');
	json_out_str(&o, "model", STR("in-house-7b"));
	json_out_time(&o, "started_at", clock_now_us() - US_PER_SEC);
	json_out_obj(&o, "usage");
	json_out_i64(&o, "uncached_in", demo_int(&a->r, 300, 3000));
	json_out_i64(&o, "output", demo_int(&a->r, 20, 200));
	json_out_end(&o, '}');
	json_out_obj(&o, "ids");
	json_out_str(&o, "id", str_from(a->id));
	json_out_end(&o, '}');
	json_out_end(&o, '}');
	demo_post(a->client, "/v1/events", headers,
		  (struct str){a->body.p, a->body.len}, &a->reply);
}

/* ---- the agent ---- */

static void one_task(struct agent *a)
{
	bool success = false;

	for (int s = 1; s <= a->t.steps; s++) {
		ask(a, s);
		success = a->reply.status == 200 &&
			  strstr(buf_str(&a->reply.body), MARKER);
		rest(a, 300, 2500);
	}
	tell_outcome(a, success);
}

_Noreturn static void agent_main(const struct demo *d, const char *address,
				 int number)
{
	struct agent a = {.d = d};
	int64_t began = clock_now_us() / US_PER_SEC;
	struct err e;

	a.client = demo_client_new(address, &e);
	if (!a.client)
		_exit(1);
	buf_init(&a.body, BODY_MAX);
	buf_init(&a.reply.body, REPLY_MAX);
	demo_rng_init(&a.r, d->seed, "agent", began * DEMO_AGENTS + number);
	for (int n = 0;; n++) {
		demo_task_draw(&a.t, &a.r);
		snprintf(a.id, sizeof(a.id), "%s-live-%" PRId64 "-%d-%d",
			 a.t.agent, began, number, n);
		if (demo_chance(&a.r, 0.04))
			tell_call(&a);
		else
			one_task(&a);
		rest(&a, 500, 4000);
	}
}

enum rc demo_live(const struct demo *d, const char *address,
		  pid_t pids[DEMO_AGENTS], struct err *e)
{
	pid_t parent = getpid();

	fflush(NULL);
	for (int i = 0; i < DEMO_AGENTS; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return err_set(e, RC_DOWN, "fork: %s", strerror(errno));
		if (pids[i])
			continue;
		/* Ctrl-C is for the one that started us. */
		setsid();
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
			_exit(1);
		close(d->lock);
		agent_main(d, address, i);
	}
	return RC_OK;
}
