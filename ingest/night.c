#include "ingest/night.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gen/sql.h"
#include "ingest/bundle_watch.h"
#include "ingest/drift.h"
#include "ingest/stats.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/base/log.h"
#include "ledger/base/proc.h"
#include "ledger/shelf.h"
#include "router/bundle_build.h"

#define LOOK_US  (2 * US_PER_SEC)
#define CHILD_US (US_PER_SEC / 4) /* while a training runs */
#define DRIFT_US (3600 * US_PER_SEC)

void night_init(struct night *n)
{
	*n = (struct night){.tried_us = TIME_NONE};
}

void night_lost(struct night *n)
{
	n->locked = false;
}

bool night_due(const char *at, int64_t now_us, int64_t *due_us)
{
	int hour, minute, len = 0;
	int64_t day = now_us - now_us % US_PER_DAY;

	if (sscanf(at, "%2d:%2d%n", &hour, &minute, &len) != 2 || at[len] ||
	    hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return false;
	*due_us = day + (hour * 60 + minute) * 60 * US_PER_SEC;
	if (*due_us > now_us)
		*due_us -= US_PER_DAY;
	return true;
}

int64_t night_next(const struct night *n)
{
	return n->pid && n->tend_us < n->look_us ? n->tend_us : n->look_us;
}

/* ---- the training ---- */

static enum rc unlock(struct night *n, struct db *db, struct err *e)
{
	if (!n->locked)
		return RC_OK;
	n->locked = false;
	return db_run(db, &sql_night_unlock, NULL, NULL, NULL, e);
}

static enum rc ask_bool(struct db *db, const struct sql_stmt *stmt,
			const struct db_args *a, bool *yes, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = db_run(db, stmt, a, &r, NULL, e);

	*yes = !rc && db_rows(r) && db_bool(r, 0, 0);
	db_result_free(r);
	return rc;
}

/* Whether it is ours to train now; the lock is held when it is. */
static enum rc is_due(struct night *n, const struct conf *conf, struct db *db,
		      int64_t due_us, bool *yes, struct err *e)
{
	struct db_args a;
	enum rc rc = ask_bool(db, &sql_night_try_lock, NULL, &n->locked, e);

	*yes = false;
	if (rc || !n->locked)
		return rc;
	/* Whoever held the lock before may have done it. */
	db_args_init(&a, 64);
	db_arg_time(&a, due_us);
	db_arg_i64(&a, conf->retrain_min_tasks);
	rc = ask_bool(db, &sql_night_due, &a, yes, e);
	db_args_release(&a);
	if (!rc && !*yes)
		rc = unlock(n, db, e);
	return rc;
}

static enum rc start(struct night *n, const struct conf *conf, const char *url,
		     struct err *e)
{
	char *database = xasprintf("ACO_DATABASE_URL=%s", url);
	const char *argv[8] = {"/proc/self/exe"};
	const char *env[] = {database, NULL};
	struct proc p = {.argv = argv, .env = env, .dies_with_us = true};
	int at = 1;
	enum rc rc;

	if (conf->file[0]) {
		argv[at++] = "--config";
		argv[at++] = conf->file;
	}
	argv[at++] = "train";
	argv[at++] = "--ledger";
	argv[at] = "--publish";
	rc = proc_start(&p, -1, -1, STDERR_FILENO, &n->pid, e);
	free(database);
	if (!rc)
		log_line(LOG_INFO, "router", "the training starts", "pid=%ld",
			 (long)n->pid);
	return rc;
}

static enum rc tend(struct night *n, struct db *db, struct err *e)
{
	int status = 0;
	pid_t got = waitpid(n->pid, &status, WNOHANG);

	n->tend_us = clock_mono_us() + CHILD_US;
	if (got == 0 || (got < 0 && errno == EINTR))
		return RC_OK;
	n->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		log_line(LOG_INFO, "router", "the training has ended", "ok=1");
	else
		log_line(LOG_WARN, "router", "the training failed", "status=%d",
			 status);
	n->look_us = 0;
	return unlock(n, db, e);
}

static enum rc train(struct night *n, const struct conf *conf, struct db *db,
		     const char *url, struct err *e)
{
	int64_t due_us;
	bool yes = false;
	enum rc rc;

	if (n->pid)
		return tend(n, db, e);
	if (!night_due(conf->retrain_at, clock_now_us(), &due_us) ||
	    n->tried_us == due_us)
		return RC_OK;
	rc = is_due(n, conf, db, due_us, &yes, e);
	if (rc)
		return rc;
	if (yes || n->tried_us == TIME_NONE || n->tried_us < due_us)
		n->tried_us = due_us;
	if (!yes)
		return RC_OK;
	rc = start(n, conf, url, e);
	if (rc && unlock(n, db, NULL))
		n->locked = false;
	return rc;
}

/* ---- versions ---- */

/* *id 0: the shipped one, of which nothing is said. */
static enum rc serving(struct db *db, int32_t *id, struct shelf_drift *said,
		       struct err *e)
{
	enum rc rc = shelf_serving(db, id, e);

	if (rc)
		*id = 0;
	*said = (struct shelf_drift){.ignored = false};
	return rc || !*id ? rc : shelf_drift(db, *id, said, e);
}

static enum rc bring_here(const struct conf *conf, struct db *db, int32_t id,
			  const char *parts, struct err *e)
{
	struct buf bytes;
	enum rc rc = RC_OK;

	buf_init(&bytes, BUNDLE_BYTES_MAX);
	if (id)
		rc = shelf_body(db, id, &bytes, e);
	if (!rc)
		rc = bundle_files_serve(conf, id, parts, bytes.p, bytes.len, e);
	if (!rc)
		log_line(LOG_INFO, "router", "a version was brought here",
			 "version=%ld static=%s", (long)id,
			 parts[0] ? parts : "none");
	buf_release(&bytes);
	return rc;
}

static enum rc bring(const struct conf *conf, struct db *db, struct err *e)
{
	char parts[SHELF_PARTS];
	int32_t id = 0, have = bundle_files_serving(conf, parts);
	struct shelf_drift said;
	enum rc rc = serving(db, &id, &said, e);

	if (!rc)
		stat_set(STAT_G_DRIFTED, said.parts[0] != 0);
	if (!rc && (id != have || strcmp(parts, said.parts) != 0))
		rc = bring_here(conf, db, id, said.parts, e);
	shelf_drift_release(&said);
	return rc;
}

/* ---- drift ---- */

static enum rc raise_alert(struct db *db, int32_t id, const struct drift *d,
			   const struct buf *json, struct err *e)
{
	int64_t now = clock_now_us();
	char scope[64];
	struct buf detail;
	struct json_out o;
	struct db_args a;
	enum rc rc;

	buf_init(&detail, 65536);
	json_out_init(&o, &detail);
	json_out_obj(&o, NULL);
	json_out_str(&o, "text", str_from(d->why));
	json_out_raw(&o, "certificate", (struct str){json->p, json->len});
	json_out_end(&o, '}');
	/* Once for what drifted: more classes are news. */
	if (!strcmp(d->parts, "all"))
		snprintf(scope, sizeof(scope), "version %ld", (long)id);
	else
		snprintf(scope, sizeof(scope), "version %ld, %d classes",
			 (long)id, d->n_classes);
	db_args_init(&a, 1 << 17);
	db_arg_text(&a, STR("router_drift"));
	db_arg_text(&a, str_from(scope));
	db_arg_time(&a, now - now % US_PER_DAY);
	db_arg_text(&a, (struct str){detail.p, detail.len});
	rc = db_run(db, &sql_night_alert, &a, NULL, NULL, e);
	db_args_release(&a);
	buf_release(&detail);
	return rc;
}

static enum rc say_drift(struct db *db, int32_t id, const struct drift *d,
			 bool fresh, struct err *e)
{
	struct buf json;
	enum rc rc;

	buf_init(&json, 32768);
	drift_json(d, &json);
	rc = shelf_note(db, id, (struct str){json.p, json.len}, e);
	if (!rc && fresh)
		rc = raise_alert(db, id, d, &json, e);
	buf_release(&json);
	return rc;
}

static enum rc look_at(struct db *db, int32_t id, const struct bundle *b,
		       const char *before, struct err *e)
{
	struct drift d;
	enum rc rc = drift_look(db, id, b, before, clock_now_us(), &d, e);
	bool fresh = !rc && d.parts[0] && strcmp(d.parts, before) != 0;

	if (fresh)
		log_line(LOG_WARN, "router", "the version has drifted",
			 "version=%ld why=%s", (long)id, log_quote(d.why));
	if (!rc)
		rc = say_drift(db, id, &d, fresh, e);
	return rc;
}

/* One of another program's format, after an upgrade, is no reason to stop: the
 * workers have refused it, too, and the next night brings one that can be read.
 */
static enum rc look(struct db *db, int32_t id, const char *before,
		    struct err *e)
{
	struct err unread = {"", ""};
	struct bundle *b = NULL;
	struct buf bytes;
	enum rc rc;

	buf_init(&bytes, BUNDLE_BYTES_MAX);
	rc = shelf_body(db, id, &bytes, e);
	if (!rc && !bundle_view(&b, bytes.p, bytes.len, &unread))
		rc = look_at(db, id, b, before, e);
	else if (!rc)
		log_line(LOG_WARN, "router",
			 "the version that should serve cannot be read here, "
			 "the shipped one serves after a restart",
			 "version=%ld err=%s", (long)id, log_quote(unread.msg));
	bundle_drop(b);
	buf_release(&bytes);
	return rc;
}

/* What drifted stays so: a static policy brings no news of what was learned.
 */
static enum rc drift(struct db *db, struct err *e)
{
	struct shelf_drift said;
	int32_t id = 0;
	enum rc rc = serving(db, &id, &said, e);

	if (!rc && id && !said.ignored && strcmp(said.parts, "all") != 0)
		rc = look(db, id, said.parts, e);
	shelf_drift_release(&said);
	return rc;
}

enum rc night_work(struct night *n, const struct conf *conf, struct db *db,
		   const char *url, struct err *e)
{
	int64_t now = clock_mono_us();
	enum rc rc = train(n, conf, db, url, e);

	if (!rc && now >= n->drift_us) {
		rc = drift(db, e);
		if (!rc)
			n->drift_us = now + DRIFT_US;
	}
	if (!rc && now >= n->look_us) {
		rc = bring(conf, db, e);
		if (!rc)
			n->look_us = now + LOOK_US;
	}
	return rc;
}
