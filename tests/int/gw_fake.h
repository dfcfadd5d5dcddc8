/* A provider that does as it is told, for tests of the gateway: a thread that
 * listens on loopback, one more for each connection. Speaks chat completions,
 * responses, messages and embeddings, whole and streamed, with ids that are
 * never the same twice.
 *
 * What a request's header `x-fake` says, words between blanks:
 *
 *   status=N        answer so, with an error body of the protocol
 *   first=N         ... but only to the first N requests with that header's
 *                   very text
 *   after=TEXT      add the header `retry-after-ms: TEXT`
 *   never           add the header `x-should-retry: false`
 *   reset           close without a byte
 *   cut=N           close behind N bytes of the body
 *   error           an error event in the middle of the stream
 *   pause=MS        between events of a stream, and before a whole answer
 *   big=N           a stream of at least N bytes of text
 *   refuse          the model refuses (chat, whole)
 *   only=MODEL      all of this is for that model only
 *   gzip            the answer is compressed, streams event by event
 *   gzip-bad        ... and damaged behind its first half
 *   gzip-bomb       ... and of a whole one 100 MB of blanks are the beginning
 *
 * Usage is always: 100 tokens in, of which 40 come from the cache; 20 out. */
#ifndef ACO_GW_FAKE_H
#define ACO_GW_FAKE_H

#include <stdbool.h>
#include <stddef.h>

struct fake;
struct fake *fake_start(void);
void fake_stop(struct fake *f);
int fake_port(const struct fake *f);
/* Requests that were read, ever; those that are being answered. */
int fake_count(struct fake *f);
int fake_busy(struct fake *f);
/* The most that were answered at once, since the last question. */
int fake_most(struct fake *f);
/* Bytes of bodies that were sent. */
long long fake_sent(struct fake *f);
/* Bytes that came, of whole requests or not. */
long long fake_received(struct fake *f);
/* Head and body of the last request; to be freed. */
char *fake_last(struct fake *f);
/* Body of the last answer as it was sent, without chunking; to be freed. */
char *fake_answer(struct fake *f);
/* Whether that was it, NULs and all. */
bool fake_answer_is(struct fake *f, const void *p, size_t n);

#endif
