#include "ingest/auth_decide.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ledger/base/clock.h"

/* ---- credentials ---- */

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* Bytes written; 0 when it is no base64, or too long. */
static size_t unbase64(struct str s, char *out, size_t size)
{
	uint32_t bits = 0;
	int have = 0;
	size_t n = 0;

	while (s.len && s.p[s.len - 1] == '=')
		s.len--;
	for (size_t i = 0; i < s.len; i++) {
		int d = base64_digit(s.p[i]);

		if (d < 0 || n == size)
			return 0;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(bits >> have & 0xff);
		}
	}
	return n;
}

/* What follows a scheme's name and spaces; absent: another scheme. */
static struct str after_scheme(struct str v, const char *scheme)
{
	size_t n = strlen(scheme);

	if (v.len <= n || strncasecmp(v.p, scheme, n) != 0 || v.p[n] != ' ')
		return STR_NONE;
	return str_trim((struct str){v.p + n, v.len - n});
}

static bool take(struct auth_cred *c, struct str s)
{
	if (!s.len)
		return false;
	if (auth_key_form(s) == AUTH_FOREIGN) {
		c->other = true;
		return false;
	}
	c->key = s;
	return true;
}

/* User and password: the password is the key, or else the user is. */
static bool take_basic(struct auth_cred *c, struct str coded)
{
	size_t n = unbase64(coded, c->basic, sizeof(c->basic));
	const char *colon = n ? memchr(c->basic, ':', n) : NULL;
	size_t user = colon ? (size_t)(colon - c->basic) : n;

	if (!n) {
		c->other = c->other || coded.len > 0;
		return false;
	}
	if (colon && take(c, (struct str){colon + 1, n - user - 1}))
		return true;
	return take(c, (struct str){c->basic, user});
}

void auth_cred_read(struct auth_cred *c, const struct auth_ask *ask)
{
	struct str own = ask->header(ask->arg, "x-aco-key"), auth;

	c->key = STR_NONE;
	c->other = false;
	if (own.len) { /* nobody else's: torn if not ours */
		c->key = own;
		return;
	}
	auth = ask->header(ask->arg, "authorization");
	if (take(c, after_scheme(auth, "Bearer")) ||
	    take_basic(c, after_scheme(auth, "Basic")))
		return;
	take(c, ask->header(ask->arg, "x-api-key"));
}

/* ---- who is local ---- */

static bool is_loopback_name(struct str host)
{
	static const char suffix[] = ".localhost";
	size_t n = sizeof(suffix) - 1, i = 0;

	if (host.len == 9 && !strncasecmp(host.p, "localhost", 9))
		return true;
	if (host.len > n && !strncasecmp(host.p + host.len - n, suffix, n))
		return true;
	if (str_is(host, "[::1]"))
		return true;
	if (!str_starts(host, "127."))
		return false;
	while (i < host.len &&
	       (host.p[i] == '.' || (host.p[i] >= '0' && host.p[i] <= '9')))
		i++;
	return i == host.len;
}

/* "localhost:4318", "[::1]:4318", "127.0.0.1" */
static bool is_loopback_host(struct str s)
{
	size_t n = s.len;

	while (n && s.p[n - 1] >= '0' && s.p[n - 1] <= '9')
		n--;
	if (n && s.p[n - 1] == ':')
		s.len = n - 1;
	return is_loopback_name(s);
}

bool auth_local(const struct auth_ask *ask)
{
	static const char *const proxies[] = {
		"forwarded",
		"x-forwarded-for",
		"x-forwarded-host",
		"x-forwarded-proto",
		"x-forwarded-server",
		"x-real-ip",
		"via",
	};
	struct str origin;

	if (!ask->loopback || !is_loopback_host(ask->header(ask->arg, "host")))
		return false;
	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
		if (ask->header(ask->arg, proxies[i]).p)
			return false;
	}
	origin = ask->header(ask->arg, "origin");
	if (!origin.p)
		return true;
	if (str_starts(origin, "http://"))
		return is_loopback_host(
			(struct str){origin.p + 7, origin.len - 7});
	return str_starts(origin, "https://") &&
	       is_loopback_host((struct str){origin.p + 8, origin.len - 8});
}

