#include "ledger/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/alloc.h"

#define OUTPUT_MAX (16 << 20)

extern char **environ;

void proc_end_init(struct proc_end *end)
{
	buf_init(&end->out, OUTPUT_MAX);
	buf_init(&end->err, OUTPUT_MAX);
	end->code = -1;
}

void proc_end_release(struct proc_end *end)
{
	buf_release(&end->out);
	buf_release(&end->err);
}

/* ---- what the child needs, made ready before the fork ---- */

static size_t name_length(const char *var)
{
	return strcspn(var, "=");
}

static bool names(const char *var, const char *const *list)
{
	size_t n = name_length(var);

	for (; list && *list; list++) {
		if (name_length(*list) == n && !strncmp(*list, var, n))
			return true;
	}
	return false;
}

/* Pointers into environ and into `over`; the array is to be freed. */
static char **make_env(const char *const *over)
{
	size_t n = 0, k = 0;
	char **env;

	for (char **v = environ; *v; v++)
		n++;
	for (const char *const *v = over; v && *v; v++)
		n++;
	env = xcalloc(n + 1, sizeof(*env));
	for (char **v = environ; *v; v++) {
		if (!names(*v, over))
			env[k++] = *v;
	}
	for (const char *const *v = over; v && *v; v++) {
		if ((*v)[name_length(*v)] == '=' && !names(*v, v + 1))
			memcpy(&env[k++], v, sizeof(*v)); /* drops const */
	}
	return env;
}

/* The program's path; NULL when PATH has it not. To be freed. */
static char *find_program(const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return xstrdup(name);
	for (path = path ? path : "/usr/bin:/bin"; *path;) {
		size_t n = strcspn(path, ":");
		char *full = xasprintf("%.*s/%s", (int)n, path, name);

		if (n && !access(full, X_OK))
			return full;
		free(full);
		path += n + (path[n] == ':');
	}
	return NULL;
}

/* ---- the child ---- */

struct child {
	const struct proc *p;
	const char *path;
	char **env;
	int fd[3];
	int report; /* takes errno when exec fails */
};

static bool become(const struct proc_user *u)
{
	return !setgroups(1, &u->gid) && !setgid(u->gid) && !setuid(u->uid);
}

/* Between fork and exec: only what is safe there. */
_Noreturn static void child_main(const struct child *c)
{
	sigset_t none;
	char **argv;
	int why;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	for (int i = 0; i < 3; i++) {
		if (dup2(c->fd[i], i) < 0)
			goto fail;
	}
	if (c->p->own_session)
		setsid();
	/* `report` is marked too, and closes when exec succeeds. */
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	if (c->p->user && !become(c->p->user))
		goto fail;
	if (c->p->cwd && chdir(c->p->cwd))
		goto fail;
	if (c->p->dies_with_us && prctl(PR_SET_PDEATHSIG, SIGKILL))
		goto fail;
	memcpy(&argv, &c->p->argv, sizeof(argv)); /* drops const */
	execve(c->path, argv, c->env);
fail:
	why = errno;
	if (write(c->report, &why, sizeof(why)) < 0)
		_exit(126);
	_exit(127);
}

/* Streams above 2, so that dup2 never overwrites one that is still needed. */
static int stream(int fd, int flags)
{
	return fd < 0 ? open("/dev/null", flags | O_CLOEXEC)
		      : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static enum rc start(struct child *c, pid_t *pid, struct err *e)
{
	int report[2], why = 0;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC))
		return err_set(e, RC_DOWN, "pipe: %s", strerror(errno));
	c->report = report[1];
	*pid = fork();
	if (!*pid)
		child_main(c);
	close(report[1]);
	if (*pid < 0) {
		close(report[0]);
		return err_set(e, RC_DOWN, "fork: %s", strerror(errno));
	}
	do
		n = read(report[0], &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n <= 0)
		return RC_OK;
	waitpid(*pid, NULL, 0);
	*pid = -1;
	return err_set(e, RC_BAD, "cannot run %s: %s", c->path, strerror(why));
}

enum rc proc_start(const struct proc *p, int in, int out, int err, pid_t *pid,
		   struct err *e)
{
	char *path = find_program(p->argv[0]);
	struct child c = {
		.p = p,
		.path = path,
		.fd = {stream(in, O_RDONLY), stream(out, O_WRONLY),
		       stream(err, O_WRONLY)},
	};
	enum rc rc;

