/* aco serve: the daemon, in the foreground. */
#include <stdlib.h>

#include "ingest/serve_conf.h"
#include "ingest/supervise.h"
#include "ledger/base/alloc.h"
#include "ledger/base/cmd.h"
#include "ledger/base/str.h"

enum {
	OPT_LISTEN,
	OPT_WORKERS
};
static const struct cmd_opt opts[] = {
	[OPT_LISTEN] = {"listen", 'l', "ADDRESS:PORT",
			"in place of listen in the configuration"},
	[OPT_WORKERS] = {"workers", 'w', "N",
			 "in place of workers in the configuration"},
	{NULL, 0, NULL, NULL},
};

/* Neither key can be reloaded, so that what is said here lasts. */
static int set_option(const struct command *self, struct conf *c, int opt,
		      const char *value)
{
	int64_t n;

	if (opt == OPT_LISTEN) {
		free(c->listen);
		c->listen = xstrdup(value);
		return -1;
	}
	if (!str_i64(str_from(value), &n) || n < 0 || n > 256)
		return cmd_usage(self, "workers are a number from 0 to 256");
	c->workers = n;
	return -1;
}

static int read_args(const struct command *self, struct conf *c, int argc,
		     char **argv)
{
	struct cmd_args a;
	int got, code = -1;

	cmd_args_init(&a, self, argc, argv);
	while (code < 0 && (got = cmd_next(&a)) != CMD_END) {
		if (got == CMD_HELP)
			return 0;
		if (got == CMD_USAGE)
			return 2;
		if (got == CMD_OPERAND)
			return cmd_usage(self, "serve takes no operands");
		code = set_option(self, c, got, a.value);
	}
	return code;
}

static int run_serve(const struct command *self, const struct conf *conf,
		     int argc, char **argv)
{
	struct conf own = *conf;
	struct err e = {"", ""};
	enum rc rc;
	int code;

	own.listen = xstrdup(conf->listen);
	code = read_args(self, &own, argc, argv);
	if (code < 0) {
		serve_log_level(&own);
		rc = supervise(&own, &e);
		if (rc)
			err_print(&e);
		code = rc_exit(rc);
	}
	free(own.listen);
	return code;
}

const struct command command_serve = {
	.name = "serve",
	.args = "",
	.summary = "take in what agents send, and write it to the ledger",
	.help = "Listens for OpenTelemetry (/v1/traces, /v1/logs, "
		"/v1/metrics; JSON or protobuf), for events and outcomes of "
		"our own (/v1/events, /v1/outcomes) and for what Langfuse "
		"clients send (/api/public). A request is answered 200 once "
		"all of it is committed, or safe in the spool while the "
		"database is away; 503 asks the sender to try again.\n"
		"\n"
		"One parent supervises the workers; SIGHUP reads the "
		"configuration again, SIGTERM finishes what is under way. "
		"/healthz, /readyz and /metrics (Prometheus) tell how it "
		"is.\n"
		"\n"
		"'aco up' starts one in the background.",
	.opts = opts,
	.run = run_serve,
};
