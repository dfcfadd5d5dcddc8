/* The private cluster's settings. What we set stands in files of their own
 * that every start rewrites, so that a newer aco reaches old clusters;
 * local.conf is read after them and is never touched. */
#include "ledger/cluster_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ledger/base/alloc.h"

#define MIB (INT64_C(1) << 20)

/* ---- files, as their owner ---- */

enum rc cluster_as_owner(const struct cluster *c, struct err *e)
{
	if (!c->as_root)
		return RC_OK;
	if (setegid(c->owner.gid) || seteuid(c->owner.uid)) {
		cluster_as_self(c);
		return err_set(e, RC_DOWN, "cannot become user %s: %s",
			       c->owner_name, strerror(errno));
	}
	return RC_OK;
}

void cluster_as_self(const struct cluster *c)
{
	if (c->as_root && (seteuid(0) || setegid(0)))
		BUG("root cannot become root again");
}

static enum rc write_file(const char *path, const char *text, struct err *e)
{
	char *fresh = xasprintf("%s.new", path);
	size_t n = strlen(text), at = 0;
	int fd;
	bool ok;

	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ok = fd >= 0;
	while (ok && at < n) {
		ssize_t k = write(fd, text + at, n - at);

		ok = k > 0 || (k < 0 && errno == EINTR);
		at += k > 0 ? (size_t)k : 0;
	}
	ok = ok && !fsync(fd);
	if (fd >= 0 && close(fd))
		ok = false;
	ok = ok && !rename(fresh, path);
	if (!ok) {
		err_set(e, RC_DOWN, "writing %s: %s", path, strerror(errno));
		unlink(fresh);
	}
	free(fresh);
	return ok ? RC_OK : RC_DOWN;
}

/* Write a file as its owner: beside it, then renamed over it. */
static enum rc cluster_write(const struct cluster *c, const char *path,
			     const char *text, struct err *e)
{
	enum rc rc = cluster_as_owner(c, e);

	if (rc)
		return rc;
	rc = write_file(path, text, e);
	cluster_as_self(c);
	return rc;
}

/* Content of a small file; "" when it cannot be read. */
static void read_file(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = 1;

	buf_clear(b);
	while (fd >= 0 && n > 0) {
		char *to = buf_reserve(b, 4096);

		n = to ? read(fd, to, 4096) : 0;
		if (n > 0)
			buf_advance(b, (size_t)n);
	}
	if (fd >= 0)
		close(fd);
}

/* ---- what the machine has ---- */

static int64_t number_in(const char *path)
{
	struct buf b;
	struct str s;
	int64_t v = INT64_MAX;

	buf_init(&b, 8192);
	read_file(path, &b);
	s = str_trim((struct str){buf_str(&b), b.len});
	if (!str_i64(s, &v)) /* "max": no limit */
		v = INT64_MAX;
	buf_release(&b);
	return v;
}

/* Memory that we may count on: the machine's, or this container's. */
static int64_t memory_mib(void)
{
	int64_t bytes = (int64_t)sysconf(_SC_PHYS_PAGES) *
			(int64_t)sysconf(_SC_PAGESIZE);
	const int64_t limits[] = {
		number_in("/sys/fs/cgroup/memory.max"),
		number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
	};

	for (size_t i = 0; i < 2; i++) {
		if (limits[i] > 0 && limits[i] < bytes)
			bytes = limits[i];
	}
	return bytes / MIB;
}

static int64_t free_mib(const char *path)
{
	struct statvfs v;

	if (statvfs(path, &v))
		return 0;
	return (int64_t)v.f_bavail * (int64_t)v.f_frsize / MIB;
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
	return v < low ? low : v > high ? high : v;
}

/* ---- the texts ---- */

/* A string as postgresql.conf wants it. */
static void add_quoted(struct buf *b, const char *s)
{
	buf_addc(b, '\'');
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			buf_addc(b, *s);
		buf_addc(b, *s);
	}
	buf_addc(b, '\'');
}

/* A name in a list of names within such a string, or in pg_ident.conf. */
static char *double_quoted(const char *s)
{
	char *out = xcalloc(2 * strlen(s) + 3, 1);
	size_t n = 0;

	out[n++] = '"';
	for (; *s; s++) {
		if (*s == '"')
			out[n++] = '"';
		out[n++] = *s;
	}
	out[n] = '"';
	return out;
}

static void add_path(struct buf *b, const char *name, const char *path)
{
	buf_addf(b, "%s = ", name);
	add_quoted(b, path);
	buf_addc(b, '\n');
}

/* Sizes follow the machine. The figures behind them: batches of thousands of
 * rows with their sums in one transaction, read by a dashboard that asks for
 * sums of little rows. */
static void add_sizes(struct buf *b, const struct cluster *c)
{
	int64_t ram = memory_mib();
	int64_t wal = clamp(free_mib(c->base) / 10, 256, 8192);

	buf_addf(b, "shared_buffers = %lldMB\n",
		 (long long)clamp(ram / 8, 64, 2048));
	buf_addf(b, "effective_cache_size = %lldMB\n",
		 (long long)clamp(ram / 2, 128, 1 << 20));
	buf_addf(b, "maintenance_work_mem = %lldMB\n",
		 (long long)clamp(ram / 32, 32, 512));
	buf_addf(b, "work_mem = %lldMB\n", (long long)clamp(ram / 512, 4, 32));
	if (ram >= 8192)
		buf_adds(b, "wal_buffers = 64MB\n");
	buf_addf(b, "max_wal_size = %lldMB\n", (long long)wal);
	buf_addf(b, "min_wal_size = %lldMB\n",
		 (long long)clamp(wal / 8, 80, 1024));
	/* Containers often have a tiny /dev/shm, which parallel queries
	 * would overrun. */
	if (free_mib("/dev/shm") < 256)
		buf_adds(b, "dynamic_shared_memory_type = mmap\n");
}

