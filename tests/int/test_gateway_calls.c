/* How many calls are at a provider at once: never more than it may have, over
 * all workers; who waits does so in order, not for ever and not too many, and
 * no key makes others wait for all that it asks. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/int/gw_help.h"

#define CHAT(model)                                                            \
	"{\"model\":\"" model "\",\"messages\":[{\"role\":\"user\","           \
	"\"content\":\"Say hello\"}]}"
#define MESSAGE                                                                \
	"{\"model\":\"claude-haiku-4-5\",\"max_tokens\":9,\"messages\":"       \
	"[{\"role\":\"user\",\"content\":\"x\"}]}"

static struct gw_world many, one, two, keyed;

/* Three calls at a time for the daemon of two workers; one for the other's
 * `openai`, and no more than two that wait, for at most two seconds. One at a
 * time for two workers; and for one, where four may wait. */
static void they_start(void **state)
{
	char text[256];

	(void)state;
	gw_world_init(&many, "gateway_calls");
	gw_world_beside(&one, &many);
	gw_world_beside(&two, &many);
	gw_world_beside(&keyed, &many);
	gw_world_set(&many, "ACO_WORKERS", "2");
	gw_world_set(&many, "ACO_PROVIDER_CALLS", "3");
	snprintf(text, sizeof(text),
		 "openai: url=http://127.0.0.1:%d/v1, protocol=openai, "
		 "key_env=OPENAI_API_KEY, calls=1",
		 fake_port(one.fake));
	gw_world_set(&one, "ACO_PROVIDERS", text);
	gw_world_set(&one, "ACO_PROVIDER_QUEUE", "2");
	gw_world_set(&one, "ACO_PROVIDER_WAIT_SECONDS", "2");
	gw_world_set(&one, "ACO_GATEWAY_RETRIES", "0");
	gw_world_set(&two, "ACO_WORKERS", "2");
	gw_world_set(&two, "ACO_PROVIDER_CALLS", "1");
	gw_world_set(&keyed, "ACO_PROVIDER_CALLS", "1");
	gw_world_set(&keyed, "ACO_PROVIDER_QUEUE", "4");
	gw_world_serve(&many);
	gw_world_serve(&one);
	gw_world_serve(&two);
	gw_world_serve(&keyed);
}

/* ---- clients ---- */

struct ask {
	struct gw_world *w;
	const char *path, *headers, *body;
	pthread_t thread;
	struct gw_got got;
};

static void *ask_main(void *arg)
{
	struct ask *a = arg;

	a->got = gw_post(a->w, a->path, a->headers, a->body);
	return NULL;
}

static void ask_start(struct ask *a)
{
	assert_int_equal(pthread_create(&a->thread, NULL, ask_main, a), 0);
}

static int ask_end(struct ask *a)
{
	assert_int_equal(pthread_join(a->thread, NULL), 0);
	return a->got.status;
}

