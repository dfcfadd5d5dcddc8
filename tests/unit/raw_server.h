/* A server that does as a script says, connection by connection, on sockets
 * and threads of its own: whatever a true one would never do. */
#ifndef ACO_TEST_RAW_SERVER_H
#define ACO_TEST_RAW_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum act {
	CLOSE, /* as connections end; the last act of a script */
	READ,  /* a request with its body */
	SEND,  /* text */
	BYTES, /* text, byte by byte in packets of their own */
	BULK,  /* n kilobytes */
	RESET,
	HOLD, /* until the client has gone */
	STARE /* the same, without reading */
};

struct act_on {
	enum act act;
	const char *text;
	int n;
};

enum {
	CONNS = 8,
	ACTS = 12
};

struct server {
	int fd;
	uint16_t port;
	struct act_on script[CONNS][ACTS];
	pthread_t main, conn[CONNS];
	int fds[CONNS];
	atomic_int accepted, requests, stop;
	/* The newest request's head of each connection, as it was read. */
	char last[CONNS][4096];
};

/* Acts, to be listed in a script. */
struct act_on reads(void);
struct act_on closes(void);
struct act_on holds(void);
struct act_on stares(void);
struct act_on resets(void);
struct act_on says(const char *text);
struct act_on drips(const char *text);
struct act_on bulk(int n);

/* The script is written before. */
void server_start(struct server *s);
void server_stop(struct server *s);

#endif
