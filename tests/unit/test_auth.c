/* Keys, sets of them, the file, and who may what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ingest/auth_decide.h"
#include "ledger/base/clock.h"

#define NOW INT64_C(1800000000000000)

static const enum http_need roles[] = {HTTP_NEED_INGEST, HTTP_NEED_GATEWAY,
				       HTTP_NEED_READ, HTTP_NEED_ADMIN};

static char *made(enum http_need role, char *key)
{
	struct err e;

	if (auth_key_make(role, key, &e))
		fail_msg("%s", e.msg);
	return key;
}

/* ---- the text of a key ---- */

static void test_key(void **state)
{
	char a[AUTH_KEY_MAX], b[AUTH_KEY_MAX], start[32];

	(void)state;
	for (int i = 0; i < 4; i++) {
		made(roles[i], a);
		made(roles[i], b);
		assert_string_not_equal(a, b);
		snprintf(start, sizeof(start), "aco_%s_",
			 auth_role_name(roles[i]));
		assert_true(str_starts(str_from(a), start));
		assert_int_equal(strlen(a), strlen(start) + 43 + 6);
		assert_int_equal(auth_key_form(str_from(a)), AUTH_WHOLE);
		assert_int_equal(auth_role(str_from(auth_role_name(roles[i]))),
				 roles[i]);
	}
	assert_int_equal(auth_role(STR("root")), HTTP_OPEN);
	assert_int_equal(auth_role(STR("")), HTTP_OPEN);
	assert_null(auth_role_name(HTTP_OPEN));
	assert_null(auth_role_name(HTTP_NEED_OUTCOME));
}

/* Whatever single character is changed, dropped or doubled: it is told. */
static void test_torn(void **state)
{
	char key[AUTH_KEY_MAX], t[AUTH_KEY_MAX + 1];
	size_t n;

	(void)state;
	made(HTTP_NEED_INGEST, key);
	n = strlen(key);
	for (size_t i = 4; i < n; i++) {
		memcpy(t, key, n + 1);
		t[i] = key[i] == 'a' ? 'b' : 'a';
		assert_int_equal(auth_key_form((struct str){t, n}), AUTH_TORN);
		memmove(t + i, key + i + 1, n - i);
		assert_int_equal(auth_key_form((struct str){t, n - 1}),
				 AUTH_TORN);
		assert_int_equal(auth_key_form((struct str){key, i}),
				 AUTH_TORN);
	}
	snprintf(t, sizeof(t), "%sx", key);
	assert_int_equal(auth_key_form(str_from(t)), AUTH_TORN);
	assert_int_equal(auth_key_form(STR("sk-ant-1234")), AUTH_FOREIGN);
	assert_int_equal(auth_key_form(STR("")), AUTH_FOREIGN);
	assert_int_equal(auth_key_form(STR("aco_")), AUTH_TORN);
	assert_int_equal(auth_key_form(STR_NONE), AUTH_FOREIGN);
}

/* ---- sets and files ---- */

static void add(struct auth_set *s, const char *key, const char *name,
		enum http_need role, int64_t expires_us)
{
	struct auth_entry k = {
		.name = str_from(name),
		.role = role,
		.team = STR("red \"team\""),
		.expires_us = expires_us,
	};
	struct err e;

	auth_key_hash(str_from(key), k.hash);
	if (auth_set_add(s, &k, &e))
		fail_msg("%s", e.msg);
}

static const struct auth_entry *find(const struct auth_set *s, const char *key)
{
	uint8_t hash[AUTH_HASH_LEN];

	auth_key_hash(str_from(key), hash);
	return auth_set_find(s, hash);
}

static void test_set(void **state)
{
	struct auth_set *s = auth_set_new();
	char key[500][AUTH_KEY_MAX], name[16];
	struct auth_entry twice;
	struct err e;

	(void)state;
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		add(s, made(roles[i % 4], key[i]), name, roles[i % 4],
		    TIME_NONE);
	}
	for (int i = 0; i < 500; i++) {
		const struct auth_entry *k = find(s, key[i]);

		snprintf(name, sizeof(name), "k%d", i);
		assert_non_null(k);
		assert_true(str_is(k->name, name));
		assert_int_equal(k->role, roles[i % 4]);
	}
	assert_null(find(s, "aco_ingest_nothing"));
	twice = *find(s, key[3]);
	assert_int_equal(auth_set_add(s, &twice, &e), RC_BAD);
	twice.name = STR_NONE;
	assert_int_equal(auth_set_add(s, &twice, &e), RC_BAD);
	assert_int_equal(auth_set_size(s), 500);
	auth_set_free(s);
}