/* The value of a sample of /metrics; -1. */
static long metric(struct gw_world *w, const char *sample)
{
	int fd = gw_connect_maybe(w);
	char line[128];
	struct gw_got g;
	const char *p;
	long v = -1;

	if (fd < 0)
		return -1;

	dprintf(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
	g = gw_receive(fd);
	close(fd);
	snprintf(line, sizeof(line), "\n%s", sample);
	p = strstr(buf_str(&g.body), line);
	if (p)
		v = strtol(p + strlen(line), NULL, 10);
	gw_got_free(&g);
	return v;
}

struct wanted {
	struct gw_world *w;
	const char *sample;
	long value;
};

static bool reached(void *arg)
{
	const struct wanted *x = arg;

	return metric(x->w, x->sample) == x->value;
}

static void wait_metric(struct gw_world *w, const char *sample, long value)
{
	struct wanted x = {w, sample, value};

	poll_until(reached, &x, 10000, sample);
}

/* ---- tests ---- */

enum {
	CROWD = 32
};

/* Of both protocols' providers three at once each, whichever worker took the
 * calls, and every call is served. */
static void never_more_than_it_may_have(void **state)
{
	struct ask a[CROWD];

	(void)state;
	fake_most(many.fake);
	for (int i = 0; i < CROWD; i++) {
		a[i] = (struct ask){.w = &many,
				    .path = "/v1/chat/completions",
				    .headers = "x-fake: pause=20\r\n",
				    .body = CHAT("gpt-5-mini")};
		ask_start(&a[i]);
	}
	for (int i = 0; i < CROWD; i++) {
		assert_int_equal(ask_end(&a[i]), 200);
		gw_got_free(&a[i].got);
	}
	assert_int_equal(fake_most(many.fake), 3);
	wait_metric(&many, "aco_provider_calls{provider=\"openai\"} ", 0);
	assert_int_equal(
		metric(&many, "aco_provider_calls_limit{provider=\"openai\"} "),
		3);
	assert_true(metric(&many, "aco_gateway_queued_total ") > 0);
	assert_int_equal(
		metric(&many, "aco_gateway_refused_total{why=\"calls\"} "), 0);
	assert_int_equal(metric(&many, "aco_gateway_added_seconds_count "),
			 CROWD);
}

/* Streams hold their places to their ends. */
static void streams_count_to_their_ends(void **state)
{
	struct ask a[8];

	(void)state;
	fake_most(many.fake);
	for (int i = 0; i < 8; i++) {
		a[i] = (struct ask){
			.w = &many,
			.path = "/v1/chat/completions",
			.headers = "x-fake: pause=10\r\n",
			.body = "{\"model\":\"gpt-5-mini\",\"stream\":true,"
				"\"messages\":[{\"role\":\"user\","
				"\"content\":\"x\"}]}"};
		ask_start(&a[i]);
	}
	for (int i = 0; i < 8; i++) {
		assert_int_equal(ask_end(&a[i]), 200);
		assert_true(a[i].got.whole);
		gw_got_free(&a[i].got);
	}
	assert_int_equal(fake_most(many.fake), 3);
}

/* A worker that is killed takes nothing with it. */
static void a_crash_gives_back(void **state)
{
	struct ask a = {.w = &many,
			.path = "/v1/chat/completions",
			.headers = "x-fake: pause=3000\r\n",
			.body = CHAT("gpt-5-mini")};
	pid_t worker;

	(void)state;
	ask_start(&a);
	wait_metric(&many, "aco_provider_calls{provider=\"openai\"} ", 1);
	/* Whichever of the two has it. */
	for (int i = 0; i < 200; i++) {
		long there = metric(&many,
				    "aco_provider_calls{provider=\"openai\"} ");

		worker = there == 1 ? gw_world_worker(&many) : 0;
		if (there == 0)
			break;
		if (worker)
			kill(worker, SIGKILL);
		usleep(100000);
	}
	assert_int_equal(ask_end(&a), 0);
	gw_got_free(&a.got);
	wait_metric(&many, "aco_provider_calls{provider=\"openai\"} ", 0);
}

/* The id of an answer; later ones are greater. */
static const char *id_of(const struct ask *a)
{
	const char *id = strstr(buf_str(&a->got.body), "chatcmpl-");

	assert_non_null(id);
	return id;
}

static void assert_before(const struct ask *a, const struct ask *b)
{
	assert_true(strncmp(id_of(a), id_of(b), 29) < 0);
}

/* One is served, two wait, the next is told so in its own protocol; those that
 * wait are served in the order of their coming. */
static void who_waits_is_served_in_order(void **state)
{
	struct ask a[3];
	struct gw_got g;

	(void)state;
	for (int i = 0; i < 3; i++) {
		a[i] = (struct ask){.w = &one,
				    .path = "/v1/chat/completions",
				    .headers = "x-fake: pause=600\r\n",
				    .body = CHAT("gpt-5-mini")};
		ask_start(&a[i]);
		if (i == 0)
			wait_metric(&one,
				    "aco_provider_calls{provider=\"openai\"} ",
				    1);
		else
			wait_metric(
				&one,
				"aco_provider_waiting{provider=\"openai\"} ",
				i);
	}
	g = gw_post(&one, "/v1/chat/completions", "", CHAT("gpt-5-mini"));
	assert_int_equal(g.status, 429);
	ASSERT_CONTAINS(buf_str(&g.body), "\"type\":\"rate_limit_error\"");
	ASSERT_CONTAINS(buf_str(&g.body), "provider openai has the 1 calls");
	assert_true(*gw_got_header(&g, "retry-after") > '0');
	gw_got_free(&g);
	/* Who has another provider does not wait. */
	g = gw_post(&one, "/v1/messages", "", MESSAGE);
	assert_int_equal(g.status, 200);
	gw_got_free(&g);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask_end(&a[i]), 200);
	for (int i = 1; i < 3; i++)
		assert_before(&a[i - 1], &a[i]);
	for (int i = 0; i < 3; i++)
		gw_got_free(&a[i].got);
}

static bool key_known(void *header)
{
	struct gw_got g = gw_post(&keyed, "/v1/chat/completions", header,
				  CHAT("gpt-5-mini"));
	bool yes = g.status == 200;

	gw_got_free(&g);
	return yes;
}

static void new_key(const char *name, char *header, size_t n)
{
	const struct harness_run how = {.env = keyed.env};
	struct harness_end e =
		HARNESS_ACO(&how, "key", "add", name, "--role", "gateway");

	assert_int_equal(e.code, 0);
	snprintf(header, n, "x-aco-key: %.*s\r\n", (int)strcspn(e.out, "\n"),
		 e.out);
	harness_end_free(&e);
	poll_until(key_known, header, 10000, "a new key");
}

