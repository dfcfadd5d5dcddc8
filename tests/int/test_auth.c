/* aco key, and a daemon's view of the keys while they change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/auth.h"
#include "ingest/auth_decide.h"
#include "ledger/base/alloc.h"
#include "ledger/base/arena.h"
#include "ledger/base/conf.h"
#include "ledger/base/json.h"
#include "tests/int/harness.h"

#define N(a)    (sizeof(a) / sizeof((a)[0]))
#define SOON_MS 5000 /* what "within seconds" means here */

static char env_url[512];
static const char *const env[] = {env_url, NULL};
static const struct harness_run with_db = {.env = env};
static struct conf conf;

static const char *use_db(const char *name)
{
	const char *url = harness_db(name);

	snprintf(env_url, sizeof(env_url), "ACO_DATABASE_URL=%s", url);
	return url;
}

/* The key that `aco key add NAME ...` prints; to be freed. */
static char *add_key(const char *name, const char *role)
{
	struct harness_end end =
		HARNESS_ACO(&with_db, "key", "add", name, "--role", role,
			    "--team", "red", "--class", "coding");
	char *key;

	if (end.code != 0)
		fail_msg("%s", end.err);
	key = xstrndup(end.out, strcspn(end.out, "\n"));
	assert_int_equal(auth_key_form(str_from(key)), AUTH_WHOLE);
	harness_end_free(&end);
	return key;
}

static void refused(const char *const args[], int code, const char *say)
{
	struct harness_end end = harness_aco(&with_db, args);

	assert_int_equal(end.code, code);
	ASSERT_CONTAINS(end.err, say);
	assert_string_equal(end.out, "");
	harness_end_free(&end);
}
#define REFUSED(code, say, ...)                                                \
	refused((const char *const[]){"key", __VA_ARGS__, NULL}, code, say)

/* ---- the command ---- */

static void test_add(void **state)
{
	const char *url = use_db("key_add");
	struct db *db = harness_open(url);
	char *key = add_key("ci", "gateway"), *other, *text;

	(void)state;
	assert_true(str_starts(str_from(key), "aco_gateway_"));
	text = xasprintf("ci gateway %s red coding 32", key + strlen(key) - 4);
	assert_string_equal(
		harness_sql_text(db,
				 "SELECT concat_ws(' ', k.name, k.role, "
				 "k.last4, t.name, c.name, length(k.hash), "
				 "k.revoked_at) FROM api_key k JOIN dict t "
				 "ON t.id = k.team_id JOIN dict c ON c.id = "
				 "k.class_id"),
		text);
	free(text);
	/* The key itself is nowhere. */
	text = xasprintf("SELECT count(*) FROM api_key k WHERE k::text LIKE "
			 "'%%%.20s%%'",
			 key + 12);
	assert_int_equal(harness_sql_i64(db, text), 0);
	free(text);
	other = add_key("ci2", "gateway"); /* the same team and class */
	assert_string_not_equal(key, other);
	REFUSED(1, "there is a key named 'ci'", "add", "ci");
	REFUSED(2, "wants a name", "add");
	REFUSED(2, "--role: 'root' is not", "add", "x", "--role", "root");
	REFUSED(2, "is in the past", "add", "x", "--expires", "2020-01-01");
	REFUSED(2, "is not a time", "add", "x", "--expires", "soon");
	REFUSED(2, "takes --json only", "list", "--team", "x");
	REFUSED(2, "did you mean 'revoke'", "revok", "x");
	REFUSED(1, "there is no key named 'x'", "revoke", "x");
	free(key);
	free(other);
	db_close(db);
}

static void test_list(void **state)
{
	const struct json *k;
	struct harness_end end;
	struct json_doc doc;
	struct err e;

	(void)state;
	use_db("key_list");
	end = HARNESS_ACO(&with_db, "key", "list", "--json");
	assert_string_equal(end.out, "{\"keys\":[]}\n");
	harness_end_free(&end);
	HARNESS_ACO_OK(&with_db, "key", "add", "a", "--expires", "90d");
	HARNESS_ACO_OK(&with_db, "key", "add", "b", "--role", "read", "--json");
	HARNESS_ACO_OK(&with_db, "key", "revoke", "b");
	HARNESS_ACO_OK(&with_db, "key", "revoke", "b"); /* again is fine */
	end = HARNESS_ACO(&with_db, "key", "list", "--json");
	json_doc_init(&doc, 1000);
	ASSERT_OK(json_parse(&doc, str_from(end.out), &e), &e);
	k = json_first(json_get(doc.nodes, "keys"));
	assert_true(json_str_is(json_get(k, "name"), "a"));
	assert_true(json_str_is(json_get(k, "role"), "ingest"));
	assert_true(json_present(json_get(k, "expires")));
	assert_false(json_present(json_get(k, "revoked")));
	assert_false(json_present(json_get(k, "key")));
	k = json_next(json_get(doc.nodes, "keys"), k);
	assert_true(json_str_is(json_get(k, "name"), "b"));
	assert_true(json_present(json_get(k, "revoked")));
	json_doc_release(&doc);
	harness_end_free(&end);
	end = HARNESS_ACO(&with_db, "key", "list");
	ASSERT_CONTAINS(end.out, "LAST 4");
	harness_end_free(&end);
}

/* ---- a daemon's view ---- */

struct caller {
	struct auth *auth;
	const char *key;
	int want;
};

static struct str header(const void *arg, const char *name)
{
	const struct caller *c = arg;

