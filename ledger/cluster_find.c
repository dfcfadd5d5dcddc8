/* Where the private cluster is, whose it is, and which programs run it. */
#include "ledger/cluster_int.h"

#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/path.h"
#include "ledger/hash.h"

#define ROOT_HOME   CLUSTER_ROOT_HOME
#define SERVER_MIN  14
#define SOCKET_NAME "/.s.PGSQL." CLUSTER_PORT

/* ---- paths ---- */

/* First eight hexadecimal digits of the hash of a path. */
static void short_hash(const char *path, char out[9])
{
	char text[UUID_TEXT];

	uuid_format(HASH_ID(str_from(path)), text);
	memcpy(out, text, 8);
	out[8] = 0;
}

/* Whether a user could enter every folder of the path, as far as it exists;
 * what is missing we would make so. */
static bool can_enter(const char *path, const struct proc_user *u)
{
	char *part = xstrdup(path);
	bool ok = true;

	for (size_t i = 1; ok; i++) {
		struct stat st;
		mode_t bit;
		char c = part[i];

		if (c && c != '/')
			continue;
		part[i] = 0;
		if (stat(part, &st)) {
			/* A file in the way is said when we make it. */
			ok = errno == ENOENT || errno == ENOTDIR;
			break;
		}
		bit = st.st_uid == u->uid   ? S_IXUSR
		      : st.st_gid == u->gid ? S_IXGRP
					    : S_IXOTH;
		ok = !S_ISDIR(st.st_mode) || st.st_mode & bit;
		part[i] = c;
		if (!c)
			break;
	}
	free(part);
	return ok;
}

/* The owner of HOME/pg/data, if it is there. */
static enum rc data_owner(const char *home, bool *there, uid_t *uid,
			  struct err *e)
{
	char *data = xasprintf("%s/pg/data", home);
	struct stat st;
	enum rc rc = RC_OK;

	*there = !lstat(data, &st);
	if (*there) {
		*uid = st.st_uid;
	} else if (errno == EACCES) {
		rc = err_set(e, RC_DENIED, "%s belongs to another user", home);
		err_hint(e, "run aco as that user, or set ACO_HOME to a folder "
			    "of your own");
	}
	free(data);
	return rc;
}

/* ---- root: the cluster runs as postgres, or as whoever made it ---- */

static enum rc find_as_root(char **home, uid_t *owner, struct err *e)
{
	const struct passwd *pw;
	struct proc_user u;
	char hash[9];
	char *other;
	bool there;
	enum rc rc = data_owner(*home, &there, owner, e);

	if (rc || there)
		return rc;
	short_hash(*home, hash);
	other = xasprintf(ROOT_HOME "/%s", hash);
	rc = data_owner(other, &there, owner, e);
	if (rc) {
		free(other);
		return rc;
	}
	pw = getpwnam("postgres");
	if (!there && !pw) {
		free(other);
		err_set(e, RC_BAD,
			"there is no user 'postgres', as which a "
			"private PostgreSQL would run");
		err_hint(e, "install PostgreSQL (apt install postgresql), or "
			    "set database_url");
		return RC_BAD;
	}
	if (!there) {
		u = (struct proc_user){pw->pw_uid, pw->pw_gid};
		*owner = pw->pw_uid;
		/* ROOT_HOME is ours: where it is shut, `up` opens it. */
		there = strcmp(*home, ROOT_HOME) != 0 && !can_enter(*home, &u);
	}
	if (there) {
		free(*home);
		*home = other;
	} else {
		free(other);
	}
	return RC_OK;
}

static enum rc find_as_user(char *home, uid_t *owner, struct err *e)
{
	bool there;
	enum rc rc;

	*owner = geteuid();
	rc = data_owner(home, &there, owner, e);
	if (!rc && *owner != geteuid()) {
		rc = err_set(e, RC_DENIED, "%s/pg belongs to another user",
			     home);
		err_hint(e, "run aco as that user, or set ACO_HOME to a folder "
			    "of your own");
	}
	return rc;
}

/* ---- all of it ---- */

static enum rc name_owner(struct cluster *c, uid_t uid, struct err *e)
{
	const struct passwd *pw = getpwuid(uid);

	if (!pw)
		return err_set(e, RC_BAD,
			       "user id %ld has no name, and "
			       "PostgreSQL needs one",
			       (long)uid);
	if (!uid) {
		err_set(e, RC_BAD,
			"%s belongs to root, as which PostgreSQL "
			"does not run",
			c->data);
		err_hint(e, "give it to the user postgres with chown -R");
		return RC_BAD;
	}
	c->owner = (struct proc_user){pw->pw_uid, pw->pw_gid};
	c->owner_name = xstrdup(pw->pw_name);
	return RC_OK;
}

/* sun_path is short (108 bytes on Linux). /tmp is everyone's and may be
 * emptied: the folder there is made at each start and must be the owner's. */
