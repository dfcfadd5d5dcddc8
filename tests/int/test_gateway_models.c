/* The registry as clients and the router see it: lists, capabilities, what a
 * decision tells of each model, what is left of a budget; and a configuration
 * that cannot be used. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "tests/int/gw_help.h"

static struct gw_world w;
static char *conf;

#define CHAT(model, more)                                                      \
	"{\"model\":\"" model "\",\"messages\":[{\"role\":\"user\","           \
	"\"content\":\"Say hello\"}]" more "}"
#define EMBED "{\"model\":\"auto\",\"input\":\"some text\"}"
#define CONF                                                                   \
	"[gateway]\n"                                                          \
	"aliases = quick=gpt-5-mini, help=auto:support, opus=claude-opus-4-5"  \
	"\n"

static void it_starts(void **state)
{
	(void)state;
	gw_world_init(&w, "gateway_models");
	conf = xasprintf("%s/aco.conf", w.home);
	harness_write(conf, CONF "route_floors = legal=4\n"
				 "route_mode = live\n"
				 "route_explore_permille = 0\n");
	gw_world_set(&w, "ACO_CONFIG", conf);
	gw_world_serve(&w);
}

static struct gw_got get(const char *path, const char *headers)
{
	int fd = gw_connect(&w);
	struct gw_got g;

	dprintf(fd, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path,
		headers);
	g = gw_receive(fd);
	close(fd);
	return g;
}

/* ---- lists ---- */

static void without_a_registry_the_provider_lists(void **state)
{
	int before = fake_count(w.fake);
	struct gw_got g = get("/v1/models", "");
	char *seen = fake_last(w.fake);

	(void)state;
	assert_int_equal(g.status, 200);
	ASSERT_CONTAINS(seen, "GET /v1/models ");
	assert_int_equal(fake_count(w.fake), before + 1);
	free(seen);
	gw_got_free(&g);
}

static void the_error_says_what_to_run(void **state)
{
	struct gw_got g =
		gw_post(&w, "/v1/chat/completions", "", CHAT("auto", ""));

	(void)state;
	assert_int_equal(g.status, 400);
	ASSERT_CONTAINS(buf_str(&g.body), "no model may serve 'auto'");
	ASSERT_CONTAINS(buf_str(&g.body),
			"run: aco model set gpt-5-mini --enable");
	gw_got_free(&g);
	g = gw_post(&w, "/v1/embeddings", "", EMBED);
	assert_int_equal(g.status, 400);
	ASSERT_CONTAINS(buf_str(&g.body),
			"run: aco model set text-embedding-3-small "
			"--provider openai --enable");
	gw_got_free(&g);
}

static bool lists(void *arg)
{
	struct gw_got g = get("/v1/models", "");
	bool yes = strstr(buf_str(&g.body), arg) != NULL;

	gw_got_free(&g);
	return yes;
}

static void the_registry_is_listed(void **state)
{
	char name[] = "\"gpt-5-mini\"";
	int before;
	struct gw_got g;

	(void)state;
	GW_ACO(&w, "model", "set", "gpt-5-mini", "gpt-5", "claude-haiku-4-5",
	       "--enable");
	poll_until(lists, name, 10000, "a list of models");
	before = fake_count(w.fake);
	g = get("/v1/models", "");
	assert_int_equal(g.status, 200);
	ASSERT_CONTAINS(buf_str(&g.body), "{\"object\":\"list\",\"data\":[");
	ASSERT_CONTAINS(buf_str(&g.body),
			"{\"id\":\"gpt-5\",\"object\":\"model\",\"created\":0,"
			"\"owned_by\":\"openai\"}");
	ASSERT_CONTAINS(buf_str(&g.body), "\"id\":\"auto\"");
	ASSERT_CONTAINS(buf_str(&g.body), "\"id\":\"auto:legal\"");
	ASSERT_CONTAINS(buf_str(&g.body), "\"id\":\"quick\"");
	ASSERT_CONTAINS(buf_str(&g.body), "\"id\":\"help\"");
	assert_null(strstr(buf_str(&g.body), "claude"));
	assert_null(strstr(buf_str(&g.body), "opus"));
	gw_got_free(&g);
	g = get("/v1/models?limit=20", "anthropic-version: 2023-06-01\r\n");
	assert_int_equal(g.status, 200);
	ASSERT_CONTAINS(buf_str(&g.body),
			"{\"id\":\"claude-haiku-4-5\",\"type\":\"model\","
			"\"display_name\":\"claude-haiku-4-5\",\"created_at\":"
			"\"1970-01-01T00:00:00Z\"}");
	ASSERT_CONTAINS(buf_str(&g.body), "\"has_more\":false,\"first_id\":"
					  "\"auto\"");
	ASSERT_CONTAINS(buf_str(&g.body), "\"id\":\"opus\"");
	assert_null(strstr(buf_str(&g.body), "gpt"));
	gw_got_free(&g);
	g = get("/v1/models/auto%3Alegal", "");
	assert_string_equal(buf_str(&g.body),
			    "{\"id\":\"auto:legal\",\"object\":\"model\","
			    "\"created\":0,\"owned_by\":\"aco\"}");
	gw_got_free(&g);
	assert_int_equal(fake_count(w.fake), before);
	/* What is not ours is the provider's to tell. */
	g = get("/v1/models/gpt-4", "");
	assert_int_equal(fake_count(w.fake), before + 1);
	gw_got_free(&g);
}

