/* One loop: wait for keys, the database, the clock; draw once for all that
 * happened. Nothing in it blocks but the wait. */
#include "tui/loop.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "tui/action.h"
#include "tui/screen.h"

/* The clock and the age of the data are drawn anew this often. */
#define TICK_MS 1000

struct loop {
	struct top *t;
	bool quit;
	bool repaint;
	int64_t drawn_us; /* monotonic */
	enum data_state seen;
};

static void react(struct loop *l, unsigned r)
{
	struct top *t = l->t;

	if (r & REACT_QUIT)
		l->quit = true;
	if (r & REACT_ARRANGE)
		top_arrange(t);
	if (r & REACT_GATHER)
		t->want_gather = true;
	if (r & REACT_REPAINT)
		l->repaint = true;
	if (r)
		t->dirty = true;
}

/* All keys that are there: a held key or a storm of resizes is drawn once. */
static bool read_keys(struct loop *l)
{
	bool any = false;

	while (!l->quit) {
		wint_t key;
		int rc = get_wch(&key);

		if (rc == ERR)
			break;
		any = true;
		react(l, action_key(l->t, key, rc == KEY_CODE_YES));
	}
	return any;
}

static void draw(struct loop *l)
{
	struct top *t = l->t;

	t->ctx.now_us = clock_now_us();
	screen_settle(t);
	if (l->repaint)
		clearok(stdscr, TRUE);
	screen_draw(t);
	l->repaint = false;
	t->dirty = false;
	l->drawn_us = clock_mono_us();
}

static int earliest(int a, int b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

static int timeout_ms(const struct loop *l)
{
	int64_t since = (clock_mono_us() - l->drawn_us) / 1000;
	int ms = since >= TICK_MS ? 0 : (int)(TICK_MS - since);

	ms = earliest(ms, data_timeout_ms(l->t->data));
	return earliest(ms, gather_timeout_ms(l->t));
}

static void wait_for(struct loop *l)
{
	struct pollfd p[1 + DATA_FDS] = {{STDIN_FILENO, POLLIN, 0}};
	int n = data_poll(l->t->data, p + 1);
	int ms = timeout_ms(l);
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	if (ppoll(p, (nfds_t)n + 1, &ts, crt_wait_mask()) < 0 && errno != EINTR)
		BUG("poll refuses the terminal");
	/* The keyboard first: a terminal that is gone has no keys. */
	if (!read_keys(l) && (p[0].revents & (POLLHUP | POLLERR | POLLNVAL)))
		l->quit = true;
	data_io(l->t->data, p + 1, n);
}

static void step(struct loop *l)
{
	struct top *t = l->t;

	if (data_state(t->data) != l->seen) {
		l->seen = data_state(t->data);
		t->dirty = true;
	}
	gather_step(t);
	if (t->dirty || clock_mono_us() - l->drawn_us >= TICK_MS * 1000)
		draw(l);
}

enum rc top_run(struct top *t, enum theme theme, int *sig, struct err *e)
{
	struct loop l = {.t = t, .seen = DATA_CONNECTING};
	enum rc rc = crt_open(theme, e);

	*sig = 0;
	if (rc != RC_OK)
		return rc;
	draw(&l);
	while (!l.quit && !crt_signal()) {
		wait_for(&l);
		if (!l.quit)
			step(&l);
	}
	crt_close();
	*sig = crt_signal();
	return RC_OK;
}
