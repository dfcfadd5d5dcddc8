/* What spans are to each other: one call told twice, tools and their steps,
 * sums of agents, sessions, classes, evaluations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "tests/unit/meaning_case.h"

#define T0 INT64_C(1795400000)

/* A span of trace `t`: id and parent as numbers, seconds after T0; `more` is
 * what follows, attributes as KEY=VALUE pairs (an integer when it is one). */
static char *span(int t, int id, int parent, double from, double to,
		  const char *const *attrs)
{
	struct buf b;
	char *s;

	buf_init(&b, 65536);
	buf_addf(&b,
		 "{\"traceId\":\"%032x\",\"spanId\":\"%016x\",\"name\":\"n\","
		 "\"parentSpanId\":\"%016x\",\"startTimeUnixNano\":\"%lld\","
		 "\"endTimeUnixNano\":\"%lld\",\"attributes\":[",
		 (unsigned)t, (unsigned)id, (unsigned)parent,
		 (long long)(T0 * 1000000000 + (int64_t)(from * 1e9)),
		 (long long)(T0 * 1000000000 + (int64_t)(to * 1e9)));
	for (int i = 0; attrs[i]; i++) {
		const char *eq = strchr(attrs[i], '=');
		bool num = eq[1] >= '0' && eq[1] <= '9';

		buf_addf(&b, "%s{\"key\":\"%.*s\",\"value\":{\"%s\":\"%s\"}}",
			 i ? "," : "", (int)(eq - attrs[i]), attrs[i],
			 num ? "intValue" : "stringValue", eq + 1);
	}
	buf_adds(&b, "]}");
	s = xstrdup(buf_str(&b));
	buf_release(&b);
	return s;
}
#define SPAN(t, id, parent, from, to, ...)                                     \
	span(t, id, parent, from, to, (const char *const[]){__VA_ARGS__, NULL})
#define CHAT "gen_ai.operation.name=chat", "gen_ai.request.model=gpt-5"
#define TOKENS(in, out)                                                        \
	"gen_ai.usage.input_tokens=" #in, "gen_ai.usage.output_tokens=" #out

static void give(struct mcase *c, const char *scope, char *json)
{
	mcase_span(c, scope, json);
	free(json);
}

static char *both(char *a, char *b)
{
	char *s = xasprintf("%s,%s", a, b);

	free(a);
	free(b);
	return s;
}

static size_t calls_of(struct mcase *c)
{
	mcase_merge(c);
	return c->n_calls;
}

/* ---- one call, two spans ---- */

static void nested_spans_are_one(void **state)
{
	(void)state;
	for (int way = 0; way < 3; way++) {
		char *outer = SPAN(1, 1, 0, 0, 9, "openinference.span.kind=LLM",
				   "llm.model_name=gpt-5",
				   "llm.token_count.prompt=100",
				   "llm.token_count.completion=20");
		char *between = SPAN(1, 2, 1, 0.5, 8.5, "http.method=POST");
		char *inner = SPAN(1, 3, 2, 1, 8, CHAT, TOKENS(100, 20));
		struct mcase c;

		mcase_init(&c, "");
		if (way == 0) {
			give(&c, "x", both(both(outer, between), inner));
		} else if (way == 1) {
			give(&c, "x", inner);
			give(&c, "x", between);
			give(&c, "x", outer);
		} else {
			give(&c, "x", outer);
			give(&c, "x", between);
			give(&c, "x", inner);
		}
		assert_int_equal(calls_of(&c), 1);
		assert_int_equal(c.calls[0].reports, 2);
		mcase_release(&c);
	}
}

static void same_response_is_one(void **state)
{
	struct mcase c;

	(void)state;
	mcase_init(&c, "");
	/* The framework counts otherwise, but names the answer. */
	give(&c, "x",
	     SPAN(1, 2, 1, 1, 2, CHAT, TOKENS(100, 20),
		  "gen_ai.response.id=r-1"));
	give(&c, "x",
	     SPAN(1, 1, 0, 0, 3, CHAT, TOKENS(90, 20),
		  "gen_ai.response.id=r-1"));
	assert_int_equal(calls_of(&c), 1);
	/* Ids that recur say nothing between traces ... */
	give(&c, "x",
	     SPAN(2, 1, 0, 0, 3, CHAT, TOKENS(90, 20),
		  "gen_ai.response.id=r-1"));
	assert_int_equal(calls_of(&c), 2);
	/* ... unique ones do. */
	for (int t = 3; t < 5; t++)
		give(&c, "x",
		     SPAN(t, 1, 0, 0, 3, CHAT, TOKENS(90, 20),
			  "gen_ai.response.id=resp_0a1b2c3d4e5f60718293a4b5"));
	assert_int_equal(calls_of(&c), 3);
	mcase_release(&c);
}

