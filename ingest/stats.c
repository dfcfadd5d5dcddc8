#include "ingest/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/buf.h"
#include "ledger/base/clock.h"
#include "ledger/base/cmd.h"
#include "ledger/base/str.h"

/* Blocks of two processes never share a line of the cache. */
struct slot {
	struct stats_block b;
	int32_t pid; /* of the process that counts here, or 0 */
	int64_t beats;
	char name[24];
} __attribute__((aligned(64)));

struct stats {
	int n;
	int64_t started_us, started_mono_us;
	struct slot slots[];
};

static struct slot alone;
struct stats_block *stats_self = &alone.b;
static struct slot *self = &alone;

static const struct family {
	const char *name, *labels, *help;
} families[STAT_N] = {
#define X(id, name_, labels_, help_)                                           \
	[STAT_##id] = {.name = name_, .labels = labels_, .help = help_},
	STATS_COUNTERS(X) STATS_GAUGES(X)
#undef X
};

/* How many of them are counters: they come first. */
enum {
#define X(id, name, labels, help) COUNTER_##id,
	STATS_COUNTERS(X)
#undef X
	COUNTERS
};

static size_t stats_size(int n)
{
	return sizeof(struct stats) + (size_t)n * sizeof(struct slot);
}

struct stats *stats_new(int processes)
{
	struct stats *s =
		mmap(NULL, stats_size(processes), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED)
		BUG("no shared memory for counters");
	s->n = processes;
	s->started_us = clock_now_us();
	s->started_mono_us = clock_mono_us();
	return s;
}

void stats_free(struct stats *s)
{
	if (!s)
		return;
	self = &alone;
	stats_self = &self->b;
	munmap(s, stats_size(s->n));
}

void stats_attach(struct stats *s, int i, const char *name)
{
	self = &s->slots[i];
	stats_self = &self->b;
	snprintf(self->name, sizeof(self->name), "%s", name);
	__atomic_store_n(&self->pid, (int32_t)getpid(), __ATOMIC_RELEASE);
}

void stats_beat(void)
{
	__atomic_fetch_add(&self->beats, 1, __ATOMIC_RELAXED);
}

int64_t stats_beats(const struct stats *s, int i)
{
	return __atomic_load_n(&s->slots[i].beats, __ATOMIC_RELAXED);
}

void stats_gone(struct stats *s, int i)
{
	__atomic_store_n(&s->slots[i].pid, 0, __ATOMIC_RELAXED);
	for (int k = COUNTERS; k < STAT_N; k++)
		__atomic_store_n(&s->slots[i].b.v[k], 0, __ATOMIC_RELAXED);
}

#define ACK_US   INT64_C(250) /* of the first bucket */
#define ADDED_US INT64_C(10)

static void count_time(struct stats_times *t, int64_t us, int64_t bound)
{
	int i = 0;

	while (i < STATS_BUCKETS && us > bound) {
		bound *= 2;
		i++;
	}
	if (i < STATS_BUCKETS)
		__atomic_fetch_add(&t->bucket[i], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&t->count, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&t->sum_us, us, __ATOMIC_RELAXED);
}

void stats_ack(int64_t us)
{
	count_time(&stats_self->ack, us, ACK_US);
}

void stats_added(int64_t us)
{
	count_time(&stats_self->added, us, ADDED_US);
}

static int64_t load(const int64_t *v)
{
	return __atomic_load_n(v, __ATOMIC_RELAXED);
}

static bool is_max(enum stats_id id)
{
	return str_ends(str_from(families[id].name), "_max");
}

int64_t stats_sum(const struct stats *s, enum stats_id id)
{
	int64_t sum = 0;

	for (int i = 0; i < s->n; i++) {
		int64_t v = load(&s->slots[i].b.v[id]);

		if (is_max(id))
			sum = v > sum ? v : sum;
		else
			sum += v;
	}
	return sum;
}

int64_t stats_uptime_us(const struct stats *s)
{
	return clock_mono_us() - s->started_mono_us;
}

/* ---- text ---- */

static void declare(struct buf *out, const char *name, const char *type,
		    const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_seconds(struct buf *out, int64_t us)
{
	buf_addf(out, "%" PRId64 ".%06d", us / US_PER_SEC,
		 (int)(us % US_PER_SEC));
}

static void print_stat(const struct stats *s, enum stats_id id, struct buf *out)
{
	const struct family *f = &families[id];
	int64_t v = stats_sum(s, id);

	if (id == 0 || strcmp(f->name, families[id - 1].name) != 0)
		declare(out, f->name, id < (int)COUNTERS ? "counter" : "gauge",
			f->help);
	buf_adds(out, f->name);
	if (*f->labels)
		buf_addf(out, "{%s}", f->labels);
	buf_addc(out, ' ');
	if (strstr(f->name, "_seconds"))
		add_seconds(out, v);
	else
		buf_addf(out, "%" PRId64, v);
	buf_addc(out, '\n');
}

static const struct stats_times *times_of(const struct stats *s, int i,
					  size_t at)
{
	return (const void *)((const char *)&s->slots[i].b + at);
}

/* `at`: of the times in a block. */
static void print_times(const struct stats *s, const char *name, size_t at,
			int64_t bound, struct buf *out)
{
	int64_t below = 0, count = 0, sum_us = 0;

	for (int k = 0; k < STATS_BUCKETS; k++, bound *= 2) {
		for (int i = 0; i < s->n; i++)
			below += load(&times_of(s, i, at)->bucket[k]);
		buf_addf(out, "%s_bucket{le=\"", name);
		add_seconds(out, bound);
		buf_addf(out, "\"} %" PRId64 "\n", below);
	}
	for (int i = 0; i < s->n; i++) {
		count += load(&times_of(s, i, at)->count);
		sum_us += load(&times_of(s, i, at)->sum_us);
	}
	/* Others count while we read: a bucket may be ahead of the count. */
	count = count < below ? below : count;
	buf_addf(out, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n%s_sum ", name,
		 count, name);
	add_seconds(out, sum_us);
	buf_addf(out, "\n%s_count %" PRId64 "\n", name, count);
}

static void print_histograms(const struct stats *s, struct buf *out)
{
	static const char ack[] = "aco_acknowledgement_seconds";
	static const char added[] = "aco_gateway_added_seconds";

	declare(out, ack, "histogram",
		"arrival of a request's last byte to its answer, when that "
		"says that its events are safe");
	print_times(s, ack, offsetof(struct stats_block, ack), ACK_US, out);
	declare(out, added, "histogram",
		"time of the gateway itself in an exchange: all of it without "
		"waiting for providers, for a place with one, and between "
		"attempts");
	print_times(s, added, offsetof(struct stats_block, added), ADDED_US,
		    out);
}

/* Bytes of memory that a process holds; -1 when it has gone. */
static int64_t resident(int32_t pid)
{
	char path[32], text[64];
	const char *second;
	FILE *f;
	int64_t pages = -1;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "re");
	if (f && fgets(text, sizeof(text), f)) {
		second = strchr(text, ' ');
		if (second)
			pages = strtoll(second, NULL, 10);
	}
	if (f)
		fclose(f);
	return pages < 0 ? -1 : pages * sysconf(_SC_PAGESIZE);
}

static void print_processes(const struct stats *s, struct buf *out)
{
	static const char name[] = "aco_process_resident_memory_bytes";

	declare(out, name, "gauge", "memory of each process of the daemon");
	for (int i = 0; i < s->n; i++) {
		int32_t pid =
			__atomic_load_n(&s->slots[i].pid, __ATOMIC_ACQUIRE);
		int64_t bytes = pid ? resident(pid) : -1;

		if (bytes >= 0)
			buf_addf(out, "%s{process=\"%s\"} %" PRId64 "\n", name,
				 s->slots[i].name, bytes);
	}
}

void stats_print(const struct stats *s, struct buf *out)
{
	declare(out, "aco_build_info", "gauge", "version of the program");
	buf_adds(out, "aco_build_info{version=\"" ACO_VERSION "\"} 1\n");
	declare(out, "aco_start_time_seconds", "gauge",
		"when the daemon started, in seconds since 1970");
	buf_adds(out, "aco_start_time_seconds ");
	add_seconds(out, s->started_us);
	buf_addc(out, '\n');
	for (int id = 0; id < STAT_N; id++)
		print_stat(s, (enum stats_id)id, out);
	print_histograms(s, out);
	print_processes(s, out);
}
