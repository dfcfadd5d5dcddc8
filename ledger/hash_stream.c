#include "ledger/hash_stream.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

struct hash_stream {
	EVP_MD_CTX *ctx;
	EVP_MD_CTX *copy; /* for values on the way */
};

struct hash_stream *hash_stream_new(void)
{
	struct hash_stream *h = xcalloc(1, sizeof(*h));

	h->ctx = EVP_MD_CTX_new();
	h->copy = EVP_MD_CTX_new();
	if (!h->ctx || !h->copy ||
	    !EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL))
		BUG("SHA-256 is not available");
	return h;
}

void hash_stream_free(struct hash_stream *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_CTX_free(h->copy);
	free(h);
}

void hash_stream_add(struct hash_stream *h, const void *p, size_t n)
{
	if (n && !EVP_DigestUpdate(h->ctx, p, n))
		BUG("SHA-256 failed");
}

struct uuid hash_stream_value(const struct hash_stream *h)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	struct uuid u;

	if (!EVP_MD_CTX_copy_ex(h->copy, h->ctx) ||
	    !EVP_DigestFinal_ex(h->copy, md, NULL))
		BUG("SHA-256 failed");
	memcpy(u.b, md, sizeof(u.b));
	return u;
}
