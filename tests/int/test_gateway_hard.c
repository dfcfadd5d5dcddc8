/* The gateway when it is hard: workers that are killed in the middle of
 * streams. ACO_KILL_ROUNDS=100 for a long run. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/int/gw_help.h"

#define BODY                                                                   \
	"{\"model\":\"gpt-5-mini\",\"max_tokens\":100,\"messages\":"           \
	"[{\"role\":\"user\",\"content\":\"Say hello\"}]}"
#define STREAM                                                                 \
	"{\"model\":\"gpt-5-mini\",\"stream\":true,\"messages\":"              \
	"[{\"role\":\"user\",\"content\":\"Say hello\"}]}"

static struct gw_world w;

static void it_starts(void **state)
{
	(void)state;
	gw_world_init(&w, "gateway_hard");
	gw_world_serve(&w);
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
		int fd = gw_connect_maybe(&w), i;
		char headers[128];
		struct gw_got g;
		bool stream;

		if (fd < 0) {
			usleep(2000);
			continue;
		}
		i = atomic_fetch_add(&asked, 1);
		assert_true(i < TASKS);
		stream = i % 2;
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

static void it_stops(void **state)
{
	(void)state;
	gw_world_stop(&w);
	gw_world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts),
		cmocka_unit_test(killed_in_the_middle),
		cmocka_unit_test(it_stops),
	};

	return harness_main("gateway_hard", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