static const char settings[] =
	"max_connections = 200\n"
	"checkpoint_timeout = 15min\n"
	"checkpoint_completion_target = 0.9\n"
	"wal_compression = on\n"
	"synchronous_commit = on\n"
	"fsync = on\n"
	"full_page_writes = on\n"
	"random_page_cost = 1.1\n"
	"jit = off\n"
	/* A year of days is a thousand tables and their indexes. */
	"max_locks_per_transaction = 1024\n"
	"autovacuum_naptime = 30s\n"
	"autovacuum_vacuum_cost_limit = 2000\n"
	"idle_in_transaction_session_timeout = 1h\n"
	"password_encryption = scram-sha-256\n"
	"timezone = 'UTC'\n"
	"log_timezone = 'UTC'\n"
	"lc_messages = 'C'\n"
	"cluster_name = 'aco'\n"
	"logging_collector = on\n"
	"log_filename = 'postgresql-%a.log'\n"
	"log_rotation_age = 1d\n"
	"log_rotation_size = 0\n"
	"log_truncate_on_rotation = on\n"
	"log_file_mode = 0600\n"
	"log_line_prefix = '%m [%p] %a: '\n"
	"log_lock_waits = on\n"
	"log_checkpoints = off\n"
	"log_min_duration_statement = 2s\n"
	/* Values of rows do not belong in a log. */
	"log_parameter_max_length = 0\n"
	"log_parameter_max_length_on_error = 0\n"
	"log_error_verbosity = default\n";

static void conf_body(const struct cluster *c, struct buf *b)
{
	char *dir = double_quoted(c->socket);

	buf_addf(b,
		 "# Written by aco at each start. Put settings of your own into"
		 " %s/local.conf.\n"
		 "listen_addresses = ''\n"
		 "port = " CLUSTER_PORT "\n"
		 "unix_socket_permissions = 0700\n",
		 c->base);
	add_path(b, "unix_socket_directories", dir);
	add_path(b, "log_directory", c->logs);
	buf_adds(b, settings);
	add_sizes(b, c);
	buf_adds(b, "include_if_exists = ");
	free(dir);
	dir = xasprintf("%s/local.conf", c->base);
	add_quoted(b, dir);
	buf_addc(b, '\n');
	free(dir);
}

/* The owner's and root's processes may be either role; nobody else gets in,
 * and nobody over the network. */
static void ident_body(const struct cluster *c, struct buf *b)
{
	char *owner = double_quoted(c->owner_name);

	buf_adds(b, "# Written by aco at each start.\n"
		    "# MAPNAME  SYSTEM-USERNAME  PG-USERNAME\n");
	for (int i = 0; i < 2; i++) {
		const char *who = i ? "root" : owner;

		buf_addf(b, "aco %s aco\naco %s postgres\n", who, who);
	}
	free(owner);
}

static const char hba[] = "# Written by aco at each start.\n"
			  "local all,replication aco,postgres peer map=aco\n"
			  "local all all reject\n";

/* The part of postgresql.conf that is ours: its last line. */
static enum rc include_ours(const struct cluster *c, struct err *e)
{
	static const char line[] = "\ninclude = 'aco.conf'\n";
	char *path = xasprintf("%s/postgresql.conf", c->data);
	enum rc rc = RC_OK;
	struct buf b;

	buf_init(&b, 1 << 20);
	read_file(path, &b);
	if (!buf_ok(&b) || !b.len) {
		rc = err_set(e, RC_DOWN, "cannot read %s", path);
	} else if (!strstr(buf_str(&b), line)) {
		buf_adds(&b, line);
		rc = cluster_write(c, path, buf_str(&b), e);
	}
	buf_release(&b);
	free(path);
	return rc;
}

static enum rc update(const struct cluster *c, const char *name,
		      const char *text, bool *changed, struct err *e)
{
	char *path = xasprintf("%s/%s", c->data, name);
	struct buf old;
	enum rc rc = RC_OK;

	buf_init(&old, 1 << 20);
	read_file(path, &old);
	if (strcmp(buf_str(&old), text) != 0) {
		*changed = true;
		rc = cluster_write(c, path, text, e);
	}
	buf_release(&old);
	free(path);
	return rc;
}

enum rc cluster_configure(const struct cluster *c, bool *changed, struct err *e)
{
	struct buf conf, ident;
	enum rc rc;

	*changed = false;
	buf_init(&conf, 65536);
	buf_init(&ident, 65536);
	conf_body(c, &conf);
	ident_body(c, &ident);
	if (!buf_ok(&conf) || !buf_ok(&ident))
		rc = err_set(e, RC_BAD, "the path of %s is too long", c->base);
	else
		rc = update(c, "aco.conf", buf_str(&conf), changed, e);
	if (!rc)
		rc = update(c, "pg_ident.conf", buf_str(&ident), changed, e);
	if (!rc)
		rc = update(c, "pg_hba.conf", hba, changed, e);
	if (!rc)
		rc = include_ours(c, e);
	buf_release(&conf);
	buf_release(&ident);
	return rc;
}