	*pid = -1;
	c.env = make_env(p->env);
	if (!path)
		rc = err_set(e, RC_BAD, "%s: not found in PATH", p->argv[0]);
	else if (c.fd[0] < 0 || c.fd[1] < 0 || c.fd[2] < 0)
		rc = err_set(e, RC_DOWN, "cannot open a stream for %s: %s",
			     p->argv[0], strerror(errno));
	else
		rc = start(&c, pid, e);
	for (int i = 0; i < 3; i++) {
		if (c.fd[i] >= 0)
			close(c.fd[i]);
	}
	free(c.env);
	free(path);
	return rc;
}

/* ---- waiting ---- */

enum rc proc_wait(pid_t pid, int timeout_ms, int *code, struct err *e)
{
	int status = 0;

	if (timeout_ms) {
		struct pollfd p = {.fd = pidfd_open(pid, 0), .events = POLLIN};
		int n;

		if (p.fd < 0)
			return err_set(e, RC_BUG, "pidfd_open: %s",
				       strerror(errno));
		do
			n = poll(&p, 1, timeout_ms);
		while (n < 0 && errno == EINTR);
		close(p.fd);
		if (n <= 0)
			return err_set(e, RC_DOWN,
				       "process %d runs longer than %d ms",
				       (int)pid, timeout_ms);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_set(e, RC_BUG, "waitpid: %s",
				       strerror(errno));
	}
	*code = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				    : WEXITSTATUS(status);
	return RC_OK;
}

static void read_all(int fd, struct buf *b)
{
	off_t size = lseek(fd, 0, SEEK_END);
	ssize_t n = 1;

	for (off_t at = 0; at < size && n > 0;) {
		size_t want = size - at > 65536 ? 65536 : (size_t)(size - at);
		char *to;

		if (want > b->max - b->len)
			want = b->max - b->len;
		to = want ? buf_reserve(b, want) : NULL;
		if (!to)
			return;
		n = pread(fd, to, want, at);
		if (n > 0)
			buf_advance(b, (size_t)n);
		at += n > 0 ? n : 0;
	}
}

/* A file in memory that holds `s`, at its start; -1 on failure. */
static int input_file(struct str s)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	while (fd >= 0 && s.len) {
		ssize_t n = write(fd, s.p, s.len);

		if (n < 0 && errno != EINTR) {
			close(fd);
			return -1;
		}
		if (n > 0)
			s = (struct str){s.p + n, s.len - (size_t)n};
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static enum rc run_with(const struct proc *p, const int fd[3],
			struct proc_end *end, struct err *e)
{
	pid_t pid;
	enum rc rc = proc_start(p, fd[0], fd[1], fd[2], &pid, e);

	if (rc)
		return rc;
	rc = proc_wait(pid, p->timeout_ms, &end->code, e);
	if (rc) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		err_prefix(e, "%s", p->argv[0]);
	}
	read_all(fd[1], &end->out);
	read_all(fd[2], &end->err);
	return rc;
}

enum rc proc_run(const struct proc *p, struct proc_end *end, struct err *e)
{
	/* Output goes to files in memory: unlike a pipe they never make the
	 * child wait, and a grandchild that keeps them open does not matter. */
	const int fd[3] = {
		p->input.p ? input_file(p->input) : -1,
		memfd_create("output", MFD_CLOEXEC),
		memfd_create("errors", MFD_CLOEXEC),
	};
	enum rc rc;

	buf_clear(&end->out);
	buf_clear(&end->err);
	end->code = -1;
	if ((p->input.p && fd[0] < 0) || fd[1] < 0 || fd[2] < 0)
		rc = err_set(e, RC_DOWN, "memfd: %s", strerror(errno));
	else
		rc = run_with(p, fd, end, e);
	for (int i = 0; i < 3; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
	}
	return rc;
}

/* The last line that is not empty. */
static struct str last_line(const struct buf *b)
{
	struct str s = str_trim((struct str){buf_str(b), b->len});

	for (size_t i = s.len; i; i--) {
		if (s.p[i - 1] == '\n')
			return (struct str){s.p + i, s.len - i};
	}
	return s;
}

enum rc proc_must(const struct proc *p, struct err *e)
{
	struct proc_end end;
	enum rc rc;

	proc_end_init(&end);
	rc = proc_run(p, &end, e);
	if (!rc && end.code) {
		struct str why = last_line(end.err.len ? &end.err : &end.out);

		rc = err_set(e, RC_DOWN, "%s failed (exit code %d): %.*s",
			     p->argv[0], end.code, STR_ARG(why));
	}
	proc_end_release(&end);
	return rc;
}
