/* Native events in the ledger: a body again adds nothing, calls told by others
 * are the same calls, verdicts come late and are corrected. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/callname.h"
#include "ingest/langfuse.h"
#include "ingest/native.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static enum rc put_task(void *arg, const struct ev_task *t, struct err *e)
{
	uint32_t index;

	return batch_task(arg, t, &index, e);
}

static enum rc put_attempt(void *arg, const struct ev_task *t,
			   const struct ev_attempt *a, struct err *e)
{
	struct ev_attempt copy = *a;
	enum rc rc = batch_task(arg, t, &copy.task, e);

	return rc ? rc : batch_attempt(arg, &copy, e);
}

static enum rc put_outcome(void *arg, const struct ev_task *t,
			   const struct ev_outcome *o, struct err *e)
{
	struct ev_outcome copy = *o;
	enum rc rc = batch_task(arg, t, &copy.task, e);

	return rc ? rc : batch_outcome(arg, &copy, e);
}

static int64_t now = NOW;

/* The body as a daemon would take it. */
static struct ledger_counts send(struct ledger *l, native_read *read,
				 const char *body, const char *same_as)
{
	struct batch *b = batch_new(16 << 20);
	const struct sink sink = {.task = put_task,
				  .attempt = put_attempt,
				  .outcome = put_outcome,
				  .arg = b};
	const struct native_ask ask = {
		.from = {.source = STR("native"), .received_us = now},
		.same_as = str_from(same_as)};
	struct native_answer answer;
	struct ledger_counts c;
	struct err e;

	ASSERT_OK(read(str_from(body), &ask, &sink, &answer, &e), &e);
	c = append(l, b);
	batch_free(b);
	return c;
}

static const char events[] =
	"{\"type\":\"attempt\",\"task\":{\"id\":\"t1\",\"class\":\"coding\"},"
	"\"model\":\"gpt-4o\",\"usage\":{\"uncached_in\":1000,\"output\":10}}\n"
	"{\"type\":\"attempt\",\"task\":{\"id\":\"t1\"},\"model\":\"gpt-4o\","
	"\"usage\":{\"uncached_in\":2000,\"output\":20},\"ids\":{\"id\":"
	"\"c2\"},\"step\":{\"key\":\"s\",\"tool\":\"Edit\"}}\n"
	"{\"type\":\"task\",\"task\":{\"id\":\"t2\",\"team\":\"red\"}}\n"
	"{\"type\":\"outcome\",\"task\":{\"id\":\"t1\"},\"key\":\"tests\","
	"\"success\":true,\"id\":\"o1\"}";

static void test_again(void **state)
{
	const char *url = harness_db("native_again");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct ledger_counts c = send(l, native_events, events, NULL);
	char *before = dump(db), *after;

	(void)state;
	assert_int_equal(c.attempts_new, 2);
	assert_int_equal(c.outcomes_new, 1);
	assert_int_equal(c.unpriced, 0);
	now = NOW + 60 * US_PER_SEC; /* a client that tries again */
	c = send(l, native_events, events, NULL);
	now = NOW;
	assert_int_equal(c.attempts_new + c.outcomes_new + c.tasks_new, 0);
	after = dump(db);
	same_dump(before, after, "the same body, later");
	assert_string_equal(
		harness_sql_text(db, "SELECT sum(uncached_in)::text || '/' || "
				     "count(*) FROM attempt"),
		"3000/2");
	assert_string_equal(
		harness_sql_text(db,
				 "SELECT kind::text FROM step WHERE tool_id "
				 "IS NOT NULL"),
		"edit");
	free(before);
	free(after);
	ledger_close(l);
	db_close(db);
}

/* A span of OTLP and a native event with its ids are one row. */
static void test_other_source(void **state)
{
	const char *url = harness_db("native_other");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct ev_attempt a = call(add_task(b, "trace", NULL), "x");
	struct ledger_counts c;

	(void)state;
	a.keys[0] = callname_span(STR("0af7651916cd43dd8448eb211c80319c"),
				  STR("b7ad6b7169203331"));
	a.rank = RANK_OTHER;
	a.started_us = NOW - 5 * US_PER_SEC;
	a.ended_us = NOW - 4 * US_PER_SEC;
	add(b, &a);
	append(l, b);
	batch_free(b);
	c = send(l, native_events,
		 "{\"type\":\"attempt\",\"task\":{\"id\":\"t\"},\"model\":"
		 "\"gpt-4o\",\"ids\":{\"trace_id\":"
		 "\"0AF7651916CD43DD8448EB211C80319C\",\"span_id\":"
		 "\"b7ad6b7169203331\"},\"usage\":{\"output\":4}}",
		 NULL);
	assert_int_equal(c.attempts_new, 0);
	assert_int_equal(c.attempts_merged, 1);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 1);
	ledger_close(l);
	db_close(db);
}

static int64_t verdict(struct db *db)
{
	return harness_sql_i64(db, "SELECT coalesce(success_micro, -1) FROM "
				   "task WHERE ext_id = 'late'");
}

