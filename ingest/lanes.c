#include "ingest/lanes.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "ledger/base/alloc.h"
#include "ledger/base/buf.h"

struct cells { /* of one worker: no other writes here while it lives */
	int32_t taken[LANES_MAX], waiting[LANES_MAX];
	int64_t since_us[LANES_MAX]; /* of the first that waits; 0: none */
} __attribute__((aligned(64)));

struct lane {
	int32_t state; /* FREE, or being named, or named */
	int32_t max;   /* as it was last asked for */
	char name[LANE_NAME];
};

enum {
	FREE,
	NAMING,
	NAMED
};

struct lanes {
	int workers;
	struct lane lane[LANES_MAX];
	struct cells cells[];
};

static size_t size_of(int workers)
{
	return sizeof(struct lanes) + (size_t)workers * sizeof(struct cells);
}

struct lanes *lanes_new(int workers)
{
	struct lanes *l = mmap(NULL, size_of(workers), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (l == MAP_FAILED)
		BUG("no shared memory for the providers' calls");
	l->workers = workers;
	return l;
}

void lanes_free(struct lanes *l)
{
	if (l)
		munmap(l, size_of(l->workers));
}

int lanes_workers(const struct lanes *l)
{
	return l->workers;
}

static int32_t load(const int32_t *v)
{
	return __atomic_load_n(v, __ATOMIC_SEQ_CST);
}

/* A place that somebody died upon while naming it stays unused. */
static bool claim(struct lane *x, const char *name)
{
	int32_t was = FREE;

	if (!__atomic_compare_exchange_n(&x->state, &was, NAMING, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;
	snprintf(x->name, sizeof(x->name), "%s", name);
	__atomic_store_n(&x->state, NAMED, __ATOMIC_SEQ_CST);
	return true;
}

int lanes_of(struct lanes *l, const char *name)
{
	for (int i = 0; i < LANES_MAX; i++) {
		struct lane *x = &l->lane[i];

		if (load(&x->state) == FREE && claim(x, name))
			return i;
		/* Copying a name is the matter of an instant. */
		for (int spins = 0; load(&x->state) == NAMING && spins < 100000;
		     spins++)
			;
		if (load(&x->state) == NAMED &&
		    !strncmp(x->name, name, LANE_NAME - 1))
			return i;
	}
	return LANES_MAX - 1;
}

static int sum(const struct lanes *l, int lane, bool waiting)
{
	int n = 0;

	for (int w = 0; w < l->workers; w++)
		n += load(waiting ? &l->cells[w].waiting[lane]
				  : &l->cells[w].taken[lane]);
	return n;
}

bool lanes_take(struct lanes *l, int lane, int worker, int max)
{
	int32_t *mine = &l->cells[worker].taken[lane];

	if (__atomic_load_n(&l->lane[lane].max, __ATOMIC_RELAXED) != max)
		__atomic_store_n(&l->lane[lane].max, max, __ATOMIC_RELAXED);
	if (max <= 0) { /* who else may be there does not matter */
		__atomic_store_n(mine, *mine + 1, __ATOMIC_RELAXED);
		return true;
	}
	__atomic_fetch_add(mine, 1, __ATOMIC_SEQ_CST);
	if (sum(l, lane, false) <= max)
		return true;
	__atomic_fetch_sub(mine, 1, __ATOMIC_SEQ_CST);
	return false;
}

void lanes_give(struct lanes *l, int lane, int worker)
{
	int32_t *mine = &l->cells[worker].taken[lane];

	if (*mine <= 0)
		BUG("a call that was never there has left");
	__atomic_store_n(mine, *mine - 1, __ATOMIC_RELEASE);
}

void lanes_wait(struct lanes *l, int lane, int worker, int n, int64_t since_us)
{
	struct cells *c = &l->cells[worker];

	__atomic_store_n(&c->waiting[lane], n, __ATOMIC_RELAXED);
	__atomic_store_n(&c->since_us[lane], since_us, __ATOMIC_RELAXED);
}

bool lanes_behind(const struct lanes *l, int lane, int worker, int64_t us)
{
	for (int w = 0; w < l->workers; w++) {
		int64_t since = __atomic_load_n(&l->cells[w].since_us[lane],
						__ATOMIC_RELAXED);

		if (w != worker && since && since < us)
			return true;
	}
	return false;
}

int lanes_taken(const struct lanes *l, int lane)
{
	return sum(l, lane, false);
}

int lanes_waiting(const struct lanes *l, int lane)
{
	return sum(l, lane, true);
}

void lanes_gone(struct lanes *l, int worker)
{
	struct cells *c;

	if (worker < 0 || worker >= l->workers)
		return;
	c = &l->cells[worker];
	for (int i = 0; i < LANES_MAX; i++) {
		__atomic_store_n(&c->taken[i], 0, __ATOMIC_SEQ_CST);
		__atomic_store_n(&c->waiting[i], 0, __ATOMIC_RELAXED);
		__atomic_store_n(&c->since_us[i], 0, __ATOMIC_RELAXED);
	}
}

/* ---- text ---- */

static void put(struct buf *out, const char *family, const char *name, int v)
{
	buf_addf(out, "%s{provider=\"", family);
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			buf_addc(out, '\\');
		buf_addc(out, (unsigned char)*name < ' ' ? '_' : *name);
	}
	buf_addf(out, "\"} %d\n", v);
}

static void print_family(const struct lanes *l, const char *family,
			 const char *help, int which, struct buf *out)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s gauge\n", family, help, family);
	for (int i = 0; i < LANES_MAX; i++) {
		const struct lane *x = &l->lane[i];
		int max = __atomic_load_n(&x->max, __ATOMIC_RELAXED);

		if (load(&x->state) != NAMED || (which == 1 && !max))
			continue;
		put(out, family, x->name,
		    which == 1 ? max : sum(l, i, which == 2));
	}
}

void lanes_print(const struct lanes *l, struct buf *out)
{
	print_family(l, "aco_provider_calls", "calls at a provider just now", 0,
		     out);
	print_family(l, "aco_provider_calls_limit",
		     "how many there may be at once", 1, out);
	print_family(l, "aco_provider_waiting",
		     "calls that wait for a place there", 2, out);
}
