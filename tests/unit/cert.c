#include "tests/unit/cert.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "ledger/base/alloc.h"

static void extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (!e || !X509_add_ext(x, e, -1))
		BUG("no extension");
	X509_EXTENSION_free(e);
}

static X509 *self_signed(const char *name, EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);
	char *san = xasprintf("DNS:%s,IP:127.0.0.1", name);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, subject);
	X509_set_pubkey(x, key);
	extend(x, NID_subject_alt_name, san);
	extend(x, NID_basic_constraints, "critical,CA:TRUE");
	if (!X509_sign(x, key, EVP_sha256()))
		BUG("not signed");
	free(san);
	return x;
}

static FILE *create(const char *dir, const char *name, const char *ext)
{
	char *path = xasprintf("%s/%s.%s", dir, name, ext);
	FILE *f = fopen(path, "we");

	if (!f)
		BUG("no file for a certificate");
	free(path);
	return f;
}

void cert_make(const char *dir, const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = self_signed(name, key);
	FILE *f = create(dir, name, "crt");

	PEM_write_X509(f, x);
	fclose(f);
	f = create(dir, name, "key");
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}