/* The only place is taken, as long as nobody reads this stream. */
static int take_the_place(const char *key)
{
	int fd = gw_connect(&keyed);
	char headers[320];

	snprintf(headers, sizeof(headers), "%sx-fake: big=40000000\r\n", key);
	gw_send(fd, "/v1/chat/completions", headers,
		STR("{\"model\":\"gpt-5-mini\",\"stream\":true,\"messages\":"
		    "[{\"role\":\"user\",\"content\":\"x\"}]}"));
	wait_metric(&keyed, "aco_provider_calls{provider=\"openai\"} ", 1);
	return fd;
}

/* Four calls of a key wait. Another key's call takes the room of the last of
 * them and is served second. */
static void no_key_keeps_others_waiting(void **state)
{
	static const char waiting[] =
		"aco_provider_waiting{provider=\"openai\"} ";
	char flood[256], calm[256];
	struct ask a[4], b = {.w = &keyed,
			      .path = "/v1/chat/completions",
			      .headers = calm,
			      .body = CHAT("gpt-5-mini")};
	struct gw_got g;
	int fd;

	(void)state;
	new_key("calm", calm, sizeof(calm));
	new_key("flood", flood, sizeof(flood));
	fd = take_the_place(flood);
	for (int i = 0; i < 4; i++) {
		a[i] = b;
		a[i].headers = flood;
		ask_start(&a[i]);
		wait_metric(&keyed, waiting, i + 1);
	}
	ask_start(&b);
	assert_int_equal(ask_end(&a[3]), 429);
	ASSERT_CONTAINS(buf_str(&a[3].got.body), "most are this key's");
	assert_true(*gw_got_header(&a[3].got, "retry-after") > '0');
	gw_got_free(&a[3].got);
	wait_metric(&keyed, waiting, 4);
	g = gw_receive(fd);
	assert_true(g.whole);
	gw_got_free(&g);
	close(fd);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask_end(&a[i]), 200);
	assert_int_equal(ask_end(&b), 200);
	assert_before(&a[0], &b);
	assert_before(&b, &a[1]);
	assert_before(&a[1], &a[2]);
	for (int i = 0; i < 3; i++)
		gw_got_free(&a[i].got);
	gw_got_free(&b.got);
	wait_metric(&keyed, waiting, 0);
}

/* A worker without descriptors blames no provider: as soon as it has some its
 * calls are served. */
static void no_descriptor_is_no_failure_of_theirs(void **state)
{
	pid_t worker = gw_world_worker(&one);
	int fd = gw_connect(&one);
	struct rlimit all, none;
	struct gw_got g;

	(void)state;
	/* No connection to the provider is left, ours is there. */
	gw_send(fd, "/v1/chat/completions", "x-fake: reset\r\n",
		STR(CHAT("gpt-5-mini")));
	g = gw_receive(fd);
	assert_int_equal(g.status, 502);
	gw_got_free(&g);
	assert_int_equal(prlimit(worker, RLIMIT_NOFILE, NULL, &all), 0);
	none = all;
	none.rlim_cur = 3;
	assert_int_equal(prlimit(worker, RLIMIT_NOFILE, &none, NULL), 0);
	for (int i = 0; i < 7; i++) {
		gw_send(fd, "/v1/messages", "", STR(MESSAGE));
		g = gw_receive(fd);
		assert_int_equal(g.status, 502);
		ASSERT_CONTAINS(buf_str(&g.body), "no socket");
		gw_got_free(&g);
	}
	assert_int_equal(prlimit(worker, RLIMIT_NOFILE, &all, NULL), 0);
	gw_send(fd, "/v1/messages", "", STR(MESSAGE));
	g = gw_receive(fd);
	assert_int_equal(g.status, 200);
	gw_got_free(&g);
	close(fd);
}

/* Nobody waits for ever. */
static void a_wait_has_an_end(void **state)
{
	struct ask a = {.w = &one,
			.path = "/v1/chat/completions",
			.headers = "x-fake: pause=4000\r\n",
			.body = CHAT("gpt-5-mini")};
	int before = fake_count(one.fake);
	struct gw_got g;

	(void)state;
	ask_start(&a);
	wait_metric(&one, "aco_provider_calls{provider=\"openai\"} ", 1);
	g = gw_post(&one, "/v1/responses", "",
		    "{\"model\":\"gpt-5-mini\",\"input\":\"x\"}");
	assert_int_equal(g.status, 429);
	ASSERT_CONTAINS(buf_str(&g.body), "had no place within 2 s");
	gw_got_free(&g);
	assert_int_equal(ask_end(&a), 200);
	gw_got_free(&a.got);
	assert_int_equal(fake_count(one.fake), before + 1);
	assert_int_equal(
		metric(&one, "aco_provider_waiting{provider=\"openai\"} "), 0);
}

