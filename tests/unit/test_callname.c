/* The names of calls, under which the reports of different sources meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ingest/callname.h"
#include "ledger/base/clock.h"

#define NOW INT64_C(1795500000000000)

static void unique_ids(void **state)
{
	static const char *const yes[] = {
		"msg_01XFDUDYJgAACzvnptvVoYEL",
		"msg_bdrk_01XFDUDYJgAACzvnptvVoYEL",
		"req_011CaaaaBBBBccccDDDD1",
		"resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
		"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
		"0f8fad5b-d9cb-469f-a165-70867728950e",
		"mAitaLmkHPPlz7IPvtfUqQ4",
	};
	static const char *const no[] = {
		"",
		"msg_1",
		"chatcmpl-1",
		"req_fake",
		"msg_01Compact",
		"msg_1719999999999",
		"msg_",
		"_",
		"chatcmpl-20240101120000",
		"test-session-identifier",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1",
		"msg_\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!callname_unique(str_from(yes[i])))
			fail_msg("%s", yes[i]);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if (callname_unique(str_from(no[i])))
			fail_msg("%s", no[i]);
	}
	assert_false(callname_unique(STR_NONE));
}

static void scopes(void **state)
{
	struct str s = STR("claude-code"), t = STR("s1"), u = STR("s2");
	struct str id = STR("msg_01XFDUDYJgAACzvnptvVoYEL"), weak = STR("m1");

	(void)state;
	assert_true(uuid_eq(callname_response("anthropic", s, t, id),
			    callname_response("anthropic", STR("x"), u, id)));
	assert_false(uuid_eq(callname_response("anthropic", s, t, id),
			     callname_response("openai", s, t, id)));
	assert_false(uuid_eq(callname_response("anthropic", s, t, weak),
			     callname_response("anthropic", s, u, weak)));
	assert_false(uuid_eq(callname_request(s, t, id),
			     callname_response("anthropic", s, t, id)));
	assert_false(uuid_eq(callname_request(s, t, weak),
			     callname_request(s, u, weak)));
	assert_false(uuid_eq(callname_line(s, t, weak),
			     callname_line(STR("codex"), t, weak)));
	/* Nothing can be moved between the parts of a name. */
	assert_false(uuid_eq(callname_line(STR("a"), STR("b/c"), weak),
			     callname_line(STR("a/b"), STR("c"), weak)));
}

static void vectors(void **state)
{
	struct str s = STR("codex"), t = STR("s1");
	struct uuid a[2], b[2];
	struct usage u;

	(void)state;
	usage_init(&u);
	assert_int_equal(callname_vector(s, t, &u, NOW, a), 0);
	u.n[USAGE_UNCACHED_IN] = 5;
	u.n[USAGE_OUTPUT] = 2;
	assert_int_equal(callname_vector(s, t, &u, TIME_NONE, a), 0);
	/* Whatever the second of the minute: 30 s apart meet, 91 s do not. */
	for (int64_t i = 0; i < 120; i++) {
		int64_t at = NOW + i * US_PER_SEC;

		assert_int_equal(callname_vector(s, t, &u, at, a), 2);
		callname_vector(s, t, &u, at + 30 * US_PER_SEC, b);
		assert_true(uuid_eq(a[0], b[0]) || uuid_eq(a[1], b[1]));
		callname_vector(s, t, &u, at + 91 * US_PER_SEC, b);
		assert_false(uuid_eq(a[0], b[0]) || uuid_eq(a[1], b[1]) ||
			     uuid_eq(a[0], b[1]) || uuid_eq(a[1], b[0]));
	}
	/* What a source did not say counts as nothing. */
	u.n[USAGE_CACHE_READ] = 0;
	callname_vector(s, t, &u, NOW, a);
	u.n[USAGE_CACHE_READ] = USAGE_NONE;
	callname_vector(s, t, &u, NOW, b);
	assert_true(uuid_eq(a[0], b[0]));
	u.n[USAGE_OUTPUT] = 3;
	callname_vector(s, t, &u, NOW, b);
	assert_false(uuid_eq(a[0], b[0]));
}

/* Spans and requests of clients. */
static void spans_and_clients(void **state)
{
	struct str t = STR("0af7651916cd43dd8448eb211c80319c");
	struct str x = STR("b7ad6b7169203331"), u = STR("s"), v = STR("v");
	struct str id = STR("req_0123456789abcdefgh");

	(void)state;
	assert_true(uuid_eq(callname_span(t, x), callname_span(t, x)));
	assert_false(uuid_eq(callname_span(t, x), callname_span(x, t)));
	/* One that is unique needs no session; a further attempt is another
	 * call; one that recurs is of its session. */
	assert_true(uuid_eq(callname_client(u, u, id, 1),
			    callname_client(u, v, id, 1)));
	assert_false(uuid_eq(callname_client(u, u, id, 1),
			     callname_client(u, u, id, 2)));
	assert_false(uuid_eq(callname_client(u, u, STR("1"), 1),
			     callname_client(u, v, STR("1"), 1)));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(unique_ids),
		cmocka_unit_test(scopes),
		cmocka_unit_test(vectors),
		cmocka_unit_test(spans_and_clients),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
