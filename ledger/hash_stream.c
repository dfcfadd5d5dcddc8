/* The plain SHA-256 calls of libcrypto are used, not EVP: a context is a small
 * struct that is copied for a value on the way. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ledger/hash_stream.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

struct hash_stream {
	SHA256_CTX ctx;
};

struct hash_stream *hash_stream_new(void)
{
	struct hash_stream *h = xcalloc(1, sizeof(*h));

	SHA256_Init(&h->ctx);
	return h;
}

void hash_stream_free(struct hash_stream *h)
{
	free(h);
}

void hash_stream_add(struct hash_stream *h, const void *p, size_t n)
{
	SHA256_Update(&h->ctx, p, n);
}

struct uuid hash_stream_value(const struct hash_stream *h)
{
	SHA256_CTX copy = h->ctx;
	unsigned char md[SHA256_DIGEST_LENGTH];
	struct uuid u;

	SHA256_Final(md, &copy);
	memcpy(u.b, md, sizeof(u.b));
	return u;
}