static void same_sets(const struct auth_set *a, const struct auth_set *b)
{
	struct buf x, y;

	buf_init(&x, 1 << 20);
	buf_init(&y, 1 << 20);
	auth_set_print(a, &x);
	auth_set_print(b, &y);
	assert_string_equal(buf_str(&x), buf_str(&y));
	buf_release(&x);
	buf_release(&y);
}

static void test_file(void **state)
{
	char k1[AUTH_KEY_MAX], k2[AUTH_KEY_MAX];
	struct auth_set *s = auth_set_new(), *back = NULL;
	struct buf b;
	struct err e;

	(void)state;
	add(s, made(HTTP_NEED_READ, k1), "one", HTTP_NEED_READ, NOW);
	add(s, made(HTTP_NEED_ADMIN, k2), "two\n", HTTP_NEED_ADMIN, TIME_NONE);
	buf_init(&b, 1 << 20);
	auth_set_print(s, &b);
	assert_int_equal(auth_set_parse(&back, (struct str){b.p, b.len}, &e),
			 RC_OK);
	same_sets(s, back);
	assert_true(find(back, k1)->expires_us == NOW);
	assert_true(str_is(find(back, k2)->team, "red \"team\""));
	assert_false(find(back, k2)->class_name.p != NULL);
	auth_set_free(back);
	/* Hashes only. */
	assert_null(strstr(buf_str(&b), k1));
	assert_null(strstr(buf_str(&b), k1 + strlen(k1) - 20));
	/* Any part of it is not the whole: nobody is forgotten quietly. */
	for (size_t n = 0; n < b.len - 1; n++)
		assert_int_equal(
			auth_set_parse(&back, (struct str){b.p, n}, &e),
			RC_BAD);
	buf_release(&b);
	auth_set_free(s);
}

/* ---- callers ---- */

#define HEADERS 8
struct req {
	const char *name[HEADERS], *value[HEADERS];
	int n;
};

static struct str header(const void *arg, const char *name)
{
	const struct req *r = arg;

	for (int i = 0; i < r->n; i++) {
		if (!strcasecmp(r->name[i], name))
			return str_from(r->value[i]);
	}
	return STR_NONE;
}

static void with(struct req *r, const char *name, const char *value)
{
	r->name[r->n] = name;
	r->value[r->n++] = value;
}

static struct auth_ask ask_of(const struct req *r, enum http_need need)
{
	return (struct auth_ask){
		.header = header, .arg = r, .loopback = true, .need = need};
}

static void test_local(void **state)
{
	static const struct {
		const char *host, *name, *value;
		bool want;
	} cases[] = {
		{"localhost:4318", NULL, NULL, true},
		{"LOCALHOST", NULL, NULL, true},
		{"127.0.0.1:4318", NULL, NULL, true},
		{"127.1.2.3", NULL, NULL, true},
		{"[::1]:4318", NULL, NULL, true},
		{"[::1]", NULL, NULL, true},
		{"aco.localhost:80", NULL, NULL, true},
		/* a name that a page's owner made resolve to us */
		{"evil.example:4318", NULL, NULL, false},
		{"127.0.0.1.evil.example", NULL, NULL, false},
		{"localhost.evil.example", NULL, NULL, false},
		{"notlocalhost", NULL, NULL, false},
		{"0.0.0.0:4318", NULL, NULL, false},
		{"", NULL, NULL, false},
		{NULL, NULL, NULL, false},
		/* proxies */
		{"localhost", "X-Forwarded-For", "10.0.0.1", false},
		{"localhost", "X-Forwarded-For", "", false},
		{"localhost", "Forwarded", "for=127.0.0.1", false},
		{"localhost", "X-Real-IP", "127.0.0.1", false},
		{"localhost", "Via", "1.1 x", false},
		/* pages */
		{"localhost", "Origin", "http://localhost:3000", true},
		{"localhost", "Origin", "https://127.0.0.1", true},
		{"localhost", "Origin", "https://evil.example", false},
		{"localhost", "Origin", "null", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct req r = {.n = 0};
		struct auth_ask ask = ask_of(&r, HTTP_NEED_INGEST);

		if (cases[i].host)
			with(&r, "Host", cases[i].host);
		if (cases[i].name)
			with(&r, cases[i].name, cases[i].value);
		if (auth_local(&ask) != cases[i].want)
			fail_msg("%s, %s: %s", cases[i].host, cases[i].name,
				 cases[i].value);
		ask.loopback = false;
		assert_false(auth_local(&ask));
	}
}

/* Base64 of "USER:PASSWORD" behind "Basic ". */
static void basic(const char *user, const char *password, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[256];
	size_t n =
		(size_t)snprintf(text, sizeof(text), "%s%s%s", user,
				 password ? ":" : "", password ? password : "");

	memset(text + n, 0, 3);
	memcpy(out, "Basic ", 6);
	out += 6;
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)(uint8_t)text[i] << 16 |
			     (uint32_t)(uint8_t)text[i + 1] << 8 |
			     (uint8_t)text[i + 2];

		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		*out++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
		*out++ = i + 2 < n ? digits[v & 63] : '=';
	}
	*out = 0;
}

