/* The mock provider's verdicts, by chance or by script, and that the same seed
 * says the same again. */
#include "ingest/mock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "tests/unit/mock_world.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* ---- verdicts ---- */

static void test_verdicts(void **state)
{
	struct mock_world w;
	double good = 0, bad = 0, sum = 0;
	int passes = 0, same = 0, n_good = 0, n = 60;

	(void)state;
	mock_world_init(&w);
	mock_world_open(&w);
	for (int i = 0; i < n; i++) {
		char body[256], path[128];
		const char *mark;
		struct got g, v;
		bool pass;

		snprintf(body, sizeof(body),
			 "{\"model\":\"mock-60\",\"logprobs\":true,"
			 "\"messages\":[{\"role\":\"user\",\"content\":"
			 "\"[[difficulty=0.55 task=t%d]] go\"}]}",
			 i);
		mock_call(&g, &w, "POST", "/v1/chat/completions", body, NULL);
		snprintf(path, sizeof(path),
			 "/mock/verdict?task=t%d&model=mock-60&difficulty=0.55",
			 i);
		mock_call(&v, &w, "GET", path, NULL, NULL);
		pass = strstr(buf_str(&v.body), "\"success\":true") != NULL;
		mark = strstr(buf_str(&g.body), "[[verdict=");
		assert_non_null(mark);
		same += !strncmp(mark + 10, pass ? "pass" : "fail", 4);
		passes += pass;
		sum = (double)g.r.evidence[EVIDENCE_LOGPROB_MEAN];
		good += pass ? sum : 0;
		bad += pass ? 0 : sum;
		n_good += pass;
		got_release(&g);
		got_release(&v);
	}
	assert_int_equal(same, n);
	/* 62 % on average; the seed decides. */
	assert_true(passes > n * 4 / 10 && passes < n * 8 / 10);
	assert_true(good / n_good > bad / (n - n_good));
	mock_world_release(&w);
}

static void test_chances(void **state)
{
	struct mock_conf c;
	int both = 0, one = 0, n = 2000;

	(void)state;
	mock_conf_default(&c);
	assert_true(fabs(mock_strength(&c, STR("mock-70")) - 0.7) < 1e-9);
	assert_true(fabs(mock_strength(&c, STR("other")) - 0.5) < 1e-9);
	assert_true(fabs(mock_chance(0.7, 0.7) - 0.5) < 1e-9);
	assert_true(mock_chance(0.9, 0.2) > 0.99);
	/* What the weak one solves, the strong one does when they go together.
	 */
	c.correlation = 1;
	for (int i = 0; i < n; i++) {
		char task[16];
		struct str t;
		bool weak, strong;

		snprintf(task, sizeof(task), "%d", i);
		t = str_from(task);
		weak = mock_verdict(&c, t, STR("a-40"), 0.5);
		strong = mock_verdict(&c, t, STR("b-60"), 0.5);
		both += weak && strong;
		one += weak;
	}
	assert_int_equal(both, one);
	assert_true(one > n / 5 && one < n / 3); /* 0.269 */
}

static void test_script(void **state)
{
	char path[] = "/tmp/aco_mock_XXXXXX";
	int fd = mkstemp(path);
	static const char lines[] =
		"{\"task\":\"HumanEval/1\",\"model\":\"gpt-4\",\"success\":0,"
		"\"input_tokens\":120,\"cached_tokens\":20,"
		"\"output_tokens\":77,\"text\":\"recorded\"}\n\n"
		"{\"task\":\"HumanEval/2\",\"model\":\"gpt-4\",\"status\":500}"
		"\n";
	struct mock_world w;
	struct got g;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, lines, sizeof(lines) - 1),
			 sizeof(lines) - 1);
	close(fd);
	mock_world_init(&w);
	w.conf.script = path;
	mock_world_open(&w);
	mock_call(&g, &w, "POST", "/v1/chat/completions",
		  "{\"model\":\"gpt-4\",\"messages\":[{\"role\":\"user\","
		  "\"content\":\"[[task=HumanEval/1]]\"}]}",
		  NULL);
	assert_int_equal(g.r.usage.n[USAGE_UNCACHED_IN], 100);
	assert_int_equal(g.r.usage.n[USAGE_CACHE_READ], 20);
	assert_int_equal(g.r.usage.n[USAGE_OUTPUT], 77);
	assert_non_null(strstr(buf_str(&g.body), "\"content\":\"recorded\""));
	got_release(&g);
	mock_call(&g, &w, "GET", "/mock/verdict?task=HumanEval%2F1&model=gpt-4",
		  NULL, NULL);
	assert_non_null(strstr(buf_str(&g.body), "\"success\":false"));
	got_release(&g);
	mock_call(&g, &w, "POST", "/v1/chat/completions",
		  "{\"model\":\"gpt-4\",\"messages\":[{\"role\":\"user\","
		  "\"content\":\"[[task=HumanEval/2]]\"}]}",
		  NULL);
	assert_int_equal(g.status, 500);
	got_release(&g);
	mock_world_release(&w);
	unlink(path);
}

