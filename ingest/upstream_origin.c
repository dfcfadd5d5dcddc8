#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "ingest/upstream.h"

static bool is_host(const char *s)
{
	unsigned char v6[16];

	if (strchr(s, ':'))
		return inet_pton(AF_INET6, s, v6) == 1;
	for (; *s; s++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-._", *s))
			return false;
	return true;
}

/* "HOST", "HOST:PORT", "[v6]:PORT" */
static enum rc read_host(struct up_origin *o, struct str s, struct err *e)
{
	const char *end;
	int64_t port;
	size_t n;
	bool v6;

	if (s.len == 0)
		return err_set(e, RC_BAD, "no host");
	if (s.p[0] == '[') {
		end = memchr(s.p, ']', s.len);
		if (!end)
			return err_set(e, RC_BAD, "a '[' without its ']'");
		n = (size_t)(end - s.p) + 1;
	} else {
		end = memchr(s.p, ':', s.len);
		n = end ? (size_t)(end - s.p) : s.len;
	}
	if (n < s.len) {
		if (s.p[n] != ':' ||
		    !str_i64((struct str){s.p + n + 1, s.len - n - 1}, &port) ||
		    port < 1 || port > 65535)
			return err_set(e, RC_BAD, "no port: %.*s",
				       (int)(s.len - n), s.p + n);
		o->port = (uint16_t)port;
	}
	v6 = s.p[0] == '[';
	if (v6) {
		s.p++;
		n -= 2;
	}
	if (n == 0 || n >= sizeof(o->host))
		return err_set(e, RC_BAD, "no host");
	for (size_t i = 0; i < n; i++)
		o->host[i] =
			(char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20
							      : s.p[i]);
	o->host[n] = 0;
	if (strlen(o->host) != n)
		return err_set(e, RC_BAD, "no host: it holds a NUL");
	if (!is_host(o->host) || v6 != (strchr(o->host, ':') != NULL))
		return err_set(e, RC_BAD, "no host: %s", o->host);
	return RC_OK;
}

enum rc up_origin_parse(struct up_origin *o, struct str url, struct err *e)
{
	struct str rest;
	const char *slash;
	size_t n;
	enum rc rc;

	memset(o, 0, sizeof(*o));
	if (str_starts(url, "https://")) {
		rest = (struct str){url.p + 8, url.len - 8};
		o->tls = true;
		o->port = 443;
	} else if (str_starts(url, "http://")) {
		rest = (struct str){url.p + 7, url.len - 7};
		o->port = 80;
	} else {
		return err_set(e, RC_BAD,
			       "it begins with neither http:// nor https://");
	}
	slash = rest.len ? memchr(rest.p, '/', rest.len) : NULL;
	n = slash ? (size_t)(slash - rest.p) : rest.len;
	rc = read_host(o, (struct str){rest.p, n}, e);
	if (rc != RC_OK)
		return rc;
	rest = (struct str){rest.p + n, rest.len - n};
	while (rest.len && rest.p[rest.len - 1] == '/')
		rest.len--;
	if (rest.len >= sizeof(o->base))
		return err_set(e, RC_BAD, "its path is too long");
	for (size_t i = 0; i < rest.len; i++)
		if (rest.p[i] <= ' ' || rest.p[i] > '~' ||
		    strchr("?#\"<>\\^`{|}", rest.p[i]))
			return err_set(e, RC_BAD,
				       "its path holds what no path holds");
	if (rest.len)
		memcpy(o->base, rest.p, rest.len);
	return RC_OK;
}
