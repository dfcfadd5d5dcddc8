#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/clock.h"
#include "ledger/crc32c.h"
#include "ledger/spool_int.h"

#define BIG ((int64_t)1 << 30)

static char top[] = "/tmp/aco-spool-XXXXXX";
static char dir[128];
static struct spool *s;

/* ---- a disk that fails when told ---- */

static int sync_errno, write_errno;
static ssize_t write_takes = -1; /* bytes before write_errno */

int fdatasync(int fd)
{
	if (sync_errno) {
		errno = sync_errno;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t off)
{
	ssize_t take;

	(void)n;
	if (write_takes < 0)
		return syscall(SYS_pwritev, fd, v, n, off, 0);
	if (write_takes == 0) {
		errno = write_errno;
		return -1;
	}
	take = write_takes < (ssize_t)v[0].iov_len ? write_takes
						   : (ssize_t)v[0].iov_len;
	write_takes -= take;
	return pwrite(fd, v[0].iov_base, (size_t)take, off);
}

/* ---- help ---- */

static int setup(void **state)
{
	static int n;

	(void)state;
	snprintf(dir, sizeof(dir), "%s/%d/w", top, n++);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spool_close(s);
	s = NULL;
	sync_errno = write_errno = 0;
	write_takes = -1;
	return 0;
}

static void open_at(int64_t max, int64_t segment)
{
	struct err e = {0};

	spool_close(s);
	s = NULL;
	if (spool_open(&s, dir, max, segment, &e))
		fail_msg("%s", e.msg);
}

static void put(const char *text, int64_t time_us)
{
	struct err e = {0};

	if (spool_put(s, str_from(text), time_us, &e) || spool_sync(s, &e))
		fail_msg("%s", e.msg);
}

/* The next record, "" when there is none. */
static const char *get(void)
{
	int64_t us;
	struct str r;

	assert_int_equal(spool_get(s, 0, &r, &us, NULL), RC_OK);
	return r.p ? r.p : "";
}

static void done(void)
{
	assert_int_equal(spool_done(s, NULL), RC_OK);
}

static struct spool_state look(void)
{
	struct spool_state st;

	spool_look(s, &st);
	return st;
}

static char *file(int no, const char *ext)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%020d.%s", dir, no, ext);
	return path;
}

static bool there(int no, const char *ext)
{
	return access(file(no, ext), F_OK) == 0;
}

static size_t slurp(const char *path, uint8_t *to, size_t size)
{
	FILE *in = fopen(path, "r");
	size_t n;

	assert_non_null(in);
	n = fread(to, 1, size, in);
	fclose(in);
	return n;
}

static void spit(const char *path, const uint8_t *from, size_t n)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(from, 1, n, out), n);
	fclose(out);
}

static void clean(void)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	assert_int_equal(system(cmd), 0);
}

/* ---- tests ---- */

static void records_come_in_order_and_once(void **state)
{
	struct spool_state st;

	(void)state;
	open_at(BIG, BIG);
	assert_string_equal(get(), "");
	put("one", 100);
	put("", 150);
	put("two", 200);
	st = look();
	assert_int_equal(st.records, 3);
	assert_int_equal(st.oldest_us, 100);
	assert_string_equal(get(), "one");
	assert_string_equal(get(), "one");
	done();
	assert_int_equal(look().oldest_us, 150);
	assert_string_equal(get(), "");
	done();
	assert_string_equal(get(), "two");
	put("three", 300);
	done();
	assert_string_equal(get(), "three");
	done();
	st = look();
	assert_int_equal(st.records, 0);
	assert_int_equal(st.bytes, 0);
	assert_int_equal(st.segments, 0);
	assert_int_equal(st.oldest_us, TIME_NONE);
	assert_false(there(1, "seg"));
	put("four", 400);
	assert_true(there(2, "seg"));
	assert_string_equal(get(), "four");
}

