/* Who serves `auto`: registry, shadow and live, classes, aliases, fallback,
 * escalation, and sessions that must stay with their model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/int/gw_help.h"

static struct gw_world w, live;

#define CHAT(model, more)                                                      \
	"{\"model\":\"" model "\",\"messages\":[{\"role\":\"user\","           \
	"\"content\":\"Say hello\"}]" more "}"

static char headers[1024];
static const char *task(const char *name, const char *more)
{
	snprintf(headers, sizeof(headers), "x-aco-task: %s\r\n%s", name, more);
	return headers;
}

/* What the rows of a task say, once they say it. */
static void assert_row(const char *name, const char *columns, const char *want)
{
	char sql[1024];

	snprintf(sql, sizeof(sql),
		 "SELECT string_agg(concat_ws(' ', %s), ', ' ORDER BY"
		 " a.attempt_no) FROM v_attempt a LEFT JOIN v_decision d USING"
		 " (decision_id) WHERE task_ext_id = '%s'",
		 columns, name);
	harness_sql_until(w.db, sql, want);
}

static bool served(void *arg)
{
	struct gw_world *x = arg;
	struct gw_got g =
		gw_post(x, "/v1/chat/completions", "", CHAT("auto", ""));
	bool yes = g.status == 200;

	gw_got_free(&g);
	return yes;
}

static bool served_too(void *arg)
{
	struct gw_world *x = arg;
	struct gw_got g =
		gw_post(x, "/v1/messages", "",
			"{\"model\":\"auto\",\"max_tokens\":9,\"messages\":"
			"[{\"role\":\"user\",\"content\":\"x\"}]}");
	bool yes = g.status == 200;

	gw_got_free(&g);
	return yes;
}

static void it_starts(void **state)
{
	(void)state;
	gw_world_init(&w, "gateway_route");
	gw_world_set(&w, "ACO_ALIASES", "quick=gpt-5-mini, help=auto:support");
	gw_world_set(&w, "ACO_PROVIDERS",
		     "nowhere: url=http://127.0.0.1:1/v1, protocol=openai");
	gw_world_beside(&live, &w);
	gw_world_set(&live, "ACO_ROUTE_MODE", "live");
	gw_world_set(&live, "ACO_ROUTE_EXPLORE_PERMILLE", "0");
	gw_world_serve(&w);
	gw_world_serve(&live);
}

static void without_models_auto_is_refused(void **state)
{
	struct gw_got g =
		gw_post(&w, "/v1/chat/completions", "", CHAT("auto", ""));

	(void)state;
	assert_int_equal(g.status, 400);
	ASSERT_CONTAINS(buf_str(&g.body), "no model may serve 'auto'");
	gw_got_free(&g);
	/* A running daemon sees what is set. */
	GW_ACO(&w, "model", "set", "gpt-5-mini", "--tier", "2", "--enable");
	GW_ACO(&w, "model", "set", "gpt-5", "--tier", "4", "--enable");
	GW_ACO(&w, "model", "set", "claude-haiku-4-5", "--tier", "2",
	       "--enable");
	GW_ACO(&w, "model", "set", "claude-opus-4-5", "--tier", "5",
	       "--enable");
	poll_until(served, &w, 10000, "a model for auto");
	poll_until(served, &live, 10000, "a model for auto");
	poll_until(served_too, &w, 10000, "a model for auto");
	poll_until(served_too, &live, 10000, "a model for auto");
}

static bool asked_elsewhere(void *arg)
{
	struct gw_got g = gw_post(arg, "/v1/chat/completions", "",
				  CHAT("qwen-local", ""));
	bool yes = g.status == 502;

	gw_got_free(&g);
	return yes;
}

static bool told_to_wait(void *arg)
{
	struct gw_got g = gw_post(arg, "/v1/chat/completions", "",
				  CHAT("qwen-local", ""));
	bool yes = g.status == 503 &&
		   strtol(gw_got_header(&g, "retry-after"), NULL, 10) > 1;

	gw_got_free(&g);
	return yes;
}

