#include "ingest/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/log.h"
#include "ledger/crc32c.h"

#define SUFFIX       ".journal"
#define VERSION      1
#define SYNC_MS      20
#define NS_OF_MS     1000000L
#define ROOM_SECONDS 2 /* between looks whether there is room by now */
#define FILE_MAX     ((size_t)1 << 30)
#define NEAR_BYTES   ((size_t)64 << 10)

static const char magic[4] = {'A', 'C', 'O', 'J'};

struct head {
	char magic[4];
	uint32_t version;
	uint64_t generation;
};
struct record {
	uint32_t len; /* 0: the end */
	uint32_t crc;
	uint32_t done;
	uint32_t upto; /* of the first: what lies before this offset is done */
};

struct file {
	char *path;
	int fd;
	char *map;
	size_t at; /* where the next record goes */
	uint64_t generation;
	int64_t open; /* records that are not done */
};

struct journal {
	char *dir;
	struct file f[2];
	atomic_bool ready; /* the files are there */
	size_t bytes;
	int active;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool stop;
	atomic_bool dirty;
};

static size_t padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static uint32_t sum_of(uint64_t generation, const char *p, size_t n)
{
	return crc32c(crc32c(0, &generation, sizeof(generation)), p, n);
}

/* ---- what was left ---- */

/* False: a record was not taken. */
static bool tell_file(const char *map, size_t size, journal_found_fn *found,
		      void *arg, struct err *e)
{
	struct head h;
	size_t at = sizeof(h), upto = 0;
	struct record r;

	if (size < sizeof(h))
		return true;
	memcpy(&h, map, sizeof(h));
	if (memcmp(h.magic, magic, sizeof(magic)) != 0 || h.version != VERSION)
		return true;
	while (at + sizeof(r) <= size) {
		const char *text = map + at + sizeof(r);

		memcpy(&r, map + at, sizeof(r));
		if (!r.len || r.len > size - at - sizeof(r) ||
		    sum_of(h.generation, text, r.len) != r.crc)
			break;
		if (at == sizeof(h))
			upto = r.upto;
		if (!r.done && at >= upto &&
		    found(arg, (struct str){text, r.len}, e))
			return false;
		at += padded(sizeof(r) + r.len);
	}
	return found(arg, STR_NONE, e) == RC_OK;
}

static void recover(const char *path, journal_found_fn *found, void *arg)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct err e = {"", ""};
	struct stat st;
	char *map;
	bool ok = true;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (st.st_size > 0 && (size_t)st.st_size <= FILE_MAX) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd,
			   0);
		ok = map != MAP_FAILED &&
		     tell_file(map, (size_t)st.st_size, found, arg, &e);
		if (map != MAP_FAILED)
			munmap(map, (size_t)st.st_size);
	}
	close(fd);
	if (ok)
		unlink(path);
	else
		log_line(LOG_ERROR, "journal", "a journal is kept for later",
			 "file=%s err=%s", log_quote(path), log_quote(e.msg));
}

static enum rc recover_all(const char *dir, journal_found_fn *found, void *arg,
			   struct err *e)
{
	DIR *d = opendir(dir);
	const struct dirent *f;

	if (!d)
		return err_set(e, RC_DOWN, "%s: %s", dir, strerror(errno));
	while ((f = readdir(d))) {
		char *path;

		if (!str_ends(str_from(f->d_name), SUFFIX))
			continue;
		path = xasprintf("%s/%s", dir, f->d_name);
		recover(path, found, arg);
		free(path);
	}
	closedir(d);
	return RC_OK;
}

/* ---- our own files ---- */

static void begin(struct file *f)
{
	struct head h = {.version = VERSION, .generation = ++f->generation};
	struct record none = {0};

	/* Without a first record the file is empty, whichever of the two
	 * reaches the disk. */
	memcpy(f->map + sizeof(h), &none, sizeof(none));
	memcpy(h.magic, magic, sizeof(magic));
	memcpy(f->map, &h, sizeof(h));
	f->at = sizeof(h);
}

static enum rc file_errno(const struct file *f, int why, struct err *e)
{
	bool full = why == ENOSPC || why == EDQUOT || why == EFBIG;

	return err_set(e, full ? RC_BUSY : RC_DOWN, "%s: %s", f->path,
		       strerror(why));
}

static enum rc open_file(struct journal *j, int i, struct err *e)
{
	struct file *f = &j->f[i];
	struct timespec t;
	int bad = 0;

	clock_gettime(CLOCK_REALTIME, &t);
	f->path =
		xasprintf("%s/%ld-%lld-%d" SUFFIX, j->dir, (long)getpid(),
			  (long long)t.tv_sec * 1000 + t.tv_nsec / NS_OF_MS, i);
	f->fd = open(f->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (f->fd < 0)
		return file_errno(f, errno, e);
	/* Space is taken now: a page that finds none would end us. */
	bad = posix_fallocate(f->fd, 0, (off_t)j->bytes);
	if (bad)
		return file_errno(f, bad, e);
	f->map = mmap(NULL, j->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd,
		      0);
	if (f->map == MAP_FAILED) {
		f->map = NULL;
		return file_errno(f, errno, e);
	}
	f->generation = (uint64_t)t.tv_sec << 20;
	begin(f);
	return RC_OK;
}

static void close_file(struct journal *j, struct file *f)
{
	if (f->map)
		munmap(f->map, j->bytes);
	if (f->fd >= 0)
		close(f->fd);
	if (f->path && !f->open)
		unlink(f->path);
	free(f->path);
	*f = (struct file){.fd = -1};
}

/* Both or neither. */
static enum rc open_files(struct journal *j, struct err *e)
{
	enum rc rc = RC_OK;

