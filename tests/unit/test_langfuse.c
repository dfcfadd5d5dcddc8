/* Batches of Langfuse's older clients, and single scores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/callname.h"
#include "ingest/langfuse.h"
#include "ledger/base/clock.h"
#include "ledger/batch.h"

#define NOW INT64_C(1800000000000000)

static struct batch *b;
static struct langfuse_counts counts;
static struct buf answer;
static struct err e;

static int setup(void **state)
{
	(void)state;
	clock_fix(NOW);
	b = batch_new(16 << 20);
	buf_init(&answer, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	batch_free(b);
	buf_release(&answer);
	clock_fix(TIME_NONE);
	return 0;
}

static enum rc put_task(void *arg, const struct ev_task *t, struct err *why)
{
	uint32_t index;

	return batch_task(arg, t, &index, why);
}

static enum rc put_attempt(void *arg, const struct ev_task *t,
			   const struct ev_attempt *a, struct err *why)
{
	struct ev_attempt copy = *a;
	enum rc rc = batch_task(arg, t, &copy.task, why);

	return rc ? rc : batch_attempt(arg, &copy, why);
}

static enum rc put_outcome(void *arg, const struct ev_task *t,
			   const struct ev_outcome *o, struct err *why)
{
	struct ev_outcome copy = *o;
	enum rc rc = batch_task(arg, t, &copy.task, why);

	return rc ? rc : batch_outcome(arg, &copy, why);
}

static enum rc send(const char *body)
{
	const struct sink s = {.task = put_task,
			       .attempt = put_attempt,
			       .outcome = put_outcome,
			       .arg = b};
	const struct native_ask ask = {
		.from = {.team = STR("red"), .received_us = NOW}};

	buf_clear(&answer);
	return langfuse_batch(str_from(body), &ask, &s, &answer, &counts, &e);
}

static void ok(const char *body, const char *want)
{
	if (send(body))
		fail_msg("%s", e.msg);
	if (want)
		assert_string_equal(buf_str(&answer), want);
}

#define CREATE                                                                 \
	"{\"id\":\"e1\",\"type\":\"generation-create\",\"timestamp\":"         \
	"\"2026-11-24T05:00:00Z\",\"body\":{\"id\":\"g\",\"traceId\":\"t\","   \
	"\"model\":\"gpt-4o\",\"startTime\":\"2026-11-24T05:00:00Z\"}}"
#define UPDATE                                                                 \
	"{\"id\":\"e2\",\"type\":\"generation-update\",\"timestamp\":"         \
	"\"2026-11-24T05:00:09Z\",\"body\":{\"id\":\"g\",\"traceId\":\"t\","   \
	"\"endTime\":\"2026-11-24T05:00:08Z\",\"usageDetails\":{\"input\":7,"  \
	"\"output\":3}}}"

/* A call that begins and ends in one batch is one report. */
static void test_joined(void **state)
{
	const struct ev_attempt *a;

	(void)state;
	ok("{\"batch\":[" CREATE "," UPDATE "],\"metadata\":{}}",
	   "{\"successes\":[{\"id\":\"e1\",\"status\":201},{\"id\":\"e2\","
	   "\"status\":201}],\"errors\":[]}");
	assert_int_equal(b->n_attempts, 1);
	assert_int_equal(counts.attempts, 1);
	a = &b->attempts[0].e;
	assert_true(str_is(a->model, "gpt-4o"));
	assert_true(a->started_us != TIME_NONE && a->ended_us != TIME_NONE);
	assert_int_equal(a->usage.n[USAGE_UNCACHED_IN], 7);
	assert_int_equal(a->usage.n[USAGE_OUTPUT], 3);
	assert_int_equal(a->rank, RANK_OTHER);
	assert_true(uuid_eq(a->keys[0], callname_line(STR("langfuse"), STR("t"),
						      STR("g"))));
	assert_true(str_is(b->tasks[0].e.sender, "langfuse"));
	assert_true(str_is(b->tasks[0].e.ext_id, "t"));
	assert_true(str_is(b->tasks[0].e.team, "red"));
}

/* Over two batches it has one name; the part without a model is a hint. */
static void test_apart(void **state)
{
	(void)state;
	ok("{\"batch\":[" CREATE "]}", NULL);
	ok("{\"batch\":[" UPDATE "]}", NULL);
	assert_int_equal(b->n_attempts, 2);
	assert_true(
		uuid_eq(b->attempts[0].e.keys[0], b->attempts[1].e.keys[0]));
	assert_int_equal(b->attempts[0].e.rank, RANK_OTHER);
	assert_int_equal(b->attempts[1].e.rank, RANK_HINT);
}

