/* What the parent does when a child or a signal or the clock says so. */
#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingest/lanes.h"
#include "ingest/notify.h"
#include "ingest/serve_conf.h"
#include "ingest/stats.h"
#include "ingest/supervise_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/cmd.h"
#include "ledger/base/json.h"
#include "ledger/base/log.h"
#include "ledger/daemon.h"

#define GRACE_US    (5 * US_PER_SEC)
#define HURRY_US    (3 * US_PER_SEC)
#define TICK_US     (5 * US_PER_SEC)
#define STILL_TICKS 12 /* a worker whose loop stands still for a minute */
#define ADOPT_US    (600 * US_PER_SEC)

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool is_worker(const struct child *c)
{
	return c->main == worker_main;
}

/* ---- telling ---- */

static void add_addresses(const struct parent *p, struct json_out *o)
{
	json_out_arr(o, "addresses");
	for (int i = 0; i < p->listen.n; i++)
		json_out_str(o, NULL, str_from(p->listen.a[i].text));
	json_out_end(o, ']');
}

static void tell_state(const struct parent *p)
{
	struct err e = {"", ""};
	struct json_out o;
	struct buf b;

	buf_init(&b, 16384);
	json_out_init(&o, &b);
	json_out_obj(&o, NULL);
	json_out_i64(&o, "pid", getpid());
	json_out_str(&o, "version", STR(ACO_VERSION));
	json_out_time(&o, "started_at", p->started_us);
	add_addresses(p, &o);
	json_out_bool(&o, "tls", p->conf->tls_cert[0] != 0);
	json_out_i64(&o, "workers", p->workers);
	json_out_end(&o, '}');
	buf_addc(&b, '\n');
	if (daemon_tell(p->conf, &b, &e))
		log_line(LOG_WARN, "serve", "cannot write the state file",
			 "err=%s", log_quote(e.msg));
	buf_release(&b);
}

static void add_status(const struct parent *p, char *text, size_t size)
{
	size_t at = 0;
	int up = 0;

	for (int i = 0; i < p->workers; i++)
		up += p->children[i].state == CHILD_RUNNING;
	at += (size_t)snprintf(text, size, "%d of %d workers, listening on", up,
			       p->workers);
	for (int i = 0; i < p->listen.n && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, " %s",
				       p->listen.a[i].text);
}

static void tell_status(const struct parent *p)
{
	char text[400];

	add_status(p, text, sizeof(text));
	notify_status(text);
}

static void tell_ready(const struct parent *p)
{
	char text[400];

	add_status(p, text, sizeof(text));
	notify_ready(text);
}

static bool all_running(const struct parent *p)
{
	for (int i = 0; i < p->workers; i++) {
		if (p->children[i].state != CHILD_RUNNING)
			return false;
	}
	return true;
}

/* ---- children ---- */

void parent_start_child(struct parent *p, struct child *c)
{
	int close_fds[3 + LISTEN_MAX + 260], k = 0;
	const struct child_start s = {
		.conf = p->conf,
		.url = buf_str(&p->url),
		.listen = &p->listen,
		.stats = p->stats,
		.lanes = p->lanes,
	};

	/* The locks stay open: while one of us lives, no other daemon begins.
	 * A spool's folder has a lock of its own. */
	close_fds[k++] = p->signal_fd;
	for (int i = 0; i < p->listen.n; i++)
		close_fds[k++] = p->listen.a[i].fd;
	for (int i = 0; i < p->n; i++) {
		if (p->children[i].fd >= 0)
			close_fds[k++] = p->children[i].fd;
	}
	close_fds[k] = -1;
	child_launch(c, &s, close_fds);
}

