#include "tests/int/gw_fake.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#define ZLIB_CONST
#include <zlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/buf.h"
#include "ledger/base/str.h"

#define BODY_MAX   ((size_t)256 << 20)
#define TIMES_MAX  64
#define KEEP_BYTES ((size_t)1 << 20) /* of an answer, for fake_answer() */

struct fake {
	int fd, port;
	pthread_t thread;
	pthread_mutex_t mu;
	int count, busy, most, ids;
	long long sent, received;
	struct buf last, answer;
	struct {
		char text[256];
		int n;
	} times[TIMES_MAX];
	int n_times;
	bool stop;
};

struct client {
	struct fake *f;
	int fd;
	struct buf in, out;
	size_t head_len, body_len;
	char say[256]; /* x-fake */
	bool stream, dead, chunked;
	long cut, sent;
	char id[40];
	const char *model;
	size_t model_len;
	bool zip, zip_bad;
	z_stream z;
	struct buf zipped;
};

/* ---- reading ---- */

static bool more(struct client *c)
{
	char *p = buf_reserve(&c->in, 65536);
	ssize_t n = p ? recv(c->fd, p, 65536, 0) : -1;

	if (n > 0) {
		buf_advance(&c->in, (size_t)n);
		pthread_mutex_lock(&c->f->mu);
		c->f->received += n;
		pthread_mutex_unlock(&c->f->mu);
	}
	return n > 0;
}

static struct str header(const struct client *c, const char *name)
{
	const char *p = c->in.p, *end = p + c->head_len, *eol;
	size_t n = strlen(name);

	for (; (eol = memchr(p, '\n', (size_t)(end - p))); p = eol + 1) {
		if ((size_t)(eol - p) > n && !strncasecmp(p, name, n) &&
		    p[n] == ':')
			return str_trim((struct str){
				p + n + 1, (size_t)(eol - p) - n - 1});
	}
	return STR_NONE;
}

/* A whole request into c->in; false: the client has closed. */
static bool read_request(struct client *c)
{
	const char *end;
	int64_t n = 0;

	while (!(end = c->in.len ? memmem(c->in.p, c->in.len, "\r\n\r\n", 4)
				 : NULL)) {
		if (!more(c))
			return false;
	}
	c->head_len = (size_t)(end - c->in.p) + 4;
	str_i64(header(c, "content-length"), &n);
	c->body_len = (size_t)n;
	while (c->in.len < c->head_len + c->body_len) {
		if (!more(c))
			return false;
	}
	return true;
}

/* ---- writing ---- */

static void nap(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

static void raw(struct client *c, const char *p, size_t n)
{
	while (n && !c->dead) {
		ssize_t k = send(c->fd, p, n, MSG_NOSIGNAL);

		if (k <= 0)
			c->dead = true;
		else
			p += k, n -= (size_t)k;
	}
}

/* A piece of the body. */
static void body(struct client *c, const char *p, size_t n)
{
	char size[32];

	if (c->cut >= 0 && c->sent + (long)n > c->cut)
		n = (size_t)(c->cut - c->sent);
	c->sent += (long)n;
	pthread_mutex_lock(&c->f->mu);
	c->f->sent += (long long)n;
	if (c->f->answer.len + n < KEEP_BYTES)
		buf_add(&c->f->answer, p, n);
	pthread_mutex_unlock(&c->f->mu);
	if (c->chunked && n) {
		snprintf(size, sizeof(size), "%zx\r\n", n);
		raw(c, size, strlen(size));
	}
	raw(c, p, n);
	if (c->chunked && n)
		raw(c, "\r\n", 2);
	if (c->cut >= 0 && c->sent == c->cut)
		c->dead = true;
}

__attribute__((format(printf, 2, 3))) static void say(struct client *c,
						      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&c->out, fmt, ap);
	va_end(ap);
}

static long word(const struct client *c, const char *name, long otherwise)
{
	const char *p = strstr(c->say, name);

	return p ? strtol(p + strlen(name), NULL, 10) : otherwise;
}

