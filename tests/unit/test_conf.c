#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/conf.h"
#include "ledger/base/str.h"

static char folder[] = "/tmp/aco-conf-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

/* No variable of whoever runs this may count. */
static int setup(void **state)
{
	(void)state;
	for (const struct conf_key *k = conf_keys; k->name; k++)
		unsetenv(k->env);
	unsetenv("ACO_CONFIG");
	setenv("HOME", folder, 1);
	setenv("XDG_CONFIG_HOME", folder, 1);
	setenv("XDG_DATA_HOME", "/data", 1);
	snprintf(path, sizeof(path), "%s/aco.conf", folder);
	return 0;
}

static void write_file(const char *content, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(content, 1, n, f), n);
	fclose(f);
}

static enum rc load(struct conf *c, const char *content, struct err *e)
{
	write_file(content, strlen(content));
	return conf_load(c, path, e);
}

static void test_defaults(void **state)
{
	struct conf c;
	struct err e;

	(void)state;
	assert_int_equal(load(&c, "", &e), RC_OK);
	assert_string_equal(c.home,
			    geteuid() == 0 ? "/var/lib/aco" : "/data/aco");
	assert_string_equal(c.database_url, "");
	assert_string_equal(c.log_level, "auto");
	assert_string_equal(c.timezone, "UTC");
	assert_string_equal(c.team, "");
	assert_int_equal(c.retention_days, 0);
	assert_int_equal(c.partitions_ahead, 3);
	assert_int_equal(c.batch_rows, 5000);
	assert_int_equal(c.retry_seconds, 30);
	assert_string_equal(c.file, path);
	conf_release(&c);
}

static void test_file(void **state)
{
	struct conf c;
	struct err e;

	(void)state;
	assert_int_equal(load(&c,
			      "# comment\n"
			      "[aco]\n"
			      "home = ~/x\n"
			      "  team = a team ; trailing\n"
			      "timezone=Europe/Berlin\n"
			      "log_level: debug\n"
			      "\n"
			      "[ledger]\n"
			      "database_url = host=h dbname=d password=p=q\n"
			      "retention_days = 12w\n"
			      "batch_rows = 50000\n",
			      &e),
			 RC_OK);
	assert_true(str_starts(str_from(c.home), folder));
	assert_true(str_ends(str_from(c.home), "/x"));
	assert_string_equal(c.team, "a team");
	assert_string_equal(c.timezone, "Europe/Berlin");
	assert_string_equal(c.log_level, "debug");
	assert_string_equal(c.database_url, "host=h dbname=d password=p=q");
	assert_int_equal(c.retention_days, 84);
	assert_int_equal(c.batch_rows, 50000);
	conf_release(&c);
}

static void test_environment_wins(void **state)
{
	struct conf c;
	struct err e;

	(void)state;
	setenv("ACO_BATCH_ROWS", " 7 ", 1);
	setenv("ACO_HOME", "/elsewhere", 1);
	setenv("ACO_TEAM", "", 1);
	assert_int_equal(
		load(&c, "[ledger]\nbatch_rows = 8\n[aco]\nteam = t\n", &e),
		RC_OK);
	assert_int_equal(c.batch_rows, 7);
	assert_string_equal(c.home, "/elsewhere");
	assert_string_equal(c.team, "");
	conf_release(&c);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *content, *line, *says;
	} cases[] = {
		{"[aco]\ntaem = x\n", ":2:", "unknown key 'taem'"},
		{"[ledger]\nteam = x\n", ":2:", "unknown key 'team'"},
		{"team = x\n", ":1:", "unknown key"},
		{"\n\n[aco]\nnonsense\n", ":4:", "neither"},
		{"[aco\n", ":1:", "neither"},
		{"[ledger]\nbatch_rows = 0\n", ":2:", "not within 1..50000"},
		{"[ledger]\nbatch_rows = 50001\n", ":2:", "not within"},
		{"[ledger]\nbatch_rows = 1e3\n", ":2:", "whole number"},
		{"[ledger]\nbatch_rows =\n", ":2:", "whole number"},
		{"[ledger]\nbatch_rows = 7w\n", ":2:", "whole number"},
		{"[ledger]\nretention_days = -1\n", ":2:", "not within"},
		{"[ledger]\nretention_days = d\n", ":2:", "number of days"},
		{"[ledger]\nretention_days = 99999999999999999y\n",
		 ":2:", "number of days"},
		{"[aco]\nlog_level = loud\n",
		 ":2:", "not one of: auto debug info warn error"},
		{"[aco]\nlog_level =\n", ":2:", "not one of"},
		{"[aco]\nteam = \xff\n", ":2:", "not UTF-8"},
		/* The first mistake is the one that is told. */
		{"[aco]\nlog_level = loud\n[aco\n", ":2:", "loud"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf c;
		struct err e;

		if (load(&c, cases[i].content, &e) != RC_BAD)
			fail_msg("took: %s", cases[i].content);
		if (!strstr(e.msg, cases[i].says) ||
		    !strstr(e.msg, cases[i].line))
			fail_msg("%s: %s", cases[i].content, e.msg);
	}
}