void parent_child_ready(struct parent *p, struct child *c)
{
	log_line(LOG_DEBUG, "serve", "process ready", "process=%s pid=%ld",
		 log_quote(c->name), (long)c->pid);
	if (!is_worker(c) || p->stops || !all_running(p))
		return;
	if (p->ready) {
		tell_status(p);
		return;
	}
	p->ready = true;
	tell_state(p);
	tell_ready(p);
	for (int i = 0; i < p->listen.n; i++)
		log_line(LOG_INFO, "serve", "listening", "address=%s tls=%s",
			 p->listen.a[i].text,
			 p->conf->tls_cert[0] ? "yes" : "no");
	log_line(LOG_INFO, "serve", "ready",
		 "version=" ACO_VERSION " pid=%ld workers=%d", (long)getpid(),
		 p->workers);
}

static void say_ended(const struct child *c, int status)
{
	char how[32];

	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "signal=%d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "code=%d", WEXITSTATUS(status));
	log_line(LOG_ERROR, "serve", "a process ended and is started again",
		 "process=%s %s again_ms=%lld%s%s", log_quote(c->name), how,
		 (long long)(c->wait_us / 1000), *c->err.msg ? " err=" : "",
		 *c->err.msg ? log_quote(c->err.msg) : "");
}

void parent_child_ended(struct parent *p, struct child *c, int status)
{
	bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	child_buried(c);
	stats_gone(p->stats, c->block);
	lanes_gone(p->lanes, c->block); /* workers' blocks come first */
	if (c->state == CHILD_STOPPING || p->stops) {
		child_set_state(c, CHILD_IDLE);
	} else if (done && c->main == adopt_main) {
		child_set_state(c, CHILD_IDLE);
		p->adopt_us = 0; /* there may be more */
	} else if (!p->ready && is_worker(c) && *c->err.msg) {
		/* It said why it cannot work: whoever starts us shall know. */
		child_set_state(c, CHILD_IDLE);
		*p->e = c->err;
		p->rc = RC_DOWN;
		parent_stop(p);
	} else {
		child_back_off(c);
		stat_add(STAT_RESTARTS, 1);
		say_ended(c, status);
		if (p->ready)
			tell_status(p);
	}
}

/* ---- signals ---- */

void parent_stop(struct parent *p)
{
	int64_t now = clock_mono_us();

	p->stops++;
	if (p->stops == 1) {
		notify_stopping();
		daemon_untell(p->conf);
		p->kill_us =
			now + p->conf->drain_seconds * US_PER_SEC + GRACE_US;
		log_line(LOG_INFO, "serve", "finishing", "drain_seconds=%lld",
			 (long long)p->conf->drain_seconds);
	} else if (p->stops == 2) {
		p->kill_us = earlier(p->kill_us, now + HURRY_US);
	} else {
		p->kill_us = now;
	}
	for (int i = 0; i < p->n; i++) {
		struct child *c = &p->children[i];

		if (c->state == CHILD_BACKOFF)
			child_set_state(c, CHILD_IDLE);
		else if (c->state != CHILD_IDLE && c->state != CHILD_STOPPING)
			child_set_state(c, CHILD_STOPPING);
		child_signal(c, SIGTERM);
	}
}

void parent_reload(struct parent *p)
{
	struct err e = {"", ""};
	struct conf *next;
	struct buf kept;

	if (p->stops)
		return;
	notify_reloading();
	buf_init(&kept, 4096);
	if (serve_reload(p->conf, &next, &kept, &e)) {
		log_line(LOG_ERROR, "serve",
			 "not reloaded: the configuration stays as it was",
			 "err=%s", log_quote(e.msg));
	} else {
		serve_conf_free(p->own);
		p->conf = p->own = next;
		serve_log_level(next);
		if (kept.len)
			log_line(LOG_WARN, "serve",
				 "some keys change with a restart only",
				 "keys=%s", log_quote(buf_str(&kept)));
		for (int i = 0; i < p->n; i++)
			child_signal(&p->children[i], SIGHUP);
		log_line(LOG_INFO, "serve", "reloaded", "file=%s",
			 log_quote(next->file));
	}
	buf_release(&kept);
	tell_ready(p);
}

/* ---- the clock ---- */

/* A worker beats each second. What counts are our own ticks, so that time in
 * which the whole machine stood still does not. */
