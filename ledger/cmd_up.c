/* aco up, aco down: everything that the ledger needs on this machine. */
#include <inttypes.h>
#include <stdio.h>

#include "ledger/base/cmd.h"
#include "ledger/base/json.h"
#include "ledger/cluster.h"
#include "ledger/connect.h"
#include "ledger/daemon.h"
#include "ledger/migrate.h"
#include "ledger/partition.h"
#include "ledger/price.h"

enum {
	OPT_JSON,
	OPT_NO_SERVE
};
static const struct cmd_opt up_opts[] = {
	[OPT_JSON] = {"json", 0, NULL, "one JSON object"},
	[OPT_NO_SERVE] = {"no-serve", 0, NULL, "do not start the daemon"},
	{NULL, 0, NULL, NULL},
};
static const struct cmd_opt down_opts[] = {
	[OPT_JSON] = {"json", 0, NULL, "one JSON object"},
	{NULL, 0, NULL, NULL},
};

struct said {
	bool json, no_serve;
};

/* -1: go on; else the exit code. */
static int read_args(const struct command *self, int argc, char **argv,
		     struct said *said)
{
	struct cmd_args a;
	int got;

	cmd_args_init(&a, self, argc, argv);
	while ((got = cmd_next(&a)) != CMD_END) {
		if (got == CMD_HELP)
			return 0;
		if (got == CMD_USAGE)
			return 2;
		if (got == CMD_OPERAND)
			return cmd_usage(self, "%s takes no operands",
					 self->name);
		*(got == OPT_JSON ? &said->json : &said->no_serve) = true;
	}
	return -1;
}

/* What `up` did. */
struct done {
	enum cluster_state before;
	struct buf where;
	int migrations;
	int64_t days_made, days_dropped;
	bool serve, served; /* a daemon is wanted; it ran before */
	struct daemon_info daemon;
};

static const char *cluster_word(enum cluster_state before)
{
	switch (before) {
	case CLUSTER_FOREIGN:
		return "configured";
	case CLUSTER_ABSENT:
		return "made";
	case CLUSTER_STOPPED:
		return "started";
	case CLUSTER_RUNNING:
		return "running";
	}
	return "unknown";
}

static enum rc up_database(struct db *db, const struct conf *conf,
			   struct done *d, struct err *e)
{
	enum rc rc = migrate_up(db, &d->migrations, e);

	if (!rc)
		rc = price_seed(db, e);
	if (!rc)
		rc = partition_ahead(db, conf->partitions_ahead, &d->days_made,
				     e);
	if (!rc)
		rc = partition_retain(db, conf->retention_days,
				      &d->days_dropped, e);
	return rc;
}

static enum rc up(const struct conf *conf, struct done *d, struct err *e)
{
	enum rc rc = cluster_look(conf, &d->before, &d->where, e);
	struct db *db = NULL;

	if (!rc)
		rc = cluster_up(conf, e);
	if (!rc)
		rc = connect_database(&db, conf, "up", e);
	if (!rc)
		rc = up_database(db, conf, d, e);
	db_close(db);
	if (!rc && d->serve)
		rc = daemon_start(conf, &d->daemon, &d->served, e);
	return rc;
}

static void print_up_json(const struct done *d)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 65536);
	json_out_init(&o, &b);
	json_out_obj(&o, NULL);
	json_out_str(&o, "cluster", str_from(cluster_word(d->before)));
	json_out_str(&o, "folder",
		     d->where.len ? str_from(buf_str(&d->where)) : STR_NONE);
	json_out_i64(&o, "migrations", d->migrations);
	json_out_i64(&o, "days_made", d->days_made);
	json_out_i64(&o, "days_dropped", d->days_dropped);
	json_out_str(&o, "daemon",
		     str_from(!d->serve   ? "left alone"
			      : d->served ? "running"
					  : "started"));
	if (d->serve)
		json_out_str(&o, "listen", str_from(d->daemon.addresses));
	json_out_end(&o, '}');
	puts(buf_str(&b));
	buf_release(&b);
}

