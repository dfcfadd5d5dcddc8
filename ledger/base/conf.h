/* Configuration: one table in conf_keys.c gives each key its name, type,
 * default, reloadability and help; from it come the INI reader (libinih), the
 * ACO_* variables (they win), `aco config`, the sample file and the man page.
 * To add a key: a member of struct conf, a line in the table, `make man`;
 * tests/unit/test_conf.c and tests/int/cmd.sh tell what was forgotten.
 * File: --config, else ACO_CONFIG, else $XDG_CONFIG_HOME/aco/aco.conf, else
 * ~/.config/aco/aco.conf, else /etc/aco/aco.conf; none is fine. */
#ifndef ACO_CONF_H
#define ACO_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/base/err.h"

/* One member for each key of the table. Strings are owned by the struct.
 * Paths are expanded (~). */
struct conf {
	char *file;         /* the file that was read, "" if none */
	int *lines;         /* where in it, by key; see conf_blame() */
	char *home;         /* home: ACO_HOME; private cluster and spool */
	char *database_url; /* database_url; "" = the private cluster */
	char *pg_bin;       /* programs of the private cluster; "" = search */
	char *log_level;    /* auto debug info warn error */
	int64_t retention_days;   /* 0 keeps everything */
	int64_t partitions_ahead; /* days made ahead by the janitor */
	int64_t batch_rows;       /* rows in one transaction, 1..50000 */
	int64_t retry_seconds; /* how long a command retries a lost database */
	char *team;            /* default team of imported work */
	char *timezone;        /* of reports; "UTC" */
	char *label;           /* shown by the dashboard; "" none */

	/* the daemon */
	bool autostart;      /* aco up starts it */
	char *listen;        /* "127.0.0.1:4318", several by commas */
	int64_t workers;     /* 0: one a processor */
	int64_t connections; /* open at once, of one worker */
	int64_t telemetry_bytes, inflated_bytes; /* of one telemetry body */
	int64_t model_bytes;                     /* of one model request */
	int64_t inflight_bytes; /* request bytes in memory, of one worker */
	int64_t queue_bytes;    /* events that wait, of one worker */
	int64_t linger_ms;      /* how long events wait for company */
	int64_t patience_ms;    /* how long for the database before the spool */
	int64_t drain_seconds;
	int64_t header_seconds, body_seconds, idle_seconds, stall_seconds;
	int64_t claim_seconds; /* grace before an agent span's sum is billed */
	char *spool;           /* folder; "" = spool in home */
	int64_t spool_bytes;   /* of one worker */
	char *keys;            /* "auto", "required", "off" */
	char *tls_cert, *tls_key;
	bool insecure;     /* off loopback without TLS */
	char *class_rules; /* class_rule.h */

	/* the gateway; ingest/gw_conf.h reads the texts */
	char *openai_base_url, *anthropic_base_url;
	char *providers, *aliases;
	char *route_mode;    /* "off" "shadow" "live" */
	char *route_default; /* what serves `auto` while not live */
	char *route_goal;    /* "quality:0.98" "budget:0.05" "failure:0.5" */
	char *route_floors;  /* "legal=4, medical=4" */
	int64_t route_explore_permille;
	char *route_streams; /* "live", "held": may streams be held, judged */
	int64_t gateway_retries;
	int64_t upstream_connections;  /* to one provider, of one worker */
	int64_t provider_calls;        /* at one provider at once; 0: any */
	int64_t provider_queue;        /* that wait for one, of one worker */
	int64_t provider_wait_seconds; /* how long each may */
	int64_t connect_seconds;       /* to a provider */
	int64_t first_byte_seconds;    /* of its answer */
	int64_t silence_seconds;       /* within its answer */
	int64_t call_seconds;          /* of all attempts together */
	int64_t read_on_seconds;       /* after the client has left */
	char *unpriced;                /* "pass", "refuse" */

	/* alerts */
	char *alert_url;    /* webhook; "" = none */
	char *alert_format; /* "generic", "slack" */

	/* the router's training */
	char *retrain_at;             /* "03:17" UTC; "" never */
	int64_t retrain_window_days;  /* of the ledger; 0: all */
	int64_t retrain_rows;         /* trials, and tasks, at most */
	int64_t retrain_min_tasks;    /* judged; fewer: not yet */
	int64_t retrain_min_class;    /* for a learned policy */
	int64_t retrain_under_weight; /* of failures that a stronger model
					 would have mended */
};

enum conf_type {
	CONF_STR,
	CONF_INT,
	CONF_BOOL,
	CONF_PATH,
	CONF_DURATION_DAYS,
	CONF_BYTES /* 65536, 64k, 16m, 1g: powers of 1024 */
};
struct conf_key {
	const char *section, *name; /* INI [section] name = ... */
	const char *env;            /* ACO_... */
	enum conf_type type;
	size_t offset;
	const char *def;
	int64_t min, max;    /* of integers and durations */
	const char *choices; /* of strings: "a b c"; NULL: any */
	bool reloadable;
	const char *help;
};
extern const struct conf_key conf_keys[]; /* ends with name == NULL */

/* Defaults, then file, then environment. path NULL: search as above. Unknown
 * keys and bad values are RC_BAD with file and line. */
enum rc conf_load(struct conf *c, const char *path, struct err *e) MUST_CHECK;
void conf_release(struct conf *c);

/* The value of a key turned out to be wrong after all: puts in front of e where
 * it was set, "FILE:LINE: " or "VARIABLE: "; a default has no place. */
void conf_blame(const struct conf *c, const char *key, struct err *e);

/* A running daemon takes `next` instead of `now`: keys that cannot be reloaded
 * keep the value of `now`; the names of those that differ are added to `kept`,
 * with commas between. */
void conf_keep(struct conf *next, const struct conf *now, struct buf *kept);

/* The value of one key as text, as it would stand in the file. A password in
 * a database URL is replaced by "***", and so is the path of a webhook. */
void conf_value(const struct conf *c, const struct conf_key *k,
		struct buf *out);

/* A commented sample file with every key at its default. */
void conf_sample(struct buf *out);

#endif
