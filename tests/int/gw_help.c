#include "tests/int/gw_help.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ledger/base/alloc.h"

#define BODY_MAX ((size_t)512 << 20)

void gw_world_set(struct gw_world *w, const char *name, const char *value)
{
	size_t len = strlen(name);
	int i = 0;

	while (i < w->n_env &&
	       (strncmp(w->env[i], name, len) != 0 || w->env[i][len] != '='))
		i++;
	assert_true(i < 31);
	if (i < w->n_env)
		free((char *)(uintptr_t)w->env[i]);
	else
		w->n_env++;
	w->env[i] = xasprintf("%s=%s", name, value);
}

/* A port that nobody has just now. */
static int free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (void *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static void settings(struct gw_world *w)
{
	char text[256];

	w->home = harness_dir();
	w->port = free_port();
	gw_world_set(w, "ACO_DATABASE_URL", w->url);
	gw_world_set(w, "ACO_HOME", w->home);
	gw_world_set(w, "ACO_CONFIG", "/dev/null");
	gw_world_set(w, "ACO_WORKERS", "1");
	snprintf(text, sizeof(text), "127.0.0.1:%d", w->port);
	gw_world_set(w, "ACO_LISTEN", text);
	snprintf(text, sizeof(text), "http://127.0.0.1:%d/v1",
		 fake_port(w->fake));
	gw_world_set(w, "ACO_OPENAI_BASE_URL", text);
	snprintf(text, sizeof(text), "http://127.0.0.1:%d", fake_port(w->fake));
	gw_world_set(w, "ACO_ANTHROPIC_BASE_URL", text);
	gw_world_set(w, "OPENAI_API_KEY", "sk-ours");
	gw_world_set(w, "ANTHROPIC_API_KEY", "sk-ant-ours");
	snprintf(w->log, sizeof(w->log), "%s/serve.log", w->home);
}

void gw_world_init(struct gw_world *w, const char *db_name)
{
	*w = (struct gw_world){.url = harness_db(db_name)};
	w->fake = fake_start();
	w->db = harness_open(w->url);
	settings(w);
}

void gw_world_beside(struct gw_world *w, const struct gw_world *first)
{
	*w = (struct gw_world){.url = first->url, .fake = first->fake};
	w->beside = true;
	settings(w);
}

static bool answers(void *arg)
{
	const struct gw_world *w = arg;
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)w->port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ok = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	if (ok) {
		struct gw_got g;

		dprintf(fd, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
		g = gw_receive(fd);
		ok = g.status == 200;
		gw_got_free(&g);
	}
	close(fd);
	return ok;
}

void gw_world_serve(struct gw_world *w)
{
	const struct harness_run how = {.env = w->env};

	w->pid = harness_aco_start(&how, (const char *const[]){"serve", NULL},
				   w->log, w->log);
	poll_until(answers, w, 20000, "the daemon");
}

void gw_world_stop(struct gw_world *w)
{
	if (!w->pid)
		return;
	kill(w->pid, SIGTERM);
	assert_int_equal(harness_wait(w->pid, 30000), 0);
	w->pid = 0;
}

void gw_world_release(struct gw_world *w)
{
	if (w->pid)
		harness_kill_pid(w->pid);
	if (!w->beside) {
		fake_stop(w->fake);
		db_close(w->db);
	}
	for (int i = 0; i < w->n_env; i++)
		free((char *)(uintptr_t)w->env[i]);
}

/* The parent of a process and its name, of /proc/PID/stat. */
static bool is_worker(long pid, pid_t parent)
{
	char path[64], text[512] = "";
	const char *name, *end;
	long up = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		text[0] = 0;
	fclose(f);
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (!name || !end || strlen(end) < 5)
		return false;
	up = strtol(end + 4, NULL, 10);
	return up == parent && !strncmp(name + 1, "worker", 6) && end[2] != 'Z';
}

pid_t gw_world_worker(const struct gw_world *w)
{
	DIR *d = opendir("/proc");
	const struct dirent *f;
	long found = 0;

	while (d && !found && (f = readdir(d))) {
		long pid = strtol(f->d_name, NULL, 10);

		if (pid > 0 && is_worker(pid, w->pid))
			found = pid;
	}
	if (d)
		closedir(d);
	return (pid_t)found;
}

long gw_world_rss_kb(const struct gw_world *w)
{
	char path[64], line[256];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status",
		 (int)gw_world_worker(w));
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "VmRSS:", 6))
			kb = strtol(line + 6, NULL, 10);
	}
	if (f)
		fclose(f);
	return kb;
}

void gw_world_aco(struct gw_world *w, const char *const args[])
{
	const struct harness_run how = {.env = w->env};

	harness_aco_ok(&how, args);
}

/* ---- the client ---- */

int gw_connect(const struct gw_world *w)
{
	int fd = gw_connect_maybe(w);

	assert_true(fd >= 0);
	return fd;
}