/* Who leaves while waiting is not sent on. */
static void who_leaves_waits_no_more(void **state)
{
	struct ask a = {.w = &one,
			.path = "/v1/chat/completions",
			.headers = "x-fake: pause=700\r\n",
			.body = CHAT("gpt-5-mini")};
	int before = fake_count(one.fake), fd;

	(void)state;
	ask_start(&a);
	wait_metric(&one, "aco_provider_calls{provider=\"openai\"} ", 1);
	fd = gw_connect(&one);
	gw_send(fd, "/v1/chat/completions", "", STR(CHAT("gpt-5-mini")));
	wait_metric(&one, "aco_provider_waiting{provider=\"openai\"} ", 1);
	close(fd);
	assert_int_equal(ask_end(&a), 200);
	gw_got_free(&a.got);
	wait_metric(&one, "aco_provider_waiting{provider=\"openai\"} ", 0);
	wait_metric(&one, "aco_provider_calls{provider=\"openai\"} ", 0);
	assert_int_equal(fake_count(one.fake), before + 1);
}

/* Failures in a row shut the way: those that wait are told at once, not when
 * their time is up. */
static void a_shut_provider_lets_nobody_wait(void **state)
{
	struct ask a[3];
	int seen = 0, told = 0;

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct gw_got g =
			gw_post(&one, "/v1/chat/completions",
				"x-fake: status=500\r\n", CHAT("gpt-5-mini"));

		assert_int_equal(g.status, 500);
		gw_got_free(&g);
	}
	for (int i = 0; i < 3; i++) {
		a[i] = (struct ask){.w = &one,
				    .path = "/v1/chat/completions",
				    .headers = "x-fake: status=500 pause=400"
					       "\r\n",
				    .body = CHAT("gpt-5-mini")};
		ask_start(&a[i]);
		if (!i)
			wait_metric(&one,
				    "aco_provider_calls{provider=\"openai\"} ",
				    1);
	}
	for (int i = 0; i < 3; i++) {
		int status = ask_end(&a[i]);

		seen += status == 500;
		told += status == 503;
		gw_got_free(&a[i].got);
	}
	assert_int_equal(seen, 1);
	assert_int_equal(told, 2);
}

enum {
	EAGER = 10,
	TURNS = 3
};

static struct eager {
	pthread_t thread;
	atomic_int served;
} eager[EAGER];
static atomic_bool enough;

/* Asks again as soon as it has its answer, on one connection. */
static void *eager_main(void *arg)
{
	struct eager *x = arg;
	int fd = gw_connect(&two);
	bool ok = true;

	while (ok && !atomic_load(&enough)) {
		struct gw_got g;

		gw_send(fd, "/v1/chat/completions", "x-fake: pause=20\r\n",
			STR(CHAT("gpt-5-mini")));
		g = gw_receive(fd);
		ok = g.status == 200;
		x->served += ok;
		gw_got_free(&g);
	}
	close(fd);
	return NULL;
}

static bool all_served(void *arg)
{
	(void)arg;
	for (int i = 0; i < EAGER; i++)
		if (atomic_load(&eager[i].served) < TURNS)
			return false;
	return true;
}

/* The worker whose clients never cease does not keep the only place from those
 * of the other one. */
static void no_worker_keeps_its_places(void **state)
{
	(void)state;
	fake_most(two.fake);
	for (int i = 0; i < EAGER; i++)
		assert_int_equal(pthread_create(&eager[i].thread, NULL,
						eager_main, &eager[i]),
				 0);
	poll_until(all_served, NULL, 20000, "all clients are served");
	atomic_store(&enough, true);
	for (int i = 0; i < EAGER; i++)
		pthread_join(eager[i].thread, NULL);
	assert_int_equal(fake_most(two.fake), 1);
}

static void they_stop(void **state)
{
	(void)state;
	gw_world_stop(&keyed);
	gw_world_release(&keyed);
	gw_world_stop(&two);
	gw_world_release(&two);
	gw_world_stop(&one);
	gw_world_release(&one);
	gw_world_stop(&many);
	gw_world_release(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_start),
		cmocka_unit_test(no_descriptor_is_no_failure_of_theirs),
		cmocka_unit_test(no_key_keeps_others_waiting),
		cmocka_unit_test(never_more_than_it_may_have),
		cmocka_unit_test(streams_count_to_their_ends),
		cmocka_unit_test(a_crash_gives_back),
		cmocka_unit_test(who_waits_is_served_in_order),
		cmocka_unit_test(a_wait_has_an_end),
		cmocka_unit_test(who_leaves_waits_no_more),
		cmocka_unit_test(a_shut_provider_lets_nobody_wait),
		cmocka_unit_test(no_worker_keeps_its_places),
		cmocka_unit_test(they_stop),
	};

	return harness_main("gateway_calls", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