static void look_after(struct parent *p, struct child *c)
{
	int64_t beats = stats_beats(p->stats, c->block);

	c->still = beats == c->beats ? c->still + 1 : 0;
	c->beats = beats;
	if (c->still < STILL_TICKS)
		return;
	log_line(LOG_ERROR, "serve", "a process hangs and is killed",
		 "process=%s pid=%ld", log_quote(c->name), (long)c->pid);
	child_signal(c, SIGKILL);
	c->still = 0;
}

static void tick(struct parent *p)
{
	for (int i = 0; i < p->workers; i++) {
		if (p->children[i].state == CHILD_RUNNING)
			look_after(p, &p->children[i]);
	}
	daemon_trim_log(p->conf);
}

/* Whether SPOOL/INDEX holds a segment, or a journal. */
static bool has_segments(const char *spool, int index)
{
	char *path = xasprintf("%s/%d", spool, index);
	const struct dirent *f;
	DIR *d = opendir(path);
	bool has = false;

	while (d && !has && (f = readdir(d)))
		has = str_ends(str_from(f->d_name), ".seg") ||
		      str_ends(str_from(f->d_name), ".journal");
	if (d)
		closedir(d);
	free(path);
	return has;
}

/* The least index from `from` on whose folder holds something; -1: none. */
static int orphan(const char *spool, int from)
{
	DIR *d = opendir(spool);
	const struct dirent *f;
	int64_t best = -1, v;

	while (d && (f = readdir(d))) {
		if (!isdigit((unsigned char)f->d_name[0]) ||
		    !str_i64(str_from(f->d_name), &v) || v < from ||
		    v > 100000 || (best >= 0 && v > best))
			continue;
		if (has_segments(spool, (int)v))
			best = v;
	}
	if (d)
		closedir(d);
	return (int)best;
}

/* Workers were fewer than now: what they left is replayed, one folder after
 * the other. */
static void adopt(struct parent *p)
{
	struct child *c = &p->children[p->workers + 1];
	char *spool = daemon_spool(p->conf);
	int index = orphan(spool, p->adopted);

	free(spool);
	p->adopted = index < 0 ? p->workers : index + 1;
	if (index < 0) {
		p->adopt_us = clock_mono_us() + ADOPT_US;
		return;
	}
	p->adopt_us = INT64_MAX; /* until that one has ended */
	child_init(c, adopt_main, "adopter", index, c->block);
	log_line(LOG_INFO, "serve", "replaying the spool of a former worker",
		 "index=%d", index);
	parent_start_child(p, c);
}

static void start_again(struct parent *p, int64_t now)
{
	for (int i = 0; i < p->n; i++) {
		struct child *c = &p->children[i];

		if (c->state == CHILD_BACKOFF && c->due_us <= now)
			parent_start_child(p, c);
	}
}

void parent_due(struct parent *p)
{
	int64_t now = clock_mono_us();

	if (p->watchdog_step && now >= p->watchdog_us) {
		notify_watchdog();
		p->watchdog_us = now + p->watchdog_step;
	}
	if (p->stops) {
		for (int i = 0; i < p->n && now >= p->kill_us; i++)
			child_signal(&p->children[i], SIGKILL);
		if (now >= p->kill_us)
			p->kill_us = now + US_PER_SEC;
		return;
	}
	start_again(p, now);
	if (now >= p->tick_us) {
		tick(p);
		p->tick_us = now + TICK_US;
	}
	if (p->ready && now >= p->adopt_us &&
	    p->children[p->workers + 1].state == CHILD_IDLE)
		adopt(p);
}

int64_t parent_next_us(const struct parent *p)
{
	int64_t at = p->stops ? p->kill_us : p->tick_us;

	if (p->watchdog_step)
		at = earlier(at, p->watchdog_us);
	for (int i = 0; i < p->n && !p->stops; i++) {
		if (p->children[i].state == CHILD_BACKOFF)
			at = earlier(at, p->children[i].due_us);
	}
	return at;
}

bool parent_done(const struct parent *p)
{
	for (int i = 0; i < p->n; i++) {
		if (p->children[i].state != CHILD_IDLE)
			return false;
	}
	return p->stops > 0;
}
