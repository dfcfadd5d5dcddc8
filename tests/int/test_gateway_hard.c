/* The gateway when it is hard: budgets under many requests at once, workers
 * that are killed in the middle of streams.
 * ACO_KILL_ROUNDS=100 for a long run. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "tests/int/gw_help.h"

#define BODY                                                                   \
	"{\"model\":\"gpt-5-mini\",\"max_tokens\":100,\"messages\":"           \
	"[{\"role\":\"user\",\"content\":\"Say hello\"}]}"
#define STREAM                                                                 \
	"{\"model\":\"gpt-5-mini\",\"stream\":true,\"messages\":"              \
	"[{\"role\":\"user\",\"content\":\"Say hello\"}]}"
#define CALL_PUSD 56000000 /* what each of them costs */

static struct gw_world w, beside;

/* ---- many at once ---- */

struct many {
	const struct gw_world *w[2];
	char headers[256];
	atomic_int next, ok, denied, other;
	int total;
	char said[8192]; /* the last refusal */
	pthread_mutex_t mu;
};

static void *many_main(void *arg)
{
	struct many *m = arg;
	int i;

	while ((i = atomic_fetch_add(&m->next, 1)) < m->total) {
		struct gw_got g = gw_post(m->w[i % 2], "/v1/chat/completions",
					  m->headers, BODY);

		if (g.status == 200) {
			atomic_fetch_add(&m->ok, 1);
		} else if (g.status == 402) {
			atomic_fetch_add(&m->denied, 1);
			pthread_mutex_lock(&m->mu);
			snprintf(m->said, sizeof(m->said), "%s",
				 buf_str(&g.body));
			pthread_mutex_unlock(&m->mu);
		} else {
			atomic_fetch_add(&m->other, 1);
			print_message("status %d: %s\n", g.status,
				      buf_str(&g.body));
		}
		gw_got_free(&g);
	}
	return NULL;
}

static void many(struct many *m, int threads)
{
	pthread_t t[64];

	pthread_mutex_init(&m->mu, NULL);
	for (int i = 0; i < threads; i++)
		assert_int_equal(pthread_create(&t[i], NULL, many_main, m), 0);
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	pthread_mutex_destroy(&m->mu);
}

static bool knows(void *arg)
{
	const char *team = arg;
	char headers[128];
	struct gw_got g;
	bool yes;

	snprintf(headers, sizeof(headers), "x-aco-team: %s\r\n", team);
	g = gw_post(&beside, "/v1/chat/completions", headers, BODY);
	yes = g.status == 402;
	gw_got_free(&g);
	g = gw_post(&w, "/v1/chat/completions", headers, BODY);
	yes = yes && g.status == 402;
	gw_got_free(&g);
	return yes;
}

static void they_start(void **state)
{
	(void)state;
	gw_world_init(&w, "gateway_hard");
	gw_world_beside(&beside, &w);
	gw_world_serve(&w);
	gw_world_serve(&beside);
}

/* A cap below one request: none of many at once gets through. */
static void all_are_refused_before_the_provider(void **state)
{
	struct many m = {.w = {&w, &beside},
			 .headers = "x-aco-team: poor\r\n",
			 .total = 64};
	int before;

	(void)state;
	GW_ACO(&w, "budget", "set", "team", "poor", "0.000001");
	poll_until(knows, (void *)(uintptr_t) "poor", 15000, "the budget");
	before = fake_count(w.fake);
	many(&m, 64);
	assert_int_equal(m.other, 0);
	assert_int_equal(m.ok, 0);
	assert_int_equal(m.denied, 64);
	assert_int_equal(fake_count(w.fake), before);
	ASSERT_CONTAINS(m.said, "budget of team poor");
	ASSERT_CONTAINS(m.said, "\"insufficient_quota\"");
	ASSERT_CONTAINS(m.said, "resets");
}

static bool all_there(void *arg)
{
	const struct many *m = arg;

	return harness_sql_i64(w.db, "SELECT count(*) FROM v_attempt WHERE"
				     " task_ext_id = 'many'") == m->ok;
}