static void test_bad_variable(void **state)
{
	struct conf c;
	struct err e;

	(void)state;
	setenv("ACO_RETRY_SECONDS", "soon", 1);
	assert_int_equal(load(&c, "", &e), RC_BAD);
	assert_non_null(strstr(e.msg, "ACO_RETRY_SECONDS: "));
}

static void test_long_lines(void **state)
{
	char content[400];
	struct conf c;
	struct err e;

	(void)state;
	/* libinih would cut it and take the rest for a line of its own. */
	memset(content, 'x', sizeof(content) - 1);
	content[sizeof(content) - 1] = 0;
	memcpy(content, "[aco]\nteam = ", 13);
	assert_int_equal(load(&c, content, &e), RC_BAD);
	assert_non_null(strstr(e.msg, ":2: the line has more than"));
	content[150] = 0;
	assert_int_equal(load(&c, content, &e), RC_OK);
	assert_int_equal(strlen(c.team), 150 - 13);
	conf_release(&c);
}

/* A NUL ends what libinih sees of a line; nothing worse may happen. */
static void test_binary_file(void **state)
{
	static const char content[] = "[aco]\nteam = a\0b\n";
	struct conf c;
	struct err e;

	(void)state;
	write_file(content, sizeof(content) - 1);
	assert_int_equal(conf_load(&c, path, &e), RC_BAD);
	assert_non_null(strstr(e.msg, ":2: a NUL byte"));
	write_file("\0\0\0\n\0", 5);
	assert_int_equal(conf_load(&c, path, &e), RC_BAD);
	assert_non_null(strstr(e.msg, ":1: a NUL byte"));
}

static void test_bytes(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes; /* -1: refused */
	} cases[] = {
		{"1048576", 1 << 20},
		{"1024k", 1 << 20},
		{"1m", 1 << 20},
		{"2m", 2 << 20},
		{"1g", 1 << 30},
		{"1g ", 1 << 30},
		{"64g", 1LL << 36},
		{"64G", -1},
		{"1.5g", -1},
		{"1 m", -1},
		{"m", -1},
		{"", -1},
		{"-1m", -1},
		{"1t", -1},
		{"1mm", -1},
		{"1023k", -1},                /* below the least */
		{"65g", -1},                  /* above the most */
		{"9223372036854775807g", -1}, /* beyond 64 bits */
	};
	const struct conf_key *key = conf_keys;

	(void)state;
	while (strcmp(key->name, "queue_bytes") != 0)
		key++;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char content[64];
		struct conf c, again;
		struct buf b;
		struct err e;
		enum rc rc;

		snprintf(content, sizeof(content),
			 "[serve]\nqueue_bytes = %s\n", cases[i].text);
		rc = load(&c, content, &e);
		if (rc != (cases[i].bytes < 0 ? RC_BAD : RC_OK))
			fail_msg("'%s': %d", cases[i].text, (int)rc);
		if (rc)
			continue;
		assert_int_equal(c.queue_bytes, cases[i].bytes);
		/* As it is printed it is read again. */
		buf_init(&b, 200);
		buf_adds(&b, "[serve]\nqueue_bytes = ");
		conf_value(&c, key, &b);
		assert_int_equal(load(&again, buf_str(&b), &e), RC_OK);
		assert_int_equal(again.queue_bytes, cases[i].bytes);
		buf_release(&b);
		conf_release(&c);
		conf_release(&again);
	}
}

