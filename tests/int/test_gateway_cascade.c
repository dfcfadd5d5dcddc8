/* Real escalation cascades, played again through the gateway: HumanEval by
 * llama3-8b, then gpt-3.5, then llama3-70b, then gpt-4, each asked when the
 * tests of the one before had failed (traces_agents_that_matter). aco mock
 * plays the models: its script has, for each run and model, the tokens of then
 * and whether the tests passed. Every call, dollar and success of the ledger
 * must be that of the traces, to the pico-dollar.
 *
 * Played in both ways that a user has:
 *
 *   the client climbs   it names the model, runs the tests on the reply (here
 *                       the reply says how they went), and asks the next model
 *                       within the same step;
 *   the gateway climbs  it is asked for `auto`, once a run. The reply is
 *                       demanded in JSON, and where the tests had failed it is
 *                       none: the evidence by which the gateway moves the step
 *                       up. For the cascade whose order is that of its prices.
 *
 * What became of each run is told by POST /v1/outcomes. The data is not part of
 * the project: without it nothing is tested, and that is said. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/bundle_watch.h"
#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "ledger/gz_lines.h"
#include "ledger/shelf.h"
#include "router/bundle_build.h"
#include "tests/int/gw_help.h"
#include "tests/shared.h"

#define STEPS_MAX 4
#define RUNS_MAX  4096
#define CLIMBED   "simple_boosting:l3_8b-gpt35-l3_70b-gpt4-0409"

/* Dollars per million tokens of then. */
static const char prices[] =
	"source,provider,model,valid_from,input_per_mtok,output_per_mtok\n"
	"then,openai,meta-llama/Llama-3-8b-chat-hf,,0.2,0.2\n"
	"then,openai,meta-llama/Llama-3-70b-chat-hf,,0.9,0.9\n"
	"then,openai,gpt-3.5-turbo-0125,,0.5,1.5\n"
	"then,openai,gpt-35-turbo,,1.5,2\n"
	"then,openai,azure_gpt-35-turbo-0613,,1.5,2\n"
	"then,openai,gpt-4-turbo-2024-04-09,,10,30\n"
	"then,openai,gpt-4-0125,,10,30\n"
	"then,openai,azure_gpt-4-0613,,30,60\n";
#define ARMS 4
static const struct {
	const char *name, *tier;
	float rate, cost_pusd; /* about, of the traces' first steps */
} arms[ARMS] = {
	{"meta-llama/Llama-3-8b-chat-hf", "1", 0.65F, 9e7F},
	{"gpt-3.5-turbo-0125", "2", 0.7F, 4e8F},
	{"meta-llama/Llama-3-70b-chat-hf", "3", 0.75F, 5e8F},
	{"gpt-4-turbo-2024-04-09", "4", 0.85F, 1.2e10F},
};

struct step {
	char model[64], usd[32];
	int64_t in, out;
};
struct run {
	char id[128];
	bool climbed; /* by the gateway, too */
	double success;
	struct step step[STEPS_MAX];
	int n;
};
#define DATA "traces_agents_that_matter"

static struct run *runs;
static int n_runs;
static struct gw_world w;
static pid_t mock;

/* ---- the traces ---- */

static void put(char *to, size_t cap, const struct json *v, struct arena *a)
{
	struct str s = json_str(v, a);

	assert_true(s.len && s.len < cap);
	memcpy(to, s.p, s.len);
	to[s.len] = 0;
}

/* Which of the cascades it is: what the ids begin with. */
static int cascade(const char *name)
{
	static char names[8][128];
	static int n;
	int i = 0;

	while (i < n && strcmp(names[i], name) != 0)
		i++;
	if (i == n)
		snprintf(names[n++], sizeof(names[0]), "%s", name);
	assert_true(n <= 8);
	return i;
}

static void read_run(const struct json *line, struct arena *a)
{
	const struct json *steps = json_get(line, "steps");
	struct run *r = &runs[n_runs];
	char name[128], task[64], no[16];

	put(name, sizeof(name), json_get(line, "model"), a);
	if (strncmp(name, "simple_boosting:l3_8b", 21) != 0)
		return;
	assert_true(n_runs < RUNS_MAX);
	put(task, sizeof(task), json_get(line, "task_id"), a);
	put(no, sizeof(no), json_get(line, "run"), a);
	snprintf(r->id, sizeof(r->id), "%d/%s/%s", cascade(name), no, task);
	r->climbed = !strcmp(name, CLIMBED);
	assert_true(json_double(json_get(line, "success"), &r->success));
	for (const struct json *s = json_first(steps); s;
	     s = json_next(steps, s)) {
		struct step *to = &r->step[r->n++];

		assert_true(r->n <= STEPS_MAX);
		put(to->model, sizeof(to->model), json_get(s, "model"), a);
		put(to->usd, sizeof(to->usd), json_get(s, "cost_usd"), a);
		assert_true(json_i64(json_get(s, "input_tokens"), &to->in));
		assert_true(json_i64(json_get(s, "output_tokens"), &to->out));
	}
	assert_true(r->n > 0);
	n_runs++;
}