/* ---- roles ---- */

static const struct {
	enum http_need need;
	const char *roles; /* that may, beside admin; for people */
	enum http_need may[2];
} matrix[] = {
	{HTTP_NEED_INGEST, "ingest or admin", {HTTP_NEED_INGEST, 0}},
	{HTTP_NEED_GATEWAY, "gateway or admin", {HTTP_NEED_GATEWAY, 0}},
	{HTTP_NEED_READ, "read or admin", {HTTP_NEED_READ, 0}},
	{HTTP_NEED_ADMIN, "admin", {HTTP_NEED_ADMIN, 0}},
	{HTTP_NEED_OUTCOME,
	 "ingest, gateway or admin",
	 {HTTP_NEED_INGEST, HTTP_NEED_GATEWAY}},
};

/* NULL: it may; else the roles that would. */
static const char *lacks(enum http_need role, enum http_need need)
{
	for (size_t i = 0; i < sizeof(matrix) / sizeof(matrix[0]); i++) {
		if (matrix[i].need != need)
			continue;
		if (role == HTTP_NEED_ADMIN || role == matrix[i].may[0] ||
		    role == matrix[i].may[1])
			return NULL;
		return matrix[i].roles;
	}
	return "none";
}

/* ---- the answer ---- */

static int no_key(enum auth_mode mode, const struct auth_ask *ask,
		  const struct auth_cred *c, struct err *e)
{
	if (mode == AUTH_AUTO && auth_local(ask))
		return 0;
	err_set(e, RC_DENIED, "%s",
		c->other ? "the credential is not a key of aco"
			 : "a key is needed");
	if (mode == AUTH_AUTO && ask->loopback)
		err_hint(e, "only calls that come straight from this machine, "
			    "to localhost, need none");
	else
		err_hint(e, "send Authorization: Bearer KEY; 'aco key add' "
			    "makes one");
	return 401;
}

int auth_decide(enum auth_mode mode, const struct auth_set *set,
		const struct auth_ask *ask, int64_t now_us,
		const struct auth_entry **key, struct err *e)
{
	uint8_t hash[AUTH_HASH_LEN];
	const struct auth_entry *k;
	const char *roles;
	struct auth_cred c;

	*key = NULL;
	if (mode == AUTH_OFF || ask->need == HTTP_OPEN)
		return 0;
	auth_cred_read(&c, ask);
	if (!c.key.p)
		return no_key(mode, ask, &c, e);
	/* One that is known is well-formed: its checksum is not looked at. */
	auth_key_hash(c.key, hash);
	k = set ? auth_set_find(set, hash) : NULL;
	if (!k && auth_key_form(c.key) != AUTH_WHOLE) {
		err_set(e, RC_DENIED,
			"the key is mistyped or cut: its checksum is wrong");
		return 401;
	}
	if (!set) {
		err_set(e, RC_DOWN, "the keys could not be read yet");
		return 503;
	}
	explicit_bzero(c.basic, sizeof(c.basic));
	if (!k) {
		err_set(e, RC_DENIED, "the key is unknown or revoked");
		return 401;
	}
	if (k->expires_us != TIME_NONE && k->expires_us <= now_us) {
		err_set(e, RC_DENIED, "the key '%.*s' has expired",
			STR_ARG(k->name));
		return 401;
	}
	roles = lacks(k->role, ask->need);
	if (roles) {
		err_set(e, RC_DENIED,
			"the key '%.*s' has the role %s; this needs %s",
			STR_ARG(k->name), auth_role_name(k->role), roles);
		return 403;
	}
	*key = k;
	return 0;
}
