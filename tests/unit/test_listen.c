#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/listen.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} cases[] = {
		{"127.0.0.1:4318", "127.0.0.1:4318 "},
		{"localhost:0", "127.0.0.1:0 "},
		{" 127.0.0.1:1 ,[::1]:2,", "127.0.0.1:1 [::1]:2 "},
		{"*:4318", "0.0.0.0:4318! "},
		{"[::]:65535", "[::]:65535! "},
		{"[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1 "},
		{"127.9.9.9:1,192.0.2.1:1", "127.9.9.9:1 192.0.2.1:1! "},
		{"", NULL},
		{" , ", NULL},
		{"127.0.0.1", NULL},
		{"127.0.0.1:", NULL},
		{"127.0.0.1:65536", NULL},
		{"127.0.0.1:-1", NULL},
		{"127.0.0.1:http", NULL},
		{":4318", NULL},
		{"::1:4318", NULL},
		{"example.org:4318", NULL},
		{"127.0.0.1:4318;0.0.0.0:1", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct listen_set set;
		struct err e = {"", ""};
		enum rc rc = listen_parse(cases[i].text, &set, &e);
		char got[256] = "";
		size_t at = 0;

		if (!cases[i].want) {
			if (rc != RC_BAD || !*e.msg)
				fail_msg("took '%s'", cases[i].text);
			continue;
		}
		if (rc)
			fail_msg("'%s': %s", cases[i].text, e.msg);
		for (int k = 0; k < set.n; k++)
			at += (size_t)snprintf(got + at, sizeof(got) - at,
					       "%s%s ", set.a[k].text,
					       set.a[k].loopback ? "" : "!");
		assert_string_equal(got, cases[i].want);
	}
}

static void test_too_many(void **state)
{
	struct listen_set set;
	char text[512] = "";
	struct err e;
	size_t at = 0;

	(void)state;
	for (int i = 0; i < LISTEN_MAX; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "127.0.0.1:%d,", i + 1);
	assert_int_equal(listen_parse(text, &set, &e), RC_OK);
	assert_int_equal(set.n, LISTEN_MAX);
	snprintf(text + at, sizeof(text) - at, "127.0.0.1:99");
	assert_int_equal(listen_parse(text, &set, &e), RC_BAD);
}

static void test_allowed(void **state)
{
	static char none[] = "", file[] = "x.pem", automatic[] = "auto",
		    off[] = "off", required[] = "required";
	static const struct {
		const char *listen;
		char *cert, *key, *keys;
		bool insecure, ok;
	} cases[] = {
		{"127.0.0.1:1,[::1]:1", none, none, automatic, false, true},
		{"127.0.0.1:1", none, none, off, false, true},
		{"127.0.0.1:1", file, none, automatic, false, false},
		{"127.0.0.1:1", none, file, automatic, true, false},
		{"127.0.0.1:1", file, file, automatic, false, true},
		{"0.0.0.0:1", none, none, automatic, false, false},
		{"0.0.0.0:1", none, none, required, false, false},
		{"127.0.0.1:1,[::]:1", none, none, automatic, false, false},
		{"0.0.0.0:1", file, file, automatic, false, true},
		{"0.0.0.0:1", file, file, off, false, false},
		{"0.0.0.0:1", none, none, off, true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf c = {.tls_cert = cases[i].cert,
				 .tls_key = cases[i].key,
				 .keys = cases[i].keys,
				 .insecure = cases[i].insecure};
		struct listen_set set;
		struct err e = {"", ""};

		assert_int_equal(listen_parse(cases[i].listen, &set, &e),
				 RC_OK);
		if ((listen_allowed(&set, &c, &e) == RC_OK) != cases[i].ok)
			fail_msg("case %zu: %s", i, e.msg);
		if (!cases[i].ok)
			assert_true(*e.msg);
	}
}

/* Port 0 is one port for all; it stays ours while nobody listens; another
 * daemon is told that it is taken. */
static void test_reserve(void **state)
{
	struct listen_set set, other;
	struct pollfd p;
	struct err e;
	int a, b, c;

	(void)state;
	assert_int_equal(listen_parse("127.0.0.1:0", &set, &e), RC_OK);
	assert_int_equal(listen_reserve(&set, &e), RC_OK);
	assert_null(strstr(set.a[0].text, ":0"));
	assert_int_equal(listen_parse(set.a[0].text, &other, &e), RC_OK);
	assert_int_equal(listen_reserve(&other, &e), RC_BUSY);
	assert_non_null(strstr(e.msg, set.a[0].text));

	assert_int_equal(listen_open(&set.a[0], &a, &e), RC_OK);
	assert_int_equal(listen_open(&set.a[0], &b, &e), RC_OK);
	assert_int_equal(listen_reserve(&other, &e), RC_BUSY);
	close(a);
	/* Whoever listens gets what comes: never the reservation. */
	c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		connect(c, (struct sockaddr *)&set.a[0].sa, set.a[0].len), 0);
	p = (struct pollfd){.fd = b, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 5000), 1);
	close(c);
	close(b);
	assert_int_equal(listen_reserve(&other, &e), RC_BUSY);
	listen_close(&set);
	assert_int_equal(listen_reserve(&other, &e), RC_OK);
	listen_close(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_reserve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