/* What all daemons together let through never passes the cap. */
static void the_cap_holds(void **state)
{
	struct many m = {.w = {&w, &beside},
			 .headers = "x-aco-team: ten\r\n"
				    "x-aco-task: many\r\n",
			 .total = 200};
	int64_t spent;

	(void)state;
	/* Refused at first, so that both are seen to know it. */
	GW_ACO(&w, "budget", "set", "team", "ten", "0.000001");
	poll_until(knows, (void *)(uintptr_t) "ten", 15000, "the budget");
	GW_ACO(&w, "budget", "set", "team", "ten", "0.00301");
	many(&m, 32);
	/* Both look each second: until then all are refused. */
	for (int i = 0; i < 200 && !m.ok; i++) {
		usleep(50000);
		m.next = 0;
		many(&m, 32);
	}
	assert_int_equal(m.other, 0);
	assert_true(m.ok >= 1);
	spent = (int64_t)m.ok * CALL_PUSD;
	print_message("%d of %d calls passed\n", (int)m.ok, m.total);
	assert_true(spent <= INT64_C(3010000000));
	poll_until(all_there, &m, 10000, "the rows");
	assert_true(harness_sql_i64(w.db,
				    "SELECT sum(cost_usd * 1e12)::bigint FROM"
				    " v_attempt WHERE team = 'ten'") <=
		    INT64_C(3010000000));
}

/* ---- kill -9 ---- */

#define LOADERS 8
#define TASKS   200000

static atomic_bool enough;
static atomic_int asked;
static char acked[TASKS];

static void *load_main(void *arg)
{
	(void)arg;
	while (!enough) {
		int i = atomic_fetch_add(&asked, 1), fd = gw_connect_maybe(&w);
		bool stream = i % 2;
		char headers[128];
		struct gw_got g;

		if (fd < 0 || i >= TASKS) {
			if (fd >= 0)
				close(fd);
			usleep(2000);
			continue;
		}
		snprintf(headers, sizeof(headers),
			 "x-aco-task: kill-%d\r\nx-fake: %s\r\n", i,
			 stream ? "pause=3" : "");
		gw_send(fd, "/v1/chat/completions", headers,
			str_from(stream ? STREAM : BODY));
		g = gw_receive(fd);
		acked[i] = g.status == 200 && g.whole;
		gw_got_free(&g);
		close(fd);
	}
	return NULL;
}

static int wanted(void)
{
	int n = 0;

	for (int i = 0; i < TASKS; i++)
		n += acked[i];
	return n;
}

static bool none_missing(void *arg)
{
	(void)arg;
	return harness_sql_i64(w.db,
			       "SELECT count(*) FROM acked k WHERE NOT EXISTS"
			       " (SELECT FROM v_attempt a WHERE a.task_ext_id ="
			       " k.name)") == 0;
}

static void tell_acked(void)
{
	struct buf b;

	buf_init(&b, (size_t)64 << 20);
	buf_adds(&b, "CREATE TABLE acked AS SELECT unnest('{");
	for (int i = 0, n = 0; i < TASKS; i++) {
		if (acked[i])
			buf_addf(&b, "%skill-%d", n++ ? "," : "", i);
	}
	buf_adds(&b, "}'::text[]) AS name; ANALYZE acked");
	harness_sql(w.db, buf_str(&b));
	buf_release(&b);
}

static void killed_in_the_middle(void **state)
{
	const char *text = getenv("ACO_KILL_ROUNDS");
	int rounds = text ? (int)strtol(text, NULL, 10) : 6;
	pthread_t t[LOADERS];
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < LOADERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, load_main, NULL),
				 0);
	for (int i = 0; i < rounds; i++) {
		int before = wanted();
		pid_t pid;

		/* Some are through since the last one, some are under way. */
		for (int k = 0; k < 10000 && wanted() < before + 20; k++)
			usleep(1000);
		assert_true(wanted() >= before + 20);
		usleep((unsigned)rand_r(&seed) % 40000);
		pid = gw_world_worker(&w);
		if (pid)
			kill(pid, SIGKILL);
	}
	enough = true;
	for (int i = 0; i < LOADERS; i++)
		pthread_join(t[i], NULL);
	tell_acked();
	print_message("%d calls answered to their end, %d rounds\n", wanted(),
		      rounds);
	poll_until(none_missing, NULL, 60000, "what was answered");
	assert_int_equal(
		harness_sql_i64(w.db, "SELECT count(*) FROM (SELECT FROM"
				      " v_attempt a JOIN acked k ON k.name ="
				      " a.task_ext_id GROUP BY k.name HAVING"
				      " count(*) > 1 OR min(a.status::text) <>"
				      " 'ok') x"),
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
		cmocka_unit_test(all_are_refused_before_the_provider),
		cmocka_unit_test(the_cap_holds),
		cmocka_unit_test(killed_in_the_middle),
		cmocka_unit_test(they_stop),
	};

	return harness_main("gateway_hard", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
