/* A hash table of fixed size in a shared file. Who writes locks the stretch of
 * the table where the task's places begin: a word behind the slots, with the
 * holder's process in it, so that one which died in it is noticed (a system
 * call for each lock would be felt). Readers do not lock: a slot carries a sum
 * of its content, so that one that is being written, or that a process died
 * upon, counts as empty. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
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
#define VERSION 2
#define LOCKS   256
/* Whoever has a lock holds it for less than a microsecond, unless it is
 * stopped, or the number is by now another process's: then it is taken over,
 * and a sum may miss what was added. */
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
	atomic_int *locks; /* LOCKS of them; 0: free */
	int self;
};

static size_t file_bytes(void)
{
	return SLOTS * sizeof(struct slot) + LOCKS * sizeof(atomic_int);
}

static uint32_t sum_of(const struct slot *s)
{
	return crc32c(0, &s->version, sizeof(*s) - sizeof(s->sum));
}

struct gw_sessions *gw_sessions_open(const char *home)
{
	size_t bytes = file_bytes();
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
		s->locks = (atomic_int *)(void *)(s->slots + SLOTS);
		s->self = (int)getpid();
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
	munmap(s->slots, file_bytes());
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

static bool is_dead(int pid)
{
	return kill(pid, 0) && errno == ESRCH;
}

static atomic_int *lock(const struct gw_sessions *s, size_t at)
{
	const struct timespec nap = {.tv_nsec = LOOK_NS};
	atomic_int *l = &s->locks[at / (SLOTS / LOCKS)];
	int64_t until = 0;
	int holder = 0;

	while (!atomic_compare_exchange_strong(l, &holder, s->self)) {
		int64_t now = clock_mono_us();

		until = until ? until : now + LOCK_US;
		/* From that holder, if it still is the one. */
		if (now >= until || is_dead(holder))
			continue;
		nanosleep(&nap, NULL);
		holder = 0;
	}
	return l;
}

static void unlock(const struct gw_sessions *s, atomic_int *l)
{
	int self = s->self;

	(void)atomic_compare_exchange_strong(l, &self, 0);
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
	atomic_int *l;

	if (!s)
		return;
	l = lock(s, at);
	put(s, task, v);
	unlock(s, l);
}

void gw_session_change(struct gw_sessions *s, struct uuid task,
		       void (*with)(struct gw_last *v, void *arg), void *arg)
{
	size_t at = home_of(task);
	struct gw_last v;
	atomic_int *l;

	if (!s)
		return;
	l = lock(s, at);
	gw_session_get(s, task, &v);
	with(&v, arg);
	put(s, task, &v);
	unlock(s, l);
}
