/* The demonstration's folder: whose it is, who holds it, what runs in it. */
#include "ingest/demo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/path.h"
#include "ledger/base/proc.h"
#include "ledger/cluster.h"
#include "ledger/daemon.h"

#define MARK       "aco demo"
#define MARK_FILE  "demo.fleet"
#define OLD_DAYS   60 /* a fleet that began before is made anew */
#define MOCK_US    (10 * US_PER_SEC)
#define HAND_OVER  (40 * US_PER_SEC) /* until one that was told to has ended */
#define TRAIN_MS   60000
#define STATE_HOME "state"

extern char **environ;

static char *in_home(const struct demo *d, const char *name)
{
	return xasprintf("%s/%s", d->home, name);
}

/* ---- the environment ---- */

/* What the user's variables say is about the user's ledger. The keys of real
 * providers go nowhere from here. */
static void clear_environment(const struct demo *d)
{
	char *state = in_home(d, STATE_HOME);

	for (size_t i = 0; environ[i];) {
		char *name = xstrndup(environ[i], strcspn(environ[i], "="));
		bool ours = !strncmp(name, "ACO_", 4) &&
			    strcmp(name, "ACO_PG_BIN") != 0;

		if (!ours || unsetenv(name))
			i++;
		free(name);
	}
	setenv("OPENAI_API_KEY", "simulated", 1);
	setenv("ANTHROPIC_API_KEY", "simulated", 1);
	setenv("XDG_STATE_HOME", state, 1);
	free(state);
}