static void read_traces(void)
{
	struct gz_lines *g;
	struct json_doc d;
	struct arena a;
	struct str line;
	struct err e;
	bool more = true;
	char *path = shared_need(DATA);

	runs = xcalloc(RUNS_MAX, sizeof(*runs));
	ASSERT_OK(gz_lines_open(&g, path, &e), &e);
	free(path);
	json_doc_init(&d, 1 << 20);
	arena_init(&a, 1 << 24);
	while (more) {
		ASSERT_OK(gz_lines_next(g, &line, &more, &e), &e);
		if (!more || !line.len)
			continue;
		arena_clear(&a);
		ASSERT_OK(json_parse(&d, line, &e), &e);
		read_run(d.nodes, &a);
	}
	gz_lines_close(g);
	json_doc_release(&d);
	arena_release(&a);
}

/* ---- the world of then ---- */

static void write_script(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	for (int i = 0; i < n_runs; i++) {
		const struct run *r = &runs[i];

		for (int k = 0; k < r->n; k++) {
			const struct step *s = &r->step[k];

			fprintf(f,
				"{\"task\":\"%s\",\"model\":\"%s\","
				"\"input_tokens\":%lld,\"output_tokens\":%lld,"
				"\"text\":\"%s\"}\n",
				r->id, s->model, (long long)s->in,
				(long long)s->out,
				k + 1 < r->n ? "tests failed"
					     : "{\\\"tests\\\":\\\"ok\\\"}");
		}
	}
	assert_int_equal(fclose(f), 0);
}

static bool listens(void *arg)
{
	char *said = harness_read(arg);
	bool yes = strchr(said, '\n');

	free(said);
	return yes;
}

static void start_mock(void)
{
	char script[512], out[512], url[256];
	char *said;

	snprintf(script, sizeof(script), "%s/script.jsonl", w.home);
	snprintf(out, sizeof(out), "%s/mock.out", w.home);
	write_script(script);
	mock = harness_aco_start(NULL,
				 (const char *const[]){"mock", "--script",
						       script, "--ttft", "0",
						       "--gap", "0", NULL},
				 out, out);
	poll_until(listens, out, 10000, "the mock");
	said = harness_read(out);
	snprintf(url, sizeof(url), "%.*s/v1", (int)strcspn(said, "\n"), said);
	free(said);
	gw_world_set(&w, "ACO_OPENAI_BASE_URL", url);
}

/* A router version that knows what these models do and cost, and serves
 * without anything learned. */
static void write_bundle(struct buf *out)
{
	struct bundle_build *b = bundle_build_new();
	float rate[ARMS], cost[ARMS], seen[ARMS];
	struct bundle_class fleet = {.name = STR("fleet"),
				     .parent = -1,
				     .tasks = 100,
				     .floor = 1,
				     .rate = rate,
				     .cost = cost,
				     .seen = seen,
				     .policy = {.kind = POLICY_STATIC,
						.high_share = 1,
						.accept = 2,
						.confidence = 0.95F}};
	struct err e;

	for (int i = 0; i < ARMS; i++) {
		const struct bundle_arm a = {.name = str_from(arms[i].name),
					     .tier = i + 1,
					     .lender = i,
					     .success = -1,
					     .cost = -1};

		bundle_build_arm(b, &a);
		rate[i] = fleet.tier_rate[i] = arms[i].rate;
		cost[i] = arms[i].cost_pusd;
		seen[i] = 100;
	}
	fleet.tier_rate[ARMS] = arms[ARMS - 1].rate;
	bundle_build_class(b, &fleet);
	bundle_build_certificate(b, STR("{}"));
	ASSERT_OK(bundle_build_write(b, out, &e), &e);
	bundle_build_free(b);
}

