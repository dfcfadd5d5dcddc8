/* Threads and the loop share one structure under one lock; it lives until the
 * last of them is through, since getaddrinfo() cannot be stopped. */
#include "ingest/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/loop.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

enum {
	THREADS = 2,
	JOBS = 32,
	NAMES = 64, /* that are remembered */
	QUESTIONS = 4096,
	HOST_MAX = 256
};
#define KEEP_US      (60 * US_PER_SEC)
#define KEEP_MISS_US (2 * US_PER_SEC)

struct job {
	char host[HOST_MAX];
	struct resolved found; /* port 0 */
	int why;               /* of getaddrinfo(); 0: found */
	struct job *next;
};

/* Under the lock. */
struct shared {
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct job *todo, *done;
	int threads, busy, refs;
	bool closed;
	struct loop_inbox *inbox;
};

struct name {
	char host[HOST_MAX];
	struct resolved found;
	int why;
	int64_t until_us;
};

struct resolve {
	struct resolver *r;
	struct resolve *next;
	char host[HOST_MAX];
	uint16_t port;
	resolve_fn *fn; /* NULL: cancelled */
	void *arg;
};

struct resolver {
	struct shared *s;
	struct loop_inbox *inbox;
	struct name names[NAMES];
	int at; /* the name that goes next */
	struct resolve *open;
	int n_open, n_jobs;
};

/* ---- threads ---- */

static void shared_unref(struct shared *s)
{
	bool last = --s->refs == 0;

	pthread_mutex_unlock(&s->lock);
	if (!last)
		return;
	while (s->todo || s->done) {
		struct job **list = s->todo ? &s->todo : &s->done;
		struct job *j = *list;

		*list = j->next;
		free(j);
	}
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->some);
	free(s);
}

static void look_up(struct job *j)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL;

	j->why = getaddrinfo(j->host, NULL, &hints, &list);
	/* A machine without any network has loopback all the same. */
	if (j->why == EAI_NONAME || j->why == EAI_ADDRFAMILY) {
		hints.ai_flags = 0;
		j->why = getaddrinfo(j->host, NULL, &hints, &list);
	}
	if (j->why != 0)
		return;
	for (struct addrinfo *a = list; a && j->found.n < RESOLVE_MAX;
	     a = a->ai_next) {
		if (a->ai_addrlen > sizeof(j->found.addr[0]))
			continue;
		memcpy(&j->found.addr[j->found.n], a->ai_addr, a->ai_addrlen);
		j->found.len[j->found.n++] = a->ai_addrlen;
	}
	freeaddrinfo(list);
}

static void *thread(void *arg)
{
	struct shared *s = arg;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct job *j;

		while (!s->todo && !s->closed)
			pthread_cond_wait(&s->some, &s->lock);
		if (s->closed)
			break;
		j = s->todo;
		s->todo = j->next;
		s->busy++;
		pthread_mutex_unlock(&s->lock);
		look_up(j);
		pthread_mutex_lock(&s->lock);
		s->busy--;
		j->next = s->done;
		s->done = j;
		if (!s->closed)
			loop_post(s->inbox);
	}
	shared_unref(s);
	return NULL;
}

/* Under the lock. */
static void want_thread(struct shared *s)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_cond_signal(&s->some);
	if (s->threads == THREADS || s->busy < s->threads)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&t, &attr, thread, s) == 0) {
		s->threads++;
		s->refs++;
	}
	pthread_attr_destroy(&attr);
}

/* ---- the loop's side ---- */

static struct name *find_name(struct resolver *r, const char *host)
{
	int64_t now = clock_mono_us();

	for (int i = 0; i < NAMES; i++)
		if (r->names[i].until_us > now &&
		    !strcmp(r->names[i].host, host))
			return &r->names[i];
	return NULL;
}

static struct name *remember(struct resolver *r, const struct job *j)
{
	struct name *n = find_name(r, j->host);
	int64_t now = clock_mono_us();

	if (!n) {
		n = &r->names[r->at];
		r->at = (r->at + 1) % NAMES;
		n->until_us = 0;
	}
	memcpy(n->host, j->host, sizeof(n->host));
	n->found = j->found;
	n->why = j->found.n ? 0 : j->why ? j->why : EAI_NONAME;
	/* A miss that is told again is not kept for longer. */
	if (!n->why || n->until_us < now)
		n->until_us = now + (n->why ? KEEP_MISS_US : KEEP_US);
	return n;
}

