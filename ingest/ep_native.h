/* What the endpoints that speak plain JSON share: an answer that waits until
 * events are safe, and the caller's words for errors. */
#ifndef ACO_EP_NATIVE_H
#define ACO_EP_NATIVE_H

#include "ingest/class_rule.h"
#include "ingest/native.h"
#include "ingest/serve.h"

/* {"error": ...}; for http_route.error. */
void ep_json_error(struct http_req *r, int status, const struct err *e,
		   struct buf *body, const char **ctype);
/* The rules of the configuration; those that were good last when it has
 * become bad. One cache a process: there is one worker in it. */
const struct class_rules *ep_rules(const struct conf *conf);
/* What the request's key and headers say for all of its events. */
void ep_native_ask(struct http_req *r, struct worker *w, const char *source,
		   struct native_ask *ask);
/* Answer `status` and `json` (taken over) once the ticket's events are safe,
 * else 503. */
void ep_answer_safe(struct http_req *r, struct ticket *t, int status,
		    struct buf *json_owned);
/* 400, or 503 with Retry-After where a retry helps. */
void ep_refuse(struct http_req *r, enum rc rc, const struct err *e);

#endif