static void test_schemes(void **state)
{
	char key[AUTH_KEY_MAX], text[400];
	static const struct {
		const char *header, *before;
	} plain[] = {{"x-api-key", ""},
		     {"x-aco-key", ""},
		     {"Authorization", "Bearer "},
		     {"Authorization", "bearer  "},
		     {"AUTHORIZATION", "BEARER "}};
	struct auth_cred c;

	(void)state;
	made(HTTP_NEED_GATEWAY, key);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		struct req r = {.n = 0};
		struct auth_ask ask = ask_of(&r, HTTP_NEED_GATEWAY);

		snprintf(text, sizeof(text), "%s%s", plain[i].before, key);
		with(&r, plain[i].header, text);
		auth_cred_read(&c, &ask);
		assert_true(str_is(c.key, key));
	}
	for (int i = 0; i < 5; i++) {
		const char *user = i == 0 ? "pk-lf-1" : i < 3 ? key : "";
		const char *pass = i == 0 || i == 3 ? key
				   : i == 1         ? ""
				   : i == 2         ? "sk-lf-x"
						    : NULL;
		struct req r = {.n = 0};
		struct auth_ask ask = ask_of(&r, HTTP_NEED_GATEWAY);

		basic(user, pass, text);
		with(&r, "authorization", text);
		auth_cred_read(&c, &ask);
		if (i < 4)
			assert_true(str_is(c.key, key));
		else
			assert_null(c.key.p);
	}
}