/* ---- capabilities ---- */

static bool embeds(void *arg)
{
	struct gw_got g = gw_post(&w, "/v1/embeddings", "", EMBED);
	bool yes = g.status == 200;

	if (yes)
		snprintf(arg, 64, "%s", gw_got_header(&g, "x-aco-model"));
	gw_got_free(&g);
	return yes;
}

static void embeddings_go_to_who_makes_them(void **state)
{
	struct gw_got g = gw_post(&w, "/v1/embeddings", "", EMBED);
	char model[64] = "";

	(void)state;
	assert_int_equal(g.status, 400);
	ASSERT_CONTAINS(buf_str(&g.body), "this call needs embeddings");
	gw_got_free(&g);
	/* Its name says what it can. */
	GW_ACO(&w, "model", "set", "text-embedding-3-small", "--provider",
	       "openai", "--enable");
	poll_until(embeds, model, 10000, "a model for embeddings");
	assert_string_equal(model, "text-embedding-3-small");
	/* And it never talks. */
	for (int i = 0; i < 5; i++) {
		g = gw_post(&w, "/v1/chat/completions", "", CHAT("auto", ""));
		assert_int_equal(g.status, 200);
		ASSERT_CONTAINS(gw_got_header(&g, "x-aco-model"), "gpt-5");
		gw_got_free(&g);
	}
}

static int chat_image(void)
{
	struct gw_got g =
		gw_post(&w, "/v1/chat/completions", "",
			"{\"model\":\"auto\",\"messages\":[{\"role\":\"user\","
			"\"content\":[{\"type\":\"image_url\",\"image_url\":"
			"{\"url\":\"https://h/a.png\"}}]}]}");
	int status = g.status;

	if (status == 400)
		ASSERT_CONTAINS(buf_str(&g.body), "needs vision, chat");
	gw_got_free(&g);
	return status;
}

static bool is_blind(void *arg)
{
	(void)arg;
	return chat_image() == 400;
}

static void pictures_go_to_who_sees(void **state)
{
	(void)state;
	assert_int_equal(chat_image(), 200);
	GW_ACO(&w, "model", "set", "gpt-5", "gpt-5-mini", "--can",
	       "tools,json,logprobs,reasoning");
	poll_until(is_blind, NULL, 10000, "models without eyes");
	GW_ACO(&w, "model", "set", "gpt-5", "gpt-5-mini", "--can", "all");
}

/* No other provider gets what a model's own one should. */
static bool is_nowhere(void *arg)
{
	struct gw_got g =
		gw_post(&w, "/v1/chat/completions", "", CHAT("qwen", ""));
	bool yes = g.status == 503 &&
		   strstr(buf_str(&g.body), "provider 'lost', which is not");

	(void)arg;
	gw_got_free(&g);
	return yes;
}

static void an_unknown_provider_is_told(void **state)
{
	int before;

	(void)state;
	GW_ACO(&w, "model", "set", "qwen", "--provider", "qwen", "--protocol",
	       "openai", "--upstream", "lost");
	poll_until(is_nowhere, NULL, 10000, "an error");
	before = fake_count(w.fake);
	assert_true(is_nowhere(NULL));
	assert_int_equal(fake_count(w.fake), before);
}

/* ---- decisions ---- */

/* Of each model its tier, and what it promises at which cost. */
static void decisions_tell_of_each_model(void **state)
{
	struct gw_got g = gw_post(&w, "/v1/chat/completions",
				  "x-aco-task: told\r\n", CHAT("auto", ""));

	(void)state;
	assert_int_equal(g.status, 200);
	gw_got_free(&g);
	harness_sql_until(
		w.db,
		"SELECT string_agg(v ->> 'model' || ' ' || (v ->> 'tier' ~"
		" '^[1-5]$') || ' ' || ((v ->> 'p')::float BETWEEN 0 AND 1)"
		" || ' ' || ((v ->> 'usd')::numeric > 0), ', ' ORDER BY v ->>"
		" 'model') FROM v_decision d JOIN v_attempt a USING"
		" (decision_id), jsonb_array_elements(d.reasons -> 'arms') v"
		" WHERE task_ext_id = 'told' AND v ->> 'out' IS NULL",
		"gpt-5 true true true, gpt-5-mini true true true");
}

/* What is left of the smallest budget binds the router: where the strongest
 * would cost more, a cheaper one serves. */
static bool bound_by_budget(void *arg)
{
	struct gw_got g;
	bool yes;

	(void)arg;
	g = gw_post(&w, "/v1/chat/completions",
		    "x-aco-task: left\r\nx-aco-team: small\r\n",
		    CHAT("auto", ",\"max_tokens\":10"));
	yes = g.status == 200;
	gw_got_free(&g);
	return yes &&
	       harness_sql_i64(w.db, "SELECT count(*) FROM v_decision d JOIN"
				     " v_attempt a USING (decision_id) WHERE"
				     " task_ext_id = 'left' AND (d.reasons ->>"
				     " 'budget_usd')::numeric BETWEEN 1 AND"
				     " 2") > 0;
}