static void samples_are_two(void **state)
{
	(void)state;
	for (int way = 0; way < 3; way++) {
		char *one = SPAN(1, 2, 1, 1, 2, CHAT, TOKENS(100, 20));
		char *two = SPAN(1, 3, 1, 1, 2, CHAT, TOKENS(100, 20));
		char *up = SPAN(1, 1, 0, 0, 3, CHAT, TOKENS(100, 20));
		struct mcase c;

		mcase_init(&c, "");
		if (way == 0) {
			give(&c, "x", both(both(one, two), up));
		} else if (way == 1) {
			give(&c, "x", up);
			give(&c, "x", two);
			give(&c, "x", one);
		} else {
			give(&c, "x", one);
			give(&c, "x", two);
			give(&c, "x", up);
		}
		assert_int_equal(calls_of(&c), 2);
		mcase_release(&c);
	}
}

/* ---- steps ---- */

static void tools_make_steps(void **state)
{
	struct mcase c;

	(void)state;
	mcase_init(&c, "");
	give(&c, "x",
	     both(both(SPAN(1, 2, 1, 0, 1, CHAT, TOKENS(10, 1)),
		       SPAN(1, 3, 1, 3, 4, CHAT, TOKENS(20, 2))),
		  SPAN(1, 4, 1, 1.5, 2, "gen_ai.operation.name=execute_tool",
		       "gen_ai.tool.name=bash",
		       "gen_ai.tool.call.arguments={\\\"command\\\":"
		       "\\\"pytest -q\\\"}")));
	assert_int_equal(calls_of(&c), 2);
	assert_int_equal(c.calls[0].a.step_kind, STEP_VERIFY);
	assert_true(str_is(c.calls[0].a.tool, "bash"));
	assert_int_equal(c.calls[0].a.step_failed, 0);
	assert_int_equal(c.calls[1].a.step_kind, STEP_OTHER);
	/* A later request tells what the second one caused. */
	give(&c, "x",
	     SPAN(1, 5, 1, 4.5, 5, "gen_ai.operation.name=execute_tool",
		  "gen_ai.tool.name=Edit", "error.type=timeout"));
	assert_int_equal(calls_of(&c), 2);
	assert_int_equal(c.calls[1].a.step_kind, STEP_EDIT);
	assert_int_equal(c.calls[1].a.step_failed, 1);
	assert_int_equal(c.calls[1].a.usage.n[USAGE_UNCACHED_IN], 20);
	mcase_release(&c);
}

static void sdk_steps_group(void **state)
{
	struct mcase c;

	(void)state;
	mcase_init(&c, "");
	give(&c, "gen_ai",
	     both(both(SPAN(1, 3, 2, 0, 1, CHAT, TOKENS(10, 1)),
		       SPAN(1, 4, 2, 1, 2, CHAT, TOKENS(10, 1))),
		  SPAN(1, 2, 1, 0, 3, "gen_ai.operation.name=agent_step")));
	assert_int_equal(c.b->n_attempts, 2);
	assert_true(
		uuid_eq(c.b->attempts[0].step_id, c.b->attempts[1].step_id));
	mcase_release(&c);
}

/* ---- sums ---- */

