/* A whole daemon under load, hurt at random moments: kill -9 of a worker, of
 * the parent, of PostgreSQL; PostgreSQL stopped for a while; senders that send
 * twice, break off in the middle and come in any order; a spool on a full disk.
 * Afterwards whatever was answered 200 is in the ledger, nothing is there
 * twice, and the sums equal what they sum.
 *
 * ACO_FAULT_ROUNDS (4) hurts, ACO_FAULT_SEED to repeat a run. `make
 * test-faults` does 200. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"
#include "tests/int/sums.h"

#define SENDERS 6
#define CALLS   5 /* of a request, which is a task */
#define MAX     1000000
#define ANSWER  2048

struct fleet {
	int port;
	atomic_int next; /* request */
	atomic_bool over;
	atomic_int pause_ms; /* between requests, at most */
	atomic_uchar acked[MAX];
	atomic_int n_acked, n_refused, n_lost;
	pthread_t senders[SENDERS];
};

struct daemon {
	const char *env[12];
	char *home;
	int port;
	pid_t pid;
	char *log;
};

/* ---- senders ---- */

static int dial(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval limit = {.tv_sec = 20};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -1;
}

static void make_request(struct buf *b, int i)
{
	struct buf body;

	buf_init(&body, 65536);
	for (int k = 0; k < CALLS; k++)
		buf_addf(&body,
			 "{\"type\":\"attempt\",\"task\":{\"id\":\"f-%d\","
			 "\"class\":\"coding\"},\"model\":\"gpt-4o\","
			 "\"started_at\":\"2026-11-24T05:%02d:%02dZ\","
			 "\"usage\":{\"uncached_in\":%d,\"output\":7},"
			 "\"ids\":{\"id\":\"f-%d/%d\"}}\n",
			 i, i % 60, k, 100 + i % 900, i, k);
	buf_clear(b);
	buf_addf(b,
		 "POST /v1/events HTTP/1.1\r\nHost: localhost\r\n"
		 "Content-Type: application/x-ndjson\r\n"
		 "Content-Length: %zu\r\n\r\n%s",
		 body.len, buf_str(&body));
	buf_release(&body);
}

/* The status, or 0 when the connection went away before it came. */
static int answer(int fd)
{
	char got[ANSWER];
	size_t n = 0;

	while (n < sizeof(got) - 1) {
		ssize_t r = recv(fd, got + n, sizeof(got) - 1 - n, 0);

		if (r <= 0)
			return 0;
		n += (size_t)r;
		got[n] = 0;
		if (strstr(got, "\r\n\r\n"))
			return (int)strtol(got + 9, NULL, 10);
	}
	return 0;
}

static bool send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t r = send(fd, p, n, MSG_NOSIGNAL);

		if (r <= 0)
			return false;
		p += r;
		n -= (size_t)r;
	}
	return true;
}

/* One request on a connection of its own; true when it was answered 200. */
static bool tell(struct fleet *f, int i, size_t only)
{
	struct buf b;
	int fd = dial(f->port), status = 0;

	if (fd < 0) {
		poll(NULL, 0, 20);
		atomic_fetch_add(&f->n_lost, 1);
		return false;
	}
	buf_init(&b, 65536);
	make_request(&b, i);
	if (send_all(fd, buf_str(&b), only ? only % b.len : b.len) && !only)
		status = answer(fd);
	buf_release(&b);
	close(fd);
	if (status == 200 && !atomic_exchange(&f->acked[i], 1))
		atomic_fetch_add(&f->n_acked, 1);
	if (status == 503)
		atomic_fetch_add(&f->n_refused, 1);
	if (!status && !only)
		atomic_fetch_add(&f->n_lost, 1);
	return status == 200;
}

/* Sends what is next, sometimes half of it first, sometimes twice, sometimes
 * something older again. */