static void set_port(struct resolved *a, uint16_t port)
{
	for (int i = 0; i < a->n; i++) {
		struct sockaddr *sa = (struct sockaddr *)&a->addr[i];

		if (sa->sa_family == AF_INET6)
			((struct sockaddr_in6 *)(void *)sa)->sin6_port =
				htons(port);
		else
			((struct sockaddr_in *)(void *)sa)->sin_port =
				htons(port);
	}
}

static void answer(struct resolve *q, const struct name *n)
{
	struct resolved a = n->found;
	struct err e = {.msg = ""};

	set_port(&a, q->port);
	if (n->why)
		err_set(&e, RC_DOWN, "%s: %s", q->host, gai_strerror(n->why));
	if (q->fn)
		q->fn(q->arg, &a, &e);
}

/* Those who asked for it; what they ask anew in their answer stays. */
static void answer_all(struct resolver *r, const struct name *known)
{
	struct resolve **at = &r->open, *mine = NULL, *q;
	const struct name n = *known;

	while ((q = *at)) {
		if (strcmp(q->host, n.host) != 0) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		q->next = mine;
		mine = q;
		r->n_open--;
	}
	while ((q = mine)) {
		mine = q->next;
		answer(q, &n);
		free(q);
	}
}

static void woken(void *arg)
{
	struct resolver *r = arg;
	struct job *list;

	pthread_mutex_lock(&r->s->lock);
	list = r->s->done;
	r->s->done = NULL;
	pthread_mutex_unlock(&r->s->lock);
	while (list) {
		struct job *j = list;

		list = j->next;
		r->n_jobs--;
		answer_all(r, remember(r, j));
		free(j);
	}
}

struct resolver *resolver_new(struct loop *l)
{
	struct resolver *r = xcalloc(1, sizeof(*r));
	struct shared *s = xcalloc(1, sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->some, NULL);
	s->refs = 1;
	r->s = s;
	r->inbox = s->inbox = loop_inbox_new(l, woken, r);
	return r;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->s->lock);
	r->s->closed = true;
	pthread_cond_broadcast(&r->s->some);
	shared_unref(r->s);
	loop_inbox_free(r->inbox);
	while (r->open) {
		struct resolve *q = r->open;

		r->open = q->next;
		free(q);
	}
	free(r);
}

static bool in_numbers(const char *host, uint16_t port, struct resolved *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&out->addr[0];
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&out->addr[0];

	memset(&out->addr[0], 0, sizeof(out->addr[0]));
	out->n = 1;
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		out->len[0] = sizeof(*v4);
	} else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		out->len[0] = sizeof(*v6);
	} else {
		out->n = 0;
		return false;
	}
	set_port(out, port);
	return true;
}

bool resolve_now(struct resolver *r, const char *host, uint16_t port,
		 struct resolved *out)
{
	const struct name *n;

	if (in_numbers(host, port, out))
		return true;
	n = find_name(r, host);
	if (!n || n->why)
		return false;
	*out = n->found;
	set_port(out, port);
	return true;
}

static bool is_asked(const struct resolver *r, const char *host)
{
	for (const struct resolve *q = r->open; q; q = q->next)
		if (!strcmp(q->host, host))
			return true;
	return false;
}

struct resolve *resolve_start(struct resolver *r, const char *host,
			      uint16_t port, resolve_fn *fn, void *arg,
			      struct err *e)
{
	bool asked = is_asked(r, host);
	const struct name *known;
	struct job *j, **last;
	struct resolve *q;

	if (strlen(host) >= HOST_MAX || r->n_open == QUESTIONS ||
	    (!asked && r->n_jobs == JOBS)) {
		err_set(e, RC_BUSY, "too many names wait to be looked up");
		return NULL;
	}
	q = xcalloc(1, sizeof(*q));
	*q = (struct resolve){
		.r = r, .next = r->open, .port = port, .fn = fn, .arg = arg};
	snprintf(q->host, sizeof(q->host), "%s", host);
	r->open = q;
	r->n_open++;
	if (asked)
		return q;
	j = xcalloc(1, sizeof(*j));
	snprintf(j->host, sizeof(j->host), "%s", host);
	r->n_jobs++;
	known = find_name(r, host);
	pthread_mutex_lock(&r->s->lock);
	if (known) { /* not to be there: said from the loop, like any other */
		j->why = known->why;
		j->next = r->s->done;
		r->s->done = j;
		loop_post(r->inbox);
	} else {
		last = &r->s->todo;
		while (*last)
			last = &(*last)->next;
		*last = j;
		want_thread(r->s);
	}
	pthread_mutex_unlock(&r->s->lock);
	return q;
}

void resolve_cancel(struct resolve *q)
{
	q->fn = NULL;
}