static void sums_are_claims(void **state)
{
	char *agent = SPAN(1, 1, 0, 0, 9, "gen_ai.operation.name=invoke_agent",
			   "gen_ai.request.model=gpt-5",
			   "gen_ai.agent.name=fixer", TOKENS(500, 50));
	struct mcase c;

	(void)state;
	mcase_init(&c, "");
	give(&c, "x", agent);
	assert_int_equal(c.b->n_attempts, 0);
	assert_int_equal(c.b->n_claims, 1);
	assert_int_equal(c.b->claims[0].e.sum.quality, QUALITY_AGGREGATE);
	assert_int_equal(c.b->claims[0].e.sum.rank, RANK_AGGREGATE);
	assert_true(c.b->claims[0].e.due_us == clock_now_us() + 60 * 1000000);
	mcase_release(&c);

	mcase_init(&c, ""); /* its calls are there */
	give(&c, "x",
	     both(SPAN(1, 1, 0, 0, 9, "gen_ai.operation.name=invoke_agent",
		       TOKENS(500, 50)),
		  SPAN(1, 2, 1, 1, 2, CHAT, TOKENS(500, 50))));
	assert_int_equal(c.b->n_claims, 0);
	assert_int_equal(calls_of(&c), 1);
	mcase_release(&c);
}

/* ---- tasks ---- */

static const struct bt_task *task_at(const struct mcase *c, size_t i)
{
	return &c->b->tasks[c->b->attempts[i].e.task];
}

static void sessions_come_late(void **state)
{
	struct mcase c;

	(void)state;
	mcase_init(&c, "");
	give(&c, "x", SPAN(7, 2, 1, 0, 1, CHAT, TOKENS(10, 1)));
	assert_int_equal(task_at(&c, 0)->e.ext_id.len, 32);
	assert_int_equal(c.b->attempts[0].e.who_rank, RANK_FALLBACK);
	give(&c, "x",
	     SPAN(7, 1, 0, 0, 2, "gen_ai.operation.name=invoke_agent",
		  "gen_ai.conversation.id=conv"));
	assert_int_equal(c.b->n_attempts, 2);
	assert_true(str_is(task_at(&c, 1)->e.ext_id, "conv"));
	assert_int_equal(c.b->attempts[1].e.who_rank, RANK_OTHER);
	assert_int_equal(c.b->attempts[1].e.rank, RANK_HINT);
	assert_int_equal(calls_of(&c), 1);
	/* From now on the trace is that session. */
	give(&c, "x", SPAN(7, 3, 1, 1, 2, CHAT, TOKENS(11, 1)));
	assert_true(str_is(task_at(&c, 2)->e.ext_id, "conv"));
	mcase_release(&c);
}

static void classes(void **state)
{
	struct mcase c;

	(void)state;
	mcase_init(&c, "billing: service=svc, agent=inv*");
	give(&c, "x",
	     SPAN(1, 1, 0, 0, 1, CHAT, TOKENS(1, 1),
		  "gen_ai.agent.name=invoicer"));
	assert_true(str_is(task_at(&c, 0)->e.class_name, "billing"));
	assert_int_equal(task_at(&c, 0)->e.class_rank, CLASS_RULE);
	give(&c, "x",
	     SPAN(2, 1, 0, 0, 1, CHAT, TOKENS(1, 1), "aco.class=legal",
		  "team.id=red"));
	assert_true(str_is(task_at(&c, 1)->e.class_name, "legal"));
	assert_int_equal(task_at(&c, 1)->e.class_rank, CLASS_EXPLICIT);
	assert_true(str_is(task_at(&c, 1)->e.team, "red"));
	assert_true(str_is(task_at(&c, 1)->e.agent, "svc"));
	mcase_release(&c);
}

static void sub_agents(void **state)
{
	struct mcase c;

	(void)state;
	mcase_init(&c, "");
	mcase_log(&c, "com.anthropic.claude_code.events",
		  "{\"timeUnixNano\":\"1795400000000000000\",\"attributes\":["
		  "{\"key\":\"event.name\",\"value\":{\"stringValue\":"
		  "\"api_request\"}},"
		  "{\"key\":\"session.id\",\"value\":{\"stringValue\":\"s\"}},"
		  "{\"key\":\"agent_id\",\"value\":{\"stringValue\":\"a1\"}},"
		  "{\"key\":\"request_id\",\"value\":{\"stringValue\":"
		  "\"req_011CaaaaBBBBccccDDDD1\"}},"
		  "{\"key\":\"model\",\"value\":{\"stringValue\":"
		  "\"claude-sonnet-4-5\"}},"
		  "{\"key\":\"input_tokens\",\"value\":{\"intValue\":5}},"
		  "{\"key\":\"output_tokens\",\"value\":{\"intValue\":6}}]}");
	assert_int_equal(c.b->n_attempts, 1);
	assert_true(str_is(task_at(&c, 0)->e.ext_id, "s/a1"));
	assert_false(uuid_is_nil(task_at(&c, 0)->parent_id));
	assert_true(str_is(task_at(&c, 0)->e.agent, "claude-code:subagent"));
	assert_true(uuid_eq(task_at(&c, 0)->parent_id,
			    task_id_of(STR("claude-code"), STR("s"))));
	mcase_release(&c);
}