static void serve_bundle(void)
{
	struct conf c = {.home = xstrdup(w.home)};
	struct bundle *view;
	struct buf b;
	struct err e;
	int32_t id;

	buf_init(&b, BUNDLE_BYTES_MAX);
	write_bundle(&b);
	ASSERT_OK(bundle_view(&view, b.p, b.len, &e), &e);
	ASSERT_OK(shelf_add(w.db, bundle_schema(view), STR("{}"),
			    (struct str){b.p, b.len}, true, &id, &e),
		  &e);
	ASSERT_OK(bundle_files_serve(&c, id, "", b.p, b.len, &e), &e);
	bundle_drop(view);
	buf_release(&b);
	free(c.home);
}

static void it_starts(void **state)
{
	char path[512];

	(void)state;
	read_traces();
	gw_world_init(&w, "gateway_cascade");
	start_mock();
	gw_world_set(&w, "ACO_ROUTE_MODE", "live");
	gw_world_set(&w, "ACO_ROUTE_EXPLORE_PERMILLE", "0");
	/* A failure costs next to nothing: the cheapest that is left is next.
	 */
	gw_world_set(&w, "ACO_ROUTE_GOAL", "failure:0.000001");
	snprintf(path, sizeof(path), "%s/prices.csv", w.home);
	harness_write(path, prices);
	GW_ACO(&w, "price", "import", path);
	for (int i = 0; i < ARMS; i++)
		GW_ACO(&w, "model", "set", arms[i].name, "--provider", "openai",
		       "--protocol", "openai", "--tier", arms[i].tier,
		       "--enable");
	serve_bundle();
	gw_world_serve(&w);
}

/* ---- playing ---- */

static struct gw_got ask(const struct run *r, const char *task,
			 const char *model, const char *more)
{
	char headers[512], body[1024];

	snprintf(headers, sizeof(headers),
		 "x-aco-task: %s\r\nx-aco-step: solve\r\n"
		 "x-aco-class: code_generation\r\n",
		 task);
	snprintf(body, sizeof(body),
		 "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\","
		 "\"content\":\"Complete the function. [[task=%s]]\"}]%s}",
		 model, r->id, more);
	return gw_post(&w, "/v1/chat/completions", headers, body);
}

/* What the hidden tests said of all runs, when they were all played. */
static void judge(char way, bool all)
{
	struct gw_got g;
	struct buf b;
	int n = 0;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < n_runs; i++) {
		if (!all && !runs[i].climbed)
			continue;
		buf_addf(&b,
			 "%c{\"task\":{\"sender\":\"gateway\",\"id\":"
			 "\"%c/%s\"},\"success\":%g,\"source\":"
			 "\"hidden-tests\"}",
			 n++ ? ',' : '[', way, runs[i].id, runs[i].success);
	}
	buf_adds(&b, "]");
	g = gw_post(&w, "/v1/outcomes", "", buf_str(&b));
	if (g.status != 200)
		fail_msg("%d %s", g.status, buf_str(&g.body));
	gw_got_free(&g);
	buf_release(&b);
}

static bool passed(const struct gw_got *g)
{
	return strstr(buf_str(&g->body), "{\\\"tests\\\":\\\"ok\\\"}");
}

/* The order of the models is what the client knows; when to stop is what the
 * replies say. */
static void client_climbs(const struct run *r, const char *task)
{
	bool ok = false;

	for (int k = 0; k < r->n && !ok; k++) {
		struct gw_got g = ask(r, task, r->step[k].model, "");

		assert_int_equal(g.status, 200);
		ok = passed(&g);
		gw_got_free(&g);
	}
	assert_true(ok);
}

static void gateway_climbs(const struct run *r, const char *task)
{
	struct gw_got g = ask(r, task, "auto",
			      ",\"response_format\":{\"type\":"
			      "\"json_object\"}");
	char want[8];

	if (g.status != 200 || !passed(&g))
		fail_msg("%s: %d %s", task, g.status, buf_str(&g.body));
	snprintf(want, sizeof(want), "%d", r->n);
	assert_string_equal(gw_got_header(&g, "x-aco-attempts"), want);
	assert_string_equal(gw_got_header(&g, "x-aco-model"),
			    r->step[r->n - 1].model);
	gw_got_free(&g);
}

/* ---- the traces' own arithmetic ---- */

