/* Finding files. Names are made absolute and free of symbolic links, so that a
 * file has one name in the ledger's cursors and is read once; a folder that
 * was visited is not entered again, whatever link leads back to it. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ingest/import_map.h"
#include "ingest/import_run.h"
#include "ledger/base/alloc.h"

#define DEPTH_MAX 64

struct walk {
	struct import_paths *out;
	const struct import_kind *kind;
	struct import_map folders; /* visited: device and inode */
};

void import_paths_release(struct import_paths *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].path);
	free(p->v);
	*p = (struct import_paths){0};
}

static void add_owned(struct import_paths *p, char *path_owned, int64_t size)
{
	xgrow(&p->v, &p->cap, p->n + 1, sizeof(*p->v));
	p->v[p->n++] = (struct import_item){path_owned, size};
}

void import_paths_add(struct import_paths *p, const char *fmt, ...)
{
	char path[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(path))
		add_owned(p, xstrdup(path), 0);
}

static int by_path(const void *a, const void *b)
{
	const struct import_item *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void import_paths_sort(struct import_paths *p)
{
	size_t n = 0;

	if (p->n)
		qsort(p->v, p->n, sizeof(*p->v), by_path);
	for (size_t i = 0; i < p->n; i++) {
		if (n > 0 && !strcmp(p->v[n - 1].path, p->v[i].path))
			free(p->v[i].path);
		else
			p->v[n++] = p->v[i];
	}
	p->n = n;
}

static bool enter(struct walk *w, const struct stat *st)
{
	struct uuid id = {{0}};
	uint64_t dev = st->st_dev, ino = st->st_ino;
	bool added;

	memcpy(id.b, &dev, sizeof(dev));
	memcpy(id.b + 8, &ino, sizeof(ino));
	import_map_put(&w->folders, id, 0, &added);
	return added;
}

static bool matches(const struct import_kind *k, const char *path)
{
	struct str s = str_from(path);

	if (str_ends(s, ".gz"))
		s.len -= 3;
	return k->match(s);
}

static void walk_folder(struct walk *w, const char *path, int depth);

static void walk_entry(struct walk *w, const char *folder, const char *name,
		       int depth)
{
	char *path = xasprintf("%s/%s", folder, name), *real;
	struct stat st;

	if (stat(path, &st) < 0) {
		free(path); /* a link to nothing, or gone already */
		return;
	}
	if (S_ISDIR(st.st_mode)) {
		if (enter(w, &st))
			walk_folder(w, path, depth + 1);
	} else if (S_ISREG(st.st_mode) && matches(w->kind, path)) {
		real = realpath(path, NULL);
		if (real)
			add_owned(w->out, real, st.st_size);
	}
	free(path);
}

static int plain_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void walk_folder(struct walk *w, const char *path, int depth)
{
	struct dirent **names = NULL;
	int n;

	if (depth > DEPTH_MAX)
		return;
	n = scandir(path, &names, NULL, plain_order);
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;

		if (strcmp(name, ".") && strcmp(name, ".."))
			walk_entry(w, path, name, depth);
		free(names[i]);
	}
	free(names);
}

enum rc import_walk(struct import_paths *out, const struct import_kind *k,
		    const char *path, struct err *e)
{
	struct walk w = {.out = out, .kind = k};
	struct stat st;
	char *real;

	if (!strcmp(path, "-")) {
		add_owned(out, xstrdup("-"), 0);
		return RC_OK;
	}
	if (stat(path, &st) < 0)
		return err_set(e, RC_BAD, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode)) {
		/* What is no regular file (/dev/fd/63) keeps its name. */
		real = S_ISREG(st.st_mode) ? realpath(path, NULL)
					   : xstrdup(path);
		if (!real)
			return err_set(e, RC_BAD, "%s: %s", path,
				       strerror(errno));
		add_owned(out, real, st.st_size);
		return RC_OK;
	}
	real = realpath(path, NULL);
	if (!real)
		return err_set(e, RC_BAD, "%s: %s", path, strerror(errno));
	enter(&w, &st);
	walk_folder(&w, real, 0);
	import_map_release(&w.folders);
	free(real);
	return RC_OK;
}