static void *sender(void *arg)
{
	struct fleet *f = arg;
	unsigned int seed = (unsigned int)(uintptr_t)&seed;

	while (!atomic_load(&f->over)) {
		int i = atomic_fetch_add(&f->next, 1);
		int how = rand_r(&seed) % 20;

		if (i >= MAX)
			break;
		if (how == 0)
			tell(f, i, (size_t)rand_r(&seed) % 1000 + 1);
		for (int tries = 0; !tell(f, i, 0) && tries < 400; tries++) {
			if (atomic_load(&f->over))
				break;
		}
		if (atomic_load(&f->pause_ms))
			poll(NULL, 0,
			     rand_r(&seed) % atomic_load(&f->pause_ms));
		if (how == 1)
			tell(f, i, 0);
		if (how == 2 && i)
			tell(f, rand_r(&seed) % i, 0);
	}
	return NULL;
}

static void fleet_start(struct fleet *f, int port)
{
	f->port = port;
	for (int i = 0; i < SENDERS; i++)
		assert_int_equal(
			pthread_create(&f->senders[i], NULL, sender, f), 0);
}

static void fleet_stop(struct fleet *f)
{
	atomic_store(&f->over, true);
	for (int i = 0; i < SENDERS; i++)
		pthread_join(f->senders[i], NULL);
}

/* ---- the daemon ---- */

static int free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static bool is_ready(void *arg)
{
	struct daemon *d = arg;
	char *state = xasprintf("%s/serve.state", d->home);
	struct stat st;
	bool there = !stat(state, &st);

	free(state);
	return there;
}

static void daemon_run(struct daemon *d)
{
	const struct harness_run how = {.env = d->env};

	d->pid = harness_aco_start(&how, (const char *const[]){"serve", NULL},
				   d->log, d->log);
	poll_until(is_ready, d, 30000, "the daemon to be ready");
}

static void daemon_init(struct daemon *d, const char *url, const char *spool)
{
	int n = 0;

	*d = (struct daemon){.home = xstrdup(harness_dir()),
			     .port = free_port()};
	d->log = xasprintf("%s/log", d->home);
	d->env[n++] = xasprintf("ACO_HOME=%s", d->home);
	d->env[n++] = xasprintf("ACO_DATABASE_URL=%s", url);
	d->env[n++] = xasprintf("ACO_LISTEN=127.0.0.1:%d", d->port);
	d->env[n++] = xstrdup("ACO_WORKERS=2");
	d->env[n++] = xstrdup("ACO_PATIENCE_MS=300");
	d->env[n++] = xstrdup("ACO_CONFIG=/dev/null");
	if (spool) {
		d->env[n++] = xasprintf("ACO_SPOOL=%s", spool);
		d->env[n++] = xstrdup("ACO_SPOOL_BYTES=64m");
	}
	daemon_run(d);
}

static void daemon_end(struct daemon *d)
{
	kill(d->pid, SIGTERM);
	assert_int_equal(harness_wait(d->pid, 60000), 0);
}

static void daemon_release(struct daemon *d)
{
	for (int i = 0; d->env[i]; i++)
		free((char *)(uintptr_t)d->env[i]);
	free(d->home);
	free(d->log);
}

/* A child of the parent, the n-th; 0: there is none now. */
static pid_t child_of(pid_t parent, uint32_t n)
{
	char path[64], line[256] = "";
	long pids[16];
	uint32_t found = 0;
	char *at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children",
		 (long)parent, (long)parent);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	for (at = line; found < 16 && (pids[found] = strtol(at, &at, 10)) > 0;)
		found++;
	return found ? (pid_t)pids[n % found] : 0;
}

/* ---- the hurts ---- */

struct world {
	struct daemon d;
	struct fleet *f;
	const char *url;
	struct db *db;
};

static void pg_back(struct world *w)
{
	harness_start();
	w->db = harness_open(w->url);
}

static void pg_gone(struct world *w)
{
	db_close(w->db);
	w->db = NULL;
}