static void expect(const char *table, char way, bool all)
{
	struct buf b;
	int n = 0;

	buf_init(&b, 16 << 20);
	buf_addf(&b, "CREATE TABLE %s AS SELECT * FROM (VALUES ", table);
	for (int i = 0; i < n_runs; i++) {
		const struct run *r = &runs[i];

		if (!all && !r->climbed)
			continue;
		buf_addf(&b, "%s('%c/%s', %d, %g, 0.0", n++ ? "," : "", way,
			 r->id, r->n, r->success);
		for (int k = 0; k < r->n; k++)
			buf_addf(&b, "+'%s'::numeric", r->step[k].usd);
		buf_adds(&b, ")");
	}
	buf_adds(&b, ") x(task, calls, success, usd)");
	harness_sql(w.db, buf_str(&b));
	buf_release(&b);
}

#define DIFFER                                                                 \
	"SELECT count(*) FROM %s e FULL JOIN (SELECT * FROM v_task WHERE"      \
	" ext_id LIKE '%c/%%') t ON t.ext_id = e.task WHERE e.task IS NULL"    \
	" OR t.ext_id IS NULL OR t.attempts IS DISTINCT FROM e.calls OR"       \
	" t.cost_usd IS DISTINCT FROM e.usd OR t.success IS DISTINCT FROM"     \
	" e.success OR t.errors <> 0"

struct same {
	char sql[1024];
};
static bool is_same(void *arg)
{
	const struct same *s = arg;

	return harness_sql_i64(w.db, s->sql) == 0;
}

/* Each run by itself, and all together by the sums that are kept. */
static void are_the_same(const char *table, char way)
{
	struct same s;
	char sql[512];

	snprintf(s.sql, sizeof(s.sql), DIFFER, table, way);
	poll_until(is_same, &s, 20000, "the runs of the traces");
	snprintf(sql, sizeof(sql),
		 "SELECT concat_ws(' ', count(*), sum(calls), sum(success),"
		 " trim_scale(sum(usd))) FROM %s",
		 table);
	print_message("%s: %s (runs, calls, successes, dollars)\n", table,
		      harness_sql_text(w.db, sql));
}

static void the_client_climbs(void **state)
{
	(void)state;
	free(shared_need(DATA));
	for (int i = 0; i < n_runs; i++) {
		char task[160];

		snprintf(task, sizeof(task), "C/%s", runs[i].id);
		client_climbs(&runs[i], task);
	}
	judge('C', true);
	expect("client_climbs", 'C', true);
	are_the_same("client_climbs", 'C');
}

static void the_gateway_climbs(void **state)
{
	(void)state;
	free(shared_need(DATA));
	for (int i = 0; i < n_runs; i++) {
		char task[160];

		if (!runs[i].climbed)
			continue;
		snprintf(task, sizeof(task), "G/%s", runs[i].id);
		gateway_climbs(&runs[i], task);
	}
	judge('G', false);
	expect("gateway_climbs", 'G', false);
	are_the_same("gateway_climbs", 'G');
	/* Each step up is an escalation of its own. */
	assert_int_equal(harness_sql_i64(w.db, "SELECT count(*) FROM"
					       " gateway_climbs e JOIN v_task t"
					       " ON t.ext_id = e.task WHERE"
					       " t.escalations <> calls - 1"),
			 0);
}

/* What the dashboard reads. */
static void the_sums_are_those_of_the_traces(void **state)
{
	(void)state;
	free(shared_need(DATA));
	assert_string_equal(
		harness_sql_text(
			w.db, "SELECT concat_ws(' ', sum(tasks), sum(attempts),"
			      " sum(succeeded), trim_scale(sum(cost_usd)))"
			      " FROM v_class_day WHERE task_class ="
			      " 'code_generation'"),
		harness_sql_text(w.db,
				 "SELECT concat_ws(' ', count(*), sum(calls),"
				 " sum(success), trim_scale(sum(usd))) FROM"
				 " (SELECT * FROM client_climbs UNION ALL"
				 " SELECT * FROM gateway_climbs) x"));
	assert_int_equal(
		harness_sql_i64(w.db, "SELECT sum(escalated)::bigint FROM"
				      " v_class_day"),
		harness_sql_i64(w.db, "SELECT count(*) FROM gateway_climbs"
				      " WHERE calls > 1"));
}

static void it_stops(void **state)
{
	(void)state;
	free(shared_need(DATA));
	gw_world_stop(&w);
	gw_world_release(&w);
	harness_kill_pid(mock);
	free(runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts),
		cmocka_unit_test(the_client_climbs),
		cmocka_unit_test(the_gateway_climbs),
		cmocka_unit_test(the_sums_are_those_of_the_traces),
		cmocka_unit_test(it_stops),
	};

	return harness_main("gateway_cascade", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
