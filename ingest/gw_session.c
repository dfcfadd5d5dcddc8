/* A hash table of fixed size in a shared file. Nobody locks: a slot carries a
 * sum of its content, so that one that two processes wrote at once, or one that
 * a process died upon, counts as empty. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/gw_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/log.h"
#include "ledger/crc32c.h"

#define SLOTS   16384
#define NEAR    4 /* places where a task may stand */
#define VERSION 1

struct slot {
	uint32_t sum; /* of what follows; 0 and all zero: empty */
	uint32_t version;
	struct uuid task;
	struct gw_last v;
};

struct gw_sessions {
	struct slot *slots;
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

void gw_session_put(struct gw_sessions *s, struct uuid task,
		    const struct gw_last *v)
{
	struct slot new;

	if (!s)
		return;
	memset(&new, 0, sizeof(new));
	new.version = VERSION;
	new.task = task;
	memcpy(&new.v, v, sizeof(*v));
	new.sum = sum_of(&new);
	*place(s, task) = new;
}
