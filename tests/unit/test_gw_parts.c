/* Parts of the gateway that need no daemon: configuration, circuit breakers,
 * what served a task last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingest/gw_int.h"
#include "ledger/base/clock.h"

/* ---- configuration ---- */

static char openai_url[] = "http://127.0.0.1:1/v1";
static char anthropic_url[] = "http://127.0.0.1:2/v1";

static struct conf sample(const char *providers)
{
	return (struct conf){
		.openai_base_url = openai_url,
		.anthropic_base_url = anthropic_url,
		.providers = (char *)(uintptr_t)providers,
		.aliases = (char *)(uintptr_t) "fast=gpt-5-mini, h = auto:x",
		.route_mode = (char *)(uintptr_t) "shadow",
		.route_default = (char *)(uintptr_t) "gpt-5, claude-opus-4-5",
		.route_goal = (char *)(uintptr_t) "quality:0.9",
		.route_floors = (char *)(uintptr_t) "legal=4,medical = 5",
		.route_streams = (char *)(uintptr_t) "live",
		.unpriced = (char *)(uintptr_t) "pass",
		.route_explore_permille = 20,
	};
}

static void what_it_says(void **state)
{
	struct conf f = sample("local: url=http://h:8000/v1, protocol=openai, "
			       "calls=7");
	struct gw_conf *c;
	struct err e;

	(void)state;
	f.provider_calls = 9;
	assert_int_equal(gw_conf_new(&c, &f, &e), RC_OK);
	assert_int_equal(c->n_providers, 3);
	assert_string_equal(gw_conf_first(c, GW_OPENAI)->name, "openai");
	assert_string_equal(gw_conf_first(c, GW_ANTHROPIC)->origin.base, "");
	assert_int_equal(gw_conf_provider(c, STR("LOCAL"))->origin.port, 8000);
	assert_false(gw_conf_provider(c, STR("local"))->first);
	assert_null(gw_conf_provider(c, STR("else")));
	assert_true(str_is(gw_conf_alias(c, STR("fast")), "gpt-5-mini"));
	assert_true(str_is(gw_conf_alias(c, STR("h")), "auto:x"));
	assert_true(str_is(gw_conf_alias(c, STR("other")), "other"));
	assert_int_equal(gw_conf_floor(c, STR("medical")), 5);
	assert_int_equal(gw_conf_floor(c, STR("coding")), 0);
	assert_int_equal(c->n_defaults, 2);
	assert_int_equal(gw_conf_provider(c, STR("local"))->calls, 7);
	assert_int_equal(gw_conf_provider(c, STR("openai"))->calls, 9);
	gw_conf_drop(c);
}

static void refused(struct conf f, const char *why)
{
	struct gw_conf *c;
	struct err e;

	assert_int_equal(gw_conf_new(&c, &f, &e), RC_BAD);
	if (!strstr(e.msg, why))
		fail_msg("'%s' is not in '%s'", why, e.msg);
}

static void mistakes_are_named(void **state)
{
	struct conf f;

	(void)state;
	refused(sample("local"), "is not NAME");
	refused(sample("local: protocol=openai"), "has no url");
	refused(sample("l: url=http://h, color=red"), "'color'");
	refused(sample("l: url=http://h, protocol=x"), "protocol is");
	refused(sample("l: url=ftp://h"), "provider l");
	refused(sample("l: url=http://h, key_file=/nonexistent"), "No such");
	refused(sample("openai: url=http://h, protocol=anthropic"),
		"none speaks protocol openai");
	f = sample("");
	f.route_goal = (char *)(uintptr_t) "quality:2";
	refused(f, "route_goal");
	f = sample("");
	f.route_floors = (char *)(uintptr_t) "legal=6";
	refused(f, "route_floors");
	f = sample("");
	f.aliases = (char *)(uintptr_t) "x";
	refused(f, "aliases");
	f.aliases = (char *)(uintptr_t) "a=x, b=y, a=z";
	refused(f, "aliases: 'a' is there twice");
	f.aliases = (char *)(uintptr_t) "a=b, b=y";
	refused(f, "aliases: 'a' stands for another alias");
	f.aliases = (char *)(uintptr_t) "auto:x=y";
	refused(f, "'auto:x' is the router's name");
	f = sample("l: url=http://h | l: url=http://i");
	refused(f, "providers: l is there twice");
	f = sample("l: url=http://h, calls=-1");
	refused(f, "calls is a number");
	f = sample("");
	f.route_floors = (char *)(uintptr_t) "a=1, a=2";
	refused(f, "route_floors: 'a' is there twice");
}