static const char *get_many(size_t bytes)
{
	struct str r;
	int64_t us;

	assert_int_equal(spool_get(s, bytes, &r, &us, NULL), RC_OK);
	assert_true(!r.p || us == 100);
	return r.p ? r.p : "";
}

/* As many as fit, and never beyond what is damaged. */
static void several_records_are_done_at_once(void **state)
{
	uint8_t bytes[4096];
	size_t n;

	(void)state;
	open_at(BIG, BIG);
	put("one\n", 100);
	put("two\n", 150);
	put("three\n", 100);
	put("four\n", 100);
	assert_string_equal(get_many(9), "one\ntwo\n");
	assert_string_equal(get_many(9), "one\ntwo\n");
	assert_int_equal(look().records, 4);
	done();
	assert_int_equal(look().records, 2);
	assert_string_equal(get_many(1), "three\n");
	assert_string_equal(get_many(1000), "three\nfour\n");
	spool_close(s);
	s = NULL;
	open_at(BIG, BIG);
	n = slurp(file(1, "seg"), bytes, sizeof(bytes));
	bytes[n - 2] ^= 1; /* of "four", after the scan */
	spit(file(1, "seg"), bytes, n);
	assert_string_equal(get_many(1000), "three\n");
	done();
	assert_string_equal(get_many(1000), "");
}

static void a_restart_goes_on_with_what_is_not_done(void **state)
{
	(void)state;
	open_at(BIG, 60);
	for (char c[] = "a"; c[0] < 'g'; c[0]++)
		put(c, c[0]);
	assert_true(look().segments > 2);
	assert_string_equal(get(), "a");
	done();
	open_at(BIG, 60);
	assert_int_equal(look().records, 5);
	assert_int_equal(look().oldest_us, 'b');
	for (char c[] = "b"; c[0] < 'g'; c[0]++) {
		assert_string_equal(get(), c);
		done();
	}
	assert_string_equal(get(), "");
	assert_int_equal(look().segments, 0);
	/* A number is not used again, lest the mark speak of another file. */
	put("new", 1);
	open_at(BIG, 60);
	assert_string_equal(get(), "new");
}

static void a_mark_that_is_damaged_or_of_another_file_says_nothing(void **state)
{
	uint8_t mark[DONE_BYTES];
	char path[256];

	(void)state;
	open_at(BIG, BIG);
	put("a", 1);
	put("b", 2);
	(void)get();
	done();
	spool_close(s);
	s = NULL;
	snprintf(path, sizeof(path), "%s/done", dir);
	assert_int_equal(slurp(path, mark, sizeof(mark)), DONE_BYTES);
	for (size_t i = 0; i < DONE_BYTES; i++) {
		mark[i] ^= 0x10;
		spit(path, mark, DONE_BYTES);
		open_at(BIG, BIG);
		assert_string_equal(get(), "a");
		spool_close(s);
		s = NULL;
		mark[i] ^= 0x10;
	}
	spit(path, mark, DONE_BYTES);
	open_at(BIG, BIG);
	assert_string_equal(get(), "b");
}

/* Three records in one segment; returns its bytes and where each ends. */
static size_t three(uint8_t *bytes, size_t size, size_t ends[4])
{
	static const char *const texts[] = {"first record", "second",
					    "the third one"};
	size_t n;

	clean();
	open_at(BIG, BIG);
	ends[0] = SEG_HEAD;
	for (int i = 0; i < 3; i++) {
		put(texts[i], i + 1);
		ends[i + 1] = ends[i] + RECORD_HEAD + strlen(texts[i]);
	}
	spool_close(s);
	s = NULL;
	n = slurp(file(1, "seg"), bytes, size);
	assert_int_equal(n, ends[3]);
	return n;
}

