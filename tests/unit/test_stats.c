#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingest/stats.h"
#include "ledger/base/buf.h"

/* The value of a sample, given as it is written before the space. */
static double value(const char *text, const char *sample)
{
	size_t n = strlen(sample);

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, sample, n) && p[n] == ' ')
			return strtod(p + n, NULL);
	}
	fail_msg("no sample %s in:\n%s", sample, text);
	return 0;
}

static void print(const struct stats *s, struct buf *b)
{
	buf_init(b, 1 << 16);
	stats_print(s, b);
	assert_true(buf_ok(b));
}

static void test_sums(void **state)
{
	struct stats *s = stats_new(3);
	struct buf b;

	(void)state;
	stats_attach(s, 0, "worker 0");
	stat_add(STAT_REQ_2XX, 5);
	stat_set(STAT_G_QUEUE, 100);
	stat_set(STAT_G_QUEUE_AGE, 2500000);
	stats_attach(s, 2, "worker 2");
	stat_add(STAT_REQ_2XX, 7);
	stat_add(STAT_REQ_4XX, 1);
	stat_set(STAT_G_QUEUE, 11);
	stat_set(STAT_G_QUEUE_AGE, 1);
	assert_int_equal(stats_sum(s, STAT_REQ_2XX), 12);
	assert_int_equal(stats_sum(s, STAT_G_QUEUE_AGE), 2500000);
	print(s, &b);
	assert_float_equal(value(b.p, "aco_http_requests_total{code=\"2xx\"}"),
			   12, 0);
	assert_float_equal(value(b.p, "aco_http_requests_total{code=\"4xx\"}"),
			   1, 0);
	assert_float_equal(value(b.p, "aco_queue_bytes"), 111, 0);
	assert_float_equal(value(b.p, "aco_queue_age_seconds_max"), 2.5, 0);
	assert_true(
		value(b.p,
		      "aco_process_resident_memory_bytes{process=\"worker 2\"}") >
		0);
	buf_release(&b);
	stats_free(s);
}

static void test_gone_process(void **state)
{
	struct stats *s = stats_new(1);
	struct buf b;

	(void)state;
	stats_attach(s, 0, "worker 0");
	stat_add(STAT_DEAD, 3);
	stat_set(STAT_G_CONNS, 9);
	stats_beat();
	assert_int_equal(stats_beats(s, 0), 1);
	stats_gone(s, 0);
	assert_int_equal(stats_sum(s, STAT_DEAD), 3);
	assert_int_equal(stats_sum(s, STAT_G_CONNS), 0);
	print(s, &b);
	assert_null(strstr(b.p, "process=\"worker 0\""));
	buf_release(&b);
	stats_free(s);
}

/* What another process counts is seen here, also when it has ended. */
static void test_shared(void **state)
{
	struct stats *s = stats_new(2);
	int status = -1;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		stats_attach(s, 1, "worker 1");
		stat_add(STAT_ROWS_NEW, 42);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(stats_sum(s, STAT_ROWS_NEW), 42);
	stats_free(s);
}

static void test_histogram(void **state)
{
	struct stats *s = stats_new(1);
	struct buf b;

	(void)state;
	stats_attach(s, 0, "worker 0");
	stats_ack(0);
	stats_ack(250);
	stats_ack(251);
	stats_ack(8192000);
	stats_ack(8192001);
	print(s, &b);
#define LE(t) "aco_acknowledgement_seconds_bucket{le=\"" t "\"}"
	assert_float_equal(value(b.p, LE("0.000250")), 2, 0);
	assert_float_equal(value(b.p, LE("0.000500")), 3, 0);
	assert_float_equal(value(b.p, LE("4.096000")), 3, 0);
	assert_float_equal(value(b.p, LE("8.192000")), 4, 0);
	assert_float_equal(value(b.p, LE("+Inf")), 5, 0);
	assert_float_equal(value(b.p, "aco_acknowledgement_seconds_count"), 5,
			   0);
	assert_float_equal(value(b.p, "aco_acknowledgement_seconds_sum"),
			   16.384502, 1e-9);
	buf_release(&b);
	stats_free(s);
}

/* Every family is declared once, before its samples, and counters are named
 * as such. */
static void test_families(void **state)
{
	struct stats *s = stats_new(1);
	char *line, *next, family[80] = "", type[16] = "";
	struct buf b, seen;
	int n = 0;

	(void)state;
	print(s, &b);
	buf_init(&seen, 1 << 16);
	buf_adds(&seen, "\n");
	for (line = b.p; line && *line; line = next) {
		next = strchr(line, '\n');
		assert_non_null(next);
		*next++ = 0;
		if (!strncmp(line, "# HELP ", 7)) {
			char mark[96];

			assert_int_equal(sscanf(line, "# HELP %79s", family),
					 1);
			assert_true(strlen(line) > 8 + strlen(family));
			snprintf(mark, sizeof(mark), "\n%s\n", family);
			if (strstr(buf_str(&seen), mark))
				fail_msg("%s is declared twice", family);
			buf_adds(&seen, mark + 1);
			n++;
		} else if (!strncmp(line, "# TYPE ", 7)) {
			assert_int_equal(sscanf(line, "# TYPE %*s %15s", type),
					 1);
			assert_int_equal(
				!strcmp(type, "counter"),
				strlen(family) > 6 &&
					!strcmp(family + strlen(family) - 6,
						"_total"));
		} else if (strncmp(line, family, strlen(family)) != 0) {
			fail_msg("'%s' is not of %s", line, family);
		}
	}
	assert_true(n > 20);
	buf_release(&seen);
	buf_release(&b);
	stats_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_gone_process),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
