/* Headers of a caller ("name: value" lines) behind a first byte that says from
 * where and for what; and the same bytes as a file of keys. Nobody gets in
 * without a key that is in the set, but a local caller; a file that is read is
 * written back and read again as the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ingest/auth_decide.h"

#define NOW INT64_C(1800000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str header(const void *arg, const char *name)
{
	const struct str *text = arg;
	const char *p = text->p, *end = text->p + text->len;
	size_t n = strlen(name);

	while (text->len && p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);

		if (len > n && p[n] == ':' && !strncasecmp(p, name, n))
			return str_trim((struct str){p + n + 1, len - n - 1});
		p = nl ? nl + 1 : end;
	}
	return STR_NONE;
}

static void as_file(struct str text)
{
	struct auth_set *one = NULL, *two = NULL;
	struct buf a, b;
	struct err e = {"", ""};

	if (auth_set_parse(&one, text, &e)) {
		if (one || !e.msg[0])
			abort();
		return;
	}
	buf_init(&a, 1 << 22);
	buf_init(&b, 1 << 22);
	auth_set_print(one, &a);
	if (auth_set_parse(&two, (struct str){a.p, a.len}, &e))
		abort();
	auth_set_print(two, &b);
	if (a.len != b.len || memcmp(a.p, b.p, a.len) != 0)
		abort();
	buf_release(&a);
	buf_release(&b);
	auth_set_free(one);
	auth_set_free(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct auth_entry *k;
	struct auth_set *set;
	struct auth_ask ask;
	struct str text;
	struct err e = {"", ""};
	int status;

	if (!size)
		return 0;
	text = (struct str){(const char *)data + 1, size - 1};
	as_file(text);
	ask = (struct auth_ask){
		.header = header,
		.arg = &text,
		.loopback = data[0] & 1,
		.need = (enum http_need)(1 + (data[0] >> 1 & 7) % 5),
	};
	set = auth_set_new();
	status = auth_decide(data[0] & 16 ? AUTH_REQUIRED : AUTH_AUTO,
			     data[0] & 32 ? set : NULL, &ask, NOW, &k, &e);
	if (k)
		abort(); /* the set is empty */
	if (!status && (data[0] & 16 || !auth_local(&ask)))
		abort();
	if (status && (!e.msg[0] ||
		       (status != 401 && !(status == 503 && !(data[0] & 32)))))
		abort();
	auth_set_free(set);
	return 0;
}