static void a_tail_cut_at_any_byte_is_cut_off(void **state)
{
	uint8_t bytes[512];
	size_t ends[4], n = three(bytes, sizeof(bytes), ends);

	(void)state;
	for (size_t cut = 0; cut <= n; cut++) {
		int whole = 0;

		clean();
		open_at(BIG, BIG);
		spool_close(s);
		s = NULL;
		spit(file(1, "seg"), bytes, cut);
		while (whole < 3 && ends[whole + 1] <= cut)
			whole++;
		open_at(BIG, BIG);
		assert_int_equal(look().records, whole);
		assert_int_equal(look().bad_segments, 0);
		put("after", 9);
		for (int i = 0; i < whole; i++) {
			assert_true(strstr("first record second the third one",
					   get()) != NULL);
			done();
		}
		assert_string_equal(get(), "after");
		done();
		assert_int_equal(look().segments, 0);
	}
}

/* The tail as it is when a file grew before its bytes came. */
static void a_tail_of_zeros_is_cut_off(void **state)
{
	uint8_t bytes[512] = {0};
	size_t ends[4];

	(void)state;
	(void)three(bytes, sizeof(bytes), ends);
	memset(bytes + ends[2], 0, sizeof(bytes) - ends[2]);
	spit(file(1, "seg"), bytes, sizeof(bytes));
	open_at(BIG, BIG);
	assert_int_equal(look().records, 2);
	assert_int_equal(look().bad_segments, 0);
}

static void a_flipped_bit_loses_only_what_follows_and_is_said(void **state)
{
	static const char *const texts[] = {"first record", "second",
					    "the third one"};
	uint8_t bytes[512];
	size_t ends[4], n = three(bytes, sizeof(bytes), ends);

	(void)state;
	for (size_t bit = 0; bit < n * 8; bit++) {
		struct spool_state st;
		int whole = 0;

		clean();
		open_at(BIG, BIG);
		spool_close(s);
		s = NULL;
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		spit(file(1, "seg"), bytes, n);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		while (whole < 3 && ends[whole + 1] * 8 <= bit)
			whole++;
		if (bit < (size_t)SEG_HEAD * 8)
			whole = 0;
		assert_int_equal(spool_inspect(dir, &st, NULL), RC_OK);
		assert_int_equal(st.bad_segments, 1);
		open_at(BIG, BIG);
		assert_int_equal(look().bad_segments, 1);
		assert_true(look().bad_bytes > 0);
		assert_int_equal(look().records, whole);
		put("after", 9);
		for (int i = 0; i < whole; i++) {
			assert_string_equal(get(), texts[i]);
			done();
		}
		assert_string_equal(get(), "after");
		assert_true(there(1, "bad"));
		assert_false(there(1, "seg"));
		assert_int_equal(look().bad_segments, 1);
		/* And after a restart it is still told. */
		open_at(BIG, BIG);
		assert_int_equal(look().bad_segments, 1);
		assert_string_equal(get(), "after");
	}
}

/* The scan saw it whole; then the disk forgot. */
static void damage_after_the_scan_is_no_record(void **state)
{
	uint8_t bytes[512];
	size_t ends[4], n = three(bytes, sizeof(bytes), ends);

	(void)state;
	open_at(BIG, BIG);
	put("after", 9);
	bytes[ends[1] + RECORD_HEAD] ^= 1;
	spit(file(1, "seg"), bytes, n);
	assert_string_equal(get(), "first record");
	done();
	assert_string_equal(get(), "after");
	assert_int_equal(look().bad_segments, 1);
	assert_true(there(1, "bad"));
}

static void another_version_is_left_alone(void **state)
{
	uint8_t bytes[512];
	size_t ends[4];
	struct err e;

	(void)state;
	(void)three(bytes, sizeof(bytes), ends);
	segment_head(bytes, 7);
	bytes[8] = 2;
	/* The sum of that head. */
	bytes[20] = bytes[21] = bytes[22] = bytes[23] = 0;
	memcpy(bytes + 20, (uint32_t[]){crc32c(0, bytes, 20)}, 4);
	spit(file(1, "seg"), bytes, ends[3]);
	assert_int_equal(spool_open(&s, dir, BIG, BIG, &e), RC_BAD);
	assert_non_null(strstr(e.msg, "a newer version wrote it"));
	assert_true(there(1, "seg"));
}