static void keys_of_files(void **state)
{
	char path[] = "/tmp/aco-key-XXXXXX", text[128];
	int fd = mkstemp(path);
	struct gw_conf *c;
	struct conf f;
	struct err e;

	(void)state;
	assert_int_equal(write(fd, "sk-secret\n", 10), 10);
	snprintf(text, sizeof(text), "l: url=http://h, key_file=%s", path);
	f = sample(text);
	assert_int_equal(gw_conf_new(&c, &f, &e), RC_OK);
	assert_string_equal(gw_conf_provider(c, STR("l"))->key, "sk-secret");
	gw_conf_drop(c);
	assert_int_equal(fchmod(fd, 0644), 0);
	refused(f, "others can read it");
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(pwrite(fd, "sk\r\nX: y", 8, 0), 8);
	refused(f, "characters that no key has");
	close(fd);
	unlink(path);
}

/* ---- breakers ---- */

static void failures_open_it(void **state)
{
	struct gw_link l = {.state = LINK_CLOSED};
	int64_t now = US_PER_SEC;

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_true(gw_link_ready(&l, now));
		gw_link_begin(&l);
		gw_link_end(&l, HEALTH_BAD, now);
	}
	assert_false(gw_link_ready(&l, now));
	assert_true(gw_link_wait_us(&l, now) > 0);
	/* Time is up: one may try, and fails; it is closed for longer. */
	now += 2 * US_PER_SEC;
	assert_true(gw_link_ready(&l, now));
	gw_link_begin(&l);
	assert_false(gw_link_ready(&l, now));
	gw_link_end(&l, HEALTH_BAD, now);
	assert_false(gw_link_ready(&l, now + 2 * US_PER_SEC));
	now += 4 * US_PER_SEC;
	assert_true(gw_link_ready(&l, now));
	gw_link_begin(&l);
	gw_link_end(&l, HEALTH_GOOD, now);
	assert_true(gw_link_ready(&l, now));
	assert_int_equal(l.state, LINK_CLOSED);
	assert_int_equal(l.active, 0);
}

static void a_success_forgets_failures(void **state)
{
	struct gw_link l = {.state = LINK_CLOSED};

	(void)state;
	for (int i = 0; i < 20; i++) {
		gw_link_begin(&l);
		gw_link_end(&l, i % 4 == 3 ? HEALTH_GOOD : HEALTH_BAD, 1);
		assert_true(gw_link_ready(&l, 1));
	}
	for (int i = 0; i < 20; i++) {
		gw_link_begin(&l);
		gw_link_end(&l, HEALTH_UNKNOWN, 1);
	}
	assert_true(gw_link_ready(&l, 1));
}

/* ---- those that wait ---- */

enum {
	WAITERS = 12
};

static struct gw_conf patience = {.queue_us = 1000};
static struct gw_conf impatience = {.queue_us = 10};

static struct gw_call *waiter(struct gw_call *c, const char *key, int64_t us)
{
	*c = (struct gw_call){
		.conf = &patience, .key = str_from(key), .queued_us = us};
	return c;
}

/* One key has asked for much before the others came. */
static void keys_take_turns(void **state)
{
	static const int order[] = {0, 6, 9, 1, 7, 2, 8, 3, 4, 5};
	struct gw_call *c = calloc(WAITERS, sizeof(*c));
	struct gw_lines q = {0};

	(void)state;
	assert_null(gw_lines_next(&q));
	assert_int_equal(gw_lines_since(&q), 0);
	for (int i = 0; i < 10; i++)
		gw_lines_add(&q, waiter(&c[i],
					i < 6   ? "flood"
					: i < 9 ? "other"
						: "",
					100 + i));
	assert_int_equal(q.n, 10);
	for (int i = 0; i < 10; i++) {
		struct gw_call *next = gw_lines_next(&q);

		assert_int_equal(next - c, order[i]);
		gw_lines_take(&q, next, true);
	}
	assert_int_equal(q.n, 0);
	assert_null(gw_lines_next(&q));
	free(c);
}

/* Who leaves does not cost its key a turn; the oldest is told of wherever it
 * stands. */
