/* Reading a file by lines or whole, inflating on the way. zlib's gz functions
 * read plain files as they are, so that one path serves both. The file is read
 * rather than mapped: it may be cut short while we read.
 *
 * Offsets are of the content. All bytes before `done` go through a hash once,
 * which is what recognises the file when it has grown. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "ingest/import_run.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/hash_stream.h"

#define CHUNK ((size_t)1 << 20)

struct import_reader {
	gzFile gz;       /* NULL: content in memory */
	char *own;       /* what we read into; NULL: memory of the caller */
	const char *p;   /* own, or the caller's */
	size_t cap, len; /* bytes that p has */
	size_t pos;      /* of the next line in p */
	int64_t base;    /* content offset of p[0] */
	bool eof;
	int64_t size, mtime_us, raw;
	int64_t done, lines;
	int64_t line_start;
	struct hash_stream *hash;
	int64_t hashed;
	char error[160];
};

static struct import_reader *reader_new(void)
{
	struct import_reader *rd = xcalloc(1, sizeof(*rd));

	rd->hash = hash_stream_new();
	rd->mtime_us = TIME_NONE;
	return rd;
}

static enum rc open_fd(struct import_reader *rd, const char *path,
		       struct err *e)
{
	struct stat st;
	int fd;

	fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC)
			       : dup(STDIN_FILENO);
	if (fd < 0)
		return err_set(e, RC_BAD, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set(e, RC_BAD, "%s: not a file", path);
	}
	if (S_ISREG(st.st_mode) && strcmp(path, "-")) {
		rd->size = st.st_size;
		rd->mtime_us = (int64_t)st.st_mtim.tv_sec * US_PER_SEC +
			       st.st_mtim.tv_nsec / 1000;
	}
	rd->gz = gzdopen(fd, "rb");
	if (!rd->gz) {
		close(fd);
		return err_set(e, RC_BAD, "%s: out of memory", path);
	}
	gzbuffer(rd->gz, 1 << 17);
	return RC_OK;
}

enum rc import_reader_open(struct import_reader **out, const char *path,
			   struct err *e)
{
	struct import_reader *rd = reader_new();
	enum rc rc = open_fd(rd, path, e);

	if (rc) {
		import_reader_close(rd);
		rd = NULL;
	}
	*out = rd;
	return rc;
}

struct import_reader *import_reader_text(struct str text)
{
	struct import_reader *rd = reader_new();

	rd->p = text.p;
	rd->len = text.len;
	rd->size = (int64_t)text.len;
	rd->eof = true;
	return rd;
}

void import_reader_close(struct import_reader *rd)
{
	if (!rd)
		return;
	if (rd->gz)
		gzclose(rd->gz);
	hash_stream_free(rd->hash);
	free(rd->own);
	free(rd);
}

int64_t import_reader_size(const struct import_reader *rd)
{
	return rd->size;
}

int64_t import_reader_mtime_us(const struct import_reader *rd)
{
	return rd->mtime_us;
}

int64_t import_reader_raw(const struct import_reader *rd)
{
	return rd->raw;
}

const char *import_reader_error(const struct import_reader *rd)
{
	return rd->error;
}

int64_t import_reader_done(const struct import_reader *rd)
{
	return rd->done;
}

void import_reader_keep(struct import_reader *rd)
{
	rd->done = rd->line_start;
}

/* Put the bytes up to a content offset, which p still holds, into the hash. */
static void hash_to(struct import_reader *rd, int64_t offset)
{
	if (offset <= rd->hashed)
		return;
	hash_stream_add(rd->hash, rd->p + (rd->hashed - rd->base),
			(size_t)(offset - rd->hashed));
	rd->hashed = offset;
}

struct uuid import_reader_hash(struct import_reader *rd)
{
	hash_to(rd, rd->done);
	return hash_stream_value(rd->hash);
}

static enum import_read failed(struct import_reader *rd)
{
	int code = Z_OK;
	const char *text = gzerror(rd->gz, &code);

	rd->eof = true;
	if (code == Z_ERRNO)
		text = strerror(errno);
	snprintf(rd->error, sizeof(rd->error), "%s",
		 code == Z_BUF_ERROR ? "the compressed file is cut short"
				     : text);
	return READ_FAILED;
}

/* Forget what lies before pos and read more behind what is there. READ_LONG:
 * `max` bytes are there already. */
static enum import_read fill(struct import_reader *rd, size_t max)
{
	size_t room;
	int n, code = Z_OK;