/* A model that the router may not choose still goes to its own provider. */
static void not_enabled_is_not_elsewhere(void **state)
{
	int before;
	struct gw_got g;

	(void)state;
	GW_ACO(&w, "model", "set", "qwen-local", "--provider", "qwen", "--tier",
	       "5", "--protocol", "openai", "--upstream", "nowhere");
	/* Whose it is was said once. */
	GW_ACO(&w, "model", "set", "qwen-local", "--disable");
	poll_until(asked_elsewhere, &w, 10000, "the model's own provider");
	before = fake_count(w.fake);
	g = gw_post(&w, "/v1/chat/completions", "", CHAT("qwen-local", ""));
	assert_true(g.status == 502 || g.status == 503);
	poll_until(told_to_wait, &w, 20000, "as long as the way is shut");
	assert_int_equal(fake_count(w.fake), before);
	gw_got_free(&g);
	g = gw_post(&w, "/v1/chat/completions", "", CHAT("auto", ""));
	assert_int_equal(g.status, 200);
	assert_string_equal(gw_got_header(&g, "x-aco-model"), "gpt-5");
	gw_got_free(&g);
}

static void in_shadow_the_strongest_serves(void **state)
{
	struct gw_got g = gw_post(&w, "/v1/chat/completions",
				  task("shadow", "x-aco-class: coding\r\n"),
				  CHAT("auto", ",  \"odd\":1"));
	char *seen = fake_last(w.fake);

	(void)state;
	assert_int_equal(g.status, 200);
	assert_string_equal(gw_got_header(&g, "x-aco-model"), "gpt-5");
	assert_string_equal(gw_got_header(&g, "x-aco-tier"), "4");
	assert_int_equal(strlen(gw_got_header(&g, "x-aco-decision")), 36);
	/* Nothing but the name is changed. */
	assert_string_equal(strstr(seen, "\r\n\r\n") + 4,
			    CHAT("gpt-5", ",  \"odd\":1"));
	assert_row("shadow",
		   "requested_model, model, a.tier,"
		   " status, d.live",
		   "auto gpt-5 4 ok f");
	assert_row("shadow",
		   "array_length(d.features, 1) > 30,"
		   " d.reasons->>'mode'",
		   "t shadow");
	free(seen);
	gw_got_free(&g);
}

static void classes_and_aliases(void **state)
{
	struct gw_got g = gw_post(&w, "/v1/chat/completions", task("class", ""),
				  CHAT("auto:coding", ""));

	(void)state;
	assert_int_equal(g.status, 200);
	gw_got_free(&g);
	assert_row("class", "requested_model, task_class",
		   "auto:coding coding");
	g = gw_post(&w, "/v1/chat/completions", task("alias", ""),
		    CHAT("quick", ""));
	assert_string_equal(gw_got_header(&g, "x-aco-model"), "gpt-5-mini");
	assert_string_equal(gw_got_header(&g, "x-aco-decision"), "");
	gw_got_free(&g);
	assert_row("alias", "requested_model, model, d.live",
		   "quick gpt-5-mini");
	g = gw_post(&w, "/v1/chat/completions", task("alias2", ""),
		    CHAT("help", ""));
	assert_int_equal(g.status, 200);
	gw_got_free(&g);
	assert_row("alias2",
		   "requested_model, model,"
		   " task_class",
		   "help gpt-5 support");
}

static void live_decides(void **state)
{
	struct gw_got g = gw_post(&live, "/v1/chat/completions",
				  task("live", ""), CHAT("auto", ""));
	char want[128];

	(void)state;
	assert_int_equal(g.status, 200);
	snprintf(want, sizeof(want), "%s t",
		 gw_got_header(&g, "x-aco-decision"));
	assert_row("live", "a.decision_id, d.live", want);
	assert_row("live", "model", gw_got_header(&g, "x-aco-model"));
	assert_row("live", "model = d.reasons->>'arm'", "t");
	gw_got_free(&g);
}