/* ---- evaluations ---- */

static void eval_log(struct mcase *c, const char *score, const char *more)
{
	char *s = xasprintf(
		"{\"timeUnixNano\":\"1795400001000000000\",\"traceId\":"
		"\"%032x\",\"eventName\":\"gen_ai.evaluation.result\","
		"\"attributes\":[{\"key\":\"gen_ai.evaluation.name\",\"value\":"
		"{\"stringValue\":\"good\"}},{\"key\":"
		"\"gen_ai.evaluation.score.value\",\"value\":%s}%s]}",
		1u, score, more);

	mcase_log(c, "x", s);
	free(s);
}

static void evaluations(void **state)
{
	const struct bt_outcome *o;
	struct mcase c;

	(void)state;
	mcase_init(&c, "");
	give(&c, "x",
	     SPAN(1, 1, 0, 0, 1, CHAT, TOKENS(1, 1), "gen_ai.response.id=r-9"));
	eval_log(&c, "{\"doubleValue\":0.5}",
		 ",{\"key\":\"gen_ai.response.id\",\"value\":"
		 "{\"stringValue\":\"r-9\"}}");
	eval_log(&c, "{\"intValue\":4}", "");
	assert_int_equal(c.b->n_outcomes, 2);
	o = &c.b->outcomes[0];
	assert_int_equal(o->e.success_micro, 500000);
	assert_true(uuid_eq(o->step_id, c.b->attempts[0].step_id));
	o = &c.b->outcomes[1];
	assert_int_equal(o->e.success_micro, -1);
	assert_true(str_is(o->e.label, "4"));
	assert_true(uuid_is_nil(o->step_id));
	assert_int_equal(o->e.task, c.b->attempts[0].e.task);
	mcase_release(&c);
}

/* ---- a sink that takes nothing ---- */

static void full_sinks_are_told(void **state)
{
	struct mcase c;

	(void)state;
	mcase_init(&c, "");
	c.sink_rc = RC_BUSY;
	give(&c, "x", SPAN(1, 1, 0, 0, 1, CHAT, TOKENS(1, 1)));
	assert_int_equal(c.b->n_attempts, 0);
	assert_int_equal(c.counts.calls, 0);
	c.sink_rc = RC_OK; /* the retry finds its place */
	give(&c, "x", SPAN(1, 1, 0, 0, 1, CHAT, TOKENS(1, 1)));
	assert_int_equal(calls_of(&c), 1);
	mcase_release(&c);
}

/* Nothing that was said or answered leaves. */
static void no_content(void **state)
{
	struct mcase c;
	struct str s;

	(void)state;
	mcase_init(&c, "");
	give(&c, "x",
	     SPAN(1, 1, 0, 0, 1, CHAT, TOKENS(1, 1),
		  "gen_ai.input.messages=SECRET", "input.value=SECRET",
		  "gen_ai.prompt.0.content=SECRET", "ai.prompt=SECRET",
		  "error.message=no SECRET words\\nbeyond the first"));
	assert_int_equal(c.b->n_attempts, 1);
	s = c.b->attempts[0].e.error_class;
	assert_true(str_is(s, "no"));
	for (size_t i = 0; i < c.b->n_tasks; i++)
		assert_false(str_contains(c.b->tasks[i].e.attrs, "SECRET"));
	mcase_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested_spans_are_one),
		cmocka_unit_test(same_response_is_one),
		cmocka_unit_test(samples_are_two),
		cmocka_unit_test(tools_make_steps),
		cmocka_unit_test(sdk_steps_group),
		cmocka_unit_test(sums_are_claims),
		cmocka_unit_test(sessions_come_late),
		cmocka_unit_test(classes),
		cmocka_unit_test(sub_agents),
		cmocka_unit_test(evaluations),
		cmocka_unit_test(full_sinks_are_told),
		cmocka_unit_test(no_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