static void who_leaves_costs_no_turn(void **state)
{
	struct gw_call *c = calloc(WAITERS, sizeof(*c));
	struct gw_lines q = {0};

	(void)state;
	for (int i = 0; i < 6; i++)
		gw_lines_add(&q, waiter(&c[i], i % 2 ? "b" : "a", 100 - i));
	assert_int_equal(gw_lines_since(&q), 99);
	gw_lines_take(&q, &c[0], false);
	assert_ptr_equal(gw_lines_next(&q), &c[2]);
	gw_lines_take(&q, &c[4], false); /* the last one of its line */
	gw_lines_take(&q, &c[2], true);
	assert_ptr_equal(gw_lines_next(&q), &c[1]);
	gw_lines_add(&q, waiter(&c[6], "a", 200));
	gw_lines_take(&q, &c[1], true);
	assert_ptr_equal(gw_lines_next(&q), &c[6]);
	while (q.n)
		gw_lines_take(&q, gw_lines_next(&q), true);
	free(c);
}

/* The key that has the most makes room, as long as it keeps as many as the
 * newcomer's. */
static void the_most_make_room(void **state)
{
	struct gw_call *c = calloc(WAITERS, sizeof(*c)), *new = &c[11];
	struct gw_lines q = {0};

	(void)state;
	waiter(new, "new", 1);
	assert_null(gw_lines_too_many(&q, new));
	gw_lines_add(&q, waiter(&c[0], "few", 1));
	assert_null(gw_lines_too_many(&q, new));
	for (int i = 1; i < 5; i++)
		gw_lines_add(&q, waiter(&c[i], "flood", 1));
	assert_ptr_equal(gw_lines_too_many(&q, new), &c[4]);
	assert_null(gw_lines_too_many(&q, waiter(&c[10], "flood", 1)));
	gw_lines_take(&q, &c[4], false);
	gw_lines_add(&q, new);
	assert_ptr_equal(gw_lines_too_many(&q, waiter(&c[10], "new", 1)),
			 &c[3]);
	gw_lines_take(&q, &c[3], false);
	gw_lines_add(&q, &c[10]);
	assert_null(gw_lines_too_many(&q, waiter(&c[9], "new", 1)));
	while (q.n)
		gw_lines_take(&q, gw_lines_next(&q), true);
	free(c);
}

/* A configuration that was changed lets some wait for less: they are found
 * behind those that may wait on. */
static void late_ones_are_found(void **state)
{
	struct gw_call *c = calloc(WAITERS, sizeof(*c));
	struct gw_lines q = {0};

	(void)state;
	for (int i = 0; i < 4; i++) {
		gw_lines_add(&q, waiter(&c[i], "k", 100));
		c[i].conf = i % 2 ? &impatience : &patience;
	}
	assert_null(gw_lines_late(&q, 109));
	assert_ptr_equal(gw_lines_late(&q, 110), &c[1]);
	gw_lines_take(&q, &c[1], false);
	assert_ptr_equal(gw_lines_late(&q, 110), &c[3]);
	gw_lines_take(&q, &c[3], false);
	assert_null(gw_lines_late(&q, 110));
	assert_ptr_equal(gw_lines_late(&q, 1100), &c[0]);
	while (q.n)
		gw_lines_take(&q, gw_lines_next(&q), true);
	free(c);
}

/* ---- sessions ---- */

enum {
	SUMMANDS = 20000
};

static void add_one(struct gw_last *v, void *arg)
{
	(void)arg;
	v->steps++;
	v->cost_pusd += 3;
}

static void die(struct gw_last *v, void *arg)
{
	(void)v;
	(void)arg;
	_exit(0);
}

