/* The table of keys. */
#include "ledger/base/conf.h"

#define KEY(sec, member, variable)                                             \
	.section = sec, .name = #member, .env = variable,                      \
	.offset = offsetof(struct conf, member)

const struct conf_key conf_keys[] = {
	{KEY("aco", home, "ACO_HOME"), .type = CONF_PATH, .def = "",
	 .help = "folder of the private cluster and of the spool; "
		 "empty: /var/lib/aco for root, else $XDG_DATA_HOME/aco "
		 "or ~/.local/share/aco"},
	{KEY("aco", log_level, "ACO_LOG_LEVEL"), .type = CONF_STR,
	 .def = "auto", .choices = "auto debug info warn error",
	 .reloadable = true,
	 .help = "least severe log line that is printed; auto: info for the "
		 "daemon, warn for other commands"},
	{KEY("aco", team, "ACO_TEAM"), .type = CONF_STR, .def = "",
	 .help = "team of imported work that names none"},
	{KEY("aco", timezone, "ACO_TIMEZONE"), .type = CONF_STR, .def = "UTC",
	 .reloadable = true,
	 .help = "time zone of the days in reports; the ledger itself "
		 "keeps UTC"},
	{KEY("aco", label, "ACO_LABEL"), .type = CONF_STR, .def = "",
	 .help = "a word that the dashboard's header shows, to tell ledgers "
		 "apart"},
	{KEY("ledger", database_url, "ACO_DATABASE_URL"), .type = CONF_STR,
	 .def = "",
	 .help = "PostgreSQL connection string; empty: the private "
		 "cluster in home"},
	{KEY("ledger", pg_bin, "ACO_PG_BIN"), .type = CONF_PATH, .def = "",
	 .help = "folder of initdb and postgres for the private cluster; "
		 "empty: the newest that is installed"},
	{KEY("ledger", retention_days, "ACO_RETENTION_DAYS"),
	 .type = CONF_DURATION_DAYS, .def = "0", .min = 0, .max = 36500,
	 .reloadable = true,
	 .help = "age at which days of rows are dropped; 0 keeps "
		 "everything"},
	{KEY("ledger", partitions_ahead, "ACO_PARTITIONS_AHEAD"),
	 .type = CONF_INT, .def = "3", .min = 1, .max = 366, .reloadable = true,
	 .help = "days for which partitions are made ahead of time"},
	{KEY("ledger", batch_rows, "ACO_BATCH_ROWS"), .type = CONF_INT,
	 .def = "5000", .min = 1, .max = 50000, .reloadable = true,
	 .help = "rows written in one transaction"},
	{KEY("ledger", retry_seconds, "ACO_RETRY_SECONDS"), .type = CONF_INT,
	 .def = "30", .min = 0, .max = 86400,
	 .help = "how long a command waits for a lost database"},
	{KEY("serve", autostart, "ACO_AUTOSTART"), .type = CONF_BOOL,
	 .def = "yes", .help = "yes: 'aco up' starts the daemon, too"},
	{KEY("serve", listen, "ACO_LISTEN"), .type = CONF_STR,
	 .def = "127.0.0.1:4318",
	 .help = "addresses that the daemon listens on, ADDRESS:PORT with "
		 "commas between; off loopback keys and TLS are required"},
	{KEY("serve", workers, "ACO_WORKERS"), .type = CONF_INT, .def = "0",
	 .min = 0, .max = 256,
	 .help = "worker processes; 0: one for each processor"},
	{KEY("serve", connections, "ACO_CONNECTIONS"), .type = CONF_INT,
	 .def = "1024", .min = 1, .max = 100000,
	 .help = "open connections of one worker"},
	{KEY("serve", telemetry_bytes, "ACO_TELEMETRY_BYTES"),
	 .type = CONF_BYTES, .def = "16m", .min = 1024, .max = 1 << 30,
	 .help = "largest telemetry body as sent"},
	{KEY("serve", inflated_bytes, "ACO_INFLATED_BYTES"), .type = CONF_BYTES,
	 .def = "64m", .min = 1024, .max = 1 << 30,
	 .help = "largest telemetry body after decompression"},
	{KEY("serve", model_bytes, "ACO_MODEL_BYTES"), .type = CONF_BYTES,
	 .def = "64m", .min = 1024, .max = 1 << 30,
	 .help = "largest model request"},
	{KEY("serve", inflight_bytes, "ACO_INFLIGHT_BYTES"), .type = CONF_BYTES,
	 .def = "64m", .min = 65536, .max = 1LL << 36,
	 .help = "request bytes in the memory of one worker; beyond, "
		 "requests are answered 503"},
	{KEY("serve", queue_bytes, "ACO_QUEUE_BYTES"), .type = CONF_BYTES,
	 .def = "64m", .min = 1 << 20, .max = 1LL << 36,
	 .help = "events of one worker that wait to be written; beyond, "
		 "requests are answered 503"},
	{KEY("serve", linger_ms, "ACO_LINGER_MS"), .type = CONF_INT, .def = "2",
	 .min = 0, .max = 1000, .reloadable = true,
	 .help = "how long events wait for others before they are written; "
		 "replies of the gateway, which nobody waits for, 100 ms"},
	{KEY("serve", patience_ms, "ACO_PATIENCE_MS"), .type = CONF_INT,
	 .def = "2000", .min = 10, .max = 60000, .reloadable = true,
	 .help = "how long events wait for the database before they go to "
		 "the spool"},
	{KEY("serve", drain_seconds, "ACO_DRAIN_SECONDS"), .type = CONF_INT,
	 .def = "10", .min = 0, .max = 3600, .reloadable = true,
	 .help = "how long requests may finish after SIGTERM"},
	{KEY("serve", header_seconds, "ACO_HEADER_SECONDS"), .type = CONF_INT,
	 .def = "10", .min = 1, .max = 3600,
	 .help = "time for the headers of a request"},
	{KEY("serve", body_seconds, "ACO_BODY_SECONDS"), .type = CONF_INT,
	 .def = "120", .min = 1, .max = 86400,
	 .help = "time for the body of a request"},
	{KEY("serve", idle_seconds, "ACO_IDLE_SECONDS"), .type = CONF_INT,
	 .def = "75", .min = 1, .max = 86400,
	 .help = "time that a connection may wait between requests"},
	{KEY("serve", stall_seconds, "ACO_STALL_SECONDS"), .type = CONF_INT,
	 .def = "30", .min = 1, .max = 86400,
	 .help = "time without a byte after which a peer is given up"},
	{KEY("serve", claim_seconds, "ACO_CLAIM_SECONDS"), .type = CONF_INT,
	 .def = "600", .min = 0, .max = 86400, .reloadable = true,
	 .help = "how long the calls below an agent's span may take to "
		 "arrive before its own sum is billed"},
	{KEY("serve", spool, "ACO_SPOOL"), .type = CONF_PATH, .def = "",
	 .help = "folder of the spool; empty: spool in home"},
	{KEY("serve", spool_bytes, "ACO_SPOOL_BYTES"), .type = CONF_BYTES,
	 .def = "1g", .min = 1 << 20, .max = 1LL << 44,
	 .help = "most that one worker's spool may hold; beyond, requests "
		 "are answered 503"},
	{KEY("serve", keys, "ACO_KEYS"), .type = CONF_STR, .def = "auto",
	 .choices = "auto required off",
	 .help = "auto: callers from loopback need no key; required: all "
		 "do; off: nobody does (insecure = yes off loopback)"},
	{KEY("serve", tls_cert, "ACO_TLS_CERT"), .type = CONF_PATH, .def = "",
	 .reloadable = true,
	 .help = "certificate chain, PEM; with tls_key turns TLS on"},
	{KEY("serve", tls_key, "ACO_TLS_KEY"), .type = CONF_PATH, .def = "",
	 .reloadable = true, .help = "private key of tls_cert, PEM"},
	{KEY("serve", insecure, "ACO_INSECURE"), .type = CONF_BOOL, .def = "no",
	 .help = "yes: allow addresses off loopback without TLS or keys"},
	{KEY("serve", class_rules, "ACO_CLASS_RULES"), .type = CONF_STR,
	 .def = "", .reloadable = true,
	 .help = "classes of tasks, as in: coding: service=claude-code | "
		 "support: agent=help*, team=cs"},
	{KEY("gateway", openai_base_url, "ACO_OPENAI_BASE_URL"),
	 .type = CONF_STR, .def = "https://api.openai.com/v1",
	 .reloadable = true,
	 .help = "where calls in OpenAI's protocol go; its key is in "
		 "OPENAI_API_KEY"},
	{KEY("gateway", anthropic_base_url, "ACO_ANTHROPIC_BASE_URL"),
	 .type = CONF_STR, .def = "https://api.anthropic.com",
	 .reloadable = true,
	 .help = "where calls in Anthropic's protocol go; its key is in "
		 "ANTHROPIC_API_KEY"},
	{KEY("gateway", providers, "ACO_PROVIDERS"), .type = CONF_STR,
	 .def = "", .reloadable = true,
	 .help = "more providers, or the same ones anew: local: "
		 "url=http://127.0.0.1:8000/v1, protocol=openai, "
		 "key_env=VARIABLE or key_file=PATH (0600), calls=N at once "
		 "| ..."},
	{KEY("gateway", aliases, "ACO_ALIASES"), .type = CONF_STR, .def = "",
	 .reloadable = true,
	 .help = "names for models, as in: fast=gpt-5-mini, "
		 "helper=auto:support"},
	{KEY("gateway", route_mode, "ACO_ROUTE_MODE"), .type = CONF_STR,
	 .def = "shadow", .choices = "off shadow live", .reloadable = true,
	 .help = "live: the router serves `auto`; shadow: it decides and "
		 "that is recorded, but route_default serves; off: it is not "
		 "asked"},
	{KEY("gateway", route_default, "ACO_ROUTE_DEFAULT"), .type = CONF_STR,
	 .def = "", .reloadable = true,
	 .help = "models that serve `auto` where the router does not, the "
		 "first of the protocol; empty: the strongest"},
	{KEY("gateway", route_goal, "ACO_ROUTE_GOAL"), .type = CONF_STR,
	 .def = "quality:0.98", .reloadable = true,
	 .help = "quality:SHARE of the strongest model's success, "
		 "budget:DOLLARS a task, or failure:DOLLARS that one costs"},
	{KEY("gateway", route_floors, "ACO_ROUTE_FLOORS"), .type = CONF_STR,
	 .def = "legal=4, medical=4", .reloadable = true,
	 .help = "least tier of a class"},
	{KEY("gateway", route_explore_permille, "ACO_ROUTE_EXPLORE_PERMILLE"),
	 .type = CONF_INT, .def = "20", .min = 0, .max = 500,
	 .reloadable = true,
	 .help = "decisions in a thousand that are made at random, never "
		 "below a floor"},
	{KEY("gateway", route_streams, "ACO_ROUTE_STREAMS"), .type = CONF_STR,
	 .def = "live", .choices = "live held", .reloadable = true,
	 .help = "live: a routed stream is passed on as it comes, and "
		 "whatever it says stands; held: it is held back until its "
		 "end where judging it, and asking another model if it is not "
		 "good, is worth half a point of success or more. Whoever "
		 "reads along then waits for the whole reply; agents, which "
		 "act on whole replies, lose little"},
	{KEY("gateway", gateway_retries, "ACO_GATEWAY_RETRIES"),
	 .type = CONF_INT, .def = "2", .min = 0, .max = 10, .reloadable = true,
	 .help = "attempts after the first that a failed call may have"},
	{KEY("gateway", upstream_connections, "ACO_UPSTREAM_CONNECTIONS"),
	 .type = CONF_INT, .def = "512", .min = 1, .max = 100000,
	 .help = "connections of one worker to one provider"},
	{KEY("gateway", provider_calls, "ACO_PROVIDER_CALLS"), .type = CONF_INT,
	 .def = "0", .min = 0, .max = 100000, .reloadable = true,
	 .help = "calls at once to a provider, over all workers, where "
		 "providers says no calls=N of it; 0: any number"},
	{KEY("gateway", provider_queue, "ACO_PROVIDER_QUEUE"), .type = CONF_INT,
	 .def = "256", .min = 0, .max = 100000, .reloadable = true,
	 .help = "calls of one worker that may wait for a place with one "
		 "provider; beyond, they go to another model or are answered "
		 "429"},
	{KEY("gateway", provider_wait_seconds, "ACO_PROVIDER_WAIT_SECONDS"),
	 .type = CONF_INT, .def = "30", .min = 0, .max = 3600,
	 .reloadable = true, .help = "how long each of them may wait"},
	{KEY("gateway", connect_seconds, "ACO_CONNECT_SECONDS"),
	 .type = CONF_INT, .def = "5", .min = 1, .max = 3600,
	 .reloadable = true, .help = "time to connect to a provider"},
	{KEY("gateway", first_byte_seconds, "ACO_FIRST_BYTE_SECONDS"),
	 .type = CONF_INT, .def = "600", .min = 1, .max = 86400,
	 .reloadable = true, .help = "time to the first byte of an answer"},
	{KEY("gateway", silence_seconds, "ACO_SILENCE_SECONDS"),
	 .type = CONF_INT, .def = "300", .min = 1, .max = 86400,
	 .reloadable = true,
	 .help = "time without a byte after which an answer is cut off"},
	{KEY("gateway", call_seconds, "ACO_CALL_SECONDS"), .type = CONF_INT,
	 .def = "3600", .min = 1, .max = 86400, .reloadable = true,
	 .help = "time for one call with all its attempts"},
	{KEY("gateway", read_on_seconds, "ACO_READ_ON_SECONDS"),
	 .type = CONF_INT, .def = "60", .min = 0, .max = 3600,
	 .reloadable = true,
	 .help = "how long the answer is read on, to know what it cost, "
		 "after its client has left"},
	{KEY("gateway", unpriced, "ACO_UNPRICED"), .type = CONF_STR,
	 .def = "pass", .choices = "pass refuse", .reloadable = true,
	 .help = "calls of a model without a price: pass them and say so, "
		 "or refuse them"},
	{KEY("alert", alert_url, "ACO_ALERT_URL"), .type = CONF_STR, .def = "",
	 .reloadable = true,
	 .help = "webhook to which alerts are posted: thresholds of budgets "
		 "and overruns to come; empty: they stand in the ledger only"},
	{KEY("alert", alert_format, "ACO_ALERT_FORMAT"), .type = CONF_STR,
	 .def = "generic", .choices = "generic slack", .reloadable = true,
	 .help = "what is posted: all that there is to say as JSON, or what "
		 "Slack takes"},
	{KEY("router", retrain_at, "ACO_RETRAIN_AT"), .type = CONF_STR,
	 .def = "03:17", .reloadable = true,
	 .help = "time of day (UTC) at which the router is trained again; "
		 "empty: never"},
	{KEY("router", retrain_window_days, "ACO_RETRAIN_WINDOW_DAYS"),
	 .type = CONF_INT, .def = "90", .min = 0, .max = 36500,
	 .reloadable = true,
	 .help = "days of the ledger that it learns from; 0: all of them"},
	{KEY("router", retrain_rows, "ACO_RETRAIN_ROWS"), .type = CONF_INT,
	 .def = "200000", .min = 100, .max = 10000000, .reloadable = true,
	 .help = "trials, and judged tasks, that it learns from at most: the "
		 "latest"},
	{KEY("router", retrain_min_tasks, "ACO_RETRAIN_MIN_TASKS"),
	 .type = CONF_INT, .def = "100", .min = 1, .max = 10000000,
	 .reloadable = true,
	 .help = "judged tasks below which it is not trained"},
	{KEY("router", retrain_min_class, "ACO_RETRAIN_MIN_CLASS"),
	 .type = CONF_INT, .def = "100", .min = 1, .max = 10000000,
	 .reloadable = true,
	 .help = "judged tasks of a class below which nothing learned serves "
		 "it"},
	{KEY("router", retrain_under_weight, "ACO_RETRAIN_UNDER_WEIGHT"),
	 .type = CONF_INT, .def = "1", .min = 1, .max = 100, .reloadable = true,
	 .help = "how often a failure counts that a stronger model would have "
		 "mended; more than 1 has been no better"},
	{.name = NULL},
};
