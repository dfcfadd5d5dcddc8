#include "ledger/gz_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "ledger/base/alloc.h"

#define CHUNK ((size_t)1 << 18)

struct gz_lines {
	gzFile gz;
	char *p;
	size_t cap, len, pos;
	int64_t number;
	bool eof;
};

enum rc gz_lines_open(struct gz_lines **out, const char *path, struct err *e)
{
	bool in = !strcmp(path, "-");
	struct gz_lines *g;
	struct stat st;
	gzFile gz;
	int fd;

	*out = NULL;
	fd = in ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, RC_BAD, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set(e, RC_BAD, "%s: not a file", path);
	}
	gz = gzdopen(fd, "rb");
	if (!gz) {
		close(fd);
		return err_set(e, RC_BAD, "%s: out of memory", path);
	}
	gzbuffer(gz, 1 << 17);
	g = xcalloc(1, sizeof(*g));
	g->gz = gz;
	*out = g;
	return RC_OK;
}

void gz_lines_close(struct gz_lines *g)
{
	if (!g)
		return;
	gzclose(g->gz);
	free(g->p);
	free(g);
}

/* What zlib says of a stream without its name for it, "<fd:3>: ". */
static const char *own_words(const char *text)
{
	const char *end = strstr(text, ">: ");

	return *text == '<' && end ? end + 3 : text;
}

static enum rc fill(struct gz_lines *g, struct err *e)
{
	const char *text;
	int n, code = Z_OK;

	memmove(g->p, g->p + g->pos, g->len - g->pos);
	g->len -= g->pos;
	g->pos = 0;
	if (g->len > GZ_LINE_MAX)
		return err_set(e, RC_BAD, "a line is longer than %zu MiB",
			       GZ_LINE_MAX >> 20);
	xgrow(&g->p, &g->cap, g->len + CHUNK, 1);
	n = gzread(g->gz, g->p + g->len, (unsigned)CHUNK);
	text = gzerror(g->gz, &code);
	if (n < 0 || (n == 0 && code != Z_OK && code != Z_STREAM_END))
		return err_set(e, RC_BAD, "%s",
			       code == Z_ERRNO       ? strerror(errno)
			       : code == Z_BUF_ERROR ? "cut short"
						     : own_words(text));
	g->len += (size_t)n;
	g->eof = n == 0;
	return RC_OK;
}

enum rc gz_lines_next(struct gz_lines *g, struct str *line, bool *more,
		      struct err *e)
{
	size_t looked = 0;

	if (!g->p)
		xgrow(&g->p, &g->cap, CHUNK, 1);
	for (;;) {
		const char *from = g->p + g->pos;
		size_t have = g->len - g->pos;
		const char *nl = NULL;
		enum rc rc;

		if (have > looked)
			nl = memchr(from + looked, '\n', have - looked);
		looked = have;
		if (!nl && !g->eof) {
			rc = fill(g, e);
			if (rc != RC_OK)
				return rc;
			continue;
		}
		*more = nl || have;
		if (!*more)
			return RC_OK;
		g->number++;
		have = nl ? (size_t)(nl - from) : have;
		g->pos += have + (nl != NULL);
		*line = str_trim((struct str){from, have});
		return RC_OK;
	}
}

int64_t gz_lines_number(const struct gz_lines *g)
{
	return g->number;
}