/* A worker that dies in the middle of it holds nobody up. */
static void who_dies_holds_nothing(void **state)
{
	char dir[] = "/tmp/aco-sessions-XXXXXX", path[64];
	struct uuid task = uuid_v7();
	struct gw_sessions *s;
	struct gw_last got;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	s = gw_sessions_open(dir);
	gw_session_change(s, task, add_one, NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		gw_session_change(gw_sessions_open(dir), task, die, NULL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	gw_session_change(s, task, add_one, NULL);
	assert_true(gw_session_get(s, task, &got));
	assert_int_equal(got.steps, 2);
	gw_sessions_close(s);
	snprintf(path, sizeof(path), "%s/sessions", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* Two workers that add to the same at once lose nothing. */
static void what_two_add_is_there(void **state)
{
	char dir[] = "/tmp/aco-sessions-XXXXXX", path[64];
	struct uuid task = uuid_v7();
	struct gw_sessions *s;
	struct gw_last got;
	pid_t pid[2];
	int status;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i])
			continue;
		s = gw_sessions_open(dir);
		for (int k = 0; s && k < SUMMANDS; k++)
			gw_session_change(s, task, add_one, NULL);
		_exit(s ? 0 : 1);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	s = gw_sessions_open(dir);
	assert_true(gw_session_get(s, task, &got));
	assert_int_equal(got.steps, 2 * SUMMANDS);
	assert_int_equal(got.cost_pusd, 6 * SUMMANDS);
	gw_sessions_close(s);
	snprintf(path, sizeof(path), "%s/sessions", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void sessions_are_shared_and_outlive(void **state)
{
	char dir[] = "/tmp/aco-sessions-XXXXXX", path[64];
	struct gw_last v = {.model = "gpt-5", .prompt_tokens = 7}, got;
	struct gw_sessions *a, *b;
	struct uuid task = uuid_v7();

	(void)state;
	assert_non_null(mkdtemp(dir));
	a = gw_sessions_open(dir);
	b = gw_sessions_open(dir);
	assert_false(gw_session_get(a, task, &got));
	assert_string_equal(got.model, "");
	gw_session_put(a, task, &v);
	assert_true(gw_session_get(b, task, &got));
	assert_string_equal(got.model, "gpt-5");
	assert_int_equal(got.prompt_tokens, 7);
	gw_sessions_close(a);
	gw_sessions_close(b);
	a = gw_sessions_open(dir);
	assert_true(gw_session_get(a, task, &got));
	/* The newest of many stay. */
	for (int i = 0; i < 100000; i++) {
		v.at_us = i;
		task = uuid_v7();
		for (int k = 0; k < 16; k++)
			task.b[k] = (uint8_t)(task.b[15 - k] ^ (i >> k));
		gw_session_put(a, task, &v);
		assert_true(gw_session_get(a, task, &got));
	}
	gw_sessions_close(a);
	snprintf(path, sizeof(path), "%s/sessions", dir);
	unlink(path);
	rmdir(dir);
}

/* ---- Retry-After ---- */

static void waits_as_they_are_spelt(void **state)
{
	static const struct {
		const char *ms, *s;
		int64_t us;
	} cases[] = {
		{NULL, NULL, -1},
		{"1500", "9", 1500000},
		{"12.5", NULL, 12500},
		{NULL, "2", 2000000},
		{NULL, "0.25", 250000},
		{NULL, "0", 0},
		{"soon", "3", 3000000},
		{"-1", "-1", -1},
		{"1e3", "0x10", -1},
		{"1.2.3", ".5", -1},
		{NULL, "86400", -1},
		{NULL, "99999999999999999999999999999999999", -1},
		{NULL, "Sun, 06 Nov 1994 08:49:37 GMT", 0},
		{NULL, "Tue, 14 Nov 2023 22:13:50 GMT", 30000000},
		{NULL, "Tue, 14 Nov 2024 22:13:50 GMT", -1},
		{NULL, "Tue, 14 Nov 2023 22:13:50 PST", -1},
		{NULL, "Tue, 14 Nox 2023 22:13:50 GMT", -1},
		{NULL, "Tue, xx Nov 2023 22:13:50 GMT", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t us = gw_wait_asked(str_from(cases[i].ms),
					   str_from(cases[i].s),
					   INT64_C(1700000000000000));

		if (us != cases[i].us)
			fail_msg("%s, %s: %lld", cases[i].ms, cases[i].s,
				 (long long)us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(keys_of_files),
		cmocka_unit_test(failures_open_it),
		cmocka_unit_test(a_success_forgets_failures),
		cmocka_unit_test(keys_take_turns),
		cmocka_unit_test(who_leaves_costs_no_turn),
		cmocka_unit_test(the_most_make_room),
		cmocka_unit_test(late_ones_are_found),
		cmocka_unit_test(what_two_add_is_there),
		cmocka_unit_test(who_dies_holds_nothing),
		cmocka_unit_test(sessions_are_shared_and_outlive),
		cmocka_unit_test(waits_as_they_are_spelt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
