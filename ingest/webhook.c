#include "ingest/webhook.h"

#include <string.h>

#include "gen/sql.h"
#include "ingest/loop.h"
#include "ingest/upstream.h"
#include "ledger/base/clock.h"
#include "ledger/base/conf.h"
#include "ledger/base/json.h"
#include "ledger/base/log.h"
#include "ledger/db.h"

#define POST_US    (10 * US_PER_SEC)
#define AT_ONCE    20
#define BODY_MAX   65536
#define ARGS_BYTES 4096

/* ---- one request ---- */

struct post {
	struct loop *loop;
	struct up_call *call;
	int status;
	bool over;
	enum up_end how;
	struct err err;
};

static void on_head(void *arg, int status, const struct up_header *headers,
		    int n)
{
	struct post *p = arg;

	(void)headers;
	(void)n;
	p->status = status;
}

static bool on_data(void *arg, const char *data, size_t n)
{
	(void)arg;
	(void)data;
	(void)n;
	return true;
}

static void on_end(void *arg, enum up_end how, bool sent, const struct err *e)
{
	struct post *p = arg;

	(void)sent;
	p->how = how;
	p->err = *e;
	p->over = true;
	loop_stop(p->loop);
}

static void on_late(void *arg)
{
	loop_stop(((struct post *)arg)->loop);
}

static enum rc run_post(struct post *p, struct upstream *u,
			const struct up_ask *ask, struct err *e)
{
	static const struct up_calls calls = {on_head, on_data, on_end};
	struct loop_timer *late;

	p->call = up_start(u, ask, &calls, p, e);
	if (!p->call)
		return RC_BUSY;
	late = loop_timer_new(p->loop, on_late, p);
	loop_timer_set(late, POST_US);
	loop_run(p->loop);
	loop_timer_free(late);
	if (!p->over)
		return err_set(e, RC_DOWN, "no answer in time");
	if (p->how != UP_DONE) {
		*e = p->err;
		return RC_DOWN;
	}
	if (p->status < 200 || p->status > 299)
		return err_set(e, RC_DOWN, "the answer is %d", p->status);
	return RC_OK;
}

/* "https://host/path?x" into what names the server and what it is asked. */
static void split(struct str *url, struct str *target)
{
	const char *from = memmem(url->p, url->len, "://", 3);
	const char *slash;

	if (!from)
		return;
	from += 3;
	slash = memchr(from, '/', url->len - (size_t)(from - url->p));
	if (!slash)
		return;
	*target = (struct str){slash, url->len - (size_t)(slash - url->p)};
	url->len = (size_t)(slash - url->p);
}

/* POST a JSON text; RC_OK when the answer is 2xx. Blocks, at most 10 s. */
static enum rc webhook_post(struct str url, struct str body, struct err *e)
{
	static const struct up_header type = {STR("content-type"),
					      STR("application/json")};
	const struct up_limits lim = {
		.per_origin = 1, .idle_us = US_PER_SEC, .head_bytes = 32768};
	struct post p = {0};
	struct up_origin origin;
	struct upstream *u;
	struct up_ask ask = {.origin = &origin,
			     .method = STR("POST"),
			     .target = STR("/"),
			     .headers = &type,
			     .n_headers = 1,
			     .body = body,
			     .connect_us = POST_US,
			     .first_byte_us = POST_US,
			     .silence_us = POST_US};
	enum rc rc;

	split(&url, &ask.target);
	rc = up_origin_parse(&origin, url, e);
	if (rc)
		return rc;
	p.loop = loop_new();
	u = upstream_new(p.loop, &lim, e);
	rc = u ? run_post(&p, u, &ask, e) : RC_DOWN;
	p.over = true;
	upstream_free(u);
	loop_free(p.loop);
	return rc;
}

/* ---- alerts ---- */

static void write_body(struct buf *out, const struct conf *conf,
		       const struct db_result *r, int row)
{
	char text[40];
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	if (!strcmp(conf->alert_format, "slack")) {
		json_out_str(&o, "text", db_text(r, row, 6));
	} else {
		json_out_str(&o, "kind", db_text(r, row, 1));
		json_out_str(&o, "scope", db_text(r, row, 2));
		json_out_str(&o, "period_start",
			     str_from(clock_format(db_time(r, row, 3), text,
						   sizeof(text))));
		json_out_str(&o, "raised_at",
			     str_from(clock_format(db_time(r, row, 4), text,
						   sizeof(text))));
		json_out_raw(&o, "detail", db_text(r, row, 5));
	}
	json_out_end(&o, '}');
}

static enum rc done(struct db *db, int64_t id, struct err *e)
{
	struct db_args a;
	enum rc rc;

	db_args_init(&a, ARGS_BYTES);
	db_arg_i64(&a, id);
	rc = db_run(db, &sql_alert_done, &a, NULL, NULL, e);
	db_args_release(&a);
	return rc;
}

/* Told twice rather than not at all: one whose delivery cannot be written down
 * is delivered again. */
static enum rc deliver(struct db *db, const struct conf *conf,
		       const struct db_result *r, int row,
		       struct alert_counts *n, struct err *e)
{
	struct err why = {"", ""};
	struct buf body;
	enum rc rc;

	buf_init(&body, BODY_MAX);
	write_body(&body, conf, r, row);
	rc = webhook_post(str_from(conf->alert_url),
			  (struct str){buf_str(&body), body.len}, &why);
	buf_release(&body);
	if (!rc) {
		n->delivered++;
		return done(db, db_i64(r, row, 0), e);
	}
	n->failed++;
	log_line(LOG_WARN, "alert", "the webhook does not take an alert",
		 "detail=%s", log_quote(why.msg));
	return RC_OK;
}

static enum rc raise_new(struct db *db, int64_t at_us, int64_t *n,
			 struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	db_args_init(&a, ARGS_BYTES);
	db_arg_time(&a, at_us);
	rc = db_run(db, &sql_alert_raise, &a, &r, NULL, e);
	*n = rc ? 0 : db_i64(r, 0, 0);
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

enum rc alerts_look(struct db *db, const struct conf *conf, int64_t at_us,
		    struct alert_counts *n, struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	*n = (struct alert_counts){0};
	rc = raise_new(db, at_us, &n->raised, e);
	if (rc || !conf->alert_url[0])
		return rc;
	db_args_init(&a, ARGS_BYTES);
	db_arg_i32(&a, AT_ONCE);
	rc = db_run(db, &sql_alert_next, &a, &r, NULL, e);
	/* After one that fails the others wait for their next turn. */
	for (int i = 0; !rc && !n->failed && i < db_rows(r); i++)
		rc = deliver(db, conf, r, i, n, e);
	db_result_free(r);
	db_args_release(&a);
	return rc;
}
