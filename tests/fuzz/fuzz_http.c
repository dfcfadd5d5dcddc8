/* Heads and chunked bodies: cut into pieces anyhow, they mean the same as in
 * one piece; what is accepted is plain. The first byte seeds the cuts. */
#include <stdint.h>
#include <string.h>

#include "ingest/http_parse.h"
#include "ledger/base/alloc.h"
#include "ledger/base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	MAX = 1000,
	FIELDS = 16
};

static size_t next_cut(uint32_t *seed, size_t have, size_t n)
{
	*seed = *seed * 1103515245 + 12345;
	have += 1 + (*seed >> 16) % (*seed & 64 ? 4 : 200);
	return have < n ? have : n;
}

static int scan(const char *p, size_t n, uint32_t seed, size_t *len)
{
	struct http_scan s = {0};
	size_t have = seed ? next_cut(&seed, 0, n) : n;
	int status = http_head_scan(&s, p, have, MAX, len);

	while (status == 0 && have < n) {
		have = next_cut(&seed, have, n);
		status = http_head_scan(&s, p, have, MAX, len);
	}
	return status;
}

static void check_span(const char *p, size_t n, struct http_span s)
{
	if (s.at > n || s.len > n - s.at)
		BUG("a span outside of the head");
	for (size_t i = 0; i < s.len; i++)
		if (memchr("\r\n\0", p[s.at + i], 3))
			BUG("a line end inside of a value");
}

static int count(const struct http_head *h, const char *p, const char *name)
{
	int n = 0;

	for (int i = 0; i < h->n; i++)
		n += h->fields[i].name.len == strlen(name) &&
		     strncasecmp(p + h->fields[i].name.at, name,
				 strlen(name)) == 0;
	return n;
}

static void check_head(const struct http_head *h, const char *p, size_t n)
{
	int lengths = count(h, p, "content-length");
	int codings = count(h, p, "transfer-encoding");

	check_span(p, n, h->method);
	check_span(p, n, h->path);
	check_span(p, n, h->query);
	for (int i = 0; i < h->n; i++) {
		check_span(p, n, h->fields[i].name);
		check_span(p, n, h->fields[i].value);
		if (h->fields[i].name.len == 0 ||
		    p[h->fields[i].name.at + h->fields[i].name.len] != ':')
			BUG("a name without its colon");
	}
	if (lengths + codings > 1 ||
	    count(h, p, "host") !=
		    !h->http10 + (h->http10 && count(h, p, "host") == 1))
		BUG("framing in two ways");
	if ((h->content_length >= 0) != lengths || h->chunked != codings)
		BUG("another framing than the fields say");
	if (h->path.len && p[h->path.at] != '/' && !h->star)
		BUG("a path that is none");
}

static void read_chunks(const char *p, size_t n, uint32_t seed, struct buf *out)
{
	struct http_chunks c = {0};
	enum http_chunk what = HTTP_CHUNK_MORE;
	size_t at = 0, have = seed ? next_cut(&seed, 0, n) : n;

	for (;;) {
		size_t used = 0;
		struct str data = STR_NONE;

		what = http_chunks_next(&c, p + at, have - at, &used, &data);
		if (used > have - at)
			BUG("more used than there was");
		at += used;
		if (what == HTTP_CHUNK_DATA)
			buf_add(out, data.p, data.len);
		else if (what != HTTP_CHUNK_MORE || have == n)
			break;
		else if (at < have)
			BUG("bytes left, and no more wanted");
		if (at == have)
			have = next_cut(&seed, have, n);
	}
	buf_addf(out, "|%d %zu", what, what == HTTP_CHUNK_BAD ? 0 : at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data + 1;
	struct http_field fields[FIELDS];
	struct http_head h = {.fields = fields, .cap = FIELDS};
	size_t n, len = 0, len2 = 0;
	uint32_t seed;
	struct buf a, b;
	struct err e;
	int status;

	if (size < 1)
		return 0;
	n = size - 1;
	seed = data[0] + 1U;
	status = scan(p, n, 0, &len);
	if (scan(p, n, seed, &len2) != status || len != len2)
		BUG("cuts make a difference to a head");
	if (status == 200 && http_head_parse(&h, p, len, &e) == 200)
		check_head(&h, p, len);
	buf_init(&a, 1 << 20);
	buf_init(&b, 1 << 20);
	/* The rest as a body; an input without a head is all body. */
	read_chunks(p + len, n - len, 0, &a);
	read_chunks(p + len, n - len, seed, &b);
	if (strcmp(buf_str(&a), buf_str(&b)) != 0 || a.len != b.len)
		BUG("cuts make a difference to a body");
	buf_release(&a);
	buf_release(&b);
	return 0;
}
