/* Calls to model providers: an HTTP/1.1 client on the worker's loop, plain or
 * TLS (certificate and name verified), with connections kept and reused for
 * each origin. Bytes of the answer are handed on as they come, unbuffered; who
 * cannot take more says so, and the socket is not read. The only file that
 * knows how providers are reached. */
#ifndef ACO_UPSTREAM_H
#define ACO_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"

struct loop;
struct upstream; /* all connections of a worker */
struct up_call;

/* Where: "https://api.openai.com/v1", "http://127.0.0.1:9000". */
struct up_origin {
	bool tls;
	char host[256];
	uint16_t port;
	char base[256]; /* path in front of every request's, without the last
			   '/' */
};
enum rc up_origin_parse(struct up_origin *o, struct str url,
			struct err *e) MUST_CHECK;

struct up_header {
	struct str name, value;
};

enum {
	UP_PARTS = 8
};

enum up_end {
	UP_DONE,    /* the answer is whole */
	UP_CONNECT, /* no connection: refused, unknown host, TLS */
	UP_OURS,    /* no connection for lack of descriptors, ports or memory
		       here: nobody was asked */
	UP_TIMEOUT, /* connecting, first byte, or silence */
	UP_CUT,     /* broken off before its end */
	UP_BAD,     /* what came is not HTTP */
	UP_CANCEL   /* by up_cancel() */
};

/* All strings are borrowed until the end is told. Hop-by-hop headers, Host,
 * Content-Length and Accept-Encoding are ours to say. */
struct up_ask {
	const struct up_origin *origin;
	struct str method, target; /* "/chat/completions?x=1", behind base */
	const struct up_header *headers;
	int n_headers;
	struct str body;
	/* The body in pieces, in place of `body` when there are any (as
	 * model_request_edit() gives it); the array is copied. */
	const struct str *parts;
	int n_parts;      /* at most UP_PARTS */
	bool accept_gzip; /* else identity only */
	/* Limits: name and connection; request sent to status line; no byte
	 * either way (not while up_calls.data said false). 0: none. */
	int64_t connect_us, first_byte_us, silence_us;
};

struct up_calls {
	/* Status line and headers (without those of the connection alone);
	 * borrowed until return. Not for 1xx. */
	void (*head)(void *arg, int status, const struct up_header *headers,
		     int n);
	/* Bytes of the body, chunking undone, gzip not; more than 0. false: no
	 * more until up_resume() (taken they are all the same). */
	bool (*data)(void *arg, const char *p, size_t n);
	/* Once, last; the call is gone afterwards. `sent`: whether any byte of
	 * the request may have reached the provider; *e says what happened. */
	void (*end)(void *arg, enum up_end how, bool sent, const struct err *e);
};

struct up_limits {
	int per_origin;    /* connections to one origin */
	int waiting;       /* calls that wait for one of these; 0: 1024 */
	int64_t idle_us;   /* how long an unused one is kept */
	size_t head_bytes; /* of an answer's head */
	const char *ca;    /* PEM file of authorities; NULL: the system's. Must
			      live as long as the client */
};

/* NULL: the authorities cannot be read; *e says why. No proxies: what the
 * environment says about them (https_proxy, ...) is not looked at. */
struct upstream *upstream_new(struct loop *l, const struct up_limits *lim,
			      struct err *e);
void upstream_free(struct upstream *u); /* calls end with UP_CANCEL */
/* NULL: too many wait for that origin (RC_BUSY in words), or a header that
 * holds a line end; *e says so. No callback comes before it has returned. A
 * request on a reused connection that is closed before the first byte of the
 * answer is sent anew on a fresh one, once, by itself. */
struct up_call *up_start(struct upstream *u, const struct up_ask *ask,
			 const struct up_calls *calls, void *arg,
			 struct err *e);
void up_resume(struct up_call *c);
/* Not inside end(). end() is told at the end of the iteration. */
void up_cancel(struct up_call *c);
/* For /metrics. */
struct up_counts {
	uint64_t connects, reuses, failures;
	int open, idle, waiting;
};
void upstream_counts(const struct upstream *u, struct up_counts *out);

#endif