/* ---- the same again ---- */

static const char streamed[] =
	"{\"model\":\"mock-90\",\"messages\":[{\"role\":\"user\","
	"\"content\":\"hi\"}],\"logprobs\":true,\"top_logprobs\":3,"
	"\"stream\":true,\"stream_options\":{\"include_usage\":true}}";

static void test_seeded(void **state)
{
	struct buf first;

	(void)state;
	buf_init(&first, 1 << 20);
	clock_fix(1758800000 * US_PER_SEC);
	for (int i = 0; i < 3; i++) {
		struct mock_world w;
		struct got g;

		mock_world_init(&w);
		w.conf.seed = i < 2 ? 7 : 8;
		mock_world_open(&w);
		mock_call(&g, &w, "POST", "/v1/chat/completions", streamed,
			  NULL);
		if (i == 0)
			buf_add(&first, g.body.p, g.body.len);
		else if (i == 1)
			assert_string_equal(buf_str(&first), buf_str(&g.body));
		else
			assert_string_not_equal(buf_str(&first),
						buf_str(&g.body));
		got_release(&g);
		mock_world_release(&w);
	}
	clock_fix(TIME_NONE);
	buf_release(&first);
}

/* One that was started again says the same, under ids that go on. */
static void test_numbered_on(void **state)
{
	char ids[2][64] = {"", ""};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct mock_world w;
		struct got g;

		mock_world_init(&w);
		w.conf.number_from = i ? 1000 : 0;
		mock_world_open(&w);
		mock_call(&g, &w, "POST", "/v1/chat/completions", streamed,
			  NULL);
		assert_in_range(g.r.id.len, 16, sizeof(ids[i]) - 1);
		memcpy(ids[i], g.r.id.p, g.r.id.len);
		got_release(&g);
		mock_world_release(&w);
	}
	assert_string_not_equal(ids[0], ids[1]);
}

/* Always the same, each under an id of its own. */
static void test_fixed(void **state)
{
	static const char *const bodies[] = {
		"{\"model\":\"m\",\"messages\":[]}",
		"{\"model\":\"m\",\"messages\":[],\"stream\":true}"};
	struct mock_world w;

	(void)state;
	mock_world_init(&w);
	w.conf.fixed = 1000;
	mock_world_open(&w);
	for (int i = 0; i < 4; i++) {
		const char *path =
			i < 2 ? "/v1/chat/completions" : "/v1/messages";
		char id[64] = "";

		for (int k = 0; k < 2; k++) {
			struct got g;

			mock_call(&g, &w, "POST", path, bodies[i % 2], NULL);
			assert_int_equal(g.r.status, ATTEMPT_OK);
			assert_int_equal(g.r.usage.n[USAGE_UNCACHED_IN], 128);
			assert_int_equal(g.r.usage.n[USAGE_OUTPUT], 201);
			assert_true(g.r.id.len > 16 && g.r.id.len < 64);
			assert_memory_not_equal(id, g.r.id.p, g.r.id.len);
			memcpy(id, g.r.id.p, g.r.id.len);
			got_release(&g);
		}
	}
	mock_world_release(&w);
}

static void test_times(void **state)
{
	static const char *const bad[] = {"",     "x",     "10-5", "-1",
					  "ln:5", "ln:5:", "5 ",   "1e99"};
	struct mock_time t;
	struct err e;

	(void)state;
	assert_int_equal(mock_time_parse(&t, "20", &e), RC_OK);
	assert_int_equal(mock_time_us(&t, 0.3), 20000);
	assert_int_equal(mock_time_parse(&t, "10-50", &e), RC_OK);
	assert_int_equal(mock_time_us(&t, 0.5), 30000);
	assert_int_equal(mock_time_parse(&t, "ln:200:0.5", &e), RC_OK);
	assert_true(mock_time_us(&t, 0.5) > 0);
	for (size_t i = 0; i < N(bad); i++)
		assert_int_equal(mock_time_parse(&t, bad[i], &e), RC_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_chances),
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_seeded),
		cmocka_unit_test(test_numbered_on),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