	if (rd->eof)
		return READ_END;
	hash_to(rd, rd->base + (int64_t)rd->pos);
	if (rd->pos) {
		rd->len -= rd->pos;
		rd->base += (int64_t)rd->pos;
		memmove(rd->own, rd->own + rd->pos, rd->len);
		rd->pos = 0;
	}
	if (rd->len >= max)
		return READ_LONG;
	if (rd->cap - rd->len < CHUNK) {
		xgrow(&rd->own, &rd->cap, rd->len + CHUNK, 1);
		rd->p = rd->own;
	}
	room = rd->cap - rd->len;
	n = gzread(rd->gz, rd->own + rd->len,
		   (unsigned)(room < CHUNK ? room : CHUNK));
	if (n < 0)
		return failed(rd);
	rd->len += (size_t)n;
	rd->raw = gzoffset(rd->gz);
	if (n == 0) {
		gzerror(rd->gz, &code);
		if (code != Z_OK && code != Z_STREAM_END)
			return failed(rd);
		rd->eof = true;
	}
	return READ_LINE;
}

/* Pass over the rest of a line that is too long. */
static enum import_read skip_long(struct import_reader *rd)
{
	for (;;) {
		const char *from = rd->p + rd->pos;
		const char *nl = memchr(from, '\n', rd->len - rd->pos);
		enum import_read got;

		if (nl) {
			rd->pos += (size_t)(nl - from) + 1;
			break;
		}
		rd->pos = rd->len;
		got = fill(rd, SIZE_MAX);
		if (got == READ_FAILED)
			return got;
		if (got == READ_END)
			break;
	}
	rd->done = rd->base + (int64_t)rd->pos;
	return READ_LONG;
}

static struct str trim_line(const char *p, size_t n, bool first)
{
	if (first && n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3)) {
		p += 3;
		n -= 3;
	}
	return str_trim((struct str){p, n});
}

enum import_read import_reader_line(struct import_reader *rd,
				    struct import_line *l)
{
	size_t looked = 0;

	for (;;) {
		const char *from = rd->p ? rd->p + rd->pos : "";
		size_t have = rd->len - rd->pos;
		const char *nl = NULL;
		enum import_read got;

		if (have > looked)
			nl = memchr(from + looked, '\n', have - looked);
		if (!nl && !rd->eof) {
			looked = have;
			got = fill(rd, IMPORT_LINE_MAX);
			if (got == READ_FAILED)
				return got;
			if (got == READ_LONG) {
				l->at.offset = rd->base + (int64_t)rd->pos;
				l->at.line = ++rd->lines;
				return skip_long(rd);
			}
			continue;
		}
		if (!nl && have == 0)
			return READ_END;
		looked = 0;
		l->partial = !nl;
		l->at.offset = rd->line_start = rd->base + (int64_t)rd->pos;
		l->at.line = ++rd->lines;
		if (nl)
			have = (size_t)(nl - from);
		rd->pos += have + (nl != NULL);
		rd->done = rd->base + (int64_t)rd->pos;
		if (have > IMPORT_LINE_MAX)
			return READ_LONG;
		l->text = trim_line(from, have, l->at.offset == 0);
		if (l->text.len)
			return READ_LINE;
	}
}

enum rc import_reader_whole(struct import_reader *rd, bool raw,
			    struct str *text, struct err *e)
{
	enum import_read got = READ_LINE;

	while (got == READ_LINE)
		got = fill(rd, IMPORT_WHOLE_MAX);
	if (got == READ_FAILED)
		return err_set(e, RC_BAD, "%s", rd->error);
	if (got == READ_LONG)
		return err_set(e, RC_BAD, "larger than %zu MiB",
			       IMPORT_WHOLE_MAX >> 20);
	*text = (struct str){rd->p ? rd->p : "", rd->len};
	if (!raw)
		*text = trim_line(text->p, text->len, true);
	rd->pos = rd->len;
	rd->done = rd->base + (int64_t)rd->len;
	rd->line_start = 0;
	return RC_OK;
}

bool import_reader_begins(struct import_reader *rd, int64_t bytes,
			  struct uuid hash)
{
	while (rd->base + (int64_t)rd->len < bytes) {
		rd->pos = rd->len;
		if (fill(rd, SIZE_MAX) != READ_LINE)
			return false;
	}
	hash_to(rd, bytes);
	return uuid_eq(hash_stream_value(rd->hash), hash);
}