	for (int i = 0; i < 2 && !rc; i++)
		rc = open_file(j, i, e);
	for (int i = 0; i < 2 && rc; i++)
		close_file(j, &j->f[i]);
	if (!rc)
		atomic_store(&j->ready, true);
	return rc;
}

/* ---- the thread ---- */

/* With the lock held: the disk was full. */
static void wait_for_room(struct journal *j)
{
	struct timespec t;
	struct err e;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += ROOM_SECONDS;
	if (pthread_cond_timedwait(&j->cond, &j->lock, &t) == 0 || j->stop)
		return;
	pthread_mutex_unlock(&j->lock);
	if (open_files(j, &e) == RC_OK)
		log_line(LOG_INFO, "journal", "there is room for the journal",
			 "dir=%s", log_quote(j->dir));
	pthread_mutex_lock(&j->lock);
}

static void *sync_main(void *arg)
{
	struct journal *j = arg;
	const struct timespec nap = {.tv_nsec = SYNC_MS * NS_OF_MS};

	pthread_mutex_lock(&j->lock);
	while (!j->stop) {
		if (!atomic_load(&j->ready)) {
			wait_for_room(j);
			continue;
		}
		if (!atomic_load(&j->dirty)) {
			pthread_cond_wait(&j->cond, &j->lock);
			continue;
		}
		pthread_mutex_unlock(&j->lock);
		nanosleep(&nap, NULL);
		atomic_store(&j->dirty, false);
		for (int i = 0; i < 2; i++) {
			if (fdatasync(j->f[i].fd))
				log_line(LOG_ERROR, "journal",
					 "a journal cannot be synced", "err=%s",
					 log_quote(strerror(errno)));
		}
		pthread_mutex_lock(&j->lock);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

static void start_thread(struct journal *j)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&j->thread, NULL, sync_main, j))
		BUG("a thread cannot be made");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	j->running = true;
}

enum rc journal_open(struct journal **out, const char *dir, size_t bytes,
		     journal_found_fn *found, void *arg, struct err *e)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	enum rc rc;

	j->dir = xstrdup(dir);
	j->bytes = bytes;
	j->f[0].fd = j->f[1].fd = -1;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->cond, NULL);
	rc = recover_all(dir, found, arg, e);
	if (!rc)
		rc = open_files(j, e);
	if (rc == RC_BUSY) {
		log_line(LOG_ERROR, "journal",
			 "no room for the journal: until there is, the ends of "
			 "replies wait for the ledger",
			 "err=%s", log_quote(e->msg));
		rc = RC_OK;
	}
	if (rc) {
		journal_close(j);
		return rc;
	}
	start_thread(j);
	*out = j;
	return RC_OK;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	pthread_mutex_lock(&j->lock);
	j->stop = true;
	pthread_cond_signal(&j->cond);
	pthread_mutex_unlock(&j->lock);
	if (j->running)
		pthread_join(j->thread, NULL);
	for (int i = 0; i < 2; i++)
		close_file(j, &j->f[i]);
	pthread_cond_destroy(&j->cond);
	pthread_mutex_destroy(&j->lock);
	free(j->dir);
	free(j);
}

/* ---- records ---- */

static bool fits(const struct journal *j, const struct file *f, size_t need)
{
	return f->at + need <= j->bytes;
}

uint64_t journal_put(struct journal *j, struct str record)
{
	size_t need = padded(sizeof(struct record) + record.len), at;
	struct file *f = &j->f[j->active];
	struct record r, end = {0};

	if (!record.len || record.len > UINT32_MAX || !atomic_load(&j->ready))
		return 0;
	if (!fits(j, f, need)) {
		f = &j->f[!j->active];
		if (f->open || need > j->bytes - sizeof(struct head))
			return 0;
		j->active = !j->active;
		begin(f);
	}
	at = f->at;
	r = (struct record){.len = (uint32_t)record.len,
			    .crc = sum_of(f->generation, record.p, record.len)};
	memcpy(f->map + at + sizeof(r), record.p, record.len);
	if (at + need + sizeof(end) <= j->bytes)
		memcpy(f->map + at + need, &end, sizeof(end));
	memcpy(f->map + at, &r, sizeof(r));
	f->at += need;
	f->open++;
	if (!atomic_exchange(&j->dirty, true)) {
		pthread_mutex_lock(&j->lock);
		pthread_cond_signal(&j->cond);
		pthread_mutex_unlock(&j->lock);
	}
	return (uint64_t)(unsigned)j->active << 32 | (uint32_t)at;
}

static void set_word(struct file *f, size_t at, uint32_t v)
{
	memcpy(f->map + at, &v, sizeof(v));
}

/* A page far behind was synced since: to write to it would be a fault, and a
 * page more for the disk. It is left alone; a record that is told again after a
 * crash though it was done is still one row. */
void journal_done(struct journal *j, uint64_t mark)
{
	struct file *f = &j->f[mark >> 32];
	size_t at = (uint32_t)mark;

	f->open--;
	if (!f->open)
		set_word(f, sizeof(struct head) + offsetof(struct record, upto),
			 (uint32_t)f->at);
	else if (f->at - at <= NEAR_BYTES)
		set_word(f, at + offsetof(struct record, done), 1);
}