/* A model that fails makes room for another; each attempt is a row. */
static void another_model_steps_in(void **state)
{
	struct gw_got g =
		gw_post(&live, "/v1/chat/completions",
			task("fall", "x-fake: status=529 first=1\r\n"),
			CHAT("auto", ""));

	(void)state;
	assert_int_equal(g.status, 200);
	assert_string_equal(gw_got_header(&g, "x-aco-attempts"), "2");
	gw_got_free(&g);
	assert_row("fall", "status", "error, ok");
	assert_row("fall", "a.escalated_from", ", ");
	assert_int_equal(
		harness_sql_i64(w.db, "SELECT count(DISTINCT model) FROM"
				      " v_attempt WHERE task_ext_id = 'fall'"),
		2);
}

/* What the dashboard notes of a task's attempts. */
static void assert_noted(const char *name, const char *note)
{
	const struct harness_run how = {.env = w.env};
	struct harness_end e =
		HARNESS_ACO(&how, "top", "--task", name, "--once", "--json");

	assert_int_equal(e.code, 0);
	ASSERT_CONTAINS(e.out, note);
	harness_end_free(&e);
}

static void a_refusal_is_not_accepted(void **state)
{
	struct gw_got g = gw_post(&live, "/v1/chat/completions",
				  task("judge", "x-fake: refuse first=1\r\n"),
				  CHAT("auto", ""));

	(void)state;
	assert_int_equal(g.status, 200);
	ASSERT_CONTAINS(buf_str(&g.body), "\"content\":\"Hello\"");
	assert_string_equal(gw_got_header(&g, "x-aco-attempts"), "2");
	/* Both are paid, and the client is told of both. */
	assert_string_equal(gw_got_header(&g, "x-aco-cost-usd"), "0.000336");
	gw_got_free(&g);
	assert_row("judge", "status", "refused, ok");
	assert_int_equal(
		harness_sql_i64(w.db,
				"SELECT count(*) FROM v_attempt a JOIN"
				" v_attempt b ON b.escalated_from ="
				" a.attempt_id WHERE a.task_ext_id = 'judge'"
				" AND a.model <> b.model AND a.step_id ="
				" b.step_id AND a.decision_id <>"
				" b.decision_id"),
		1);
	/* It was the strongest one's. */
	assert_row("judge", "model", "gpt-5, gpt-5-mini");
	assert_row("judge", "d.reasons->>'why'",
		   ", not accepted, next one weaker");
	assert_noted("judge", "\"note\":\"weaker\"");
}

/* The same where a stronger model is left: the rows tell the two apart. */
static void the_stronger_one_is_an_escalation(void **state)
{
	char name[32] = "";
	bool up = false;

	(void)state;
	/* Which one begins is a matter of shares. */
	for (int i = 0; i < 200 && !up; i++) {
		struct gw_got g;

		snprintf(name, sizeof(name), "judge-up-%d", i);
		g = gw_post(&live, "/v1/chat/completions",
			    task(name, "x-fake: refuse only=gpt-5-mini\r\n"),
			    CHAT("auto:coding", ""));
		assert_int_equal(g.status, 200);
		assert_string_equal(gw_got_header(&g, "x-aco-model"), "gpt-5");
		up = !strcmp(gw_got_header(&g, "x-aco-attempts"), "2");
		gw_got_free(&g);
	}
	assert_true(up);
	assert_row(name, "model", "gpt-5-mini, gpt-5");
	assert_row(name, "d.reasons->>'why'", ", not accepted");
	assert_noted(name, "\"note\":\"escalated\"");
}

/* ---- sessions ---- */

static void served_by(struct gw_world *x, const char *path, const char *name,
		      const char *more, const char *body, const char *model)
{
	struct gw_got g = gw_post(x, path, task(name, more), body);

	assert_int_equal(g.status, 200);
	assert_string_equal(gw_got_header(&g, "x-aco-model"), model);
	gw_got_free(&g);
}

#define REASONING                                                              \
	"{\"model\":\"auto\",\"input\":[{\"role\":\"user\",\"content\":"       \
	"\"x\"},{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[],"       \
	"\"encrypted_content\":\"gAAAA\"},{\"role\":\"user\",\"content\":"     \
	"\"go on\"}]}"
