#include "tui/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/path.h"
#include "tui/fmt.h"

#define SAVE_MAX ((size_t)256 << 20)

static const char *ending(enum out_format f)
{
	switch (f) {
	case OUT_CSV:
		return "csv";
	case OUT_JSON:
		return "json";
	case OUT_ONCE:
	case OUT_PLAIN:
		break;
	}
	return "txt";
}

/* "20261124-120000" in the zone that is shown. */
static void stamp(int64_t us, char *out)
{
	char text[FMT_TEXT];

	fmt_time(us, text);
	snprintf(out, FMT_TEXT, "%.4s%.2s%.2s-%.2s%.2s%.2s", text, text + 5,
		 text + 8, text + 11, text + 14, text + 17);
}

static bool write_all(int fd, const struct buf *b)
{
	size_t done = 0;

	while (done < b->len) {
		ssize_t n = write(fd, b->p + done, b->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

enum rc save_page(const struct top *t, enum out_format format, const char *path,
		  char *name, size_t size, struct err *e)
{
	enum rc rc = RC_OK;
	char time[FMT_TEXT];
	struct buf b;
	int fd;

	stamp(t->ctx.now_us, time);
	if (path && *path)
		snprintf(name, size, "%s", path);
	else
		snprintf(name, size, "aco-%s-%s.%s",
			 top_page_const(t)->view->name, time, ending(format));
	buf_init(&b, SAVE_MAX);
	out_page(&b, t, format, 200, false, false);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0) {
		rc = path_errno(e, "cannot write", name);
	} else if (!buf_ok(&b) || !write_all(fd, &b)) {
		rc = path_errno(e, "cannot write", name);
		unlink(name);
	}
	if (fd >= 0)
		close(fd);
	buf_release(&b);
	return rc;
}
