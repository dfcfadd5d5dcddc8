/* The plain SHA-256 calls of libcrypto, as in hash_stream.c: ids are made for
 * every row, and EVP would allocate for each. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ledger/hash.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#include "ledger/base/alloc.h"

#define PARTS_MAX 8
#define ABSENT    UINT64_MAX

/* A length of eight bytes, most significant first. */
static void add_length(SHA256_CTX *c, uint64_t n)
{
	unsigned char be[8];

	for (int i = 0; i < 8; i++)
		be[i] = (unsigned char)(n >> (56 - 8 * i) & 0xff);
	SHA256_Update(c, be, sizeof(be));
}

struct uuid hash_id(const struct str *parts, int n)
{
	unsigned char md[SHA256_DIGEST_LENGTH];
	struct uuid u;
	SHA256_CTX c;

	if (n < 1 || n > PARTS_MAX)
		BUG("an id has 1 to 8 parts");
	SHA256_Init(&c);
	for (int i = 0; i < n; i++) {
		add_length(&c, parts[i].p ? parts[i].len : ABSENT);
		if (parts[i].len)
			SHA256_Update(&c, parts[i].p, parts[i].len);
	}
	SHA256_Final(md, &c);
	memcpy(u.b, md, sizeof(u.b));
	return u;
}

void hash_sha256(const void *p, size_t n, uint8_t out[32])
{
	SHA256_CTX c;

	SHA256_Init(&c);
	if (n)
		SHA256_Update(&c, p, n);
	SHA256_Final(out, &c);
}

bool hash_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}