#define THINKING                                                               \
	"{\"model\":\"auto\",\"max_tokens\":9,\"messages\":[{\"role\":"        \
	"\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":"     \
	"[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"Eq==\"}," \
	"{\"type\":\"text\",\"text\":\"y\"}]},{\"role\":\"user\","             \
	"\"content\":\"go on\"}]}"

/* The first turn falls back to the small model. The second carries what only
 * that model's family understands, and a class whose floor is higher: it stays,
 * in every worker, and the decision says why. */
static void encrypted_reasoning_pins(void **state)
{
	(void)state;
	served_by(&live, "/v1/responses", "pin",
		  "x-fake: status=529 only=gpt-5\r\n",
		  "{\"model\":\"auto\",\"input\":\"x\"}", "gpt-5-mini");
	served_by(&live, "/v1/responses", "pin", "x-aco-class: legal\r\n",
		  REASONING, "gpt-5-mini");
	/* Without it the class decides. */
	served_by(&live, "/v1/responses", "free", "x-aco-class: legal\r\n",
		  "{\"model\":\"auto\",\"input\":\"x\"}", "gpt-5");
	assert_row("free", "model", "gpt-5");
	assert_row("pin", "1", "1, 1, 1");
	assert_int_equal(
		harness_sql_i64(w.db, "SELECT count(*) FROM v_decision d JOIN"
				      " v_attempt a USING (decision_id) WHERE"
				      " task_ext_id = 'pin' AND"
				      " d.reasons->>'pinned' ="
				      " 'encrypted reasoning'"),
		1);
}

static void signed_thinking_pins(void **state)
{
	(void)state;
	served_by(&live, "/v1/messages", "think",
		  "x-fake: status=529 only=claude-opus-4-5\r\n",
		  "{\"model\":\"auto\",\"max_tokens\":9,\"messages\":"
		  "[{\"role\":\"user\",\"content\":\"x\"}]}",
		  "claude-haiku-4-5");
	served_by(&live, "/v1/messages", "think", "x-aco-class: legal\r\n",
		  THINKING, "claude-haiku-4-5");
	served_by(&live, "/v1/messages", "think2", "x-aco-class: legal\r\n",
		  "{\"model\":\"auto\",\"max_tokens\":9,\"messages\":"
		  "[{\"role\":\"user\",\"content\":\"x\"}]}",
		  "claude-opus-4-5");
}

static void what_a_model_cannot_goes_elsewhere(void **state)
{
	(void)state;
	GW_ACO(&w, "model", "set", "gpt-5", "--can", "json");
	for (int i = 0; i < 200; i++) {
		struct gw_got g = gw_post(
			&w, "/v1/chat/completions", "",
			CHAT("auto", ",\"tools\":[{\"type\":\"function\","
				     "\"function\":{\"name\":\"f\"}}]"));
		bool other =
			!strcmp(gw_got_header(&g, "x-aco-model"), "gpt-5-mini");

		gw_got_free(&g);
		if (other)
			return;
		usleep(50000);
	}
	fail_msg("tools went to a model that has none");
}

static void it_stops(void **state)
{
	(void)state;
	gw_world_stop(&live);
	gw_world_release(&live);
	gw_world_stop(&w);
	gw_world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts),
		cmocka_unit_test(without_models_auto_is_refused),
		cmocka_unit_test(not_enabled_is_not_elsewhere),
		cmocka_unit_test(in_shadow_the_strongest_serves),
		cmocka_unit_test(classes_and_aliases),
		cmocka_unit_test(live_decides),
		cmocka_unit_test(another_model_steps_in),
		cmocka_unit_test(a_refusal_is_not_accepted),
		cmocka_unit_test(the_stronger_one_is_an_escalation),
		cmocka_unit_test(encrypted_reasoning_pins),
		cmocka_unit_test(signed_thinking_pins),
		cmocka_unit_test(what_a_model_cannot_goes_elsewhere),
		cmocka_unit_test(it_stops),
	};

	return harness_main("gateway_route", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
