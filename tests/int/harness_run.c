/* Running aco, files, and waiting. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "tests/int/harness_int.h"

/* Freed never: reachable until the end, so that no leak is reported. */
static struct {
	char **s;
	size_t n, cap;
} kept;

const char *harness_keep(char *s_owned)
{
	xgrow(&kept.s, &kept.cap, kept.n + 1, sizeof(*kept.s));
	kept.s[kept.n++] = s_owned;
	return s_owned;
}

struct proc_user harness_user(const char *name)
{
	const struct passwd *pw = getpwnam(name);

	if (!pw)
		fail_msg("no user %s on this machine", name);
	return (struct proc_user){pw->pw_uid, pw->pw_gid};
}

/* ---- files ---- */

const char *harness_dir(void)
{
	char *dir = xasprintf("%s/d-XXXXXX", harness_root());

	if (!mkdtemp(dir) || chmod(dir, 0755))
		fail_msg("mkdtemp %s: %s", dir, strerror(errno));
	return harness_keep(dir);
}

void harness_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	size_t n = strlen(text);
	bool ok = f && fwrite(text, 1, n, f) == n;

	if (f && fclose(f))
		ok = false;
	if (!ok)
		fail_msg("writing %s: %s", path, strerror(errno));
}

char *harness_read(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t len = 0, cap = 0, n;
	char *text = NULL;

	if (!f)
		fail_msg("reading %s: %s", path, strerror(errno));
	do {
		xgrow(&text, &cap, len + 65536, 1);
		n = fread(text + len, 1, 65535, f);
		len += n;
	} while (n);
	fclose(f);
	text[len] = 0;
	return text;
}

/* ---- processes ---- */

const char *harness_aco_path(void)
{
	static char path[4096];
	const char *given = getenv("ACO_BIN");
	ssize_t n;

	if (given && *given)
		return given;
	/* build/MODE/tests/int/test_NAME -> build/MODE/aco */
	n = readlink("/proc/self/exe", path, sizeof(path) - 5);
	path[n > 0 ? n : 0] = 0;
	for (int up = 0; up < 3; up++) {
		char *slash = strrchr(path, '/');

		if (slash)
			*slash = 0;
	}
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/aco");
	return path;
}

/* A copy of the program where any user can reach it. */
static const char *reachable_aco(void)
{
	static char path[128];
	const char *argv[] = {"cp", harness_aco_path(), path, NULL};
	const struct proc p = {.argv = argv};
	struct err e = {"", ""};

	if (!path[0]) {
		snprintf(path, sizeof(path), "%s/aco", harness_root());
		ASSERT_OK(proc_must(&p, &e), &e);
		if (chmod(path, 0755))
			fail_msg("chmod %s: %s", path, strerror(errno));
	}
	return path;
}

extern char **environ;

struct command_line {
	struct proc p;
	const char *argv[64];
	const char *env[128];
	char *home;
	struct proc_user user;
};

/* Our own ACO_* variables must not reach what is tested. */
static void prepare(struct command_line *c, const struct harness_run *how,
		    const char *const args[])
{
	size_t n = 0, k = 0;

	*c = (struct command_line){.argv = {harness_aco_path()}};
	if (how && how->user)
		c->argv[0] = reachable_aco();
	while (args[n]) {
		c->argv[n + 1] = args[n];
		assert_true(++n < 62);
	}
	for (char **v = environ; *v; v++) {
		if (!strncmp(*v, "ACO_", 4) || !strncmp(*v, "XDG_", 4)) {
			char *name = xstrndup(*v, strcspn(*v, "="));

			c->env[k++] = harness_keep(name);
			assert_true(k < 60);
		}
	}
	c->home = xasprintf("ACO_HOME=%s/home", harness_root());
	c->env[k++] = c->home;
	c->env[k++] = "NO_COLOR=1";
	c->env[k++] = "ACO_AUTOSTART=no";
	for (n = 0; how && how->env && how->env[n]; n++) {
		c->env[k++] = how->env[n];
		assert_true(k < 127);
	}
	c->p.argv = c->argv;
	c->p.env = c->env;
	if (!how)
		return;
	c->p.input = str_from(how->input);
	c->p.cwd = how->cwd;
	c->p.timeout_ms = how->timeout_ms;
	if (how->user) {
		c->user = harness_user(how->user);
		c->p.user = &c->user;
	}
}

