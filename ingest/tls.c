/* The gate to OpenSSL's SSL. */
#include "ingest/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

struct tls {
	SSL_CTX *ctx;
	bool client;
};

struct tls_stream {
	SSL *ssl;
	bool client;
};

/* What OpenSSL says first is nearest to the cause; the queue is emptied. */
static void reason(char *text, size_t size)
{
	unsigned long code = ERR_get_error();
	const char *why = code ? ERR_reason_error_string(code) : NULL;

	snprintf(text, size, "%s", why ? why : "no reason is given");
	ERR_clear_error();
}

/* ---- contexts ---- */

static const unsigned char http11[] = "\x08http/1.1";

static int choose(SSL *ssl, const unsigned char **out, unsigned char *outlen,
		  const unsigned char *in, unsigned inlen, void *arg)
{
	unsigned char *got;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&got, outlen, http11, sizeof(http11) - 1, in,
				  inlen) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = got;
	return SSL_TLSEXT_ERR_OK;
}

static struct tls *context(bool client)
{
	struct tls *t = xcalloc(1, sizeof(*t));

	t->client = client;
	t->ctx =
		SSL_CTX_new(client ? TLS_client_method() : TLS_server_method());
	if (!t->ctx || !SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION))
		BUG("OpenSSL gives no context");
	/* Idle connections keep no buffers; writes are cut and moved. */
	SSL_CTX_set_mode(t->ctx, SSL_MODE_RELEASE_BUFFERS |
					 SSL_MODE_ENABLE_PARTIAL_WRITE |
					 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION |
					    SSL_OP_NO_COMPRESSION |
					    SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_read_ahead(t->ctx, 1);
	/* Writing to a socket whose peer is gone is an error, not the end. */
	signal(SIGPIPE, SIG_IGN);
	return t;
}

static enum rc refused(struct tls *t, const char *what, const char *file,
		       struct err *e)
{
	char why[128];

	reason(why, sizeof(why));
	tls_free(t);
	return err_set(e, RC_BAD, "%s %s: %s", what, file, why);
}

enum rc tls_new(struct tls **out, const char *cert, const char *key,
		struct err *e)
{
	struct tls *t = context(false);

	*out = NULL;
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(t->ctx, cert) != 1)
		return refused(t, "tls_cert", cert, e);
	/* Whether it belongs to the certificate is checked with it. */
	if (SSL_CTX_use_PrivateKey_file(t->ctx, key, SSL_FILETYPE_PEM) != 1)
		return refused(t, "tls_key", key, e);
	SSL_CTX_set_alpn_select_cb(t->ctx, choose, NULL);
	SSL_CTX_set_session_id_context(t->ctx, (const unsigned char *)"aco", 3);
	*out = t;
	return RC_OK;
}

enum rc tls_client_new(struct tls **out, const char *ca, struct err *e)
{
	struct tls *t = context(true);

	*out = NULL;
	ERR_clear_error();
	if (ca ? SSL_CTX_load_verify_file(t->ctx, ca) != 1
	       : SSL_CTX_set_default_verify_paths(t->ctx) != 1)
		return refused(t, "authorities", ca ? ca : "of the system", e);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_set_alpn_protos(t->ctx, http11, sizeof(http11) - 1))
		BUG("OpenSSL refuses a protocol");
	*out = t;
	return RC_OK;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

/* ---- streams ---- */

static bool expect_host(SSL *ssl, const char *host)
{
	unsigned char addr[16];
	bool number = inet_pton(AF_INET, host, addr) == 1 ||
		      inet_pton(AF_INET6, host, addr) == 1;

	/* Addresses are not said in SNI (RFC 6066 3). */
	if (number)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	/* SSL_set_tlsext_host_name, whose cast clang warns of. */
	return host[0] && SSL_set1_host(ssl, host) &&
	       SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
			TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)host);
}

void tls_stream_free(struct tls_stream *s)
{
	if (!s)
		return;
	SSL_free(s->ssl);
	free(s);
}

struct tls_stream *tls_stream_new(struct tls *t, int fd, const char *host)
{
	struct tls_stream *s = xcalloc(1, sizeof(*s));

	s->client = t->client;
	s->ssl = SSL_new(t->ctx);
	if (!s->ssl || !SSL_set_fd(s->ssl, fd) || t->client != (host != NULL))
		BUG("OpenSSL gives no stream");
	if (host && !expect_host(s->ssl, host)) {
		tls_stream_free(s);
		return NULL;
	}
	if (t->client)
		SSL_set_connect_state(s->ssl);
	else
		SSL_set_accept_state(s->ssl);
	return s;
}

static enum tls_did broken(struct tls_stream *s, int how, int why,
			   struct err *e)
{
	long verified = SSL_get_verify_result(s->ssl);
	char text[128];

	if (how == SSL_ERROR_SYSCALL) {
		err_set(e, RC_DOWN, "TLS: %s",
			why ? strerror(why) : "the peer went away");
		return TLS_BROKEN;
	}
	reason(text, sizeof(text));
	if (s->client && verified != X509_V_OK)
		err_set(e, RC_DOWN, "TLS: the certificate is refused: %s",
			X509_verify_cert_error_string(verified));
	else
		err_set(e, RC_DOWN, "TLS: %s", text);
	return TLS_BROKEN;
}

static enum tls_did did(struct tls_stream *s, int rc, struct err *e)
{
	int why = errno;
	int how = SSL_get_error(s->ssl, rc);

	if (how == SSL_ERROR_WANT_READ || how == SSL_ERROR_WANT_WRITE)
		return TLS_AGAIN;
	if (how == SSL_ERROR_ZERO_RETURN)
		return TLS_END;
	return broken(s, how, why, e);
}

/* What another connection left in OpenSSL's queue of errors would be taken for
 * an error of this one: it is empty before each call. */
enum tls_did tls_handshake(struct tls_stream *s, struct err *e)
{
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_do_handshake(s->ssl);
	return rc == 1 ? TLS_DONE : did(s, rc, e);
}

enum tls_did tls_read(struct tls_stream *s, void *p, size_t n, size_t *done,
		      struct err *e)
{
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_read_ex(s->ssl, p, n, done);
	return rc == 1 ? TLS_DONE : did(s, rc, e);
}

enum tls_did tls_write(struct tls_stream *s, const void *p, size_t n,
		       size_t *done, struct err *e)
{
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_write_ex(s->ssl, p, n, done);
	return rc == 1 ? TLS_DONE : did(s, rc, e);
}

void tls_end(struct tls_stream *s)
{
	ERR_clear_error();
	(void)SSL_shutdown(s->ssl);
	ERR_clear_error();
}
