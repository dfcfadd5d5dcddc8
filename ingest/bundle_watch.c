#include "ingest/bundle_watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/log.h"
#include "ledger/base/path.h"
#include "ledger/daemon.h"

#define NAME_BYTES 200
#define STATIC     "-static"

struct bundle_watch {
	char *folder, *link;
	char seen[NAME_BYTES]; /* the link's target when it was last looked at
				*/
	struct bundle *own;    /* NULL: the shipped one serves */
};

/* ---- names ---- */

/* The target of a link, "" when there is none. */
static void read_link(const char *link, char out[NAME_BYTES])
{
	ssize_t n = readlink(link, out, NAME_BYTES - 1);

	out[n > 0 ? n : 0] = 0;
}

/* "17.aco", "17-static.aco", "17-static-3.7.aco"; 0: no such name. */
static int32_t name_id(const char *name, char parts[SHELF_PARTS])
{
	size_t n = strlen(name), tail = strlen(STATIC);
	char *end;
	long id;

	parts[0] = 0;
	if (name[0] < '1' || name[0] > '9' || n < 4 ||
	    strcmp(name + n - 4, ".aco") != 0)
		return 0;
	errno = 0;
	id = strtol(name, &end, 10);
	if (errno || id > INT32_MAX)
		return 0;
	n = (size_t)(name + n - 4 - end);
	if (!n)
		return (int32_t)id;
	if (n < tail || strncmp(end, STATIC, tail) != 0)
		return 0;
	end += tail;
	n -= tail;
	if (!n)
		snprintf(parts, SHELF_PARTS, "all");
	else if (*end == '-' && n > 1 && n <= SHELF_PARTS)
		snprintf(parts, SHELF_PARTS, "%.*s", (int)n - 1, end + 1);
	else
		return 0;
	return (int32_t)id;
}

static void make_name(int32_t id, const char *parts, char out[NAME_BYTES])
{
	bool all = !strcmp(parts, "all");

	snprintf(out, NAME_BYTES, "%ld%s%s%s.aco", (long)id,
		 parts[0] ? STATIC : "", parts[0] && !all ? "-" : "",
		 all ? "" : parts);
}

/* ---- workers ---- */

static struct bundle *open_version(const struct bundle_watch *w,
				   const char *name)
{
	struct bundle *b = NULL;
	char *path = xasprintf("%s/%s", w->folder, name);
	struct err e = {"", ""};
	char parts[SHELF_PARTS];
	int32_t id = name_id(name, parts);

	if (!id)
		err_set(&e, RC_BAD, "an odd name");
	else if (!bundle_open(&b, path, &e))
		bundle_set_id(b, id);
	if (b)
		bundle_demote(b, parts);
	if (!b)
		log_line(LOG_ERROR, "router",
			 w->own ? "a version is refused, the one before stays"
				: "a version is refused, the shipped one "
				  "serves",
			 "file=%s err=%s", log_quote(path), log_quote(e.msg));
	free(path);
	return b;
}

static bool look(struct bundle_watch *w)
{
	char name[NAME_BYTES];
	struct bundle *next = NULL;

	read_link(w->link, name);
	if (!strcmp(name, w->seen))
		return false;
	memcpy(w->seen, name, sizeof(name));
	if (name[0]) {
		next = open_version(w, name);
		if (!next)
			return false;
	}
	/* Nothing of it is held between two requests: whoever decides ends
	 * before the loop gets here again. */
	bundle_drop(w->own);
	w->own = next;
	return true;
}

struct bundle_watch *bundle_watch_new(const struct conf *conf)
{
	struct bundle_watch *w = xcalloc(1, sizeof(*w));

	w->folder = daemon_path(conf, "bundle");
	w->link = xasprintf("%s/serving", w->folder);
	look(w);
	return w;
}

void bundle_watch_free(struct bundle_watch *w)
{
	if (!w)
		return;
	bundle_drop(w->own);
	free(w->folder);
	free(w->link);
	free(w);
}

const struct bundle *bundle_watch_now(const struct bundle_watch *w)
{
	return w->own ? w->own : bundle_shipped();
}

bool bundle_watch_look(struct bundle_watch *w)
{
	if (!look(w))
		return false;
	log_line(LOG_INFO, "router", "another version serves", "version=%ld",
		 (long)bundle_id(bundle_watch_now(w)));
	return true;
}

/* ---- the janitor ---- */

int32_t bundle_files_serving(const struct conf *conf, char parts[SHELF_PARTS])
{
	char *link = daemon_path(conf, "bundle/serving"), name[NAME_BYTES];

	read_link(link, name);
	free(link);
	return name_id(name, parts);
}

/* What is not `keep` and no longer served. Workers that still have a file
 * mapped keep it until they let go. */
static void sweep(const char *folder, const char *keep)
{
	DIR *d = opendir(folder);
	struct dirent *at;

	while (d && (at = readdir(d))) {
		size_t n = strlen(at->d_name);
		char *path;

		if (!strcmp(at->d_name, keep) || n < 4 ||
		    (strcmp(at->d_name + n - 4, ".aco") &&
		     at->d_name[n - 1] != '~'))
			continue;
		path = xasprintf("%s/%s", folder, at->d_name);
		unlink(path);
		free(path);
	}
	if (d)
		closedir(d);
}

static enum rc set_link(const char *folder, const char *name, struct err *e)
{
	char *link = xasprintf("%s/serving", folder);
	char *temp = xasprintf("%s/serving.%ld~", folder, (long)getpid());
	enum rc rc = RC_OK;

	unlink(temp);
	if (!name[0]) {
		if (unlink(link) && errno != ENOENT)
			rc = path_errno(e, "removing", link);
	} else if (symlink(name, temp) || rename(temp, link)) {
		rc = path_errno(e, "writing", link);
	}
	free(link);
	free(temp);
	return rc;
}

enum rc bundle_files_serve(const struct conf *conf, int32_t id,
			   const char *parts, const void *p, size_t n,
			   struct err *e)
{
	char *folder = daemon_path(conf, "bundle"), *path;
	char name[NAME_BYTES] = "";
	enum rc rc = path_make(folder, 0700, e);

	if (n)
		make_name(id, parts, name);
	path = xasprintf("%s/%s", folder, name);
	if (!rc && n)
		rc = path_replace(path, p, n, 0600, e);
	if (!rc)
		rc = set_link(folder, name, e);
	if (!rc)
		sweep(folder, name);
	free(path);
	free(folder);
	return rc;
}
