/* Alerts of budgets: raised once a period and subject, told to a webhook. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ingest/webhook.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "tests/int/budget_help.h"
#include "tests/int/harness.h"

#define NOON INT64_C(1795521600000000) /* 2026-11-24T12:00:00Z */

/* ---- a receiver ---- */

struct receiver {
	int fd, port;
	pthread_t thread;
	int n;              /* requests to take */
	const char *answer; /* status line */
	char got[8][4096];
};

/* One request: its head and the body of the length that it says. */
static void take(struct receiver *r, int i)
{
	int fd = accept(r->fd, NULL, NULL);
	char *got = r->got[i], *body = NULL, *length;
	char answer[128];
	size_t have = 0, want = sizeof(r->got[i]) - 1;
	ssize_t n;

	while (have < want && (n = read(fd, got + have, want - have)) > 0) {
		have += (size_t)n;
		got[have] = '\0';
		body = strstr(got, "\r\n\r\n");
		length = strcasestr(got, "content-length:");
		if (body && length)
			want = (size_t)(body + 4 - got) +
			       strtoul(length + 15, NULL, 10);
	}
	snprintf(answer, sizeof(answer),
		 "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n"
		 "\r\n",
		 r->answer);
	if (write(fd, answer, strlen(answer)) < 0)
		got[0] = '\0';
	close(fd);
}

static void *receive(void *arg)
{
	struct receiver *r = arg;

	for (int i = 0; i < r->n; i++)
		take(r, i);
	return NULL;
}

static void receiver_start(struct receiver *r, int n, const char *answer)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	memset(r, 0, sizeof(*r));
	r->n = n;
	r->answer = answer;
	r->fd = socket(AF_INET, SOCK_STREAM, 0);
	/* A request that never comes must not hold up the test. */
	setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO,
		   &(struct timeval){.tv_sec = 10}, sizeof(struct timeval));
	assert_int_equal(bind(r->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(r->fd, 8), 0);
	assert_int_equal(getsockname(r->fd, (struct sockaddr *)&a, &len), 0);
	r->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&r->thread, NULL, receive, r), 0);
}

static void receiver_end(struct receiver *r)
{
	pthread_join(r->thread, NULL);
	close(r->fd);
}

/* ---- tests ---- */

static struct alert_counts look(struct db *db, const char *url,
				const char *format, int64_t at_us)
{
	char *u = xstrdup(url), *f = xstrdup(format);
	const struct conf conf = {.alert_url = u, .alert_format = f};
	struct alert_counts n;
	struct err e = {0};

	ASSERT_OK(alerts_look(db, &conf, at_us, &n, &e), &e);
	free(u);
	free(f);
	return n;
}

/* What is spent of the budget of red, in its present period. */
static void spend(struct db *db, const char *pusd)
{
	char sql[400];

	snprintf(
		sql, sizeof(sql),
		"INSERT INTO budget_account (budget_id, subject, period_start,"
		" period_end, settled_pusd) SELECT id, 'red', p.starts, p.ends,"
		" %s FROM budget, aco_budget_period(period, timezone,"
		" '2026-11-24T12:00Z') AS p ON CONFLICT (budget_id, subject,"
		" period_start) DO UPDATE SET settled_pusd ="
		" excluded.settled_pusd",
		pusd);
	harness_sql(db, sql);
}

static const char kinds[] =
	"SELECT string_agg(kind, ' ' ORDER BY id) FROM alert";