/* A verdict before its task, again, corrected, and an old one after that. */
static void test_verdicts(void **state)
{
	const char *url = harness_db("native_verdicts");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	static const char first[] = "{\"task\":\"late\",\"success\":1}";
	struct ledger_counts c;

	(void)state;
	c = send(l, native_outcomes, first, "k1");
	assert_int_equal(c.outcomes_new, 1);
	now = NOW + US_PER_SEC;
	c = send(l, native_outcomes, first, "k1"); /* a retry */
	assert_int_equal(c.outcomes_new, 0);
	assert_int_equal(verdict(db), 1000000);
	send(l, native_events,
	     "{\"type\":\"attempt\",\"task\":{\"id\":\"late\"},\"model\":"
	     "\"gpt-4o\"}",
	     NULL);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM task"), 1);
	assert_int_equal(verdict(db), 1000000);
	now = NOW + 2 * US_PER_SEC;
	c = send(l, native_outcomes, "{\"task\":\"late\",\"success\":0.25}",
		 "k2");
	assert_int_equal(c.outcomes_new, 1);
	assert_int_equal(verdict(db), 250000);
	send(l, native_outcomes,
	     "{\"task\":\"late\",\"success\":0,\"at\":\"2026-11-01\"}", NULL);
	assert_int_equal(verdict(db), 250000); /* the latest stands */
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM outcome"),
			 3);
	now = NOW;
	ledger_close(l);
	db_close(db);
}

/* A call of Langfuse begun in one batch and ended in the next. */
static void test_langfuse(void **state)
{
	static const char *const bodies[] = {
		"{\"batch\":[{\"id\":\"e2\",\"type\":\"generation-update\","
		"\"body\":{\"id\":\"g\",\"traceId\":\"t\",\"startTime\":"
		"\"2026-11-24T05:00:00Z\",\"endTime\":\"2026-11-24T05:00:08Z\","
		"\"usageDetails\":{\"input\":7,\"output\":3}}}]}",
		"{\"batch\":[{\"id\":\"e1\",\"type\":\"generation-create\","
		"\"body\":{\"id\":\"g\",\"traceId\":\"t\",\"model\":\"gpt-4o\","
		"\"startTime\":\"2026-11-24T05:00:00Z\"}}]}"};
	const char *url = harness_db("native_langfuse");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct batch *b = batch_new(1 << 20);
		const struct sink sink = {.task = put_task,
					  .attempt = put_attempt,
					  .outcome = put_outcome,
					  .arg = b};
		const struct native_ask ask = {.from.received_us = NOW};
		struct langfuse_counts counts;
		struct buf answer;
		struct err e;

		buf_init(&answer, 4096);
		ASSERT_OK(langfuse_batch(str_from(bodies[i % 2]), &ask, &sink,
					 &answer, &counts, &e),
			  &e);
		append(l, b);
		batch_free(b);
		buf_release(&answer);
	}
	assert_string_equal(
		harness_sql_text(db,
				 "SELECT concat_ws('/', m.name, "
				 "a.uncached_in, a.output, a.cost_pusd > 0) "
				 "FROM attempt a JOIN model m ON m.id = "
				 "a.model_id"),
		"gpt-4o/7/3/t");
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 1);
	ledger_close(l);
	db_close(db);
}

/* aco outcome add. */
static void test_command(void **state)
{
	const char *url = harness_db("native_command");
	char var[512];
	const char *const env[] = {var, "ACO_NOW=2026-11-24T05:20:00Z", NULL};
	const struct harness_run how = {.env = env};
	struct db *db = harness_open(url);
	struct harness_end end;

	(void)state;
	snprintf(var, sizeof(var), "ACO_DATABASE_URL=%s", url);
	end = HARNESS_ACO(&how, "outcome", "add", "late", "--success", "true",
			  "--source", "ci");
	assert_string_equal(end.err, "");
	assert_string_equal(end.out, "recorded\n");
	harness_end_free(&end);
	end = HARNESS_ACO(&how, "outcome", "add", "late", "--success", "true",
			  "--source", "ci", "--json");
	assert_string_equal(end.out, "{\"new\":false}\n");
	harness_end_free(&end);
	assert_int_equal(verdict(db), 1000000);
	end = HARNESS_ACO(&how, "outcome", "add", "x", "--success", "2");
	assert_int_equal(end.code, 1);
	ASSERT_CONTAINS(end.err, "success: must be a number from 0 to 1");
	harness_end_free(&end);
	end = HARNESS_ACO(&how, "outcome", "add", "x", "--success", "1}");
	assert_int_equal(end.code, 2);
	harness_end_free(&end);
	end = HARNESS_ACO(&how, "outcome", "add", "x");
	assert_int_equal(end.code, 2);
	harness_end_free(&end);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_other_source),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_langfuse),
		cmocka_unit_test(test_command),
	};

	clock_fix(NOW);
	return harness_main("native", tests, N(tests));
}