static void the_router_knows_what_is_left(void **state)
{
	(void)state;
	GW_ACO(&w, "budget", "set", "team", "small", "2");
	poll_until(bound_by_budget, NULL, 15000, "a decision by its budget");
}

/* ---- Codex ---- */

#define CODEX                                                                  \
	"user-agent: codex_cli_rs/1.0\r\nthread-id: th-1\r\n"                  \
	"x-codex-turn-metadata: {\"session_id\":\"s\",\"turn_id\":\"turn-1\"," \
	"\"x\":[1]}\r\n"

static void codex_is_told_what_turns_cost(void **state)
{
	struct gw_got g;

	(void)state;
	g = gw_post(&w, "/v1/analytics/codex/turn-costs", "",
		    "{\"turn_ids\":[\"turn-1\"]}");
	assert_int_equal(g.status, 200);
	assert_string_equal(buf_str(&g.body), "{\"turns\":[]}");
	gw_got_free(&g);
	for (int i = 0; i < 2; i++) {
		g = gw_post(&w, "/v1/responses", CODEX,
			    "{\"model\":\"gpt-5-mini\",\"input\":\"x\"}");
		assert_int_equal(g.status, 200);
		assert_string_equal(gw_got_header(&g, "x-aco-cost-usd"),
				    "0.000056");
		gw_got_free(&g);
	}
	g = gw_post(&w, "/v1/analytics/codex/turn-costs", "",
		    "{\"turn_ids\":[\"turn-0\",\"turn-1\",7]}");
	assert_string_equal(buf_str(&g.body),
			    "{\"turns\":[{\"turn_id\":\"turn-1\",\"status\":"
			    "\"priced\",\"total_usd\":\"0.000112\","
			    "\"event_count\":2}]}");
	gw_got_free(&g);
	g = gw_post(&w, "/v1/analytics/codex/turn-costs", "", "{\"turn_ids\"");
	assert_int_equal(g.status, 400);
	gw_got_free(&g);
}

/* ---- the configuration ---- */

static bool is_logged(void *arg)
{
	char *log = harness_read(w.log);
	bool yes = strstr(log, arg) != NULL;

	free(log);
	return yes;
}

static void reloaded_with(const char *text, const char *says)
{
	char *want;

	harness_write(conf, text);
	kill(w.pid, SIGHUP);
	want = xasprintf("%s:%s", conf, says);
	poll_until(is_logged, want, 10000, want);
	free(want);
}

/* Whoever asks is still served by what was there before. */
static void what_cannot_be_used_is_refused(void **state)
{
	struct gw_got g;

	(void)state;
	reloaded_with(CONF "route_floors = a=9\n",
		      "3: route_floors: 'a=9' is not CLASS=TIER");
	reloaded_with("[gateway]\n\naliases = a=x, a=y\n",
		      "3: aliases: 'a' is there twice");
	reloaded_with("[aco]\ntimezone = Mars/Olympus\n",
		      "2: timezone: there is no time zone 'Mars/Olympus'");
	reloaded_with("[gateway]\nproviders = l: url=http://h, "
		      "key_file=/nonexistent\n",
		      "2: providers: l: key_file: /nonexistent: No such file");
	g = gw_post(&w, "/v1/chat/completions", "", CHAT("quick", ""));
	assert_int_equal(g.status, 200);
	assert_string_equal(gw_got_header(&g, "x-aco-model"), "gpt-5-mini");
	gw_got_free(&g);
}

static void nor_does_it_start(void **state)
{
	const struct harness_run how = {.env = w.env};
	struct harness_end end;

	(void)state;
	gw_world_stop(&w);
	harness_write(conf, "[gateway]\naliases = a=b, b=c\n");
	end = harness_aco(&how, (const char *const[]){"serve", NULL});
	assert_int_not_equal(end.code, 0);
	ASSERT_CONTAINS(end.err,
			"aco.conf:2: aliases: 'a' stands for another alias");
	harness_end_free(&end);
	gw_world_release(&w);
	free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts),
		cmocka_unit_test(without_a_registry_the_provider_lists),
		cmocka_unit_test(the_error_says_what_to_run),
		cmocka_unit_test(the_registry_is_listed),
		cmocka_unit_test(embeddings_go_to_who_makes_them),
		cmocka_unit_test(pictures_go_to_who_sees),
		cmocka_unit_test(an_unknown_provider_is_told),
		cmocka_unit_test(decisions_tell_of_each_model),
		cmocka_unit_test(the_router_knows_what_is_left),
		cmocka_unit_test(codex_is_told_what_turns_cost),
		cmocka_unit_test(what_cannot_be_used_is_refused),
		cmocka_unit_test(nor_does_it_start),
	};

	return harness_main("gateway_models", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