/* What a daemon takes over on SIGHUP, and what it does not. */
static void test_keep(void **state)
{
	struct conf now, next;
	struct buf kept;
	struct err e;

	(void)state;
	buf_init(&kept, 1000);
	assert_int_equal(
		load(&now, "[serve]\nworkers = 2\nlinger_ms = 1\n", &e), RC_OK);
	assert_int_equal(load(&next,
			      "[aco]\nlog_level = debug\n[serve]\nworkers = 3\n"
			      "listen = 127.0.0.1:1\ninsecure = yes\n"
			      "linger_ms = 5\nclass_rules = coding: agent=x\n",
			      &e),
			 RC_OK);
	conf_keep(&next, &now, &kept);
	assert_string_equal(buf_str(&kept), "listen,workers,insecure");
	assert_int_equal(next.workers, 2);
	assert_string_equal(next.listen, now.listen);
	assert_ptr_not_equal(next.listen, now.listen);
	assert_false(next.insecure);
	assert_int_equal(next.linger_ms, 5);
	assert_string_equal(next.log_level, "debug");
	assert_string_equal(next.class_rules, "coding: agent=x");
	buf_clear(&kept);
	conf_keep(&next, &now, &kept);
	assert_string_equal(buf_str(&kept), "");
	buf_release(&kept);
	conf_release(&now);
	conf_release(&next);
}

static void test_which_file(void **state)
{
	struct conf c;
	struct err e;

	(void)state;
	assert_int_equal(conf_load(&c, "/nonexistent/aco.conf", &e), RC_BAD);
	assert_non_null(strstr(e.msg, "/nonexistent/aco.conf: "));
	setenv("ACO_CONFIG", "/nonexistent/other.conf", 1);
	assert_int_equal(conf_load(&c, NULL, &e), RC_BAD);
	assert_non_null(strstr(e.msg, "other.conf"));
	write_file("[aco]\nteam = env\n", 17);
	setenv("ACO_CONFIG", path, 1);
	assert_int_equal(conf_load(&c, NULL, &e), RC_OK);
	assert_string_equal(c.team, "env");
	conf_release(&c);
	assert_int_equal(conf_load(&c, "/dev/null", &e), RC_OK);
	assert_string_equal(c.team, "");
	conf_release(&c);
}

/* What the sample says is what is in effect without a file. */
static void test_sample_is_the_defaults(void **state)
{
	struct conf from_sample, defaults;
	struct buf sample, a, b;
	struct err e;

	(void)state;
	buf_init(&sample, 1 << 20);
	buf_init(&a, 1 << 16);
	buf_init(&b, 1 << 16);
	conf_sample(&sample);
	assert_int_equal(load(&from_sample, buf_str(&sample), &e), RC_OK);
	assert_int_equal(conf_load(&defaults, "/dev/null", &e), RC_OK);
	for (const struct conf_key *k = conf_keys; k->name; k++) {
		buf_addf(&a, "%s=", k->name);
		conf_value(&from_sample, k, &a);
		buf_addf(&b, "%s=", k->name);
		conf_value(&defaults, k, &b);
		assert_non_null(strstr(buf_str(&sample), k->env));
		assert_non_null(k->help);
	}
	assert_string_equal(buf_str(&a), buf_str(&b));
	for (const char *p = buf_str(&sample); *p; p += strcspn(p, "\n") + 1)
		assert_true(strcspn(p, "\n") <= 80);
	conf_release(&from_sample);
	conf_release(&defaults);
	buf_release(&sample);
	buf_release(&a);
	buf_release(&b);
}

