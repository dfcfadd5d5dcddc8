/* The gateway's small readers. The first byte chooses:
 *
 *   'p'  a path: what is called plain has no dots to follow once it is
 *        unescaped, and nothing that another server reads otherwise
 *   'o'  a provider's URL: what is read can be written and read again
 *   'c'  a list of capabilities
 *   'r'  a registry's file: what is printed of it reads the same
 *   'e'  Accept-Encoding: what takes gzip names it, or anything
 *   't'  a question for what turns cost: JSON is answered in JSON
 *   'w'  retry-after-ms, a line end, retry-after: less than a day, or nothing
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ingest/gw_int.h"
#include "ledger/base/clock.h"
#include "tests/fuzz/fuzz.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_dots(const char *p, size_t n)
{
	return (n == 1 && p[0] == '.') ||
	       (n == 2 && p[0] == '.' && p[1] == '.');
}

static void path(struct str s)
{
	bool plain = gw_path_plain(s);
	char *out = malloc(s.len + 1);
	size_t n = 0, from = 0;

	if (!out)
		abort();
	for (size_t i = 0; plain && i < s.len; i++) {
		char c = s.p[i];

		if (c == '%') {
			check(i + 2 < s.len && hex(s.p[i + 1]) >= 0 &&
				      hex(s.p[i + 2]) >= 0,
			      "half an escape is plain");
			c = (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]));
			i += 2;
			check((unsigned char)c >= ' ' && c != 127,
			      "an escaped control character is plain");
		}
		check(c != '\\', "a backslash is plain");
		out[n++] = c;
	}
	for (size_t i = 0; plain && i <= n; i++) {
		if (i < n && out[i] != '/')
			continue;
		check(!is_dots(out + from, i - from), "dots are plain");
		from = i + 1;
	}
	free(out);
}

static void origin(struct str s)
{
	struct up_origin a, b;
	char url[1024];
	struct err e;

	if (up_origin_parse(&a, s, &e)) {
		check(e.msg[0], "refused without a word");
		return;
	}
	check(a.host[0] && a.port, "no host, or no port");
	check(!strpbrk(a.host, " \r\n/@\t") && !strpbrk(a.base, " \r\n\t"),
	      "a host or base that splits a request");
	snprintf(url, sizeof(url),
		 strchr(a.host, ':') ? "%s://[%s]:%d%s" : "%s://%s:%d%s",
		 a.tls ? "https" : "http", a.host, a.port, a.base);
	check(up_origin_parse(&b, str_from(url), &e) == RC_OK &&
		      a.tls == b.tls && a.port == b.port &&
		      !strcmp(a.host, b.host) && !strcmp(a.base, b.base),
	      "written, it reads otherwise");
}

static void registry(struct str s)
{
	struct gw_registry *a = NULL, *b = NULL;
	struct buf first, second;
	struct err e;

	if (gw_registry_parse(&a, s, &e)) {
		check(!a && e.msg[0], "refused without a word");
		return;
	}
	buf_init(&first, (size_t)64 << 20);
	buf_init(&second, (size_t)64 << 20);
	gw_registry_print(a, &first);
	check(gw_registry_parse(&b, (struct str){buf_str(&first), first.len},
				&e) == RC_OK &&
		      a->n == b->n,
	      "what was printed does not read");
	gw_registry_print(b, &second);
	check(first.len == second.len &&
		      !memcmp(buf_str(&first), buf_str(&second), first.len),
	      "what was printed reads otherwise");
	gw_registry_drop(a);
	gw_registry_drop(b);
	buf_release(&first);
	buf_release(&second);
}

static void wait_for(struct str s)
{
	const char *eol = s.len ? memchr(s.p, '\n', s.len) : NULL;
	size_t n = eol ? (size_t)(eol - s.p) : s.len;
	struct str ms = {s.p, n}, rest = {s.p + n, s.len - n};
	int64_t us;

	if (rest.len)
		rest = (struct str){rest.p + 1, rest.len - 1};
	us = gw_wait_asked(ms, rest, INT64_C(1700000000000000));
	check(us >= -1 && us < US_PER_DAY, "to wait for more than a day");
}

static void turns(struct str s)
{
	const struct gateway g = {.sessions = NULL};
	struct buf out;
	struct err e = {"", ""};

	buf_init(&out, (size_t)1 << 20);
	if (gw_turn_costs(&g, STR("key"), s, &out, &e))
		check(e.msg[0], "refused without a word");
	else
		check(!strcmp(buf_str(&out), "{\"turns\":[]}"),
		      "a turn that nobody knows is told");
	buf_release(&out);
}

static void encoding(struct str s)
{
	bool any = s.len && memchr(s.p, '*', s.len);

	for (size_t i = 0; i + 4 <= s.len; i++)
		any |= !strncasecmp(s.p + i, "gzip", 4);
	check(any || !gw_takes_gzip(s), "gzip that nobody named");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s, bad = STR_NONE;
	char *p;

	if (size < 1)
		return 0;
	p = fuzz_copy(data + 1, size - 1);
	s = (struct str){p, size - 1};
	switch (data[0]) {
	case 'p':
		path(s);
		break;
	case 'o':
		origin(s);
		break;
	case 'c':
		check(gw_can_parse(s, &bad) <= GW_CAN_MAX, "can all and more");
		break;
	case 'r':
		registry(s);
		break;
	case 'e':
		encoding(s);
		break;
	case 't':
		turns(s);
		break;
	case 'w':
		wait_for(s);
		break;
	default:
		break;
	}
	free(p);
	return 0;
}
