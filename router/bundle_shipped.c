/* The bundle that is part of the program. Should its features be others than
 * the program's (it was built from a tree in which one changed and the bundle
 * was not trained again), the plain one stands in for it; test_bundle says
 * so. */
#include <pthread.h>

#include "ledger/base/alloc.h"
#include "router/bundle.h"
#include "router/bundle_plain.h"

#define PLAIN_MAX (1 << 20)

__asm__(".section .rodata\n"
	".balign 64\n"
	"bundle_shipped_begin:\n"
	".incbin \"router/data/shipped.aco\"\n"
	"bundle_shipped_end:\n"
	".byte 0\n"
	".previous\n");

extern const char bundle_shipped_begin[], bundle_shipped_end[];

static struct bundle *shipped;
static struct buf plain; /* its bytes stay, as the embedded ones do */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_shipped(void)
{
	size_t n = (size_t)(bundle_shipped_end - bundle_shipped_begin);
	struct err e;

	if (!bundle_view(&shipped, bundle_shipped_begin, n, &e))
		return;
	buf_init(&plain, PLAIN_MAX);
	bundle_plain(&plain);
	if (bundle_view(&shipped, plain.p, plain.len, &e))
		BUG(e.msg);
}

const struct bundle *bundle_shipped(void)
{
	pthread_once(&once, open_shipped);
	return shipped;
}

struct str bundle_shipped_bytes(void)
{
	return (struct str){
		bundle_shipped_begin,
		(size_t)(bundle_shipped_end - bundle_shipped_begin)};
}
