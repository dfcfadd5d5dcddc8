/* Replays the spool of a worker that there is no more, then ends. */
#include <signal.h>

#include "ingest/child.h"
#include "ingest/intake.h"
#include "ingest/loop.h"
#include "ingest/stats.h"
#include "ledger/base/clock.h"

#define LOOK_US  (US_PER_SEC / 2)
#define DRAIN_US (2 * US_PER_SEC)

struct adopt {
	struct loop *loop;
	struct intake *intake;
	struct loop_timer *timer;
	bool ending;
};

static void drained(void *arg)
{
	struct adopt *a = arg;

	loop_stop(a->loop);
}

static void end(void *arg)
{
	struct adopt *a = arg;

	if (a->ending)
		return;
	a->ending = true;
	intake_drain(a->intake, clock_mono_us() + DRAIN_US, drained, a);
}

static void look(void *arg)
{
	struct adopt *a = arg;
	struct intake_state s;

	stats_beat();
	intake_look(a->intake, &s);
	if (s.spool_bytes == 0)
		end(a);
	loop_timer_set(a->timer, LOOK_US);
}

enum rc adopt_main(const struct child_start *s, struct err *e)
{
	struct adopt a = {.loop = loop_new()};
	enum rc rc =
		intake_open(&a.intake, a.loop, s->conf, s->url, s->index, e);

	if (!rc) {
		a.timer = loop_timer_new(a.loop, look, &a);
		loop_signal(a.loop, SIGTERM, end, &a);
		child_ready(s);
		look(&a);
		loop_run(a.loop);
		loop_timer_free(a.timer);
	}
	intake_free(a.intake);
	loop_free(a.loop);
	return rc;
}