/* A provider's credential beside ours is no trouble; alone it is "other". */
static void test_others(void **state)
{
	char key[AUTH_KEY_MAX], text[4000];
	struct req r = {.n = 0};
	struct auth_ask ask = ask_of(&r, HTTP_NEED_GATEWAY);
	struct auth_cred c;

	(void)state;
	made(HTTP_NEED_GATEWAY, key);
	with(&r, "authorization", "Bearer sk-ant-123");
	auth_cred_read(&c, &ask);
	assert_null(c.key.p);
	assert_true(c.other);
	with(&r, "x-api-key", key);
	auth_cred_read(&c, &ask);
	assert_true(str_is(c.key, key));
	with(&r, "x-aco-key", "nonsense"); /* ours by name, so torn */
	auth_cred_read(&c, &ask);
	assert_true(str_is(c.key, "nonsense"));
	/* No base64, too much of it, other schemes: no key, no harm. */
	memset(text, 'A', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	memcpy(text, "Basic ", 6);
	r = (struct req){.n = 0};
	with(&r, "authorization", text);
	auth_cred_read(&c, &ask);
	assert_null(c.key.p);
	r.value[0] = "Basic !!!";
	auth_cred_read(&c, &ask);
	assert_null(c.key.p);
	r.value[0] = "Digest aco_ingest_x";
	auth_cred_read(&c, &ask);
	assert_null(c.key.p);
	r.value[0] = "Bearer";
	auth_cred_read(&c, &ask);
	assert_null(c.key.p);
}

static void decide(enum auth_mode mode, const struct auth_set *set,
		   const struct auth_ask *ask, int want, const char *say)
{
	const struct auth_entry *k;
	struct err e = {"", ""};
	int got = auth_decide(mode, set, ask, NOW, &k, &e);

	if (got != want || (say && !strstr(e.msg, say)))
		fail_msg("%d, not %d: %s", got, want, e.msg);
	assert_true(got == 0 || !k);
}

/* Which role may what. */
static void test_matrix(void **state)
{
	static const enum http_need needs[] = {
		HTTP_OPEN,      HTTP_NEED_INGEST,  HTTP_NEED_OUTCOME,
		HTTP_NEED_READ, HTTP_NEED_GATEWAY, HTTP_NEED_ADMIN};
	static const char may[4][7] = {
		/* open ingest outcome read gateway admin */
		"YYY...", /* ingest */
		"Y.Y.Y.", /* gateway */
		"Y..Y..", /* read */
		"YYYYYY", /* admin */
	};
	struct auth_set *s = auth_set_new();

	(void)state;
	for (int i = 0; i < 4; i++) {
		char key[AUTH_KEY_MAX];

		add(s, made(roles[i], key), auth_role_name(roles[i]), roles[i],
		    TIME_NONE);
		for (int n = 0; n < 6; n++) {
			struct req r = {.n = 0};
			struct auth_ask ask = ask_of(&r, needs[n]);
			bool yes = may[i][n] == 'Y';

			ask.loopback = n % 2; /* a key is judged anyhow */
			with(&r, "host", "localhost");
			with(&r, "x-api-key", key);
			for (int m = AUTH_AUTO; m <= AUTH_REQUIRED; m++)
				decide((enum auth_mode)m, s, &ask,
				       yes ? 0 : 403,
				       yes      ? NULL
				       : n == 5 ? "admin"
						: "or admin");
			decide(AUTH_OFF, s, &ask, 0, NULL);
		}
	}
	auth_set_free(s);
}

static void test_answers(void **state)
{
	char good[AUTH_KEY_MAX], old[AUTH_KEY_MAX], new[AUTH_KEY_MAX];
	struct auth_set *s = auth_set_new();
	struct req none = {.n = 0}, r = {.n = 0};
	struct auth_ask ask = ask_of(&r, HTTP_NEED_INGEST),
			bare = ask_of(&none, HTTP_NEED_INGEST);
	struct err e;
	const struct auth_entry *k;

	(void)state;
	add(s, made(HTTP_NEED_INGEST, good), "good", HTTP_NEED_INGEST, NOW + 1);
	add(s, made(HTTP_NEED_INGEST, old), "old", HTTP_NEED_INGEST, NOW);
	made(HTTP_NEED_INGEST, new);
	with(&none, "host", "localhost:4318");
	decide(AUTH_AUTO, s, &bare, 0, NULL);
	decide(AUTH_AUTO, NULL, &bare, 0, NULL); /* no keys are needed */
	decide(AUTH_REQUIRED, s, &bare, 401, "a key is needed");
	bare.loopback = false;
	decide(AUTH_AUTO, s, &bare, 401, "a key is needed");
	decide(AUTH_OFF, s, &bare, 0, NULL);

	with(&r, "host", "localhost:4318");
	with(&r, "authorization", NULL);
	r.name[1] = "x-api-key";
	r.value[1] = good;
	assert_int_equal(auth_decide(AUTH_AUTO, s, &ask, NOW, &k, &e), 0);
	assert_true(str_is(k->name, "good"));
	decide(AUTH_AUTO, NULL, &ask, 503, "could not be read yet");
	r.value[1] = old;
	decide(AUTH_AUTO, s, &ask, 401, "'old' has expired");
	r.value[1] = new;
	decide(AUTH_AUTO, s, &ask, 401, "unknown or revoked");
	new[20] = new[20] == 'x' ? 'y' : 'x';
	decide(AUTH_AUTO, s, &ask, 401, "checksum");
	r.value[1] = "sk-ant-123"; /* a provider's: none of our business */
	decide(AUTH_AUTO, s, &ask, 0, NULL);
	decide(AUTH_REQUIRED, s, &ask, 401, "not a key of aco");
	auth_set_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),     cmocka_unit_test(test_torn),
		cmocka_unit_test(test_set),     cmocka_unit_test(test_file),
		cmocka_unit_test(test_local),   cmocka_unit_test(test_schemes),
		cmocka_unit_test(test_others),  cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