	if (c->key && !strcasecmp(name, "x-api-key"))
		return str_from(c->key);
	return !strcasecmp(name, "host") ? STR("localhost") : STR_NONE;
}

/* What the caller's key opens: the status. */
static int call(const struct caller *c, struct auth_key **key)
{
	const struct auth_ask ask = {.header = header,
				     .arg = c,
				     .loopback = true,
				     .need = HTTP_NEED_INGEST};
	struct err e;

	return auth_check(c->auth, &ask, key, &e);
}

static bool answered(void *arg)
{
	struct caller *c = arg;
	struct auth_key *key;
	int status = call(c, &key);

	auth_release(key);
	return status == c->want;
}

static struct auth *open_auth(const char *url, const char *home,
			      const char *keys)
{
	struct auth *a;
	struct err e;

	free(conf.home);
	free(conf.keys);
	conf.home = xstrdup(home);
	conf.keys = xstrdup(keys);
	ASSERT_OK(auth_open(&a, &conf, url, &e), &e);
	return a;
}

static void expect(struct auth *a, const char *key, int want)
{
	struct caller c = {a, key, want};

	assert_true(answered(&c));
}

/* Made and revoked while it runs; the file keeps up. */
static void test_live(void **state)
{
	const char *url = use_db("auth_live"), *home = harness_dir();
	struct auth *a = open_auth(url, home, "required");
	struct caller c = {.auth = a, .want = 0};
	struct auth_key *k = NULL;
	char *path = xasprintf("%s/keys", home), *key, *text;
	struct stat st;

	(void)state;
	expect(a, NULL, 401);
	c.key = key = add_key("live", "ingest");
	poll_until(answered, &c, SOON_MS, "a new key to be known");
	assert_int_equal(call(&c, &k), 0);
	assert_true(str_is(k->name, "live"));
	assert_true(str_is(k->team, "red"));
	assert_true(str_is(k->class_name, "coding"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	text = harness_read(path);
	assert_null(strstr(text, key + 12));
	ASSERT_CONTAINS(text, "\"live\"");
	HARNESS_ACO_OK(&with_db, "key", "revoke", "live");
	c.want = 401;
	poll_until(answered, &c, SOON_MS, "the revocation to be known");
	assert_true(str_is(k->name, "live")); /* a request's own copy */
	auth_release(k);
	auth_close(a);
	free(text);
	text = harness_read(path);
	assert_null(strstr(text, "\"live\""));
	free(text);
	free(key);
	free(path);
}

/* With the database away the file serves; what changed meanwhile is known when
 * it is back. Without a file and a database nobody can be told apart: 503. */
static void test_away(void **state)
{
	const char *url = use_db("auth_away"), *home = harness_dir();
	char *key = add_key("known", "ingest");
	struct auth *a = open_auth(url, home, "auto"), *fresh;
	struct caller c = {.auth = a, .key = key, .want = 0};

	(void)state;
	poll_until(answered, &c, SOON_MS, "the key to be known");
	auth_close(a);
	harness_stop();
	a = open_auth(url, home, "auto");
	expect(a, key, 0);
	expect(a, NULL, 0);
	fresh = open_auth(url, harness_dir(), "auto");
	expect(fresh, key, 503);
	expect(fresh, NULL, 0);
	harness_start();
	c.auth = fresh;
	poll_until(answered, &c, 20000, "the keys to be read");
	HARNESS_ACO_OK(&with_db, "key", "revoke", "known");
	c.want = 401;
	poll_until(answered, &c, SOON_MS, "the revocation to be known");
	c.auth = a;
	poll_until(answered, &c, SOON_MS, "the revocation to be known");
	auth_close(a);
	auth_close(fresh);
	free(key);
}

/* Connections are killed under it; a file that others may write is not used. */
static void test_hostile(void **state)
{
	const char *url = use_db("auth_hostile"), *home = harness_dir();
	struct db *db = harness_open(url);
	char *key = add_key("k", "admin"), *path = xasprintf("%s/keys", home);
	struct auth *a = open_auth(url, home, "required");
	struct caller c = {.auth = a, .key = key, .want = 0};

	(void)state;
	poll_until(answered, &c, SOON_MS, "the key to be known");
	harness_sql(db,
		    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
		    "WHERE application_name = 'aco keys'");
	expect(a, key, 0);
	HARNESS_ACO_OK(&with_db, "key", "revoke", "k");
	c.want = 401;
	poll_until(answered, &c, SOON_MS, "the revocation to be known");
	auth_close(a);
	free(key);
	c.key = key = add_key("k2", "admin");
	a = open_auth(url, home, "required");
	c.auth = a;
	c.want = 0;
	poll_until(answered, &c, SOON_MS, "the key to be known");
	auth_close(a);
	assert_int_equal(chmod(path, 0666), 0);
	harness_stop();
	a = open_auth(url, home, "required");
	expect(a, key, 503);
	auth_close(a);
	harness_start();
	free(key);
	free(path);
	db_close(db);
}

/* off asks nobody; reload is heard at once. */
static void test_off(void **state)
{
	const char *url = use_db("auth_off");
	struct auth *a = open_auth(url, harness_dir(), "off");

	(void)state;
	expect(a, NULL, 0);
	expect(a, "aco_ingest_nonsense", 0);
	auth_reload(a);
	auth_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),     cmocka_unit_test(test_list),
		cmocka_unit_test(test_live),    cmocka_unit_test(test_away),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_off),
	};

	return harness_main("auth", tests, N(tests));
}