int gw_connect_maybe(const struct gw_world *w)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)w->port)};
	struct timeval patience = {.tv_sec = 30};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k <= 0) /* an answer may come before all is read */
			return;
		p += k;
		n -= (size_t)k;
	}
}

void gw_send(int fd, const char *path, const char *headers, struct str body)
{
	char *head = xasprintf("POST %s HTTP/1.1\r\nHost: localhost\r\n"
			       "Content-Type: application/json\r\n"
			       "Content-Length: %zu\r\n%s\r\n",
			       path, body.len, headers ? headers : "");

	send_all(fd, head, strlen(head));
	send_all(fd, body.p, body.len);
	free(head);
}

static bool more(int fd, struct buf *b)
{
	char *p = buf_reserve(b, 65536);
	ssize_t n = p ? recv(fd, p, 65536, 0) : -1;

	if (n > 0)
		buf_advance(b, (size_t)n);
	return n > 0;
}

/* Chunks of `in` from `at` into the body. */
static bool take_chunks(int fd, struct gw_got *g, struct buf *in, size_t at)
{
	for (;;) {
		const char *eol;
		size_t n;

		while (!(eol = memmem(in->p + at, in->len - at, "\r\n", 2))) {
			if (!more(fd, in))
				return false;
		}
		n = strtoul(in->p + at, NULL, 16);
		at = (size_t)(eol - in->p) + 2;
		while (in->len < at + n + 2) {
			if (!more(fd, in)) {
				size_t have = in->len - at;

				buf_add(&g->body, in->p + at,
					have < n ? have : n);
				return false;
			}
		}
		buf_add(&g->body, in->p + at, n);
		at += n + 2;
		if (!n)
			return true;
		if (at > (1 << 20)) { /* give back what was read */
			memmove(in->p, in->p + at, in->len - at);
			in->len -= at;
			in->p[in->len] = 0;
			at = 0;
		}
	}
}

static bool take_body(int fd, struct gw_got *g, struct buf *in, size_t at)
{
	const char *length;

	if (g->status == 204 || g->status == 304)
		return true;
	if (strstr(gw_got_header(g, "transfer-encoding"), "chunked"))
		return take_chunks(fd, g, in, at);
	length = gw_got_header(g, "content-length");
	if (*length) {
		size_t n = strtoul(length, NULL, 10);

		while (in->len < at + n) {
			if (!more(fd, in))
				return false;
		}
		buf_add(&g->body, in->p + at, n);
		return true;
	}
	while (more(fd, in))
		;
	buf_add(&g->body, in->p + at, in->len - at);
	return true;
}

struct gw_got gw_receive(int fd)
{
	struct gw_got g = {0};
	const char *end;
	struct buf in;
	size_t at;

	buf_init(&g.head, 1 << 20);
	buf_init(&g.body, BODY_MAX);
	buf_init(&in, BODY_MAX);
	while (!(end = in.len ? memmem(in.p, in.len, "\r\n\r\n", 4) : NULL)) {
		if (!more(fd, &in))
			goto out;
	}
	at = (size_t)(end - in.p) + 4;
	buf_add(&g.head, in.p, at);
	g.status = (int)strtol(in.p + 9, NULL, 10);
	g.whole = take_body(fd, &g, &in, at);
out:
	buf_release(&in);
	return g;
}

void gw_got_free(struct gw_got *g)
{
	buf_release(&g->head);
	buf_release(&g->body);
}

const char *gw_got_header(const struct gw_got *g, const char *name)
{
	static char value[4096];
	const char *p = buf_str(&g->head), *eol;
	size_t n = strlen(name);

	value[0] = 0;
	for (; (eol = strstr(p, "\r\n")); p = eol + 2) {
		if (!strncasecmp(p, name, n) && p[n] == ':') {
			struct str s = str_trim((struct str){
				p + n + 1, (size_t)(eol - p) - n - 1});

			snprintf(value, sizeof(value), "%.*s", STR_ARG(s));
			break;
		}
	}
	return value;
}

struct gw_got gw_post(const struct gw_world *w, const char *path,
		      const char *headers, const char *body)
{
	int fd = gw_connect(w);
	struct gw_got g;

	gw_send(fd, path, headers, str_from(body));
	g = gw_receive(fd);
	close(fd);
	return g;
}

/* ---- the ledger ---- */

struct rows {
	struct db *db;
	int n;
};

static bool has_rows(void *arg)
{
	const struct rows *r = arg;

	return harness_sql_i64(r->db, "SELECT count(*) FROM attempt") >= r->n;
}

void gw_wait_rows(struct gw_world *w, int n)
{
	struct rows r = {w->db, n};

	poll_until(has_rows, &r, 10000, "rows");
	assert_int_equal(harness_sql_i64(w->db, "SELECT count(*) FROM attempt"),
			 n);
}
