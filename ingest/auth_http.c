/* From a request to auth_check(), and what a refusal leaves behind: a header,
 * a count, a line in the log. Nothing of the credential is in any of them. */
#include "ingest/auth.h"
#include "ingest/auth_decide.h"
#include "ingest/stats.h"
#include "ledger/base/log.h"

static struct str header(const void *arg, const char *name)
{
	return http_header(arg, name);
}

static void tell(struct http_req *r, int status, const struct err *e)
{
	struct str peer = http_peer(r);
	char text[80] = "";

	if (peer.len < sizeof(text) && peer.len)
		memcpy(text, peer.p, peer.len);
	log_line(LOG_WARN, "auth", "refused", "status=%d peer=%s detail=%s",
		 status, log_quote(text), log_quote(e->msg));
}

int auth_admit(struct auth *a, struct http_req *r, enum http_need need,
	       struct auth_key **key, struct err *e)
{
	const struct auth_ask ask = {
		.header = header,
		.arg = r,
		.loopback = http_loopback(r),
		.need = need,
	};
	int status = auth_check(a, &ask, key, e);

	if (!status)
		return 0;
	if (status == 401) {
		stat_add(STAT_AUTH_401, 1);
		http_reply_header(r, "WWW-Authenticate",
				  STR("Bearer realm=\"aco\", "
				      "Basic realm=\"aco\""));
	} else if (status == 403) {
		stat_add(STAT_AUTH_403, 1);
	}
	tell(r, status, e);
	return status;
}
