/* A look from outside, while the owner may be at work: files come and go, and
 * the end of the last may be half written. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/clock.h"
#include "ledger/spool_int.h"

static void add_segment(int dirfd, uint64_t no, const char *ext, bool last_one,
			const struct done_mark *mark, struct spool_state *out)
{
	struct segment g = {.no = no};
	enum segment_state st;
	char name[SEG_NAME];
	int fd = openat(dirfd, segment_name(no, ext, name),
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	st = segment_scan(fd, &g, mark);
	close(fd);
	if (ext[0] == 'b') {
		out->bad_segments++;
		out->bad_bytes += g.size - g.end;
		return;
	}
	out->segments++;
	out->records += g.records;
	out->bytes += g.end - g.off;
	if (g.records && out->oldest_us == TIME_NONE)
		out->oldest_us = g.first_us;
	if (st == SEG_WHOLE || (st == SEG_TORN && (last_one || !g.size)))
		return;
	out->bad_segments++;
	out->bad_bytes += g.size - g.end;
}

enum rc spool_inspect(const char *dir, struct spool_state *out, struct err *e)
{
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t *segs = NULL, *bad = NULL;
	size_t n = 0, n_bad = 0;
	struct done_mark mark;
	enum rc rc;

	*out = (struct spool_state){.oldest_us = TIME_NONE};
	if (dirfd < 0)
		return errno == ENOENT ? RC_OK
				       : err_set(e, RC_DOWN, "%s: %s", dir,
						 strerror(errno));
	done_read(dirfd, &mark);
	rc = segment_list(dirfd, "seg", &segs, &n, e);
	if (!rc)
		rc = segment_list(dirfd, "bad", &bad, &n_bad, e);
	for (size_t i = 0; i < n && !rc; i++)
		add_segment(dirfd, segs[i], "seg", i + 1 == n, &mark, out);
	for (size_t i = 0; i < n_bad && !rc; i++)
		add_segment(dirfd, bad[i], "bad", false, &mark, out);
	close(dirfd);
	free(segs);
	free(bad);
	return rc;
}