static void a_full_spool_says_so_until_something_is_done(void **state)
{
	struct err e;
	int n = 0;

	(void)state;
	open_at(1000, 300);
	while (spool_put(s, STR("0123456789"), 1, &e) == RC_OK)
		n++;
	assert_non_null(strstr(e.msg, "at its limit of 1000 bytes"));
	assert_true(n > 20 && n <= 32);
	assert_int_equal(look().records, n);
	for (int i = 0; i < 12; i++) {
		(void)get();
		done();
	}
	assert_int_equal(spool_put(s, STR("0123456789"), 1, &e), RC_OK);
	open_at(1000, 300);
	assert_int_equal(look().records, n - 11);
}

static void one_process_owns_a_folder(void **state)
{
	struct spool *other;
	struct err e;

	(void)state;
	open_at(BIG, BIG);
	assert_int_equal(spool_open(&other, dir, BIG, BIG, &e), RC_BUSY);
	assert_null(other);
	assert_non_null(strstr(e.msg, "another process owns the spool"));
}

static void what_was_half_written_is_cut_off_again(void **state)
{
	static const int whys[] = {ENOSPC, EIO};
	struct stat before, after;
	struct err e;

	(void)state;
	open_at(BIG, BIG);
	put("one", 1);
	assert_int_equal(stat(file(1, "seg"), &before), 0);
	for (int i = 0; i < 2; i++) {
		write_errno = whys[i];
		for (write_takes = 0; write_takes < 24;) {
			ssize_t n = write_takes;

			assert_int_equal(spool_put(s, STR("four"), 2, &e),
					 i ? RC_DOWN : RC_BUSY);
			assert_int_equal(stat(file(1, "seg"), &after), 0);
			assert_int_equal(after.st_size, before.st_size);
			write_takes = n + 1;
		}
		write_takes = -1;
	}
	put("two", 2);
	open_at(BIG, BIG);
	assert_int_equal(look().records, 2);
	assert_string_equal(get(), "one");
	done();
	assert_string_equal(get(), "two");
}

static void a_failed_sync_is_no_promise_and_ends_the_segment(void **state)
{
	(void)state;
	open_at(BIG, BIG);
	put("one", 1);
	assert_int_equal(spool_put(s, STR("maybe"), 2, NULL), RC_OK);
	sync_errno = EIO;
	assert_int_equal(spool_sync(s, NULL), RC_DOWN);
	sync_errno = 0;
	/* The kernel says it once; a second sync would be a lie. */
	put("two", 3);
	assert_true(there(1, "seg") && there(2, "seg"));
	assert_string_equal(get(), "one");
	sync_errno = ENOSPC;
	assert_int_equal(spool_put(s, STR("x"), 2, NULL), RC_OK);
	assert_int_equal(spool_sync(s, NULL), RC_BUSY);
}

static void a_full_disk_is_busy_and_recovers(void **state)
{
	static char block[65536];
	struct err e = {0};
	enum rc rc = RC_OK;
	int n = 0;

	(void)state;
	assert_int_equal(mkdir(top, 0700) && errno != EEXIST, 0);
	snprintf(dir, sizeof(dir), "%s/full", top);
	assert_int_equal(mkdir(dir, 0700), 0);
	if (mount("tmpfs", dir, "tmpfs", 0, "size=1m")) {
		print_message("no mounting here (%s): not run\n",
			      strerror(errno));
		skip();
	}
	memset(block, 'x', sizeof(block));
	open_at(BIG, 200000);
	while (rc == RC_OK && n < 100) {
		rc = spool_put(s, (struct str){block, sizeof(block)}, 1, &e);
		if (rc == RC_OK && (rc = spool_sync(s, &e)) == RC_OK)
			n++;
	}
	assert_int_equal(rc, RC_BUSY);
	assert_true(n > 10 && n < 16);
	open_at(BIG, 200000);
	assert_int_equal(look().records, n);
	assert_int_equal(look().bad_segments, 0);
	for (int i = 0; i < n; i++) {
		assert_int_equal(strlen(get()), sizeof(block));
		done();
	}
	put("room again", 2);
	assert_string_equal(get(), "room again");
	spool_close(s);
	s = NULL;
	assert_int_equal(umount(dir), 0);
}