static void test_kinds(void **state)
{
	(void)state;
	ok("{\"batch\":["
	   "{\"id\":\"1\",\"type\":\"trace-create\",\"body\":{\"id\":\"t\","
	   "\"name\":\"helper\",\"userId\":\"u\",\"sessionId\":\"s\"}},"
	   "{\"id\":\"2\",\"type\":\"span-create\",\"body\":{\"id\":\"x\","
	   "\"traceId\":\"t\"}},"
	   "{\"id\":\"3\",\"type\":\"observation-create\",\"body\":{\"id\":"
	   "\"y\",\"traceId\":\"t\",\"type\":\"GENERATION\",\"model\":\"m\"}},"
	   "{\"id\":\"4\",\"type\":\"observation-create\",\"body\":{\"id\":"
	   "\"z\",\"traceId\":\"t\",\"type\":\"SPAN\"}},"
	   "{\"id\":\"5\",\"type\":\"score-create\",\"body\":{\"id\":\"sc\","
	   "\"traceId\":\"t\",\"name\":\"quality\",\"value\":0.5}},"
	   "{\"id\":\"6\",\"type\":\"agent-create\",\"body\":{\"id\":\"q\"}},"
	   "{\"id\":\"7\",\"type\":\"sdk-log\",\"body\":{}}]}",
	   NULL);
	assert_int_equal(counts.refused, 0);
	assert_int_equal(b->n_attempts, 1);
	assert_int_equal(b->n_outcomes, 1);
	assert_int_equal(b->n_tasks, 1);
	assert_true(str_is(b->tasks[0].e.agent, "helper"));
	assert_string_equal(b->tasks[0].e.attrs.p,
			    "{\"session_id\":\"s\",\"user_id\":\"u\"}");
	assert_int_equal(b->outcomes[0].e.success_micro, 500000);
	assert_true(b->outcomes[0].e.at_us == NOW);
	assert_true(str_is(b->outcomes[0].e.key, "quality"));
}

/* Each event has its own answer; the good ones are taken. */
static void test_errors(void **state)
{
	(void)state;
	ok("{\"batch\":["
	   "{\"id\":\"1\",\"type\":\"nonsense\",\"body\":{}},"
	   "{\"id\":\"2\",\"type\":\"generation-create\",\"body\":{\"traceId\":"
	   "\"t\"}},"
	   "{\"id\":\"3\",\"type\":\"score-create\",\"body\":{\"traceId\":"
	   "\"t\"}},"
	   "{\"id\":\"4\",\"type\":\"trace-create\"},"
	   "{\"type\":\"trace-create\",\"body\":{\"id\":\"t\"}},7," CREATE
	   ",{\"id\":\"8\",\"type\":\"generation-create\",\"body\":{\"id\":"
	   "\"h\",\"usage\":{\"input\":-1}}}]}",
	   NULL);
	assert_int_equal(counts.refused, 7);
	assert_int_equal(b->n_attempts, 1);
	assert_true(str_starts(str_from(buf_str(&answer)),
			       "{\"successes\":[{\"id\":\"e1\",\"status\":201}]"
			       ",\"errors\":[{\"id\":\"1\",\"status\":400,"
			       "\"message\":\"Invalid request data\",\"error\":"
			       "\"type: no such type\"}"));
	assert_int_equal(send("{\"batch\":7}"), RC_BAD);
	assert_int_equal(send("{}"), RC_BAD);
	assert_int_equal(send("[]"), RC_BAD);
	assert_int_equal(send("{\"batch\":["), RC_BAD);
	assert_int_equal(send("{\"batch\":[]}"), RC_OK);
}

/* The parts of a call that is refused are all refused. */
static void test_fate(void **state)
{
	(void)state;
	ok("{\"batch\":[" CREATE
	   ",{\"id\":\"e2\",\"type\":\"generation-update\",\"body\":{\"id\":"
	   "\"g\",\"traceId\":\"t\",\"usageDetails\":{\"input\":0.5}}}]}",
	   NULL);
	assert_int_equal(counts.refused, 2);
	assert_int_equal(b->n_attempts, 0);
}

/* Many parts of one observation: the first says what it began with, the last
 * what it came to. */
static void test_many_parts(void **state)
{
	struct buf body;

	(void)state;
	buf_init(&body, 65536);
	buf_adds(&body, "{\"batch\":[" CREATE);
	for (int i = 0; i < 50; i++)
		buf_addf(&body,
			 ",{\"id\":\"u%d\",\"type\":\"generation-update\","
			 "\"body\":{\"id\":\"g\",\"traceId\":\"t\",\"usage\":"
			 "{\"input\":%d,\"output\":%d}}}",
			 i, i, i);
	buf_adds(&body, "]}");
	ok(buf_str(&body), NULL);
	assert_int_equal(b->n_attempts, 1);
	assert_true(str_is(b->attempts[0].e.model, "gpt-4o"));
	assert_int_equal(b->attempts[0].e.usage.n[USAGE_OUTPUT], 49);
	buf_release(&body);
}

static void test_score(void **state)
{
	const struct sink s = {.outcome = put_outcome, .arg = b};
	const struct native_ask ask = {.from = {.received_us = NOW}};
	static const char body[] = "{\"id\":\"s1\",\"traceId\":\"t\",\"name\":"
				   "\"ok\",\"value\":1}";

	(void)state;
	for (int i = 0; i < 2; i++) {
		buf_clear(&answer);
		assert_int_equal(langfuse_one_score(str_from(body), &ask, &s,
						    &answer, &e),
				 RC_OK);
		assert_string_equal(buf_str(&answer), "{\"id\":\"s1\"}");
	}
	assert_true(uuid_eq(b->outcomes[0].id, b->outcomes[1].id));
	assert_int_equal(langfuse_one_score(STR("{\"name\":\"x\"}"), &ask, &s,
					    &answer, &e),
			 RC_BAD);
	assert_int_equal(langfuse_one_score(STR("7"), &ask, &s, &answer, &e),
			 RC_BAD);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_joined), T(test_apart), T(test_kinds),
		T(test_errors), T(test_fate),  T(test_many_parts),
		T(test_score),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
