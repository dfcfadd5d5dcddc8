/* Circuit breakers. */
#include "ingest/gw_int.h"
#include "ledger/base/clock.h"

#define FAILURES_MAX 5
#define OPEN_MIN_US  (2 * US_PER_SEC)
#define OPEN_MAX_US  (60 * US_PER_SEC)

bool gw_link_ready(struct gw_link *l, int64_t now_us)
{
	if (l->state == LINK_OPEN && now_us >= l->until_us) {
		l->state = LINK_HALF;
		l->probing = false;
	}
	return l->state == LINK_CLOSED ||
	       (l->state == LINK_HALF && !l->probing);
}

int64_t gw_link_wait_us(const struct gw_link *l, int64_t now_us)
{
	if (l->state == LINK_OPEN && l->until_us > now_us)
		return l->until_us - now_us;
	return l->state == LINK_HALF ? US_PER_SEC : 0;
}

void gw_link_begin(struct gw_link *l)
{
	l->active++;
	if (l->state == LINK_HALF)
		l->probing = true;
}

static void open_it(struct gw_link *l, int64_t now_us)
{
	l->open_us = l->state == LINK_HALF ? l->open_us * 2 : OPEN_MIN_US;
	if (l->open_us > OPEN_MAX_US)
		l->open_us = OPEN_MAX_US;
	l->state = LINK_OPEN;
	l->until_us = now_us + l->open_us;
	l->probing = false;
}

void gw_link_end(struct gw_link *l, enum gw_health h, int64_t now_us)
{
	l->active--;
	if (h == HEALTH_GOOD) {
		l->state = LINK_CLOSED;
		l->failures = 0;
		l->probing = false;
	} else if (h == HEALTH_BAD) {
		l->failures++;
		if (l->state == LINK_HALF ||
		    (l->state == LINK_CLOSED && l->failures >= FAILURES_MAX))
			open_it(l, now_us);
	} else if (l->state == LINK_HALF) {
		l->probing = false; /* the next one tells */
	}
}