static void hurt(struct world *w, uint32_t which)
{
	pid_t pid;

	switch (which) {
	case 0: /* a worker, or the janitor */
		pid = child_of(w->d.pid, draw(16));
		if (pid)
			kill(pid, SIGKILL);
		break;
	case 1: { /* the parent; its workers end by themselves */
		char *state = xasprintf("%s/serve.state", w->d.home);

		harness_kill_pid(w->d.pid);
		unlink(state);
		free(state);
		daemon_run(&w->d);
		break;
	}
	case 2:
		pg_gone(w);
		harness_kill();
		pg_back(w);
		break;
	case 3:
		pg_gone(w);
		harness_stop();
		poll(NULL, 0, (int)(500 + draw(2000)));
		pg_back(w);
		break;
	default: /* everybody's connections */
		harness_sql(w->db,
			    "SELECT pg_terminate_backend(pid) FROM "
			    "pg_stat_activity WHERE pid <> pg_backend_pid() "
			    "AND datname = current_database()");
		break;
	}
}

/* ---- afterwards ---- */

static int64_t spooled(const char *dir)
{
	int64_t bytes = 0;
	struct stat st;

	for (int i = 0; i < 4; i++) {
		for (int k = 1; k < 64; k++) {
			char *path = xasprintf("%s/%d/%020d.seg", dir, i, k);

			if (!stat(path, &st) && st.st_size > 4096)
				bytes += st.st_size;
			free(path);
		}
	}
	return bytes;
}

struct count {
	struct world *w;
	int64_t want;
};

/* Every request that was acknowledged has all its calls. */
static bool all_there(void *arg)
{
	struct count *c = arg;
	int64_t n = harness_sql_i64(
		c->w->db, "SELECT count(*) FROM (SELECT task_id FROM "
			  "attempt GROUP BY 1 HAVING count(*) = 5) x");

	return n >= c->want;
}

static void check_ledger(struct world *w)
{
	struct fleet *f = w->f;
	struct count c = {w, atomic_load(&f->n_acked)};
	int sent = atomic_load(&f->next);
	const char *have;

	poll_until(all_there, &c, 900000, "acknowledged rows to be there");
	assert_int_equal(
		harness_sql_i64(w->db,
				"SELECT count(*) FROM (SELECT 1 FROM attempt "
				"GROUP BY task_id HAVING count(*) > 5) x"),
		0);
	for (int from = 0; from < sent && from < MAX; from += 10000) {
		int to = from + 10000 < sent ? from + 10000 : sent;
		char sql[512];

		snprintf(sql, sizeof(sql),
			 "SELECT string_agg(CASE n WHEN 5 THEN '1' ELSE '0' "
			 "END, '' ORDER BY i) FROM (SELECT i, (SELECT count(*) "
			 "FROM attempt a WHERE a.task_id = t.id) AS n FROM "
			 "generate_series(%d, %d) i LEFT JOIN task t ON "
			 "t.ext_id = 'f-' || i) x",
			 from, to - 1);
		have = harness_sql_text(w->db, sql);
		assert_int_equal(strlen(have), to - from);
		for (int i = from; i < to; i++) {
			if (atomic_load(&f->acked[i]) && have[i - from] != '1')
				fail_msg("f-%d was answered 200 and is not "
					 "there",
					 i);
		}
	}
	assert_int_equal(
		harness_sql_i64(w->db, "SELECT count(*) FROM dead_letter"), 0);
	/* The former compares each row with each; doctor copes with many. */
	if (sent < 20000) {
		check_sums(w->db);
	} else {
		const struct harness_run how = {.env = w->d.env,
						.timeout_ms = 600000};

		harness_sql(w->db, "ANALYZE");
		HARNESS_ACO_OK(&how, "doctor", "--all");
	}
}

static int number(const char *name, int otherwise)
{
	const char *s = getenv(name);

	return s ? (int)strtol(s, NULL, 10) : otherwise;
}

