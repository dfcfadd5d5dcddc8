/* Any bytes as segments and as the mark of what is done: opening, reading and
 * looking end, memory is bounded, and what is given has a right sum. The first
 * byte says how the rest is cut into files. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/crc32c.h"
#include "ledger/spool_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];

static void remove_folder(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	(void)!system(cmd);
}

static void make_folder(void)
{
	const char *tmp = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";

	snprintf(dir, sizeof(dir), "%s/aco-fuzz-spool-XXXXXX", tmp);
	if (!mkdtemp(dir) || atexit(remove_folder))
		abort();
}

static void write_file(const char *name, const uint8_t *p, size_t n)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		abort();
	close(fd);
}

/* Sums are hard to guess: with the high bit of the first byte set, those of
 * heads are made right, so that what lies behind them is reached. */
static void mend(uint8_t *p, size_t n)
{
	uint8_t head[SEG_HEAD];
	size_t at = SEG_HEAD;

	if (n < SEG_HEAD)
		return;
	segment_head(head, p[12]);
	memcpy(p, head, SEG_HEAD);
	while (n - at >= RECORD_HEAD) {
		struct record r = {.length = p[at], .time_us = p[at + 8]};

		if (p[at + 4] & 1 && r.length <= n - at - RECORD_HEAD)
			r.sum = crc32c(0, p + at + RECORD_HEAD, r.length);
		record_head(p + at, &r);
		at += RECORD_HEAD;
		if (r.length > n - at)
			break;
		at += r.length;
	}
}

static void read_all(struct spool *s, size_t bytes, int64_t most)
{
	struct str r;
	int64_t us, n = 0;
	struct err e;

	for (;;) {
		if (spool_get(s, bytes, &r, &us, &e))
			BUG(e.msg);
		if (!r.p)
			break;
		if (++n > most || r.len > (size_t)most)
			BUG("more comes out than is in");
		if (spool_done(s, &e))
			BUG(e.msg);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = xcalloc(1, size + 1);
	struct spool_state before, after;
	struct spool *s;
	struct err e;
	size_t cut;
	enum rc rc;

	if (!dir[0])
		make_folder();
	if (size < 30) {
		free(copy);
		return 0;
	}
	memcpy(copy, data, size);
	cut = 29 + (size - 29) * (copy[0] & 7) / 8;
	if (copy[0] & 0x80) {
		mend(copy + 29, cut - 29);
		mend(copy + cut, size - cut);
	}
	write_file("done", copy + 1, DONE_BYTES);
	write_file("00000000000000000001.seg", copy + 29, cut - 29);
	write_file("00000000000000000002.seg", copy + cut, size - cut);
	if (spool_inspect(dir, &before, &e))
		BUG(e.msg);
	rc = spool_open(&s, dir, INT64_C(1) << 30, 1000, &e);
	if (rc == RC_OK) {
		spool_look(s, &after);
		if (before.records != after.records ||
		    before.bytes != after.bytes ||
		    before.bad_segments != after.bad_segments)
			BUG("from outside it looks otherwise");
		if (spool_put(s, STR("new"), 5, &e) || spool_sync(s, &e))
			BUG(e.msg);
		read_all(s, copy[0] & 8 ? 4096 : 0, (int64_t)size);
		spool_look(s, &after);
		if (after.records || after.bytes || after.segments)
			BUG("something is left");
		spool_close(s);
	} else if (rc != RC_BAD || !e.msg[0]) {
		BUG(e.msg);
	}
	free(copy);
	for (int i = 1; i <= 4; i++) {
		char path[160];

		snprintf(path, sizeof(path), "%s/%020d.bad", dir, i);
		(void)unlink(path);
		snprintf(path, sizeof(path), "%s/%020d.seg", dir, i);
		(void)unlink(path);
	}
	return 0;
}