static void a_look_from_outside_changes_nothing(void **state)
{
	struct spool_state st;

	(void)state;
	assert_int_equal(spool_inspect(dir, &st, NULL), RC_OK);
	assert_int_equal(st.segments + st.records + st.bytes, 0);
	open_at(BIG, 60);
	for (int i = 0; i < 6; i++)
		put("a record", 100 + i);
	(void)get();
	done();
	write_errno = EIO;
	write_takes = 8;
	assert_int_equal(spool_put(s, STR("half"), 1, NULL), RC_DOWN);
	write_takes = -1;
	assert_int_equal(spool_inspect(dir, &st, NULL), RC_OK);
	assert_int_equal(st.records, 5);
	assert_int_equal(st.oldest_us, 101);
	assert_int_equal(st.bytes, look().bytes);
	assert_int_equal(st.bad_segments, 0);
	assert_string_equal(get(), "a record");
}

/* ---- killed ---- */

/* Writes records "N" and tells each number once it is safe. */
static _Noreturn void writer(int tell)
{
	open_at(BIG, 4096);
	for (int i = 1;; i++) {
		char text[400];

		snprintf(text, sizeof(text), "%d %300d", i, i);
		put(text, i);
		if (write(tell, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

static void what_was_safe_outlives_a_kill(void **state)
{
	(void)state;
	for (int round = 0; round < 30; round++) {
		int p[2], safe = 0, i, seen = 0;
		pid_t pid;

		clean();
		assert_int_equal(pipe(p), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			writer(p[1]);
		close(p[1]);
		while (safe < 1 + round * 3 &&
		       read(p[0], &i, sizeof(i)) == sizeof(i))
			safe = i;
		usleep((useconds_t)round * 37);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		while (read(p[0], &i, sizeof(i)) == sizeof(i))
			safe = i;
		close(p[0]);
		open_at(BIG, 4096);
		assert_int_equal(look().bad_segments, 0);
		for (const char *r = get(); *r; r = get()) {
			assert_int_equal(strtol(r, NULL, 10), ++seen);
			done();
		}
		assert_true(seen >= safe && seen <= safe + 1);
		spool_close(s);
		s = NULL;
	}
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(top) ? 0 : -1;
}

static int finish(void **state)
{
	char cmd[256];

	(void)state;
	snprintf(cmd, sizeof(cmd), "%s/full", top);
	(void)umount2(cmd, MNT_DETACH); /* of a test that failed */
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", top);
	return system(cmd);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(records_come_in_order_and_once),
		T(several_records_are_done_at_once),
		T(a_restart_goes_on_with_what_is_not_done),
		T(a_mark_that_is_damaged_or_of_another_file_says_nothing),
		T(a_tail_cut_at_any_byte_is_cut_off),
		T(a_tail_of_zeros_is_cut_off),
		T(a_flipped_bit_loses_only_what_follows_and_is_said),
		T(damage_after_the_scan_is_no_record),
		T(another_version_is_left_alone),
		T(a_full_spool_says_so_until_something_is_done),
		T(one_process_owns_a_folder),
		T(what_was_half_written_is_cut_off_again),
		T(a_failed_sync_is_no_promise_and_ends_the_segment),
		T(a_full_disk_is_busy_and_recovers),
		T(a_look_from_outside_changes_nothing),
		T(what_was_safe_outlives_a_kill),
	};

	return cmocka_run_group_tests(tests, begin, finish);
}
