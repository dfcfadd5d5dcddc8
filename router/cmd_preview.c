/* aco router preview: what the router would have saved last week. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/learn.h"
#include "ledger/shelf.h"
#include "router/bundle_build.h"
#include "router/cmd_router.h"
#include "router/preview.h"

#define DAYS      7
#define TASKS_MAX 100000

/* "quality:0.98", "budget:0.05", "failure:0.5". */
static void read_goal(const struct conf *conf, enum route_goal *goal,
		      double *target)
{
	const char *text = conf->route_goal ? conf->route_goal : "";
	const char *colon = strchr(text, ':');

	*goal = ROUTE_QUALITY;
	*target = colon ? strtod(colon + 1, NULL) : 1;
	if (!strncmp(text, "budget", 6))
		*goal = ROUTE_BUDGET;
	if (!strncmp(text, "failure", 7))
		*goal = ROUTE_FAILURE;
}

/* What serves: a version of the ledger, in `bytes`, or the shipped one. */
static enum rc open_serving(struct router_cmd *c, struct buf *bytes,
			    struct bundle **b, struct err *e)
{
	int32_t id = 0;
	enum rc rc = shelf_serving(c->db, &id, e);

	if (!rc && id)
		rc = shelf_body(c->db, id, bytes, e);
	if (!rc && id)
		rc = bundle_view(b, bytes->p, bytes->len, e);
	return rc;
}

static void print(struct router_cmd *c, const struct preview *p)
{
	struct json_out o;

	if (!c->json) {
		preview_text(p, &c->out);
		return;
	}
	json_out_init(&o, &c->out);
	json_out_obj(&o, NULL);
	json_out_i64(&o, "days", DAYS);
	preview_json(p, &o);
	json_out_end(&o, '}');
	buf_addc(&c->out, '\n');
}

enum rc router_preview(struct router_cmd *c, struct err *e)
{
	struct learn_opts from = {.since_us =
					  clock_now_us() - DAYS * US_PER_DAY,
				  .until_us = TIME_NONE,
				  .max_tasks = TASKS_MAX};
	struct preview p = {0};
	struct bundle *b = NULL;
	struct matrix m;
	struct buf bytes;
	enum rc rc;

	matrix_init(&m);
	buf_init(&bytes, BUNDLE_BYTES_MAX);
	rc = open_serving(c, &bytes, &b, e);
	if (!rc)
		rc = matrix_ledger(&m, c->db, &from, &(struct mx_opts){0}, e);
	if (!rc) {
		enum route_goal goal;
		double target;

		read_goal(c->conf, &goal, &target);
		preview_estimate(&m, NULL, b ? b : bundle_shipped(), goal,
				 target, 1, &p);
		print(c, &p);
	}
	bundle_drop(b);
	buf_release(&bytes);
	matrix_release(&m);
	return rc;
}