static void head(struct client *c, int status, const char *ctype, long length)
{
	const char *after = strstr(c->say, "after=");
	char text[600], extra[128] = "", frame[64];

	if (after)
		snprintf(extra, sizeof(extra), "retry-after-ms: %ld\r\n",
			 word(c, "after=", 0));
	if (length >= 0)
		snprintf(frame, sizeof(frame), "Content-Length: %ld", length);
	else
		snprintf(frame, sizeof(frame), "Transfer-Encoding: chunked");
	snprintf(text, sizeof(text),
		 "HTTP/1.1 %d Whatever\r\nContent-Type: %s\r\n%s\r\n"
		 "request-id: req_%s\r\nx-request-id: req_%s\r\n"
		 "X-Unknown: kept as it is\r\n%s%s%s\r\n",
		 status, ctype, frame, c->id, c->id, extra,
		 c->zip ? "Content-Encoding: gzip\r\n" : "",
		 strstr(c->say, "never") ? "x-should-retry: false\r\n" : "");
	c->chunked = length < 0;
	raw(c, text, strlen(text));
}

/* ---- gzip ---- */

static void zip_begin(struct client *c)
{
	c->zip = strstr(c->say, "gzip") != NULL;
	c->zip_bad = strstr(c->say, "gzip-bad") != NULL;
	if (!c->zip)
		return;
	memset(&c->z, 0, sizeof(c->z));
	if (deflateInit2(&c->z, 6, Z_DEFLATED, 15 + 16, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
}

static void zip_end(struct client *c)
{
	if (c->zip)
		deflateEnd(&c->z);
	c->zip = false;
}

/* Compressed into c->zipped. */
static void zip(struct client *c, const char *p, size_t n, int flush)
{
	c->z.next_in = (const Bytef *)p;
	c->z.avail_in = (uInt)n;
	do {
		char *to = buf_reserve(&c->zipped, 65536);

		c->z.next_out = (Bytef *)to;
		c->z.avail_out = 65536;
		deflate(&c->z, flush);
		buf_advance(&c->zipped, 65536 - c->z.avail_out);
	} while (!c->z.avail_out);
}

static void zip_blanks(struct client *c)
{
	static char blanks[1 << 20];

	memset(blanks, ' ', sizeof(blanks));
	for (int i = 0; i < 100; i++)
		zip(c, blanks, sizeof(blanks), Z_NO_FLUSH);
}

static void zipped(struct client *c, bool bad)
{
	if (bad)
		c->zipped.p[c->zipped.len / 2] ^= 0x55;
	body(c, c->zipped.p, c->zipped.len);
	buf_clear(&c->zipped);
}

static void zip_whole(struct client *c)
{
	if (strstr(c->say, "gzip-bomb"))
		zip_blanks(c);
	zip(c, c->out.p, c->out.len, Z_FINISH);
}

/* What c->out holds is one whole answer. */
static void whole(struct client *c, int status)
{
	nap(word(c, "pause=", 0));
	if (c->zip) {
		zip_whole(c);
		head(c, status, "application/json", (long)c->zipped.len);
		zipped(c, c->zip_bad);
		return;
	}
	head(c, status, "application/json", (long)c->out.len);
	body(c, c->out.p, c->out.len);
}

/* ... or one event of a stream. */
static void event(struct client *c)
{
	long ms = word(c, "pause=", 0);

	if (ms)
		nap(ms);
	if (c->zip) {
		zip(c, c->out.p, c->out.len, Z_SYNC_FLUSH);
		/* The second event, and all that refers to it. */
		zipped(c, c->zip_bad && c->sent > 0);
	} else {
		body(c, c->out.p, c->out.len);
	}
	buf_clear(&c->out);
}

/* ---- the protocols ---- */

static void fail(struct client *c, int status)
{
	if (strstr(c->in.p, "/messages"))
		say(c,
		    "{\"type\":\"error\",\"error\":{\"type\":\"%s\","
		    "\"message\":\"as you wish\"}}",
		    status == 529 ? "overloaded_error" : "api_error");
	else
		say(c, "{\"error\":{\"message\":\"as you wish\",\"type\":"
		       "\"server_error\",\"param\":null,\"code\":null}}");
	whole(c, status);
}

#define CHAT_USAGE                                                             \
	"{\"prompt_tokens\":100,\"completion_tokens\":20,\"total_tokens\":"    \
	"120,\"prompt_tokens_details\":{\"cached_tokens\":40}}"

static void chat_delta(struct client *c, const char *delta, const char *finish)
{
	say(c,
	    "data: {\"id\":\"chatcmpl-%s\",\"object\":"
	    "\"chat.completion.chunk\",\"created\":1,\"model\":\"%.*s\","
	    "\"choices\":[{\"index\":0,\"delta\":%s,\"finish_reason\":%s}]"
	    "%s}\n\n",
	    c->id, (int)c->model_len, c->model, delta, finish,
	    strstr(c->in.p, "\"include_usage\":true") ? ",\"usage\":null" : "");
	event(c);
}

static void chat_stream(struct client *c)
{
	long big = word(c, "big=", 0);
	char text[4200];

	head(c, 200, "text/event-stream", -1);
	chat_delta(c, "{\"role\":\"assistant\",\"content\":\"Hel\"}", "null");
	if (strstr(c->say, "error")) {
		say(c, "data: {\"error\":{\"message\":\"as you wish\","
		       "\"type\":\"server_error\",\"code\":null}}\n\n");
		event(c);
		return;
	}
	memset(text, 'x', sizeof(text));
	memcpy(text, "{\"content\":\"", 12);
	memcpy(text + 4096, "\"}", 3);
	for (; big > 0 && !c->dead; big -= 4096)
		chat_delta(c, text, "null");
	chat_delta(c, "{\"content\":\"lo\"}", "null");
	chat_delta(c, "{}", "\"stop\"");
	if (strstr(c->in.p, "\"include_usage\":true")) {
		say(c,
		    "data: {\"id\":\"chatcmpl-%s\",\"object\":"
		    "\"chat.completion.chunk\",\"created\":1,\"model\":"
		    "\"%.*s\",\"choices\":[],\"usage\":" CHAT_USAGE "}\n\n",
		    c->id, (int)c->model_len, c->model);
		event(c);
	}
	say(c, "data: [DONE]\n\n");
	event(c);
}

static void chat(struct client *c)
{
	if (c->stream) {
		chat_stream(c);
		return;
	}
	say(c,
	    "{\"id\":\"chatcmpl-%s\",\"object\":\"chat.completion\","
	    "\"created\":1,\"model\":\"%.*s\",\"choices\":[{\"index\":0,"
	    "\"message\":{\"role\":\"assistant\",\"content\":%s,"
	    "\"refusal\":%s},\"finish_reason\":\"stop\"}],\"usage\":" CHAT_USAGE
	    ",\"odd\" : [1,  2]}",
	    c->id, (int)c->model_len, c->model,
	    strstr(c->say, "refuse") ? "null" : "\"Hello\"",
	    strstr(c->say, "refuse") ? "\"no\"" : "null");
	whole(c, 200);
}

#define MSG_USAGE(out)                                                         \
	"{\"input_tokens\":60,\"cache_read_input_tokens\":40,"                 \
	"\"cache_creation_input_tokens\":0,\"output_tokens\":" out "}"

static void messages_stream(struct client *c)
{
	head(c, 200, "text/event-stream; charset=utf-8", -1);
	say(c,
	    "event: message_start\ndata: {\"type\":\"message_start\","
	    "\"message\":{\"id\":\"msg_%s\",\"type\":\"message\",\"role\":"
	    "\"assistant\",\"model\":\"%.*s\",\"content\":[],"
	    "\"stop_reason\":null,\"usage\":" MSG_USAGE("1") "}}\n\n",
	    c->id, (int)c->model_len, c->model);
	event(c);
	say(c, "event: content_block_start\ndata: {\"type\":"
	       "\"content_block_start\",\"index\":0,\"content_block\":"
	       "{\"type\":\"text\",\"text\":\"\"}}\n\n");
	event(c);
	say(c, "event: content_block_delta\ndata: {\"type\":"
	       "\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
	       "\"text_delta\",\"text\":\"Hello\"}}\n\n");
	event(c);
	if (strstr(c->say, "error")) {
		say(c, "event: error\ndata: {\"type\":\"error\",\"error\":"
		       "{\"type\":\"overloaded_error\",\"message\":\"as you "
		       "wish\"}}\n\n");
		event(c);
		return;
	}
	say(c, "event: content_block_stop\ndata: {\"type\":"
	       "\"content_block_stop\",\"index\":0}\n\n");
	event(c);
	say(c, "event: message_delta\ndata: {\"type\":\"message_delta\","
	       "\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":"
	       "{\"output_tokens\":20}}\n\n");
	event(c);
	say(c, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
	event(c);
}

static void messages(struct client *c)
{
	if (c->stream) {
		messages_stream(c);
		return;
	}
	say(c,
	    "{\"id\":\"msg_%s\",\"type\":\"message\",\"role\":"
	    "\"assistant\",\"model\":\"%.*s\",\"content\":[{\"type\":"
	    "\"text\",\"text\":\"Hello\"}],\"stop_reason\":\"end_turn\","
	    "\"usage\":" MSG_USAGE("20") "}",
	    c->id, (int)c->model_len, c->model);
	whole(c, 200);
}

#define RESP_USAGE                                                             \
	"{\"input_tokens\":100,\"input_tokens_details\":{\"cached_tokens\":"   \
	"40},\"output_tokens\":20,\"output_tokens_details\":"                  \
	"{\"reasoning_tokens\":5},\"total_tokens\":120}"

static void response_body(struct client *c, const char *status,
			  const char *usage)
{
	say(c,
	    "{\"id\":\"resp_%s\",\"object\":\"response\",\"status\":\"%s\","
	    "\"model\":\"%.*s\",\"output\":[{\"type\":\"message\",\"id\":"
	    "\"m1\",\"role\":\"assistant\",\"status\":\"completed\","
	    "\"content\":[{\"type\":\"output_text\",\"text\":\"Hello\","
	    "\"annotations\":[]}]}],\"usage\":%s}",
	    c->id, status, (int)c->model_len, c->model, usage);
}

static void responses(struct client *c)
{
	if (!c->stream) {
		response_body(c, "completed", RESP_USAGE);
		whole(c, 200);
		return;
	}
	head(c, 200, "text/event-stream", -1);
	say(c, "event: response.created\ndata: {\"type\":\"response.created\","
	       "\"sequence_number\":0,\"response\":");
	response_body(c, "in_progress", "null");
	say(c, "}\n\n");
	event(c);
	say(c, "event: response.output_text.delta\ndata: {\"type\":"
	       "\"response.output_text.delta\",\"sequence_number\":1,"
	       "\"output_index\":0,\"content_index\":0,\"item_id\":\"m1\","
	       "\"delta\":\"Hello\"}\n\n");
	event(c);
	say(c, "event: response.completed\ndata: {\"type\":"
	       "\"response.completed\",\"sequence_number\":2,\"response\":");
	response_body(c, "completed", RESP_USAGE);
	say(c, "}\n\n");
	event(c);
}

static void embeddings(struct client *c)
{
	say(c,
	    "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\","
	    "\"index\":0,\"embedding\":[0.5]}],\"model\":\"%.*s\","
	    "\"usage\":{\"prompt_tokens\":8,\"total_tokens\":8}}",
	    (int)c->model_len, c->model);
	whole(c, 200);
}

/* ---- a connection ---- */

/* How often this very wish has come before. */
static int times(struct client *c)
{
	struct fake *f = c->f;
	int i, n = 0;

	pthread_mutex_lock(&f->mu);
	for (i = 0; i < f->n_times; i++) {
		if (!strcmp(f->times[i].text, c->say))
			break;
	}
	if (i == f->n_times && i < TIMES_MAX) {
		snprintf(f->times[i].text, sizeof(f->times[i].text), "%s",
			 c->say);
		f->times[i].n = 0;
		f->n_times++;
	}
	if (i < TIMES_MAX)
		n = f->times[i].n++;
	pthread_mutex_unlock(&f->mu);
	return n;
}

static void prepare(struct client *c)
{
	struct fake *f = c->f;
	struct str s = header(c, "x-fake");
	const char *model =
		memmem(c->in.p + c->head_len, c->body_len, "\"model\":\"", 9);

	snprintf(c->say, sizeof(c->say), "%.*s", STR_ARG(s));
	pthread_mutex_lock(&f->mu);
	f->count++;
	f->busy++;
	f->most = f->busy > f->most ? f->busy : f->most;
	snprintf(c->id, sizeof(c->id), "a1b2c3d4e5f6%08x", ++f->ids);
	buf_clear(&f->last);
	buf_add(&f->last, c->in.p, c->head_len + c->body_len);
	buf_clear(&f->answer);
	pthread_mutex_unlock(&f->mu);
	c->model = model ? model + 9 : "none";
	c->model_len = strcspn(c->model, "\" ");
	model = strstr(c->say, "only=");
	if (model &&
	    (strncmp(model + 5, c->model, c->model_len) != 0 ||
	     (model[5 + c->model_len] && model[5 + c->model_len] != ' ')))
		c->say[0] = 0;
	c->stream = memmem(c->in.p + c->head_len, c->body_len,
			   "\"stream\":true", 13) != NULL;
	c->cut = word(c, "cut=", -1);
	c->sent = 0;
	c->chunked = false;
	buf_clear(&c->out);
	zip_begin(c);
}

static void answer(struct client *c)
{
	int status = (int)word(c, "status=", 0);
	long first = word(c, "first=", -1);
	bool now = first < 0 || times(c) < first;

	if (!now)
		c->say[0] = 0;
	if (strstr(c->say, "reset") && now) {
		c->dead = true;
		return;
	}
	if (status && now)
		fail(c, status);
	else if (strstr(c->in.p, "/chat/completions"))
		chat(c);
	else if (strstr(c->in.p, "/count_tokens"))
		say(c, "{\"input_tokens\":77}"), whole(c, 200);
	else if (strstr(c->in.p, "/messages"))
		messages(c);
	else if (strstr(c->in.p, "/responses"))
		responses(c);
	else if (strstr(c->in.p, "/embeddings"))
		embeddings(c);
	else
		say(c, "{\"object\":\"list\",\"data\":[]}"), whole(c, 200);
	if (c->chunked && c->zip) {
		zip(c, NULL, 0, Z_FINISH);
		zipped(c, false);
	}
	zip_end(c);
	if (c->chunked && !c->dead)
		raw(c, "0\r\n\r\n", 5);
}

static void *connection_main(void *arg)
{
	struct client *c = arg;
	int one = 1;

	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	buf_init(&c->in, BODY_MAX);
	buf_init(&c->out, BODY_MAX);
	buf_init(&c->zipped, BODY_MAX);
	while (!c->dead && read_request(c)) {
		size_t used = c->head_len + c->body_len;

		prepare(c);
		answer(c);
		pthread_mutex_lock(&c->f->mu);
		c->f->busy--;
		pthread_mutex_unlock(&c->f->mu);
		memmove(c->in.p, c->in.p + used, c->in.len - used);
		c->in.len -= used;
		c->in.p[c->in.len] = 0;
	}
	close(c->fd);
	buf_release(&c->in);
	buf_release(&c->out);
	buf_release(&c->zipped);
	free(c);
	return NULL;
}

static void *accept_main(void *arg)
{
	struct fake *f = arg;

	for (;;) {
		int fd = accept(f->fd, NULL, NULL);
		struct client *c;
		pthread_t t;

		if (fd < 0)
			return NULL;
		c = xcalloc(1, sizeof(*c));
		c->f = f;
		c->fd = fd;
		if (pthread_create(&t, NULL, connection_main, c))
			abort();
		pthread_detach(t);
	}
}

struct fake *fake_start(void)
{
	struct fake *f = xcalloc(1, sizeof(*f));
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (f->fd < 0 || bind(f->fd, (struct sockaddr *)&a, sizeof(a)) ||
	    listen(f->fd, 1024) || getsockname(f->fd, (void *)&a, &n))
		abort();
	f->port = ntohs(a.sin_port);
	pthread_mutex_init(&f->mu, NULL);
	buf_init(&f->last, BODY_MAX);
	buf_init(&f->answer, BODY_MAX);
	if (pthread_create(&f->thread, NULL, accept_main, f))
		abort();
	return f;
}

/* Connections end when their clients do; what they stand on stays. */
void fake_stop(struct fake *f)
{
	shutdown(f->fd, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	close(f->fd);
}

int fake_port(const struct fake *f)
{
	return f->port;
}

int fake_count(struct fake *f)
{
	int n;

	pthread_mutex_lock(&f->mu);
	n = f->count;
	pthread_mutex_unlock(&f->mu);
	return n;
}

int fake_most(struct fake *f)
{
	int n;

	pthread_mutex_lock(&f->mu);
	n = f->most;
	f->most = f->busy;
	pthread_mutex_unlock(&f->mu);
	return n;
}

int fake_busy(struct fake *f)
{
	int n;

	pthread_mutex_lock(&f->mu);
	n = f->busy;
	pthread_mutex_unlock(&f->mu);
	return n;
}

long long fake_sent(struct fake *f)
{
	long long n;

	pthread_mutex_lock(&f->mu);
	n = f->sent;
	pthread_mutex_unlock(&f->mu);
	return n;
}

long long fake_received(struct fake *f)
{
	long long n;

	pthread_mutex_lock(&f->mu);
	n = f->received;
	pthread_mutex_unlock(&f->mu);
	return n;
}

static char *copy(struct fake *f, const struct buf *b)
{
	char *s;

	pthread_mutex_lock(&f->mu);
	s = xstrndup(buf_str(b), b->len);
	pthread_mutex_unlock(&f->mu);
	return s;
}

char *fake_last(struct fake *f)
{
	return copy(f, &f->last);
}

bool fake_answer_is(struct fake *f, const void *p, size_t n)
{
	bool same;

	pthread_mutex_lock(&f->mu);
	same = f->answer.len == n && !memcmp(f->answer.p, p, n);
	pthread_mutex_unlock(&f->mu);
	return same;
}

char *fake_answer(struct fake *f)
{
	return copy(f, &f->answer);
}