static void world_open(struct world *w, const char *spool)
{
	w->f = xcalloc(1, sizeof(*w->f));
	harness_conf("fsync = on\nfull_page_writes = on");
	harness_reload();
	w->url = harness_db("faults");
	w->db = harness_open(w->url);
	harness_sql(w->db, "CREATE INDEX ON task (ext_id)");
	daemon_init(&w->d, w->url, spool);
	fleet_start(w->f, w->d.port);
}

static void world_close(struct world *w)
{
	daemon_end(&w->d);
	daemon_release(&w->d);
	db_close(w->db);
	free(w->f);
}

struct progress {
	struct fleet *f;
	int want;
};

static bool came_on(void *arg)
{
	struct progress *p = arg;

	return atomic_load(&p->f->n_acked) >= p->want;
}

/* Every fault in turn first, then at random. */
static void hurt_at_random(void **state)
{
	int rounds = number("ACO_FAULT_ROUNDS", 5);
	int seed = number("ACO_FAULT_SEED", (int)getpid());
	struct world w;

	(void)state;
	print_message("ACO_FAULT_SEED=%d ACO_FAULT_ROUNDS=%d\n", seed, rounds);
	rng_state = (uint32_t)seed;
	world_open(&w, NULL);
	/* A long run is about faults, not about how much a disk takes. */
	atomic_store(&w.f->pause_ms, rounds > 10 ? 60 : 0);
	for (int i = 0; i < rounds; i++) {
		/* It serves again before it is hurt again. */
		struct progress p = {w.f, atomic_load(&w.f->n_acked) + 20};

		poll_until(came_on, &p, 60000, "requests to be answered");
		poll(NULL, 0, (int)draw(300));
		hurt(&w, i < 5 ? (uint32_t)i : draw(5));
		if (atomic_load(&w.f->next) > MAX / 2)
			break;
	}
	fleet_stop(w.f);
	print_message("requests: %d acknowledged, %d refused, %d lost\n",
		      atomic_load(&w.f->n_acked), atomic_load(&w.f->n_refused),
		      atomic_load(&w.f->n_lost));
	check_ledger(&w);
	world_close(&w);
}

static bool refused_some(void *arg)
{
	return atomic_load(&((struct fleet *)arg)->n_refused) > 50;
}

/* Leave less than half a MiB of the disk. */
static void fill_disk(const char *dir)
{
	char *path = xasprintf("%s/ballast", dir);
	static const char block[65536];
	struct statvfs v;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	do {
		assert_int_equal(write(fd, block, sizeof(block)),
				 sizeof(block));
		assert_int_equal(fstatvfs(fd, &v), 0);
	} while (v.f_bavail * v.f_frsize > 512 * 1024);
	close(fd);
	free(path);
}

/* A spool on a disk that is nearly full, and no database: 503 and never a 200
 * too many. */
static void full_disk(void **state)
{
	char *dir = xstrdup(harness_dir());
	struct world w;

	(void)state;
	if (geteuid() || mount("tmpfs", dir, "tmpfs", 0, "size=64m")) {
		print_message("mounting a small disk: %s\n",
			      geteuid() ? "not root" : strerror(errno));
		free(dir);
		skip();
	}
	world_open(&w, dir);
	fill_disk(dir);
	pg_gone(&w);
	harness_stop();
	poll_until(refused_some, w.f, 60000, "requests to be refused");
	assert_true(spooled(dir) > 0);
	fleet_stop(w.f);
	pg_back(&w);
	print_message("requests: %d acknowledged, %d refused, %d lost\n",
		      atomic_load(&w.f->n_acked), atomic_load(&w.f->n_refused),
		      atomic_load(&w.f->n_lost));
	check_ledger(&w);
	world_close(&w);
	umount2(dir, MNT_DETACH);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hurt_at_random),
		cmocka_unit_test(full_disk),
	};

	return harness_main("faults", tests, sizeof(tests) / sizeof(tests[0]));
}