static void test_password_is_masked(void **state)
{
	static const struct {
		const char *url, *shown;
	} cases[] = {
		{"", ""},
		{"host=h dbname=d", "host=h dbname=d"},
		{"host=h password=s3cret user=u", "host=h password=*** user=u"},
		{"password='s3 cret' user=u", "password=*** user=u"},
		{"PASSWORD=s3cret", "PASSWORD=***"},
		{"postgresql://u:s3cret@h:5432/d",
		 "postgresql://u:***@h:5432/d"},
		{"postgresql://u:s3@cret@h/d", "postgresql://u:***@h/d"},
		{"postgresql://u@h:5432/d", "postgresql://u@h:5432/d"},
		{"postgresql://h:5432/d", "postgresql://h:5432/d"},
		{"postgresql://h/d?password=s3cret&x=1",
		 "postgresql://h/d?password=***&x=1"},
	};
	const struct conf_key *key = conf_keys;

	(void)state;
	while (strcmp(key->name, "database_url") != 0)
		key++;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf c;
		struct err e;
		struct buf b;

		setenv("ACO_DATABASE_URL", cases[i].url, 1);
		assert_int_equal(conf_load(&c, "/dev/null", &e), RC_OK);
		buf_init(&b, 1000);
		conf_value(&c, key, &b);
		assert_string_equal(buf_str(&b), cases[i].shown);
		buf_release(&b);
		conf_release(&c);
	}
}

static void test_webhook_is_masked(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"https://h.example", "https://h.example"},
		{"https://h.example:8/services/T0/s3cret",
		 "https://h.example:8/***"},
		{"http://h?k=s3cret", "http://h/***"},
	};
	const struct conf_key *key = conf_keys;

	(void)state;
	while (strcmp(key->name, "alert_url") != 0)
		key++;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf c;
		struct err e;
		struct buf b;

		setenv("ACO_ALERT_URL", cases[i][0], 1);
		assert_int_equal(conf_load(&c, "/dev/null", &e), RC_OK);
		buf_init(&b, 1000);
		conf_value(&c, key, &b);
		assert_string_equal(buf_str(&b), cases[i][1]);
		buf_release(&b);
		conf_release(&c);
	}
}

#define CASE(f) cmocka_unit_test_setup(f, setup)

/* Whatever is named as the file: reading it ends. */
static void test_file_without_end(void **state)
{
	static char large[(1 << 20) + 100];
	struct conf c;
	struct err e;

	(void)state;
	assert_int_equal(conf_load(&c, "/dev/zero", &e), RC_BAD);
	assert_string_equal(e.msg,
			    "/dev/zero:1: a NUL byte; this is no text file");
	memset(large, '\n', sizeof(large) - 1);
	assert_int_equal(load(&c, large, &e), RC_BAD);
	assert_non_null(strstr(e.msg, ": the file has more than 1 MiB"));
	/* Blanks before a line count too. */
	memset(large, ' ', sizeof(large) - 1);
	assert_int_equal(load(&c, large, &e), RC_BAD);
	assert_non_null(strstr(e.msg, ":1: the file has more than 1 MiB"));
	large[1 << 20] = 0;
	assert_int_equal(load(&c, large, &e), RC_OK);
	conf_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_defaults),
		CASE(test_file),
		CASE(test_environment_wins),
		CASE(test_mistakes),
		CASE(test_bad_variable),
		CASE(test_long_lines),
		CASE(test_binary_file),
		CASE(test_bytes),
		CASE(test_keep),
		CASE(test_which_file),
		CASE(test_sample_is_the_defaults),
		CASE(test_password_is_masked),
		CASE(test_webhook_is_masked),
		CASE(test_file_without_end),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
