#include "ledger/base/uuid.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

/* Random bytes in stock, a system call for many ids; each thread has its own.
 * fork() would copy them, and two workers would make the same ids: the child
 * throws them away. */
static _Thread_local struct {
	unsigned char bytes[512];
	size_t left;
	unsigned family; /* when it was filled */
} stock;
static atomic_uint family; /* a new one in each forked child */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void forked(void)
{
	atomic_fetch_add(&family, 1);
}

static void watch_forks(void)
{
	if (pthread_atfork(NULL, NULL, forked))
		BUG("pthread_atfork failed");
}

/* More than 256 bytes at once may end early at a signal before Linux 5.18. */
static void fill(unsigned char *p, size_t n)
{
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno != EINTR)
			BUG("getrandom failed");
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}

static void random_bytes(void *p, size_t n)
{
	unsigned now;

	pthread_once(&once, watch_forks);
	now = atomic_load_explicit(&family, memory_order_relaxed);
	if (stock.left < n || stock.family != now) {
		fill(stock.bytes, sizeof(stock.bytes));
		stock.left = sizeof(stock.bytes);
		stock.family = now;
	}
	stock.left -= n;
	memcpy(p, stock.bytes + stock.left, n);
}

/* RFC 9562 section 5.7, with section 6.2 method 3: the 12 bits after the
 * milliseconds hold the fraction of the millisecond, so that ids made in one
 * millisecond by one process sort by time as well. */
struct uuid uuid_v7(void)
{
	uint64_t us = (uint64_t)clock_now_us();
	uint64_t ms = us / 1000;
	unsigned frac = (unsigned)(us % 1000 * 4096 / 1000);
	struct uuid u;

	random_bytes(u.b + 8, 8);
	for (unsigned i = 0; i < 6; i++)
		u.b[i] = (uint8_t)(ms >> (40 - 8 * i));
	u.b[6] = (uint8_t)(0x70 | frac >> 8);
	u.b[7] = (uint8_t)frac;
	u.b[8] = (uint8_t)(0x80 | (u.b[8] & 0x3f));
	return u;
}

bool uuid_is_nil(struct uuid u)
{
	return uuid_eq(u, (struct uuid){{0}});
}

bool uuid_eq(struct uuid a, struct uuid b)
{
	return uuid_cmp(a, b) == 0;
}

int uuid_cmp(struct uuid a, struct uuid b)
{
	return memcmp(a.b, b.b, sizeof(a.b));
}

char *uuid_format(struct uuid u, char *buf)
{
	static const char hex[] = "0123456789abcdef";
	char *p = buf;

	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[u.b[i] >> 4];
		*p++ = hex[u.b[i] & 15];
	}
	*p = 0;
	return buf;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool uuid_parse(struct str s, struct uuid *out)
{
	bool hyphens = s.len == 36;
	struct uuid u;
	size_t at = 0;

	if (s.len != 32 && !hyphens)
		return false;
	for (unsigned i = 0; i < 16; i++) {
		int hi, lo;

		if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10)) {
			if (s.p[at++] != '-')
				return false;
		}
		hi = hex_value(s.p[at++]);
		lo = hex_value(s.p[at++]);
		if (hi < 0 || lo < 0)
			return false;
		u.b[i] = (uint8_t)(hi << 4 | lo);
	}
	*out = u;
	return true;
}
