#include "tests/int/home.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/cluster.h"
#include "tests/int/harness_int.h"

void home_at(struct home *h, const char *path)
{
	*h = (struct home){.path = path};
	h->var = xasprintf("ACO_HOME=%s", path);
	h->env[0] = harness_keep(h->var);
	h->how.env = h->env;
}

void home_new(struct home *h)
{
	home_at(h, harness_keep(xasprintf("%s/home", harness_dir())));
}

void home_up(const struct home *h)
{
	HARNESS_ACO_OK(&h->how, "up");
}

void home_down(const struct home *h)
{
	HARNESS_ACO_OK(&h->how, "down");
}

/* `aco COMMAND` prints all of these words on standard output. */
void home_says(const struct home *h, const char *command, const char *word)
{
	struct harness_end end = HARNESS_ACO(&h->how, command);

	if (end.code)
		fail_msg("aco %s: %d: %s", command, end.code, end.err);
	ASSERT_CONTAINS(end.out, word);
	harness_end_free(&end);
}

/* `aco COMMAND` fails, and says why and what to do. */
void home_refuses(const struct home *h, const char *command, const char *why,
		  const char *advice)
{
	struct harness_end end = HARNESS_ACO(&h->how, command);

	assert_int_equal(end.code, 1);
	assert_string_equal(end.out, "");
	ASSERT_CONTAINS(end.err, why);
	ASSERT_CONTAINS(end.err, advice);
	harness_end_free(&end);
}

/* A home that is made already and down; whoever uses it leaves it so. Making
 * one takes seconds. */
void home_made(struct home *h)
{
	static const char *path;

	if (!path) {
		home_new(h);
		path = h->path;
		home_up(h);
		home_down(h);
	}
	home_at(h, path);
}

/* A path in the home; lives until the end. */
const char *home_in(const struct home *h, const char *name)
{
	return harness_keep(xasprintf("%s/%s", h->path, name));
}

struct conf home_conf(const struct home *h)
{
	static char empty[] = "";
	struct conf c = {.database_url = empty, .pg_bin = empty};

	c.home = h->var + strlen("ACO_HOME=");
	return c;
}

struct db *home_open(const struct home *h)
{
	struct conf c = home_conf(h);
	struct buf url;
	struct err e = {"", ""};
	struct db *db;

	buf_init(&url, 8192);
	ASSERT_OK(cluster_url(&c, &url, &e), &e);
	db = harness_open(buf_str(&url));
	buf_release(&url);
	return db;
}

pid_t home_postmaster(const struct home *h)
{
	char *text = harness_read(home_in(h, "pg/data/postmaster.pid"));
	pid_t pid = (pid_t)strtol(text, NULL, 10);

	free(text);
	assert_true(pid > 1);
	return pid;
}

void assert_mode(const char *path, mode_t mode, uid_t uid)
{
	struct stat st;

	if (lstat(path, &st))
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(st.st_mode & 0777, mode);
	assert_int_equal(st.st_uid, uid);
}

bool is_root(void)
{
	return geteuid() == 0;
}

uid_t home_owner(void)
{
	return is_root() ? harness_user("postgres").uid : geteuid();
}