static void each_threshold_is_raised_once(void **state)
{
	struct db *db = harness_open(harness_db("alert"));

	(void)state;
	budget_add(db, "key", "red", "day", 1000, true);
	spend(db, "499");
	assert_int_equal(look(db, "", "", NOON).raised, 0);
	spend(db, "500");
	assert_int_equal(look(db, "", "", NOON).raised, 1);
	assert_int_equal(look(db, "", "", NOON).raised, 0);
	/* More than the pace allows, and then several thresholds at once. */
	spend(db, "501");
	assert_int_equal(look(db, "", "", NOON).raised, 1);
	spend(db, "951");
	assert_int_equal(look(db, "", "", NOON).raised, 1);
	spend(db, "1000");
	assert_int_equal(look(db, "", "", NOON).raised, 1);
	assert_string_equal(harness_sql_text(db, kinds),
			    "budget_50 budget_projected budget_95 budget_100");
	assert_string_equal(
		harness_sql_text(db, "SELECT detail ->> 'text' FROM alert"
				     " WHERE kind = 'budget_projected'"),
		"budget of key red (0.000000001 USD a day): at this pace"
		" 100 % by its end");
	assert_string_equal(
		harness_sql_text(db, "SELECT DISTINCT scope FROM alert"),
		"key:red:day");
	/* Of a day that is over nothing is said; of the next anew. */
	harness_sql(db, "UPDATE budget_account SET settled_pusd = 900");
	assert_int_equal(look(db, "", "", NOON + US_PER_DAY).raised, 0);
	db_close(db);
}

/* A budget that nobody leases from counts what the ledger knows. */
static void telemetry_alone_raises_alerts(void **state)
{
	struct db *db = harness_open(harness_db("alone"));

	(void)state;
	budget_add(db, "team", "red", "total", 1000, false);
	harness_sql(
		db,
		"INSERT INTO dict (kind, name) VALUES ('team', 'red');"
		"INSERT INTO attempt_rollup SELECT 'day', '1970-01-01Z', 0, 1,"
		" 1, id, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 850 FROM dict");
	assert_int_equal(look(db, "", "", NOON).raised, 1);
	assert_string_equal(harness_sql_text(db, kinds), "budget_85");
	db_close(db);
}

static void alerts_are_told_until_they_are_taken(void **state)
{
	struct db *db = harness_open(harness_db("told"));
	struct alert_counts n;
	struct receiver r;
	char url[100];

	(void)state;
	budget_add(db, "key", "red", "total", 1000, true);
	spend(db, "800");
	receiver_start(&r, 1, "500 Sorry");
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/hook/abc", r.port);
	n = look(db, url, "generic", TIME_NONE);
	receiver_end(&r);
	assert_int_equal(n.raised, 1);
	assert_int_equal(n.failed, 1);
	assert_int_equal(n.delivered, 0);
	/* Not again at once. */
	n = look(db, url, "generic", TIME_NONE);
	assert_int_equal(n.failed, 0);
	harness_sql(db, "UPDATE alert SET next_at = now()");
	receiver_start(&r, 1, "204 Taken");
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/hook/abc", r.port);
	n = look(db, url, "generic", TIME_NONE);
	receiver_end(&r);
	assert_int_equal(n.delivered, 1);
	ASSERT_CONTAINS(r.got[0], "POST /hook/abc HTTP/1.1\r\n");
	ASSERT_CONTAINS(r.got[0], "{\"kind\":\"budget_80\",\"scope\":"
				  "\"key:red:total\",");
	ASSERT_CONTAINS(r.got[0], "\"limit_usd\": \"0.000000001\"");
	assert_int_equal(
		harness_sql_i64(db, "SELECT count(delivered_at) FROM alert"),
		1);
	/* The next, as Slack wants it. */
	spend(db, "1001");
	receiver_start(&r, 1, "200 OK");
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", r.port);
	n = look(db, url, "slack", TIME_NONE);
	receiver_end(&r);
	assert_int_equal(n.delivered, 1);
	ASSERT_CONTAINS(r.got[0], "POST / HTTP/1.1\r\n");
	ASSERT_CONTAINS(r.got[0],
			"\r\n\r\n{\"text\":\"budget of key red (0.000000001 USD"
			" in total): 100 % are spent\"}");
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_threshold_is_raised_once),
		cmocka_unit_test(telemetry_alone_raises_alerts),
		cmocka_unit_test(alerts_are_told_until_they_are_taken),
	};

	return harness_main("alert", tests, sizeof(tests) / sizeof(tests[0]));
}