static char *text_of(const struct buf *b)
{
	return xstrdup(buf_str(b));
}

struct harness_end harness_aco(const struct harness_run *how,
			       const char *const args[])
{
	struct command_line c;
	struct harness_end end;
	struct proc_end raw;
	struct err e = {"", ""};

	prepare(&c, how, args);
	if (!c.p.timeout_ms)
		c.p.timeout_ms = 60000;
	proc_end_init(&raw);
	if (proc_run(&c.p, &raw, &e))
		fail_msg("%s\noutput: %s\nerrors: %s", e.msg, buf_str(&raw.out),
			 buf_str(&raw.err));
	end = (struct harness_end){raw.code, text_of(&raw.out),
				   text_of(&raw.err)};
	proc_end_release(&raw);
	free(c.home);
	return end;
}

void harness_end_free(struct harness_end *end)
{
	free(end->out);
	free(end->err);
	end->out = end->err = NULL;
}

void harness_aco_ok(const struct harness_run *how, const char *const args[])
{
	struct harness_end end = harness_aco(how, args);

	if (end.code)
		fail_msg("aco %s: exit code %d\noutput: %s\nerrors: %s",
			 args[0], end.code, end.out, end.err);
	harness_end_free(&end);
}

pid_t harness_aco_start(const struct harness_run *how, const char *const args[],
			const char *out_path, const char *err_path)
{
	struct command_line c;
	struct err e = {"", ""};
	int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
	int out = open(out_path, flags, 0644);
	int err = open(err_path, flags, 0644);
	pid_t pid;

	if (out < 0 || err < 0)
		fail_msg("%s, %s: %s", out_path, err_path, strerror(errno));
	prepare(&c, how, args);
	c.p.dies_with_us = true;
	ASSERT_OK(proc_start(&c.p, -1, out, err, &pid, &e), &e);
	close(out);
	close(err);
	free(c.home);
	return pid;
}

int harness_wait(pid_t pid, int timeout_ms)
{
	struct err e = {"", ""};
	int code = -1;

	ASSERT_OK(proc_wait(pid, timeout_ms, &code, &e), &e);
	return code;
}

static bool gone(void *arg)
{
	const pid_t *pid = arg;

	/* Reaps it when it is a child of ours, adopted ones included. */
	waitpid(*pid, NULL, WNOHANG);
	return kill(*pid, 0) && errno == ESRCH;
}

void harness_kill_pid(pid_t pid)
{
	assert_true(pid > 1);
	kill(pid, SIGKILL);
	poll_until(gone, &pid, 30000, "a killed process is gone");
}

/* ---- waiting ---- */

void poll_until(harness_cond *cond, void *arg, int timeout_ms, const char *what)
{
	int64_t end = clock_mono_us() + (int64_t)timeout_ms * 1000;

	while (!cond(arg)) {
		if (clock_mono_us() > end)
			fail_msg("not in %d ms: %s", timeout_ms, what);
		poll(NULL, 0, 5);
	}
}

void harness_sql_until(struct db *db, const char *sql, const char *want)
{
	int64_t end = clock_mono_us() + 10 * US_PER_SEC;
	const char *got;

	while (strcmp(got = harness_sql_text(db, sql), want) != 0 &&
	       clock_mono_us() < end)
		poll(NULL, 0, 20);
	assert_string_equal(got, want);
}

/* ---- assertions ---- */

void harness_assert_ok(enum rc rc, const struct err *e, const char *file,
		       int line)
{
	if (!rc)
		return;
	print_error("%s (hint: %s) [%s]\n", e ? e->msg : "", e ? e->hint : "",
		    rc_name(rc));
	_fail(file, line);
}

void harness_assert_contains(const char *hay, const char *needle,
			     const char *file, int line)
{
	if (strstr(hay, needle))
		return;
	print_error("'%s' is not in: %s\n", needle, hay);
	_fail(file, line);
}
