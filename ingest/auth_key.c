#include "ingest/auth_key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "ledger/hash.h"

#define PREFIX     "aco_"
#define SECRET_LEN 43
#define SUM_BYTES  4
#define SUM_LEN    6

static const char *const roles[] = {
	[HTTP_NEED_INGEST] = "ingest",
	[HTTP_NEED_GATEWAY] = "gateway",
	[HTTP_NEED_READ] = "read",
	[HTTP_NEED_ADMIN] = "admin",
};
#define ROLES (int)(sizeof(roles) / sizeof(roles[0]))

const char *auth_role_name(enum http_need role)
{
	return (int)role < ROLES ? roles[role] : NULL;
}

enum http_need auth_role(struct str name)
{
	for (int i = 0; i < ROLES; i++) {
		if (roles[i] && str_is(name, roles[i]))
			return (enum http_need)i;
	}
	return HTTP_OPEN;
}

/* Without padding; out has room for the NUL. */
static void base64url(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	int have = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= 6; have -= 6)
			*out++ = digits[bits >> (have - 6) & 63];
	}
	if (have)
		*out++ = digits[bits << (6 - have) & 63];
	*out = 0;
}

static void sum_of(struct str s, char out[SUM_LEN + 1])
{
	uint8_t hash[AUTH_HASH_LEN];

	hash_sha256(s.p, s.len, hash);
	base64url(hash, SUM_BYTES, out);
}

enum rc auth_key_make(enum http_need role, char out[AUTH_KEY_MAX],
		      struct err *e)
{
	char secret[SECRET_LEN + 1], sum[SUM_LEN + 1];
	uint8_t random[32];
	size_t n = 0;

	while (n < sizeof(random)) {
		ssize_t got = getrandom(random + n, sizeof(random) - n, 0);

		if (got < 0 && errno != EINTR)
			return err_set(e, RC_DOWN, "no random numbers: %s",
				       strerror(errno));
		n += got > 0 ? (size_t)got : 0;
	}
	base64url(random, sizeof(random), secret);
	n = (size_t)snprintf(out, AUTH_KEY_MAX, PREFIX "%s_%s",
			     auth_role_name(role), secret);
	sum_of((struct str){out, n}, sum);
	memcpy(out + n, sum, sizeof(sum));
	explicit_bzero(random, sizeof(random));
	explicit_bzero(secret, sizeof(secret));
	return RC_OK;
}

enum auth_form auth_key_form(struct str key)
{
	char sum[SUM_LEN + 1];
	struct str rest, role;
	const char *gap;

	if (!str_starts(key, PREFIX))
		return AUTH_FOREIGN;
	rest = (struct str){key.p + strlen(PREFIX), key.len - strlen(PREFIX)};
	gap = rest.len ? memchr(rest.p, '_', rest.len) : NULL;
	if (!gap)
		return AUTH_TORN;
	role = (struct str){rest.p, (size_t)(gap - rest.p)};
	if (auth_role(role) == HTTP_OPEN ||
	    rest.len != role.len + 1 + SECRET_LEN + SUM_LEN)
		return AUTH_TORN;
	sum_of((struct str){key.p, key.len - SUM_LEN}, sum);
	return memcmp(sum, key.p + key.len - SUM_LEN, SUM_LEN) ? AUTH_TORN
							       : AUTH_WHOLE;
}

void auth_key_hash(struct str key, uint8_t out[AUTH_HASH_LEN])
{
	hash_sha256(key.p, key.len, out);
}
