#include "tui/state.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/path.h"
#include "tui/fmt.h"

#define STATE_MAX (64 << 10)

char *state_path(void)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	char path[4096];

	if (state && *state == '/')
		snprintf(path, sizeof(path), "%s/aco/top", state);
	else if (home && *home == '/')
		snprintf(path, sizeof(path), "%s/.local/state/aco/top", home);
	else
		return NULL;
	return xstrdup(path);
}

/* ---- reading ---- */

/* The next word of the line; absent at its end. */
static struct str word(struct str *line)
{
	struct str w;

	while (line->len > 0 && *line->p == ' ') {
		line->p++;
		line->len--;
	}
	w = (struct str){line->p, 0};
	while (w.len < line->len && w.p[w.len] != ' ')
		w.len++;
	line->p += w.len;
	line->len -= w.len;
	return w.len ? w : STR_NONE;
}

static const struct view *view_of(struct str name)
{
	for (int i = 0; views[i]; i++)
		if (str_is(name, views[i]->name))
			return views[i];
	return NULL;
}

static int column_of(const struct view *v, struct str name)
{
	for (int i = 0; i < v->n_cols; i++)
		if (v->cols[i].title && str_is(name, v->cols[i].name))
			return i;
	return -1;
}

/* Begun with what the view itself says. */
static struct kept *kept_of(struct top *t, const struct view *v)
{
	struct kept *k = &t->kept[view_index(v)];

	if (!k->there) {
		k->there = true;
		k->sort = v->sort;
		k->desc = v->desc;
		k->pictures = -1;
	}
	return k;
}

static void of_view(struct top *t, struct str what, struct str line)
{
	const struct view *v = view_of(word(&line));
	struct str w = word(&line);
	int64_t n;

	if (!v)
		return;
	if (str_is(what, "sort") && column_of(v, w) >= 0) {
		kept_of(t, v)->sort = column_of(v, w);
		kept_of(t, v)->desc = str_is(word(&line), "desc");
	} else if (str_is(what, "pictures") && str_i64(w, &n) && n >= -1 &&
		   n <= TABLE_PICTURES) {
		kept_of(t, v)->pictures = (int)n;
	} else if (str_is(what, "off")) {
		for (; w.p; w = word(&line)) {
			int col = column_of(v, w);

			if (col > 0 && col < LAYOUT_COLS_MAX)
				kept_of(t, v)->off[col] = true;
		}
	}
}

const struct view *state_parse(struct top *t, struct str text)
{
	const struct view *open = NULL;

	while (text.len > 0) {
		const char *end = memchr(text.p, '\n', text.len);
		struct str line = {text.p,
				   end ? (size_t)(end - text.p) : text.len};
		struct str what;
		size_t skip = line.len + (end != NULL);

		text.p += skip;
		text.len -= skip;
		what = word(&line);
		if (str_is(what, "view"))
			open = view_of(word(&line));
		else if (str_is(what, "range"))
			range_preset(word(&line), &t->ctx.range);
		else if (str_is(what, "compare"))
			t->ctx.compare = true;
		else
			of_view(t, what, line);
	}
	return open && open->needs == NEEDS_NOTHING ? open : NULL;
}

const struct view *state_load(struct top *t)
{
	char *path = state_path(), *text;
	const struct view *v = NULL;
	ssize_t n;
	int fd;

	if (!path)
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		text = xcalloc(1, STATE_MAX);
		n = read(fd, text, STATE_MAX);
		if (n > 0)
			v = state_parse(t, (struct str){text, (size_t)n});
		free(text);
		close(fd);
	}
	free(path);
	return v;
}

/* ---- writing ---- */

static void write_view(const struct view *v, const struct kept *k,
		       struct buf *out)
{
	bool any = false;

	if (k->sort >= 0 && (k->sort != v->sort || k->desc != v->desc))
		buf_addf(out, "sort %s %s %s\n", v->name, v->cols[k->sort].name,
			 k->desc ? "desc" : "asc");
	if (k->pictures >= 0)
		buf_addf(out, "pictures %s %d\n", v->name, k->pictures);
	for (int i = 1; i < v->n_cols && i < LAYOUT_COLS_MAX; i++) {
		if (!k->off[i] || !v->cols[i].title)
			continue;
		if (!any)
			buf_addf(out, "off %s", v->name);
		any = true;
		buf_addf(out, " %s", v->cols[i].name);
	}
	if (any)
		buf_addc(out, '\n');
}

void state_write(const struct top *t, struct buf *out)
{
	const struct view *v = t->depth > 0 ? t->pages[0].view : views[0];
	char range[FMT_TEXT];

	buf_addf(out, "view %s\n", v->name);
	if (t->ctx.range.preset != RANGE_FIXED && !t->range_widened)
		buf_addf(out, "range %s\n", range_name(&t->ctx.range, range));
	if (t->ctx.compare)
		buf_adds(out, "compare\n");
	for (int i = 0; views[i]; i++)
		if (t->kept[i].there)
			write_view(views[i], &t->kept[i], out);
}

static void save_at(const char *path, const struct buf *b)
{
	char *folder = xstrdup(path), tmp[4200];
	struct err e;
	int fd;

	*strrchr(folder, '/') = '\0';
	snprintf(tmp, sizeof(tmp), "%s.%ld", path, (long)getpid());
	if (path_make(folder, 0700, &e) == RC_OK) {
		fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd >= 0) {
			bool ok = write(fd, b->p, b->len) == (ssize_t)b->len;

			close(fd);
			if (!ok || rename(tmp, path) != 0)
				unlink(tmp);
		}
	}
	free(folder);
}

void state_save(const struct top *t)
{
	char *path = state_path();
	struct buf b;

	if (!path)
		return;
	buf_init(&b, STATE_MAX);
	state_write(t, &b);
	if (buf_ok(&b) && b.len > 0)
		save_at(path, &b);
	buf_release(&b);
	free(path);
}
