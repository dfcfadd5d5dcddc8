/* Checks of the daemon: whether it runs and is well, and what its spool
 * holds. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/daemon.h"
#include "ledger/doctor_int.h"
#include "ledger/spool.h"

/* Records that are older wait for something that does not mend itself. */
#define SPOOL_OLD_US (INT64_C(60) * US_PER_SEC)

/* The first of several. */
static void first_address(const struct daemon_info *i, char *out, size_t size)
{
	size_t n = strcspn(i->addresses, ",");

	if (n >= size)
		n = size - 1;
	memcpy(out, i->addresses, n);
	out[n] = 0;
}

static void ask(const struct daemon_info *i, struct doctor_finding *f)
{
	char address[sizeof(i->addresses)];
	struct err e = {"", ""};
	struct buf body;
	int status = 0;

	first_address(i, address, sizeof(address));
	buf_init(&body, 65536);
	if (daemon_ask(address, "/readyz", &status, &body, &e)) {
		doctor_found(f, DOCTOR_FAIL, "process %ld does not answer: %s",
			     (long)i->pid, e.msg);
		doctor_advise(f, "see serve.log in ACO_HOME");
	} else if (status != 200) {
		doctor_found(f, DOCTOR_WARN, "not ready: %.200s",
			     buf_str(&body));
		doctor_advise(f, "see serve.log in ACO_HOME");
	}
	buf_release(&body);
}

void check_daemon(struct doctor *d, struct doctor_finding *f)
{
	struct daemon_info i;
	struct err e = {"", ""};

	if (daemon_look(d->conf, &i, &e)) {
		doctor_failed(f, &e);
	} else if (i.state == DAEMON_NONE) {
		doctor_found(f, DOCTOR_SKIP, "none runs");
	} else if (i.state != DAEMON_READY) {
		doctor_found(f, DOCTOR_WARN, "process %ld is %s", (long)i.pid,
			     i.state == DAEMON_ENDING ? "ending" : "starting");
	} else {
		doctor_found(f, DOCTOR_OK,
			     "process %ld, %" PRId64 " workers, on %s",
			     (long)i.pid, i.workers, i.addresses);
		if (!i.tls)
			ask(&i, f);
	}
}

/* Adds the spool of one worker. */
static enum rc add_spool(const char *all, const char *name,
			 struct spool_state *sum, struct err *e)
{
	char *dir = xasprintf("%s/%s", all, name);
	struct spool_state one;
	enum rc rc = spool_inspect(dir, &one, e);

	free(dir);
	if (rc)
		return rc;
	sum->records += one.records;
	sum->bytes += one.bytes;
	sum->bad_segments += one.bad_segments;
	sum->bad_bytes += one.bad_bytes;
	if (one.records &&
	    (sum->oldest_us == TIME_NONE || one.oldest_us < sum->oldest_us))
		sum->oldest_us = one.oldest_us;
	return RC_OK;
}

/* RC_OK and all zero where there is no spool. */
static enum rc add_spools(const char *all, struct spool_state *sum,
			  struct err *e)
{
	const struct dirent *entry;
	enum rc rc = RC_OK;
	DIR *dir = opendir(all);

	*sum = (struct spool_state){.oldest_us = TIME_NONE};
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR
			       ? RC_OK
			       : err_set(e, RC_DOWN, "%s: %s", all,
					 strerror(errno));
	while (!rc && (entry = readdir(dir))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			rc = add_spool(all, entry->d_name, sum, e);
	}
	closedir(dir);
	return rc;
}

void check_spool(struct doctor *d, struct doctor_finding *f)
{
	char *all = daemon_spool(d->conf);
	struct err e = {"", ""};
	struct spool_state s;
	int64_t age_us;

	if (add_spools(all, &s, &e)) {
		doctor_failed(f, &e);
	} else if (s.bad_segments) {
		doctor_found(f, DOCTOR_FAIL,
			     "%" PRId64 " damaged segments, %" PRId64
			     " bytes cannot be read",
			     s.bad_segments, s.bad_bytes);
		doctor_advise(f,
			      "what could be read is in the ledger; keep "
			      "or remove the .bad files in %.150s",
			      all);
	} else if (!s.records) {
		doctor_found(f, DOCTOR_OK, "empty");
	} else {
		age_us = clock_now_us() - s.oldest_us;
		doctor_found(f, age_us > SPOOL_OLD_US ? DOCTOR_WARN : DOCTOR_OK,
			     "%" PRId64 " records, %" PRId64
			     " bytes, the oldest %" PRId64 " s old",
			     s.records, s.bytes, age_us / US_PER_SEC);
		if (age_us > SPOOL_OLD_US)
			doctor_advise(f, "start the daemon and the database: "
					 "they go into the ledger");
	}
	free(all);
}