static char *socket_dir(const struct cluster *c)
{
	char *dir = xasprintf("%s/run", c->base);
	char hash[9];

	/* A comma would be two hosts to libpq. */
	if (!strchr(dir, ',') &&
	    strlen(dir) + strlen(SOCKET_NAME) + strlen(".lock") <
		    sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return dir;
	free(dir);
	short_hash(c->base, hash);
	return xasprintf("/tmp/aco-%ld-%s", (long)c->owner.uid, hash);
}

enum rc cluster_find(struct cluster *c, const struct conf *conf, struct err *e)
{
	char *home = path_absolute(conf->home);
	struct stat st;
	char *version;
	uid_t uid = 0;
	enum rc rc;

	*c = (struct cluster){.as_root = geteuid() == 0};
	rc = c->as_root ? find_as_root(&home, &uid, e)
			: find_as_user(home, &uid, e);
	c->home = home;
	c->base = xasprintf("%s/pg", home);
	c->data = xasprintf("%s/data", c->base);
	c->logs = xasprintf("%s/log", c->base);
	if (!rc)
		rc = name_owner(c, uid, e);
	if (rc) {
		cluster_release(c);
		return rc;
	}
	c->socket = socket_dir(c);
	version = xasprintf("%s/PG_VERSION", c->data);
	c->exists = !lstat(version, &st);
	free(version);
	return RC_OK;
}

void cluster_release(struct cluster *c)
{
	free(c->home);
	free(c->base);
	free(c->data);
	free(c->logs);
	free(c->socket);
	free(c->owner_name);
	free(c->bin);
	*c = (struct cluster){.as_root = c->as_root};
}

/* ---- programs ---- */

/* "initdb (PostgreSQL) 15.20 (Debian ...)" -> 15; 0 if it does not run. */
static int program_version(const char *bin)
{
	char *path = xasprintf("%s/initdb", bin);
	const char *argv[] = {path, "--version", NULL};
	const struct proc p = {.argv = argv, .timeout_ms = 10000};
	struct proc_end end;
	const char *at;
	int v = 0;

	proc_end_init(&end);
	if (!access(path, X_OK) && !proc_run(&p, &end, NULL) && !end.code) {
		at = strstr(buf_str(&end.out), "(PostgreSQL) ");
		if (at)
			v = (int)strtol(at + strlen("(PostgreSQL) "), NULL, 10);
	}
	proc_end_release(&end);
	free(path);
	return v;
}

struct choice {
	int want; /* this major version only; 0: the newest */
	int best;
	char *bin;
};

static void consider(struct choice *ch, const char *bin)
{
	int v = program_version(bin);

	if (v < SERVER_MIN || v <= ch->best || (ch->want && v != ch->want))
		return;
	ch->best = v;
	free(ch->bin);
	ch->bin = xstrdup(bin);
}

static void consider_all(struct choice *ch)
{
	static const char *const patterns[] = {
		"/usr/lib/postgresql/*/bin", /* Debian */
		"/usr/pgsql-*/bin",          /* Red Hat */
		"/usr/lib/postgresql*/bin",
		"/usr/local/pgsql/bin",
	};
	const char *path = getenv("PATH");

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		glob_t g;

		if (glob(patterns[i], 0, NULL, &g))
			continue;
		for (size_t k = 0; k < g.gl_pathc; k++)
			consider(ch, g.gl_pathv[k]);
		globfree(&g);
	}
	while (path && *path) {
		size_t n = strcspn(path, ":");
		char *dir = xstrndup(path, n);

		if (n)
			consider(ch, dir);
		free(dir);
		path += n + (path[n] == ':');
	}
}

/* Major version that made the data folder; 0 when it cannot be read. */
static int data_version(const struct cluster *c)
{
	char *path = xasprintf("%s/PG_VERSION", c->data);
	FILE *f = fopen(path, "re");
	char text[16] = "";

	if (f) {
		if (!fgets(text, sizeof(text), f))
			text[0] = 0;
		fclose(f);
	}
	free(path);
	return (int)strtol(text, NULL, 10);
}

enum rc cluster_find_bin(struct cluster *c, const struct conf *conf,
			 struct err *e)
{
	struct choice ch = {.want = c->exists ? data_version(c) : 0};

	if (conf->pg_bin[0])
		consider(&ch, conf->pg_bin);
	else
		consider_all(&ch);
	if (ch.bin) {
		c->bin = ch.bin;
		return RC_OK;
	}
	if (ch.want) {
		err_set(e, RC_BAD,
			"the cluster in %s was made by PostgreSQL %d, which is "
			"not installed",
			c->base, ch.want);
		err_hint(e,
			 "install postgresql-%d, or move the cluster on "
			 "with pg_upgrade",
			 ch.want);
		return RC_BAD;
	}
	err_set(e, RC_BAD, "no PostgreSQL %d or newer is installed%s%s",
		SERVER_MIN, conf->pg_bin[0] ? " in " : "", conf->pg_bin);
	err_hint(e, "apt install postgresql, or set database_url or pg_bin");
	return RC_BAD;
}

/* ---- URL ---- */

static void add_encoded(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		    (*s >= '0' && *s <= '9') || strchr("-_.~/", *s))
			buf_addc(b, *s);
		else
			buf_addf(b, "%%%02X", (unsigned)(unsigned char)*s);
	}
}

void cluster_role_url(const struct cluster *c, const char *role,
		      const char *database, struct buf *url)
{
	buf_addf(url, "postgresql://%s@/%s?host=", role, database);
	add_encoded(url, c->socket);
	/* Whoever else may have put a socket there, only the owner's server
	 * is talked to. */
	buf_adds(url, "&port=" CLUSTER_PORT "&requirepeer=");
	add_encoded(url, c->owner_name);
}
