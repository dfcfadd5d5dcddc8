/* TLS 1.2 and newer over a non-blocking socket; tls.c is the gate to OpenSSL's
 * SSL. A context is what is set up once; a stream is one connection. */
#ifndef ACO_TLS_H
#define ACO_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/base/err.h"

struct tls;
struct tls_stream;

/* A server's: certificate chain and key, PEM files. RC_BAD: cannot be read, or
 * do not belong together. */
enum rc tls_new(struct tls **out, const char *cert, const char *key,
		struct err *e) MUST_CHECK;
/* A client's, which believes the authorities in the file `ca` (PEM), or those
 * of the system when NULL. Peers are always verified. */
enum rc tls_client_new(struct tls **out, const char *ca,
		       struct err *e) MUST_CHECK;
/* Streams made of it live on. NULL is fine. */
void tls_free(struct tls *t);

/* On a connected socket, which stays the caller's. host: whom a client wants
 * to reach, a name (said in SNI) or an address in numbers; its certificate must
 * be for it. NULL for a server. The result is NULL when `host` cannot be a
 * host. */
struct tls_stream *tls_stream_new(struct tls *t, int fd, const char *host);
void tls_stream_free(struct tls_stream *s); /* NULL is fine */

enum tls_did {
	TLS_DONE,
	TLS_AGAIN, /* when the socket can be read or written again */
	TLS_END,   /* the peer has said that it ends its side */
	TLS_BROKEN /* *e says why; for good */
};

enum tls_did tls_handshake(struct tls_stream *s, struct err *e);
/* Up to n bytes (n > 0); *done how many, when TLS_DONE. */
enum tls_did tls_read(struct tls_stream *s, void *p, size_t n, size_t *done,
		      struct err *e);
/* After TLS_AGAIN the same bytes have to come first again; they may lie
 * elsewhere, and more may follow. */
enum tls_did tls_write(struct tls_stream *s, const void *p, size_t n,
		       size_t *done, struct err *e);
/* Say that our side ends; once, without waiting for anything. */
void tls_end(struct tls_stream *s);

#endif
