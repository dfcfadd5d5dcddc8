/* Budgets under many requests at once, with two daemons on one ledger: what
 * they let through together never passes a cap, and a cap below one request
 * lets nothing through, however new its subject is.
 * ACO_BUDGET_ROUNDS=100 for a long run. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/int/gw_help.h"

#define BODY                                                                   \
	"{\"model\":\"gpt-5-mini\",\"max_tokens\":100,\"messages\":"           \
	"[{\"role\":\"user\",\"content\":\"Say hello\"}]}"
/* A request reserves $0.000747 and costs $0.000056: what lets through the tenth
 * does not let through the eleventh. */
#define CAP     "0.00126"
#define TEN     10
#define NOTHING "0.000001"
#define THREADS 64

static struct gw_world w, beside;

static int rounds(void)
{
	const char *text = getenv("ACO_BUDGET_ROUNDS");

	return text ? (int)strtol(text, NULL, 10) : 2;
}

/* ---- many at once ---- */

struct many {
	char headers[256];
	int total;
	atomic_int next, ok, denied, unknown, other;
	char said[8192]; /* the last refusal */
	pthread_mutex_t mu;
	pthread_barrier_t all;
};

static void count(struct many *m, const struct gw_got *g)
{
	if (g->status == 200) {
		atomic_fetch_add(&m->ok, 1);
	} else if (g->status == 402) {
		atomic_fetch_add(&m->denied, 1);
		pthread_mutex_lock(&m->mu);
		snprintf(m->said, sizeof(m->said), "%s", buf_str(&g->body));
		pthread_mutex_unlock(&m->mu);
	} else {
		atomic_fetch_add(&m->other, 1);
		print_message("status %d: %s\n", g->status, buf_str(&g->body));
	}
}

/* A key that is not known yet is no answer: who has it comes again. */
static void *many_main(void *arg)
{
	struct many *m = arg;
	int i;

	pthread_barrier_wait(&m->all);
	while ((i = atomic_fetch_add(&m->next, 1)) < m->total) {
		for (int k = 0; k < 500; k++) {
			struct gw_got g = gw_post(i % 2 ? &beside : &w,
						  "/v1/chat/completions",
						  m->headers, BODY);
			bool known = g.status != 401;

			if (known)
				count(m, &g);
			gw_got_free(&g);
			if (known)
				break;
			atomic_fetch_add(&m->unknown, 1);
			usleep(20000);
		}
	}
	return NULL;
}

static void many(struct many *m)
{
	pthread_t t[THREADS];

	pthread_mutex_init(&m->mu, NULL);
	pthread_barrier_init(&m->all, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, many_main, m), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&m->all);
	pthread_mutex_destroy(&m->mu);
}

/* Budgets are known from the first request on, also to a daemon whose home is
 * new. */
static void first_request(const struct gw_world *x)
{
	struct gw_got g = gw_post(x, "/v1/chat/completions", "", BODY);

	assert_int_equal(g.status, 200);
	assert_string_equal(gw_got_header(&g, "x-aco-budget"), "");
	gw_got_free(&g);
}

static void they_start(void **state)
{
	(void)state;
	gw_world_init(&w, "gateway_budget");
	gw_world_beside(&beside, &w);
	gw_world_serve(&w);
	first_request(&w);
	gw_world_serve(&beside);
	first_request(&beside);
}

static void new_key(const char *name, struct many *m)
{
	const struct harness_run how = {.env = w.env};
	struct harness_end e =
		HARNESS_ACO(&how, "key", "add", name, "--role", "gateway");

	assert_int_equal(e.code, 0);
	snprintf(m->headers, sizeof(m->headers), "x-aco-key: %.*s\r\n",
		 (int)strcspn(e.out, "\n"), e.out);
	harness_end_free(&e);
}

/* A key that was made a moment ago, its budget before or behind it: of its
 * first requests, all at once, none goes upstream. */
static void a_new_key_with_nothing_to_spend(void **state)
{
	int before = fake_count(w.fake), n = rounds();

	(void)state;
	for (int i = 0; i < n; i++) {
		struct many m = {.total = THREADS};
		char name[32];

		snprintf(name, sizeof(name), "new-%d", i);
		if (i % 2)
			GW_ACO(&w, "budget", "set", "key", name, NOTHING);
		new_key(name, &m);
		if (i % 2 == 0)
			GW_ACO(&w, "budget", "set", "key", name, NOTHING);
		many(&m);
		assert_int_equal(m.other, 0);
		assert_int_equal(m.ok, 0);
		assert_int_equal(m.denied, THREADS);
		assert_int_equal(fake_count(w.fake), before);
		ASSERT_CONTAINS(m.said, "budget of key new-");
		ASSERT_CONTAINS(m.said, "\"insufficient_quota\"");
		ASSERT_CONTAINS(m.said, "resets");
	}
	print_message("%d keys, %d first requests each: none went upstream\n",
		      n, THREADS);
}

/* The same of a team that only a header names. */
static void a_new_team_with_nothing_to_spend(void **state)
{
	struct many m = {.headers = "x-aco-team: poor\r\n", .total = THREADS};
	int before = fake_count(w.fake);

	(void)state;
	GW_ACO(&w, "budget", "set", "team", "poor", NOTHING);
	many(&m);
	assert_int_equal(m.other, 0);
	assert_int_equal(m.denied, THREADS);
	assert_int_equal(fake_count(w.fake), before);
	ASSERT_CONTAINS(m.said, "budget of team poor");
}

/* ---- a cap of ten requests ---- */

static bool all_there(void *arg)
{
	const int *n = arg;

	return harness_sql_i64(w.db, "SELECT count(*) FROM v_attempt WHERE"
				     " team LIKE 'cap-%'") == *n;
}

static void the_cap_holds(void **state)
{
	int n = rounds(), before = fake_count(w.fake), passed = 0, most = 0;

	(void)state;
	for (int i = 0; i < n; i++) {
		struct many m = {.total = 2 * THREADS};
		char team[32];

		snprintf(team, sizeof(team), "cap-%d", i);
		snprintf(m.headers, sizeof(m.headers),
			 "x-aco-team: %s\r\nx-aco-task: %s\r\n", team, team);
		GW_ACO(&w, "budget", "set", "team", team, CAP);
		many(&m);
		assert_int_equal(m.other, 0);
		assert_int_equal(m.ok + m.denied, m.total);
		assert_true(m.ok >= 1);
		assert_true(m.ok <= TEN);
		passed += m.ok;
		most = m.ok > most ? m.ok : most;
	}
	print_message("%d rounds of %d requests: %d passed, at most %d of ten "
		      "in one\n",
		      n, 2 * THREADS, passed, most);
	assert_int_equal(fake_count(w.fake), before + passed);
	poll_until(all_there, &passed, 20000, "the rows");
	assert_int_equal(
		harness_sql_i64(w.db,
				"SELECT count(*) FROM (SELECT sum(cost_usd) AS"
				" usd FROM v_attempt WHERE team LIKE 'cap-%'"
				" GROUP BY team) x WHERE usd > " CAP),
		0);
}

static void they_stop(void **state)
{
	(void)state;
	gw_world_stop(&beside);
	gw_world_release(&beside);
	gw_world_stop(&w);
	gw_world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_start),
		cmocka_unit_test(a_new_key_with_nothing_to_spend),
		cmocka_unit_test(a_new_team_with_nothing_to_spend),
		cmocka_unit_test(the_cap_holds),
		cmocka_unit_test(they_stop),
	};

	return harness_main("gateway_budget", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