static bool is_there(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/* The marker: "aco demo", then what the fleet was made from. */
static bool read_mark(struct demo *d)
{
	char *path = in_home(d, MARK_FILE);
	FILE *f = fopen(path, "re");
	long long seed = 0, since = 0, live = 0;
	bool ok = f && fscanf(f, MARK " seed %lld since %lld live %lld", &seed,
			      &since, &live) == 3;

	if (f)
		fclose(f);
	free(path);
	d->seed = ok ? seed : d->seed;
	d->since = ok ? (int32_t)since : d->since;
	d->live = ok ? (int32_t)live : d->live;
	return ok;
}

static enum rc write_mark(const struct demo *d, struct err *e)
{
	char *path = in_home(d, MARK_FILE);
	char text[128];
	int n = snprintf(text, sizeof(text),
			 MARK "\nseed %" PRId64 "\nsince %" PRId32
			      "\nlive %" PRId32 "\n",
			 d->seed, d->since, d->live);
	enum rc rc = path_replace(path, text, (size_t)n, 0600, e);

	free(path);
	return rc;
}

static enum rc load_conf(struct demo *d, struct err *e)
{
	enum rc rc;

	if (d->has_conf)
		conf_release(&d->conf);
	d->has_conf = false;
	setenv("ACO_HOME", d->home, 1);
	rc = conf_load(&d->conf, is_there(d->file) ? d->file : "/dev/null", e);
	d->has_conf = !rc;
	return rc;
}

enum rc demo_open(struct demo *d, const struct conf *users, struct err *e)
{
	char *home = path_absolute(users->home);
	size_t n = strlen(home);

	while (n > 1 && home[n - 1] == '/')
		home[--n] = 0;
	*d = (struct demo){.home = xasprintf("%s-demo", home), .lock = -1};
	d->file = in_home(d, "demo.conf");
	d->self = realpath("/proc/self/exe", NULL);
	if (!d->self)
		d->self = xstrdup("/proc/self/exe");
	free(home);
	clear_environment(d);
	if (is_there(d->home) && !read_mark(d)) {
		err_set(e, RC_BAD, "%s is there, and is no demonstration",
			d->home);
		err_hint(e, "it is left alone; set ACO_HOME for another place");
		return RC_BAD;
	}
	return load_conf(d, e);
}

void demo_close(struct demo *d)
{
	if (d->lock >= 0)
		close(d->lock);
	if (d->has_conf)
		conf_release(&d->conf);
	free(d->home);
	free(d->file);
	free(d->self);
	*d = (struct demo){.lock = -1};
}

bool demo_exists(const struct demo *d)
{
	return is_there(d->home);
}

void demo_argv(const struct demo *d, const char *const *words,
	       const char **argv, int n)
{
	int i = 0;

	argv[i++] = d->self;
	argv[i++] = "--config";
	argv[i++] = d->file;
	while (*words && i + 1 < n)
		argv[i++] = *words++;
	argv[i] = NULL;
}

/* ---- the lock ---- */

/* RC_BUSY: another one holds it; its pid is in *holder. */
static enum rc take_lock(struct demo *d, pid_t *holder, struct err *e)
{
	char *path = in_home(d, "demo.lock");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char text[32] = "";
	enum rc rc = RC_OK;

	*holder = 0;
	if (fd < 0)
		rc = path_errno(e, "opening", path);
	else if (!flock(fd, LOCK_EX | LOCK_NB))
		d->lock = fd;
	else if (read(fd, text, sizeof(text) - 1) >= 0)
		*holder = (pid_t)strtol(text, NULL, 10);
	free(path);
	if (rc || d->lock >= 0) {
		int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

		if (!rc && (ftruncate(fd, 0) ||
			    write(fd, text, (size_t)n) != (ssize_t)n))
			rc = err_set(e, RC_DOWN, "writing demo.lock: %s",
				     strerror(errno));
		return rc;
	}
	close(fd);
	err_set(e, RC_BUSY, "a demonstration runs already (process %ld)",
		(long)*holder);
	err_hint(e,
		 "'aco --config %s top' looks at it, 'aco demo stop' ends "
		 "it",
		 d->file);
	return RC_BUSY;
}

static enum rc make_home(struct demo *d, int64_t seed, int days, struct err *e)
{
	enum rc rc = path_make(d->home, geteuid() ? 0700 : 0711, e);

	d->fresh = true;
	d->seed = seed < 0 ? 1 : seed;
	d->since = clock_day(clock_now_us()) - days;
	d->live = d->since + days / 2;
	return rc ? rc : write_mark(d, e);
}

enum rc demo_begin(struct demo *d, int64_t seed, int days, struct err *e)
{
	int32_t today = clock_day(clock_now_us());
	bool there = demo_exists(d);
	enum rc rc = RC_OK;
	pid_t other;

	if (!there)
		rc = make_home(d, seed, days, e);
	if (!rc)
		rc = take_lock(d, &other, e);
	if (rc || !there)
		return rc;
	if ((seed < 0 || seed == d->seed) && d->since <= today - days &&
	    d->since > today - OLD_DAYS)
		return RC_OK;
	fprintf(stderr, "aco: the demonstration is made anew\n");
	if (seed < 0)
		seed = d->seed;
	rc = demo_remove(d, e);
	if (!rc)
		rc = make_home(d, seed, days, e);
	return rc ? rc : take_lock(d, &other, e);
}

/* ---- the mock provider ---- */

/* Its address, as it prints it. */
static enum rc read_address(struct demo *d, int fd, struct err *e)
{
	int64_t end = clock_mono_us() + MOCK_US;
	size_t n = 0;

	while (!memchr(d->mock_url, '\n', n)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end - clock_mono_us();
		ssize_t got;

		if (left <= 0 || poll(&p, 1, (int)(left / 1000)) == 0)
			return err_set(e, RC_DOWN,
				       "the mock provider does not "
				       "start");
		got = read(fd, d->mock_url + n, sizeof(d->mock_url) - 1 - n);
		if (got == 0 || (got < 0 && errno != EINTR))
			return err_set(e, RC_DOWN,
				       "the mock provider has ended");
		n += got > 0 ? (size_t)got : 0;
		d->mock_url[n] = 0;
	}
	d->mock_url[strcspn(d->mock_url, "\n")] = 0;
	return RC_OK;
}

static enum rc start_mock(struct demo *d, struct err *e)
{
	const char *argv[40];
	struct proc p = {
		.argv = argv, .own_session = true, .dies_with_us = true};
	char seed[32], number[32], strength[16][160];
	int fd[2], n = 0;
	enum rc rc;

	snprintf(seed, sizeof(seed), "%" PRId64, d->seed);
	/* A provider gives no id twice, also after it was restarted: calls of
	 * the same id would be one call. */
	snprintf(number, sizeof(number), "%" PRId64, clock_now_us());
	argv[n++] = d->self;
	argv[n++] = "mock";
	for (const char *const *w =
		     (const char *const[]){
			     "--ttft", "ln:250:0.6", "--tokens", "180", "--gap",
			     "1-4", "--rate-429", "0.01", "--rate-529", "0.01",
			     "--seed", seed, "--number-from", number, NULL};
	     *w; w++)
		argv[n++] = *w;
	for (int i = 0; i < demo_n_models && i < 16; i++) {
		snprintf(strength[i], sizeof(strength[i]), "%s=%.2f",
			 demo_models[i].name, demo_models[i].strength);
		argv[n++] = "--strength";
		argv[n++] = strength[i];
	}
	argv[n] = NULL;
	if (pipe2(fd, O_CLOEXEC))
		return err_set(e, RC_DOWN, "pipe: %s", strerror(errno));
	rc = proc_start(&p, -1, fd[1], -1, &d->mock, e);
	close(fd[1]);
	if (rc)
		d->mock = 0;
	else
		rc = read_address(d, fd[0], e);
	close(fd[0]);
	return rc;
}

/* ---- up and down ---- */

static enum rc write_conf(struct demo *d, struct err *e)
{
	const char *bin = d->conf.pg_bin;
	enum rc rc = RC_OK;
	struct buf b;

	buf_init(&b, 65536);
	buf_addf(&b,
		 "# Written by 'aco demo'. All that is here is simulated.\n"
		 "[aco]\nhome = %s\nlabel = simulated\n"
		 "[ledger]\npg_bin = %s\n"
		 "[serve]\nlisten = 127.0.0.1:0\nworkers = 1\n"
		 "[gateway]\nopenai_base_url = %s/v1\n"
		 "anthropic_base_url = %s\nroute_mode = live\n"
		 "route_goal = quality:0.95\n"
		 "route_explore_permille = 30\n"
		 "[router]\nretrain_at =\n",
		 d->home, bin, d->mock_url, d->mock_url);
	rc = path_replace(d->file, b.p, b.len, 0600, e);
	buf_release(&b);
	return rc ? rc : load_conf(d, e);
}

enum rc demo_up(struct demo *d, struct err *e)
{
	const char *argv[8];
	const char *const words[] = {"up", NULL};
	const struct proc p = {.argv = argv};
	enum rc rc = start_mock(d, e);

	/* One that was left behind calls a provider that is gone. */
	if (!rc)
		rc = daemon_stop(&d->conf, NULL, e);
	if (!rc)
		rc = write_conf(d, e);
	demo_argv(d, words, argv, 8);
	return rc ? rc : proc_must(&p, e);
}

enum rc demo_train(const struct demo *d, struct err *e)
{
	const char *const words[] = {"train",   "--ledger",  "--publish",
				     "--small", "--threads", "1",
				     NULL};
	const char *argv[16];
	const struct proc p = {
		.argv = argv, .timeout_ms = TRAIN_MS, .dies_with_us = true};
	struct proc_end end;
	enum rc rc;

	demo_argv(d, words, argv, 16);
	proc_end_init(&end);
	rc = proc_run(&p, &end, e);
	proc_end_release(&end);
	return rc;
}

enum rc demo_down(struct demo *d, struct err *e)
{
	enum rc rc = daemon_stop(&d->conf, NULL, e);

	if (d->mock) {
		kill(d->mock, SIGKILL);
		while (waitpid(d->mock, NULL, 0) < 0 && errno == EINTR)
			;
		d->mock = 0;
	}
	return rc ? rc : cluster_down(&d->conf, e);
}

/* ---- stop ---- */

/* The one that runs ends by itself when it is told to. */
static enum rc await_lock(struct demo *d, bool *ran, struct err *e)
{
	int64_t end = clock_mono_us() + HAND_OVER;
	pid_t holder;
	enum rc rc = take_lock(d, &holder, e);

	*ran = rc == RC_BUSY;
	if (rc == RC_BUSY && holder > 0)
		kill(holder, SIGTERM);
	while (rc == RC_BUSY && clock_mono_us() < end) {
		poll(NULL, 0, 50);
		rc = take_lock(d, &holder, e);
	}
	return rc;
}

enum rc demo_stop(struct demo *d, bool *ran, struct err *e)
{
	enum cluster_state state = CLUSTER_ABSENT;
	struct daemon_info info;
	enum rc rc = RC_OK;

	*ran = false;
	if (!demo_exists(d))
		return RC_OK;
	if (d->lock < 0)
		rc = await_lock(d, ran, e);
	if (!rc)
		rc = load_conf(d, e);
	if (!rc)
		rc = daemon_look(&d->conf, &info, e);
	if (!rc)
		rc = cluster_look(&d->conf, &state, NULL, e);
	if (!rc && (state == CLUSTER_RUNNING || info.state != DAEMON_NONE))
		*ran = true;
	return rc ? rc : demo_down(d, e);
}

/* ---- remove ---- */

/* As root, in a home that PostgreSQL's user cannot enter, the cluster has a
 * place elsewhere, which is named after ours. */
static enum rc remove_cluster(struct demo *d, struct err *e)
{
	enum cluster_state state;
	struct buf where;
	enum rc rc;

	buf_init(&where, 8192);
	rc = cluster_look(&d->conf, &state, &where, e);
	if (!rc && where.len && state != CLUSTER_FOREIGN) {
		char *parent = xstrdup(buf_str(&where));
		char *slash = strrchr(parent, '/');

		rc = path_remove(parent, e);
		if (slash)
			*slash = 0;
		if (!rc && strcmp(parent, d->home) != 0)
			(void)rmdir(parent);
		free(parent);
	}
	buf_release(&where);
	return rc;
}

/* The marker goes last: a removal that was broken off can be done again. */
static enum rc remove_home(struct demo *d, struct err *e)
{
	DIR *dir = opendir(d->home);
	char *mark = in_home(d, MARK_FILE);
	struct dirent *entry;
	enum rc rc = RC_OK;

	if (!dir)
		rc = path_errno(e, "opening", d->home);
	while (!rc && (entry = readdir(dir))) {
		char *path = in_home(d, entry->d_name);

		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, MARK_FILE) != 0)
			rc = path_remove(path, e);
		free(path);
	}
	if (dir)
		closedir(dir);
	if (!rc && (unlink(mark) || rmdir(d->home)))
		rc = path_errno(e, "removing", d->home);
	free(mark);
	return rc;
}

enum rc demo_remove(struct demo *d, struct err *e)
{
	bool ran;
	enum rc rc = demo_stop(d, &ran, e);

	if (rc || !demo_exists(d))
		return rc;
	rc = remove_cluster(d, e);
	if (!rc)
		rc = remove_home(d, e);
	if (d->lock >= 0)
		close(d->lock);
	d->lock = -1;
	return rc;
}