static void print_up(const struct done *d)
{
	if (d->before == CLUSTER_FOREIGN)
		puts("database   as database_url says");
	else
		printf("database   private PostgreSQL in %s, %s\n",
		       buf_str(&d->where), cluster_word(d->before));
	if (d->migrations)
		printf("schema     %d migration%s applied\n", d->migrations,
		       d->migrations == 1 ? "" : "s");
	else
		puts("schema     up to date");
	printf("days       %" PRId64 " made ahead", d->days_made);
	if (d->days_dropped)
		printf(", %" PRId64 " dropped by retention", d->days_dropped);
	putchar('\n');
	if (d->serve)
		printf("daemon     %s, listening on %s\n",
		       d->served ? "running" : "started", d->daemon.addresses);
}

static int run_up(const struct command *self, const struct conf *conf, int argc,
		  char **argv)
{
	struct done d = {.before = CLUSTER_FOREIGN};
	struct err e = {"", ""};
	struct said said = {false, false};
	int code = read_args(self, argc, argv, &said);
	enum rc rc;

	if (code >= 0)
		return code;
	d.serve = conf->autostart && !said.no_serve;
	buf_init(&d.where, 8192);
	rc = up(conf, &d, &e);
	if (rc)
		err_print(&e);
	else if (said.json)
		print_up_json(&d);
	else
		print_up(&d);
	buf_release(&d.where);
	return rc_exit(rc);
}

static void print_down(enum cluster_state before, bool ran, bool json)
{
	static const char *const words[] = {
		[CLUSTER_FOREIGN] = "configured",
		[CLUSTER_ABSENT] = "absent",
		[CLUSTER_STOPPED] = "stopped before",
		[CLUSTER_RUNNING] = "stopped",
	};

	if (json) {
		printf("{\"cluster\":\"%s\",\"daemon\":\"%s\"}\n",
		       words[before], ran ? "stopped" : "absent");
		return;
	}
	if (ran)
		puts("daemon     stopped");
	if (before == CLUSTER_FOREIGN)
		puts("database   as database_url says: left alone");
	else
		printf("database   private PostgreSQL %s\n",
		       before == CLUSTER_RUNNING   ? "stopped"
		       : before == CLUSTER_STOPPED ? "was not running"
						   : "was never made");
}

static int run_down(const struct command *self, const struct conf *conf,
		    int argc, char **argv)
{
	enum cluster_state before = CLUSTER_FOREIGN;
	struct said said = {false, false};
	struct err e = {"", ""};
	bool ran = false;
	int code = read_args(self, argc, argv, &said);
	enum rc rc;

	if (code >= 0)
		return code;
	/* The daemon first: what it still holds goes to the database. */
	rc = daemon_stop(conf, &ran, &e);
	if (!rc)
		rc = cluster_look(conf, &before, NULL, &e);
	if (!rc)
		rc = cluster_down(conf, &e);
	if (rc)
		err_print(&e);
	else
		print_down(before, ran, said.json);
	return rc_exit(rc);
}

const struct command command_up = {
	.name = "up",
	.args = "",
	.summary = "make and start everything on this machine",
	.help = "Makes the private PostgreSQL in ACO_HOME if it is not there, "
		"starts it if it does not run, brings its schema up to date, "
		"makes the partitions of the days ahead and drops those that "
		"retention_days has outlived. Then it starts the daemon (aco "
		"serve) in the background, if none runs. Where database_url is set, that "
		"database is used and no server is started. Running it again "
		"changes nothing.\n"
		"\n"
		"The server listens on a Unix socket only. As root it runs as "
		"the user postgres. Settings of your own go to pg/local.conf "
		"in ACO_HOME.",
	.opts = up_opts,
	.run = run_up,
};

const struct command command_down = {
	.name = "down",
	.args = "",
	.summary = "stop what 'aco up' started",
	.help = "Stops the daemon, then the private PostgreSQL. The ledger stays; 'aco up' "
		"goes on with it.",
	.opts = down_opts,
	.run = run_down,
};
