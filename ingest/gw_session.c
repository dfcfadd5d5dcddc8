/* A hash table of fixed size in a shared file. Who writes locks the places
 * where the task may stand; the lock of a process that dies goes with it.
 * Readers do not lock: a slot carries a sum of its content, so that one that is
 * being written, or that a process died upon, counts as empty. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ingest/gw_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/crc32c.h"

#define SLOTS   16384
#define NEAR    4 /* places where a task may stand */
#define VERSION 1
/* Whoever has the lock holds it for a microsecond, unless it is stopped: then
 * we go on without, and a sum may miss what it adds. */
#define LOCK_US INT64_C(200000)
#define LOOK_NS 50000L

struct slot {
	uint32_t sum; /* of what follows; 0 and all zero: empty */
	uint32_t version;
	struct uuid task;
	struct gw_last v;
};

struct gw_sessions {
	struct slot *slots;
	int fd;
};

static uint32_t sum_of(const struct slot *s)
{
	return crc32c(0, &s->version, sizeof(*s) - sizeof(s->sum));
}

struct gw_sessions *gw_sessions_open(const char *home)
{
	size_t bytes = SLOTS * sizeof(struct slot);
	char *path = xasprintf("%s/sessions", home);
	struct gw_sessions *s = NULL;
	void *map = MAP_FAILED;
	int fd;

	(void)mkdir(home, 0700);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && !posix_fallocate(fd, 0, (off_t)bytes))
		map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			   0);
	if (map == MAP_FAILED) {
		log_line(LOG_WARN, "gateway",
			 "what served a task last is not remembered",
			 "file=%s err=%s", log_quote(path),
			 log_quote(strerror(errno)));
	} else {
		s = xcalloc(1, sizeof(*s));
		s->slots = map;
		s->fd = fd;
		fd = -1;
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return s;
}

void gw_sessions_close(struct gw_sessions *s)
{
	if (!s)
		return;
	munmap(s->slots, SLOTS * sizeof(struct slot));
	close(s->fd);
	free(s);
}

static size_t home_of(struct uuid task)
{
	uint64_t h;

	memcpy(&h, task.b, sizeof(h));
	return (size_t)(h % SLOTS);
}

static bool good(const struct slot *s)
{
	return s->version == VERSION && s->sum == sum_of(s) &&
	       memchr(s->v.model, 0, sizeof(s->v.model));
}

bool gw_session_get(const struct gw_sessions *s, struct uuid task,
		    struct gw_last *out)
{
	size_t at = home_of(task);

	for (size_t i = 0; s && i < NEAR; i++) {
		struct slot copy = s->slots[(at + i) % SLOTS];

		if (!uuid_eq(copy.task, task) || !good(&copy))
			continue;
		*out = copy.v;
		return true;
	}
	*out = (struct gw_last){.steps = 0};
	return false;
}

/* Its own place, a free one, or that of the oldest. */
static struct slot *place(struct gw_sessions *s, struct uuid task)
{
	size_t at = home_of(task);
	struct slot *best = NULL;

	for (size_t i = 0; i < NEAR; i++) {
		struct slot *x = &s->slots[(at + i) % SLOTS];

		if (uuid_eq(x->task, task))
			return x;
		if (!best || !good(x) ||
		    (good(best) && x->v.at_us < best->v.at_us))
			best = x;
	}
	return best;
}

/* A byte of the file stands for a place. */
static bool set_lock(const struct gw_sessions *s, size_t at, short type)
{
	struct flock f = {.l_type = type,
			  .l_whence = SEEK_SET,
			  .l_start = (off_t)at,
			  .l_len = NEAR};

	return fcntl(s->fd, F_OFD_SETLK, &f) == 0;
}

static void lock(const struct gw_sessions *s, size_t at)
{
	const struct timespec nap = {.tv_nsec = LOOK_NS};
	int64_t until;

	if (set_lock(s, at, F_WRLCK))
		return;
	until = clock_mono_us() + LOCK_US;
	while (!set_lock(s, at, F_WRLCK) && clock_mono_us() < until)
		nanosleep(&nap, NULL);
}

static void put(struct gw_sessions *s, struct uuid task,
		const struct gw_last *v)
{
	struct slot new;

	memset(&new, 0, sizeof(new));
	new.version = VERSION;
	new.task = task;
	memcpy(&new.v, v, sizeof(*v));
	new.sum = sum_of(&new);
	*place(s, task) = new;
}

void gw_session_put(struct gw_sessions *s, struct uuid task,
		    const struct gw_last *v)
{
	size_t at = home_of(task);

	if (!s)
		return;
	lock(s, at);
	put(s, task, v);
	set_lock(s, at, F_UNLCK);
}

void gw_session_change(struct gw_sessions *s, struct uuid task,
		       void (*with)(struct gw_last *v, void *arg), void *arg)
{
	size_t at = home_of(task);
	struct gw_last v;

	if (!s)
		return;
	lock(s, at);
	gw_session_get(s, task, &v);
	with(&v, arg);
	put(s, task, &v);
	set_lock(s, at, F_UNLCK);
}
